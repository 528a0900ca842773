/* SPDX-License-Identifier: MIT */
/* What a decoder in a sandbox can do when a hostile file has taken it over: these here have been.
 */

#define _XOPEN_SOURCE 700 /* mkdtemp */
#define _DEFAULT_SOURCE   /* MAP_ANONYMOUS */

#include "base/os.h"
#include "files.h"
#include "image/formats.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#ifdef __linux__
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

/* Whether mmap takes its arguments from memory, where filters cannot look. */
#ifdef __s390x__
#define MMAP_IS_BLIND true
#else
#define MMAP_IS_BLIND false
#endif

#define MIB ((uint64_t)1 << 20)

/* Whether this kernel and this build are to filter system calls. */
static bool filtered(void)
{
#if defined(__linux__) &&                                                                          \
    (defined(__x86_64__) || defined(__aarch64__) || defined(__i386__) || defined(__ARMEL__) ||     \
     defined(__riscv) || defined(__powerpc64__) || defined(__s390x__))
    return !SANITIZED && prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 0;
#else
    return false;
#endif
}

/* Runs work in a sandbox and takes `size` bytes of its answer. Returns what has happened to it. */
static const char *run(struct imp_sandbox sandbox, void (*work)(void *user, int answer),
                       void *answer, size_t size, bool *whole)
{
    struct imp_sandbox_child child;
    sandbox.work = work;
    sandbox.memory = sandbox.memory ? sandbox.memory : 64 * MIB;
    sandbox.seconds = sandbox.seconds ? sandbox.seconds : 20;
    assert_true(imp_sandbox_start(&sandbox, &child));
    *whole = imp_sandbox_receive(&child, answer, size);
    return imp_sandbox_end(&child);
}

/* ---- System calls ---------------------------------------------------------------------------- */

/* What the taken-over decoders know. */
struct loot {
    char file[PATH_SIZE];  /* that is there */
    char other[PATH_SIZE]; /* that is not */
    int elsewhere;         /* was open for writing */
};

static long try_read(const struct loot *loot)
{
    return open(loot->file, O_RDONLY);
}

static long try_create(const struct loot *loot)
{
    return open(loot->other, O_WRONLY | O_CREAT, 0600);
}

static long try_link(const struct loot *loot)
{
    return symlink(loot->file, loot->other);
}

static long try_remove(const struct loot *loot)
{
    return unlink(loot->file);
}

static long try_folder(const struct loot *loot)
{
    return mkdir(loot->other, 0700);
}

static long try_list(const struct loot *loot)
{
    return access(loot->file, R_OK);
}

static long try_connect(const struct loot *loot)
{
    (void)loot;
    return socket(AF_INET, SOCK_STREAM, 0);
}

static long try_pair(const struct loot *loot)
{
    int ends[2];
    (void)loot;
    return socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
}

static long try_execute(const struct loot *loot)
{
    char name[] = "true", *words[] = {name, NULL};
    (void)loot;
    return execv("/bin/true", words);
}

static long try_fork(const struct loot *loot)
{
    (void)loot;
    return fork();
}

static long try_signal(const struct loot *loot)
{
    (void)loot;
    return kill(-1, 0);
}

static long try_code(const struct loot *loot)
{
    (void)loot;
    const void *page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED ? -1 : 0;
}

