/* SPDX-License-Identifier: MIT */
/*
 * VGG19 at one size, as far as its deepest wanted layer: the rows of IMP_VGG19, with 2x2 pooling
 * between the stages. Shapes, memory, and the passes over the stages, which are in stage_*.c.
 */

#include "vgg/stage.h"
#include "ops/pool.h"

static size_t tensor_bytes(const struct imp_tensor *t)
{
    return imp_tensor_bytes(t->channels, t->height, t->width, t->lanes);
}

static int round_up(int n, int unit)
{
    return (n + unit - 1) / unit * unit;
}

static void plan_whole(struct imp_net *net, const struct imp_caps *caps)
{
    struct imp_stage_plan plan[IMP_STAGES];
    for (int s = 0; s < net->stages; s++)
        plan[s] =
            (struct imp_stage_plan){.keep = net->backward ? IMPASTO_KEEP_ALL : IMPASTO_KEEP_INPUT,
                                    .rows = net->stage[s].height};
    imp_net_plan(net, caps, plan);
}

void imp_net_init(struct imp_net *net, const struct imp_model *model, const struct imp_caps *caps,
                  int height, int width, bool backward, uint32_t tapped)
{
    *net = (struct imp_net){
        .model = model, .height = height, .width = width, .backward = backward, .tapped = tapped};
    net->input = (struct imp_tensor){.channels = 3, .height = height, .width = width, .lanes = 1};
    for (int l = 0; l < model->layers; l++) {
        const struct imp_layer_shape *shape = &imp_layer_shapes[l];
        const int s = shape->block - 1, h = height >> s, w = width >> s;
        const struct imp_tensor tensor = {.height = h, .width = w, .lanes = caps->vector_width};
        struct imp_stage *stage = &net->stage[s];
        if (s == net->stages) {
            *stage = (struct imp_stage){.first = l, .height = h, .width = w};
            net->stages++;
            if (s > 0) {
                net->pooled[s - 1] = tensor;
                net->pooled[s - 1].channels = shape->in_channels;
            }
        }
        stage->last = l;
        net->activation[l] = tensor;
        net->activation[l].channels = shape->out_channels;
    }
    plan_whole(net, caps);
}

void imp_net_take_band(struct imp_net *net, const struct imp_caps *caps, struct imp_band *band)
{
    net->band = band;
    plan_whole(net, caps);
}

/* The algorithms for layer l of a stage. Forwards it is the whole picture's. In flat parts of a
 * picture the pooling finds nothing but near-ties, and rounding decides where the gradient goes.
 * That must not depend on the use of memory. */
static void choose(struct imp_net *net, const struct imp_caps *caps, const struct imp_stage *stage,
                   int l)
{
    /* A band's is the whole picture's, too. */
    const int whole = net->band ? net->band->height >> (imp_layer_shapes[l].block - 1) : 0;
    const int forward = whole ? whole : stage->height;
    const int backward = whole ? whole : imp_stage_rows(stage, stage->margin / 2);
    const struct imp_model_layer *layer = &net->model->layer[l];
    const int in = imp_layer_shapes[l].in_channels, out = imp_layer_shapes[l].out_channels;
    const int w = net->activation[l].width;
    net->algorithm[l][0] = layer->forward;
    net->algorithm[l][1] = layer->backward;
    if (!net->model->automatic)
        return;
    net->algorithm[l][0] = imp_conv_cheapest(caps, layer->forward->packing, in, out, forward, w);
    net->algorithm[l][1] = imp_conv_cheapest(caps, layer->backward->packing, out, in, backward, w);
}

static bool is_kept(const struct imp_net *net, int s, int l)
{
    return net->stage[s].plan.keep == IMPASTO_KEEP_ALL || net->tapped >> l & 1u;
}

/* Of the two passing places the one that is not taken. */
static enum imp_place free_place(enum imp_place taken)
{
    return taken == IMP_PLACE_PASSING_A ? IMP_PLACE_PASSING_B : IMP_PLACE_PASSING_A;
}

