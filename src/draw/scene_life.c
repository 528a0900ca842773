/* SPDX-License-Identifier: MIT */
/* Faces, crowds, animals. */

#include "draw/scene.h"

/* A background that a lens does not resolve: soft patches and spots of light. */
static void blurred_background(struct imp_scene *scene)
{
    struct imp_dice *dice = &scene->dice;
    const struct imp_rgb base = imp_matter_colour(dice);
    struct imp_matter matter = {.texture = IMP_CLOUDY,
                                .colour = base,
                                .other = imp_dice_vary(dice, imp_rgb_scale(base, 0.5f), 0.3f),
                                .scale = imp_dice_between(dice, 4, 12),
                                .seed = imp_dice_bits(dice)};
    imp_canvas_paint(scene->canvas, 0, 1, imp_matter_paint, &matter);
    const int things = imp_dice_below(dice, 24);
    for (int i = 0; i < things; i++) {
        const float x = scene->canvas->aspect * imp_dice_between(dice, 0, 1),
                    y = imp_dice_between(dice, 0, 1);
        const float r = imp_dice_between(dice, 0.02f, 0.2f);
        if (imp_dice_chance(dice, 0.5f))
            imp_path_ellipse(&scene->path, x, y, r, r, 0);
        else
            imp_path_rectangle(&scene->path, x, y - 2 * r, x + 0.5f * r, y + 2 * r);
        imp_area_add(scene->canvas, &scene->path);
        imp_area_flat(scene->canvas, imp_dice_vary(dice, imp_matter_colour(dice), 0.2f), 0.6f);
    }
    imp_canvas_blur(scene->canvas, imp_dice_between(dice, 0.01f, 0.06f));
}

/* ---- Portraits ------------------------------------------------------------------------------- */

struct face {
    float x, y, size; /* of the head: its middle, and half its height */
    float turn;       /* -1 to 1: looks left or right */
    struct imp_rgb skin, hair;
};

static void ellipse_at(struct imp_scene *scene, const struct face *f, float x, float y, float rx,
                       float ry)
{
    imp_path_ellipse(&scene->path, f->x + f->size * (x + 0.3f * f->turn), f->y + f->size * y,
                     f->size * rx, f->size * ry, 0);
}

static void hair_strands(struct imp_scene *scene, const struct face *f, bool front)
{
    struct imp_dice *dice = &scene->dice;
    const int strands = front ? 160 : 240;
    const float fall = front ? 0.55f : 1.3f;
    for (int i = 0; i < strands; i++) {
        const float a = imp_dice_between(dice, -1, 1), start = 0.2f * imp_dice_bell(dice);
        const float out = a * (0.85f + 0.15f * imp_dice_bell(dice)), s = f->size;
        const float length = fall * (front ? fabsf(a) + 0.1f : imp_dice_between(dice, 0.5f, 1));
        const float x = f->x, y = f->y - 0.98f * s, r = 0.014f * s;
        imp_path_stroke(&scene->path,
                        (const float[]){x + s * start, x + 0.75f * s * out, x + 0.92f * s * out},
                        (const float[]){y + 0.08f * s * start, y + 0.3f * s * fabsf(out),
                                        y + s * (0.3f + length)},
                        (const float[]){r, r, 0.4f * r}, 3);
        imp_fill(scene->canvas, &scene->path, imp_dice_vary(dice, f->hair, 0.22f));
    }
}

/* The mass of hair behind the face; cropped, or down to the shoulders. */
static void hair_cap(struct imp_scene *scene, const struct face *f, bool lush)
{
    const float s = f->size, low = lush ? 0.75f : -0.05f;
    const struct imp_matter matter = {.texture = IMP_HAIRY,
                                      .colour = imp_rgb_scale(f->hair, 0.9f),
                                      .other = imp_rgb_scale(f->hair, 0.45f),
                                      .scale = 5 / s,
                                      .turn = 1.57f,
                                      .seed = imp_dice_bits(&scene->dice)};
    const float x = f->x, y = f->y;
    imp_path_stroke(&scene->path, (const float[]){x, x, x},
                    (const float[]){y - 0.42f * s, y - 0.1f * s, y + low * s},
                    (const float[]){0.78f * s, 0.80f * s, 0.74f * s}, 3);
    imp_prop_solid(scene, &matter, 0.3f * s, 0.3f);
}

