/* SPDX-License-Identifier: MIT */
/*
 * Ten steps of the public API on the built-in weights against the same objective and Adam in double
 * precision: what test_reference.py does with the trained weights, where those are
 * at hand. "brief", for a platform that is slow: three steps. */

#include "selftest/reference.h"

#include <impasto/impasto.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { W = 39, H = 32, PIXELS = W * H, N = 3 * PIXELS, STEPS = 10, BRIEF_STEPS = 3 };

/* The bounds of the trained cases. */
#define START_BOUND 1e-4  /* total loss before the first step, relative */
#define TRACE_BOUND 1e-2  /* every loss of every step, relative */
#define RMS_BOUND 1e-4    /* gradient, average pooling */
#define COSINE_BOUND 1e-4 /* gradient, maximum pooling */

static struct impasto_device *device;
static struct impasto_weights *weights;
static int steps = STEPS;

/* Smooth waves and a sharp edge, different for each `kind`; no noise, whose near-ties would make
 * maximum pooling a matter of the last bit. */
static float colour_at(int kind, int x, int y, int c)
{
    const double u = x / (double)W, v = y / (double)H;
    const double wave = sin(9 * u + 3 * c + kind) * cos((7 + 4 * kind) * v - c);
    return (float)(0.5 + 0.3 * wave + (u + 0.7 * v > 0.9 + 0.1 * kind ? 0.15 : -0.1));
}

static struct impasto_image *make_image(int kind, double *planes)
{
    struct impasto_image *image = NULL;
    assert_int_equal(impasto_image_create(W, H, &image, NULL), IMPASTO_OK);
    for (int i = 0; i < PIXELS; i++)
        for (int c = 0; c < 3; c++) {
            image->rgb[3 * i + c] = colour_at(kind, i % W, i / W, c);
            planes[c * PIXELS + i] = (double)image->rgb[3 * i + c];
        }
    return image;
}

static void expect_close(const char *what, double found, double expected, double bound)
{
    const double error = expected == 0 ? fabs(found) : fabs(found / expected - 1);
    if (!(error <= bound))
        fail_msg("%s: %.9g instead of %.9g (relative error %.1e)", what, found, expected, error);
}

static void compare_progress(const struct impasto_job_progress *found,
                             const struct imp_loss_values *expected)
{
    expect_close("total", found->head.total, expected->total, TRACE_BOUND);
    expect_close("tv", found->tv, expected->tv, TRACE_BOUND);
    for (int l = 0; l < IMPASTO_LAYERS; l++) {
        expect_close("content", found->content[l], expected->content[l], TRACE_BOUND);
        expect_close("style", found->style[l], expected->style[l], TRACE_BOUND);
    }
}

static void compare_gradient(const float *found, const double *expected, bool average)
{
    double dot = 0, ours = 0, theirs = 0, errors = 0;
    for (int i = 0; i < N; i++) {
        dot += (double)found[i] * expected[i];
        ours += (double)found[i] * (double)found[i];
        theirs += expected[i] * expected[i];
        errors += pow((double)found[i] - expected[i], 2);
    }
    print_message("gradient: relative rms %.1e, 1 - cosine %.1e\n", sqrt(errors / theirs),
                  1 - dot / sqrt(ours * theirs));
    assert_true(average ? sqrt(errors / theirs) <= RMS_BOUND
                        : 1 - dot / sqrt(ours * theirs) <= COSINE_BOUND);
}

static void run_case(enum impasto_losses losses, enum impasto_pooling pooling,
                     enum impasto_padding padding, const char *conv)
{
    static double content[N], style[N], gradient[N], moment1[N], moment2[N];
    static float found_gradient[N];
    struct impasto_error error = {0};
    struct impasto_params params;
    struct impasto_job *job = NULL;
    struct impasto_image *content_image = make_image(0, content);
    struct impasto_image *style_image = make_image(1, style);
    assert_int_equal(impasto_params_preset(weights, NULL, &params, NULL), IMPASTO_OK);
    params.size = params.style_size = IMPASTO_SIZE_SOURCE;
    params.losses = losses;
    params.pooling = pooling;
    params.padding = padding;
    params.conv = conv;
    params.margin = 0;
    params.scales = 1;
    params.optimizer = IMPASTO_OPTIMIZER_ADAM;
    params.average = 0;
    params.iterations = steps;
    const struct impasto_style only = {
        .struct_size = sizeof(only), .image = style_image, .weight = 1};
    const struct impasto_pictures pictures = {.struct_size = sizeof(pictures),
                                              .content = content_image,
                                              .styles = &only,
                                              .style_count = 1};
    if (impasto_job_open(device, weights, &pictures, &params, &job, &error))
        fail_msg("%s", error.message);

