/* SPDX-License-Identifier: MIT */
/*
 * The steps of a training: crops are drawn, painted and measured, and the network is moved. Now and
 * then the judge looks at what has come of it. What a step does follows from the seed, the settings
 * and its number alone, and from what the steps before have left in the learner.
 */

#include "train/train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- How many steps -------------------------------------------------------------------------- */

/* The first steps compile kernels and tell nothing of time. */
#define UNTIMED 3
#define TIMED 8
/* And again each so many steps, as a machine may get busier, and late steps take longer. */
#define DECIDED_EVERY 5
/* The judge's share, and what else comes between. */
#define ASIDE 1.15

/* Pixels of a step's crops, by which its time goes. */
static double pixels_of(int batch, int crop)
{
    return (double)batch * crop * crop;
}

/* From the time that steps have taken so far, judgements included. */
static void decide_steps(struct impasto_train *train, double seconds)
{
    const struct impasto_train_params *p = &train->params;
    struct imp_train_schedule *schedule = &train->schedule;
    const bool first = schedule->steps == IMP_MOST_STEPS;
    const double one = (seconds - train->timed) / train->worked * (first ? ASIDE : 1);
    const double left = fmax(60 * (double)p->minutes - seconds, 0);
    schedule->steps =
        imp_train_affordable(schedule, train->step, left / fmax(one, 1e-12),
                             pixels_of(p->batch, p->crop), pixels_of(p->late_batch, p->late_crop));
    imp_log(imp_train_log(train), first ? IMPASTO_LOG_INFO : IMPASTO_LOG_DEBUG,
            "steps: about %d, by the time of those so far", schedule->steps);
}

/* The first rank's time is what counts. */
static void watch_time(struct impasto_train *train, const struct impasto_train_progress *progress)
{
    const double seconds = imp_host_seconds() - train->started;
    if (!(train->params.minutes > 0) || train->fixed || imp_train_follows(train))
        return;
    if (train->step <= UNTIMED) {
        train->timed = seconds;
        return;
    }
    train->worked += pixels_of(progress->batch, progress->crop);
    if (train->step >= TIMED && (train->step - TIMED) % DECIDED_EVERY == 0)
        decide_steps(train, seconds);
}

/* Where nothing better comes, the rest is only what ends a training well: the steps over which the
 * learning rate falls, which bring the last gain. Those are never left out. */
static void lose_patience(struct impasto_train *train)
{
    const int steps = imp_train_ending(&train->schedule, train->step);
    if (!imp_judge_is_tired(train) || imp_train_is_falling(&train->schedule, train->step))
        return;
    imp_log(imp_train_log(train), IMPASTO_LOG_INFO,
            "nothing better for %d steps: coming to the end, with %d steps instead of %d",
            imp_judge_patience(train), steps, train->schedule.steps);
    train->schedule.steps = steps;
    train->fixed = true;
}

/* ---- A step ---------------------------------------------------------------------------------- */

static void add_losses(struct impasto_train_progress *progress,
                       const struct imp_sitting_losses *losses)
{
    progress->head.total += losses->total / progress->batch;
    progress->content += losses->content / progress->batch;
    progress->tv += losses->tv / progress->batch;
    progress->range += losses->range / progress->batch;
    progress->lattice += losses->lattice / progress->batch;
    progress->weave += losses->weave / progress->batch;
    progress->steady += losses->steady / progress->batch;
    progress->steady_features += losses->features / progress->batch;
}

/* What is painted at a position. */
static enum impasto_status draw(struct impasto_train *train, uint64_t position, int crop,
                                struct imp_sitting_task *task)
{
    struct impasto_error *error = imp_device_error_place(train->device);
    *task = (struct imp_sitting_task){.planes = train->crop};
    if (!(train->params.steady_weight > 0))
        return imp_crop_draw(&train->photos, position, crop, train->crop, error);
    task->pair = &train->pair;
    task->planes = train->pair.now;
    return imp_pair_draw(&train->photos, position, &train->pair, error);
}