static long try_data_as_code(const struct loot *loot)
{
    (void)loot;
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED ? 0 : mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static long try_elsewhere(const struct loot *loot)
{
    return write(loot->elsewhere, "x", 1);
}

static long try_error(const struct loot *loot)
{
    (void)loot;
    return write(STDERR_FILENO, "x", 1);
}

static long try_limits(const struct loot *loot)
{
    const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
    (void)loot;
    return setrlimit(RLIMIT_AS, &none);
}

static const struct {
    const char *name;
    long (*try)(const struct loot *loot);
} wishes[] = {
    {"read a file", try_read},
    {"create a file", try_create},
    {"make a link", try_link},
    {"remove a file", try_remove},
    {"make a folder", try_folder},
    {"look for a file", try_list},
    {"make a socket", try_connect},
    {"make a pair of sockets", try_pair},
    {"execute a program", try_execute},
    {"make a process", try_fork},
    {"signal", try_signal},
    {"new code", try_code},
    {"data as code", try_data_as_code},
    {"write elsewhere", try_elsewhere},
    {"write to standard error", try_error},
    {"change limits", try_limits},
};

static void try_all(void *user, int answer)
{
    int problems[IMP_COUNT(wishes)];
    for (size_t i = 0; i < IMP_COUNT(wishes); i++) {
        errno = 0;
        problems[i] = wishes[i].try(user) < 0 ? errno : 0;
    }
    (void)imp_sandbox_send(answer, problems, sizeof(problems));
}

static void calls(void **state)
{
    int problems[IMP_COUNT(wishes)];
    bool whole;
    struct loot loot;
    (void)state;
    if (!filtered())
        skip();
    write_bytes(in_folder("file"), "a", 1);
    snprintf(loot.file, sizeof(loot.file), "%s", in_folder("file"));
    snprintf(loot.other, sizeof(loot.other), "%s", in_folder("other"));
    loot.elsewhere = open(loot.file, O_WRONLY);
    assert_true(loot.elsewhere >= 0);
    assert_null(run((struct imp_sandbox){.descriptor = -1, .user = &loot}, try_all, problems,
                    sizeof(problems), &whole));
    close(loot.elsewhere);
    assert_true(whole);
    for (size_t i = 0; i < IMP_COUNT(wishes); i++)
        if (problems[i] != EPERM && !(MMAP_IS_BLIND && wishes[i].try == try_code))
            fail_msg("%s: %s", wishes[i].name, problems[i] ? strerror(problems[i]) : "was done");
}

#ifdef __linux__
/* Says what it is told, in a process to which the kernel gives no filter, or in one as it is. */
static bool said_to_be_filtered(bool refuse)
{
    struct sock_filter no_filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {.len = IMP_COUNT(no_filter), .filter = no_filter};
    int how;
    const pid_t child = fork();
    if (child == 0) {
        if (refuse && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
                       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0))
            _exit(2);
        _exit(imp_sandbox_filtered());
    }
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how) && WEXITSTATUS(how) < 2);
    return WEXITSTATUS(how) == 1;
}

/* What is known beforehand of the filter is what there is. */
static void foreknowledge(void **state)
{
    (void)state;
    if (!filtered())
        skip();
    assert_true(said_to_be_filtered(false));
    assert_false(said_to_be_filtered(true));
}
#else
static void foreknowledge(void **state)
{
    (void)state;
    assert_false(imp_sandbox_filtered());
}
#endif

/* ---- Threads --------------------------------------------------------------------------------- */

static void *try_from_thread(void *problems)
{
    static const struct loot nothing = {.file = "/etc/passwd", .other = "/tmp/impasto-other"};
    int *const problem = problems;
    problem[1] = try_read(&nothing) < 0 ? errno : 0;
    problem[2] = try_fork(&nothing) < 0 ? errno : 0;
    return NULL;
}

static void start_thread(void *user, int answer)
{
    int problems[3];
    pthread_t thread;
    (void)user;
    problems[0] = pthread_create(&thread, NULL, try_from_thread, problems);
    if (problems[0] == 0)
        pthread_join(thread, NULL);
    else
        problems[1] = problems[2] = EPERM;
    (void)imp_sandbox_send(answer, problems, sizeof(problems));
}

/* Where they are allowed, they are all that is, and can do no more. */
static void threads(void **state)
{
    (void)state;
    if (!filtered())
        skip();
    for (int allowed = 0; allowed < 2; allowed++) {
        int problems[3];
        bool whole;
        assert_null(run(
            (struct imp_sandbox){.descriptor = -1, .threads = allowed != 0, .memory = 512 * MIB},
            start_thread, problems, sizeof(problems), &whole));
        assert_true(whole);
        assert_int_equal(problems[0] == 0, allowed);
        assert_int_equal(problems[1], EPERM);
        assert_int_equal(problems[2], EPERM);
    }
}

