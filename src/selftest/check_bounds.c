/* SPDX-License-Identifier: MIT */
/* The losses that keep networks in training in bounds: the bounded style loss, the range, the
 * lattice, and the weave. */

#include "ops/gram.h"
#include "ops/sums.h"
#include "ops/weave.h"
#include "selftest/check.h"

#include <math.h>
#include <stdlib.h>

/* Single precision throughout: a few roundings of one product. */
#define ROUNDING 3e-6

/* So large that the lattice's part of a gradient is as large as what it is added to. Its means are
 * sums of 64, of which only small differences count. */
#define LATTICE_FACTOR 1e3f
#define LATTICE_ROUNDING 2e-5
/* Of sums of some thousand products, over others. */
#define WEAVE_ROUNDING 2e-5

static const float factor = 0.37f;

/* A bounded loss, of two slots of sums behind an unused one. */
struct bounded {
    int channels;
    size_t entries;
    float *g, *target, *product;
    double *expected, energy;
    struct imp_buffer *matrix, *goal, *difference, *sums, *factors;
};

static bool prepare(struct imp_check_run *run, int channels, struct bounded *b)
{
    *b = (struct bounded){.channels = channels, .entries = (size_t)channels * (size_t)channels};
    b->g = imp_check_data(run, 1, b->entries, false);
    b->target = imp_check_data(run, 2, b->entries, false);
    b->product = imp_check_data(run, 3, b->entries, false);
    b->expected = imp_check_doubles(run, b->entries);
    for (size_t i = 0; i < b->entries && b->target; i++)
        b->energy += (double)b->target[i] * (double)b->target[i];
    return !run->broken && imp_check_buffer(run, &b->matrix, b->entries, b->g) &&
           imp_check_buffer(run, &b->goal, b->entries, b->target) &&
           imp_check_buffer(run, &b->difference, b->entries, NULL) &&
           imp_check_buffer(run, &b->sums, (size_t)3 * IMP_PARTS, NULL) &&
           imp_check_buffer(run, &b->factors, IMP_BOUNDED_FACTORS, NULL);
}

static void release(struct bounded *b)
{
    imp_buffer_free(&b->matrix);
    imp_buffer_free(&b->goal);
    imp_buffer_free(&b->difference);
    imp_buffer_free(&b->sums);
    imp_buffer_free(&b->factors);
    free(b->g);
    free(b->target);
    free(b->product);
    free(b->expected);
}

/* The weights of a 1x1 convolution are in an order of their own; as a product with unit vectors
 * they come back in theirs: an image of `channels` pixels, of which pixel j has channel j alone. */
static double read_difference(struct imp_check_run *run, struct bounded *b)
{
    const int c = b->channels, lanes = imp_device_caps(run->device)->vector_width;
    struct imp_tensor units = {0}, out = {0};
    float *unit = imp_check_data(run, 4, b->entries, false);
    for (size_t i = 0; i < b->entries && unit; i++)
        unit[i] = i / (size_t)c == i % (size_t)c;
    const bool run_well =
        unit && imp_check_tensor(run, &units, c, 1, c, lanes, unit) &&
        imp_check_tensor(run, &out, c, 1, c, lanes, NULL) &&
        imp_check_ok(run, imp_conv_pointwise(run->device, &(struct imp_pointwise){
                                                              .x = units,
                                                              .y = out,
                                                              .window = {.rows = 1, .begins = true},
                                                              .weights = b->difference,
                                                              .label = "check",
                                                          }));
    const double damage = run_well ? imp_check_read(run, &out, b->product) : INFINITY;
    imp_buffer_free(&units.buffer);
    imp_buffer_free(&out.buffer);
    free(unit);
    return damage;
}

static void judge(struct imp_check_run *run, struct bounded *b)
{
    static const int slots[] = {2, 1};
    float *shares = imp_check_data(run, 5, (size_t)3 * IMP_PARTS, false);
    double apart = 0, own = 0;
    if (!shares ||
        !imp_check_ok(run, imp_gram_bounded(run->device, b->matrix, b->goal, b->channels, b->energy,
                                            factor, b->difference, b->sums, slots, b->factors)))
        goto done;
    double error = read_difference(run, b);
    if (!imp_check_ok(run, imp_buffer_read(b->sums, sizeof(float) * IMP_PARTS, shares + IMP_PARTS,
                                           2 * sizeof(float) * IMP_PARTS)))
        goto done;
    for (size_t i = 0; i < b->entries; i++) {
        apart += pow((double)b->g[i] - (double)b->target[i], 2);
        own += pow((double)b->g[i], 2);
    }
    const double total = b->energy + own, scale = (double)factor / total;
    for (size_t i = 0; i < b->entries; i++)
        b->expected[i] =
            scale * ((double)b->g[i] - (double)b->target[i] - apart / total * (double)b->g[i]);
    error = fmax(error, imp_check_error(b->product, b->expected, b->entries));
    error = fmax(error, imp_check_relative(imp_check_total(shares + 2 * (size_t)IMP_PARTS), apart));
    error = fmax(error, imp_check_relative(imp_check_total(shares + IMP_PARTS), own));
    imp_check_end(run, error, ROUNDING);
done:
    free(shares);
}

