/* SPDX-License-Identifier: MIT */
/* Gram matrices and their difference to a target: cl/gram.cl. Only the half on and below the
 * diagonal is computed, in tiles, with partial sums over chunks of positions in a fixed order. */

#include "ops/ops.h"

/* Positions per partial sum: short enough that single precision loses nothing that matters, long
 * enough that the partial sums stay small beside the features. */
#define CHUNK 2048

/* Whether tiles are a work-group's, of cl/tile.cl, instead of a work-item's. */
static bool grouped(const struct imp_caps *caps)
{
    return !caps->cpu && caps->vector_width == 4;
}

/* Channels per side of a tile: a work-item's are two vectors. */
static int tile_of(const struct imp_caps *caps)
{
    return grouped(caps) ? 4 * imp_tile_side(caps) : 2 * caps->vector_width;
}

/* Rows of a tile at a time: rows * 2 accumulators, 2 vectors and a scalar must fit the registers,
 * 32 with AVX-512 (16 lanes), 16 with AVX2 (8 lanes); GPUs have more. */
static int rows_of(const struct imp_caps *caps)
{
    return caps->vector_width == 8 ? 4 : 8;
}

static int pairs_of(const struct imp_caps *caps, int channels)
{
    const int tiles = channels / tile_of(caps);
    return tiles * (tiles + 1) / 2;
}

static int chunks_of(int rows, int width)
{
    return (rows * (width + 2) + CHUNK - 1) / CHUNK;
}

size_t imp_gram_workspace(const struct imp_caps *caps, int channels, int rows, int width)
{
    const size_t tile = (size_t)tile_of(caps);
    return (size_t)pairs_of(caps, channels) * (size_t)chunks_of(rows, width) * tile * tile *
           sizeof(float);
}

/* Positions of a strip: its 4 vectors of channels by positions are 32 KiB with AVX-512, an
 * innermost cache; elsewhere less. */
#define STRIP 128

void imp_gram_macros(const struct imp_caps *caps, char macros[IMP_PRODUCT_PART])
{
    char how[32];
    if (grouped(caps))
        snprintf(how, sizeof(how), "-DTS=%d", imp_tile_side(caps));
    else
        snprintf(how, sizeof(how), "-DROWS=%d -DSTRIP=%d", rows_of(caps), STRIP);
    snprintf(macros, IMP_PRODUCT_PART, "-DGT=%d -DCHUNK=%d %s%s", tile_of(caps), CHUNK, how,
             imp_reduce_macros(caps));
}

static const char *program_of(const struct imp_caps *caps, char macros[IMP_PRODUCT_MACROS])
{
    char own[IMP_PRODUCT_PART];
    if (caps->cpu)
        return imp_product_program(caps, macros);
    imp_gram_macros(caps, own);
    snprintf(macros, IMP_PRODUCT_MACROS, "-DVW=%d -DCV=%d %s", caps->vector_width,
             imp_conv_block(caps).vectors, own);
    return grouped(caps) ? "tile+gram" : "gram";
}

size_t imp_positions_bytes(int height, int width)
{
    return imp_tensor_bytes(1, height, width, 1);
}

int imp_positions_at(const struct imp_tensor *strip, const struct imp_window *window)
{
    return (window->at - window->first) * (strip->width + 2);
}

enum impasto_status imp_gram(struct imp_device *device, const struct imp_tensor *f,
                             const struct imp_window *window, const struct imp_buffer *positions,
                             double elements, struct imp_buffer *workspace,
                             struct imp_buffer *gram, const char *label)
{
    const struct imp_caps *caps = imp_device_caps(device);
    const int pairs = pairs_of(caps, f->channels), chunks = chunks_of(window->rows, f->width);
    const int pitch = f->width + 2;
    char macros[IMP_PRODUCT_MACROS], weighted[IMP_PRODUCT_MACROS + sizeof(" -DWEIGHTED")];
    const char *const program = program_of(caps, macros);
    snprintf(weighted, sizeof(weighted), "%s%s", macros, positions ? " -DWEIGHTED" : "");
    /* The last two only where there are weights. */
    const struct imp_arg args[] = {imp_buf(f->buffer),
                                   imp_buf(workspace),
                                   imp_int(pairs),
                                   imp_int(chunks),
                                   imp_int(imp_tensor_plane(f)),
                                   imp_int((window->first + 1) * pitch),
                                   imp_int((window->first + window->rows + 1) * pitch),
                                   imp_buf(positions),
                                   imp_int(imp_positions_at(f, window))};
    struct imp_launch launch = {
        .kernel = {program, "gram_partial", weighted},
        .args = args,
        .arg_count = IMP_COUNT(args) - (positions ? 0 : 2),
        .global = {(size_t)pairs, (size_t)chunks},
        /* half of 2 C^2 M */
        .flops = (double)f->channels * f->channels * window->rows * f->width,
        .label = label,
    };
    if (grouped(caps)) {
        const size_t side = (size_t)imp_tile_side(caps);
        launch.kernel.function = "gram_tiled";
        launch.global[0] *= side;
        launch.global[2] = launch.global[1];
        launch.global[1] = launch.local[0] = launch.local[1] = side;
        launch.local[2] = 1;
    }
    IMP_TRY(imp_launch(device, &launch));
    return imp_launch(device,
                      &(struct imp_launch){
                          .kernel = {program, "gram_sum", macros},
                          IMP_ARGS(imp_buf(workspace), imp_buf(gram), imp_int(pairs),
                                   imp_int(chunks), imp_int(f->channels),
                                   imp_float((float)(1 / elements)), imp_int(!window->begins)),
                          .global = {(size_t)tile_of(caps), (size_t)pairs},
                          .label = label,
                      });
}

enum impasto_status imp_gram_difference(struct imp_device *device, const struct imp_buffer *gram,
                                        const struct imp_buffer *target, int channels, float factor,
                                        struct imp_buffer *difference, struct imp_buffer *sums,
                                        int sums_slot)
{
    const struct imp_caps *caps = imp_device_caps(device);
    char macros[IMP_PRODUCT_MACROS];
    const char *const program = program_of(caps, macros);
    return imp_launch(
        device, &(struct imp_launch){
                    .kernel = {program, "gram_difference", macros},
                    IMP_ARGS(imp_buf(gram), imp_buf(target), imp_buf(difference), imp_buf(sums),
                             imp_int(sums_slot * IMP_PARTS), imp_int(channels), imp_float(factor)),
                    .global = {IMP_PARTS},
                });
}
