/* SPDX-License-Identifier: MIT */
/*
 * The objective: content and style losses at their layers, total variation and range of the
 * picture. Targets are captured in one pass over the content and one over each style picture. In
 * the optimisation the forward pass measures the losses. For each style layer it keeps what the
 * backward pass makes the gradient from.
 */

#include "loss/losses.h"
#include "ops/sums.h"

#include <math.h>
#include <stdlib.h>

/* The height and width of layer l's activation for a picture of that size. */
static void layer_size(int l, int height, int width, int *h, int *w)
{
    const int halvings = imp_layer_shapes[l].block - 1;
    *h = height >> halvings;
    *w = width >> halvings;
}

void imp_losses_init(struct imp_losses *losses, struct imp_device *device,
                     const struct imp_loss_options *options, int height, int width,
                     struct imp_style_region *region, int regions)
{
    *losses = (struct imp_losses){
        .device = device,
        .relative = options->relative,
        .content_weight = (float)options->content_weight,
        .tv_weight = options->tv_weight,
        .range_weight = options->range_weight,
        .lattice_weight = imp_lattice_windows(height, width) > 0 ? options->lattice_weight : 0,
        .weave_weight = imp_weave_windows(height, width) > 0 ? options->weave_weight : 0,
        .height = height,
        .width = width,
    };
    const int lanes = imp_device_caps(device)->vector_width;
    for (int l = 0; l < IMPASTO_LAYERS; l++) {
        losses->content_layers[l] = options->content_layers[l];
        losses->content_energy[l] = 1;
        struct imp_tensor *target = &losses->content_target[l];
        target->channels = imp_layer_shapes[l].out_channels;
        target->lanes = lanes;
        layer_size(l, height, width, &target->height, &target->width);
        if (losses->content_layers[l] > 0)
            losses->content_slot[l] = losses->slots++;
    }
    imp_style_init(&losses->style, device, options, region, regions, &losses->slots);
    losses->style.sums = &losses->sums;
    losses->tv_slot = losses->slots++;
    if (losses->range_weight > 0)
        losses->range_slot = losses->slots++;
    if (losses->lattice_weight > 0)
        losses->lattice_slot = losses->slots++;
    if (losses->weave_weight > 0)
        losses->weave_slot = losses->slots++;
    imp_temporal_init(&losses->temporal, device, options->temporal_weight, options->earlier,
                      height * width, &losses->slots);
    losses->spare_slot = losses->slots;
    losses->slots += IMP_SPARE_SUMS;
}

void imp_losses_layout(struct imp_losses *losses, struct imp_layout *layout)
{
    for (int l = 0; l < IMPASTO_LAYERS; l++) {
        const struct imp_tensor *t = &losses->content_target[l];
        if (losses->content_layers[l] > 0)
            imp_layout_add(layout, &losses->content_target[l].buffer,
                           imp_tensor_bytes(t->channels, t->height, t->width, t->lanes), "targets");
    }
    imp_style_layout(&losses->style, layout);
    imp_temporal_layout(&losses->temporal, layout);
    if (losses->lattice_weight > 0)
        imp_layout_add(layout, &losses->pattern,
                       imp_lattice_floats(losses->height, losses->width) * sizeof(float), "sums");
    if (losses->weave_weight > 0)
        imp_weave_layout(&losses->weave, losses->height, losses->width, layout);
    imp_layout_add(layout, &losses->sums, (size_t)losses->slots * IMP_PARTS * sizeof(float),
                   "sums");
}

static uint32_t bits_of(const float weights[IMPASTO_LAYERS])
{
    uint32_t bits = 0;
    for (int l = 0; l < IMPASTO_LAYERS; l++)
        if (weights[l] > 0)
            bits |= 1u << l;
    return bits;
}

/* Of the whole picture's activation. */
static double elements_of(const struct imp_losses *losses, int layer)
{
    int height, width;
    layer_size(layer, imp_band_whole(losses->band, losses->height), losses->width, &height, &width);
    return (double)losses->content_target[layer].channels * height * width;
}

static struct imp_blocks blocks_of(const struct imp_losses *losses, int layer)
{
    return imp_band_blocks(losses->band, losses->height, imp_layer_shapes[layer].block - 1);
}

