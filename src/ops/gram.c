/* SPDX-License-Identifier: MIT */
/* Gram matrices and their difference to a target: cl/gram.cl, cl/bounded.cl. Only the half on and
 * below the diagonal is computed, in tiles, with partial sums over chunks of positions, of which
 * cl/fixed.cl makes sums without an order. */

#include "ops/gram.h"
#include "ops/kernels.h"
#include "ops/sums.h"

_Static_assert(IMP_GRAM_WORDS == FIXED_WORDS, "gram.h does not know the sums");

static int pairs_of(const struct imp_caps *caps, int channels)
{
    const int tiles = channels / imp_gram_tile(caps);
    return tiles * (tiles + 1) / 2;
}

/* The entries of all tiles. */
size_t imp_gram_sums_count(const struct imp_caps *caps, int channels)
{
    const size_t tile = (size_t)imp_gram_tile(caps);
    return (size_t)pairs_of(caps, channels) * tile * tile;
}

int imp_gram_sums_layout(const struct imp_caps *caps)
{
    return imp_gram_tile(caps);
}

/* Tiles (0, 0), (1, 0), (1, 1), (2, 0) ..., row by row. */
size_t imp_gram_sums_place(const struct imp_caps *caps, int i, int j)
{
    const size_t tile = (size_t)imp_gram_tile(caps), row = (size_t)i, column = (size_t)j;
    const size_t ti = row / tile, tj = column / tile;
    if (tj > ti)
        return SIZE_MAX;
    return ((ti * (ti + 1) / 2 + tj) * tile + row % tile) * tile + column % tile;
}

size_t imp_gram_workspace(const struct imp_caps *caps, int channels, int rows, int width,
                          const struct imp_blocks *blocks)
{
    return imp_chunks_most(blocks, width, rows) * imp_gram_sums_count(caps, channels) *
           sizeof(float);
}

size_t imp_gram_sums_bytes(const struct imp_caps *caps, int channels)
{
    return (FIXED_WORDS + 1) * imp_gram_sums_count(caps, channels) * sizeof(float);
}

/* The chunks' partial sums. */
static enum impasto_status
add_partial(struct imp_device *device, const struct imp_tensor *f, const struct imp_window *window,
            const struct imp_chunks *chunks, const struct imp_buffer *positions,
            struct imp_buffer *workspace, struct imp_buffer *sums, const char *label)
{
    const struct imp_caps *caps = imp_device_caps(device);
    const int pairs = pairs_of(caps, f->channels);
    /* The last two only where there are weights. */
    const struct imp_arg args[] = {
        imp_buf(f->buffer), imp_buf(workspace),     imp_buf(sums),
        imp_int(pairs),     imp_int(chunks->count), imp_int(imp_tensor_plane(f)),
        IMP_CHUNKS(chunks), imp_buf(positions),     imp_int(imp_positions_at(f, window))};
    struct imp_launch launch = {
        .kernel.macros = positions ? "-DWEIGHTED" : NULL,
        .args = args,
        .arg_count = IMP_COUNT(args) - (positions ? 0 : 2),
        .global = {(size_t)pairs, (size_t)chunks->count},
        /* half of 2 C^2 M */
        .flops = (double)f->channels * f->channels * window->rows * f->width,
        .label = label,
    };
    if (imp_gram_grouped(caps)) {
        const size_t side = (size_t)imp_tile_side(caps);
        launch.global[0] *= side;
        launch.global[2] = launch.global[1];
        launch.global[1] = launch.local[0] = launch.local[1] = side;
        launch.local[2] = 1;
    }
    return imp_program_launch(device, IMP_PROGRAM_GRAM,
                              imp_gram_grouped(caps) ? "gram_tiled" : "gram_partial", &launch);
}

