/* SPDX-License-Identifier: MIT */
/* What a run leaves: pictures on the way, and its outputs at the end. These are rows of a table. */

#include "cli/paint/run.h"

#include <string.h>

static enum impasto_status save_picture(struct cli_painter *run, const struct impasto_image *image,
                                        struct impasto_error *error)
{
    const struct impasto_save_options options = cli_save_options(run->settings);
    const enum impasto_status status = cli_picture_save(image, run->output, &options, error);
    if (status == IMPASTO_OK && !run->batch)
        cli_events_wrote(&run->console, run->output);
    return status;
}

static enum impasto_status write_frame(struct cli_painter *run, const struct impasto_image *image,
                                       struct impasto_error *error)
{
    const struct impasto_job_info *info = impasto_job_info(run->job);
    return cli_timelapse_write(&run->timelapse, run->taken, info->width, info->height, image,
                               error);
}

/* The picture so far, with what it says of itself. */
static enum impasto_status take_picture(struct cli_painter *run, struct impasto_image **image,
                                        struct impasto_error *error)
{
    const enum impasto_status status = impasto_job_image(run->job, image, error);
    if (status != IMPASTO_OK)
        return status;
    (*image)->settings = cli_record(&run->about, run->taken);
    if ((*image)->settings)
        return IMPASTO_OK;
    impasto_image_free(image);
    return cli_fail_memory(error, "the settings");
}

enum impasto_status cli_painter_pass_on(struct cli_painter *run, struct impasto_error *error)
{
    const int every = run->settings->save_every;
    const bool save = every > 0 && run->taken > 0 && run->taken % every == 0;
    const bool frame = cli_timelapse_due(&run->timelapse, run->taken);
    const bool show = cli_console_wants_picture(&run->console);
    if (!save && !frame && !show)
        return IMPASTO_OK;
    struct impasto_image *image = NULL;
    enum impasto_status status = take_picture(run, &image, error);
    if (status == IMPASTO_OK && show)
        cli_console_picture(&run->console, image, run->taken);
    if (status == IMPASTO_OK && frame)
        status = write_frame(run, image, error);
    if (status == IMPASTO_OK && save) {
        char line[64];
        status = save_picture(run, image, error);
        snprintf(line, sizeof(line), "saved the picture of iteration %d", run->taken);
        if (status == IMPASTO_OK)
            cli_console_log(&run->console, IMPASTO_LOG_DEBUG, line);
    }
    impasto_image_free(&image);
    return status;
}

void cli_painter_keep(const struct cli_painter *run)
{
    char words[4096];
    const bool kept = cli_checkpoint_words(&run->checkpoint, run->output, words, sizeof(words));
    cli_watchdog_keep(run->watchdog, kept ? words : "");
}

void cli_painter_save(struct cli_painter *run)
{
    cli_watchdog_saving(run->watchdog, true);
    cli_checkpoint_save(&run->checkpoint, run->job, run->taken, &run->console);
    cli_watchdog_saving(run->watchdog, false);
    cli_painter_keep(run);
}

/* ---- The end --------------------------------------------------------------------------------- */

/* How a run ended, and what its outputs are made of. */
struct outcome {
    struct cli_painter *run;
    enum impasto_status status;  /* so far; run->error says why */
    bool sound;                  /* the picture is one to write */
    struct impasto_image *image; /* NULL: none */
    bool saved;                  /* it was written */
};

static enum impasto_status finish_picture(struct outcome *outcome, struct impasto_error *error)
{
    struct cli_painter *run = outcome->run;
    char line[1200];
    enum impasto_status status = IMPASTO_OK;
    if (outcome->sound) {
        status = take_picture(run, &outcome->image, error);
        if (status == IMPASTO_OK) {
            status = save_picture(run, outcome->image, error);
            cli_console_picture(&run->console, outcome->image, run->taken);
        }
    }
    outcome->saved = outcome->sound && status == IMPASTO_OK;
    cli_console_finish(&run->console);
    if (outcome->saved && outcome->status == IMPASTO_OK) {
        const struct impasto_job_info *info = impasto_job_info(run->job);
        snprintf(line, sizeof(line), "wrote %s (%dx%d, %d iterations, %.1f s)",
                 cli_name_of_output(run->output), info->width, info->height, run->taken,
                 run->last.head.seconds);
        cli_console_log(&run->console, IMPASTO_LOG_INFO, line);
    } else if (outcome->saved) {
        snprintf(line, sizeof(line), "%s: the picture so far was written to %s",
                 outcome->status == IMPASTO_ERROR_INTERRUPTED ? "interrupted" : "stopped",
                 cli_name_of_output(run->output));
        cli_console_log(&run->console, IMPASTO_LOG_WARNING, line);
    }
    return status;
}

