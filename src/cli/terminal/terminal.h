/* SPDX-License-Identifier: MIT */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

/* What is told while the program runs: to people by lines, a bar and pictures (console.c), to other
 * programs by events (events.c). */

#include "cli/options/options.h"
#include "cli/terminal/screen.h"

/* What is known of a run that is about to begin. */
struct cli_run {
    const struct cli_settings *settings;
    const struct impasto_params *params;
    const struct impasto_device_info *device;
    const char *weights; /* where they came from */
    bool builtin;        /* they are the built-in ones */
    const struct impasto_job_info *job;
    const char *output;
    bool continues;        /* after another run of the same command */
    int number;            /* of the picture, with --interpolate; from 0 on */
    struct json_t *inputs; /* by cli_inputs_read */
};

/* ---- console.c ------------------------------------------------------------------------------- */

/* Lines, the progress bar and, with --show, the picture so far, on stderr. */
struct cli_console {
    impasto_log_fn log; /* cli_console_log */
    bool terminal;      /* stderr is one: the bar is redrawn in place */
    bool quiet, verbose;
    bool silent;       /* no progress, as where several jobs run at a time */
    double last_drawn; /* monotonic seconds */
    double first;      /* seconds that the first report took: kernels are compiled then */
    /* Of the job at hand: iterations times their pixels, all of them. */
    const struct impasto_plan_scale *scales;
    size_t scale_count;
    char words[256]; /* beside the bar; empty: neither is shown */
    double share;    /* of the work that is done */
    struct cli_block block;
    struct cli_show *show; /* NULL: no pictures */
    double asked, next;    /* monotonic seconds: when one was asked for, 0: not; when to ask next */
    double spent;          /* seconds, on all pictures */
    int pictures;
    struct cli_events *events; /* --progress; NULL: none */
    size_t picture; /* the one at hand of a batch or sequence, from 1 on; 0: there is only one */
    int preview;    /* longer side of pictures among the events; 0: there are none */
};

void cli_console_init(struct cli_console *console, const struct cli_common *common);
/* Gets ready for --show; nothing where stderr is no terminal. IMPASTO_ERROR_USAGE in a build that
 * cannot. */
enum impasto_status cli_console_open_show(struct cli_console *console, struct impasto_error *error);
/* An impasto_log_fn with the console as user. */
void cli_console_log(void *console, enum impasto_log_level level, const char *line);
/* Whose progress it will be, for the time left. The info must outlive it. */
void cli_console_begin(struct cli_console *console, const struct impasto_job_info *job);
void cli_console_progress(struct cli_console *console, const struct impasto_job_progress *progress);
/* Shows how far the work is, unless it was shown a moment ago. share: of the work, that is done.
 * edge: it has begun, or is at its end, and is shown in any case. */
void cli_console_line(struct cli_console *console, const char *words, double share, bool edge);
/* Whether it is time for a picture. They take a small share of the time, reading them included. */
bool cli_console_wants_picture(struct cli_console *console);
void cli_console_picture(struct cli_console *console, const struct impasto_image *image,
                         int iteration);
/* Leaves the bar and the picture standing. */
void cli_console_finish(struct cli_console *console);
void cli_console_close(struct cli_console *console);

/* ---- events.c -------------------------------------------------------------------------------- */

/* --progress json: how a run goes, for other programs. doc/formats.md says what the lines hold. */

struct cli_events; /* NULL: nobody has asked for them, and then what takes a console does nothing */

/*
 * Opens what --progress asks for, also where nothing else of the words could be read. other: what
 * is written to standard output besides; NULL: nothing. IMPASTO_ERROR_USAGE: the descriptor cannot
 * be written to, or that would come between.
 */
enum impasto_status cli_events_open(struct cli_common *common, const char *other,
                                    struct impasto_error *error);

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
void cli_events_end(struct cli_common *common, enum impasto_status status, int code,
                    const char *text);
/* The last line of a program that is about to end at once, also out of a signal handler. */
void cli_events_die(int code, const char *status, const char *text);

#endif
