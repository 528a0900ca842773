/* SPDX-License-Identifier: MIT */
/* The sea, forests, and meadows. */

#include "draw/scene.h"

/* ---- The sea --------------------------------------------------------------------------------- */

/* A coast of rocks or hills that comes in from one side. */
static void coast(struct imp_scene *scene, float horizon, float height, float fade)
{
    struct imp_dice *dice = &scene->dice;
    const struct imp_rgb land = imp_rgb_multiply(
        imp_dice_vary(dice, (struct imp_rgb){.36f, .36f, .26f}, 0.15f), scene->sky.light);
    const struct imp_matter matter = {.texture = IMP_CLOUDY,
                                      .colour = land,
                                      .other = imp_rgb_scale(land, 0.4f),
                                      .scale = imp_dice_between(dice, 20, 60),
                                      .seed = imp_dice_bits(dice),
                                      .fade = scene->sky.low,
                                      .fade_strength = fade};
    const float aspect = scene->canvas->aspect, reach = aspect * imp_dice_between(dice, 0.4f, 1.2f);
    const bool right = imp_dice_chance(dice, 0.5f);
    const uint32_t seed = imp_dice_bits(dice);
    struct imp_path *path = &scene->path;
    path->count = 0;
    for (int i = 0; i <= 160; i++) {
        const float t = (float)i / 160, x = right ? aspect - reach * (1 - t) : reach * t;
        const float inland = right ? t : 1 - t;
        const float n = imp_noise_fractal(5 * t * reach, 3, 5, seed);
        imp_path_add(path, x, horizon - height * 2 * n * sqrtf(inland));
    }
    imp_path_add(path, right ? aspect : reach, horizon);
    imp_path_add(path, right ? aspect - reach : 0, horizon);
    imp_prop_solid(scene, &matter, 0.3f * height, 0);
}

static void beach(struct imp_scene *scene, float top)
{
    struct imp_dice *dice = &scene->dice;
    const struct imp_rgb sand = imp_rgb_multiply(
        imp_dice_vary(dice, (struct imp_rgb){.78f, .68f, .52f}, 0.12f), scene->sky.light);
    const struct imp_matter matter = {.texture = IMP_GRAINY,
                                      .colour = sand,
                                      .other = imp_rgb_scale(sand, 0.75f),
                                      .scale = 40,
                                      .seed = imp_dice_bits(dice)};
    const uint32_t seed = imp_dice_bits(dice);
    for (int foam = 1; foam >= 0; foam--) {
        struct imp_path *path = &scene->path;
        path->count = 0;
        for (int i = 0; i <= 100; i++) {
            const float x = scene->canvas->aspect * (float)i / 100;
            imp_path_add(path, x,
                         top - 0.03f * (float)foam * imp_noise(9 * x, 2, seed + 5) +
                             0.12f * (imp_noise_fractal(2 * x, 1, 3, seed) - 0.5f));
        }
        imp_path_add(path, scene->canvas->aspect, 1.1f);
        imp_path_add(path, 0, 1.1f);
        if (foam)
            imp_fill(scene->canvas, path,
                     imp_rgb_multiply((struct imp_rgb){.92f, .94f, .93f}, scene->sky.light));
        else
            imp_prop_solid(scene, &matter, 0, 0);
    }
    const int things = imp_dice_below(dice, 9);
    for (int i = 0; i < things; i++)
        imp_prop_rock(scene, scene->canvas->aspect * imp_dice_between(dice, 0, 1),
                      imp_dice_between(dice, top + 0.05f, 1), imp_dice_between(dice, 0.01f, 0.08f),
                      (struct imp_rgb){.42f, .38f, .36f});
}

void imp_scene_sea(struct imp_scene *scene)
{
    struct imp_dice *dice = &scene->dice;
    const float horizon = imp_dice_between(dice, 0.28f, 0.62f), aspect = scene->canvas->aspect;
    imp_sky_choose(scene, horizon);
    imp_canvas_paint(scene->canvas, 0, 1, imp_sky_paint, &scene->sky);
    const int coasts = imp_dice_below(dice, 4);
    for (int i = coasts; i > 0; i--)
        coast(scene, horizon, imp_dice_between(dice, 0.05f, 0.2f), 0.25f * (float)i);
    const struct imp_rgb deep = imp_rgb_multiply(
        imp_dice_vary(dice, (struct imp_rgb){.10f, .26f, .34f}, 0.14f), scene->sky.light);
    imp_water_draw(scene, horizon, 1, deep);
    const int boats = imp_dice_below(dice, 6);
    for (int i = 0; i < boats; i++) {
        const float near = ((float)i + 0.4f) / 6;
        imp_prop_boat(scene, aspect * imp_dice_between(dice, 0.05f, 0.95f),
                      horizon + 0.01f + 0.4f * near * near, 0.03f + 0.35f * near * near);
    }
    if (imp_dice_chance(dice, 0.4f))
        beach(scene, imp_dice_between(dice, 0.7f, 0.92f));
}