static void eye(struct imp_scene *scene, const struct face *f, float side)
{
    struct imp_canvas *canvas = scene->canvas;
    const float s = f->size, x = side * 0.31f, y = -0.06f;
    ellipse_at(scene, f, x, y, 0.17f, 0.11f);
    imp_area_add(canvas, &scene->path);
    imp_area_flat(canvas, imp_rgb_scale(f->skin, 0.6f), 0.55f);
    ellipse_at(scene, f, x, y, 0.125f, 0.062f);
    imp_fill(canvas, &scene->path, (struct imp_rgb){.90f, .88f, .85f});
    ellipse_at(scene, f, x + 0.04f * f->turn, y, 0.06f, 0.062f);
    imp_fill(canvas, &scene->path,
             imp_rgb_hsv(imp_dice_between(&scene->dice, 0.05f, 0.6f), 0.5f, 0.35f));
    ellipse_at(scene, f, x + 0.04f * f->turn, y, 0.028f, 0.03f);
    imp_fill(canvas, &scene->path, (struct imp_rgb){.03f, .03f, .04f});
    const float cx = f->x + s * (x + 0.3f * f->turn), cy = f->y + s * y;
    imp_path_stroke(&scene->path, (const float[]){cx - .15f * s, cx, cx + .15f * s},
                    (const float[]){cy, cy - .075f * s, cy},
                    (const float[]){.01f * s, .02f * s, .01f * s}, 3);
    imp_fill(canvas, &scene->path, imp_rgb_scale(f->hair, 0.4f));
    imp_path_stroke(&scene->path, (const float[]){cx - .19f * s, cx, cx + .19f * s},
                    (const float[]){cy - .17f * s, cy - .23f * s, cy - .18f * s},
                    (const float[]){.015f * s, .032f * s, .012f * s}, 3);
    imp_fill(canvas, &scene->path, imp_rgb_scale(f->hair, 0.7f));
}

static void nose_and_mouth(struct imp_scene *scene, const struct face *f)
{
    struct imp_canvas *canvas = scene->canvas;
    const float s = f->size, x = f->x + 0.33f * f->turn * s, y = f->y,
                side = scene->light_x < 0 ? 1 : -1;
    imp_path_four(&scene->path,
                  (const float[]){x, y - .05f * s, x + side * .03f * s, y, x + side * .13f * s,
                                  y + .30f * s, x, y + .33f * s});
    imp_area_add(canvas, &scene->path);
    imp_area_flat(canvas, imp_rgb_scale(f->skin, 0.55f), 0.6f);
    const struct imp_rgb lip = imp_rgb_mix(f->skin, (struct imp_rgb){.62f, .16f, .16f}, 0.55f);
    imp_path_ellipse(&scene->path, x, y + .55f * s, .22f * s, .075f * s, 0);
    imp_fill(canvas, &scene->path, lip);
    imp_path_stroke(&scene->path, (const float[]){x - .22f * s, x, x + .22f * s},
                    (const float[]){y + .54f * s, y + .56f * s, y + .54f * s},
                    (const float[]){.006f * s, .016f * s, .006f * s}, 3);
    imp_fill(canvas, &scene->path, imp_rgb_scale(lip, 0.4f));
}

