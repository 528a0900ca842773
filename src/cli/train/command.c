/* SPDX-License-Identifier: MIT */
/* impasto train, as the table of commands has it. */

#include "cli/devices/devices.h"
#include "cli/train/run.h"

#include "cli/files/files.h"

static enum impasto_status open_progress(const struct cli_call *call, struct impasto_error *error)
{
    const enum impasto_status status = cli_ranks_begin(call, "train", error);
    if (status != IMPASTO_OK || cli_ranks_follows(call->common))
        return status;
    const bool standard = !call->refused && cli_is_standard(call->settings->trace);
    return cli_progress_open(call->common, standard ? "--trace -" : NULL, error);
}

const struct cli_command cli_train_command = {
    "train",
    "train a style network, which then paints any picture in a moment",
    "Trains a network to paint in the style of one or more pictures, a style for each. A STYLE is "
    "a picture, NAME=FILE for one that gets another name than its file's, or the name of a style "
    "that Impasto draws: ink, mosaic and others. The model goes to a file for impasto apply. "
    "Ctrl-C ends the training after the step at hand and writes the "
    "model so far.",
    "STYLE...",
    0,
    CLI_LIST_MOST,
    .rows = cli_train_rows,
    .size = sizeof(struct cli_train_options),
    .shared =
        "weights convention checkpoint every trace report plan max-pixels device mpi progress "
        "progress-fd progress-preview quiet verbose",
    .open = open_progress,
    .run = cli_train_run};
