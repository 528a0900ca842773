/* SPDX-License-Identifier: MIT */
/* Means of channels beside their second moments: cl/moments.cl. */

#include "ops/gram.h"
#include "ops/kernels.h"
#include "ops/sums.h"

enum impasto_status imp_mean(struct imp_device *device, const struct imp_tensor *f,
                             const struct imp_window *window, const struct imp_buffer *positions,
                             double mass, struct imp_buffer *workspace, struct imp_buffer *mean,
                             const char *label)
{
    const int blocks = imp_tensor_blocks(f), pitch = f->width + 2;
    const int chunks = (window->rows * pitch + GRAM_CHUNK - 1) / GRAM_CHUNK;
    IMP_TRY(imp_program_launch(
        device, IMP_PROGRAM_MEANS, "mean_partial",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(f->buffer), imp_buf(workspace), imp_int(blocks), imp_int(chunks),
                     imp_int(imp_tensor_plane(f)), imp_int((window->first + 1) * pitch),
                     imp_int((window->first + window->rows + 1) * pitch),
                     imp_buf(positions ? positions : f->buffer),
                     imp_int(imp_positions_at(f, window)), imp_int(!!positions)),
            .global = {(size_t)blocks, (size_t)chunks},
            .bytes = imp_tensor_rows_bytes(f, window->rows),
            .label = label,
        }));
    return imp_program_launch(
        device, IMP_PROGRAM_MEANS, "mean_sum",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(workspace), imp_buf(mean), imp_int(blocks), imp_int(chunks),
                     imp_float((float)(1 / mass)), imp_int(!window->begins)),
            .global = {(size_t)blocks},
            .bytes = imp_float_bytes((double)chunks * f->channels),
            .label = label,
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
