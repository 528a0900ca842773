/* SPDX-License-Identifier: MIT */
/*
 * A stage of VGG19, the convolutions between two poolings, on the whole picture or on one strip of
 * rows after another.
 *
 * What a strip delivers, rows `begin` to `end`, depends on rows further up and down: by one more
 * for each convolution, forwards and backwards. So each layer is computed `reach` rows beyond the
 * strip's own, as far as the picture goes, and the strip's tensors have `margin` rows of room for
 * that. Beyond the picture its tensors have zeros, as the whole's. The results are those of the
 * whole picture, but for rounding: sums are added up strip by strip, and Winograd's tiles, though
 * they lie where they do on the whole, lack rows at a strip's ends.
 */

#include "net/net.h"

/* Rows begin to end are the strip's own; its tensors hold low to high. */
struct strip {
    int begin, end, low, high;
};

bool imp_stage_keeps_input(const struct imp_stage *stage)
{
    return stage->plan.keep == IMPASTO_KEEP_INPUT ||
           stage->plan.keep == IMPASTO_KEEP_INPUT_AND_MASKS;
}

bool imp_stage_whole(const struct imp_stage *stage, bool backward)
{
    return stage->strips[backward].rows >= stage->height;
}

struct imp_slot *imp_stage_forward_slot(struct imp_net *net, int layer)
{
    const int first = net->stage[imp_layer_shapes[layer].block - 1].first;
    /* Two take turns. Only where there is no backward pass, a picture on its way between the stages
     * is in passing[1]. */
    return (layer - first) % 2 == 0 ? &net->strip[0]
           : net->backward          ? &net->passing[1]
                                    : &net->strip[1];
}

static int layers_of(const struct imp_stage *stage)
{
    return stage->last - stage->first + 1;
}

/* Of a layer's gradient; of the last activation's it is needed for whole pooled rows. */
static int gradient_reach(const struct imp_stage *stage, int layer)
{
    return layer == stage->last ? (layers_of(stage) + 1) / 2 * 2 : layer - stage->first + 1;
}

int imp_stage_reach(const struct imp_stage *stage, int layer, enum imp_reach which)
{
    switch (which) {
    case IMP_REACH_FORWARD:
        return stage->last - layer;
    case IMP_REACH_AGAIN:
        return gradient_reach(stage, stage->again) + stage->again - layer;
    case IMP_REACH_GRADIENT:
        return gradient_reach(stage, layer);
    }
    return 0;
}

int imp_stage_margin(const struct imp_stage *stage, bool backward)
{
    if (!backward)
        return imp_stage_reach(stage, stage->first, IMP_REACH_FORWARD);
    const int gradient = gradient_reach(stage, stage->last);
    const int again = stage->again < stage->first
                          ? 0
                          : imp_stage_reach(stage, stage->first, IMP_REACH_AGAIN);
    return again > gradient ? again : gradient;
}

int imp_stage_rows(const struct imp_stage *stage, bool backward, int reach)
{
    const int rows = stage->strips[backward].rows + 2 * reach;
    return rows > stage->height ? stage->height : rows;
}

static struct strip strip_at(const struct imp_stage *stage, bool backward, int begin)
{
    const struct imp_strips *strips = &stage->strips[backward];
    struct strip strip = {.begin = begin, .end = begin + strips->rows};
    if (strip.end > stage->height)
        strip.end = stage->height;
    strip.low = begin > strips->margin ? begin - strips->margin : 0;
    strip.high =
        strip.end + strips->margin < stage->height ? strip.end + strips->margin : stage->height;
    return strip;
}

/* A strip's own rows and `reach` more on each side, as far as the picture goes. */
static struct imp_window window_of(const struct imp_stage *stage, const struct strip *strip,
                                   int reach)
{
    const int from = strip->begin > reach ? strip->begin - reach : 0;
    const int to = strip->end + reach < stage->height ? strip->end + reach : stage->height;
    return (struct imp_window){
        .first = from - strip->low, .rows = to - from, .at = from, .begins = from == 0};
}

/* A tensor shaped as `like`, of `height` rows, in a slot; its halo is zero, the rest undefined. */
static enum impasto_status use(struct imp_slot *slot, struct imp_device *device,
                               const struct imp_tensor *like, int height, struct imp_tensor *tensor)
{
    const struct imp_tensor *held = &slot->held;
    const bool same = held->channels == like->channels && held->height == height &&
                      held->width == like->width && held->lanes == like->lanes;
    *tensor = *like;
    tensor->height = height;
    tensor->buffer = slot->buffer;
    slot->held = *tensor;
    return same ? IMPASTO_OK : imp_tensor_clear_halo(device, tensor);
}