/* Numbers that are measured of a crop. */
#define MEASURED (sizeof(struct imp_sitting_losses) / sizeof(double))

/* Looks at this rank's share of the step's crops, and adds up their gradients. */
static enum impasto_status look_at_part(struct impasto_train *train,
                                        const struct impasto_train_progress *progress,
                                        struct imp_sitting_losses *losses)
{
    const double weight = imp_train_style_weight(&train->schedule, train->step);
    const struct imp_train_part part = imp_train_part(train, (size_t)progress->batch);
    train->gradients.count = 0;
    IMP_TRY(imp_learner_clear_gradient(&train->learner));
    IMP_TRY(imp_pass_pack(&train->sitting.pass));
    for (size_t i = part.begin; i < part.end; i++) {
        struct imp_sitting_task task;
        IMP_TRY(draw(train, train->position + i, progress->crop, &task));
        imp_train_styles_turn(&train->styles, train->position + i, weight, &task);
        task.noise_seed = (uint32_t)(train->position + i + 1); /* other than 0, as applying has */
        IMP_TRY(imp_sitting_measure(&train->sitting, &task, &losses[i]));
        IMP_TRY(imp_gradients_take(train));
    }
    return IMPASTO_OK;
}

/* Adds up the losses of all crops. The identity has no style to be far from. */
static void add_all(const struct impasto_train *train, struct impasto_train_progress *progress,
                    const struct imp_sitting_losses *losses)
{
    const double weight = imp_train_style_weight(&train->schedule, train->step);
    double style = 0;
    int styled = 0;
    for (int i = 0; i < progress->batch; i++) {
        struct imp_sitting_task task = {0};
        imp_train_styles_turn(&train->styles, train->position + (uint64_t)i, weight, &task);
        add_losses(progress, &losses[i]);
        style += task.style_weight > 0 ? losses[i].style : 0;
        styled += task.style_weight > 0;
    }
    progress->style = styled > 0 ? style / styled : (double)NAN;
}

/* What all ranks see of the step's crops: their losses, and the gradient, where those are finite.
 */
static enum impasto_status look(struct impasto_train *train,
                                struct impasto_train_progress *progress)
{
    struct imp_sitting_losses losses[IMP_LARGEST_BATCH];
    IMP_TRY(look_at_part(train, progress, losses));
    IMP_TRY(imp_train_gather(train, (double *)(void *)losses, (size_t)progress->batch, MEASURED));
    add_all(train, progress, losses);
    train->position += (uint64_t)progress->batch;
    return isfinite(progress->head.total) ? imp_gradients_sum(train) : IMPASTO_OK;
}

static enum impasto_status tell_skipped(struct impasto_train *train,
                                        const struct impasto_train_progress *progress)
{
    const char *what = !isfinite(progress->head.total) ? "the loss"
                       : !isfinite(progress->gradient) ? "the gradient"
                                                       : "a parameter, its average or a moment";
    imp_log(imp_train_log(train), IMPASTO_LOG_WARNING,
            "step %d: %s is not finite; the step is taken back", train->step + 1, what);
    if (++train->failures < IMP_TRAIN_TRIES)
        return IMPASTO_OK;
    train->failures = 0;
    return imp_device_fail(train->device, IMPASTO_ERROR_NUMERIC,
                           "%s is not finite in step %d, and %d steps running were taken back; try "
                           "a smaller `learning-rate` or another `device`",
                           what, train->step + 1, IMP_TRAIN_TRIES);
}

/* Whether a step is taken back depends on all that was learnt, which is the same on all ranks. */
static enum impasto_status compare_soundness(const struct impasto_train *train, bool sound)
{
    bool first = sound;
    IMP_TRY(imp_train_share(train, &first, sizeof(first)));
    return sound == first
               ? IMPASTO_OK
               : imp_device_fail(train->device, IMPASTO_ERROR_DEVICE,
                                 "step %d is %sfinite here, but %sfinite on rank 0; leave out this "
                                 "device, and go on from the checkpoint",
                                 train->step + 1, sound ? "" : "not ", first ? "" : "not ");
}

