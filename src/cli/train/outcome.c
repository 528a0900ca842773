/* SPDX-License-Identifier: MIT */
/* The end of a training: its checkpoint, its model, and what is told of them. */

#include "base/os.h"
#include "cli/train/run.h"

#include <math.h>
#include <string.h>

static void tell_model(struct cli_trainer *run, enum impasto_status status)
{
    char line[1200], took[32];
    cli_events_wrote(&run->console, run->output);
    if (status == IMPASTO_OK)
        snprintf(line, sizeof(line), "wrote %s (%d steps, %s%s)", run->output, run->last.head.step,
                 cli_duration(run->last.head.seconds, took, sizeof(took)),
                 run->last.best_step < run->last.head.step && isfinite(run->last.best)
                     ? ", the best of them"
                     : "");
    else
        snprintf(line, sizeof(line), "%s: the model so far was written to %s",
                 status == IMPASTO_ERROR_INTERRUPTED ? "interrupted" : "stopped", run->output);
    cli_console_log(&run->console, status == IMPASTO_OK ? IMPASTO_LOG_INFO : IMPASTO_LOG_WARNING,
                    line);
}

/* Whether a training that has stopped has a model worth keeping. */
static bool is_sound(const struct cli_trainer *run, enum impasto_status status)
{
    return run->train && run->last.head.step > 0 &&
           (status == IMPASTO_ERROR_INTERRUPTED || status == IMPASTO_ERROR_NUMERIC ||
            status == IMPASTO_ERROR_OUTPUT);
}

/* Why the model so far must not replace the file that is there; NULL: it may. */
static const char *reason_to_leave(const struct cli_trainer *run)
{
    if (!imp_os_is_there(run->output))
        return NULL;
    /* Without its base, the training could not be gone on with. */
    if (run->base && cli_same_file(run->output, run->base))
        return "the training began with it";
    return isfinite(run->last.best) ? NULL : "the model so far has not been judged yet";
}

static void tell_left(struct cli_trainer *run, enum impasto_status status, const char *reason)
{
    char line[1200];
    snprintf(line, sizeof(line), "%s: %s stays as it was, as %s%s",
             status == IMPASTO_ERROR_INTERRUPTED ? "interrupted" : "stopped", run->output, reason,
             run->checkpoint ? "" : "; --checkpoint FILE would have kept the training");
    cli_console_log(&run->console, IMPASTO_LOG_WARNING, line);
}

/* Another failure, on top of a first one, is a warning, unless it says the same. */
static enum impasto_status add_failure(struct cli_trainer *run, enum impasto_status status,
                                       enum impasto_status failed, const struct impasto_error *why)
{
    if (failed == IMPASTO_OK)
        return status;
    if (status == IMPASTO_OK || status == IMPASTO_ERROR_INTERRUPTED) {
        *run->error = *why;
        return failed;
    }
    if (strcmp(why->message, run->error->message) != 0)
        cli_console_log(&run->console, IMPASTO_LOG_WARNING, why->message);
    return status;
}

/* Of a training that has stopped, the model so far. */
static enum impasto_status write_model(struct cli_trainer *run, enum impasto_status status)
{
    struct impasto_error why = {0};
    const char *reason = reason_to_leave(run);
    if (reason) {
        tell_left(run, status, reason);
        return status;
    }
    const enum impasto_status saved = impasto_train_save(run->train, run->output, run->half, &why);
    if (saved == IMPASTO_OK)
        tell_model(run, status);
    return add_failure(run, status, saved, &why);
}

enum impasto_status cli_train_conclude(struct cli_trainer *run, enum impasto_status status)
{
    char line[4096];
    struct impasto_error why = {0};
    if (run->callback_status != IMPASTO_OK) {
        status = run->callback_status;
        *run->error = run->callback_error;
    }
    const bool sound = is_sound(run, status), ended_well = status == IMPASTO_OK;
    if (sound || ended_well) {
        cli_events_phase(&run->console, "saving", NULL, 0);
        cli_train_save(run, true);
        cli_train_show_last(run);
    }
    cli_console_finish(&run->console);
    if (ended_well)
        tell_model(run, status);
    else if (sound)
        status = write_model(run, status);
    if (sound || ended_well)
        status = add_failure(run, status, cli_train_report_write(run, status, &why), &why);
    status = add_failure(run, status, cli_train_trace_close(run, status, &why), &why);
    if (status != IMPASTO_OK && cli_train_hint(run, line, sizeof(line)))
        cli_console_log(&run->console, IMPASTO_LOG_WARNING, line);
    return status;
}
