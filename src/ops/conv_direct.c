/* SPDX-License-Identifier: MIT */
/* Direct convolution, register-blocked: cl/conv_direct.cl. The reference for speed on CPUs. */

#include "ops/ops.h"

#include <string.h>

/*
 * The register block by vector width: vectors of output channels, positions. The accumulators
 * must leave room for the weights and an input value: 32 registers with AVX-512 (VW = 16), 16
 * with AVX2 (VW = 8), and on GPUs (VW = 4) 64 scalars per work-item keep occupancy up.
 */
static const struct {
    int lanes;
    struct imp_conv_block block;
} blocks[] = {{16, {4, 6}}, {8, {2, 6}}, {4, {4, 4}}};

struct imp_conv_block imp_conv_block(const struct imp_caps *caps)
{
    if (caps->tuning.block_vectors)
        return (struct imp_conv_block){caps->tuning.block_vectors, caps->tuning.block_positions};
    for (size_t i = 0; i < IMP_COUNT(blocks); i++)
        if (blocks[i].lanes == caps->vector_width)
            return blocks[i].block;
    return blocks[IMP_COUNT(blocks) - 1].block;
}

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

static const char *program_of(const struct imp_caps *caps, int taps,
                              char macros[IMP_PRODUCT_MACROS])
{
    const struct imp_conv_block block = imp_conv_block(caps);
    if (taps == 1 && caps->cpu)
        return imp_product_program(caps, macros);
    snprintf(macros, IMP_PRODUCT_MACROS, "-DVW=%d -DCV=%d -DTB=%d -DTAPS=%d", caps->vector_width, block.vectors,
             block.positions, taps);
    return "conv_direct";
}

enum impasto_status imp_conv_reverse(struct imp_device *device, const struct imp_conv *conv)
{
    const struct imp_caps *caps = imp_device_caps(device);
    const int in = imp_tensor_blocks(&conv->x), out = imp_tensor_blocks(&conv->y);
    char macros[IMP_PRODUCT_MACROS];
    const char *const program = program_of(caps, 9, macros);
    return imp_launch(device, &(struct imp_launch){
                                  .kernel = {program, "reverse_weights", macros},
                                  IMP_ARGS(imp_buf(conv->weights), imp_buf(conv->workspace),
                                           imp_int(in), imp_int(out)),
                                  .global = {(size_t)in, (size_t)out, 9},
                                  .label = conv->label,
                              });
}

/* args: the kernel's, of which the sizes are filled in here. */
static enum impasto_status launch(struct imp_device *device, int taps, const struct imp_tensor *x,
                                  const struct imp_tensor *y, int first, int rows,
                                  struct imp_arg *args, size_t count, const char *label)
{
    const struct imp_caps *caps = imp_device_caps(device);
    const struct imp_conv_block block = imp_conv_block(caps);
    char macros[IMP_PRODUCT_MACROS];
    const char *const program = program_of(caps, taps, macros);
    const int groups = y->channels / (caps->vector_width * block.vectors);
    const int span = rows * (y->width + 2) - 2;
    const struct imp_arg sizes[] = {imp_int(imp_tensor_blocks(x)), imp_int(groups),
                                    imp_int(y->height),            imp_int(y->width),
                                    imp_int(first),                imp_int(rows)};
    memcpy(args + 4, sizes, sizeof(sizes));
    return imp_launch(
        device,
        &(struct imp_launch){
            .kernel = {program, "conv_direct", macros},
            .args = args,
            .arg_count = count,
            .global = {(size_t)((span + block.positions - 1) / block.positions), (size_t)groups},
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
        [10] = imp_int((int)conv->epilogue),
    };
    return launch(device, 9, &conv->x, &conv->y, conv->first, conv->rows, args, IMP_COUNT(args),
                  conv->label);
}

enum impasto_status imp_conv_direct_pointwise(struct imp_device *device,
                                              const struct imp_pointwise *call)
{
    const struct imp_buffer *unused = call->x.buffer;
    struct imp_arg args[] = {
        imp_buf(call->x.buffer),
        imp_buf(call->weights),
        imp_buf(call->y.buffer),
        imp_buf(call->bias ? call->bias : unused),
        [10] = imp_int(imp_pointwise_flags(call)),
        imp_buf(call->positions ? call->positions : unused),
        imp_int(imp_positions_at(&call->x, &call->window)),
    };
    return launch(device, 1, &call->x, &call->y, call->window.first, call->window.rows, args,
                  IMP_COUNT(args), call->label);
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
