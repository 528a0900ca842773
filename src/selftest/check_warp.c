/* SPDX-License-Identifier: MIT */
/* Pictures carried along a flow, beyond their edges too. */

#include "ops/warp.h"
#include "selftest/check.h"

#include <math.h>
#include <stdlib.h>

#define ROUNDING 3e-6

/* far: flows in [-far, far) pixels. odd: one vector's u, where it is not 0. */
static const struct warp {
    const char *name;
    int planes, height, width;
    float far, odd;
} warps[] = {
    {"near", 3, 17, 23, 2, 0},       {"one pixel", 3, 1, 1, 3, 0},
    {"still", 3, 5, 9, 0, 0},        {"one row", 1, 1, 19, 7, 0},
    {"with NaN", 3, 8, 5, 1, NAN},   {"infinite", 2, 4, 6, 1, INFINITY},
    {"far beyond", 3, 5, 3, 900, 0}, {"huge", 2, 7, 7, 2, -3e38f},
    {"large", 3, 67, 1030, 30, 0},
};

static void expect(const struct warp *warp, const float *picture, const float *flow,
                   double *expected)
{
    const int h = warp->height, w = warp->width, plane = h * w;
    for (int at = 0; at < plane; at++) {
        const double x = at % w + (double)flow[at], y = at / w + (double)flow[plane + at];
        for (int k = 0; k < warp->planes; k++)
            expected[k * plane + at] =
                isfinite(flow[at]) ? imp_ref_sample(picture + k * plane, w, h, w, y, x) : NAN;
    }
}

/* The largest difference, and infinity where one of both is NaN. */
static double error_of(const float *found, const double *expected, size_t n)
{
    double error = 0;
    for (size_t i = 0; i < n; i++)
        if (isnan(found[i]) != isnan(expected[i]))
            error = INFINITY;
        else if (!isnan(found[i]))
            error = fmax(error, fabs((double)found[i] - expected[i]));
    return error;
}

static void check(struct imp_check_run *run, const struct warp *warp)
{
    const size_t plane = (size_t)(warp->height * warp->width), n = plane * (size_t)warp->planes;
    float *picture = imp_check_data(run, 0, n, false),
          *flow = imp_check_data(run, 1, 2 * plane, false);
    float *found = imp_check_data(run, 2, n, false);
    double *expected = imp_check_doubles(run, n);
    struct imp_buffer *from = NULL, *along = NULL, *to = NULL;
    for (size_t i = 0; flow && i < 2 * plane; i++)
        flow[i] *= warp->far;
    if (flow && warp->odd != 0)
        flow[plane / 2] = warp->odd;
    if (!run->broken && imp_check_buffer(run, &from, n, picture) &&
        imp_check_buffer(run, &along, 2 * plane, flow) && imp_check_buffer(run, &to, n, NULL) &&
        imp_check_ok(
            run, imp_warp(run->device, from, warp->planes, warp->height, warp->width, along, to))) {
        const double damage = imp_check_read_buffer(run, to, n, found);
        expect(warp, picture, flow, expected);
        imp_check_end(run, fmax(damage, error_of(found, expected, n)), ROUNDING);
    }
    imp_buffer_free(&from);
    imp_buffer_free(&along);
    imp_buffer_free(&to);
    free(picture);
    free(flow);
    free(found);
    free(expected);
}

void imp_check_warp(struct imp_check_run *run)
{
    const size_t count = imp_check_rows(run, 0, 8, IMP_COUNT(warps), IMP_COUNT(warps));
    for (size_t i = 0; i < count; i++)
        if (imp_check_begin(run, "warp %s", warps[i].name))
            check(run, &warps[i]);
}
