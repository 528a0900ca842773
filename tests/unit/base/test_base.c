/* SPDX-License-Identifier: MIT */
/* The ground floor: error lines, log lines, random numbers, the host. */

#include "base/base.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

/* ---- status.c and log.c ---------------------------------------------------------------------- */

static void test_fail_formats(void **state)
{
    (void)state;
    struct impasto_error error = {0};
    assert_int_equal(imp_fail(&error, IMPASTO_ERROR_INPUT, "%s: %d is bad", "a.png", 7),
                     IMPASTO_ERROR_INPUT);
    assert_int_equal(error.status, IMPASTO_ERROR_INPUT);
    assert_string_equal(error.message, "a.png: 7 is bad");
    assert_int_equal(imp_fail(NULL, IMPASTO_ERROR_USAGE, "nobody listens"), IMPASTO_ERROR_USAGE);
    /* The old message may be part of the new one. */
    imp_fail(&error, IMPASTO_ERROR_DEVICE, "outer: %s", error.message);
    assert_string_equal(error.message, "outer: a.png: 7 is bad");
    imp_fail_memory(&error, "activations", 3u << 20);
    assert_int_equal(error.status, IMPASTO_ERROR_MEMORY);
    assert_string_equal(error.message, "out of memory for activations (3.0 MiB); end other "
                                       "programs, or let the pictures be smaller");
    /* A size that would read as nothing is left out. */
    imp_fail_memory(&error, "a file name", 20);
    assert_string_equal(error.message, "out of memory for a file name; end other programs, or let "
                                       "the pictures be smaller");
    assert_int_equal(imp_fail_file(&error, IMPASTO_ERROR_OUTPUT, "a.png", "writing failed", ENOSPC),
                     IMPASTO_ERROR_OUTPUT);
    assert_string_equal(error.message, "a.png: writing failed: No space left on device; make room "
                                       "on the disk, or name one on another");
}

static void test_each_file_error_has_an_advice(void **state)
{
    (void)state;
    for (int problem = -1; problem < 200; problem++)
        assert_true(strlen(impasto_file_advice(problem)) > 10);
    assert_string_equal(impasto_file_advice(ENOENT), "see whether the name is right");
}

/* A struct as of today, and as it was. */
struct sized {
    size_t struct_size;
    int old, new;
};

static void test_sized_structs(void **state)
{
    (void)state;
    struct impasto_error error = {0};
    struct sized theirs = {.struct_size = sizeof(theirs), .old = 1, .new = 2};
    struct sized ours = {.new = 5};
    assert_int_equal(imp_sized_take("sized", &theirs, &ours, sizeof(ours), &error), IMPASTO_OK);
    assert_int_equal(ours.new, 2);
    theirs.struct_size = offsetof(struct sized, new);
    ours = (struct sized){.new = 5};
    assert_int_equal(imp_sized_take("sized", &theirs, &ours, sizeof(ours), &error), IMPASTO_OK);
    assert_int_equal(ours.old, 1);
    assert_int_equal(ours.new, 5);
    assert_int_equal(ours.struct_size, sizeof(ours));
    theirs.struct_size = 0;
    assert_int_equal(imp_sized_take("sized", &theirs, &ours, sizeof(ours), &error),
                     IMPASTO_ERROR_USAGE);
    assert_string_equal(error.message,
                        "struct sized has a struct_size of 0; set it to sizeof(struct sized)");
    theirs.struct_size = sizeof(theirs) + 8;
    assert_int_equal(imp_sized_take("sized", &theirs, &ours, sizeof(ours), &error),
                     IMPASTO_ERROR_USAGE);
    assert_non_null(strstr(error.message, "this library knows"));
}

