/* SPDX-License-Identifier: MIT */
/*
 * Work on hostile files in a child process that can do little else.
 *
 * A hostile file attacks decoders. Here they crash alone, with memory and processor time of their
 * own. On Linux they stand under a seccomp filter. They may compute, allocate, read what is open,
 * and send to one pipe. Every other system call fails with EPERM: no file is opened, nothing
 * executed, no socket made, nobody signalled. On other systems, and with kernels that refuse the
 * filter, there remain the process, its limits and its closed descriptors. imp_sandbox_filtered()
 * tells.
 *
 * Decoders may start threads where the caller allows it. Threads of a process with a filter have
 * that filter. The kernel makes no thread with namespaces of its own.
 *
 * Why a process and not a thread? One thread can have a filter without fork(). But it shares its
 * memory with threads that have none, and whoever controls it writes into their stacks. Why not
 * landlock? It restricts files and, lately, TCP, on fewer kernels. It adds nothing where no file
 * can be opened at all.
 *
 * By the letter of POSIX, after fork() in a program with threads only async-signal-safe functions
 * are safe, and decoders call malloc(). glibc, musl and the BSDs keep malloc() usable there. Any
 * other lock that a thread holds at that moment stays locked in the child. zlib, libpng and libjpeg
 * have none. Little CMS has one around its list of contexts, held for some instructions. So the
 * caller chooses whether pictures are decoded here (impasto_image_load_apart). libhdf5, which
 * crashes, always runs here.
 */

#define _GNU_SOURCE /* F_SETPIPE_SZ, pipe2, syscall, AT_EMPTY_PATH */

#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Bytes of the pipe: the most that Linux grants without privileges. */
#define PIPE_BYTES (1 << 20)
/* Seconds between the signal for too much time and the end, should the signal be held up. */
#define GRACE 5
/* Seconds of the clock for a second of processor time: a decoder that waits for ever takes none. */
#define PATIENCE 10
/* Of the clock, too: how long a child that streams may take for what is awaited. */
#define STREAM_PATIENCE 600

/* Sanitizers report on standard error, and what they find in a child must not go unseen. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(undefined_behavior_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* Limits of a child can be changed from outside. */
#if defined(__linux__) && defined(__GLIBC__)
#define GRANTS 1
#endif

/* ---- The filter ------------------------------------------------------------------------------ */

/* As the kernel calls it; a filter must know it, since numbers of system calls differ. */
#ifdef __linux__
#include <linux/audit.h>
#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__i386__)
#define ARCHITECTURE AUDIT_ARCH_I386
#elif defined(__ARM_EABI__) && defined(__ARMEL__)
#define ARCHITECTURE AUDIT_ARCH_ARM
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCHITECTURE AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define ARCHITECTURE AUDIT_ARCH_PPC64LE
#elif defined(__s390x__)
#define ARCHITECTURE AUDIT_ARCH_S390X
#endif
#endif

#ifdef ARCHITECTURE

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define FIELD(name) ((unsigned)offsetof(struct seccomp_data, name))
/* The lower half of an argument, where flags are: the first in memory, or the second. */
#define LOWER (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? (unsigned)sizeof(uint32_t) : 0u)
#define ARGUMENT(n) (FIELD(args) + (n) * (unsigned)sizeof(uint64_t) + LOWER)

#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, what)
#define SKIP_IF_EQUAL(value, count) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, count, 0)
#define SKIP_UNLESS_EQUAL(value, count) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, count)
#define SKIP_IF_ANY(bits, count) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, count, 0)

#define ALLOWED RETURN(SECCOMP_RET_ALLOW)
#define REFUSED RETURN(SECCOMP_RET_ERRNO | EPERM)

