/* SPDX-License-Identifier: MIT */
#ifndef IMP_CHECK_FLOW_H
#define IMP_CHECK_FLOW_H

/* Inside the selftest room: what the checks of the optical flow share (check_flow_frames.c). */

#include "ops/flow.h"
#include "selftest/check.h"

/* Copies of the edge around a luma, as FLOW_PAD. */
#define CHECK_FLOW_PAD 16

/* One level of two frames, on the device and here. Frame 1 is frame 0, moved and with other noise.
 */
struct imp_check_frames {
    struct imp_level level;
    int lanes;
    float *picture[2];             /* (height, width) in [0, 1] */
    struct imp_buffer *pyramid[2]; /* luma and slopes */
    struct imp_flow_pair pair;
};
bool imp_check_frames(struct imp_check_run *run, struct imp_check_frames *frames, int height,
                      int width);
void imp_check_frames_free(struct imp_check_frames *frames);

/* Where a pixel is in a field of a level; fields have a margin of one pixel. */
size_t imp_check_field_at(int lanes, int width, int y, int x);
/* Two fields with margins, a flow of about `far` pixels that varies smoothly, here and on the
 * device. NULL breaks the run. */
float *imp_check_flow(struct imp_check_run *run, uint32_t stream, int height, int width, float far,
                      struct imp_buffer **buffer);

/* A frame's luma, 0 to 255, at a pixel, or a copy of the edge; and between pixels, bilinear. */
double imp_check_luma(const struct imp_check_frames *frames, int frame, int y, int x);
double imp_check_luma_at(const struct imp_check_frames *frames, int frame, double y, double x);
/* The luma's slopes, by Sobel. */
double imp_check_slope(const struct imp_check_frames *frames, int frame, int y, int x, bool down);

/* Sobel's slope of any plane, by its value at a pixel. */
typedef double (*imp_check_plane_fn)(const void *plane, int y, int x);
double imp_check_sobel(imp_check_plane_fn value, const void *plane, int y, int x, bool down);

void imp_check_flow_fields(struct imp_check_run *run);
void imp_check_flow_patches(struct imp_check_run *run);
void imp_check_flow_refine(struct imp_check_run *run);

#endif
