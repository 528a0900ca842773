/* SPDX-License-Identifier: MIT */
/*
 * A line search for the strong Wolfe conditions (Nocedal and Wright, Numerical Optimization, 2nd
 * ed., algorithms 3.5, bracketing, and 3.6, zooming in). It is turned inside out: it is told one
 * evaluation at a time and says where it wants the next. It only knows numbers, not what they
 * belong to.
 */

#include "optim/lbfgs.h"

#include <math.h>

/* Enough decrease, and the slope gone down enough: loss(a) <= loss(0) + C1 a slope(0), and
 * |slope(a)| <= C2 |slope(0)|. Nocedal and Wright's numbers for quasi-Newton methods, section 3.1.
 */
#define C1 1e-4
#define C2 0.9
/* After so many evaluations the best of them will do. */
#define MOST_EVALUATIONS 10
/* How much longer the next step is while the loss still falls: at least and at most. */
#define LEAST_GROWTH 2.0
#define MOST_GROWTH 10.0
/* Interpolated steps stay so far from the ends of the bracket, as a part of its width. Where a step
 * has left more than this of the width, the next one halves it. */
#define LEAST_CUT 0.1
#define SLOW_CUT 0.66
/* Where there is only one number to go by, as the other end is not finite. */
#define BLIND_CUT 0.25

void imp_linesearch_begin(struct imp_linesearch *search, double loss, double slope, double step)
{
    const struct imp_search_point start = {.step = 0, .loss = loss, .slope = slope};
    *search = (struct imp_linesearch){.start = start, .low = start, .best = start, .step = step};
}

/* Where the cubic through both points' losses and slopes is least; equation 3.59. NaN: nowhere. */
static double cubic_minimum(const struct imp_search_point *a, const struct imp_search_point *b)
{
    const double d1 = a->slope + b->slope - 3 * (a->loss - b->loss) / (a->step - b->step);
    const double d2 = copysign(sqrt(d1 * d1 - a->slope * b->slope), b->step - a->step);
    return b->step - (b->step - a->step) * (b->slope + d2 - d1) / (b->slope - a->slope + 2 * d2);
}

static double clamped(double value, double low, double high)
{
    return value < low ? low : value > high ? high : value;
}

/* The loss falls from `before` to `now` and goes on falling. */
static double beyond(const struct imp_search_point *before, const struct imp_search_point *now)
{
    const double cubic = cubic_minimum(before, now);
    const double most = MOST_GROWTH * now->step;
    return cubic > now->step ? clamped(cubic, LEAST_GROWTH * now->step, most) : most;
}

static double between(struct imp_linesearch *search)
{
    const struct imp_search_point *low = &search->low, *high = &search->high;
    const double width = high->step - low->step, before = search->width;
    search->width = fabs(width);
    if (!isfinite(high->loss))
        return low->step + BLIND_CUT * width;
    const double part = (cubic_minimum(low, high) - low->step) / width;
    if (isnan(part) || (before > 0 && search->width > SLOW_CUT * before))
        return low->step + 0.5 * width;
    return low->step + clamped(part, LEAST_CUT, 1 - LEAST_CUT) * width;
}

/* Takes the best point that there was. It may have to be evaluated again, for its gradient. */
static enum imp_search_verdict settle(struct imp_linesearch *search, double now)
{
    if (!(search->best.step > 0))
        return IMP_SEARCH_FAILED;
    search->settled = true;
    search->step = search->best.step;
    return search->step == now ? IMP_SEARCH_TAKE : IMP_SEARCH_TRY;
}

enum imp_search_verdict imp_linesearch_advance(struct imp_linesearch *search, double loss,
                                               double slope)
{
    const struct imp_search_point *start = &search->start;
    const bool finite = isfinite(loss) && isfinite(slope);
    const struct imp_search_point now = {
        .step = search->step, .loss = finite ? loss : INFINITY, .slope = finite ? slope : 0};
    /* It was finite before. */
    if (search->settled)
        return finite ? IMP_SEARCH_TAKE : IMP_SEARCH_FAILED;
    search->evaluations++;
    if (now.loss < search->best.loss)
        search->best = now;
    const struct imp_search_point before = search->low;
    if (now.loss > start->loss + C1 * now.step * start->slope || now.loss >= search->low.loss) {
        search->high = now;
        search->bracketed = true;
    } else if (fabs(now.slope) <= -C2 * start->slope) {
        return IMP_SEARCH_TAKE;
    } else {
        const double ahead = search->bracketed ? search->high.step - search->low.step : 1;
        if (now.slope * ahead >= 0) {
            search->high = search->low;
            search->bracketed = true;
        }
        search->low = now;
    }
    if (search->evaluations >= MOST_EVALUATIONS)
        return settle(search, now.step);
    search->step = search->bracketed ? between(search) : beyond(&before, &now);
    return IMP_SEARCH_TRY;
}

static void point_numbers(struct imp_search_point *point, struct imp_ledger *ledger)
{
    imp_ledger_number(ledger, &point->step);
    imp_ledger_number(ledger, &point->loss);
    imp_ledger_number(ledger, &point->slope);
}

void imp_linesearch_numbers(struct imp_linesearch *search, struct imp_ledger *ledger)
{
    imp_ledger_number(ledger, &search->step);
    point_numbers(&search->start, ledger);
    point_numbers(&search->best, ledger);
    point_numbers(&search->low, ledger);
    point_numbers(&search->high, ledger);
    imp_ledger_flag(ledger, &search->bracketed);
    imp_ledger_flag(ledger, &search->settled);
    imp_ledger_number(ledger, &search->width);
    imp_ledger_integer(ledger, &search->evaluations, 0, MOST_EVALUATIONS);
}
