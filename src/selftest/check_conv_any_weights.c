/* SPDX-License-Identifier: MIT */
/* The gradient of weights and bias of every kind of layer that a style network has. */

#include "ops/conv_any.h"
#include "selftest/check_map.h"

#include <math.h>
#include <stdlib.h>

/* As in check_conv.c; sums of up to 2048 products in a row, then of their sums. */
#define BOUND 1e-5

/* x is height x width. */
struct layer {
    struct imp_conv_shape shape;
    int height, width;
    bool bias;
};

/* In the order in which the levels take them: 6, 14, all. Channels that are no multiple of the
 * lanes, grids smaller than a share and larger than one. */
static const struct layer layers[] = {
    {{3, 8, 5, 1, false}, 4, 4, false},
    {{8, 8, 3, 1, false}, 4, 4, false},
    {{8, 16, 3, 2, false}, 4, 6, false},
    {{16, 8, 3, 1, true}, 2, 3, false},
    {{8, 3, 5, 1, false}, 4, 4, true},
    {{5, 7, 3, 1, false}, 3, 5, true},
    /* for users */
    {{8, 3, 3, 1, false}, 1, 7, true},
    {{3, 16, 9, 1, false}, 20, 36, false},
    {{16, 32, 3, 2, false}, 20, 36, false},
    {{32, 64, 3, 2, false}, 8, 12, false},
    {{64, 64, 3, 1, false}, 8, 12, false},
    {{64, 32, 3, 1, true}, 8, 12, false},
    {{32, 16, 3, 1, true}, 10, 18, false},
    {{16, 3, 9, 1, false}, 20, 36, true},
    /* for the test suites */
    {{64, 64, 3, 1, false}, 20, 36, true},
    {{8, 8, 1, 1, false}, 8, 12, false},
    {{16, 24, 5, 1, false}, 5, 9, false},
    {{24, 16, 7, 1, false}, 9, 5, false},
    {{16, 16, 9, 1, false}, 4, 4, false},
    {{40, 8, 9, 1, false}, 7, 11, false},
    {{3, 32, 3, 1, false}, 8, 12, false},
    {{3, 8, 7, 2, false}, 8, 12, true},
    {{3, 64, 5, 1, false}, 1, 1, false},
    {{3, 8, 1, 1, false}, 4, 4, false},
    {{64, 3, 5, 1, false}, 8, 12, true},
    {{32, 3, 7, 1, false}, 6, 70, true},
    {{8, 3, 1, 1, false}, 4, 4, false},
    {{1, 2, 3, 1, false}, 1, 1, true},
    {{8, 16, 3, 1, true}, 1, 1, true},
    {{33, 17, 3, 1, true}, 5, 3, false},
    {{17, 33, 3, 2, false}, 2, 2, false},
    {{8, 16, 5, 2, false}, 6, 10, false},
    {{8, 8, 3, 1, false}, 70, 100, true},
    {{8, 8, 3, 1, true}, 50, 70, false},
    {{3, 8, 9, 1, false}, 3, 2200, false},
    {{8, 3, 9, 1, false}, 90, 50, true},
};

/* A map on both sides; planes as imp_check_map_at counts. */
struct side {
    struct imp_map map;
    float *planes;
};

/* One check's data on both sides. */
struct problem {
    char name[64];
    struct side x, y;
    size_t weights, floats, at, bias_at; /* of the flat array of gradients */
    size_t scratch;                      /* floats of workspace */
    float *before, *found, *again;
    double *expected;
    struct imp_buffer *gradient, *workspace;
};

static double at(const struct side *side, int channel, int row, int column)
{
    return (double)side->planes[imp_check_map_at(&side->map, channel, row, column)];
}

/* ---- The reference --------------------------------------------------------------------------- */

/* The row or column of x that one of y meets with a row or column of taps. */
static int met(const struct imp_conv_shape *shape, int y, int tap)
{
    const int from = y * shape->stride + tap - shape->size / 2;
    return !shape->upsample ? from : (from + 2) / 2 - 1;
}

static double weight_gradient(const struct imp_conv_shape *shape, const struct problem *p, int out,
                              int in, int tap)
{
    const int row_tap = tap / shape->size, column_tap = tap % shape->size;
    double sum = 0;
    for (int row = 0; row < imp_map_height(&p->y.map); row++)
        for (int column = 0; column < imp_map_width(&p->y.map); column++)
            sum += at(&p->y, out, row, column) *
                   at(&p->x, in, met(shape, row, row_tap), met(shape, column, column_tap));
    return sum;
}

static double bias_gradient(const struct problem *p, int out)
{
    double sum = 0;
    for (int row = 0; row < imp_map_height(&p->y.map); row++)
        for (int column = 0; column < imp_map_width(&p->y.map); column++)
            sum += at(&p->y, out, row, column);
    return sum;
}

static void add_reference(const struct layer *layer, struct problem *p)
{
    const struct imp_conv_shape *s = &layer->shape;
    const int taps = s->size * s->size;
    for (int out = 0; out < s->out; out++)
        for (int in = 0; in < s->in; in++)
            for (int tap = 0; tap < taps; tap++)
                p->expected[p->at + (size_t)((out * s->in + in) * taps + tap)] +=
                    weight_gradient(s, p, out, in, tap);
    for (int out = 0; layer->bias && out < s->out; out++)
        p->expected[p->bias_at + (size_t)out] += bias_gradient(p, out);
}

/* ---- On the device --------------------------------------------------------------------------- */

/* Random numbers in a map of `wide` pixels around the picture. Those further out than `margin` are
 * `beyond`, and channels that are padding are zero. */
