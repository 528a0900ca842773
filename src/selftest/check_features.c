/* SPDX-License-Identifier: MIT */
/* Maps of features carried along a flow, and held against earlier ones. */

#include "ops/features.h"
#include "ops/sums.h"
#include "selftest/check_map.h"

#include <math.h>
#include <stdlib.h>

#define ROUNDING 3e-6

/* far: flows in [-far, far) pixels. wide: of the maps, and of the gradient. */
static const struct shape {
    int channels, height, width, wide, grad_wide;
    float far;
} shapes[] = {
    {16, 17, 23, 1, 1, 2}, {8, 5, 9, 3, 1, 20}, {64, 4, 3, 2, 4, 0}, {32, 33, 40, 1, 2, 3}};

struct trial {
    struct imp_check_run *run;
    const struct shape *s;
    size_t n, floats; /* pixels; floats of a map, margins and further channels included */
    float *earlier, *x, *g, *flow, *weight, *found;
    struct imp_map earlier_map, target_map, x_map, g_map;
    struct imp_buffer *flow_buffer, *weight_buffer, *sums;
};

static struct imp_map map_of(const struct trial *t, int margin)
{
    const int lanes = imp_device_caps(t->run->device)->vector_width;
    return imp_map_of(t->s->channels, t->s->height, t->s->width, margin, lanes);
}

static bool open_trial(struct trial *t, struct imp_check_run *run, const struct shape *s)
{
    *t = (struct trial){.run = run, .s = s, .n = (size_t)(s->height * s->width)};
    t->earlier_map = t->target_map = t->x_map = map_of(t, s->wide);
    t->g_map = map_of(t, s->grad_wide);
    t->floats = imp_check_map_floats(&t->x_map);
    const size_t g_floats = imp_check_map_floats(&t->g_map);
    t->earlier = imp_check_data(run, 0, t->floats, false);
    t->x = imp_check_data(run, 1, t->floats, false);
    t->g = imp_check_data(run, 2, g_floats, false);
    t->flow = imp_check_data(run, 3, 2 * t->n, false);
    t->weight = imp_check_data(run, 4, t->n, true);
    t->found = imp_check_data(run, 5, t->floats + g_floats, false);
    for (size_t i = 0; t->flow && i < 2 * t->n; i++)
        t->flow[i] *= s->far;
    return !run->broken && imp_check_map(run, &t->earlier_map, t->earlier) &&
           imp_check_map(run, &t->target_map, NULL) && imp_check_map(run, &t->x_map, t->x) &&
           imp_check_map(run, &t->g_map, t->g) &&
           imp_check_buffer(run, &t->flow_buffer, 2 * t->n, t->flow) &&
           imp_check_buffer(run, &t->weight_buffer, t->n, t->weight) &&
           imp_check_buffer(run, &t->sums, 2 * (size_t)IMP_PARTS, NULL);
}

static void close_trial(struct trial *t)
{
    struct imp_buffer **const buffers[] = {&t->earlier_map.tensor.buffer,
                                           &t->target_map.tensor.buffer,
                                           &t->x_map.tensor.buffer,
                                           &t->g_map.tensor.buffer,
                                           &t->flow_buffer,
                                           &t->weight_buffer,
                                           &t->sums};
    for (size_t i = 0; i < IMP_COUNT(buffers); i++)
        imp_buffer_free(buffers[i]);
    free(t->earlier);
    free(t->x);
    free(t->g);
    free(t->flow);
    free(t->weight);
    free(t->found);
}

static bool is_inside(const struct imp_map *map, int y, int x)
{
    return y >= 0 && y < imp_map_height(map) && x >= 0 && x < imp_map_width(map);
}

/* The target where it is a picture; its margins must be as they were, not a number. */
static double warp_error(const struct trial *t)
{
    const struct imp_map *map = &t->target_map;
    const int wide = t->s->wide, pitch = map->tensor.width + 2;
    double error = imp_check_read_map(t->run, map, t->found);
    for (int c = 0; c < map->tensor.channels; c++)
        for (int y = -wide; y < t->s->height + wide; y++)
            for (int x = -wide; x < t->s->width + wide; x++) {
                const float value = t->found[imp_check_map_at(map, c, y, x)];
                if (!is_inside(map, y, x)) {
                    error = isnan(value) ? error : INFINITY;
                    continue;
                }
                const size_t at = (size_t)(y * t->s->width + x);
                const double expected = imp_ref_sample(
                    t->earlier + imp_check_map_at(map, c, 0, 0), pitch, t->s->height, t->s->width,
                    y + (double)t->flow[t->n + at], x + (double)t->flow[at]);
                error = fmax(error, imp_check_apart((double)value, expected));
            }
    return error;
}

/* With the target that was read: both sums, and the gradient, each over its largest part. */
static double loss_error(const struct trial *t, float factor)
{
    const struct imp_map *map = &t->target_map, *g_map = &t->g_map;
    float *g = t->found + t->floats;
    double sums[2] = {0}, totals[2], error = imp_check_read_map(t->run, g_map, g);
    for (int c = 0; c < g_map->tensor.channels; c++)
        for (int y = -t->s->grad_wide; y < t->s->height + t->s->grad_wide; y++)
            for (int x = -t->s->grad_wide; x < t->s->width + t->s->grad_wide; x++) {
                const size_t at = imp_check_map_at(g_map, c, y, x);
                double expected = (double)t->g[at];
                if (is_inside(map, y, x)) {
                    const size_t from = imp_check_map_at(map, c, y, x);
                    const double weight = (double)t->weight[y * t->s->width + x];
                    const double target = (double)t->found[from];
                    const double apart = (double)t->x[from] - target;
                    sums[0] += weight * apart * apart;
                    sums[1] += weight * target * target;
                    expected += (double)factor * weight * apart;
                }
                error = fmax(error, imp_check_apart((double)g[at], expected));
            }
    if (!imp_check_ok(t->run, imp_sums_read(t->run->device, t->sums, 2, totals)))
        return INFINITY;
    for (int i = 0; i < 2; i++)
        error = fmax(error, imp_check_relative(totals[i], sums[i]));
    return error;
}

static void check(struct imp_check_run *run, const struct shape *s)
{
    const float factor = 0.75F;
    struct trial t;
    if (open_trial(&t, run, s) &&
        imp_check_ok(
            run, imp_features_warp(run->device, &t.earlier_map, t.flow_buffer, &t.target_map)) &&
        imp_check_ok(run, imp_features_sum(run->device, &t.x_map, &t.target_map, t.weight_buffer,
                                           t.sums, 0)) &&
        imp_check_ok(run, imp_features_backward(run->device, &t.x_map, &t.target_map,
                                                t.weight_buffer, factor, &t.g_map))) {
        const double warped = warp_error(&t);
        imp_check_end(run, fmax(warped, loss_error(&t, factor)), ROUNDING);
    }
    close_trial(&t);
}

void imp_check_features(struct imp_check_run *run)
{
    const size_t count = imp_check_rows(run, 0, 1, 2, IMP_COUNT(shapes));
    for (size_t i = 0; i < count; i++)
        if (imp_check_begin(run, "maps held of %d at %dx%d", shapes[i].channels, shapes[i].width,
                            shapes[i].height))
            check(run, &shapes[i]);
}
