/* SPDX-License-Identifier: MIT */
/* The operating system, on POSIX: paths, streams in memory, the process, threads, text. */

#define _XOPEN_SOURCE 700 /* fmemopen, open_memstream, newlocale */
#define _DEFAULT_SOURCE   /* gethostname */
#define _GNU_SOURCE       /* sched_getaffinity */

#include "base/os.h"

#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* ---- Paths ----------------------------------------------------------------------------------- */

bool imp_os_is_separator(char c)
{
    return c == '/';
}

bool imp_os_is_absolute(const char *path)
{
    return path[0] == '/';
}

const char *imp_os_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

char *imp_os_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return strdup(".");
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

char *imp_os_join(const char *folder, const char *name)
{
    const size_t length = strlen(folder), size = length + strlen(name) + 2;
    const bool separated = length > 0 && imp_os_is_separator(folder[length - 1]);
    char *path = malloc(size);
    if (path != NULL)
        snprintf(path, size, "%s%s%s", folder, separated ? "" : "/", name);
    return path;
}

const char *imp_os_home(void)
{
    return getenv("HOME");
}

bool imp_os_current_folder(char *path, size_t size)
{
    return getcwd(path, size) != NULL;
}

/* ---- Memory as a stream ---------------------------------------------------------------------- */

bool imp_os_memory_open(struct imp_os_memory *memory)
{
    *memory = (struct imp_os_memory){0};
    memory->stream = open_memstream(&memory->bytes, &memory->size);
    return memory->stream != NULL;
}

bool imp_os_memory_close(struct imp_os_memory *memory)
{
    FILE *stream = memory->stream;
    memory->stream = NULL;
    return fclose(stream) == 0 && memory->bytes != NULL;
}

FILE *imp_os_memory_read(const void *bytes, size_t size)
{
    return fmemopen((void *)bytes, size, "rb");
}

/* ---- The process ----------------------------------------------------------------------------- */

long imp_os_process(void)
{
    return (long)getpid();
}

void imp_os_host_name(char *name, size_t size)
{
    if (gethostname(name, size) != 0)
        snprintf(name, size, "unknown");
    name[size - 1] = '\0';
}

bool imp_os_system_name(char *text, size_t size)
{
    struct utsname system;
    if (uname(&system) != 0)
        return false;
    snprintf(text, size, "%s %s, %s", system.sysname, system.release, system.machine);
    return true;
}

int imp_os_cores(void)
{
#ifdef CPU_COUNT
    cpu_set_t cores;
    if (sched_getaffinity(0, sizeof(cores), &cores) == 0)
        return CPU_COUNT(&cores);
#endif
    const long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 && count < INT_MAX ? (int)count : 1;
}

double imp_os_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

void imp_os_sleep(double seconds)
{
    struct timespec time = {.tv_sec = (time_t)seconds};
    time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
    (void)nanosleep(&time, NULL);
}

/* ---- Threads --------------------------------------------------------------------------------- */

/* One lock of the system stands before all of ours, which are then no more than a mark. Ours are
 * taken a few times a second, and last. */
static pthread_mutex_t marks = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t given_back = PTHREAD_COND_INITIALIZER;

void imp_os_lock(struct imp_os_mutex *mutex)
{
    pthread_mutex_lock(&marks);
    while (mutex->taken)
        pthread_cond_wait(&given_back, &marks);
    mutex->taken = true;
    pthread_mutex_unlock(&marks);
}

void imp_os_unlock(struct imp_os_mutex *mutex)
{
    pthread_mutex_lock(&marks);
    mutex->taken = false;
    pthread_cond_broadcast(&given_back);
    pthread_mutex_unlock(&marks);
}

struct imp_os_gate {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
};

struct imp_os_gate *imp_os_gate_create(void)
{
    struct imp_os_gate *gate = malloc(sizeof(*gate));
    if (gate == NULL)
        return NULL;
    int problem = pthread_mutex_init(&gate->mutex, NULL);
    if (problem == 0) {
        problem = pthread_cond_init(&gate->changed, NULL);
        if (problem == 0)
            return gate;
        pthread_mutex_destroy(&gate->mutex);
    }
    free(gate);
    errno = problem;
    return NULL;
}

void imp_os_gate_free(struct imp_os_gate *gate)
{
    if (gate == NULL)
        return;
    pthread_cond_destroy(&gate->changed);
    pthread_mutex_destroy(&gate->mutex);
    free(gate);
}

void imp_os_gate_lock(struct imp_os_gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
}

void imp_os_gate_unlock(struct imp_os_gate *gate)
{
    pthread_mutex_unlock(&gate->mutex);
}

void imp_os_gate_wait(struct imp_os_gate *gate)
{
    pthread_cond_wait(&gate->changed, &gate->mutex);
}

void imp_os_gate_wake(struct imp_os_gate *gate)
{
    pthread_cond_broadcast(&gate->changed);
}

struct imp_os_thread {
    pthread_t thread;
    void (*work)(void *user);
    void *user;
};

static void *run(void *user)
{
    const struct imp_os_thread *thread = user;
    thread->work(thread->user);
    return NULL;
}

int imp_os_start_thread(struct imp_os_thread **thread, void (*work)(void *user), void *user)
{
    struct imp_os_thread *started = malloc(sizeof(*started));
    if (started == NULL)
        return ENOMEM;
    started->work = work;
    started->user = user;
    const int problem = pthread_create(&started->thread, NULL, run, started);
    if (problem != 0)
        free(started);
    else
        *thread = started;
    return problem;
}

void imp_os_join_thread(struct imp_os_thread **thread)
{
    pthread_join((*thread)->thread, NULL);
    free(*thread);
    *thread = NULL;
}

/* ---- Text ------------------------------------------------------------------------------------ */

int imp_os_compare(const char *a, const char *b)
{
    return strcasecmp(a, b);
}

int imp_os_compare_start(const char *a, const char *b, size_t length)
{
    return strncasecmp(a, b, length);
}

char *imp_os_copy_start(const char *text, size_t length)
{
    return strndup(text, length);
}

bool imp_os_enter_plain(struct imp_os_numbers *numbers)
{
    const locale_t plain = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
    *numbers = (struct imp_os_numbers){0};
    if (plain == (locale_t)0)
        return false;
    numbers->plain = (void *)plain;
    numbers->before = (void *)uselocale(plain);
    return true;
}

void imp_os_leave_plain(struct imp_os_numbers *numbers)
{
    if (numbers->plain == NULL)
        return;
    uselocale((locale_t)numbers->before);
    freelocale((locale_t)numbers->plain);
    numbers->plain = NULL;
}
