/* SPDX-License-Identifier: MIT */
/* A training by the public API: the same bytes from the same seed, from a checkpoint, and whatever
 * is done in between. */

#include "train_fixture.h"

static void resumed_is_never_stopped(void **state)
{
    (void)state;
    const struct impasto_train_task task = task_of(2);
    struct impasto_train_params params = usual;
    params.identity = true;
    struct impasto_train *train = open_train(&task, &params);
    size_t size, again;
    unsigned char *whole = finish(&train, &size);
    for (int at = 0; at <= params.steps; at++) {
        train = open_train(&task, &params);
        for (int i = 0; i < at; i++)
            assert_int_equal(step(train).head.step, i + 1);
        /* What only looks at it changes nothing. */
        struct impasto_image *painting = NULL;
        assert_int_equal(impasto_train_image(train, styles[0], 2, &painting, NULL), IMPASTO_OK);
        assert_int_equal(painting->width, 32);
        impasto_image_free(&painting);
        save(train, "a note");
        impasto_train_close(&train);
        train = resume(&task, NULL);
        assert_int_equal(impasto_train_info(train)->step, at);
        unsigned char *resumed = finish(&train, &again);
        assert_int_equal(again, size);
        assert_memory_equal(resumed, whole, size);
        free(resumed);
    }
    free(whole);
}

/* As above, in fewer places. It is another network than without, with a plan that has more. */
static void a_steady_one_resumes_too(void **state)
{
    (void)state;
    const struct impasto_train_task task = task_of(1);
    struct impasto_train_params params = usual;
    struct impasto_train *train = open_train(&task, &params);
    const uint64_t plain = impasto_train_info(train)->plan_bytes;
    size_t size, again;
    unsigned char *loose = finish(&train, &size);
    params.steady_weight = 30;
    train = open_train(&task, &params);
    assert_true(impasto_train_info(train)->plan_bytes > plain);
    unsigned char *whole = finish(&train, &again);
    assert_true(again != size || memcmp(loose, whole, size) != 0);
    free(loose);
    for (int at = 1; at <= params.steps; at += 4) { /* before a late step, and after one */
        train = open_train(&task, &params);
        for (int i = 0; i < at; i++) {
            const struct impasto_train_progress progress = step(train);
            assert_true(progress.steady > 0 && progress.steady_features > 0);
            assert_true(progress.head.total >= 30 * progress.steady);
        }
        save(train, NULL);
        impasto_train_close(&train);
        train = resume(&task, NULL);
        unsigned char *resumed = finish(&train, &size);
        assert_int_equal(again, size);
        assert_memory_equal(resumed, whole, size);
        free(resumed);
    }
    free(whole);
}

static void a_checkpoint_says_what_it_is(void **state)
{
    (void)state;
    const struct impasto_train_task task = task_of(1);
    struct impasto_train *train = open_train(&task, &usual);
    struct impasto_train_checkpoint *checkpoint = NULL;
    step(train);
    save(train, "a note");
    impasto_train_close(&train);
    assert_int_equal(impasto_train_checkpoint_open(in_folder("run"), &checkpoint, NULL),
                     IMPASTO_OK);
    const struct impasto_train_checkpoint_info *info = impasto_train_checkpoint_info(checkpoint);
    assert_int_equal(info->step, 1);
    assert_int_equal(info->steps, 6);
    assert_false(info->done);
    assert_string_equal(info->note, "a note");
    assert_int_equal(info->params->late_crop, 48);
    impasto_train_checkpoint_close(&checkpoint);
    impasto_train_checkpoint_close(&checkpoint);
}

/* What has come to its end says how it ended, also where it is read from a file. */
static void a_finished_one_stays_as_it_was(void **state)
{
    (void)state;
    const struct impasto_train_task task = task_of(1);
    struct impasto_train *train = open_train(&task, &usual);
    struct impasto_train_progress progress = step(train);
    while (!progress.head.done)
        progress = step(train);
    save(train, NULL);
    impasto_train_close(&train);
    train = resume(&task, NULL);
    assert_int_equal(impasto_train_info(train)->step, 6);
    const struct impasto_train_progress again = step(train);
    assert_true(again.head.done);
    assert_int_equal(again.head.step, 6);
    assert_true(again.head.seconds >= progress.head.seconds && again.head.seconds > 0);
    assert_true(again.head.total == progress.head.total);
    assert_true(again.style == progress.style);
    assert_true(again.gradient == progress.gradient);
    assert_true(again.judgement == progress.judgement);
    assert_int_equal(again.pictures, progress.pictures);
    assert_int_equal(again.crop, usual.late_crop);
    impasto_train_close(&train);
}

