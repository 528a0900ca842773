/* SPDX-License-Identifier: MIT */
/* One step of Adam on the device: cl/adam.cl. */

#include "ops/kernels.h"
#include "ops/step.h"

#include <math.h>

enum impasto_status imp_adam_step(struct imp_device *device, const struct imp_adam *adam,
                                  struct imp_buffer *x, const struct imp_buffer *gradient,
                                  struct imp_buffer *moment1, struct imp_buffer *moment2, int n)
{
    const double correction1 = 1 / (1 - pow((double)adam->beta1, adam->step));
    const double correction2 = 1 / sqrt(1 - pow((double)adam->beta2, adam->step));
    return imp_program_launch(
        device, IMP_PROGRAM_SMALL, "adam",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(x), imp_buf(gradient), imp_buf(moment1), imp_buf(moment2),
                     imp_int(adam->at), imp_int(n), imp_float(adam->learning_rate),
                     imp_float(adam->beta1), imp_float(adam->beta2), imp_float(adam->epsilon),
                     imp_float((float)correction1), imp_float((float)correction2),
                     imp_float(adam->bounds.low), imp_float(adam->bounds.high)),
            .global = {imp_column_items(device, n)},
            .bytes = imp_float_bytes(7.0 * n),
        });
}
