/* SPDX-License-Identifier: MIT */
/* Gram matrices, their difference to a target, and the gradient made of it. */

#include "ops/conv.h"
#include "ops/gram.h"
#include "ops/sums.h"
#include "selftest/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BOUND                                                                                      \
    1e-5 /* as in check_conv.c; sums of up to 2048 products in a row, then of their sums */

static const struct shape {
    int channels, height, width;
    int rows; /* of a block */
} shapes[] = {{64, 10, 4, 3},   {128, 3, 2, 1}, {64, 1, 1, 4},
              {64, 50, 47, 47}, {256, 7, 6, 2}, {512, 3, 5, 64}};

/* A shape's numbers on both sides. */
struct problem {
    char name[64];
    int channels, positions;
    size_t size, entries; /* of the features, of the matrix */
    struct imp_window whole;
    struct imp_blocks blocks;
    float *f, *target, *found, *g;
    double *wide, *gram, *gradient;
    struct imp_tensor features, out;
    struct imp_buffer *workspace, *sums, *matrix, *goal, *difference, *shares;
};

static const float factor = 0.37f;

static bool prepare(struct imp_check_run *run, const struct shape *s, struct problem *p)
{
    const struct imp_caps *caps = imp_device_caps(run->device);
    const int c = s->channels, h = s->height, w = s->width, lanes = caps->vector_width;
    const size_t entries = (size_t)c * (size_t)c, size = (size_t)c * (size_t)h * (size_t)w;
    const struct imp_blocks blocks = imp_check_blocks(h, s->rows);
    const size_t scratch = imp_gram_workspace(caps, c, h, w, &blocks) / sizeof(float);
    *p = (struct problem){.channels = c,
                          .positions = h * w,
                          .size = size,
                          .entries = entries,
                          .whole = {.rows = h, .begins = true},
                          .blocks = blocks};
    snprintf(p->name, sizeof(p->name), "%d @ %dx%d", c, h, w);
    p->f = imp_check_data(run, 0, size, true);
    p->target = imp_check_data(run, 1, entries, false);
    p->found = imp_check_data(run, 2, entries, false);
    p->g = imp_check_data(run, 3, size, false);
    p->wide = imp_check_widen(run, p->f, size);
    p->gram = imp_check_doubles(run, entries);
    p->gradient = imp_check_doubles(run, size);
    return !run->broken && imp_check_tensor(run, &p->features, c, h, w, lanes, p->f) &&
           imp_check_tensor(run, &p->out, c, h, w, lanes, NULL) &&
           imp_check_buffer(run, &p->workspace, scratch, NULL) &&
           imp_check_buffer(run, &p->sums, imp_gram_sums_bytes(caps, c) / sizeof(float), NULL) &&
           imp_check_buffer(run, &p->matrix, entries, NULL) &&
           imp_check_buffer(run, &p->goal, entries, p->target) &&
           imp_check_buffer(run, &p->difference, entries, NULL) &&
           imp_check_buffer(run, &p->shares, IMP_PARTS, NULL);
}

static void release(struct problem *p)
{
    imp_buffer_free(&p->features.buffer);
    imp_buffer_free(&p->out.buffer);
    imp_buffer_free(&p->workspace);
    imp_buffer_free(&p->sums);
    imp_buffer_free(&p->matrix);
    imp_buffer_free(&p->goal);
    imp_buffer_free(&p->difference);
    imp_buffer_free(&p->shares);
    free(p->f);
    free(p->target);
    free(p->found);
    free(p->g);
    free(p->wide);
    free(p->gram);
    free(p->gradient);
}

/* In windows of so many rows. */
static enum impasto_status multiply_in(struct imp_check_run *run, const struct problem *p, int rows)
{
    const int height = p->whole.rows;
    for (int at = 0; at < height; at += rows) {
        const struct imp_window window = {.first = at,
                                          .rows = rows < height - at ? rows : height - at,
                                          .at = at,
                                          .begins = at == 0};
        IMP_TRY(imp_gram(run->device, &p->features, &window, &p->blocks, NULL, p->workspace,
                         p->sums, "check"));
    }
    return imp_gram_finish(run->device, p->sums, p->channels, (double)p->size, p->matrix);
}

static bool multiply(struct imp_check_run *run, const struct problem *p)
{
    return imp_check_ok(run, multiply_in(run, p, p->whole.rows));
}

