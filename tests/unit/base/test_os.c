/* SPDX-License-Identifier: MIT */
/* The operating system behind base/os.h: what the rest of the sources counts on. */

#include "base/os.h"

#include <errno.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FILE_NAME "test_os.tmp"
#define THREADS 4
#define ROUNDS 2000

static void test_paths(void **state)
{
    (void)state;
    static const char *const paths[][3] = {
        {"a.png", ".", "a.png"}, {"x/a.png", "x", "a.png"}, {"/a", "/", "a"}, {"x/y/", "x/y", ""}};
    for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
        char *folder = imp_os_folder(paths[i][0]);
        assert_string_equal(folder, paths[i][1]);
        assert_string_equal(imp_os_name(paths[i][0]), paths[i][2]);
        free(folder);
    }
    static const char *const joined[][3] = {
        {"x", "a", "x/a"}, {"x/", "a", "x/a"}, {"/", "a", "/a"}, {"", "a", "/a"}};
    for (size_t i = 0; i < sizeof(joined) / sizeof(*joined); i++) {
        char *path = imp_os_join(joined[i][0], joined[i][1]);
        assert_string_equal(path, joined[i][2]);
        free(path);
    }
}

static void test_files(void **state)
{
    (void)state;
    char bytes[16] = "";
    struct imp_os_about named, opened, folder;
    (void)imp_os_remove(FILE_NAME);
    const int file = imp_os_open(FILE_NAME, IMP_OS_CREATE);
    assert_true(file >= 0);
    assert_int_equal(imp_os_open(FILE_NAME, IMP_OS_CREATE), -1);
    assert_int_equal(errno, EEXIST);
    assert_true(imp_os_replace(file, "a longer text", 13));
    assert_true(imp_os_replace(file, "short", 5));
    assert_int_equal(imp_os_read_at(file, bytes, sizeof(bytes), 1), 4);
    assert_memory_equal(bytes, "hort", 4);
    assert_true(imp_os_look(FILE_NAME, &named) && imp_os_look_open(file, &opened));
    assert_true(imp_os_look(".", &folder));
    assert_true(named.kind == IMP_OS_FILE && named.size == 5 && folder.kind == IMP_OS_FOLDER);
    assert_true(imp_os_is_same(&named, &opened) && !imp_os_is_same(&named, &folder));
    assert_int_equal(imp_os_order(&named, &folder), -imp_os_order(&folder, &named));
    assert_int_equal(imp_os_is_read_only(file), 0);
    imp_os_close(file);
    assert_true(imp_os_is_read_only(file) < 0);
    assert_true(imp_os_remove(FILE_NAME) && !imp_os_is_there(FILE_NAME));
}

static void test_locks(void **state)
{
    (void)state;
    (void)imp_os_remove(FILE_NAME);
    const int first = imp_os_open(FILE_NAME, IMP_OS_CREATE);
    const int second = imp_os_open(FILE_NAME, IMP_OS_CHANGE);
    assert_true(imp_os_lock_file(first));
    assert_false(imp_os_lock_file(second));
    imp_os_close(first);
    assert_true(imp_os_lock_file(second));
    imp_os_close(second);
    assert_true(imp_os_remove(FILE_NAME));
}

static void test_folders(void **state)
{
    (void)state;
    bool found = false;
    (void)imp_os_remove(FILE_NAME);
    imp_os_close(imp_os_open(FILE_NAME, IMP_OS_CREATE));
    struct imp_os_entries *entries = imp_os_open_folder(".");
    for (const char *name; (name = imp_os_next_name(entries)) != NULL;)
        found = found || strcmp(name, FILE_NAME) == 0;
    imp_os_close_folder(entries);
    assert_true(found);
    struct imp_os_paths paths;
    assert_true(imp_os_find_paths("test_os.t[m]*", &paths));
    assert_int_equal(paths.count, 1);
    assert_string_equal(paths.path[0], FILE_NAME);
    imp_os_free_paths(&paths);
    assert_false(imp_os_find_paths("test_os.nothing*", &paths));
    assert_true(imp_os_remove(FILE_NAME));
}

