/* SPDX-License-Identifier: MIT */
/*
 * Passes through style networks on a device, against double precision: paintings, and gradients of
 * all parameters. Every buffer begins as NaN, so that nothing is read that nobody wrote.
 * IMPASTO_TEST_DEVICE names the device (auto). test_pass tiny: for simulators.
 */

#include "model/model.h"
#include "net_reference.h"
#include "open_device.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Of the painting's range; of the largest gradient of a tensor. */
#define PAINTING_TOLERANCE 1e-4
#define GRADIENT_TOLERANCE 1e-3

static struct imp_device *device;

static const struct problem {
    struct imp_model_shape shape;
    int height, width, style;
} problems[] = {
    {{.channels = {8, 16, 32, 16, 8},
      .blocks = 2,
      .end_size = 9,
      .styles = 1,
      .epsilon = 1e-5f,
      .in_scale = 255,
      .output = IMP_OUTPUT_LINEAR,
      .out_scale = 1 / 255.0f},
     24,
     32,
     0},
    /* Multiples of nothing, several styles, and what other networks do at their ends. */
    {{.channels = {4, 8, 12, 8, 4},
      .blocks = 1,
      .end_size = 5,
      .styles = 3,
      .epsilon = 1e-3f,
      .in_scale = 1,
      .output = IMP_OUTPUT_TANH,
      .out_scale = 150 / 255.0f,
      .out_offset = 0.5f},
     21,
     30,
     1},
    {{.channels = {16, 32, 64, 32, 16},
      .blocks = 1,
      .end_size = 9,
      .styles = 2,
      .epsilon = 1e-5f,
      .in_scale = 2,
      .output = IMP_OUTPUT_SIGMOID,
      .out_scale = 1},
     33,
     19,
     1},
    /* A normalised end, and channels as few as in mobile networks. */
    {{.channels = {32, 32, 32, 8, 4},
      .blocks = 2,
      .end_size = 9,
      .end_norm = true,
      .styles = 2,
      .epsilon = 1e-5f,
      .in_scale = 1,
      .output = IMP_OUTPUT_SIGMOID,
      .out_scale = 1},
     28,
     22,
     1},
    /* For simulators. */
    {{.channels = {4, 8, 8, 8, 4},
      .blocks = 1,
      .end_size = 3,
      .styles = 1,
      .epsilon = 1e-5f,
      .in_scale = 255,
      .output = IMP_OUTPUT_LINEAR,
      .out_scale = 1 / 255.0f},
     8,
     9,
     0},
};

/* The problems that are solved: from this one on. */
static size_t first_problem;

/* A problem with its numbers, and what double precision makes of them. */
struct task {
    const struct problem *problem;
    struct imp_model_rows rows;
    size_t parameter_count, pixels; /* pixels: of three channels */
    float *parameters, *image, *weights;
    double *painting, *gradient;
};

/* ---- Numbers --------------------------------------------------------------------------------- */

static double *widened(const float *from, size_t count)
{
    double *to = malloc(count * sizeof(double));
    assert_non_null(to);
    for (size_t i = 0; i < count; i++)
        to[i] = (double)from[i];
    return to;
}

static float *drawn(size_t count, uint32_t stream, float low, float high)
{
    float *values = malloc(count * sizeof(float));
    assert_non_null(values);
    for (size_t i = 0; i < count; i++)
        values[i] = low + (high - low) * imp_rng_uniform(3, stream, i);
    return values;
}

static void draw_parameters(struct task *task)
{
    struct imp_stylenet net;
    struct impasto_error error;
    assert_int_equal(imp_stylenet_create(&task->problem->shape, 5, &net, &error), IMPASTO_OK);
    for (size_t i = net.rows.norms; i < net.rows.parameters; i++)
        net.parameters[i] += imp_rng_uniform(5, 1, i) - 0.5f;
    task->rows = net.rows;
    task->parameter_count = net.rows.parameters;
    task->parameters = net.parameters;
    net.parameters = NULL;
    imp_stylenet_free(&net);
}