static bool subtract(struct imp_check_run *run, const struct problem *p)
{
    return imp_check_ok(run, imp_gram_difference(run->device, p->matrix, p->goal, p->channels,
                                                 factor, p->difference, p->shares, 0));
}

static void check_matrix(struct imp_check_run *run, const struct problem *p)
{
    if (!imp_check_begin(run, "gram %s", p->name) || !multiply(run, p))
        return;
    const double damage = imp_check_read_buffer(run, p->matrix, p->entries, p->found);
    imp_ref_gram(p->channels, p->positions, p->wide, NULL, p->gram);
    imp_check_end(run, fmax(damage, imp_check_error(p->found, p->gram, p->entries)), BOUND);
}

/* However the whole is cut, each bit is the same. */
static void check_windows(struct imp_check_run *run, const struct problem *p)
{
    if (!imp_check_begin(run, "gram in windows %s", p->name) || !multiply(run, p))
        return;
    float *whole = imp_check_data(run, 4, p->entries, false);
    double error = whole ? imp_check_read_buffer(run, p->matrix, p->entries, whole) : INFINITY;
    /* A simulator is spared the most windows, those of a row each. */
    const int least = run->level == IMP_SELFTEST_TINY ? 2 : 1;
    for (int rows = least; !run->broken && rows < p->whole.rows; rows += rows < 4 ? 1 : 11) {
        if (imp_check_ok(run, multiply_in(run, p, rows)))
            error = fmax(error, imp_check_read_buffer(run, p->matrix, p->entries, p->found));
        if (memcmp(whole, p->found, p->entries * sizeof(float)) != 0)
            error = INFINITY;
    }
    free(whole);
    imp_check_end(run, error, 0);
}

/* Words of the sums over rows `from` to before `to`, as if nothing else of the whole were here. */
static bool measure_band(struct imp_check_run *run, const struct problem *p, int from, int to,
                         uint32_t *words, size_t count)
{
    const struct imp_window band = {.first = from, .rows = to - from, .at = from, .begins = true};
    return imp_check_ok(run, imp_gram(run->device, &p->features, &band, &p->blocks, NULL,
                                      p->workspace, p->sums, "check")) &&
           imp_check_ok(run, imp_buffer_read(p->sums, 0, words, count * sizeof(*words)));
}

/* The upper or lower words of `count` sums: both halves are planes. */
static void add_words(uint32_t *to, const uint32_t *from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const uint64_t sum =
            (to[i] | (uint64_t)to[count + i] << 32) + (from[i] | (uint64_t)from[count + i] << 32);
        to[i] = (uint32_t)sum;
        to[count + i] = (uint32_t)(sum >> 32);
    }
}

/* Bands of whole blocks, each measured by itself, of which the sums are added up here: each bit is
 * that of the whole. */
static void check_bands(struct imp_check_run *run, const struct problem *p)
{
    const size_t bytes = imp_gram_sums_bytes(imp_device_caps(run->device), p->channels);
    const size_t count = bytes / (IMP_GRAM_WORDS + 1) / sizeof(uint32_t);
    const int border = (p->blocks.count + 1) / 2 * p->blocks.rows;
    if (p->blocks.count < 2 || !imp_check_begin(run, "gram in bands %s", p->name) ||
        !multiply(run, p))
        return;
    float *whole = imp_check_data(run, 4, p->entries, false);
    uint32_t *words = malloc(bytes), *more = malloc(bytes);
    double error = INFINITY;
    if (whole && words && more && imp_check_read_buffer(run, p->matrix, p->entries, whole) == 0 &&
        measure_band(run, p, border, p->whole.rows, more, IMP_GRAM_WORDS * count) &&
        measure_band(run, p, 0, border, words, IMP_GRAM_WORDS * count)) {
        add_words(words, more, count);
        add_words(words + 2 * count, more + 2 * count, count);
        if (imp_check_ok(run, imp_buffer_write(p->sums, 0, words,
                                               IMP_GRAM_WORDS * count * sizeof(*words))) &&
            imp_check_ok(run, imp_gram_finish(run->device, p->sums, p->channels, (double)p->size,
                                              p->matrix)))
            error = imp_check_read_buffer(run, p->matrix, p->entries, p->found);
        if (memcmp(whole, p->found, p->entries * sizeof(float)) != 0)
            error = INFINITY;
    }
    free(whole);
    free(words);
    free(more);
    imp_check_end(run, error, 0);
}

