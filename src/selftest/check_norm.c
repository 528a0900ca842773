/* SPDX-License-Identifier: MIT */
/* Instance normalisation of maps, forwards, in strips and backwards, and the sum of two maps. */

#include "ops/norm.h"
#include "selftest/check_map.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EPSILON 1e-5f
/* Where gamma and beta begin among the parameters, and how many floats are behind them. */
#define GAMMA 3
#define BEHIND 5

static const struct shape {
    int channels, height, width;
    int wide; /* of x; other maps have other margins */
} shapes[] = {{8, 16, 16, 1},   {5, 17, 23, 2},   {16, 36, 20, 4}, {24, 17, 23, 1},
              {64, 16, 17, 1},  {12, 64, 131, 1}, {32, 1, 3, 1},   {3, 40, 2, 1},
              {8, 130, 150, 1}, {16, 5, 1030, 4}, {8, 130, 258, 1}};

/* What x is like: large means with little between the pixels, or one pixel far from all others. */
enum data { DATA_PLAIN, DATA_LARGE, DATA_CONSTANT, DATA_OUTLIER };
static const struct {
    const char *name;
    double bound;
} kinds[] = {{"plain", 3e-6}, {"large mean", 3e-6}, {"constant", 3e-6}, {"outlier", 1e-4}};

static float number(enum data kind, float v, size_t i)
{
    switch (kind) {
    case DATA_LARGE:
        return 1000 + 0.01f * v;
    case DATA_CONSTANT:
        return 7.3f;
    case DATA_OUTLIER:
        return i == 0 ? 1000 : v;
    case DATA_PLAIN:
        break;
    }
    return 3 * v + 1;
}

/* ---- Reference ------------------------------------------------------------------------------- */

/* Of one channel: x's n pixels, then the place of what is computed. */
struct reference {
    size_t n;
    const double *x;
    double gamma, beta;
    bool relu;
    double mean, rstd;
};

static void take_statistics(struct reference *r)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < r->n; i++)
        sum += r->x[i];
    r->mean = sum / (double)r->n;
    for (size_t i = 0; i < r->n; i++)
        squares += (r->x[i] - r->mean) * (r->x[i] - r->mean);
    r->rstd = 1 / sqrt(squares / (double)r->n + (double)EPSILON);
}

static double before_relu(const struct reference *r, size_t i)
{
    return r->gamma * (r->x[i] - r->mean) * r->rstd + r->beta;
}

static double normalised(const struct reference *r, size_t i)
{
    const double v = before_relu(r, i);
    return r->relu && v < 0 ? 0 : v;
}

/* g becomes the gradient of x. */
static void back(const struct reference *r, double *g, double *dgamma, double *dbeta)
{
    *dgamma = *dbeta = 0;
    for (size_t i = 0; i < r->n; i++) {
        if (r->relu && before_relu(r, i) <= 0)
            g[i] = 0;
        *dbeta += g[i];
        *dgamma += g[i] * (r->x[i] - r->mean) * r->rstd;
    }
    const double n = (double)r->n;
    for (size_t i = 0; i < r->n; i++)
        g[i] =
            r->gamma * r->rstd * (g[i] - *dbeta / n - (r->x[i] - r->mean) * r->rstd * *dgamma / n);
}

/* ---- A case ---------------------------------------------------------------------------------- */

/* A map's picture on the host has `channels` planes of n pixels, without margins. */
struct trial {
    struct imp_check_run *run;
    const struct shape *s;
    size_t n, floats; /* pixels of a plane; of all channels */
    bool relu;
    float *x, *added, *g, *parameters;
    double *wide;
    struct imp_norm_row row;
    struct imp_map x_map, y_map, other_map;
    struct imp_buffer *parameters_buffer, *sums, *statistics, *gradient;
};

static size_t parameter_count(const struct shape *s)
{
    return GAMMA + 2 * (size_t)s->channels + BEHIND;
}

static struct imp_map map_of(const struct trial *t, int height, int margin)
{
    const int lanes = imp_device_caps(t->run->device)->vector_width;
    return imp_map_of(t->s->channels, height, t->s->width, margin, t->s->channels == 3 ? 1 : lanes);
}

