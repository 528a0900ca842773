/* SPDX-License-Identifier: MIT */
/*
 * L-BFGS in the box [0, 1], as a row of the table of optimisers (Nocedal 1980; Nocedal and Wright,
 * Numerical Optimization, 2nd ed., section 7.2).
 *
 * It stands on a point, looks along a direction, and is told one evaluation of loss and gradient at
 * a time: trial steps of the line search are iterations as much as steps that are taken, so that
 * equal iterations are equal time whatever the optimiser. Nearly always the first trial is taken.
 *
 * The box is kept by projection (Bertsekas 1982, "Projected Newton methods for optimization
 * problems with simple constraints"). Variables at a bound that the loss wants them to cross are
 * held: with g the gradient without them (the reduced gradient) and H the inverse Hessian that the
 * history stands for, the direction is -H g, again without them. g'Hg > 0, so the loss falls along
 * it. The path is clamp(point + step * direction); its slope counts the variables that have not run
 * into a bound. The history's pairs are of the moves and changes of gradient along that path, among
 * the variables that moved.
 *
 * The first direction, and the first after the history was dropped, is steepest descent, and its
 * first step changes the image by the learning rate on average: for lack of anything known about
 * the loss, the same as Adam's first step, which changes every element by as much. Later the
 * history gives the scale, and the first step to try is 1.
 *
 * A search that finds nothing below the point's loss drops the history; one that even along
 * steepest descent finds nothing begins again below where it ended. Where there is no descent at
 * all, the image stays. A loss or gradient that is not finite is to the search a loss that is too
 * high.
 */

#include "net/net.h"

#include <math.h>
#include <stdlib.h>

/* state->vectors */
enum { POINT, REDUCED, DIRECTION, MOVES, CHANGES, COEFFICIENTS, SUMS };
/* Far beyond any bound from any point; and a float, also when multiplied by small numbers. */
#define LONGEST_STEP 1e30
/* A search that failed is begun again at this part of the step it ended with. */
#define SHORTENING 0.25
#define PURPOSE "optimiser"

struct imp_lbfgs {
    struct imp_lbfgs_history *history;
    struct imp_linesearch search;
    double loss;  /* at the point */
    bool resting; /* there is nowhere to go from the point */
    double *dots;
    float *coefficients;
};

static void layout(struct imp_optimizer_state *state, struct imp_layout *list)
{
    const size_t vector = (size_t)imp_lbfgs_pitch(state->n) * sizeof(float);
    const size_t pairs = (size_t)state->history;
    imp_layout_add(list, &state->vectors[POINT], vector, PURPOSE);
    imp_layout_add(list, &state->vectors[REDUCED], vector, PURPOSE);
    imp_layout_add(list, &state->vectors[DIRECTION], vector, PURPOSE);
    imp_layout_add(list, &state->vectors[MOVES], pairs * vector, PURPOSE);
    imp_layout_add(list, &state->vectors[CHANGES], pairs * vector, PURPOSE);
    imp_layout_add(list, &state->vectors[COEFFICIENTS], (2 * pairs + 1) * sizeof(float), PURPOSE);
    imp_layout_add(list, &state->vectors[SUMS], imp_lbfgs_sums_bytes(state->history), PURPOSE);
}

static void release(struct imp_optimizer_state *state)
{
    state->step = 0;
    if (!state->lbfgs)
        return;
    imp_lbfgs_history_free(&state->lbfgs->history);
    free(state->lbfgs->dots);
    free(state->lbfgs->coefficients);
    free(state->lbfgs);
    state->lbfgs = NULL;
}

static enum impasto_status begin(struct imp_device *device, struct imp_optimizer_state *state)
{
    const size_t columns = 2 * (size_t)state->history + 1;
    struct imp_lbfgs *lbfgs = state->lbfgs = calloc(1, sizeof(*lbfgs));
    if (lbfgs) {
        lbfgs->history = imp_lbfgs_history_new(state->history);
        lbfgs->dots = calloc(IMP_LBFGS_ROWS * columns, sizeof(*lbfgs->dots));
        lbfgs->coefficients = calloc(columns, sizeof(*lbfgs->coefficients));
    }
    if (lbfgs && lbfgs->history && lbfgs->dots && lbfgs->coefficients)
        return IMPASTO_OK;
    release(state);
    return imp_device_fail(device, IMPASTO_ERROR_MEMORY, "out of memory for L-BFGS");
}

