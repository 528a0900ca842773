/* SPDX-License-Identifier: MIT */
/* The style loss in double precision: regions, blends, Gram matrices, covariances and means. */

#include "selftest/objective.h"

#include <stdlib.h>

static int channels_of(int l)
{
    return imp_layer_shapes[l].out_channels;
}

double imp_ref_energy(const double *x, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += x[i] * x[i];
    return sum > 0 ? sum / n : 1;
}

/* A mask as layer l sees it: halved by means of 2 x 2 for each pooling before. mask NULL: all 1. */
static double *mask_at(const float *mask, int height, int width, int l)
{
    double *plane = malloc(sizeof(double) * (size_t)height * (size_t)width);
    for (int i = 0; plane && i < height * width; i++)
        plane[i] = mask ? (double)mask[i] : 1;
    for (int block = 1; plane && block < imp_layer_shapes[l].block; block++) {
        const int h = height / 2, w = width / 2;
        for (int y = 0; y < h; y++)
            for (int x = 0; x < w; x++) {
                const double *p = plane + 2 * y * width + 2 * x;
                /* NOLINTNEXTLINE(clang-analyzer-core.*): all four written above */
                plane[y * w + x] = (p[0] + p[1] + p[width] + p[width + 1]) / 4;
            }
        height = h;
        width = w;
    }
    return plane;
}

/* Gram matrix, or covariance / c, and mean. */
static void moments(bool covariance, int c, int m, const double *f, const double *w, double *gram,
                    double *mean)
{
    imp_ref_gram(c, m, f, w, gram);
    imp_ref_mean(c, m, f, w, mean);
    for (int i = 0; covariance && i < c; i++)
        for (int j = 0; j < c; j++)
            gram[i * c + j] -= mean[i] * mean[j] / c;
}

/* Adds a picture's share to its region's targets. */
static bool add_picture(const struct imp_ref_objective *o, struct imp_ref_region *region,
                        const struct imp_ref_picture *picture)
{
    const bool covariance = o->params->style_loss == IMPASTO_STYLE_LOSS_COVARIANCE;
    struct imp_ref_pass pass;
    bool room = imp_ref_forward(o, picture->image, picture->height, picture->width, &pass);
    for (int l = 0; room && l < o->depth; l++) {
        const int c = channels_of(l);
        double *gram = malloc(sizeof(double) * (size_t)c * (size_t)c);
        double *mean = malloc(sizeof(double) * (size_t)c);
        double *w = mask_at(picture->mask, picture->height, picture->width, l);
        room = gram && mean && w;
        if (room)
            moments(covariance, c, pass.h[l] * pass.w[l], pass.features[l], w, gram, mean);
        for (int i = 0; room && i < c * c; i++)
            region->target[l][i] += picture->share * gram[i];
        for (int i = 0; room && i < c; i++)
            region->mean_target[l][i] += picture->share * mean[i];
        free(gram);
        free(mean);
        free(w);
    }
    imp_ref_pass_free(&pass);
    return room;
}

bool imp_ref_style_init(struct imp_ref_objective *o)
{
    const bool relative = o->params->losses == IMPASTO_LOSSES_RELATIVE;
    for (int r = 0; r < o->region_count; r++) {
        struct imp_ref_region *region = &o->regions[r];
        for (int l = 0; l < o->depth; l++) {
            const size_t c = (size_t)channels_of(l);
            region->target[l] = calloc(c * c, sizeof(double));
            region->mean_target[l] = calloc(c, sizeof(double));
            if (!region->target[l] || !region->mean_target[l])
                return false;
        }
        for (int i = 0; i < region->picture_count; i++)
            if (!add_picture(o, region, &region->pictures[i]))
                return false;
        for (int l = 0; l < o->depth; l++) {
            const int c = channels_of(l);
            region->energy[l] =
                relative || o->bounded ? imp_ref_energy(region->target[l], c * c) : 1;
            region->mean_energy[l] = relative ? imp_ref_energy(region->mean_target[l], c) : 1;
        }
    }
    return true;
}

void imp_ref_style_free(struct imp_ref_objective *o)
{
    for (int r = 0; r < o->region_count; r++)
        for (int l = 0; l < IMPASTO_LAYERS; l++) {
            free(o->regions[r].target[l]);
            free(o->regions[r].mean_target[l]);
        }
}

/* One region's part. w: its weights at this layer; gram, mean: room for them. */
static void add_region(const struct imp_ref_objective *o, const struct imp_ref_region *region,
                       int l, int m, const double *f, const double *w, double *gram, double *mean,
                       struct imp_loss_values *losses, double *g)
{
    const bool covariance = o->params->style_loss == IMPASTO_STYLE_LOSS_COVARIANCE;
    const double weight =
        region->weight * (double)o->params->style_weight * (double)o->params->style_layers[l];
    const int c = channels_of(l);
    double mass = 0, sum = 0, own = 0, mean_sum = 0;
    for (int p = 0; p < m; p++)
        /* NOLINTNEXTLINE(clang-analyzer-core.*): as many weights as places */
        mass += w[p];
    if (mass < 1) /* the region is too small for this layer */
        return;
    moments(covariance, c, m, f, w, gram, mean);
    for (int i = 0; i < c * c; i++) {
        own += gram[i] * gram[i];
        gram[i] -= region->target[l][i];
        sum += gram[i] * gram[i];
    }
    const double target = region->energy[l] * c * c, total = target + own;
    /* Bounded, 2 sum / total has a part that makes the image's own matrix smaller. */
    const double factor = weight * 4 / (c * mass) * (o->bounded ? 2 / total : 1 / target);
    for (int i = 0; o->bounded && i < c * c; i++)
        gram[i] -= sum / total * (gram[i] + region->target[l][i]);
    for (int i = 0; i < c; i++)
        for (int j = 0; j < c; j++)
            for (int p = 0; p < m; p++)
                g[i * m + p] +=
                    factor * gram[i * c + j] * w[p] * (f[j * m + p] - (covariance ? mean[j] : 0));
    for (int i = 0; covariance && i < c; i++) {
        const double d = mean[i] - region->mean_target[l][i];
        mean_sum += d * d;
        for (int p = 0; p < m; p++)
            g[i * m + p] += weight * 2 * d * w[p] / (region->mean_energy[l] * c * mass);
    }
    const double loss =
        (o->bounded ? 2 * sum / total : sum / target) + mean_sum / (region->mean_energy[l] * c);
    losses->style[l] += region->weight * loss;
    losses->total += weight * loss;
}

bool imp_ref_style_add(const struct imp_ref_objective *o, const struct imp_ref_pass *pass, int l,
                       struct imp_loss_values *losses, double *g)
{
    const size_t c = (size_t)channels_of(l);
    double *gram = malloc(sizeof(double) * c * c), *mean = malloc(sizeof(double) * c);
    bool room = gram && mean;
    for (int r = 0; room && r < o->region_count; r++) {
        double *w = mask_at(o->regions[r].mask, o->height, o->width, l);
        room = w != NULL;
        if (room)
            add_region(o, &o->regions[r], l, pass->h[l] * pass->w[l], pass->features[l], w, gram,
                       mean, losses, g);
        free(w);
    }
    free(gram);
    free(mean);
    return room;
}
