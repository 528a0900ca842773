/* SPDX-License-Identifier: MIT */
/*
 * The optimisers on a device, on functions whose minimum is known. The functions are computed here,
 * in double precision, at the image that the device has. IMPASTO_TEST_DEVICE names it (auto).
 */

#include "optim/optim.h"
#include "open_device.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 2000 };

struct problem {
    int n;
    double (*loss)(int n, const float *x, double *gradient); /* at x; and its gradient */
    float start;         /* of every element, and a little noise */
    float learning_rate; /* 0: the usual */
};

/* What a run left. */
struct outcome {
    float image[MOST];
    double start, loss; /* of the start, and at the image */
    double least;       /* of all evaluations */
    bool moved;         /* the last trial was not the best */
};

static struct imp_device *device;

static int open_device(void **state)
{
    (void)state;
    const int code = open_test_device(NULL, &device);
    if (code == EXIT_SKIPPED)
        exit(code);
    return code;
}

static int close_device(void **state)
{
    (void)state;
    imp_device_close(&device);
    return 0;
}

static double random_number(uint32_t stream, int i)
{
    return (double)imp_rng_uniform(17, stream, (uint64_t)i);
}

/* ---- Running --------------------------------------------------------------------------------- */

/* Where pixel i of a run begins. To be kept in a float before it is compared: it may be wider. */
static float beginning(float start, int i)
{
    return start + 0.01f * (float)random_number(1, i);
}

static double evaluate(const struct problem *problem, const struct imp_buffer *image,
                       struct imp_buffer *gradient, float *x)
{
    static double g[MOST];
    static float rounded[MOST];
    const size_t bytes = (size_t)problem->n * sizeof(float);
    assert_int_equal(imp_buffer_read(image, 0, x, bytes), IMPASTO_OK);
    for (int i = 0; i < problem->n; i++)
        assert_true(x[i] >= 0 && x[i] <= 1);
    double loss = problem->loss(problem->n, x, g);
    for (int i = 0; i < problem->n; i++) {
        rounded[i] = (float)g[i];
        if (!isfinite(rounded[i]))
            loss = NAN;
    }
    if (gradient)
        assert_int_equal(imp_buffer_write(gradient, 0, rounded, bytes), IMPASTO_OK);
    return loss;
}

static void run(const struct problem *problem, enum impasto_optimizer id, int history,
                int iterations, struct outcome *out)
{
    const struct imp_optimizer *optimizer = imp_optimizer_find(id);
    const struct imp_step_options options = {
        .learning_rate = problem->learning_rate > 0 ? problem->learning_rate : 0.02f,
        .beta1 = 0.9f,
        .beta2 = 0.99f,
        .epsilon = 1e-8f};
    struct imp_optimizer_state state = {.n = problem->n, .bounds = {0, 1}, .history = history};
    struct imp_layout layout = {0};
    struct imp_buffer *image = NULL, *gradient = NULL;
    const size_t bytes = (size_t)problem->n * sizeof(float);
    static float x[MOST];
    double kept = INFINITY;
    imp_layout_add(&layout, &image, bytes, "image");
    imp_layout_add(&layout, &gradient, bytes, "image");
    optimizer->layout(&state, &layout);
    assert_int_equal(imp_layout_allocate(&layout, device), IMPASTO_OK);
    for (int i = 0; i < problem->n; i++)
        x[i] = beginning(problem->start, i);
    assert_int_equal(imp_buffer_write(image, 0, x, bytes), IMPASTO_OK);
    *out = (struct outcome){.least = INFINITY};
    for (int k = 0; k < iterations; k++) {
        const double loss = evaluate(problem, image, gradient, x);
        out->start = k == 0 ? loss : out->start;
        out->least = fmin(out->least, loss);
        assert_true(isfinite(loss) || imp_optimizer_best(optimizer, &state, image) != image);
        assert_int_equal(optimizer->step(device, &state, &options, loss, image, gradient),
                         IMPASTO_OK);
        if (optimizer->best) {
            /* What can be read at any time only ever gets better. */
            const double best =
                evaluate(problem, imp_optimizer_best(optimizer, &state, image), NULL, x);
            assert_true(best <= kept);
            kept = best;
        }
    }
    const double last = evaluate(problem, image, NULL, x);
    out->least = fmin(out->least, last);
    assert_int_equal(imp_optimizer_finish(optimizer, device, &state, last, image, &out->moved),
                     IMPASTO_OK);
    out->loss = evaluate(problem, image, NULL, out->image);
    assert_true(out->moved || out->loss == last || isnan(last));
    const struct imp_buffer *best = imp_optimizer_best(optimizer, &state, image);
    assert_int_equal(imp_buffer_read(best, 0, x, bytes), IMPASTO_OK);
    assert_memory_equal(x, out->image, bytes);
    /* It stays there, also when asked again. */
    bool moved = true;
    assert_int_equal(imp_optimizer_finish(optimizer, device, &state, out->loss, image, &moved),
                     IMPASTO_OK);
    assert_false(moved);
    imp_optimizer_release(optimizer, &state);
    imp_optimizer_release(optimizer, &state);
    assert_ptr_equal(imp_optimizer_best(optimizer, &state, image), image);
    imp_layout_release(&layout);
}