static bool open_trial(struct trial *t, struct imp_check_run *run, const struct shape *s,
                       enum data kind, bool relu)
{
    *t = (struct trial){.run = run, .s = s, .n = (size_t)s->height * (size_t)s->width};
    t->floats = (size_t)s->channels * t->n;
    t->relu = relu;
    t->x = imp_check_data(run, 0, t->floats, false);
    t->added = imp_check_data(run, 1, t->floats, false);
    t->g = imp_check_data(run, 2, t->floats, false);
    t->parameters = imp_check_data(run, 3, parameter_count(s), false);
    for (size_t i = 0; !run->broken && i < t->floats; i++)
        t->x[i] = number(kind, t->x[i], i % t->n);
    t->wide = imp_check_widen(run, t->x, t->floats);
    t->x_map = map_of(t, s->height, s->wide);
    t->y_map = map_of(t, s->height, s->wide + 2);
    t->other_map = map_of(t, s->height, s->wide + 1);
    const struct imp_caps *caps = imp_device_caps(run->device);
    const size_t sums = imp_norm_sums_bytes(caps, s->channels, s->height) / sizeof(float);
    const size_t statistics = imp_norm_statistics_bytes(s->channels) / sizeof(float);
    if (run->broken ||
        !imp_check_buffer(run, &t->parameters_buffer, parameter_count(s), t->parameters) ||
        !imp_check_buffer(run, &t->gradient, parameter_count(s), t->parameters) ||
        !imp_check_buffer(run, &t->sums, sums, NULL) ||
        !imp_check_buffer(run, &t->statistics, statistics, NULL))
        return false;
    t->row = (struct imp_norm_row){.parameters = t->parameters_buffer,
                                   .gamma = GAMMA,
                                   .beta = GAMMA + (size_t)s->channels,
                                   .channels = s->channels};
    return true;
}

static void close_trial(struct trial *t)
{
    struct imp_buffer **const buffers[] = {&t->x_map.tensor.buffer,
                                           &t->y_map.tensor.buffer,
                                           &t->other_map.tensor.buffer,
                                           &t->parameters_buffer,
                                           &t->sums,
                                           &t->statistics,
                                           &t->gradient};
    for (size_t i = 0; i < IMP_COUNT(buffers); i++)
        imp_buffer_free(buffers[i]);
    free(t->x);
    free(t->added);
    free(t->g);
    free(t->parameters);
    free(t->wide);
}

static struct reference reference_of(const struct trial *t, int channel)
{
    struct reference r = {.n = t->n,
                          .x = t->wide + (size_t)channel * t->n,
                          .gamma = (double)t->parameters[GAMMA + channel],
                          .beta = (double)t->parameters[GAMMA + t->s->channels + channel],
                          .relu = t->relu};
    take_statistics(&r);
    return r;
}

/* A map's buffer with rows from `at` on of a picture, NULL: zeroes in channels that are rounded up
 * and NaN elsewhere, so also in the margins. */
static bool put(const struct trial *t, struct imp_map *map, const float *picture, int at)
{
    const size_t n = imp_check_map_floats(map);
    const int height = imp_map_height(map), width = imp_map_width(map);
    float *planes = imp_check_data(t->run, 9, n, false);
    for (size_t i = 0; planes && i < n; i++)
        planes[i] = NAN;
    for (int c = 0; planes && c < map->tensor.channels; c++)
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++) {
                float *to = &planes[imp_check_map_at(map, c, y, x)];
                if (c >= t->s->channels)
                    *to = 0;
                else if (picture && at + y >= 0 && at + y < t->s->height)
                    *to = picture[((size_t)c * (size_t)t->s->height + (size_t)(at + y)) *
                                      (size_t)width +
                                  (size_t)x];
            }
    const bool done = planes && imp_check_map(t->run, map, planes);
    free(planes);
    return done;
}

/* The map's picture; INFINITY, as an error, where anything else is not as `put` has left it. */
static double get(const struct trial *t, const struct imp_map *map, float *picture)
{
    const size_t n = imp_check_map_floats(map);
    float *planes = imp_check_data(t->run, 9, n, false);
    double damage = planes ? imp_check_read_map(t->run, map, planes) : INFINITY;
    const int wide = map->inset + 1, height = imp_map_height(map), width = imp_map_width(map);
    for (int c = 0; planes && c < map->tensor.channels; c++)
        for (int y = -wide; y < height + wide; y++)
            for (int x = -wide; x < width + wide; x++) {
                const float v = planes[imp_check_map_at(map, c, y, x)];
                if (y < 0 || y >= height || x < 0 || x >= width)
                    damage = isnan(v) ? damage : INFINITY;
                else if (c >= t->s->channels)
                    damage = v == 0 ? damage : INFINITY;
                else
                    *picture++ = v;
            }
    free(planes);
    return damage;
}

