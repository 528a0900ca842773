/* SPDX-License-Identifier: MIT */
/* Element-wise operations: cl/pointwise.cl. */

#include "ops/element.h"
#include "ops/kernels.h"

enum impasto_status imp_input_forward(struct imp_device *device, const struct imp_buffer *image,
                                      int height, int at, const struct imp_tensor *input,
                                      const struct imp_input_map *map, bool replicate)
{
    return imp_program_launch(
        device, IMP_PROGRAM_SMALL, "input_fwd",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(image), imp_buf(input->buffer), imp_int(height), imp_int(input->width),
                     imp_int(at), imp_int(input->height), imp_int(map->reverse), imp_int(replicate),
                     imp_float(map->scale[0]), imp_float(map->scale[1]), imp_float(map->scale[2]),
                     imp_float(map->offset[0]), imp_float(map->offset[1]),
                     imp_float(map->offset[2])),
            .global = {imp_column_items(device, input->width + 2), (size_t)input->height + 2, 3},
            .bytes = 2 * imp_tensor_rows_bytes(input, input->height + 2),
        });
}

enum impasto_status imp_input_backward(struct imp_device *device,
                                       const struct imp_tensor *input_gradient,
                                       const struct imp_window *window, int height,
                                       struct imp_buffer *gradient, const struct imp_input_map *map)
{
    return imp_program_launch(
        device, IMP_PROGRAM_SMALL, "input_bwd",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(input_gradient->buffer), imp_buf(gradient), imp_int(height),
                     imp_int(input_gradient->width), imp_int(window->at),
                     imp_int(input_gradient->height), imp_int(window->first), imp_int(window->rows),
                     imp_int(map->reverse), imp_float(map->scale[0]), imp_float(map->scale[1]),
                     imp_float(map->scale[2])),
            .global = {imp_column_items(device, input_gradient->width), (size_t)window->rows, 3},
            .bytes = 2 * imp_tensor_rows_bytes(input_gradient, window->rows),
        });
}

enum impasto_status imp_relu_mask(struct imp_device *device, const struct imp_tensor *x,
                                  const struct imp_window *window, const struct imp_tensor *g)
{
    const int pitch = x->width + 2, count = window->rows * pitch;
    return imp_program_launch(
        device, IMP_PROGRAM_SMALL, "relu_mask",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(x->buffer), imp_buf(g->buffer), imp_int(imp_tensor_blocks(x)),
                     imp_int(imp_tensor_plane(x)), imp_int((window->first + 1) * pitch),
                     imp_int(count)),
            .global = {imp_column_items(device, count), (size_t)imp_tensor_blocks(x)},
            .bytes = 3 * imp_tensor_rows_bytes(x, window->rows),
        });
}

size_t imp_mask_bytes(const struct imp_tensor *x)
{
    /* Not imp_tensor_vectors: of whole pictures there may be more than an int counts. */
    const uint64_t bytes = ((uint64_t)x->height + 2) * ((uint64_t)x->width + 2) *
                           (uint64_t)imp_tensor_blocks(x) * (x->lanes > 8 ? 2 : 1);
    return bytes > SIZE_MAX ? SIZE_MAX : (size_t)bytes;
}

/* A window's rows between a strip and the whole, whose planes are `plane` positions. */
static enum impasto_status launch_mask(struct imp_device *device, const char *function,
                                       const struct imp_buffer *from, const struct imp_buffer *to,
                                       const struct imp_tensor *strip,
                                       const struct imp_window *window, int height, bool to_whole)
{
    const int pitch = strip->width + 2, count = window->rows * pitch;
    const int planes[] = {imp_tensor_plane(strip), (height + 2) * pitch};
    const int at[] = {(window->first + 1) * pitch, (window->at + 1) * pitch};
    return imp_program_launch(
        device, IMP_PROGRAM_SMALL, function,
        &(struct imp_launch){
            IMP_ARGS(imp_buf(from), imp_buf(to), imp_int(imp_tensor_blocks(strip)),
                     imp_int(planes[!to_whole]), imp_int(at[!to_whole]), imp_int(planes[to_whole]),
                     imp_int(at[to_whole]), imp_int(count)),
            .global = {imp_column_items(device, count), (size_t)imp_tensor_blocks(strip)},
            .bytes = imp_tensor_rows_bytes(strip, window->rows), /* the masks hardly count */
        });
}

enum impasto_status imp_mask_pack(struct imp_device *device, const struct imp_tensor *x,
                                  const struct imp_window *window, int height,
                                  struct imp_buffer *mask)
{
    return launch_mask(device, "mask_pack", x->buffer, mask, x, window, height, true);
}

enum impasto_status imp_mask_take(struct imp_device *device, const struct imp_buffer *mask,
                                  int height, const struct imp_window *window,
                                  const struct imp_tensor *strip)
{
    return launch_mask(device, "copy_mask_rows", mask, strip->buffer, strip, window, height, false);
}

enum impasto_status imp_content_backward(struct imp_device *device, const struct imp_tensor *f,
                                         const struct imp_window *window,
                                         const struct imp_tensor *target,
                                         const struct imp_tensor *g, float factor, bool accumulate)
{
    const int pitch = f->width + 2, count = window->rows * pitch;
    return imp_program_launch(
        device, IMP_PROGRAM_SMALL, "content_bwd",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(f->buffer), imp_buf(target->buffer), imp_buf(g->buffer),
                     imp_int(imp_tensor_blocks(f)), imp_int(imp_tensor_plane(f)),
                     imp_int((window->first + 1) * pitch), imp_int(imp_tensor_plane(target)),
                     imp_int((window->at + 1) * pitch), imp_int(count), imp_float(factor),
                     imp_int(accumulate)),
            .global = {imp_column_items(device, count), (size_t)imp_tensor_blocks(f)},
            .bytes = (accumulate ? 4 : 3) * imp_tensor_rows_bytes(f, window->rows),
        });
}

enum impasto_status imp_blend(struct imp_device *device, struct imp_buffer *y,
                              const struct imp_buffer *x, int n, float factor, bool accumulate)
{
    return imp_program_launch(
        device, IMP_PROGRAM_SMALL, "blend",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(y), imp_buf(x), imp_int(n), imp_float(factor), imp_int(accumulate)),
            .global = {imp_column_items(device, n)},
            .bytes = imp_float_bytes((accumulate ? 3.0 : 2.0) * n),
        });
}

enum impasto_status imp_approach(struct imp_device *device, struct imp_buffer *y,
                                 const struct imp_buffer *x, int n, float factor)
{
    return imp_program_launch(device, IMP_PROGRAM_SMALL, "approach",
                              &(struct imp_launch){
                                  IMP_ARGS(imp_buf(y), imp_buf(x), imp_int(n), imp_float(factor)),
                                  .global = {imp_column_items(device, n)},
                                  .bytes = imp_float_bytes(3.0 * n),
                              });
}

enum impasto_status imp_weigh_planes(struct imp_device *device, struct imp_buffer *g,
                                     const struct imp_buffer *weight, int planes, int n)
{
    return imp_program_launch(
        device, IMP_PROGRAM_SMALL, "weigh_planes",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(g), imp_buf(weight), imp_int(planes), imp_int(n)),
            .global = {imp_column_items(device, n), (size_t)planes},
            .bytes = imp_float_bytes((2.0 * planes + 1) * n),
        });
}
