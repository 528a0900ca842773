/* SPDX-License-Identifier: MIT */
/* Network, losses and image, put together: what painting steps down, and what the self-test judges.
 */

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
    *objective = (struct imp_objective){
        .device = device,
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
    if (objective->holds)
        imp_layout_add(layout, &objective->free, image_bytes(objective) / 3, "masks");
}

/* ---- Targets --------------------------------------------------------------------------------- */

void imp_style_pass_init(struct imp_style_pass *pass, const struct imp_model *model,
                         const struct imp_caps *caps, int height, int width, bool guided)
{
    *pass = (struct imp_style_pass){.height = height, .width = width};
    imp_net_init(&pass->net, model, caps, height, width, false, 0);
    imp_guide_init(&pass->guide, height, width, guided);
}

void imp_style_pass_list(struct imp_style_pass *pass, const struct imp_objective *objective)
{
    const struct imp_style *style = &objective->losses.style;
    imp_layout_release(&pass->layout);
    imp_net_layout(&pass->net, imp_device_caps(objective->device),
                   imp_style_workspace(style, &pass->net), &pass->layout);
    imp_guide_layout(&pass->guide, imp_style_stages(style), &pass->layout);
    imp_layout_add(&pass->layout, &pass->image,
                   3 * (size_t)pass->width * (size_t)pass->height * sizeof(float), "image");
}

enum impasto_status imp_objective_capture_style(struct imp_objective *objective,
                                                struct imp_style_pass *pass, int region,
                                                double share, bool begins, bool ends)
{
    struct imp_style_source source = {
        .style = &objective->losses.style,
        .region = &objective->region[region],
        .guide = &pass->guide,
        .share = share,
        .begins = begins,
        .ends = ends,
    };
    const struct imp_taps taps = imp_style_source_taps(&source);
    return imp_net_forward(&pass->net, objective->device, pass->image, &taps);
}

enum impasto_status imp_objective_capture_content(struct imp_objective *objective,
                                                  const struct imp_buffer *image)
{
    const struct imp_taps taps = imp_losses_content_taps(&objective->losses);
    return imp_net_forward(&objective->net, objective->device, image, &taps);
}

/* ---- Evaluating ------------------------------------------------------------------------------ */

enum impasto_status imp_objective_evaluate(struct imp_objective *objective,
                                           const struct imp_buffer *image, bool gradient)
{
    struct imp_device *device = objective->device;
    struct imp_losses *losses = &objective->losses;
    const struct imp_taps taps = imp_losses_taps(losses);
    IMP_TRY(imp_net_forward(&objective->net, device, image, &taps));
    IMP_TRY(imp_losses_measure_tv(losses, image));
    if (!gradient)
        return IMPASTO_OK;
    IMP_TRY(imp_net_backward(&objective->net, device, &taps, objective->gradient));
    IMP_TRY(imp_losses_tv_gradient(losses, image, objective->gradient));
    return objective->holds ? imp_weigh_planes(device, objective->gradient, objective->free, 3,
                                               objective->height * objective->width)
                            : IMPASTO_OK;
}
