/* SPDX-License-Identifier: MIT */
/* Random choices, and the colours that are made of them. */

#include "draw/canvas.h"

uint32_t imp_dice_bits(struct imp_dice *dice)
{
    return imp_rng_bits(dice->seed, dice->stream, dice->next++);
}

float imp_dice_between(struct imp_dice *dice, float low, float high)
{
    return low + (high - low) * imp_rng_uniform(dice->seed, dice->stream, dice->next++);
}

float imp_dice_bell(struct imp_dice *dice)
{
    float sum = 0;
    for (int i = 0; i < 3; i++)
        sum += imp_dice_between(dice, -1, 1);
    return sum / 3;
}

int imp_dice_below(struct imp_dice *dice, int count)
{
    return (int)(imp_dice_bits(dice) % (uint32_t)count);
}

bool imp_dice_chance(struct imp_dice *dice, float chance)
{
    return imp_dice_between(dice, 0, 1) < chance;
}

struct imp_rgb imp_dice_vary(struct imp_dice *dice, struct imp_rgb colour, float amount)
{
    const float light = amount * imp_dice_between(dice, -0.7f, 0.7f);
    const float r = light + amount * imp_dice_between(dice, -0.3f, 0.3f);
    const float g = light + amount * imp_dice_between(dice, -0.3f, 0.3f);
    const float b = light + amount * imp_dice_between(dice, -0.3f, 0.3f);
    return (struct imp_rgb){imp_clamp01(colour.r + r), imp_clamp01(colour.g + g),
                            imp_clamp01(colour.b + b)};
}

static float hue_channel(float hue)
{
    return imp_clamp01(fabsf(6 * imp_fraction(hue) - 3) - 1);
}

struct imp_rgb imp_rgb_hsv(float hue, float saturation, float value)
{
    const struct imp_rgb pure = {hue_channel(hue), hue_channel(hue - 1.0f / 3),
                                 hue_channel(hue + 1.0f / 3)};
    return imp_rgb_scale(imp_rgb_mix((struct imp_rgb){1, 1, 1}, pure, saturation), value);
}

struct imp_rgb imp_rgb_palette(const struct imp_rgb *colours, int count, float t)
{
    const float at = imp_clamp01(t) * (float)(count - 1);
    const int i = at < (float)(count - 1) ? (int)at : count - 2;
    return imp_rgb_mix(colours[i], colours[i + 1], at - (float)i);
}
