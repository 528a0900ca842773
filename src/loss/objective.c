/* SPDX-License-Identifier: MIT */
/* Network, losses and image together. Painting minimises it, and the self-test judges it. */

#include "loss/objective.h"

#include <stdlib.h>

static size_t image_bytes(const struct imp_objective *objective)
{
    return 3 * (size_t)objective->height * (size_t)objective->width * sizeof(float);
}

static uint32_t layers_of(const struct imp_loss_options *losses)
{
    uint32_t bits = 0;
    for (int l = 0; l < IMPASTO_LAYERS; l++)
        if (losses->content_layers[l] > 0 || losses->style_layers[l] > 0)
            bits |= 1u << l;
    return bits;
}

enum impasto_status imp_objective_init(struct imp_objective *objective, struct imp_device *device,
                                       const struct imp_objective_options *options)
{
    const int height = options->height, width = options->width;
    *objective = (struct imp_objective){0};
    if (options->losses->bounded && options->losses->covariance)
        return imp_device_fail(
            device, IMPASTO_ERROR_INTERNAL,
            "the bounded style loss is one of Gram matrices, not of covariances");
    *objective = (struct imp_objective){
        .device = device,
        .band = options->band,
        .height = height,
        .width = width,
        .region = calloc((size_t)options->regions, sizeof(*objective->region)),
        .regions = options->regions,
        .holds = options->holds,
    };
    if (!objective->region)
        return imp_device_fail_memory(device, "regions", 0);
    objective->gradient_bytes = image_bytes(objective);
    imp_losses_init(&objective->losses, device, options->losses, height, width, objective->region,
                    objective->regions);
    imp_net_init(&objective->net, options->model, imp_device_caps(device), height, width, true,
                 layers_of(options->losses));
    objective->losses.band = options->band;
    if (options->band)
        imp_net_take_band(&objective->net, imp_device_caps(device), options->band);
    return IMPASTO_OK;
}

void imp_objective_release(struct imp_objective *objective)
{
    free(objective->region);
    *objective = (struct imp_objective){0};
}

void imp_objective_layout_targets(struct imp_objective *objective, struct imp_layout *layout)
{
    imp_losses_layout(&objective->losses, layout);
}

void imp_objective_layout(struct imp_objective *objective, struct imp_layout *layout)
{
    objective->net.lent = &objective->gradient;
    objective->net.lent_bytes = objective->gradient_bytes;
    imp_net_layout(&objective->net, imp_device_caps(objective->device),
                   imp_style_workspace(&objective->losses.style, &objective->net), layout);
    imp_layout_add(layout, &objective->gradient, objective->gradient_bytes, "image");
    if (objective->band)
        imp_band_layout(objective->band, layout);
    if (objective->holds)
        imp_layout_add(layout, &objective->free, image_bytes(objective) / 3, "masks");
}

enum impasto_status imp_objective_evaluate(struct imp_objective *objective,
                                           const struct imp_buffer *image, bool gradient)
{
    struct imp_device *device = objective->device;
    struct imp_losses *losses = &objective->losses;
    const struct imp_taps taps = imp_losses_taps(losses);
    /* An evaluation that failed may have left something on its way. */
    if (objective->band)
        imp_band_forget(objective->band);
    IMP_TRY(imp_net_forward(&objective->net, device, image, &taps));
    IMP_TRY(imp_losses_measure_image(losses, image));
    if (objective->band)
        IMP_TRY(imp_style_meet(&losses->style, objective->band));
    if (!gradient)
        return IMPASTO_OK;
    IMP_TRY(imp_net_backward(&objective->net, device, &taps, objective->gradient));
    IMP_TRY(imp_losses_image_gradient(losses, image, objective->gradient));
    return objective->holds ? imp_weigh_planes(device, objective->gradient, objective->free, 3,
                                               objective->height * objective->width)
                            : IMPASTO_OK;
}