    const struct imp_ref_picture picture = {.image = style, .height = H, .width = W, .share = 1};
    struct imp_ref_region everywhere = {.weight = 1, .pictures = &picture, .picture_count = 1};
    struct imp_ref_objective objective = {.params = &params,
                                          .weights = weights,
                                          .height = H,
                                          .width = W,
                                          .regions = &everywhere,
                                          .region_count = 1,
                                          .map = {.reverse = true,
                                                  .scale = {255, 255, 255},
                                                  .offset = {-103.939f, -116.779f, -123.68f}}};
    for (int l = 0; l < IMPASTO_LAYERS; l++) {
        if (params.content_layers[l] > 0 || params.style_layers[l] > 0)
            objective.depth = l + 1;
        /* The reference reads them there. */
        if (weights->layers[l].weight == NULL)
            assert_int_equal(imp_weights_layer(weights, l, &weights->layers[l], NULL), IMPASTO_OK);
    }
    assert_true(imp_ref_objective_init(&objective, content));
    assert_int_equal(impasto_job_gradient(job, found_gradient, &error), IMPASTO_OK);

    struct imp_adam adam = {.learning_rate = params.learning_rate,
                            .beta1 = params.beta1,
                            .beta2 = params.beta2,
                            .epsilon = params.epsilon,
                            .bounds = {0, 1}};
    memset(moment1, 0, sizeof(moment1));
    memset(moment2, 0, sizeof(moment2));
    for (int k = 0; k <= steps; k++) {
        const struct impasto_job_progress *found;
        struct imp_loss_values expected;
        if (impasto_job_step(job, &found, &error))
            fail_msg("%s", error.message);
        assert_true(imp_ref_objective_evaluate(&objective, content, &expected, gradient));
        assert_int_equal(found->head.step, k);
        assert_int_equal(found->head.done, k == steps);
        if (k == 0) {
            expect_close("total at the start", found->head.total, expected.total, START_BOUND);
            compare_gradient(found_gradient, gradient, pooling == IMPASTO_POOLING_AVERAGE);
        }
        compare_progress(found, &expected);
        adam.step = k + 1;
        imp_ref_adam(&adam, N, content, gradient, moment1, moment2);
    }
    imp_ref_objective_free(&objective);
    impasto_job_close(&job);
    impasto_image_free(&content_image);
    impasto_image_free(&style_image);
}

static void max_zero_gatys(void **state)
{
    (void)state;
    run_case(IMPASTO_LOSSES_GATYS, IMPASTO_POOLING_MAX, IMPASTO_PADDING_ZERO, "auto");
}

static void average_zero_relative(void **state)
{
    (void)state;
    run_case(IMPASTO_LOSSES_RELATIVE, IMPASTO_POOLING_AVERAGE, IMPASTO_PADDING_ZERO, "direct");
}

static void average_replicate_relative_im2col(void **state)
{
    (void)state;
    run_case(IMPASTO_LOSSES_RELATIVE, IMPASTO_POOLING_AVERAGE, IMPASTO_PADDING_REPLICATE, "im2col");
}

static void print_line(void *user, enum impasto_log_level level, const char *line)
{
    (void)user;
    if (level == IMPASTO_LOG_WARNING)
        print_message("%s\n", line);
}

int main(int argc, char **argv)
{
    struct impasto_error error = {0};
    if (argc > 1 && strcmp(argv[1], "brief") == 0)
        steps = BRIEF_STEPS;
    if (impasto_device_open(getenv("IMPASTO_TEST_DEVICE"), print_line, NULL, &device, &error)) {
        print_message("SKIP: %s\n", error.message);
        return 77;
    }
    if (impasto_weights_open("builtin", IMPASTO_CONVENTION_AUTO, &weights, &error)) {
        print_message("%s\n", error.message);
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(max_zero_gatys),
        cmocka_unit_test(average_zero_relative),
        cmocka_unit_test(average_replicate_relative_im2col),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    impasto_weights_close(&weights);
    impasto_device_close(&device);
    return failed;
}
