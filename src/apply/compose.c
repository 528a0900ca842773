/* SPDX-License-Identifier: MIT */
/* From what a network paints to what a person gets. */

#include "apply/apply.h"

static float clamp01(float v)
{
    return v > 0 ? (v < 1 ? v : 1) : 0;
}

void imp_compose_row(const struct imp_compose *compose, size_t at, int width,
                     const float *const painted[3], const float *original, float *target)
{
    for (size_t x = 0; x < (size_t)width; x++) {
        const float *from = original + 3 * x;
        float *to = target + 3 * x, rgb[3];
        const float keep = compose->keep ? compose->keep[at + x] : 0;
        const float over = compose->over ? compose->over[at + x] : 1;
        for (int c = 0; c < 3; c++)
            rgb[c] = clamp01(painted[c][x]);
        if (compose->colour == IMPASTO_COLOUR_LUMA) {
            const float shift = imp_luminance(rgb) - imp_luminance(from);
            for (int c = 0; c < 3; c++)
                rgb[c] = clamp01(from[c] + shift);
        }
        for (int c = 0; c < 3; c++)
            to[c] = over * (keep * from[c] + (1 - keep) * rgb[c]) + (1 - over) * to[c];
    }
}
