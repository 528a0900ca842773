/* SPDX-License-Identifier: MIT */
#ifndef CLI_EVENTS_H
#define CLI_EVENTS_H

/* --progress json: how a run goes, for other programs. doc/formats.md says what the lines hold. */

#include "cli/cli.h"

struct cli_events; /* NULL: nobody has asked for them, and then what takes a console does nothing */

/*
 * Gives the settings their events where --progress is among them, also where nothing else of the
 * words could be read. IMPASTO_ERROR_USAGE: the descriptor cannot be written to, or what is said to
 * people would come between.
 */
enum impasto_status cli_events_open(struct cli_settings *settings, struct impasto_error *error);

/* What is about to be done. output: as given or derived; NULL: each picture has its own. */
void cli_events_start(struct cli_console *console, const struct cli_settings *settings,
                      const char *output, size_t pictures);
/* A part of the run begins. run: what is about to be painted, from the iteration `taken` on; NULL
 * in all other parts. */
void cli_events_phase(struct cli_console *console, const char *phase, const struct cli_run *run,
                      int taken);
/* share: of the work, that is done; left: seconds, NAN where nobody knows. */
void cli_events_iteration(struct cli_console *console, const struct impasto_job_progress *progress,
                          double share, double left);
void cli_events_preview(struct cli_console *console, const struct impasto_image *image,
                        int iteration);
void cli_events_log(struct cli_console *console, enum impasto_log_level level, const char *text);

/* A picture of a batch or sequence is done with. */
struct cli_events_picture {
    size_t number; /* from 1 on */
    const char *content, *output;
    const char *state;
    enum impasto_status status;
    const char *message; /* NULL: there is no more to say */
};
void cli_events_picture(struct cli_console *console, const struct cli_events_picture *picture);

/* The last line will tell that this was written. */
void cli_events_wrote(struct cli_console *console, const char *output);
/* The last line, for the whole program. code: its exit code; text: unless the status is OK. */
void cli_events_end(struct cli_settings *settings, enum impasto_status status, int code,
                    const char *text);
/* The last line of a program that is about to end at once, also out of a signal handler. */
void cli_events_die(int code, const char *status, const char *text);

#endif
