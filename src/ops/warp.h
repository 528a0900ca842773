/* SPDX-License-Identifier: MIT */
#ifndef IMP_OPS_WARP_H
#define IMP_OPS_WARP_H

/*
 * Pictures carried along a flow: warp.c. A flow is two planes (2, height, width) of floats: u, by
 * how many pixels to the right of a pixel, and v, by how many below it, there is in another picture
 * what this pixel shows.
 */

#include "ops/tensor.h"

size_t imp_flow_bytes(int height, int width);

/*
 * warped_k(y, x) = picture_k(y + v(y, x), x + u(y, x)) for `planes` planes (planes, height, width),
 * such as the 3 of a picture. Bicubic (Catmull-Rom), so that fine detail survives many warps; the
 * result may exceed the picture's range by an eighth of it or so, and is not clamped. Beyond its
 * edges the picture goes on as its edge pixels. A flow that is not finite gives NaN there.
 * picture and warped may not be the same memory. Does not wait.
 */
enum impasto_status imp_warp(struct imp_device *device, const struct imp_buffer *picture,
                             int planes, int height, int width, const struct imp_buffer *flow,
                             struct imp_buffer *warped);

#endif
