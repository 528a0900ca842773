/* SPDX-License-Identifier: MIT */
/*
 * The steps of one scale, and what happens where their numbers are not finite. Every evaluation
 * checks the loss, the gradient, what the optimiser carries along, and the average. The device
 * counts NaN and infinity in all of them. The counts come to the host with the losses. There are
 * three cases.
 *
 * - A fault that passes. The same image is measured again, or a trial is made again. If that is
 *   well, nothing has changed.
 * - A bad step. Adam takes it back exactly, and takes half of it, if the plan has room for that. An
 *   optimiser with a line search is told that its trial was too long.
 * - A fault that stays. After IMP_GUARD_TRIES failures running the run ends, with the image of the
 *   last good step.
 */

#include "paint/scale.h"

#include <math.h>

/* What is left of a step that was taken back. */
#define SHORTER 0.5f
/* What is watched by this name can be made again. */
static const char average_name[] = "the average";

const struct imp_buffer *imp_scale_best(const struct imp_scale *scale)
{
    return imp_optimizer_best(scale->optimizer, &scale->state, scale->image);
}

/* The image is where the next evaluation is to be, and the best one is elsewhere. */
static bool is_trial(const struct imp_scale *scale)
{
    return imp_scale_best(scale) != scale->image;
}

/* ---- Evaluating ------------------------------------------------------------------------------ */

/* Watches what lasts from one iteration to the next. */
static enum impasto_status watch_state(struct imp_scale *scale)
{
    for (int v = 0; v < scale->optimizer->carried; v++)
        IMP_TRY(imp_guard_watch(&scale->guard, "what the optimiser remembers",
                                scale->state.vectors[v]));
    return scale->average && scale->steps > 0
               ? imp_guard_watch(&scale->guard, average_name, scale->average)
               : IMPASTO_OK;
}

/* Waits for the losses, and for what was counted. */
static enum impasto_status read_losses(struct imp_scale *scale, struct imp_loss_values *values)
{
    _Static_assert(IMP_GUARD_BUFFERS <= IMP_SPARE_SUMS, "the guard counts in spare sums");
    return imp_losses_read(&scale->objective.losses, values, scale->guard.not_finite,
                           scale->guard.watched);
}

static enum impasto_status evaluate(struct imp_scale *scale, bool gradient,
                                    struct imp_loss_values *values)
{
    struct imp_objective *objective = &scale->objective;
    imp_guard_begin(&scale->guard);
    IMP_TRY(imp_objective_evaluate(objective, scale->image, gradient));
    if (gradient) {
        IMP_TRY(imp_guard_watch(&scale->guard, "the gradient", objective->gradient));
        IMP_TRY(watch_state(scale));
    }
    IMP_TRY(read_losses(scale, values));
    if (!imp_guard_is_sound(&scale->guard, values->total))
        imp_net_distrust(&objective->net);
    return IMPASTO_OK;
}

enum impasto_status imp_scale_evaluate(struct imp_scale *scale, bool gradient, int iteration,
                                       struct imp_loss_values *values)
{
    IMP_TRY(evaluate(scale, gradient, values));
    return imp_guard_is_sound(&scale->guard, values->total)
               ? IMPASTO_OK
               : imp_device_fail(
                     scale->device, IMPASTO_ERROR_NUMERIC,
                     "%s at iteration %d; try a smaller learning rate or smaller weights",
                     scale->guard.doubt, iteration);
}

static void warn(const struct imp_scale *scale, int iteration, const char *what)
{
    if (scale->quiet)
        return;
    imp_log(imp_device_log(scale->device), IMPASTO_LOG_WARNING, "iteration %d: %s; %s", iteration,
            scale->guard.doubt, what);
}

static enum impasto_status give_up(const struct imp_scale *scale, int iteration)
{
    return imp_device_fail(scale->device, IMPASTO_ERROR_NUMERIC,
                           "%s at iteration %d, %d times running; try a smaller learning rate, "
                           "smaller weights or another `device`",
                           scale->guard.doubt, iteration, IMP_GUARD_TRIES);
}

/* ---- Stepping -------------------------------------------------------------------------------- */

static size_t image_bytes(const struct imp_scale *scale)
{
    return (size_t)scale->state.n * sizeof(float);
}

/* Adds the image to the average, of which there is a copy. */
static enum impasto_status approach(struct imp_scale *scale)
{
    return imp_approach(scale->device, scale->average, imp_scale_best(scale), scale->state.n,
                        1 - scale->params->average);
}