static enum impasto_status capture_content(void *user, int layer, const struct imp_tensor *f,
                                           const struct imp_window *window, bool ends,
                                           struct imp_buffer *workspace)
{
    (void)workspace;
    struct imp_losses *losses = user;
    const struct imp_tensor *target = &losses->content_target[layer];
    IMP_TRY(
        imp_tensor_copy_rows(losses->device, f, window->first, target, window->at, window->rows));
    if (!ends)
        return IMPASTO_OK;
    double total = 0;
    const struct imp_blocks blocks = blocks_of(losses, layer);
    IMP_TRY(imp_sum_squares(losses->device, target, &blocks, losses->sums, 0));
    IMP_TRY(imp_band_totals(losses->band, losses->device, losses->sums, 1, NULL, &total));
    if (!isfinite(total))
        return imp_device_fail(losses->device, IMPASTO_ERROR_WEIGHTS,
                               "the network's features of the content picture are not finite: "
                               "these weights cannot be used; if they work elsewhere, it is the "
                               "device's fault (see what a `self-test` says)");
    const double found = total / elements_of(losses, layer), least = losses->content_floor[layer];
    losses->content_found[layer] = found;
    losses->content_energy[layer] = !losses->relative ? 1
                                    : found < least   ? least
                                    : found > 0       ? found
                                                      : 1;
    return IMPASTO_OK;
}

static enum impasto_status measure(void *user, int layer, const struct imp_tensor *f,
                                   const struct imp_window *window, bool ends,
                                   struct imp_buffer *workspace)
{
    struct imp_losses *losses = user;
    const struct imp_blocks blocks = blocks_of(losses, layer);
    if (losses->content_layers[layer] > 0)
        IMP_TRY(imp_sum_squared_difference(losses->device, f, window, &blocks,
                                           &losses->content_target[layer], losses->sums,
                                           losses->content_slot[layer]));
    return imp_style_measure(&losses->style, layer, f, window, ends, workspace);
}

static enum impasto_status gradient(void *user, int layer, const struct imp_tensor *f,
                                    const struct imp_window *window, const struct imp_tensor *g)
{
    struct imp_losses *losses = user;
    bool style = false;
    IMP_TRY(imp_style_gradient(&losses->style, layer, f, window, g, &style));
    if (losses->content_layers[layer] > 0) {
        /* d/dF of mean((F - P)^2): 2 / (C M) (F - P). */
        const double factor = (double)losses->content_weight * losses->content_layers[layer] * 2 /
                              (losses->content_energy[layer] * elements_of(losses, layer));
        return imp_content_backward(losses->device, f, window, &losses->content_target[layer], g,
                                    (float)factor, style);
    }
    /* A region too small for this layer has nothing to say. */
    return style ? IMPASTO_OK
                 : imp_buffer_zero(g->buffer, 0,
                                   imp_tensor_bytes(g->channels, g->height, g->width, g->lanes));
}

struct imp_taps imp_losses_content_taps(struct imp_losses *losses)
{
    return (struct imp_taps){
        .layers = bits_of(losses->content_layers), .user = losses, .measure = capture_content};
}

struct imp_taps imp_losses_taps(struct imp_losses *losses)
{
    return (struct imp_taps){
        .layers = bits_of(losses->content_layers) | bits_of(losses->style.layers),
        .user = losses,
        .measure = measure,
        .gradient = gradient,
    };
}

static int values_of(const struct imp_losses *losses)
{
    return 3 * losses->height * losses->width;
}

/* NULL: the image is whole. */
static const struct imp_beside *beside_of(const struct imp_losses *losses,
                                          struct imp_beside *beside)
{
    if (!losses->band)
        return NULL;
    *beside = imp_band_beside(losses->band);
    return beside;
}

