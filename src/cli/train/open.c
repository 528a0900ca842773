/* SPDX-License-Identifier: MIT */
/* Opening what a training computes with: its weights, and itself. */

#include "cli/train/run.h"

enum impasto_status cli_train_open_weights(struct cli_trainer *run)
{
    return impasto_weights_open(run->weights_path, (enum impasto_convention)run->convention,
                                &run->weights, run->error);
}

enum impasto_status cli_train_open(struct cli_trainer *run)
{
    const enum impasto_status status =
        run->settings->plan ? impasto_train_plan(run->device, run->weights, &run->task,
                                                 &run->params, &run->train, run->error)
        : run->from         ? impasto_train_resume(run->device, run->weights, &run->task, run->from,
                                                   &run->params, &run->train, run->error)
                    : impasto_train_open(run->device, run->weights, &run->task, &run->params,
                                         &run->train, run->error);
    impasto_weights_close(&run->weights);
    return status;
}
