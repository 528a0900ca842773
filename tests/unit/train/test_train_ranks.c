/* SPDX-License-Identifier: MIT */
/*
 * Ranks that train one network, as processes do, here in threads: the same number of them ends in
 * the same bytes, or any number does, where that is asked for; and whichever call of the lines
 * fails on whichever rank, all of them end.
 */

#include "train_fixture.h"

#include "../comm/comm_cases.h"
#include "../comm/team.h"

#include <math.h>
#include <stdarg.h>

#define MOST TEAM_MOST

static struct impasto_device *devices[MOST]; /* the first is the fixture's */
static struct impasto_train_task task;       /* two styles */
static char warning[1024];                   /* the last one of the first rank's */
static bool others_paint;                    /* all but the first serve jobs, not trainings */

/* ---- A team ---------------------------------------------------------------------------------- */

static const struct team_fault no_fault = {0};
static struct impasto_train_task tasks[MOST];

static enum impasto_status serve(int rank, struct impasto_error *error)
{
    return others_paint ? impasto_job_serve(devices[rank], weights, error)
                        : impasto_train_serve(devices[rank], weights, &tasks[rank], error);
}

/* other: the last rank's task; NULL: as all. */
static void begin(struct team *team, int size, struct team_fault fault,
                  const struct impasto_train_task *other)
{
    for (int rank = 0; rank < size; rank++)
        tasks[rank] = other && rank == size - 1 ? *other : task;
    team_begin(team, devices, size, serve, fault);
}

/* ---- What the first does --------------------------------------------------------------------- */

/* A crop for each rank, also in late steps. */
static struct impasto_train_params few_steps(bool reproducible)
{
    struct impasto_train_params params = usual;
    params.steps = 3;
    params.batch = 4;
    params.late_batch = 3;
    params.style_size = 32;
    params.reproducible = reproducible;
    return params;
}

/* What a training leaves behind. */
struct outcome {
    unsigned char *model;
    size_t size;
    double total, gradient; /* of the first step */
};

static struct outcome train_by(int size, const struct impasto_train_params *params, bool resumes)
{
    struct team team;
    struct outcome outcome = {0};
    if (size > 1)
        begin(&team, size, no_fault, NULL);
    struct impasto_train *train = resumes ? resume(&task, params) : open_train(&task, params);
    if (!resumes) {
        const struct impasto_train_progress first = step(train);
        outcome.total = first.head.total;
        outcome.gradient = first.gradient;
        (void)step(train);
        save(train, NULL);
    }
    outcome.model = finish(&train, &outcome.size);
    if (size > 1)
        (void)team_end(&team, 0);
    for (int rank = 1; rank < size; rank++)
        if (team.status[rank] != IMPASTO_OK)
            fail_msg("rank %d of %d: %s", rank, size, team.error[rank].message);
    return outcome;
}

static void expect_same(struct outcome *a, const struct outcome *b)
{
    assert_int_equal(a->size, b->size);
    assert_memory_equal(a->model, b->model, a->size);
    free(a->model);
    a->model = NULL;
}

/* ---- The tests ------------------------------------------------------------------------------- */

static void the_same_number_has_the_same_bytes(void **state)
{
    (void)state;
    const struct impasto_train_params params = few_steps(false);
    const struct outcome one = train_by(1, &params, false);
    for (int size = 2; size <= MOST; size++) {
        const struct outcome first = train_by(size, &params, false);
        struct outcome resumed = train_by(size, &params, true);
        struct outcome again = train_by(size, &params, false);
        expect_same(&resumed, &first);
        expect_same(&again, &first);
        /* The losses of the first step do not depend on sums; its gradient does by rounding. */
        assert_true(first.total == one.total);
        assert_true(fabs(first.gradient / one.gradient - 1) < 1e-5);
        free(first.model);
    }
    free(one.model);
}