static void shoulders(struct imp_scene *scene, const struct face *f)
{
    struct imp_dice *dice = &scene->dice;
    const float s = f->size;
    struct imp_matter cloth = imp_matter_any(dice, imp_matter_colour(dice));
    const struct imp_matter flesh = {
        .colour = imp_rgb_scale(f->skin, 0.8f), .other = imp_rgb_scale(f->skin, 0.6f), .scale = 4};
    imp_path_stroke(&scene->path, (const float[]){f->x, f->x, f->x},
                    (const float[]){f->y + .4f * s, f->y + s, f->y + 1.8f * s},
                    (const float[]){.42f * s, .40f * s, .6f * s}, 3);
    imp_prop_solid(scene, &flesh, 0.2f * s, 0);
    static const float outline[][2] = {
        {-.48f, .98f}, {-.7f, 1.12f},  {-1.35f, 1.42f}, {-1.68f, 1.8f}, {-1.9f, 4},  {1.9f, 4},
        {1.68f, 1.8f}, {1.35f, 1.42f}, {.7f, 1.12f},    {.48f, .98f},   {.2f, 1.3f}, {-.2f, 1.3f}};
    scene->path.count = 0;
    for (size_t i = 0; i < IMP_COUNT(outline); i++)
        imp_path_add(&scene->path, f->x + outline[i][0] * s, f->y + outline[i][1] * s);
    imp_prop_solid(scene, &cloth, 0.45f * s, 0.3f);
}

static void portrait(struct imp_scene *scene, float x, float y, float size)
{
    static const struct imp_rgb skins[] = {
        {.93f, .76f, .65f}, {.84f, .63f, .50f}, {.62f, .42f, .30f}, {.42f, .28f, .20f}};
    static const struct imp_rgb hairs[] = {{.10f, .08f, .07f},
                                           {.30f, .19f, .11f},
                                           {.66f, .50f, .26f},
                                           {.55f, .54f, .53f},
                                           {.46f, .18f, .08f}};
    struct imp_dice *dice = &scene->dice;
    const struct face f = {
        .x = x,
        .y = y,
        .size = size,
        .turn = imp_dice_bell(dice),
        .skin = imp_rgb_multiply(imp_dice_vary(dice, skins[imp_dice_below(dice, 4)], 0.06f),
                                 scene->sky.light),
        .hair = imp_rgb_multiply(hairs[imp_dice_below(dice, 5)], scene->sky.light)};
    const struct imp_matter flesh = {.texture = IMP_CLOUDY,
                                     .colour = f.skin,
                                     .other = imp_rgb_scale(f.skin, 0.9f),
                                     .scale = 3 / size,
                                     .seed = imp_dice_bits(dice)};
    const bool lush = imp_dice_chance(dice, 0.6f);
    hair_cap(scene, &f, lush);
    if (lush)
        hair_strands(scene, &f, false);
    shoulders(scene, &f);
    imp_path_stroke(&scene->path,
                    (const float[]){x, x + .06f * f.turn * size, x + .12f * f.turn * size},
                    (const float[]){y - .3f * size, y + .2f * size, y + .62f * size},
                    (const float[]){.72f * size, .64f * size, .40f * size}, 3);
    imp_prop_solid(scene, &flesh, 0.4f * size, 0.35f);
    eye(scene, &f, -1);
    eye(scene, &f, 1);
    nose_and_mouth(scene, &f);
    if (lush || imp_dice_chance(dice, 0.6f))
        hair_strands(scene, &f, true);
}

void imp_scene_portrait(struct imp_scene *scene)
{
    struct imp_dice *dice = &scene->dice;
    imp_sky_choose(scene, 0.6f);
    blurred_background(scene);
    const int faces = imp_dice_chance(dice, 0.7f) ? 1 : 2;
    for (int i = 0; i < faces; i++) {
        const float middle = ((float)i + 0.5f) / (float)faces;
        const float size = imp_dice_between(dice, 0.14f, 0.3f) / (faces == 1 ? 1 : 1.5f);
        portrait(scene, scene->canvas->aspect * (middle + 0.12f * imp_dice_bell(dice)),
                 imp_dice_between(dice, 0.36f, 0.5f), size);
    }
}

/* ---- Crowds ---------------------------------------------------------------------------------- */