static bool finish(struct trial *t)
{
    return imp_check_ok(t->run, imp_norm_finish(t->run->device, t->sums, t->s->height, t->s->width,
                                                EPSILON, &t->row, t->statistics));
}

/* The whole picture's statistics. */
static bool measure(struct trial *t)
{
    const struct imp_window whole = {.rows = t->s->height, .begins = true};
    return put(t, &t->x_map, t->x, 0) &&
           imp_check_ok(t->run, imp_norm_sums(t->run->device, &t->x_map, &whole, t->sums)) &&
           finish(t);
}

/* ---- Forwards -------------------------------------------------------------------------------- */

static void expect_forward(const struct trial *t, bool adds, double *expected)
{
    for (int c = 0; c < t->s->channels; c++) {
        const struct reference r = reference_of(t, c);
        for (size_t i = 0; i < t->n; i++) {
            const size_t at = (size_t)c * t->n + i;
            expected[at] = normalised(&r, i) + (adds ? (double)t->added[at] : 0);
        }
    }
}

/* in_place: y is what is added, or x. */
static void check_forward(struct imp_check_run *run, const struct shape *s, enum data kind,
                          bool relu, bool adds, bool in_place)
{
    struct trial t;
    const bool opened = open_trial(&t, run, s, kind, relu);
    float *found = imp_check_data(run, 4, t.floats, false);
    double *expected = imp_check_doubles(run, t.floats);
    struct imp_map *const y = !in_place ? &t.y_map : adds ? &t.other_map : &t.x_map;
    if (opened && !run->broken && measure(&t) && put(&t, &t.y_map, NULL, 0) &&
        put(&t, &t.other_map, t.added, 0) &&
        imp_check_ok(run, imp_norm_apply(run->device, &t.x_map, t.statistics, relu,
                                         adds ? &t.other_map : NULL, y, 0, s->height))) {
        const double damage = get(&t, y, found);
        expect_forward(&t, adds, expected);
        imp_check_end(run, fmax(damage, imp_check_error(found, expected, t.floats)),
                      kinds[kind].bound);
    }
    close_trial(&t);
    free(found);
    free(expected);
}

/* Statistics that were this picture's, and then move by a quarter to those of another, which is the
 * first one in other numbers: what is normalised by them, and what is kept. */
static void check_smooth(struct imp_check_run *run, const struct shape *s)
{
    const float stays = 0.75F;
    const int layer = 2;
    struct trial t;
    const bool opened = open_trial(&t, run, s, DATA_PLAIN, false);
    const size_t kept = (size_t)(layer + 1) * IMP_NORM_STATE;
    struct imp_buffer *state = NULL;
    float *found = imp_check_data(run, 4, t.floats, false);
    double *expected = imp_check_doubles(run, t.floats), *earlier = NULL;
    if (opened && !run->broken && measure(&t) && imp_check_buffer(run, &state, kept, NULL) &&
        imp_check_ok(
            run, imp_norm_smooth(run->device, &t.row, layer, stays, true, state, t.statistics))) {
        earlier = t.wide;
        for (size_t i = 0; i < t.floats; i++)
            t.x[i] = 2 * t.x[i] + 0.5F + (float)(i / t.n % 3);
        t.wide = imp_check_widen(run, t.x, t.floats);
    }
    if (earlier && !run->broken && measure(&t) &&
        imp_check_ok(
            run, imp_norm_smooth(run->device, &t.row, layer, stays, false, state, t.statistics)) &&
        put(&t, &t.y_map, NULL, 0) &&
        imp_check_ok(run, imp_norm_apply(run->device, &t.x_map, t.statistics, false, NULL, &t.y_map,
                                         0, s->height))) {
        const double damage = get(&t, &t.y_map, found);
        for (int c = 0; c < s->channels; c++) {
            struct reference now = reference_of(&t, c), then = now;
            then.x = earlier + (size_t)c * t.n;
            take_statistics(&then);
            const double old = 1 / (then.rstd * then.rstd), own = 1 / (now.rstd * now.rstd);
            now.mean += (double)stays * (then.mean - now.mean);
            now.rstd = 1 / sqrt(own + (double)stays * (old - own));
            for (size_t i = 0; i < t.n; i++)
                expected[(size_t)c * t.n + i] = normalised(&now, i);
        }
        imp_check_end(run, fmax(damage, imp_check_error(found, expected, t.floats)), 1e-5);
    }
    imp_buffer_free(&state);
    close_trial(&t);
    free(earlier);
    free(found);
    free(expected);
}

