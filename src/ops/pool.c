/* SPDX-License-Identifier: MIT */
/* 2x2 pooling and its gradient: cl/pool.cl. */

#include "ops/ops.h"

/* Columns per work-item: enough to amortise a work-group of one on CPUs, one on GPUs. */
static int columns_of(const struct imp_device *device)
{
    return imp_device_caps(device)->cpu ? 64 : 1;
}

static enum impasto_status launch(struct imp_device *device, const char *function,
                                  const char *extra, const struct imp_tensor *large,
                                  const struct imp_arg *args, size_t arg_count, int rows, int cols)
{
    const int columns = columns_of(device);
    char macros[96];
    snprintf(macros, sizeof(macros), "-DVW=%d -DCOLUMNS=%d%s", large->lanes, columns, extra);
    return imp_launch(device, &(struct imp_launch){
                                  .kernel = {"pool", function, macros},
                                  .args = args,
                                  .arg_count = arg_count,
                                  .global = {(size_t)((cols + columns - 1) / columns), (size_t)rows,
                                             (size_t)imp_tensor_blocks(large)},
                              });
}

static const char *macro_of(bool average)
{
    return average ? " -DAVERAGE" : "";
}

size_t imp_pool_route_bytes(const struct imp_tensor *y)
{
    return imp_tensor_bytes(y->channels, y->height, y->width, y->lanes) / sizeof(float);
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
                                   imp_int(route != NULL)};
    return launch(device, "pool_fwd", macro_of(average), x, args, IMP_COUNT(args), window->rows / 2,
                  y->width);
}

enum impasto_status imp_pool_backward_route(struct imp_device *device,
                                            const struct imp_buffer *route,
                                            const struct imp_tensor *gy, const struct imp_tensor *g,
                                            bool average)
{
    const struct imp_arg args[] = {imp_buf(route),     imp_buf(gy->buffer),
                                   imp_buf(g->buffer), imp_int(imp_tensor_blocks(g)),
                                   imp_int(g->height), imp_int(g->width)};
    return launch(device, "pool_bwd_route", macro_of(average), g, args, IMP_COUNT(args),
                  (g->height + 1) / 2, (g->width + 1) / 2);
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
                                   imp_int(accumulate)};
    return launch(device, "pool_bwd", macro_of(average), x, args, IMP_COUNT(args),
                  (window->rows + 1) / 2, (x->width + 1) / 2);
}
