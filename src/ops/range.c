/* SPDX-License-Identifier: MIT */
/* How far values are beyond the colours, 0 to 1: cl/range.cl. */

#include "ops/element.h"
#include "ops/kernels.h"
#include "ops/sums.h"

enum impasto_status imp_range_sum(struct imp_device *device, const struct imp_buffer *x, int n,
                                  struct imp_buffer *sums, int sums_slot)
{
    return imp_program_launch(
        device, IMP_PROGRAM_BOUNDS, "range_sum",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(x), imp_buf(sums), imp_int(sums_slot * IMP_PARTS), imp_int(n),
                     imp_float((float)(1.0 / n))),
            .global = {IMP_PARTS},
            .bytes = imp_float_bytes(n),
        });
}

enum impasto_status imp_range_backward(struct imp_device *device, const struct imp_buffer *x, int n,
                                       struct imp_buffer *gradient, float factor)
{
    return imp_program_launch(device, IMP_PROGRAM_BOUNDS, "range_bwd",
                              &(struct imp_launch){
                                  IMP_ARGS(imp_buf(x), imp_buf(gradient), imp_int(n),
                                           imp_float((float)(2.0 * (double)factor / n))),
                                  .global = {imp_column_items(device, n)},
                                  .bytes = imp_float_bytes(3.0 * n),
                              });
}
