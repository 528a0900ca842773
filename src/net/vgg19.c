/* SPDX-License-Identifier: MIT */
/*
 * VGG19 (Simonyan and Zisserman 2015, configuration E) at one size, as far as its deepest wanted
 * layer: convolution, bias, ReLU, sixteen times, with 2x2 pooling between the five stages. Shapes,
 * memory, and the passes over the stages, which are in stage.c.
 */

#include "net/net.h"

static const int pool_channels[IMP_STAGES - 1] = {64, 128, 256, 512};

static size_t tensor_bytes(const struct imp_tensor *t)
{
    return imp_tensor_bytes(t->channels, t->height, t->width, t->lanes);
}

static int round_up(int n, int unit)
{
    return (n + unit - 1) / unit * unit;
}

void imp_net_init(struct imp_net *net, const struct imp_model *model, const struct imp_caps *caps,
                  int height, int width, bool backward, uint32_t tapped)
{
    *net = (struct imp_net){
        .model = model, .height = height, .width = width, .backward = backward, .tapped = tapped};
    net->input = (struct imp_tensor){.channels = 3, .height = height, .width = width, .lanes = 1};
    int h = height, w = width;
    for (int l = 0; l < model->layers; l++) {
        const int s = imp_layer_shapes[l].block - 1;
        struct imp_stage *stage = &net->stage[s];
        if (s == net->stages) {
            if (s > 0) {
                h /= 2;
                w /= 2;
                net->pooled[s - 1] = (struct imp_tensor){.channels = pool_channels[s - 1],
                                                         .height = h,
                                                         .width = w,
                                                         .lanes = caps->vector_width};
            }
            *stage = (struct imp_stage){.first = l, .height = h, .width = w};
            net->stages++;
        }
        stage->last = l;
        net->activation[l] = (struct imp_tensor){.channels = imp_layer_shapes[l].out_channels,
                                                 .height = h,
                                                 .width = w,
                                                 .lanes = caps->vector_width};
    }
    struct imp_stage_plan plan[IMP_STAGES];
    for (int s = 0; s < net->stages; s++)
        plan[s] = (struct imp_stage_plan){.keep = backward ? IMPASTO_KEEP_ALL : IMPASTO_KEEP_INPUT,
                                          .rows = net->stage[s].height};
    imp_net_plan(net, caps, plan);
}

/* The algorithms for layer l on strips of `rows` rows. */
static void choose(struct imp_net *net, const struct imp_caps *caps, int l, int rows)
{
    const struct imp_model_layer *layer = &net->model->layer[l];
    const int in = imp_layer_shapes[l].in_channels, out = imp_layer_shapes[l].out_channels;
    const int w = net->activation[l].width;
    net->algorithm[l][0] = layer->forward;
    net->algorithm[l][1] = layer->backward;
    if (!net->model->automatic)
        return;
    net->algorithm[l][0] = imp_conv_cheapest(caps, layer->forward->packing, in, out, rows, w);
    net->algorithm[l][1] = imp_conv_cheapest(caps, layer->backward->packing, out, in, rows, w);
}

static bool is_kept(const struct imp_net *net, int s, int l)
{
    return net->stage[s].plan.keep == IMPASTO_KEEP_ALL || net->tapped >> l & 1u;
}

/* Of the two passing slots the one that is not taken. */
static int free_slot(int taken)
{
    return taken == 0 ? 1 : 0;
}

/* Where activations are in the forward pass that have no buffer of their own. */
static void assign_transients(struct imp_net *net)
{
    int taken = -1; /* by what the next operation reads */
    for (int s = 0; s < net->stages; s++) {
        struct imp_stage *stage = &net->stage[s];
        const bool in_strips = stage->plan.keep == IMPASTO_KEEP_INPUT;
        for (int l = stage->first; l <= stage->last; l++) {
            const bool passes = stage->plan.keep == IMPASTO_KEEP_MASKS && !is_kept(net, s, l);
            const int slot = passes ? free_slot(taken) : -1;
            stage->transient[l - stage->first] = slot;
            /* Strips read the stage's input to the end. */
            taken = in_strips ? taken : slot;
        }
        const bool kept = s + 1 == net->stages ||
                          (net->backward && net->stage[s + 1].plan.keep == IMPASTO_KEEP_INPUT);
        stage->pooled_transient = kept ? -1 : free_slot(taken);
        taken = stage->pooled_transient;
    }
}