#define ALLOW(call) SKIP_UNLESS_EQUAL(SYS_##call, 1), ALLOWED
/* Where the n-th argument is this. */
#define ALLOW_WITH(call, n, value)                                                                 \
    SKIP_UNLESS_EQUAL(SYS_##call, 4), LOAD(ARGUMENT(n)), SKIP_UNLESS_EQUAL(value, 1), ALLOWED,     \
        REFUSED
/* Where the n-th argument has none of these bits. */
#define ALLOW_WITHOUT(call, n, bits)                                                               \
    SKIP_UNLESS_EQUAL(SYS_##call, 4), LOAD(ARGUMENT(n)), SKIP_IF_ANY(bits, 1), ALLOWED, REFUSED

/* Where the n-th argument has one of these bits. call: a number. */
#define ALLOW_WITH_ANY(call, n, bits)                                                              \
    SKIP_UNLESS_EQUAL(call, 4), LOAD(ARGUMENT(n)), SKIP_IF_ANY(bits, 1), REFUSED, ALLOWED
/* As if the kernel did not know it, so that the C library goes on with an older call. */
#define UNKNOWN(call) SKIP_UNLESS_EQUAL(call, 1), RETURN(SECCOMP_RET_ERRNO | ENOSYS)
/* No system call has this number. */
#define NO_CALL 0xffffffffu
#define NO_DESCRIPTOR 0xffffffffu
/* Kernel headers before 4.18 and 5.3 do not know these, nor does a C library that they built. */
#ifndef SYS_rseq
#define SYS_rseq NO_CALL
#endif
#ifndef SYS_clone3
#define SYS_clone3 NO_CALL
#endif

/* Architectures of 32 bits have calls of their own for offsets and times of 64 bits. */
#ifndef SYS__llseek
#define SYS__llseek NO_CALL
#endif
#ifndef SYS_fstat64
#define SYS_fstat64 NO_CALL
#endif
#ifndef SYS_fstatat64
#define SYS_fstatat64 NO_CALL
#endif
#ifndef SYS_newfstatat
#define SYS_newfstatat NO_CALL
#endif
#ifndef SYS_clock_gettime64
#define SYS_clock_gettime64 NO_CALL
#endif
#ifndef SYS_futex_time64
#define SYS_futex_time64 NO_CALL
#endif
/* Handlers without siginfo return by it on the older architectures. */
#ifndef SYS_sigreturn
#define SYS_sigreturn NO_CALL
#endif
/* On 32 bits, C libraries ask for the times of files by it first. */
#if UINTPTR_MAX == UINT32_MAX && defined(SYS_statx)
#define STATX SYS_statx
#else
#define STATX NO_CALL
#endif

/* The mmap of i386 and s390x has its arguments in memory, where a filter cannot look. i386 has
 * mmap2, too; s390x has nothing else, so there memory can be executed. */
#if defined(__s390x__)
#define ALLOW_MMAP ALLOW(mmap)
#elif defined(SYS_mmap2)
#define ALLOW_MMAP ALLOW_WITHOUT(mmap2, 2, PROT_EXEC)
#else
#define ALLOW_MMAP ALLOW_WITHOUT(mmap, 2, PROT_EXEC)
#endif

/* The argument of clone that has its flags. */
#ifdef __s390x__
#define CLONE_FLAGS 1
#else
#define CLONE_FLAGS 0
#endif

#define WRITING (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)

static void install(struct sock_filter *filter, size_t count)
{
    const struct sock_fprog program = {.len = (unsigned short)count, .filter = filter};
    (void)prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static void restrict_calls(int answer, int output, bool threads)
{
    struct sock_filter filter[] = {
        LOAD(FIELD(arch)),
        SKIP_IF_EQUAL(ARCHITECTURE, 1),
        REFUSED,
        LOAD(FIELD(nr)),
        /* Reading, of what is open. */
        ALLOW(read),
        ALLOW(readv),
        ALLOW(pread64),
        ALLOW(lseek),
        ALLOW(_llseek),
        ALLOW(fstat),
        ALLOW(fstat64),
        ALLOW(close),
        /* Sending. */
        ALLOW_WITH(write, 0, (unsigned)answer),
        ALLOW_WITH(pwrite64, 0, output > 0 ? (unsigned)output : NO_DESCRIPTOR),
        /* Memory, but none to be executed. */
        ALLOW(brk),
        ALLOW(munmap),
        ALLOW(mremap),
        ALLOW(madvise),
        ALLOW_MMAP,
        ALLOW_WITHOUT(mprotect, 2, PROT_EXEC),
        /* What the C library does beside all that. */
        ALLOW(futex),
        ALLOW(futex_time64),
        ALLOW(getrandom),
        ALLOW(clock_gettime),
        ALLOW(clock_gettime64),
        ALLOW(gettimeofday),
        ALLOW(rt_sigprocmask),
        ALLOW(rt_sigreturn),
        ALLOW(sigreturn),
        ALLOW(exit),
        ALLOW(exit_group),
        /* Threads, where they are asked for; clone3 has its flags where a filter cannot look. */
        ALLOW_WITH_ANY(threads ? SYS_clone : NO_CALL, CLONE_FLAGS, CLONE_THREAD),
        UNKNOWN(threads ? SYS_clone3 : NO_CALL),
        SKIP_UNLESS_EQUAL(threads ? SYS_rseq : NO_CALL, 1),
        ALLOWED,
        SKIP_UNLESS_EQUAL(threads ? SYS_set_robust_list : NO_CALL, 1),
        ALLOWED,
        /* Until imp_sandbox_seal: that itself, and reading of files. */
        ALLOW_WITH(prctl, 0, PR_SET_SECCOMP),
        ALLOW(newfstatat),
        ALLOW(fstatat64),
        SKIP_UNLESS_EQUAL(STATX, 1),
        ALLOWED,
        ALLOW_WITHOUT(openat, 2, WRITING),
        REFUSED,
    };
    /* Else the kernel takes filters from the privileged alone. */
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
        install(filter, IMP_COUNT(filter));
}

/* A second filter can only take away from what the first allows. C libraries say newfstatat and its
 * kin for fstat. */
void imp_sandbox_seal(void)
{
    /* clang-format off */
    struct sock_filter filter[] = {
        LOAD(FIELD(nr)),
        SKIP_UNLESS_EQUAL(SYS_openat, 1), REFUSED,
        SKIP_UNLESS_EQUAL(SYS_prctl, 1), REFUSED,
        ALLOW_WITH(newfstatat, 3, AT_EMPTY_PATH),
        ALLOW_WITH(fstatat64, 3, AT_EMPTY_PATH),
        ALLOW_WITH_ANY(STATX, 2, AT_EMPTY_PATH),
        ALLOWED,
    };
    /* clang-format on */
    install(filter, IMP_COUNT(filter));
}

/* A kernel that knows filters fails only where it looks for this one. */
bool imp_sandbox_filtered(void)
{
    return !SANITIZED && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) != 0 && errno == EFAULT;
}

/* The child goes with the thread that waits for it. */
static void end_with_parent(void)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
}

#else

static void restrict_calls(int answer, int output, bool threads)
{
    (void)answer, (void)output, (void)threads;
}

void imp_sandbox_seal(void)
{
}

bool imp_sandbox_filtered(void)
{
    return false;
}

static void end_with_parent(void)
{
}

#endif

/* ---- The child ------------------------------------------------------------------------------- */

/* Closes all descriptors between two, but not the standard ones. */
static void close_between(int low, int high)
{
    const int first = low > STDERR_FILENO ? low + 1 : STDERR_FILENO + 1;
#ifdef SYS_close_range
    if (first < high)
        (void)syscall(SYS_close_range, (unsigned)first, (unsigned)high - 1, 0u);
#else
    (void)first, (void)high;
#endif
}

/* What is open and not its business: outputs, devices, the pipes of other children. kept: a number
 * that is no descriptor does no harm. */
static void close_others(int *kept, size_t count)
{
    int low = STDERR_FILENO;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = i; k > 0 && kept[k] < kept[k - 1]; k--) {
            const int swapped = kept[k];
            kept[k] = kept[k - 1];
            kept[k - 1] = swapped;
        }
    }
    for (size_t i = 0; i < count; i++) {
        close_between(low, kept[i]);
        low = kept[i] > low ? kept[i] : low;
    }
    close_between(low, INT_MAX);
}

