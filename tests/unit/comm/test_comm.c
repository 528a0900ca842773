/* SPDX-License-Identifier: MIT */
/*
 * Ranks that are threads: what they do together, and that nobody waits for ever when one of them
 * fails, goes, or calls something else. Build it with -Db_sanitize=thread as well. tests/mpi has
 * the same for processes.
 */

#include "base/os.h"
#include "comm_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MOST 5

/* A rank's thread. */
struct rank {
    struct imp_comm *comm;
    bool (*work)(struct rank *rank);
    int number; /* what the test is about, for `work` */
    bool good;
    char text[CASE_TEXT];
};

static void run(void *user)
{
    struct rank *rank = user;
    rank->good = rank->work(rank);
    imp_comm_close(rank->comm);
}

static void run_team(int size, struct rank ranks[MOST], bool (*work)(struct rank *rank), int number)
{
    struct imp_comm *ends[MOST];
    struct imp_os_thread *threads[MOST];
    struct impasto_error error;
    assert_int_equal(imp_comm_local_open(size, ends, &error), IMPASTO_OK);
    for (int i = 0; i < size; i++)
        ranks[i] = (struct rank){.comm = ends[i], .work = work, .number = number};
    for (int i = 1; i < size; i++)
        assert_int_equal(imp_os_start_thread(&threads[i], run, &ranks[i]), 0);
    run(&ranks[0]);
    for (int i = 1; i < size; i++)
        imp_os_join_thread(&threads[i]);
}

static bool all_cases(struct rank *rank)
{
    return comm_cases(rank->comm, rank->text);
}

static void test_together(void **state)
{
    struct rank ranks[MOST];
    (void)state;
    for (int size = 1; size <= MOST; size++) {
        run_team(size, ranks, all_cases, 0);
        for (int i = 0; i < size; i++)
            if (!ranks[i].good)
                fail_msg("%s", ranks[i].text);
    }
}

static void test_sizes(void **state)
{
    struct imp_comm *ends[1];
    struct impasto_error error;
    (void)state;
    assert_int_equal(imp_comm_local_open(0, ends, &error), IMPASTO_ERROR_USAGE);
    assert_string_equal(error.message, "a team of 0 ranks; take one or more");
    imp_comm_close(NULL);
}

/* ---- One fails ------------------------------------------------------------------------------- */

static bool with_fault(struct rank *rank)
{
    const bool faulty = imp_comm_rank(rank->comm) == imp_comm_size(rank->comm) - 1;
    comm_fail_call(rank->comm, faulty ? rank->number : 0);
    const bool good = comm_cases(rank->comm, rank->text);
    rank->number = comm_calls(rank->comm);
    return good;
}

/* Every call of the last rank. */
static void test_any_call_fails(void **state)
{
    struct rank ranks[MOST];
    char expected[CASE_TEXT];
    (void)state;
    for (int size = 1; size <= 3; size++) {
        run_team(size, ranks, with_fault, 0);
        const int calls = ranks[size - 1].number;
        assert_true(ranks[size - 1].good && calls > 80);
        snprintf(expected, sizeof(expected), "rank %d: %s", size - 1, COMM_FAULT);
        for (int nth = 1; nth <= calls; nth++) {
            run_team(size, ranks, with_fault, nth);
            assert_false(ranks[size - 1].good);
            assert_string_equal(ranks[size - 1].text, COMM_FAULT);
            for (int i = 0; i + 1 < size; i++) {
                assert_false(ranks[i].good);
                assert_string_equal(ranks[i].text, expected);
            }
        }
    }
}

/* ---- One is missing -------------------------------------------------------------------------- */

