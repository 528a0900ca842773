/* SPDX-License-Identifier: MIT */
/* Skies and water. */

#include "draw/scene.h"

struct hour {
    struct imp_rgb high, low, cloud, shade, light;
    bool night;
};

static const struct hour hours[] = {
    /* noon, a hazy day, morning, evening, dusk, rain, night */
    {{.16f, .36f, .70f},
     {.66f, .80f, .92f},
     {.99f, .99f, .98f},
     {.62f, .67f, .76f},
     {1.05f, 1.02f, .96f},
     false},
    {{.44f, .58f, .74f},
     {.84f, .87f, .88f},
     {.96f, .96f, .95f},
     {.72f, .75f, .79f},
     {1, .98f, .93f},
     false},
    {{.32f, .50f, .76f},
     {.98f, .86f, .70f},
     {1, .93f, .84f},
     {.66f, .62f, .72f},
     {1.1f, .98f, .82f},
     false},
    {{.22f, .28f, .52f},
     {.99f, .62f, .30f},
     {.98f, .60f, .42f},
     {.42f, .30f, .44f},
     {1.15f, .82f, .58f},
     false},
    {{.09f, .11f, .28f},
     {.72f, .44f, .48f},
     {.62f, .36f, .46f},
     {.20f, .18f, .34f},
     {.62f, .54f, .66f},
     false},
    {{.46f, .50f, .54f},
     {.76f, .78f, .79f},
     {.82f, .83f, .84f},
     {.42f, .45f, .49f},
     {.85f, .87f, .90f},
     false},
    {{.02f, .03f, .09f},
     {.12f, .14f, .26f},
     {.20f, .20f, .28f},
     {.06f, .07f, .14f},
     {.34f, .38f, .56f},
     true},
};

void imp_sky_choose(struct imp_scene *scene, float horizon)
{
    struct imp_dice *dice = &scene->dice;
    const int which = imp_dice_chance(dice, 0.4f) ? 0 : imp_dice_below(dice, IMP_COUNT(hours));
    const struct hour *hour = &hours[which];
    scene->sky = (struct imp_sky){
        .high = imp_dice_vary(dice, hour->high, 0.12f),
        .low = imp_dice_vary(dice, hour->low, 0.12f),
        .cloud = hour->cloud,
        .shade = hour->shade,
        .horizon = horizon,
        .amount = imp_dice_chance(dice, 0.3f) ? 0 : imp_dice_between(dice, 0.2f, 0.9f),
        .size = imp_dice_between(dice, 0.25f, 0.8f),
        .sun_x = scene->canvas->aspect * imp_dice_between(dice, -0.7f, 1.7f),
        .sun_y = horizon * imp_dice_between(dice, 0.3f, 0.95f),
        .light = hour->light,
        .night = hour->night,
        .seed = imp_dice_bits(dice),
    };
}

/* Clouds lie flat: towards the horizon they are seen from the side, close together. */
static float cloud_at(const struct imp_sky *sky, float x, float y)
{
    const float down = imp_clamp01(y / sky->horizon);
    const float far = 1 / (1.15f - down);
    const float n =
        imp_noise_fractal((x - 0.5f) * far / sky->size, 2.2f * far / sky->size, 5, sky->seed);
    return imp_smooth(0.72f - 0.42f * sky->amount, 0.85f - 0.3f * sky->amount, n) *
           imp_smooth(1.0f, 0.8f, down);
}

struct imp_rgb imp_sky_paint(const void *user, float x, float y)
{
    const struct imp_sky *sky = user;
    const float down = imp_clamp01(y / sky->horizon);
    struct imp_rgb colour = imp_rgb_mix(sky->high, sky->low, down * sqrtf(down));
    const float dx = x - sky->sun_x, dy = y - sky->sun_y, away = sqrtf(dx * dx + dy * dy);
    if (sky->night && imp_noise_hash((int)(x * 400), (int)(y * 400), sky->seed) > 0.998f)
        colour = (struct imp_rgb){0.9f, 0.9f, 0.85f};
    if (sky->amount > 0) {
        const float cover = cloud_at(sky, x, y);
        /* Thick towards the light is bright, thick away from it is dark. */
        const float lit = cover > 0 ? cloud_at(sky, x - 0.02f, y - 0.03f) : 0;
        const struct imp_rgb cloud =
            imp_rgb_mix(sky->shade, sky->cloud, imp_clamp01(0.75f + 1.4f * (cover - lit)));
        colour = imp_rgb_mix(colour, cloud, 0.95f * cover);
    }
    const float glow = 0.55f * expf(-away / 0.16f) + imp_smooth(0.034f, 0.027f, away);
    return imp_rgb_mix(colour, (struct imp_rgb){1, 0.97f, 0.86f}, imp_clamp01(glow));
}

void imp_water_draw(struct imp_scene *scene, float top, float end, struct imp_rgb colour)
{
    struct imp_canvas *canvas = scene->canvas;
    const uint32_t seed = imp_dice_bits(&scene->dice);
    const float rough = imp_dice_between(&scene->dice, 0.2f, 1.6f);
    const float unit = (float)canvas->height;
    const int line = (int)(imp_clamp01(top) * unit), last = (int)(imp_clamp01(end) * unit);
    for (int y = line; y < last; y++) {
        const float near = ((float)(y - line) + 1) / unit, far = 0.06f / near;
        for (int x = 0; x < canvas->width; x++) {
            const float u = ((float)x / unit - 0.5f * canvas->aspect) * far * 40, v = far * 60;
            const float wave = imp_noise_fractal(u * 0.35f, v, 4, seed) - 0.5f;
            int from = line - 1 - (int)((near * (1 + 0.6f * wave) + 0.12f * rough * wave) * unit);
            from = from < 0 ? 0 : from >= line ? line - 1 : from;
            const struct imp_rgb mirrored =
                line > 0 ? imp_canvas_get(canvas, x, from) : scene->sky.low;
            const float clear = imp_clamp01(0.80f - 0.75f * near - 0.9f * rough * wave);
            imp_canvas_set(canvas, x, y, imp_rgb_mix(colour, mirrored, clear));
        }
    }
}
