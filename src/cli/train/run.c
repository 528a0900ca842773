/* SPDX-License-Identifier: MIT */
/* impasto train: a training opened and run. */

#include "cli/devices/devices.h"
#include "cli/train/run.h"

#include <math.h>
#include <stdlib.h>

static int on_progress(void *user, const struct impasto_train_progress *progress)
{
    struct cli_trainer *run = user;
    run->last = *progress;
    cli_catch_signals();
    cli_train_tell(run, progress);
    cli_train_report_step(run);
    run->callback_status = cli_train_trace_step(run, progress, &run->callback_error);
    if (run->callback_status == IMPASTO_OK && !cli_stop_signal())
        cli_train_show(run);
    if (run->callback_status == IMPASTO_OK && !cli_stop_signal())
        cli_train_save(run, progress->head.done);
    return run->callback_status != IMPASTO_OK || cli_stop_signal();
}

/* What each rank reads. */
static enum impasto_status read_all(struct cli_trainer *run, const struct cli_call *call)
{
    enum impasto_status status;
    impasto_train_params_default(&run->params);
    cli_events_phase(&run->console, "loading", NULL, 0);
    if ((status = cli_train_resume(run)) ||
        (status = cli_train_override(run->options, &run->params, run->error)) ||
        (status = cli_train_inputs(run, call)))
        return status;
    return cli_train_open_weights(run);
}

/* All that comes before the device. */
static enum impasto_status prepare(struct cli_trainer *run, const struct cli_call *call)
{
    enum impasto_status status;
    if ((status = read_all(run, call)) || (status = cli_train_check_outputs(run)) ||
        (status = cli_train_check_checkpoint(run)) || (status = cli_train_describe_inputs(run)) ||
        (status = cli_train_report_open(run)))
        return status;
    cli_events_phase(&run->console, "opening", NULL, 0);
    cli_watch_driver();
    if (run->shown && (status = cli_console_open_show(&run->console, run->error)))
        return status;
    return cli_watchdog_open(&run->watchdog, &run->console, run->error);
}

/* All ranks are trained by the first one's settings, so others would be of no effect. mine: how
 * this rank has fared so far. Opens its device. */
static enum impasto_status join(struct cli_trainer *run, const struct cli_call *call,
                                enum impasto_status mine)
{
    struct cli_train_given first;
    struct impasto_error lost;
    cli_train_list_given(run->options, &first);
    if (cli_ranks_share(call->common, &first, sizeof(first), &lost) != IMPASTO_OK) {
        *run->error = lost;
        return lost.status;
    }
    if (mine == IMPASTO_OK && cli_ranks_follows(call->common))
        mine = cli_train_compare_given(run->options, &first, run->error);
    return cli_ranks_device(call->common, mine, &run->console, &run->device, run->error);
}

static enum impasto_status open_all(struct cli_trainer *run, const struct cli_call *call)
{
    enum impasto_status status = prepare(run, call);
    if (cli_ranks_several(call->common))
        status = join(run, call, status);
    else if (status == IMPASTO_OK)
        status = cli_open_device(call->common, &run->console, &run->device, run->error);
    return status == IMPASTO_OK ? cli_train_open(run) : status;
}

/* All steps, and the model. A device may still be lost when that is read from it. */
static enum impasto_status finish(struct cli_trainer *run)
{
    const enum impasto_status status = impasto_train_run(run->train, on_progress, run, run->error);
    return status == IMPASTO_OK && run->callback_status == IMPASTO_OK
               ? impasto_train_save(run->train, run->output, run->half, run->error)
               : status;
}

static enum impasto_status finish_or_recover(struct cli_trainer *run)
{
    enum impasto_status status = finish(run);
    while (cli_train_may_recover(run, status)) {
        status = cli_train_recover(run);
        if (status == IMPASTO_OK)
            status = finish(run);
    }
    return status;
}

/* The training that was opened. */
static enum impasto_status train(struct cli_trainer *run)
{
    cli_train_tell_beginning(run);
    run->saved_at = cli_seconds();
    const enum impasto_status status = cli_train_trace_open(run);
    if (status != IMPASTO_OK)
        return status;
    cli_catch_signals();
    return cli_train_conclude(run, finish_or_recover(run));
}

/* A rank that is not the first takes part in what that does, and writes nothing. */
static enum impasto_status follow(struct cli_trainer *run, const struct cli_call *call)
{
    cli_ranks_console(call->common, &run->console);
    enum impasto_status status = read_all(run, call);
    cli_watch_driver();
    status = join(run, call, status);
    if (status == IMPASTO_OK)
        status = impasto_train_serve(run->device, run->weights, &run->task, run->error);
    return cli_ranks_are_lost(call->common) ? status : IMPASTO_OK;
}

/* The first rank, or the only one. */
static enum impasto_status lead(struct cli_trainer *run, const struct cli_call *call)
{
    cli_console_init(&run->console, call->common);
    const enum impasto_status status = open_all(run, call);
    if (status == IMPASTO_OK && run->settings->plan)
        cli_train_print_plan(run);
    return status == IMPASTO_OK && !run->settings->plan ? train(run) : status;
}

static void close_all(struct cli_trainer *run, enum impasto_status status)
{
    cli_report_close(&run->report);
    impasto_train_close(&run->train);
    impasto_train_checkpoint_close(&run->from);
    cli_close_device(&run->settings->common, &run->device, status);
    cli_watchdog_close(&run->watchdog);
    cli_console_close(&run->console);
    impasto_weights_close(&run->weights);
    cli_train_inputs_free(run);
}

enum impasto_status cli_train_run(const struct cli_call *call, struct impasto_error *error)
{
    struct cli_trainer *run = calloc(1, sizeof(*run));
    if (!run)
        return cli_fail_memory(error, "a training");
    run->settings = call->settings;
    run->options = call->options;
    run->error = error;
    run->last.best = NAN;
    cli_outlive_writes();
    const enum impasto_status status =
        cli_ranks_follows(call->common) ? follow(run, call) : lead(run, call);
    close_all(run, status);
    free(run);
    return status;
}
