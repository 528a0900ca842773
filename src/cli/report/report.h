/* SPDX-License-Identifier: MIT */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

/* Tells of a run: --report as a page, --plan and --profile as tables. */

#include "cli/terminal/terminal.h"

/* ---- report.c -------------------------------------------------------------------------------- */

struct cli_report; /* NULL: none was asked for, and the functions below do nothing */

enum impasto_status cli_report_open(struct cli_report **report, const char *path,
                                    struct impasto_error *error);
/* Keeps a small copy of a picture. role: "content" or "style", a static string. There may be
 * several styles. path: the page tells it without its folders. It must outlive the report. */
enum impasto_status cli_report_picture(struct cli_report *report, const char *role,
                                       const char *path, const struct impasto_image *image,
                                       struct impasto_error *error);
void cli_report_progress(struct cli_report *report, const struct impasto_params *params,
                         const struct impasto_job_progress *progress);
/* Writes the page, once. taken: iterations that the result has behind it. ended: how the run ended.
 * why: the same in words, unless it is IMPASTO_OK. */
enum impasto_status cli_report_write(struct cli_report *report, const struct cli_run *run,
                                     const struct impasto_image *result, int taken,
                                     enum impasto_status ended, const char *why,
                                     struct impasto_error *error);
void cli_report_close(struct cli_report **report);

/* What a report says of a training. */
struct cli_training {
    const struct impasto_train_info *info;
    const struct impasto_train_params *params;
    const struct cli_option *const *rows; /* with its settings */
    const struct impasto_device_info *device;
    const char *weights; /* where they came from */
    const char *output;  /* the model */
};
/* The same of a training, in place of cli_report_progress and cli_report_write. painting: the
 * content picture as the network paints it. NULL: there is none. */
void cli_report_step(struct cli_report *report, const struct cli_training *training,
                     const struct impasto_train_progress *progress);
enum impasto_status cli_report_training(struct cli_report *report,
                                        const struct cli_training *training,
                                        const struct impasto_image *painting,
                                        enum impasto_status ended, const char *why,
                                        struct impasto_error *error);

/* ---- film.c ---------------------------------------------------------------------------------- */

struct cli_film_report; /* NULL: none was asked for, and the functions below do nothing */

/* What a report says of a film. */
struct cli_film {
    const char *input, *output;
    const struct impasto_clip_info *info;
    const struct impasto_device_info *device;
    const char *weights;  /* where they came from: those of the paintings, or the network */
    const char *settings; /* what decides the frames: lines of a name and a value */
    int64_t frames;       /* that the film has */
    int64_t painted;      /* of these, in this run, */
    double seconds;       /* which took so long */
};

enum impasto_status cli_film_report_open(struct cli_film_report **report, const char *path,
                                         struct impasto_error *error);
/* Takes the figures of a frame, and now and then a picture. number: from 1 on. frame: of bytes or
 * shorts. when: seconds from the film's beginning on. */
enum impasto_status cli_film_report_frame(struct cli_film_report *report,
                                          const struct impasto_clip_info *info, int64_t number,
                                          const struct impasto_frame *frame, double when,
                                          struct impasto_error *error);
/* Writes the page, as cli_report_write does. */
enum impasto_status cli_film_report_write(struct cli_film_report *report,
                                          const struct cli_film *film, enum impasto_status ended,
                                          const char *why, struct impasto_error *error);
void cli_film_report_close(struct cli_film_report **report);
/* A frame of bytes or shorts as a picture. */
enum impasto_status cli_film_picture(const struct impasto_frame *frame,
                                     struct impasto_image **picture, struct impasto_error *error);

/* ---- plan.c ---------------------------------------------------------------------------------- */

/* Prints memory by purpose, and all of it, on stdout. */
void cli_print_memory(const struct impasto_plan_row *rows, size_t count, uint64_t bytes);
/* Prints the plan on stdout. */
void cli_print_plan(const struct impasto_job_info *info);
/* Writes how one block comes by its activations: kept or computed twice. Returns `text`. */
const char *cli_stage_words(const struct impasto_plan_stage *stage, char *text, size_t size);
/* Prints the profile on stderr. */
void cli_print_profile(const struct impasto_job_info *info);

#endif
