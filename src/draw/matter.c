/* SPDX-License-Identifier: MIT */
/* What things are made of: two colours, and a texture that goes between them. */

#include "draw/canvas.h"

struct imp_rgb imp_matter_colour(struct imp_dice *dice)
{
    const float hue = imp_dice_chance(dice, 0.6f) ? imp_dice_between(dice, 0.02f, 0.14f)
                                                  : imp_dice_between(dice, 0, 1);
    const float bright = imp_dice_between(dice, 0, 1);
    return imp_rgb_hsv(hue, 0.1f + 0.75f * bright * bright, imp_dice_between(dice, 0.25f, 1));
}

struct imp_matter imp_matter_any(struct imp_dice *dice, struct imp_rgb colour)
{
    const bool plain = imp_dice_chance(dice, 0.25f);
    struct imp_matter matter = {
        .texture = plain ? IMP_PLAIN : (enum imp_texture)imp_dice_below(dice, IMP_TEXTURES),
        .colour = colour,
        .scale = 10 * expf(imp_dice_between(dice, 0, 1.8f)),
        .turn = imp_dice_between(dice, 0, IMP_PI),
        .seed = imp_dice_bits(dice),
    };
    if (imp_dice_chance(dice, 0.3f))
        matter.other = imp_matter_colour(dice);
    else
        matter.other = imp_rgb_scale(colour, imp_dice_between(dice, 0.35f, 0.8f));
    return matter;
}

static float bricks(float x, float y, uint32_t seed)
{
    const float row = floorf(y * 2);
    const float along = x + 0.5f * (row - 2 * floorf(row * 0.5f));
    const float dx = fabsf(imp_fraction(along) - 0.5f), dy = fabsf(imp_fraction(y * 2) - 0.5f);
    const float mortar = fmaxf(imp_smooth(0.44f, 0.48f, dx), imp_smooth(0.38f, 0.46f, dy));
    return imp_mix(0.5f * imp_noise_hash((int)floorf(along), (int)row, seed), 1, mortar);
}

static float leafy(float x, float y, uint32_t seed)
{
    const struct imp_cell cell = imp_noise_cells(x, y, 1, seed);
    const float own = (float)(cell.id >> 24) / 255;
    return imp_clamp01(0.5f * own + 0.9f * cell.first * cell.first +
                       0.4f * imp_smooth(0.2f, 0.0f, cell.second - cell.first));
}

/* How much of the other colour is at a point, 0 to 1. */
static float other_share(const struct imp_matter *m, float x, float y)
{
    switch (m->texture) {
    case IMP_CLOUDY:
        return imp_smooth(0.3f, 0.7f, imp_noise_fractal(0.4f * x, 0.4f * y, 4, m->seed));
    case IMP_GRAINY:
        return imp_noise_fractal(3 * x, 3 * y, 3, m->seed);
    case IMP_STRIPED:
        return imp_smooth(-0.15f, 0.15f, sinf(2 * x + imp_noise(0.3f * x, 0.3f * y, m->seed)));
    case IMP_CHECKED:
        return 0.5f * imp_smooth(-0.2f, 0.2f, sinf(2 * x)) +
               0.5f * imp_smooth(-0.2f, 0.2f, sinf(2 * y));
    case IMP_BRICKS:
        return bricks(0.5f * x, 0.5f * y, m->seed);
    case IMP_LEAFY:
        return leafy(x, y, m->seed);
    case IMP_MARBLED:
        return powf(fabsf(sinf(0.5f * x + 6 * imp_noise_fractal(0.3f * x, 0.3f * y, 4, m->seed))),
                    0.4f);
    case IMP_WOODEN:
        return imp_fraction(0.5f * y + 2 * imp_noise(0.08f * x, 0.4f * y, m->seed)) * 0.7f +
               0.3f * imp_noise(0.3f * x, 6 * y, m->seed + 1);
    case IMP_HAIRY:
        return imp_noise_fractal(0.3f * x + 2 * imp_noise(0.2f * x, 0.2f * y, m->seed), 4 * y, 3,
                                 m->seed + 1);
    case IMP_SPOTTED:
        return imp_smooth(0.38f, 0.3f, imp_noise_cells(x * 0.6f, y * 0.6f, 0.6f, m->seed).first);
    default:
        return 0.15f * imp_noise_fractal(0.3f * x, 0.3f * y, 3, m->seed);
    }
}

struct imp_rgb imp_matter_paint(const void *user, float x, float y)
{
    const struct imp_matter *m = user;
    const float c = cosf(m->turn) * m->scale, s = sinf(m->turn) * m->scale;
    const float share = other_share(m, c * x - s * y, s * x + c * y);
    const struct imp_rgb colour = imp_rgb_mix(m->colour, m->other, share);
    return imp_rgb_mix(colour, m->fade, m->fade_strength);
}