/* Each way to wait, by number; every one needs rank 1. */
static enum impasto_status wait_in(struct imp_comm *comm, int way)
{
    static const struct imp_row_range have[MOST] = {{0, 0}, {0, 1}},
                                      want[MOST] = {{0, 1}, {0, 0}, {0, 1}};
    static const size_t one[MOST] = {1, 1, 1, 1, 1};
    char here[2] = "", there[2] = "";
    double own = 0, all[MOST];
    int64_t sum = 0;
    bool arrived;
    struct impasto_error error = {0};
    const struct imp_rows_move move = {
        .have = have, .want = want, .row_bytes = 1, .planes = 1, .from = here, .to = there};
    const struct imp_edges edges = {
        {here, here}, {1, 1}, {there, there + 1}, {1, 1}}; /* of ranks 0 to 2 */
    switch (way) {
    case 0:
        IMP_TRY(imp_comm_edges_begin(comm, &edges));
        return imp_comm_edges_end(comm);
    case 1:
        IMP_TRY(imp_comm_sum_begin(comm, &sum, 1));
        return imp_comm_sum_end(comm);
    case 2:
        return imp_comm_gather(comm, &own, all, one);
    case 3:
        return imp_comm_broadcast(comm, here, 1, 1);
    case 4:
        return imp_comm_rows(comm, &move);
    case 5:
        IMP_TRY(imp_comm_receive(comm, imp_comm_rank(comm) == 1 ? 0 : 1, there, 1));
        return imp_comm_received(comm, imp_comm_rank(comm) == 1 ? 0 : 1, true, &arrived);
    case 6:
        return imp_comm_agree(comm, IMPASTO_OK, &error);
    default: /* not behind its like, which would be its other half */
        IMP_TRY(imp_comm_send(comm, imp_comm_rank(comm) == 1 ? 0 : 1, here, 1));
        return imp_comm_sent(comm, imp_comm_rank(comm) == 1 ? 0 : 1, true, &arrived);
    }
}
#define WAYS 8

static bool meanwhile_fail(struct rank *rank)
{
    if (imp_comm_rank(rank->comm) != 1)
        return wait_in(rank->comm, rank->number) != IMPASTO_OK;
    imp_comm_fail(rank->comm, IMPASTO_ERROR_MEMORY, "no room");
    imp_comm_fail(rank->comm, IMPASTO_ERROR_INPUT, "the second failure says nothing");
    return wait_in(rank->comm, rank->number) == IMPASTO_ERROR_MEMORY;
}

static bool meanwhile_leave(struct rank *rank)
{
    return imp_comm_rank(rank->comm) == 1 || wait_in(rank->comm, rank->number) != IMPASTO_OK;
}

/* The text is looked at before the end is closed. */
static bool told_so(struct rank *rank, bool good, enum impasto_status status, const char *text)
{
    const struct impasto_error *error = imp_comm_error(rank->comm);
    return good && (imp_comm_rank(rank->comm) == 1 ||
                    (error->status == status && strcmp(error->message, text) == 0));
}

static bool fail_in(struct rank *rank)
{
    return told_so(rank, meanwhile_fail(rank), IMPASTO_ERROR_MEMORY, "rank 1: no room");
}

static bool leave_in(struct rank *rank)
{
    return told_so(rank, meanwhile_leave(rank), IMPASTO_ERROR_DEVICE,
                   "rank 1 has left while others still work with it");
}

static void test_nobody_waits(void **state)
{
    struct rank ranks[MOST];
    (void)state;
    for (int size = 2; size <= 3; size++)
        for (int way = 0; way < WAYS; way++) {
            run_team(size, ranks, fail_in, way);
            for (int i = 0; i < size; i++)
                assert_true(ranks[i].good);
            run_team(size, ranks, leave_in, way);
            for (int i = 0; i < size; i++)
                assert_true(ranks[i].good);
        }
}

/* Rank 1 goes the next way: all must fail, whatever the two ways are. */
static bool different(struct rank *rank)
{
    const int way = rank->number + (imp_comm_rank(rank->comm) == 1);
    return wait_in(rank->comm, way % WAYS) != IMPASTO_OK &&
           imp_comm_error(rank->comm)->status == IMPASTO_ERROR_INTERNAL;
}

