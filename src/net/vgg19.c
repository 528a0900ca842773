/* SPDX-License-Identifier: MIT */
/*
 * VGG19 (Simonyan and Zisserman 2015, configuration E) at one size, as far as its deepest wanted
 * layer: convolution, bias, ReLU, sixteen times, with 2x2 pooling between the five blocks. Forwards,
 * and backwards to the picture.
 */

#include "net/net.h"

static const int pool_channels[4] = {64, 128, 256, 512};

static bool pool_before(int layer)
{
    return layer > 0 && imp_layer_shapes[layer].block != imp_layer_shapes[layer - 1].block;
}

static size_t tensor_bytes(const struct imp_tensor *t)
{
    return imp_tensor_bytes(t->channels, t->height, t->width, t->lanes);
}

/* The algorithms for layer l at this size. */
static void choose(struct imp_net *net, const struct imp_caps *caps, int l)
{
    const struct imp_model_layer *layer = &net->model->layer[l];
    const int in = imp_layer_shapes[l].in_channels, out = imp_layer_shapes[l].out_channels;
    const int h = net->activation[l].height, w = net->activation[l].width;
    net->forward[l] = layer->forward;
    net->backward[l] = layer->backward;
    if (!net->model->automatic)
        return;
    net->forward[l] = imp_conv_cheapest(caps, layer->forward->packing, in, out, h, w);
    net->backward[l] = imp_conv_cheapest(caps, layer->backward->packing, out, in, h, w);
}

void imp_net_init(struct imp_net *net, const struct imp_model *model, const struct imp_caps *caps,
                  int height, int width, bool keep)
{
    *net = (struct imp_net){.model = model, .height = height, .width = width, .keep = keep};
    net->input = (struct imp_tensor){.channels = 3, .height = height, .width = width, .lanes = 1};
    net->input_gradient = net->input;
    int h = height, w = width;
    for (int l = 0; l < model->layers; l++) {
        const int block = imp_layer_shapes[l].block;
        if (pool_before(l)) {
            h /= 2;
            w /= 2;
            net->pooled[block - 2] = (struct imp_tensor){.channels = pool_channels[block - 2],
                                                         .height = h,
                                                         .width = w,
                                                         .lanes = caps->vector_width};
        }
        net->activation[l] = (struct imp_tensor){.channels = imp_layer_shapes[l].out_channels,
                                                 .height = h,
                                                 .width = w,
                                                 .lanes = caps->vector_width};
        choose(net, caps, l);
    }
}

/* The largest workspace that any layer's convolutions ask for. */
static size_t workspace_bytes(const struct imp_net *net, const struct imp_caps *caps)
{
    size_t largest = 0;
    for (int l = 0; l < net->model->layers; l++) {
        const int in = imp_layer_shapes[l].in_channels, out = imp_layer_shapes[l].out_channels;
        const int h = net->activation[l].height, w = net->activation[l].width;
        const size_t forward = net->forward[l]->workspace_size(caps, in, out, h, w);
        const size_t backward = net->keep ? net->backward[l]->workspace_size(caps, out, in, h, w) : 0;
        largest = forward > largest ? forward : largest;
        largest = backward > largest ? backward : largest;
    }
    return largest;
}

void imp_net_layout(struct imp_net *net, const struct imp_caps *caps, struct imp_layout *layout)
{
    size_t largest = 0;
    imp_layout_add(layout, &net->input.buffer, tensor_bytes(&net->input), "activations");
    for (int l = 0; l < net->model->layers; l++) {
        struct imp_tensor *pooled = pool_before(l) ? &net->pooled[imp_layer_shapes[l].block - 2] : NULL;
        const size_t bytes = tensor_bytes(&net->activation[l]);
        largest = bytes > largest ? bytes : largest;
        if (net->keep) {
            if (pooled)
                imp_layout_add(layout, &pooled->buffer, tensor_bytes(pooled), "activations");
            imp_layout_add(layout, &net->activation[l].buffer, bytes, "activations");
        }
    }
    if (net->keep) {
        imp_layout_add(layout, &net->input_gradient.buffer, tensor_bytes(&net->input_gradient),
                       "gradients");
        imp_layout_add(layout, &net->gradients[0], largest, "gradients");
        imp_layout_add(layout, &net->gradients[1], largest, "gradients");
    } else {
        imp_layout_add(layout, &net->shared[0], largest, "activations");
        imp_layout_add(layout, &net->shared[1], largest, "activations");
    }
    imp_layout_add(layout, &net->workspace, workspace_bytes(net, caps), "workspace");
}

/* Takes the next of the two shared buffers for a tensor that is not kept. */
static enum impasto_status share(struct imp_net *net, struct imp_device *device, int *turn,
                                 struct imp_tensor *tensor)
{
    if (net->keep)
        return IMPASTO_OK;
    tensor->buffer = net->shared[*turn];
    *turn ^= 1;
    return imp_tensor_clear_halo(device, tensor);
}