/* ---- Functions ------------------------------------------------------------------------------- */

/* A bowl a thousand times as narrow one way as another, its minimum 0 inside of the box. */
static double centre(int i)
{
    return 0.2 + 0.6 * random_number(2, i);
}

static double bowl(int n, const float *x, double *gradient)
{
    double loss = 0;
    for (int i = 0; i < n; i++) {
        const double c = pow(1000, (double)i / n), d = (double)x[i] - centre(i);
        loss += c * d * d;
        gradient[i] = 2 * c * d;
    }
    return loss;
}

/* Rosenbrock's valley in n dimensions, stretched so that the box is [-2, 2]; the minimum, 0, is
 * where all x are 0.75. */
static double rosenbrock(int n, const float *x, double *gradient)
{
    double loss = 0;
    for (int i = 0; i < n; i++)
        gradient[i] = 0;
    for (int i = 0; i + 1 < n; i++) {
        const double u = 4 * (double)x[i] - 2, v = 4 * (double)x[i + 1] - 2;
        const double a = v - u * u, b = 1 - u;
        loss += 100 * a * a + b * b;
        gradient[i] += 4 * (-400 * a * u - 2 * b);
        gradient[i + 1] += 4 * 200 * a;
    }
    return loss;
}

/* A string of beads pulled up and down, between a floor and a ceiling: much of the minimum lies on
 * the box. Loss: 50 of the squared differences of neighbours, less the pull. */
#define STRING 50.0

static double pull(int n, int i)
{
    return 4 * sin(12.0 * i / n) + 0.5 * (random_number(3, i) - 0.5);
}

static double beads(int n, const float *x, double *gradient)
{
    double loss = 0;
    for (int i = 0; i < n; i++) {
        gradient[i] = -pull(n, i);
        loss -= pull(n, i) * (double)x[i];
    }
    for (int i = 0; i + 1 < n; i++) {
        const double d = (double)x[i + 1] - (double)x[i];
        loss += STRING * d * d;
        gradient[i] -= 2 * STRING * d;
        gradient[i + 1] += 2 * STRING * d;
    }
    return loss;
}

/* Where that is least, by Gauss and Seidel with a clamp. */
static void beads_minimum(int n, double *x)
{
    for (int i = 0; i < n; i++)
        x[i] = 0.5;
    for (int sweep = 0; sweep < 20000; sweep++)
        for (int i = 0; i < n; i++) {
            const double around = (i > 0 ? x[i - 1] : 0) + (i + 1 < n ? x[i + 1] : 0);
            const double neighbours = (i > 0) + (i + 1 < n);
            const double free = (around + pull(n, i) / (2 * STRING)) / neighbours;
            x[i] = fmin(fmax(free, 0), 1);
        }
}

/* Nothing is known below 0.35, and the minimum is near: where all x are 0.4. */
static double pit(int n, const float *x, double *gradient)
{
    double loss = 0;
    for (int i = 0; i < n; i++) {
        const double above = (double)x[i] - 0.35;
        loss += above > 0 ? (double)x[i] - 0.05 * log(above) : NAN;
        gradient[i] = above > 0 ? 1 - 0.05 / above : NAN;
    }
    return loss;
}

static double flat(int n, const float *x, double *gradient)
{
    (void)x;
    memset(gradient, 0, (size_t)n * sizeof(*gradient));
    return 3;
}

