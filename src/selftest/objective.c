/* SPDX-License-Identifier: MIT */
/* The objective in double precision: content loss, and the gradient to the picture. The style loss
 * is in style_reference.c. */

#include "selftest/objective.h"

#include <stdlib.h>
#include <string.h>

static int channels_of(int l)
{
    return imp_layer_shapes[l].out_channels;
}

bool imp_ref_objective_init(struct imp_ref_objective *o, const double *content)
{
    const bool relative = o->params->losses == IMPASTO_LOSSES_RELATIVE;
    struct imp_ref_pass pass;
    o->content = content;
    bool room = imp_ref_forward(o, content, o->height, o->width, &pass);
    for (int l = 0; room && l < o->depth; l++) {
        const int n = imp_layer_shapes[l].out_channels * pass.h[l] * pass.w[l];
        o->content_energy[l] = relative ? imp_ref_energy(pass.features[l], n) : 1;
        o->content_target[l] = pass.features[l];
        pass.features[l] = NULL;
    }
    imp_ref_pass_free(&pass);
    return room && imp_ref_style_init(o);
}

void imp_ref_objective_free(struct imp_ref_objective *o)
{
    for (int l = 0; l < IMPASTO_LAYERS; l++)
        free(o->content_target[l]);
    imp_ref_style_free(o);
}

/* Adds layer l's losses, and their gradient to g, (channels, h, w). */
static bool add_losses(const struct imp_ref_objective *o, const struct imp_ref_pass *pass, int l,
                       struct imp_loss_values *losses, double *g)
{
    const struct impasto_params *p = o->params;
    const int c = channels_of(l), m = pass->h[l] * pass->w[l];
    const double *f = pass->features[l];
    if (p->content_layers[l] > 0) {
        const double weight = (double)p->content_weight * (double)p->content_layers[l];
        double sum = 0;
        for (int i = 0; i < c * m; i++) {
            const double d = f[i] - o->content_target[l][i];
            sum += d * d;
            g[i] += weight * 2 * d / (o->content_energy[l] * c * m);
        }
        losses->content[l] = sum / (o->content_energy[l] * c * m);
        losses->total += weight * losses->content[l];
    }
    return p->style_layers[l] > 0 ? imp_ref_style_add(o, pass, l, losses, g) : true;
}

/* From the gradient of conv1_1's output to the picture's, through the padding. */
static void first_layer_backward(const struct imp_ref_objective *o, const double *g,
                                 double *gradient)
{
    const int h = o->height, w = o->width;
    const float *weights = o->weights->layers[0].weight;
    for (int k = 0; k < channels_of(0); k++)
        for (int row = 0; row < h; row++)
            for (int col = 0; col < w; col++)
                for (int i = 0; i < 3; i++)
                    for (int tap = 0; tap < 9; tap++) {
                        const int y = row + tap / 3 - 1, x = col + tap % 3 - 1;
                        const int cy = imp_ref_inside(o, y, h), cx = imp_ref_inside(o, x, w);
                        if (cy < 0 || cx < 0)
                            continue;
                        gradient[((o->map.reverse ? 2 - i : i) * h + cy) * w + cx] +=
                            (double)o->map.scale[i] * (double)weights[(k * 3 + i) * 9 + tap] *
                            /* NOLINTNEXTLINE(clang-analyzer-core.*): there is a layer, and so g */
                            g[(k * h + row) * w + col];
                    }
}

static bool backward(const struct imp_ref_objective *o, const struct imp_ref_pass *pass,
                     struct imp_loss_values *losses, double *gradient)
{
    const bool average = o->params->pooling == IMPASTO_POOLING_AVERAGE;
    double *g = NULL; /* of layer l's activation */
    for (int l = o->depth - 1; l >= 0; l--) {
        const int n = channels_of(l) * pass->h[l] * pass->w[l];
        if (!g && !(g = calloc((size_t)n, sizeof(*g))))
            return false;
        if (!add_losses(o, pass, l, losses, g)) {
            free(g);
            return false;
        }
        for (int i = 0; i < n; i++)
            if (!(pass->features[l][i] > 0))
                g[i] = 0;
        if (l == 0)
            break;
        const int below = channels_of(l - 1);
        /* NOLINTNEXTLINE(clang-analyzer-optin.portability.UnixAPI): never nothing */
        double *to = malloc(sizeof(double) * (size_t)(below * pass->h[l] * pass->w[l]));
        if (to)
            imp_ref_conv_backward(below, channels_of(l), pass->h[l], pass->w[l], g,
                                  o->weights->layers[l].weight, to);
        if (to && o->reflect)
            imp_ref_conv_reflect_backward(below, channels_of(l), pass->h[l], pass->w[l], g,
                                          o->weights->layers[l].weight, to);
        free(g);
        g = to;
        if (g && imp_ref_pools_before(l)) {
            double *wide =
                /* NOLINTNEXTLINE(clang-analyzer-optin.portability.UnixAPI): never nothing */
                malloc(sizeof(double) * (size_t)(below * pass->h[l - 1] * pass->w[l - 1]));
            if (wide)
                imp_ref_pool_backward(below, pass->h[l - 1], pass->w[l - 1], average,
                                      pass->features[l - 1], g, wide);
            free(g);
            g = wide;
        }
        if (!g)
            return false;
    }
    first_layer_backward(o, g, gradient);
    free(g);
    return true;
}

bool imp_ref_objective_evaluate(const struct imp_ref_objective *o, const double *image,
                                struct imp_loss_values *losses, double *gradient)
{
    struct imp_ref_pass pass;
    *losses = (struct imp_loss_values){0};
    memset(gradient, 0, sizeof(*gradient) * (size_t)(3 * o->height * o->width));
    const bool done = imp_ref_forward(o, image, o->height, o->width, &pass) &&
                      backward(o, &pass, losses, gradient);
    imp_ref_pass_free(&pass);
    const double weight = (double)o->params->tv_weight;
    losses->tv = imp_ref_tv(o->height, o->width, image, weight, gradient);
    losses->total += weight * losses->tv;
    if (o->range_weight > 0) {
        losses->range = imp_ref_range(3 * o->height * o->width, image, o->range_weight, gradient);
        losses->total += o->range_weight * losses->range;
    }
    if (o->lattice_weight > 0) {
        losses->lattice = imp_ref_lattice(o->height, o->width, image, o->lattice_weight, gradient);
        losses->total += o->lattice_weight * losses->lattice;
    }
    if (o->weave_weight > 0) {
        losses->weave = imp_ref_weave(o->height, o->width, image, o->content, o->weave_limits,
                                      o->weave_weight, gradient);
        losses->total += o->weave_weight * losses->weave;
    }
    if (o->earlier) {
        losses->temporal = imp_ref_temporal(o->height * o->width, image, o->earlier, o->reliability,
                                            o->temporal_weight, gradient);
        losses->total += o->temporal_weight * losses->temporal;
    }
    return done;
}
