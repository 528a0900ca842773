/* SPDX-License-Identifier: MIT */
/* The parts of L-BFGS that are numbers only: the line search and the matrix of dot products. */

#include "optim/lbfgs.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* ---- The line search ------------------------------------------------------------------------- */

/* More evaluations than any search may take: ten, and one to come back to the best. */
enum { PATIENCE = 11 };

struct curve {
    const char *name;
    void (*at)(double a, double *loss, double *slope);
};

static void parabola(double a, double *loss, double *slope)
{
    *loss = (a - 1) * (a - 1);
    *slope = 2 * (a - 1);
}

/* The first and the second test function of More and Thuente 1994: a shallow valley with a long
 * rise behind it, and a deep narrow one. */
static void valley(double a, double *loss, double *slope)
{
    *loss = -a / (a * a + 2);
    *slope = (a * a - 2) / ((a * a + 2) * (a * a + 2));
}

static void ravine(double a, double *loss, double *slope)
{
    const double x = a + 0.004;
    *loss = pow(x, 5) - 2 * pow(x, 4);
    *slope = 5 * pow(x, 4) - 8 * pow(x, 3);
}

static void waves(double a, double *loss, double *slope)
{
    *loss = -a - 0.3 * sin(9 * a) + 0.1 * a * a;
    *slope = -1 - 2.7 * cos(9 * a) + 0.2 * a;
}

/* No number beyond 0.3, and least shortly before. */
static void cliff(double a, double *loss, double *slope)
{
    *loss = a <= 0.3 ? -sqrt(0.3 - a + 1e-3) * a : NAN;
    *slope = a <= 0.3 ? -sqrt(0.3 - a + 1e-3) + a / (2 * sqrt(0.3 - a + 1e-3)) : NAN;
}

/* A gradient that is not finite where the loss still is. */
static void broken(double a, double *loss, double *slope)
{
    parabola(a, loss, slope);
    if (a > 1.5)
        *slope = INFINITY;
}

static const struct curve smooth[] = {{"parabola", parabola}, {"valley", valley},
                                      {"ravine", ravine},     {"waves", waves},
                                      {"cliff", cliff},       {"broken", broken}};

/* Searches to the end; returns the verdict, *search->step being what was taken. */
static enum imp_search_verdict search_along(const struct curve *curve, double first,
                                            struct imp_linesearch *search, int *evaluations)
{
    enum imp_search_verdict verdict = IMP_SEARCH_TRY;
    double loss, slope;
    curve->at(0, &loss, &slope);
    imp_linesearch_begin(search, loss, slope, first);
    assert_true(search->step == first);
    for (*evaluations = 0; verdict == IMP_SEARCH_TRY; ++*evaluations) {
        assert_true(*evaluations < PATIENCE);
        assert_true(search->step > 0);
        curve->at(search->step, &loss, &slope);
        verdict = imp_linesearch_advance(search, loss, slope);
    }
    return verdict;
}

static void strong_wolfe(void **state)
{
    (void)state;
    static const double firsts[] = {1e-3, 0.1, 0.9, 1, 10, 1000};
    for (size_t i = 0; i < IMP_COUNT(smooth); i++)
        for (size_t k = 0; k < IMP_COUNT(firsts); k++) {
            struct imp_linesearch search;
            int evaluations;
            double loss0, slope0, loss, slope;
            assert_int_equal(search_along(&smooth[i], firsts[k], &search, &evaluations),
                             IMP_SEARCH_TAKE);
            smooth[i].at(0, &loss0, &slope0);
            smooth[i].at(search.step, &loss, &slope);
            print_message("%s from %g: %g after %d evaluations%s\n", smooth[i].name, firsts[k],
                          search.step, evaluations, search.settled ? ", settled" : "");
            assert_true(loss <= loss0 + 1e-4 * search.step * slope0);
            /* The ravine is 1600 times as long as it begins, and ends a billion times as steep. */
            assert_true(search.settled ? smooth[i].at == ravine : fabs(slope) <= -0.9 * slope0);
        }
}

