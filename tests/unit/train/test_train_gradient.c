/* SPDX-License-Identifier: MIT */
/* The gradient that a step follows is that of the loss that it reports: network, losses of all
 * kinds and crops together, along the steepest way and along the axes. */

#include "fixtures.h"
#include "train/train.h"

#include <math.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SIZE 48
/* Of central differences in single precision, over the gradient. */
#define BOUND 0.02

static struct impasto_train *train;
static float crop[3 * SIZE * SIZE];
static float *values, *gradient;

/* What is held to the frame before is held to what that was with the parameters at hand. It stays
 * when they are moved: the gradient is of the second frame's painting alone. */
static double total_of_held(void)
{
    struct imp_sitting *sitting = &train->sitting;
    struct imp_loss_values losses;
    double features = 0;
    assert_int_equal(imp_pass_forward(&sitting->pass, 0, sitting->image, sitting->painting),
                     IMPASTO_OK);
    if (sitting->pass.middle)
        assert_int_equal(imp_middle_measure(&sitting->pass, &sitting->middle, &features),
                         IMPASTO_OK);
    assert_int_equal(imp_objective_evaluate(&sitting->objective, sitting->painting, false),
                     IMPASTO_OK);
    assert_int_equal(imp_losses_read(&sitting->objective.losses, &losses, NULL, 0), IMPASTO_OK);
    return losses.total + (double)sitting->middle.weight * features;
}

static bool is_held; /* the frame before has been painted */

static double total_at(const float *at)
{
    struct imp_sitting_losses losses;
    struct imp_sitting_task task = {.planes = crop};
    const size_t bytes = train->learner.parameters * sizeof(float);
    imp_train_styles_turn(&train->styles, 0, 7, &task);
    assert_int_equal(imp_buffer_write(train->learner.values, 0, at, bytes), IMPASTO_OK);
    assert_int_equal(imp_learner_clear_gradient(&train->learner), IMPASTO_OK);
    assert_int_equal(imp_pass_pack(&train->sitting.pass), IMPASTO_OK);
    if (is_held)
        return total_of_held();
    if (train->sitting.holds) {
        task.pair = &train->pair;
        task.planes = train->pair.now;
    }
    assert_int_equal(imp_sitting_measure(&train->sitting, &task, &losses), IMPASTO_OK);
    assert_true(isfinite(losses.total));
    is_held = train->sitting.holds;
    if (is_held) {
        assert_true(losses.steady > 0 && losses.features >= 0);
        assert_true(fabs(total_of_held() - losses.total) <= 1e-4 * losses.total);
    }
    return losses.total;
}

/* What the loss gains along a direction of length 1, by central differences. */
static double slope(const float *direction, double step)
{
    const size_t count = train->learner.parameters;
    float *moved = malloc(count * sizeof(*moved));
    double totals[2];
    assert_non_null(moved);
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < count; i++)
            moved[i] = (float)((double)values[i] + (side ? step : -step) * (double)direction[i]);
        totals[side] = total_at(moved);
    }
    free(moved);
    return (totals[1] - totals[0]) / (2 * step);
}

/* Of the parameters from `from` to `to`. */
static void check(size_t from, size_t to)
{
    const size_t count = train->learner.parameters;
    float *direction = calloc(count, sizeof(*direction));
    double norm = 0;
    assert_non_null(direction);
    for (size_t i = from; i < to; i++)
        norm += (double)gradient[i] * (double)gradient[i];
    norm = sqrt(norm);
    assert_true(norm > 0);
    for (size_t i = from; i < to; i++)
        direction[i] = (float)((double)gradient[i] / norm);
    /* So far that the loss changes by about a hundredth: rounding is a ten-thousandth of that. */
    const double found = slope(direction, 0.005 / norm);
    if (!(fabs(found / norm - 1) < BOUND))
        fail_msg("parameters %zu to %zu: the loss gains %g, by the gradient %g", from, to, found,
                 norm);
    free(direction);
}

static void check_gradient(void)
{
    const size_t count = train->learner.parameters, norms = train->learner.norms;
    values = malloc(count * sizeof(*values));
    gradient = malloc(count * sizeof(*gradient));
    assert_true(values && gradient);
    memcpy(values, train->net.parameters, count * sizeof(*values));
    assert_int_equal(imp_crop_draw(&train->photos, 0, SIZE, crop, NULL), IMPASTO_OK);
    if (train->sitting.holds)
        assert_int_equal(imp_pair_draw(&train->photos, 0, &train->pair, NULL), IMPASTO_OK);
    is_held = false;
    (void)total_at(values);
    assert_int_equal(imp_learner_read(&train->learner, train->learner.gradient, gradient),
                     IMPASTO_OK);
    check(0, count);
    check(0, norms);
    check(norms, count);
    for (int r = 0; r < train->net.rows.count; r += 5) {
        const struct imp_model_row *row = &train->net.rows.row[r];
        check(row->weights, row->weights + imp_model_row_weights(row));
    }
    free(values);
    free(gradient);
}

static struct impasto_device *device;
static struct impasto_weights *weights;
static struct impasto_image *painting;

static enum impasto_status open_train(float steady, float features, struct impasto_error *error)
{
    struct impasto_train_params params;
    const struct impasto_train_style style = {
        .struct_size = sizeof(style), .image = painting, .name = "style"};
    const struct impasto_train_task task = {
        .struct_size = sizeof(task), .styles = &style, .style_count = 1};
    impasto_train_params_default(&params);
    params.width = 8;
    params.crop = SIZE;
    params.judge_size = 32;
    params.style_size = 64;
    params.steady_weight = steady;
    params.steady_features = features;
    return impasto_train_open(device, weights, &task, &params, &train, error);
}

static void the_gradient_is_that_of_the_loss(void **state)
{
    (void)state;
    /* Without the frame before; with its painting, and its features, outweighing all else. */
    static const float weights_of[][2] = {{0, 0}, {300, 0}, {1e-3F, 30}};
    for (size_t i = 0; i < IMP_COUNT(weights_of); i++) {
        assert_int_equal(open_train(weights_of[i][0], weights_of[i][1], NULL), IMPASTO_OK);
        check_gradient();
        impasto_train_close(&train);
    }
}

static int set_up(void **state)
{
    (void)state;
    struct impasto_error error = {0};
    painting = painted_picture(64, 48, 1);
    if (impasto_device_open(NULL, NULL, NULL, &device, &error) == IMPASTO_OK &&
        impasto_weights_open("builtin", IMPASTO_CONVENTION_AUTO, &weights, &error) == IMPASTO_OK)
        return 0;
    print_error("%s\n", error.message);
    return -1;
}

static int tear_down(void **state)
{
    (void)state;
    impasto_image_free(&painting);
    impasto_weights_close(&weights);
    impasto_device_close(&device);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_gradient_is_that_of_the_loss)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
