/* SPDX-License-Identifier: MIT */
/* Style statistics where positions do not count alike, in two windows of a strip. Covariances,
 * means, and the gradient made of them. The small operations that blend and average. */

#include "ops/conv.h"
#include "ops/gram.h"
#include "ops/sums.h"
#include "selftest/check.h"

#include <math.h>
#include <stdlib.h>

#define BOUND 1e-5 /* as in check_gram.c */
#define ROUNDING 1e-6

static const struct shape {
    int channels, height, width; /* of the whole, of which the strip lacks the first row */
    int rows;                    /* of a block */
} shapes[] = {{64, 6, 9, 2}, {128, 3, 2, 4}, {64, 50, 47, 48}, {256, 8, 5, 3}};

/* Host data; f and g are the strip's, (channels, (height - 1) * width). */
struct data {
    float *f, *before, *positions, *mean_target, *target, *found;
    double *wide, *weights, *gram, *mean, *out;
};

static void free_data(struct data *d)
{
    float *floats[] = {d->f, d->before, d->positions, d->mean_target, d->target, d->found};
    double *doubles[] = {d->wide, d->weights, d->gram, d->mean, d->out};
    for (size_t i = 0; i < IMP_COUNT(floats); i++)
        free(floats[i]);
    for (size_t i = 0; i < IMP_COUNT(doubles); i++)
        free(doubles[i]);
}

struct buffers {
    struct imp_tensor f, g;
    struct imp_buffer *positions, *workspace, *gram_sums, *mean_sums, *gram, *mean, *target,
        *mean_target, *difference;
    struct imp_buffer *bias, *sums;
};

static void free_buffers(struct buffers *b)
{
    struct imp_buffer **all[] = {&b->f.buffer,  &b->g.buffer,    &b->positions,  &b->workspace,
                                 &b->gram_sums, &b->mean_sums,   &b->gram,       &b->mean,
                                 &b->target,    &b->mean_target, &b->difference, &b->bias,
                                 &b->sums};
    for (size_t i = 0; i < IMP_COUNT(all); i++)
        imp_buffer_free(all[i]);
}

/* The strip's rows in two windows. */
static struct imp_window window_of(const struct shape *s, int which)
{
    const int rows = s->height - 1, half = rows / 2;
    return which == 0
               ? (struct imp_window){.first = 0, .rows = half, .at = 1, .begins = true}
               : (struct imp_window){
                     .first = half, .rows = rows - half, .at = 1 + half, .begins = half == 0};
}

static enum impasto_status measure(struct imp_check_run *run, const struct shape *s, double mass,
                                   struct buffers *b)
{
    const struct imp_blocks blocks = imp_check_blocks(s->height, s->rows);
    for (int which = 0; which < 2; which++) {
        const struct imp_window window = window_of(s, which);
        if (window.rows == 0)
            continue;
        IMP_TRY(imp_gram(run->device, &b->f, &window, &blocks, b->positions, b->workspace,
                         b->gram_sums, "check"));
        IMP_TRY(imp_mean(run->device, &b->f, &window, &blocks, b->positions, b->workspace,
                         b->mean_sums, "check"));
    }
    IMP_TRY(imp_gram_finish(run->device, b->gram_sums, s->channels, mass * s->channels, b->gram));
    IMP_TRY(imp_mean_finish(run->device, b->mean_sums, s->channels, mass, b->mean));
    return imp_centre(run->device, b->gram, b->mean, s->channels);
}

static enum impasto_status differentiate(struct imp_check_run *run, const struct shape *s,
                                         float factor, float mean_factor, struct buffers *b)
{
    IMP_TRY(imp_gram_difference(run->device, b->gram, b->target, s->channels, factor, b->difference,
                                b->sums, 0));
    IMP_TRY(imp_mean_difference(run->device, b->mean, b->mean_target, b->difference, s->channels,
                                mean_factor, b->bias, b->sums, 1));
    for (int which = 0; which < 2; which++)
        if (window_of(s, which).rows > 0)
            IMP_TRY(imp_conv_pointwise(run->device,
                                       &(struct imp_pointwise){.x = b->f,
                                                               .y = b->g,
                                                               .window = window_of(s, which),
                                                               .weights = b->difference,
                                                               .bias = b->bias,
                                                               .positions = b->positions,
                                                               .add = true,
                                                               .label = "check"}));
    return IMPASTO_OK;
}

/* out = before + w (factor (G - T) f + mean_factor (m - n) - factor (G - T) m), G and m as found.
 */
