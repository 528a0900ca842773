/* SPDX-License-Identifier: MIT */
/* Sums over tensors: cl/reduce.cl leaves shares, the host adds them up. */

#include "ops/kernels.h"
#include "ops/sums.h"

#include <stdlib.h>

enum impasto_status imp_sum_squared_difference(struct imp_device *device,
                                               const struct imp_tensor *a,
                                               const struct imp_window *window,
                                               const struct imp_tensor *b, struct imp_buffer *sums,
                                               int sums_slot)
{
    const int pitch = a->width + 2;
    return imp_program_launch(
        device, IMP_PROGRAM_SMALL, "sum_squared_difference",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(a->buffer), imp_buf(b->buffer), imp_float(1), imp_buf(sums),
                     imp_int(sums_slot * IMP_PARTS), imp_int(imp_tensor_blocks(a)),
                     imp_int(window->rows * pitch), imp_int(imp_tensor_plane(a)),
                     imp_int((window->first + 1) * pitch), imp_int(imp_tensor_plane(b)),
                     imp_int((window->at + 1) * pitch), imp_int(!window->begins)),
            .global = {IMP_PARTS},
            .bytes = 2 * imp_tensor_rows_bytes(a, window->rows),
        });
}

/* The kernel above makes do without a second tensor: b_factor 0. One kernel more to compile at the
 * first start costs more than that product ever does. */
static enum impasto_status sum_squares(struct imp_device *device, const struct imp_buffer *a, int n,
                                       struct imp_buffer *sums, int sums_slot)
{
    return imp_program_launch(
        device, IMP_PROGRAM_SMALL, "sum_squared_difference",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(a), imp_buf(a), imp_float(0), imp_buf(sums),
                     imp_int(sums_slot * IMP_PARTS), imp_int(1), imp_int(n), imp_int(n), imp_int(0),
                     imp_int(n), imp_int(0), imp_int(false)),
            .global = {IMP_PARTS},
            .bytes = imp_float_bytes(2.0 * n * imp_device_caps(device)->vector_width),
        });
}

enum impasto_status imp_sum_squares(struct imp_device *device, const struct imp_tensor *a,
                                    struct imp_buffer *sums, int sums_slot)
{
    return sum_squares(device, a->buffer, imp_tensor_vectors(a), sums, sums_slot);
}

enum impasto_status imp_sum_squares_flat(struct imp_device *device, const struct imp_buffer *a,
                                         int n, struct imp_buffer *sums, int sums_slot)
{
    const int lanes = imp_device_caps(device)->vector_width;
    return sum_squares(device, a, n / lanes, sums, sums_slot);
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

enum impasto_status imp_sums_read(struct imp_device *device, const struct imp_buffer *sums,
                                  int slots, double *totals)
{
    const size_t count = (size_t)slots * IMP_PARTS;
    float *shares = malloc(count * sizeof(float));
    if (!shares)
        return imp_device_fail_memory(device, "sums", count * sizeof(float));
    const enum impasto_status status = imp_buffer_read(sums, 0, shares, count * sizeof(float));
    for (int slot = 0; slot < slots && status == IMPASTO_OK; slot++) {
        totals[slot] = 0;
        for (int part = 0; part < IMP_PARTS; part++)
            totals[slot] += shares[slot * IMP_PARTS + part];
    }
    free(shares);
    return status;
}