/* What the optimiser met and got over, and what it did not. */
static enum impasto_status told(struct imp_scale *scale, int iteration, enum impasto_status status)
{
    const char *fault = scale->state.fault;
    scale->state.fault = NULL;
    if (status == IMPASTO_ERROR_NUMERIC)
        return imp_device_fail(scale->device, status,
                               "%s at iteration %d; try smaller weights or another `device`",
                               imp_device_error(scale->device)->message, iteration);
    if (fault && !scale->quiet)
        imp_log(imp_device_log(scale->device), IMPASTO_LOG_WARNING, "iteration %d: %s", iteration,
                fault);
    return status;
}

/* To be told how anything ended that changes the state. Numbers are looked at before they count. */
static enum impasto_status settle(struct imp_scale *scale, enum impasto_status status)
{
    scale->torn = scale->torn || (status != IMPASTO_OK && status != IMPASTO_ERROR_NUMERIC);
    return status;
}

/* part: of the learning rate. */
static enum impasto_status move(struct imp_scale *scale, int iteration, double total, float part)
{
    struct imp_step_options options = imp_params_steps(scale->params);
    struct imp_optimizer_state *state = &scale->state;
    options.learning_rate *= part;
    IMP_TRY(told(scale, iteration,
                 scale->optimizer->step(scale->device, state, &options, total, scale->image,
                                        scale->objective.gradient)));
    scale->steps++;
    if (!scale->average)
        return IMPASTO_OK;
    if (state->undoes)
        IMP_TRY(imp_buffer_copy(scale->average, 0, scale->average_before, 0, image_bytes(scale)));
    scale->average_undoable = state->undoes;
    return approach(scale);
}

static enum impasto_status take_step(struct imp_scale *scale, int iteration, double total,
                                     float part)
{
    return settle(scale, move(scale, iteration, total, part));
}

enum impasto_status imp_scale_step(struct imp_scale *scale, int iteration, double total)
{
    return take_step(scale, iteration, total, 1);
}

static bool can_undo(const struct imp_scale *scale)
{
    return scale->optimizer->undo && scale->state.undoable;
}

static enum impasto_status restore_average(struct imp_scale *scale)
{
    return imp_buffer_copy(scale->average_before, 0, scale->average, 0, image_bytes(scale));
}

static enum impasto_status move_back(struct imp_scale *scale)
{
    IMP_TRY(scale->optimizer->undo(&scale->state, scale->image));
    scale->steps--;
    if (!scale->average)
        return IMPASTO_OK;
    scale->average_undoable = false;
    return restore_average(scale);
}

static enum impasto_status undo(struct imp_scale *scale)
{
    return settle(scale, move_back(scale));
}

static enum impasto_status make_average(struct imp_scale *scale)
{
    IMP_TRY(restore_average(scale));
    return approach(scale);
}

/* The average alone can be made again from what it was made of. */
static enum impasto_status mend_average(struct imp_scale *scale)
{
    if (!scale->average_undoable || !imp_guard_found(&scale->guard, average_name))
        return IMPASTO_OK;
    return settle(scale, make_average(scale));
}

/* ---- When numbers are not finite ------------------------------------------------------------- */

/* A trial that is not finite, measured twice: it was too long. But where so many are, whether
 * anything can still be measured is seen where the search began; the image is left there if not. */
static enum impasto_status shorten_trial(struct imp_scale *scale, int iteration, double *total)
{
    warn(scale, iteration, "a shorter step is tried");
    *total = NAN;
    if (scale->guard.failures < IMP_GUARD_TRIES)
        return IMPASTO_OK;
    struct imp_loss_values ignored;
    IMP_TRY(settle(scale,
                   imp_buffer_copy(imp_scale_best(scale), 0, scale->image, 0, image_bytes(scale))));
    const enum impasto_status status = imp_scale_evaluate(scale, true, iteration, &ignored);
    if (status == IMPASTO_ERROR_NUMERIC)
        return give_up(scale, iteration);
    /* What comes next is no first failure, which would be measured again. */
    scale->guard.failures = 1;
    return status;
}

/* Another look at the image; a trial is made again before. */
static enum impasto_status retry(struct imp_scale *scale, int iteration)
{
    warn(scale, iteration, "it is measured again");
    return is_trial(scale)
               ? settle(scale, scale->optimizer->retry(scale->device, &scale->state, scale->image))
               : IMPASTO_OK;
}

