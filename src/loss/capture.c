/* SPDX-License-Identifier: MIT */
/* Capturing targets: passes of the network over the content picture and over each style picture. */

#include "loss/objective.h"

void imp_style_pass_init(struct imp_style_pass *pass, const struct imp_model *model,
                         const struct imp_caps *caps, int height, int width, bool guided)
{
    *pass = (struct imp_style_pass){.height = height, .width = width};
    imp_net_init(&pass->net, model, caps, height, width, false, 0);
    imp_guide_init(&pass->guide, height, width, guided, NULL);
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
    const struct imp_losses *losses = &objective->losses;
    const struct imp_taps taps = imp_losses_content_taps(&objective->losses);
    if (losses->weave_weight > 0)
        IMP_TRY(imp_weave_take_content(objective->device, &losses->weave, image));
    return imp_net_forward(&objective->net, objective->device, image, &taps);
}

void imp_objective_expect_content(struct imp_objective *objective,
                                  const double mean[IMPASTO_LAYERS])
{
    for (int l = 0; l < IMPASTO_LAYERS; l++)
        objective->losses.content_floor[l] = mean[l] / 10;
}

bool imp_objective_retries(struct imp_objective *objective, enum impasto_status status, int retries)
{
    if (status != IMPASTO_ERROR_WEIGHTS || retries > 0)
        return false;
    imp_net_distrust(&objective->net);
    imp_log(imp_device_log(objective->device), IMPASTO_LOG_WARNING,
            "the network's features of a picture are not finite; they are computed again");
    return true;
}
