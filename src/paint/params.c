/* SPDX-License-Identifier: MIT */
/* Presets, checks that no row of the table makes, and what parameters mean to the rooms below. */

#include "base/setting.h"
#include "optim/optim.h"
#include "vgg/weights.h"
#include "paint/paint.h"

#include <math.h>
#include <string.h>

/* ---- Presets --------------------------------------------------------------------------------- */

/* Layers by their place among the sixteen: conv1_1 is 0. */
enum { C11, C12, C21, C22, C31, C32, C33, C34, C41, C42, C43, C44, C51, C52, C53, C54 };

/* Layers and strengths that suit a kind of weights, for relative losses. */
struct recipe {
    int content;          /* one content layer */
    int style[8], styles; /* style layers, of equal weight */
    float style_weight, tv_weight;
    enum impasto_pooling pooling;
    int margin;
};

/* Trained weights, complete: the layers of Gatys et al. */
static const struct recipe trained = {
    .content = C42,
    .style = {C11, C21, C31, C41, C51},
    .styles = 5,
    .style_weight = 10,
    .tv_weight = 3,
    .pooling = IMPASTO_POOLING_MAX,
    .margin = 16,
};

/* Trained weights that end before conv4_2. */
static const struct recipe trained_shallow = {
    .content = C33,
    .style = {C11, C21, C31, C41},
    .styles = 4,
    .style_weight = 17,
    .tv_weight = 3,
    .pooling = IMPASTO_POOLING_MAX,
    .margin = 16,
};

/* The built-in weights: their learned layers, by tests/bench/judge.py and by looking at 384 and 512
 * pixels. */
static const struct recipe builtin = {
    .content = C22,
    .style = {C11, C12, C21, C22, C31},
    .styles = 5,
    .style_weight = 20,
    .tv_weight = 8,
    .pooling = IMPASTO_POOLING_AVERAGE,
    .margin = 16,
};

static void apply(const struct recipe *recipe, int layers, struct impasto_params *params)
{
    params->content_layers[recipe->content < layers ? recipe->content : layers - 1] = 1;
    for (int i = 0; i < recipe->styles; i++)
        if (recipe->style[i] < layers)
            params->style_layers[recipe->style[i]] = 1;
    params->content_weight = 1;
    params->style_weight = recipe->style_weight;
    params->tv_weight = recipe->tv_weight;
    params->pooling = recipe->pooling;
    params->margin = recipe->margin;
}

static void preset_default(const struct impasto_weights_info *weights,
                           struct impasto_params *params)
{
    apply(weights->builtin        ? &builtin
          : weights->layers > C42 ? &trained
                                  : &trained_shallow,
          weights->layers, params);
}

static void preset_quick(const struct impasto_weights_info *weights, struct impasto_params *params)
{
    preset_default(weights, params);
    params->size = 384;
    params->iterations = 30;
    params->first_iterations = 60;
}

static void preset_fine(const struct impasto_weights_info *weights, struct impasto_params *params)
{
    preset_default(weights, params);
    params->size = 768;
    params->iterations = 120;
    params->first_iterations = 240;
}

/*
 * The recipe of TensorFlow's style-transfer tutorial. Its G is F F^T / M, so each style layer's
 * weight takes the C^2 that our Gram matrix divides by. It uses Adam with beta1 .99 and epsilon .1.
 * Its total variation is a sum of absolute differences with weight 30. Ours is a mean of squares.
 * With weight 6e7 it pulls as hard where neighbours differ by 0.15, at 512 x 384 pixels.
 */
struct balance {
    int content; /* one content layer */
    float content_weight, style_weight, tv_weight;
};
static const struct balance classic_trained = {C52, 1e4f, 1e-2f / 5, 6e7f};
/* Its balance for weights that end before conv5_2, found by looking at 160 to 512 pixels.
 * Activations of conv3_4 are so much larger that with 1e4 the photograph stays. */
static const struct balance classic_shallow = {C34, 1, 1e-2f / 5, 6e7f};
/* And for the built-in weights; large, so that epsilon stays small. Where they are learned, Gram
 * matrices differ ten times less. */
static const struct balance classic_builtin = {C22, 2e5f, 3e9f, 1e7f};
static const float classic_builtin_layers[] = {1, 10, 10, 1, 1};

static void preset_classic(const struct impasto_weights_info *weights,
                           struct impasto_params *params)
{
    static const int style[] = {C11, C21, C31, C41, C51};
    const int layers = weights->layers;
    const struct balance *balance = weights->builtin ? &classic_builtin
                                    : layers > C52   ? &classic_trained
                                                     : &classic_shallow;
    params->content_layers[balance->content < layers ? balance->content : layers - 1] = 1;
    for (size_t i = 0; i < IMP_COUNT(style); i++) {
        const float channels = (float)imp_layer_shapes[style[i]].out_channels;
        if (style[i] < layers)
            params->style_layers[style[i]] =
                weights->builtin ? classic_builtin_layers[i] : channels * channels;
    }
    params->content_weight = balance->content_weight;
    params->style_weight = balance->style_weight;
    params->tv_weight = balance->tv_weight;
    params->losses = IMPASTO_LOSSES_GATYS;
    params->padding = IMPASTO_PADDING_ZERO;
    params->margin = 16; /* cut off with the dark rim that zeros leave */
    params->optimizer = IMPASTO_OPTIMIZER_ADAM;
    params->beta1 = 0.99f;
    params->beta2 = 0.999f;
    params->epsilon = 0.1f;
    params->iterations = 1000;
    params->first_iterations = -1;
    params->scales = 1;
    params->average = 0;
}

