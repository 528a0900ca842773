/* SPDX-License-Identifier: MIT */
/*
 * Mountains, hills and lakes in perspective. Each column of the picture walks away from the viewer
 * over a height field, and draws what rises over all that was nearer. x points right, z away, and
 * heights up; the eye is at (0, eye, 0).
 */

#include "draw/scene.h"

#define NEAR 0.5f
#define FAR 60.0f

struct terrain {
    uint32_t seed;
    float eye, horizon, lens;
    float height, size; /* of mountains */
    float water;        /* its level; below -1: none */
    float snow;         /* from this height on */
    struct imp_rgb ground, rock, lake;
    float haze;
};

/* Ridged noise makes mountains; near the viewer they are low, so that one sees far. */
static float height_at(const struct terrain *t, float x, float z, int octaves)
{
    const float broad = imp_noise_fractal(x / t->size + 5, z / t->size, octaves, t->seed);
    const float ridge = 1 - fabsf(2 * imp_noise_fractal(0.6f * x / t->size, 0.6f * z / t->size + 3,
                                                        octaves, t->seed + 20) -
                                  1) *
                                2.2f;
    const float rise = imp_smooth(0.5f, 14, z);
    return t->height * (0.10f * (broad - 0.5f) + rise * ((broad - 0.45f) + 0.6f * ridge * broad));
}

static struct imp_rgb ground_at(const struct terrain *t, const struct imp_scene *scene, float x,
                                float z, float height)
{
    const float e = 0.02f + 0.012f * z;
    const float sx = (height_at(t, x + e, z, 6) - height) / e;
    const float sz = (height_at(t, x, z + e, 6) - height) / e;
    const float norm = 1 / sqrtf(1 + sx * sx + sz * sz);
    const float lit = (0.75f - scene->light_x * -sx * 0.9f - 0.35f * sz) * norm;
    const float speck = imp_noise_fractal(9 * x, 9 * z, 3, t->seed + 40);
    const float patch = imp_noise_fractal(1.1f * x, 1.1f * z, 3, t->seed + 50);
    struct imp_rgb colour =
        imp_rgb_mix(t->ground, imp_rgb_scale(t->ground, 0.5f), imp_smooth(0.42f, 0.56f, patch));
    colour = imp_rgb_mix(colour, t->rock, imp_smooth(0.80f, 0.66f, norm + 0.3f * (speck - 0.5f)));
    const float white = imp_smooth(-0.2f, 0.25f, height - t->snow + 0.8f * (speck - 0.5f)) *
                        imp_smooth(0.5f, 0.7f, norm);
    colour = imp_rgb_mix(colour, (struct imp_rgb){.93f, .95f, .98f}, white);
    colour = imp_rgb_scale(colour, (0.35f + 0.8f * imp_clamp01(lit)) * (0.7f + 0.6f * speck));
    return imp_rgb_multiply(colour, scene->sky.light);
}

static void column(struct imp_scene *scene, const struct terrain *t, int px)
{
    struct imp_canvas *canvas = scene->canvas;
    const float unit = (float)canvas->height;
    const float u = (((float)px + 0.5f) / unit - 0.5f * canvas->aspect) * t->lens;
    int lowest = canvas->height;
    for (float z = NEAR; z < FAR && lowest > 0; z *= 1.012f) {
        const float x = u * z, land = height_at(t, x, z, 6), height = fmaxf(land, t->water);
        const float at = t->horizon + (t->eye - height) / (z * t->lens);
        const int top = at <= 0 ? 0 : at >= 1 ? canvas->height : (int)(at * unit);
        if (top >= lowest)
            continue;
        const struct imp_rgb haze = imp_rgb_mix(scene->sky.low, scene->sky.high, 0.25f);
        const bool wet = land < t->water;
        const struct imp_rgb colour = wet ? t->lake : ground_at(t, scene, x, z, land);
        const struct imp_rgb seen = imp_rgb_mix(colour, haze, 1 - expf(-t->haze * z));
        for (int y = top; y < lowest; y++) {
            imp_canvas_set(canvas, px, y, seen);
            canvas->depth[(size_t)y * (size_t)canvas->width + (size_t)px] = wet ? -z : z;
        }
        lowest = top;
    }
    for (int y = 0; y < lowest; y++)
        canvas->depth[(size_t)y * (size_t)canvas->width + (size_t)px] = FAR;
}

