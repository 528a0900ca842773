/* SPDX-License-Identifier: MIT */
/* Maps of features held against those of an earlier picture: cl/features.cl. */

#include "ops/features.h"
#include "ops/kernels.h"
#include "ops/sums.h"

enum impasto_status imp_features_warp(struct imp_device *device, const struct imp_map *x,
                                      const struct imp_buffer *flow, const struct imp_map *y)
{
    const int height = imp_map_height(x), width = imp_map_width(x);
    const int blocks = imp_tensor_blocks(&x->tensor);
    return imp_program_launch(
        device, IMP_PROGRAM_FEATURES, "features_warp",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(x->tensor.buffer), imp_buf(flow), imp_buf(y->tensor.buffer),
                     imp_int(blocks), imp_int(height), imp_int(width), imp_int(imp_map_wide(x))),
            .global = {imp_column_items(device, width), (size_t)height, (size_t)blocks},
            .bytes = 2 * imp_map_rows_bytes(x, height),
        });
}

enum impasto_status imp_features_sum(struct imp_device *device, const struct imp_map *x,
                                     const struct imp_map *target, const struct imp_buffer *weight,
                                     struct imp_buffer *sums, int sums_slot)
{
    const int height = imp_map_height(x), width = imp_map_width(x);
    return imp_program_launch(
        device, IMP_PROGRAM_FEATURES, "features_sum",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(x->tensor.buffer), imp_buf(target->tensor.buffer), imp_buf(weight),
                     imp_buf(sums), imp_int(sums_slot * IMP_PARTS),
                     imp_int(imp_tensor_blocks(&x->tensor)), imp_int(height), imp_int(width),
                     imp_int(imp_map_wide(x))),
            .global = {IMP_PARTS},
            .bytes = 2 * imp_map_rows_bytes(x, height),
        });
}

enum impasto_status imp_features_backward(struct imp_device *device, const struct imp_map *x,
                                          const struct imp_map *target,
                                          const struct imp_buffer *weight, float factor,
                                          const struct imp_map *gradient)
{
    const int height = imp_map_height(x), width = imp_map_width(x);
    const int blocks = imp_tensor_blocks(&x->tensor);
    return imp_program_launch(
        device, IMP_PROGRAM_FEATURES, "features_bwd",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(x->tensor.buffer), imp_buf(target->tensor.buffer), imp_buf(weight),
                     imp_buf(gradient->tensor.buffer), imp_int(blocks), imp_int(height),
                     imp_int(width), imp_int(imp_map_wide(x)), imp_int(imp_map_wide(gradient)),
                     imp_float(factor)),
            .global = {imp_column_items(device, width), (size_t)height, (size_t)blocks},
            .bytes = 4 * imp_map_rows_bytes(x, height),
        });
}