static void check_bounded(struct imp_check_run *run, int channels)
{
    struct bounded b;
    if (!imp_check_begin(run, "bounded difference %d channels", channels))
        return;
    if (prepare(run, channels, &b))
        judge(run, &b);
    release(&b);
}

/* Values on both sides of both bounds. */
static void check_range(struct imp_check_run *run, int n)
{
    const size_t count = (size_t)n;
    struct imp_buffer *x = NULL, *sums = NULL, *gradient = NULL;
    if (!imp_check_begin(run, "range of %d", n))
        return;
    float *values = imp_check_data(run, 1, count, false);
    float *before = imp_check_data(run, 2, count, false);
    double *expected = imp_check_widen(run, before, count);
    for (size_t i = 0; i < count && values; i++)
        values[i] = 1.5f * values[i] + 0.5f;
    double *wide = imp_check_widen(run, values, count);
    if (!run->broken && imp_check_buffer(run, &x, count, values) &&
        imp_check_buffer(run, &sums, IMP_PARTS, NULL) &&
        imp_check_buffer(run, &gradient, count, before) &&
        imp_check_ok(run, imp_range_sum(run->device, x, n, sums, 0)) &&
        imp_check_ok(run, imp_range_backward(run->device, x, n, gradient, factor))) {
        const double range = imp_ref_range(n, wide, (double)factor, expected);
        imp_check_end(run, imp_check_loss(run, sums, range, gradient, expected, count), ROUNDING);
    }
    imp_buffer_free(&x);
    imp_buffer_free(&sums);
    imp_buffer_free(&gradient);
    free(values);
    free(before);
    free(expected);
    free(wide);
}

/* rows, columns: of the image; its windows may end before them. */
static void check_lattice(struct imp_check_run *run, int height, int width)
{
    const size_t count = 3 * (size_t)height * (size_t)width;
    struct imp_buffer *x = NULL, *pattern = NULL, *sums = NULL, *gradient = NULL;
    if (!imp_check_begin(run, "lattice %dx%d", height, width))
        return;
    float *values = imp_check_data(run, 1, count, false);
    float *before = imp_check_data(run, 2, count, false);
    double *expected = imp_check_widen(run, before, count);
    double *wide = imp_check_widen(run, values, count);
    if (!run->broken && imp_check_buffer(run, &x, count, values) &&
        imp_check_buffer(run, &pattern, imp_lattice_floats(height, width), NULL) &&
        imp_check_buffer(run, &sums, IMP_PARTS, NULL) &&
        imp_check_buffer(run, &gradient, count, before) &&
        imp_check_ok(run, imp_lattice_sum(run->device, x, height, width, pattern, sums, 0)) &&
        imp_check_ok(run, imp_lattice_backward(run->device, x, pattern, height, width, gradient,
                                               LATTICE_FACTOR))) {
        const double lattice = imp_ref_lattice(height, width, wide, LATTICE_FACTOR, expected);
        imp_check_end(run, imp_check_loss(run, sums, lattice, gradient, expected, count),
                      LATTICE_ROUNDING);
    }
    imp_buffer_free(&x);
    imp_buffer_free(&pattern);
    imp_buffer_free(&sums);
    imp_buffer_free(&gradient);
    free(values);
    free(before);
    free(expected);
    free(wide);
}

/* So large that its part of a gradient is as large as what it is added to. */
#define WEAVE_FACTOR 3e2f
/* Limits that some of the correlations of random numbers exceed, and a picture that repeats does.
 */
#define WEAVE_LIMIT 0.02f

/* A picture of columns that are brighter by some, every eighth, and random numbers. */
static float *weave_picture(struct imp_check_run *run, uint32_t stream, float brighter, int height,
                            int width)
{
    const size_t count = 3 * (size_t)height * (size_t)width;
    float *values = imp_check_data(run, stream, count, false);
    for (size_t i = 0; i < count && values; i++)
        values[i] = 0.5f * values[i] + (i % (size_t)width % 8 < 2 ? brighter : 0);
    return values;
}