static void limit_memory(uint64_t more)
{
    char text[32] = "";
    struct rlimit limit;
    const int statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    const bool known = statm >= 0 && read(statm, text, sizeof(text) - 1) > 0;
    const long page = sysconf(_SC_PAGESIZE);
    if (statm >= 0)
        close(statm);
    if (!known || page <= 0 || getrlimit(RLIMIT_AS, &limit) != 0)
        return;
    const rlim_t now = (rlim_t)strtoull(text, NULL, 10) * (rlim_t)page;
    const rlim_t most = more < RLIM_INFINITY - now ? now + (rlim_t)more : RLIM_INFINITY;
    if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > most) {
        limit.rlim_cur = most;
        (void)setrlimit(RLIMIT_AS, &limit);
    }
}

/* more: seconds may be added to these later. */
static void limit_time(unsigned seconds, bool more)
{
    struct rlimit limit;
#ifndef GRANTS
    if (more)
        return;
#endif
    if (getrlimit(RLIMIT_CPU, &limit) != 0)
        return;
    if (!more && (limit.rlim_max == RLIM_INFINITY || limit.rlim_max > (rlim_t)seconds + GRACE))
        limit.rlim_max = (rlim_t)seconds + GRACE;
    if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > seconds)
        limit.rlim_cur = seconds;
    (void)setrlimit(RLIMIT_CPU, &limit);
}

