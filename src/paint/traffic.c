/* SPDX-License-Identifier: MIT */
/* How much a rank tells the others, and how long it takes: of a scale that is planned, in bands. */

#include "ops/sums.h"
#include "paint/scale.h"

/* The network's input at layer l. */
static const struct imp_tensor *below(const struct imp_net *net, int s, int l)
{
    return l > net->stage[s].first ? &net->activation[l - 1]
           : s > 0                 ? &net->pooled[s - 1]
                                   : &net->input;
}

/* Before each convolution, forwards and backwards, a row of what it reads; and one of the image. */
static uint64_t rows_to_one(const struct imp_net *net)
{
    uint64_t bytes = 3 * (uint64_t)net->width * sizeof(float);
    for (int s = 0; s < net->stages; s++)
        for (int l = net->stage[s].first; l <= net->stage[s].last; l++)
            bytes += imp_band_row_bytes(below(net, s, l)) + imp_band_row_bytes(&net->activation[l]);
    return bytes;
}

/* Of Gram matrices and means. A region may turn out to be too small for a layer. */
static uint64_t style_sums(const struct imp_scale *scale)
{
    const struct imp_style *style = &scale->objective.losses.style;
    uint64_t bytes = 0;
    for (int r = 0; r < style->regions; r++)
        for (int l = 0; l < IMPASTO_LAYERS; l++) {
            const int channels = imp_layer_shapes[l].out_channels;
            if (!(style->layers[l] > 0) || !(style->region[r].weight > 0))
                continue;
            bytes += imp_band_gram_bytes(scale->band, channels);
            bytes += style->covariance ? imp_band_means_bytes(channels) : 0;
        }
    return bytes;
}

/* Rows, sums of Gram matrices and means, which come together, and totals: how often a rank waits
 * for others. */
static int exchanges(const struct imp_scale *scale)
{
    const struct imp_net *net = &scale->objective.net;
    int count = style_sums(scale) > 0 ? 3 : 2;
    for (int s = 0; s < net->stages; s++)
        count += 2 * (net->stage[s].last - net->stage[s].first + 1);
    return count;
}

/* Sums that are read once: losses, and numbers that are not finite in the gradient, in what the
 * optimiser remembers and in the average; then the optimiser's own. */
static int slots(const struct imp_scale *scale)
{
    const struct imp_optimizer *optimizer = scale->optimizer;
    const int watched = 1 + optimizer->carried + (scale->params->average > 0);
    return scale->objective.losses.spare_slot + watched +
           (optimizer->sums ? optimizer->sums(&scale->state) : 0);
}

static uint64_t sums_to_all(const struct imp_scale *scale)
{
    return style_sums(scale) + imp_band_totals_bytes(slots(scale));
}

uint64_t imp_scale_traffic(const struct imp_scale *scale)
{
    const struct imp_band *band = scale->band;
    if (!band)
        return 0;
    const int sides = imp_band_above(band) + imp_band_below(band);
    return (uint64_t)sides * rows_to_one(&scale->objective.net) + sums_to_all(scale);
}

double imp_scale_exchanging(const struct imp_scale *scale, const struct imp_comm_cost *cost)
{
    if (!scale->band)
        return 0;
    /* Rows go to both neighbours at once, and the rate is one side's while both are busy. */
    const double bytes = (double)rows_to_one(&scale->objective.net) + (double)sums_to_all(scale);
    const double rate = cost->bytes_per_second;
    return exchanges(scale) * cost->seconds + (rate > 0 ? bytes / rate : 0);
}
