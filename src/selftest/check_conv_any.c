/* SPDX-License-Identifier: MIT */
/* The convolutions of style networks, forwards and backwards, on awkward shapes. */

#include "ops/conv_any.h"
#include "selftest/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* height, width: of the input's picture. more: how much wider margins are than they need be. */
struct shape {
    struct imp_conv_shape conv;
    int height, width, more;
};

/* In the order in which the levels take them: 8, 16, all. */
static const struct shape shapes[] = {
    {{3, 8, 9, 1, false}, 3, 4, 0},     {{8, 3, 9, 1, false}, 3, 4, 0},
    {{3, 8, 5, 1, false}, 4, 4, 0},     {{8, 16, 3, 2, false}, 4, 6, 0},
    {{16, 8, 3, 1, true}, 2, 3, 0},     {{8, 3, 5, 1, false}, 3, 6, 0},
    {{16, 16, 3, 1, false}, 4, 5, 0},   {{32, 32, 3, 1, false}, 4, 4, 0},
    {{3, 16, 9, 1, false}, 8, 12, 0},   {{16, 32, 3, 2, false}, 8, 12, 0},
    {{64, 32, 3, 1, true}, 5, 9, 0},    {{16, 3, 9, 1, false}, 8, 28, 0},
    {{64, 64, 3, 1, false}, 9, 5, 0},   {{8, 16, 3, 2, false}, 20, 36, 1},
    {{32, 32, 3, 1, false}, 8, 31, 1},  {{32, 16, 3, 1, true}, 1, 1, 0},
    {{3, 8, 9, 1, false}, 36, 20, 1},   {{3, 32, 9, 1, false}, 20, 36, 0},
    {{3, 64, 7, 1, false}, 5, 29, 0},   {{3, 24, 3, 1, false}, 4, 4, 2},
    {{3, 16, 1, 1, false}, 3, 7, 0},    {{3, 16, 3, 2, false}, 8, 6, 0},
    {{32, 64, 3, 2, false}, 36, 20, 0}, {{64, 128, 3, 2, false}, 2, 2, 0},
    {{16, 32, 5, 2, false}, 10, 14, 0}, {{24, 16, 7, 2, false}, 6, 70, 1},
    {{16, 24, 1, 2, false}, 8, 8, 0},   {{8, 24, 5, 1, false}, 7, 25, 0},
    {{24, 8, 7, 1, false}, 4, 4, 1},    {{24, 24, 1, 1, false}, 1, 1, 0},
    {{64, 64, 3, 1, false}, 36, 20, 0}, {{32, 64, 3, 1, false}, 6, 9, 0},
    {{64, 32, 3, 1, false}, 5, 13, 1},  {{128, 128, 3, 1, false}, 8, 12, 0},
    {{16, 8, 3, 1, true}, 10, 18, 1},   {{32, 16, 3, 1, true}, 20, 36, 0},
    {{128, 64, 3, 1, true}, 3, 26, 0},  {{8, 24, 3, 1, true}, 18, 10, 2},
    {{8, 3, 9, 1, false}, 20, 36, 0},   {{32, 3, 9, 1, false}, 36, 20, 1},
    {{64, 3, 7, 1, false}, 4, 4, 0},    {{24, 3, 3, 1, false}, 12, 8, 0},
    {{16, 3, 1, 1, false}, 5, 31, 0},   {{16, 3, 9, 1, false}, 70, 150, 0},
    {{3, 8, 9, 1, false}, 5, 101, 0},   {{8, 3, 9, 1, false}, 6, 61, 0},
    {{16, 8, 3, 1, true}, 3, 53, 0},    {{8, 24, 5, 2, false}, 4, 106, 0},
    {{64, 8, 3, 1, false}, 18, 151, 0},
};

static int output_side(const struct imp_conv_shape *s, int side)
{
    return s->upsample ? 2 * side : side / s->stride;
}

/* ---- The reference --------------------------------------------------------------------------- */