/* NaN, and with it all of its channel, arrives; other channels do not get to know. */
static void check_nan(struct imp_check_run *run, const struct shape *s)
{
    struct trial t;
    const bool opened = open_trial(&t, run, s, DATA_PLAIN, true);
    float *found = imp_check_data(run, 4, t.floats, false);
    if (opened && !run->broken) {
        t.x[t.n + t.n / 2] = NAN;
        int wrong = 0;
        if (measure(&t) && put(&t, &t.y_map, NULL, 0) && put(&t, &t.other_map, t.g, 0) &&
            imp_check_ok(run, imp_norm_apply(run->device, &t.x_map, t.statistics, true, NULL,
                                             &t.y_map, 0, s->height)) &&
            imp_check_ok(run, imp_norm_backward(run->device, &t.x_map, t.statistics, &t.row, true,
                                                &t.other_map, t.sums, t.gradient))) {
            double damage = get(&t, &t.y_map, found);
            for (size_t i = 0; i < t.floats; i++)
                wrong += (isnan(found[i]) != 0) != (i / t.n == 1);
            damage = fmax(damage, get(&t, &t.other_map, found));
            for (size_t i = 0; i < t.floats; i++)
                wrong += (isnan(found[i]) != 0) != (i / t.n == 1);
            imp_check_end(run, fmax(damage, wrong), 0);
        }
    }
    close_trial(&t);
    free(found);
}

/* ---- Strips ---------------------------------------------------------------------------------- */

#define STRIP (2 * IMP_NORM_BAND) /* rows */
#define ABOVE 3                   /* further rows of a strip's map, which do not count */

/* Sums of all strips; or, once these are known, y of all strips, which goes into the picture. */
static bool each_strip(struct trial *t, float *picture)
{
    struct imp_device *device = t->run->device;
    const size_t width = (size_t)t->s->width, height = (size_t)t->s->height;
    const size_t most = (size_t)t->s->channels * (ABOVE + STRIP + 1) * width;
    bool good = true;
    float *found = imp_check_data(t->run, 5, most, false);
    for (int at = 0; good && found && at < t->s->height; at += STRIP) {
        const int rows = t->s->height - at < STRIP ? t->s->height - at : STRIP;
        const struct imp_window window = {ABOVE, rows, at, at == 0};
        struct imp_map x = map_of(t, ABOVE + rows + 1, 2), y = map_of(t, ABOVE + rows + 1, 1);
        good = put(t, &x, t->x, at - ABOVE) && put(t, &y, NULL, 0);
        if (good && !picture)
            good = imp_check_ok(t->run, imp_norm_sums(device, &x, &window, t->sums));
        else if (good)
            good = imp_check_ok(t->run, imp_norm_apply(device, &x, t->statistics, t->relu, NULL, &y,
                                                       ABOVE, rows)) &&
                   get(t, &y, found) == 0;
        for (size_t c = 0; good && picture && c < (size_t)t->s->channels; c++)
            memcpy(picture + (c * height + (size_t)at) * width,
                   found + (c * (size_t)(ABOVE + rows + 1) + ABOVE) * width,
                   (size_t)rows * width * sizeof(float));
        imp_buffer_free(&x.tensor.buffer);
        imp_buffer_free(&y.tensor.buffer);
    }
    free(found);
    return good;
}

