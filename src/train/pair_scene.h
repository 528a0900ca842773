/* SPDX-License-Identifier: MIT */
#ifndef IMP_PAIR_SCENE_H
#define IMP_PAIR_SCENE_H

/*
 * What a pair of frames shows: one or two layers, each a square of a training picture (the canvas).
 * A layer's view says where on its canvas a pixel of the frame lies. Frames are half a motion
 * before and behind the middle, so that both are resampled alike.
 */

#include "base/base.h"

struct imp_scene_point {
    double x, y;
};

/* How a layer moves from one frame to the other. */
struct imp_scene_motion {
    double shift_x, shift_y, turn, zoom; /* zoom: a logarithm */
};

/* The canvas's place of a frame's pixel: middle + scale * turned (pixel - centre) + shift. */
struct imp_scene_view {
    double centre, middle, cosine, sine; /* with the scale in them */
    struct imp_scene_point shift;
};

enum { IMP_SCENE_BEFORE, IMP_SCENE_NOW }; /* the frames */

/* What is cut out of the canvas of a layer: a lobed disk. */
struct imp_scene_cut {
    struct imp_scene_point middle;
    double radius, lobes;
};

struct imp_scene_layer {
    const float *canvas; /* (3, side, side) */
    int side;
    struct imp_scene_view view[2]; /* of the two frames */
    struct imp_scene_cut cut;      /* radius 0: none, it is all there */
};

/* A pair's scene: what is behind, and what is before it. */
struct imp_pair_scene {
    int size;
    struct imp_scene_layer layers[2];
    int count;
    double gain[2], noise;
};

/* What the frame shows at a pixel, without light and noise. rgb: written, from 0 to 1. */
void imp_scene_look(const struct imp_pair_scene *scene, int frame, struct imp_scene_point pixel,
                    double rgb[3]);
/* Where in the frame before is what the pixel shows now. Returns whether it is to be seen there. */
bool imp_scene_find(const struct imp_pair_scene *scene, struct imp_scene_point pixel,
                    struct imp_scene_point *then);
/* A layer that moves so in frames of size x size pixels, without a cut. canvas: (3, side, side),
 * which stays the caller's. */
void imp_scene_layer(struct imp_scene_layer *layer, const struct imp_scene_motion *motion, int size,
                     const float *canvas, int side);

#endif