/*
 * Where gradients go in the backward pass. That of an activation replaces it, element by element,
 * except where a tap needs the activation as it was, or where it is not kept. Neither slot is for
 * what is made from the other.
 */
static void assign_gradients(struct imp_net *net)
{
    for (int s = net->stages - 1; s >= 0; s--) {
        struct imp_stage *stage = &net->stage[s];
        const bool passed =
            s + 1 < net->stages && imp_stage_whole(stage) && imp_stage_whole(&net->stage[s + 1]);
        int taken = passed ? net->stage[s + 1].input_slot : -1;
        for (int l = stage->last; l >= stage->first; l--) {
            const bool passes = stage->plan.keep == IMPASTO_KEEP_MASKS || net->tapped >> l & 1u;
            const int slot = passes ? free_slot(taken) : -1;
            stage->slot[l - stage->first] = slot;
            taken = slot;
        }
        stage->input_slot = taken == 1 ? 0 : 1;
    }
}

void imp_net_plan(struct imp_net *net, const struct imp_caps *caps,
                  const struct imp_stage_plan *plan)
{
    for (int s = 0; s < net->stages; s++) {
        struct imp_stage *stage = &net->stage[s];
        stage->margin = imp_stage_margin(stage, net->backward);
        stage->plan = plan[s];
        /* A strip's input is one row more each way, and overwritten by the strip after the next. */
        const int rows = plan[s].rows > stage->margin ? plan[s].rows : stage->margin + 1;
        stage->plan.rows = plan[s].keep != IMPASTO_KEEP_INPUT || rows >= stage->height
                               ? stage->height
                               : round_up(rows, IMP_STRIP_UNIT);
        for (int l = stage->first; l <= stage->last; l++)
            choose(net, caps, l, imp_stage_rows(stage, stage->margin / 2));
    }
    assign_transients(net);
    assign_gradients(net);
}

int imp_net_window_rows(const struct imp_net *net, int layer)
{
    return net->stage[imp_layer_shapes[layer].block - 1].plan.rows;
}

static int rows_of(const struct imp_stage *stage, int layer, enum imp_reach which)
{
    return imp_stage_rows(stage, imp_stage_reach(stage, layer, which));
}

double imp_net_cost(const struct imp_net *net, const struct imp_caps *caps)
{
    double cost = 0;
    for (int s = 0; s < net->stages; s++) {
        const struct imp_stage *stage = &net->stage[s];
        const int strips = (stage->height + stage->plan.rows - 1) / stage->plan.rows;
        const bool again = net->backward && stage->plan.keep == IMPASTO_KEEP_INPUT;
        for (int l = stage->first; l <= stage->last; l++) {
            const int in = imp_layer_shapes[l].in_channels, out = imp_layer_shapes[l].out_channels;
            const struct imp_conv_algorithm *const *a = net->algorithm[l];
            const int back = l > stage->first ? rows_of(stage, l - 1, IMP_REACH_GRADIENT)
                                              : imp_stage_rows(stage, 0);
            cost += strips * imp_conv_cost(caps, a[0], in, out,
                                           rows_of(stage, l, IMP_REACH_FORWARD), stage->width);
            if (again)
                cost += strips * imp_conv_cost(caps, a[0], in, out,
                                               rows_of(stage, l, IMP_REACH_AGAIN), stage->width);
            if (net->backward)
                cost += strips * imp_conv_cost(caps, a[1], out, in, back, stage->width);
        }
    }
    return cost;
}

/* The largest workspace that any layer's convolutions ask for. */
static size_t workspace_bytes(const struct imp_net *net, const struct imp_caps *caps)
{
    size_t largest = 0;
    for (int s = 0; s < net->stages; s++)
        for (int l = net->stage[s].first; l <= net->stage[s].last; l++) {
            const int in = imp_layer_shapes[l].in_channels, out = imp_layer_shapes[l].out_channels;
            const int h = imp_stage_rows(&net->stage[s], net->stage[s].margin);
            const int w = net->stage[s].width;
            const struct imp_conv_algorithm *const *a = net->algorithm[l];
            const size_t forward = a[0]->workspace_size(caps, in, out, h, w);
            const size_t backward = net->backward ? a[1]->workspace_size(caps, out, in, h, w) : 0;
            largest = forward > largest ? forward : largest;
            largest = backward > largest ? backward : largest;
        }
    return largest;
}

/* Bytes of each slot: the largest tensor that it will hold. */
struct slots {
    size_t strip_input, strip[4], passing[2], pending, boundary[2];
};

