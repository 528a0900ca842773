/* SPDX-License-Identifier: MIT */
/* Gradients that are shortened. */

#include "ops/step.h"
#include "ops/sums.h"
#include "selftest/check.h"

#include <math.h>
#include <stdlib.h>

#define ROUNDING 1e-6

/* most: of the norm. The floats begin uniform in [-1, 1), with one of them `odd` if that is not 0.
 */
static const struct clip {
    const char *name;
    int n;
    double most;
    float odd;
} clips[] = {
    {"shortened", 5000, 3, 0},  {"left", 5000, 1000, 0},  {"one float", 1, 1e-3, 0},
    {"with NaN", 1030, 3, NAN}, {"just over", 7, 1, 3},   {"infinite", 77, 3, INFINITY},
    {"tiny", 1, 1e-3, -1e-15f}, {"large", 300000, 10, 5},
};

static double norm_of(const float *x, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    return sqrt(sum);
}

/* How far the device's norm and floats are from what they should be. */
static double error_of(const struct clip *clip, const float *before, const float *after,
                       double norm)
{
    const double expected = norm_of(before, clip->n);
    const double factor = isfinite(expected) && expected > clip->most ? clip->most / expected : 1;
    double error = isfinite(expected) ? imp_check_relative(norm, expected)
                   : isfinite(norm)   ? INFINITY
                                      : 0;
    for (int i = 0; i < clip->n; i++) {
        const double wanted = factor * (double)before[i];
        if (isfinite(wanted))
            error = fmax(error, imp_check_apart((double)after[i], wanted));
        else if (isnan(wanted) ? !isnan(after[i]) : (double)after[i] != wanted)
            error = INFINITY;
    }
    return error;
}

static void check(struct imp_check_run *run, const struct clip *clip)
{
    const size_t n = (size_t)clip->n;
    float *before = imp_check_data(run, 0, n, false), *after = imp_check_data(run, 1, n, false);
    struct imp_buffer *x = NULL, *sums = NULL;
    double norm = NAN;
    if (before && clip->odd != 0)
        before[n / 2] = clip->odd;
    if (after && imp_check_buffer(run, &x, n, before) &&
        imp_check_buffer(run, &sums, IMP_PARTS, NULL) &&
        imp_check_ok(run, imp_clip(run->device, x, clip->n, clip->most, sums, &norm))) {
        float shares[IMP_PARTS];
        const double damage = fmax(imp_check_read_buffer(run, x, n, after),
                                   imp_check_read_buffer(run, sums, IMP_PARTS, shares));
        imp_check_end(run, fmax(damage, error_of(clip, before, after, norm)), ROUNDING);
    }
    imp_buffer_free(&x);
    imp_buffer_free(&sums);
    free(before);
    free(after);
}

void imp_check_clip(struct imp_check_run *run)
{
    const size_t count = imp_check_rows(run, 0, 5, IMP_COUNT(clips), IMP_COUNT(clips));
    for (size_t i = 0; i < count; i++)
        if (imp_check_begin(run, "clip %s", clips[i].name))
            check(run, &clips[i]);
}
