/* SPDX-License-Identifier: MIT */
/*
 * The style loss. Each region of the picture and each layer has a target. The loss is the distance
 * of the region's Gram matrix, or of its covariance and mean, to that. A target is a blend over the
 * region's style pictures.
 *
 * Positions count as the region's guide g says (Gatys et al. 2017, "guided Gram matrices": the
 * guide's square is normalised to a mean of 1). The matrix is F diag(g) F^T / (C sum g). So soft
 * masks that add up to 1 leave no gap where they meet, and a small region counts as much as a large
 * one.
 */

#include "loss/style.h"
#include "ops/gram.h"
#include "ops/sums.h"

#include <math.h>

static int channels_of(int layer)
{
    return imp_layer_shapes[layer].out_channels;
}

static int stage_of(int layer)
{
    return imp_layer_shapes[layer].block - 1;
}

void imp_style_init(struct imp_style *style, struct imp_device *device,
                    const struct imp_loss_options *options, struct imp_style_region *region,
                    int regions, int *slots)
{
    *style = (struct imp_style){
        .device = device,
        .relative = options->relative,
        .covariance = options->covariance,
        .bounded = options->bounded,
        .weight = options->style_weight,
        .region = region,
        .regions = regions,
    };
    for (int l = 0; l < IMPASTO_LAYERS; l++) {
        style->layers[l] = options->style_layers[l];
        for (int r = 0; r < regions && style->layers[l] > 0; r++) {
            region[r].energy[l] = region[r].mean_energy[l] = 1;
            region[r].slot[l] = (*slots)++;
            if (style->covariance)
                region[r].mean_slot[l] = (*slots)++;
            if (style->bounded)
                region[r].energy_slot[l] = (*slots)++;
        }
    }
}

void imp_style_slots(const struct imp_style *style, bool *own)
{
    for (int l = 0; l < IMPASTO_LAYERS; l++)
        for (int r = 0; r < style->regions && style->layers[l] > 0; r++) {
            const struct imp_style_region *region = &style->region[r];
            own[region->slot[l]] = true;
            if (style->covariance)
                own[region->mean_slot[l]] = true;
            if (style->bounded)
                own[region->energy_slot[l]] = true;
        }
}