/* A picture of doubles with a margin: (channels, height + 2 margin, width + 2 margin). */
struct picture {
    int channels, height, width, margin;
    double *data;
};

static size_t pixels_of(const struct picture *p)
{
    return (size_t)(p->height + 2 * p->margin) * (size_t)(p->width + 2 * p->margin);
}

static double *at(const struct picture *p, int c, int row, int col)
{
    return p->data + (size_t)c * pixels_of(p) +
           (size_t)(row + p->margin) * (size_t)(p->width + 2 * p->margin) +
           (size_t)(col + p->margin);
}

/* Where output `i` and column k of the kernel meet the input. */
static int meets(const struct imp_conv_shape *s, int i, int k)
{
    const int from = s->stride * i + k - s->size / 2;
    return s->upsample ? (from + 2) / 2 - 1 : from;
}

/* Forwards y += w * x; backwards x += the adjoint of y. x has the margin that forward reads. */
static void convolve(const struct imp_conv_shape *s, const float *weights, const struct picture *x,
                     const struct picture *y, bool backward)
{
    for (int o = 0; o < s->out; o++)
        for (int i = 0; i < s->in; i++)
            for (int k = 0; k < s->size * s->size; k++) {
                const double w = (double)weights[(o * s->in + i) * s->size * s->size + k];
                for (int row = 0; row < y->height; row++)
                    for (int col = 0; col < y->width; col++) {
                        double *from =
                            at(x, i, meets(s, row, k / s->size), meets(s, col, k % s->size));
                        double *to = at(y, o, row, col);
                        if (backward)
                            *from += w * *to;
                        else
                            *to += w * *from;
                    }
            }
}

/* ---- Maps on the device ------------------------------------------------------------------------
 */

/* What no kernel may write to. */
#define UNTOUCHED 12345.0f
#define GUARD 64

static struct imp_map map_of(const struct imp_caps *caps, const struct picture *p, int margin)
{
    const int lanes = p->channels == 3 ? 1 : caps->vector_width;
    return (struct imp_map){.tensor = {.channels = (p->channels + lanes - 1) / lanes * lanes,
                                       .height = p->height + 2 * (margin - 1),
                                       .width = p->width + 2 * (margin - 1),
                                       .lanes = lanes},
                            .inset = margin - 1};
}

static size_t floats_of(const struct imp_map *map)
{
    const struct imp_tensor *t = &map->tensor;
    return imp_tensor_bytes(t->channels, t->height, t->width, t->lanes) / sizeof(float);
}

static size_t place(const struct imp_map *map, int c, int row, int col)
{
    const struct imp_tensor *t = &map->tensor;
    const int pitch = t->width + 2, at = (row + map->inset + 1) * pitch + col + map->inset + 1;
    return ((size_t)(c / t->lanes) * (size_t)imp_tensor_plane(t) + (size_t)at) * (size_t)t->lanes +
           (size_t)(c % t->lanes);
}

static bool is_inside(const struct picture *p, int row, int col, int margin)
{
    return row >= -margin && col >= -margin && row < p->height + margin && col < p->width + margin;
}

/* What a map holds at a place before the call: the picture and its margin, zero in channels beyond
 * the picture's; else `around`. An output: NaN where it is to be written, else UNTOUCHED. */
static float before(const struct picture *p, int c, int row, int col, float around, bool output)
{
    if (output)
        return is_inside(p, row, col, p->margin) ? NAN : UNTOUCHED;
    if (c >= p->channels)
        return 0;
    return is_inside(p, row, col, p->margin) ? (float)*at(p, c, row, col) : around;
}