static void test_fail_cuts(void **state)
{
    (void)state;
    struct impasto_error error;
    const size_t room = sizeof(error.message) - 1;
    char longer[2 * sizeof(error.message)];
    memset(longer, 'x', sizeof(longer));
    longer[room] = '\0';
    imp_fail(&error, IMPASTO_ERROR_INPUT, "%s", longer);
    assert_string_equal(error.message, longer); /* exactly fits */
    longer[room] = 'x';
    longer[room + 1] = '\0';
    imp_fail(&error, IMPASTO_ERROR_INPUT, "%s", longer);
    assert_int_equal(strlen(error.message), room);
    assert_string_equal(error.message + room - 5, "xx...");
    /* A character of three bytes is not split, wherever the cut falls. */
    for (size_t shift = 0; shift < 3; shift++) {
        memset(longer, 'x', shift);
        for (size_t i = shift; i + 3 < sizeof(longer); i += 3)
            memcpy(longer + i, "\xe2\x82\xac", 4);
        imp_fail(&error, IMPASTO_ERROR_INPUT, "%s", longer);
        const size_t length = strlen(error.message);
        assert_in_range(length, room - 3, room);
        assert_string_equal(error.message + length - 6, "\xe2\x82\xac...");
        assert_null(strchr(error.message, '?'));
    }
}

static void test_clean_line(void **state)
{
    static const struct {
        const char *raw, *clean;
    } cases[] = {
        {"plain", "plain"},
        {"two\nlines\tand a tab", "two lines and a tab"},
        {"\x1b[31mred\x7f", "?[31mred?"},
        {"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x8e\xa8", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x8e\xa8"},
        {"latin caf\xe9", "latin caf?"},
        {"\xc2\x9b"
         "31m",
         "??31m"},                         /* a C1 control */
        {"\xc0\xaf\xe0\x80\x80", "?????"}, /* overlong */
        {"\xed\xa0\x80", "???"},           /* a surrogate */
        {"\xf4\x90\x80\x80", "????"},      /* beyond Unicode */
        {"cut \xe2\x82", "cut ??"},
        {"", ""},
    };
    (void)state;
    for (size_t i = 0; i < IMP_COUNT(cases); i++) {
        char text[64];
        snprintf(text, sizeof(text), "%s", cases[i].raw);
        imp_clean_line(text);
        assert_string_equal(text, cases[i].clean);
    }
}

static void test_status_texts(void **state)
{
    (void)state;
    for (int i = 0; i >= IMPASTO_ERROR_INTERRUPTED; i--)
        for (int j = 0; j > i; j--)
            assert_string_not_equal(impasto_status_text((enum impasto_status)i),
                                    impasto_status_text((enum impasto_status)j));
    assert_string_equal(impasto_status_text((enum impasto_status) - 1000), "unknown");
    assert_string_equal(impasto_version(), IMP_VERSION);
}

static void keep_line(void *user, enum impasto_log_level level, const char *line)
{
    assert_int_equal(level, IMPASTO_LOG_INFO);
    snprintf(user, 4096, "%s", line);
}

static void test_log(void **state)
{
    (void)state;
    char line[4096] = "";
    const struct imp_log log = {keep_line, line};
    imp_log(NULL, IMPASTO_LOG_INFO, "nobody");
    imp_log(&(struct imp_log){0}, IMPASTO_LOG_INFO, "nobody");
    imp_log(&log, IMPASTO_LOG_INFO, "%d\n%s", 5, "words");
    assert_string_equal(line, "5 words");
    imp_log(&log, IMPASTO_LOG_INFO, "%4000d", 1);
    assert_int_equal(strlen(line), 2047);
}

/* ---- rng.c ----------------------------------------------------------------------------------- */

/* Philox written down a second time, as the paper has it: a function of counter and key. */
static void reference_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c[4], k[2] = {key[0], key[1]};
    memcpy(c, counter, sizeof(c));
    for (int round = 0; round < 10; round++) {
        const uint64_t p = c[0] * UINT64_C(0xD2511F53), q = c[2] * UINT64_C(0xCD9E8D57);
        const uint32_t next[4] = {(uint32_t)(q >> 32) ^ c[1] ^ k[0], (uint32_t)q,
                                  (uint32_t)(p >> 32) ^ c[3] ^ k[1], (uint32_t)p};
        memcpy(c, next, sizeof(c));
        k[0] += 0x9E3779B9u;
        k[1] += 0xBB67AE85u;
    }
    memcpy(out, c, sizeof(c));
}

