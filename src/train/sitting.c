/* SPDX-License-Identifier: MIT */
/* The network and what judges it, at one size: a crop goes in, losses and gradients come out. */

#include "ops/element.h"
#include "ops/warp.h"
#include "train/train.h"

#include <math.h>
#include <stdlib.h>

static size_t image_bytes(const struct imp_sitting *sitting)
{
    return 3 * (size_t)sitting->height * (size_t)sitting->width * sizeof(float);
}

/* What holds paintings to those of the frame before. A pass without a way back has lost its middle
 * when it is done. */
static void list_holding(struct imp_sitting *sitting, float middle_weight)
{
    struct imp_layout *layout = &sitting->layout;
    imp_layout_add(layout, &sitting->before, image_bytes(sitting), "earlier frames");
    imp_layout_add(layout, &sitting->light, image_bytes(sitting), "earlier frames");
    imp_layout_add(layout, &sitting->flow, imp_flow_bytes(sitting->height, sitting->width),
                   "earlier frames");
    sitting->objective.losses.temporal.held = 1;
    if (!sitting->learns || !(middle_weight > 0))
        return;
    sitting->middle.weight = middle_weight;
    imp_middle_layout(&sitting->pass, &sitting->middle, layout);
    sitting->pass.middle = &sitting->middle;
}

enum impasto_status imp_sitting_init(struct imp_sitting *sitting,
                                     const struct imp_sitting_options *options)
{
    *sitting = (struct imp_sitting){.height = options->height,
                                    .width = options->width,
                                    .learns = options->gradient != NULL,
                                    .holds = options->losses->earlier > 0};
    const struct imp_objective_options objective = {
        .model = options->model,
        .losses = options->losses,
        .height = options->height,
        .width = options->width,
        .regions = 1,
    };
    IMP_TRY(imp_pass_init(&sitting->pass, options->device, options->shape, options->height,
                          options->width, sitting->learns));
    sitting->pass.parameters = options->parameters;
    sitting->pass.gradient = options->gradient;
    IMP_TRY(imp_objective_init(&sitting->objective, options->device, &objective));
    sitting->objective.net.keeps_transformed = options->keeps_transformed;
    sitting->objective.region[0].weight = 1;
    imp_guide_init(&sitting->objective.region[0].guide, options->height, options->width, false,
                   NULL);
    imp_objective_layout_targets(&sitting->objective, &sitting->layout);
    imp_objective_layout(&sitting->objective, &sitting->layout);
    imp_pass_layout(&sitting->pass, &sitting->layout);
    imp_layout_add(&sitting->layout, &sitting->image, image_bytes(sitting), "image");
    imp_layout_add(&sitting->layout, &sitting->painting, image_bytes(sitting), "image");
    if (sitting->holds)
        list_holding(sitting, options->middle_weight);
    return IMPASTO_OK;
}

void imp_sitting_release(struct imp_sitting *sitting)
{
    imp_layout_release(&sitting->layout);
    imp_pass_release(&sitting->pass);
    imp_objective_release(&sitting->objective);
    *sitting = (struct imp_sitting){0};
}

static void collect(const struct imp_loss_options *weights, const struct imp_loss_values *values,
                    struct imp_sitting_losses *losses)
{
    *losses = (struct imp_sitting_losses){
        .total = values->total,
        .tv = values->tv,
        .range = values->range,
        .lattice = values->lattice,
        .weave = values->weave,
        .steady = values->temporal,
    };
    for (int l = 0; l < IMPASTO_LAYERS; l++) {
        losses->content += (double)weights->content_layers[l] * values->content[l];
        losses->style += (double)weights->style_layers[l] * values->style[l];
    }
}

/* The layers' weights, as the objective has them. */
static struct imp_loss_options weights_of(const struct imp_sitting *sitting)
{
    struct imp_loss_options weights = {0};
    for (int l = 0; l < IMPASTO_LAYERS; l++) {
        weights.content_layers[l] = sitting->objective.losses.content_layers[l];
        weights.style_layers[l] = sitting->objective.losses.style.layers[l];
    }
    return weights;
}

static enum impasto_status wear_limits(struct imp_sitting *sitting, const float *limits)
{
    const struct imp_losses *losses = &sitting->objective.losses;
    if (sitting->limits == limits || !(losses->weave_weight > 0))
        return IMPASTO_OK;
    sitting->limits = NULL;
    IMP_TRY(imp_buffer_write(losses->weave.limits, 0, limits, WEAVE_SHIFTS * sizeof(float)));
    sitting->limits = limits;
    return IMPASTO_OK;
}

/* Gives the objective what a style wants, unless it has it. */
static enum impasto_status wear(struct imp_sitting *sitting, const struct imp_sitting_task *task)
{
    IMP_TRY(wear_limits(sitting, task->limits));
    if (sitting->targets == task->targets)
        return IMPASTO_OK;
    sitting->targets = NULL;
    IMP_TRY(imp_targets_write(task->targets, &sitting->objective));
    sitting->targets = task->targets;
    return IMPASTO_OK;
}

/* Features of the crop that are not finite are computed again, once. IMPASTO_ERROR_WEIGHTS: they
 * are not so then, either. */
static enum impasto_status look_at(struct imp_sitting *sitting, const float *planes)
{
    struct imp_objective *objective = &sitting->objective;
    enum impasto_status status;
    int retries = 0;
    IMP_TRY(imp_buffer_write(sitting->image, 0, planes, image_bytes(sitting)));
    do {
        status = imp_objective_capture_content(objective, sitting->image);
    } while (imp_objective_retries(objective, status, retries++));
    return status;
}

