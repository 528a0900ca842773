/* SPDX-License-Identifier: MIT */
/*
 * The way forwards through a stage, on the whole picture or on one strip of rows after another,
 * from the top.
 *
 * A row of an activation needs one more row on each side of the activation before. So in one step
 * all layers do equally many rows, but each works IMP_STRIP_UNIT rows further up than the layer
 * before it. The rows that it reads below are there already. The rows that it reads above are left
 * from the last step. Between two steps, the rows that the next layer will read once more move up
 * in their tensor.
 *
 * So nothing is computed twice, and windows are whole rows of Winograd's tiles. The activations are
 * those of the whole picture, bit by bit, and so are the losses (ops/blocks.h).
 *
 * All tensors of a step show the same rows of the picture, with room for a layer's lag.
 */

#include "vgg/stage.h"
#include "ops/pool.h"

/* Rows of a layer's tensor that the next step needs: one above a row of tiles, these, one below. */
#define CARRIED (IMP_STRIP_UNIT + 2)

/* One step: where in the picture its tensors begin, and the rows that the first layer does. */
struct step {
    int origin, begin, end;
};

/* The rows that a layer `lag` rows behind the first does; may be none. */
static struct imp_window window_of(const struct imp_stage *stage, const struct step *step, int lag)
{
    const int from = step->begin > lag ? step->begin - lag : 0;
    const int to = step->end - lag < stage->height ? step->end - lag : stage->height;
    return (struct imp_window){.first = from - step->origin,
                               .rows = to > from ? to - from : 0,
                               .at = from,
                               .begins = from == 0};
}

/* The rows of the stage's input that a step reads, with the halo as the whole's. */
static enum impasto_status input_of(struct imp_net *net, struct imp_device *device, int s,
                                    const struct step *step, struct imp_tensor *x)
{
    const struct imp_stage *stage = &net->stage[s];
    const struct imp_tensor *input = s > 0 ? &net->pooled[s - 1] : &net->input;
    *x = *input;
    if (s > 0 && imp_stage_whole(stage, false))
        return IMPASTO_OK;
    x->height = imp_stage_tensor_rows(stage, false);
    x->buffer = net->at[IMP_PLACE_STRIP_INPUT].buffer;
    if (step->begin >= stage->height)
        return IMPASTO_OK;
    if (s == 0)
        return imp_input_forward(device, net->image, net->height, step->origin, x,
                                 &net->model->input, net->model->edge == IMP_EDGE_REPLICATE);
    const int to = step->end < stage->height ? step->end : stage->height;
    return imp_tensor_copy_rows(device, input, step->begin - 1, x, step->begin - 1 - step->origin,
                                to - step->begin + 2);
}

/* Where layer l's activation is to go. */
static enum impasto_status output_of(struct imp_net *net, struct imp_device *device, int s, int l,
                                     struct imp_tensor *y)
{
    const enum imp_place place = net->activation_place[l];
    const int rows = imp_stage_tensor_rows(&net->stage[s], false);
    *y = net->activation[l];
    return place == IMP_PLACE_NONE
               ? IMPASTO_OK
               : imp_place_use(net, device, place, &net->activation[l], rows, y);
}

/* Moves up what the next layer will read once more of the last step, before this one. */
static enum impasto_status carry(struct imp_device *device, const struct imp_stage *stage,
                                 const struct step *step, int lag, const struct imp_tensor *y)
{
    const int first = step->begin - lag - step->origin - IMP_STRIP_UNIT - 1;
    return step->begin == 0
               ? IMPASTO_OK
               : imp_tensor_copy_rows(device, y, first + stage->forward_rows, y, first, CARRIED);
}

/* Next to the picture's first and last row there are zeros, as in the whole's halo. */
static enum impasto_status edges(struct imp_device *device, const struct imp_stage *stage,
                                 const struct imp_window *window, const struct imp_tensor *y)
{
    if (window->at == 0)
        IMP_TRY(imp_tensor_zero_row(device, y, window->first - 1));
    if (window->at + window->rows == stage->height)
        IMP_TRY(imp_tensor_zero_row(device, y, window->first + window->rows));
    return IMPASTO_OK;
}

static enum impasto_status convolve(struct imp_net *net, struct imp_device *device, int s,
                                    const struct step *step, const struct imp_taps *taps)
{
    const struct imp_stage *stage = &net->stage[s];
    const bool whole = imp_stage_whole(stage, false);
    struct imp_tensor x;
    IMP_TRY(input_of(net, device, s, step, &x));
    for (int l = stage->first; l <= stage->last; l++) {
        const int lag = whole ? 0 : IMP_STRIP_UNIT * (l - stage->first);
        const struct imp_window window = window_of(stage, step, lag);
        const bool carried = !whole && l < stage->last;
        struct imp_tensor *y = &net->view[l];
        IMP_TRY(output_of(net, device, s, l, y));
        if (carried)
            IMP_TRY(carry(device, stage, step, lag, y));
        if (window.rows > 0) {
            const bool ends = window.at + window.rows == stage->height;
            IMP_TRY(imp_stage_convolve(net, device, l, &x, y, &window, 0));
            if (carried)
                IMP_TRY(edges(device, stage, &window, y));
            if (taps->layers >> l & 1u)
                IMP_TRY(taps->measure(taps->user, l, y, &window, ends, net->workspace));
            if (net->mask[l])
                IMP_TRY(imp_mask_pack(device, y, &window, stage->height, net->mask[l]));
        }
        x = *y;
    }
    return IMPASTO_OK;
}

enum impasto_status imp_stage_forward(struct imp_net *net, struct imp_device *device, int s,
                                      const struct imp_taps *taps)
{
    const struct imp_stage *stage = &net->stage[s];
    const int lag = imp_stage_lag(stage), rows = stage->forward_rows;
    for (int begin = 0; begin - lag < stage->height; begin += rows) {
        const struct step step = {.origin = begin - lag, .begin = begin, .end = begin + rows};
        const struct imp_window window = window_of(stage, &step, lag);
        IMP_TRY(convolve(net, device, s, &step, taps));
        /* Only now: what was just read may have been at that place. */
        if (begin == 0 && stage->pooled_place != IMP_PLACE_NONE)
            IMP_TRY(imp_place_use(net, device, stage->pooled_place, &net->pooled[s],
                                  net->pooled[s].height, &net->pooled[s]));
        if (s + 1 < net->stages && window.rows > 0)
            IMP_TRY(imp_pool_forward(device, &net->view[stage->last], &window, &net->pooled[s],
                                     net->model->average, net->route[s]));
    }
    /* Halos were written to. */
    for (int l = stage->first; l <= stage->last && !imp_stage_whole(stage, false); l++)
        net->at[net->activation_place[l]].held = (struct imp_tensor){0};
    return IMPASTO_OK;
}
