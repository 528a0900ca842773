/* SPDX-License-Identifier: MIT */
/* conv1_1 and its gradient to the picture: 3 planar channels on one side. cl/conv_first.cl. */

#include "ops/kernels.h"

static bool supports(const struct imp_caps *caps, int in, int out)
{
    return (in == 3 && out % caps->vector_width == 0) || (out == 3 && in % caps->vector_width == 0);
}

static size_t packed_size(const struct imp_caps *caps, int in, int out)
{
    (void)caps;
    return (size_t)in * (size_t)out * 9 * sizeof(float);
}

/* (out, 3, 3, 3) -> (27, out), or (3, in, 3, 3) -> (in / VW, 9, 3, VW). */
static void pack(const struct imp_caps *caps, int in, int out, const float *weights, float *packed)
{
    const int lanes = caps->vector_width;
    for (int o = 0; o < out; o++)
        for (int i = 0; i < in; i++)
            for (int tap = 0; tap < 9; tap++) {
                const int to = in == 3 ? (i * 9 + tap) * out + o
                                       : ((i / lanes * 9 + tap) * 3 + o) * lanes + i % lanes;
                packed[to] = weights[(o * in + i) * 9 + tap];
            }
}

static size_t workspace_size(const struct imp_caps *caps, int in, int out, int height, int width)
{
    (void)caps, (void)in, (void)out, (void)height, (void)width;
    return 0;
}

static enum impasto_status run(struct imp_device *device, const struct imp_conv *conv)
{
    const struct imp_tensor *x = &conv->x, *y = &conv->y;
    const bool forward = x->channels == 3;
    const bool store = conv->epilogue == IMP_EPILOGUE_STORE;
    if (!store && !(forward && conv->epilogue == IMP_EPILOGUE_BIAS_RELU))
        return imp_device_fail(device, IMPASTO_ERROR_INTERNAL,
                               "the first layer's convolution has no epilogue %d",
                               (int)conv->epilogue);
    const int blocks = imp_tensor_blocks(forward ? y : x);
    const int span = conv->rows * (y->width + 2) - 2;
    const size_t tiles = imp_items(span, FIRST_RUN);
    const double flops = 2.0 * 9 * x->channels * y->channels * conv->rows * y->width;
    if (forward)
        return imp_program_launch(
            device, IMP_PROGRAM_SMALL, "conv_first_fwd",
            &(struct imp_launch){
                .kernel.macros = store ? "-DSTORE_ONLY" : NULL,
                IMP_ARGS(imp_buf(x->buffer), imp_buf(conv->weights), imp_buf(y->buffer),
                         imp_buf(store ? conv->weights : conv->bias),
                         IMP_ROWS(blocks, y, conv->first, conv->rows)),
                .global = {tiles, (size_t)blocks},
                .flops = flops,
                .label = conv->label,
            });
    return imp_program_launch(
        device, IMP_PROGRAM_SMALL, "conv_first_bwd",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(x->buffer), imp_buf(conv->weights), imp_buf(y->buffer),
                     IMP_ROWS(blocks, y, conv->first, conv->rows)),
            .global = {tiles},
            .flops = flops,
            .label = conv->label,
        });
}

enum impasto_status imp_conv_first_replicate(struct imp_device *device, const struct imp_tensor *x,
                                             const struct imp_window *window,
                                             const struct imp_buffer *weights,
                                             const struct imp_tensor *y, bool above, bool below)
{
    const int edges = 2 * y->width + 2 * (y->height - 2);
    return imp_program_launch(
        device, IMP_PROGRAM_SMALL, "conv_first_bwd_replicate",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(x->buffer), imp_buf(weights), imp_buf(y->buffer),
                     IMP_ROWS(imp_tensor_blocks(x), y, window->first, window->rows), imp_int(edges),
                     imp_int(above), imp_int(below)),
            .global = {(size_t)edges, 3},
            /* A row or a column of taps for each colour. */
            .flops = 2.0 * 9 * 3 * x->channels * edges,
            .label = "conv1_1 backward",
        });
}

static const struct imp_conv_packing packing = {.size = packed_size, .pack = pack};

const struct imp_conv_algorithm imp_conv_first = {
    .name = "first",
    .summary = "the picture's own convolution, 3 channels on one side",
    .supports = supports,
    .packing = &packing,
    .bound = IMP_CONV_ROUNDING,
    .cost = imp_conv_products,
    .workspace_size = workspace_size,
    .run = run,
};