/* Measures until all is finite, or the trial is to be a shorter one, for which *total is NaN. */
static enum impasto_status measure_soundly(struct imp_scale *scale, int iteration,
                                           struct imp_loss_values *values, double *total,
                                           bool *undone)
{
    for (;;) {
        IMP_TRY(evaluate(scale, true, values));
        *total = values->total;
        if (imp_guard_is_sound(&scale->guard, values->total))
            return IMPASTO_OK;
        IMP_TRY(mend_average(scale));
        switch (imp_guard_judge(&scale->guard, is_trial(scale), can_undo(scale))) {
        case IMP_VERDICT_RETRY:
            IMP_TRY(retry(scale, iteration));
            break;
        case IMP_VERDICT_SHORTER:
            return shorten_trial(scale, iteration, total);
        case IMP_VERDICT_TAKE_BACK:
            warn(scale, iteration, "the step is taken back, and half of it is tried");
            IMP_TRY(undo(scale));
            *undone = true;
            break;
        case IMP_VERDICT_GIVE_UP:
            scale->guard.failures = 0;
            if (can_undo(scale))
                IMP_TRY(undo(scale));
            return give_up(scale, iteration);
        }
    }
}

enum impasto_status imp_scale_measure(struct imp_scale *scale, int iteration,
                                      struct imp_loss_values *values, double *total)
{
    for (float part = SHORTER;; part *= SHORTER) {
        bool undone = false; /* the image is the one before the step */
        IMP_TRY(measure_soundly(scale, iteration, values, total, &undone));
        if (!undone)
            break;
        IMP_TRY(take_step(scale, iteration, values->total, part));
    }
    if (isfinite(*total))
        scale->guard.failures = 0;
    return IMPASTO_OK;
}

/* The losses at the end: up to so many times, until they are finite. A step that spoilt them is
 * taken back. */
static enum impasto_status measure_losses(struct imp_scale *scale, int tries, int iteration,
                                          struct imp_loss_values *values)
{
    for (int failures = 1;; failures++) {
        IMP_TRY(evaluate(scale, false, values));
        if (imp_guard_is_sound(&scale->guard, values->total))
            return IMPASTO_OK;
        const bool undoes = failures > 1 && can_undo(scale);
        if (failures < tries)
            warn(scale, iteration, undoes ? "the step is taken back" : "it is measured again");
        if (undoes)
            IMP_TRY(undo(scale));
        if (failures == tries)
            return give_up(scale, iteration);
    }
}

enum impasto_status imp_scale_finish(struct imp_scale *scale, int iteration,
                                     struct imp_loss_values *values)
{
    /* A trial need not be measured, if it cannot. */
    const bool trial = is_trial(scale);
    const enum impasto_status status =
        measure_losses(scale, trial ? 2 : IMP_GUARD_TRIES, iteration, values);
    const bool lost = status == IMPASTO_ERROR_NUMERIC && trial;
    bool moved = false;
    if (status != IMPASTO_OK && !lost)
        return status;
    IMP_TRY(settle(scale,
                   told(scale, iteration,
                        imp_optimizer_finish(scale->optimizer, scale->device, &scale->state,
                                             lost ? NAN : values->total, scale->image, &moved))));
    return moved ? measure_losses(scale, IMP_GUARD_TRIES, iteration, values) : IMPASTO_OK;
}

enum impasto_status imp_scale_verify(struct imp_scale *scale, int iteration)
{
    for (int failures = 0; scale->steps > 0; failures++) {
        struct imp_loss_values ignored;
        imp_guard_begin(&scale->guard);
        IMP_TRY(imp_guard_watch(&scale->guard, "the picture", imp_scale_best(scale)));
        IMP_TRY(watch_state(scale));
        IMP_TRY(read_losses(scale, &ignored));
        if (imp_guard_is_sound(&scale->guard, 0))
            break;
        if (failures == IMP_GUARD_TRIES)
            return give_up(scale, iteration);
        IMP_TRY(mend_average(scale));
        const bool undoes = failures > 0 && can_undo(scale);
        warn(scale, iteration, undoes ? "the step is taken back" : "it is looked at again");
        if (undoes)
            IMP_TRY(undo(scale));
    }
    return IMPASTO_OK;
}
