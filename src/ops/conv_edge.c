/* SPDX-License-Identifier: MIT */
/* Gradients of convolutions to what is beyond the picture's edge: cl/conv_edge.cl. */

#include "ops/kernels.h"

/* Runs of all four sides of the halo. */
static int runs_of(const struct imp_tensor *y, int run)
{
    return (int)(2 * (imp_items(y->width + 2, run) + imp_items(y->height, run)));
}

const struct imp_conv_packing *imp_conv_edge_packing(int out)
{
    return out == 3 ? imp_conv_first.packing : &imp_conv_blocked;
}

/* To the picture. */
static enum impasto_status launch_first(struct imp_device *device, const struct imp_conv *conv,
                                        double flops)
{
    const struct imp_tensor *x = &conv->x, *y = &conv->y;
    const int sides = runs_of(y, 1);
    return imp_program_launch(device, IMP_PROGRAM_EDGE, "conv_edge_first",
                              &(struct imp_launch){
                                  IMP_ARGS(imp_buf(x->buffer), imp_buf(conv->weights),
                                           imp_buf(y->buffer), imp_int(imp_tensor_blocks(x)),
                                           imp_int(y->height), imp_int(y->width), imp_int(sides)),
                                  .global = {(size_t)sides, 3},
                                  .flops = flops,
                                  .label = conv->label,
                              });
}

enum impasto_status imp_conv_edge(struct imp_device *device, const struct imp_conv *conv)
{
    const struct imp_tensor *x = &conv->x, *y = &conv->y;
    const struct imp_conv_block block = imp_conv_edge_block(imp_device_caps(device));
    const double flops = 2.0 * 3 * x->channels * y->channels * runs_of(y, 1);
    const bool gate =
        conv->epilogue == IMP_EPILOGUE_MASK || conv->epilogue == IMP_EPILOGUE_ADD_MASK;
    if (!gate && conv->epilogue != IMP_EPILOGUE_STORE)
        return imp_device_fail(device, IMPASTO_ERROR_INTERNAL,
                               "a convolution's edge has no epilogue %d", (int)conv->epilogue);
    if (y->channels != 3 &&
        !imp_conv_direct.supports(imp_device_caps(device), x->channels, y->channels))
        return imp_device_fail(device, IMPASTO_ERROR_INTERNAL,
                               "a convolution's edge cannot do %d to %d channels", x->channels,
                               y->channels);
    if (y->channels == 3)
        return launch_first(device, conv, flops);
    const int sides = runs_of(y, block.positions), vectors = imp_tensor_blocks(y);
    return imp_program_launch(
        device, IMP_PROGRAM_EDGE, "conv_edge",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(x->buffer), imp_buf(conv->weights), imp_buf(y->buffer),
                     imp_buf(gate ? conv->mask.buffer : x->buffer), imp_int(vectors),
                     imp_int(imp_tensor_blocks(x)), imp_int(y->height), imp_int(y->width),
                     imp_int(sides), imp_int(gate)),
            .global = {(size_t)sides, imp_items(vectors, block.vectors)},
            .flops = flops,
            .label = conv->label,
        });
}
