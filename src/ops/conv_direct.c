/* SPDX-License-Identifier: MIT */
/* Direct convolution, register-blocked: cl/conv_direct.cl. The reference for speed on CPUs. */

#include "ops/kernels.h"

static bool supports(const struct imp_caps *caps, int in, int out)
{
    return in % caps->vector_width == 0 &&
           out % (caps->vector_width * imp_conv_block(caps).vectors) == 0;
}

static size_t packed_size(const struct imp_caps *caps, int in, int out)
{
    (void)caps;
    return (size_t)in * (size_t)out * 9 * sizeof(float);
}

/* (out, in, 3, 3) -> (out / group, in / VW, 9, VW, group), group = vectors * VW output channels. */
static void pack(const struct imp_caps *caps, int in, int out, const float *weights, float *packed)
{
    const int lanes = caps->vector_width, group = lanes * imp_conv_block(caps).vectors;
    for (int g = 0; g < out / group; g++)
        for (int i = 0; i < in; i++)
            for (int tap = 0; tap < 9; tap++)
                for (int o = 0; o < group; o++) {
                    const size_t to = (((size_t)(g * (in / lanes) + i / lanes) * 9 + (size_t)tap) *
                                           (size_t)lanes +
                                       (size_t)(i % lanes)) *
                                          (size_t)group +
                                      (size_t)o;
                    packed[to] = weights[((size_t)(g * group + o) * (size_t)in + (size_t)i) * 9 +
                                         (size_t)tap];
                }
}

size_t imp_conv_reverse_workspace(const struct imp_caps *caps, int in, int out, int height,
                                  int width)
{
    (void)height, (void)width;
    return packed_size(caps, in, out);
}

enum impasto_status imp_conv_reverse(struct imp_device *device, const struct imp_conv *conv)
{
    const int in = imp_tensor_blocks(&conv->x), out = imp_tensor_blocks(&conv->y);
    return imp_program_launch(
        device, IMP_PROGRAM_DIRECT, "reverse_weights",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(conv->weights), imp_buf(conv->workspace), imp_int(in), imp_int(out)),
            .global = {(size_t)in, (size_t)out, 9},
            .bytes = imp_float_bytes(2.0 * 9 * conv->x.channels * conv->y.channels),
            .label = conv->label,
        });
}

static enum impasto_status launch(struct imp_device *device, const struct imp_conv_pass *pass)
{
    const struct imp_conv_block block = imp_conv_block(imp_device_caps(device));
    const int span = pass->rows * (pass->y->width + 2) - 2;
    const size_t global[] = {imp_items(span, block.positions),
                             imp_items(imp_tensor_blocks(pass->y), block.vectors)};
    return imp_conv_pass_launch(device, pass,
                                pass->taps == 1 ? IMP_PROGRAM_DIRECT_POINTWISE : IMP_PROGRAM_DIRECT,
                                "conv_direct", global, NULL);
}

static enum impasto_status run(struct imp_device *device, const struct imp_conv *conv)
{
    const struct imp_conv_pass pass = imp_conv_pass(conv);
    if (conv->reversed)
        IMP_TRY(imp_conv_reverse(device, conv));
    return launch(device, &pass);
}

enum impasto_status imp_conv_direct_pointwise(struct imp_device *device,
                                              const struct imp_pointwise *call)
{
    const struct imp_conv_pass pass = imp_pointwise_pass(call);
    return launch(device, &pass);
}

const struct imp_conv_packing imp_conv_blocked = {
    .size = packed_size, .pack = pack, .reversible = true};

const struct imp_conv_algorithm imp_conv_direct = {
    .name = "direct",
    .summary = "register-blocked direct convolution",
    .supports = supports,
    .packing = &imp_conv_blocked,
    .bound = IMP_CONV_ROUNDING,
    .cost = imp_conv_products,
    .workspace_size = imp_conv_reverse_workspace,
    .run = run,
};