/* The same bits as of the whole: statistics and y. */
static void check_strips(struct imp_check_run *run, const struct shape *s)
{
    struct trial t;
    const bool opened = open_trial(&t, run, s, DATA_PLAIN, true);
    const size_t statistics = imp_norm_statistics_bytes(s->channels) / sizeof(float);
    float *whole = imp_check_data(run, 4, t.floats, false);
    float *strips = imp_check_data(run, 5, t.floats, false);
    float *whole_statistics = imp_check_data(run, 6, statistics, false);
    float *strip_statistics = imp_check_data(run, 7, statistics, false);
    if (opened && !run->broken && measure(&t) && put(&t, &t.y_map, NULL, 0) &&
        imp_check_ok(run, imp_norm_apply(run->device, &t.x_map, t.statistics, t.relu, NULL,
                                         &t.y_map, 0, s->height))) {
        double damage = get(&t, &t.y_map, whole);
        damage =
            fmax(damage, imp_check_read_buffer(run, t.statistics, statistics, whole_statistics));
        if (each_strip(&t, NULL) && finish(&t) && each_strip(&t, strips)) {
            damage = fmax(damage,
                          imp_check_read_buffer(run, t.statistics, statistics, strip_statistics));
            imp_check_end(run,
                          damage + imp_check_differing(whole, strips, t.floats) +
                              imp_check_differing(whole_statistics, strip_statistics, statistics),
                          0);
        } else
            imp_check_end(run, INFINITY, 0);
    }
    close_trial(&t);
    free(whole);
    free(strips);
    free(whole_statistics);
    free(strip_statistics);
}

/* ---- Backwards ------------------------------------------------------------------------------- */

/* Where the ReLU's side depends on rounding, no gradient arrives. */
static void avoid_kinks(struct trial *t)
{
    for (int c = 0; t->relu && c < t->s->channels; c++) {
        const struct reference r = reference_of(t, c);
        for (size_t i = 0; i < t->n; i++)
            if (fabs(before_relu(&r, i)) < 1e-4)
                t->g[(size_t)c * t->n + i] = 0;
    }
}

/* The gradients, and those of the parameters, which are added to what is there. */
static void expect_backward(const struct trial *t, double *gradient, double *parameters)
{
    for (int c = 0; c < t->s->channels; c++) {
        const struct reference r = reference_of(t, c);
        double dgamma, dbeta;
        back(&r, gradient + (size_t)c * t->n, &dgamma, &dbeta);
        parameters[GAMMA + c] += dgamma;
        parameters[GAMMA + t->s->channels + c] += dbeta;
    }
}

static void check_backward(struct imp_check_run *run, const struct shape *s, enum data kind,
                           bool relu)
{
    struct trial t;
    const bool opened = open_trial(&t, run, s, kind, relu);
    const size_t count = parameter_count(s);
    if (opened)
        avoid_kinks(&t);
    float *found = imp_check_data(run, 4, t.floats, false);
    float *found_parameters = imp_check_data(run, 5, count, false);
    double *expected = imp_check_widen(run, t.g, t.floats);
    double *expected_parameters = imp_check_widen(run, t.parameters, count);
    if (opened && !run->broken && measure(&t) && put(&t, &t.other_map, t.g, 0) &&
        imp_check_ok(run, imp_norm_backward(run->device, &t.x_map, t.statistics, &t.row, relu,
                                            &t.other_map, t.sums, t.gradient))) {
        double error = get(&t, &t.other_map, found);
        error = fmax(error, imp_check_read_buffer(run, t.gradient, count, found_parameters));
        expect_backward(&t, expected, expected_parameters);
        error = fmax(error, imp_check_error(found, expected, t.floats));
        error = fmax(error, imp_check_error(found_parameters, expected_parameters, count));
        imp_check_end(run, error, 3 * kinds[kind].bound);
    }
    close_trial(&t);
    free(found);
    free(found_parameters);
    free(expected);
    free(expected_parameters);
}

/* What the reference's way back says of one channel, against finite differences of its way there.
 * which: a pixel, or -1 for gamma, -2 for beta. */
static double loss_moved(const struct trial *t, int channel, long which, double by)
{
    const size_t begin = (size_t)channel * t->n;
    struct reference r = reference_of(t, channel);
    r.gamma += which == -1 ? by : 0;
    r.beta += which == -2 ? by : 0;
    if (which >= 0)
        t->wide[begin + (size_t)which] += by;
    take_statistics(&r);
    double loss = 0;
    for (size_t i = 0; i < t->n; i++)
        loss += (double)t->g[begin + i] * normalised(&r, i);
    if (which >= 0)
        t->wide[begin + (size_t)which] -= by;
    return loss;
}

