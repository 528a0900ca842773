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

static void check(struct imp_check_run *run, const struct shape *s)
{
    const struct imp_caps *caps = imp_device_caps(run->device);
    const int c = s->channels, m = s->height * s->width;
    const size_t size = (size_t)c * (size_t)m, entries = (size_t)c * (size_t)c;
    const float factor = 0.37f;
    char name[64];
    snprintf(name, sizeof(name), "%d @ %dx%d", c, s->height, s->width);
    float *f = imp_check_data(run, 0, size, true), *target = imp_check_data(run, 1, entries, false);
    float *found = imp_check_data(run, 2, entries, false), *g = imp_check_data(run, 3, size, false);
    float sums[IMP_PARTS];
    double *wide = imp_check_widen(run, f, size), *gram = imp_check_doubles(run, entries);
    double *gradient = imp_check_doubles(run, size);
    struct imp_tensor features = {0}, out = {0};
    struct imp_buffer *workspace = NULL, *matrix = NULL, *goal = NULL, *difference = NULL;
    struct imp_buffer *shares = NULL;
    const struct imp_window whole = {.rows = s->height, .begins = true};
    const double elements = (double)c * m;
    const size_t scratch = imp_gram_workspace(caps, c, s->height, s->width) / sizeof(float);
    if (run->broken ||
        !imp_check_tensor(run, &features, c, s->height, s->width, caps->vector_width, f) ||
        !imp_check_tensor(run, &out, c, s->height, s->width, caps->vector_width, NULL) ||
        !imp_check_buffer(run, &workspace, scratch, NULL) ||
        !imp_check_buffer(run, &matrix, entries, NULL) ||
        !imp_check_buffer(run, &goal, entries, target) ||
        !imp_check_buffer(run, &difference, entries, NULL) ||
        !imp_check_buffer(run, &shares, IMP_PARTS, NULL))
        goto done;

    if (imp_check_begin(run, "gram %s", name) &&
        imp_check_ok(run, imp_gram(run->device, &features, &whole, NULL, elements, workspace,
                                   matrix, "check"))) {
        const double damage = imp_check_read_buffer(run, matrix, entries, found);
        imp_ref_gram(c, m, wide, NULL, gram);
        imp_check_end(run, fmax(damage, imp_check_error(found, gram, entries)), BOUND);
    }
    if (run->level == IMP_SELFTEST_BRIEF)
        goto done;
    /* The device's own matrix is the input of the next steps, so that only their errors show. */
    if (imp_check_begin(run, "gram difference %s", name) &&
        imp_check_ok(run, imp_gram(run->device, &features, &whole, NULL, elements, workspace,
                                   matrix, "check")) &&
        imp_check_ok(run, imp_gram_difference(run->device, matrix, goal, c, factor, difference,
                                              shares, 0))) {
        double damage = fmax(imp_check_read_buffer(run, matrix, entries, found),
                             imp_check_read_buffer(run, shares, IMP_PARTS, sums));
        double expected = 0;
        for (size_t i = 0; i < entries; i++)
            expected += pow((double)found[i] - (double)target[i], 2);
        const double error = fabs(total_of(sums) / expected - 1);
        imp_check_end(run, fmax(damage, isfinite(error) ? error : INFINITY), 1e-6);
    }
    if (imp_check_begin(run, "gram gradient %s", name) &&
        imp_check_ok(run, imp_gram(run->device, &features, &whole, NULL, elements, workspace,
                                   matrix, "check")) &&
        imp_check_ok(run, imp_gram_difference(run->device, matrix, goal, c, factor, difference,
                                              shares, 0)) &&
        imp_check_ok(run,
                     imp_conv_pointwise(run->device, &(struct imp_pointwise){.x = features,
                                                                             .y = out,
                                                                             .window = whole,
                                                                             .weights = difference,
                                                                             .label = "check"}))) {
        const double damage =
            fmax(imp_check_read_buffer(run, matrix, entries, found), imp_check_read(run, &out, g));
        for (int i = 0; i < c; i++)
            for (int j = 0; j < c; j++) {
                const double d =
                    (double)factor * ((double)found[i * c + j] - (double)target[i * c + j]);
                for (int k = 0; k < m; k++)
                    gradient[i * m + k] += d * wide[j * m + k];
            }
        imp_check_end(run, fmax(damage, imp_check_error(g, gradient, size)), BOUND);
    }
done:
    imp_buffer_free(&features.buffer);
    imp_buffer_free(&out.buffer);
    imp_buffer_free(&workspace);
    imp_buffer_free(&matrix);
    imp_buffer_free(&goal);
    imp_buffer_free(&difference);
    imp_buffer_free(&shares);
    free(f);
    free(target);
    free(found);
    free(g);
    free(wide);
    free(gram);
    free(gradient);
}

void imp_check_gram(struct imp_check_run *run)
{
    const size_t count = imp_check_rows(run, 1, 3, 3, IMP_COUNT(shapes));
    for (size_t i = 0; i < count; i++)
        check(run, &shapes[i]);
}
