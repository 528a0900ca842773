/* SPDX-License-Identifier: MIT */
/*
 * The programs: which files of cl/ are compiled together, with which macros, and for whom.
 *
 * On CPUs a compiler takes 0.2 s before it has read a program's first line, and only compiles what
 * is launched. So what every painting needs is in few programs there: the small kernels, the
 * products, and Winograd's other tiles, whose macros differ. GPUs' compilers compile all that they
 * are given, so there each product has a program of its own. A program is built when the first of
 * its kernels is launched. So kernels that only some work needs get a row of their own, or every
 * start would pay for them.
 */

#include "ops/kernels.h"

#include <stdarg.h>
#include <string.h>

/* ---- What the macros say, and C files must know ---------------------------------------------- */

/* COLUMNS of the small kernels: elements of a work-item. Enough to amortise a work-group of one on
 * CPUs, one on GPUs. */
static int columns_of(const struct imp_caps *caps)
{
    return caps->cpu ? 1024 : 1;
}

size_t imp_items(int n, int columns)
{
    return ((size_t)n + (size_t)columns - 1) / (size_t)columns;
}

size_t imp_column_items(const struct imp_device *device, int n)
{
    return imp_items(n, columns_of(imp_device_caps(device)));
}

/*
 * The register block by vector width: vectors of output channels, and positions. The accumulators
 * must leave room for the weights and an input value. There are 32 registers with AVX-512 (VW = 16)
 * and 16 with AVX2 (VW = 8). On GPUs (VW = 4), 64 scalars per work-item keep occupancy up.
 */
static const struct {
    int lanes;
    struct imp_conv_block block;
} conv_blocks[] = {{16, {4, 6}}, {8, {2, 6}}, {4, {4, 4}}};

struct imp_conv_block imp_conv_block(const struct imp_caps *caps)
{
    if (caps->tuning.block_vectors)
        return (struct imp_conv_block){caps->tuning.block_vectors, caps->tuning.block_positions};
    for (size_t i = 0; i < IMP_COUNT(conv_blocks); i++)
        if (conv_blocks[i].lanes == caps->vector_width)
            return conv_blocks[i].block;
    return conv_blocks[IMP_COUNT(conv_blocks) - 1].block;
}

struct imp_conv_block imp_conv_block_of(const struct imp_caps *caps, int vectors)
{
    struct imp_conv_block block = imp_conv_block(caps);
    while (vectors % block.vectors != 0) {
        block.vectors /= 2;
        block.positions *= caps->cpu ? 2 : 1;
    }
    return block;
}

/* A picture's edge is short: GPUs need all of its positions and vectors to have enough to do. */
struct imp_conv_block imp_conv_edge_block(const struct imp_caps *caps)
{
    return caps->cpu ? imp_conv_block(caps) : (struct imp_conv_block){1, 1};
}

/* Register blocks of gemm_vector. rows * vectors accumulators, `vectors` of B and one of A must fit
 * 32 registers (VW 16) or 16. vectors * lanes divides IMP_GEMM_ALIGN. */
static const struct imp_gemm_block gemm_blocks[] = {{16, 6, 4}, {8, 6, 2}, {4, 6, 2}};

struct imp_gemm_block imp_gemm_block(const struct imp_caps *caps)
{
    for (size_t i = 0; i < IMP_COUNT(gemm_blocks); i++)
        if (gemm_blocks[i].lanes == caps->vector_width)
            return gemm_blocks[i];
    return gemm_blocks[IMP_COUNT(gemm_blocks) - 1];
}

/* Two slabs, as cl/tile.cl has them; bytes. */
static uint64_t slabs_size(int side)
{
    return 2 * (uint64_t)side * ((uint64_t)side + 1) * 4 * sizeof(float);
}

/* The kernels require the size of their work-group, so the compiler fits its registers to it. */
int imp_tile_side(const struct imp_caps *caps)
{
    int side = 16;
    while (side > 1 && ((size_t)side * (size_t)side > caps->max_work_group ||
                        (caps->local_memory > 0 && slabs_size(side) > caps->local_memory)))
        side /= 2;
    return side;
}

int imp_winograd_unit(const struct imp_conv_block *block, bool planar)
{
    return planar ? IMP_GEMM_ALIGN : block->positions;
}

int imp_winograd_run(const struct imp_caps *caps, int unit)
{
    return caps->cpu ? unit : 1;
}