static void reference(const struct task *task, const double *parameters, double *painting,
                      double *gradient)
{
    const struct problem *p = task->problem;
    double *image = widened(task->image, task->pixels);
    double *weights = widened(task->weights, task->pixels);
    assert_int_equal(net_reference(&p->shape, parameters, p->style, p->height, p->width, image,
                                   painting, weights, gradient),
                     0);
    free(weights);
    free(image);
}

static struct task task_of(const struct problem *problem)
{
    struct task task = {.problem = problem,
                        .pixels = 3 * (size_t)problem->height * (size_t)problem->width};
    draw_parameters(&task);
    task.image = drawn(task.pixels, 2, 0, 1);
    task.weights = drawn(task.pixels, 3, -1, 1);
    task.painting = calloc(task.pixels, sizeof(double));
    task.gradient = calloc(task.parameter_count, sizeof(double));
    assert_non_null(task.painting);
    assert_non_null(task.gradient);
    double *parameters = widened(task.parameters, task.parameter_count);
    reference(&task, parameters, task.painting, task.gradient);
    free(parameters);
    return task;
}

static void free_task(struct task *task)
{
    free(task->parameters);
    free(task->image);
    free(task->weights);
    free(task->painting);
    free(task->gradient);
}

/* ---- On the device --------------------------------------------------------------------------- */

struct run {
    struct imp_pass pass;
    struct imp_layout layout;
    struct imp_buffer *parameters, *gradient, *image, *painting;
};

static void expect_ok(enum impasto_status status)
{
    if (status != IMPASTO_OK)
        fail_msg("%s", imp_device_error(device)->message);
}

static void write_floats(struct imp_buffer *buffer, const float *values, size_t count)
{
    expect_ok(imp_buffer_write(buffer, 0, values, count * sizeof(float)));
}

static float *read_floats(const struct imp_buffer *buffer, size_t count)
{
    float *values = malloc(count * sizeof(float));
    assert_non_null(values);
    expect_ok(imp_buffer_read(buffer, 0, values, count * sizeof(float)));
    return values;
}

static void poison(const struct imp_layout *layout)
{
    for (size_t i = 0; i < layout->count; i++) {
        unsigned char *bytes = malloc(layout->items[i].bytes);
        assert_non_null(bytes);
        memset(bytes, 0xff, layout->items[i].bytes);
        expect_ok(imp_buffer_write(*layout->items[i].buffer, 0, bytes, layout->items[i].bytes));
        free(bytes);
    }
}

static void begin(const struct task *task, bool backward, struct run *run)
{
    const struct problem *p = task->problem;
    *run = (struct run){0};
    expect_ok(imp_pass_init(&run->pass, device, &p->shape, p->height, p->width, backward));
    run->pass.parameters = &run->parameters;
    run->pass.gradient = backward ? &run->gradient : NULL;
    imp_pass_layout(&run->pass, &run->layout);
    imp_layout_add(&run->layout, &run->parameters, task->parameter_count * sizeof(float), "test");
    imp_layout_add(&run->layout, &run->gradient, task->parameter_count * sizeof(float), "test");
    imp_layout_add(&run->layout, &run->image, task->pixels * sizeof(float), "test");
    imp_layout_add(&run->layout, &run->painting, task->pixels * sizeof(float), "test");
    expect_ok(imp_layout_allocate(&run->layout, device));
    poison(&run->layout);
    write_floats(run->parameters, task->parameters, task->parameter_count);
    write_floats(run->image, task->image, task->pixels);
    /* By the host: simulators take what a device has filled for uninitialised. */
    float *zeros = calloc(task->parameter_count, sizeof(float));
    assert_non_null(zeros);
    write_floats(run->gradient, zeros, task->parameter_count);
    free(zeros);
    expect_ok(imp_pass_pack(&run->pass));
}

static void end(struct run *run)
{
    imp_layout_release(&run->layout);
    imp_pass_release(&run->pass);
}

static float *forward(struct run *run, const struct task *task)
{
    expect_ok(imp_pass_forward(&run->pass, task->problem->style, run->image, run->painting));
    return read_floats(run->painting, task->pixels);
}

/* Gradients so far, after one more way back. */
static float *backward(struct run *run, const struct task *task)
{
    write_floats(run->painting, task->weights, task->pixels);
    expect_ok(imp_pass_backward(&run->pass, task->problem->style, run->painting));
    return read_floats(run->gradient, task->parameter_count);
}