static void check_weave(struct imp_check_run *run, int height, int width)
{
    const size_t count = 3 * (size_t)height * (size_t)width;
    const size_t differences = 6 * (size_t)(height / 2) * (size_t)(width / 2);
    const size_t products = (1 + WEAVE_SHIFTS) * (size_t)imp_weave_windows(height, width);
    struct imp_weave weave = {.height = height, .width = width};
    struct imp_buffer *x = NULL, *content = NULL, *sums = NULL, *gradient = NULL;
    float limits[WEAVE_SHIFTS];
    if (!imp_check_begin(run, "weave %dx%d", height, width))
        return;
    for (int n = 0; n < WEAVE_SHIFTS; n++)
        limits[n] = WEAVE_LIMIT * (float)(n % 3);
    float *values = weave_picture(run, 1, 0.7f, height, width);
    float *photograph = weave_picture(run, 3, 0.1f, height, width);
    float *before = imp_check_data(run, 2, count, false);
    double *expected = imp_check_widen(run, before, count);
    double *wide = imp_check_widen(run, values, count);
    double *seen = imp_check_widen(run, photograph, count);
    if (!run->broken && imp_check_buffer(run, &weave.differences, differences, NULL) &&
        imp_check_buffer(run, &weave.products, products, NULL) &&
        imp_check_buffer(run, &weave.content, products, NULL) &&
        imp_check_buffer(run, &weave.slopes, differences, NULL) &&
        imp_check_buffer(run, &weave.limits, WEAVE_SHIFTS, limits) &&
        imp_check_buffer(run, &x, count, values) && imp_check_buffer(run, &sums, IMP_PARTS, NULL) &&
        imp_check_buffer(run, &content, count, photograph) &&
        imp_check_buffer(run, &gradient, count, before) &&
        imp_check_ok(run, imp_weave_take_content(run->device, &weave, content)) &&
        imp_check_ok(run, imp_weave_sum(run->device, &weave, x, sums, 0)) &&
        imp_check_ok(run, imp_weave_backward(run->device, &weave, gradient, WEAVE_FACTOR))) {
        const double found =
            imp_ref_weave(height, width, wide, seen, limits, (double)WEAVE_FACTOR, expected);
        imp_check_end(run, imp_check_loss(run, sums, found, gradient, expected, count),
                      WEAVE_ROUNDING);
    }
    imp_buffer_free(&weave.differences);
    imp_buffer_free(&weave.products);
    imp_buffer_free(&weave.content);
    imp_buffer_free(&weave.slopes);
    imp_buffer_free(&weave.limits);
    imp_buffer_free(&x);
    imp_buffer_free(&content);
    imp_buffer_free(&sums);
    imp_buffer_free(&gradient);
    free(values);
    free(photograph);
    free(before);
    free(expected);
    free(wide);
    free(seen);
}

/* With limits of its own, a picture has hardly a weave: by definition none where it has a single
 * window. With half of them it has the other halves. */
static void check_weave_limits(struct imp_check_run *run)
{
    enum { SIDE = WEAVE_WINDOW, COUNT = 3 * SIDE * SIDE };
    struct imp_buffer *x = NULL;
    float limits[WEAVE_SHIFTS];
    if (!imp_check_begin(run, "weave limits"))
        return;
    float *values = weave_picture(run, 1, 0.7f, SIDE, SIDE);
    double *wide = imp_check_widen(run, values, COUNT), *ignored = imp_check_doubles(run, COUNT);
    double *even = imp_check_doubles(run, COUNT);
    if (!run->broken && imp_check_buffer(run, &x, COUNT, values) &&
        imp_check_ok(run, imp_weave_limits(run->device, x, SIDE, SIDE, limits))) {
        const double none = imp_ref_weave(SIDE, SIDE, wide, even, limits, 1, ignored);
        double expected = 0;
        for (int n = 0; n < WEAVE_SHIFTS; n++) {
            limits[n] /= 2;
            expected += pow((double)limits[n], 2) / WEAVE_SHIFTS;
        }
        const double all = imp_ref_weave(SIDE, SIDE, wide, even, limits, 1, ignored);
        imp_check_end(run, fmax(sqrt(none), fabs(all / expected - 1)), 1e-4);
    }
    imp_buffer_free(&x);
    free(values);
    free(wide);
    free(ignored);
    free(even);
}

void imp_check_bounds(struct imp_check_run *run)
{
    static const int channels[] = {64, 256, 128};
    static const int counts[] = {3 * 17 * 19, 3, 3 * 128 * 128};
    static const int sides[][2] = {{70, 41}, {32, 32}, {63, 160}};
    const size_t most = imp_check_rows(run, 0, 1, 2, IMP_COUNT(channels));
    for (size_t i = 0; i < most; i++) {
        check_bounded(run, channels[i]);
        check_range(run, counts[i]);
        check_lattice(run, sides[i][0], sides[i][1]);
        check_weave(run, sides[i][0], sides[i][1]);
    }
    if (most > 1) /* its kernels are the same; it has no buffers but its own */
        check_weave_limits(run);
}
