/* SPDX-License-Identifier: MIT */
#ifndef IMP_OBJECTIVE_H
#define IMP_OBJECTIVE_H

/* Inside the selftest room: what the files of the double-precision objective share. */

#include "selftest/reference.h"

struct imp_ref_pass {
    int h[IMPASTO_LAYERS], w[IMPASTO_LAYERS];
    double *input; /* (3, height + 2, width + 2): with the halo as padding asks */
    double *features[IMPASTO_LAYERS]; /* after the ReLU */
    double *pooled[IMPASTO_LAYERS];   /* what layer l reads, where pooling comes before it */
};

/* ---- reference_pass.c ------------------------------------------------------------------------ */

/* The pixel, of n in a row or column, that stands for pixel i of the picture, which may be beyond
 * the edge; -1: there is zero. */
int imp_ref_inside(const struct imp_ref_objective *o, int i, int n);
/* Whether pooling comes before layer l. */
bool imp_ref_pools_before(int l);
/* False when out of memory; to be freed in any case. */
bool imp_ref_forward(const struct imp_ref_objective *o, const double *image, int height, int width,
                     struct imp_ref_pass *pass);
void imp_ref_pass_free(struct imp_ref_pass *pass);

/* ---- style_reference.c ----------------------------------------------------------------------- */

/* Mean square of n values, 1 where that is 0. */
double imp_ref_energy(const double *x, int n);
bool imp_ref_style_init(struct imp_ref_objective *o);
void imp_ref_style_free(struct imp_ref_objective *o);
/* Adds layer l's style loss, and its gradient to g, (channels, h, w). */
bool imp_ref_style_add(const struct imp_ref_objective *o, const struct imp_ref_pass *pass, int l,
                       struct imp_loss_values *losses, double *g);

#endif
