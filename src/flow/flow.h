/* SPDX-License-Identifier: MIT */
#ifndef IMP_FLOW_H
#define IMP_FLOW_H

/*
 * Optical flow between the frames of a film: for each pixel of one frame, by how many pixels to the
 * right (u) and down (v) what it shows is in another. A flow is a buffer of two planes of floats,
 * (2, height, width), u then v, of imp_flow_bytes().
 *
 *     imp_flow_init(&flow, device, IMP_FLOW_FILM, height, width);
 *     imp_flow_layout(&flow, &layout);
 *     imp_pyramid_layout(&flow, &earlier, &layout);   as many frames as are to be compared
 *     imp_pyramid_layout(&flow, &later, &layout);
 *     imp_layout_allocate(&layout, device);
 *     imp_pyramid_take(&flow, &earlier, picture, 3);   once for each frame
 *     imp_pyramid_take(&flow, &later, next, 3);
 *     imp_flow_measure(&flow, &later, &earlier, back);
 *     imp_flow_measure(&flow, &earlier, &later, forth);
 *     imp_flow_reliability(&flow, back, forth, reliable);
 *     imp_warp(device, result, 3, height, width, back, warped);
 *
 * Nothing here waits but imp_flow_cut. The same pictures give the same bytes on the same device.
 */

#include "device/layout.h"
#include "ops/flow.h"
#include "ops/warp.h"

/* How much is spent. */
enum imp_flow_grade {
    IMP_FLOW_LIVE, /* vectors of a quarter of the size: for cameras */
    IMP_FLOW_FILM, /* vectors of half the size */
    IMP_FLOW_BEST, /* refined at full size, several times as long */
};

/* Levels of a pyramid at most: sides of any int. */
#define IMP_FLOW_LEVELS 32

/* What pairs of frames of one size are compared with. Plain data until allocated; the flow's
 * members are its own. */
struct imp_flow {
    struct imp_device *device;
    const struct imp_flow_plan *plan; /* of the grade */
    int height, width;
    struct imp_level levels[IMP_FLOW_LEVELS]; /* 0: the picture, perhaps extended */
    int count;
    size_t frame_floats;
    struct imp_buffer *found[2]; /* by patches, in turns */
    struct imp_buffer *dense[2]; /* flows of levels, in turns */
    struct imp_refining refining;
    struct imp_buffer *trust, *sums;
};

/* A frame's pyramid. It is made once, and serves all pairs that the frame is in. */
struct imp_pyramid {
    struct imp_buffer *levels;
};

/* height, width: of the frames, 1 or more. */
void imp_flow_init(struct imp_flow *flow, struct imp_device *device, enum imp_flow_grade grade,
                   int height, int width);
void imp_flow_layout(struct imp_flow *flow, struct imp_layout *layout);
void imp_pyramid_layout(const struct imp_flow *flow, struct imp_pyramid *frame,
                        struct imp_layout *layout);

/* Makes the frame's pyramid. picture: (planes, height, width) in [0, 1], gamma-encoded: RGB, or
 * with one plane luma. It is not needed afterwards. */
enum impasto_status imp_pyramid_take(const struct imp_flow *flow, struct imp_pyramid *frame,
                                     const struct imp_buffer *picture, int planes);

/* result = the flow from one frame to the other, (2, height, width). */
enum impasto_status imp_flow_measure(struct imp_flow *flow, const struct imp_pyramid *from,
                                     const struct imp_pyramid *to, struct imp_buffer *result);
/* The same with a prior, the flow (2, height, width) of the pair before: patches begin there where
 * that is cheaper, so what moves further than a pyramid shows is not lost once it is found. The
 * prior and the result may be the same memory. */
enum impasto_status imp_flow_follow(struct imp_flow *flow, const struct imp_pyramid *from,
                                    const struct imp_pyramid *to, const struct imp_buffer *prior,
                                    struct imp_buffer *result);

/*
 * reliable (height, width) = how far `forward` can be relied on at each pixel, 0 to 1: not where
 * the pixel is not in the other frame, as `backward`, the flow from there, does not lead back
 * (Sundaram et al. 2010), nor at edges of the motion; softened, so that it fades outwards (Ruder et
 * al. 2016).
 */
enum impasto_status imp_flow_reliability(struct imp_flow *flow, const struct imp_buffer *forward,
                                         const struct imp_buffer *backward,
                                         struct imp_buffer *reliable);
/* lowest = the least of reliable's square of 7 x 7 pixels around each. It loses next to nothing
 * that is wrong, and more that is right. Not the same memory. */
enum impasto_status imp_flow_cautious(struct imp_flow *flow, const struct imp_buffer *reliable,
                                      struct imp_buffer *lowest);

/* Waits. *cut: whether a scene begins between the frames, as more than half of the pixels is not
 * reliable, or what the flow leaves of their difference deviates by more than 10 % of white. */
enum impasto_status imp_flow_cut(struct imp_flow *flow, const struct imp_pyramid *from,
                                 const struct imp_pyramid *to, const struct imp_buffer *forward,
                                 const struct imp_buffer *reliable, bool *cut);

#endif
