/* SPDX-License-Identifier: MIT */
#ifndef IMP_OPS_KERNELS_H
#define IMP_OPS_KERNELS_H

/* Inside the ops room: what its files share, beside what they offer. */

#include "cl/shared.h"
#include "ops/blocks.h"
#include "ops/conv.h"
#include "ops/map.h"

/* ---- programs.c ------------------------------------------------------------------------------ */

/* The programs of the room's kernels; programs.c has a row or more for each. */
enum imp_program {
    IMP_PROGRAM_SMALL, /* element by element, sums, steps, pooling: cheap to compile */
    IMP_PROGRAM_GRAM,
    IMP_PROGRAM_MEANS,
    IMP_PROGRAM_TEMPORAL,
    IMP_PROGRAM_BOUNDS,
    IMP_PROGRAM_EDGE,
    IMP_PROGRAM_DIRECT,
    IMP_PROGRAM_DIRECT_POINTWISE, /* with one tap */
    IMP_PROGRAM_IMPLICIT,
    IMP_PROGRAM_IMPLICIT_POINTWISE,
    IMP_PROGRAM_WINOGRAD4,
    IMP_PROGRAM_WINOGRAD4_HALF, /* with half and a quarter of the block's vectors */
    IMP_PROGRAM_WINOGRAD4_QUARTER,
    IMP_PROGRAM_WINOGRAD4X8,
    IMP_PROGRAM_WINOGRAD2,
    IMP_PROGRAM_PLANAR4, /* Winograd's transforms around a GEMM */
    IMP_PROGRAM_PLANAR4X8,
    IMP_PROGRAM_PLANAR2,
    IMP_PROGRAM_IM2COL,
    IMP_PROGRAM_MAPS, /* of style networks: margins, normalisation */
    IMP_PROGRAM_PLANAR_MAPS,
    IMP_PROGRAM_PLANAR_NORM, /* of networks whose last layer is normalised */
    IMP_PROGRAM_CONV_ANY,
    IMP_PROGRAM_CONV_NINE,
    IMP_PROGRAM_GEMM_VECTOR,
    IMP_PROGRAM_GEMM_TILED,
    IMP_PROGRAM_CLIP,
    IMP_PROGRAM_PIXELS,       /* of cameras and films; with macros for their format */
    IMP_PROGRAM_FEATURES,     /* of networks trained for films; maps held to earlier ones */
    IMP_PROGRAM_CONV_WEIGHTS, /* the gradient of any convolution's weights */
    IMP_PROGRAM_FLOW,
    IMP_PROGRAM_WARP,
    IMP_PROGRAM_ROWS, /* of bands */
    IMP_PROGRAM_TONE, /* of paintings with a share of a network's identity */
};

/* Bytes of a program's macros. */
#define IMP_MACROS 320
/* imp_launch of a program's function. Of launch->kernel only `macros` is read: what is to be
 * defined beside the program's own macros, or NULL. */
enum impasto_status imp_program_launch(struct imp_device *device, enum imp_program program,
                                       const char *function, const struct imp_launch *launch);

/* Work-items for n elements, so many at a time; of the small kernels. */
size_t imp_items(int n, int columns);
size_t imp_column_items(const struct imp_device *device, int n);

/* What a work-item of the direct and Winograd kernels computes: vectors of output channels (part of
 * their weights' layout) times positions. */
struct imp_conv_block {
    int vectors, positions;
};
struct imp_conv_block imp_conv_block(const struct imp_caps *caps);
/* The block for so many vectors of output channels: where the device's does not divide them, half
 * or a quarter of its vectors, and on CPUs as many more positions. */
struct imp_conv_block imp_conv_block_of(const struct imp_caps *caps, int vectors);

/* The same of conv_edge, whose weights are laid out for the block above. */
struct imp_conv_block imp_conv_edge_block(const struct imp_caps *caps);

/* What a work-item of gemm_vector computes: rows times vectors of so many lanes. */
struct imp_gemm_block {
    int lanes, rows, vectors;
};
struct imp_gemm_block imp_gemm_block(const struct imp_caps *caps);

