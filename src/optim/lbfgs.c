/* SPDX-License-Identifier: MIT */
/*
 * L-BFGS in the box [0, 1], as a row of the table of optimisers (Nocedal 1980; Nocedal and Wright,
 * Numerical Optimization, 2nd ed., section 7.2).
 *
 * It stands on a point, looks along a direction, and is told one evaluation of loss and gradient at
 * a time. Trial steps of the line search count as iterations, as steps that are taken do. So equal
 * iterations take equal time, whatever the optimiser. Nearly always the first trial is taken.
 *
 * The box is kept by projection (Bertsekas 1982, "Projected Newton methods for optimization
 * problems with simple constraints"). Variables at a bound that the loss wants them to cross are
 * held. Let g be the gradient without them, the reduced gradient, and H the inverse Hessian that
 * the history stands for. The direction is -H g, again without the held variables. g'Hg > 0, so the
 * loss falls along it. The path is clamp(point + step * direction). Its slope counts the variables
 * that have not run into a bound. The history's pairs are the moves and the changes of the gradient
 * along that path, among the variables that moved.
 *
 * The first direction is steepest descent, and so is the first after the history was dropped. Its
 * first step changes the image by the learning rate on average. Nothing is known about the loss
 * then, and Adam's first step changes every element by as much. Later the history gives the scale,
 * and the first step to try is 1.
 *
 * A search that finds nothing below the point's loss drops the history. If even steepest descent
 * finds nothing, the next search begins where that one ended. Where there is no descent at all, the
 * image stays.
 *
 * For the search, a loss or gradient that is not finite is a loss that is too high. What the
 * optimiser computes itself may also not be finite. It is computed again, then without the history,
 * then from the image anew. If none of this helps, it fails.
 */

#include "optim/lbfgs.h"
#include "ops/sums.h"

#include <math.h>
#include <stdlib.h>

/* state->vectors */
enum { POINT, REDUCED, DIRECTION, MOVES, CHANGES, COEFFICIENTS, SUMS };
/* Far beyond any bound from any point; and a float, also when multiplied by small numbers. */
#define LONGEST_STEP 1e30
/* A search that failed is begun again at this part of the step it ended with. */
#define SHORTENING 0.25
/* What comes out not finite is computed once more: that may have been a fault of the device. */
#define TRIES 2
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
    return imp_device_fail_memory(device, "L-BFGS", 0);
}