/* Says that it falls, but is nowhere else defined. */
static double island(int n, const float *x, double *gradient)
{
    double loss = 1;
    for (int i = 0; i < n; i++) {
        const float there = beginning(0.5f, i);
        gradient[i] = 1;
        if (x[i] != there)
            loss = NAN;
    }
    return loss;
}

/* ---- Tests ----------------------------------------------------------------------------------- */

static struct outcome out, other;

static void both_find_the_centre(void **state)
{
    (void)state;
    const struct problem problem = {.n = 999, .loss = bowl, .start = 0.5f};
    run(&problem, IMPASTO_OPTIMIZER_ADAM, 10, 200, &other);
    print_message("adam: %g of %g\n", other.loss, other.start);
    assert_false(other.moved);
    assert_true(other.loss < 1e-2 * other.start);
    run(&problem, IMPASTO_OPTIMIZER_LBFGS, 10, 200, &out);
    print_message("l-bfgs: %g of %g\n", out.loss, out.start);
    assert_true(out.loss < 1e-8 * out.start);
    for (int i = 0; i < problem.n; i++)
        assert_true(fabs((double)out.image[i] - centre(i)) < 1e-3);
}

static void every_history(void **state)
{
    (void)state;
    static const int histories[] = {1, 2, 7, 100};
    const struct problem problem = {.n = 501, .loss = bowl, .start = 0.5f};
    double before = INFINITY;
    for (size_t i = 0; i < IMP_COUNT(histories); i++) {
        run(&problem, IMPASTO_OPTIMIZER_LBFGS, histories[i], 120, &out);
        print_message("history of %d: %g of %g\n", histories[i], out.loss, out.start);
        assert_true(out.loss < 1e-3 * out.start);
        /* More is not worse; but for luck. */
        assert_true(out.loss < 5 * before);
        before = out.loss;
    }
}

static void valley(void **state)
{
    (void)state;
    const struct problem problem = {.n = 100, .loss = rosenbrock, .start = 0.3f};
    run(&problem, IMPASTO_OPTIMIZER_LBFGS, 10, 800, &out);
    print_message("rosenbrock: %g of %g\n", out.loss, out.start);
    assert_true(out.loss < 1e-6);
    for (int i = 0; i < problem.n; i++)
        assert_true(fabs((double)out.image[i] - 0.75) < 1e-3);
    run(&problem, IMPASTO_OPTIMIZER_LBFGS, 10, 800, &other);
    assert_memory_equal(&out, &other, sizeof(out));
}

static void on_the_box(void **state)
{
    (void)state;
    static double expected[MOST];
    int low = 0, high = 0;
    const struct problem problem = {.n = 203, .loss = beads, .start = 0.5f};
    beads_minimum(problem.n, expected);
    run(&problem, IMPASTO_OPTIMIZER_LBFGS, 10, 400, &out);
    double worst = 0;
    for (int i = 0; i < problem.n; i++) {
        low += expected[i] <= 0;
        high += expected[i] >= 1;
        worst = fmax(worst, fabs((double)out.image[i] - expected[i]));
    }
    print_message("beads: %g of %g, %d at the floor, %d at the ceiling, off by %g\n", out.loss,
                  out.start, low, high, worst);
    assert_true(low > 20 && high > 20 && low + high < problem.n - 20);
    assert_true(worst < 1e-3);
}

static void not_a_number(void **state)
{
    (void)state;
    /* The first step of 0.5 leads out of what is known. */
    const struct problem problem = {.n = 77, .loss = pit, .start = 0.8f, .learning_rate = 0.5f};
    run(&problem, IMPASTO_OPTIMIZER_LBFGS, 10, 60, &out);
    print_message("pit: %g of %g\n", out.loss, out.start);
    for (int i = 0; i < problem.n; i++)
        assert_true(fabs((double)out.image[i] - 0.4) < 1e-3);
}

/* Where there is nowhere to go the image stays, whatever is asked for. */
static void nowhere_to_go(void **state)
{
    (void)state;
    const struct problem problems[] = {{.n = 50, .loss = flat, .start = 0.5f},
                                       {.n = 50, .loss = island, .start = 0.5f}};
    for (size_t k = 0; k < IMP_COUNT(problems); k++)
        for (int iterations = 0; iterations < 60; iterations += 29) {
            run(&problems[k], IMPASTO_OPTIMIZER_LBFGS, 10, iterations, &out);
            assert_true(out.loss == out.least);
            for (int i = 0; i < 50; i++) {
                const float there = beginning(0.5f, i);
                assert_true(out.image[i] == there);
            }
        }
}

