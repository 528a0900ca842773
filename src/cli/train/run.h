/* SPDX-License-Identifier: MIT */
#ifndef CLI_TRAIN_RUN_H
#define CLI_TRAIN_RUN_H

/* A training as the program runs it: what it was told, what it is made of, and what it writes. */

#include "cli/guard/guard.h"
#include "cli/report/report.h"
#include "cli/terminal/terminal.h"
#include "cli/train/train.h"

struct json_t;

/* ---- rows.c ---------------------------------------------------------------------------------- */

#define CLI_TRAIN_SETTINGS 32

/* What the command is told besides what it shares with painting. */
struct cli_train_options {
    const char *output; /* NULL: <first style>.model */
    const char *photos, *base, *add, *resume, *show;
    bool half;
    const char *given[CLI_TRAIN_SETTINGS]; /* texts of the library's settings; NULL: not given */
};
extern const struct cli_option *const cli_train_rows[];
/* Writes the settings that were given over those in params. */
enum impasto_status cli_train_override(const struct cli_train_options *options,
                                       struct impasto_train_params *params,
                                       struct impasto_error *error);
/* Settings as they were given, for other ranks: "=" and the text; "": not given. */
struct cli_train_given {
    char text[CLI_TRAIN_SETTINGS][32];
};
void cli_train_list_given(const struct cli_train_options *options, struct cli_train_given *given);
/* Of a rank that is not the first: IMPASTO_ERROR_USAGE where that was given others. */
enum impasto_status cli_train_compare_given(const struct cli_train_options *options,
                                            const struct cli_train_given *first,
                                            struct impasto_error *error);
/* Refuses settings that were given and would have no effect. base: what is begun from; NULL:
 * nothing. found: by itself, where none was named. */
enum impasto_status cli_train_check_idle(const struct cli_train_options *options,
                                         const struct impasto_train_params *params,
                                         const char *base, bool found, struct impasto_error *error);

/* ---- run.c ----------------------------------------------------------------------------------- */

struct cli_trainer {
    struct cli_settings *settings;
    const struct cli_train_options *options;
    struct cli_console console;
    struct cli_watchdog *watchdog;
    struct impasto_device *device;
    struct impasto_weights *weights;
    const char *weights_path; /* as given; NULL: the first that are found */
    int convention;           /* enum impasto_convention */
    bool half;                /* the model is stored so */
    /* The task, and what it points to. */
    struct impasto_train_task task;
    struct impasto_train_style styles[CLI_LIST_MOST];
    struct impasto_image *images[CLI_LIST_MOST];
    char *names[CLI_LIST_MOST];
    const char *words[CLI_LIST_MOST]; /* as given: FILE, NAME=FILE or the name of a drawn style */
    const char *paths[CLI_LIST_MOST]; /* in the words: the files */
    uint64_t max_pixels;              /* of pictures that are read; 0: the usual limit */
    char *inputs;                     /* what the model says of them */
    char *base;                       /* where it was found */
    struct impasto_image *shown;      /* the picture of --show */
    struct impasto_train_params params;
    struct impasto_train_checkpoint *from; /* --resume; NULL: none */
    struct json_t *note;                   /* what that says of the run */
    struct impasto_train *train;
    char *output;
    const char *checkpoint; /* NULL: none is saved */
    int saved;              /* step of the one that is in the file; -1: none */
    double saved_at;        /* monotonic seconds */
    FILE *trace;            /* NULL: none */
    struct cli_report *report;
    char *weights_source; /* outlives the weights */
    struct impasto_train_progress last;
    double first;    /* seconds that the first step took: kernels are compiled then */
    uint64_t learnt; /* crops that it had */
    int begun;       /* steps that were taken before the training was opened */
    int recoveries;  /* from a lost device */
    struct impasto_error *error;
    /* Why the callback has stopped it. The library says only that it did. */
    enum impasto_status callback_status;
    struct impasto_error callback_error;
};

enum impasto_status cli_train_run(const struct cli_call *call, struct impasto_error *error);

/* ---- open.c ---------------------------------------------------------------------------------- */

enum impasto_status cli_train_open_weights(struct cli_trainer *run);
/* Opens the training, at its checkpoint if there is one, on the open device. Closes the weights. */
enum impasto_status cli_train_open(struct cli_trainer *run);