static void any_number_has_the_same_bytes(void **state)
{
    (void)state;
    const struct impasto_train_params params = few_steps(true);
    const struct outcome one = train_by(1, &params, false);
    for (int size = 2; size <= MOST; size++) {
        struct outcome some = train_by(size, &params, false);
        struct outcome resumed = train_by(MOST + 1 - size, &params, true);
        expect_same(&some, &one);
        expect_same(&resumed, &one);
    }
    free(one.model);
}

/* The whole of a short training. */
static enum impasto_status work(const struct impasto_train_params *params,
                                struct impasto_error *error)
{
    struct impasto_train *train = NULL;
    enum impasto_status status =
        impasto_train_open(devices[0], weights, &task, params, &train, error);
    if (status == IMPASTO_OK)
        status = impasto_train_run(train, NULL, NULL, error);
    impasto_train_close(&train);
    return status;
}

/* The calls of that rank in a training in which none fails. */
static int count_calls(int size, int rank, const struct impasto_train_params *params)
{
    struct team team;
    struct impasto_error error = {0};
    begin(&team, size, no_fault, NULL);
    assert_int_equal(work(params, &error), IMPASTO_OK);
    const int calls = team_end(&team, rank);
    assert_int_equal(team.status[1], IMPASTO_OK);
    return calls;
}

/* The last calls say that the training is closed, and that there will be no other. */
#define FAREWELLS 2

/* Both ranks hear of it, unless the first has its training already. (While rank 0 still leaves a
 * call, rank 1 may have gone on to its farewell: then the first may hear of that, too.) */
static void fail_call(int faulty, int nth, int calls, const struct impasto_train_params *params)
{
    struct team team;
    struct impasto_error error = {0};
    begin(&team, 2, (struct team_fault){faulty, nth}, NULL);
    const enum impasto_status status = work(params, &error);
    assert_int_equal(team_end(&team, faulty), nth);
    for (int rank = 0; rank < 2; rank++)
        assert_int_equal(imp_device_allocated(devices[rank]->device), 0);
    if (nth <= calls - FAREWELLS &&
        (status != IMPASTO_ERROR_DEVICE || !strstr(error.message, COMM_FAULT)))
        fail_msg("call %d of rank %d: %d, '%s'", nth, faulty, status, error.message);
    if (nth > calls - FAREWELLS && faulty == 0)
        assert_int_equal(status, IMPASTO_OK);
    if (team.status[1] != IMPASTO_ERROR_DEVICE || !strstr(team.error[1].message, COMM_FAULT))
        fail_msg("call %d of rank %d: rank 1 has %d, '%s'", nth, faulty, team.status[1],
                 team.error[1].message);
}

static void every_call_fails(void **state)
{
    (void)state;
    struct impasto_train_params params = few_steps(true);
    params.steps = 1;
    params.batch = params.late_batch = 2;
    for (int faulty = 0; faulty < 2; faulty++) {
        const int calls = count_calls(2, faulty, &params);
        for (int nth = 1; nth <= calls; nth++)
            fail_call(faulty, nth, calls, &params);
        print_message("2 ranks: each of %d calls of rank %d has failed\n", calls, faulty);
        assert_true(calls > 30);
    }
}

/* A folder with a photograph. */
static const char *photos_of_one(void)
{
    struct impasto_error error = {0};
    struct impasto_image *photo = painted_picture(96, 80, 0);
    assert_int_equal(impasto_image_save(photo, in_folder("photo.png"), NULL, &error), IMPASTO_OK);
    impasto_image_free(&photo);
    return folder;
}

/* A model to begin with, of a style that is not among the task's. */
static const char *base_of(unsigned seed)
{
    static char paths[2][PATH_SIZE];
    struct impasto_error error = {0};
    const struct impasto_train_style style = {
        .struct_size = sizeof(style), .image = styles[0], .name = "old"};
    const struct impasto_train_task before = {
        .struct_size = sizeof(before), .styles = &style, .style_count = 1};
    struct impasto_train_params params = few_steps(false);
    params.steps = 1;
    params.seed = seed;
    struct impasto_train *train = open_train(&before, &params);
    char *path = paths[seed % 2];
    snprintf(path, PATH_SIZE, "%s", in_folder(seed % 2 ? "another" : "base"));
    assert_int_equal(impasto_train_save(train, path, false, &error), IMPASTO_OK);
    impasto_train_close(&train);
    return path;
}

