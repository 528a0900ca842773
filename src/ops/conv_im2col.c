/* SPDX-License-Identifier: MIT */
/*
 * Convolution as im2col + GEMM: cl/im2col.cl. It works for every shape on every device. It is the
 * oracle and the fallback. The columns of a whole picture would take nine times the picture's
 * features. So they are made and multiplied in chunks of positions that fit a budget.
 */

#include "ops/kernels.h"

#include <string.h>

/* Bytes of workspace aimed at: large enough to keep a GEMM busy, small enough for any device. */
#define BUDGET (32u << 20)

static bool supports(const struct imp_caps *caps, int in, int out)
{
    (void)caps, (void)in, (void)out;
    return true;
}

static size_t packed_size(const struct imp_caps *caps, int in, int out)
{
    (void)caps;
    return (size_t)in * (size_t)out * 9 * sizeof(float);
}

/* (out, in, 3, 3) is the matrix A (out, in * 9) as it stands. */
static void pack(const struct imp_caps *caps, int in, int out, const float *weights, float *packed)
{
    memcpy(packed, weights, packed_size(caps, in, out));
}

/* Positions per chunk, a multiple of IMP_GEMM_ALIGN. */
static int chunk_of(const struct imp_caps *caps, int in, int out, int height, int width)
{
    const size_t budget = BUDGET < caps->max_allocation ? BUDGET : (size_t)caps->max_allocation;
    const size_t per_position = ((size_t)in * 9 + (size_t)out) * sizeof(float);
    const size_t span = (size_t)(height * (width + 2) - 2);
    size_t chunk = budget / per_position;
    if (chunk > span)
        chunk = span;
    chunk = (chunk + IMP_GEMM_ALIGN - 1) / IMP_GEMM_ALIGN * IMP_GEMM_ALIGN;
    return (int)chunk;
}

static size_t workspace_size(const struct imp_caps *caps, int in, int out, int height, int width)
{
    return ((size_t)in * 9 + (size_t)out) * (size_t)chunk_of(caps, in, out, height, width) *
           sizeof(float);
}

static enum impasto_status run(struct imp_device *device, const struct imp_conv *conv)
{
    const struct imp_tensor *x = &conv->x, *y = &conv->y;
    const int chunk =
        chunk_of(imp_device_caps(device), x->channels, y->channels, conv->rows, y->width);
    const int begin = conv->first * (y->width + 2);
    const int end = begin + conv->rows * (y->width + 2) - 2;
    const int rows = x->channels * 9;
    /* The product lies behind the columns in the workspace. */
    const size_t product_at = (size_t)rows * (size_t)chunk;
    const struct imp_buffer *aux = imp_conv_aux(conv);
    for (int first = begin; first < end; first += chunk) {
        const int count = end - first < chunk ? end - first : chunk;
        IMP_TRY(imp_program_launch(
            device, IMP_PROGRAM_IM2COL, "im2col",
            &(struct imp_launch){
                IMP_ARGS(imp_buf(x->buffer), imp_buf(conv->workspace), imp_int(x->channels),
                         imp_int(x->lanes), imp_int(x->height), imp_int(x->width), imp_int(first),
                         imp_int(count), imp_int(chunk)),
                .global = {(size_t)chunk, (size_t)x->channels},
                .bytes = imp_float_bytes(2.0 * rows * chunk),
                .label = conv->label,
            }));
        IMP_TRY(imp_gemm(device, conv->gemm,
                         &(struct imp_gemm_call){
                             .m = y->channels,
                             .n = count,
                             .k = rows,
                             .a = conv->weights,
                             .b = conv->workspace,
                             .c = conv->workspace,
                             .lda = rows,
                             .ldb = chunk,
                             .ldc = chunk,
                             .offset_c = product_at,
                             .label = conv->label,
                         }));
        IMP_TRY(imp_program_launch(
            device, IMP_PROGRAM_IM2COL, "unpack",
            &(struct imp_launch){
                IMP_ARGS(imp_buf(conv->workspace), imp_buf(y->buffer), imp_buf(aux),
                         imp_int(y->channels), imp_int(y->lanes), imp_int(y->height),
                         imp_int(y->width), imp_int(first), imp_int(count), imp_int(chunk),
                         imp_int((int)product_at), imp_int((int)conv->epilogue)),
                .global = {(size_t)count, (size_t)y->channels},
                .bytes = imp_float_bytes(3.0 * count * y->channels),
                .label = conv->label,
            }));
    }
    return IMPASTO_OK;
}

static const struct imp_conv_packing packing = {.size = packed_size, .pack = pack};

const struct imp_conv_algorithm imp_conv_im2col = {
    .name = "im2col",
    .summary = "im2col and a matrix product (see `gemm`)",
    .supports = supports,
    .packing = &packing,
    .bound = IMP_CONV_ROUNDING,
    .cost = imp_conv_products,
    .workspace_size = workspace_size,
    .run = run,
    .products = IMP_PRODUCTS_SINGLE,
};
