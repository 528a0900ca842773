/* SPDX-License-Identifier: MIT */
/*
 * The self-test's checks as a test program: check_ops [brief|tiny|user|full [FILTER]]
 *
 * Or how fast the operations are: check_ops --bench [FILTER [SIZE]], where a case's name contains
 * FILTER, for a square picture of SIZE pixels a side (512).
 *
 * IMPASTO_TEST_DEVICE names the device (auto); IMPASTO_TEST_VECTOR and IMPASTO_TEST_WORK_GROUP
 * force a vector width and a largest work-group. Prints failures and a summary. Exit code 77: no
 * device.
 */

#include "bench_ops.h"
#include "open_device.h"
#include "ops/gemm.h"
#include "selftest/selftest.h"

#include <stdlib.h>
#include <string.h>

/* Of a picture that is timed: the deepest layers halve it four times. */
#define SIDE_LEAST 32

struct counts {
    int checks, failed;
    bool all;
};

static void report(void *user, const struct impasto_check *check)
{
    struct counts *counts = user;
    counts->checks++;
    counts->failed += !check->passed;
    if (!check->passed || counts->all)
        printf("%s %s: error %.2e, bound %.0e\n", check->passed ? "ok    " : "FAILED", check->name,
               check->error, check->bound);
    fflush(stdout);
}

static long number_from(const char *variable)
{
    const char *text = getenv(variable);
    return text ? strtol(text, NULL, 10) : 0;
}

static enum imp_selftest_level level_of(const char *word)
{
    return strcmp(word, "brief") == 0  ? IMP_SELFTEST_BRIEF
           : strcmp(word, "tiny") == 0 ? IMP_SELFTEST_TINY
           : strcmp(word, "user") == 0 ? IMP_SELFTEST_USER
                                       : IMP_SELFTEST_FULL;
}

static void print_log(void *user, enum impasto_log_level level, const char *line)
{
    (void)user;
    if (level == IMPASTO_LOG_WARNING || getenv("IMPASTO_TEST_VERBOSE"))
        fprintf(stderr, "%s\n", line);
}

/* Returns what the program exits with. */
static int run_checks(struct imp_device *device, const char *level, const char *filter)
{
    struct counts counts = {.all = getenv("IMPASTO_TEST_VERBOSE") != NULL};
    const int failed = imp_selftest_run(device, level_of(level), filter, report, &counts);
    if (failed < 0)
        printf("FAILED: the device gave up: %s\n", imp_device_error(device)->message);
    printf("%d checks, %d failed\n", counts.checks, counts.failed);
    return failed != 0 || counts.checks == 0;
}

int main(int argc, char **argv)
{
    struct imp_device *device = NULL;
    const struct imp_device_options options = {
        .log = {.write = print_log},
        .vector_width = (int)number_from("IMPASTO_TEST_VECTOR"),
        .max_work_group = (size_t)number_from("IMPASTO_TEST_WORK_GROUP"),
    };
    const int code = open_test_device(&options, &device);
    if (code != 0)
        return code;
    const struct imp_caps *caps = imp_device_caps(device);
    printf("%s, %s: vectors of %d, work-groups up to %zu\n", caps->info.platform, caps->info.name,
           caps->vector_width, caps->max_work_group);
    const char *what = argc > 1 ? argv[1] : "full", *filter = argc > 2 ? argv[2] : NULL;
    const int size = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 512;
    const int result = strcmp(what, "--bench") == 0
                           ? bench_ops(device, filter, size < SIDE_LEAST ? SIDE_LEAST : size)
                           : run_checks(device, what, filter);
    imp_gemm_clblast_release();
    imp_device_close(&device);
    return result;
}
