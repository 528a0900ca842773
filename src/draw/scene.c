/* SPDX-License-Identifier: MIT */
/* The series of scenes: which kind, and what a camera makes of it. */

#include "draw/draw.h"

#include "draw/scene.h"

static const struct kind {
    const char *name;
    imp_scene_fn draw;
} kinds[] = {
    {"terrain", imp_scene_terrain}, {"portrait", imp_scene_portrait}, {"houses", imp_scene_houses},
    {"flowers", imp_scene_flowers}, {"sea", imp_scene_sea},           {"table", imp_scene_table},
    {"forest", imp_scene_forest},   {"street", imp_scene_street},     {"animal", imp_scene_animal},
    {"skyline", imp_scene_skyline}, {"heap", imp_scene_heap},         {"meadow", imp_scene_meadow},
    {"crowd", imp_scene_crowd},     {"surface", imp_scene_surface},
};

int imp_draw_scene_kinds(void)
{
    return (int)IMP_COUNT(kinds);
}

const char *imp_draw_scene_name(int kind)
{
    return kinds[kind].name;
}

/* ---- The camera ------------------------------------------------------------------------------ */

struct camera {
    float exposure, contrast, saturation, vignette, grain, black;
    struct imp_rgb balance;
    uint32_t seed;
};

/* Cameras choose an exposure that makes most pictures neither dark nor pale. */
static float metered(struct imp_dice *dice, const struct imp_canvas *canvas)
{
    double sum = 0;
    for (size_t i = 0; i < 3 * canvas->plane; i++)
        sum += imp_clamp01(canvas->rgb[i]);
    const float mean = (float)(sum / (3.0 * (double)canvas->plane));
    const float wanted = 0.45f * expf(0.35f * imp_dice_bell(dice));
    return fminf(powf(wanted / (mean + 0.02f), 0.75f), 4);
}

static struct camera choose_camera(struct imp_dice *dice, const struct imp_canvas *canvas)
{
    const float warm = 0.12f * imp_dice_bell(dice);
    return (struct camera){
        .exposure = metered(dice, canvas),
        .contrast = imp_dice_between(dice, 0, 0.8f),
        .saturation = imp_dice_chance(dice, 0.06f) ? 0 : 1 + 0.4f * imp_dice_bell(dice),
        .vignette = imp_dice_between(dice, 0, 0.5f),
        .grain = imp_dice_between(dice, 0, 0.035f),
        .black = imp_dice_between(dice, 0, 0.05f),
        .balance = {1 + warm, 1, 1 - warm},
        .seed = imp_dice_bits(dice),
    };
}

static float tone(const struct camera *camera, float x, float light)
{
    const float t = imp_clamp01(camera->exposure * imp_mix(light, x, camera->saturation));
    return imp_clamp01(camera->black +
                       (1 - camera->black) * imp_mix(t, t * t * (3 - 2 * t), camera->contrast));
}

static void develop(const struct camera *camera, struct imp_canvas *canvas)
{
    for (int y = 0; y < canvas->height; y++) {
        const float v = ((float)y + 0.5f) / (float)canvas->height - 0.5f;
        for (int x = 0; x < canvas->width; x++) {
            const float u = ((float)x + 0.5f) / (float)canvas->width - 0.5f;
            const float grain = camera->grain * (imp_noise_hash(x, y, camera->seed) +
                                                 imp_noise_hash(x, y, camera->seed + 1) - 1);
            const struct imp_rgb raw =
                imp_rgb_scale(imp_canvas_get(canvas, x, y), 1 - camera->vignette * (u * u + v * v));
            const struct imp_rgb c = imp_rgb_multiply(raw, camera->balance);
            const float light = imp_rgb_light(c) - grain;
            imp_canvas_set(canvas, x, y,
                           (struct imp_rgb){tone(camera, c.r + grain, light),
                                            tone(camera, c.g + grain, light),
                                            tone(camera, c.b + grain, light)});
        }
    }
}

/* ---- The series ------------------------------------------------------------------------------ */

enum impasto_status imp_draw_scene_kind(int kind, uint64_t seed, int index, int height, int width,
                                        float *rgb, struct impasto_error *error)
{
    if (kind < 0 || kind >= imp_draw_scene_kinds())
        return imp_fail(error, IMPASTO_ERROR_USAGE, "kind %d of scenes; there are %d, from 0", kind,
                        imp_draw_scene_kinds());
    IMP_TRY(imp_canvas_check(height, width, error));
    struct imp_canvas canvas;
    IMP_TRY(imp_canvas_open(&canvas, height, width, rgb, error));
    struct imp_scene scene = {.canvas = &canvas, .dice = {.seed = seed, .stream = (uint32_t)index}};
    const float angle = imp_dice_between(&scene.dice, 0.15f, 0.85f) * IMP_PI;
    const float high = imp_dice_between(&scene.dice, 0.5f, 0.9f);
    scene.light_x = high * cosf(angle);
    scene.light_y = -high * sinf(angle);
    kinds[kind].draw(&scene);
    if (imp_dice_chance(&scene.dice, 0.3f))
        imp_canvas_blur(&canvas, imp_dice_between(&scene.dice, 0, 0.006f));
    const struct camera camera = choose_camera(&scene.dice, &canvas);
    develop(&camera, &canvas);
    imp_canvas_close(&canvas);
    return IMPASTO_OK;
}

enum impasto_status imp_draw_scene(uint64_t seed, int index, int height, int width, float *rgb,
                                   struct impasto_error *error)
{
    if (index < 0)
        return imp_fail(error, IMPASTO_ERROR_USAGE, "scene %d; scenes are numbered from 0", index);
    return imp_draw_scene_kind(index % (int)IMP_COUNT(kinds), seed, index, height, width, rgb,
                               error);
}
