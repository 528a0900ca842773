/* SPDX-License-Identifier: MIT */
/* The vectors of L-BFGS: moves in the box, products, combinations. */

#include "selftest/check.h"

#include <math.h>
#include <stdlib.h>

/* Elements of the image, slots in use, bounds and rows of the image, which may be none: shares of
 * less than a vector, of one with a rest, of several; one block and more. */
static const struct shape {
    int n, slots;
    struct imp_bounds bounds;
    int height;
} shapes[] = {{18, 2, {0, 1}, 2},
              {135, 1, {-0.25f, 0.5f}, 0},
              {3 * 131 * 15, 3, {0, 1}, 131},
              {331, 2, {-INFINITY, INFINITY}, 0},
              {3 * 300 * 55, 7, {0, 1}, 300}};
#define ROUNDING 1e-6
/* Of a sum of products, over the product of the vectors' lengths. */
#define SUM_ROUNDING 1e-6

enum vector { IMAGE, GRADIENT, POINT, REDUCED, DIRECTION, MOVES, CHANGES, VECTORS };

/* The vectors on the device and what is in them. `moves` and `changes` have a slot more than are in
 * use, of NaN, which nothing may look at. */
struct set {
    const struct shape *shape;
    size_t pitch, count[VECTORS];
    float *data[VECTORS], *found;
    double *expected;
    struct imp_buffer *buffer[VECTORS], *coefficients, *sums;
    struct imp_lbfgs_vectors v;
};

/* In the box, and often at its bounds. */
static float boxed(const struct imp_bounds *bounds, float value)
{
    if (isinf(bounds->low))
        return value;
    return value < bounds->low ? bounds->low : value > 0.7f * bounds->high ? bounds->high : value;
}

static void fill(struct set *set)
{
    const size_t n = (size_t)set->shape->n, all = (size_t)set->shape->slots * set->pitch;
    for (size_t i = 0; i < set->pitch; i++) {
        if (i < n) {
            set->data[IMAGE][i] = boxed(&set->shape->bounds, set->data[IMAGE][i]);
            set->data[POINT][i] = boxed(&set->shape->bounds, set->data[POINT][i]);
        }
        for (int k = POINT; i >= n && k <= DIRECTION; k++)
            set->data[k][i] = 0;
    }
    for (size_t i = 0; i < all + set->pitch; i++)
        for (int k = MOVES; k <= CHANGES; k++)
            if (i >= all)
                set->data[k][i] = NAN;
            else if (i % set->pitch >= n)
                set->data[k][i] = 0;
}

static void close_set(struct set *set)
{
    for (int k = 0; k < VECTORS; k++) {
        free(set->data[k]);
        imp_buffer_free(&set->buffer[k]);
    }
    free(set->found);
    free(set->expected);
    imp_buffer_free(&set->coefficients);
    imp_buffer_free(&set->sums);
}

static bool open_set(struct imp_check_run *run, const struct shape *shape, struct set *set)
{
    *set = (struct set){.shape = shape, .pitch = (size_t)imp_lbfgs_pitch(shape->n)};
    const size_t slots = (size_t)shape->slots, most = (slots + 1) * set->pitch;
    set->found = imp_check_data(run, 0, most, false);
    set->expected = imp_check_doubles(run, most);
    for (int k = 0; k < VECTORS; k++) {
        set->count[k] = k < POINT ? (size_t)shape->n : k < MOVES ? set->pitch : most;
        set->data[k] = imp_check_data(run, (uint32_t)(k + 1), set->count[k], false);
    }
    if (run->broken)
        return false;
    fill(set);
    for (int k = 0; k < VECTORS; k++)
        if (!imp_check_buffer(run, &set->buffer[k], set->count[k], set->data[k]))
            return false;
    set->v = (struct imp_lbfgs_vectors){
        .n = shape->n,
        .height = shape->height,
        .bounds = shape->bounds,
        .image = set->buffer[IMAGE],
        .gradient = set->buffer[GRADIENT],
        .point = set->buffer[POINT],
        .reduced = set->buffer[REDUCED],
        .direction = set->buffer[DIRECTION],
        .moves = set->buffer[MOVES],
        .changes = set->buffer[CHANGES],
    };
    const bool made =
        imp_check_buffer(run, &set->coefficients, 2 * slots + 1, NULL) &&
        imp_check_buffer(run, &set->sums, imp_lbfgs_sums_bytes(shape->slots) / sizeof(float), NULL);
    set->v.coefficients = set->coefficients;
    set->v.sums = set->sums;
    return made;
}

