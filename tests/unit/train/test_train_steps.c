/* SPDX-License-Identifier: MIT */
/* How many steps a training by the public API takes, and what they tell. */

#include "train_fixture.h"

#include <math.h>

/* Nothing gets better: what the last step was like. */
static struct impasto_train_progress in_vain(struct impasto_train_params params)
{
    const struct impasto_train_task task = task_of(1);
    params.learning_rate = 1e-7f;
    params.norm_rate = 1;
    params.late_rate = 1;
    struct impasto_train *train = open_train(&task, &params);
    struct impasto_train_progress progress = step(train);
    while (!progress.head.done)
        progress = step(train);
    impasto_train_close(&train);
    return progress;
}

/* From nothing, it begins to fall after 70 % of the steps, and would be 5 % of itself after the
 * last one. */
static void expect_fallen(const struct impasto_train_progress *progress, int steps)
{
    const double fallen = (steps - 1 - 0.7 * steps) / (0.3 * steps);
    assert_int_equal(progress->head.step, steps);
    assert_true(fabs(progress->learning_rate / 1e-7 - (1 - 0.95 * fallen)) < 1e-3);
}

/* The whole of the falling rate comes, whenever the judge gets tired. */
static void patience_keeps_the_falling_rate(void **state)
{
    (void)state;
    struct impasto_train_params params = usual;
    params.judge_every = 1;
    params.patience = 6; /* tired after step 7, which is then 70 % of all */
    params.steps = 1000;
    struct impasto_train_progress progress = in_vain(params);
    expect_fallen(&progress, 10);
    params.patience = 15; /* after step 16, when the rate has begun to fall */
    params.steps = 20;
    progress = in_vain(params);
    expect_fallen(&progress, 20);
}

/* A third of 360 steps: tired after step 121, which is then 70 % of all. Of 12 steps it would be
 * 4, but it waits for 100. */
static void patience_grows_with_the_steps(void **state)
{
    (void)state;
    struct impasto_train_params params = usual;
    params.judge_every = 1;
    params.patience = IMPASTO_TRAIN_PATIENCE_AUTO;
    params.steps = 360;
    struct impasto_train_progress progress = in_vain(params);
    expect_fallen(&progress, 173);
    params.steps = 12;
    progress = in_vain(params);
    expect_fallen(&progress, 12);
}

static void patience_ends_it(void **state)
{
    (void)state;
    const struct impasto_train_task task = task_of(1);
    struct impasto_train_params params = usual;
    params.steps = 1000;
    params.patience = 2;
    params.learning_rate = 1e-7f; /* nothing gets better */
    params.norm_rate = 1;
    struct impasto_train *train = open_train(&task, &params);
    struct impasto_train_progress progress = step(train);
    while (!progress.head.done)
        progress = step(train);
    assert_int_equal(progress.head.step, 6); /* of which 4 are 70 % */
    /* It stays at its end. */
    const struct impasto_train_progress again = step(train);
    assert_int_equal(again.head.step, progress.head.step);
    assert_true(again.head.done);
    impasto_train_close(&train);
}

static void minutes_decide_the_steps(void **state)
{
    (void)state;
    const struct impasto_train_task task = task_of(1);
    struct impasto_train_params params = usual;
    params.minutes = 0.001f;
    params.patience = 0;
    struct impasto_train *train = open_train(&task, &params);
    struct impasto_train_progress progress = step(train);
    assert_int_equal(progress.head.steps, 1000000);
    while (!progress.head.done)
        progress = step(train);
    assert_in_range(progress.head.step, 8, 10);
    impasto_train_close(&train);
}

/* What a step says of the style is of the crops that have one. */
static void the_identity_has_no_style_loss(void **state)
{
    (void)state;
    const struct impasto_train_task task = task_of(1);
    struct impasto_train_params params = usual;
    params.late_share = 0.5f;
    struct impasto_train *train = open_train(&task, &params);
    const double alone = step(train).style;
    impasto_train_close(&train);
    params.identity = true;
    train = open_train(&task, &params);
    for (int i = 0; i < params.steps; i++) {
        const struct impasto_train_progress progress = step(train);
        /* Two crops, one of the style; then one, which is by turns of either. */
        const bool styled = i < 3 || i % 2 == 1;
        assert_true(styled ? progress.style > 0.2 * alone : isnan(progress.style));
        assert_true(isfinite(progress.head.total));
    }
    impasto_train_close(&train);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patience_keeps_the_falling_rate),
        cmocka_unit_test(patience_grows_with_the_steps),
        cmocka_unit_test(patience_ends_it),
        cmocka_unit_test(minutes_decide_the_steps),
        cmocka_unit_test(the_identity_has_no_style_loss),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