void imp_scene_crowd(struct imp_scene *scene)
{
    struct imp_dice *dice = &scene->dice;
    const float horizon = imp_dice_between(dice, 0.3f, 0.55f);
    imp_sky_choose(scene, horizon);
    if (imp_dice_chance(dice, 0.5f))
        blurred_background(scene);
    else
        imp_canvas_paint(scene->canvas, 0, 1, imp_sky_paint, &scene->sky);
    struct imp_matter ground =
        imp_matter_any(dice, imp_rgb_multiply(imp_matter_colour(dice), scene->sky.light));
    imp_canvas_paint(scene->canvas, horizon, 1, imp_matter_paint, &ground);
    const int people = 4 + imp_dice_below(dice, 36);
    for (int i = 0; i < people; i++) {
        const float near = ((float)i + 0.5f) / (float)people;
        imp_prop_person(scene, scene->canvas->aspect * imp_dice_between(dice, 0, 1),
                        horizon + 0.03f + 0.7f * near * near, 0.1f + 0.6f * near * near);
    }
}

/* ---- Animals --------------------------------------------------------------------------------- */

struct coat {
    struct imp_rgb base, belly, mark;
    float scale;
    uint32_t seed;
};

static struct imp_rgb coat_at(const struct coat *coat, float x, float y, float up)
{
    const float n = imp_noise_fractal(coat->scale * x + 2 * imp_noise(9 * x, 9 * y, coat->seed),
                                      0.4f * coat->scale * y, 2, coat->seed);
    return imp_rgb_mix(imp_rgb_mix(coat->base, coat->mark, imp_smooth(0.5f, 0.6f, n)), coat->belly,
                       up);
}

/* Hair on an ellipse: outwards and down, light on the side of the light. */
static void fur(struct imp_scene *scene, const struct coat *coat, float x, float y, float rx,
                float ry)
{
    struct imp_dice *dice = &scene->dice;
    const struct imp_matter under = {.texture = IMP_HAIRY,
                                     .colour = coat->base,
                                     .other = imp_rgb_scale(coat->base, 0.5f),
                                     .scale = 4 / ry,
                                     .turn = 1.4f,
                                     .seed = imp_dice_bits(dice)};
    imp_path_blob(&scene->path, x, y, rx, ry, 0.15f, imp_dice_bits(dice));
    imp_prop_solid(scene, &under, 0.5f * ry, 0.35f);
    const int hairs = (int)(2200 * rx * ry / 0.04f);
    for (int i = 0; i < (hairs < 1600 ? hairs : 1600); i++) {
        const float a = imp_dice_between(dice, 0, 2 * IMP_PI),
                    r = sqrtf(imp_dice_between(dice, 0, 1));
        const float ux = r * cosf(a), uy = r * sinf(a), px = x + rx * ux, py = y + ry * uy;
        const float length = 0.18f * ry * imp_dice_between(dice, 0.6f, 1.2f), w = 0.022f * ry;
        const float to_x = px + length * (ux + 0.4f * imp_dice_bell(dice)),
                    to_y = py + length * (0.5f + 0.7f * uy);
        const float lit = 1 + 0.4f * (scene->light_x * ux + scene->light_y * uy);
        imp_path_line(&scene->path, px, py, to_x, to_y, w, 0.2f * w);
        imp_fill(
            scene->canvas, &scene->path,
            imp_rgb_scale(imp_dice_vary(dice, coat_at(coat, px, py, imp_smooth(0.4f, 1, uy)), 0.1f),
                          lit));
    }
}