/* ---- Checks ---------------------------------------------------------------------------------- */

static void expect_painting(const struct task *task, const float *found)
{
    double low = INFINITY, high = -INFINITY, worst = 0;
    for (size_t i = 0; i < task->pixels; i++) {
        low = fmin(low, task->painting[i]);
        high = fmax(high, task->painting[i]);
    }
    for (size_t i = 0; i < task->pixels; i++) {
        const double error = fabs((double)found[i] - task->painting[i]) / (high - low);
        worst = error <= worst ? worst : error; /* NaN stays */
    }
    print_message("painting: %.2g of its range\n", worst);
    assert_true(worst <= PAINTING_TOLERANCE);
}

/* Some gradients are 0, as of a beta that a later normalisation undoes. So what is small beside all
 * of gamma's and beta's may be wrong. */
static void expect_tensor(const struct task *task, const char *name, const char *kind, size_t at,
                          size_t count, double times, const float *found)
{
    double most = 0, worst = 0;
    for (size_t i = task->rows.norms; i < task->parameter_count; i++)
        most = fmax(most, 1e-3 * fabs(task->gradient[i]));
    for (size_t i = at; i < at + count; i++)
        most = fmax(most, fabs(task->gradient[i]));
    for (size_t i = at; i < at + count; i++) {
        const double error = fabs((double)found[i] - times * task->gradient[i]);
        worst = error <= worst ? worst : error;
    }
    if (!(worst <= times * GRADIENT_TOLERANCE * most))
        fail_msg("gradient of %s.%s: %g of %g", name, kind, worst, most);
}

/* Each tensor by itself; the other styles' rows must have got nothing. */
static void expect_gradient(const struct task *task, double times, const float *found)
{
    for (int i = 0; i < task->rows.count; i++) {
        const struct imp_model_row *row = &task->rows.row[i];
        const size_t out = (size_t)row->conv.out;
        const size_t numbers = out * (size_t)task->problem->shape.styles;
        const size_t at = out * (size_t)task->problem->style;
        expect_tensor(task, row->name, "weight", row->weights, imp_model_row_weights(row), times,
                      found);
        if (!imp_model_normed(row)) {
            expect_tensor(task, row->name, "bias", row->bias, out, times, found);
            continue;
        }
        expect_tensor(task, row->norm_name, "weight", row->gamma + at, out, times, found);
        expect_tensor(task, row->norm_name, "bias", row->beta + at, out, times, found);
        for (size_t k = 0; k < numbers; k++)
            if (k < at || k >= at + out)
                assert_true(found[row->gamma + k] == 0 && found[row->beta + k] == 0);
    }
}

static void both_ways(const struct problem *problem)
{
    struct task task = task_of(problem);
    struct run run;
    begin(&task, true, &run);
    float *painting = forward(&run, &task);
    expect_painting(&task, painting);
    float *gradient = backward(&run, &task);
    expect_gradient(&task, 1, gradient);
    /* Again: the same bits, and gradients add up. */
    float *again = forward(&run, &task);
    assert_memory_equal(again, painting, task.pixels * sizeof(float));
    float *twice = backward(&run, &task);
    expect_gradient(&task, 2, twice);
    end(&run);
    free(twice);
    free(again);
    free(gradient);
    free(painting);
    free_task(&task);
}

static void one_way(const struct problem *problem)
{
    struct task task = task_of(problem);
    struct run run;
    begin(&task, false, &run);
    float *painting = forward(&run, &task);
    expect_painting(&task, painting);
    float *again = forward(&run, &task);
    assert_memory_equal(again, painting, task.pixels * sizeof(float));
    end(&run);
    free(again);
    free(painting);
    free_task(&task);
}

static void training(void **state)
{
    (void)state;
    for (size_t i = first_problem; i < IMP_COUNT(problems); i++)
        both_ways(&problems[i]);
}

static void applying(void **state)
{
    (void)state;
    for (size_t i = first_problem; i < IMP_COUNT(problems); i++)
        one_way(&problems[i]);
}