static void test_different_calls(void **state)
{
    struct rank ranks[MOST];
    (void)state;
    for (int way = 0; way < WAYS - 1; way++) {
        if (way == 2) /* a number gathered and a byte sent are the same to a team of threads */
            continue;
        run_team(2, ranks, different, way);
        assert_true(ranks[0].good && ranks[1].good);
    }
}

/* ---- Sizes that differ ----------------------------------------------------------------------- */

static bool unlike(struct rank *rank)
{
    struct imp_comm *comm = rank->comm;
    const size_t size = 1 + (size_t)imp_comm_rank(comm);
    const size_t counts[2] = {size, size};
    const struct imp_edges edges = {{"ab", "ab"}, {2, 2}, {rank->text, rank->text}, {size, size}};
    int64_t sums[2] = {0};
    double numbers[2] = {0}, all[4];
    bool arrived;
    switch (rank->number) {
    case 0:
        return imp_comm_edges_begin(comm, &edges) != IMPASTO_OK ||
               imp_comm_edges_end(comm) != IMPASTO_OK;
    case 1:
        return imp_comm_sum_begin(comm, sums, size) != IMPASTO_OK ||
               imp_comm_sum_end(comm) != IMPASTO_OK;
    case 2:
        return imp_comm_gather(comm, numbers, all, counts) != IMPASTO_OK;
    case 3: /* as many to the other one as from it */
        return imp_comm_send(comm, 2 - (int)size, numbers, size) != IMPASTO_OK ||
               imp_comm_receive(comm, 2 - (int)size, all, size) != IMPASTO_OK ||
               imp_comm_received(comm, 2 - (int)size, true, &arrived) != IMPASTO_OK ||
               imp_comm_sent(comm, 2 - (int)size, true, &arrived) != IMPASTO_OK ||
               imp_comm_broadcast(comm, sums, 1, 0) != IMPASTO_OK;
    default:
        return imp_comm_broadcast(comm, sums, size, 0) != IMPASTO_OK;
    }
}

static void test_unlike_sizes(void **state)
{
    struct rank ranks[MOST];
    (void)state;
    for (int way = 0; way < 5; way++) {
        run_team(2, ranks, unlike, way);
        assert_true(ranks[0].good && ranks[1].good);
    }
}

/* ---- Misuse ---------------------------------------------------------------------------------- */

static bool misuse(struct rank *rank)
{
    static const struct imp_row_range have[] = {{0, 2}, {2, 4}}, want[] = {{0, 5}, {0, 0}};
    const struct imp_edges none = {0};
    const struct imp_rows_move move = {.have = have, .want = want, .row_bytes = 1, .planes = 1};
    switch (rank->number) {
    case 0:
        return imp_comm_edges_end(rank->comm) == IMPASTO_ERROR_INTERNAL;
    case 1:
        return imp_comm_edges_begin(rank->comm, &none) != IMPASTO_OK ||
               imp_comm_edges_begin(rank->comm, &none) != IMPASTO_OK;
    case 2:
        return imp_comm_broadcast(rank->comm, NULL, 0, 2) == IMPASTO_ERROR_INTERNAL;
    case 3:
        return imp_comm_rows(rank->comm, &move) == IMPASTO_ERROR_INTERNAL;
    case 4: /* a letter to itself, or to nobody */
        return imp_comm_send(rank->comm, 3 * imp_comm_rank(rank->comm), rank->text, 1) !=
               IMPASTO_OK;
    case 5: /* two at a time, while the other one leaves with one */
        if (imp_comm_send(rank->comm, 1 - imp_comm_rank(rank->comm), rank->text, 1) != IMPASTO_OK)
            return true;
        return imp_comm_rank(rank->comm) == 1 ||
               imp_comm_send(rank->comm, 1, rank->text, 1) != IMPASTO_OK;
    default: /* one closes in the middle, and the other one waits */
        if (imp_comm_rank(rank->comm) == 1)
            return imp_comm_edges_begin(rank->comm, &none) == IMPASTO_OK;
        return wait_in(rank->comm, 2) == IMPASTO_ERROR_INTERNAL;
    }
}

