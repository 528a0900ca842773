/* SPDX-License-Identifier: MIT */
/* The blocked layout as the host sees it: sizes, and the halo. */

#include "ops/kernels.h"
#include "ops/sums.h"

#include <limits.h>

int imp_tensor_plane(const struct imp_tensor *tensor)
{
    return (tensor->height + 2) * (tensor->width + 2);
}

int imp_tensor_blocks(const struct imp_tensor *tensor)
{
    return tensor->channels / tensor->lanes;
}

double imp_tensor_rows_bytes(const struct imp_tensor *tensor, int rows)
{
    return imp_float_bytes((double)tensor->channels * rows * (tensor->width + 2));
}

double imp_float_bytes(double n)
{
    return n * (double)sizeof(float);
}

int imp_tensor_vectors(const struct imp_tensor *tensor)
{
    return imp_tensor_blocks(tensor) * imp_tensor_plane(tensor);
}

size_t imp_tensor_bytes(int channels, int height, int width, int lanes)
{
    /* Kernels count vectors in int, and add up to PARTS to that count. */
    const uint64_t vectors =
        ((uint64_t)height + 2) * ((uint64_t)width + 2) * (uint64_t)(channels / lanes) + SLACK;
    if (vectors > INT_MAX - IMP_PARTS || vectors > SIZE_MAX / sizeof(float) / (size_t)lanes)
        return SIZE_MAX;
    return (size_t)vectors * (size_t)lanes * sizeof(float);
}

enum impasto_status imp_tensor_clear_halo(struct imp_device *device, const struct imp_tensor *x)
{
    if (x->lanes == 1)
        return IMPASTO_OK;
    const int positions = 2 * (x->width + 2) + 2 * x->height;
    return imp_program_launch(device, IMP_PROGRAM_SMALL, "halo_zero",
                              &(struct imp_launch){
                                  IMP_ARGS(imp_buf(x->buffer), imp_int(imp_tensor_blocks(x)),
                                           imp_int(x->height), imp_int(x->width)),
                                  .global = {(size_t)positions, (size_t)imp_tensor_blocks(x)},
                                  .bytes = imp_float_bytes((double)positions * x->channels),
                              });
}

enum impasto_status imp_tensor_zero_row(struct imp_device *device, const struct imp_tensor *x,
                                        int row)
{
    const int pitch = x->width + 2;
    return imp_program_launch(
        device, IMP_PROGRAM_SMALL, "rows_zero",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(x->buffer), imp_int(imp_tensor_blocks(x)),
                     imp_int(imp_tensor_plane(x)), imp_int((row + 1) * pitch), imp_int(pitch)),
            .global = {imp_column_items(device, pitch), (size_t)imp_tensor_blocks(x)},
            .bytes = imp_tensor_rows_bytes(x, 1),
        });
}

enum impasto_status imp_tensor_copy_rows(struct imp_device *device, const struct imp_tensor *from,
                                         int from_row, const struct imp_tensor *to, int to_row,
                                         int rows)
{
    const int pitch = from->width + 2, count = rows * pitch;
    return imp_program_launch(
        device, IMP_PROGRAM_SMALL, "copy_rows",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(from->buffer), imp_buf(to->buffer), imp_int(imp_tensor_blocks(from)),
                     imp_int(imp_tensor_plane(from)), imp_int((from_row + 1) * pitch),
                     imp_int(imp_tensor_plane(to)), imp_int((to_row + 1) * pitch), imp_int(count)),
            .global = {imp_column_items(device, count), (size_t)imp_tensor_blocks(from)},
            .bytes = 2 * imp_tensor_rows_bytes(from, rows),
        });
}

size_t imp_positions_bytes(int height, int width)
{
    return imp_tensor_bytes(1, height, width, 1);
}

int imp_positions_at(const struct imp_tensor *strip, const struct imp_window *window)
{
    return (window->at - window->first) * (strip->width + 2);
}