static void take(size_t *bytes, const struct imp_tensor *like, int height)
{
    const size_t needed = imp_tensor_bytes(like->channels, height, like->width, like->lanes);
    *bytes = needed > *bytes ? needed : *bytes;
}

static void stage_slots(const struct imp_net *net, int s, struct slots *slots)
{
    const struct imp_stage *stage = &net->stage[s];
    const struct imp_tensor *input = s > 0 ? &net->pooled[s - 1] : &net->input;
    const bool whole = imp_stage_whole(stage), keep = stage->plan.keep != IMPASTO_KEEP_INPUT;
    const int rows = imp_stage_rows(stage, stage->margin);
    if (!whole || s == 0)
        take(&slots->strip_input, input, rows);
    for (int l = stage->first; l <= stage->last; l++) {
        const int i = l - stage->first;
        if (!keep)
            take(&slots->strip[net->backward ? i : i % 2], &net->activation[l], rows);
        if (stage->transient[i] >= 0)
            take(&slots->passing[stage->transient[i]], &net->activation[l], rows);
        if (net->backward && stage->slot[i] >= 0)
            take(&slots->passing[stage->slot[i]], &net->activation[l], rows);
    }
    if (stage->pooled_transient >= 0)
        take(&slots->passing[stage->pooled_transient], &net->pooled[s], net->pooled[s].height);
    if (!net->backward)
        return;
    take(&slots->passing[stage->input_slot], input, rows);
    if (s > 0 && !whole)
        take(&slots->pending, input, stage->plan.rows);
    if (s > 0 && keep && !imp_stage_whole(&net->stage[s - 1]))
        take(&slots->boundary[s % 2], input, input->height);
}

void imp_net_layout(struct imp_net *net, const struct imp_caps *caps, size_t tap_workspace,
                    struct imp_layout *layout)
{
    struct slots slots = {0};
    for (int s = 0; s < net->stages; s++) {
        const struct imp_stage *stage = &net->stage[s];
        const bool keep = stage->plan.keep != IMPASTO_KEEP_INPUT;
        for (int l = stage->first; keep && l <= stage->last; l++) {
            if (is_kept(net, s, l))
                imp_layout_add(layout, &net->activation[l].buffer,
                               tensor_bytes(&net->activation[l]), "activations");
            else if (l == stage->last && s + 1 < net->stages)
                imp_layout_add(layout, &net->route[s], imp_pool_route_bytes(&net->pooled[s]),
                               "masks");
            else
                imp_layout_add(layout, &net->mask[l], imp_mask_bytes(&net->activation[l]), "masks");
        }
        if (s > 0 && !keep && net->backward)
            imp_layout_add(layout, &net->pooled[s - 1].buffer, tensor_bytes(&net->pooled[s - 1]),
                           "activations");
        stage_slots(net, s, &slots);
    }
    imp_layout_add(layout, &net->strip_input.buffer, slots.strip_input, "strips");
    for (int i = 0; i < 4; i++)
        imp_layout_add(layout, &net->strip[i].buffer, slots.strip[i], "strips");
    imp_layout_add(layout, &net->pending.buffer, slots.pending, "strips");
    for (int k = 0; k < 2; k++) {
        imp_layout_add(layout, &net->passing[k].buffer, slots.passing[k],
                       net->backward ? "gradients" : "activations");
        imp_layout_add(layout, &net->boundary[k].buffer, slots.boundary[k], "gradients");
    }
    const size_t workspace = workspace_bytes(net, caps);
    imp_layout_add(layout, &net->workspace, workspace > tap_workspace ? workspace : tap_workspace,
                   "workspace");
}

enum impasto_status imp_net_forward(struct imp_net *net, struct imp_device *device,
                                    const struct imp_buffer *image, const struct imp_taps *taps)
{
    net->image = image;
    for (int s = 0; s < net->stages; s++)
        IMP_TRY(imp_stage_forward(net, device, s, taps));
    return IMPASTO_OK;
}

enum impasto_status imp_net_backward(struct imp_net *net, struct imp_device *device,
                                     const struct imp_taps *taps, struct imp_buffer *image_gradient)
{
    struct imp_tensor upstream, downstream;
    net->image_gradient = image_gradient;
    for (int s = net->stages - 1; s >= 0; s--) {
        IMP_TRY(imp_stage_backward(net, device, s, taps, s + 1 < net->stages ? &upstream : NULL,
                                   &downstream));
        upstream = downstream;
    }
    return IMPASTO_OK;
}