static void animal_head(struct imp_scene *scene, const struct coat *coat, float x, float y, float s)
{
    struct imp_canvas *canvas = scene->canvas;
    struct imp_path *path = &scene->path;
    const float ear = imp_dice_between(&scene->dice, 0.8f, 1.7f);
    for (int side = -1; side <= 1; side += 2) {
        const float d = (float)side * s;
        path->count = 0;
        imp_path_add(path, x + .25f * d, y - .7f * s);
        imp_path_add(path, x + .8f * d, y - (.7f + .6f * ear) * s);
        imp_path_add(path, x + .95f * d, y - .3f * s);
        imp_prop_solid(
            scene, &(struct imp_matter){.colour = coat->base, .other = coat->mark, .scale = 9 / s},
            0.2f * s, 0.3f);
    }
    fur(scene, coat, x, y, s, 0.9f * s);
    const struct imp_rgb iris =
        imp_rgb_hsv(imp_dice_between(&scene->dice, 0.08f, 0.4f), 0.7f, 0.7f);
    for (int side = -1; side <= 1; side += 2) {
        const float d = (float)side * s;
        imp_path_ellipse(path, x + .38f * d, y - .12f * s, .2f * s, .17f * s, 0);
        imp_fill(canvas, path, (struct imp_rgb){.08f, .06f, .05f});
        imp_path_ellipse(path, x + .38f * d, y - .12f * s, .17f * s, .145f * s, 0);
        imp_fill(canvas, path, iris);
        imp_path_ellipse(path, x + .38f * d, y - .12f * s, .06f * s, .13f * s, 0);
        imp_fill(canvas, path, (struct imp_rgb){.02f, .02f, .02f});
        imp_path_ellipse(path, x + .43f * d - .05f * s, y - .18f * s, .035f * s, .035f * s, 0);
        imp_fill(canvas, path, (struct imp_rgb){1, 1, 1});
        for (int i = 0; i < 4; i++) {
            imp_path_line(path, x + .2f * d, y + .3f * s, x + 1.3f * d,
                          y + (.1f + .17f * (float)i) * s, .012f * s, .004f * s);
            imp_fill(canvas, path, (struct imp_rgb){.93f, .92f, .9f});
        }
    }
    imp_path_ellipse(path, x, y + .22f * s, .13f * s, .09f * s, 0);
    imp_fill(canvas, path, (struct imp_rgb){.45f, .26f, .25f});
    imp_path_stroke(
        path, (const float[]){x - .25f * s, x - .1f * s, x, x + .1f * s, x + .25f * s},
        (const float[]){y + .45f * s, y + .5f * s, y + .35f * s, y + .5f * s, y + .45f * s},
        (const float[]){.02f * s, .025f * s, .02f * s, .025f * s, .02f * s}, 5);
    imp_fill(canvas, path, (struct imp_rgb){.14f, .09f, .08f});
}

void imp_scene_animal(struct imp_scene *scene)
{
    struct imp_dice *dice = &scene->dice;
    imp_sky_choose(scene, 0.6f);
    blurred_background(scene);
    const struct imp_rgb base = imp_dice_vary(dice,
                                              imp_rgb_hsv(imp_dice_between(dice, 0.04f, 0.12f),
                                                          imp_dice_between(dice, 0, 0.6f),
                                                          imp_dice_between(dice, 0.2f, 0.85f)),
                                              0.1f);
    const struct coat coat = {.base = base,
                              .belly = imp_rgb_mix(base, (struct imp_rgb){.95f, .93f, .9f}, 0.6f),
                              .mark = imp_rgb_scale(base, imp_dice_between(dice, 0.25f, 0.9f)),
                              .scale = imp_dice_between(dice, 10, 40),
                              .seed = imp_dice_bits(dice)};
    const float size = imp_dice_between(dice, 0.13f, 0.28f), aspect = scene->canvas->aspect;
    const float x = aspect * imp_dice_between(dice, 0.35f, 0.65f),
                y = imp_dice_between(dice, 0.35f, 0.5f);
    const float side = size * 1.6f * imp_dice_bell(dice);
    struct imp_matter floor = imp_matter_any(dice, imp_matter_colour(dice));
    imp_canvas_paint(scene->canvas, y + 2 * size, 1, imp_matter_paint, &floor);
    fur(scene, &coat, x + side, y + 1.7f * size, 1.5f * size, 1.25f * size);
    animal_head(scene, &coat, x, y, size);
}
