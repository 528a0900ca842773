/* SPDX-License-Identifier: MIT */
/*
 * Layer by layer: convolve the pictures with the raw kernels, measure each channel's mean and
 * deviation, and choose scale and bias so that they become imp_builtin_level and 1; the result,
 * through the ReLU, is what the next layer is measured on. Edges are repeated, so that they do not
 * count as content. Average pooling between blocks.
 */

#include "calibration.h"

#include "draw/draw.h"
#include "vgg/builtin.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Scenes and styles that the library draws, in turn. */
#define PICTURES 12
#define PICTURE_SIDE 128
#define SEED 2 /* not that of the scenes which the learned layers come from */

/* A channel that hardly responds would be blown up to noise: its deviation counts as at least this
 * part of the layer's mean deviation. */
#define FLOOR 1e-3

size_t calibration_channels(int layers)
{
    size_t channels = 0;
    for (int l = 0; l < layers; l++)
        channels += (size_t)imp_layer_shapes[l].out_channels;
    return channels;
}

/* Picture `index` as the network takes it: (3, side, side), BGR, 0 to 255, less the means that
 * VGG's weights expect. Whether there was memory for it. */
static bool draw(int index, float *planes)
{
    static const float mean[3] = {103.939f, 116.779f, 123.68f};
    const size_t count = PICTURE_SIDE * PICTURE_SIDE;
    float *rgb = malloc(3 * count * sizeof(float));
    if (!rgb)
        return false;
    const char *style = imp_draw_style_name(index - 1);
    const enum impasto_status status =
        index % 2 ? imp_draw_style(style, PICTURE_SIDE, PICTURE_SIDE, rgb, NULL)
                  : imp_draw_scene(SEED, index / 2, PICTURE_SIDE, PICTURE_SIDE, rgb, NULL);
    for (size_t c = 0; c < 3; c++)
        for (size_t i = 0; i < count; i++)
            planes[c * count + i] = 255 * rgb[(2 - c) * count + i] - mean[c];
    free(rgb);
    return status == IMPASTO_OK;
}

/* out (channels, side, side) = 3x3 convolution of in with repeated edges, no bias. `padded` has
 * room for (in_channels, side + 2, side + 2). */
static void convolve(const float *in, int in_channels, const float *weights, int out_channels,
                     int side, float *padded, float *out)
{
    const size_t pitch = (size_t)side + 2, plane = pitch * pitch,
                 size = (size_t)side * (size_t)side;
    for (int c = 0; c < in_channels; c++)
        for (int y = -1; y <= side; y++)
            for (int x = -1; x <= side; x++) {
                const int sy = y < 0 ? 0 : y >= side ? side - 1 : y;
                const int sx = x < 0 ? 0 : x >= side ? side - 1 : x;
                padded[(size_t)c * plane + (size_t)(y + 1) * pitch + (size_t)(x + 1)] =
                    in[(size_t)c * size + (size_t)(sy * side + sx)];
            }
    memset(out, 0, (size_t)out_channels * size * sizeof(float));
    for (int o = 0; o < out_channels; o++)
        for (int c = 0; c < in_channels; c++) {
            const float *w = weights + ((size_t)o * (size_t)in_channels + (size_t)c) * 9;
            for (int y = 0; y < side; y++) {
                const float *r0 = padded + (size_t)c * plane + (size_t)y * pitch;
                const float *r1 = r0 + pitch, *r2 = r1 + pitch;
                float *line = out + (size_t)o * size + (size_t)(y * side);
                for (int x = 0; x < side; x++)
                    line[x] += w[0] * r0[x] + w[1] * r0[x + 1] + w[2] * r0[x + 2] + w[3] * r1[x] +
                               w[4] * r1[x + 1] + w[5] * r1[x + 2] + w[6] * r2[x] +
                               w[7] * r2[x + 1] + w[8] * r2[x + 2];
            }
        }
}

static void halve(const float *in, int channels, int side, float *out)
{
    const int half = side / 2;
    for (int c = 0; c < channels; c++)
        for (int y = 0; y < half; y++)
            for (int x = 0; x < half; x++) {
                const float *p =
                    in + (size_t)c * (size_t)(side * side) + (size_t)(2 * y * side + 2 * x);
                out[(size_t)c * (size_t)(half * half) + (size_t)(y * half + x)] =
                    0.25f * (p[0] + p[1] + p[side] + p[side + 1]);
            }
}