static void test_misuse(void **state)
{
    struct rank ranks[MOST];
    (void)state;
    for (int way = 0; way < 7; way++) {
        run_team(2, ranks, misuse, way);
        assert_true(ranks[0].good && ranks[1].good);
    }
}

/* ---- Launchers ------------------------------------------------------------------------------- */

/* The tests themselves may run in a launcher's process. */
static int forget_launchers(void **state)
{
    static const char *const names[] = {"OMPI_COMM_WORLD_SIZE",
                                        "OMPI_COMM_WORLD_RANK",
                                        "PMI_SIZE",
                                        "PMI_RANK",
                                        "PMIX_RANK",
                                        "SLURM_STEP_NUM_TASKS",
                                        "SLURM_STEP_ID",
                                        "SLURM_PROCID",
                                        "SLURM_NTASKS",
                                        "IMPASTO_MPI"};
    (void)state;
    for (size_t i = 0; i < IMP_COUNT(names); i++)
        (void)unsetenv(names[i]);
    return 0;
}

static void test_a_launcher_can_be_denied(void **state)
{
    (void)state;
    (void)setenv("OMPI_COMM_WORLD_SIZE", "3", 1);
    (void)setenv("OMPI_COMM_WORLD_RANK", "0", 1);
    assert_int_equal(imp_comm_launched(), 3);
    (void)setenv("IMPASTO_MPI", "off", 1);
    assert_int_equal(imp_comm_launched(), 1);
    (void)unsetenv("IMPASTO_MPI");
    (void)unsetenv("OMPI_COMM_WORLD_RANK");
    assert_int_equal(imp_comm_launched(), 1);
    (void)unsetenv("OMPI_COMM_WORLD_SIZE");
}

/* Names that Slurm leaves, and how many processes that makes, none of which knows another. */
static void test_tasks_of_a_step(void **state)
{
    static const struct {
        const char *names[4]; /* each is 4 */
        int apart, launched;
    } cases[] = {
        {{"SLURM_STEP_NUM_TASKS", "SLURM_STEP_ID", "SLURM_PROCID"}, 4, 1},
        /* A batch script, which is no step. */
        {{"SLURM_NTASKS", "SLURM_PROCID"}, 1, 1},
        {{"SLURM_NTASKS", "SLURM_STEP_ID", "SLURM_PROCID"}, 1, 1},
        /* Those that can find one another, by Slurm or by a launcher in the step. */
        {{"SLURM_STEP_NUM_TASKS", "SLURM_STEP_ID", "SLURM_PROCID", "PMIX_RANK"}, 1, 4},
        {{"SLURM_STEP_NUM_TASKS", "SLURM_STEP_ID", "SLURM_PROCID", "PMI_RANK"}, 1, 1},
        {{"SLURM_STEP_NUM_TASKS", "SLURM_STEP_ID", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK"}, 1, 1},
    };
    (void)state;
    for (size_t i = 0; i < IMP_COUNT(cases); i++) {
        for (int k = 0; k < 4 && cases[i].names[k]; k++)
            (void)setenv(cases[i].names[k], "4", 1);
        if (imp_comm_apart() != cases[i].apart || imp_comm_launched() != cases[i].launched)
            fail_msg("case %zu: %d apart, %d launched", i, imp_comm_apart(), imp_comm_launched());
        (void)setenv("IMPASTO_MPI", "off", 1);
        assert_int_equal(imp_comm_apart(), 1);
        (void)unsetenv("IMPASTO_MPI");
        for (int k = 0; k < 4 && cases[i].names[k]; k++)
            (void)unsetenv(cases[i].names[k]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_together),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_any_call_fails),
        cmocka_unit_test(test_nobody_waits),
        cmocka_unit_test(test_different_calls),
        cmocka_unit_test(test_unlike_sizes),
        cmocka_unit_test(test_misuse),
        cmocka_unit_test_setup(test_a_launcher_can_be_denied, forget_launchers),
        cmocka_unit_test_setup(test_tasks_of_a_step, forget_launchers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
