/* SPDX-License-Identifier: MIT */
/* Keeps whether somebody wants an end. Handlers of signals and a worker's other thread set it, and
 * long work asks for it. */

#include "cli/common/common.h"

#include <stdatomic.h>

static atomic_int stop_signal; /* without a lock, so that handlers may set it */

int cli_stop_signal(void)
{
    return atomic_load(&stop_signal);
}

void cli_stop_by(int number)
{
    atomic_store(&stop_signal, number);
}
