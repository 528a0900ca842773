/* SPDX-License-Identifier: MIT */
#ifndef IMP_OPS_STEP_H
#define IMP_OPS_STEP_H

/* Steps of the optimisers, over n floats: adam.c and lbfgs.c. */

#include "device/device.h"

/* The range that every one of the n floats stays in; without one, -INFINITY and INFINITY. */
struct imp_bounds {
    float low, high;
};

struct imp_adam {
    float learning_rate, beta1, beta2, epsilon;
    struct imp_bounds bounds;
    int step; /* 1 for the first */
    int at;   /* where the n floats begin in all of the buffers */
};
/* One step of Adam on n floats of x, then a clamp to the bounds. */
enum impasto_status imp_adam_step(struct imp_device *device, const struct imp_adam *adam,
                                  struct imp_buffer *x, const struct imp_buffer *gradient,
                                  struct imp_buffer *moment1, struct imp_buffer *moment2, int n);

/* Waits. Where the L2 norm of the n floats x is beyond `most`, they are scaled down to it. *norm:
 * what it was. Where one of them or its square is not finite, nor is the norm, and all are left.
 * sums: IMP_PARTS floats, scratch. (clip.c) */
enum impasto_status imp_clip(struct imp_device *device, struct imp_buffer *x, int n, double most,
                             struct imp_buffer *sums, double *norm);

/* Where an image of n floats is a band of rows of a taller one, whose other rows are elsewhere. */
struct imp_elsewhere {
    int height, begin; /* of the taller one; its row that is the band's first */
    int n;             /* floats of the taller one */
    /* As imp_sums_read, of the taller one: waits for the others. */
    enum impasto_status (*totals)(void *user, const struct imp_buffer *sums, int slots,
                                  double *totals);
    void *user;
};

/*
 * What L-BFGS keeps on the device. optim/lbfgs.c has the method.
 * - Of n floats: image and gradient, where the loss was measured last.
 * - Of imp_lbfgs_pitch(n) floats, zero beyond n: point, where the optimiser stands; reduced, the
 *   gradient there, which is zero where the variable is held at a bound; direction.
 * - Of so many floats a slot: the history's moves of the point and changes of the gradient.
 */
struct imp_lbfgs_vectors {
    int n;
    int height; /* rows of an image (3, height, width), by whose blocks sums are taken; 0: it is
                   none */
    const struct imp_elsewhere *elsewhere; /* NULL: the image is whole */
    struct imp_bounds bounds;
    struct imp_buffer *image, *gradient;
    struct imp_buffer *point, *reduced, *direction;
    struct imp_buffer *moves, *changes;
    struct imp_buffer *coefficients; /* 2 slots + 1 floats */
    struct imp_buffer *sums;         /* imp_lbfgs_sums_bytes(slots) */
};
int imp_lbfgs_pitch(int n);
size_t imp_lbfgs_sums_bytes(int slots);
/* imp_sums_read of the vectors' sums, of the taller image where they are a band's. */
enum impasto_status imp_lbfgs_totals(struct imp_device *device, const struct imp_lbfgs_vectors *v,
                                     int slots, double *totals);
/* image = point + step * direction, clamped to the bounds. */
enum impasto_status imp_lbfgs_move(struct imp_device *device, const struct imp_lbfgs_vectors *v,
                                   double step);
/* point = image, reduced = its gradient; the move and the change that this was go to a slot. */
enum impasto_status imp_lbfgs_accept(struct imp_device *device, const struct imp_lbfgs_vectors *v,
                                     int slot);
/* Waits. dots: IMP_LBFGS_ROWS rows of 2 slots + 1. The rows belong to the move in `slot`, the
 * change in `slot`, and `reduced`. Each row has the products with the moves and the changes in the
 * first `slots` slots, and with `reduced`. */
#define IMP_LBFGS_ROWS 3
enum impasto_status imp_lbfgs_dots(struct imp_device *device, const struct imp_lbfgs_vectors *v,
                                   int slot, int slots, double *dots);
/* Waits for what came before. direction = coefficients, 2 slots + 1 in the order above, times these
 * vectors; zero where the variable is held. */
enum impasto_status imp_lbfgs_combine(struct imp_device *device, const struct imp_lbfgs_vectors *v,
                                      int slots, const float *coefficients);
/* Waits, for so many sums. slope: of the loss at the image along the path that imp_lbfgs_move
 * takes, per unit of step, as the step grows; size: sum of |direction|. */
#define IMP_LBFGS_SLOPE 2
enum impasto_status imp_lbfgs_slope(struct imp_device *device, const struct imp_lbfgs_vectors *v,
                                    double *slope, double *size);

#endif