/* Opens a training of two ranks, of which the second has another task, and is refused. */
static void refuse(const struct impasto_train_task *other,
                   const struct impasto_train_params *params, enum impasto_status expected,
                   const char *words)
{
    struct team team;
    struct impasto_error error = {0};
    begin(&team, 2, no_fault, other);
    const enum impasto_status status = work(params, &error);
    (void)team_end(&team, 0);
    assert_int_equal(status, expected);
    if (!strstr(error.message, words))
        fail_msg("'%s' instead of '%s'", error.message, words);
    assert_true(team.status[1] == IMPASTO_OK || team.status[1] == expected);
}

static void refusals(void **state)
{
    (void)state;
    struct impasto_error error = {0};
    struct impasto_train_params params = few_steps(false);
    const struct impasto_train_style swapped[] = {
        {.struct_size = sizeof(swapped[0]), .image = styles[1], .name = "first"},
        {.struct_size = sizeof(swapped[0]), .image = styles[0], .name = "second"}};
    struct impasto_train_task other = task;
    other.styles = swapped;
    refuse(&other, &params, IMPASTO_ERROR_INPUT, "rank 1: has other style pictures");
    other.styles = task.styles;
    other.photos = photos_of_one();
    refuse(&other, &params, IMPASTO_ERROR_INPUT, "rank 1: has other photographs than rank 0");
    other.photos = task.photos;
    other.base = base_of(1);
    refuse(&other, &params, IMPASTO_ERROR_INPUT, "rank 1: has another base than rank 0");
    other.base = "/no/such/base";
    refuse(&other, &params, IMPASTO_ERROR_WEIGHTS, "rank 1: ");
    other.base = NULL;
    other.style_count = 0;
    refuse(&other, &params, IMPASTO_ERROR_USAGE, "0 styles are too few");
    params.late_batch = 1;
    refuse(NULL, &params, IMPASTO_ERROR_USAGE, "`late-batch` is 1, and there are 2 ranks");
    params.crop = 31;
    refuse(NULL, &params, IMPASTO_ERROR_USAGE, "`crop` is 31");
    assert_int_equal(impasto_train_serve(devices[0], weights, &task, &error), IMPASTO_ERROR_USAGE);
}

/* The styles of a base are kept by one and not by the other. */
static void refusals_of_a_base(void **state)
{
    (void)state;
    const struct impasto_train_params params = few_steps(false);
    struct impasto_train_task other = task;
    other.base = task.base = base_of(0);
    other.keep = true;
    refuse(&other, &params, IMPASTO_ERROR_INPUT,
           "rank 1: has another choice whether the base's own styles are kept than rank 0");
    other.keep = false;
    other.base = base_of(1);
    refuse(&other, &params, IMPASTO_ERROR_INPUT, "rank 1: has another base than rank 0");
    task.base = NULL;
}

static enum impasto_status paint(struct impasto_error *error)
{
    const struct impasto_style style = {
        .struct_size = sizeof(style), .image = styles[1], .weight = 1};
    const struct impasto_pictures pictures = {
        .struct_size = sizeof(pictures), .content = styles[0], .styles = &style, .style_count = 1};
    struct impasto_params params;
    struct impasto_job *job = NULL;
    enum impasto_status status = impasto_params_preset(weights, NULL, &params, error);
    if (status == IMPASTO_OK)
        status = impasto_job_open(devices[0], weights, &pictures, &params, &job, error);
    impasto_job_close(&job);
    return status;
}

