/* SPDX-License-Identifier: MIT */
#ifndef IMP_REFERENCE_H
#define IMP_REFERENCE_H

/*
 * The mathematics once more, in double precision and the plainest C. The device is judged by it.
 * Arrays are (channels, height, width), without halo. Outputs are overwritten unless stated
 * otherwise.
 */

#include "loss/losses.h"
#include "vgg/weights.h"
#include "ops/element.h"
#include "ops/step.h"

/* y (out, h, w) = 3x3 convolution of x (in, h, w), zeros beyond the edge; weights (out, in,
 * 3, 3). */
void imp_ref_conv(int in, int out, int h, int w, const double *x, const float *weights, double *y);
/* gx (in, h, w) = gradient to x of that convolution, given gy (out, h, w). */
void imp_ref_conv_backward(int in, int out, int h, int w, const double *gy, const float *weights,
                           double *gx);
/* What reflection adds to these: y += or gx += the part through pixels beyond the edge, -1 being a
 * copy of 1. h, w: at least 2. */
void imp_ref_conv_reflect(int in, int out, int h, int w, const double *x, const float *weights,
                          double *y);
void imp_ref_conv_reflect_backward(int in, int out, int h, int w, const double *gy,
                                   const float *weights, double *gx);
/* y (c, h / 2, w / 2) = 2x2 pooling of x (c, h, w). */
void imp_ref_pool(int c, int h, int w, bool average, const double *x, double *y);
/* gx (c, h, w) = gradient through the pooling; of equal maxima the first in reading order
 * has it. */
void imp_ref_pool_backward(int c, int h, int w, bool average, const double *x, const double *gy,
                           double *gx);
/* g (c, c) = F diag(w) F^T / (c sum w) of f (c, m); weights w (m), or NULL: 1. */
void imp_ref_gram(int c, int m, const double *f, const double *w, double *g);
/* mean (c) = F w / sum w. */
void imp_ref_mean(int c, int m, const double *f, const double *w, double *mean);
/* mean(dx^2) + mean(dy^2) of an image (3, h, w); gradient += weight * its gradient (NULL: not). */
double imp_ref_tv(int h, int w, const double *image, double weight, double *gradient);
/* mean(max(0, |x - 0.5| - 0.5)^2) of n values; gradient += weight * its gradient. */
double imp_ref_range(int n, const double *x, double weight, double *gradient);
/* How much an image (3, h, w) repeats every 4 pixels, as cl/lattice.cl has it; gradient += weight
 * times its gradient. 0 without a window. */
double imp_ref_lattice(int h, int w, const double *image, double weight, double *gradient);
/* How much it repeats some steps further on, as cl/weave.cl has it, likewise. content: the
 * photograph, another such image. limits: WEAVE_SHIFTS of them. NAN: no memory. (reference_weave.c)
 */
double imp_ref_weave(int h, int w, const double *image, const double *content, const float *limits,
                     double weight, double *gradient);
/* mean(weight * (x - target)^2) of (3, n) with weights (n); gradient += factor * its gradient. */
double imp_ref_temporal(int n, const double *x, const double *target, const double *weight,
                        double factor, double *gradient);
/* One step of Adam with a clamp to the bounds. */
void imp_ref_adam(const struct imp_adam *adam, int n, double *image, const double *gradient,
                  double *moment1, double *moment2);

/* A style picture, (3, height, width), and how much its positions count (NULL: 1). */
struct imp_ref_picture {
    const double *image;
    int height, width;
    const float *mask;
    double share; /* in its region */
};

/* Where in the picture which style pictures' statistics are wanted. */
struct imp_ref_region {
    double weight;
    const float *mask; /* (height, width), or NULL */
    const struct imp_ref_picture *pictures;
    int picture_count;
    /* Computed: Gram matrix or covariance, mean, and what their losses are divided by. */
    double *target[IMPASTO_LAYERS], *mean_target[IMPASTO_LAYERS];
    double energy[IMPASTO_LAYERS], mean_energy[IMPASTO_LAYERS];
};

/* The whole objective of struct impasto_params on given weights, at one size. */
struct imp_ref_objective {
    const struct impasto_params *params;
    const struct impasto_weights *weights; /* with their layers in place */
    /* What networks in training have beside them, see struct imp_loss_options. reflect: in place of
     * params->padding, at every layer. */
    bool bounded, reflect;
    double range_weight, lattice_weight, weave_weight;
    const float *weave_limits;
    /* An earlier frame, warped, (3, height, width), and how far it counts; NULL: there is none. */
    const double *earlier, *reliability;
    double temporal_weight;
    struct imp_input_map map;
    int depth, height, width;
    struct imp_ref_region *regions;
    int region_count;
    const double *content; /* the image, which stays the caller's */
    double *content_target[IMPASTO_LAYERS], content_energy[IMPASTO_LAYERS];
};

/* Computes the targets, from a content image (3, height, width), which stays there. False when out
 * of memory. */
bool imp_ref_objective_init(struct imp_ref_objective *objective, const double *content);
void imp_ref_objective_free(struct imp_ref_objective *objective);
/* Losses into `losses` (total, content, style, tv) and the gradient (3, height, width). */
bool imp_ref_objective_evaluate(const struct imp_ref_objective *objective, const double *image,
                                struct imp_loss_values *losses, double *gradient);

/* A plane at a point in pixels, bicubic (Catmull-Rom), its rows `pitch` floats apart. Beyond its
 * edges it goes on as its edge pixels. */
double imp_ref_sample(const float *plane, int pitch, int height, int width, double y, double x);

#endif
