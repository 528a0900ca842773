/* SPDX-License-Identifier: MIT */
/*
 * Drivers with a compiler inside install its signal handlers, which end the process with half a
 * picture done. The program's own are put back after each call that may do so, those for crashes
 * as well.
 */

#include "device/opencl.h"

static const int numbers[IMP_SIGNALS] = {SIGINT, SIGTERM, SIGHUP,  SIGPIPE, SIGUSR1,
                                           SIGUSR2, SIGABRT, SIGSEGV, SIGBUS, SIGILL};

void imp_signals_save(struct imp_signals *signals)
{
    for (int i = 0; i < IMP_SIGNALS; i++)
        signals->saved[i] = sigaction(numbers[i], NULL, &signals->actions[i]) == 0;
}

void imp_signals_restore(const struct imp_signals *signals)
{
    for (int i = 0; i < IMP_SIGNALS; i++)
        if (signals->saved[i])
            (void)sigaction(numbers[i], &signals->actions[i], NULL);
}
