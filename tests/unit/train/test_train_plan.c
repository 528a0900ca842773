/* SPDX-License-Identifier: MIT */
/* What memory a training plans to take, and what would fit where there is less. */

#include "train_fixture.h"

#include "device/device.h"
#include "session/session.h"

#include <math.h>

static const struct impasto_plan_row *plan_row(const struct impasto_train_info *info,
                                               const char *purpose)
{
    const struct impasto_plan_row *found = NULL;
    for (size_t i = 0; i < info->plan_rows; i++)
        if (strcmp(info->plan[i].purpose, purpose) == 0) {
            assert_null(found); /* each purpose has one row */
            found = &info->plan[i];
        }
    return found;
}

static void the_plan_has_all_that_is_allocated(void **state)
{
    (void)state;
    const struct impasto_train_task task = task_of(1);
    struct impasto_train *train = open_train(&task, &usual);
    const struct impasto_train_info *info = impasto_train_info(train);
    uint64_t sum = 0;
    for (size_t i = 0; i < info->plan_rows; i++) {
        assert_ptr_equal(plan_row(info, info->plan[i].purpose), &info->plan[i]);
        assert_true(info->plan[i].bytes > 0);
        sum += info->plan[i].bytes;
    }
    assert_int_equal(sum, info->plan_bytes);
    /* Of the parts that come last: what only the steps take. */
    assert_non_null(plan_row(info, "network's gradients"));
    assert_non_null(plan_row(info, "network's workspace"));
    assert_true(plan_row(info, "image")->bytes >
                5 * 3 * (uint64_t)(usual.crop * usual.crop) * sizeof(float));
    impasto_train_close(&train);
}