/* The reference's own gradients, against differences. */
static void reference_gradient(void **state)
{
    (void)state;
    for (size_t i = first_problem; i < IMP_COUNT(problems); i += 2) {
        struct task task = task_of(&problems[i]);
        double *parameters = widened(task.parameters, task.parameter_count);
        double *painting = calloc(task.pixels, sizeof(double));
        assert_non_null(painting);
        for (int r = 0; r < task.rows.count; r++) {
            const struct imp_model_row *row = &task.rows.row[r];
            const bool normed = imp_model_normed(row);
            const size_t at = (size_t)row->conv.out * (size_t)problems[i].style;
            const size_t places[] = {row->weights + 7, normed ? row->gamma + at : row->bias,
                                     normed ? row->beta + at + 1 : row->bias + 1};
            for (size_t k = 0; k < IMP_COUNT(places); k++) {
                const double was = parameters[places[k]], step = 1e-6 * (1 + fabs(was));
                double sums[2] = {0, 0};
                for (int side = 0; side < 2; side++) {
                    parameters[places[k]] = was + (side ? step : -step);
                    reference(&task, parameters, painting, NULL);
                    for (size_t n = 0; n < task.pixels; n++)
                        sums[side] += painting[n] * (double)task.weights[n];
                }
                parameters[places[k]] = was;
                const double found = (sums[1] - sums[0]) / (2 * step);
                const double wanted = task.gradient[places[k]];
                assert_true(fabs(found - wanted) <= 1e-4 * (fabs(wanted) + 1e-3));
            }
        }
        free(painting);
        free(parameters);
        free_task(&task);
    }
}

static void refusals(void **state)
{
    (void)state;
    struct imp_pass pass;
    struct imp_model_shape shape = problems[0].shape;
    assert_int_equal(imp_pass_init(&pass, device, &shape, 7, 100, false), IMPASTO_ERROR_USAGE);
    assert_non_null(strstr(imp_device_error(device)->message, "100x7 pixels are too few"));
    imp_pass_release(&pass);
    /* What nothing can index is refused, not tried. */
    struct imp_layout layout = {0};
    expect_ok(imp_pass_init(&pass, device, &shape, 60000, 60000, true));
    imp_pass_layout(&pass, &layout);
    assert_int_equal(imp_layout_allocate(&layout, device), IMPASTO_ERROR_MEMORY);
    imp_layout_release(&layout);
    imp_pass_release(&pass);
    struct task task = task_of(&problems[IMP_COUNT(problems) - 1]);
    struct run run;
    begin(&task, false, &run);
    assert_int_equal(imp_pass_forward(&run.pass, 1, run.image, run.painting),
                     IMPASTO_ERROR_INTERNAL);
    assert_int_equal(imp_pass_backward(&run.pass, 0, run.painting), IMPASTO_ERROR_INTERNAL);
    end(&run);
    free_task(&task);
}

/* A pass that only applies takes far less memory. */
static void memory(void **state)
{
    (void)state;
    const struct imp_model_shape shape = imp_model_shape_usual(16, 1);
    uint64_t bytes[2];
    for (int backward = 0; backward < 2; backward++) {
        struct imp_pass pass;
        struct imp_layout layout = {0};
        expect_ok(imp_pass_init(&pass, device, &shape, 1024, 1024, backward));
        imp_pass_layout(&pass, &layout);
        bytes[backward] = imp_layout_bytes(&layout);
        imp_layout_release(&layout);
        imp_pass_release(&pass);
    }
    print_message("%.0f and %.0f bytes a pixel\n", (double)bytes[0] / (1024 * 1024),
                  (double)bytes[1] / (1024 * 1024));
    assert_true(bytes[0] < 200u << 20);
    assert_true(4 * bytes[0] < bytes[1]);
}

static int open_the_device(void **state)
{
    (void)state;
    const int code = open_test_device(NULL, &device);
    if (code != 0)
        exit(code);
    return 0;
}

static int close_the_device(void **state)
{
    (void)state;
    imp_device_close(&device);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reference_gradient),
        cmocka_unit_test(applying),
        cmocka_unit_test(training),
        cmocka_unit_test(refusals),
        cmocka_unit_test(memory),
    };
    if (argc > 1 && strcmp(argv[1], "tiny") == 0)
        first_problem = IMP_COUNT(problems) - 1;
    return cmocka_run_group_tests(tests, open_the_device, close_the_device);
}
