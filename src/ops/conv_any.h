/* SPDX-License-Identifier: MIT */
#ifndef IMP_OPS_CONV_ANY_H
#define IMP_OPS_CONV_ANY_H

/*
 * Convolutions of any odd size, with a stride or behind an upsampling, and all their gradients: the
 * layers of style networks. conv_any.c runs them, conv_any_weights.c has the gradients of weights.
 *
 * All of them are one kernel: a window of taps slides over x in steps of the stride and leaves its
 * sums in y, at every pixel or, for a phase, at every second one.
 * - Nearest x2 and 3x3 behind it are four 2x2 convolutions of the small picture, one for each phase
 *   of the large one. Weights that meet the same pixel are added up beforehand.
 * - The gradient to the input of stride 2 is four such phases with one or two taps a side.
 * - That of an upsampling is a 4x4 convolution with stride 2.
 */

#include "ops/conv.h"
#include "ops/map.h"

/* A layer's convolution. The margin that x must have filled is size / 2, or 1 by replication for an
 * upsampling, which is the enlarged picture's reflection. */
struct imp_conv_shape {
    int in, out;   /* channels; 3 on either side means a planar map there */
    int size;      /* odd */
    int stride;    /* 1 or 2; x's height and width are multiples of it */
    bool upsample; /* nearest x2 before; size 3, stride 1 */
};
/* Margin that forward reads of x; that backward writes of x's gradient; that backward reads of y's
 * gradient, zero there. */
int imp_conv_any_margin(const struct imp_conv_shape *shape);
int imp_conv_any_gradient_margin(const struct imp_conv_shape *shape);

/* ---- conv_any.c ------------------------------------------------------------------------------ */

enum imp_direction { IMP_FORWARD, IMP_BACKWARD };

/* Bytes of a layer's weights, packed for a direction. */
size_t imp_conv_any_packed(const struct imp_caps *caps, const struct imp_conv_shape *shape,
                           enum imp_direction direction);
/* Packs weights (out, in, size, size), which begin at float `at` of the network's parameters. */
enum impasto_status imp_conv_any_pack(struct imp_device *device, const struct imp_conv_shape *shape,
                                      enum imp_direction direction,
                                      const struct imp_buffer *parameters, size_t at,
                                      struct imp_buffer *packed);
/* Bytes of workspace for either direction at x's size. */
size_t imp_conv_any_workspace(const struct imp_caps *caps, const struct imp_conv_shape *shape,
                              int height, int width);

struct imp_conv_any {
    struct imp_conv_shape shape;
    struct imp_map x, y; /* forward: input and output; backward: their gradients */
    int first, rows;     /* forward: the rows of y's picture that are computed; 0, 0: all */
    /* Forward, of strips: the rows of the whole pictures that the maps' rows 0 are. first may then
     * be in y's margin, and x's margin hold its neighbours' rows. */
    int x_begin, y_begin;
    const struct imp_buffer *packed; /* weights, for the direction */
    const struct imp_buffer *bias;   /* forward to 3 channels: floats from bias_at on; NULL: none */
    size_t bias_at;
    /* Forward, where imp_conv_any_normalises says so: those by which x is normalised as it is read,
     * and whether it is not below 0 then; NULL: x is as it is. */
    const struct imp_buffer *statistics;
    bool relu;
    struct imp_buffer *workspace; /* imp_conv_any_workspace's; NULL where that is 0 */
    const char *label;
};
/*
 * The picture of y = w * x [+ bias]. y's margin is left as it is. The bits of a row do not depend
 * on which rows are computed with it, where imp_conv_any_strips says so. Otherwise Winograd's
 * filtering does all rows at once: fastest where both maps have inset 0, and backwards inset 1.
 */
enum impasto_status imp_conv_any_forward(struct imp_device *device,
                                         const struct imp_conv_any *conv);
bool imp_conv_any_strips(const struct imp_caps *caps, const struct imp_conv_shape *shape);
/* Whether forward can normalise what it reads: imp_norm_finish's statistics then take the place of
 * an imp_norm_apply. */
bool imp_conv_any_normalises(const struct imp_caps *caps, const struct imp_conv_shape *shape);
/* The gradient of x's picture and of the margin that forward reads; imp_map_fold brings the margin
 * home. y's gradient is zero in its margin. */
enum impasto_status imp_conv_any_backward(struct imp_device *device,
                                          const struct imp_conv_any *conv);

/* ---- conv_any_weights.c ---------------------------------------------------------------------- */

/* Bytes of workspace at x's size. */
size_t imp_conv_any_weights_workspace(const struct imp_caps *caps,
                                      const struct imp_conv_shape *shape, int height, int width);
struct imp_conv_any_weights {
    struct imp_conv_shape shape;
    struct imp_map x;            /* the input, its margin filled */
    struct imp_map y_gradient;   /* zero in its margin */
    struct imp_buffer *gradient; /* of the network's parameters */
    size_t at;                   /* where the weights begin in it, (out, in, size, size) */
    long bias_at;                /* and the bias (out); -1: there is none */
    struct imp_buffer *workspace;
    const char *label;
};
/* gradient += that of the weights and the bias, in the same order of sums every time. */
enum impasto_status imp_conv_any_weights(struct imp_device *device,
                                         const struct imp_conv_any_weights *call);

#endif
