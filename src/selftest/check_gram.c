/* SPDX-License-Identifier: MIT */
/* Gram matrices, their difference to a target, and the gradient made of it. */

#include "ops/conv.h"
#include "ops/gram.h"
#include "ops/sums.h"
#include "selftest/check.h"

#include <math.h>
#include <stdlib.h>

#define BOUND                                                                                      \
    1e-5 /* as in check_conv.c; sums of up to 2048 products in a row, then of their sums */

static const struct shape {
    int channels, height, width;
} shapes[] = {{64, 5, 9}, {128, 3, 2}, {64, 1, 1}, {64, 50, 47}, {256, 7, 6}, {512, 3, 5}};

static double total_of(const float *sums)
{
    double total = 0;
    for (int i = 0; i < IMP_PARTS; i++)
        total += (double)sums[i];
    return total;
}

/* A shape's numbers on both sides. */
struct problem {
    char name[64];
    int channels, positions;
    size_t size, entries; /* of the features, of the matrix */
    struct imp_window whole;
    float *f, *target, *found, *g;
    double *wide, *gram, *gradient;
    struct imp_tensor features, out;
    struct imp_buffer *workspace, *matrix, *goal, *difference, *shares;
};

static const float factor = 0.37f;

static bool prepare(struct imp_check_run *run, const struct shape *s, struct problem *p)
{
    const struct imp_caps *caps = imp_device_caps(run->device);
    const int c = s->channels, h = s->height, w = s->width, lanes = caps->vector_width;
    const size_t entries = (size_t)c * (size_t)c, size = (size_t)c * (size_t)h * (size_t)w;
    const size_t scratch = imp_gram_workspace(caps, c, h, w) / sizeof(float);
    *p = (struct problem){.channels = c,
                          .positions = h * w,
                          .size = size,
                          .entries = entries,
                          .whole = {.rows = h, .begins = true}};
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

static bool multiply(struct imp_check_run *run, const struct problem *p)
{
    return imp_check_ok(run, imp_gram(run->device, &p->features, &p->whole, NULL, (double)p->size,
                                      p->workspace, p->matrix, "check"));
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
    const double error = fabs(total_of(sums) / expected - 1);
    imp_check_end(run, fmax(damage, isfinite(error) ? error : INFINITY), 1e-6);
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
        if (run->level != IMP_SELFTEST_BRIEF) {
            check_difference(run, &p);
            check_gradient(run, &p);
        }
    }
    release(&p);
}

void imp_check_gram(struct imp_check_run *run)
{
    const size_t count = imp_check_rows(run, 1, 3, 3, IMP_COUNT(shapes));
    for (size_t i = 0; i < count; i++)
        check(run, &shapes[i]);
}
