/* SPDX-License-Identifier: MIT */
#ifndef IMP_OPS_SUMS_H
#define IMP_OPS_SUMS_H

/* Sums over tensors and plain floats: reduce.c. */

#include "cl/shared.h"
#include "ops/blocks.h"

/* Sums leave the device as this many shares per slot of a `sums` buffer. The host adds them up in
 * double precision, always in the same order. */
#define IMP_PARTS PARTS

/* Of (a - b)^2 over a window of a strip a; b is the whole. Added to the slot's shares unless the
 * window begins the whole. Windows follow each other from the top. However they cut the whole, the
 * shares come out alike, to the last bit. blocks: of the whole. */
enum impasto_status
imp_sum_squared_difference(struct imp_device *device, const struct imp_tensor *a,
                           const struct imp_window *window, const struct imp_blocks *blocks,
                           const struct imp_tensor *b, struct imp_buffer *sums, int sums_slot);
/* Of a whole tensor. */
enum impasto_status imp_sum_squares(struct imp_device *device, const struct imp_tensor *a,
                                    const struct imp_blocks *blocks, struct imp_buffer *sums,
                                    int sums_slot);
/* The same over n plain floats, a multiple of the vector width. */
enum impasto_status imp_sum_squares_flat(struct imp_device *device, const struct imp_buffer *a,
                                         int n, struct imp_buffer *sums, int sums_slot);
/* How many of n floats are NaN or infinite. */
enum impasto_status imp_count_not_finite(struct imp_device *device, const struct imp_buffer *a,
                                         int n, struct imp_buffer *sums, int sums_slot);
/* Waits. groups: of each slot IMP_SUM_GROUPS sums of shares that follow each other. None is of two
 * blocks. */
#define IMP_SUM_GROUPS (PARTS / PARTS_TOGETHER)
enum impasto_status imp_sums_groups(struct imp_device *device, const struct imp_buffer *sums,
                                    int slots, double *groups);
/* Waits, and adds up `slots` slots into totals. */
enum impasto_status imp_sums_read(struct imp_device *device, const struct imp_buffer *sums,
                                  int slots, double *totals);

#endif