/* The stage's input for a strip, with its halo as the whole's. */
static enum impasto_status strip_input(struct imp_net *net, struct imp_device *device, int s,
                                       const struct strip *strip, struct imp_tensor *x)
{
    const struct imp_tensor *input = s > 0 ? &net->pooled[s - 1] : &net->input;
    const int rows = strip->high - strip->low;
    *x = *input;
    if (s > 0 && strip->end - strip->begin == input->height)
        return IMPASTO_OK;
    x->height = rows;
    x->buffer = net->strip_input.buffer;
    if (s == 0)
        return imp_input_forward(device, net->image, net->height, strip->low, x, &net->model->input,
                                 net->model->replicate);
    return imp_tensor_copy_rows(device, input, strip->low - 1, x, -1, rows + 2);
}

/* The stage's convolutions on a strip of input, into net->view: forwards all of them, for the taps;
 * without taps those that the backward pass needs again. */
static enum impasto_status convolve(struct imp_net *net, struct imp_device *device, int s,
                                    const struct strip *strip, const struct imp_tensor *input,
                                    const struct imp_taps *taps)
{
    const struct imp_stage *stage = &net->stage[s];
    const struct imp_model *model = net->model;
    const struct imp_window own = window_of(stage, strip, 0);
    const enum imp_reach reach = taps ? IMP_REACH_FORWARD : IMP_REACH_AGAIN;
    const int last = taps ? stage->last : stage->again;
    struct imp_tensor x = *input;
    for (int l = stage->first; l <= last; l++) {
        const int i = l - stage->first;
        const struct imp_window window = window_of(stage, strip, imp_stage_reach(stage, l, reach));
        struct imp_tensor *y = &net->view[l];
        *y = net->activation[l];
        if (stage->transient[i] >= 0)
            IMP_TRY(use(&net->passing[stage->transient[i]], device, y, y->height, y));
        if (imp_stage_keeps_input(stage))
            IMP_TRY(use(taps ? imp_stage_forward_slot(net, l) : &net->strip[i], device,
                        &net->activation[l], strip->high - strip->low, y));
        char label[32];
        snprintf(label, sizeof(label), "%s forward", imp_layer_shapes[l].name);
        IMP_TRY(net->algorithm[l][0]->run(
            device, &(struct imp_conv){.x = x,
                                       .y = *y,
                                       .first = window.first,
                                       .rows = window.rows,
                                       .lead = window.at % IMP_STRIP_UNIT,
                                       .weights = model->layer[l].forward_weights,
                                       .bias = model->layer[l].bias,
                                       .epilogue = IMP_EPILOGUE_BIAS_RELU,
                                       .workspace = net->workspace,
                                       .gemm = model->gemm,
                                       .label = label}));
        if (taps && taps->layers >> l & 1u)
            IMP_TRY(
                taps->measure(taps->user, l, y, &own, strip->end == stage->height, net->workspace));
        if (net->mask[l])
            IMP_TRY(imp_mask_pack(device, y, &own, stage->height, net->mask[l]));
        x = *y;
    }
    return IMPASTO_OK;
}

enum impasto_status imp_stage_forward(struct imp_net *net, struct imp_device *device, int s,
                                      const struct imp_taps *taps)
{
    const struct imp_stage *stage = &net->stage[s];
    const bool pools = s + 1 < net->stages;
    for (int begin = 0; begin < stage->height; begin += stage->strips[false].rows) {
        const struct strip strip = strip_at(stage, false, begin);
        struct imp_tensor input;
        IMP_TRY(strip_input(net, device, s, &strip, &input));
        IMP_TRY(convolve(net, device, s, &strip, &input, taps));
        const struct imp_window own = window_of(stage, &strip, 0);
        /* Only now: the slot may have held what was just read. */
        if (begin == 0 && stage->pooled_transient >= 0)
            IMP_TRY(use(&net->passing[stage->pooled_transient], device, &net->pooled[s],
                        net->pooled[s].height, &net->pooled[s]));
        if (pools)
            IMP_TRY(imp_pool_forward(device, &net->view[stage->last], &own, &net->pooled[s],
                                     net->model->average, net->route[s]));
    }
    return IMPASTO_OK;
}

/* A tensor for the gradient of layer l's activation: the activation's own, which it may replace
 * element by element, or a slot's. */