static bool upload(struct imp_check_run *run, struct imp_map *map, const struct picture *p,
                   float around, bool output)
{
    const size_t n = floats_of(map);
    const int margin = map->inset + 1;
    float *data = imp_check_data(run, 9, n, false);
    for (size_t i = 0; data && i < n; i++)
        data[i] = NAN;
    for (int c = 0; data && c < map->tensor.channels; c++)
        for (int row = -margin; row < p->height + margin; row++)
            for (int col = -margin; col < p->width + margin; col++)
                data[place(map, c, row, col)] = before(p, c, row, col, around, output);
    const bool done = data && imp_check_buffer(run, &map->tensor.buffer, n, data);
    free(data);
    return done;
}

/* Largest difference to the picture over its root mean square; INFINITY where something else was
 * written to, or channels beyond the picture's are not zero. data: all of the map. */
static double compare(const struct imp_map *map, const struct picture *p, const float *data)
{
    const int margin = map->inset + 1;
    double largest = 0, squares = 0, n = 0;
    for (int c = 0; c < map->tensor.channels; c++)
        for (int row = -margin; row < p->height + margin; row++)
            for (int col = -margin; col < p->width + margin; col++) {
                const float found = data[place(map, c, row, col)];
                const bool inside = is_inside(p, row, col, p->margin);
                if (!inside && found != UNTOUCHED)
                    return INFINITY;
                if (!inside)
                    continue;
                const double expected = c < p->channels ? *at(p, c, row, col) : 0;
                const double difference = fabs((double)found - expected);
                if (!isfinite(difference) || (c >= p->channels && found != 0))
                    return INFINITY;
                largest = fmax(largest, difference);
                squares += expected * expected;
                n += c < p->channels;
            }
    return squares > 0 ? largest / sqrt(squares / n) : largest;
}

/* ---- One check ---------------------------------------------------------------------------------
 */

struct data {
    const struct shape *shape;
    bool backward, normed; /* normed: x is normalised as it is read */
    struct picture x, y;
    float *parameters, *bias;
    struct imp_buffer *device_parameters, *device_bias, *statistics, *packed, *workspace;
    struct imp_map from, to;
};

/* Floats before the weights in the parameters, and before the bias. */
#define AT 5

static bool make_picture(struct imp_check_run *run, struct picture *p, int channels, int height,
                         int width, int margin, uint32_t stream, bool filled)
{
    *p = (struct picture){channels, height, width, margin, NULL};
    const size_t n = (size_t)channels * pixels_of(p);
    if (!filled) {
        p->data = imp_check_doubles(run, n);
        return p->data != NULL;
    }
    float *data = imp_check_data(run, stream, n, false);
    p->data = imp_check_widen(run, data, n);
    free(data);
    return p->data != NULL;
}

/* Statistics of a channel, by STAT_*. */
static float statistic(int which, int c)
{
    return which == STAT_MEAN     ? 0.1f * (float)c - 0.3f
           : which == STAT_FACTOR ? 1.5f - 0.2f * (float)c
                                  : 0.25f + 0.01f * (float)c;
}

/* Of channels beyond the picture's they are 0, as imp_norm_finish has them. */
static bool make_statistics(struct imp_check_run *run, struct data *d)
{
    const int lanes = imp_device_caps(run->device)->vector_width;
    const int all = (d->x.channels + lanes - 1) / lanes * lanes;
    const size_t count = (size_t)(STAT_SUMMAND + 1) * (size_t)all;
    float *data = d->normed ? imp_check_data(run, 6, count, false) : NULL;
    for (size_t i = 0; data && i < count; i++)
        data[i] = (int)i % all < d->x.channels ? statistic((int)i / all, (int)i % all) : 0;
    const bool made = !d->normed || (data && imp_check_buffer(run, &d->statistics, count, data));
    free(data);
    return made;
}

/* What the reference convolves then. */
static void normalise(const struct picture *x)
{
    for (size_t i = 0; i < (size_t)x->channels * pixels_of(x); i++) {
        const int c = (int)(i / pixels_of(x));
        const double v =
            (x->data[i] - (double)statistic(STAT_MEAN, c)) * (double)statistic(STAT_FACTOR, c) +
            (double)statistic(STAT_SUMMAND, c);
        x->data[i] = fmax(v, 0);
    }
}