static const struct preset {
    const char *name;
    void (*fill)(const struct impasto_weights_info *weights, struct impasto_params *params);
} presets[] = {
    {"default", preset_default},
    {"quick", preset_quick},
    {"fine", preset_fine},
    {"classic", preset_classic},
};

enum impasto_status impasto_params_preset_sized(const struct impasto_weights *weights,
                                                const char *preset, size_t struct_size,
                                                struct impasto_params *params,
                                                struct impasto_error *error)
{
    struct impasto_params filled = imp_params_usual();
    IMP_TRY(imp_sized_check("impasto_params", struct_size, sizeof(filled), error));
    for (size_t i = 0; i < IMP_COUNT(presets); i++) {
        if (strcmp(preset ? preset : "default", presets[i].name) != 0)
            continue;
        presets[i].fill(&weights->info, &filled);
        filled.struct_size = struct_size;
        memcpy(params, &filled, struct_size);
        return IMPASTO_OK;
    }
    return imp_fail(error, IMPASTO_ERROR_USAGE,
                    "preset '%s' does not exist; choose one of default, quick, fine, classic",
                    preset);
}

/* With the presets' scales at 320 pixels, L-BFGS has after 60 iterations at each the losses that
 * Adam has after 100, or up to 4 % more (trained weights, two pairs of pictures). With the built-in
 * weights, 40 are enough for that (three pairs). */
#define ADAM_PER_LBFGS (5.0 / 3)

static int as_many(int iterations, double times)
{
    const double count = round(iterations * times);
    return iterations < 0 ? iterations : (int)fmin(count, IMP_MOST_ITERATIONS);
}

void impasto_params_optimizer(struct impasto_params *params, enum impasto_optimizer optimizer)
{
    if (optimizer == params->optimizer)
        return;
    const bool adam = optimizer == IMPASTO_OPTIMIZER_ADAM;
    const double times = adam ? ADAM_PER_LBFGS : 1 / ADAM_PER_LBFGS;
    params->optimizer = optimizer;
    params->iterations = as_many(params->iterations, times);
    params->first_iterations = as_many(params->first_iterations, times);
    /* Adam wanders about its goal; L-BFGS's points are each better than the last, and their mean
     * would not be. */
    params->average = adam ? 0.99f : 0;
}

/* ---- Limits ---------------------------------------------------------------------------------- */

static enum impasto_status check_layers(const char *kind, const float weights[IMPASTO_LAYERS],
                                        const struct impasto_weights_info *info,
                                        struct impasto_error *error)
{
    for (int l = 0; l < IMPASTO_LAYERS; l++) {
        if (!(weights[l] >= 0) || isinf(weights[l]))
            return imp_fail(error, IMPASTO_ERROR_USAGE,
                            "the weight of %s layer %s is %g; it must be finite and not negative",
                            kind, impasto_layer_name(l), (double)weights[l]);
        if (weights[l] > 0 && l >= info->layers)
            return imp_fail(error, IMPASTO_ERROR_WEIGHTS,
                            "%s: has no %s (it ends with %s), which is asked for as a %s layer; "
                            "choose earlier layers or complete weights",
                            info->source, impasto_layer_name(l),
                            impasto_layer_name(info->layers - 1), kind);
    }
    return IMPASTO_OK;
}

enum impasto_status imp_params_check(const struct impasto_params *params,
                                     const struct impasto_weights_info *weights,
                                     struct impasto_error *error)
{
    size_t count;
    const struct impasto_setting *settings = imp_settings(&count);
    for (size_t i = 0; i < count; i++)
        IMP_TRY(imp_setting_check(&settings[i], params, error));
    IMP_TRY(check_layers("content", params->content_layers, weights, error));
    IMP_TRY(check_layers("style", params->style_layers, weights, error));
    if (imp_params_depth(params) == 0)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "no content layer and no style layer: there is nothing to optimise");
    return IMPASTO_OK;
}

/* ---- What the rooms below are told ----------------------------------------------------------- */

bool imp_params_photograph(const struct impasto_params *params)
{
    return !(params->strength > 0);
}

/* Bits of the layers with a content or style weight. */
static uint32_t taps_of(const struct impasto_params *params)
{
    uint32_t bits = 0;
    for (int l = 0; l < IMPASTO_LAYERS; l++)
        if (params->content_layers[l] > 0 || params->style_layers[l] > 0)
            bits |= 1u << l;
    return bits;
}

int imp_params_depth(const struct impasto_params *params)
{
    int depth = 0;
    for (uint32_t bits = taps_of(params); bits; bits >>= 1)
        depth++;
    return depth;
}

struct imp_loss_options imp_params_losses(const struct impasto_params *params)
{
    /* From a tenth of the style's weight to ten times, and the other way round for
     * the content's. */
    const double strength = pow(10, 2 * (double)params->strength - 1);
    struct imp_loss_options options = {
        .relative = params->losses == IMPASTO_LOSSES_RELATIVE,
        .covariance = params->style_loss == IMPASTO_STYLE_LOSS_COVARIANCE,
        .content_weight = (double)params->content_weight / strength,
        .style_weight = (double)params->style_weight * strength,
        .tv_weight = params->tv_weight,
    };
    memcpy(options.content_layers, params->content_layers, sizeof(options.content_layers));
    memcpy(options.style_layers, params->style_layers, sizeof(options.style_layers));
    return options;
}

struct imp_step_options imp_params_steps(const struct impasto_params *params)
{
    return (struct imp_step_options){
        .learning_rate = params->learning_rate,
        .beta1 = params->beta1,
        .beta2 = params->beta2,
        .epsilon = params->epsilon,
    };
}
