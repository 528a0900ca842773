/* SPDX-License-Identifier: MIT */
/* Means of channels beside their second moments: cl/moments.cl. */

#include "ops/gram.h"
#include "ops/kernels.h"
#include "ops/sums.h"

size_t imp_mean_sums_bytes(int channels)
{
    return (FIXED_WORDS + 1) * (size_t)channels * sizeof(float);
}

enum impasto_status imp_mean(struct imp_device *device, const struct imp_tensor *f,
                             const struct imp_window *window, const struct imp_blocks *blocks,
                             const struct imp_buffer *positions, struct imp_buffer *workspace,
                             struct imp_buffer *sums, const char *label)
{
    const int vectors = imp_tensor_blocks(f);
    const struct imp_chunks chunks = imp_chunks_of(blocks, f, window);
    IMP_TRY(imp_program_launch(
        device, IMP_PROGRAM_MEANS, "mean_partial",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(f->buffer), imp_buf(workspace), imp_buf(sums), imp_int(vectors),
                     imp_int(chunks.count), imp_int(imp_tensor_plane(f)), IMP_CHUNKS(&chunks),
                     imp_buf(positions ? positions : f->buffer),
                     imp_int(imp_positions_at(f, window)), imp_int(!!positions)),
            .global = {(size_t)vectors, (size_t)chunks.count},
            .bytes = imp_tensor_rows_bytes(f, window->rows),
            .label = label,
        }));
    return imp_program_launch(
        device, IMP_PROGRAM_MEANS, "mean_sum",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(workspace), imp_buf(sums), imp_int(vectors), imp_int(chunks.count),
                     imp_int(chunks.complete), imp_int(chunks.begins)),
            .global = {(size_t)vectors},
            .bytes = imp_float_bytes((double)(chunks.complete + FIXED_WORDS) * f->channels),
            .label = label,
        });
}

enum impasto_status imp_mean_finish(struct imp_device *device, const struct imp_buffer *sums,
                                    int channels, double mass, struct imp_buffer *mean)
{
    const int vectors = channels / imp_device_caps(device)->vector_width;
    return imp_program_launch(
        device, IMP_PROGRAM_MEANS, "mean_finish",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(sums), imp_buf(mean), imp_int(vectors), imp_float((float)(1 / mass))),
            .global = {(size_t)vectors},
            .bytes = imp_float_bytes((FIXED_WORDS + 1.0) * channels),
        });
}

enum impasto_status imp_centre(struct imp_device *device, struct imp_buffer *gram,
                               const struct imp_buffer *mean, int channels)
{
    return imp_program_launch(device, IMP_PROGRAM_MEANS, "centre",
                              &(struct imp_launch){
                                  IMP_ARGS(imp_buf(gram), imp_buf(mean), imp_int(channels)),
                                  .global = {(size_t)channels, (size_t)channels},
                                  .bytes = imp_float_bytes(2.0 * channels * channels),
                              });
}

enum impasto_status imp_mean_difference(struct imp_device *device, const struct imp_buffer *mean,
                                        const struct imp_buffer *target,
                                        const struct imp_buffer *difference, int channels,
                                        float factor, struct imp_buffer *bias,
                                        struct imp_buffer *sums, int sums_slot)
{
    IMP_TRY(imp_program_launch(device, IMP_PROGRAM_MEANS, "mean_difference",
                               &(struct imp_launch){
                                   IMP_ARGS(imp_buf(mean), imp_buf(target), imp_buf(sums),
                                            imp_int(sums_slot * IMP_PARTS), imp_int(channels)),
                                   .global = {IMP_PARTS},
                                   .bytes = imp_float_bytes(2.0 * channels),
                               }));
    return imp_program_launch(device, IMP_PROGRAM_MEANS, "mean_bias",
                              &(struct imp_launch){
                                  IMP_ARGS(imp_buf(mean), imp_buf(target), imp_buf(difference),
                                           imp_buf(bias), imp_int(channels), imp_float(factor)),
                                  .global = {(size_t)channels},
                                  .bytes = imp_float_bytes((double)channels * channels),
                              });
}
