/* SPDX-License-Identifier: MIT */
/* A job resumed from any of its iterations ends in the bytes of one that was never stopped. */

#include "checkpoint_fixture.h"

enum { MOST = 64 };

static int stride = 1; /* iterations from one exchange to the next */

static int set_up_brief(void **state)
{
    const int code = set_up(state);
    stride = 3;
    usual.scales = 2;
    return code;
}

/* The job becomes one that goes on from its checkpoint. */
static void exchange(struct impasto_job **job, const struct impasto_pictures *p,
                     const struct impasto_params *params)
{
    save(*job, NULL);
    struct impasto_image *so_far = picture(*job);
    impasto_job_close(job);
    *job = resume(p, params);
    struct impasto_image *again = picture(*job);
    expect_same_picture(again, so_far);
    impasto_image_free(&again);
    impasto_image_free(&so_far);
}

/* Resumes from every iteration of a run, the one before the first and the one after the last among
 * them. */
static void expect_resumable(const struct impasto_pictures *p, const struct impasto_params *params)
{
    struct impasto_job_progress expected[MOST];
    struct impasto_job *job = open_job(p, params);
    const int total = impasto_job_info(job)->iterations;
    assert_true(total < MOST);
    for (int k = 0; k <= total; k++)
        expected[k] = step(job);
    struct impasto_image *result = picture(job);
    impasto_job_close(&job);
    warnings = 0;
    /* One that is saved, closed and resumed after every step. */
    job = open_job(p, params);
    for (int k = 0; k <= total + 1; k++) {
        if (k % stride == 0)
            exchange(&job, p, k % 2 ? params : NULL);
        /* Once to the end without saving. */
        if (k == total / 2 / stride * stride) {
            struct impasto_image *end = finish(&job);
            expect_same_picture(end, result);
            impasto_image_free(&end);
            job = resume(p, NULL);
        }
        const struct impasto_job_progress now = step(job),
                                          *then = &expected[k <= total ? k : total];
        assert_int_equal(now.head.step, then->head.step);
        assert_int_equal(now.head.steps, total);
        assert_int_equal(now.scale, then->scale);
        assert_int_equal(now.width, then->width);
        assert_int_equal(now.head.done, then->head.done);
        assert_memory_equal(&now.head.total, &then->head.total, sizeof(now.head.total));
        assert_memory_equal(now.style, then->style, sizeof(now.style));
    }
    struct impasto_image *last = picture(job);
    expect_same_picture(last, result);
    assert_int_equal(warnings, 0);
    impasto_image_free(&last);
    impasto_job_close(&job);
    impasto_image_free(&result);
}

static void adam(void **state)
{
    (void)state;
    const struct impasto_pictures p = simple();
    struct impasto_params params = usual;
    params.average = 0.9f;
    expect_resumable(&p, &params);
}

static void adam_without_a_mean(void **state)
{
    (void)state;
    const struct impasto_pictures p = simple();
    struct impasto_params params = usual;
    params.average = 0;
    params.init = IMPASTO_INIT_NOISE;
    expect_resumable(&p, &params);
}

static void lbfgs(void **state)
{
    (void)state;
    const struct impasto_pictures p = simple();
    struct impasto_params params = usual;
    params.optimizer = IMPASTO_OPTIMIZER_LBFGS;
    params.average = 0;
    params.init = IMPASTO_INIT_NOISE;
    expect_resumable(&p, &params);
}

/* Long enough for it to be used up, and for line searches of several trials. */
static void lbfgs_with_a_short_history(void **state)
{
    (void)state;
    const struct impasto_pictures p = simple();
    struct impasto_params params = usual;
    params.optimizer = IMPASTO_OPTIMIZER_LBFGS;
    params.init = IMPASTO_INIT_NOISE;
    params.history = 2;
    params.size = 24;
    params.scales = 1;
    params.iterations = 12;
    params.learning_rate = 2;
    params.average = 0.5f;
    expect_resumable(&p, &params);
}

static void masks_margins_and_colours(void **state)
{
    (void)state;
    const struct impasto_pictures p = rich();
    struct impasto_params params = usual;
    params.init = IMPASTO_INIT_IMAGE;
    params.margin = 8;
    params.colour = IMPASTO_COLOUR_LUMA;
    expect_resumable(&p, &params);
    params.optimizer = IMPASTO_OPTIMIZER_LBFGS;
    params.colour = IMPASTO_COLOUR_MATCH;
    expect_resumable(&p, &params);
}

/* A job that is given another picture begins anew, also after it was resumed. */
static void again_after_resuming(void **state)
{
    (void)state;
    struct impasto_error error = {0};
    struct impasto_pictures p = simple();
    struct impasto_params params = usual;
    params.reuse = true;
    struct impasto_job *job = open_job(&p, &params);
    step(job);
    save(job, NULL);
    struct impasto_image *expected = finish(&job);
    job = resume(&p, &params);
    struct impasto_image *resumed = picture(job);
    step(job);
    assert_int_equal(impasto_job_reuse(job, &p, &error), IMPASTO_OK);
    assert_int_equal(step(job).head.step, 0);
    struct impasto_image *end = finish(&job), *tiny = painted_picture(3, 48, 0);
    expect_same_picture(end, expected);
    job = resume(&p, &params);
    p.content = tiny;
    assert_int_equal(impasto_job_reuse(job, &p, &error), IMPASTO_ERROR_INPUT);
    assert_int_equal(impasto_job_save(job, path, NULL, &error), IMPASTO_ERROR_USAGE);
    impasto_job_close(&job);
    impasto_image_free(&tiny);
    impasto_image_free(&expected);
    impasto_image_free(&resumed);
    impasto_image_free(&end);
}

static void more_iterations(void **state)
{
    (void)state;
    const struct impasto_pictures p = simple();
    for (int optimizer = 0; optimizer < 2; optimizer++)
        for (int scales = 1; scales <= 2; scales++) {
            struct impasto_params params = usual, longer;
            params.optimizer = (enum impasto_optimizer)optimizer;
            params.average = optimizer == IMPASTO_OPTIMIZER_ADAM ? 0.9f : 0;
            params.scales = scales;
            params.iterations = 5;
            longer = params;
            longer.iterations = 8;
            struct impasto_job *job = open_job(&p, &longer);
            struct impasto_image *expected = finish(&job);
            job = open_job(&p, &params);
            const int total = impasto_job_info(job)->iterations;
            for (int k = 0; k < total; k++)
                step(job);
            save(job, NULL);
            impasto_job_close(&job);
            job = resume(&p, &longer);
            struct impasto_image *found = finish(&job);
            expect_same_picture(found, expected);
            impasto_image_free(&expected);
            impasto_image_free(&found);
        }
}

/* "brief": what a slow device can do in a minute or two, which changes the scale once. */
int main(int argc, char **argv)
{
    const struct CMUnitTest brief[] = {cmocka_unit_test(adam), cmocka_unit_test(lbfgs)};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adam),
        cmocka_unit_test(adam_without_a_mean),
        cmocka_unit_test(lbfgs),
        cmocka_unit_test(lbfgs_with_a_short_history),
        cmocka_unit_test(masks_margins_and_colours),
        cmocka_unit_test(again_after_resuming),
        cmocka_unit_test(more_iterations),
    };
    if (argc > 1 && strcmp(argv[1], "brief") == 0)
        return cmocka_run_group_tests(brief, set_up_brief, tear_down);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