static struct imp_lbfgs_vectors vectors_of(const struct imp_optimizer_state *state,
                                           struct imp_buffer *image, struct imp_buffer *gradient)
{
    return (struct imp_lbfgs_vectors){
        .n = state->n,
        .image = image,
        .gradient = gradient,
        .point = state->vectors[POINT],
        .reduced = state->vectors[REDUCED],
        .direction = state->vectors[DIRECTION],
        .moves = state->vectors[MOVES],
        .changes = state->vectors[CHANGES],
        .coefficients = state->vectors[COEFFICIENTS],
        .sums = state->vectors[SUMS],
    };
}

/* Puts the image where the search wants it. */
static enum impasto_status try_step(struct imp_device *device, struct imp_lbfgs *lbfgs,
                                    const struct imp_lbfgs_vectors *v)
{
    return imp_lbfgs_move(device, v, lbfgs->search.step);
}

/* Stays at the point for good. */
static enum impasto_status rest(struct imp_lbfgs *lbfgs, const struct imp_lbfgs_vectors *v)
{
    lbfgs->resting = true;
    return imp_buffer_copy(v->point, 0, v->image, 0, (size_t)v->n * sizeof(float));
}

/* Begins a search from the point along what the history says, without one along steepest descent.
 * Rests where nothing leads down. */
static enum impasto_status set_out(struct imp_device *device, struct imp_lbfgs *lbfgs,
                                   const struct imp_lbfgs_vectors *v, double learning_rate)
{
    /* The path's slope where it begins. Held variables have no part in it. */
    struct imp_lbfgs_vectors at_point = *v;
    at_point.image = v->point;
    at_point.gradient = v->reduced;
    for (;;) {
        const bool steepest = imp_lbfgs_history_count(lbfgs->history) == 0;
        double slope = 0, size = 0;
        if (imp_lbfgs_history_direction(lbfgs->history, lbfgs->coefficients)) {
            IMP_TRY(imp_lbfgs_combine(device, v, imp_lbfgs_history_used(lbfgs->history),
                                      lbfgs->coefficients));
            IMP_TRY(imp_lbfgs_slope(device, &at_point, &slope, &size));
        }
        if (slope < 0 && isfinite(slope) && isfinite(size)) {
            const double step = steepest ? learning_rate * v->n / size : 1;
            imp_linesearch_begin(&lbfgs->search, lbfgs->loss, slope, fmin(step, LONGEST_STEP));
            return try_step(device, lbfgs, v);
        }
        if (steepest)
            return rest(lbfgs, v);
        imp_lbfgs_history_clear(lbfgs->history);
    }
}

/* The image becomes the point, and the way there a pair of the history. */
static enum impasto_status take_step(struct imp_device *device, struct imp_lbfgs *lbfgs,
                                     const struct imp_lbfgs_vectors *v, double loss)
{
    const int slot = imp_lbfgs_history_slot(lbfgs->history);
    lbfgs->loss = loss;
    IMP_TRY(imp_lbfgs_accept(device, v, slot));
    IMP_TRY(imp_lbfgs_dots(device, v, slot, imp_lbfgs_history_used(lbfgs->history), lbfgs->dots));
    imp_lbfgs_history_add(lbfgs->history, lbfgs->dots);
    return IMPASTO_OK;
}

/* Nothing was found below the point's loss. */
static enum impasto_status search_again(struct imp_device *device, struct imp_lbfgs *lbfgs,
                                        const struct imp_lbfgs_vectors *v, double learning_rate)
{
    struct imp_linesearch *search = &lbfgs->search;
    if (imp_lbfgs_history_count(lbfgs->history) > 0) {
        imp_lbfgs_history_clear(lbfgs->history);
        return set_out(device, lbfgs, v, learning_rate);
    }
    imp_linesearch_begin(search, lbfgs->loss, search->start.slope, SHORTENING * search->step);
    return search->step > 0 ? try_step(device, lbfgs, v) : rest(lbfgs, v);
}