/* ---- Forests --------------------------------------------------------------------------------- */

struct forest {
    struct imp_rgb top, bottom;
    uint32_t seed;
    float ground;
};

static struct imp_rgb forest_light(const void *user, float x, float y)
{
    const struct forest *f = user;
    const float n = imp_noise_fractal(7 * x, 7 * y, 4, f->seed);
    const float beam = imp_noise_fractal(4 * (x + 0.4f * y), 0.3f * y, 3, f->seed + 9);
    const struct imp_rgb colour = imp_rgb_mix(f->top, f->bottom, imp_smooth(0, f->ground, y));
    return imp_rgb_scale(colour, (0.55f + 0.9f * n) * (0.6f + 0.8f * beam));
}

static struct imp_rgb forest_floor(const void *user, float x, float y)
{
    const struct forest *f = user;
    const float depth = 0.15f / (y - f->ground + 0.05f), u = (x - 0.5f) * depth * 12;
    const float n = imp_noise_fractal(2 * u, 26 * depth, 5, f->seed + 20);
    const float spot =
        imp_smooth(0.5f, 0.62f, imp_noise_fractal(0.6f * u, 8 * depth, 3, f->seed + 30));
    const struct imp_rgb shade = {.22f, .19f, .11f}, lit = {.62f, .58f, .26f};
    return imp_rgb_scale(imp_rgb_mix(shade, lit, spot), 0.4f + 1.2f * n);
}

static void bush(struct imp_scene *scene, float x, float y, float size, struct imp_rgb green)
{
    struct imp_dice *dice = &scene->dice;
    const struct imp_matter matter = {.texture = IMP_LEAFY,
                                      .colour = imp_rgb_scale(green, 1.5f),
                                      .other = imp_rgb_scale(green, 0.4f),
                                      .scale = imp_dice_between(dice, 6, 14) / size,
                                      .seed = imp_dice_bits(dice)};
    imp_path_blob(&scene->path, x, y, size, 0.7f * size, 0.8f, imp_dice_bits(dice));
    imp_prop_solid(scene, &matter, 0.3f * size, 0.3f);
}

static void stem(struct imp_scene *scene, float near, float ground)
{
    struct imp_dice *dice = &scene->dice;
    struct imp_path *path = &scene->path;
    const float x = scene->canvas->aspect * imp_dice_between(dice, -0.05f, 1.05f);
    const float radius = 0.006f + 0.06f * near * near * imp_dice_between(dice, 0.5f, 1.2f);
    const float foot = ground + 0.35f * near * near, lean = 0.1f * imp_dice_bell(dice);
    const bool birch = imp_dice_chance(dice, 0.2f);
    const struct imp_rgb bark = imp_dice_vary(
        dice, birch ? (struct imp_rgb){.78f, .76f, .70f} : (struct imp_rgb){.30f, .23f, .17f}, .1f);
    const struct imp_matter matter = {.texture = birch ? IMP_MARBLED : IMP_HAIRY,
                                      .colour = imp_rgb_multiply(bark, scene->sky.light),
                                      .other = imp_rgb_scale(bark, 0.3f),
                                      .scale = 1.3f / radius,
                                      .turn = birch ? 0.1f : 1.55f,
                                      .seed = imp_dice_bits(dice),
                                      .fade = scene->sky.low,
                                      .fade_strength = 0.75f * (1 - near)};
    imp_path_stroke(path, (const float[]){x, x + 0.4f * lean, x + lean},
                    (const float[]){foot, 0.3f, -0.2f},
                    (const float[]){1.2f * radius, 0.9f * radius, 0.7f * radius}, 3);
    imp_prop_solid(scene, &matter, radius, 0.3f);
    const int limbs = imp_dice_below(dice, 5);
    for (int i = 0; i < limbs; i++) {
        const float y = imp_dice_between(dice, -0.05f, 0.5f * foot),
                    side = imp_dice_bell(dice) < 0 ? -1 : 1;
        const float reach = imp_dice_between(dice, 2, 9) * radius;
        imp_path_line(path, x + 0.5f * lean, y, x + 0.5f * lean + side * reach,
                      y - reach * imp_dice_between(dice, 0.1f, 0.8f), 0.3f * radius,
                      0.08f * radius);
        imp_area_add(scene->canvas, path);
    }
    imp_area_flat(
        scene->canvas,
        imp_rgb_mix(imp_rgb_scale(bark, birch ? 0.25f : 0.6f), matter.fade, matter.fade_strength),
        1);
}

