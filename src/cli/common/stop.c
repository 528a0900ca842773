/* SPDX-License-Identifier: MIT */
/* Keeps whether somebody wants an end. Handlers of signals set it, and long work asks for it. */

#include "cli/common/common.h"

#include <signal.h>

static volatile sig_atomic_t stop_signal;

int cli_stop_signal(void)
{
    return (int)stop_signal;
}

void cli_stop_by(int number)
{
    stop_signal = number;
}
