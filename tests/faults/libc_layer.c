/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* dl_iterate_phdr, RTLD_NEXT */

#include "libc_layer.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum kind { ALLOCATE, OPEN, WRITE, SYNC, CLOSE, RENAME, MAKE, KINDS };
const char *const fault_kinds[] = {"allocate", "open",   "write", "sync",
                                   "close",    "rename", "make",  NULL};

/* Whose calls fail: the program itself, its library, and what they hand pictures to. Drivers are
 * not among them, nor is libjansson: 2.14 takes no notice of an allocation that fails while it
 * reads a string, and then reads and writes beyond its buffers. */
static const char *const ours[] = {"impasto", "libimpasto.", "libpng", "libjpeg.", "host_faults"};
/* Ranges of their code: a few for each. */
#define MOST_RANGES 64
static struct range {
    uintptr_t first, end;
} ranges[MOST_RANGES];
static int range_count;

/* Decoders run in children, which count on, and which may open nothing once they have begun: so
 * this lies in memory that they share, or in the file IMPASTO_FAULT_MARK. */
static struct state {
    atomic_bool fired;       /* the first byte of the file */
    atomic_long left[KINDS]; /* calls until the one that fails; 0: none does */
} alone, *state = &alone;
/* glibc's mark of a stream on which something has failed, for ferror(). */
#define STREAM_FAILED 0x20

/* The real ones, which glibc has under these names as well. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);

static int add_object(struct dl_phdr_info *info, size_t size, void *user)
{
    char program[4096];
    const char *path = info->dlpi_name;
    (void)size, (void)user;
    if (!path[0]) {
        const ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
        program[length > 0 ? length : 0] = 0;
        path = program;
    }
    const char *name = strrchr(path, '/');
    name = name ? name + 1 : path;
    bool wanted = false;
    for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
        wanted = wanted || strncmp(name, ours[i], strlen(ours[i])) == 0;
    for (int i = 0; wanted && i < info->dlpi_phnum && range_count < MOST_RANGES; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        if (header->p_type != PT_LOAD || !(header->p_flags & PF_X))
            continue;
        const uintptr_t first = info->dlpi_addr + header->p_vaddr;
        ranges[range_count++] = (struct range){first, first + header->p_memsz};
    }
    return 0;
}

void fault_arm(const char *kind, long n)
{
    atomic_store(&state->fired, false);
    for (int i = 0; i < KINDS; i++)
        atomic_store(&state->left[i], strcmp(kind, fault_kinds[i]) == 0 ? n : 0);
}

bool fault_fired(void)
{
    for (int i = 0; i < KINDS; i++)
        atomic_store(&state->left[i], 0);
    return atomic_load(&state->fired);
}

/* When the program starts, everything that is linked is there. */
__attribute__((constructor)) static void begin(void)
{
    char kind[32] = "";
    const char *order = getenv("IMPASTO_FAULT"), *path = getenv("IMPASTO_FAULT_MARK");
    const int file = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_CREAT | O_RDWR, 0600) : -1;
    if (file >= 0 && ftruncate(file, sizeof(*state)) != 0)
        abort();
    void *shared = mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE,
                        MAP_SHARED | (file < 0 ? MAP_ANONYMOUS : 0), file, 0);
    if (file >= 0)
        syscall(SYS_close, file);
    if (shared != MAP_FAILED)
        state = shared;
    dl_iterate_phdr(add_object, NULL);
    const char *colon = order ? strchr(order, ':') : NULL;
    if (!colon || (size_t)(colon - order) >= sizeof(kind))
        return;
    memcpy(kind, order, (size_t)(colon - order));
    fault_arm(kind, atol(colon + 1));
}

/* Whether this call, which returns to `caller`, is the one. */
static bool fails(enum kind kind, const void *caller)
{
    if (atomic_load_explicit(&state->left[kind], memory_order_relaxed) <= 0)
        return false;
    bool own = false;
    for (int i = 0; i < range_count && !own; i++)
        own = (uintptr_t)caller >= ranges[i].first && (uintptr_t)caller < ranges[i].end;
    if (!own || atomic_fetch_sub(&state->left[kind], 1) != 1)
        return false;
    atomic_store(&state->fired, true);
    return true;
}

/* Fails with this errno where it is to. */
#define FAIL(kind, problem, result)                                                                \
    do {                                                                                           \
        if (fails(kind, __builtin_return_address(0))) {                                            \
            errno = problem;                                                                       \
            return result;                                                                         \
        }                                                                                          \
    } while (0)
/* The function of this name that comes after ours. */
#define NEXT(name) ((__typeof__(&(name)))(uintptr_t)dlsym(RTLD_NEXT, #name))

/* ---- Memory ---------------------------------------------------------------------------------- */

