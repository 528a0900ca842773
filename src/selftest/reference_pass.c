/* SPDX-License-Identifier: MIT */
/* VGG19 forwards in double precision. */

#include "selftest/objective.h"

#include <stdlib.h>

static int channels_of(int l)
{
    return imp_layer_shapes[l].out_channels;
}

int imp_ref_inside(const struct imp_ref_objective *o, int i, int n)
{
    if (i >= 0 && i < n)
        return i;
    if (o->reflect)
        return i < 0 ? -i : 2 * n - 2 - i;
    return o->params->padding == IMPASTO_PADDING_ZERO ? -1 : i < 0 ? 0 : n - 1;
}

bool imp_ref_pools_before(int l)
{
    return l > 0 && imp_layer_shapes[l].block != imp_layer_shapes[l - 1].block;
}

void imp_ref_pass_free(struct imp_ref_pass *pass)
{
    free(pass->input);
    for (int l = 0; l < IMPASTO_LAYERS; l++) {
        free(pass->features[l]);
        free(pass->pooled[l]);
    }
}

static bool pass_alloc(struct imp_ref_pass *pass, int depth, int height, int width)
{
    *pass = (struct imp_ref_pass){0};
    bool room = (pass->input = malloc(sizeof(double) * 3 * (size_t)((height + 2) * (width + 2))));
    for (int l = 0, h = height, w = width; l < depth; l++) {
        if (imp_ref_pools_before(l)) {
            h /= 2;
            w /= 2;
            pass->pooled[l] = malloc(sizeof(double) * (size_t)(channels_of(l - 1) * h * w));
            room = room && pass->pooled[l];
        }
        pass->h[l] = h;
        pass->w[l] = w;
        pass->features[l] = malloc(sizeof(double) * (size_t)(channels_of(l) * h * w));
        room = room && pass->features[l];
    }
    return room;
}

/* The picture on its padded plane, as the network takes it. */
static void fill_input(const struct imp_ref_objective *o, const double *image, int h, int w,
                       double *input)
{
    for (int k = 0; k < 3; k++)
        for (int y = -1; y <= h; y++)
            for (int x = -1; x <= w; x++) {
                const int cy = imp_ref_inside(o, y, h), cx = imp_ref_inside(o, x, w);
                const double *plane = image + (o->map.reverse ? 2 - k : k) * h * w;
                input[(k * (h + 2) + y + 1) * (w + 2) + x + 1] =
                    cy < 0 || cx < 0
                        ? 0
                        : (double)o->map.scale[k] * plane[cy * w + cx] + (double)o->map.offset[k];
            }
}

/* The convolution over the padded plane is the plain one over a larger picture, cut. */
static void first_layer(const double *input, const float *weights, int h, int w, double *y)
{
    for (int o = 0; o < channels_of(0); o++)
        for (int row = 0; row < h; row++)
            for (int col = 0; col < w; col++) {
                double sum = 0;
                for (int i = 0; i < 3; i++)
                    for (int tap = 0; tap < 9; tap++)
                        sum += (double)weights[(o * 3 + i) * 9 + tap] *
                               input[(i * (h + 2) + row + tap / 3) * (w + 2) + col + tap % 3];
                y[(o * h + row) * w + col] = sum;
            }
}

bool imp_ref_forward(const struct imp_ref_objective *o, const double *image, int height, int width,
                     struct imp_ref_pass *pass)
{
    const bool average = o->params->pooling == IMPASTO_POOLING_AVERAGE;
    if (!pass_alloc(pass, o->depth, height, width))
        return false;
    fill_input(o, image, height, width, pass->input);
    for (int l = 0; l < o->depth; l++) {
        const struct imp_layer_weights *weights = &o->weights->layers[l];
        const int h = pass->h[l], w = pass->w[l];
        double *f = pass->features[l];
        if (l == 0) {
            first_layer(pass->input, weights->weight, h, w, f);
        } else {
            const double *x = pass->features[l - 1];
            if (imp_ref_pools_before(l)) {
                imp_ref_pool(channels_of(l - 1), pass->h[l - 1], pass->w[l - 1], average, x,
                             pass->pooled[l]);
                x = pass->pooled[l];
            }
            imp_ref_conv(channels_of(l - 1), channels_of(l), h, w, x, weights->weight, f);
            if (o->reflect)
                imp_ref_conv_reflect(channels_of(l - 1), channels_of(l), h, w, x, weights->weight,
                                     f);
        }
        for (int i = 0; i < channels_of(l) * h * w; i++) {
            /* NOLINTNEXTLINE(clang-analyzer-core.*): the convolution has written it */
            const double v = f[i] + (double)weights->bias[i / (h * w)];
            f[i] = v > 0 ? v : 0;
        }
    }
    return true;
}
