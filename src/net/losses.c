/* SPDX-License-Identifier: MIT */
/*
 * The objective: content and style losses at their layers, total variation of the picture. Targets
 * are captured in a pass each over the content and the style picture; in the optimisation the
 * forward pass measures, and keeps for each style layer the difference of the Gram matrices, from
 * which the backward pass makes the gradient.
 */

#include "net/net.h"

#include <math.h>
#include <string.h>

/* The height and width of layer l's activation for a picture of that size. */
static void layer_size(int l, int height, int width, int *h, int *w)
{
    const int halvings = imp_layer_shapes[l].block - 1;
    *h = height >> halvings;
    *w = width >> halvings;
}

void imp_losses_init(struct imp_losses *losses, struct imp_device *device,
                     const struct impasto_params *params, int height, int width)
{
    *losses = (struct imp_losses){
        .device = device,
        .relative = params->losses == IMPASTO_LOSSES_RELATIVE,
        .content_weight = params->content_weight,
        .style_weight = params->style_weight,
        .tv_weight = params->tv_weight,
        .height = height,
        .width = width,
    };
    const int lanes = imp_device_caps(device)->vector_width;
    for (int l = 0; l < IMPASTO_LAYERS; l++) {
        losses->content_layers[l] = params->content_layers[l];
        losses->style_layers[l] = params->style_layers[l];
        losses->content_energy[l] = losses->style_energy[l] = 1;
        struct imp_tensor *target = &losses->content_target[l];
        target->channels = imp_layer_shapes[l].out_channels;
        target->lanes = lanes;
        layer_size(l, height, width, &target->height, &target->width);
        if (losses->content_layers[l] > 0)
            losses->content_slot[l] = losses->slots++;
        if (losses->style_layers[l] > 0)
            losses->style_slot[l] = losses->slots++;
    }
    losses->tv_slot = losses->slots++;
    losses->gradient_slot = losses->slots++;
}

size_t imp_losses_workspace(const struct imp_losses *losses, const struct imp_net *net)
{
    size_t workspace = 0;
    for (int l = 0; l < IMPASTO_LAYERS; l++)
        if (losses->style_layers[l] > 0) {
            const size_t bytes = imp_gram_workspace(
                imp_device_caps(losses->device), imp_layer_shapes[l].out_channels,
                imp_net_window_rows(net, l), net->activation[l].width);
            workspace = bytes > workspace ? bytes : workspace;
        }
    return workspace;
}

void imp_losses_layout(struct imp_losses *losses, int style_height, int style_width,
                       struct imp_layout *layout)
{
    size_t gram = 0;
    for (int l = 0; l < IMPASTO_LAYERS; l++) {
        const int channels = imp_layer_shapes[l].out_channels;
        const struct imp_tensor *t = &losses->content_target[l];
        if (losses->content_layers[l] > 0)
            imp_layout_add(layout, &losses->content_target[l].buffer,
                           imp_tensor_bytes(t->channels, t->height, t->width, t->lanes), "targets");
        if (losses->style_layers[l] > 0) {
            const size_t matrix = (size_t)channels * (size_t)channels * sizeof(float);
            imp_layout_add(layout, &losses->style_target[l], matrix, "targets");
            imp_layout_add(layout, &losses->difference[l], matrix, "Gram matrices");
            gram = matrix > gram ? matrix : gram;
        }
    }
    losses->style_height = style_height;
    losses->style_width = style_width;
    imp_layout_add(layout, &losses->gram, gram, "Gram matrices");
    imp_layout_add(layout, &losses->sums, (size_t)losses->slots * IMP_PARTS * sizeof(float), "sums");
}

static uint32_t bits_of(const float weights[IMPASTO_LAYERS])
{
    uint32_t bits = 0;
    for (int l = 0; l < IMPASTO_LAYERS; l++)
        if (weights[l] > 0)
            bits |= 1u << l;
    return bits;
}

static double elements_of(const struct imp_tensor *t)
{
    return (double)t->channels * t->height * t->width;
}