static void test_philox_known_answers(void **state)
{
    /* The known answers published with the generator. */
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } cases[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    (void)state;
    for (size_t i = 0; i < IMP_COUNT(cases); i++) {
        uint32_t out[4];
        reference_philox(cases[i].counter, cases[i].key, out);
        assert_memory_equal(out, cases[i].out, sizeof(out));
    }
    for (uint64_t i = 0; i < 4; i++)
        assert_int_equal(imp_rng_bits(0, 0, i), cases[0].out[i]);
    /* Every part of seed, stream and index reaches its word. */
    static const uint64_t seeds[] = {0, 1, 0x299f31d0a4093822u, UINT64_MAX};
    static const uint32_t streams[] = {0, 7, 0x13198a2e, UINT32_MAX};
    static const uint64_t indices[] = {0, 5, 0x3ffffffffu, 0x160a8d3243f6a88fu, UINT64_MAX};
    for (size_t s = 0; s < IMP_COUNT(seeds); s++)
        for (size_t t = 0; t < IMP_COUNT(streams); t++)
            for (size_t n = 0; n < IMP_COUNT(indices); n++) {
                const uint64_t block = indices[n] / 4;
                const uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), streams[t],
                                             0};
                const uint32_t key[2] = {(uint32_t)seeds[s], (uint32_t)(seeds[s] >> 32)};
                uint32_t out[4];
                reference_philox(counter, key, out);
                assert_int_equal(imp_rng_bits(seeds[s], streams[t], indices[n]),
                                 out[indices[n] % 4]);
            }
}

static void test_uniform(void **state)
{
    (void)state;
    enum { count = 1 << 18, bins = 64 };
    int histogram[bins] = {0};
    double sum = 0, neighbours = 0, previous = 0;
    for (uint64_t i = 0; i < count; i++) {
        const float value = imp_rng_uniform(42, 3, i);
        assert_true(value >= 0.0f && value < 1.0f);
        histogram[(int)(value * bins)]++;
        sum += value;
        neighbours += (value - 0.5) * (previous - 0.5);
        previous = value;
    }
    double chi = 0;
    for (int i = 0; i < bins; i++)
        chi += pow(histogram[i] - (double)count / bins, 2) / ((double)count / bins);
    /* Five standard deviations of each statistic. */
    assert_true(fabs(sum / count - 0.5) < 5 * sqrt(1.0 / 12 / count));
    assert_true(fabs(neighbours / count) < 5.0 / 12 / sqrt(count));
    assert_true(chi > bins - 1 - 5 * sqrt(2.0 * (bins - 1)));
    assert_true(chi < bins - 1 + 5 * sqrt(2.0 * (bins - 1)));
}

