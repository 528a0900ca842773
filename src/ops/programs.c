/* SPDX-License-Identifier: MIT */
/*
 * Which kernel files are one program. On CPUs a compiler takes 0.2 s before it has read a program's
 * first line, and compiles what is launched only; so there what every job needs is two programs,
 * the small kernels and the products. GPUs' compile whatever they are given, and have programs of
 * products by themselves.
 */

#include "ops/kernels.h"

#define PART (IMP_PRODUCT_MACROS / 2 - 8) /* bytes of one operation's macros among them */

static const char *reduce_macros(const struct imp_caps *caps)
{
    return caps->cpu ? " -DCONTIGUOUS_SHARES" : "";
}

/* Enough columns to amortise a work-group of one on CPUs, one on GPUs. */
int imp_small_macros(const struct imp_device *device, char macros[IMP_SMALL_MACROS])
{
    const struct imp_caps *caps = imp_device_caps(device);
    const int columns = caps->cpu ? 1024 : 1;
    snprintf(macros, IMP_SMALL_MACROS, "-DVW=%d -DCOLUMNS=%d%s", caps->vector_width, columns,
             reduce_macros(caps));
    return columns;
}

size_t imp_items(int n, int columns)
{
    return ((size_t)n + (size_t)columns - 1) / (size_t)columns;
}

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

/* ---- Winograd's ------------------------------------------------------------------------------ */

int imp_winograd_unit(const struct imp_caps *caps, bool planar)
{
    return planar ? IMP_GEMM_ALIGN : imp_conv_block(caps).positions;
}

int imp_winograd_run(const struct imp_caps *caps, bool planar)
{
    return caps->cpu ? imp_winograd_unit(caps, planar) : 1;
}

void imp_winograd_macros(const struct imp_caps *caps, int m, bool planar, char *macros, size_t size)
{
    const struct imp_conv_block block = imp_conv_block(caps);
    snprintf(macros, size, "-DVW=%d -DCV=%d -DTB=%d -DMT=%d -DRUN=%d%s", caps->vector_width,
             block.vectors, block.positions, m, imp_winograd_run(caps, planar),
             planar ? " -DPLANAR" : "");
}

/* ---- Gram matrices' -------------------------------------------------------------------------- */

bool imp_gram_grouped(const struct imp_caps *caps)
{
    return !caps->cpu && caps->vector_width == 4;
}

int imp_gram_tile(const struct imp_caps *caps)
{
    return imp_gram_grouped(caps) ? 4 * imp_tile_side(caps) : 2 * caps->vector_width;
}

/* Rows of a tile at a time: rows * 2 accumulators, 2 vectors and a scalar must fit the registers,
 * 32 with AVX-512 (16 lanes), 16 with AVX2 (8 lanes); GPUs have more. */
static int gram_rows(const struct imp_caps *caps)
{
    return caps->vector_width == 8 ? 4 : 8;
}

static void gram_macros(const struct imp_caps *caps, char macros[PART])
{
    char how[32];
    if (imp_gram_grouped(caps))
        snprintf(how, sizeof(how), "-DTS=%d", imp_tile_side(caps));
    else
        snprintf(how, sizeof(how), "-DROWS=%d", gram_rows(caps));
    snprintf(macros, PART, "-DGT=%d %s%s", imp_gram_tile(caps), how, reduce_macros(caps));
}

const char *imp_gram_program(const struct imp_caps *caps, char macros[IMP_PRODUCT_MACROS])
{
    char own[PART];
    if (caps->cpu)
        return imp_product_program(caps, macros);
    gram_macros(caps, own);
    snprintf(macros, IMP_PRODUCT_MACROS, "-DVW=%d -DCV=%d %s", caps->vector_width,
             imp_conv_block(caps).vectors, own);
    return imp_gram_grouped(caps) ? "tile+gram" : "gram";
}

void imp_moments_macros(const struct imp_caps *caps, char macros[IMP_PRODUCT_MACROS])
{
    snprintf(macros, IMP_PRODUCT_MACROS, "-DVW=%d -DCV=%d%s", caps->vector_width,
             imp_conv_block(caps).vectors, reduce_macros(caps));
}

/* ---- The products of CPUs -------------------------------------------------------------------- */

const char *imp_product_program(const struct imp_caps *caps, char macros[IMP_PRODUCT_MACROS])
{
    char winograd[PART], gram[PART];
    imp_winograd_macros(caps, IMP_PRODUCT_WINOGRAD, false, winograd, sizeof(winograd));
    gram_macros(caps, gram);
    snprintf(macros, IMP_PRODUCT_MACROS, "%s -DTAPS=1 %s", winograd, gram);
    return "winograd+gram+conv_direct";
}