static bool make_data(struct imp_check_run *run, struct data *d)
{
    const struct shape *s = d->shape;
    const struct imp_conv_shape *c = &s->conv;
    const struct imp_caps *caps = imp_device_caps(run->device);
    const enum imp_direction direction = d->backward ? IMP_BACKWARD : IMP_FORWARD;
    const int margin = imp_conv_any_margin(c);
    const size_t weights = (size_t)(c->in * c->out * c->size * c->size);
    const size_t workspace = imp_conv_any_workspace(caps, c, s->height, s->width) / sizeof(float);
    const size_t packed = imp_conv_any_packed(caps, c, direction) / sizeof(float);
    d->parameters = imp_check_data(run, 1, AT + weights + 1, false);
    d->bias = imp_check_data(run, 2, AT + (size_t)c->out, false);
    return make_picture(run, &d->x, c->in, s->height, s->width, margin, 3, !d->backward) &&
           make_picture(run, &d->y, c->out, output_side(c, s->height), output_side(c, s->width), 0,
                        4, d->backward) &&
           d->parameters && d->bias && make_statistics(run, d) &&
           imp_check_buffer(run, &d->device_parameters, AT + weights + 1, d->parameters) &&
           imp_check_buffer(run, &d->device_bias, AT + (size_t)c->out, d->bias) &&
           imp_check_buffer(run, &d->packed, packed, NULL) &&
           (workspace == 0 || imp_check_buffer(run, &d->workspace, workspace, NULL));
}

static void free_data(struct data *d)
{
    free(d->x.data);
    free(d->y.data);
    free(d->parameters);
    free(d->bias);
    imp_buffer_free(&d->device_parameters);
    imp_buffer_free(&d->device_bias);
    imp_buffer_free(&d->statistics);
    imp_buffer_free(&d->packed);
    imp_buffer_free(&d->workspace);
    imp_buffer_free(&d->from.tensor.buffer);
    imp_buffer_free(&d->to.tensor.buffer);
}

/* Beyond the margin that is read lies NaN; around a gradient zero is part of what is read. */
static bool make_maps(struct imp_check_run *run, struct data *d)
{
    const struct imp_conv_shape *c = &d->shape->conv;
    const struct imp_caps *caps = imp_device_caps(run->device);
    const int more = d->shape->more, margin = imp_conv_any_margin(c) + more;
    const int gradient_margin = imp_conv_any_gradient_margin(c) + more;
    const int x_margin = margin > 1 ? margin : 1;
    const int y_margin = d->backward && gradient_margin > 1 ? gradient_margin : 1 + more;
    /* Winograd's filtering takes a gradient's margin to be that of both. */
    const bool filtered = d->backward && !imp_conv_any_strips(caps, c) && more == 0;
    struct imp_map x = map_of(caps, &d->x, filtered ? y_margin : x_margin);
    struct imp_map y = map_of(caps, &d->y, y_margin);
    d->from = d->backward ? y : x;
    d->to = d->backward ? x : y;
    return upload(run, &d->from, d->backward ? &d->y : &d->x, d->backward ? 0 : NAN, false) &&
           upload(run, &d->to, d->backward ? &d->x : &d->y, 0, true);
}

static enum impasto_status run_rows(struct imp_check_run *run, const struct data *d, int first,
                                    int rows)
{
    const struct imp_conv_any conv = {
        .shape = d->shape->conv,
        .x = d->backward ? d->to : d->from,
        .y = d->backward ? d->from : d->to,
        .first = first,
        .rows = rows,
        .packed = d->packed,
        .bias = d->backward || d->shape->conv.out != 3 ? NULL : d->device_bias,
        .bias_at = AT,
        .statistics = d->statistics,
        .relu = d->normed,
        .workspace = d->workspace,
        .label = "check",
    };
    return d->backward ? imp_conv_any_backward(run->device, &conv)
                       : imp_conv_any_forward(run->device, &conv);
}