static void expect_gradient(const struct shape *s, const struct data *d, const float *gram,
                            const float *mean, float factor, float mean_factor)
{
    const int c = s->channels, m = (s->height - 1) * s->width;
    for (int i = 0; i < c; i++)
        for (int p = 0; p < m; p++) {
            double sum = (double)mean_factor * ((double)mean[i] - (double)d->mean_target[i]);
            for (int j = 0; j < c; j++)
                sum += (double)factor * ((double)gram[i * c + j] - (double)d->target[i * c + j]) *
                       (d->wide[j * m + p] - (double)mean[j]);
            d->out[i * m + p] = (double)d->before[i * m + p] + d->weights[p] * sum;
        }
}

static bool make(struct imp_check_run *run, const struct shape *s, struct data *d,
                 struct buffers *b)
{
    const struct imp_caps *caps = imp_device_caps(run->device);
    const struct imp_blocks blocks = imp_check_blocks(s->height, s->rows);
    const int c = s->channels, rows = s->height - 1, pitch = s->width + 2;
    const size_t m = (size_t)rows * (size_t)s->width, n = (size_t)c * m,
                 entries = (size_t)c * (size_t)c;
    const size_t padded = imp_positions_bytes(s->height, s->width) / sizeof(float);
    *d = (struct data){
        .f = imp_check_data(run, 0, n, true),
        .before = imp_check_data(run, 1, n, false),
        .positions = imp_check_data(run, 2, padded, true),
        .mean_target = imp_check_data(run, 3, (size_t)c, false),
        .target = imp_check_data(run, 4, entries, false),
        .found = imp_check_data(run, 5, n > entries ? n : entries, false),
        .weights = imp_check_doubles(run, m),
        .gram = imp_check_doubles(run, entries),
        .mean = imp_check_doubles(run, (size_t)c),
        .out = imp_check_doubles(run, n),
    };
    d->wide = imp_check_widen(run, d->f, n);
    if (run->broken)
        return false;
    d->positions[2 * pitch + 1] = 0.5f; /* something counts, also of the smallest */
    for (size_t p = 0; p < m; p++)
        d->weights[p] =
            (double)
                d->positions[(p / (size_t)s->width + 2) * (size_t)pitch + 1 + p % (size_t)s->width];
    return imp_check_tensor(run, &b->f, c, rows, s->width, caps->vector_width, d->f) &&
           imp_check_tensor(run, &b->g, c, rows, s->width, caps->vector_width, d->before) &&
           imp_check_buffer(run, &b->positions, padded, d->positions) &&
           imp_check_buffer(run, &b->workspace,
                            imp_gram_workspace(caps, c, rows, s->width, &blocks) / sizeof(float),
                            NULL) &&
           imp_check_buffer(run, &b->gram_sums, imp_gram_sums_bytes(caps, c) / sizeof(float),
                            NULL) &&
           imp_check_buffer(run, &b->mean_sums, imp_mean_sums_bytes(c) / sizeof(float), NULL) &&
           imp_check_buffer(run, &b->gram, entries, NULL) &&
           imp_check_buffer(run, &b->mean, (size_t)c, NULL) &&
           imp_check_buffer(run, &b->target, entries, d->target) &&
           imp_check_buffer(run, &b->mean_target, (size_t)c, d->mean_target) &&
           imp_check_buffer(run, &b->difference, entries, NULL) &&
           imp_check_buffer(run, &b->bias, (size_t)c, NULL) &&
           imp_check_buffer(run, &b->sums, 2 * IMP_PARTS, NULL);
}

