/* SPDX-License-Identifier: MIT */
/* Files that appear whole or not at all, and what dead processes have left of theirs. */

#include "files.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

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
    assert_int_equal(impasto_file_check(path, &error), IMPASTO_ERROR_OUTPUT);
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
    assert_int_equal(impasto_file_check(path, NULL), IMPASTO_OK);
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

/* What another machine of a longer name has open is no dead process's: its locks are not seen here.
 */
static void test_file_of_a_namesake(void **state)
{
    (void)state;
    char host[65] = "", name[300];
    struct imp_file file;
    assert_int_equal(gethostname(host, sizeof(host) - 1), 0);
    static const char *const theirs[] = {"01-7-0", "7-0-1", "x-7", "7-", "-0", "7", "a7-0"};
    for (size_t i = 0; i < sizeof(theirs) / sizeof(*theirs); i++) {
        snprintf(name, sizeof(name), ".impasto-%s-%s.tmp", host, theirs[i]);
        put(in_folder(name), "another machine's");
    }
    assert_int_equal(imp_file_create(&file, in_folder("a.png"), NULL), IMPASTO_OK);
    imp_file_abandon(&file);
    assert_int_equal(count_files(), sizeof(theirs) / sizeof(*theirs));
    snprintf(name, sizeof(name), ".impasto-%s-7-0.tmp", host);
    put(in_folder(name), "a dead process's of this one");
    assert_int_equal(imp_file_create(&file, in_folder("a.png"), NULL), IMPASTO_OK);
    imp_file_abandon(&file);
    assert_int_equal(access(in_folder(name), F_OK), -1);
    assert_int_equal(count_files(), sizeof(theirs) / sizeof(*theirs));
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

/* What programs that use the library have of it. */
static void test_file_write(void **state)
{
    (void)state;
    struct impasto_error error = {0};
    const char *path = in_folder("a.bin");
    assert_int_equal(impasto_file_write(path, "first", 5, &error), IMPASTO_OK);
    expect_content(path, "first");
    assert_int_equal(impasto_file_write(path, "again", 5, &error), IMPASTO_OK);
    expect_content(path, "again");
    assert_int_equal(impasto_file_write(path, NULL, 0, &error), IMPASTO_OK);
    expect_content(path, "");
    assert_int_equal(count_files(), 1);
    assert_int_equal(impasto_file_write(folder, "x", 1, &error), IMPASTO_ERROR_OUTPUT);
    assert_int_equal(error.status, IMPASTO_ERROR_OUTPUT);
}

#define FILE_TEST(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILE_TEST(test_file_new),
        FILE_TEST(test_file_replaces),
        FILE_TEST(test_file_abandoned),
        FILE_TEST(test_file_link),
        FILE_TEST(test_file_refusals),
        FILE_TEST(test_file_unwritable_folder),
        FILE_TEST(test_file_of_a_dead_process),
        FILE_TEST(test_file_of_a_namesake),
        FILE_TEST(test_file_full_disk),
        FILE_TEST(test_file_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