static void refuse_to_resume(const struct impasto_train_task *task,
                             const struct impasto_train_params *params, const char *words)
{
    struct impasto_train_checkpoint *checkpoint = NULL;
    struct impasto_train *train = NULL;
    struct impasto_error error = {0};
    assert_int_equal(impasto_train_checkpoint_open(in_folder("run"), &checkpoint, NULL),
                     IMPASTO_OK);
    assert_int_not_equal(
        impasto_train_resume(device, weights, task, checkpoint, params, &train, &error),
        IMPASTO_OK);
    if (!strstr(error.message, words))
        fail_msg("no '%s' in: %s", words, error.message);
    assert_null(train);
    impasto_train_checkpoint_close(&checkpoint);
}

static void what_decides_the_result_stays(void **state)
{
    (void)state;
    struct impasto_train_task task = task_of(2);
    struct impasto_train *train = open_train(&task, &usual);
    save(train, NULL);
    impasto_train_close(&train);
    struct impasto_train_params other = usual;
    other.clip = 3;
    refuse_to_resume(&task, &other, "another `clip`");
    other = usual;
    other.memory = (uint64_t)1 << 40;
    train = resume(&task, &other);
    impasto_train_close(&train);
    struct impasto_train_task fewer = task_of(1);
    refuse_to_resume(&fewer, NULL, "other style pictures");
    task = task_of(2);
    given[1].name = "other";
    refuse_to_resume(&task, NULL, "other style pictures");
}

static void save_beginning(const char *name, uint64_t seed)
{
    const struct impasto_train_task task = task_of(1);
    struct impasto_train_params params = usual;
    params.seed = seed;
    struct impasto_train *train = open_train(&task, &params);
    assert_int_equal(impasto_train_save(train, in_folder(name), false, NULL), IMPASTO_OK);
    impasto_train_close(&train);
}

static void the_base_stays(void **state)
{
    (void)state;
    save_beginning("base", 0);
    save_beginning("other", 1);
    struct impasto_train_task task = task_of(1);
    given[0].name = "added";
    for (int keep = 0; keep < 2; keep++) {
        task.base = in_folder("base");
        task.keep = keep;
        struct impasto_train *train = open_train(&task, &usual);
        save(train, NULL);
        impasto_train_close(&train);
        task.keep = !keep;
        refuse_to_resume(&task, NULL, "another choice whether the base's own styles are kept");
        task.keep = keep;
        task.base = in_folder("other");
        refuse_to_resume(&task, NULL, "begun with another base");
    }
}

/* A caller's picture may have any numbers. What is out of range is as the end of the range. */
static void pictures_may_leave_their_range(void **state)
{
    (void)state;
    static const float out[] = {-0.5f, -1, 1.5f, 100}, ends[] = {0, 0, 1, 1};
    const struct impasto_train_task task = task_of(1);
    float *rgb = styles[0]->rgb, before[4];
    memcpy(before, rgb, sizeof(before));
    memcpy(rgb, out, sizeof(out));
    struct impasto_train *train = open_train(&task, &usual);
    save(train, NULL);
    impasto_train_close(&train);
    memcpy(rgb, ends, sizeof(ends));
    train = resume(&task, NULL);
    impasto_train_close(&train);
    memcpy(rgb, before, sizeof(before));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resumed_is_never_stopped),
        cmocka_unit_test(a_steady_one_resumes_too),
        cmocka_unit_test(a_checkpoint_says_what_it_is),
        cmocka_unit_test(a_finished_one_stays_as_it_was),
        cmocka_unit_test(what_decides_the_result_stays),
        cmocka_unit_test(the_base_stays),
        cmocka_unit_test(pictures_may_leave_their_range),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