static enum impasto_status finish_frames(struct outcome *outcome, struct impasto_error *error)
{
    struct cli_painter *run = outcome->run;
    char line[1200];
    const enum impasto_status status = write_frame(run, outcome->image, error);
    snprintf(line, sizeof(line), "wrote %d frames to %s", run->timelapse.frames,
             run->timelapse.folder ? run->timelapse.folder : "");
    if (status == IMPASTO_OK && run->timelapse.folder)
        cli_console_log(&run->console, IMPASTO_LOG_INFO, line);
    return status;
}

/* Messages about files have paths in them, which a report does not tell. */
static enum impasto_status finish_report(struct outcome *outcome, struct impasto_error *error)
{
    struct cli_painter *run = outcome->run;
    enum impasto_status status = outcome->status;
    char line[1200];
    cli_name_options(run->error->message);
    const char *why = status == IMPASTO_ERROR_NUMERIC  ? run->error->message
                      : status == IMPASTO_ERROR_OUTPUT ? "A file could not be written."
                      : status == IMPASTO_ERROR_MEMORY ? "The next size needs more memory."
                      : status == IMPASTO_ERROR_WEIGHTS
                          ? "The features of the next size are not finite."
                          : NULL;
    status =
        cli_report_write(run->report, &run->about, outcome->image, run->taken, status, why, error);
    snprintf(line, sizeof(line), "wrote %s", run->report ? run->settings->report : "");
    if (status == IMPASTO_OK && run->report)
        cli_console_log(&run->console, IMPASTO_LOG_INFO, line);
    return status;
}

static enum impasto_status finish_trace(struct outcome *outcome, struct impasto_error *error)
{
    struct cli_painter *run = outcome->run;
    return cli_trace_close(&run->trace, outcome->status, run->taken, run->last.head.seconds,
                           outcome->saved ? run->output : NULL, error);
}

/* There has been a warning of a checkpoint that could not be written. */
static enum impasto_status finish_checkpoint(struct outcome *outcome, struct impasto_error *error)
{
    struct cli_painter *run = outcome->run;
    if (outcome->status != IMPASTO_OK)
        return IMPASTO_OK;
    *error = run->checkpoint.error;
    return run->checkpoint.status;
}

static const struct {
    enum impasto_status (*finish)(struct outcome *outcome, struct impasto_error *error);
    bool of_picture;  /* there is none without a picture */
    bool interrupted; /* fails an interrupted run too, whose other end it would have been */
} outputs[] = {
    {finish_picture, false, true}, {finish_frames, true, false},      {finish_report, true, false},
    {finish_trace, false, false},  {finish_checkpoint, false, false},
};

/* If nothing else has failed, an output that fails makes the run fail. Otherwise it is a warning.
 * The warning is left out if the run's own error says the same, such as of a full disk. */
static void add_failure(struct outcome *outcome, bool replaces, enum impasto_status failed,
                        const struct impasto_error *why)
{
    struct cli_painter *run = outcome->run;
    if (failed == IMPASTO_OK)
        return;
    if (replaces) {
        outcome->status = failed;
        *run->error = *why;
    } else if (strcmp(why->message, run->error->message) != 0) {
        cli_console_log(&run->console, IMPASTO_LOG_WARNING, why->message);
    }
}

/* Whether the picture so far is worth keeping. It is if the run was stopped, its numbers went
 * wrong, or a larger size needs more memory than there is. In that last case it is the smaller
 * size's. After a failed device it may be anything. If a lost device could not be opened again,
 * there is no job, and no picture. */
static bool has_stopped(const struct cli_painter *run, enum impasto_status status)
{
    const bool next = run->taken > run->begun &&
                      (status == IMPASTO_ERROR_MEMORY || status == IMPASTO_ERROR_WEIGHTS);
    return run->job && (status == IMPASTO_ERROR_INTERRUPTED || status == IMPASTO_ERROR_NUMERIC ||
                        status == IMPASTO_ERROR_OUTPUT || next);
}

enum impasto_status cli_painter_conclude(struct cli_painter *run, enum impasto_status status)
{
    struct outcome outcome = {.run = run};
    if (run->callback_status != IMPASTO_OK) {
        status = run->callback_status;
        *run->error = run->callback_error;
    }
    const bool stopped = has_stopped(run, status);
    /* In a batch, a picture that is there is a finished one. */
    outcome.sound = status == IMPASTO_OK || (stopped && !run->batch);
    outcome.status = status;
    if (stopped)
        cli_painter_save(run);
    cli_events_phase(&run->console, "saving", NULL, 0);
    for (size_t i = 0; i < sizeof(outputs) / sizeof(*outputs); i++) {
        struct impasto_error why = {0};
        if (outputs[i].of_picture && !outcome.image)
            continue;
        const bool replaces =
            outcome.status == IMPASTO_OK ||
            (outputs[i].interrupted && outcome.status == IMPASTO_ERROR_INTERRUPTED);
        const enum impasto_status failed = outputs[i].finish(&outcome, &why);
        add_failure(&outcome, replaces, failed, &why);
    }
    if (outcome.status != IMPASTO_OK)
        cli_checkpoint_tell(&run->checkpoint, run->output, &run->console);
    impasto_image_free(&outcome.image);
    return outcome.status;
}
