/* SPDX-License-Identifier: MIT */
/* What a checkpoint does not go with: other pictures, parameters, weights, and too few iterations;
 * and what it does go with, though it be told. */

#include "checkpoint_fixture.h"

static void iterations_that_cannot_be(void **state)
{
    (void)state;
    const struct impasto_pictures p = simple();
    struct impasto_params params = usual, other;
    params.optimizer = IMPASTO_OPTIMIZER_LBFGS;
    params.average = 0;
    struct impasto_job *job = open_job(&p, &params);
    for (int k = 0; k < 6; k++) /* 4 at the first scale, 2 at the second, where it still is */
        step(job);
    save(job, NULL);
    other = params;
    other.first_iterations = 5;
    expect_resume_refused(&p, &other, weights, IMPASTO_ERROR_USAGE, "4 iterations at scale 1 of 3");
    other = params;
    other.iterations = 1;
    expect_resume_refused(&p, &other, weights, IMPASTO_ERROR_USAGE, "2 iterations at scale 2 of 3");
    struct impasto_image *end = finish(&job);
    impasto_image_free(&end);
    job = resume(&p, &params);
    while (!step(job).head.done)
        ;
    save(job, NULL);
    impasto_job_close(&job);
    other = params;
    other.iterations = 4;
    expect_resume_refused(&p, &other, weights, IMPASTO_ERROR_USAGE, "scale 2 of 3");
    other.iterations = 2;
    job = resume(&p, &other);
    assert_true(step(job).head.done);
    impasto_job_close(&job);
    params.scales = 1;
    job = open_job(&p, &params);
    while (!step(job).head.done)
        ;
    save(job, NULL);
    impasto_job_close(&job);
    params.iterations = 9;
    expect_resume_refused(&p, &params, weights, IMPASTO_ERROR_USAGE, "settled");
}

static void other_pictures_and_parameters(void **state)
{
    (void)state;
    struct impasto_pictures p = rich();
    struct impasto_params params = usual;
    params.init = IMPASTO_INIT_IMAGE;
    struct impasto_job *job = open_job(&p, &params);
    step(job);
    save(job, NULL);
    impasto_job_close(&job);
    struct impasto_image *tinted = painted_picture(48, 36, 0);
    tinted->rgb[1000] += 0.001f;
    p.content = tinted;
    expect_resume_refused(&p, NULL, weights, IMPASTO_ERROR_INPUT, "another content picture");
    /* Less than a step of what files can have. */
    tinted->rgb[1000] = content->rgb[1000] + 1e-7f;
    struct impasto_checkpoint *checkpoint = open_file();
    struct impasto_error error = {0};
    assert_int_equal(impasto_job_resume(device, weights, &p, checkpoint, NULL, &job, &error),
                     IMPASTO_OK);
    impasto_job_close(&job);
    impasto_checkpoint_close(&checkpoint);
    p = rich();
    styles[1].image = style;
    expect_resume_refused(&p, NULL, weights, IMPASTO_ERROR_INPUT, "(style 2)");
    p = rich();
    styles[0].weight = 3;
    expect_resume_refused(&p, NULL, weights, IMPASTO_ERROR_INPUT, "(style 1)");
    p = rich();
    regions[1].weight = 3;
    expect_resume_refused(&p, NULL, weights, IMPASTO_ERROR_INPUT, "region");
    p = rich();
    p.keep = NULL;
    expect_resume_refused(&p, NULL, weights, IMPASTO_ERROR_INPUT, "keep");
    p = rich();
    p.init = second;
    expect_resume_refused(&p, NULL, weights, IMPASTO_ERROR_INPUT, "start from");
    p = simple();
    p.init = start;
    p.keep = mask;
    expect_resume_refused(&p, NULL, weights, IMPASTO_ERROR_INPUT, "2 style pictures, not 1");
    p = rich();
    params.learning_rate *= 2;
    expect_resume_refused(&p, &params, weights, IMPASTO_ERROR_USAGE, "learning-rate");
    params = usual;
    expect_resume_refused(&p, &params, weights, IMPASTO_ERROR_USAGE, "init");
    impasto_image_free(&tinted);
}

static void other_weights(void **state)
{
    (void)state;
    const struct impasto_pictures p = simple();
    struct impasto_error error = {0};
    struct impasto_weights *exported = NULL, *changed = NULL;
    const char *file = in_folder("weights.safetensors");
    assert_int_equal(impasto_weights_save(weights, file, &error), IMPASTO_OK);
    assert_int_equal(impasto_weights_open(file, IMPASTO_CONVENTION_AUTO, &exported, &error),
                     IMPASTO_OK);
    assert_int_equal(impasto_weights_open(file, IMPASTO_CONVENTION_TORCHVISION, &changed, &error),
                     IMPASTO_OK);
    struct impasto_job *job = NULL;
    assert_int_equal(impasto_job_open(device, exported, &p, &usual, &job, &error), IMPASTO_OK);
    step(job);
    save(job, NULL);
    impasto_job_close(&job);
    expect_resume_refused(&p, NULL, weights, IMPASTO_ERROR_WEIGHTS, "other weights");
    expect_resume_refused(&p, NULL, changed, IMPASTO_ERROR_WEIGHTS, "torchvision");
    struct impasto_checkpoint *checkpoint = open_file();
    assert_int_equal(impasto_job_resume(device, exported, &p, checkpoint, NULL, &job, &error),
                     IMPASTO_OK);
    impasto_checkpoint_close(&checkpoint);
    impasto_job_close(&job);
    impasto_weights_close(&exported);
    impasto_weights_close(&changed);
}

/* Another way to compute is allowed, and told. */
static void another_algorithm_is_told(void **state)
{
    (void)state;
    const struct impasto_pictures p = simple();
    struct impasto_params params = usual;
    params.conv = "direct";
    struct impasto_job *job = open_job(&p, &params);
    step(job);
    save(job, NULL);
    impasto_job_close(&job);
    warnings = 0;
    job = resume(&p, NULL);
    assert_int_equal(warnings, 0);
    impasto_job_close(&job);
    params.conv = "winograd2";
    job = resume(&p, &params);
    assert_int_equal(warnings, 1);
    impasto_job_close(&job);
}

static void a_plan_has_nothing_to_save(void **state)
{
    (void)state;
    const struct impasto_pictures p = simple();
    struct impasto_error error = {0};
    struct impasto_job *job = NULL;
    assert_int_equal(impasto_job_plan(device, weights, &p, &usual, &job, &error), IMPASTO_OK);
    assert_int_equal(impasto_job_save(job, path, NULL, &error), IMPASTO_ERROR_USAGE);
    impasto_job_close(&job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(iterations_that_cannot_be),
        cmocka_unit_test(other_pictures_and_parameters),
        cmocka_unit_test(other_weights),
        cmocka_unit_test(another_algorithm_is_told),
        cmocka_unit_test(a_plan_has_nothing_to_save),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