/* A good first step is taken at once. */
static void first_step(void **state)
{
    (void)state;
    struct imp_linesearch search;
    int evaluations;
    assert_int_equal(search_along(&smooth[0], 1, &search, &evaluations), IMP_SEARCH_TAKE);
    assert_int_equal(evaluations, 1);
    assert_true(search.step == 1);
}

/* A valley whose sides are as steep as its beginning: no step is good, the lowest will do. */
static void notch(double a, double *loss, double *slope)
{
    *loss = fabs(a - 0.7);
    *slope = a < 0.7 ? -1 : 1;
}

static void falls_for_ever(double a, double *loss, double *slope)
{
    *loss = -a;
    *slope = -1;
}

static void settles_for_the_best(void **state)
{
    (void)state;
    const struct curve curves[] = {{"notch", notch}, {"falls", falls_for_ever}};
    for (size_t i = 0; i < IMP_COUNT(curves); i++) {
        struct imp_linesearch search;
        int evaluations;
        double loss, slope;
        assert_int_equal(search_along(&curves[i], 0.1, &search, &evaluations), IMP_SEARCH_TAKE);
        curves[i].at(search.step, &loss, &slope);
        assert_true(search.settled);
        assert_true(loss == search.best.loss && loss < search.start.loss);
    }
}

/* What falls at first but never is lower anywhere. */
static void liar(double a, double *loss, double *slope)
{
    *loss = a > 0 ? 1 + a : 1;
    *slope = -1;
}

static void nothing(double a, double *loss, double *slope)
{
    *loss = a > 0 ? NAN : 1;
    *slope = -1;
}

static void fails(void **state)
{
    (void)state;
    const struct curve curves[] = {{"liar", liar}, {"nothing", nothing}};
    for (size_t i = 0; i < IMP_COUNT(curves); i++) {
        struct imp_linesearch search;
        int evaluations;
        assert_int_equal(search_along(&curves[i], 1, &search, &evaluations), IMP_SEARCH_FAILED);
        assert_true(search.step < 1e-3);
        assert_true(search.best.step == 0);
    }
}

/* ---- The history ----------------------------------------------------------------------------- */

enum { N = 30, PAIRS = 14 };

static double random_number(uint32_t stream, size_t i)
{
    return (double)imp_rng_uniform(3, stream, i) - 0.5;
}

static double dot(const double *a, const double *b)
{
    double sum = 0;
    for (int i = 0; i < N; i++)
        sum += a[i] * b[i];
    return sum;
}

/* The direction by the book: Nocedal and Wright, algorithm 7.4. */
static void two_loops(int count, double(*const *s), double(*const *y), const double *g, double *d)
{
    double alpha[PAIRS] = {0};
    for (int i = 0; i < N; i++)
        d[i] = g[i];
    for (int k = count - 1; k >= 0; k--) {
        alpha[k] = dot(s[k], d) / dot(s[k], y[k]);
        for (int i = 0; i < N; i++)
            d[i] -= alpha[k] * y[k][i];
    }
    for (int i = 0; count > 0 && i < N; i++)
        d[i] *= dot(s[count - 1], y[count - 1]) / dot(y[count - 1], y[count - 1]);
    for (int k = 0; k < count; k++) {
        const double beta = dot(y[k], d) / dot(s[k], y[k]);
        for (int i = 0; i < N; i++)
            d[i] += (alpha[k] - beta) * s[k][i];
    }
    for (int i = 0; i < N; i++)
        d[i] = -d[i];
}

/* Pairs of a convex function; every fifth has no curvature, and must be left out. A fresh gradient
 * each time. Of each limit the ring comes around, but of the largest. */
