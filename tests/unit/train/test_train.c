/* SPDX-License-Identifier: MIT */
/* A training by the public API: the same bytes from the same seed, from a checkpoint, and whatever
 * is done in between. */

#include "files.h"
#include "fixtures.h"

#include <math.h>

static struct impasto_device *device;
static struct impasto_weights *weights;
static struct impasto_image *styles[2];
static struct impasto_train_params usual;
static struct impasto_train_style given[2];

static struct impasto_train_task task_of(size_t count)
{
    static const char *const names[] = {"first", "second"};
    for (size_t i = 0; i < 2; i++)
        given[i] = (struct impasto_train_style){
            .struct_size = sizeof(given[i]), .image = styles[i], .name = names[i]};
    return (struct impasto_train_task){
        .struct_size = sizeof(struct impasto_train_task), .styles = given, .style_count = count};
}

static int set_up(void **state)
{
    struct impasto_error error = {0};
    if (make_folder(state) != 0)
        return -1;
    if (impasto_device_open(NULL, NULL, NULL, &device, &error) != IMPASTO_OK ||
        impasto_weights_open("builtin", IMPASTO_CONVENTION_AUTO, &weights, &error) != IMPASTO_OK) {
        print_error("%s\n", error.message);
        return -1;
    }
    for (int i = 0; i < 2; i++)
        styles[i] = painted_picture(48, 40, i);
    impasto_train_params_default(&usual);
    usual.width = 8;
    usual.steps = 6;
    usual.crop = 32;
    usual.late_crop = 48;
    usual.judge_size = 32;
    usual.judge_every = 2;
    usual.style_size = 48;
    return 0;
}

static int tear_down(void **state)
{
    for (int i = 0; i < 2; i++)
        impasto_image_free(&styles[i]);
    impasto_weights_close(&weights);
    impasto_device_close(&device);
    return remove_folder(state);
}

static struct impasto_train *open_train(const struct impasto_train_task *task,
                                        const struct impasto_train_params *params)
{
    struct impasto_train *train = NULL;
    struct impasto_error error = {0};
    if (impasto_train_open(device, weights, task, params, &train, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    return train;
}

static struct impasto_train_progress step(struct impasto_train *train)
{
    const struct impasto_train_progress *progress;
    struct impasto_error error = {0};
    if (impasto_train_step(train, &progress, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    return *progress;
}

/* The model's bytes; closes the training. */
static unsigned char *finish(struct impasto_train **train, size_t *size)
{
    struct impasto_error error = {0};
    const char *path = in_folder("model");
    if (impasto_train_run(*train, NULL, NULL, &error) != IMPASTO_OK ||
        impasto_train_save(*train, path, false, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    impasto_train_close(train);
    return read_bytes(path, size);
}

static struct impasto_train *resume(const struct impasto_train_task *task,
                                    const struct impasto_train_params *params)
{
    struct impasto_train_checkpoint *checkpoint = NULL;
    struct impasto_train *train = NULL;
    struct impasto_error error = {0};
    if (impasto_train_checkpoint_open(in_folder("run"), &checkpoint, &error) != IMPASTO_OK ||
        impasto_train_resume(device, weights, task, checkpoint, params, &train, &error) !=
            IMPASTO_OK)
        fail_msg("%s", error.message);
    impasto_train_checkpoint_close(&checkpoint);
    return train;
}

static void save(struct impasto_train *train, const char *note)
{
    struct impasto_error error = {0};
    if (impasto_train_save_checkpoint(train, in_folder("run"), note, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
}

/* ---- The tests ------------------------------------------------------------------------------- */

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
        refuse_to_resume(&task, NULL,
                         keep ? "begun to keep the base's own" : "begun to leave out the base's");
        task.keep = keep;
        task.base = in_folder("other");
        refuse_to_resume(&task, NULL, "begun with another base");
    }
}

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
        cmocka_unit_test(resumed_is_never_stopped),
        cmocka_unit_test(a_steady_one_resumes_too),
        cmocka_unit_test(a_checkpoint_says_what_it_is),
        cmocka_unit_test(a_finished_one_stays_as_it_was),
        cmocka_unit_test(the_plan_has_all_that_is_allocated),
        cmocka_unit_test(what_decides_the_result_stays),
        cmocka_unit_test(the_base_stays),
        cmocka_unit_test(patience_keeps_the_falling_rate),
        cmocka_unit_test(patience_grows_with_the_steps),
        cmocka_unit_test(patience_ends_it),
        cmocka_unit_test(minutes_decide_the_steps),
        cmocka_unit_test(a_refusal_helps),
        cmocka_unit_test(a_plan_is_only_a_plan),
        cmocka_unit_test(the_plan_has_each_moment),
        cmocka_unit_test(a_refusal_helps_with_styles),
        cmocka_unit_test(what_is_shown_must_be_large_enough),
        cmocka_unit_test(a_smaller_width_is_for_new_networks),
        cmocka_unit_test(the_identity_has_no_style_loss),
        cmocka_unit_test(inputs_are_an_object),
        cmocka_unit_test(names_must_differ),
        cmocka_unit_test(pictures_may_leave_their_range),
        cmocka_unit_test(tasks_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