static void test_memory(void **state)
{
    (void)state;
    struct imp_os_memory memory;
    assert_true(imp_os_memory_open(&memory));
    for (int i = 0; i < 1000; i++)
        fputs("ten bytes.", memory.stream);
    assert_true(imp_os_memory_close(&memory));
    assert_int_equal(memory.size, 10000);
    assert_int_equal(strlen(memory.bytes), 10000);
    FILE *stream = imp_os_memory_read(memory.bytes, 15);
    char bytes[32];
    assert_int_equal(fread(bytes, 1, sizeof(bytes), stream), 15);
    assert_memory_equal(bytes, "ten bytes.ten b", 15);
    fclose(stream);
    free(memory.bytes);
}

static struct {
    struct imp_os_mutex mutex, other;
    long count;
} shared;

/* Without the lock, some of the counts would be lost. */
static void count(void *user)
{
    for (int i = 0; i < ROUNDS; i++) {
        imp_os_lock(&shared.mutex);
        const long before = shared.count;
        imp_os_lock(&shared.other); /* two locks are two */
        imp_os_unlock(&shared.other);
        shared.count = before + *(const int *)user;
        imp_os_unlock(&shared.mutex);
    }
}

static void test_threads(void **state)
{
    (void)state;
    struct imp_os_thread *threads[THREADS];
    int one = 1;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(imp_os_start_thread(&threads[i], count, &one), 0);
    for (int i = 0; i < THREADS; i++)
        imp_os_join_thread(&threads[i]);
    assert_int_equal(shared.count, THREADS * ROUNDS);
}

static void test_clock(void **state)
{
    (void)state;
    const double begin = imp_os_seconds();
    imp_os_sleep(0.02);
    const double passed = imp_os_seconds() - begin;
    assert_true(passed >= 0.019 && passed < 10);
}

/* Threads take their turns: each waits until the one before it has passed. */
static struct {
    struct imp_os_gate *gate;
    int turn, passed[THREADS * 20];
} queue;

static void take_turns(void *user)
{
    const int *number = user;
    for (int round = 0; round < 20; round++) {
        imp_os_gate_lock(queue.gate);
        while (queue.turn % THREADS != *number)
            imp_os_gate_wait(queue.gate);
        queue.passed[queue.turn++] = *number;
        imp_os_gate_wake(queue.gate);
        imp_os_gate_unlock(queue.gate);
    }
}

static void test_gates(void **state)
{
    (void)state;
    struct imp_os_thread *threads[THREADS];
    int number[THREADS];
    imp_os_gate_free(NULL);
    queue.gate = imp_os_gate_create();
    assert_non_null(queue.gate);
    for (int i = 0; i < THREADS; i++) {
        number[i] = i;
        assert_int_equal(imp_os_start_thread(&threads[i], take_turns, &number[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        imp_os_join_thread(&threads[i]);
    for (int i = 0; i < THREADS * 20; i++)
        assert_int_equal(queue.passed[i], i % THREADS);
    imp_os_gate_free(queue.gate);
}

static void test_numbers(void **state)
{
    (void)state;
    struct imp_os_numbers numbers;
    const bool comma = setlocale(LC_NUMERIC, "de_DE.UTF-8") != NULL;
    assert_true(imp_os_enter_plain(&numbers));
    assert_true(strtod("1.5", NULL) == 1.5);
    imp_os_leave_plain(&numbers);
    assert_true(!comma || strtod("1,5", NULL) == 1.5);
    setlocale(LC_NUMERIC, "C");
    assert_int_equal(imp_os_compare("PnG", "png"), 0);
    assert_int_equal(imp_os_compare_start("Style.jpg", "sTYLE", 5), 0);
    assert_true(imp_os_compare("pnh", "PNG") > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),   cmocka_unit_test(test_files),
        cmocka_unit_test(test_locks),   cmocka_unit_test(test_folders),
        cmocka_unit_test(test_memory),  cmocka_unit_test(test_threads),
        cmocka_unit_test(test_gates),   cmocka_unit_test(test_clock),
        cmocka_unit_test(test_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