enum impasto_status imp_gram(struct imp_device *device, const struct imp_tensor *f,
                             const struct imp_window *window, const struct imp_blocks *blocks,
                             const struct imp_buffer *positions, struct imp_buffer *workspace,
                             struct imp_buffer *sums, const char *label)
{
    const struct imp_caps *caps = imp_device_caps(device);
    const struct imp_chunks chunks = imp_chunks_of(blocks, f, window);
    IMP_TRY(add_partial(device, f, window, &chunks, positions, workspace, sums, label));
    const double words = (double)imp_gram_sums_bytes(caps, f->channels);
    return imp_program_launch(
        device, IMP_PROGRAM_GRAM, "gram_sum",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(workspace), imp_buf(sums), imp_int(pairs_of(caps, f->channels)),
                     imp_int(chunks.count), imp_int(chunks.complete), imp_int(chunks.begins)),
            .global = {(size_t)imp_gram_tile(caps), (size_t)pairs_of(caps, f->channels)},
            .bytes = words + chunks.complete * words / (FIXED_WORDS + 1),
            .label = label,
        });
}

enum impasto_status imp_gram_finish(struct imp_device *device, const struct imp_buffer *sums,
                                    int channels, double elements, struct imp_buffer *gram)
{
    const struct imp_caps *caps = imp_device_caps(device);
    const int pairs = pairs_of(caps, channels);
    return imp_program_launch(device, IMP_PROGRAM_GRAM, "gram_finish",
                              &(struct imp_launch){
                                  IMP_ARGS(imp_buf(sums), imp_buf(gram), imp_int(pairs),
                                           imp_int(channels), imp_float((float)(1 / elements))),
                                  .global = {(size_t)imp_gram_tile(caps), (size_t)pairs},
                                  .bytes = (double)imp_gram_sums_bytes(caps, channels) +
                                           imp_float_bytes((double)channels * channels),
                              });
}

enum impasto_status imp_gram_difference(struct imp_device *device, const struct imp_buffer *gram,
                                        const struct imp_buffer *target, int channels, float factor,
                                        struct imp_buffer *difference, struct imp_buffer *sums,
                                        int sums_slot)
{
    return imp_program_launch(
        device, IMP_PROGRAM_GRAM, "gram_difference",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(gram), imp_buf(target), imp_buf(difference), imp_buf(sums),
                     imp_int(sums_slot * IMP_PARTS), imp_int(channels), imp_float(factor)),
            .global = {IMP_PARTS},
            .bytes = imp_float_bytes(3.0 * channels * channels),
        });
}

enum impasto_status imp_gram_bounded(struct imp_device *device, const struct imp_buffer *gram,
                                     const struct imp_buffer *target, int channels, double energy,
                                     float factor, struct imp_buffer *difference,
                                     struct imp_buffer *sums, const int sums_slots[2],
                                     struct imp_buffer *factors)
{
    const int apart_at = sums_slots[0] * IMP_PARTS, energy_at = sums_slots[1] * IMP_PARTS;
    const double matrix = imp_float_bytes((double)channels * channels);
    IMP_TRY(imp_program_launch(
        device, IMP_PROGRAM_BOUNDS, "bounded_sums",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(gram), imp_buf(target), imp_buf(sums), imp_int(apart_at),
                     imp_int(energy_at), imp_int(channels * channels)),
            .global = {IMP_PARTS},
            .bytes = 2 * matrix,
        }));
    IMP_TRY(imp_program_launch(
        device, IMP_PROGRAM_BOUNDS, "bounded_factors",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(sums), imp_buf(factors), imp_int(apart_at), imp_int(energy_at),
                     imp_float((float)energy), imp_float(factor)),
            .global = {1},
            .bytes = imp_float_bytes(2.0 * IMP_PARTS),
        }));
    return imp_program_launch(device, IMP_PROGRAM_BOUNDS, "bounded_difference",
                              &(struct imp_launch){
                                  IMP_ARGS(imp_buf(gram), imp_buf(target), imp_buf(difference),
                                           imp_buf(factors), imp_int(channels)),
                                  .global = {IMP_PARTS},
                                  .bytes = 3 * matrix,
                              });
}