static struct imp_lbfgs_vectors vectors_of(const struct imp_optimizer_state *state,
                                           struct imp_buffer *image, struct imp_buffer *gradient)
{
    return (struct imp_lbfgs_vectors){
        .n = state->n,
        .height = state->height,
        .elsewhere = state->elsewhere,
        .bounds = state->bounds,
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

/* imp_lbfgs_slope, tried again. */
static enum impasto_status measure_slope(struct imp_device *device,
                                         struct imp_optimizer_state *state,
                                         const struct imp_lbfgs_vectors *v, double *slope,
                                         double *size)
{
    for (int tries = 0; tries < TRIES; tries++) {
        IMP_TRY(imp_lbfgs_slope(device, v, slope, size));
        if (isfinite(*slope) && isfinite(*size))
            break;
        state->fault = "the slope along the search is not finite; it is computed again";
    }
    return IMPASTO_OK;
}

/* The direction, and the path's slope where it begins, in which held variables have no part. It
 * tells of everything that is not finite in the point, its gradient and the direction. */
static enum impasto_status find_direction(struct imp_device *device,
                                          struct imp_optimizer_state *state,
                                          const struct imp_lbfgs_vectors *v, double *slope,
                                          double *size)
{
    struct imp_lbfgs *lbfgs = state->lbfgs;
    struct imp_lbfgs_vectors at_point = *v;
    at_point.image = v->point;
    at_point.gradient = v->reduced;
    for (int tries = 0; tries < TRIES; tries++) {
        IMP_TRY(imp_lbfgs_combine(device, v, imp_lbfgs_history_used(lbfgs->history),
                                  lbfgs->coefficients));
        IMP_TRY(imp_lbfgs_slope(device, &at_point, slope, size));
        if (isfinite(*slope) && isfinite(*size))
            break;
        state->fault =
            "the direction of the search is not finite; it is computed again, or without "
            "the history";
    }
    return IMPASTO_OK;
}

/* Begins a search from the point along what the history says, without one along steepest descent.
 * Rests where nothing leads down. arrived: image and gradient are the point's, which can be made of
 * them again. */
static enum impasto_status set_out(struct imp_device *device, struct imp_optimizer_state *state,
                                   const struct imp_lbfgs_vectors *v, double learning_rate,
                                   bool arrived)
{
    struct imp_lbfgs *lbfgs = state->lbfgs;
    for (;;) {
        const bool steepest = imp_lbfgs_history_count(lbfgs->history) == 0;
        double slope = 0, size = 0;
        if (imp_lbfgs_history_direction(lbfgs->history, lbfgs->coefficients))
            IMP_TRY(find_direction(device, state, v, &slope, &size));
        if (slope < 0 && isfinite(slope) && isfinite(size)) {
            const int n = v->elsewhere ? v->elsewhere->n : v->n;
            const double step = steepest ? learning_rate * n / size : 1;
            imp_linesearch_begin(&lbfgs->search, lbfgs->loss, slope, fmin(step, LONGEST_STEP));
            return try_step(device, lbfgs, v);
        }
        const bool finite = isfinite(slope) && isfinite(size);
        imp_lbfgs_history_clear(lbfgs->history);
        if (steepest && !finite && !arrived && (isnan(slope) || isnan(size)))
            return imp_device_fail(device, IMPASTO_ERROR_NUMERIC,
                                   "the direction of steepest descent is not finite");
        /* Sums that overflow again and again are as good as nowhere to go. */
        if (steepest && (finite || !arrived))
            return rest(lbfgs, v);
        if (!finite && arrived)
            IMP_TRY(imp_lbfgs_accept(device, v, 0));
        arrived = arrived && !steepest;
    }
}

/* The image becomes the point, and the way there a pair of the history. */
static enum impasto_status take_step(struct imp_device *device, struct imp_optimizer_state *state,
                                     const struct imp_lbfgs_vectors *v, double loss)
{
    struct imp_lbfgs *lbfgs = state->lbfgs;
    const int slot = imp_lbfgs_history_slot(lbfgs->history);
    const int used = imp_lbfgs_history_used(lbfgs->history);
    lbfgs->loss = loss;
    IMP_TRY(imp_lbfgs_accept(device, v, slot));
    for (int tries = 0; tries < TRIES; tries++) {
        IMP_TRY(imp_lbfgs_dots(device, v, slot, used, lbfgs->dots));
        bool finite = true;
        for (int i = 0; i < IMP_LBFGS_ROWS * (2 * used + 1); i++)
            finite = finite && isfinite(lbfgs->dots[i]);
        if (finite)
            break;
        state->fault = "products of the history are not finite; they are computed again, or the "
                       "step is not remembered";
    }
    imp_lbfgs_history_add(lbfgs->history, lbfgs->dots);
    return IMPASTO_OK;
}

/* Nothing was found below the point's loss. */
static enum impasto_status restart_search(struct imp_device *device,
                                          struct imp_optimizer_state *state,
                                          const struct imp_lbfgs_vectors *v, double learning_rate)
{
    struct imp_lbfgs *lbfgs = state->lbfgs;
    struct imp_linesearch *search = &lbfgs->search;
    if (imp_lbfgs_history_count(lbfgs->history) > 0) {
        imp_lbfgs_history_clear(lbfgs->history);
        return set_out(device, state, v, learning_rate, false);
    }
    imp_linesearch_begin(search, lbfgs->loss, search->start.slope, SHORTENING * search->step);
    return search->step > 0 ? try_step(device, lbfgs, v) : rest(lbfgs, v);
}

/* Two slopes, and the products between. */
static int sums(const struct imp_optimizer_state *state)
{
    return 2 * IMP_LBFGS_SLOPE + IMP_LBFGS_ROWS * (2 * state->history + 1);
}

static enum impasto_status step(struct imp_device *device, struct imp_optimizer_state *state,
                                const struct imp_step_options *options, double total,
                                struct imp_buffer *image, struct imp_buffer *gradient)
{
    const struct imp_lbfgs_vectors v = vectors_of(state, image, gradient);
    const double learning_rate = (double)options->learning_rate;
    double slope = NAN, size = 0;
    if (!state->lbfgs) {
        IMP_TRY(begin(device, state));
        state->step = 1;
        state->lbfgs->loss = total;
        /* Nothing led here: what slot 0 gets is no pair. */
        IMP_TRY(imp_lbfgs_accept(device, &v, 0));
        return set_out(device, state, &v, learning_rate, true);
    }
    struct imp_lbfgs *lbfgs = state->lbfgs;
    state->step++;
    if (lbfgs->resting)
        return IMPASTO_OK;
    if (isfinite(total))
        IMP_TRY(measure_slope(device, state, &v, &slope, &size));
    switch (imp_linesearch_advance(&lbfgs->search, total, slope)) {
    case IMP_SEARCH_TRY:
        return try_step(device, lbfgs, &v);
    case IMP_SEARCH_TAKE:
        IMP_TRY(take_step(device, state, &v, total));
        return set_out(device, state, &v, learning_rate, true);
    case IMP_SEARCH_FAILED:
        break;
    }
    return restart_search(device, state, &v, learning_rate);
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
        {"lbfgs.point", state->vectors[POINT], vector, true},
        {"lbfgs.reduced_gradient", state->vectors[REDUCED], vector, true},
        {"lbfgs.direction", state->vectors[DIRECTION], vector, true},
        {"lbfgs.moves", state->vectors[MOVES], used * vector, true},
        {"lbfgs.changes", state->vectors[CHANGES], used * vector, true},
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

static enum impasto_status retry(struct imp_device *device, struct imp_optimizer_state *state,
                                 struct imp_buffer *image)
{
    const struct imp_lbfgs_vectors v = vectors_of(state, image, NULL);
    return state->lbfgs->resting ? rest(state->lbfgs, &v) : try_step(device, state->lbfgs, &v);
}

/* Moves the image, which nothing will measure before it counts. */
static enum impasto_status move_surely(struct imp_device *device, struct imp_optimizer_state *state,
                                       const struct imp_lbfgs_vectors *v, double step)
{
    for (int tries = 0; tries < TRIES; tries++) {
        double bad = 0;
        IMP_TRY(imp_lbfgs_move(device, v, step));
        IMP_TRY(imp_count_not_finite(device, v->image, v->n, v->sums, 0));
        IMP_TRY(imp_lbfgs_totals(device, v, 1, &bad));
        if (bad == 0)
            return IMPASTO_OK;
        state->fault = "the best image is not finite; it is computed again";
    }
    return imp_device_fail(device, IMPASTO_ERROR_NUMERIC, "the best image is not finite");
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
        IMP_TRY(move_surely(device, state, &v, least->step));
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
    .sums = sums,
    .retry = retry,
    .best = best,
    .finish = finish,
    .release = release,
};
