/* SPDX-License-Identifier: MIT */
#ifndef IMPASTO_PARAMS_H
#define IMPASTO_PARAMS_H

/* The parameters of a painting: all that decides it besides pictures, weights and device. */

#include <impasto/weights.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum impasto_losses { IMPASTO_LOSSES_RELATIVE, IMPASTO_LOSSES_GATYS };
enum impasto_style_loss { IMPASTO_STYLE_LOSS_GRAM, IMPASTO_STYLE_LOSS_COVARIANCE };
enum impasto_pooling { IMPASTO_POOLING_MAX, IMPASTO_POOLING_AVERAGE };
enum impasto_padding { IMPASTO_PADDING_ZERO, IMPASTO_PADDING_REPLICATE };
enum impasto_init {
    IMPASTO_INIT_CONTENT,
    IMPASTO_INIT_NOISE,
    IMPASTO_INIT_GRAY,
    IMPASTO_INIT_IMAGE
};
enum impasto_colour {
    IMPASTO_COLOUR_STYLE, /* the result has the style's colours */
    IMPASTO_COLOUR_LUMA,  /* it has the photograph's colours: only lightness is painted */
    IMPASTO_COLOUR_MATCH, /* the style picture's colours first get the photograph's mean and
                             covariance */
};
enum impasto_optimizer { IMPASTO_OPTIMIZER_ADAM, IMPASTO_OPTIMIZER_LBFGS };

#define IMPASTO_SCALES 16 /* the most sizes of one run */

#define IMPASTO_SIZE_SOURCE (-1) /* keep the picture's own size */
#define IMPASTO_SIZE_AUTO 0      /* style_size only: derive it from the result's size */

/*
 * Take the parameters from impasto_params_preset() and change what you like.
 *
 * The objective is that of Gatys, Ecker and Bethge (2016):
 *
 *   total = content_weight * sum_l content_layers[l] * mean((F_l - P_l)^2) / c_l
 *         + style_weight   * sum_l style_layers[l]   * mean((G_l - A_l)^2) / s_l
 *         + tv_weight      * (mean(dx^2) + mean(dy^2))
 *
 * F_l are the image's features at layer l, and P_l the content's, each C_l channels by M_l pixels.
 * G_l = F_l F_l^T / (C_l M_l) is the image's Gram matrix, and A_l the style's. dx and dy are the
 * differences of neighbouring pixels.
 *
 * - IMPASTO_LOSSES_GATYS: c_l = s_l = 1.
 * - IMPASTO_LOSSES_RELATIVE: c_l = mean(P_l^2) and s_l = mean(A_l^2).
 * - IMPASTO_STYLE_LOSS_COVARIANCE: G_l and A_l are covariances over C_l. The term
 *   mean((m_l - n_l)^2) is added, where m_l and n_l are the channels' means in image and style. It
 *   is divided by mean(n_l^2) with IMPASTO_LOSSES_RELATIVE.
 * - Several style pictures: A_l is the mean of theirs by weight.
 * - Regions: the style term is the mean over the regions by weight. In each,
 *   G_l = F_l diag(w) F_l^T / (C_l sum w), where w is the region's mask at the layer's size.
 */
struct impasto_params {
    size_t struct_size; /* sizeof(struct impasto_params), as impasto_params_preset fills it */
    int size;           /* longer side of the result, 16 to 16384, or _SIZE_SOURCE; default 512 */

    /* Longer side of the style picture, 16 to 16384, or IMPASTO_SIZE_SOURCE. IMPASTO_SIZE_AUTO: the
     * result's longer side times style_scale, but the picture is never enlarged. Default: _AUTO. */
    int style_size;
    float style_scale; /* 0.05 to 20; default 1 */

    /* The number of sizes that the job works through. Each is sqrt(2) times the one before, and the
     * last is the result's. 1 to IMPASTO_SCALES. 0, the default: as many as fit from 128 pixels
     * on. */
    int scales;
    /* Longer sides to use instead, ascending. The result's is added. 0 ends the list. Default:
     * none. */
    int scale_sizes[IMPASTO_SCALES];
    int iterations;       /* at each scale; 0 to 1,000,000 */
    int first_iterations; /* at the first of several scales; 0 to 1,000,000, or -1: as at each */