/*
 * The place of layer l's activation forwards, in a stage that keeps its input. In strips each
 * activation has its own place. On the whole picture two places take turns. With a backward pass
 * these are the places of its gradients, except the one that may hold what is pooled. Without one,
 * both may serve.
 */
static enum imp_place strip_place(const struct imp_net *net, const struct imp_stage *stage, int l)
{
    const bool free = stage->pooled_place == IMP_PLACE_NONE;
    const enum imp_place shared[] = {IMP_PLACE_STRIP_1, IMP_PLACE_PASSING_B, IMP_PLACE_STRIP_2,
                                     free ? IMP_PLACE_PASSING_A : IMP_PLACE_STRIP_3};
    const int i = l - stage->first, turn = imp_stage_whole(stage, false) ? i % 2 : i;
    return net->backward ? shared[turn] : imp_stage_strip_place(stage, stage->first + turn);
}

/* Where activations are in the forward pass that have no buffer of their own. */
static void place_activations(struct imp_net *net)
{
    enum imp_place taken = IMP_PLACE_NONE; /* by what the next operation reads */
    for (int s = 0; s < net->stages; s++) {
        struct imp_stage *stage = &net->stage[s];
        const bool in_strips = imp_stage_keeps_input(stage);
        for (int l = stage->first; l <= stage->last; l++) {
            const bool passes = stage->plan.keep == IMPASTO_KEEP_MASKS && !is_kept(net, s, l);
            net->activation_place[l] = passes ? free_place(taken) : IMP_PLACE_NONE;
            /* Strips read the stage's input to the end. */
            taken = in_strips ? taken : net->activation_place[l];
        }
        const bool kept =
            s + 1 == net->stages || (net->backward && imp_stage_keeps_input(&net->stage[s + 1]));
        stage->pooled_place = kept ? IMP_PLACE_NONE : free_place(taken);
        taken = stage->pooled_place;
        for (int l = stage->first; in_strips && l <= stage->last; l++)
            net->activation_place[l] = strip_place(net, stage, l);
    }
}

/*
 * Where gradients go in the backward pass. That of an activation replaces it, element by element,
 * except where a tap needs the activation as it was, or where there is none. Neither passing place
 * is for what is made from the other.
 */
static void place_gradients(struct imp_net *net)
{
    for (int s = net->stages - 1; s >= 0; s--) {
        struct imp_stage *stage = &net->stage[s];
        const bool passed = s + 1 < net->stages && imp_stage_whole(stage, true) &&
                            imp_stage_whole(&net->stage[s + 1], true);
        enum imp_place taken = passed ? net->stage[s + 1].input_gradient_place : IMP_PLACE_NONE;
        for (int l = stage->last; l >= stage->first; l--) {
            const bool passes = stage->plan.keep == IMPASTO_KEEP_MASKS || net->tapped >> l & 1u ||
                                (imp_stage_keeps_input(stage) && l > stage->recomputed);
            taken = passes ? free_place(taken) : IMP_PLACE_NONE;
            net->gradient_place[l] = taken;
        }
        stage->input_gradient_place =
            taken == IMP_PLACE_PASSING_B ? IMP_PLACE_PASSING_A : IMP_PLACE_PASSING_B;
    }
}

/* The last layer that the backward pass needs the activation of, of those that are not kept. */
static int last_recomputed(const struct imp_net *net, const struct imp_stage *stage)
{
    int l = net->backward && imp_stage_keeps_input(stage) ? stage->last : stage->first - 1;
    while (stage->plan.keep == IMPASTO_KEEP_INPUT_AND_MASKS && l >= stage->first &&
           !(net->tapped >> l & 1u))
        l--;
    return l;
}

/* The strips of a stage for its plan; what the backward pass has room for serves the forward pass.
 */
