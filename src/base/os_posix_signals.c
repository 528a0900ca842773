/* SPDX-License-Identifier: MIT */
/*
 * Drivers with a compiler inside install its signal handlers. These end the process with half a
 * picture done. So the program's own handlers are restored after each call that may replace them.
 */

#include "base/os.h"

#include <pthread.h>
#include <signal.h>

static const struct {
    int number;
    bool crash; /* drivers may need theirs: what is put back is a handler, never its absence */
} saved_signals[] = {
    {SIGINT, false},  {SIGTERM, false}, {SIGHUP, false},  {SIGPIPE, false},
    {SIGUSR1, false}, {SIGUSR2, false}, {SIGXFSZ, false}, {SIGABRT, true},
    {SIGSEGV, true},  {SIGBUS, true},   {SIGILL, true},
};

#define COUNT (sizeof(saved_signals) / sizeof(*saved_signals))

/* Handlers belong to the process, and several threads may be in drivers at a time. So a second
 * thread may find what the first one's driver has installed. */
static struct {
    pthread_mutex_t lock;
    int inside; /* calls under way */
    struct sigaction actions[COUNT];
    bool saved[COUNT];
} handlers = {.lock = PTHREAD_MUTEX_INITIALIZER};

void imp_os_save_handlers(void)
{
    pthread_mutex_lock(&handlers.lock);
    for (size_t i = 0; handlers.inside == 0 && i < COUNT; i++)
        handlers.saved[i] = sigaction(saved_signals[i].number, NULL, &handlers.actions[i]) == 0;
    handlers.inside++;
    pthread_mutex_unlock(&handlers.lock);
}

void imp_os_restore_handlers(void)
{
    pthread_mutex_lock(&handlers.lock);
    handlers.inside--;
    for (size_t i = 0; handlers.inside == 0 && i < COUNT; i++) {
        const struct sigaction *action = &handlers.actions[i];
        const bool none = (action->sa_flags & SA_SIGINFO) == 0 && action->sa_handler == SIG_DFL;
        if (handlers.saved[i] && !(saved_signals[i].crash && none))
            (void)sigaction(saved_signals[i].number, action, NULL);
    }
    pthread_mutex_unlock(&handlers.lock);
}