/* A rank that paints and one that trains have nothing to do with one another. */
static void refusals_of_other_work(void **state)
{
    (void)state;
    const struct impasto_train_params params = few_steps(false);
    for (int paints = 0; paints < 2; paints++) {
        struct team team;
        struct impasto_error error = {0};
        others_paint = !paints;
        begin(&team, 2, no_fault, NULL);
        const enum impasto_status status = paints ? paint(&error) : work(&params, &error);
        (void)team_end(&team, 0);
        assert_int_equal(status, IMPASTO_ERROR_USAGE);
        assert_int_equal(team.status[1], IMPASTO_ERROR_USAGE);
        assert_non_null(strstr(error.message, paints ? "rank 1: rank 0 paints, and this rank takes "
                                                       "part in trainings"
                                                     : "rank 1: rank 0 trains a network, and this "
                                                       "rank takes part in painting"));
    }
    others_paint = false;
}

static void one_at_a_time(void **state)
{
    (void)state;
    struct team team;
    struct impasto_error error = {0};
    struct impasto_train *train = NULL, *second = NULL;
    const struct impasto_train_params params = few_steps(false);
    begin(&team, 2, no_fault, NULL);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(impasto_train_plan(devices[0], weights, &task, &params, &train, &error),
                         IMPASTO_OK);
        assert_int_equal(impasto_train_open(devices[0], weights, &task, &params, &second, &error),
                         IMPASTO_ERROR_USAGE);
        assert_non_null(strstr(error.message, "one job or training at a time"));
        impasto_train_close(&train);
    }
    (void)team_end(&team, 0);
    assert_int_equal(team.status[1], IMPASTO_OK);
}

/* Goes on from the checkpoint, and no further. */
static void resume_by(int size, const struct impasto_train_params *params)
{
    struct team team;
    warning[0] = 0;
    if (size > 1)
        begin(&team, size, no_fault, NULL);
    struct impasto_train *train = resume(&task, params);
    impasto_train_close(&train);
    if (size > 1)
        (void)team_end(&team, 0);
}

/* Where bytes depend on the number of ranks, another one is told. */
static void another_number_is_told(void **state)
{
    (void)state;
    for (int reproducible = 0; reproducible < 2; reproducible++) {
        const struct impasto_train_params params = few_steps(reproducible);
        struct outcome two = train_by(2, &params, false);
        free(two.model);
        resume_by(2, &params);
        assert_string_equal(warning, "");
        resume_by(1, &params);
        if (reproducible)
            assert_string_equal(warning, "");
        else
            assert_non_null(strstr(warning, "run: was saved by a training of 2 ranks, and goes on "
                                            "with 1, which add up in another order"));
    }
}

static void note_warning(void *user, enum impasto_log_level level, const char *line)
{
    (void)user;
    if (level == IMPASTO_LOG_WARNING)
        snprintf(warning, sizeof(warning), "%s", line);
}

static int set_up_ranks(void **state)
{
    struct impasto_error error = {0};
    /* As in the test of painting ranks. */
    (void)setenv("POCL_MAX_PTHREAD_COUNT", "1", 1);
    if (set_up(state) != 0)
        return -1;
    impasto_device_close(&device); /* one that is heard takes its place */
    if (impasto_device_open(NULL, note_warning, NULL, &device, &error) != IMPASTO_OK)
        return -1;
    devices[0] = device;
    task = task_of(2);
    for (int rank = 1; rank < MOST; rank++)
        if (impasto_device_open(NULL, NULL, NULL, &devices[rank], &error) != IMPASTO_OK)
            return -1;
    return 0;
}

static int tear_down_ranks(void **state)
{
    for (int rank = 1; rank < MOST; rank++)
        impasto_device_close(&devices[rank]);
    return tear_down(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_number_has_the_same_bytes),
        cmocka_unit_test(any_number_has_the_same_bytes),
        cmocka_unit_test(another_number_is_told),
        cmocka_unit_test(refusals),
        cmocka_unit_test(refusals_of_a_base),
        cmocka_unit_test(refusals_of_other_work),
        cmocka_unit_test(one_at_a_time),
        cmocka_unit_test(every_call_fails),
    };
    return cmocka_run_group_tests(tests, set_up_ranks, tear_down_ranks);
}