enum impasto_status imp_losses_measure_image(struct imp_losses *losses,
                                             const struct imp_buffer *image)
{
    struct imp_beside beside;
    if (losses->band)
        IMP_TRY(imp_band_exchange_image(losses->band, image));
    if (losses->range_weight > 0)
        IMP_TRY(imp_range_sum(losses->device, image, values_of(losses), losses->sums,
                              losses->range_slot));
    if (losses->lattice_weight > 0)
        IMP_TRY(imp_lattice_sum(losses->device, image, losses->height, losses->width,
                                losses->pattern, losses->sums, losses->lattice_slot));
    if (losses->weave_weight > 0)
        IMP_TRY(
            imp_weave_sum(losses->device, &losses->weave, image, losses->sums, losses->weave_slot));
    IMP_TRY(imp_temporal_measure(&losses->temporal, image, losses->sums));
    return imp_tv_sum(losses->device, image, losses->height, losses->width,
                      beside_of(losses, &beside), losses->sums, losses->tv_slot);
}

enum impasto_status imp_losses_image_gradient(struct imp_losses *losses,
                                              const struct imp_buffer *image,
                                              struct imp_buffer *gradient_buffer)
{
    struct imp_beside beside;
    if (losses->range_weight > 0)
        IMP_TRY(imp_range_backward(losses->device, image, values_of(losses), gradient_buffer,
                                   losses->range_weight));
    if (losses->lattice_weight > 0)
        IMP_TRY(imp_lattice_backward(losses->device, image, losses->pattern, losses->height,
                                     losses->width, gradient_buffer, losses->lattice_weight));
    if (losses->weave_weight > 0)
        IMP_TRY(imp_weave_backward(losses->device, &losses->weave, gradient_buffer,
                                   losses->weave_weight));
    IMP_TRY(imp_temporal_gradient(&losses->temporal, image, gradient_buffer));
    if (!(losses->tv_weight > 0))
        return IMPASTO_OK;
    return imp_tv_backward(losses->device, image, losses->height, losses->width,
                           beside_of(losses, &beside), gradient_buffer, losses->tv_weight);
}

static void report(const struct imp_losses *losses, const double *totals,
                   struct imp_loss_values *values)
{
    values->tv = totals[losses->tv_slot];
    values->total = (double)losses->tv_weight * values->tv;
    values->range = values->lattice = values->weave = 0;
    if (losses->range_weight > 0) {
        values->range = totals[losses->range_slot];
        values->total += (double)losses->range_weight * values->range;
    }
    if (losses->lattice_weight > 0) {
        values->lattice = totals[losses->lattice_slot];
        values->total += (double)losses->lattice_weight * values->lattice;
    }
    if (losses->weave_weight > 0) {
        values->weave = totals[losses->weave_slot];
        values->total += (double)losses->weave_weight * values->weave;
    }
    values->temporal = imp_temporal_loss(&losses->temporal, totals);
    values->total += (double)losses->temporal.weight * values->temporal;
    for (int l = 0; l < IMPASTO_LAYERS; l++) {
        values->content[l] = values->style[l] = 0;
        if (losses->content_layers[l] > 0) {
            values->content[l] = totals[losses->content_slot[l]] / elements_of(losses, l) /
                                 losses->content_energy[l];
            values->total +=
                (double)losses->content_weight * losses->content_layers[l] * values->content[l];
        }
        if (losses->style.layers[l] > 0) {
            values->style[l] = imp_style_loss(&losses->style, l, totals);
            values->total +=
                losses->style.weight * (double)losses->style.layers[l] * values->style[l];
        }
    }
}

enum impasto_status imp_losses_read(struct imp_losses *losses, struct imp_loss_values *values,
                                    double *spare, int count)
{
    const int slots = losses->spare_slot + count;
    double *totals = malloc((size_t)losses->slots * sizeof(*totals));
    bool *alike = calloc((size_t)losses->slots, sizeof(*alike));
    enum impasto_status status = IMPASTO_OK;
    if (!totals || !alike)
        status = imp_device_fail_memory(losses->device, "sums", 0);
    if (status == IMPASTO_OK) {
        imp_style_slots(&losses->style, alike);
        status = imp_band_totals(losses->band, losses->device, losses->sums, slots, alike, totals);
    }
    if (status == IMPASTO_OK) {
        report(losses, totals, values);
        for (int i = 0; i < count; i++)
            spare[i] = totals[losses->spare_slot + i];
    }
    free(totals);
    free(alike);
    return status;
}
