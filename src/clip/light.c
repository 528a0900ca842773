/* SPDX-License-Identifier: MIT */
/*
 * Light that changes. A fade or a cloud that passes is not fought: by what the source has become
 * lighter, so has the target (Gao et al. 2018, equation 5). But only in broad lines. What is finer
 * is noise and what the motion leaves, and a film that follows it flickers as its source does.
 */

#include "clip/clip.h"

#include <math.h>
#include <stdlib.h>

/* Half the width of a box over the longer side. Three boxes are nearly a Gaussian. */
#define BOX 0.03
#define BOXES 3

/* A running mean along a line of n values, so many apart; beyond its ends there is nothing. */
static void box_line(const float *from, float *to, int n, size_t apart, int radius)
{
    double sum = 0;
    for (int i = 0; i < radius && i < n; i++)
        sum += (double)from[(size_t)i * apart];
    for (int i = 0; i < n; i++) {
        if (i + radius < n)
            sum += (double)from[(size_t)(i + radius) * apart];
        if (i - radius - 1 >= 0)
            sum -= (double)from[(size_t)(i - radius - 1) * apart];
        to[(size_t)i * apart] = (float)(sum / (2 * radius + 1));
    }
}

static void blur(float *plane, float *room, int height, int width, int radius)
{
    for (int k = 0; k < BOXES; k++) {
        for (int y = 0; y < height; y++)
            box_line(plane + (size_t)y * (size_t)width, room + (size_t)y * (size_t)width, width, 1,
                     radius);
        for (int x = 0; x < width; x++)
            box_line(room + x, plane + x, height, (size_t)width, radius);
    }
}

static float luminance_at(const float *planes, size_t n, size_t i)
{
    const float rgb[3] = {planes[i], planes[n + i], planes[2 * n + i]};
    return imp_luminance(rgb);
}

/* Where nothing near is reliable, the light is taken to be as it was. */
static void apply(const float *change, const float *mass, size_t n, float *target)
{
    for (size_t i = 0; i < n; i++) {
        const float by = mass[i] > 1e-3F ? change[i] / mass[i] : 0;
        for (size_t at = i; at < 3 * n; at += n)
            target[at] = fminf(fmaxf(target[at] + by, 0), 1);
    }
}

enum impasto_status imp_light_follow(const struct impasto_clip *clip, const float *warped,
                                     const float *reliable, float *target,
                                     struct impasto_error *error)
{
    const int width = clip->info.result_width, height = clip->info.result_height;
    const size_t n = (size_t)width * (size_t)height;
    const int radius = 1 + (int)(BOX * (width > height ? width : height));
    float *change = malloc(3 * n * sizeof(float));
    if (!change)
        return imp_fail_memory(error, "a frame", 3 * n * sizeof(float));
    float *mass = change + n, *room = mass + n;
    for (size_t i = 0; i < n; i++) {
        mass[i] = reliable[i];
        change[i] =
            reliable[i] * (luminance_at(clip->now.source, n, i) - luminance_at(warped, n, i));
    }
    blur(change, room, height, width, radius);
    blur(mass, room, height, width, radius);
    apply(change, mass, n, target);
    free(change);
    return IMPASTO_OK;
}
