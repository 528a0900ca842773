/* SPDX-License-Identifier: MIT */
/* Convolution as an implicit matrix product, for GPUs: cl/conv_implicit.cl. */

#include "ops/kernels.h"

static bool supports(const struct imp_caps *caps, int in, int out)
{
    const int side = imp_tile_side(caps);
    return !caps->cpu && caps->vector_width == 4 && side >= 4 &&
           side % imp_conv_block(caps).vectors == 0 && in % side == 0 && out % (4 * side) == 0;
}

static enum impasto_status launch(struct imp_device *device, const struct imp_conv_pass *pass)
{
    const struct imp_caps *caps = imp_device_caps(device);
    const struct imp_tensor *y = pass->y;
    const size_t side = (size_t)imp_tile_side(caps), tile = 4 * side;
    const int span = pass->rows * (y->width + 2) - 2;
    /* The last two only where positions have weights: with one tap. */
    const struct imp_arg args[] = {
        imp_buf(pass->x->buffer),
        imp_buf(pass->weights),
        imp_buf(y->buffer),
        imp_buf(pass->aux),
        imp_int(imp_tensor_blocks(pass->x)),
        imp_int(y->height),
        imp_int(y->width),
        imp_int(pass->first),
        imp_int(pass->rows),
        imp_int(pass->flags),
        imp_buf(pass->positions),
        imp_int(pass->positions_at),
    };
    char macros[64];
    snprintf(macros, sizeof(macros), "-DVW=%d -DCV=%d -DTS=%zu -DTAPS=%d", caps->vector_width,
             imp_conv_block(caps).vectors, side, pass->taps);
    return imp_launch(device, &(struct imp_launch){
                                  .kernel = {"tile+conv_implicit", "conv_implicit", macros},
                                  .args = args,
                                  .arg_count = IMP_COUNT(args) - (pass->taps == 1 ? 0 : 2),
                                  .global = {((size_t)span + tile - 1) / tile * side,
                                             (size_t)imp_tensor_blocks(y)},
                                  .local = {side, side, 1},
                                  .flops = imp_conv_pass_flops(pass),
                                  .label = pass->label,
                              });
}

static enum impasto_status run(struct imp_device *device, const struct imp_conv *conv)
{
    const struct imp_conv_pass pass = imp_conv_pass(conv);
    if (conv->reversed)
        IMP_TRY(imp_conv_reverse(device, conv));
    return launch(device, &pass);
}

enum impasto_status imp_conv_implicit_pointwise(struct imp_device *device,
                                                const struct imp_pointwise *call)
{
    const struct imp_conv_pass pass = imp_pointwise_pass(call);
    return launch(device, &pass);
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