/* All rows at once, or in two parts. Reads the map. */
static double on_device(struct imp_check_run *run, struct data *d, bool parts, float *found)
{
    const int rows = d->y.height, first = rows / 3;
    if (!make_maps(run, d))
        return INFINITY;
    const bool done = parts ? imp_check_ok(run, run_rows(run, d, first, rows - first)) &&
                                  imp_check_ok(run, run_rows(run, d, 0, first))
                            : imp_check_ok(run, run_rows(run, d, 0, 0));
    const double damage =
        done ? imp_check_read_buffer(run, d->to.tensor.buffer, floats_of(&d->to), found) : INFINITY;
    imp_buffer_free(&d->from.tensor.buffer);
    imp_buffer_free(&d->to.tensor.buffer);
    return damage;
}

static void add_bias(const struct picture *y, const float *bias)
{
    for (int c = 0; c < y->channels; c++)
        for (int i = 0; i < y->height * y->width; i++)
            at(y, c, 0, 0)[i] += (double)bias[c];
}

/* Rows on their own have the same bits. */
static double check_parts(struct imp_check_run *run, struct data *d, const float *whole,
                          float *found)
{
    const double damage = on_device(run, d, true, found);
    const bool same = memcmp(whole, found, floats_of(&d->to) * sizeof(float)) == 0;
    return same ? damage : INFINITY;
}

static void check(struct imp_check_run *run, const struct shape *s, bool backward, bool normed)
{
    const struct imp_caps *caps = imp_device_caps(run->device);
    const struct imp_conv_shape *c = &s->conv;
    struct data d = {.shape = s, .backward = backward, .normed = normed};
    float *found = NULL, *again = NULL;
    if (make_data(run, &d) &&
        imp_check_ok(run, imp_conv_any_pack(run->device, c, backward ? IMP_BACKWARD : IMP_FORWARD,
                                            d.device_parameters, AT, d.packed)) &&
        make_maps(run, &d)) {
        found = imp_check_data(run, 5, floats_of(&d.to), false);
        again = imp_check_data(run, 5, floats_of(&d.to), false);
        imp_buffer_free(&d.from.tensor.buffer);
        imp_buffer_free(&d.to.tensor.buffer);
    }
    if (found && again) {
        const bool strips = imp_conv_any_strips(caps, c);
        double error = on_device(run, &d, false, found);
        if (!backward && strips && d.y.height > 1)
            error = fmax(error, check_parts(run, &d, found, again));
        if (normed)
            normalise(&d.x);
        convolve(c, d.parameters + AT, &d.x, &d.y, backward);
        if (!backward && c->out == 3)
            add_bias(&d.y, d.bias + AT);
        error = fmax(error, compare(&d.to, backward ? &d.x : &d.y, found));
        imp_check_end(run, error, strips ? 1e-5 : 3e-5);
    }
    free(found);
    free(again);
    free_data(&d);
}

void imp_check_conv_any(struct imp_check_run *run)
{
    const size_t count = imp_check_rows(run, 0, 8, 16, IMP_COUNT(shapes));
    for (size_t i = 0; i < count; i++) {
        const struct shape *s = &shapes[i];
        const struct imp_conv_shape *c = &s->conv;
        for (int backward = 0; backward <= (c->in != 3); backward++)
            if (imp_check_begin(run, "any conv %d>%d size %d%s%s @ %dx%d%s%s", c->in, c->out,
                                c->size, c->stride == 2 ? " stride 2" : "",
                                c->upsample ? " upsampled" : "", s->height, s->width,
                                s->more ? " wide margins" : "", backward ? " backward" : ""))
                check(run, s, backward, false);
        if (imp_conv_any_normalises(imp_device_caps(run->device), c) &&
            imp_check_begin(run, "any conv %d>%d size %d @ %dx%d normalised", c->in, c->out,
                            c->size, s->height, s->width))
            check(run, s, false, true);
    }
}
