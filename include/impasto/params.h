/* SPDX-License-Identifier: MIT */
#ifndef IMPASTO_PARAMS_H
#define IMPASTO_PARAMS_H

/* What decides a painting besides its pictures, the weights and the device. */

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
    IMPASTO_COLOUR_STYLE, /* the style's colours */
    IMPASTO_COLOUR_LUMA,  /* the photograph's: only lightness is painted */
    IMPASTO_COLOUR_MATCH, /* the style picture's colours are first given the photograph's mean and
                             covariance */
};
enum impasto_optimizer { IMPASTO_OPTIMIZER_ADAM, IMPASTO_OPTIMIZER_LBFGS };

#define IMPASTO_SCALES 16 /* at most so many sizes in one run */

#define IMPASTO_SIZE_SOURCE (-1) /* keep the picture's own size */
#define IMPASTO_SIZE_AUTO 0      /* style_size only: derive it from the content's size */

/*
 * Everything that decides a run besides the device, the weights and the pictures. Take it from
 * impasto_params_preset() and change what you like.
 *
 * The objective (Gatys, Ecker and Bethge 2016; G_l = F_l F_l^T / (C_l M_l), C channels, M pixels):
 *   total = content_weight * sum_l content_layers[l] * mean((F_l - P_l)^2) / c_l
 *         + style_weight   * sum_l style_layers[l]   * mean((G_l - A_l)^2) / s_l
 *         + tv_weight      * (mean(dx^2) + mean(dy^2))
 * with F, P, A the features of the image, the content's and the style's Gram matrix; c_l = s_l = 1
 * with IMPASTO_LOSSES_GATYS, and c_l = mean(P_l^2), s_l = mean(A_l^2) with IMPASTO_LOSSES_RELATIVE.
 * With IMPASTO_STYLE_LOSS_COVARIANCE, G_l and A_l are covariances over C_l, and mean((m_l - n_l)^2)
 * of the channels' means, over mean(n_l^2) where relative, is added. With several style pictures
 * A_l is the mean of theirs by weight; with regions the style term is the mean over regions by
 * weight, of G_l = F_l diag(w) F_l^T / (C_l sum w), w the region's mask at the
 * layer's size. */
struct impasto_params {
    size_t struct_size; /* sizeof(struct impasto_params), as impasto_params_preset fills it */
    int size;           /* longer side of the result, 16 to 16384, or IMPASTO_SIZE_SOURCE; 512 */
    int style_size;     /* longer side of the style picture, 16 to 16384, _SOURCE, or _AUTO: the
                           result's longer side times style_scale, never enlarged; _AUTO */
    float style_scale;  /* 0.05 to 20; 1 */
    int scales;         /* sizes to work through, each larger than the last by sqrt(2), up to the
                           result's: 1 to IMPASTO_SCALES, or 0: from 128 pixels on; 0 */
    int scale_sizes[IMPASTO_SCALES]; /* instead: longer sides, ascending; the result's is added. 0
                           ends the list; empty */
    int iterations;                  /* at each scale; 0 to 1,000,000 */
    int first_iterations;            /* at the first of several; 0 to 1,000,000, or -1: as many */
    float average; /* the picture is the mean of those that the steps led to, each counting this
                      times the next, begun anew at each scale: 0 (the last alone) to below 1 */
    /* ADAM (Kingma and Ba 2015, algorithm 1), then clamp to [0, 1]. LBFGS (Nocedal 1980), projected
     * to [0, 1], with a line search for the strong Wolfe conditions, whose every trial is an
     * iteration, so that iterations take equal time; its result is the best image of all. */
    enum impasto_optimizer optimizer;
    int history; /* LBFGS: how many steps it remembers, 1 to 100; 5. Each takes the memory of
                    two images of floats */
    float learning_rate; /* above 0, up to 10; 0.02. LBFGS: how much the first step changes the
                            image, on average over its elements */
    float beta1, beta2;  /* ADAM: 0 to below 1; 0.9 and 0.99 */
    float epsilon;       /* ADAM: above 0; 1e-8 */
    float strength; /* 0: the photograph at the result's size, without a step; above, style_weight
                       counts times s, content_weight over s, with s = 10^(2 strength - 1); 0.5 */
    float content_weight, style_weight, tv_weight; /* 0 or more, finite */
    float content_layers[IMPASTO_LAYERS];          /* weight of each layer; 0: unused */
    float style_layers[IMPASTO_LAYERS];
    enum impasto_losses losses;
    enum impasto_style_loss style_loss;
    enum impasto_pooling pooling; /* 2x2, stride 2, odd edges dropped */
    enum impasto_padding
        padding; /* REPLICATE repeats the image's edge at conv1_1; zero elsewhere */
    int margin;  /* pixels of mirrored picture around the canvas, optimised and cut off at the
                    end, that keep border effects out of the result: 0 to 128 */
    enum impasto_colour colour;
    enum impasto_init init;
    uint64_t seed;    /* INIT_NOISE; equal seeds give equal noise; 0 */
    const char *conv; /* convolution algorithm by name; NULL: "auto" */
    const char *gemm; /* "clblast", "builtin"; NULL: "auto" */
    uint64_t memory;  /* bytes of device memory that the job may take, never more than the device
                         can spare; the less, the more is computed twice. 0: what it can spare, but
                         a little time is given for a lot of memory. The result is the same but for
                         rounding */
    bool reuse;       /* the job will be used for more pictures: see impasto_job_reuse */
    bool profile;     /* time each kernel; slows the run */
};

/* impasto_params_preset for callers that are not compiled with this header, such as bindings.
 * struct_size: bytes of *params as the caller knows them; no more are written. */
IMPASTO_API enum impasto_status
impasto_params_preset_sized(const struct impasto_weights *weights, const char *preset,
                            size_t struct_size, struct impasto_params *params,
                            struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * Fills all of `params` with a preset, as it suits the weights: their recommended layers,
 * strengths, pooling and padding. preset: "default", "quick", "fine" or "classic"; NULL is
 * "default". IMPASTO_ERROR_USAGE for an unknown name, with the list.
 */
IMPASTO_MUST_CHECK static inline enum impasto_status
impasto_params_preset(const struct impasto_weights *weights, const char *preset,
                      struct impasto_params *params, struct impasto_error *error)
{
    return impasto_params_preset_sized(weights, preset, sizeof(*params), params, error);
}

/*
 * Changes to another optimiser as the presets would have it: Adam takes 5/3 of the iterations of
 * L-BFGS to the same losses, and an average of 0.99 where L-BFGS has 0. Nothing changes where
 * params has it already.
 */
IMPASTO_API void impasto_params_optimizer(struct impasto_params *params,
                                          enum impasto_optimizer optimizer);

#ifdef __cplusplus
}
#endif

#endif
