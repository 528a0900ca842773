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

/* The image as a band of itself. */
static struct imp_beside whole(const struct imp_buffer *image, int height)
{
    return (struct imp_beside){.height = height, .rows = image};
}

enum impasto_status imp_tv_sum(struct imp_device *device, const struct imp_buffer *image,
                               int height, int width, const struct imp_beside *beside,
                               struct imp_buffer *sums, int sums_slot)
{
    float inverse_x, inverse_y;
    const struct imp_beside by = beside ? *beside : whole(image, height);
    const struct imp_blocks all = imp_blocks_of(by.height, 0);
    const struct imp_blocks blocks = imp_blocks_within(&all, by.begin, height);
    inverse_counts(by.height, width, &inverse_x, &inverse_y);
    return imp_program_launch(
        device, IMP_PROGRAM_SMALL, "tv_sum",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(image), imp_buf(sums), imp_int(sums_slot * IMP_PARTS), imp_int(height),
                     imp_int(width), imp_float(inverse_x), imp_float(inverse_y),
                     imp_int(blocks.rows), imp_int(blocks.count), imp_int(blocks.shares),
                     imp_buf(by.rows), imp_int(by.begin + height < by.height)),
            .global = {IMP_PARTS},
            .bytes = imp_float_bytes(3.0 * height * width),
        });
}

enum impasto_status imp_tv_backward(struct imp_device *device, const struct imp_buffer *image,
                                    int height, int width, const struct imp_beside *beside,
                                    struct imp_buffer *gradient, float factor)
{
    float inverse_x, inverse_y;
    const struct imp_beside by = beside ? *beside : whole(image, height);
    inverse_counts(by.height, width, &inverse_x, &inverse_y);
    return imp_program_launch(
        device, IMP_PROGRAM_SMALL, "tv_bwd",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(image), imp_buf(gradient), imp_int(height), imp_int(width),
                     imp_float(inverse_x), imp_float(inverse_y), imp_float(factor),
                     imp_buf(by.rows), imp_int(by.begin > 0),
                     imp_int(by.begin + height < by.height)),
            .global = {imp_column_items(device, width), (size_t)height, 3},
            .bytes = imp_float_bytes(3.0 * 3 * height * width),
        });
}
