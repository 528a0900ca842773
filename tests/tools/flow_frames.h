/* SPDX-License-Identifier: MIT */
#ifndef FLOW_FRAMES_H
#define FLOW_FRAMES_H

/* Flows of pairs of frames in host memory, for tests and benchmarks. */

#include "flow/flow.h"

/* A pair on a device, with its flows both ways, and their reliability. */
struct flow_frames {
    struct imp_flow flow;
    struct imp_layout layout;
    struct imp_pyramid frames[2];
    struct imp_buffer *picture, *flows[2], *reliable[2], *cautious;
};

/* Everything is allocated, and NaN where nothing says that it begins as zeroes. What a failed one
 * holds is to be closed too. */
enum impasto_status flow_frames_open(struct flow_frames *pair, struct imp_device *device,
                                     enum imp_flow_grade grade, int height, int width);
void flow_frames_close(struct flow_frames *pair);
/* Frame i = 8-bit luma. */
enum impasto_status flow_frames_take(struct flow_frames *pair, int i, const uint8_t *luma);
/* The flow from frame i to the other, into flows[i]. */
enum impasto_status flow_frames_measure(struct flow_frames *pair, int i);
/* How reliable that is, once both are measured. */
enum impasto_status flow_frames_judge(struct flow_frames *pair, int i);

#endif
