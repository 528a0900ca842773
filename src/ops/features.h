/* SPDX-License-Identifier: MIT */
#ifndef IMP_OPS_FEATURES_H
#define IMP_OPS_FEATURES_H

/*
 * Maps of features held against those of an earlier picture: features.c. Flows are as ops/warp.h
 * has them, at the map's size. Weights are (height, width). Margins are neither read nor written.
 * Nothing waits.
 */

#include "ops/map.h"

/* y = x carried along the flow, bicubic: y(row, col) = x(row + v, col + u). Both maps have one
 * shape, and are not the same memory. A flow that is not finite gives NaN there. */
enum impasto_status imp_features_warp(struct imp_device *device, const struct imp_map *x,
                                      const struct imp_buffer *flow, const struct imp_map *y);
/* Over all channels, in the slot of `sums` the shares of the sum of weight (x - target)^2, and in
 * the one behind it those of weight target^2. Both maps have one shape. */
enum impasto_status imp_features_sum(struct imp_device *device, const struct imp_map *x,
                                     const struct imp_map *target, const struct imp_buffer *weight,
                                     struct imp_buffer *sums, int sums_slot);
/* gradient += factor weight (x - target). The gradient's margin may be another. */
enum impasto_status imp_features_backward(struct imp_device *device, const struct imp_map *x,
                                          const struct imp_map *target,
                                          const struct imp_buffer *weight, float factor,
                                          const struct imp_map *gradient);

#endif