/* ---- Files ----------------------------------------------------------------------------------- */

struct opening {
    const char *path;
    int descriptor;
};

static void open_files(void *user, int answer)
{
    const struct opening *opening = user;
    char byte[2] = "";
    bool good[5];
    good[0] = read(opening->descriptor, &byte[0], 1) == 1 && byte[0] == 'a';
    const int one = open(opening->path, O_RDONLY);
    good[1] = one >= 0 && read(one, &byte[1], 1) == 1 && byte[1] == 'a';
    good[2] = open(opening->path, O_RDWR) < 0 && errno == EPERM;
    imp_sandbox_seal();
    good[3] = open(opening->path, O_RDONLY) < 0 && errno == EPERM;
    good[4] = lseek(one, 0, SEEK_SET) == 0 && read(one, &byte[1], 1) == 1;
    (void)imp_sandbox_send(answer, good, sizeof(good));
}

/* What is open can be read, and what may be opened until it is sealed. */
static void files(void **state)
{
    bool good[5], whole;
    (void)state;
    if (!filtered())
        skip();
    write_bytes(in_folder("letters"), "ab", 2);
    const struct opening opening = {.path = in_folder("letters"),
                                    .descriptor = open(in_folder("letters"), O_RDONLY)};
    assert_null(run((struct imp_sandbox){.descriptor = opening.descriptor,
                                         .opens = true,
                                         .user = (void *)&opening},
                    open_files, good, sizeof(good), &whole));
    close(opening.descriptor);
    assert_true(whole);
    for (size_t i = 0; i < IMP_COUNT(good); i++)
        if (!good[i])
            fail_msg("%zu", i);
}

/* ---- Ends ------------------------------------------------------------------------------------ */

static void crash(void *user, int answer)
{
    (void)user, (void)answer;
    abort();
}

static void loop(void *user, int answer)
{
    volatile unsigned counter = 0;
    (void)user, (void)answer;
    for (;;)
        counter++;
}

/* Says how much it gets. */
static void take(void *user, int answer)
{
    uint64_t taken = 0;
    (void)user;
    while (taken < 4096 * MIB && malloc(MIB))
        taken += MIB;
    (void)imp_sandbox_send(answer, &taken, sizeof(taken));
}

static void stop_early(void *user, int answer)
{
    (void)user;
    (void)imp_sandbox_send(answer, "a", 1);
}

/* Sends without end to somebody who takes a byte. */
static void babble(void *user, int answer)
{
    static const char text[65536];
    (void)user;
    while (imp_sandbox_send(answer, text, sizeof(text)))
        ;
}

static void ends(void **state)
{
    char byte;
    char two[2];
    uint64_t taken;
    bool whole;
    (void)state;
    const struct imp_sandbox plain = {.descriptor = -1};
    const char *end = run(plain, crash, &byte, 1, &whole);
    assert_false(whole);
    assert_string_equal(end, "crashes");
    end = run((struct imp_sandbox){.descriptor = -1, .seconds = 1}, loop, &byte, 1, &whole);
    assert_false(whole);
    assert_string_equal(end, "takes too long");
    assert_null(run(plain, stop_early, two, 2, &whole));
    assert_false(whole);
    (void)run(plain, babble, &byte, 1, &whole);
    assert_true(whole);
    if (SANITIZED)
        return; /* their allocators end the process */
    assert_null(run((struct imp_sandbox){.descriptor = -1, .memory = 32 * MIB}, take, &taken,
                    sizeof(taken), &whole));
    assert_true(whole);
    assert_true(taken > 8 * MIB && taken <= 32 * MIB);
}

/* Sends a byte for each tenth of a second of processor time, up to two seconds. */
static void spin(void *user, int answer)
{
    (void)user;
    for (int i = 1; i <= 20; i++) {
        while ((double)clock() / CLOCKS_PER_SEC < i / 10.0)
            ;
        (void)imp_sandbox_send(answer, "a", 1);
    }
}

