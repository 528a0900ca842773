/* SPDX-License-Identifier: MIT */
#ifndef IMP_OPS_POOL_H
#define IMP_OPS_POOL_H

/* Pooling by 2x2. */

#include "ops/tensor.h"

/* Rows of y = 2x2 pooling of a window of x; y, the whole, has half the size, rounded down. Windows
 * begin at an even row of the whole, and end at one or at its end. */
enum impasto_status imp_pool_forward(struct imp_device *device, const struct imp_tensor *x,
                                     const struct imp_window *window, const struct imp_tensor *y,
                                     bool average, struct imp_buffer *route);
/* A route, of imp_pool_route_bytes, says what the gradient needs to know of x: where each pooled
 * value came from, and through which ReLUs. NULL above: it is not wanted. */
size_t imp_pool_route_bytes(const struct imp_tensor *y);
/* A window's rows of g = the gradient gy of the pooled values by the route, both of the whole. x
 * (NULL: g holds nothing yet): what was in g where x > 0 is added; not g itself. */
enum impasto_status
imp_pool_backward_route(struct imp_device *device, const struct imp_buffer *route,
                        const struct imp_tensor *x, const struct imp_window *window,
                        const struct imp_tensor *gy, const struct imp_tensor *g, bool average);
/* A window's rows of g = or (accumulate) += the gradient gy of the pooled values, masked by x > 0.
 * gy: the whole, half the size. g may be x itself. */
enum impasto_status imp_pool_backward(struct imp_device *device, const struct imp_tensor *x,
                                      const struct imp_window *window, const struct imp_tensor *gy,
                                      const struct imp_tensor *g, bool average, bool accumulate);

#endif
