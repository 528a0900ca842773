/* SPDX-License-Identifier: MIT */
/* Means of channels beside their second moments: cl/moments.cl. */

#include "ops/gram.h"
#include "ops/kernels.h"
#include "ops/sums.h"

#define PROGRAM "moments"

enum impasto_status imp_mean(struct imp_device *device, const struct imp_tensor *f,
                             const struct imp_window *window, const struct imp_buffer *positions,
                             double mass, struct imp_buffer *workspace, struct imp_buffer *mean,
                             const char *label)
{
    const int blocks = imp_tensor_blocks(f), pitch = f->width + 2;
    const int chunks = (window->rows * pitch + GRAM_CHUNK - 1) / GRAM_CHUNK;
    char macros[IMP_PRODUCT_MACROS];
    imp_moments_macros(imp_device_caps(device), macros);
    IMP_TRY(imp_launch(
        device,
        &(struct imp_launch){
            .kernel = {PROGRAM, "mean_partial", macros},
            IMP_ARGS(imp_buf(f->buffer), imp_buf(workspace), imp_int(blocks), imp_int(chunks),
                     imp_int(imp_tensor_plane(f)), imp_int((window->first + 1) * pitch),
                     imp_int((window->first + window->rows + 1) * pitch),
                     imp_buf(positions ? positions : f->buffer),
                     imp_int(imp_positions_at(f, window)), imp_int(!!positions)),
            .global = {(size_t)blocks, (size_t)chunks},
            .label = label,
        }));
    return imp_launch(
        device, &(struct imp_launch){
                    .kernel = {PROGRAM, "mean_sum", macros},
                    IMP_ARGS(imp_buf(workspace), imp_buf(mean), imp_int(blocks), imp_int(chunks),
                             imp_float((float)(1 / mass)), imp_int(!window->begins)),
                    .global = {(size_t)blocks},
                    .label = label,
                });
}

enum impasto_status imp_centre(struct imp_device *device, struct imp_buffer *gram,
                               const struct imp_buffer *mean, int channels)
{
    char macros[IMP_PRODUCT_MACROS];
    imp_moments_macros(imp_device_caps(device), macros);
    return imp_launch(device, &(struct imp_launch){
                                  .kernel = {PROGRAM, "centre", macros},
                                  IMP_ARGS(imp_buf(gram), imp_buf(mean), imp_int(channels)),
                                  .global = {(size_t)channels, (size_t)channels},
                              });
}

enum impasto_status imp_mean_difference(struct imp_device *device, const struct imp_buffer *mean,
                                        const struct imp_buffer *target,
                                        const struct imp_buffer *difference, int channels,
                                        float factor, struct imp_buffer *bias,
                                        struct imp_buffer *sums, int sums_slot)
{
    char macros[IMP_PRODUCT_MACROS];
    imp_moments_macros(imp_device_caps(device), macros);
    IMP_TRY(imp_launch(device, &(struct imp_launch){
                                   .kernel = {PROGRAM, "mean_difference", macros},
                                   IMP_ARGS(imp_buf(mean), imp_buf(target), imp_buf(sums),
                                            imp_int(sums_slot * IMP_PARTS), imp_int(channels)),
                                   .global = {IMP_PARTS},
                               }));
    return imp_launch(device, &(struct imp_launch){
                                  .kernel = {PROGRAM, "mean_bias", macros},
                                  IMP_ARGS(imp_buf(mean), imp_buf(target), imp_buf(difference),
                                           imp_buf(bias), imp_int(channels), imp_float(factor)),
                                  .global = {(size_t)channels},
                              });
}