/* Elements of a layer's activation for a picture of that size. */
static double layer_elements(int layer, int height, int width)
{
    int h, w;
    layer_size(layer, height, width, &h, &w);
    return (double)imp_layer_shapes[layer].out_channels * h * w;
}

static const char *gram_label(int layer, char label[32])
{
    snprintf(label, 32, "%s Gram", imp_layer_shapes[layer].name);
    return label;
}

/* The mean square that was summed into slot 0, as a divisor: 1 where there is nothing to divide by. */
static enum impasto_status read_energy(struct imp_losses *losses, double elements, double *energy)
{
    double total = 0;
    IMP_TRY(imp_sums_read(losses->device, losses->sums, 1, &total));
    if (!isfinite(total))
        return imp_device_fail(losses->device, IMPASTO_ERROR_NUMERIC,
                               "the network's features of the pictures are not finite: these "
                               "weights cannot be used");
    *energy = total > 0 ? total / elements : 1;
    return IMPASTO_OK;
}

static enum impasto_status capture_content(void *user, int layer, const struct imp_tensor *f,
                                           const struct imp_window *window, bool ends,
                                           struct imp_buffer *workspace)
{
    (void)workspace;
    struct imp_losses *losses = user;
    const struct imp_tensor *target = &losses->content_target[layer];
    IMP_TRY(imp_tensor_copy_rows(losses->device, f, window->first, target, window->at,
                                 window->rows));
    if (!ends)
        return IMPASTO_OK;
    IMP_TRY(imp_sum_squares(losses->device, target, losses->sums, 0));
    double energy = 1;
    IMP_TRY(read_energy(losses, elements_of(target), &energy));
    if (losses->relative)
        losses->content_energy[layer] = energy;
    return IMPASTO_OK;
}

static enum impasto_status capture_style(void *user, int layer, const struct imp_tensor *f,
                                         const struct imp_window *window, bool ends,
                                         struct imp_buffer *workspace)
{
    struct imp_losses *losses = user;
    const int entries = f->channels * f->channels;
    char label[32];
    IMP_TRY(imp_gram(losses->device, f, window,
                     layer_elements(layer, losses->style_height, losses->style_width),
                     workspace, losses->style_target[layer],
                     gram_label(layer, label)));
    if (!ends)
        return IMPASTO_OK;
    IMP_TRY(imp_sum_squares_flat(losses->device, losses->style_target[layer], entries, losses->sums,
                                 0));
    double energy = 1;
    IMP_TRY(read_energy(losses, entries, &energy));
    if (losses->relative)
        losses->style_energy[layer] = energy;
    return IMPASTO_OK;
}

static enum impasto_status measure(void *user, int layer, const struct imp_tensor *f,
                                   const struct imp_window *window, bool ends,
                                   struct imp_buffer *workspace)
{
    struct imp_losses *losses = user;
    if (losses->content_layers[layer] > 0)
        IMP_TRY(imp_sum_squared_difference(losses->device, f, window,
                                           &losses->content_target[layer], losses->sums,
                                           losses->content_slot[layer]));
    if (losses->style_layers[layer] > 0) {
        const double elements = layer_elements(layer, losses->height, losses->width);
        char label[32];
        IMP_TRY(imp_gram(losses->device, f, window, elements, workspace,
                         losses->difference[layer], gram_label(layer, label)));
        if (!ends)
            return IMPASTO_OK;
        /* d/dF of mean((G - A)^2) over C^2 entries, G = F F^T / (C M): 4 / (C^2 C M) (G - A) F. */
        const double entries = (double)f->channels * f->channels;
        const double factor = (double)losses->style_weight * losses->style_layers[layer] * 4 /
                              (losses->style_energy[layer] * entries * elements);
        IMP_TRY(imp_buffer_copy(losses->difference[layer], 0, losses->gram, 0,
                                (size_t)entries * sizeof(float)));
        IMP_TRY(imp_gram_difference(losses->device, losses->gram, losses->style_target[layer],
                                    f->channels, (float)factor, losses->difference[layer],
                                    losses->sums, losses->style_slot[layer]));
    }
    return IMPASTO_OK;
}