uint32_t imp_style_stages(const struct imp_style *style)
{
    uint32_t stages = 0;
    for (int l = 0; l < IMPASTO_LAYERS; l++)
        if (style->layers[l] > 0)
            stages |= 1u << stage_of(l);
    return stages;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

void imp_style_layout(struct imp_style *style, struct imp_layout *layout)
{
    const struct imp_caps *caps = imp_device_caps(style->device);
    size_t gram = 0, mean = 0;
    for (int r = 0; r < style->regions; r++) {
        struct imp_style_region *region = &style->region[r];
        imp_guide_layout(&region->guide, imp_style_stages(style), layout);
        for (int l = 0; l < IMPASTO_LAYERS; l++) {
            if (!(style->layers[l] > 0))
                continue;
            const size_t vector = (size_t)channels_of(l) * sizeof(float);
            const size_t matrix = vector * (size_t)channels_of(l);
            imp_layout_add(layout, &region->target[l], matrix, "targets");
            imp_layout_add(layout, &region->difference[l],
                           larger(matrix, imp_gram_sums_bytes(caps, channels_of(l))),
                           "Gram matrices");
            gram = larger(matrix, gram);
            if (!style->covariance)
                continue;
            imp_layout_add(layout, &region->mean_target[l], vector, "targets");
            imp_layout_add(layout, &region->bias[l],
                           larger(vector, imp_mean_sums_bytes(channels_of(l))), "Gram matrices");
            mean = larger(vector, mean);
        }
    }
    imp_layout_add(layout, &style->gram, gram, "Gram matrices");
    imp_layout_add(layout, &style->mean, mean, "Gram matrices");
    if (style->bounded)
        imp_layout_add(layout, &style->factors, IMP_BOUNDED_FACTORS * sizeof(float),
                       "Gram matrices");
}

/* Of a region too small for a layer (less than a position of it), that layer's loss is left out. */
static bool sees(const struct imp_style *style, const struct imp_style_region *region, int layer)
{
    return style->layers[layer] > 0 && region->weight > 0 &&
           region->guide.mass[stage_of(layer)] >= 1;
}

size_t imp_style_workspace(const struct imp_style *style, const struct imp_net *net)
{
    size_t workspace = 0;
    for (int l = 0; l < IMPASTO_LAYERS; l++)
        if (style->layers[l] > 0) {
            const struct imp_blocks blocks = imp_band_blocks(net->band, net->height, stage_of(l));
            const size_t bytes =
                imp_gram_workspace(imp_device_caps(style->device), channels_of(l),
                                   imp_net_window_rows(net, l), net->activation[l].width, &blocks);
            workspace = larger(bytes, workspace);
        }
    return workspace;
}

/* Adds a window's part to the sums of the Gram matrix and, where asked for, of the mean. */
static enum impasto_status accumulate(const struct imp_style *style, int layer,
                                      const struct imp_tensor *f, const struct imp_window *window,
                                      const struct imp_guide *guide, struct imp_buffer *workspace,
                                      const struct imp_style_region *region)
{
    const int s = stage_of(layer);
    const struct imp_buffer *positions = guide->positions[s];
    const struct imp_blocks blocks = imp_band_blocks(guide->band, guide->height, s);
    struct imp_buffer *sums = region->difference[layer], *mean_sums = region->bias[layer];
    char label[32];
    snprintf(label, sizeof(label), "%s Gram", imp_layer_shapes[layer].name);
    IMP_TRY(imp_gram(style->device, f, window, &blocks, positions, workspace, sums, label));
    return style->covariance
               ? imp_mean(style->device, f, window, &blocks, positions, workspace, mean_sums, label)
               : IMPASTO_OK;
}

/* The matrix and the mean, in the style's scratch, from the sums of the whole. */
static enum impasto_status complete(const struct imp_style *style, int layer,
                                    const struct imp_guide *guide,
                                    const struct imp_style_region *region)
{
    const int channels = channels_of(layer);
    const double mass = guide->mass[stage_of(layer)];
    IMP_TRY(imp_gram_finish(style->device, region->difference[layer], channels, mass * channels,
                            style->gram));
    return style->covariance
               ? imp_mean_finish(style->device, region->bias[layer], channels, mass, style->mean)
               : IMPASTO_OK;
}

/* ---- Targets --------------------------------------------------------------------------------- */

/* The mean square of n values, as a divisor: 1 where there is nothing to divide by. */
static enum impasto_status read_energy(const struct imp_style *style, const struct imp_buffer *x,
                                       int n, double *energy)
{
    double total = 0;
    IMP_TRY(imp_sum_squares_flat(style->device, x, n, *style->sums, 0));
    IMP_TRY(imp_sums_read(style->device, *style->sums, 1, &total));
    if (!isfinite(total))
        return imp_device_fail(style->device, IMPASTO_ERROR_WEIGHTS,
                               "the network's features of a style picture are not finite: these "
                               "weights cannot be used; if they work elsewhere, it is the "
                               "device's fault (see what a `self-test` says)");
    *energy = total > 0 && (style->relative || style->bounded) ? total / n : 1;
    return IMPASTO_OK;
}

/* The sums of a style picture grow where the region's own will later: those are free yet. */
static enum impasto_status capture(void *user, int layer, const struct imp_tensor *f,
                                   const struct imp_window *window, bool ends,
                                   struct imp_buffer *workspace)
{
    struct imp_style_source *source = user;
    const struct imp_style *style = source->style;
    struct imp_style_region *region = source->region;
    const int channels = f->channels;
    if (!(source->guide->mass[stage_of(layer)] > 0))
        return imp_device_fail(style->device, IMPASTO_ERROR_INPUT,
                               "the mask of a style picture leaves nothing of it to look at in %s; "
                               "choose a larger part",
                               imp_layer_shapes[layer].name);
    IMP_TRY(accumulate(style, layer, f, window, source->guide, workspace, region));
    if (!ends)
        return IMPASTO_OK;
    IMP_TRY(complete(style, layer, source->guide, region));
    if (style->covariance) {
        IMP_TRY(imp_centre(style->device, style->gram, style->mean, channels));
        IMP_TRY(imp_blend(style->device, region->mean_target[layer], style->mean, channels,
                          (float)source->share, !source->begins));
    }
    IMP_TRY(imp_blend(style->device, region->target[layer], style->gram, channels * channels,
                      (float)source->share, !source->begins));
    if (!source->ends)
        return IMPASTO_OK;
    if (style->covariance)
        IMP_TRY(
            read_energy(style, region->mean_target[layer], channels, &region->mean_energy[layer]));
    return read_energy(style, region->target[layer], channels * channels, &region->energy[layer]);
}

struct imp_taps imp_style_source_taps(struct imp_style_source *source)
{
    uint32_t layers = 0;
    for (int l = 0; l < IMPASTO_LAYERS; l++)
        if (source->style->layers[l] > 0)
            layers |= 1u << l;
    return (struct imp_taps){.layers = layers, .user = source, .measure = capture};
}

/* ---- Loss and gradient ----------------------------------------------------------------------- */

/* What the gradient of the bounded loss needs, from the complete matrix in style->gram. */
static enum impasto_status compare_bounded(const struct imp_style *style,
                                           struct imp_style_region *region, int layer)
{
    const int channels = channels_of(layer);
    const double mass = region->guide.mass[stage_of(layer)];
    const double weight = style->weight * region->weight * (double)style->layers[layer];
    const int slots[] = {region->slot[layer], region->energy_slot[layer]};
    /* With D = |G - A|^2 and T = |A|^2 + |G|^2, d/dG of 2 D / T: 4 / T (G - A) - 4 D / T^2 G. And
     * d/dF of G = F F^T / (C M): twice, over C M. */
    return imp_gram_bounded(style->device, style->gram, region->target[layer], channels,
                            region->energy[layer] * channels * channels,
                            (float)(weight * 8 / (mass * channels)), region->difference[layer],
                            *style->sums, slots, style->factors);
}

/* From the sums of the whole to the differences, and what of them the gradient needs. */
static enum impasto_status compare(const struct imp_style *style, struct imp_style_region *region,
                                   int layer)
{
    const int channels = channels_of(layer);
    const double mass = region->guide.mass[stage_of(layer)];
    const double weight = style->weight * region->weight * (double)style->layers[layer];
    const size_t entries = (size_t)channels * (size_t)channels;
    IMP_TRY(complete(style, layer, &region->guide, region));
    if (style->bounded)
        return compare_bounded(style, region, layer);
    if (style->covariance)
        IMP_TRY(imp_centre(style->device, style->gram, style->mean, channels));
    /* d/dF of mean((G - A)^2) over C^2 entries, G = F F^T / (C M): 4 / (C^2 C M) (G - A) F. */
    const double factor = weight * 4 / (region->energy[layer] * (double)entries * mass * channels);
    IMP_TRY(imp_gram_difference(style->device, style->gram, region->target[layer], channels,
                                (float)factor, region->difference[layer], *style->sums,
                                region->slot[layer]));
    if (!style->covariance)
        return IMPASTO_OK;
    /* d/dF of mean((m - n)^2) over C means, m = F 1 / M: 2 / (C M) (m - n). */
    const double mean_factor = weight * 2 / (region->mean_energy[layer] * mass * channels);
    return imp_mean_difference(style->device, style->mean, region->mean_target[layer],
                               region->difference[layer], channels, (float)mean_factor,
                               region->bias[layer], *style->sums, region->mean_slot[layer]);
}

/* The other bands' sums are added while the network goes on. */
static enum impasto_status add_bands(const struct imp_style *style, struct imp_band *band,
                                     int layer, const struct imp_style_region *region)
{
    const int channels = channels_of(layer);
    IMP_TRY(imp_band_add_gram(band, region->difference[layer], channels));
    return style->covariance ? imp_band_add_means(band, region->bias[layer], channels) : IMPASTO_OK;
}

enum impasto_status imp_style_measure(struct imp_style *style, int layer,
                                      const struct imp_tensor *f, const struct imp_window *window,
                                      bool ends, struct imp_buffer *workspace)
{
    for (int r = 0; r < style->regions; r++) {
        struct imp_style_region *region = &style->region[r];
        struct imp_band *band = region->guide.band;
        if (!sees(style, region, layer))
            continue;
        IMP_TRY(accumulate(style, layer, f, window, &region->guide, workspace, region));
        if (ends)
            IMP_TRY(band ? add_bands(style, band, layer, region) : compare(style, region, layer));
    }
    return IMPASTO_OK;
}

enum impasto_status imp_style_meet(struct imp_style *style, struct imp_band *band)
{
    IMP_TRY(imp_band_add_end(band));
    for (int l = 0; l < IMPASTO_LAYERS; l++)
        for (int r = 0; r < style->regions; r++)
            if (sees(style, &style->region[r], l))
                IMP_TRY(compare(style, &style->region[r], l));
    return IMPASTO_OK;
}

enum impasto_status imp_style_gradient(struct imp_style *style, int layer,
                                       const struct imp_tensor *f, const struct imp_window *window,
                                       const struct imp_tensor *g, bool *written)
{
    char label[48];
    snprintf(label, sizeof(label), "%s Gram gradient", imp_layer_shapes[layer].name);
    *written = false;
    for (int r = 0; r < style->regions; r++) {
        const struct imp_style_region *region = &style->region[r];
        if (!sees(style, region, layer))
            continue;
        IMP_TRY(imp_conv_pointwise(style->device,
                                   &(struct imp_pointwise){
                                       .x = *f,
                                       .y = *g,
                                       .window = *window,
                                       .weights = region->difference[layer],
                                       .bias = style->covariance ? region->bias[layer] : NULL,
                                       .positions = region->guide.positions[stage_of(layer)],
                                       .add = *written,
                                       .label = label,
                                   }));
        *written = true;
    }
    return IMPASTO_OK;
}

double imp_style_loss(const struct imp_style *style, int layer, const double *totals)
{
    const double channels = channels_of(layer);
    double loss = 0;
    for (int r = 0; r < style->regions; r++) {
        const struct imp_style_region *region = &style->region[r];
        if (!sees(style, region, layer))
            continue;
        const double apart = region->weight * totals[region->slot[layer]];
        loss += style->bounded ? 2 * apart /
                                     (region->energy[layer] * channels * channels +
                                      totals[region->energy_slot[layer]])
                               : apart / (channels * channels) / region->energy[layer];
        if (style->covariance)
            loss += region->weight * totals[region->mean_slot[layer]] / channels /
                    region->mean_energy[layer];
    }
    return loss;
}
