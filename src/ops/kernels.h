/* SPDX-License-Identifier: MIT */
#ifndef IMP_OPS_KERNELS_H
#define IMP_OPS_KERNELS_H

/* Inside the ops room: what its files share, beside what they offer. */

#include "cl/shared.h"
#include "ops/conv.h"

/* ---- programs.c ------------------------------------------------------------------------------ */

/* The small kernels that every job needs are one program with one set of macros. Returns COLUMNS,
 * the vectors or positions that a work-item does. */
#define IMP_SMALL_KERNELS "pointwise+pool+reduce+tv+adam+lbfgs+conv_first"
#define IMP_SMALL_MACROS 64
int imp_small_macros(const struct imp_device *device, char macros[IMP_SMALL_MACROS]);
/* Work-items for n vectors or positions, so many at a time. */
size_t imp_items(int n, int columns);

/* On CPUs: the products of the layers (Winograd's, with output tiles of this side), of Gram
 * matrices, and of their gradients (conv_direct with one tap). */
#define IMP_PRODUCT_MACROS 272 /* bytes */
#define IMP_PRODUCT_WINOGRAD 4
const char *imp_product_program(const struct imp_caps *caps, char macros[IMP_PRODUCT_MACROS]);

/* What a work-item of the direct and Winograd kernels computes: vectors of output channels (part of
 * their weights' layout) times positions. */
struct imp_conv_block {
    int vectors, positions;
};
struct imp_conv_block imp_conv_block(const struct imp_caps *caps);

/* Tiles of a chunk are a multiple of the unit; a work-item of the transforms does a run of them.
 * planar: for a GEMM over plain matrices, see cl/winograd.cl. m: side of an output tile. */
int imp_winograd_unit(const struct imp_caps *caps, bool planar);
int imp_winograd_run(const struct imp_caps *caps, bool planar);
void imp_winograd_macros(const struct imp_caps *caps, int m, bool planar, char *macros,
                         size_t size);

/* Whether tiles are a work-group's, of cl/tile.cl, instead of a work-item's. */
bool imp_gram_grouped(const struct imp_caps *caps);
/* Channels per side of a tile: a work-item's are two vectors. */
int imp_gram_tile(const struct imp_caps *caps);
const char *imp_gram_program(const struct imp_caps *caps, char macros[IMP_PRODUCT_MACROS]);
void imp_moments_macros(const struct imp_caps *caps, char macros[IMP_PRODUCT_MACROS]);

/* ---- tensor.c -------------------------------------------------------------------------------- */

int imp_tensor_blocks(const struct imp_tensor *tensor); /* of lanes, in one plane's channels */

/* Position p of a strip has weight p + this. */
int imp_positions_at(const struct imp_tensor *strip, const struct imp_window *window);

/* ---- conv_parts.c ---------------------------------------------------------------------------- */

/* A float32 sum of n products differs from the exact one by a few units of rounding, growing like
 * sqrt(n): measured below 6e-6 of the rms for n = 9 * 512. */
#define IMP_CONV_ROUNDING 1e-5

/* The cost of algorithms that do all of the products, with those of the halo. */
double imp_conv_products(const struct imp_caps *caps, int in, int out, int height, int width);
/* The buffer that an epilogue reads, for kernels that must be given one: bias, mask, or, where it
 * reads none, the input. */
const struct imp_buffer *imp_conv_aux(const struct imp_conv *conv);

/* A convolution with 3x3 taps or one, as the kernels that serve both are told of it. */
struct imp_conv_pass {
    int taps; /* 9 or 1 */
    const struct imp_tensor *x, *y;
    int first, rows; /* of y */
    const struct imp_buffer *weights, *aux;
    int flags; /* with 9 taps an enum imp_epilogue, with one POINTWISE_* of cl/shared.h */
    const struct imp_buffer *positions; /* with one tap; NULL with 9 */
    int positions_at;
    const char *label;
};
struct imp_conv_pass imp_conv_pass(const struct imp_conv *conv);
struct imp_conv_pass imp_pointwise_pass(const struct imp_pointwise *call);
double imp_conv_pass_flops(const struct imp_conv_pass *pass);

/* ---- conv_direct.c, conv_implicit.c ---------------------------------------------------------- */

enum impasto_status imp_conv_direct_pointwise(struct imp_device *device,
                                              const struct imp_pointwise *call);
enum impasto_status imp_conv_implicit_pointwise(struct imp_device *device,
                                                const struct imp_pointwise *call);
/* conv->workspace = conv->weights packed the other way around, and bytes for that. */
enum impasto_status imp_conv_reverse(struct imp_device *device, const struct imp_conv *conv);
size_t imp_conv_reverse_workspace(const struct imp_caps *caps, int in, int out, int height,
                                  int width);

/* ---- gemm_clblast.c -------------------------------------------------------------------------- */

enum impasto_status imp_gemm_clblast(struct imp_device *device, const struct imp_gemm_call *call);

#endif