static enum impasto_status gradient(void *user, int layer, const struct imp_tensor *f,
                                    const struct imp_window *window, const struct imp_tensor *g)
{
    struct imp_losses *losses = user;
    const bool style = losses->style_layers[layer] > 0;
    if (style) {
        char label[48];
        snprintf(label, sizeof(label), "%s Gram gradient", imp_layer_shapes[layer].name);
        IMP_TRY(imp_conv_pointwise(losses->device, f, window, losses->difference[layer], g,
                                   label));
    }
    if (losses->content_layers[layer] > 0) {
        /* d/dF of mean((F - P)^2): 2 / (C M) (F - P). */
        const double factor = (double)losses->content_weight * losses->content_layers[layer] * 2 /
                              (losses->content_energy[layer] *
                               elements_of(&losses->content_target[layer]));
        IMP_TRY(imp_content_backward(losses->device, f, window, &losses->content_target[layer],
                                     g, (float)factor, style));
    }
    return IMPASTO_OK;
}

struct imp_taps imp_losses_content_taps(struct imp_losses *losses)
{
    return (struct imp_taps){
        .layers = bits_of(losses->content_layers), .user = losses, .measure = capture_content};
}

struct imp_taps imp_losses_style_taps(struct imp_losses *losses)
{
    return (struct imp_taps){
        .layers = bits_of(losses->style_layers), .user = losses, .measure = capture_style};
}

struct imp_taps imp_losses_taps(struct imp_losses *losses)
{
    return (struct imp_taps){
        .layers = bits_of(losses->content_layers) | bits_of(losses->style_layers),
        .user = losses,
        .measure = measure,
        .gradient = gradient,
    };
}

enum impasto_status imp_losses_measure_tv(struct imp_losses *losses, const struct imp_buffer *image)
{
    return imp_tv_sum(losses->device, image, losses->height, losses->width, losses->sums,
                      losses->tv_slot);
}

enum impasto_status imp_losses_tv_gradient(struct imp_losses *losses,
                                           const struct imp_buffer *image,
                                           struct imp_buffer *gradient_buffer)
{
    if (!(losses->tv_weight > 0))
        return IMPASTO_OK;
    return imp_tv_backward(losses->device, image, losses->height, losses->width, gradient_buffer,
                           losses->tv_weight);
}

enum impasto_status imp_losses_check_gradient(struct imp_losses *losses,
                                                const struct imp_buffer *gradient_buffer)
{
    return imp_count_not_finite(losses->device, gradient_buffer,
                                3 * losses->height * losses->width, losses->sums,
                                losses->gradient_slot);
}

enum impasto_status imp_losses_read(struct imp_losses *losses, struct impasto_progress *progress,
                                    double *not_finite)
{
    double totals[2 * IMPASTO_LAYERS + 2];
    IMP_TRY(imp_sums_read(losses->device, losses->sums, losses->slots, totals));
    progress->tv = totals[losses->tv_slot];
    progress->total = (double)losses->tv_weight * progress->tv;
    *not_finite = totals[losses->gradient_slot];
    for (int l = 0; l < IMPASTO_LAYERS; l++) {
        progress->content[l] = progress->style[l] = 0;
        if (losses->content_layers[l] > 0) {
            progress->content[l] = totals[losses->content_slot[l]] /
                                   elements_of(&losses->content_target[l]) /
                                   losses->content_energy[l];
            progress->total += (double)losses->content_weight * losses->content_layers[l] *
                               progress->content[l];
        }
        if (losses->style_layers[l] > 0) {
            const double channels = imp_layer_shapes[l].out_channels;
            progress->style[l] = totals[losses->style_slot[l]] / (channels * channels) /
                                 losses->style_energy[l];
            progress->total +=
                (double)losses->style_weight * losses->style_layers[l] * progress->style[l];
        }
    }
    return IMPASTO_OK;
}