static double slope(const struct trial *t, int channel, long which)
{
    const double h = 1e-5;
    return (loss_moved(t, channel, which, h) - loss_moved(t, channel, which, -h)) / (2 * h);
}

static void check_reference(struct imp_check_run *run, const struct shape *s, bool relu)
{
    struct trial t;
    const bool opened = open_trial(&t, run, s, DATA_PLAIN, relu);
    if (opened)
        avoid_kinks(&t);
    double *g = imp_check_widen(run, t.g, t.floats);
    if (opened && !run->broken) {
        double worst = 0;
        for (int c = 0; c < s->channels; c++) {
            const struct reference r = reference_of(&t, c);
            double dgamma, dbeta, *const mine = g + (size_t)c * t.n;
            back(&r, mine, &dgamma, &dbeta);
            worst = fmax(worst, imp_check_apart(slope(&t, c, -1), dgamma));
            worst = fmax(worst, imp_check_apart(slope(&t, c, -2), dbeta));
            for (size_t i = 0; i < t.n; i += 1 + t.n / 7)
                worst = fmax(worst, imp_check_apart(slope(&t, c, (long)i), mine[i]));
        }
        imp_check_end(run, worst, 1e-6);
    }
    close_trial(&t);
    free(g);
}

/* ---- The sum of two maps --------------------------------------------------------------------- */

static void check_add(struct imp_check_run *run, const struct shape *s)
{
    struct trial t;
    const bool opened = open_trial(&t, run, s, DATA_PLAIN, false);
    float *found = imp_check_data(run, 4, t.floats, false);
    double *expected = imp_check_widen(run, t.added, t.floats);
    if (opened && !run->broken && put(&t, &t.x_map, t.x, 0) && put(&t, &t.y_map, t.added, 0) &&
        imp_check_ok(run, imp_map_add(run->device, &t.x_map, &t.y_map))) {
        const double damage = get(&t, &t.y_map, found);
        for (size_t i = 0; i < t.floats; i++)
            expected[i] += (double)t.x[i];
        imp_check_end(run, fmax(damage, imp_check_error(found, expected, t.floats)), 1e-6);
    }
    close_trial(&t);
    free(found);
    free(expected);
}

/* ---- All ------------------------------------------------------------------------------------- */

static void check_shape(struct imp_check_run *run, const struct shape *s)
{
    char what[48];
    snprintf(what, sizeof(what), "%d of %dx%d", s->channels, s->height, s->width);
    for (enum data kind = DATA_PLAIN; kind <= DATA_OUTLIER; kind++)
        if (imp_check_begin(run, "norm forward %s, %s", what, kinds[kind].name))
            check_forward(run, s, kind, false, false, false);
    for (int way = 1; way < 8; way++)
        if (imp_check_begin(run, "norm forward %s%s%s%s", what, way & 1 ? ", ReLU" : "",
                            way & 2 ? ", added" : "", way & 4 ? ", in place" : ""))
            check_forward(run, s, DATA_PLAIN, way & 1, way & 2, way & 4);
    if (imp_check_begin(run, "norm smooth %s", what))
        check_smooth(run, s);
    if (s->channels > 1 && imp_check_begin(run, "norm NaN %s", what))
        check_nan(run, s);
    if (imp_check_begin(run, "norm strips %s", what))
        check_strips(run, s);
    for (enum data kind = DATA_PLAIN; kind <= DATA_OUTLIER; kind++)
        if (imp_check_begin(run, "norm backward %s, %s", what, kinds[kind].name))
            check_backward(run, s, kind, false);
    if (imp_check_begin(run, "norm backward %s, ReLU", what))
        check_backward(run, s, DATA_PLAIN, true);
    if (imp_check_begin(run, "map add %s", what))
        check_add(run, s);
}

void imp_check_norm(struct imp_check_run *run)
{
    const size_t count = imp_check_rows(run, 0, 2, 6, IMP_COUNT(shapes));
    for (int relu = 0; relu < 2; relu++)
        if (imp_check_begin(run, "norm reference%s", relu ? ", ReLU" : ""))
            check_reference(run, &shapes[1], relu);
    for (size_t i = 0; i < count; i++)
        check_shape(run, &shapes[i]);
}