static enum impasto_status gradient_of(struct imp_net *net, struct imp_device *device, int s, int l,
                                       const struct strip *strip, struct imp_tensor *g)
{
    const int slot = net->stage[s].slot[l - net->stage[s].first];
    *g = net->view[l];
    return slot < 0 ? IMPASTO_OK
                    : use(&net->passing[slot], device, &net->activation[l],
                          strip->high - strip->low, g);
}

/* Where layer l's activation was positive, for its gradient's convolution to look at. */
static enum impasto_status mask_of(struct imp_net *net, struct imp_device *device, int s, int l,
                                   const struct strip *strip, const struct imp_window *window,
                                   struct imp_tensor *mask)
{
    const struct imp_stage *stage = &net->stage[s];
    *mask = net->mask[l] ? net->activation[l] : net->view[l];
    if (!net->mask[l])
        return IMPASTO_OK;
    mask->buffer = net->mask[l];
    if (imp_stage_whole(stage, true))
        return IMPASTO_OK;
    mask->height = strip->high - strip->low;
    mask->buffer = net->strip_mask;
    return imp_mask_take(device, net->mask[l], stage->height, window, mask);
}

/* The gradient of the stage's last activation on a strip, masked by its ReLU. */
static enum impasto_status enter(struct imp_net *net, struct imp_device *device, int s,
                                 const struct strip *strip, const struct imp_taps *taps,
                                 const struct imp_tensor *upstream, const struct imp_tensor *g)
{
    const struct imp_stage *stage = &net->stage[s];
    const struct imp_window window =
        window_of(stage, strip, imp_stage_reach(stage, stage->last, IMP_REACH_GRADIENT));
    const struct imp_tensor *x = &net->view[stage->last];
    const bool tapped = taps->layers >> stage->last & 1u;
    if (tapped)
        IMP_TRY(taps->gradient(taps->user, stage->last, x, &window, g));
    if (!upstream && !tapped) /* below the deepest tap there is nothing */
        return imp_buffer_zero(g->buffer, 0,
                               imp_tensor_bytes(g->channels, g->height, g->width, g->lanes));
    if (!upstream)
        return imp_relu_mask(device, x, &window, g);
    if (net->route[s])
        return imp_pool_backward_route(device, net->route[s], &window, upstream, g,
                                       net->model->average);
    return imp_pool_backward(device, x, &window, upstream, g, net->model->average, tapped);
}

/* A window of one convolution's gradient, from g to `to`. */
static enum impasto_status convolve_back(struct imp_net *net, struct imp_device *device, int l,
                                         const struct imp_window *window,
                                         const struct imp_tensor *g, const struct imp_tensor *to,
                                         const struct imp_tensor *mask, enum imp_epilogue epilogue)
{
    const struct imp_model_layer *layer = &net->model->layer[l];
    char label[32];
    snprintf(label, sizeof(label), "%s backward", imp_layer_shapes[l].name);
    return net->algorithm[l][1]->run(
        device, &(struct imp_conv){.x = *g,
                                   .y = *to,
                                   .first = window->first,
                                   .rows = window->rows,
                                   .weights = layer->reversed ? layer->forward_weights
                                                              : layer->backward_weights,
                                   .reversed = layer->reversed,
                                   .mask = mask ? *mask : (struct imp_tensor){0},
                                   .epilogue = epilogue,
                                   .workspace = net->workspace,
                                   .gemm = net->model->gemm,
                                   .label = label});
}

/* Backwards through a strip, whose activations are in net->view, to the gradient of its input, of
 * which only the strip's own rows are computed. */
static enum impasto_status descend(struct imp_net *net, struct imp_device *device, int s,
                                   const struct strip *strip, const struct imp_taps *taps,
                                   const struct imp_tensor *upstream, struct imp_tensor *found)
{
    const struct imp_stage *stage = &net->stage[s];
    const struct imp_tensor *input = s > 0 ? &net->pooled[s - 1] : &net->input;
    const struct imp_window own = window_of(stage, strip, 0);
    struct imp_tensor g, to;
    IMP_TRY(gradient_of(net, device, s, stage->last, strip, &g));
    IMP_TRY(enter(net, device, s, strip, taps, upstream, &g));
    for (int l = stage->last; l > stage->first; l--) {
        const struct imp_tensor *below = &net->view[l - 1];
        const struct imp_window window =
            window_of(stage, strip, imp_stage_reach(stage, l - 1, IMP_REACH_GRADIENT));
        const bool tapped = taps->layers >> (l - 1) & 1u;
        struct imp_tensor mask;
        IMP_TRY(gradient_of(net, device, s, l - 1, strip, &to));
        if (tapped)
            IMP_TRY(taps->gradient(taps->user, l - 1, below, &window, &to));
        IMP_TRY(mask_of(net, device, s, l - 1, strip, &window, &mask));
        IMP_TRY(convolve_back(net, device, l, &window, &g, &to, &mask,
                              tapped             ? IMP_EPILOGUE_ADD_MASK
                              : net->mask[l - 1] ? IMP_EPILOGUE_MASK_BITS
                                                 : IMP_EPILOGUE_MASK));
        g = to;
    }
    IMP_TRY(use(&net->passing[stage->input_slot], device, input, strip->high - strip->low, found));
    IMP_TRY(convolve_back(net, device, stage->first, &own, &g, found, NULL, IMP_EPILOGUE_STORE));
    return s == 0 && net->model->replicate
               ? imp_conv_first_replicate(device, &g, &own, net->model->edge_weights, found)
               : IMPASTO_OK;
}