void *malloc(size_t size)
{
    FAIL(ALLOCATE, ENOMEM, NULL);
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    FAIL(ALLOCATE, ENOMEM, NULL);
    return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    FAIL(ALLOCATE, ENOMEM, NULL);
    return __libc_realloc(memory, size);
}

static char *copy(const char *text, size_t length)
{
    char *result = __libc_malloc(length + 1);
    if (!result)
        return NULL;
    memcpy(result, text, length);
    result[length] = 0;
    return result;
}

char *strdup(const char *text)
{
    FAIL(ALLOCATE, ENOMEM, NULL);
    return copy(text, strlen(text));
}

char *strndup(const char *text, size_t most)
{
    FAIL(ALLOCATE, ENOMEM, NULL);
    return copy(text, strnlen(text, most));
}

FILE *open_memstream(char **text, size_t *size)
{
    FAIL(ALLOCATE, ENOMEM, NULL);
    return NEXT(open_memstream)(text, size);
}

/* ---- Files ----------------------------------------------------------------------------------- */

int open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    FAIL(OPEN, EMFILE, -1);
    if (flags & O_CREAT) {
        va_list list;
        va_start(list, flags);
        mode = va_arg(list, mode_t);
        va_end(list);
    }
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

FILE *fopen(const char *path, const char *mode)
{
    FAIL(OPEN, EMFILE, NULL);
    return NEXT(fopen)(path, mode);
}

FILE *fdopen(int descriptor, const char *mode)
{
    FAIL(OPEN, ENOMEM, NULL);
    return NEXT(fdopen)(descriptor, mode);
}

ssize_t write(int descriptor, const void *data, size_t size)
{
    FAIL(WRITE, ENOSPC, -1);
    return syscall(SYS_write, descriptor, data, size);
}

/* What is said to the user gets through. */
static bool stream_fails(FILE *stream, const void *caller)
{
    if (stream == stderr || !fails(WRITE, caller))
        return false;
    stream->_flags |= STREAM_FAILED;
    errno = ENOSPC;
    return true;
}

size_t fwrite(const void *data, size_t size, size_t count, FILE *stream)
{
    if (stream_fails(stream, __builtin_return_address(0)))
        return 0;
    return NEXT(fwrite)(data, size, count, stream);
}

int fputs(const char *text, FILE *stream)
{
    if (stream_fails(stream, __builtin_return_address(0)))
        return EOF;
    return NEXT(fputs)(text, stream);
}

int fputc(int character, FILE *stream)
{
    if (stream_fails(stream, __builtin_return_address(0)))
        return EOF;
    return NEXT(fputc)(character, stream);
}

int(fprintf)(FILE *stream, const char *format, ...)
{
    if (stream_fails(stream, __builtin_return_address(0)))
        return -1;
    va_list list;
    va_start(list, format);
    const int result = vfprintf(stream, format, list);
    va_end(list);
    return result;
}

/* What fprintf is called where _FORTIFY_SOURCE is on. */
int __fprintf_chk(FILE *stream, int flag, const char *format, ...);
int __fprintf_chk(FILE *stream, int flag, const char *format, ...)
{
    (void)flag;
    if (stream_fails(stream, __builtin_return_address(0)))
        return -1;
    va_list list;
    va_start(list, format);
    const int result = vfprintf(stream, format, list);
    va_end(list);
    return result;
}

int fflush(FILE *stream)
{
    if (stream && stream_fails(stream, __builtin_return_address(0)))
        return EOF;
    return NEXT(fflush)(stream);
}

int fsync(int descriptor)
{
    FAIL(SYNC, EIO, -1);
    return (int)syscall(SYS_fsync, descriptor);
}

int close(int descriptor)
{
    const int result = (int)syscall(SYS_close, descriptor);
    FAIL(CLOSE, EIO, -1);
    return result;
}

int fclose(FILE *stream)
{
    const int result = NEXT(fclose)(stream);
    FAIL(CLOSE, ENOSPC, EOF);
    return result;
}

int rename(const char *from, const char *to)
{
    FAIL(RENAME, EACCES, -1);
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int mkdir(const char *path, mode_t mode)
{
    FAIL(MAKE, ENOSPC, -1);
    return (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

int pipe(int ends[2])
{
    FAIL(MAKE, EMFILE, -1);
    return (int)syscall(SYS_pipe2, ends, 0);
}

/* With IMPASTO_FAULT_CLOCK set, as on systems where waits know one clock only. */
int pthread_condattr_setclock(pthread_condattr_t *attributes, clockid_t clock)
{
    return getenv("IMPASTO_FAULT_CLOCK") ? EINVAL
                                         : NEXT(pthread_condattr_setclock)(attributes, clock);
}