/* It may crash or be stopped, but without a sound, a core file or the program's handlers. */
static void serve(const struct imp_sandbox *sandbox, int answer)
{
    static const int fatal[] = {SIGSEGV, SIGBUS,  SIGABRT, SIGFPE,
                                SIGILL,  SIGXCPU, SIGALRM, SIGPIPE};
    const struct rlimit no_core = {0, 0};
    end_with_parent();
    for (size_t i = 0; i < IMP_COUNT(fatal) && !SANITIZED; i++)
        signal(fatal[i], SIG_DFL);
    (void)setrlimit(RLIMIT_CORE, &no_core);
    limit_time(sandbox->seconds, sandbox->streams);
    if (!sandbox->streams) /* else it waits for its reader, who watches the clock */
        alarm(sandbox->seconds * PATIENCE);
    limit_memory(sandbox->memory);
    const int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int i = STDIN_FILENO; nowhere >= 0 && i <= STDERR_FILENO; i++)
        if (i != answer && i != sandbox->descriptor && !(SANITIZED && i == STDERR_FILENO))
            (void)dup2(nowhere, i);
    int kept[] = {answer, sandbox->descriptor, sandbox->second, sandbox->output};
    close_others(kept, IMP_COUNT(kept));
    if (!SANITIZED)
        restrict_calls(answer, sandbox->output, sandbox->threads);
    if (!SANITIZED && !sandbox->opens)
        imp_sandbox_seal();
    sandbox->work(sandbox->user, answer);
    _exit(0);
}

bool imp_sandbox_send(int answer, const void *bytes, size_t size)
{
    const unsigned char *from = bytes;
    while (size > 0) {
        const ssize_t sent = write(answer, from, size);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        from += sent;
        size -= (size_t)sent;
    }
    return true;
}

/* ---- The program's side ---------------------------------------------------------------------- */

/* Compilers that drivers start meanwhile are to have no end of it. */
static int open_pipe(int ends[2])
{
#ifdef __linux__
    return pipe2(ends, O_CLOEXEC);
#else
    if (pipe(ends) != 0)
        return -1;
    (void)fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    (void)fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    return 0;
#endif
}

bool imp_sandbox_start(const struct imp_sandbox *sandbox, struct imp_sandbox_child *child)
{
    int ends[2];
    if (open_pipe(ends) != 0)
        return false;
#ifdef F_SETPIPE_SZ
    (void)fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES); /* else it is smaller, and slower */
#endif
    const pid_t process = fork();
    if (process == 0) {
        close(ends[0]);
        serve(sandbox, ends[1]);
    }
    const int problem = errno;
    close(ends[1]);
    *child = (struct imp_sandbox_child){.process = (long)process,
                                        .answer = ends[0],
                                        .patience = sandbox->streams ? STREAM_PATIENCE : 0};
    if (process < 0)
        close(ends[0]);
    errno = problem;
    return process > 0;
}

enum impasto_status(imp_sandbox_fail)(struct impasto_error *error, const char *path,
                                      const char *task, int problem)
{
    return imp_fail(error, IMPASTO_ERROR_MEMORY, "%s: no process to %s it in: %s; %s", path, task,
                    strerror(problem),
                    problem == EMFILE || problem == ENFILE
                        ? impasto_file_advice(problem)
                        : "end other programs, or allow more processes (see ulimit -u)");
}

void imp_sandbox_grant(const struct imp_sandbox_child *child, unsigned seconds)
{
#ifdef GRANTS
    struct rlimit limit;
    if (prlimit((pid_t)child->process, RLIMIT_CPU, NULL, &limit) != 0 ||
        limit.rlim_cur == RLIM_INFINITY)
        return;
    limit.rlim_cur += seconds;
    (void)prlimit((pid_t)child->process, RLIMIT_CPU, &limit, NULL);
#else
    (void)child, (void)seconds;
#endif
}

/* Waits until there is something to receive, or the end. A child that hangs is ended by the signal
 * that says so. */
static void wait_for(const struct imp_sandbox_child *child)
{
    struct pollfd pipe_end = {.fd = child->answer, .events = POLLIN};
    if (child->patience > 0 && poll(&pipe_end, 1, child->patience * 1000) == 0)
        (void)kill((pid_t)child->process, SIGALRM);
}

bool imp_sandbox_receive(const struct imp_sandbox_child *child, void *bytes, size_t size)
{
    unsigned char *to = bytes;
    while (size > 0) {
        wait_for(child);
        const ssize_t got = read(child->answer, to, size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        to += got;
        size -= (size_t)got;
    }
    return true;
}

const char *imp_sandbox_end(const struct imp_sandbox_child *child)
{
    int how = 0;
    /* A child that still sends has nobody to listen now, and ends by that. */
    close(child->answer);
    /* A program that ignores SIGCHLD has no child left to wait for: ECHILD. */
    while (waitpid((pid_t)child->process, &how, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(how) && WEXITSTATUS(how) == 0)
        return NULL;
    switch (WIFSIGNALED(how) ? WTERMSIG(how) : 0) {
    case SIGXCPU:
    case SIGALRM:
        return "takes too long";
    case SIGKILL:
        return "was killed, perhaps for lack of memory";
    default:
        return "crashes";
    }
}