static void plan_strips(const struct imp_net *net, struct imp_stage *stage,
                        struct imp_stage_plan plan)
{
    stage->plan = plan;
    stage->recomputed = last_recomputed(net, stage);
    if (stage->recomputed == stage->last)
        stage->plan.keep = IMPASTO_KEEP_INPUT;
    stage->margin = net->backward ? imp_stage_margin(stage) : 0;
    /* A strip's input is one row more each way, and overwritten by the strip after the next. */
    int rows = round_up(plan.rows > stage->margin ? plan.rows : stage->margin + 1, IMP_STRIP_UNIT);
    if (!imp_stage_keeps_input(stage) || rows > stage->height)
        rows = stage->height;
    stage->plan.rows = rows;
    stage->forward_rows = rows;
    if (rows == stage->height)
        return;
    if (net->backward)
        rows += (2 * stage->margin - imp_stage_lag(stage)) / IMP_STRIP_UNIT * IMP_STRIP_UNIT;
    /* Rows that a step leaves to the next move up without overlap. */
    if (rows < 2 * IMP_STRIP_UNIT)
        rows = 2 * IMP_STRIP_UNIT;
    stage->forward_rows = rows < stage->height ? rows : stage->height;
}

void imp_net_plan(struct imp_net *net, const struct imp_caps *caps,
                  const struct imp_stage_plan *plan)
{
    for (int s = 0; s < net->stages; s++) {
        struct imp_stage *stage = &net->stage[s];
        plan_strips(net, stage, plan[s]);
        for (int l = stage->first; l <= stage->last; l++)
            choose(net, caps, stage, l);
    }
    place_activations(net);
    place_gradients(net);
}

int imp_net_rows_within(const struct imp_net *net, int s, enum impasto_keep keep, uint64_t bytes)
{
    struct imp_stage stage = net->stage[s];
    uint64_t row = 0;
    for (int l = stage.first; l <= stage.last; l++) {
        const struct imp_tensor *a = &net->activation[l];
        const uint64_t floats = (uint64_t)a->channels * ((uint64_t)a->width + 2);
        row = floats > row ? floats : row;
    }
    plan_strips(net, &stage, (struct imp_stage_plan){.keep = keep, .rows = 1});
    /* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): a stage has a layer, and that a row */
    const uint64_t fit = bytes / (row * sizeof(float));
    const uint64_t backward = 2 * (uint64_t)stage.margin, lag = (uint64_t)imp_stage_lag(&stage);
    const uint64_t margins = (net->backward ? backward : lag) + 2; /* and the halo */
    if (fit >= (uint64_t)stage.height + 2)
        return stage.height;
    return fit > margins + IMP_STRIP_UNIT ? (int)((fit - margins) / IMP_STRIP_UNIT * IMP_STRIP_UNIT)
                                          : 1;
}

int imp_net_window_rows(const struct imp_net *net, int layer)
{
    return net->stage[imp_layer_shapes[layer].block - 1].forward_rows;
}

/* Of one call. */
typedef double cost_function(const struct imp_caps *caps,
                             const struct imp_conv_algorithm *algorithm, int in, int out,
                             int height, int width);

static double transforming_cost(const struct imp_caps *caps,
                                const struct imp_conv_algorithm *algorithm, int in, int out,
                                int height, int width)
{
    return algorithm->transforming ? algorithm->transforming(caps, in, out, height, width) *
                                         imp_conv_cost(caps, algorithm, in, out, height, width)
                                   : 0;
}

/* Of one convolution on strips of `rows` rows, with `reach` more on each side as far as the picture
 * goes. The first strip, the last and all others differ. */
static double cost_of(const struct imp_caps *caps, const struct imp_stage *stage,
                      cost_function *cost, const struct imp_conv_algorithm *algorithm, int in,
                      int out, int rows, int reach)
{
    const int height = stage->height, width = stage->width;
    const int strips = (height + rows - 1) / rows;
    if (strips == 1)
        return cost(caps, algorithm, in, out, height, width);
    const int last = height - (strips - 1) * rows + reach;
    const int inner = rows + 2 * reach < height ? rows + 2 * reach : height;
    return cost(caps, algorithm, in, out, inner - reach, width) +
           cost(caps, algorithm, in, out, last < height ? last : height, width) +
           (strips - 2) * cost(caps, algorithm, in, out, inner, width);
}

