/* SPDX-License-Identifier: MIT */
/*
 * A stage of VGG19: the convolutions between two poolings. Here is what both passes share: the
 * height of the strips of rows, how far they reach, and what a layer does. The passes are in
 * stage_forward.c and stage_backward.c.
 */

#include "vgg/stage.h"

bool imp_stage_keeps_input(const struct imp_stage *stage)
{
    return stage->plan.keep == IMPASTO_KEEP_INPUT ||
           stage->plan.keep == IMPASTO_KEEP_INPUT_AND_MASKS;
}

bool imp_stage_whole(const struct imp_stage *stage, bool backward)
{
    return (backward ? stage->plan.rows : stage->forward_rows) >= stage->height;
}

static int layers_of(const struct imp_stage *stage)
{
    return stage->last - stage->first + 1;
}

/* NOLINTNEXTLINE(bugprone-macro-parentheses): a term of a sum */
#define IMP_VGG19_IS_BEYOND(block, number, in, out)                                                \
    +((number) > IMP_PLACE_STRIP_4 - IMP_PLACE_STRIP_1 + 1)
_Static_assert(0 IMP_VGG19(IMP_VGG19_IS_BEYOND) == 0, "a layer has no place for its strips");

enum imp_place imp_stage_strip_place(const struct imp_stage *stage, int l)
{
    return (enum imp_place)(IMP_PLACE_STRIP_1 + (l - stage->first));
}

enum imp_place imp_boundary_place(int s)
{
    return s % 2 == 0 ? IMP_PLACE_BOUNDARY_A : IMP_PLACE_BOUNDARY_B;
}

int imp_stage_lag(const struct imp_stage *stage)
{
    return imp_stage_whole(stage, false) ? 0 : IMP_STRIP_UNIT * (layers_of(stage) - 1);
}

int imp_stage_tensor_rows(const struct imp_stage *stage, bool backward)
{
    return backward ? imp_stage_rows(stage, stage->margin)
                    : stage->forward_rows + imp_stage_lag(stage);
}

/* Of a layer's gradient; of the last activation's it is needed for whole pooled rows. */
static int gradient_reach(const struct imp_stage *stage, int layer)
{
    return layer == stage->last ? (layers_of(stage) + 1) / 2 * 2 : layer - stage->first + 1;
}

int imp_stage_reach(const struct imp_stage *stage, int layer, enum imp_reach which)
{
    return which == IMP_REACH_RECOMPUTED
               ? gradient_reach(stage, stage->recomputed) + stage->recomputed - layer
               : gradient_reach(stage, layer);
}

int imp_stage_margin(const struct imp_stage *stage)
{
    const int gradient = gradient_reach(stage, stage->last);
    const int activation = stage->recomputed < stage->first
                               ? 0
                               : imp_stage_reach(stage, stage->first, IMP_REACH_RECOMPUTED);
    return activation > gradient ? activation : gradient;
}

int imp_stage_rows(const struct imp_stage *stage, int reach)
{
    const int rows = stage->plan.rows + 2 * reach;
    return rows > stage->height ? stage->height : rows;
}

enum impasto_status imp_place_use(struct imp_net *net, struct imp_device *device,
                                  enum imp_place place, const struct imp_tensor *like, int height,
                                  struct imp_tensor *tensor)
{
    struct imp_holder *holder = &net->at[place];
    const struct imp_tensor *held = &holder->held;
    const bool same = held->channels == like->channels && held->height == height &&
                      held->width == like->width && held->lanes == like->lanes;
    *tensor = *like;
    tensor->height = height;
    tensor->buffer = holder->buffer;
    holder->held = *tensor;
    return same ? IMPASTO_OK : imp_tensor_clear_halo(device, tensor);
}

struct imp_conv imp_stage_conv(const struct imp_net *net, int l, bool backward, const char *label)
{
    const struct imp_model_layer *layer = &net->model->layer[l];
    const struct imp_tensor *below = l > 0 ? &net->activation[l - 1] : &net->input;
    const struct imp_tensor *above = &net->activation[l];
    return (struct imp_conv){
        .x = backward ? *above : *below,
        .y = backward ? *below : *above,
        .weights = backward && !layer->reversed ? layer->backward_weights : layer->forward_weights,
        .reversed = backward && layer->reversed,
        .transformed = net->transformed[l][backward],
        .bias = layer->bias,
        .workspace = net->workspace,
        .gemm = net->model->gemm,
        .label = label,
    };
}

/* Rows of y beside a border: they alone need the neighbour's rows of x. So many are a row of
 * Winograd's tiles, which lie as in the whole then. */
#define BORDER IMP_STRIP_UNIT

/* CLBlast has another kernel for few rows, with other last bits. Without rows between the borders
 * there is nothing to compute meanwhile. */
static bool overlaps(const struct imp_net *net, const struct imp_conv_algorithm *algorithm,
                     const struct imp_conv *conv)
{
    return net->band && net->band->pace.overlaps && conv->rows > 2 * BORDER &&
           (algorithm->products == IMP_PRODUCTS_NONE || conv->gemm != IMP_GEMM_CLBLAST);
}

static enum impasto_status run_rows(struct imp_device *device,
                                    const struct imp_conv_algorithm *algorithm,
                                    const struct imp_conv *conv, int first, int rows)
{
    struct imp_conv part = *conv;
    part.first = first;
    part.rows = rows;
    return rows > 0 ? algorithm->run(device, &part) : IMPASTO_OK;
}

enum impasto_status imp_stage_run(struct imp_net *net, struct imp_device *device,
                                  const struct imp_conv_algorithm *algorithm,
                                  const struct imp_conv *conv)
{
    struct imp_band *band = net->band;
    const int above = imp_band_above(band) ? BORDER : 0, below = imp_band_below(band) ? BORDER : 0;
    const int first = conv->first + above, between = conv->rows - above - below;
    if (!overlaps(net, algorithm, conv)) {
        if (band)
            IMP_TRY(imp_band_exchange(band, &conv->x));
        return algorithm->run(device, conv);
    }
    IMP_TRY(imp_band_exchange_begin(band, &conv->x));
    IMP_TRY(run_rows(device, algorithm, conv, first, between));
    IMP_TRY(imp_band_exchange_end(band, &conv->x));
    IMP_TRY(run_rows(device, algorithm, conv, conv->first, above));
    return run_rows(device, algorithm, conv, first + between, below);
}

enum impasto_status imp_stage_convolve(struct imp_net *net, struct imp_device *device, int l,
                                       const struct imp_tensor *x, const struct imp_tensor *y,
                                       const struct imp_window *window, int lead)
{
    const bool reflect = net->model->edge == IMP_EDGE_REFLECT;
    char label[32];
    snprintf(label, sizeof(label), "%s forward", imp_layer_shapes[l].name);
    const struct imp_map map = {.tensor = *x};
    if (reflect)
        IMP_TRY(imp_map_fill(device, &map, 1, IMP_EDGE_REFLECT, true, true));
    struct imp_conv conv = imp_stage_conv(net, l, false, label);
    conv.x = *x;
    conv.y = *y;
    conv.first = window->first;
    conv.rows = window->rows;
    conv.lead = lead;
    conv.epilogue = IMP_EPILOGUE_BIAS_RELU;
    IMP_TRY(imp_stage_run(net, device, net->algorithm[l][0], &conv));
    /* All others go by a halo of zeros: losses, pooling, and who gets this memory next. */
    return reflect && l > 0 ? imp_map_fill(device, &map, 1, IMP_EDGE_ZERO, true, true) : IMPASTO_OK;
}