/* Mean and deviation of channel c over all pictures, its outermost pixels left out. */
static void measure(float *const *y, int c, int side, double *mean, double *deviation)
{
    const int count = PICTURES * (side - 2) * (side - 2);
    double sum = 0, squares = 0;
    for (int k = 0; k < PICTURES; k++) {
        const float *plane = y[k] + (size_t)c * (size_t)(side * side);
        for (int row = 1; row < side - 1; row++)
            for (int col = 1; col < side - 1; col++) {
                const double v = (double)plane[row * side + col];
                sum += v;
                squares += v * v;
            }
    }
    *mean = sum / count;
    *deviation = sqrt(fmax(0, squares / count - *mean * *mean));
}

/* Scales and cuts y in place; fills the layer's rows and statistics. */
static void settle(float *const *y, int layer, int side, struct calibration *rows,
                   struct calibration_statistics *statistics)
{
    const int channels = imp_layer_shapes[layer].out_channels;
    double means[512], deviations[512], average = 0;
    for (int c = 0; c < channels; c++) {
        measure(y, c, side, &means[c], &deviations[c]);
        average += deviations[c] / channels;
    }
    double sum = 0, squares = 0, zeros = 0;
    const size_t size = (size_t)side * (size_t)side;
    for (int c = 0; c < channels; c++) {
        const double deviation = fmax(deviations[c], FLOOR * average);
        rows[c].scale = (float)(1 / deviation);
        rows[c].bias = (float)(-means[c] / deviation) + imp_builtin_level(layer, c);
        for (int k = 0; k < PICTURES; k++)
            for (size_t i = 0; i < size; i++) {
                float *v = &y[k][(size_t)c * size + i];
                *v = fmaxf(*v * rows[c].scale + rows[c].bias, 0);
                sum += (double)*v;
                squares += (double)*v * (double)*v;
                zeros += *v == 0;
            }
    }
    const double count = (double)channels * PICTURES * (double)size;
    statistics->mean = sum / count;
    statistics->deviation = sqrt(squares / count - statistics->mean * statistics->mean);
    statistics->zeros = zeros / count;
}

int calibrate(int layers, struct calibration *table, struct calibration_statistics *statistics)
{
    enum { LARGEST = 64 * PICTURE_SIDE * PICTURE_SIDE }; /* conv1's activations are the largest */
    int side = PICTURE_SIDE, status = -1;
    float *now[PICTURES] = {0}, *next[PICTURES] = {0};
    float *padded = malloc(sizeof(float) * 64 * (PICTURE_SIDE + 2) * (PICTURE_SIDE + 2) * 2);
    float *weights = malloc(sizeof(float) * 512 * 512 * 9);
    bool room = padded && weights;
    for (int k = 0; k < PICTURES; k++) {
        now[k] = malloc(LARGEST * sizeof(float));
        next[k] = malloc(LARGEST * sizeof(float));
        room = room && now[k] && next[k];
    }
    for (int k = 0; room && k < PICTURES; k++)
        room = draw(k, now[k]);
    if (!room)
        goto done;
    for (int l = 0; l < layers; l++) {
        const int in = imp_layer_shapes[l].in_channels, out = imp_layer_shapes[l].out_channels;
        const bool pool = l > 0 && imp_layer_shapes[l].block != imp_layer_shapes[l - 1].block;
        imp_builtin_raw(l, weights);
        for (int k = 0; k < PICTURES; k++) {
            if (pool) {
                halve(now[k], in, side, next[k]);
                memcpy(now[k], next[k],
                       sizeof(float) * (size_t)in * (size_t)(side / 2 * (side / 2)));
            }
            convolve(now[k], in, weights, out, pool ? side / 2 : side, padded, next[k]);
        }
        side = pool ? side / 2 : side;
        struct calibration_statistics ignored;
        settle(next, l, side, table, statistics ? &statistics[l] : &ignored);
        table += out;
        for (int k = 0; k < PICTURES; k++) {
            float *swap = now[k];
            now[k] = next[k];
            next[k] = swap;
        }
    }
    status = 0;
done:
    for (int k = 0; k < PICTURES; k++) {
        free(now[k]);
        free(next[k]);
    }
    free(padded);
    free(weights);
    return status;
}