static bool fill(struct imp_check_run *run, uint32_t stream, int channels, int margin, float beyond,
                 struct side *side)
{
    const struct imp_map *map = &side->map;
    const int height = imp_map_height(map), width = imp_map_width(map), wide = map->inset + 1;
    side->planes = imp_check_data(run, stream, imp_check_map_floats(map), false);
    for (int c = 0; side->planes && c < map->tensor.channels; c++)
        for (int y = -wide; y < height + wide; y++)
            for (int x = -wide; x < width + wide; x++) {
                float *place = &side->planes[imp_check_map_at(map, c, y, x)];
                if (y < -margin || y >= height + margin || x < -margin || x >= width + margin)
                    *place = beyond;
                else if (c >= channels)
                    *place = 0;
            }
    return side->planes && imp_check_map(run, &side->map, side->planes);
}

static bool prepare(struct imp_check_run *run, const struct layer *layer, struct problem *p)
{
    const struct imp_caps *caps = imp_device_caps(run->device);
    const struct imp_conv_shape *s = &layer->shape;
    const int factor = s->upsample ? 2 : 1, lanes = caps->vector_width;
    const int margin = s->upsample ? 1 : s->size / 2;
    const int height = layer->height * factor / s->stride;
    const int width = layer->width * factor / s->stride;
    *p = (struct problem){
        /* wider than what is read */
        .x.map = imp_map_of(s->in, layer->height, layer->width, margin + 1, s->in == 3 ? 1 : lanes),
        .y.map = imp_map_of(s->out, height, width, 3, s->out == 3 ? 1 : lanes),
        .weights = (size_t)(s->out * s->in * s->size * s->size),
        .at = 5};
    snprintf(p->name, sizeof(p->name), "gradient of weights %d>%d %dx%d%s%s @ %dx%d", s->in, s->out,
             s->size, s->size, s->stride == 2 ? " /2" : "", s->upsample ? " x2" : "", layer->height,
             layer->width);
    p->bias_at = p->at + p->weights + 3;
    p->floats = p->bias_at + (size_t)s->out + 7;
    p->before = imp_check_data(run, 2, p->floats, false);
    p->found = imp_check_data(run, 3, p->floats, false);
    p->again = imp_check_data(run, 4, p->floats, false);
    p->expected = imp_check_widen(run, p->before, p->floats);
    p->scratch =
        imp_conv_any_weights_workspace(caps, s, layer->height, layer->width) / sizeof(float);
    return p->expected && fill(run, 0, s->in, margin, NAN, &p->x) &&
           fill(run, 1, s->out, 0, 0, &p->y) &&
           imp_check_buffer(run, &p->gradient, p->floats, p->before) &&
           imp_check_buffer(run, &p->workspace, p->scratch, NULL);
}

static void release(struct problem *p)
{
    imp_buffer_free(&p->x.map.tensor.buffer);
    imp_buffer_free(&p->y.map.tensor.buffer);
    imp_buffer_free(&p->gradient);
    imp_buffer_free(&p->workspace);
    free(p->x.planes);
    free(p->y.planes);
    free(p->before);
    free(p->found);
    free(p->again);
    free(p->expected);
}

/* INFINITY where floats that are no gradient of this layer have changed. */
static double strays(const struct layer *layer, const struct problem *p)
{
    const size_t out = layer->bias ? (size_t)layer->shape.out : 0;
    for (size_t i = 0; i < p->floats; i++) {
        const bool ours =
            (i >= p->at && i < p->at + p->weights) || (i >= p->bias_at && i < p->bias_at + out);
        if (!ours && p->found[i] != p->before[i])
            return INFINITY;
    }
    return 0;
}

/* INFINITY where the workspace's end has been written over. */
static double workspace_damage(struct imp_check_run *run, const struct problem *p)
{
    float *sums = imp_check_data(run, 5, p->scratch, false);
    const double damage =
        sums ? imp_check_read_buffer(run, p->workspace, p->scratch, sums) : INFINITY;
    free(sums);
    return damage;
}

/* Adds to the gradient as it was before; INFINITY where a guard zone has been written to. */
static double run_on_device(struct imp_check_run *run, const struct layer *layer,
                            const struct problem *p, float *found)
{
    const struct imp_conv_any_weights call = {.shape = layer->shape,
                                              .x = p->x.map,
                                              .y_gradient = p->y.map,
                                              .gradient = p->gradient,
                                              .at = p->at,
                                              .bias_at = layer->bias ? (long)p->bias_at : -1,
                                              .workspace = p->workspace,
                                              .label = "check"};
    if (!imp_check_ok(run,
                      imp_buffer_write(p->gradient, 0, p->before, p->floats * sizeof(float))) ||
        !imp_check_ok(run, imp_conv_any_weights(run->device, &call)))
        return INFINITY;
    const double damage = imp_check_read_buffer(run, p->gradient, p->floats, found);
    return fmax(damage, workspace_damage(run, p));
}

/* The second time, the bits must be the same. */
static void check(struct imp_check_run *run, const struct layer *layer, struct problem *p)
{
    if (!imp_check_begin(run, "%s", p->name))
        return;
    double error =
        fmax(run_on_device(run, layer, p, p->found), run_on_device(run, layer, p, p->again));
    error = fmax(error, strays(layer, p));
    if (imp_check_differing(p->found, p->again, p->floats) > 0)
        error = INFINITY;
    add_reference(layer, p);
    imp_check_end(run, fmax(error, imp_check_error(p->found, p->expected, p->floats)), BOUND);
}

void imp_check_conv_any_weights(struct imp_check_run *run)
{
    const size_t count = imp_check_rows(run, 0, 6, 14, IMP_COUNT(layers));
    for (size_t i = 0; i < count; i++) {
        struct problem p;
        if (prepare(run, &layers[i], &p))
            check(run, &layers[i], &p);
        release(&p);
    }
}
