/* SPDX-License-Identifier: MIT */
/* From what was painted to what a person gets. */

#include "image/image.h"

static float clamp01(float v)
{
    return v > 0 ? (v < 1 ? v : 1) : 0;
}

/* The original's colours with the lightness of what was painted. */
static void keep_colours(const float original[3], float rgb[3])
{
    const float shift = imp_luminance(rgb) - imp_luminance(original);
    for (int c = 0; c < 3; c++)
        rgb[c] = clamp01(original[c] + shift);
}

/* From `from` to `to`; 0 is all of the first. */
static void blend(float share, const float from[3], const float to[3], float rgb[3])
{
    for (int c = 0; c < 3; c++)
        rgb[c] = (1 - share) * from[c] + share * to[c];
}

void imp_compose_row(const struct imp_compose *compose, size_t at, int width,
                     const float *const painted[3], const float *original, float *target)
{
    for (size_t x = 0; x < (size_t)width; x++) {
        const float *from = original ? original + 3 * x : NULL;
        float *to = target + 3 * x, rgb[3];
        for (int c = 0; c < 3; c++)
            rgb[c] = clamp01(painted[c][x]);
        if (compose->luma)
            keep_colours(from, rgb);
        if (compose->keep)
            blend(compose->keep[at + x], rgb, from, rgb);
        blend(compose->over ? compose->over[at + x] : 1, to, rgb, to);
    }
}
