/* SPDX-License-Identifier: MIT */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

/* Tells how the program gets on. console.c tells people, by lines, a bar and pictures. events.c
 * tells other programs, by lines of JSON. */

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
    struct json_t *inputs; /* by cli_inputs_begin */
};

/* ---- console.c ------------------------------------------------------------------------------- */

/* Lines, the progress bar and, with --show, the picture so far, on stderr. Any thread may log to a
 * console, or to another one; all else is for one thread. */
struct cli_console {
    impasto_log_fn log; /* cli_console_log */
    bool terminal;      /* stderr is one: the bar is redrawn in place */
    bool quiet, verbose;
    int rank;          /* of a process that another leads, before its lines; 0: it is none */
    bool silent;       /* no progress, as when several jobs run at a time */
    double last_drawn; /* monotonic seconds */
    double first;      /* seconds that the first report took: kernels are compiled then */
    /* Of the job at hand. Iterations times pixels are its work. */
    const struct impasto_plan_scale *scales;
    size_t scale_count;
    char words[256];       /* beside the bar; empty: neither is shown */
    double share;          /* of the work that is done */
    struct cli_show *show; /* NULL: no pictures */
    double asked;          /* monotonic seconds: when one was asked for; 0: none was */
    double next;           /* monotonic seconds: when to ask for the next one */
    double spent;          /* seconds that all pictures took */
    int pictures;
    struct cli_events *events; /* --progress; NULL: none */
    size_t picture; /* which one of a batch or sequence, from 1 on; 0: there is only one */
    int preview;    /* longer side of pictures among the events; 0: there are none */
};

void cli_console_init(struct cli_console *console, const struct cli_common *common);
/* Gets ready for --show, if stderr is a terminal. IMPASTO_ERROR_USAGE: pictures were not compiled
 * in.
 */
enum impasto_status cli_console_open_show(struct cli_console *console, struct impasto_error *error);
/* Writes a line. It is an impasto_log_fn, and the console is its `user`. */
void cli_console_log(void *console, enum impasto_log_level level, const char *line);
/* Tells of the job whose progress will be shown, for the time left. `job` must outlive the
 * console's use of it. */
void cli_console_begin(struct cli_console *console, const struct impasto_job_info *job);
void cli_console_progress(struct cli_console *console, const struct impasto_job_progress *progress);
/* Shows how far the work is, unless it was shown a moment ago. share: the part of the work that is
 * done; below 0: there is no end to come, and no bar. edge: the work begins or ends, and is shown
 * in any case. */
void cli_console_line(struct cli_console *console, const char *words, double share, bool edge);
/* Whether it is time for a picture. All pictures, with reading them, may take a small share of the
 * time. */
bool cli_console_wants_picture(struct cli_console *console);
void cli_console_picture(struct cli_console *console, const struct impasto_image *image,
                         int iteration);
/* Leaves the bar and the picture standing. */
void cli_console_finish(struct cli_console *console);
void cli_console_close(struct cli_console *console);

/* ---- events.c -------------------------------------------------------------------------------- */

/* --progress json: how a run goes, for other programs. doc/formats.md says what the lines hold. */

struct cli_events; /* NULL in a console: nobody has asked for them, and its functions do nothing */

/*
 * Opens what --progress asks for, even if the other words could not be read. other: what else goes
 * to standard output. NULL: nothing.
 *
 * IMPASTO_ERROR_USAGE: the descriptor cannot be written to, or `other` would come between the
 * lines.
 */
enum impasto_status cli_events_open(struct cli_common *common, const char *other,
                                    struct impasto_error *error);

/* Tells what is about to be done. output: as given or derived. NULL: each picture has its own. */
void cli_events_start(struct cli_console *console, const struct cli_settings *settings,
                      const char *output, size_t pictures);
/* Tells that a part of the run begins. run: what will be painted, from the iteration `taken` on.
 * NULL in all parts but painting. */
void cli_events_phase(struct cli_console *console, const char *phase, const struct cli_run *run,
                      int taken);
/* Tells that a part of the run begins, on that device. */
void cli_events_phase_on(struct cli_console *console, const char *phase, const char *device);
/* Tells the plan of a painting, for --plan. */
void cli_events_plan(struct cli_console *console, const struct impasto_device_info *device,
                     const struct impasto_job_info *job);
/* Of a film or a training. line: an object that says what there is to say; it is taken. */
void cli_events_plan_of(struct cli_console *console, struct json_t *line);
/* share: the part of the work that is done. left: seconds. NAN: nobody knows. */
void cli_events_iteration(struct cli_console *console, const struct impasto_job_progress *progress,
                          double share, double left);
/* Tells of a frame of a film. line: an object that says what else there is to say; it is taken. */
void cli_events_frame(struct cli_console *console, int64_t number, struct json_t *line);
/* Of a step of a training. Likewise. */
void cli_events_step(struct cli_console *console, int number, struct json_t *line);
void cli_events_preview(struct cli_console *console, const struct impasto_image *image,
                        int iteration);
void cli_events_log(struct cli_console *console, enum impasto_log_level level, const char *text);

/* A picture of a batch or sequence with which the program is done. */
struct cli_events_picture {
    size_t number; /* from 1 on */
    const char *content, *output;
    const char *state;
    enum impasto_status status;
    const char *message; /* NULL: there is no more to say */
};
void cli_events_picture(struct cli_console *console, const struct cli_events_picture *picture);

/* Notes that this was written. The last line tells it. */
void cli_events_wrote(struct cli_console *console, const char *output);
/* Writes the last line, for the whole program. code: its exit code. text: the error, unless the
 * status is IMPASTO_OK. */
void cli_events_end(struct cli_common *common, enum impasto_status status, int code,
                    const char *text);
/* Of a worker, in whose lines `job` says which one they are about. The text must last until the
 * job's end. Its previews are JPEGs. */
void cli_events_begin_job(struct cli_events *events, const char *job);
/* Writes its last line, as cli_events_end does for the program. */
void cli_events_end_job(struct cli_events *events, enum impasto_status status, int code,
                        const char *text);
/* Writes an event of the worker's own, and takes it over. false: nobody reads any more. */
bool cli_events_send(struct cli_events *events, struct json_t *line);
/* Writes the last line of a program that ends at once. Handlers of signals may call it. */
void cli_events_die(int code, const char *status, const char *text);

#endif
