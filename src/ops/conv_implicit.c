/* SPDX-License-Identifier: MIT */
/* Convolution as an implicit matrix product, for GPUs: cl/conv_implicit.cl. */

#include "ops/ops.h"

#include <string.h>

static bool supports(const struct imp_caps *caps, int in, int out)
{
    const int side = imp_tile_side(caps);
    return !caps->cpu && caps->vector_width == 4 && side >= 4 &&
           side % imp_conv_block(caps).vectors == 0 && in % side == 0 && out % (4 * side) == 0;
}

/* args: the kernel's, of which the sizes are filled in here. */
static enum impasto_status launch(struct imp_device *device, int taps, const struct imp_tensor *x,
                                  const struct imp_tensor *y, int first, int rows,
                                  struct imp_arg *args, size_t count, const char *label)
{
    const struct imp_caps *caps = imp_device_caps(device);
    const size_t side = (size_t)imp_tile_side(caps), tile = 4 * side;
    const int span = rows * (y->width + 2) - 2;
    const struct imp_arg sizes[] = {imp_int(imp_tensor_blocks(x)), imp_int(y->height),
                                    imp_int(y->width), imp_int(first), imp_int(rows)};
    memcpy(args + 4, sizes, sizeof(sizes));
    char macros[64];
    snprintf(macros, sizeof(macros), "-DVW=%d -DCV=%d -DTS=%zu -DTAPS=%d", caps->vector_width,
             imp_conv_block(caps).vectors, side, taps);
    return imp_launch(device,
                      &(struct imp_launch){
                          .kernel = {"tile+conv_implicit", "conv_implicit", macros},
                          .args = args,
                          .arg_count = count,
                          .global = {((size_t)span + tile - 1) / tile * side,
                                     (size_t)imp_tensor_blocks(y)},
                          .local = {side, side, 1},
                          .flops = 2.0 * taps * x->channels * y->channels * rows * y->width,
                          .label = label,
                      });
}

static enum impasto_status run(struct imp_device *device, const struct imp_conv *conv)
{
    if (conv->reversed)
        IMP_TRY(imp_conv_reverse(device, conv));
    struct imp_arg args[] = {
        imp_buf(conv->x.buffer),
        imp_buf(conv->reversed ? conv->workspace : conv->weights),
        imp_buf(conv->y.buffer),
        imp_buf(imp_conv_aux(conv)),
        [9] = imp_int((int)conv->epilogue),
    };
    return launch(device, 9, &conv->x, &conv->y, conv->first, conv->rows, args, IMP_COUNT(args),
                  conv->label);
}

enum impasto_status imp_conv_implicit_pointwise(struct imp_device *device,
                                                const struct imp_pointwise *call)
{
    const struct imp_buffer *unused = call->x.buffer;
    struct imp_arg args[] = {
        imp_buf(call->x.buffer),
        imp_buf(call->weights),
        imp_buf(call->y.buffer),
        imp_buf(call->bias ? call->bias : unused),
        [9] = imp_int(imp_pointwise_flags(call)),
        imp_buf(call->positions ? call->positions : unused),
        imp_int(imp_positions_at(&call->x, &call->window)),
    };
    return launch(device, 1, &call->x, &call->y, call->window.first, call->window.rows, args,
                  IMP_COUNT(args), call->label);
}

/* Not measured on a GPU. By its reads: `direct` reads an input vector for every 4 products of a
 * work-item's vectors, this one for every 16 of them, the rest from local memory. */
#define OF_DIRECT 0.75

static double cost(const struct imp_caps *caps, int in, int out, int height, int width)
{
    return OF_DIRECT * imp_conv_products(caps, in, out, height, width);
}

const struct imp_conv_algorithm imp_conv_implicit = {
    .name = "implicit",
    .summary = "implicit matrix product through local memory, for GPUs",
    .supports = supports,
    .packing = &imp_conv_blocked,
    .bound = IMP_CONV_ROUNDING,
    .cost = cost,
    .workspace_size = imp_conv_reverse_workspace,
    .run = run,
};
