/* SPDX-License-Identifier: MIT */
/* Pooling and the way back, odd edges and ties included. */

#include "ops/pool.h"
#include "selftest/check.h"

#include <math.h>
#include <stdlib.h>

static const struct shape {
    int height, width;
} shapes[] = {{2, 2}, {5, 7}, {6, 9}, {3, 2}, {2, 3}, {16, 16}, {17, 131}, {130, 5}};
#define CHANNELS 64

/* Values on a coarse grid make ties. Maxima and routes are exact, means are rounded twice. */
static float coarse(float v)
{
    return floorf(v * 4) / 4;
}

static void check_forward(struct imp_check_run *run, const struct shape *s, bool average)
{
    const int h = s->height / 2, w = s->width / 2;
    const size_t large = (size_t)(CHANNELS * s->height * s->width);
    const size_t small = (size_t)(CHANNELS * h * w);
    const int lanes = imp_device_caps(run->device)->vector_width;
    float *x = imp_check_data(run, 0, large, true), *found = imp_check_data(run, 1, small, true);
    double *wide = imp_check_widen(run, x, large), *expected = imp_check_doubles(run, small);
    struct imp_tensor from = {0}, to = {0};
    const struct imp_window whole = {.rows = s->height};
    if (!run->broken && imp_check_tensor(run, &from, CHANNELS, s->height, s->width, lanes, x) &&
        imp_check_tensor(run, &to, CHANNELS, h, w, lanes, NULL) &&
        imp_check_ok(run, imp_pool_forward(run->device, &from, &whole, &to, average, NULL))) {
        const double damage = imp_check_read(run, &to, found);
        imp_ref_pool(CHANNELS, s->height, s->width, average, wide, expected);
        imp_check_end(run, fmax(damage, imp_check_error(found, expected, small)),
                      average ? 1e-6 : 0);
    }
    imp_buffer_free(&from.buffer);
    imp_buffer_free(&to.buffer);
    free(x);
    free(found);
    free(wide);
    free(expected);
}

/* by_route: not by x, but by what the forward pass has left. */
static void check_backward(struct imp_check_run *run, const struct shape *s, bool average,
                           bool accumulate, bool by_route)
{
    const int h = s->height / 2, w = s->width / 2;
    const size_t large = (size_t)(CHANNELS * s->height * s->width);
    const size_t small = (size_t)(CHANNELS * h * w);
    const int lanes = imp_device_caps(run->device)->vector_width;
    float *x = imp_check_data(run, 0, large, true), *gy = imp_check_data(run, 1, small, false);
    float *before = imp_check_data(run, 2, large, false);
    float *found = imp_check_data(run, 3, large, false);
    for (size_t i = 0; !run->broken && i < large; i++)
        x[i] = coarse(x[i]);
    double *wide = imp_check_widen(run, x, large), *wide_gy = imp_check_widen(run, gy, small);
    double *expected = imp_check_doubles(run, large);
    struct imp_tensor activation = {0}, pooled = {0}, g = {0}, y = {0};
    struct imp_buffer *route = NULL;
    const struct imp_window whole = {.rows = s->height};
    if (!run->broken &&
        imp_check_tensor(run, &activation, CHANNELS, s->height, s->width, lanes, x) &&
        imp_check_tensor(run, &pooled, CHANNELS, h, w, lanes, gy) &&
        imp_check_tensor(run, &g, CHANNELS, s->height, s->width, lanes,
                         accumulate ? before : NULL) &&
        (!by_route ||
         (imp_check_tensor(run, &y, CHANNELS, h, w, lanes, NULL) &&
          imp_check_buffer(run, &route, imp_pool_route_bytes(&y) / sizeof(float) + 1, NULL) &&
          imp_check_ok(run,
                       imp_pool_forward(run->device, &activation, &whole, &y, average, route)))) &&
        imp_check_ok(run, by_route ? imp_pool_backward_route(run->device, route,
                                                             accumulate ? &activation : NULL,
                                                             &whole, &pooled, &g, average)
                                   : imp_pool_backward(run->device, &activation, &whole, &pooled,
                                                       &g, average, accumulate))) {
        const double damage = imp_check_read(run, &g, found);
        imp_ref_pool_backward(CHANNELS, s->height, s->width, average, wide, wide_gy, expected);
        for (size_t i = 0; i < large; i++)
            expected[i] = x[i] > 0 ? expected[i] + (accumulate ? (double)before[i] : 0) : 0;
        imp_check_end(run, fmax(damage, imp_check_error(found, expected, large)),
                      average || accumulate ? 1e-6 : 0);
    }
    imp_buffer_free(&activation.buffer);
    imp_buffer_free(&pooled.buffer);
    imp_buffer_free(&g.buffer);
    imp_buffer_free(&y.buffer);
    imp_buffer_free(&route);
    free(x);
    free(gy);
    free(before);
    free(found);
    free(wide);
    free(wide_gy);
    free(expected);
}

void imp_check_pool(struct imp_check_run *run)
{
    static const char *const kinds[2] = {"max", "average"};
    const size_t count = imp_check_rows(run, 0, 3, 5, IMP_COUNT(shapes));
    for (int average = 0; average < 2; average++)
        for (size_t i = 0; i < count; i++) {
            const struct shape *s = &shapes[i];
            if (imp_check_begin(run, "pool %s forward %dx%d", kinds[average], s->height, s->width))
                check_forward(run, s, average);
            if (imp_check_begin(run, "pool %s backward %dx%d", kinds[average], s->height, s->width))
                check_backward(run, s, average, false, false);
            if (imp_check_begin(run, "pool %s backward %dx%d accumulate", kinds[average], s->height,
                                s->width))
                check_backward(run, s, average, true, false);
            if (imp_check_begin(run, "pool %s backward %dx%d by route", kinds[average], s->height,
                                s->width))
                check_backward(run, s, average, false, true);
            if (imp_check_begin(run, "pool %s backward %dx%d by route, accumulate", kinds[average],
                                s->height, s->width))
                check_backward(run, s, average, true, true);
        }
}
