/* SPDX-License-Identifier: MIT */
#ifndef FLOW_SCENES_H
#define FLOW_SCENES_H

/*
 * Pairs of frames whose flow is known: textured layers that move, turn, grow and cover each other,
 * all from formulas. The flow (u, v) in pixels, to the right and down, says where what a pixel of
 * one frame shows is in the other. size: pictures and motions are so many times as large; 1: 128
 * x 96.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCENE_WIDTH 128
#define SCENE_HEIGHT 96
#define SCENE_LAYERS 3

struct scene_layer {
    int seed;
    enum { ALL, DISK, BOX } shape;
    double wide, high; /* a disk's radius; half a box's sides */
    double x, y;       /* of its centre in frame 0 */
    double u, v;       /* per frame */
    double turn;       /* degrees per frame */
    double growth;     /* factor less 1 per frame */
    double flatness;   /* 1 less the contrast */
};

struct scene {
    const char *name;
    bool solvable; /* whether a flow is demanded */
    bool cut;      /* frame 1 has the layers `other` */
    double gain, offset, noise;
    struct scene_layer layers[SCENE_LAYERS], other[SCENE_LAYERS]; /* from the back; until seed 0 */
};

extern const struct scene flow_scenes[];
extern const size_t flow_scene_count;

/* Frame `t` as 8-bit luma, rows of width * size. */
void scene_frame(const struct scene *scene, int t, int size, uint8_t *luma);

/* What is true of each pixel of a frame. */
struct scene_truth {
    float u, v;
    bool seen; /* in the other frame, neither outside nor covered */
    bool edge; /* within two pixels of another layer, where no method is exact */
};
void scene_truth(const struct scene *scene, int from, int to, int size, struct scene_truth *truth);

/* Mean end-point error of a flow's planes in pixels: of all that is seen, and of that without
 * edges. Zero where nothing is seen. */
struct scene_score {
    double seen, inner, off; /* off: share of what is seen that is wrong by more than a pixel */
};
struct scene_score scene_score(const struct scene_truth *truth, const float *flow, int size);

#endif
