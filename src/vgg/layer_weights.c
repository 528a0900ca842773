/* SPDX-License-Identifier: MIT */
/* A layer's weights in memory, and what every format's files must hold. */

#include "vgg/weights.h"

#include <stdlib.h>

/* Of the architecture: all kernels are 3x3. */
#define TAPS 9

size_t imp_layer_elements(int layer)
{
    const struct imp_layer_shape *shape = &imp_layer_shapes[layer];
    return (size_t)shape->out_channels * (size_t)shape->in_channels * TAPS;
}

enum impasto_status imp_weights_allocate(struct imp_layer_weights *out, int layer,
                                         struct impasto_error *error)
{
    const size_t bytes = imp_layer_elements(layer) * sizeof(float);
    out->weight = malloc(bytes);
    out->bias = malloc((size_t)imp_layer_shapes[layer].out_channels * sizeof(float));
    if (out->weight == NULL || out->bias == NULL)
        return imp_fail_memory(error, "a layer's weights", bytes);
    return IMPASTO_OK;
}

enum impasto_status imp_weights_count(const char *path, const bool weight[IMPASTO_LAYERS],
                                      const bool bias[IMPASTO_LAYERS], int *layers,
                                      struct impasto_error *error)
{
    int count = 0, last = -1;
    for (int i = 0; i < IMPASTO_LAYERS; i++) {
        if (weight[i] != bias[i])
            return imp_fail(error, IMPASTO_ERROR_WEIGHTS,
                            "%s: layer %s has a %s but no %s; the file is incomplete, get it anew",
                            path, imp_layer_shapes[i].name, weight[i] ? "weight" : "bias",
                            weight[i] ? "bias" : "weight");
        if (!weight[i])
            continue;
        count++;
        last = i;
    }
    if (count == 0)
        return imp_fail(error, IMPASTO_ERROR_WEIGHTS,
                        "%s: no layer conv1_1; this is not a VGG19, or its tensors have unknown "
                        "names (known: conv1_1.weight, block1_conv1.weight, features.0.weight)",
                        path);
    if (count <= last) {
        int missing = 0;
        while (weight[missing])
            missing++;
        return imp_fail(error, IMPASTO_ERROR_WEIGHTS,
                        "%s: layer %s is missing although %s is there; a plain VGG19 is needed, "
                        "not a VGG16 or one with batch normalisation",
                        path, imp_layer_shapes[missing].name, imp_layer_shapes[last].name);
    }
    *layers = count;
    return IMPASTO_OK;
}

void imp_layer_weights_free(struct imp_layer_weights *layer)
{
    free(layer->weight);
    free(layer->bias);
    *layer = (struct imp_layer_weights){0};
}