static double stage_cost(const struct imp_net *net, const struct imp_caps *caps, int s,
                         cost_function *of)
{
    const struct imp_stage *stage = &net->stage[s];
    const int rows = stage->plan.rows;
    double cost = 0;
    for (int l = stage->first; l <= stage->last; l++) {
        const int in = imp_layer_shapes[l].in_channels, out = imp_layer_shapes[l].out_channels;
        const struct imp_conv_algorithm *const *a = net->algorithm[l];
        const int back = l > stage->first ? imp_stage_reach(stage, l - 1, IMP_REACH_GRADIENT) : 0;
        cost += cost_of(caps, stage, of, a[0], in, out, stage->forward_rows, 0);
        if (l <= stage->recomputed)
            cost += cost_of(caps, stage, of, a[0], in, out, rows,
                            imp_stage_reach(stage, l, IMP_REACH_RECOMPUTED));
        if (net->backward)
            cost += cost_of(caps, stage, of, a[1], out, in, rows, back);
    }
    return cost;
}

double imp_net_cost(const struct imp_net *net, const struct imp_caps *caps, int s)
{
    return stage_cost(net, caps, s, imp_conv_cost);
}

double imp_net_transforming(const struct imp_net *net, const struct imp_caps *caps, int s)
{
    return stage_cost(net, caps, s, transforming_cost);
}

/* The largest workspace that any layer's convolutions ask for. */
static size_t workspace_bytes(const struct imp_net *net, const struct imp_caps *caps)
{
    size_t largest = 0;
    for (int s = 0; s < net->stages; s++)
        for (int l = net->stage[s].first; l <= net->stage[s].last; l++) {
            const int in = imp_layer_shapes[l].in_channels, out = imp_layer_shapes[l].out_channels;
            const int forward_rows = net->stage[s].forward_rows;
            const int backward_rows = imp_stage_tensor_rows(&net->stage[s], true);
            const int most = forward_rows > backward_rows ? forward_rows : backward_rows;
            const int w = net->stage[s].width;
            const struct imp_conv_algorithm *const *a = net->algorithm[l];
            const size_t forward = a[0]->workspace_size(caps, in, out, most, w);
            const size_t backward =
                net->backward ? a[1]->workspace_size(caps, out, in, backward_rows, w) : 0;
            largest = forward > largest ? forward : largest;
            largest = backward > largest ? backward : largest;
        }
    return largest;
}

/* Raises what a place must hold to such a tensor. */
static void take(size_t bytes[IMP_PLACES], enum imp_place place, const struct imp_tensor *like,
                 int height)
{
    const size_t needed = imp_tensor_bytes(like->channels, height, like->width, like->lanes);
    bytes[place] = needed > bytes[place] ? needed : bytes[place];
}

static void size_forward(const struct imp_net *net, int s, size_t bytes[IMP_PLACES])
{
    const struct imp_stage *stage = &net->stage[s];
    const struct imp_tensor *input = s > 0 ? &net->pooled[s - 1] : &net->input;
    const int rows = imp_stage_tensor_rows(stage, false);
    if (s == 0 || !imp_stage_whole(stage, false))
        take(bytes, IMP_PLACE_STRIP_INPUT, input, rows);
    for (int l = stage->first; l <= stage->last; l++)
        take(bytes, net->activation_place[l], &net->activation[l], rows);
    if (s + 1 < net->stages)
        take(bytes, stage->pooled_place, &net->pooled[s], net->pooled[s].height);
}