int imp_winograd_scratch(const struct imp_caps *caps)
{
    return caps->cpu ? (int)(caps->local_memory / 8 * 5 / sizeof(float)) / caps->vector_width : 0;
}

int imp_conv_weights_columns(const struct imp_caps *caps)
{
    return caps->cpu ? 64 : 1;
}

bool imp_gram_grouped(const struct imp_caps *caps)
{
    return !caps->cpu && caps->vector_width == 4;
}

int imp_gram_tile(const struct imp_caps *caps)
{
    return imp_gram_grouped(caps) ? 4 * imp_tile_side(caps) : 2 * caps->vector_width;
}

/* Rows of a tile at a time. rows * 2 accumulators, 2 vectors and a scalar must fit the registers.
 * These are 32 with AVX-512 (16 lanes) and 16 with AVX2 (8 lanes). GPUs have more. */
static int gram_rows(const struct imp_caps *caps)
{
    return caps->vector_width == 8 ? 4 : 8;
}

/* ---- Macros ---------------------------------------------------------------------------------- */

static IMP_PRINTF(2, 3) void add(char *macros, const char *format, ...)
{
    const size_t used = strlen(macros);
    va_list args;
    va_start(args, format);
    vsnprintf(macros + used, IMP_MACROS - used, format, args);
    va_end(args);
}

static void lanes(const struct imp_caps *caps, char *macros)
{
    add(macros, "-DVW=%d", caps->vector_width);
}

static void any(const struct imp_caps *caps, char *macros)
{
    lanes(caps, macros);
    if (caps->cpu)
        add(macros, " -DGROUPS_FIRST");
}

static void shares(const struct imp_caps *caps, char *macros)
{
    if (caps->cpu)
        add(macros, " -DCONTIGUOUS_SHARES");
}

static void small(const struct imp_caps *caps, char *macros)
{
    lanes(caps, macros);
    add(macros, " -DCOLUMNS=%d", columns_of(caps));
    shares(caps, macros);
}

static void means(const struct imp_caps *caps, char *macros)
{
    lanes(caps, macros);
    add(macros, " -DCV=%d", imp_conv_block(caps).vectors);
    shares(caps, macros);
}

static void bounds(const struct imp_caps *caps, char *macros)
{
    small(caps, macros);
    add(macros, " -DCV=%d", imp_conv_block(caps).vectors);
}

static void block_of(const struct imp_caps *caps, char *macros, int vectors)
{
    const struct imp_conv_block size = imp_conv_block_of(caps, vectors);
    lanes(caps, macros);
    add(macros, " -DCV=%d -DTB=%d%s", size.vectors, size.positions, caps->cpu ? " -DAHEAD" : "");
}

static void edge(const struct imp_caps *caps, char *macros)
{
    const struct imp_conv_block size = imp_conv_edge_block(caps);
    lanes(caps, macros);
    add(macros, " -DCV=%d -DEV=%d -DEB=%d", imp_conv_block(caps).vectors, size.vectors,
        size.positions);
}

static void block(const struct imp_caps *caps, char *macros)
{
    block_of(caps, macros, imp_conv_block(caps).vectors);
}

/* For output channels of so many vectors. */
static void winograd(const struct imp_caps *caps, char *macros, int rows, int columns, bool planar,
                     int vectors)
{
    const struct imp_conv_block size = imp_conv_block_of(caps, vectors);
    block_of(caps, macros, vectors);
    add(macros, " -DMT=%d -DMW=%d -DRUN=%d%s", rows, columns,
        imp_winograd_run(caps, imp_winograd_unit(&size, planar)), planar ? " -DPLANAR" : "");
    if (!planar && imp_winograd_scratch(caps))
        add(macros, " -DSCRATCH=%d", imp_winograd_scratch(caps));
}

static void winograd4(const struct imp_caps *caps, char *macros)
{
    winograd(caps, macros, 4, 4, false, imp_conv_block(caps).vectors);
}

static void winograd4_half(const struct imp_caps *caps, char *macros)
{
    winograd(caps, macros, 4, 4, false, imp_conv_block(caps).vectors / 2);
}

static void winograd4_quarter(const struct imp_caps *caps, char *macros)
{
    winograd(caps, macros, 4, 4, false, imp_conv_block(caps).vectors / 4);
}

static void winograd2(const struct imp_caps *caps, char *macros)
{
    winograd(caps, macros, 2, 2, false, imp_conv_block(caps).vectors);
}