enum impasto_status imp_net_forward(struct imp_net *net, struct imp_device *device,
                                    const struct imp_buffer *image, const struct imp_taps *taps)
{
    const struct imp_model *model = net->model;
    IMP_TRY(imp_input_forward(device, image, &net->input, &model->input, model->replicate));
    struct imp_tensor x = net->input;
    int turn = 0;
    for (int l = 0; l < model->layers; l++) {
        if (pool_before(l)) {
            struct imp_tensor *pooled = &net->pooled[imp_layer_shapes[l].block - 2];
            IMP_TRY(share(net, device, &turn, pooled));
            IMP_TRY(imp_pool_forward(device, &x, pooled, model->average));
            x = *pooled;
        }
        struct imp_tensor *y = &net->activation[l];
        IMP_TRY(share(net, device, &turn, y));
        char label[32];
        snprintf(label, sizeof(label), "%s forward", imp_layer_shapes[l].name);
        const struct imp_model_layer *layer = &model->layer[l];
        IMP_TRY(net->forward[l]->run(device, &(struct imp_conv){.x = x,
                                                               .y = *y,
                                                               .weights = layer->forward_weights,
                                                               .bias = layer->bias,
                                                               .epilogue = IMP_EPILOGUE_BIAS_RELU,
                                                               .workspace = net->workspace,
                                                               .gemm = model->gemm,
                                                               .label = label}));
        if (taps->layers >> l & 1u)
            IMP_TRY(taps->measure(taps->user, l, y));
        x = *y;
    }
    return IMPASTO_OK;
}

/* The two gradient buffers and the shapes that they last held. */
struct gradients {
    struct imp_tensor held[2];
    int turn; /* which one holds the gradient at hand */
};

/* A gradient shaped as `like` in buffer `which`, its halo zero. */
static enum impasto_status gradient_view(const struct imp_net *net, struct imp_device *device,
                                         struct gradients *gradients, int which,
                                         const struct imp_tensor *like, struct imp_tensor *view)
{
    struct imp_tensor *held = &gradients->held[which];
    const bool same = held->channels == like->channels && held->height == like->height &&
                      held->width == like->width;
    *view = *like;
    view->buffer = net->gradients[which];
    *held = *view;
    return same ? IMPASTO_OK : imp_tensor_clear_halo(device, view);
}

enum impasto_status imp_net_backward(struct imp_net *net, struct imp_device *device,
                                     const struct imp_taps *taps, struct imp_buffer *image_gradient)
{
    const struct imp_model *model = net->model;
    const int last = model->layers - 1;
    struct gradients gradients = {0};
    struct imp_tensor g; /* the gradient of layer l's activation, masked by its ReLU */
    IMP_TRY(gradient_view(net, device, &gradients, 0, &net->activation[last], &g));
    IMP_TRY(taps->gradient(taps->user, last, &net->activation[last], &g));
    IMP_TRY(imp_relu_mask(device, &net->activation[last], &g));

    for (int l = last; l > 0; l--) {
        const struct imp_model_layer *layer = &model->layer[l];
        const struct imp_tensor *below = &net->activation[l - 1];
        const bool tapped = taps->layers >> (l - 1) & 1u;
        struct imp_tensor to; /* the gradient of layer l's input */
        const struct imp_tensor *input =
            pool_before(l) ? &net->pooled[imp_layer_shapes[l].block - 2] : below;
        IMP_TRY(gradient_view(net, device, &gradients, gradients.turn ^ 1, input, &to));
        enum imp_epilogue epilogue = IMP_EPILOGUE_STORE;
        if (input == below) {
            if (tapped)
                IMP_TRY(taps->gradient(taps->user, l - 1, below, &to));
            epilogue = tapped ? IMP_EPILOGUE_ADD_MASK : IMP_EPILOGUE_MASK;
        }
        char label[32];
        snprintf(label, sizeof(label), "%s backward", imp_layer_shapes[l].name);
        IMP_TRY(net->backward[l]->run(device, &(struct imp_conv){.x = g,
                                                                .y = to,
                                                                .weights = layer->backward_weights,
                                                                .mask = *below,
                                                                .epilogue = epilogue,
                                                                .workspace = net->workspace,
                                                                .gemm = model->gemm,
                                                                .label = label}));
        if (input == below) {
            g = to;
            gradients.turn ^= 1;
            continue;
        }
        /* Back through the pooling, into the buffer that g has left. */
        IMP_TRY(gradient_view(net, device, &gradients, gradients.turn, below, &g));
        if (tapped)
            IMP_TRY(taps->gradient(taps->user, l - 1, below, &g));
        IMP_TRY(imp_pool_backward(device, below, &to, &g, model->average, tapped));
    }

    const struct imp_model_layer *first = &model->layer[0];
    IMP_TRY(net->backward[0]->run(device, &(struct imp_conv){.x = g,
                                                            .y = net->input_gradient,
                                                            .weights = first->backward_weights,
                                                            .epilogue = IMP_EPILOGUE_STORE,
                                                            .workspace = net->workspace,
                                                            .gemm = model->gemm,
                                                            .label = "conv1_1 backward"}));
    if (model->replicate)
        IMP_TRY(imp_conv_first_replicate(device, &g, model->edge_weights, &net->input_gradient));
    return imp_input_backward(device, &net->input_gradient, image_gradient, &model->input);
}
