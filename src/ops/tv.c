/* SPDX-License-Identifier: MIT */
/* Total variation of a picture and its gradient: cl/tv.cl. */

#include "ops/element.h"
#include "ops/kernels.h"
#include "ops/sums.h"

/* One over the number of differences along x and along y. */
static void inverse_counts(int height, int width, float *inverse_x, float *inverse_y)
{
    *inverse_x = (float)(1.0 / (3.0 * height * (width - 1)));
    *inverse_y = (float)(1.0 / (3.0 * (height - 1) * width));
}

enum impasto_status imp_tv_sum(struct imp_device *device, const struct imp_buffer *image,
                               int height, int width, struct imp_buffer *sums, int sums_slot)
{
    float inverse_x, inverse_y;
    inverse_counts(height, width, &inverse_x, &inverse_y);
    char macros[IMP_SMALL_MACROS];
    imp_small_macros(device, macros);
    return imp_launch(
        device,
        &(struct imp_launch){
            .kernel = {IMP_SMALL_KERNELS, "tv_sum", macros},
            IMP_ARGS(imp_buf(image), imp_buf(sums), imp_int(sums_slot * IMP_PARTS), imp_int(height),
                     imp_int(width), imp_float(inverse_x), imp_float(inverse_y)),
            .global = {IMP_PARTS},
        });
}

enum impasto_status imp_tv_backward(struct imp_device *device, const struct imp_buffer *image,
                                    int height, int width, struct imp_buffer *gradient,
                                    float factor)
{
    float inverse_x, inverse_y;
    inverse_counts(height, width, &inverse_x, &inverse_y);
    char macros[IMP_SMALL_MACROS];
    const int columns = imp_small_macros(device, macros);
    return imp_launch(
        device, &(struct imp_launch){
                    .kernel = {IMP_SMALL_KERNELS, "tv_bwd", macros},
                    IMP_ARGS(imp_buf(image), imp_buf(gradient), imp_int(height), imp_int(width),
                             imp_float(inverse_x), imp_float(inverse_y), imp_float(factor)),
                    .global = {(size_t)((width + columns - 1) / columns), (size_t)height, 3},
                });
}
