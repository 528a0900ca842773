/* SPDX-License-Identifier: MIT */
#ifndef IMP_APPLY_RECALL_H
#define IMP_APPLY_RECALL_H

/* Inside the room: what an applier remembers from one frame of a film to the next, and how it finds
 * that another scene has begun. */

#include "apply/tone.h"
#include "flow/flow.h"

/* Zeroed: nothing is remembered. */
struct imp_recall {
    struct imp_device *device;
    int height, width;                 /* of the frames */
    int by, small_height, small_width; /* frames are compared reduced by this factor */
    float *before, *now;               /* (3, small_height, small_width), the host's */
    bool begun;                        /* there was a frame before */
    bool smooths;                      /* and `statistics` are of it */
    struct imp_buffer *small;          /* (3, small_height, small_width) */
    struct imp_buffer *statistics;     /* see imp_norm_smooth */
    float tone[IMP_TONE_STATE];        /* likewise of the colours */
    struct imp_flow flow;
    struct imp_pyramid then_levels, now_levels;
    struct imp_buffer *back, *forth, *reliable;
    struct imp_layout layout;
};
/* Whether there is room for frames of that size. */
bool imp_recall_fits(const struct imp_recall *recall, int height, int width);
/* Makes it. What is remembered of such frames stays. Fails into the device's error. */
enum impasto_status imp_recall_open(struct imp_recall *recall, struct imp_device *device,
                                    int height, int width);
void imp_recall_release(struct imp_recall *recall);
/* The factor for frames of that size. */
int imp_recall_by(int height, int width);
size_t imp_recall_small_floats(const struct imp_recall *recall);
/* Looks at a frame, an image (3, height, width) on the device. *begins: it is the first, or another
 * scene begins with it. Waits. */
enum impasto_status imp_recall_look(struct imp_recall *recall, const struct imp_buffer *image,
                                    bool *begins);
/* What was looked at is the frame before, from now on. */
void imp_recall_keep(struct imp_recall *recall);

#endif
