/* SPDX-License-Identifier: MIT */
/*
 * The steps of one scale, and what happens where their numbers are not finite. Every evaluation
 * checks the loss, the gradient, what the optimiser carries along, and the average; all are counted
 * on the device and come to the host with the losses. NaN and infinity are:
 *
 * - a fault that passes: the same is measured again, a trial made again; if that is well, nothing has
 *   changed;
 * - a bad step: Adam takes it back, to the bit, and takes half of it, if the plan has room for that; a
 *   trial of a line search was too long, and its optimiser is told;
 * - a fault that stays: after TRIES failures running the run ends, with the image of the last good
 *   step.
 */

#include "stylize/scale.h"

#include <math.h>
#include <string.h>

/* Failures running after which it ends: the first, the same measured again, and then a half, a
 * quarter and an eighth of the step. The first two tell what passes from what stays, the others
 * whether it is the step; an iteration's time is lost with each. */
#define TRIES 5
/* What is left of a step that was taken back. */
#define SHORTER 0.5f
/* Checks of struct imp_losses; the optimiser's vectors, as many as are carried, follow. */
enum { CHECK_GRADIENT, CHECK_VECTORS };

const struct imp_buffer *imp_scale_best(const struct imp_scale *scale)
{
    return imp_optimizer_best(scale->optimizer, &scale->state, scale->image);
}

/* The image is where the next evaluation is to be, and the best one is elsewhere. */
static bool is_trial(const struct imp_scale *scale)
{
    return imp_scale_best(scale) != scale->image;
}

static int average_check(const struct imp_scale *scale)
{
    return CHECK_VECTORS + scale->optimizer->carried;
}

/* ---- Evaluating ------------------------------------------------------------------------------ */

/* Counts what is not finite in what lasts from one iteration to the next. */
static enum impasto_status check_state(struct imp_scale *scale)
{
    for (int v = 0; v < scale->optimizer->carried; v++)
        IMP_TRY(
            imp_losses_check(&scale->objective.losses, CHECK_VECTORS + v, scale->state.vectors[v]));
    return scale->average && scale->steps > 0
               ? imp_losses_check(&scale->objective.losses, average_check(scale), scale->average)
               : IMPASTO_OK;
}

/* Whether all that was checked is finite; otherwise scale->doubt says what is not. what: the first
 * check's buffer; NULL: that one does not count. */
static bool is_sound(struct imp_scale *scale, const char *what)
{
    for (int i = what ? 0 : CHECK_VECTORS; i < IMP_CHECKS; i++) {
        const double count = scale->not_finite[i];
        if (i > 0)
            what = i == average_check(scale) ? "the average" : "what the optimiser remembers";
        if (count == 0 || (i == average_check(scale) && scale->steps == 0))
            continue;
        /* A sum that is not finite itself: nobody knows. */
        if (isfinite(count))
            snprintf(scale->doubt, sizeof(scale->doubt), "%.0f of %d elements of %s are not finite",
                     count, scale->state.n, what);
        else
            snprintf(scale->doubt, sizeof(scale->doubt), "the check of %s is not finite", what);
        return false;
    }
    return true;
}

/* Waits for the losses, and for what was counted. */
static enum impasto_status read_losses(struct imp_scale *scale, struct impasto_progress *progress)
{
    struct imp_loss_values values;
    IMP_TRY(imp_losses_read(&scale->objective.losses, &values, scale->not_finite));
    progress->total = values.total;
    progress->tv = values.tv;
    memcpy(progress->content, values.content, sizeof(progress->content));
    memcpy(progress->style, values.style, sizeof(progress->style));
    return IMPASTO_OK;
}

static enum impasto_status evaluate(struct imp_scale *scale, bool gradient,
                                    struct impasto_progress *progress)
{
    struct imp_objective *objective = &scale->objective;
    IMP_TRY(imp_objective_evaluate(objective, scale->image, gradient));
    if (gradient) {
        IMP_TRY(imp_losses_check(&objective->losses, CHECK_GRADIENT, objective->gradient));
        IMP_TRY(check_state(scale));
    }
    return read_losses(scale, progress);
}

enum impasto_status imp_scale_evaluate(struct imp_scale *scale, bool gradient, int iteration,
                                       struct impasto_progress *progress,
                                       struct impasto_error *error)
{
    IMP_TRY(imp_lift(scale->device, evaluate(scale, gradient, progress), error));
    bool sound = isfinite(progress->total);
    if (!sound)
        snprintf(scale->doubt, sizeof(scale->doubt), "the loss is not finite");
    else if (gradient)
        sound = is_sound(scale, "the gradient");
    return sound ? IMPASTO_OK
                 : imp_fail(error, IMPASTO_ERROR_NUMERIC,
                            "%s at iteration %d; try a smaller learning rate or smaller weights",
                            scale->doubt, iteration);
}