/* The error of a vector of the set, whose first `count` elements are in set->expected. */
static double error_of(struct imp_check_run *run, struct set *set, enum vector which, size_t count)
{
    const double damage =
        imp_check_read_buffer(run, set->buffer[which], set->count[which], set->found);
    return fmax(damage, imp_check_error(set->found, set->expected, count));
}

static void check_move(struct imp_check_run *run, struct set *set)
{
    const float step = 0.37f;
    if (!imp_check_ok(run, imp_lbfgs_move(run->device, &set->v, (double)step)))
        return;
    for (size_t i = 0; i < set->count[IMAGE]; i++)
        set->expected[i] =
            fmin(fmax((double)set->data[POINT][i] + (double)step * (double)set->data[DIRECTION][i],
                      (double)set->shape->bounds.low),
                 (double)set->shape->bounds.high);
    imp_check_end(run, error_of(run, set, IMAGE, set->count[IMAGE]), ROUNDING);
}

/* Whether x is at a bound, and a loss of slope g does not want it to leave. */
static bool held(const struct set *set, double x, double g)
{
    const struct imp_bounds *bounds = &set->shape->bounds;
    return (x <= (double)bounds->low && g >= 0) || (x >= (double)bounds->high && g <= 0);
}

/* Into the last slot; the others stay. */
static void check_accept(struct imp_check_run *run, struct set *set)
{
    const size_t n = (size_t)set->shape->n, slot = (size_t)set->shape->slots - 1;
    const size_t all = (slot + 1) * set->pitch;
    float **data = set->data;
    double error = 0;
    /* What did not move has no change. */
    for (size_t i = 0; i < n; i += 5)
        data[POINT][i] = data[IMAGE][i];
    if (!imp_check_ok(run, imp_buffer_write(set->buffer[POINT], 0, data[POINT],
                                            set->pitch * sizeof(float))) ||
        !imp_check_ok(run, imp_lbfgs_accept(run->device, &set->v, (int)slot)))
        return;
    for (int k = MOVES; k <= CHANGES; k++) {
        for (size_t i = 0; i < all; i++)
            set->expected[i] = (double)data[k][i];
        for (size_t i = 0; i < n; i++) {
            const double move = (double)data[IMAGE][i] - (double)data[POINT][i];
            const double change = (double)data[GRADIENT][i] - (double)data[REDUCED][i];
            set->expected[slot * set->pitch + i] = k == MOVES ? move : move != 0 ? change : 0;
        }
        error = fmax(error, error_of(run, set, (enum vector)k, all));
    }
    for (size_t i = 0; i < set->pitch; i++)
        set->expected[i] = i < n ? (double)data[IMAGE][i] : 0;
    error = fmax(error, error_of(run, set, POINT, set->pitch));
    for (size_t i = 0; i < n; i++) {
        const double x = (double)data[IMAGE][i], g = (double)data[GRADIENT][i];
        set->expected[i] = held(set, x, g) && g != 0 ? 0 : g;
    }
    error = fmax(error, error_of(run, set, REDUCED, set->pitch));
    imp_check_end(run, error, ROUNDING);
}