static void winograd4x8(const struct imp_caps *caps, char *macros)
{
    winograd(caps, macros, 4, 8, false, imp_conv_block(caps).vectors);
}

static void planar4x8(const struct imp_caps *caps, char *macros)
{
    winograd(caps, macros, 4, 8, true, imp_conv_block(caps).vectors);
}

static void planar4(const struct imp_caps *caps, char *macros)
{
    winograd(caps, macros, 4, 4, true, imp_conv_block(caps).vectors);
}

static void planar2(const struct imp_caps *caps, char *macros)
{
    winograd(caps, macros, 2, 2, true, imp_conv_block(caps).vectors);
}

static void gram_tiles(const struct imp_caps *caps, char *macros)
{
    add(macros, " -DGT=%d", imp_gram_tile(caps));
    if (imp_gram_grouped(caps))
        add(macros, " -DTS=%d", imp_tile_side(caps));
    else
        add(macros, " -DROWS=%d", gram_rows(caps));
    shares(caps, macros);
}

static void gram(const struct imp_caps *caps, char *macros)
{
    lanes(caps, macros);
    add(macros, " -DCV=%d", imp_conv_block(caps).vectors);
    gram_tiles(caps, macros);
}

static void products(const struct imp_caps *caps, char *macros)
{
    winograd4(caps, macros);
    add(macros, " -DTAPS=1");
    gram_tiles(caps, macros);
}

static void direct(const struct imp_caps *caps, char *macros)
{
    block(caps, macros);
    add(macros, " -DTAPS=9");
}

static void direct_pointwise(const struct imp_caps *caps, char *macros)
{
    block(caps, macros);
    add(macros, " -DTAPS=1");
}

static void implicit(const struct imp_caps *caps, char *macros)
{
    lanes(caps, macros);
    add(macros, " -DCV=%d -DTS=%d -DTAPS=9", imp_conv_block(caps).vectors, imp_tile_side(caps));
}

static void implicit_pointwise(const struct imp_caps *caps, char *macros)
{
    lanes(caps, macros);
    add(macros, " -DCV=%d -DTS=%d -DTAPS=1", imp_conv_block(caps).vectors, imp_tile_side(caps));
}

static void gemm_vector(const struct imp_caps *caps, char *macros)
{
    const struct imp_gemm_block size = imp_gemm_block(caps);
    add(macros, "-DVW=%d -DMR=%d -DNR=%d", size.lanes, size.rows, size.vectors);
}

static void gemm_tiled(const struct imp_caps *caps, char *macros)
{
    add(macros, "-DVW=1 -DTS=%d", imp_tile_side(caps));
}

static void planar_maps(const struct imp_caps *caps, char *macros)
{
    add(macros, "-DVW=1 -DCOLUMNS=%d", columns_of(caps));
}

static void conv_weights(const struct imp_caps *caps, char *macros)
{
    lanes(caps, macros);
    add(macros, " -DCOLUMNS=%d", imp_conv_weights_columns(caps));
    shares(caps, macros);
}

static void planes(const struct imp_caps *caps, char *macros)
{
    (void)caps;
    add(macros, "-DVW=1");
}

/* ---- The table ------------------------------------------------------------------------------- */

static bool is_cpu(const struct imp_caps *caps)
{
    return caps->cpu;
}

/* What every painting on a CPU multiplies with: layers, Gram matrices, and their gradients. */
#define PRODUCTS "winograd+fixed+gram+conv_direct"

