/* SPDX-License-Identifier: MIT */
/* The ground floor: error lines, log lines, random numbers, whole-or-nothing files, the host. */

#include "base/base.h"
#include "files.h"

#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
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
    assert_string_equal(error.message, "out of memory for activations (3.0 MiB)");
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

/* ---- file.c ---------------------------------------------------------------------------------- */

static void put(const char *path, const char *text)
{
    write_bytes(path, text, strlen(text));
}

static void expect_content(const char *path, const char *text)
{
    char read[256] = "";
    FILE *stream = fopen(path, "rb");
    assert_non_null(stream);
    (void)!fread(read, 1, sizeof(read) - 1, stream);
    fclose(stream);
    assert_string_equal(read, text);
}

static void expect_refusal(const char *path, const char *words)
{
    struct impasto_error error = {0};
    struct imp_file file;
    assert_int_equal(imp_file_check_target(path, &error), IMPASTO_ERROR_OUTPUT);
    assert_non_null(strstr(error.message, words));
    memset(&error, 0, sizeof(error));
    assert_int_equal(imp_file_create(&file, path, &error), IMPASTO_ERROR_OUTPUT);
    assert_int_equal(error.status, IMPASTO_ERROR_OUTPUT);
    assert_null(file.stream);
    imp_file_abandon(&file);
}

static void test_file_new(void **state)
{
    (void)state;
    struct imp_file file;
    struct stat info;
    const char *path = in_folder("new.png");
    assert_int_equal(imp_file_check_target(path, NULL), IMPASTO_OK);
    assert_int_equal(count_files(), 0);
    assert_int_equal(imp_file_create(&file, path, NULL), IMPASTO_OK);
    fputs("whole", file.stream);
    assert_int_equal(access(path, F_OK), -1); /* not before it is whole */
    assert_int_equal(imp_file_commit(&file, NULL), IMPASTO_OK);
    expect_content(path, "whole");
    assert_int_equal(count_files(), 1);
    const mode_t mask = umask(0);
    umask(mask);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0666 & ~mask);
    imp_file_abandon(&file); /* finished: does nothing */
    expect_content(path, "whole");
}

static void test_file_replaces(void **state)
{
    (void)state;
    struct imp_file file, second;
    struct stat info;
    const char *path = in_folder("old.png");
    put(path, "old");
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(imp_file_create(&file, path, NULL), IMPASTO_OK);
    assert_int_equal(imp_file_create(&second, path, NULL), IMPASTO_OK);
    fputs("first", file.stream);
    fputs("second", second.stream);
    expect_content(path, "old");
    assert_int_equal(imp_file_commit(&file, NULL), IMPASTO_OK);
    expect_content(path, "first");
    assert_int_equal(imp_file_commit(&second, NULL), IMPASTO_OK);
    expect_content(path, "second");
    assert_int_equal(count_files(), 1);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
}

static void test_file_abandoned(void **state)
{
    (void)state;
    struct imp_file file, zeroed = {0};
    const char *path = in_folder("old.png");
    put(path, "old");
    assert_int_equal(imp_file_create(&file, path, NULL), IMPASTO_OK);
    fputs("new", file.stream);
    imp_file_abandon(&file);
    imp_file_abandon(&file);
    imp_file_abandon(&zeroed);
    expect_content(path, "old");
    assert_int_equal(count_files(), 1);
}

static void test_file_link(void **state)
{
    (void)state;
    struct imp_file file;
    struct stat info;
    put(in_folder("real.png"), "old");
    assert_int_equal(symlink("real.png", in_folder("link.png")), 0);
    assert_int_equal(imp_file_create(&file, in_folder("link.png"), NULL), IMPASTO_OK);
    fputs("new", file.stream);
    assert_int_equal(imp_file_commit(&file, NULL), IMPASTO_OK);
    assert_int_equal(lstat(in_folder("link.png"), &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    expect_content(in_folder("real.png"), "new");
    assert_int_equal(symlink("nowhere.png", in_folder("dangling.png")), 0);
    expect_refusal(in_folder("dangling.png"), "a link to something that does not exist");
    assert_int_equal(symlink("loop.png", in_folder("loop.png")), 0);
    expect_refusal(in_folder("loop.png"), "loop.png: ");
}

static void test_file_refusals(void **state)
{
    (void)state;
    struct stat before, after;
    expect_refusal("", "empty");
    expect_refusal(folder, "a folder; name a file");
    expect_refusal(in_folder("none/a.png"), "create it first");
    expect_refusal(in_folder("none/"), "a folder");
    assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0);
    expect_refusal(in_folder("pipe"), "not a regular file");
    assert_int_equal(lstat("/dev/null", &before), 0);
    expect_refusal("/dev/null", "not a regular file");
    assert_int_equal(symlink("/dev/null", in_folder("null.png")), 0);
    expect_refusal(in_folder("null.png"), "not a regular file");
    assert_int_equal(lstat("/dev/null", &after), 0);
    assert_int_equal(before.st_mode, after.st_mode);
    put(in_folder("file"), "");
    expect_refusal(in_folder("file/a.png"), "file/a.png: ");
    char name[300];
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    expect_refusal(in_folder(name), "nnn: ");
}

static void test_file_unwritable_folder(void **state)
{
    (void)state;
    struct impasto_error error;
    struct imp_file file;
    /* Nobody can make files here, not even root; that shows at the latest on creating. */
    if (access("/proc/self", F_OK) == 0) {
        assert_int_equal(imp_file_create(&file, "/proc/a.png", &error), IMPASTO_ERROR_OUTPUT);
        assert_non_null(strstr(error.message, "/proc/a.png: "));
    }
    if (geteuid() == 0)
        skip(); /* root may write anywhere */
    assert_int_equal(chmod(folder, 0500), 0);
    expect_refusal(in_folder("a.png"), "cannot be written to");
    assert_int_equal(chmod(folder, 0700), 0);
}

/* The only temporary file of this machine, made by a child that dies before the file is whole. */
static const char *leave_temporary(char name[300])
{
    struct imp_file file;
    const pid_t child = fork();
    if (child == 0)
        _exit(imp_file_create(&file, in_folder("killed.png"), NULL) != IMPASTO_OK);
    int result = 1;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
    DIR *directory = opendir(folder);
    for (const struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory))
        if (strstr(entry->d_name, ".tmp") && !strstr(entry->d_name, "-elsewhere-"))
            snprintf(name, 300, "%s", entry->d_name);
    closedir(directory);
    return in_folder(name);
}

