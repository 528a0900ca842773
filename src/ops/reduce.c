/* SPDX-License-Identifier: MIT */
/* Sums over tensors: cl/reduce.cl leaves shares, the host adds them up. */

#include "ops/kernels.h"
#include "ops/sums.h"

#include <stdlib.h>

/* The arguments by which kernels know blocks. */
#define BLOCKS(blocks) imp_int((blocks)->rows), imp_int((blocks)->count), imp_int((blocks)->shares)

/* b: NULL for a sum of squares. The kernel makes do without a second tensor, with a factor of 0.
 * One kernel more to compile at the first start costs more than that product ever does. */
static enum impasto_status sum(struct imp_device *device, const struct imp_tensor *a,
                               const struct imp_window *window, const struct imp_blocks *blocks,
                               const struct imp_tensor *b, struct imp_buffer *sums, int sums_slot)
{
    const int pitch = a->width + 2;
    const struct imp_tensor *other = b ? b : a;
    const int other_at = b ? window->at : window->first;
    return imp_program_launch(
        device, IMP_PROGRAM_SMALL, "sum_squared_difference",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(a->buffer), imp_buf(other->buffer), imp_float(b ? 1 : 0),
                     imp_buf(sums), imp_int(sums_slot * IMP_PARTS), imp_int(imp_tensor_blocks(a)),
                     imp_int(a->width), imp_int(pitch), imp_int(imp_tensor_plane(a)),
                     imp_int((window->first + 1) * pitch + 1), imp_int(imp_tensor_plane(other)),
                     imp_int((other_at + 1) * pitch + 1), imp_int(window->at),
                     imp_int(window->at + window->rows), BLOCKS(blocks), imp_int(window->begins)),
            .global = {IMP_PARTS},
            .bytes = 2 * imp_tensor_rows_bytes(a, window->rows),
        });
}

enum impasto_status
imp_sum_squared_difference(struct imp_device *device, const struct imp_tensor *a,
                           const struct imp_window *window, const struct imp_blocks *blocks,
                           const struct imp_tensor *b, struct imp_buffer *sums, int sums_slot)
{
    return sum(device, a, window, blocks, b, sums, sums_slot);
}

enum impasto_status imp_sum_squares(struct imp_device *device, const struct imp_tensor *a,
                                    const struct imp_blocks *blocks, struct imp_buffer *sums,
                                    int sums_slot)
{
    const struct imp_window whole = {.rows = a->height, .begins = true};
    return sum(device, a, &whole, blocks, NULL, sums, sums_slot);
}

enum impasto_status imp_sum_squares_flat(struct imp_device *device, const struct imp_buffer *a,
                                         int n, struct imp_buffer *sums, int sums_slot)
{
    const int vectors = n / imp_device_caps(device)->vector_width;
    const struct imp_blocks whole = {.height = 1, .rows = 1, .count = 1, .shares = IMP_PARTS};
    return imp_program_launch(
        device, IMP_PROGRAM_SMALL, "sum_squared_difference",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(a), imp_buf(a), imp_float(0), imp_buf(sums),
                     imp_int(sums_slot * IMP_PARTS), imp_int(1), imp_int(vectors), imp_int(vectors),
                     imp_int(vectors), imp_int(0), imp_int(vectors), imp_int(0), imp_int(0),
                     imp_int(1), BLOCKS(&whole), imp_int(true)),
            .global = {IMP_PARTS},
            .bytes = imp_float_bytes(2.0 * n),
        });
}

enum impasto_status imp_count_not_finite(struct imp_device *device, const struct imp_buffer *a,
                                         int n, struct imp_buffer *sums, int sums_slot)
{
    return imp_program_launch(
        device, IMP_PROGRAM_SMALL, "count_not_finite",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(a), imp_buf(sums), imp_int(sums_slot * IMP_PARTS), imp_int(n)),
            .global = {IMP_PARTS},
            .bytes = imp_float_bytes(n),
        });
}

static double together(const float *shares)
{
    double sum = 0;
    for (int i = 0; i < PARTS_TOGETHER; i++)
        sum += (double)shares[i];
    return sum;
}

enum impasto_status imp_sums_groups(struct imp_device *device, const struct imp_buffer *sums,
                                    int slots, double *groups)
{
    const size_t count = (size_t)slots * IMP_PARTS;
    float *shares = malloc(count * sizeof(float));
    if (!shares)
        return imp_device_fail_memory(device, "sums", count * sizeof(float));
    const enum impasto_status status = imp_buffer_read(sums, 0, shares, count * sizeof(float));
    for (int k = 0; k < slots * IMP_SUM_GROUPS && status == IMPASTO_OK; k++)
        groups[k] = together(&shares[k * PARTS_TOGETHER]);
    free(shares);
    return status;
}

enum impasto_status imp_sums_read(struct imp_device *device, const struct imp_buffer *sums,
                                  int slots, double *totals)
{
    double *groups = malloc((size_t)slots * IMP_SUM_GROUPS * sizeof(*groups));
    if (!groups)
        return imp_device_fail_memory(device, "sums", 0);
    const enum impasto_status status = imp_sums_groups(device, sums, slots, groups);
    for (int slot = 0; slot < slots && status == IMPASTO_OK; slot++) {
        totals[slot] = 0;
        for (int k = 0; k < IMP_SUM_GROUPS; k++)
            totals[slot] += groups[slot * IMP_SUM_GROUPS + k];
    }
    free(groups);
    return status;
}