    /* The picture is a weighted mean of the images after the steps of a scale. Each image weighs
     * `average` times as much as the next one. 0, the last image alone, to below 1. */
    float average;

    /* ADAM is algorithm 1 of Kingma and Ba (2015), after which the image is clamped to [0, 1].
     * LBFGS is that of Nocedal (1980), projected to [0, 1]. Its line search looks for the strong
     * Wolfe conditions. Each of its trials counts as an iteration, so that iterations take equal
     * time. Its result is the best image of all. */
    enum impasto_optimizer optimizer;
    int history; /* LBFGS: how many steps it remembers, each in two images of floats; 1 to 100,
                    default 5 */
    float learning_rate; /* above 0, up to 10; default 0.02. LBFGS: how much the first step changes
                            the image, on average over its elements */
    float beta1, beta2;  /* ADAM: 0 to below 1; default 0.9 and 0.99 */
    float epsilon;       /* ADAM: above 0; default 1e-8 */

    /* 0: the result is the photograph, resized, without a step. Above 0: style_weight is multiplied
     * and content_weight is divided by 10^(2 strength - 1), which is 1 at 0.5. 0 to 1; default
     * 0.5. */
    float strength;
    float content_weight, style_weight, tv_weight; /* 0 or more, finite */
    float content_layers[IMPASTO_LAYERS];          /* weight of each layer; 0: unused */
    float style_layers[IMPASTO_LAYERS];            /* likewise */
    enum impasto_losses losses;
    enum impasto_style_loss style_loss;
    enum impasto_pooling pooling; /* 2x2, stride 2; a last odd row or column is dropped */
    enum impasto_padding padding; /* REPLICATE repeats the image's edge at conv1_1 alone; the other
                                     layers are padded with zeros */

    /* Pixels of mirrored picture around the canvas. They are optimised, and cut off at the end, so
     * that border effects stay out of the result. 0 to 128. */
    int margin;
    enum impasto_colour colour;
    enum impasto_init init;
    uint64_t seed;    /* of IMPASTO_INIT_NOISE: equal seeds give equal noise; default 0 */
    const char *conv; /* convolution algorithm by name; NULL: "auto" */
    const char *gemm; /* matrix product: "clblast" or "builtin"; NULL: "auto" */

    /* Bytes of device memory that the job may take, though never more than the device can spare.
     * With less memory, more is computed twice. The result is the same but for rounding. 0: what
     * the device can spare, but a lot of memory is not taken to save a little time. */
    uint64_t memory;
    bool reuse;   /* the job will be given more pictures by impasto_job_reuse */
    bool profile; /* time each kernel; this slows the run */
};

/*
 * Does what impasto_params_preset does, for callers that are not compiled with this header, such as
 * bindings.
 *
 * struct_size: bytes of *params as the caller knows it. No more are written.
 */
IMPASTO_API enum impasto_status
impasto_params_preset_sized(const struct impasto_weights *weights, const char *preset,
                            size_t struct_size, struct impasto_params *params,
                            struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * Fills all of `params` with a preset. Layers, weights of the losses, pooling and padding are those
 * recommended for the network's weights.
 *
 * preset: "default", "quick", "fine" or "classic". NULL: "default".
 *
 * IMPASTO_ERROR_USAGE: there is no such preset. The message lists them.
 */
IMPASTO_MUST_CHECK static inline enum impasto_status
impasto_params_preset(const struct impasto_weights *weights, const char *preset,
                      struct impasto_params *params, struct impasto_error *error)
{
    return impasto_params_preset_sized(weights, preset, sizeof(*params), params, error);
}

/*
 * Changes to another optimiser, and what goes with it in the presets. Adam gets 5/3 of the
 * iterations that L-BFGS gets, which leads to the same losses. Its `average` is 0.99, and that of
 * L-BFGS is 0. Nothing changes where params has this optimiser already.
 */
IMPASTO_API void impasto_params_optimizer(struct impasto_params *params,
                                          enum impasto_optimizer optimizer);

#ifdef __cplusplus
}
#endif

#endif
