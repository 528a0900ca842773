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

static double total_at(const float *at)
{
    struct imp_sitting_losses losses;
    struct imp_sitting_task task = {.planes = crop};
    const size_t bytes = train->learner.parameters * sizeof(float);
    imp_train_styles_turn(&train->styles, 0, 7, &task);
    assert_int_equal(imp_buffer_write(train->learner.values, 0, at, bytes), IMPASTO_OK);
    assert_int_equal(imp_learner_clear_gradient(&train->learner), IMPASTO_OK);
    assert_int_equal(imp_pass_pack(&train->sitting.pass), IMPASTO_OK);
    assert_int_equal(imp_sitting_measure(&train->sitting, &task, &losses), IMPASTO_OK);
    assert_true(isfinite(losses.total));
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

static void the_gradient_is_that_of_the_loss(void **state)
{
    (void)state;
    const size_t count = train->learner.parameters, norms = train->learner.norms;
    values = malloc(count * sizeof(*values));
    gradient = malloc(count * sizeof(*gradient));
    assert_true(values && gradient);
    memcpy(values, train->net.parameters, count * sizeof(*values));
    assert_int_equal(imp_crop_draw(&train->photos, 0, SIZE, crop, NULL), IMPASTO_OK);
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

static int set_up(void **state)
{
    (void)state;
    struct impasto_train_params params;
    struct impasto_error error = {0};
    painting = painted_picture(64, 48, 1);
    const struct impasto_train_style style = {
        .struct_size = sizeof(style), .image = painting, .name = "style"};
    const struct impasto_train_task task = {
        .struct_size = sizeof(task), .styles = &style, .style_count = 1};
    impasto_train_params_default(&params);
    params.width = 8;
    params.crop = SIZE;
    params.judge_size = 32;
    params.style_size = 64;
    if (impasto_device_open(NULL, NULL, NULL, &device, &error) == IMPASTO_OK &&
        impasto_weights_open("builtin", IMPASTO_CONVENTION_AUTO, &weights, &error) == IMPASTO_OK &&
        impasto_train_open(device, weights, &task, &params, &train, &error) == IMPASTO_OK)
        return 0;
    print_error("%s\n", error.message);
    return -1;
}

static int tear_down(void **state)
{
    (void)state;
    impasto_train_close(&train);
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
