/* SPDX-License-Identifier: MIT */
/*
 * The built-in weights, which need no file. Some layers were learned from pictures that the library
 * draws (weights/learn.py); their filters are embedded, a byte for each weight. The kernels of the
 * others are random and smooth.
 *
 * A learned filter answers to something that is rare in pictures and strong where it is, such as a
 * stroke of some direction. Each makes four channels: itself and its negative, each once with a
 * high level and once with a low one. So Gram matrices know which strokes go together, where those
 * of random kernels know little but the mean activations.
 *
 * A random kernel is a mixture of nine products of the filters [1 2 1], [1 0 -1] and [1 -2 1]. The
 * smoother a product, the stronger it is. The local mean is held back. So the first layer sees
 * colours, edges and bars.
 *
 * Each channel is then scaled and shifted by a table. Before the ReLU its values have a mean of
 * imp_builtin_level and deviation 1 on drawn pictures (tests/tools/calibration.c).
 * weights/README.md has the whole story.
 */

#include "vgg/builtin.h"

#include <stdlib.h>
#include <string.h>

#include "vgg/builtin_table.h"

/* Of the random kernels. One of a few tried; others give equally valid, slightly different grain.
 */
#define SEED 1

/* Input channels mixed at a time, to keep the random numbers in the cache. */
#define BATCH 64

/* The learned layers by their place among the sixteen: conv1_2 to conv3_1. */
#define FIRST_LEARNED 1
#define LAST_LEARNED 4

static size_t weights_of_filter(int layer)
{
    return 9 * (size_t)imp_layer_shapes[layer].in_channels;
}

/* ---- Learned --------------------------------------------------------------------------------- */

static bool is_learned(int layer)
{
    return layer >= FIRST_LEARNED && layer <= LAST_LEARNED;
}

static size_t filters_of(int layer)
{
    return (size_t)imp_layer_shapes[layer].out_channels / IMP_BUILTIN_CHANNELS;
}

static void fill_learned(int layer, float *weights)
{
    const size_t count = filters_of(layer) * weights_of_filter(layer);
    const signed char *filters = imp_builtin_learned;
    for (int l = FIRST_LEARNED; l < layer; l++)
        filters += filters_of(l) * weights_of_filter(l);
    for (size_t i = 0; i < count; i++) {
        weights[i] = filters[i];
        weights[count + i] = -weights[i];
    }
    memcpy(weights + 2 * count, weights, 2 * count * sizeof(*weights));
}

float imp_builtin_level(int layer, int channel)
{
    if (!is_learned(layer))
        return 0.7f;
    return channel < imp_layer_shapes[layer].out_channels / 2 ? 0.5f : -0.7f;
}

/* ---- Random ---------------------------------------------------------------------------------- */

/* Amplitude of filter pair (p, q): 1 / (1 + p + q), the local mean (0, 0) demoted. */
static float amplitude(int p, int q)
{
    return p + q == 0 ? 0.3f : 1.0f / (float)(1 + p + q);
}

static void fill_random(int layer, float *weights)
{
    static const float filters[3][3] = {
        {0.40824829f, 0.81649658f, 0.40824829f},  /* [1 2 1] / sqrt 6 */
        {0.70710678f, 0.0f, -0.70710678f},        /* [1 0 -1] / sqrt 2 */
        {0.40824829f, -0.81649658f, 0.40824829f}, /* [1 -2 1] / sqrt 6 */
    };
    float basis[9][9];
    for (int p = 0; p < 3; p++)
        for (int q = 0; q < 3; q++)
            for (int tap = 0; tap < 9; tap++)
                basis[3 * p + q][tap] = amplitude(p, q) * filters[p][tap / 3] * filters[q][tap % 3];

    const size_t pairs =
        (size_t)imp_layer_shapes[layer].in_channels * (size_t)imp_layer_shapes[layer].out_channels;
    float mixture[9 * BATCH];
    for (size_t first = 0; first < pairs; first += BATCH) {
        const size_t count = pairs - first < BATCH ? pairs - first : BATCH;
        imp_rng_normal(SEED, (uint32_t)layer, 9 * first, 9 * count, mixture);
        for (size_t i = 0; i < count; i++)
            for (int tap = 0; tap < 9; tap++) {
                float sum = 0;
                for (int b = 0; b < 9; b++)
                    sum += mixture[9 * i + (size_t)b] * basis[b][tap];
                weights[9 * (first + i) + (size_t)tap] = sum;
            }
    }
}

/* ---- Both ------------------------------------------------------------------------------------ */

void imp_builtin_raw(int layer, float *weights)
{
    if (is_learned(layer))
        fill_learned(layer, weights);
    else
        fill_random(layer, weights);
}

enum impasto_status imp_builtin_generate(int layer, struct imp_layer_weights *out,
                                         struct impasto_error *error)
{
    const size_t channels = (size_t)imp_layer_shapes[layer].out_channels;
    const size_t per_channel = weights_of_filter(layer);
    size_t first = 0; /* the layer's place in the table */
    for (int l = 0; l < layer; l++)
        first += (size_t)imp_layer_shapes[l].out_channels;
    float *weight = malloc(channels * per_channel * sizeof(float));
    float *bias = malloc(channels * sizeof(float));
    if (!weight || !bias) {
        free(weight);
        free(bias);
        return imp_fail_memory(error, "the built-in weights",
                               channels * per_channel * sizeof(float));
    }
    imp_builtin_raw(layer, weight);
    for (size_t o = 0; o < channels; o++) {
        const float scale = calibration[first + o].scale;
        for (size_t i = 0; i < per_channel; i++)
            weight[o * per_channel + i] *= scale;
        bias[o] = calibration[first + o].bias;
    }
    *out = (struct imp_layer_weights){.weight = weight, .bias = bias};
    return IMPASTO_OK;
}
