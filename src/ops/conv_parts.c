/* SPDX-License-Identifier: MIT */
/* What several convolution algorithms share; it knows none of them. */

#include "ops/kernels.h"

#include <string.h>

double imp_conv_products(const struct imp_caps *caps, int in, int out, int height, int width)
{
    (void)caps;
    return 9.0 * in * out * height * (width + 2);
}

const struct imp_buffer *imp_conv_aux(const struct imp_conv *conv)
{
    return conv->epilogue == IMP_EPILOGUE_BIAS_RELU ? conv->bias
           : conv->mask.buffer                      ? conv->mask.buffer
                                                    : conv->x.buffer;
}

struct imp_conv_pass imp_conv_pass(const struct imp_conv *conv)
{
    return (struct imp_conv_pass){
        .taps = 9,
        .x = &conv->x,
        .y = &conv->y,
        .first = conv->first,
        .rows = conv->rows,
        .weights = conv->reversed ? conv->workspace : conv->weights,
        .aux = imp_conv_aux(conv),
        .flags = (int)conv->epilogue,
        .label = conv->label,
    };
}

struct imp_conv_pass imp_pointwise_pass(const struct imp_pointwise *call)
{
    const struct imp_buffer *unused = call->x.buffer;
    return (struct imp_conv_pass){
        .taps = 1,
        .x = &call->x,
        .y = &call->y,
        .first = call->window.first,
        .rows = call->window.rows,
        .weights = call->weights,
        .aux = call->bias ? call->bias : unused,
        .flags = (call->bias ? POINTWISE_BIAS : 0) | (call->positions ? POINTWISE_WEIGHT : 0) |
                 (call->add ? POINTWISE_ADD : 0),
        .positions = call->positions ? call->positions : unused,
        .positions_at = imp_positions_at(&call->x, &call->window),
        .label = call->label,
    };
}

enum impasto_status imp_conv_pass_launch(struct imp_device *device,
                                         const struct imp_conv_pass *pass, enum imp_program program,
                                         const char *function, const size_t global[2],
                                         const size_t local[3])
{
    const struct imp_tensor *x = pass->x, *y = pass->y;
    /* The last two only where positions have weights: with one tap. */
    const struct imp_arg args[] = {
        imp_buf(x->buffer),
        imp_buf(pass->weights),
        imp_buf(y->buffer),
        imp_buf(pass->aux),
        imp_int(imp_tensor_blocks(y)),
        IMP_ROWS(imp_tensor_blocks(x), y, pass->first, pass->rows),
        imp_int(pass->flags),
        imp_buf(pass->positions),
        imp_int(pass->positions_at),
    };
    struct imp_launch launch = {
        .args = args,
        .arg_count = IMP_COUNT(args) - (pass->taps == 1 ? 0 : 2),
        .global = {global[0], global[1]},
        .flops = 2.0 * pass->taps * x->channels * y->channels * pass->rows * y->width,
        .label = pass->label,
    };
    if (local)
        memcpy(launch.local, local, sizeof(launch.local));
    return imp_program_launch(device, program, function, &launch);
}

void imp_conv_flip(int in, int out, const float *weights, float *flipped)
{
    for (int i = 0; i < in; i++)
        for (int o = 0; o < out; o++)
            for (int tap = 0; tap < 9; tap++)
                flipped[((size_t)i * (size_t)out + (size_t)o) * 9 + (size_t)tap] =
                    weights[((size_t)o * (size_t)in + (size_t)i) * 9 + (size_t)(8 - tap)];
}