static void warn(const struct imp_scale *scale, int iteration, const char *what)
{
    imp_log(imp_device_log(scale->device), IMPASTO_LOG_WARNING, "iteration %d: %s; %s", iteration,
            scale->doubt, what);
}

static enum impasto_status give_up(const struct imp_scale *scale, int iteration,
                                   struct impasto_error *error)
{
    return imp_fail(error, IMPASTO_ERROR_NUMERIC,
                    "%s at iteration %d, %d times running; try a smaller learning rate, smaller "
                    "weights or another --device",
                    scale->doubt, iteration, TRIES);
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
static enum impasto_status told(struct imp_scale *scale, int iteration, enum impasto_status status,
                                struct impasto_error *error)
{
    const char *fault = scale->state.fault;
    scale->state.fault = NULL;
    if (status == IMPASTO_ERROR_NUMERIC)
        return imp_fail(error, status,
                        "%s at iteration %d; try smaller weights or another --device",
                        imp_device_error(scale->device)->message, iteration);
    if (fault)
        imp_log(imp_device_log(scale->device), IMPASTO_LOG_WARNING, "iteration %d: %s", iteration,
                fault);
    return imp_lift(scale->device, status, error);
}

/* To be told how anything ended that changes the state. Numbers are looked at before they count. */
static enum impasto_status settle(struct imp_scale *scale, enum impasto_status status)
{
    scale->torn = scale->torn || (status != IMPASTO_OK && status != IMPASTO_ERROR_NUMERIC);
    return status;
}

/* part: of the learning rate. */
static enum impasto_status move(struct imp_scale *scale, int iteration, double total, float part,
                                struct impasto_error *error)
{
    struct imp_step_options options = imp_params_steps(scale->params);
    struct imp_optimizer_state *state = &scale->state;
    options.learning_rate *= part;
    IMP_TRY(told(scale, iteration,
                 scale->optimizer->step(scale->device, state, &options, total, scale->image,
                                        scale->objective.gradient),
                 error));
    scale->steps++;
    if (!scale->average)
        return IMPASTO_OK;
    if (state->undoes)
        IMP_TRY(imp_lift(
            scale->device,
            imp_buffer_copy(scale->average, 0, scale->average_before, 0, image_bytes(scale)),
            error));
    scale->average_undoable = state->undoes;
    return imp_lift(scale->device, approach(scale), error);
}

static enum impasto_status take_step(struct imp_scale *scale, int iteration, double total,
                                     float part, struct impasto_error *error)
{
    return settle(scale, move(scale, iteration, total, part, error));
}

enum impasto_status imp_scale_step(struct imp_scale *scale, int iteration, double total,
                                   struct impasto_error *error)
{
    return take_step(scale, iteration, total, 1, error);
}

static bool can_undo(const struct imp_scale *scale)
{
    return scale->optimizer->undo && scale->state.undoable;
}

static enum impasto_status restore_average(struct imp_scale *scale)
{
    return imp_buffer_copy(scale->average_before, 0, scale->average, 0, image_bytes(scale));
}

static enum impasto_status move_back(struct imp_scale *scale, struct impasto_error *error)
{
    IMP_TRY(imp_lift(scale->device, scale->optimizer->undo(&scale->state, scale->image), error));
    scale->steps--;
    if (!scale->average)
        return IMPASTO_OK;
    scale->average_undoable = false;
    return imp_lift(scale->device, restore_average(scale), error);
}

static enum impasto_status undo(struct imp_scale *scale, struct impasto_error *error)
{
    return settle(scale, move_back(scale, error));
}

static enum impasto_status make_average(struct imp_scale *scale, struct impasto_error *error)
{
    IMP_TRY(imp_lift(scale->device, restore_average(scale), error));
    return imp_lift(scale->device, approach(scale), error);
}

/* The average alone can be made again from what it was made of. */
static enum impasto_status mend_average(struct imp_scale *scale, struct impasto_error *error)
{
    if (!scale->average || !scale->average_undoable || scale->not_finite[average_check(scale)] == 0)
        return IMPASTO_OK;
    return settle(scale, make_average(scale, error));
}

/* ---- When numbers are not finite ---------------------------------------------------------------
 */

/* A trial that is not finite, measured twice: it was too long. But where so many are, whether
 * anything can still be measured is seen where the search began; the image is left there if not. */
static enum impasto_status judge_trial(struct imp_scale *scale, int iteration,
                                       struct impasto_progress *progress, double *total,
                                       struct impasto_error *error)
{
    warn(scale, iteration, "a shorter step is tried");
    *total = NAN;
    if (scale->failures < TRIES)
        return IMPASTO_OK;
    struct impasto_progress ignored = *progress;
    struct impasto_error why;
    IMP_TRY(settle(scale, imp_lift(scale->device,
                                   imp_buffer_copy(imp_scale_best(scale), 0, scale->image, 0,
                                                   image_bytes(scale)),
                                   error)));
    const enum impasto_status status = imp_scale_evaluate(scale, true, iteration, &ignored, &why);
    if (status == IMPASTO_ERROR_NUMERIC)
        return give_up(scale, iteration, error);
    /* What comes next is no first failure, which would be measured again. */
    scale->failures = 1;
    return status == IMPASTO_OK ? status : imp_fail(error, status, "%s", why.message);
}

enum impasto_status imp_scale_measure(struct imp_scale *scale, int iteration,
                                      struct impasto_progress *progress, double *total,
                                      struct impasto_error *error)
{
    float part = 1;      /* of the step, when it is taken again */
    bool undone = false; /* the image is the one before the step */
    for (;;) {
        struct impasto_error why;
        const enum impasto_status status =
            imp_scale_evaluate(scale, true, iteration, progress, &why);
        if (status != IMPASTO_OK && status != IMPASTO_ERROR_NUMERIC)
            return imp_fail(error, status, "%s", why.message);
        if (status == IMPASTO_OK && undone) {
            part *= SHORTER;
            IMP_TRY(take_step(scale, iteration, progress->total, part, error));
            undone = false;
            continue;
        }
        if (status == IMPASTO_OK) {
            scale->failures = 0;
            *total = progress->total;
            return IMPASTO_OK;
        }
        scale->failures++;
        IMP_TRY(mend_average(scale, error));
        if (scale->failures > 1 && is_trial(scale))
            return judge_trial(scale, iteration, progress, total, error);
        const bool last = scale->failures >= TRIES;
        if (scale->failures > 1 && can_undo(scale)) {
            if (!last)
                warn(scale, iteration, "the step is taken back, and half of it is tried");
            IMP_TRY(undo(scale, error));
            undone = true;
        } else if (!last) {
            warn(scale, iteration, "it is measured again");
            if (is_trial(scale))
                IMP_TRY(settle(scale, imp_lift(scale->device,
                                               scale->optimizer->retry(scale->device, &scale->state,
                                                                       scale->image),
                                               error)));
        }
        if (last) {
            scale->failures = 0;
            return give_up(scale, iteration, error);
        }
    }
}

/* The losses at the end: up to so many times, until they are finite. A step that spoilt them is
 * taken back. */
static enum impasto_status measure_losses(struct imp_scale *scale, int tries, int iteration,
                                          struct impasto_progress *progress,
                                          struct impasto_error *error)
{
    for (int failures = 1;; failures++) {
        struct impasto_error why;
        const enum impasto_status status =
            imp_scale_evaluate(scale, false, iteration, progress, &why);
        if (status == IMPASTO_OK)
            return status;
        if (status != IMPASTO_ERROR_NUMERIC)
            return imp_fail(error, status, "%s", why.message);
        const bool undoes = failures > 1 && can_undo(scale);
        if (failures < tries)
            warn(scale, iteration, undoes ? "the step is taken back" : "it is measured again");
        if (undoes)
            IMP_TRY(undo(scale, error));
        if (failures == tries)
            return give_up(scale, iteration, error);
    }
}

enum impasto_status imp_scale_finish(struct imp_scale *scale, int iteration,
                                     struct impasto_progress *progress, struct impasto_error *error)
{
    struct impasto_error why;
    /* A trial need not be measured, if it cannot. */
    const bool trial = is_trial(scale);
    const enum impasto_status status =
        measure_losses(scale, trial ? 2 : TRIES, iteration, progress, &why);
    const bool lost = status == IMPASTO_ERROR_NUMERIC && trial;
    bool moved = false;
    if (status != IMPASTO_OK && !lost)
        return imp_fail(error, status, "%s", why.message);
    IMP_TRY(
        settle(scale, told(scale, iteration,
                           imp_optimizer_finish(scale->optimizer, scale->device, &scale->state,
                                                lost ? NAN : progress->total, scale->image, &moved),
                           error)));
    return moved ? measure_losses(scale, TRIES, iteration, progress, error) : IMPASTO_OK;
}

enum impasto_status imp_scale_verify(struct imp_scale *scale, int iteration,
                                     struct impasto_error *error)
{
    for (int failures = 0; scale->steps > 0; failures++) {
        struct impasto_progress ignored;
        IMP_TRY(imp_lift(
            scale->device,
            imp_losses_check(&scale->objective.losses, CHECK_GRADIENT, imp_scale_best(scale)),
            error));
        IMP_TRY(imp_lift(scale->device, check_state(scale), error));
        IMP_TRY(imp_lift(scale->device, read_losses(scale, &ignored), error));
        if (is_sound(scale, "the picture"))
            break;
        if (failures == TRIES)
            return give_up(scale, iteration, error);
        IMP_TRY(mend_average(scale, error));
        const bool undoes = failures > 0 && can_undo(scale);
        warn(scale, iteration, undoes ? "the step is taken back" : "it is looked at again");
        if (undoes)
            IMP_TRY(undo(scale, error));
    }
    return IMPASTO_OK;
}
