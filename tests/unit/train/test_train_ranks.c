/* SPDX-License-Identifier: MIT */
/*
 * Ranks that train one network, as processes do, here in threads: the same number of them ends in
 * the same bytes, or any number does, where that is asked for; and whichever call of the lines
 * fails on whichever rank, all of them end.
 */

#include "train_fixture.h"

#include "../comm/comm_cases.h"
#include "base/os.h"
#include "session/session.h"

#include <math.h>
#include <stdarg.h>

#define MOST 3

static struct impasto_device *devices[MOST]; /* the first is the fixture's */
static struct impasto_train_task task;       /* two styles */

/* ---- A team ---------------------------------------------------------------------------------- */

struct team {
    struct impasto_ranks ranks[MOST];
    struct imp_os_thread *thread[MOST];
    struct impasto_train_task task[MOST];
    enum impasto_status status[MOST];
    struct impasto_error error[MOST];
    int size;
};

struct place {
    struct team *team;
    int rank;
};

static void serve(void *user)
{
    const struct place *place = user;
    struct team *team = place->team;
    const int rank = place->rank;
    team->status[rank] =
        impasto_train_serve(devices[rank], weights, &team->task[rank], &team->error[rank]);
}

/* faulty, nth: whose call fails; nth 0: nobody's. other: the last rank's task; NULL: as all. */
static void begin(struct team *team, struct place places[MOST], int size, int faulty, int nth,
                  const struct impasto_train_task *other)
{
    struct imp_comm *ends[MOST];
    struct impasto_error error = {0};
    *team = (struct team){.size = size};
    assert_int_equal(imp_comm_local_open(size, ends, &error), IMPASTO_OK);
    for (int rank = 0; rank < size; rank++) {
        comm_fail_call(ends[rank], rank == faulty ? nth : 0);
        team->ranks[rank].comm = ends[rank];
        team->task[rank] = other && rank == size - 1 ? *other : task;
        devices[rank]->ranks = &team->ranks[rank];
        places[rank] = (struct place){team, rank};
        if (rank > 0)
            assert_int_equal(imp_os_start_thread(&team->thread[rank], serve, &places[rank]), 0);
    }
}

/* Returns the calls of the faulty rank. */
static int end(struct team *team, int faulty)
{
    imp_ranks_end(&team->ranks[0]);
    for (int rank = 1; rank < team->size; rank++)
        imp_os_join_thread(&team->thread[rank]);
    const int calls = comm_calls(team->ranks[faulty].comm);
    for (int rank = 0; rank < team->size; rank++) {
        imp_comm_close(team->ranks[rank].comm);
        devices[rank]->ranks = NULL;
        assert_false(team->ranks[rank].at_work);
    }
    return calls;
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
    struct place places[MOST];
    struct outcome outcome = {0};
    if (size > 1)
        begin(&team, places, size, -1, 0, NULL);
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
        (void)end(&team, 0);
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

/* false: there are not so many calls. */
static bool fails(int size, int faulty, int nth, const struct impasto_train_params *params)
{
    struct team team;
    struct place places[MOST];
    struct impasto_error error = {0};
    begin(&team, places, size, faulty, nth, NULL);
    const enum impasto_status status = work(params, &error);
    const int calls = end(&team, faulty);
    for (int rank = 0; rank < size; rank++)
        assert_int_equal(imp_device_allocated(devices[rank]->device), 0);
    if (calls < nth) {
        assert_int_equal(status, IMPASTO_OK);
        return false;
    }
    /* Nothing but the end of all may have been left to say when it failed. */
    if (status != IMPASTO_OK && !strstr(error.message, COMM_FAULT))
        fail_msg("call %d of rank %d: '%s'", nth, faulty, error.message);
    return true;
}

static void every_call_fails(void **state)
{
    (void)state;
    struct impasto_train_params params = few_steps(true);
    params.steps = 1;
    for (int faulty = 0; faulty < 2; faulty++) {
        int nth = 1;
        while (fails(2, faulty, nth, &params))
            nth++;
        print_message("2 ranks: each of %d calls of rank %d has failed\n", nth - 1, faulty);
        assert_true(nth > 30);
    }
}

/* Opens a training of two ranks, of which the second has another task, and is refused. */
static void refuse(const struct impasto_train_task *other,
                   const struct impasto_train_params *params, enum impasto_status expected,
                   const char *words)
{
    struct team team;
    struct place places[MOST];
    struct impasto_error error = {0};
    begin(&team, places, 2, -1, 0, other);
    const enum impasto_status status = work(params, &error);
    (void)end(&team, 0);
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

static void one_at_a_time(void **state)
{
    (void)state;
    struct team team;
    struct place places[MOST];
    struct impasto_error error = {0};
    struct impasto_train *train = NULL, *second = NULL;
    const struct impasto_train_params params = few_steps(false);
    begin(&team, places, 2, -1, 0, NULL);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(impasto_train_plan(devices[0], weights, &task, &params, &train, &error),
                         IMPASTO_OK);
        assert_int_equal(impasto_train_open(devices[0], weights, &task, &params, &second, &error),
                         IMPASTO_ERROR_USAGE);
        assert_non_null(strstr(error.message, "one job or training at a time"));
        impasto_train_close(&train);
    }
    (void)end(&team, 0);
    assert_int_equal(team.status[1], IMPASTO_OK);
}

static int set_up_ranks(void **state)
{
    struct impasto_error error = {0};
    /* As in the test of painting ranks. */
    (void)setenv("POCL_MAX_PTHREAD_COUNT", "1", 1);
    if (set_up(state) != 0)
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
        cmocka_unit_test(refusals),
        cmocka_unit_test(one_at_a_time),
        cmocka_unit_test(every_call_fails),
    };
    return cmocka_run_group_tests(tests, set_up_ranks, tear_down_ranks);
}
