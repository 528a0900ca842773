/* SPDX-License-Identifier: MIT */
/* The network's weights on the device: an algorithm for each layer and direction, the weights
 * packed for it, and the picture's way into the network. */

#include "vgg/vgg.h"

#include <stdlib.h>
#include <string.h>

static struct imp_input_map input_map(enum impasto_convention convention)
{
    if (convention == IMPASTO_CONVENTION_TORCHVISION) {
        /* (rgb - mean) / deviation, the figures of torchvision's ImageNet models. */
        static const double mean[3] = {0.485, 0.456, 0.406};
        static const double deviation[3] = {0.229, 0.224, 0.225};
        struct imp_input_map map = {.reverse = false};
        for (int k = 0; k < 3; k++) {
            map.scale[k] = (float)(1 / deviation[k]);
            map.offset[k] = (float)(-mean[k] / deviation[k]);
        }
        return map;
    }
    /* 255 * bgr - mean: what the original VGG weights were trained on. */
    return (struct imp_input_map){.reverse = true,
                                  .scale = {255.0f, 255.0f, 255.0f},
                                  .offset = {-103.939f, -116.779f, -123.68f}};
}

/* All layers of a model multiply alike: "auto" chooses among algorithms of one packing, which make
 * batches. Choosing may compile and check a library for a minute, or worse. So it takes a setting,
 * or that tuning has found the library to be faster. */
static enum impasto_status choose_gemm(struct imp_model *model, struct imp_device *device,
                                       const char *name)
{
    const bool automatic = (!name || strcmp(name, "auto") == 0) && model->automatic;
    const enum imp_products products =
        model->automatic ? IMP_PRODUCTS_BATCHED : model->layer[model->layers - 1].forward->products;
    if (automatic && imp_gemm_faster(imp_device_caps(device), products) != IMP_FASTER_LIBRARY)
        return IMPASTO_OK;
    return imp_gemm_choose(device, name, products, &model->gemm);
}

enum impasto_status imp_model_init(struct imp_model *model, struct imp_device *device,
                                   const struct impasto_weights_info *weights,
                                   const struct imp_model_options *options)
{
    *model = (struct imp_model){
        .layers = options->layers,
        .average = options->average,
        .edge = options->edge,
        .automatic = !options->conv || strcmp(options->conv, "auto") == 0,
        .gemm = imp_gemm_builtin(imp_device_caps(device)),
        .input = input_map(weights->convention),
    };
    for (int l = 0; l < model->layers; l++) {
        const struct imp_layer_shape *shape = &imp_layer_shapes[l];
        struct imp_model_layer *layer = &model->layer[l];
        IMP_TRY(imp_conv_choose(device, options->conv, shape->in_channels, shape->out_channels,
                                &layer->forward));
        IMP_TRY(imp_conv_choose(device, options->conv, shape->out_channels, shape->in_channels,
                                &layer->backward));
        layer->reversed = layer->forward->packing == layer->backward->packing &&
                          layer->forward->packing->reversible;
    }
    return choose_gemm(model, device, options->gemm);
}

/* Gradients through a picture's edge have kernels of their own, which want the weights packed their
 * way whatever algorithm does the rest. */
static bool has_edge(const struct imp_model *model, int l)
{
    return model->edge == IMP_EDGE_REFLECT || (model->edge == IMP_EDGE_REPLICATE && l == 0);
}

void imp_model_layout(struct imp_model *model, const struct imp_caps *caps,
                      struct imp_layout *layout)
{
    for (int l = 0; l < model->layers; l++) {
        const int in = imp_layer_shapes[l].in_channels, out = imp_layer_shapes[l].out_channels;
        struct imp_model_layer *layer = &model->layer[l];
        imp_layout_add(layout, &layer->forward_weights,
                       layer->forward->packing->size(caps, in, out), "weights");
        if (!layer->reversed)
            imp_layout_add(layout, &layer->backward_weights,
                           layer->backward->packing->size(caps, out, in), "weights");
        imp_layout_add(layout, &layer->bias, (size_t)out * sizeof(float), "weights");
        if (has_edge(model, l))
            imp_layout_add(layout, &layer->edge_weights,
                           imp_conv_edge_packing(in)->size(caps, out, in), "weights");
    }
}

static uint32_t add_layer(uint32_t checksum, int l, const struct imp_layer_weights *layer)
{
    checksum = imp_checksum(checksum, layer->weight, imp_layer_elements(l) * sizeof(float));
    return imp_checksum(checksum, layer->bias,
                        (size_t)imp_layer_shapes[l].out_channels * sizeof(float));
}

static enum impasto_status load_layer(struct imp_model_layer *layer, struct imp_device *device,
                                      int in, int out, const struct imp_layer_weights *weights,
                                      float *scratch)
{
    const struct imp_caps *caps = imp_device_caps(device);
    const size_t count = (size_t)in * (size_t)out * 9;
    float *packed = scratch, *flipped = scratch + count;
    layer->forward->packing->pack(caps, in, out, weights->weight, packed);
    IMP_TRY(imp_buffer_write(layer->forward_weights, 0, packed,
                             layer->forward->packing->size(caps, in, out)));
    if (!layer->reversed || layer->edge_weights)
        imp_conv_flip(in, out, weights->weight, flipped);
    if (layer->edge_weights) {
        const struct imp_conv_packing *edge = imp_conv_edge_packing(in);
        edge->pack(caps, out, in, flipped, packed);
        IMP_TRY(imp_buffer_write(layer->edge_weights, 0, packed, edge->size(caps, out, in)));
    }
    if (!layer->reversed) {
        layer->backward->packing->pack(caps, out, in, flipped, packed);
        IMP_TRY(imp_buffer_write(layer->backward_weights, 0, packed,
                                 layer->backward->packing->size(caps, out, in)));
    }
    return imp_buffer_write(layer->bias, 0, weights->bias, (size_t)out * sizeof(float));
}

enum impasto_status imp_model_load(struct imp_model *model, struct imp_device *device,
                                   const struct impasto_weights *weights,
                                   struct impasto_error *error)
{
    const struct imp_caps *caps = imp_device_caps(device);
    for (int l = 0; l < model->layers; l++) {
        const int in = imp_layer_shapes[l].in_channels, out = imp_layer_shapes[l].out_channels;
        struct imp_layer_weights layer = {0};
        IMP_TRY(imp_weights_layer(weights, l, &layer, error));
        const size_t forward = model->layer[l].forward->packing->size(caps, in, out);
        const size_t backward = model->layer[l].backward->packing->size(caps, out, in);
        const size_t bytes = (forward > backward ? forward : backward) +
                             (size_t)in * (size_t)out * 9 * sizeof(float);
        float *scratch = malloc(bytes);
        if (!scratch) {
            imp_layer_weights_free(&layer);
            return imp_fail_memory(error, "packing weights", bytes);
        }
        enum impasto_status status = load_layer(&model->layer[l], device, in, out, &layer, scratch);
        free(scratch);
        if (!imp_weights_generated(weights))
            model->checksum = add_layer(model->checksum, l, &layer);
        imp_layer_weights_free(&layer);
        if (status != IMPASTO_OK)
            return imp_fail(error, status, "%s", imp_device_error(device)->message);
    }
    return IMPASTO_OK;
}
