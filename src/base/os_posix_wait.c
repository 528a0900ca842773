/* SPDX-License-Identifier: MIT */
/* Waiting, on POSIX: for descriptors, and for other threads. */

#include "base/os.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* ---- Descriptors ----------------------------------------------------------------------------- */

int imp_os_await(int descriptor, bool writing, double seconds)
{
    struct pollfd wanted = {.fd = descriptor, .events = writing ? POLLOUT : POLLIN};
    const double milliseconds = ceil(seconds * 1e3);
    const int ready = poll(&wanted, 1, milliseconds < INT_MAX ? (int)milliseconds : INT_MAX);
    if (ready < 0)
        return errno == EINTR ? 0 : -1;
    return ready > 0;
}

/* A pipe that is ready takes so many bytes without waiting, whatever its descriptor is set to. */
ptrdiff_t imp_os_write_some(int descriptor, const void *bytes, size_t size)
{
    return write(descriptor, bytes, size < PIPE_BUF ? size : PIPE_BUF);
}

/* ---- Threads --------------------------------------------------------------------------------- */

struct imp_os_monitor {
    pthread_mutex_t mutex;
    pthread_cond_t woken;
    clockid_t clock; /* of waits */
};

/* Systems without a monotonic clock for this wait by the other. */
static bool prepare(struct imp_os_monitor *monitor)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0)
        return false;
    const bool monotonic = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0;
    const bool made = pthread_cond_init(&monitor->woken, &attributes) == 0;
    pthread_condattr_destroy(&attributes);
    monitor->clock = monotonic ? CLOCK_MONOTONIC : CLOCK_REALTIME;
    return made;
}

struct imp_os_monitor *imp_os_monitor_open(void)
{
    struct imp_os_monitor *monitor = calloc(1, sizeof(*monitor));
    if (monitor == NULL || pthread_mutex_init(&monitor->mutex, NULL) != 0) {
        free(monitor);
        return NULL;
    }
    if (prepare(monitor))
        return monitor;
    pthread_mutex_destroy(&monitor->mutex);
    free(monitor);
    return NULL;
}

void imp_os_monitor_close(struct imp_os_monitor **monitor)
{
    if (*monitor == NULL)
        return;
    pthread_cond_destroy(&(*monitor)->woken);
    pthread_mutex_destroy(&(*monitor)->mutex);
    free(*monitor);
    *monitor = NULL;
}

void imp_os_monitor_enter(struct imp_os_monitor *monitor)
{
    pthread_mutex_lock(&monitor->mutex);
}

void imp_os_monitor_leave(struct imp_os_monitor *monitor)
{
    pthread_mutex_unlock(&monitor->mutex);
}

void imp_os_monitor_wait(struct imp_os_monitor *monitor, double until)
{
    const double left = fmax(until - imp_os_seconds(), 0);
    struct timespec then;
    clock_gettime(monitor->clock, &then);
    const double nanoseconds = (double)then.tv_nsec + fmin(left, 1e6) * 1e9;
    then.tv_sec += (time_t)(nanoseconds / 1e9);
    then.tv_nsec = (long)fmod(nanoseconds, 1e9);
    (void)pthread_cond_timedwait(&monitor->woken, &monitor->mutex, &then);
}

void imp_os_monitor_wake(struct imp_os_monitor *monitor)
{
    pthread_cond_broadcast(&monitor->woken);
}