static void size_backward(const struct imp_net *net, int s, size_t bytes[IMP_PLACES])
{
    const struct imp_stage *stage = &net->stage[s];
    const struct imp_tensor *input = s > 0 ? &net->pooled[s - 1] : &net->input;
    const bool whole = imp_stage_whole(stage, true);
    const int rows = imp_stage_tensor_rows(stage, true);
    if (stage->recomputed >= stage->first && (s == 0 || !whole))
        take(bytes, IMP_PLACE_STRIP_INPUT, input, rows);
    for (int l = stage->first; l <= stage->last; l++) {
        struct imp_tensor strip = net->activation[l];
        strip.height = rows;
        if (l <= stage->recomputed)
            take(bytes, imp_stage_strip_place(stage, l), &strip, rows);
        else if (!whole && imp_mask_bytes(&strip) > bytes[IMP_PLACE_STRIP_MASK])
            bytes[IMP_PLACE_STRIP_MASK] = imp_mask_bytes(&strip);
        take(bytes, net->gradient_place[l], &strip, rows);
    }
    take(bytes, stage->input_gradient_place, input, rows);
    if (s > 0 && !whole)
        take(bytes, IMP_PLACE_PENDING, input, stage->plan.rows);
    if (s > 0 && !imp_stage_keeps_input(stage) && !imp_stage_whole(&net->stage[s - 1], true))
        take(bytes, imp_boundary_place(s), input, input->height);
}

/* What memory at a place is for, in the plan. */
static const char *purpose_of(const struct imp_net *net, enum imp_place place)
{
    if (place < IMP_PLACE_PASSING_A)
        return "strips";
    return net->backward ? "gradients" : "activations";
}

/* Whether pooled[s] goes where the image's gradient will be, from the largest on. That of the first
 * stage is needed until the end. */
static bool borrows(struct imp_net *net, int s)
{
    if (s == 0 || net->borrower || !net->lent || tensor_bytes(&net->pooled[s]) > net->lent_bytes)
        return false;
    net->borrower = s;
    return true;
}

/* Bytes of a layer's transformed weights in one of its directions; 0: there are none. */
static size_t transformed_bytes(const struct imp_net *net, const struct imp_caps *caps, int l,
                                bool backward)
{
    const struct imp_conv_algorithm *algorithm = net->algorithm[l][backward];
    const int in = imp_layer_shapes[l].in_channels, out = imp_layer_shapes[l].out_channels;
    if (!net->keeps_transformed || !algorithm->transform || (backward && !net->backward))
        return 0;
    return backward ? algorithm->transformed_size(caps, out, in)
                    : algorithm->transformed_size(caps, in, out);
}

static void layout_transformed(struct imp_net *net, const struct imp_caps *caps,
                               struct imp_layout *layout)
{
    net->are_transformed = false;
    for (int l = 0; l < net->model->layers; l++)
        for (int d = 0; d < 2; d++)
            imp_layout_add(layout, &net->transformed[l][d], transformed_bytes(net, caps, l, d),
                           "transformed weights");
}

void imp_net_layout(struct imp_net *net, const struct imp_caps *caps, size_t tap_workspace,
                    struct imp_layout *layout)
{
    size_t bytes[IMP_PLACES] = {0};
    net->borrower = 0;
    layout_transformed(net, caps, layout);
    for (int s = 0; s < net->stages; s++) {
        const struct imp_stage *stage = &net->stage[s];
        const bool keep = !imp_stage_keeps_input(stage);
        for (int l = stage->first; l <= stage->last; l++) {
            const bool pooled = l == stage->last && s + 1 < net->stages;
            /* Of what is recomputed, near-ties could fall otherwise. */
            const bool routed = pooled && !net->model->average;
            if (!keep && (!net->backward || (l <= stage->recomputed && !routed)))
                continue;
            if (keep && is_kept(net, s, l))
                imp_layout_add(layout, &net->activation[l].buffer,
                               tensor_bytes(&net->activation[l]), "activations");
            else if (pooled)
                imp_layout_add(layout, &net->route[s], imp_pool_route_bytes(&net->pooled[s]),
                               "masks");
            else
                imp_layout_add(layout, &net->mask[l], imp_mask_bytes(&net->activation[l]), "masks");
        }
        if (s > 0 && !keep && net->backward && !borrows(net, s - 1))
            imp_layout_add(layout, &net->pooled[s - 1].buffer, tensor_bytes(&net->pooled[s - 1]),
                           "activations");
        size_forward(net, s, bytes);
        if (net->backward)
            size_backward(net, s, bytes);
    }
    for (int i = IMP_PLACE_NONE + 1; i < IMP_PLACES; i++)
        imp_layout_add(layout, &net->at[i].buffer, bytes[i], purpose_of(net, (enum imp_place)i));
    const size_t workspace = workspace_bytes(net, caps);
    imp_layout_add(layout, &net->workspace, workspace > tap_workspace ? workspace : tap_workspace,
                   "workspace");
}