static void check_history(int limit)
{
    static double s[PAIRS][N], y[PAIRS][N], slots[2][PAIRS][N], g[N], d[N], expected[N];
    double *kept_s[PAIRS], *kept_y[PAIRS], dots[3 * (2 * PAIRS + 1)];
    float coefficients[2 * PAIRS + 1];
    struct imp_lbfgs_history *history = imp_lbfgs_history_new(limit);
    int kept = 0;
    assert_non_null(history);
    assert_true(imp_lbfgs_history_direction(history, coefficients));
    assert_true(coefficients[0] == -1);
    for (int k = 0; k < PAIRS; k++) {
        const bool flat = k % 5 == 3;
        const int slot = imp_lbfgs_history_slot(history), used = imp_lbfgs_history_used(history);
        assert_in_range(slot, 0, limit - 1);
        assert_in_range(used, slot + 1, limit);
        if (kept == limit) {
            /* Forgotten with the slot, even where no pair comes. */
            for (int i = 0; i + 1 < kept; i++) {
                kept_s[i] = kept_s[i + 1];
                kept_y[i] = kept_y[i + 1];
            }
            kept--;
        }
        for (int i = 0; i < N; i++) {
            s[k][i] = random_number((uint32_t)k, (size_t)i);
            y[k][i] = (flat ? -1 : 1 + i % 7) * s[k][i];
            g[i] = random_number((uint32_t)(100 + k), (size_t)i);
            slots[0][slot][i] = s[k][i];
            slots[1][slot][i] = y[k][i];
        }
        const double *rows[] = {s[k], y[k], g};
        for (int row = 0; row < 3; row++)
            for (int column = 0; column <= 2 * used; column++)
                dots[row * (2 * used + 1) + column] =
                    dot(rows[row], column == 2 * used ? g : slots[column / used][column % used]);
        assert_int_equal(imp_lbfgs_history_add(history, dots), !flat);
        if (!flat) {
            kept_s[kept] = s[k];
            kept_y[kept] = y[k];
            kept++;
        }
        assert_int_equal(imp_lbfgs_history_count(history), kept);
        assert_true(imp_lbfgs_history_direction(history, coefficients));
        two_loops(kept, kept_s, kept_y, g, expected);
        for (int i = 0; i < N; i++) {
            d[i] = (double)coefficients[2 * used] * g[i];
            for (int j = 0; j < used; j++)
                d[i] += (double)coefficients[j] * slots[0][j][i] +
                        (double)coefficients[used + j] * slots[1][j][i];
            assert_true(fabs(d[i] - expected[i]) <= 1e-5 * sqrt(dot(expected, expected) / N));
        }
    }
    imp_lbfgs_history_clear(history);
    assert_int_equal(imp_lbfgs_history_count(history), 0);
    assert_int_equal(imp_lbfgs_history_slot(history), 0);
    imp_lbfgs_history_free(&history);
    assert_null(history);
}

static void history_as_two_loops(void **state)
{
    (void)state;
    for (int limit = 1; limit <= PAIRS; limit++)
        check_history(limit);
}

/* Pairs that no number can be made of are left out, not divided by. */
static void history_without_curvature(void **state)
{
    (void)state;
    static const double bad[][3] = {
        /* s's, s'y, y'y */
        {0, 0, 0},   {1, 0, 1}, {1, 1, NAN}, {1, INFINITY, INFINITY}, {1e-20, 1e-20, 1e-20},
        {1, 1e-7, 1}};
    for (size_t i = 0; i < IMP_COUNT(bad); i++) {
        struct imp_lbfgs_history *history = imp_lbfgs_history_new(2);
        float coefficients[5];
        assert_non_null(history);
        assert_int_equal(imp_lbfgs_history_slot(history), 0);
        const double dots[9] = {bad[i][0], bad[i][1], 1, bad[i][1], bad[i][2], 1, 1, 1, 1};
        const bool kept = imp_lbfgs_history_add(history, dots);
        assert_int_equal(kept, i == 4); /* small is not bad */
        assert_true(imp_lbfgs_history_direction(history, coefficients));
        imp_lbfgs_history_free(&history);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strong_wolfe),         cmocka_unit_test(first_step),
        cmocka_unit_test(settles_for_the_best), cmocka_unit_test(fails),
        cmocka_unit_test(history_as_two_loops), cmocka_unit_test(history_without_curvature),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
