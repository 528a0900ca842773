/* SPDX-License-Identifier: MIT */
/* How the live filter goes, for people. */

#include "cli/common/json.h"
#include "cli/live/run.h"

#include <inttypes.h>
#include <stdio.h>

void cli_live_log(void *living, enum impasto_log_level level, const char *line)
{
    struct cli_living *l = living;
    imp_os_lock(&l->words);
    cli_console_log(&l->console, level, line);
    imp_os_unlock(&l->words);
}

/* Frames per second, since the first was shown. */
static double rate_of(const struct cli_living *l, const struct imp_live_counts *counts)
{
    const double seconds = l->clock.now(l->clock.user) - counts->first;
    return counts->shown > 1 && seconds > 0 ? (double)(counts->shown - 1) / seconds : 0;
}

/* For other programs, once for the frames since it was last called. */
static void report(struct cli_living *l, const struct imp_live_counts *counts)
{
    json_t *line = json_object();
    json_object_set_new(line, "taken", json_integer((json_int_t)counts->taken));
    json_object_set_new(line, "dropped", json_integer((json_int_t)counts->late));
    json_object_set_new(line, "latency", cli_json_number(counts->latency));
    json_object_set_new(line, "rate", cli_json_number(rate_of(l, counts)));
    json_object_set_new(line, "strength", cli_json_number((double)l->wish.params.strength));
    cli_events_frame(&l->console, counts->shown, line);
    l->reported = counts->shown;
}

/* "frame 120  24.9/s  12 dropped  latency 41 ms  strength 0.8" */
void cli_live_tell(struct cli_living *l, const struct imp_live_counts *counts)
{
    char line[200];
    if (counts->shown == 0)
        return;
    snprintf(line, sizeof(line),
             "frame %" PRId64 "  %.3g/s  %" PRId64 " dropped  latency %.0f ms  strength %.2g",
             counts->shown, rate_of(l, counts), counts->late, 1e3 * counts->latency,
             (double)l->wish.params.strength);
    imp_os_lock(&l->words);
    if (counts->shown > l->reported)
        report(l, counts);
    cli_console_line(&l->console, line, -1, false);
    imp_os_unlock(&l->words);
}

void cli_live_summarise(struct cli_living *l, const struct imp_live_counts *counts)
{
    char line[200];
    if (counts->shown == 0)
        return;
    snprintf(line, sizeof(line),
             "showed %" PRId64 " of %" PRId64 " frames, %.3g/s, latency %.0f ms, at most %.0f ms; "
             "%" PRId64 " dropped",
             counts->shown, counts->taken, rate_of(l, counts),
             1e3 * counts->latencies / (double)counts->shown, 1e3 * counts->latest, counts->late);
    if (counts->shown > l->reported)
        report(l, counts);
    cli_console_finish(&l->console);
    cli_console_log(&l->console, IMPASTO_LOG_INFO, line);
}
