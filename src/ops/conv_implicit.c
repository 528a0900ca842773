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
    const int side = imp_tile_side(imp_device_caps(device));
    const int span = pass->rows * (pass->y->width + 2) - 2;
    const size_t local[] = {(size_t)side, (size_t)side, 1};
    const size_t global[] = {imp_items(span, 4 * side) * local[0],
                             (size_t)imp_tensor_blocks(pass->y)};
    return imp_conv_pass_launch(
        device, pass, pass->taps == 1 ? IMP_PROGRAM_IMPLICIT_POINTWISE : IMP_PROGRAM_IMPLICIT,
        "conv_implicit", global, local);
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
 * work-item's vectors. This one reads it for every 16 of them, and the rest from local memory. */
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