/* Waits for what never comes. */
static void hang(void *user, int answer)
{
    char byte;
    (void)answer;
    (void)!read(*(const int *)user, &byte, 1);
}

/* What streams gets its processor time bit by bit, and no more than was granted. It waits for its
 * reader as long as it likes, but its reader does not wait for ever. */
static void streams(void **state)
{
    struct imp_sandbox sandbox = {
        .descriptor = -1, .memory = 64 * MIB, .seconds = 1, .streams = true, .work = spin};
    struct imp_sandbox_child child;
    char bytes[20];
    int ends_of_pipe[2];
    (void)state;
    assert_true(imp_sandbox_start(&sandbox, &child));
    assert_true(imp_sandbox_receive(&child, bytes, 5));
    imp_sandbox_grant(&child, 5);
    assert_true(imp_sandbox_receive(&child, bytes, 15));
    assert_null(imp_sandbox_end(&child));
#if defined(__linux__) && defined(__GLIBC__)
    assert_true(imp_sandbox_start(&sandbox, &child));
    assert_false(imp_sandbox_receive(&child, bytes, 20));
    assert_string_equal(imp_sandbox_end(&child), "takes too long");
#endif
    assert_int_equal(pipe(ends_of_pipe), 0);
    sandbox.descriptor = ends_of_pipe[0];
    sandbox.user = &ends_of_pipe[0];
    sandbox.work = hang;
    assert_true(imp_sandbox_start(&sandbox, &child));
    child.patience = 1;
    assert_false(imp_sandbox_receive(&child, bytes, 1));
    assert_string_equal(imp_sandbox_end(&child), "takes too long");
    close(ends_of_pipe[0]);
    close(ends_of_pipe[1]);
}

/* Writes to what it may, reads what it may, and tries to write there, too. */
static void write_output(void *user, int answer)
{
    const int *descriptors = user;
    char byte = 'x', results[3];
    results[0] = imp_os_write_at(descriptors[0], "written", 7, 3);
    results[1] = read(descriptors[1], &byte, 1) == 1 && byte == 'r';
    results[2] = pwrite(descriptors[1], "w", 1, 0) < 0 && errno == EPERM &&
                 write(descriptors[0], "w", 1) < 0 && errno == EPERM;
    (void)imp_sandbox_send(answer, results, sizeof(results));
}

/* A child may be given a file to write to, and reads others. */
static void output(void **state)
{
    char results[3], bytes[10] = "";
    bool whole;
    (void)state;
    write_bytes(in_folder("out"), "", 0);
    write_bytes(in_folder("read"), "r", 1);
    int descriptors[] = {open(in_folder("out"), O_RDWR), open(in_folder("read"), O_RDWR)};
    const struct imp_sandbox sandbox = {
        .descriptor = -1, .second = descriptors[1], .output = descriptors[0], .user = descriptors};
    assert_null(run(sandbox, write_output, results, sizeof(results), &whole));
    assert_true(whole);
    assert_true(results[0]);
    assert_true(results[1]);
    assert_true(results[2] || !filtered());
    assert_int_equal(pread(descriptors[0], bytes, 10, 0), 10);
    assert_memory_equal(bytes, "\0\0\0written", 10);
    close(descriptors[0]);
    close(descriptors[1]);
}

static void no_process(void **state)
{
    struct rlimit limit, none;
    struct imp_sandbox_child child;
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit;
    none.rlim_cur = 3;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    const struct imp_sandbox sandbox = {.descriptor = -1, .work = stop_early};
    const bool started = imp_sandbox_start(&sandbox, &child);
    const int problem = errno;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_false(started);
    assert_int_equal(problem, EMFILE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls),      cmocka_unit_test(threads),       cmocka_unit_test(files),
        cmocka_unit_test(ends),       cmocka_unit_test(streams),       cmocka_unit_test(output),
        cmocka_unit_test(no_process), cmocka_unit_test(foreknowledge),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
