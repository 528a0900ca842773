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
    char macros[IMP_SMALL_MACROS];
    imp_small_macros(device, macros);
    const int positions = 2 * (x->width + 2) + 2 * x->height;
    return imp_launch(device, &(struct imp_launch){
                                  .kernel = {IMP_SMALL_KERNELS, "halo_zero", macros},
                                  IMP_ARGS(imp_buf(x->buffer), imp_int(imp_tensor_blocks(x)),
                                           imp_int(x->height), imp_int(x->width)),
                                  .global = {(size_t)positions, (size_t)imp_tensor_blocks(x)},
                              });
}

enum impasto_status imp_tensor_zero_row(struct imp_device *device, const struct imp_tensor *x,
                                        int row)
{
    const int pitch = x->width + 2;
    char macros[IMP_SMALL_MACROS];
    const int columns = imp_small_macros(device, macros);
    return imp_launch(
        device,
        &(struct imp_launch){
            .kernel = {IMP_SMALL_KERNELS, "rows_zero", macros},
            IMP_ARGS(imp_buf(x->buffer), imp_int(imp_tensor_blocks(x)),
                     imp_int(imp_tensor_plane(x)), imp_int((row + 1) * pitch), imp_int(pitch)),
            .global = {(size_t)((pitch + columns - 1) / columns), (size_t)imp_tensor_blocks(x)},
        });
}

struct imp_window imp_window_whole(const struct imp_tensor *tensor)
{
    return (struct imp_window){.rows = tensor->height, .begins = true};
}

enum impasto_status imp_tensor_copy_rows(struct imp_device *device, const struct imp_tensor *from,
                                         int from_row, const struct imp_tensor *to, int to_row,
                                         int rows)
{
    const int pitch = from->width + 2, count = rows * pitch;
    char macros[IMP_SMALL_MACROS];
    const int columns = imp_small_macros(device, macros);
    return imp_launch(
        device,
        &(struct imp_launch){
            .kernel = {IMP_SMALL_KERNELS, "copy_rows", macros},
            IMP_ARGS(imp_buf(from->buffer), imp_buf(to->buffer), imp_int(imp_tensor_blocks(from)),
                     imp_int(imp_tensor_plane(from)), imp_int((from_row + 1) * pitch),
                     imp_int(imp_tensor_plane(to)), imp_int((to_row + 1) * pitch), imp_int(count)),
            .global = {(size_t)((count + columns - 1) / columns), (size_t)imp_tensor_blocks(from)},
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