/* Water has a negative depth. It mirrors what is as high above the horizon as it is below. */
static void mirror(struct imp_scene *scene, const struct terrain *t)
{
    struct imp_canvas *canvas = scene->canvas;
    const float unit = (float)canvas->height;
    for (int y = 0; y < canvas->height; y++) {
        for (int x = 0; x < canvas->width; x++) {
            const float z = -canvas->depth[(size_t)y * (size_t)canvas->width + (size_t)x];
            if (z <= 0)
                continue;
            const float u = ((float)x / unit - 0.5f * canvas->aspect) * t->lens * z;
            const float wave = imp_noise_fractal(1.5f * u, 5 * z, 4, t->seed + 60) - 0.5f;
            const float below = (float)y / unit - t->horizon;
            int from = (int)((t->horizon - below * (1 + 1.5f * wave) - 0.03f) * unit);
            from = from < 0 ? 0 : from >= y ? y : from;
            const float clear = imp_clamp01(0.85f - 1.2f * below - wave);
            imp_canvas_mix(canvas, x, y, imp_canvas_get(canvas, x, from), clear);
        }
    }
}

/* Trees from far to near, wherever their foot is land that is seen. */
static void plant(struct imp_scene *scene, const struct terrain *t, int count, int sort)
{
    struct imp_canvas *canvas = scene->canvas;
    struct imp_dice *dice = &scene->dice;
    const float unit = (float)canvas->height;
    for (int i = 0; i < count; i++) {
        const float far = 1 - ((float)i + 0.5f) / (float)count, z = 1.2f + 20 * far * far;
        const float x = canvas->aspect * imp_dice_between(dice, -0.05f, 1.05f);
        const float u = (x - 0.5f * canvas->aspect) * t->lens * z, land = height_at(t, u, z, 6);
        const float y = t->horizon + (t->eye - land) / (z * t->lens);
        const int px = (int)(x * unit), py = (int)(y * unit) + 1;
        if (px < 0 || px >= canvas->width || py < 0 || land < t->water + 0.03f ||
            imp_noise_fractal(0.5f * u, 0.5f * z, 2, t->seed + 70) < 0.45f)
            continue;
        if (py < canvas->height) {
            const float seen = canvas->depth[(size_t)py * (size_t)canvas->width + (size_t)px];
            if (seen < 0.9f * z)
                continue;
        }
        const float tall = imp_dice_between(dice, 0.25f, 0.5f) / (z * t->lens);
        const float fade = 1 - expf(-t->haze * z);
        if (sort == 0)
            imp_prop_conifer(scene, x, y, tall, fade);
        else if (z > 6 || sort == 1)
            imp_prop_tree(scene, x, y, tall, fade);
        else
            imp_prop_bare_tree(scene, x, y, tall, fade);
    }
}

static struct terrain choose(struct imp_scene *scene)
{
    static const struct imp_rgb grounds[] = {{.34f, .40f, .16f},
                                             {.52f, .46f, .22f},
                                             {.62f, .50f, .34f},
                                             {.24f, .34f, .18f},
                                             {.70f, .66f, .56f}};
    struct imp_dice *dice = &scene->dice;
    const float high = imp_dice_between(dice, 0.6f, 5);
    return (struct terrain){
        .seed = imp_dice_bits(dice),
        .eye = imp_dice_between(dice, 0.35f, 1.1f),
        .horizon = scene->sky.horizon,
        .lens = imp_dice_between(dice, 0.6f, 1.3f),
        .height = high,
        .size = imp_dice_between(dice, 3, 9),
        .water = imp_dice_chance(dice, 0.5f) ? imp_dice_between(dice, -0.06f, 0.05f) : -9,
        .snow = imp_dice_chance(dice, 0.5f) ? high * imp_dice_between(dice, 0.1f, 0.5f) : 99,
        .ground = imp_dice_vary(dice, grounds[imp_dice_below(dice, 5)], 0.1f),
        .rock = imp_dice_vary(dice, (struct imp_rgb){.44f, .40f, .37f}, 0.12f),
        .lake = imp_dice_vary(dice, (struct imp_rgb){.10f, .20f, .26f}, 0.1f),
        .haze = imp_dice_between(dice, 0.008f, 0.05f),
    };
}

void imp_scene_terrain(struct imp_scene *scene)
{
    imp_sky_choose(scene, imp_dice_between(&scene->dice, 0.3f, 0.62f));
    const struct terrain terrain = choose(scene);
    imp_canvas_paint(scene->canvas, 0, 1, imp_sky_paint, &scene->sky);
    for (int x = 0; x < scene->canvas->width; x++)
        column(scene, &terrain, x);
    mirror(scene, &terrain);
    if (imp_dice_chance(&scene->dice, 0.7f))
        plant(scene, &terrain, imp_dice_below(&scene->dice, 120), imp_dice_below(&scene->dice, 3));
}
