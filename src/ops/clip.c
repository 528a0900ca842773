/* SPDX-License-Identifier: MIT */
/* Gradients that are too long are shortened: cl/clip.cl. */

#include "ops/kernels.h"
#include "ops/step.h"
#include "ops/sums.h"

#include <math.h>

static enum impasto_status measure(struct imp_device *device, const struct imp_buffer *x, int n,
                                   struct imp_buffer *sums, double *norm)
{
    double squares;
    IMP_TRY(imp_program_launch(device, IMP_PROGRAM_CLIP, "clip_squares",
                               &(struct imp_launch){
                                   IMP_ARGS(imp_buf(x), imp_buf(sums), imp_int(n)),
                                   .global = {IMP_PARTS},
                                   .bytes = imp_float_bytes(n),
                               }));
    IMP_TRY(imp_sums_read(device, sums, 1, &squares));
    *norm = sqrt(squares);
    return IMPASTO_OK;
}

enum impasto_status imp_clip(struct imp_device *device, struct imp_buffer *x, int n, double most,
                             struct imp_buffer *sums, double *norm)
{
    IMP_TRY(measure(device, x, n, sums, norm));
    if (!isfinite(*norm) || *norm <= most)
        return IMPASTO_OK;
    return imp_program_launch(
        device, IMP_PROGRAM_CLIP, "clip_scale",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(x), imp_int(n), imp_float((float)(most / *norm))),
            .global = {imp_column_items(device, n)},
            .bytes = imp_float_bytes(2.0 * n),
        });
}
