/* SPDX-License-Identifier: MIT */
/*
 * The history of L-BFGS as a matrix of dot products. The two-loop recursion (Nocedal 1980; Nocedal
 * and Wright, algorithm 7.4) only scales and adds the moves s, the changes y and the gradient g. So
 * it can be done on their coefficients, once all products among them are known (Chen, Wang and Zhou
 * 2014, "Large-scale L-BFGS using MapReduce"). A new pair costs its own products with the others.
 * The rest are kept from before.
 */

#include "optim/lbfgs.h"

#include <math.h>
#include <stdlib.h>

/* A pair is used where its move and its change have at least this cosine. Below it, s'y is no more
 * than what rounding leaves of a sum of float32 products. It is positive, so that the matrix that
 * the pairs stand for stays positive definite. */
#define LEAST_COSINE 1e-6

struct imp_lbfgs_history {
    int limit; /* slots */
    int first,
        count;       /* the oldest pair's slot; pairs, in slots that follow one another in a ring */
    int used;        /* slots that have ever been written to */
    int slot;        /* for the next pair */
    double *sy, *yy; /* limit x limit, by slots: s_i'y_j and y_i'y_j */
    double *sg, *yg; /* products with the gradient */
    double *alpha;   /* of the recursion */
    double *beta;    /* the moves' coefficients */
};

struct imp_lbfgs_history *imp_lbfgs_history_new(int limit)
{
    const size_t m = (size_t)limit;
    struct imp_lbfgs_history *history = calloc(1, sizeof(*history));
    double *numbers = calloc(2 * m * m + 4 * m, sizeof(*numbers));
    if (!history || !numbers) {
        free(history);
        free(numbers);
        return NULL;
    }
    *history = (struct imp_lbfgs_history){
        .limit = limit,
        .sy = numbers,
        .yy = numbers + m * m,
        .sg = numbers + 2 * m * m,
        .yg = numbers + 2 * m * m + m,
        .alpha = numbers + 2 * m * m + 2 * m,
        .beta = numbers + 2 * m * m + 3 * m,
    };
    return history;
}

void imp_lbfgs_history_free(struct imp_lbfgs_history **history)
{
    if (!*history)
        return;
    free((*history)->sy);
    free(*history);
    *history = NULL;
}

void imp_lbfgs_history_clear(struct imp_lbfgs_history *history)
{
    history->first = history->count = history->used = 0;
}

int imp_lbfgs_history_count(const struct imp_lbfgs_history *history)
{
    return history->count;
}

int imp_lbfgs_history_slot(struct imp_lbfgs_history *history)
{
    if (history->count == history->limit) {
        history->first = (history->first + 1) % history->limit;
        history->count--;
    }
    history->slot = (history->first + history->count) % history->limit;
    if (history->used <= history->slot)
        history->used = history->slot + 1;
    return history->slot;
}

int imp_lbfgs_history_used(const struct imp_lbfgs_history *history)
{
    return history->used;
}

bool imp_lbfgs_history_add(struct imp_lbfgs_history *history, const double *dots)
{
    const int m = history->limit, new = history->slot, used = history->used;
    const double *by_move = dots, *by_change = by_move + 2 * used + 1;
    const double *by_gradient = by_change + 2 * used + 1;
    const double ss = by_move[new], sy = by_move[used + new], yy = by_change[used + new];
    for (int i = 0; i < used; i++) {
        history->sy[new *m + i] = by_move[used + i];
        history->sy[i * m + new] = by_change[i];
        history->yy[new *m + i] = history->yy[i * m + new] = by_change[used + i];
        history->sg[i] = by_gradient[i];
        history->yg[i] = by_gradient[used + i];
    }
    /* Also false for NaN; and for products that have gone under. */
    if (!(sy > LEAST_COSINE * sqrt(ss) * sqrt(yy) && sy > 0 && isfinite(ss) && isfinite(yy)))
        return false;
    history->count++;
    return true;
}

/* The slot of the k-th oldest pair. */
static int slot_of(const struct imp_lbfgs_history *history, int k)
{
    return (history->first + k) % history->limit;
}

bool imp_lbfgs_history_direction(const struct imp_lbfgs_history *history, float *coefficients)
{
    const int m = history->limit, count = history->count, used = history->used;
    double *alpha = history->alpha, *beta = history->beta, gamma = 1;
    for (int k = count - 1; k >= 0; k--) {
        const int i = slot_of(history, k);
        double product = history->sg[i]; /* s_i'q, q being g less what was taken off so far */
        for (int l = count - 1; l > k; l--)
            product -= alpha[slot_of(history, l)] * history->sy[i * m + slot_of(history, l)];
        alpha[i] = product / history->sy[i * m + i];
    }
    if (count > 0) {
        const int newest = slot_of(history, count - 1);
        gamma = history->sy[newest * m + newest] / history->yy[newest * m + newest];
    }
    for (int k = 0; k < count; k++) {
        const int i = slot_of(history, k);
        double product = history->yg[i]; /* y_i'r, r being what the direction is so far */
        for (int l = 0; l < count; l++)
            product -= alpha[slot_of(history, l)] * history->yy[i * m + slot_of(history, l)];
        product *= gamma;
        for (int l = 0; l < k; l++)
            product += beta[slot_of(history, l)] * history->sy[slot_of(history, l) * m + i];
        beta[i] = alpha[i] - product / history->sy[i * m + i];
    }
    bool finite = isfinite((float)gamma);
    for (int i = 0; i < 2 * used; i++)
        coefficients[i] = 0;
    coefficients[2 * used] = (float)-gamma;
    for (int k = 0; k < count; k++) {
        const int i = slot_of(history, k);
        coefficients[i] = (float)-beta[i];
        coefficients[used + i] = (float)(gamma * alpha[i]);
        finite = finite && isfinite(coefficients[i]) && isfinite(coefficients[used + i]);
    }
    return finite;
}

void imp_lbfgs_history_numbers(struct imp_lbfgs_history *history, struct imp_ledger *ledger)
{
    const int m = history->limit;
    /* What direction() has computed anew whenever it is read is left out. */
    const int lasting = 2 * m * m + 2 * m;
    imp_ledger_integer(ledger, &history->first, 0, m - 1);
    imp_ledger_integer(ledger, &history->count, 0, m);
    imp_ledger_integer(ledger, &history->used, 0, m);
    imp_ledger_integer(ledger, &history->slot, 0, m - 1);
    for (int i = 0; i < lasting; i++)
        imp_ledger_number(ledger, &history->sy[i]);
}
