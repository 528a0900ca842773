/* SPDX-License-Identifier: MIT */
/* How far a picture is from another one where that counts: cl/temporal.cl. */

#include "ops/element.h"
#include "ops/kernels.h"
#include "ops/sums.h"

enum impasto_status imp_temporal_sum(struct imp_device *device, const struct imp_buffer *x,
                                     const struct imp_buffer *target,
                                     const struct imp_buffer *weight, int n,
                                     struct imp_buffer *sums, int sums_slot)
{
    return imp_program_launch(
        device, IMP_PROGRAM_TEMPORAL, "temporal_sum",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(x), imp_buf(target), imp_buf(weight), imp_buf(sums),
                     imp_int(sums_slot * IMP_PARTS), imp_int(n), imp_float((float)(1 / (3.0 * n)))),
            .global = {IMP_PARTS},
            .bytes = imp_float_bytes(7.0 * n),
        });
}

enum impasto_status imp_temporal_backward(struct imp_device *device, const struct imp_buffer *x,
                                          const struct imp_buffer *target,
                                          const struct imp_buffer *weight, int n,
                                          struct imp_buffer *gradient, float factor)
{
    return imp_program_launch(
        device, IMP_PROGRAM_TEMPORAL, "temporal_bwd",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(x), imp_buf(target), imp_buf(weight), imp_buf(gradient), imp_int(n),
                     imp_float((float)(2 * (double)factor / (3.0 * n)))),
            .global = {imp_column_items(device, n), 3},
            .bytes = imp_float_bytes(13.0 * n),
        });
}