void imp_scene_forest(struct imp_scene *scene)
{
    struct imp_dice *dice = &scene->dice;
    imp_sky_choose(scene, 0.6f);
    const struct imp_rgb green = imp_dice_vary(dice, (struct imp_rgb){.26f, .36f, .12f}, 0.2f);
    const struct forest forest = {.top =
                                      imp_rgb_mix(imp_rgb_scale(green, 1.6f), scene->sky.low, 0.3f),
                                  .bottom = imp_rgb_scale(green, 0.6f),
                                  .seed = imp_dice_bits(dice),
                                  .ground = imp_dice_between(dice, 0.55f, 0.72f)};
    scene->sky.low = forest.top;
    imp_canvas_paint(scene->canvas, 0, forest.ground + 0.01f, forest_light, &forest);
    imp_canvas_paint(scene->canvas, forest.ground, 1, forest_floor, &forest);
    const int stems = 14 + imp_dice_below(dice, 40);
    for (int i = 0; i < stems; i++) {
        const float near = ((float)i + 0.5f) / (float)stems;
        stem(scene, near, forest.ground);
        if (imp_dice_chance(dice, 0.35f))
            bush(scene, scene->canvas->aspect * imp_dice_between(dice, 0, 1),
                 forest.ground + 0.35f * near * near, 0.02f + 0.16f * near * near,
                 imp_dice_vary(dice, green, 0.1f));
        if (i == stems / 2 && imp_dice_chance(dice, 0.5f))
            imp_canvas_blur(scene->canvas, imp_dice_between(dice, 0, 0.008f));
    }
}

/* ---- Meadows --------------------------------------------------------------------------------- */

static void tussock(struct imp_scene *scene, float near, float horizon, struct imp_rgb green)
{
    struct imp_dice *dice = &scene->dice;
    const float y = horizon + (1.05f - horizon) * near * near;
    const float x = scene->canvas->aspect * imp_dice_between(dice, 0, 1);
    const float height = 0.01f + 0.2f * near * near;
    for (int i = 0; i < 5; i++)
        imp_prop_grass(scene, x + 0.3f * height * imp_dice_bell(dice), y,
                       height * imp_dice_between(dice, 0.6f, 1.3f), green);
    if (imp_dice_chance(dice, 0.15f)) {
        imp_path_ellipse(&scene->path, x, y - height, 0.12f * height, 0.1f * height, 0);
        imp_fill(scene->canvas, &scene->path,
                 imp_rgb_hsv(imp_dice_between(dice, 0, 1), 0.7f, 0.95f));
    }
}

static void wood(struct imp_scene *scene, float horizon)
{
    struct imp_dice *dice = &scene->dice;
    const int trees = 3 + imp_dice_below(dice, 22), sort = imp_dice_below(dice, 3);
    for (int i = 0; i < trees; i++) {
        const float near = ((float)i + 0.5f) / (float)trees, fade = 0.6f * (1 - near);
        const float x = scene->canvas->aspect * imp_dice_between(dice, 0, 1);
        const float y = horizon + 0.22f * near * near;
        const float tall = 0.05f + 0.5f * near * near * imp_dice_between(dice, 0.6f, 1.2f);
        if (sort == 0)
            imp_prop_conifer(scene, x, y, tall, fade);
        else if (sort == 1 && near > 0.3f)
            imp_prop_bare_tree(scene, x, y, tall, fade);
        else
            imp_prop_tree(scene, x, y, tall, fade);
    }
}

void imp_scene_meadow(struct imp_scene *scene)
{
    struct imp_dice *dice = &scene->dice;
    const float horizon = imp_dice_between(dice, 0.35f, 0.7f);
    imp_sky_choose(scene, horizon);
    imp_canvas_paint(scene->canvas, 0, horizon, imp_sky_paint, &scene->sky);
    const struct imp_rgb green =
        imp_dice_vary(dice,
                      imp_dice_chance(dice, 0.7f) ? (struct imp_rgb){.32f, .42f, .14f}
                                                  : (struct imp_rgb){.66f, .54f, .24f},
                      0.12f);
    const struct imp_rgb lit = imp_rgb_multiply(green, scene->sky.light);
    const struct imp_matter field = {.texture = IMP_CLOUDY,
                                     .colour = lit,
                                     .other = imp_rgb_scale(lit, 0.6f),
                                     .scale = 30,
                                     .seed = imp_dice_bits(dice)};
    imp_canvas_paint(scene->canvas, horizon, 1, imp_matter_paint, &field);
    wood(scene, horizon);
    const int blades = 150 + imp_dice_below(dice, 250);
    for (int i = 0; i < blades; i++)
        tussock(scene, ((float)i + 0.5f) / (float)blades, horizon + 0.02f, green);
}
