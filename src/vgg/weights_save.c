/* SPDX-License-Identifier: MIT */
/*
 * Weights as safetensors, F32. Sizes follow from the architecture, so the header is written before
 * any layer is asked for, and generated layers are made one at a time.
 */

#include "vgg/weights.h"
#include "store/store.h"

#include <string.h>

/* Fits "conv1_1.weight". */
#define NAME_SIZE 32
/* Of a layer: weight and bias, in this order. */
#define TENSORS 2

/* The layer that is at hand, for the callbacks. */
struct source {
    const struct impasto_weights *weights;
    struct impasto_error *error;
    struct imp_layer_weights layer;
    int at; /* -1: none */
};

/* One tensor of a layer. */
struct part {
    struct source *source;
    int layer;
    bool bias;
    char name[NAME_SIZE];
};

static enum impasto_status load(struct source *source, int layer)
{
    if (source->at == layer)
        return IMPASTO_OK;
    imp_layer_weights_free(&source->layer);
    source->at = layer;
    return imp_weights_layer(source->weights, layer, &source->layer, source->error);
}

static enum impasto_status read_part(void *user, size_t offset, void *piece, size_t size)
{
    const struct part *part = user;
    IMP_TRY(load(part->source, part->layer));
    const struct imp_layer_weights *layer = &part->source->layer;
    memcpy(piece, (const char *)(part->bias ? layer->bias : layer->weight) + offset, size);
    return IMPASTO_OK;
}

/* The layer's weight (out, in, 3, 3) or bias (out). */
static struct imp_store_tensor describe(struct part *part)
{
    const struct imp_layer_shape *shape = &imp_layer_shapes[part->layer];
    const int out = shape->out_channels;
    snprintf(part->name, sizeof(part->name), "%s.%s", shape->name, part->bias ? "bias" : "weight");
    return (struct imp_store_tensor){
        .name = part->name,
        .count = part->bias ? (size_t)out : imp_layer_elements(part->layer),
        .rank = part->bias ? 1 : 4,
        .shape = {out, shape->in_channels, 3, 3},
        .read = read_part,
        .user = part,
    };
}

static enum impasto_status write_all(struct source *source, const char *path)
{
    const struct impasto_weights_info *info = &source->weights->info;
    const bool torchvision = info->convention == IMPASTO_CONVENTION_TORCHVISION;
    struct part parts[IMPASTO_LAYERS * TENSORS];
    struct imp_store_tensor tensors[IMPASTO_LAYERS * TENSORS];
    const int count = info->layers * TENSORS;
    for (int i = 0; i < count; i++) {
        parts[i] = (struct part){.source = source, .layer = i / TENSORS, .bias = i % TENSORS != 0};
        tensors[i] = describe(&parts[i]);
    }
    const struct imp_store_text texts[] = {
        {"format", "pt"},
        {IMP_CONVENTION_KEY, torchvision ? IMP_CONVENTION_TORCHVISION : IMP_CONVENTION_CAFFE},
        {IMP_GENERATED_KEY, info->builtin ? "true" : NULL},
    };
    const struct imp_store_contents contents = {
        .what = "a weights file",
        .texts = texts,
        .text_count = IMP_COUNT(texts),
        .tensors = tensors,
        .tensor_count = (size_t)count,
    };
    return imp_store_write(path, &contents, source->error);
}

enum impasto_status impasto_weights_save(const struct impasto_weights *weights, const char *path,
                                         struct impasto_error *error)
{
    struct source source = {.weights = weights, .error = error, .at = -1};
    const enum impasto_status status = write_all(&source, path);
    imp_layer_weights_free(&source.layer);
    return status;
}
