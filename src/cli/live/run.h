/* SPDX-License-Identifier: MIT */
#ifndef CLI_LIVE_RUN_H
#define CLI_LIVE_RUN_H

/* Inside the live filter: from a camera to a window, a pipe or a virtual camera. */

#include "base/os.h"
#include "cli/apply/apply.h"
#include "cli/guard/guard.h"
#include "cli/live/live.h"
#include "live/pipeline.h"

struct cli_live_options {
    const char *camera;
    const char *output;  /* NULL: a window */
    const char *mix;     /* NULL: the first style */
    const char *size;    /* "WxH"; NULL: what suits the camera */
    const char *pixels;  /* NULL: likewise */
    const char *control; /* NULL: there is none */
    float strength, steady, smooth;
    int colour; /* enum impasto_colour */
    int rate;   /* 0: what suits the camera */
    bool wait;
};

/* What is to be painted from the next frame on. The painter's thread takes it, the other changes
 * it. */
struct cli_wish {
    struct imp_os_mutex lock;
    bool changed;
    struct impasto_apply_params params;
    struct cli_mix mix; /* which params.mix points to */
    size_t style;       /* the one that keys have chosen, or that the model was named by */
};

/* Lines of commands from a pipe. */
struct cli_control {
    int descriptor; /* -1: there is none */
    char line[1024];
    size_t length;
    bool passing; /* over the rest of a line that is too long */
};

struct cli_living {
    const struct cli_live_options *options;
    struct cli_settings *settings;
    struct impasto_error *error;
    struct cli_console console;
    struct imp_os_mutex words; /* one thread at a time tells something */
    struct cli_watchdog *watchdog;
    struct impasto_model *model;
    struct impasto_device *device;
    struct impasto_applier *applier;
    struct cli_wish wish;
    struct cli_control control;
    struct imp_live_options stream;
    struct imp_live_source *source;
    struct imp_live_sink *sink;
    struct imp_live_clock clock;
    bool left;        /* a key or a line asks for an end */
    int64_t reported; /* frames that --progress has told of */
};

enum impasto_status cli_live_run(const struct cli_call *call, struct impasto_error *error);

/* ---- wish.c ---------------------------------------------------------------------------------- */

/* Sets the wish by the options. style: the one that the model was named by; -1: none. */
enum impasto_status cli_wish_begin(struct cli_living *living, int style);
/* Obeys a line, "strength 0.5". If it cannot be obeyed, that is told, and nothing changes. */
void cli_wish_line(struct cli_living *living, const char *line);
/* A key of the window was pressed: a character. */
void cli_wish_key(struct cli_living *living, int key);
/* In the painter's thread: gives the applier what has changed. */
enum impasto_status cli_wish_grant(struct cli_living *living, struct impasto_error *error);

/* ---- control.c ------------------------------------------------------------------------------- */

enum impasto_status cli_control_open(struct cli_living *living);
/* Obeys the lines that have come, without waiting for any. */
void cli_control_look(struct cli_living *living);
void cli_control_close(struct cli_control *control);

/* ---- tell.c ---------------------------------------------------------------------------------- */

/* A line from any thread. An impasto_log_fn; the living is its user. */
void cli_live_log(void *living, enum impasto_log_level level, const char *line);
/* Tells how it goes, now and then. */
void cli_live_tell(struct cli_living *living, const struct imp_live_counts *counts);
/* Tells how it went. */
void cli_live_summarise(struct cli_living *living, const struct imp_live_counts *counts);

#endif
