/* SPDX-License-Identifier: MIT */
/*
 * --checkpoint and --resume: when the job is saved, what is told about it, and which options do not
 * go with it. The library's note in the file has the record of the run (see record.c).
 */

#include "base/os.h"
#include "cli/paint/run.h"

#include <stdlib.h>
#include <string.h>

/* What a run that dies may lose. Saving one of 512 pixels takes about a tenth of a second. */
#define USUAL_SECONDS 60

/* ---- Before the work ------------------------------------------------------------------------- */

/* A run's own checkpoint may be replaced once the run is finished; else somebody may want it. */
static enum impasto_status check_old(const char *path, struct impasto_error *error)
{
    struct impasto_checkpoint *checkpoint = NULL;
    struct impasto_error why = {0};
    if (!imp_os_is_there(path))
        return IMPASTO_OK;
    const enum impasto_status status = impasto_checkpoint_open(path, &checkpoint, &why);
    if (status == IMPASTO_ERROR_INPUT)
        return cli_fail(error, IMPASTO_ERROR_OUTPUT,
                        "%s; it is not replaced by --checkpoint: name another file, or remove it",
                        why.message);
    if (status != IMPASTO_OK)
        return cli_fail(error, status, "%s", why.message);
    const struct impasto_checkpoint_info *info = impasto_checkpoint_info(checkpoint);
    const int taken = info->iteration, all = info->iterations;
    impasto_checkpoint_close(&checkpoint);
    if (taken >= all)
        return IMPASTO_OK;
    return cli_fail(error, IMPASTO_ERROR_OUTPUT,
                    "%s: has a run that is not finished (%d of %d iterations): go on with it by "
                    "--resume, name another file for --checkpoint, or remove it",
                    path, taken, all);
}

enum impasto_status cli_checkpoint_check(struct cli_settings *s, struct impasto_error *error)
{
    const char *name = s->resume ? "resume" : "checkpoint";
    if (!s->resume && !s->checkpoint)
        return s->every.iterations > 0 || s->every.seconds > 0
                   ? cli_fail(error, IMPASTO_ERROR_USAGE,
                              "--every goes with --checkpoint, which names the file")
                   : IMPASTO_OK;
    if (s->interpolate)
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "--%s: is about one picture; leave out --interpolate", name);
    if (s->resume && s->settings_file)
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "--settings: a run that is resumed has its settings; leave it out, or "
                        "begin anew without --resume");
    if (s->resume && s->gradient)
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "--gradient: is that of the start; leave out --resume");
    if (!s->checkpoint)
        s->checkpoint = s->resume;
    const bool goes_on = s->resume && cli_same_file(s->checkpoint, s->resume);
    return goes_on || s->plan ? IMPASTO_OK : check_old(s->checkpoint, error);
}

/* ---- On the way ------------------------------------------------------------------------------ */

enum impasto_status cli_checkpoint_open(struct cli_checkpoint *checkpoint,
                                        const struct cli_run *run, int taken,
                                        struct impasto_error *error)
{
    const struct cli_settings *s = run->settings;
    if (!s->checkpoint)
        return IMPASTO_OK;
    *checkpoint = (struct cli_checkpoint){
        .path = s->checkpoint,
        .every = s->every,
        .note = cli_record_checkpoint(run),
        .saved = s->resume && cli_same_file(s->checkpoint, s->resume) ? taken : -1,
        .last = cli_seconds(),
    };
    if (checkpoint->every.iterations == 0 && !(checkpoint->every.seconds > 0))
        checkpoint->every.seconds = USUAL_SECONDS;
    return checkpoint->note ? IMPASTO_OK : cli_fail_memory(error, "the settings");
}

bool cli_checkpoint_due(const struct cli_checkpoint *checkpoint, int taken,
                        const struct impasto_job_info *job)
{
    const struct cli_every *every = &checkpoint->every;
    int end = 0;
    if (!checkpoint->path || checkpoint->saved == taken)
        return false;
    for (size_t i = 0; i < job->scale_count; i++) {
        end += job->scales[i].iterations;
        if (taken == end)
            return true;
    }
    return every->iterations > 0 ? taken % every->iterations == 0
                                 : cli_seconds() - checkpoint->last >= every->seconds;
}

void cli_checkpoint_save(struct cli_checkpoint *checkpoint, struct impasto_job *job, int taken,
                         struct cli_console *console)
{
    char line[1200];
    if (!checkpoint->path || checkpoint->saved == taken)
        return;
    checkpoint->status =
        impasto_job_save(job, checkpoint->path, checkpoint->note, &checkpoint->error);
    checkpoint->last = cli_seconds();
    if (checkpoint->status == IMPASTO_OK) {
        checkpoint->saved = taken;
        snprintf(line, sizeof(line), "saved the checkpoint of iteration %d", taken);
    } else {
        snprintf(line, sizeof(line), "the checkpoint of iteration %d was not saved: %s", taken,
                 checkpoint->error.message);
    }
    cli_console_log(
        console, checkpoint->status == IMPASTO_OK ? IMPASTO_LOG_DEBUG : IMPASTO_LOG_WARNING, line);
}

bool cli_checkpoint_words(const struct cli_checkpoint *checkpoint, const char *output, char *line,
                          size_t size)
{
    if (!checkpoint->path || checkpoint->saved < 0)
        return false;
    snprintf(line, size, "iteration %d is kept; to go on: impasto --resume", checkpoint->saved);
    return cli_add_word(line, size, checkpoint->path) && cli_add_word(line, size, "-o") &&
           cli_add_word(line, size, output);
}

void cli_checkpoint_tell(const struct cli_checkpoint *checkpoint, const char *output,
                         struct cli_console *console)
{
    char line[4096];
    if (cli_checkpoint_words(checkpoint, output, line, sizeof(line)))
        cli_console_log(console, IMPASTO_LOG_WARNING, line);
}

void cli_checkpoint_close(struct cli_checkpoint *checkpoint)
{
    free(checkpoint->note);
    *checkpoint = (struct cli_checkpoint){0};
}
