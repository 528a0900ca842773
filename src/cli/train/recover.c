/* SPDX-License-Identifier: MIT */
/* A training that has lost its device opens it again, as painting does. It goes on from its
 * checkpoint, or from its beginning if there is none. */

#include "cli/devices/devices.h"
#include "cli/train/run.h"

#include <math.h>

bool cli_train_may_recover(const struct cli_trainer *run, enum impasto_status status)
{
    if (cli_ranks_several(&run->settings->common)) /* the others have ended, too */
        return false;
    /* A device that takes no step at all would not take one the next time. */
    return status == IMPASTO_ERROR_DEVICE && !cli_stop_signal() &&
           run->recoveries < CLI_RECOVERIES_MOST && run->last.head.step > run->begun;
}

/* The last checkpoint, if one was saved; else the one that the run began with stays, if any. */
static enum impasto_status find_place(struct cli_trainer *run)
{
    struct impasto_train_checkpoint *saved = NULL;
    if (run->saved < 0)
        return IMPASTO_OK;
    const enum impasto_status status =
        impasto_train_checkpoint_open(run->checkpoint, &saved, run->error);
    if (status != IMPASTO_OK)
        return status;
    impasto_train_checkpoint_close(&run->from);
    run->from = saved;
    return IMPASTO_OK;
}

static enum impasto_status open_again(struct cli_trainer *run)
{
    cli_events_phase(&run->console, "opening", NULL, 0);
    enum impasto_status status = cli_train_open_weights(run);
    if (status == IMPASTO_OK)
        status = cli_open_device(&run->settings->common, &run->console, &run->device, run->error);
    return status == IMPASTO_OK ? cli_train_open(run) : status;
}

enum impasto_status cli_train_recover(struct cli_trainer *run)
{
    const struct impasto_error lost = *run->error;
    impasto_train_close(&run->train);
    impasto_device_close(&run->device);
    enum impasto_status status = find_place(run);
    if (status != IMPASTO_OK)
        return status;
    run->begun = run->from ? impasto_train_checkpoint_info(run->from)->step : 0;
    run->last = (struct impasto_train_progress){.best = NAN};
    run->last.head.step = run->begun;
    run->recoveries++;
    cli_lost_device(&run->console, lost.message, "step", run->begun, run->recoveries);
    status = open_again(run);
    if (status != IMPASTO_OK)
        return status;
    cli_events_phase_on(&run->console, "training", impasto_device_info(run->device)->name);
    run->saved_at = cli_seconds();
    return IMPASTO_OK;
}