static float noise_decided(int steps, float steady_weight)
{
    const struct impasto_train_task task = task_of(1);
    struct impasto_train_params params = usual;
    struct impasto_train *train = NULL;
    struct impasto_error error = {0};
    params.steps = steps;
    params.steady_weight = steady_weight;
    params.noise = IMPASTO_TRAIN_BY_LENGTH;
    if (impasto_train_plan(device, weights, &task, &params, &train, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    const float noise = impasto_train_info(train)->params->noise;
    impasto_train_close(&train);
    return noise;
}

static void long_trainings_have_noise(void **state)
{
    (void)state;
    assert_float_equal(noise_decided(3000, 0), 0.0125f, 0);
    assert_float_equal(noise_decided(2999, 0), 0, 0);
    assert_float_equal(noise_decided(3000, 1), 0, 0);
}

static void refuse_memory(const struct impasto_train_task *task,
                          const struct impasto_train_params *params, struct impasto_error *error)
{
    struct impasto_train *train = NULL;
    assert_int_equal(impasto_train_open(device, weights, task, params, &train, error),
                     IMPASTO_ERROR_MEMORY);
    assert_null(train);
}

/* The number behind some words of a message. */
static int number_after(const char *message, const char *words)
{
    const char *at = strstr(message, words);
    if (!at)
        fail_msg("no '%s' in: %s", words, message);
    return atoi(at + strlen(words));
}

/* What a refusal advises fits; the next larger size does not. */
static void a_refusal_helps(void **state)
{
    (void)state;
    const struct impasto_train_task task = task_of(1);
    struct impasto_train_params params = usual;
    struct impasto_error error = {0};
    struct impasto_train *train = open_train(&task, &params);
    params.memory = impasto_train_info(train)->plan_bytes + (32 << 20);
    impasto_train_close(&train);
    params.judge_size = 512;
    refuse_memory(&task, &params, &error);
    params.judge_size = number_after(error.message, "; `judge-size` ");
    assert_in_range(params.judge_size, 32, 496);
    train = open_train(&task, &params);
    impasto_train_close(&train);
    params.judge_size += 16;
    refuse_memory(&task, &params, &error);
    params.judge_size = 32;
    params.late_crop = 512;
    refuse_memory(&task, &params, &error);
    params.late_crop = number_after(error.message, "; `late-crop` ");
    train = open_train(&task, &params);
    impasto_train_close(&train);
}

static struct impasto_train *plan_train(const struct impasto_train_task *task,
                                        const struct impasto_train_params *params)
{
    struct impasto_train *train = NULL;
    struct impasto_error error = {0};
    if (impasto_train_plan(device, weights, task, params, &train, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    return train;
}

static uint64_t planned(const struct impasto_train_task *task,
                        const struct impasto_train_params *params, const char *moment)
{
    struct impasto_train *train = plan_train(task, params);
    const uint64_t bytes = impasto_train_info(train)->plan_bytes;
    assert_string_equal(impasto_train_info(train)->plan_moment, moment);
    impasto_train_close(&train);
    return bytes;
}

/* It is the same as that of the training, which fits if just so much is allowed. */
static void a_plan_is_only_a_plan(void **state)
{
    (void)state;
    const struct impasto_train_task task = task_of(1);
    struct impasto_train_params params = usual;
    struct impasto_error error = {0};
    struct impasto_image *painting = NULL;
    struct impasto_train *train = plan_train(&task, &params);
    const struct impasto_train_info *info = impasto_train_info(train);
    assert_int_equal(info->steps, 6);
    assert_int_equal(info->width, 8);
    assert_int_equal(info->pictures, 0);
    assert_true(info->style_weight == 17 && fabs(info->learning_rate - 1.5e-3) < 1e-9);
    assert_true(info->params->style_weight == 17 && info->params->steps == info->steps);
    assert_int_equal(impasto_train_step(train, NULL, &error), IMPASTO_ERROR_USAGE);
    assert_non_null(strstr(error.message, "can only tell its plan"));
    assert_int_equal(impasto_train_save(train, in_folder("no"), false, &error),
                     IMPASTO_ERROR_USAGE);
    assert_int_equal(impasto_train_image(train, styles[0], 0, &painting, &error),
                     IMPASTO_ERROR_USAGE);
    params.memory = info->plan_bytes;
    impasto_train_close(&train);
    train = open_train(&task, &params);
    assert_int_equal(impasto_train_info(train)->plan_bytes, params.memory);
    impasto_train_close(&train);
    /* With less, transformed weights are not kept; with less than that, it is refused. */
    params.memory--;
    train = open_train(&task, &params);
    assert_true(impasto_train_info(train)->plan_bytes < params.memory);
    params.memory = impasto_train_info(train)->plan_bytes - 1;
    impasto_train_close(&train);
    refuse_memory(&task, &params, &error);
}

/* The steps, the styles before them, and the picture that is shown all have their part. */
static void the_plan_has_each_moment(void **state)
{
    (void)state;
    struct impasto_train_task task = task_of(1);
    struct impasto_train_params params = usual;
    const uint64_t late = planned(&task, &params, "late steps");
    params.late_crop = 32;
    assert_true(planned(&task, &params, "steps") < late);
    struct impasto_image *large = painted_picture(400, 300, 0);
    params.late_crop = 48;
    task.shown = large;
    assert_true(planned(&task, &params, "late steps") > late);
    task.shown = NULL;
    given[0].image = large;
    assert_int_equal(planned(&task, &params, "late steps"), late); /* it is looked at with 48 */
    params.style_size = 400;
    assert_true(planned(&task, &params, "looking at the styles") > late);
    impasto_image_free(&large);
}

/* A device that has no more than was planned for is enough. */
static void open_within_the_plan(const struct impasto_train_task *task,
                                 const struct impasto_train_params *params, const char *moment)
{
    const uint64_t ample = imp_device_caps(device->device)->memory_budget;
    struct impasto_error error = {0};
    struct impasto_train *train = NULL;
    imp_device_limit_memory(device->device, planned(task, params, moment));
    const enum impasto_status status =
        impasto_train_open(device, weights, task, params, &train, &error);
    imp_device_limit_memory(device->device, ample);
    if (status != IMPASTO_OK)
        fail_msg("%s: %s", moment, error.message);
    impasto_train_close(&train);
}

/* Both that of the crops and that of the style pictures. */
static void the_weave_is_in_the_plan(void **state)
{
    (void)state;
    const struct impasto_train_task task = task_of(1);
    struct impasto_train_params params = usual;
    struct impasto_image *large = painted_picture(400, 300, 0);
    params.weave_weight = 0;
    const uint64_t without = planned(&task, &params, "late steps");
    params.weave_weight = 10;
    assert_true(planned(&task, &params, "late steps") > without);
    open_within_the_plan(&task, &params, "late steps");
    given[0].image = large;
    params.style_size = 400;
    open_within_the_plan(&task, &params, "looking at the styles");
    impasto_image_free(&large);
}

/* They are the host's, as is the memory of a CPU. */
static void gradients_of_crops_are_in_the_plan(void **state)
{
    (void)state;
    const struct impasto_train_task task = task_of(1);
    struct impasto_train_params params = usual;
    const uint64_t together = planned(&task, &params, "late steps");
    struct impasto_train *train = plan_train(&task, &params);
    const uint64_t parameters = impasto_train_info(train)->parameters;
    impasto_train_close(&train);
    params.reproducible = true;
    params.batch = 3;
    params.late_batch = 5;
    train = plan_train(&task, &params);
    const struct impasto_plan_row *row = plan_row(impasto_train_info(train), "gradients of crops");
    const bool shared = imp_device_caps(device->device)->unified;
    assert_int_equal(row ? row->bytes : 0, shared ? parameters * (5 * 4 + 8) : 0);
    assert_int_equal(impasto_train_info(train)->plan_bytes, together + (row ? row->bytes : 0));
    impasto_train_close(&train);
}

static void a_refusal_helps_with_styles(void **state)
{
    (void)state;
    const struct impasto_train_task task = task_of(1);
    struct impasto_train_params params = usual;
    struct impasto_error error = {0};
    struct impasto_image *large = painted_picture(400, 300, 0);
    given[0].image = large;
    params.style_size = 400;
    params.memory = planned(&task, &params, "looking at the styles") - 1;
    refuse_memory(&task, &params, &error);
    assert_non_null(strstr(error.message, "looking at the styles"));
    params.style_size = number_after(error.message, "; `style-size` ");
    assert_in_range(params.style_size, 32, 384);
    struct impasto_train *train = open_train(&task, &params);
    impasto_train_close(&train);
    impasto_image_free(&large);
}

/* That is for a network that begins from nothing. A base has its own. */
static void a_smaller_width_is_for_new_networks(void **state)
{
    (void)state;
    struct impasto_train_task task = task_of(1);
    struct impasto_train_params params = usual;
    struct impasto_error error = {0};
    params.width = 32;
    params.steps = 1;
    struct impasto_train *train = open_train(&task, &params);
    assert_int_equal(impasto_train_save(train, in_folder("base"), false, &error), IMPASTO_OK);
    impasto_train_close(&train);
    params.memory = 16 << 20;
    refuse_memory(&task, &params, &error);
    assert_non_null(strstr(error.message, "try a smaller `width`"));
    task.base = in_folder("base");
    refuse_memory(&task, &params, &error);
    assert_non_null(strstr(error.message, "allow more `memory`"));
    assert_null(strstr(error.message, "width"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_plan_has_all_that_is_allocated),
        cmocka_unit_test(long_trainings_have_noise),
        cmocka_unit_test(a_refusal_helps),
        cmocka_unit_test(a_plan_is_only_a_plan),
        cmocka_unit_test(the_plan_has_each_moment),
        cmocka_unit_test(the_weave_is_in_the_plan),
        cmocka_unit_test(gradients_of_crops_are_in_the_plan),
        cmocka_unit_test(a_refusal_helps_with_styles),
        cmocka_unit_test(a_smaller_width_is_for_new_networks),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