static enum impasto_status step(struct imp_device *device, struct imp_optimizer_state *state,
                                const struct impasto_params *params, double total,
                                struct imp_buffer *image, struct imp_buffer *gradient)
{
    const struct imp_lbfgs_vectors v = vectors_of(state, image, gradient);
    const double learning_rate = (double)params->learning_rate;
    double slope = NAN, size = 0;
    if (!state->lbfgs) {
        IMP_TRY(begin(device, state));
        state->step = 1;
        state->lbfgs->loss = total;
        /* Nothing led here: what slot 0 gets is no pair. */
        IMP_TRY(imp_lbfgs_accept(device, &v, 0));
        return set_out(device, state->lbfgs, &v, learning_rate);
    }
    struct imp_lbfgs *lbfgs = state->lbfgs;
    state->step++;
    if (lbfgs->resting)
        return IMPASTO_OK;
    if (isfinite(total))
        IMP_TRY(imp_lbfgs_slope(device, &v, &slope, &size));
    switch (imp_linesearch_advance(&lbfgs->search, total, slope)) {
    case IMP_SEARCH_TRY:
        return try_step(device, lbfgs, &v);
    case IMP_SEARCH_TAKE:
        IMP_TRY(take_step(device, lbfgs, &v, total));
        return set_out(device, lbfgs, &v, learning_rate);
    case IMP_SEARCH_FAILED:
        break;
    }
    return search_again(device, lbfgs, &v, learning_rate);
}

static enum impasto_status numbers(struct imp_device *device, struct imp_optimizer_state *state,
                                   struct imp_ledger *ledger)
{
    bool begun = state->lbfgs != NULL;
    imp_ledger_flag(ledger, &begun);
    if (!begun)
        return IMPASTO_OK;
    if (!state->lbfgs)
        IMP_TRY(begin(device, state));
    imp_ledger_number(ledger, &state->lbfgs->loss);
    imp_ledger_flag(ledger, &state->lbfgs->resting);
    imp_linesearch_numbers(&state->lbfgs->search, ledger);
    imp_lbfgs_history_numbers(state->lbfgs->history, ledger);
    return IMPASTO_OK;
}

static size_t saved(const struct imp_optimizer_state *state,
                    struct imp_saved_vector vectors[IMP_OPTIMIZER_VECTORS])
{
    if (!state->lbfgs)
        return 0;
    const size_t vector = (size_t)imp_lbfgs_pitch(state->n);
    const size_t used = (size_t)imp_lbfgs_history_used(state->lbfgs->history);
    const struct imp_saved_vector all[] = {
        {"lbfgs.point", state->vectors[POINT], vector},
        {"lbfgs.reduced_gradient", state->vectors[REDUCED], vector},
        {"lbfgs.direction", state->vectors[DIRECTION], vector},
        {"lbfgs.moves", state->vectors[MOVES], used * vector},
        {"lbfgs.changes", state->vectors[CHANGES], used * vector},
    };
    for (size_t i = 0; i < IMP_COUNT(all); i++)
        vectors[i] = all[i];
    return IMP_COUNT(all);
}

static const struct imp_buffer *best(const struct imp_optimizer_state *state,
                                     const struct imp_buffer *image)
{
    return state->lbfgs ? state->vectors[POINT] : image;
}

/* The last trial may be worse than the point, or than an earlier trial of its search. */
static enum impasto_status finish(struct imp_device *device, struct imp_optimizer_state *state,
                                  double total, struct imp_buffer *image, bool *moved)
{
    *moved = false;
    if (!state->lbfgs || state->lbfgs->resting)
        return IMPASTO_OK;
    struct imp_lbfgs *lbfgs = state->lbfgs;
    const struct imp_lbfgs_vectors v = vectors_of(state, image, NULL);
    const struct imp_search_point *least = &lbfgs->search.best;
    const size_t bytes = (size_t)state->n * sizeof(float);
    /* Written so that NaN is worse. */
    if (!(total <= least->loss)) {
        *moved = true;
        if (!(least->step > 0))
            return rest(lbfgs, &v);
        IMP_TRY(imp_lbfgs_move(device, &v, least->step));
    }
    lbfgs->resting = true;
    return imp_buffer_copy(image, 0, state->vectors[POINT], 0, bytes);
}

const struct imp_optimizer imp_optimizer_lbfgs = {
    .name = "lbfgs",
    .id = IMPASTO_OPTIMIZER_LBFGS,
    .layout = layout,
    .step = step,
    .numbers = numbers,
    .saved = saved,
    .best = best,
    .finish = finish,
    .release = release,
};