/* ---- recover.c ------------------------------------------------------------------------------- */

/* Whether a training that ended with `status` has lost its device, and may open it again. */
bool cli_train_may_recover(const struct cli_trainer *run, enum impasto_status status);
/* Opens device and training again, at the last checkpoint or the beginning. If that fails, there is
 * no training, but the run can be concluded. */
enum impasto_status cli_train_recover(struct cli_trainer *run);

/* ---- tell.c ---------------------------------------------------------------------------------- */

/* Megapixels of crops that the steps after `from`, up to `to`, learn from, of so many steps: a
 * training's time goes by them. */
double cli_train_work(const struct impasto_train_params *params, int steps, int from, int to);
/* What to expect of it. */
void cli_train_tell_beginning(struct cli_trainer *run);
/* The line of a step, beside the bar. */
void cli_train_tell(struct cli_trainer *run, const struct impasto_train_progress *progress);

/* ---- show.c ---------------------------------------------------------------------------------- */

/* --show's picture as the network paints it by now, in the first of the new styles. */
enum impasto_status cli_train_paint_shown(struct cli_trainer *run, struct impasto_image **painting,
                                          struct impasto_error *why);
/* Shows that where it is time for it. */
void cli_train_show(struct cli_trainer *run);
/* For other programs: as it is at the end. */
void cli_train_show_last(struct cli_trainer *run);

/* ---- report.c -------------------------------------------------------------------------------- */

/* Keeps the pictures for --report. The weights are open. */
enum impasto_status cli_train_report_open(struct cli_trainer *run);
/* Takes the step that was last reported. */
void cli_train_report_step(struct cli_trainer *run);
/* Writes the page. ended: how the training did. */
enum impasto_status cli_train_report_write(struct cli_trainer *run, enum impasto_status ended,
                                           struct impasto_error *error);

/* ---- plan.c ---------------------------------------------------------------------------------- */

/* Prints what --plan says, and tells it to other programs. */
void cli_train_print_plan(struct cli_trainer *run);
/* The memory that it takes at the most, in bytes by purpose. */
struct json_t *cli_train_memory(const struct impasto_train_info *info);

/* ---- outcome.c ------------------------------------------------------------------------------- */

/* Ends a training: of one that has stopped, writes what there is to write. status: how its steps
 * and its model ended. Returns how the run ended in all. */
enum impasto_status cli_train_conclude(struct cli_trainer *run, enum impasto_status status);

/* ---- inputs.c -------------------------------------------------------------------------------- */

/* From the words, or the checkpoint's note: pictures, names, base. Nothing is computed yet. */
enum impasto_status cli_train_inputs(struct cli_trainer *run, const struct cli_call *call);
void cli_train_inputs_free(struct cli_trainer *run);

/* ---- record.c -------------------------------------------------------------------------------- */

/* Fills run->inputs: the files by name and hash. The weights are open. */
enum impasto_status cli_train_describe_inputs(struct cli_trainer *run);

/* ---- outputs.c ------------------------------------------------------------------------------- */

/* Refuses, before the work, what could not be written at its end, and what would be written over
 * something that is read. The weights are open. */
enum impasto_status cli_train_check_outputs(struct cli_trainer *run);

/* ---- keep.c ---------------------------------------------------------------------------------- */

/* Opens --resume's file. */
enum impasto_status cli_train_resume(struct cli_trainer *run);
/* Before the work: an unfinished training is not replaced. */
enum impasto_status cli_train_check_checkpoint(struct cli_trainer *run);
/* Saves one where that is due, or `now`. A failure is a warning. */
void cli_train_save(struct cli_trainer *run, bool now);
/* How to go on; false: there is nothing to go on from. */
bool cli_train_hint(const struct cli_trainer *run, char *line, size_t size);

/* ---- trace.c --------------------------------------------------------------------------------- */

enum impasto_status cli_train_trace_open(struct cli_trainer *run);
enum impasto_status cli_train_trace_step(struct cli_trainer *run,
                                         const struct impasto_train_progress *progress,
                                         struct impasto_error *error);
enum impasto_status cli_train_trace_close(struct cli_trainer *run, enum impasto_status status,
                                          struct impasto_error *error);

#endif