/* Looks, and moves the network. */
static enum impasto_status move(struct impasto_train *train,
                                struct impasto_train_progress *progress)
{
    const struct imp_learner_step step = {
        .rate = imp_train_rate(&train->schedule, train->step),
        .norm_rate = train->schedule.norm_rate,
        .clip = train->params.clip,
        .batch = progress->batch,
        .average = imp_train_average(&train->params, train->step),
    };
    bool sound = false;
    IMP_TRY(look(train, progress));
    progress->learning_rate = (double)step.rate;
    progress->gradient = NAN;
    if (isfinite(progress->head.total))
        IMP_TRY(imp_learner_step(&train->learner, &step, &progress->gradient, &sound));
    IMP_TRY(imp_train_agree(train, compare_soundness(train, sound)));
    progress->skipped = !sound;
    if (!sound)
        return tell_skipped(train, progress);
    train->failures = 0;
    return IMPASTO_OK;
}

static bool is_judged(const struct impasto_train *train)
{
    return train->step % train->params.judge_every == 0 || train->step >= train->schedule.steps;
}

/* After a step: the judge, and whether it is the end. */
static enum impasto_status look_back(struct impasto_train *train,
                                     struct impasto_train_progress *progress)
{
    watch_time(train, progress);
    IMP_TRY(imp_train_share(train, &train->schedule.steps, sizeof(train->schedule.steps)));
    progress->judged = is_judged(train);
    if (progress->judged) {
        IMP_TRY(imp_judge(train));
        lose_patience(train);
    }
    train->done = train->step >= train->schedule.steps;
    return IMPASTO_OK;
}

/* Crops of the size that the step has. What the learner has is not touched. */
static enum impasto_status change_size(struct impasto_train *train)
{
    if (train->late == imp_train_is_late(&train->schedule, train->step))
        return IMPASTO_OK;
    const enum impasto_status status = imp_train_agree(train, imp_train_sit(train));
    if (status != IMPASTO_ERROR_WEIGHTS)
        return status;
    return imp_device_fail(train->device, IMPASTO_ERROR_NUMERIC,
                           "features of training pictures are not finite after step %d, twice; try "
                           "another `device`",
                           train->step);
}

static enum impasto_status take_step(struct impasto_train *train)
{
    const struct impasto_train_params *params = &train->params;
    IMP_TRY(change_size(train));
    struct impasto_train_progress progress = {
        .batch = train->late ? params->late_batch : params->batch,
        .crop = train->late ? params->late_crop : params->crop,
    };
    IMP_TRY(move(train, &progress));
    train->step++;
    IMP_TRY(look_back(train, &progress));
    progress.head.seconds = imp_host_seconds() - train->started;
    train->progress = progress;
    imp_train_report(train);
    return IMPASTO_OK;
}

enum impasto_status impasto_train_step(struct impasto_train *train,
                                       const struct impasto_train_progress **progress,
                                       struct impasto_error *error)
{
    IMP_TRY(imp_train_check_whole(train, error));
    if (train->started == 0)
        train->started = imp_host_seconds() - train->before;
    train->agreed = false;
    if (!train->done) {
        enum impasto_status status = imp_train_tell(train, IMP_RANKS_STEP);
        if (status == IMPASTO_OK)
            status = imp_train_take_part(train, take_step(train));
        train->torn = status != IMPASTO_OK && status != IMPASTO_ERROR_NUMERIC;
        IMP_TRY(imp_lift(train->device, status, error));
    }
    if (progress)
        *progress = &train->progress;
    return IMPASTO_OK;
}

enum impasto_status impasto_train_run(struct impasto_train *train,
                                      impasto_train_progress_fn progress, void *user,
                                      struct impasto_error *error)
{
    for (bool done = false; !done;) {
        IMP_TRY(impasto_train_step(train, NULL, error));
        done = train->done;
        if (progress && progress(user, &train->progress) && !done)
            return imp_fail(error, IMPASTO_ERROR_INTERRUPTED, "stopped after step %d", train->step);
    }
    return IMPASTO_OK;
}