/* Features of any size that networks have, and one that is not finite, which must arrive. */
static double error_of(struct imp_check_run *run, struct problem *p, float scale, bool spoilt)
{
    const int channel = p->channels / 3;
    float *f = imp_check_data(run, 0, p->size, true);
    double error = INFINITY;
    for (size_t i = 0; f && i < p->size; i++)
        f[i] *= scale;
    if (f && spoilt)
        f[channel * p->positions] = INFINITY;
    double *wide = imp_check_widen(run, f, p->size);
    imp_buffer_free(&p->features.buffer);
    if (wide &&
        imp_check_tensor(run, &p->features, p->channels, p->features.height, p->features.width,
                         p->features.lanes, f) &&
        multiply(run, p)) {
        error = imp_check_read_buffer(run, p->matrix, p->entries, p->found);
        imp_ref_gram(p->channels, p->positions, wide, NULL, p->gram);
    }
    for (int i = 0; error == 0 && spoilt && i < p->channels; i++) {
        float *ours = &p->found[i * p->channels + channel];
        error = isfinite(*ours) ? INFINITY : 0;
        p->found[channel * p->channels + i] = *ours = 0;
        p->gram[channel * p->channels + i] = p->gram[i * p->channels + channel] = 0;
    }
    free(wide);
    free(f);
    return fmax(error, imp_check_error(p->found, p->gram, p->entries));
}

static void check_sizes(struct imp_check_run *run, struct problem *p)
{
    static const float scales[] = {1e-3f, 3e4f, 1};
    for (size_t i = 0; i < IMP_COUNT(scales); i++)
        if (imp_check_begin(run, "gram of features %s %s",
                            i == 0   ? "of a thousandth"
                            : i == 1 ? "of thousands"
                                     : "with an infinite one",
                            p->name))
            imp_check_end(run, error_of(run, p, scales[i], i == 2), BOUND);
}

/* The device's own matrix is the input of the next steps, so that only their errors show. */
static void check_difference(struct imp_check_run *run, const struct problem *p)
{
    float sums[IMP_PARTS];
    if (!imp_check_begin(run, "gram difference %s", p->name) || !multiply(run, p) ||
        !subtract(run, p))
        return;
    const double damage = fmax(imp_check_read_buffer(run, p->matrix, p->entries, p->found),
                               imp_check_read_buffer(run, p->shares, IMP_PARTS, sums));
    double expected = 0;
    for (size_t i = 0; i < p->entries; i++)
        expected += pow((double)p->found[i] - (double)p->target[i], 2);
    imp_check_end(run, fmax(damage, imp_check_relative(imp_check_total(sums), expected)), 1e-6);
}

static void check_gradient(struct imp_check_run *run, const struct problem *p)
{
    const int c = p->channels, m = p->positions;
    const struct imp_pointwise product = {.x = p->features,
                                          .y = p->out,
                                          .window = p->whole,
                                          .weights = p->difference,
                                          .label = "check"};
    if (!imp_check_begin(run, "gram gradient %s", p->name) || !multiply(run, p) ||
        !subtract(run, p) || !imp_check_ok(run, imp_conv_pointwise(run->device, &product)))
        return;
    const double damage = fmax(imp_check_read_buffer(run, p->matrix, p->entries, p->found),
                               imp_check_read(run, &p->out, p->g));
    for (int i = 0; i < c; i++)
        for (int j = 0; j < c; j++) {
            const int at = i * c + j;
            const double d = (double)factor * ((double)p->found[at] - (double)p->target[at]);
            for (int k = 0; k < m; k++)
                p->gradient[i * m + k] += d * p->wide[j * m + k];
        }
    imp_check_end(run, fmax(damage, imp_check_error(p->g, p->gradient, p->size)), BOUND);
}

static void check(struct imp_check_run *run, const struct shape *s)
{
    struct problem p;
    if (prepare(run, s, &p)) {
        check_matrix(run, &p);
        check_windows(run, &p);
        check_bands(run, &p);
        if (run->level != IMP_SELFTEST_BRIEF) {
            check_difference(run, &p);
            check_gradient(run, &p);
            check_sizes(run, &p);
        }
    }
    release(&p);
}

void imp_check_gram(struct imp_check_run *run)
{
    const size_t count = imp_check_rows(run, 1, 3, 3, IMP_COUNT(shapes));
    for (size_t i = 0; i < count; i++) {
        struct shape s = shapes[i];
        s.channels = imp_check_channels(run, s.channels);
        check(run, &s);
    }
}