static void check(struct imp_check_run *run, const struct shape *s)
{
    const int c = s->channels, m = (s->height - 1) * s->width;
    const size_t entries = (size_t)c * (size_t)c;
    const float factor = 0.37f, mean_factor = 0.61f;
    char name[64];
    snprintf(name, sizeof(name), "%d @ %dx%d", c, s->height, s->width);
    struct data d;
    struct buffers b = {0};
    float means[512], sums[2 * IMP_PARTS];
    double mass = 0;
    if (!make(run, s, &d, &b))
        goto done;
    for (int p = 0; p < m; p++)
        mass += d.weights[p];
    if (!imp_check_ok(run, measure(run, s, mass, &b)))
        goto done;
    double damage = fmax(imp_check_read_buffer(run, b.gram, entries, d.found),
                         imp_check_read_buffer(run, b.mean, (size_t)c, means));
    imp_ref_gram(c, m, d.wide, d.weights, d.gram);
    imp_ref_mean(c, m, d.wide, d.weights, d.mean);
    for (int i = 0; i < c * c; i++)
        d.gram[i] -= d.mean[i / c] * d.mean[i % c] / c;
    if (imp_check_begin(run, "mean %s", name))
        imp_check_end(run, fmax(damage, imp_check_error(means, d.mean, (size_t)c)), BOUND);
    if (imp_check_begin(run, "covariance %s", name))
        imp_check_end(run, fmax(damage, imp_check_error(d.found, d.gram, entries)), BOUND);
    expect_gradient(s, &d, d.found, means, factor, mean_factor);
    double expected = 0;
    for (int i = 0; i < c; i++)
        expected += pow((double)means[i] - (double)d.mean_target[i], 2);
    if (!imp_check_ok(run, differentiate(run, s, factor, mean_factor, &b)))
        goto done;
    damage = imp_check_read_buffer(run, b.sums, 2 * IMP_PARTS, sums);
    const double total = imp_check_total(sums + IMP_PARTS);
    if (imp_check_begin(run, "mean difference %s", name))
        imp_check_end(run, fmax(damage, imp_check_relative(total, expected)), ROUNDING);
    damage = imp_check_read(run, &b.g, d.found);
    if (imp_check_begin(run, "covariance gradient %s", name))
        imp_check_end(run, fmax(damage, imp_check_error(d.found, d.out, (size_t)c * (size_t)m)),
                      BOUND);
done:
    free_data(&d);
    free_buffers(&b);
}

enum small { BLEND, BLEND_MORE, APPROACH, WEIGH, SMALLS };
static const char *const small_names[] = {"blend", "blend more", "approach", "weigh planes"};

static enum impasto_status run_small(struct imp_device *device, enum small which,
                                     struct imp_buffer *y, const struct imp_buffer *x, int n)
{
    switch (which) {
    case BLEND:
    case BLEND_MORE:
        return imp_blend(device, y, x, n, 0.3f, which == BLEND_MORE);
    case APPROACH:
        return imp_approach(device, y, x, n, 0.3f);
    case WEIGH:
        return imp_weigh_planes(device, y, x, 3, n / 3);
    case SMALLS:
        break;
    }
    return IMPASTO_ERROR_INTERNAL;
}

static double expect_small(enum small which, double y, double x)
{
    const double factor = (double)0.3f;
    return which == BLEND        ? factor * x
           : which == BLEND_MORE ? y + factor * x
           : which == APPROACH   ? y + factor * (x - y)
                                 : y * x;
}

static void check_small(struct imp_check_run *run, enum small which, int n)
{
    float *y = imp_check_data(run, 0, (size_t)n, false),
          *x = imp_check_data(run, 1, (size_t)n, false);
    float *found = imp_check_data(run, 2, (size_t)n, false);
    double *expected = imp_check_doubles(run, (size_t)n);
    struct imp_buffer *to = NULL, *from = NULL;
    if (!run->broken && imp_check_buffer(run, &to, (size_t)n, y) &&
        imp_check_buffer(run, &from, (size_t)n, x) &&
        imp_check_ok(run, run_small(run->device, which, to, from, n))) {
        const double damage = imp_check_read_buffer(run, to, (size_t)n, found);
        for (int i = 0; i < n; i++)
            expected[i] =
                expect_small(which, (double)y[i], (double)x[which == WEIGH ? i % (n / 3) : i]);
        imp_check_end(run, fmax(damage, imp_check_error(found, expected, (size_t)n)), ROUNDING);
    }
    imp_buffer_free(&to);
    imp_buffer_free(&from);
    free(y);
    free(x);
    free(found);
    free(expected);
}

void imp_check_moments(struct imp_check_run *run)
{
    static const int counts[] = {3, 3 * 17, 3 * 1031};
    if (run->level == IMP_SELFTEST_BRIEF)
        return;
    const size_t count = imp_check_rows(run, 0, 2, 2, IMP_COUNT(shapes));
    for (size_t i = 0; i < count; i++) {
        struct shape fewer = shapes[i];
        fewer.channels = imp_check_channels(run, fewer.channels);
        const struct shape *s = &fewer;
        /* What is measured first is needed for what follows; a filter that names none leaves all
         * out. */
        if (imp_check_begin(run, "mean %d @ %dx%d", s->channels, s->height, s->width) ||
            imp_check_begin(run, "covariance gradient %d @ %dx%d", s->channels, s->height,
                            s->width))
            check(run, s);
    }
    for (size_t i = 0; i < IMP_COUNT(counts); i++)
        for (int which = 0; which < SMALLS; which++)
            if (imp_check_begin(run, "%s %d", small_names[which], counts[i]))
                check_small(run, (enum small)which, counts[i]);
}