static void test_normal(void **state)
{
    (void)state;
    enum { count = 1 << 18 };
    static float all[count], part[64];
    double sum[5] = {0}, neighbours = 0;
    imp_rng_normal(9, 1, 0, count, all);
    for (int i = 0; i < count; i++) {
        assert_true(isfinite(all[i]));
        double power = 1;
        for (int p = 1; p < 5; p++)
            sum[p] += power *= all[i];
        neighbours += i > 0 ? (double)all[i] * all[i - 1] : 0;
    }
    /* Moments 0, 1, 0, 3 within five standard deviations (variances 1, 2, 15, 96). */
    assert_true(fabs(sum[1] / count) < 5 * sqrt(1.0 / count));
    assert_true(fabs(sum[2] / count - 1) < 5 * sqrt(2.0 / count));
    assert_true(fabs(sum[3] / count) < 5 * sqrt(15.0 / count));
    assert_true(fabs(sum[4] / count - 3) < 5 * sqrt(96.0 / count));
    assert_true(fabs(neighbours / count) < 5 * sqrt(1.0 / count));
    /* Any piece is the same as when drawn with the rest, and as far out as indices go. */
    for (uint64_t first = 0; first < 9; first++)
        for (size_t length = 0; length < 9; length++) {
            part[length] = 77.0f;
            imp_rng_normal(9, 1, first, length, part);
            assert_memory_equal(part, all + first, length * sizeof(*part));
            assert_true(part[length] == 77.0f);
        }
    imp_rng_normal(9, 1, UINT64_MAX - 3, 4, part);
    imp_rng_normal(9, 1, UINT64_MAX - 1, 2, part + 4);
    assert_memory_equal(part + 2, part + 4, 2 * sizeof(*part));
    imp_rng_normal(9, 2, 0, 4, part);
    assert_memory_not_equal(part, all, 4 * sizeof(*part));
}

/* ---- host.c ---------------------------------------------------------------------------------- */

/* In a child with an address space of 1 GiB. */
static int memory_under_limit(void)
{
    const struct rlimit limit = {1u << 30, 1u << 30};
    if (setrlimit(RLIMIT_AS, &limit) != 0)
        return 1;
    const uint64_t before = imp_host_memory();
    if (before == 0 || before >= 1u << 30)
        return 2;
    volatile char *block = malloc(256u << 20);
    if (block == NULL)
        return 3;
    block[0] = 1;
    const uint64_t after = imp_host_memory();
    free((void *)block);
    /* The block is hardly touched, yet takes address space. */
    return after <= before - (250u << 20) ? 0 : 4;
}

static void test_host_memory(void **state)
{
    (void)state;
    int status = -1;
    assert_true(imp_host_memory() > 0);
#if !defined(__SANITIZE_ADDRESS__) /* which takes terabytes of address space */
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(memory_under_limit());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
#else
    (void)status;
    (void)memory_under_limit;
#endif
}

static void test_host_seconds(void **state)
{
    (void)state;
    const struct timespec pause = {0, 20000000};
    const double begin = imp_host_seconds();
    nanosleep(&pause, NULL);
    const double passed = imp_host_seconds() - begin;
    assert_true(passed >= 0.02 && passed < 10);
}

static void expect_cache_dir(const char *cache, const char *home, const char *expected)
{
    if (cache != NULL)
        setenv("XDG_CACHE_HOME", cache, 1);
    else
        unsetenv("XDG_CACHE_HOME");
    if (home != NULL)
        setenv("HOME", home, 1);
    else
        unsetenv("HOME");
    char *folder_found = imp_host_cache_dir();
    if (expected == NULL)
        assert_null(folder_found);
    else
        assert_string_equal(folder_found, expected);
    free(folder_found);
}

static void test_host_cache_dir(void **state)
{
    (void)state;
    expect_cache_dir("/c", "/h", "/c/impasto");
    expect_cache_dir(NULL, "/h", "/h/.cache/impasto");
    expect_cache_dir("", "/h", "/h/.cache/impasto");
    expect_cache_dir("relative", "/h", "/h/.cache/impasto");
    expect_cache_dir(NULL, "relative", NULL);
    expect_cache_dir(NULL, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fail_formats),
        cmocka_unit_test(test_each_file_error_has_an_advice),
        cmocka_unit_test(test_sized_structs),
        cmocka_unit_test(test_fail_cuts),
        cmocka_unit_test(test_clean_line),
        cmocka_unit_test(test_status_texts),
        cmocka_unit_test(test_log),
        cmocka_unit_test(test_philox_known_answers),
        cmocka_unit_test(test_uniform),
        cmocka_unit_test(test_normal),
        cmocka_unit_test(test_host_memory),
        cmocka_unit_test(test_host_seconds),
        cmocka_unit_test(test_host_cache_dir),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