/* Rows of a gradient that wait until they may be written. */
struct pending {
    struct imp_tensor rows;
    int at, count; /* count 0: none */
};

static enum impasto_status flush(struct imp_device *device, struct pending *pending,
                                 const struct imp_tensor *to)
{
    const int count = pending->count;
    pending->count = 0;
    return count ? imp_tensor_copy_rows(device, &pending->rows, 0, to, pending->at, count)
                 : IMPASTO_OK;
}

/* Puts a strip's own rows of `found` where they belong. */
static enum impasto_status deliver(struct imp_net *net, struct imp_device *device, int s,
                                   const struct strip *strip, const struct imp_tensor *found,
                                   struct pending *pending)
{
    const struct imp_window window = window_of(&net->stage[s], strip, 0);
    if (s == 0)
        return imp_input_backward(device, found, &window, net->height, net->image_gradient,
                                  &net->model->input);
    IMP_TRY(use(&net->pending, device, &net->pooled[s - 1], net->stage[s].strips[true].rows,
                &pending->rows));
    pending->at = window.at;
    pending->count = window.rows;
    return imp_tensor_copy_rows(device, found, window.first, &pending->rows, 0, window.rows);
}

/* All strips of a stage one after the other. The gradient of the stage's input takes the place of
 * the input itself, of which each strip takes its rows, margins and all, before the strip above
 * writes. */
static enum impasto_status backward_in_strips(struct imp_net *net, struct imp_device *device, int s,
                                              const struct imp_taps *taps,
                                              const struct imp_tensor *upstream,
                                              struct imp_tensor *downstream)
{
    const struct imp_stage *stage = &net->stage[s];
    struct pending pending = {0};
    *downstream = s > 0 ? net->pooled[s - 1] : net->input;
    for (int begin = 0; begin < stage->height; begin += stage->strips[true].rows) {
        const struct strip strip = strip_at(stage, true, begin);
        struct imp_tensor input, found;
        if (stage->again >= stage->first)
            IMP_TRY(strip_input(net, device, s, &strip, &input));
        IMP_TRY(flush(device, &pending, downstream));
        if (stage->again >= stage->first)
            IMP_TRY(convolve(net, device, s, &strip, &input, NULL));
        IMP_TRY(descend(net, device, s, &strip, taps, upstream, &found));
        IMP_TRY(deliver(net, device, s, &strip, &found, &pending));
    }
    return flush(device, &pending, downstream);
}

enum impasto_status imp_stage_backward(struct imp_net *net, struct imp_device *device, int s,
                                       const struct imp_taps *taps,
                                       const struct imp_tensor *upstream,
                                       struct imp_tensor *downstream)
{
    const struct imp_stage *stage = &net->stage[s];
    if (!imp_stage_whole(stage, true))
        return backward_in_strips(net, device, s, taps, upstream, downstream);
    const struct strip strip = strip_at(stage, true, 0);
    if (stage->again >= stage->first) {
        struct imp_tensor input;
        IMP_TRY(strip_input(net, device, s, &strip, &input));
        IMP_TRY(convolve(net, device, s, &strip, &input, NULL));
    }
    IMP_TRY(descend(net, device, s, &strip, taps, upstream, downstream));
    if (s == 0)
        return deliver(net, device, s, &strip, downstream, NULL);
    if (imp_stage_whole(&net->stage[s - 1], true))
        return IMPASTO_OK;
    /* Strips of the stage below need both passing slots. */
    struct imp_tensor kept = net->pooled[s - 1];
    if (!imp_stage_keeps_input(stage))
        IMP_TRY(use(&net->boundary[s % 2], device, &kept, kept.height, &kept));
    IMP_TRY(imp_tensor_copy_rows(device, downstream, 0, &kept, 0, kept.height));
    *downstream = kept;
    return IMPASTO_OK;
}