/* clang-format off */
static const struct row {
    enum imp_program program;
    const char *files;                                    /* of cl/, in this order */
    void (*macros)(const struct imp_caps *, char *macros);
    bool (*suits)(const struct imp_caps *);               /* NULL: any device; the first row that does is taken */
} rows[] = {
    /* every painting */
    {IMP_PROGRAM_SMALL, "pointwise+pool+reduce+tv+adam+lbfgs+conv_first", small, NULL},
    {IMP_PROGRAM_GRAM, PRODUCTS, products, is_cpu},
    {IMP_PROGRAM_GRAM, "tile+fixed+gram", gram, imp_gram_grouped},
    {IMP_PROGRAM_GRAM, "fixed+gram", gram, NULL},
    {IMP_PROGRAM_DIRECT_POINTWISE, PRODUCTS, products, is_cpu},
    {IMP_PROGRAM_DIRECT_POINTWISE, "conv_direct", direct_pointwise, NULL},
    {IMP_PROGRAM_IMPLICIT_POINTWISE, "tile+conv_implicit", implicit_pointwise, NULL},
    /* paintings with losses of means and covariances */
    {IMP_PROGRAM_MEANS, "fixed+moments", means, NULL},
    /* films */
    {IMP_PROGRAM_TEMPORAL, "temporal", small, NULL},
    /* losses of networks in training */
    {IMP_PROGRAM_BOUNDS, "bounded+range+lattice+weave", bounds, NULL},
    /* and their gradients through reflected edges */
    {IMP_PROGRAM_EDGE, "conv_edge", edge, NULL},
    /* layers whose algorithm it is */
    {IMP_PROGRAM_DIRECT, "conv_direct", direct, NULL},
    {IMP_PROGRAM_IMPLICIT, "tile+conv_implicit", implicit, NULL},
    {IMP_PROGRAM_WINOGRAD4, PRODUCTS, products, is_cpu},
    {IMP_PROGRAM_WINOGRAD4, "winograd", winograd4, NULL},
    {IMP_PROGRAM_WINOGRAD4X8, "winograd", winograd4x8, NULL},
    {IMP_PROGRAM_WINOGRAD2, "winograd", winograd2, NULL},
    {IMP_PROGRAM_PLANAR4, "winograd", planar4, NULL},
    {IMP_PROGRAM_PLANAR4X8, "winograd", planar4x8, NULL},
    {IMP_PROGRAM_PLANAR2, "winograd", planar2, NULL},
    {IMP_PROGRAM_IM2COL, "im2col", planes, NULL},
    /* style networks */
    {IMP_PROGRAM_MAPS, "map+norm", small, NULL},
    {IMP_PROGRAM_PLANAR_MAPS, "map", planar_maps, NULL},
    {IMP_PROGRAM_PLANAR_NORM, "map+norm", planar_maps, NULL},
    {IMP_PROGRAM_CONV_ANY, "conv_any", any, NULL},
    {IMP_PROGRAM_CONV_NINE, "conv_nine", lanes, is_cpu},
    {IMP_PROGRAM_WINOGRAD4_HALF, "winograd", winograd4_half, NULL},
    {IMP_PROGRAM_WINOGRAD4_QUARTER, "winograd", winograd4_quarter, NULL},
    {IMP_PROGRAM_CLIP, "clip", small, NULL},
    {IMP_PROGRAM_PIXELS, "pixels", small, NULL},
    {IMP_PROGRAM_TONE, "tone", planar_maps, NULL},
    {IMP_PROGRAM_CONV_WEIGHTS, "conv_any_weights", conv_weights, NULL},
    {IMP_PROGRAM_FEATURES, "map+warp+features", small, NULL},
    /* films */
    {IMP_PROGRAM_FLOW, "flow+flow_frame+flow_patch+flow_refine+flow_field", small, NULL},
    {IMP_PROGRAM_WARP, "warp", small, NULL},
    /* pictures over several devices */
    {IMP_PROGRAM_ROWS, "rows", planes, NULL},
    /* algorithms of layers that multiply whole matrices */
    {IMP_PROGRAM_GEMM_VECTOR, "gemm", gemm_vector, NULL},
    {IMP_PROGRAM_GEMM_TILED, "tile+gemm", gemm_tiled, NULL},
};
/* clang-format on */

static const struct row *row_of(const struct imp_caps *caps, enum imp_program program)
{
    for (size_t i = 0; i < IMP_COUNT(rows); i++)
        if (rows[i].program == program && (!rows[i].suits || rows[i].suits(caps)))
            return &rows[i];
    return NULL;
}

enum impasto_status imp_program_launch(struct imp_device *device, enum imp_program program,
                                       const char *function, const struct imp_launch *launch)
{
    const struct imp_caps *caps = imp_device_caps(device);
    const struct row *row = row_of(caps, program);
    struct imp_launch whole = *launch;
    char macros[IMP_MACROS] = "";
    if (!row)
        return imp_device_fail(device, IMPASTO_ERROR_INTERNAL, "%s: no program has it", function);
    row->macros(caps, macros);
    if (launch->kernel.macros)
        add(macros, " %s", launch->kernel.macros);
    whole.kernel = (struct imp_kernel){row->files, function, macros};
    return imp_launch(device, &whole);
}
