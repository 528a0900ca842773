/* SPDX-License-Identifier: MIT */
/* What a training says of itself. */

#include "train/train.h"

enum impasto_status imp_train_check_whole(const struct impasto_train *train,
                                          struct impasto_error *error)
{
    if (train->only_plan)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "a training made by impasto_train_plan can only tell its plan");
    return train->torn ? imp_fail(error, IMPASTO_ERROR_USAGE,
                                  "the training's device has failed on the way; open it again, or "
                                  "resume it from a checkpoint")
                       : IMPASTO_OK;
}

void imp_train_report(struct impasto_train *train)
{
    struct impasto_train_progress *progress = &train->progress;
    progress->head.step = train->step;
    progress->head.steps = train->schedule.steps;
    progress->head.done = train->done;
    progress->pictures = train->position;
    progress->judgement = train->verdicts.last;
    progress->best = train->verdicts.best;
    progress->best_step = train->verdicts.best_step;
}

int imp_train_ranks(const struct impasto_train *train)
{
    return train->comm ? imp_comm_size(train->comm) : 1;
}

struct impasto_train_params imp_train_decided(const struct impasto_train *train)
{
    const struct imp_train_schedule *schedule = &train->schedule;
    struct impasto_train_params params = train->params;
    params.steps = schedule->steps;
    params.style_weight = (float)schedule->style_weight;
    params.learning_rate = schedule->rate;
    params.norm_rate = schedule->norm_rate;
    params.width = train->net.shape.channels[0];
    params.noise = train->net.shape.noise;
    params.weave_weight = schedule->weave_weight;
    return params;
}

const struct impasto_train_info *impasto_train_info(struct impasto_train *train)
{
    struct impasto_train_info *info = &train->info;
    info->width = train->net.shape.channels[0];
    info->parameters = train->net.rows.parameters;
    info->styles = (const char *const *)train->net.names;
    info->style_count = (size_t)train->net.shape.styles;
    info->base = train->base;
    info->drawn = train->photos.drawn;
    info->pictures = train->photos.count - train->photos.held;
    info->left_out = train->photos.left_out;
    info->steps = train->schedule.steps;
    info->step = train->step;
    info->style_weight = train->schedule.style_weight;
    info->learning_rate = (double)train->schedule.rate;
    info->norm_rate = (double)train->schedule.norm_rate;
    train->decided = imp_train_decided(train);
    info->params = &train->decided;
    return info;
}
