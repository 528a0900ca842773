/* SPDX-License-Identifier: MIT */
/* 2x2 pooling and its gradient: cl/pool.cl. */

#include "ops/element.h"
#include "ops/kernels.h"
#include "ops/pool.h"

/* A work-item for each of rows x cols pooled pixels of a block; so many tensors as the large one
 * are read and written. */
static enum impasto_status launch(struct imp_device *device, const char *function,
                                  const struct imp_tensor *large, const struct imp_arg *args,
                                  size_t arg_count, int rows, int cols, double tensors)
{
    return imp_program_launch(device, IMP_PROGRAM_SMALL, function,
                              &(struct imp_launch){
                                  .args = args,
                                  .arg_count = arg_count,
                                  .global = {imp_column_items(device, cols), (size_t)rows,
                                             (size_t)imp_tensor_blocks(large)},
                                  .bytes = tensors * imp_tensor_rows_bytes(large, 2 * rows),
                              });
}

size_t imp_pool_route_bytes(const struct imp_tensor *y)
{
    return 4 * imp_mask_bytes(y);
}

enum impasto_status imp_pool_forward(struct imp_device *device, const struct imp_tensor *x,
                                     const struct imp_window *window, const struct imp_tensor *y,
                                     bool average, struct imp_buffer *route)
{
    const struct imp_arg args[] = {imp_buf(x->buffer),
                                   imp_buf(y->buffer),
                                   imp_buf(route ? route : y->buffer),
                                   IMP_ROWS(imp_tensor_blocks(x), x, window->first, window->rows),
                                   imp_int(y->height),
                                   imp_int(window->at / 2),
                                   imp_int(route != NULL),
                                   imp_int(average)};
    return launch(device, "pool_fwd", x, args, IMP_COUNT(args), window->rows / 2, y->width, 1.25);
}

enum impasto_status
imp_pool_backward_route(struct imp_device *device, const struct imp_buffer *route,
                        const struct imp_tensor *x, const struct imp_window *window,
                        const struct imp_tensor *gy, const struct imp_tensor *g, bool average)
{
    const struct imp_arg args[] = {imp_buf(x ? x->buffer : gy->buffer),
                                   imp_buf(route),
                                   imp_buf(gy->buffer),
                                   imp_buf(g->buffer),
                                   IMP_ROWS(imp_tensor_blocks(g), g, window->first, window->rows),
                                   imp_int(gy->height),
                                   imp_int(window->at / 2),
                                   imp_int(x != NULL),
                                   imp_int(average)};
    return launch(device, "pool_bwd_route", g, args, IMP_COUNT(args), (window->rows + 1) / 2,
                  (g->width + 1) / 2, x ? 3.25 : 1.25);
}

enum impasto_status imp_pool_backward(struct imp_device *device, const struct imp_tensor *x,
                                      const struct imp_window *window, const struct imp_tensor *gy,
                                      const struct imp_tensor *g, bool average, bool accumulate)
{
    const struct imp_arg args[] = {
        imp_buf(x->buffer),  imp_buf(gy->buffer),
        imp_buf(g->buffer),  IMP_ROWS(imp_tensor_blocks(x), x, window->first, window->rows),
        imp_int(gy->height), imp_int(window->at / 2),
        imp_int(accumulate), imp_int(average)};
    return launch(device, "pool_bwd", x, args, IMP_COUNT(args), (window->rows + 1) / 2,
                  (x->width + 1) / 2, accumulate ? 3.25 : 2.25);
}
