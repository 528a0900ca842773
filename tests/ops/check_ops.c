/* SPDX-License-Identifier: MIT */
/*
 * The self-test's checks as a test program: check_ops [brief|tiny|user|full [FILTER]]
 *
 * IMPASTO_TEST_DEVICE names the device (auto); IMPASTO_TEST_VECTOR and IMPASTO_TEST_WORK_GROUP
 * force a vector width and a largest work-group. Prints failures and a summary. Exit code 77: no
 * device.
 */

#include "open_device.h"
#include "ops/gemm.h"
#include "selftest/selftest.h"

#include <stdlib.h>
#include <string.h>

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
    struct counts counts = {.all = getenv("IMPASTO_TEST_VERBOSE") != NULL};
    const int failed = imp_selftest_run(device, level_of(argc > 1 ? argv[1] : "full"),
                                        argc > 2 ? argv[2] : NULL, report, &counts);
    if (failed < 0)
        printf("FAILED: the device gave up: %s\n", imp_device_error(device)->message);
    printf("%d checks, %d failed\n", counts.checks, counts.failed);
    imp_gemm_clblast_release();
    imp_device_close(&device);
    return failed != 0 || counts.checks == 0;
}
