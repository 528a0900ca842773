/* SPDX-License-Identifier: MIT */
/* What a training by the public API may be given. */

#include "train_fixture.h"

static void what_is_shown_must_be_large_enough(void **state)
{
    (void)state;
    struct impasto_train_task task = task_of(1);
    struct impasto_error error = {0};
    struct impasto_train *train = NULL;
    struct impasto_image *strip = painted_picture(256, 8, 0);
    task.shown = strip;
    assert_int_equal(impasto_train_open(device, weights, &task, &usual, &train, &error),
                     IMPASTO_ERROR_USAGE);
    assert_non_null(strstr(error.message, "256x8 pixels, and at `judge-size` 32 too few"));
    assert_null(train);
    impasto_image_free(&strip);
}

static void inputs_are_an_object(void **state)
{
    (void)state;
    struct impasto_train_task task = task_of(1);
    struct impasto_error error = {0};
    struct impasto_train *train = NULL;
    static char large[IMPASTO_TRAIN_INPUTS_MOST + 2];
    memset(large, ' ', sizeof(large) - 1);
    memcpy(large, "{}", 2);
    const char *const wrong[] = {"", "[]", "{", "{} x", "{\"a\": 1, \"a\": 2}", large};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        task.inputs = wrong[i];
        assert_int_equal(impasto_train_open(device, weights, &task, &usual, &train, &error),
                         IMPASTO_ERROR_USAGE);
        assert_non_null(strstr(error.message, "must be a JSON object"));
    }
    large[IMPASTO_TRAIN_INPUTS_MOST] = 0;
    task.inputs = large;
    train = open_train(&task, &usual);
    impasto_train_close(&train);
}

static void names_must_differ(void **state)
{
    (void)state;
    struct impasto_train *train = NULL;
    struct impasto_error error = {0};
    struct impasto_train_task task = task_of(2);
    given[1].name = "first";
    assert_int_equal(impasto_train_open(device, weights, &task, &usual, &train, &error),
                     IMPASTO_ERROR_USAGE);
    assert_non_null(strstr(error.message, "two styles are called 'first'"));
    given[1].name = "a:b";
    assert_int_equal(impasto_train_open(device, weights, &task, &usual, &train, &error),
                     IMPASTO_ERROR_USAGE);
    task = task_of(0);
    assert_int_equal(impasto_train_open(device, weights, &task, &usual, &train, &error),
                     IMPASTO_ERROR_USAGE);
    task = task_of(1);
    task.keep = true;
    assert_int_equal(impasto_train_open(device, weights, &task, &usual, &train, &error),
                     IMPASTO_ERROR_USAGE);
    assert_null(train);
}

/* Whatever a task says, nothing is read that is not there. */
static void tasks_that_cannot_be_are_refused(void **state)
{
    (void)state;
    const size_t counts[] = {0, 65, SIZE_MAX / sizeof(given[0]) + 1, SIZE_MAX};
    struct impasto_train *train = NULL;
    struct impasto_error error = {0};
    for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
        struct impasto_train_task task = task_of(1);
        task.style_count = counts[i];
        assert_int_equal(impasto_train_open(device, weights, &task, &usual, &train, &error),
                         IMPASTO_ERROR_USAGE);
        assert_non_null(strstr(error.message, "a network has 1 to 64"));
    }
    struct impasto_train_task task = task_of(2);
    task.styles = NULL;
    assert_int_equal(impasto_train_open(device, weights, &task, &usual, &train, &error),
                     IMPASTO_ERROR_USAGE);
    assert_non_null(strstr(error.message, "no styles"));
    task = task_of(2);
    given[1].struct_size -= sizeof(void *);
    assert_int_equal(impasto_train_open(device, weights, &task, &usual, &train, &error),
                     IMPASTO_ERROR_USAGE);
    assert_non_null(strstr(error.message, "at index 1"));
    assert_null(train);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_shown_must_be_large_enough),
        cmocka_unit_test(inputs_are_an_object),
        cmocka_unit_test(names_must_differ),
        cmocka_unit_test(tasks_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
