/* SPDX-License-Identifier: MIT */
#ifndef IMP_OPTIM_LBFGS_H
#define IMP_OPTIM_LBFGS_H

/* Inside the room: the parts of L-BFGS, for lbfgs.c. */

#include "optim/optim.h"

/* ---- linesearch.c ---------------------------------------------------------------------------- */

struct imp_search_point {
    double step, loss, slope; /* slope: of the loss over the step */
};

/* A search for a step that satisfies the strong Wolfe conditions, one evaluation at a time. */
struct imp_linesearch {
    double step; /* where the next evaluation is wanted */
    struct imp_search_point start;
    struct imp_search_point best; /* the lowest loss so far; the start where none is below its */
    /* The best that had decreased enough; once `bracketed`, what is wanted lies between it and
     * high. */
    struct imp_search_point low, high;
    bool bracketed;
    bool settled; /* step is to be taken, whatever is found there */
    double width; /* of the bracket when it was last cut */
    int evaluations;
};

enum imp_search_verdict {
    IMP_SEARCH_TRY,   /* evaluate at search->step */
    IMP_SEARCH_TAKE,  /* the step just evaluated is the one */
    IMP_SEARCH_FAILED /* no step tried was below the start */
};

/* loss, slope (below 0): at step 0. step: above 0, the first to try. */
void imp_linesearch_begin(struct imp_linesearch *search, double loss, double slope, double step);
/* loss, slope: at search->step; where one of them is not finite, the step is too long. Says TRY a
 * bounded number of times. */
enum imp_search_verdict imp_linesearch_advance(struct imp_linesearch *search, double loss,
                                               double slope);
void imp_linesearch_numbers(struct imp_linesearch *search, struct imp_ledger *ledger);

/* ---- lbfgs_history.c ------------------------------------------------------------------------- */

/*
 * Which pairs L-BFGS remembers, and the products among them. The vectors are imp_lbfgs_vectors'. A
 * new pair takes these calls.
 * 1. Take a slot (_slot).
 * 2. Put the pair there (imp_lbfgs_accept).
 * 3. Take its products with the first _used slots (imp_lbfgs_dots).
 * 4. Hand them over (_add).
 * 5. Ask where to go (_direction).
 */
struct imp_lbfgs_history;

struct imp_lbfgs_history *imp_lbfgs_history_new(int limit); /* NULL: no memory */
void imp_lbfgs_history_free(struct imp_lbfgs_history **history);
void imp_lbfgs_history_clear(struct imp_lbfgs_history *history);
int imp_lbfgs_history_count(const struct imp_lbfgs_history *history); /* pairs */
/* The next pair's slot; where there is no room, the oldest pair is forgotten now. */
int imp_lbfgs_history_slot(struct imp_lbfgs_history *history);
/* How many slots, from 0 on, dots and coefficients are about. */
int imp_lbfgs_history_used(const struct imp_lbfgs_history *history);
/* dots: as imp_lbfgs_dots gives them. Returns false, and remembers only the gradient's products,
 * where the pair says nothing about the curvature or that it is not positive. */
bool imp_lbfgs_history_add(struct imp_lbfgs_history *history, const double *dots);
/* coefficients: of minus the inverse Hessian times the gradient, for imp_lbfgs_combine; without
 * pairs, of minus the gradient. false: not representable. */
bool imp_lbfgs_history_direction(const struct imp_lbfgs_history *history, float *coefficients);
void imp_lbfgs_history_numbers(struct imp_lbfgs_history *history, struct imp_ledger *ledger);

#endif
