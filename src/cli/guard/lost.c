/* SPDX-License-Identifier: MIT */
/* What is told when a run has lost its device, before it is opened again. */

#include "base/os.h"
#include "cli/guard/guard.h"

/* For the driver to come to itself. */
#define PAUSE_SECONDS 1

void cli_lost_device(struct cli_console *console, const char *why, const char *unit, int from,
                     int time)
{
    char line[1400];
    snprintf(line, sizeof(line), "%s; opening it again and going on from %s %d (try %d of %d)", why,
             unit, from, time, CLI_RECOVERIES_MOST);
    cli_console_log(console, IMPASTO_LOG_WARNING, line);
    imp_os_sleep(PAUSE_SECONDS);
}
