/* SPDX-License-Identifier: MIT */
/* How the frames of a clip move: clip/motion.h. */

#include "clip/motion.h"

static size_t plane_bytes(const struct imp_motion *motion)
{
    return sizeof(float) * (size_t)motion->flow.height * (size_t)motion->flow.width;
}

enum impasto_status imp_motion_open(struct imp_motion *motion, struct imp_device *device,
                                    int height, int width)
{
    const size_t flow = imp_flow_bytes(height, width);
    *motion = (struct imp_motion){0};
    imp_flow_init(&motion->flow, device, IMP_FLOW_FILM, height, width);
    imp_flow_layout(&motion->flow, &motion->layout);
    imp_pyramid_layout(&motion->flow, &motion->now, &motion->layout);
    imp_pyramid_layout(&motion->flow, &motion->then, &motion->layout);
    imp_layout_add(&motion->layout, &motion->back, flow, "flow");
    imp_layout_add(&motion->layout, &motion->forth, flow, "flow");
    imp_layout_add(&motion->layout, &motion->reliable, plane_bytes(motion), "flow");
    imp_layout_add(&motion->layout, &motion->picture, 3 * plane_bytes(motion), "flow");
    imp_layout_add(&motion->layout, &motion->warped, 3 * plane_bytes(motion), "flow");
    return imp_layout_allocate(&motion->layout, device);
}

void imp_motion_release(struct imp_motion *motion)
{
    imp_layout_release(&motion->layout);
    *motion = (struct imp_motion){0};
}

static enum impasto_status take(struct imp_motion *motion, const float *planes,
                                struct imp_pyramid *frame)
{
    IMP_TRY(imp_buffer_write(motion->picture, 0, planes, 3 * plane_bytes(motion)));
    return imp_pyramid_take(&motion->flow, frame, motion->picture, 3);
}

enum impasto_status imp_motion_take(struct imp_motion *motion, const float *now)
{
    return take(motion, now, &motion->now);
}

enum impasto_status imp_motion_find(struct imp_motion *motion, const float *then, float *reliable,
                                    bool *cut)
{
    IMP_TRY(take(motion, then, &motion->then));
    IMP_TRY(imp_flow_measure(&motion->flow, &motion->now, &motion->then, motion->back));
    IMP_TRY(imp_flow_measure(&motion->flow, &motion->then, &motion->now, motion->forth));
    IMP_TRY(imp_flow_reliability(&motion->flow, motion->back, motion->forth, motion->reliable));
    if (cut)
        IMP_TRY(imp_flow_cut(&motion->flow, &motion->now, &motion->then, motion->back,
                             motion->reliable, cut));
    return imp_buffer_read(motion->reliable, 0, reliable, plane_bytes(motion));
}

enum impasto_status imp_motion_warp(struct imp_motion *motion, const float *then, float *warped)
{
    const size_t bytes = 3 * plane_bytes(motion);
    IMP_TRY(imp_buffer_write(motion->picture, 0, then, bytes));
    IMP_TRY(imp_warp(motion->flow.device, motion->picture, 3, motion->flow.height,
                     motion->flow.width, motion->back, motion->warped));
    return imp_buffer_read(motion->warped, 0, warped, bytes);
}
