/* SPDX-License-Identifier: MIT */
/*
 * Drivers with a compiler inside install its signal handlers, which end the process with half a
 * picture done. The program's own are put back after each call that may do so.
 */

#include "device/opencl.h"

static const struct {
    int number;
    bool crash; /* drivers may need theirs: what is put back is a handler, never its absence */
} signals_kept[IMP_SIGNALS] = {
    {SIGINT, false},  {SIGTERM, false}, {SIGHUP, false}, {SIGPIPE, false}, {SIGUSR1, false},
    {SIGUSR2, false}, {SIGABRT, true},  {SIGSEGV, true}, {SIGBUS, true},   {SIGILL, true},
};

void imp_signals_save(struct imp_signals *signals)
{
    for (int i = 0; i < IMP_SIGNALS; i++)
        signals->saved[i] = sigaction(signals_kept[i].number, NULL, &signals->actions[i]) == 0;
}

void imp_signals_restore(const struct imp_signals *signals)
{
    for (int i = 0; i < IMP_SIGNALS; i++) {
        const struct sigaction *action = &signals->actions[i];
        const bool none = (action->sa_flags & SA_SIGINFO) == 0 && action->sa_handler == SIG_DFL;
        if (signals->saved[i] && !(signals_kept[i].crash && none))
            (void)sigaction(signals_kept[i].number, action, NULL);
    }
}