static double dot(const float *a, const float *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

static void check_dots(struct imp_check_run *run, struct set *set)
{
    const int slots = set->shape->slots, slot = slots / 2, columns = 2 * slots + 1;
    const size_t n = set->pitch, at = (size_t)slot * n;
    double *dots = imp_check_doubles(run, (size_t)(IMP_LBFGS_ROWS * columns)), error = 0;
    if (dots && imp_check_ok(run, imp_lbfgs_dots(run->device, &set->v, slot, slots, dots))) {
        const float *rows[IMP_LBFGS_ROWS] = {set->data[MOVES] + at, set->data[CHANGES] + at,
                                             set->data[REDUCED]};
        for (int i = 0; i < IMP_LBFGS_ROWS * columns; i++) {
            const float *a = rows[i / columns];
            const int k = i % columns;
            const float *b = k < slots       ? set->data[MOVES] + (size_t)k * n
                             : k < 2 * slots ? set->data[CHANGES] + (size_t)(k - slots) * n
                                             : set->data[REDUCED];
            const double off = fabs(dots[i] - dot(a, b, n)) / sqrt(dot(a, a, n) * dot(b, b, n));
            error = isnan(off) ? INFINITY : fmax(error, off);
        }
        imp_check_end(run, error, SUM_ROUNDING);
    }
    free(dots);
}

/* The second half of the moves has no part in it, and is NaN. */
static void check_combine(struct imp_check_run *run, struct set *set)
{
    const int slots = set->shape->slots;
    const size_t n = (size_t)set->shape->n, pitch = set->pitch, terms = 2 * (size_t)slots + 1;
    const size_t bytes = set->count[MOVES] * sizeof(float);
    float *coefficients = imp_check_data(run, 20, terms, false);
    if (!coefficients)
        return;
    for (int k = (slots + 1) / 2; k < slots; k++) {
        coefficients[k] = 0;
        for (size_t i = 0; i < n; i++)
            set->data[MOVES][(size_t)k * pitch + i] = NAN;
    }
    if (imp_check_ok(run, imp_buffer_write(set->buffer[MOVES], 0, set->data[MOVES], bytes)) &&
        imp_check_ok(run, imp_lbfgs_combine(run->device, &set->v, slots, coefficients))) {
        for (size_t i = 0; i < pitch; i++) {
            const float x = set->data[POINT][i], g = set->data[REDUCED][i];
            double sum = (double)coefficients[2 * slots] * (double)g;
            for (int k = 0; k < slots; k++) {
                if (coefficients[k] != 0)
                    sum +=
                        (double)coefficients[k] * (double)set->data[MOVES][(size_t)k * pitch + i];
                sum += (double)coefficients[slots + k] *
                       (double)set->data[CHANGES][(size_t)k * pitch + i];
            }
            set->expected[i] = held(set, (double)x, (double)g) ? 0 : sum;
        }
        imp_check_end(run, error_of(run, set, DIRECTION, pitch), ROUNDING * (double)terms);
    }
    free(coefficients);
}

static void check_slope(struct imp_check_run *run, struct set *set)
{
    double slope = 0, size = 0, expected = 0, sum = 0, squares = 0;
    if (!imp_check_ok(run, imp_lbfgs_slope(run->device, &set->v, &slope, &size)))
        return;
    for (size_t i = 0; i < set->count[IMAGE]; i++) {
        const float x = set->data[IMAGE][i], d = set->data[DIRECTION][i];
        const double product = (double)set->data[GRADIENT][i] * (double)d;
        if (d == 0 || !held(set, (double)x, -(double)d))
            expected += product;
        squares += product * product;
        sum += fabs((double)d);
    }
    imp_check_end(run,
                  fmax(imp_check_over(slope, expected, sqrt(squares * (double)set->count[IMAGE])),
                       imp_check_relative(size, sum)),
                  SUM_ROUNDING);
}

void imp_check_lbfgs(struct imp_check_run *run)
{
    static const struct {
        const char *name;
        void (*check)(struct imp_check_run *run, struct set *set);
    } checks[] = {{"move", check_move},
                  {"accept", check_accept},
                  {"dots", check_dots},
                  {"combine", check_combine},
                  {"slope", check_slope}};
    const size_t count = imp_check_rows(run, 0, 2, 4, IMP_COUNT(shapes));
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < IMP_COUNT(checks); k++)
            if (imp_check_begin(run, "l-bfgs %s %d, %d slots", checks[k].name, shapes[i].n,
                                shapes[i].slots)) {
                struct set set;
                if (open_set(run, &shapes[i], &set))
                    checks[k].check(run, &set);
                close_set(&set);
            }
}