/* Tiles of a chunk are a multiple of the unit; a work-item of the transforms does a run of them.
 * planar: for a GEMM over plain matrices, see cl/winograd.cl. */
int imp_winograd_unit(const struct imp_conv_block *block, bool planar);
int imp_winograd_run(const struct imp_caps *caps, int unit);

/* Vectors of local memory that a work-item of winograd_whole has for itself, on CPUs, where that is
 * a part of a core's own cache; 0: none. */
int imp_winograd_scratch(const struct imp_caps *caps);

/* Taps of a vector of weights that a work-item of conv_any_weights_sum does. */
int imp_conv_weights_columns(const struct imp_caps *caps);

/* Whether tiles are a work-group's, of cl/tile.cl, instead of a work-item's. */
bool imp_gram_grouped(const struct imp_caps *caps);
/* Channels per side of a tile: a work-item's are two vectors. */
int imp_gram_tile(const struct imp_caps *caps);

/* The five integers by which kernels know the rows that they compute: blocks, height, width, first,
 * rows. Of a tensor of these blocks of channels, so many rows from row `first` on. */
#define IMP_ROWS(blocks, tensor, first, rows)                                                      \
    imp_int(blocks), imp_int((tensor)->height), imp_int((tensor)->width), imp_int(first),          \
        imp_int(rows)

/* ---- tensor.c -------------------------------------------------------------------------------- */

int imp_tensor_blocks(const struct imp_tensor *tensor); /* of lanes, in one plane's channels */
/* Bytes of so many rows of all channels, for what a launch reads and writes. */
double imp_tensor_rows_bytes(const struct imp_tensor *tensor, int rows);
/* Bytes of n floats. */
double imp_float_bytes(double n);

/* Position p of a strip has weight p + this. */
int imp_positions_at(const struct imp_tensor *strip, const struct imp_window *window);

/* ---- blocks.c -------------------------------------------------------------------------------- */

/* The chunks of a window, as cl/fixed.cl has them. */
struct imp_chunks {
    int origin, from, to, total, block, blocks, length, per_block, first;
    bool begins;
    int count, complete; /* the last one may be cut */
};
struct imp_chunks imp_chunks_of(const struct imp_blocks *blocks, const struct imp_tensor *f,
                                const struct imp_window *window);
/* At most so many of a window of so many rows. */
size_t imp_chunks_most(const struct imp_blocks *blocks, int width, int rows);
/* The arguments by which kernels know them. */
#define IMP_CHUNKS(chunks)                                                                         \
    imp_int((chunks)->origin), imp_int((chunks)->from), imp_int((chunks)->to),                     \
        imp_int((chunks)->total), imp_int((chunks)->block), imp_int((chunks)->blocks),             \
        imp_int((chunks)->length), imp_int((chunks)->per_block), imp_int((chunks)->first),         \
        imp_int((chunks)->begins)

/* ---- map.c ----------------------------------------------------------------------------------- */

/* Pixels at each side of a map's picture: the inset and the halo. */
int imp_map_wide(const struct imp_map *map);
/* Bytes of so many rows of the picture, of all channels. */
double imp_map_rows_bytes(const struct imp_map *map, int rows);

/* ---- conv_parts.c ---------------------------------------------------------------------------- */

/* A float32 sum of n products differs from the exact one by a few units of rounding, which grow
 * like sqrt(n). For n = 9 * 512 it was measured below 6e-6 of the rms. */
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
/* Work-items along positions and vectors of output channels, and the work-group, or NULL. */
enum impasto_status imp_conv_pass_launch(struct imp_device *device,
                                         const struct imp_conv_pass *pass, enum imp_program program,
                                         const char *function, const size_t global[2],
                                         const size_t local[3]);

/* ---- conv_winograd.c --------------------------------------------------------------------------
 */

extern const struct imp_conv_algorithm imp_conv_winograd4;

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
