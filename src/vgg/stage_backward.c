/* SPDX-License-Identifier: MIT */
/*
 * The way back through a stage, on the whole picture or on one strip of rows after another.
 *
 * A strip delivers rows `begin` to `end` of the gradient of the stage's input. They depend on rows
 * further up and down, by one more for each convolution. So each layer's gradient is computed
 * `reach` rows beyond the strip's own, as far as the picture goes. So is each activation that is
 * recomputed. The strip's tensors have `margin` rows of room for that. Beyond the picture they are
 * zero, as the whole picture's are. The results are those of the whole picture, but for rounding:
 * Winograd's tiles lack rows at a strip's ends.
 */

#include "vgg/stage.h"
#include "ops/pool.h"

/* Rows begin to end are the strip's own; its tensors hold low to high. */
struct strip {
    int begin, end, low, high;
};

static struct strip strip_at(const struct imp_stage *stage, int begin)
{
    const int margin = stage->margin;
    struct strip strip = {.begin = begin, .end = begin + stage->plan.rows};
    if (strip.end > stage->height)
        strip.end = stage->height;
    strip.low = begin > margin ? begin - margin : 0;
    strip.high = strip.end + margin < stage->height ? strip.end + margin : stage->height;
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

/* The stage's input for a strip, with its halo as the whole's. */
static enum impasto_status strip_input(struct imp_net *net, struct imp_device *device, int s,
                                       const struct strip *strip, struct imp_tensor *x)
{
    const struct imp_tensor *input = s > 0 ? &net->pooled[s - 1] : &net->input;
    const int rows = strip->high - strip->low;
    *x = *input;
    if (s > 0 && imp_stage_whole(&net->stage[s], true))
        return IMPASTO_OK;
    x->height = rows;
    x->buffer = net->at[IMP_PLACE_STRIP_INPUT].buffer;
    if (s == 0)
        return imp_input_forward(device, net->image, net->height, strip->low, x, &net->model->input,
                                 net->model->edge == IMP_EDGE_REPLICATE);
    return imp_tensor_copy_rows(device, input, strip->low - 1, x, -1, rows + 2);
}

/* The activations of a strip that the way back needs, into net->view. */
static enum impasto_status recompute(struct imp_net *net, struct imp_device *device, int s,
                                     const struct strip *strip, const struct imp_tensor *input)
{
    const struct imp_stage *stage = &net->stage[s];
    struct imp_tensor x = *input;
    for (int l = stage->first; l <= stage->recomputed; l++) {
        const struct imp_window window =
            window_of(stage, strip, imp_stage_reach(stage, l, IMP_REACH_RECOMPUTED));
        struct imp_tensor *y = &net->view[l];
        /* Rounded as it was, as far as can be, so that what is next to 0 falls on the same side. */
        const int lead = window.at % IMP_STRIP_UNIT;
        IMP_TRY(imp_place_use(net, device, imp_stage_strip_place(stage, l), &net->activation[l],
                              strip->high - strip->low, y));
        IMP_TRY(imp_stage_convolve(net, device, l, &x, y, &window, lead));
        x = *y;
    }
    return IMPASTO_OK;
}

/* A tensor for the gradient of layer l's activation: the activation's own, which it may replace
 * element by element, or one at a place. */
static enum impasto_status gradient_of(struct imp_net *net, struct imp_device *device, int l,
                                       const struct strip *strip, struct imp_tensor *g)
{
    const enum imp_place place = net->gradient_place[l];
    *g = net->view[l];
    return place == IMP_PLACE_NONE ? IMPASTO_OK
                                   : imp_place_use(net, device, place, &net->activation[l],
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
    mask->buffer = net->at[IMP_PLACE_STRIP_MASK].buffer;
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
        return imp_pool_backward_route(device, net->route[s], tapped ? x : NULL, &window, upstream,
                                       g, net->model->average);
    return imp_pool_backward(device, x, &window, upstream, g, net->model->average, tapped);
}

/* A window of one convolution's gradient, from g to `to`. */
static enum impasto_status convolve_back(struct imp_net *net, struct imp_device *device, int l,
                                         const struct imp_window *window,
                                         const struct imp_tensor *g, const struct imp_tensor *to,
                                         const struct imp_tensor *mask, enum imp_epilogue epilogue)
{
    char label[32];
    snprintf(label, sizeof(label), "%s backward", imp_layer_shapes[l].name);
    struct imp_conv conv = imp_stage_conv(net, l, true, label);
    conv.x = *g;
    conv.y = *to;
    conv.first = window->first;
    conv.rows = window->rows;
    conv.mask = mask ? *mask : (struct imp_tensor){0};
    conv.epilogue = epilogue;
    if (net->model->edge != IMP_EDGE_REFLECT)
        return imp_stage_run(net, device, net->algorithm[l][1], &conv);
    struct imp_conv beyond = conv;
    beyond.weights = net->model->layer[l].edge_weights;
    IMP_TRY(imp_conv_edge(device, &beyond));
    IMP_TRY(net->algorithm[l][1]->run(device, &conv));
    return imp_map_fold(device, &(struct imp_map){.tensor = *to}, 1, IMP_EDGE_REFLECT);
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
    IMP_TRY(gradient_of(net, device, stage->last, strip, &g));
    IMP_TRY(enter(net, device, s, strip, taps, upstream, &g));
    for (int l = stage->last; l > stage->first; l--) {
        const struct imp_tensor *below = &net->view[l - 1];
        const struct imp_window window =
            window_of(stage, strip, imp_stage_reach(stage, l - 1, IMP_REACH_GRADIENT));
        const bool tapped = taps->layers >> (l - 1) & 1u;
        struct imp_tensor mask;
        IMP_TRY(gradient_of(net, device, l - 1, strip, &to));
        if (tapped)
            IMP_TRY(taps->gradient(taps->user, l - 1, below, &window, &to));
        IMP_TRY(mask_of(net, device, s, l - 1, strip, &window, &mask));
        IMP_TRY(convolve_back(net, device, l, &window, &g, &to, &mask,
                              tapped             ? IMP_EPILOGUE_ADD_MASK
                              : net->mask[l - 1] ? IMP_EPILOGUE_MASK_BITS
                                                 : IMP_EPILOGUE_MASK));
        g = to;
    }
    IMP_TRY(imp_place_use(net, device, stage->input_gradient_place, input, strip->high - strip->low,
                          found));
    IMP_TRY(convolve_back(net, device, stage->first, &own, &g, found, NULL, IMP_EPILOGUE_STORE));
    return s == 0 && net->model->edge == IMP_EDGE_REPLICATE
               ? imp_conv_first_replicate(device, &g, &own, net->model->layer[0].edge_weights,
                                          found, imp_band_above(net->band),
                                          imp_band_below(net->band))
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
    IMP_TRY(imp_place_use(net, device, IMP_PLACE_PENDING, &net->pooled[s - 1],
                          net->stage[s].plan.rows, &pending->rows));
    pending->at = window.at;
    pending->count = window.rows;
    return imp_tensor_copy_rows(device, found, window.first, &pending->rows, 0, window.rows);
}

/* All strips of a stage, one after the other. The gradient of the stage's input takes the place of
 * the input. Each strip reads its rows of the input, margins included, before the strip above it
 * writes there. */
static enum impasto_status backward_in_strips(struct imp_net *net, struct imp_device *device, int s,
                                              const struct imp_taps *taps,
                                              const struct imp_tensor *upstream,
                                              struct imp_tensor *downstream)
{
    const struct imp_stage *stage = &net->stage[s];
    struct pending pending = {0};
    *downstream = s > 0 ? net->pooled[s - 1] : net->input;
    for (int begin = 0; begin < stage->height; begin += stage->plan.rows) {
        const struct strip strip = strip_at(stage, begin);
        struct imp_tensor input, found;
        if (stage->recomputed >= stage->first)
            IMP_TRY(strip_input(net, device, s, &strip, &input));
        IMP_TRY(flush(device, &pending, downstream));
        if (stage->recomputed >= stage->first)
            IMP_TRY(recompute(net, device, s, &strip, &input));
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
    const struct strip strip = strip_at(stage, 0);
    if (stage->recomputed >= stage->first) {
        struct imp_tensor input;
        IMP_TRY(strip_input(net, device, s, &strip, &input));
        IMP_TRY(recompute(net, device, s, &strip, &input));
    }
    IMP_TRY(descend(net, device, s, &strip, taps, upstream, downstream));
    if (s == 0)
        return deliver(net, device, s, &strip, downstream, NULL);
    if (imp_stage_whole(&net->stage[s - 1], true))
        return IMPASTO_OK;
    /* Strips of the stage below need both passing places. */
    struct imp_tensor kept = net->pooled[s - 1];
    if (!imp_stage_keeps_input(stage))
        IMP_TRY(imp_place_use(net, device, imp_boundary_place(s), &kept, kept.height, &kept));
    IMP_TRY(imp_tensor_copy_rows(device, downstream, 0, &kept, 0, kept.height));
    *downstream = kept;
    return IMPASTO_OK;
}