/* Halos are filled with a whole picture's reflection. */
static enum impasto_status check_edge(const struct imp_net *net, struct imp_device *device)
{
    for (int s = 0; s < net->stages && net->model->edge == IMP_EDGE_REFLECT; s++) {
        const struct imp_stage *stage = &net->stage[s];
        const bool masks = stage->plan.keep == IMPASTO_KEEP_MASKS ||
                           stage->plan.keep == IMPASTO_KEEP_INPUT_AND_MASKS;
        if (!imp_stage_whole(stage, false) || (net->backward && masks))
            return imp_device_fail(device, IMPASTO_ERROR_INTERNAL,
                                   "stage %d: only whole activations are reflected at their edges",
                                   s + 1);
        if (stage->height < 2 || stage->width < 2)
            return imp_device_fail(device, IMPASTO_ERROR_INTERNAL,
                                   "stage %d: %dx%d pixels are too few to be reflected", s + 1,
                                   stage->width, stage->height);
    }
    return IMPASTO_OK;
}

static enum impasto_status transform_layer(struct imp_net *net, struct imp_device *device, int l,
                                           bool backward)
{
    char label[32];
    if (!net->transformed[l][backward])
        return IMPASTO_OK;
    snprintf(label, sizeof(label), "%s %s", imp_layer_shapes[l].name,
             backward ? "backward" : "forward");
    const struct imp_conv conv = imp_stage_conv(net, l, backward, label);
    return net->algorithm[l][backward]->transform(device, &conv, net->transformed[l][backward]);
}

static enum impasto_status transform(struct imp_net *net, struct imp_device *device)
{
    if (net->are_transformed)
        return IMPASTO_OK;
    for (int l = 0; l < net->model->layers; l++)
        for (int d = 0; d < 2; d++)
            IMP_TRY(transform_layer(net, device, l, d));
    net->are_transformed = true;
    return IMPASTO_OK;
}

void imp_net_distrust(struct imp_net *net)
{
    net->are_transformed = false;
}

enum impasto_status imp_net_forward(struct imp_net *net, struct imp_device *device,
                                    const struct imp_buffer *image, const struct imp_taps *taps)
{
    struct imp_tensor *borrower = &net->pooled[net->borrower];
    net->image = image;
    IMP_TRY(check_edge(net, device));
    IMP_TRY(transform(net, device));
    if (net->borrower) {
        borrower->buffer = *net->lent;
        IMP_TRY(imp_tensor_clear_halo(device, borrower));
    }
    for (int s = 0; s < net->stages; s++)
        IMP_TRY(imp_stage_forward(net, device, s, taps));
    return IMPASTO_OK;
}

enum impasto_status imp_net_backward(struct imp_net *net, struct imp_device *device,
                                     const struct imp_taps *taps, struct imp_buffer *image_gradient)
{
    struct imp_tensor upstream, downstream;
    net->image_gradient = image_gradient;
    if (net->band)
        imp_pace_keep(&net->band->pace, imp_device_caps(device)->cpu);
    for (int s = net->stages - 1; s >= 0; s--) {
        IMP_TRY(imp_stage_backward(net, device, s, taps, s + 1 < net->stages ? &upstream : NULL,
                                   &downstream));
        upstream = downstream;
    }
    return IMPASTO_OK;
}
