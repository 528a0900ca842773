/* SPDX-License-Identifier: MIT */
/*
 * A device may be lost on the way: its driver resets it, or the machine sleeps. What was on it is
 * gone, and the old context gives errors only. So everything is opened again. The run goes on from
 * its checkpoint, or from its beginning if there is none.
 */

#include "cli/devices/devices.h"
#include "cli/paint/run.h"

bool cli_painter_may_recover(const struct cli_painter *run, enum impasto_status status)
{
    if (run->callback_status != IMPASTO_OK)
        status = run->callback_status;
    if (cli_ranks_several(&run->settings->common)) /* the others have ended, too */
        return false;
    /* A device that takes no step at all would not take one the next time. */
    return status == IMPASTO_ERROR_DEVICE && !cli_stop_signal() &&
           run->recoveries < CLI_RECOVERIES_MOST && run->taken > run->begun;
}

/* What was let go of when the job was opened. */
static enum impasto_status load_again(struct cli_painter *run)
{
    const struct cli_settings *s = run->settings;
    enum impasto_status status = IMPASTO_OK;
    if (!run->weights)
        status = impasto_weights_open(s->weights, (enum impasto_convention)s->convention,
                                      &run->weights, run->error);
    if (status != IMPASTO_OK || run->pictures.content)
        return status;
    status = cli_pictures_load(s, &run->pictures, run->error);
    if (status == IMPASTO_OK && s->interpolate)
        cli_pictures_interpolate(&run->pictures, run->number, s->interpolate);
    return status;
}

static enum impasto_status open_again(struct cli_painter *run,
                                      const struct impasto_checkpoint *from)
{
    cli_events_phase(&run->console, "opening", NULL, 0);
    enum impasto_status status = load_again(run);
    if (status == IMPASTO_OK)
        status = cli_open_devices(run->settings, &run->console, &run->device, run->error);
    if (status != IMPASTO_OK)
        return status;
    run->about.device = impasto_device_info(run->device);
    status = from ? impasto_job_resume(run->device, run->weights, &run->pictures.task, from,
                                       &run->params, &run->job, run->error)
                  : impasto_job_open(run->device, run->weights, &run->pictures.task, &run->params,
                                     &run->job, run->error);
    if (status != IMPASTO_OK)
        return status;
    run->about.job = impasto_job_info(run->job);
    cli_console_begin(&run->console, run->about.job);
    return IMPASTO_OK;
}

enum impasto_status cli_painter_recover(struct cli_painter *run, bool last)
{
    const bool saved = run->checkpoint.path && run->checkpoint.saved >= 0;
    struct impasto_checkpoint *opened = NULL;
    const struct impasto_checkpoint *from = cli_resumed(run->settings);
    run->about.job = NULL;
    run->about.device = NULL;
    if (run->callback_status != IMPASTO_OK)
        *run->error = run->callback_error;
    run->callback_status = IMPASTO_OK;
    run->console.scale_count = 0;
    impasto_job_close(&run->job);
    impasto_device_close(&run->device);
    if (saved) {
        struct impasto_error lost = *run->error;
        const enum impasto_status status =
            impasto_checkpoint_open(run->checkpoint.path, &opened, run->error);
        if (status != IMPASTO_OK)
            return status;
        *run->error = lost;
        from = opened;
    }
    const int iteration = from ? impasto_checkpoint_info(from)->iteration : 0;
    run->recoveries++;
    cli_lost_device(&run->console, run->error->message, "iteration", iteration, run->recoveries);
    const enum impasto_status status = open_again(run, from);
    impasto_checkpoint_close(&opened);
    if (status != IMPASTO_OK)
        return status;
    run->taken = run->begun = iteration;
    cli_events_phase(&run->console, "painting", &run->about, iteration);
    cli_timelapse_rewind(&run->timelapse, iteration);
    if (last)
        cli_pictures_free(&run->pictures);
    impasto_weights_close(&run->weights);
    return IMPASTO_OK;
}
