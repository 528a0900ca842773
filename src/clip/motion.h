/* SPDX-License-Identifier: MIT */
#ifndef IMP_CLIP_MOTION_H
#define IMP_CLIP_MOTION_H

/* How the frames of a clip move. Planes lie on the host: (3, height, width) of a picture. */

#include "flow/flow.h"

struct imp_motion {
    struct imp_flow flow;
    struct imp_pyramid now, then;
    struct imp_buffer *back, *forth; /* the flows from now to then, and from then to now */
    struct imp_buffer *reliable;     /* how far `back` can be relied on */
    struct imp_buffer *picture, *warped;
    struct imp_layout layout;
};

/* IMPASTO_ERROR_MEMORY, of the device's, which has the error, here and below. */
enum impasto_status imp_motion_open(struct imp_motion *motion, struct imp_device *device,
                                    int height, int width);
/* Also of a zeroed one. */
void imp_motion_release(struct imp_motion *motion);

/* The frame that is compared with others. */
enum impasto_status imp_motion_take(struct imp_motion *motion, const float *now);
/* Where what it shows is in an earlier one. reliable: (height, width), 0 to 1. cut: whether a scene
 * begins between the two; NULL: nobody asks. */
enum impasto_status imp_motion_find(struct imp_motion *motion, const float *then, float *reliable,
                                    bool *cut);
/* An earlier picture's planes where they are now, by the motion that was found last. */
enum impasto_status imp_motion_warp(struct imp_motion *motion, const float *then, float *warped);

#endif