/* ---- Held to the frame before ---------------------------------------------------------------- */

static enum impasto_status write_pair(struct imp_sitting *sitting, const struct imp_pair *pair)
{
    const struct imp_middle *middle = &sitting->middle;
    const size_t plane = image_bytes(sitting) / 3;
    const size_t coarse = (size_t)pair->coarse_size * (size_t)pair->coarse_size * sizeof(float);
    IMP_TRY(imp_buffer_write(sitting->before, 0, pair->before, 3 * plane));
    IMP_TRY(imp_buffer_write(sitting->light, 0, pair->light, 3 * plane));
    IMP_TRY(imp_buffer_write(sitting->flow, 0, pair->flow, 2 * plane));
    IMP_TRY(imp_buffer_write(sitting->objective.losses.temporal.reliability[0], 0,
                             pair->reliability, plane));
    if (!sitting->pass.middle)
        return IMPASTO_OK;
    IMP_TRY(imp_buffer_write(middle->flow, 0, pair->coarse_flow, 2 * coarse));
    return imp_buffer_write(middle->reliability, 0, pair->coarse_reliability, coarse);
}

/* The painting of the frame before is what the next is held to: carried along the motion, and
 * lighter by what that is (Gao et al. 2018, equation 5). It counts as given. Of pairs that are as
 * likely the other way round, the gradient of the one half is, on average, half that of both. */
static enum impasto_status hold(struct imp_sitting *sitting, const struct imp_sitting_task *task)
{
    struct imp_device *device = sitting->objective.device;
    struct imp_buffer *target = sitting->objective.losses.temporal.target[0];
    IMP_TRY(write_pair(sitting, task->pair));
    IMP_TRY(imp_pass_forward(&sitting->pass, task->row, sitting->before, sitting->painting));
    IMP_TRY(imp_warp(device, sitting->painting, 3, sitting->height, sitting->width, sitting->flow,
                     target));
    IMP_TRY(
        imp_blend(device, target, sitting->light, 3 * sitting->height * sitting->width, 1, true));
    return sitting->pass.middle ? imp_middle_take(&sitting->pass, &sitting->middle) : IMPASTO_OK;
}

/* ---- Measuring ------------------------------------------------------------------------------- */

/* Paints the crop that was looked at, and measures the painting. */
static enum impasto_status measure(struct imp_sitting *sitting, const struct imp_sitting_task *task,
                                   struct imp_sitting_losses *losses)
{
    struct imp_objective *objective = &sitting->objective;
    struct imp_loss_values values;
    const struct imp_loss_options weights = weights_of(sitting);
    double features = 0;
    if (sitting->holds)
        IMP_TRY(hold(sitting, task));
    IMP_TRY(imp_pass_forward(&sitting->pass, task->row, sitting->image, sitting->painting));
    if (sitting->pass.middle)
        IMP_TRY(imp_middle_measure(&sitting->pass, &sitting->middle, &features));
    IMP_TRY(imp_objective_evaluate(objective, sitting->painting, sitting->learns));
    if (sitting->learns)
        IMP_TRY(imp_pass_backward(&sitting->pass, task->row, objective->gradient));
    IMP_TRY(imp_losses_read(&objective->losses, &values, NULL, 0));
    collect(&weights, &values, losses);
    losses->features = features;
    losses->total += (double)sitting->middle.weight * features;
    if (!isfinite(losses->total))
        imp_net_distrust(&objective->net);
    return IMPASTO_OK;
}

enum impasto_status imp_sitting_measure(struct imp_sitting *sitting,
                                        const struct imp_sitting_task *task,
                                        struct imp_sitting_losses *losses)
{
    IMP_TRY(wear(sitting, task));
    sitting->objective.losses.style.weight = task->style_weight;
    sitting->pass.noise_seed = task->noise_seed;
    const enum impasto_status status = look_at(sitting, task->planes);
    if (status != IMPASTO_ERROR_WEIGHTS)
        return status == IMPASTO_OK ? measure(sitting, task, losses) : status;
    *losses = (struct imp_sitting_losses){NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    return IMPASTO_OK;
}

/* ---- What contents are like ------------------------------------------------------------------ */

/* Crops that tell it. */
#define SAMPLE 8

static enum impasto_status sample(struct imp_sitting *sitting, struct imp_photos *photos,
                                  float *planes, double mean[IMPASTO_LAYERS])
{
    struct imp_objective *objective = &sitting->objective;
    for (int i = 0; i < SAMPLE; i++) {
        IMP_TRY(imp_crop_draw(photos, (uint64_t)i, sitting->width, planes,
                              imp_device_error_place(objective->device)));
        IMP_TRY(look_at(sitting, planes));
        for (int l = 0; l < IMPASTO_LAYERS; l++)
            mean[l] += objective->losses.content_found[l] / SAMPLE;
    }
    return IMPASTO_OK;
}

enum impasto_status imp_sitting_expect(struct imp_sitting *sitting, struct imp_photos *photos)
{
    double mean[IMPASTO_LAYERS] = {0};
    float *planes = malloc(image_bytes(sitting));
    if (!planes)
        return imp_device_fail_memory(sitting->objective.device, "a crop", image_bytes(sitting));
    const enum impasto_status status = sample(sitting, photos, planes, mean);
    free(planes);
    if (status == IMPASTO_OK)
        imp_objective_expect_content(&sitting->objective, mean);
    return status;
}
