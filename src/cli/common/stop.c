/* SPDX-License-Identifier: MIT */
/* Whether somebody wants an end: asked by all who work for long, told by those who catch signals.
 */

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
