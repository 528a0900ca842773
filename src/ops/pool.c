/* SPDX-License-Identifier: MIT */
/* 2x2 pooling and its gradient: cl/pool.cl. */

#include "ops/element.h"
#include "ops/kernels.h"
#include "ops/pool.h"

static enum impasto_status launch(struct imp_device *device, const char *function,
                                  const struct imp_tensor *large, const struct imp_arg *args,
                                  size_t arg_count, int rows, int cols)
{
    char macros[IMP_SMALL_MACROS];
    const int columns = imp_small_macros(device, macros);
    return imp_launch(device, &(struct imp_launch){
                                  .kernel = {IMP_SMALL_KERNELS, function, macros},
                                  .args = args,
                                  .arg_count = arg_count,
                                  .global = {(size_t)((cols + columns - 1) / columns), (size_t)rows,
                                             (size_t)imp_tensor_blocks(large)},
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
                                   imp_int(imp_tensor_blocks(x)),
                                   imp_int(x->height),
                                   imp_int(x->width),
                                   imp_int(window->first),
                                   imp_int(window->rows),
                                   imp_int(y->height),
                                   imp_int(window->at / 2),
                                   imp_int(route != NULL),
                                   imp_int(average)};
    return launch(device, "pool_fwd", x, args, IMP_COUNT(args), window->rows / 2, y->width);
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
                                   imp_int(imp_tensor_blocks(g)),
                                   imp_int(g->height),
                                   imp_int(g->width),
                                   imp_int(window->first),
                                   imp_int(window->rows),
                                   imp_int(gy->height),
                                   imp_int(window->at / 2),
                                   imp_int(x != NULL),
                                   imp_int(average)};
    return launch(device, "pool_bwd_route", g, args, IMP_COUNT(args), (window->rows + 1) / 2,
                  (g->width + 1) / 2);
}

enum impasto_status imp_pool_backward(struct imp_device *device, const struct imp_tensor *x,
                                      const struct imp_window *window, const struct imp_tensor *gy,
                                      const struct imp_tensor *g, bool average, bool accumulate)
{
    const struct imp_arg args[] = {imp_buf(x->buffer),     imp_buf(gy->buffer),
                                   imp_buf(g->buffer),     imp_int(imp_tensor_blocks(x)),
                                   imp_int(x->height),     imp_int(x->width),
                                   imp_int(window->first), imp_int(window->rows),
                                   imp_int(gy->height),    imp_int(window->at / 2),
                                   imp_int(accumulate),    imp_int(average)};
    return launch(device, "pool_bwd", x, args, IMP_COUNT(args), (window->rows + 1) / 2,
                  (x->width + 1) / 2);
}
