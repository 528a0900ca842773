/* SPDX-License-Identifier: MIT */
/* How far a picture is from another one where that counts. */

#include "ops/sums.h"
#include "selftest/check.h"

#include <math.h>
#include <stdlib.h>

#define ROUNDING 1e-6

/* Weights from 0 to 1, half of them 0. */
static void check_temporal(struct imp_check_run *run, int n)
{
    const size_t plane = (size_t)n, count = 3 * plane;
    const float factor = 2.5F;
    struct imp_buffer *x = NULL, *target = NULL, *weight = NULL, *sums = NULL, *gradient = NULL;
    if (!imp_check_begin(run, "temporal of %d", n))
        return;
    float *values = imp_check_data(run, 1, count, false), *to = imp_check_data(run, 2, count, true);
    float *weights = imp_check_data(run, 3, plane, true);
    float *found = imp_check_data(run, 4, count, false);
    double *wide = imp_check_widen(run, values, count), *aim = imp_check_widen(run, to, count);
    double *counts = imp_check_widen(run, weights, plane);
    double *expected = imp_check_widen(run, found, count);
    if (!run->broken && imp_check_buffer(run, &x, count, values) &&
        imp_check_buffer(run, &target, count, to) &&
        imp_check_buffer(run, &weight, plane, weights) &&
        imp_check_buffer(run, &sums, IMP_PARTS, NULL) &&
        imp_check_buffer(run, &gradient, count, found) &&
        imp_check_ok(run, imp_temporal_sum(run->device, x, target, weight, n, sums, 0)) &&
        imp_check_ok(run,
                     imp_temporal_backward(run->device, x, target, weight, n, gradient, factor))) {
        const double loss = imp_ref_temporal(n, wide, aim, counts, (double)factor, expected);
        imp_check_end(run, imp_check_loss(run, sums, loss, gradient, expected, count), ROUNDING);
    }
    imp_buffer_free(&x);
    imp_buffer_free(&target);
    imp_buffer_free(&weight);
    imp_buffer_free(&sums);
    imp_buffer_free(&gradient);
    free(values);
    free(to);
    free(weights);
    free(found);
    free(wide);
    free(aim);
    free(counts);
    free(expected);
}

void imp_check_temporal(struct imp_check_run *run)
{
    static const int counts[] = {17 * 19, 5, 128 * 131};
    const size_t most = imp_check_rows(run, 0, 1, 2, IMP_COUNT(counts));
    for (size_t i = 0; i < most; i++)
        check_temporal(run, counts[i]);
}