/* Wherever a run is cut off, its result is the best of all that was evaluated. */
static void the_best_of_all(void **state)
{
    (void)state;
    const struct problem problem = {.n = 30, .loss = rosenbrock, .start = 0.3f};
    int moved = 0;
    double before = INFINITY;
    for (int iterations = 0; iterations <= 60; iterations++) {
        run(&problem, IMPASTO_OPTIMIZER_LBFGS, 5, iterations, &out);
        assert_true(out.loss == out.least);
        assert_true(out.loss <= before);
        before = out.loss;
        moved += out.moved;
    }
    print_message("%d of 61 runs ended on a trial that was not the best\n", moved);
    assert_true(moved > 0);
}

/* Adam, its step taken back, is where it was to the bit, also when the step has ruined everything.
 */
static void a_step_back(void **state)
{
    (void)state;
    enum { N = 77 };
    const struct imp_step_options options = {
        .learning_rate = 0.02f, .beta1 = 0.9f, .beta2 = 0.99f, .epsilon = 1e-8f};
    struct imp_optimizer_state adam = {.n = N, .bounds = {0, 1}, .undoes = true};
    struct imp_layout layout = {0};
    struct imp_buffer *image = NULL, *gradient = NULL;
    float x[N], before[3][N], after[3][N], rise[N];
    imp_layout_add(&layout, &image, sizeof(x), "image");
    imp_layout_add(&layout, &gradient, sizeof(x), "image");
    imp_optimizer_adam.layout(&adam, &layout);
    assert_int_equal(imp_layout_allocate(&layout, device), IMPASTO_OK);
    for (int i = 0; i < N; i++)
        x[i] = (float)random_number(1, i);
    assert_int_equal(imp_buffer_write(image, 0, x, sizeof(x)), IMPASTO_OK);
    assert_false(adam.undoable);
    for (int round = 0; round < 3; round++) {
        const struct imp_buffer *kept[] = {image, adam.vectors[0], adam.vectors[1]};
        for (int i = 0; i < N; i++)
            rise[i] = round < 2 ? (float)random_number(2, i) - 0.5f : i == 33 ? NAN : 1e30f;
        for (int k = 0; k < 3; k++)
            assert_int_equal(imp_buffer_read(kept[k], 0, before[k], sizeof(x)), IMPASTO_OK);
        assert_int_equal(imp_buffer_write(gradient, 0, rise, sizeof(x)), IMPASTO_OK);
        assert_int_equal(imp_optimizer_adam.step(device, &adam, &options, 1, image, gradient),
                         IMPASTO_OK);
        assert_int_equal(imp_buffer_read(image, 0, x, sizeof(x)), IMPASTO_OK);
        assert_memory_not_equal(x, before[0], sizeof(x));
        /* What is not finite is not clamped away. */
        assert_true(round < 2 || isnan(x[33]));
        if (round == 0)
            continue;
        assert_true(adam.undoable);
        assert_int_equal(imp_optimizer_adam.undo(&adam, image), IMPASTO_OK);
        assert_false(adam.undoable);
        assert_int_equal(adam.step, 1);
        for (int k = 0; k < 3; k++)
            assert_int_equal(imp_buffer_read(kept[k], 0, after[k], sizeof(x)), IMPASTO_OK);
        assert_memory_equal(before, after, sizeof(before));
    }
    /* Without copies of what a step changes there is none. */
    adam.undoes = false;
    assert_int_equal(imp_optimizer_adam.step(device, &adam, &options, 1, image, gradient),
                     IMPASTO_OK);
    assert_false(adam.undoable);
    imp_layout_release(&layout);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_find_the_centre),
        cmocka_unit_test(every_history),
        cmocka_unit_test(valley),
        cmocka_unit_test(on_the_box),
        cmocka_unit_test(not_a_number),
        cmocka_unit_test(nowhere_to_go),
        cmocka_unit_test(the_best_of_all),
        cmocka_unit_test(a_step_back),
    };
    return cmocka_run_group_tests(tests, open_device, close_device);
}
