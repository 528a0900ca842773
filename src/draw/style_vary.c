/* SPDX-License-Identifier: MIT */
/* How the variants of a composed picture differ from it. */

#include "draw/style.h"

#define SEEDS 128 /* of noise, that a style has for itself */

float imp_vary(struct imp_style *style, float plain, float low, float high)
{
    return style->variant ? imp_dice_between(&style->dice, low, high) : plain;
}

bool imp_vary_chance(struct imp_style *style)
{
    return style->variant && imp_dice_chance(&style->dice, 0.5f);
}

uint32_t imp_vary_seed(const struct imp_style *style)
{
    return SEEDS * style->variant;
}

/* Turns a colour around the axis of grays; by Rodrigues' formula. */
static struct imp_rgb turn_hue(struct imp_rgb colour, float c, float s)
{
    const float gray = (colour.r + colour.g + colour.b) / 3, axis = s / sqrtf(3);
    return (struct imp_rgb){gray + c * (colour.r - gray) + axis * (colour.b - colour.g),
                            gray + c * (colour.g - gray) + axis * (colour.r - colour.b),
                            gray + c * (colour.b - gray) + axis * (colour.g - colour.r)};
}

void imp_vary_hues(struct imp_style *style)
{
    struct imp_canvas *canvas = style->canvas;
    if (!style->variant)
        return;
    const float turn = imp_dice_between(&style->dice, -IMP_PI, IMP_PI), c = cosf(turn),
                s = sinf(turn);
    for (int y = 0; y < canvas->height; y++)
        for (int x = 0; x < canvas->width; x++)
            imp_canvas_set(canvas, x, y, turn_hue(imp_canvas_get(canvas, x, y), c, s));
}