/* The next one that writes to the folder removes what a dead process has left, and nothing else. */
static void test_file_of_a_dead_process(void **state)
{
    (void)state;
    char name[300] = "", other[300];
    struct imp_file alive, next;
    put(in_folder(".impasto-notes"), "mine");
    put(in_folder(".impasto-elsewhere-7-0.tmp"), "another machine's");
    assert_int_equal(imp_file_create(&alive, in_folder("alive.png"), NULL), IMPASTO_OK);
    assert_int_equal(imp_file_create(&next, in_folder("next.png"), NULL), IMPASTO_OK);
    assert_int_equal(count_files(), 4);
    assert_int_equal(imp_file_commit(&alive, NULL), IMPASTO_OK);
    assert_int_equal(imp_file_commit(&next, NULL), IMPASTO_OK);
    assert_int_equal(access(leave_temporary(name), F_OK), 0);
    assert_int_equal(count_files(), 5);
    assert_int_equal(imp_file_create(&next, in_folder("next.png"), NULL), IMPASTO_OK);
    assert_int_equal(access(in_folder(name), F_OK), -1);
    assert_int_equal(imp_file_commit(&next, NULL), IMPASTO_OK);
    assert_int_equal(count_files(), 4);
    /* Another machine's is known to be dead by its age only. */
    snprintf(other, sizeof(other), "%s", in_folder(".impasto-elsewhere-7-0.tmp"));
    expect_content(other, "another machine's");
    const struct timespec old[2] = {{.tv_sec = time(NULL) - 4000}, {.tv_sec = time(NULL) - 4000}};
    assert_int_equal(utimensat(AT_FDCWD, other, old, 0), 0);
    assert_int_equal(imp_file_create(&next, in_folder("next.png"), NULL), IMPASTO_OK);
    imp_file_abandon(&next);
    assert_int_equal(access(other, F_OK), -1);
    expect_content(in_folder(".impasto-notes"), "mine");
    assert_int_equal(count_files(), 3);
}

/* In a child, which may write files of 4 KiB only, as on a full disk. 0: all as it should be. */
static int write_too_much(const char *path)
{
    const struct rlimit limit = {4096, 4096};
    struct impasto_error error = {0};
    struct imp_file file;
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0 || imp_file_create(&file, path, NULL) != IMPASTO_OK)
        return 1;
    for (int i = 0; i < 20000; i++)
        fputc('x', file.stream);
    if (imp_file_commit(&file, &error) != IMPASTO_ERROR_OUTPUT)
        return 2;
    return strstr(error.message, "writing failed") == NULL ? 3 : 0;
}

static void test_file_full_disk(void **state)
{
    (void)state;
    int status = -1;
    const char *path = in_folder("old.png");
    put(path, "old");
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(write_too_much(path));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    expect_content(path, "old");
    assert_int_equal(count_files(), 1);
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

#define FILE_TEST(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fail_formats),
        cmocka_unit_test(test_fail_cuts),
        cmocka_unit_test(test_clean_line),
        cmocka_unit_test(test_status_texts),
        cmocka_unit_test(test_log),
        cmocka_unit_test(test_philox_known_answers),
        cmocka_unit_test(test_uniform),
        cmocka_unit_test(test_normal),
        FILE_TEST(test_file_new),
        FILE_TEST(test_file_replaces),
        FILE_TEST(test_file_abandoned),
        FILE_TEST(test_file_link),
        FILE_TEST(test_file_refusals),
        FILE_TEST(test_file_unwritable_folder),
        FILE_TEST(test_file_of_a_dead_process),
        FILE_TEST(test_file_full_disk),
        cmocka_unit_test(test_host_memory),
        cmocka_unit_test(test_host_seconds),
        cmocka_unit_test(test_host_cache_dir),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
