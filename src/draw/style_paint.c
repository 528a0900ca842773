/* SPDX-License-Identifier: MIT */
/* Styles with a full brush: oil, fauve, pastel, pointillist. */

#include "draw/style.h"

/* ---- What sketches are made of --------------------------------------------------------------- */

static float ridge(float x, float base, float rise, float waves, uint32_t seed)
{
    return base - rise * 2 * (imp_noise_fractal(waves * x, 3, 3, seed) - 0.5f);
}

/* Everything below a hilly line. */
static void land_path(struct imp_style *style, float base, float rise, float waves, uint32_t seed)
{
    struct imp_path *path = &style->path;
    const float right = style->canvas->aspect;
    path->count = 0;
    for (int i = 0; i <= 120; i++) {
        const float x = right * (float)i / 120;
        imp_path_add(path, x, ridge(x, base, rise, waves, seed));
    }
    imp_path_add(path, right, 1);
    imp_path_add(path, 0, 1);
}

static void land(struct imp_style *style, float base, float rise, float waves, uint32_t seed,
                 struct imp_rgb colour)
{
    land_path(style, base, rise, waves, seed);
    imp_fill(style->canvas, &style->path, colour);
}

static void disc(struct imp_style *style, float x, float y, float radius, struct imp_rgb colour)
{
    imp_path_ellipse(&style->path, x, y, radius, radius, 0);
    imp_fill(style->canvas, &style->path, colour);
}

/* ---- Oil: a windy night over a lake ---------------------------------------------------------- */

struct eddy {
    float x, y, radius, spin, glow, disc;
};

/* x is a share of the width. */
static const struct eddy eddies[] = {
    {.74f, .20f, .20f, 2.4f, 1.00f, .052f}, {.36f, .34f, .19f, -2.4f, .35f, 0},
    {.14f, .13f, .09f, 2.0f, 1.00f, .017f}, {.48f, .09f, .07f, -1.8f, .95f, .014f},
    {.93f, .43f, .08f, 1.8f, .90f, .014f},  {.08f, .45f, .08f, 1.6f, .85f, .012f},
    {.60f, .45f, .10f, 2.0f, .40f, 0},      {.28f, .03f, .06f, 1.8f, .85f, .010f},
    {.95f, .06f, .07f, -1.8f, .90f, .012f}, {.52f, .27f, .05f, -1.7f, .80f, .009f},
};

#define SHORE 0.66f
#define BANK 0.86f

static void wind(float aspect, float x, float y, float to[2])
{
    to[0] = 1;
    to[1] = 0.35f * sinf(3.6f * x + 2.3f * y) + 0.5f * (imp_noise(3 * x, 3 * y, 11) - 0.5f);
    for (size_t i = 0; i < IMP_COUNT(eddies); i++) {
        const struct eddy *e = &eddies[i];
        const float dx = x - e->x * aspect, dy = y - e->y, r = sqrtf(dx * dx + dy * dy) + 1e-6f;
        const float pull = e->spin * 1.7f * expf(-r * r / (1.7f * e->radius * e->radius)) / r;
        /* A little inward: spirals, not rings. */
        to[0] += pull * (-dy - 0.22f * dx);
        to[1] += pull * (dx - 0.22f * dy);
    }
}

/* Colours are carried along by the wind, so that they lie in streaks that swirl. */
static float streaks(float aspect, float x, float y)
{
    for (int i = 0; i < 9; i++) {
        float to[2];
        wind(aspect, x, y, to);
        const float step = 0.017f / sqrtf(to[0] * to[0] + to[1] * to[1] + 1e-12f);
        x -= to[0] * step;
        y -= to[1] * step;
    }
    return imp_noise_fractal(7 * x, 11 * y, 3, 31);
}

static struct imp_rgb night_sky(const void *user, float x, float y)
{
    static const struct imp_rgb blues[] = {{.03f, .05f, .22f}, {.06f, .13f, .42f},
                                           {.11f, .29f, .63f}, {.25f, .50f, .76f},
                                           {.60f, .77f, .80f}, {.90f, .89f, .66f}};
    static const struct imp_rgb lights[] = {{.16f, .38f, .60f}, {.44f, .64f, .58f},
                                            {.84f, .78f, .36f}, {.99f, .80f, .20f},
                                            {1.f, .90f, .50f},  {1.f, .97f, .80f}};
    const float aspect = *(const float *)user, streak = streaks(aspect, x, y);
    float shine = 0.40f + 2.3f * (streak - 0.5f) + 0.30f * (y - 0.3f), star = 0, near = 0;
    for (size_t i = 0; i < IMP_COUNT(eddies); i++) {
        const struct eddy *e = &eddies[i];
        const float r = hypotf(x - e->x * aspect, y - e->y);
        const float halo = expf(-r * r / (e->radius * e->radius));
        if (e->disc == 0) {
            shine += e->glow * halo * (0.6f + 0.7f * sinf(8 * streak));
            continue;
        }
        const float rings = 0.82f + 0.18f * cosf(40 * sqrtf(r / e->radius) - 3);
        star = fmaxf(star, e->glow * halo * rings * (0.75f + 0.5f * streak));
        near = fmaxf(near, imp_smooth(1.15f * e->disc, 0.85f * e->disc, r));
    }
    const struct imp_rgb lit = imp_rgb_mix(imp_rgb_palette(blues, 6, shine),
                                           imp_rgb_palette(lights, 6, star * 1.05f - 0.1f),
                                           imp_smooth(0.12f, 0.45f, star));
    return imp_rgb_mix(lit, (struct imp_rgb){1, .95f, .70f}, near);
}

static struct imp_rgb night_lake(const void *user, float x, float y)
{
    const float aspect = *(const float *)user, swell = imp_noise_fractal(5 * x, 42 * y, 3, 44);
    struct imp_rgb water =
        imp_rgb_mix((struct imp_rgb){.05f, .14f, .40f}, (struct imp_rgb){.26f, .58f, .70f},
                    imp_smooth(0.38f, 0.68f, swell));
    const float off = (x - eddies[0].x * aspect) / (0.05f + 0.45f * (y - SHORE));
    const float path = expf(-off * off) * imp_smooth(0.34f, 0.52f, swell);
    return imp_rgb_mix(water, (struct imp_rgb){1, .84f, .38f}, path);
}

static void village(struct imp_style *style)
{
    const float aspect = style->canvas->aspect;
    for (int i = 0; i < 16; i++) {
        const float x = aspect * (0.04f + 0.036f * (float)i + 0.012f * imp_dice_bell(&style->dice));
        const float tall = imp_dice_between(&style->dice, 0.02f, 0.05f), y = SHORE + 0.004f;
        const float w = 0.016f;
        imp_path_rectangle(&style->path, x - w, y - tall, x + w, y);
        imp_fill(style->canvas, &style->path,
                 imp_dice_vary(&style->dice, (struct imp_rgb){.20f, .20f, .38f}, .1f));
        imp_path_four(&style->path, (const float[]){x - 1.3f * w, y - tall, x, y - tall - 0.025f, x,
                                                    y - tall - 0.025f, x + 1.3f * w, y - tall});
        imp_fill(style->canvas, &style->path,
                 imp_dice_vary(&style->dice, (struct imp_rgb){.52f, .24f, .16f}, .1f));
        imp_path_rectangle(&style->path, x - 0.4f * w, y - 0.7f * tall, x + 0.4f * w,
                           y - 0.3f * tall);
        imp_fill(style->canvas, &style->path, (struct imp_rgb){1, .80f, .30f});
        imp_path_rectangle(&style->path, x - 0.4f * w, y + 0.015f, x + 0.4f * w, y + 0.05f + tall);
        imp_fill(style->canvas, &style->path, (struct imp_rgb){.95f, .72f, .26f});
    }
}

static void night_flow(struct imp_style *style)
{
    const struct imp_canvas *canvas = style->canvas;
    const float unit = 1 / (float)canvas->height;
    for (int py = 0; py < canvas->height; py++) {
        for (int px = 0; px < canvas->width; px++) {
            const float x = (float)px * unit, y = (float)py * unit;
            float to[2] = {1, 0.25f * (imp_noise(5 * x, 8 * y, 52) - 0.5f)};
            if (y < ridge(x, 0.60f, 0.09f, 2.2f, 5))
                wind(canvas->aspect, x, y, to);
            else if (y < SHORE)
                to[1] = 0.6f * (imp_noise(5 * x, 9 * y, 53) - 0.5f);
            else if (y > ridge(x, BANK, 0.06f, 2, 9)) {
                to[0] = 0.35f + 0.9f * (imp_noise(5 * x, 3 * y, 54) - 0.5f);
                to[1] = -1;
            }
            style->angle[(size_t)py * (size_t)canvas->width + (size_t)px] = atan2f(to[1], to[0]);
        }
    }
}

static struct imp_rgb ripe_grass(const void *user, float x, float y)
{
    static const struct imp_rgb straws[] = {
        {.10f, .16f, .16f}, {.34f, .34f, .12f}, {.78f, .52f, .10f}, {.96f, .76f, .26f}};
    (void)user;
    return imp_rgb_palette(
        straws, 4, 1.9f * imp_noise_fractal(16 * x, 5 * y, 2, 43) - 0.45f + 0.5f * (y - BANK));
}

void imp_style_oil(struct imp_style *style)
{
    struct imp_canvas *canvas = style->canvas;
    imp_canvas_paint(canvas, 0, SHORE, night_sky, &canvas->aspect);
    land(style, 0.60f, 0.09f, 2.2f, 5, (struct imp_rgb){.13f, .19f, .46f});
    land(style, 0.635f, 0.06f, 3.1f, 6, (struct imp_rgb){.10f, .24f, .36f});
    imp_canvas_paint(canvas, SHORE, 1, night_lake, &canvas->aspect);
    village(style);
    land_path(style, BANK, 0.06f, 2, 9);
    imp_area_add(canvas, &style->path);
    imp_area_paint(canvas, ripe_grass, NULL, 1);
    imp_sketch_take(style);
    night_flow(style);
    static const struct {
        float radius, cover, detail, length;
    } layers[] = {{.030f, 2.5f, 0, 11},
                  {.019f, 2.2f, 0, 12},
                  {.0125f, 2.2f, .20f, 13},
                  {.0075f, 2.8f, .42f, 12}};
    for (size_t i = 0; i < IMP_COUNT(layers); i++)
        imp_layer_paint(style, &(struct imp_layer){.brush = {.radius = layers[i].radius,
                                                             .opacity = 1,
                                                             .dry = 0.6f,
                                                             .bristles = 0.35f,
                                                             .relief = 1,
                                                             .start = 0.8f,
                                                             .end = 0.6f},
                                                   .length = layers[i].length,
                                                   .cover = layers[i].cover,
                                                   .detail = layers[i].detail,
                                                   .vary = 0.9f,
                                                   .edge = 0.7f});
    imp_relief_light(style, 0.7f, 0.14f);
}

/* ---- Fauve: a harbour at noon ---------------------------------------------------------------- */

/* Of roofs and hulls. */
static const struct imp_rgb lacquers[] = {
    {.90f, .22f, .12f}, {.98f, .56f, .10f}, {.72f, .12f, .30f}, {.20f, .24f, .60f}};

static void fauve_boat(struct imp_style *style, float x, float y, float size, struct imp_rgb hull,
                       struct imp_rgb sail)
{
    struct imp_canvas *canvas = style->canvas;
    struct imp_path *path = &style->path;
    imp_path_four(path,
                  (const float[]){x - size, y - .22f * size, x + 1.1f * size, y - .3f * size,
                                  x + .8f * size, y + .1f * size, x - .8f * size, y + .1f * size});
    imp_fill(canvas, path, hull);
    path->count = 0;
    imp_path_add(path, x + .05f * size, y - 2.1f * size);
    imp_path_add(path, x + .95f * size, y - .45f * size);
    imp_path_add(path, x + .05f * size, y - .4f * size);
    imp_fill(canvas, path, sail);
    path->count = 0;
    imp_path_add(path, x - .05f * size, y - 1.9f * size);
    imp_path_add(path, x - .05f * size, y - .4f * size);
    imp_path_add(path, x - .75f * size, y - .42f * size);
    imp_fill(canvas, path, imp_rgb_mix(sail, (struct imp_rgb){1, .95f, .7f}, 0.5f));
    for (int i = 0; i < 5; i++) { /* what the water mirrors, in pieces */
        const float py = y + size * (0.25f + 0.28f * (float)i),
                    w = size * (0.75f - 0.1f * (float)i);
        imp_path_line(path, x - w, py, x + w, py, 0.06f * size, 0.06f * size);
        imp_fill(canvas, path, i % 2 ? sail : hull);
    }
}

static void fauve_tree(struct imp_style *style, float x, float y, float size, struct imp_rgb crown,
                       struct imp_rgb trunk)
{
    const float bend = 0.25f * size;
    imp_path_stroke(&style->path, (const float[]){x, x + .4f * bend, x + bend},
                    (const float[]){y, y - .5f * size, y - size},
                    (const float[]){.07f * size, .05f * size, .04f * size}, 3);
    imp_fill(style->canvas, &style->path, trunk);
    for (int i = 0; i < 6; i++) {
        const float a = (float)i * 1.05f;
        imp_path_blob(&style->path, x + bend + .3f * size * cosf(a),
                      y - size + .2f * size * sinf(a), .26f * size, .18f * size, .4f,
                      (uint32_t)i + 3);
        imp_fill(style->canvas, &style->path,
                 i % 2 ? crown : imp_rgb_mix(crown, (struct imp_rgb){.98f, .86f, .2f}, 0.55f));
    }
}

static void fauve_sky(struct imp_style *style)
{
    static const struct imp_rgb sky[] = {{.98f, .66f, .56f},
                                         {.99f, .82f, .58f},
                                         {.60f, .82f, .80f},
                                         {.20f, .62f, .80f},
                                         {.98f, .74f, .66f}};
    struct imp_dice *dice = &style->dice;
    imp_path_rectangle(&style->path, 0, 0, style->canvas->aspect, 1);
    imp_fill(style->canvas, &style->path, sky[1]);
    for (int i = 0; i < 60; i++) {
        float at[2];
        imp_spread(style, i, 0.1f, at);
        imp_path_blob(&style->path, at[0], at[1] * 0.6f, 0.18f, 0.05f, 0.5f, imp_dice_bits(dice));
        imp_fill(style->canvas, &style->path, sky[imp_dice_below(dice, 5)]);
    }
    disc(style, 0.22f * style->canvas->aspect, 0.14f, 0.07f, (struct imp_rgb){1, .93f, .42f});
}

static void fauve_house(struct imp_style *style, float x, float y, float tall)
{
    static const struct imp_rgb walls[] = {{.99f, .88f, .52f},
                                           {.98f, .70f, .68f},
                                           {.62f, .82f, .88f},
                                           {.99f, .96f, .86f},
                                           {.46f, .70f, .42f}};
    const float w = 0.045f;
    struct imp_path *path = &style->path;
    imp_path_rectangle(path, x - w, y - tall, x + w, y);
    imp_fill(style->canvas, path, walls[imp_dice_below(&style->dice, 5)]);
    imp_path_four(path, (const float[]){x - 1.15f * w, y - tall, x - .3f * w, y - tall - .06f,
                                        x + .3f * w, y - tall - .06f, x + 1.15f * w, y - tall});
    imp_fill(style->canvas, path, lacquers[imp_dice_below(&style->dice, 4)]);
    imp_path_rectangle(path, x - .4f * w, y - .6f * tall, x + .1f * w, y - .2f * tall);
    imp_fill(style->canvas, path, (struct imp_rgb){.10f, .16f, .44f});
}

static void fauve_sea(struct imp_style *style, float top)
{
    static const struct imp_rgb sea[] = {{.02f, .34f, .62f},
                                         {.05f, .58f, .66f},
                                         {.36f, .78f, .68f},
                                         {.92f, .40f, .36f},
                                         {.98f, .78f, .30f}};
    struct imp_dice *dice = &style->dice;
    imp_path_rectangle(&style->path, 0, top, style->canvas->aspect, 1);
    imp_fill(style->canvas, &style->path, sea[0]);
    for (int i = 0; i < 150; i++) {
        float at[2];
        imp_spread(style, i, 0.1f, at);
        const float near = imp_clamp01(at[1]), y = top + 0.01f + 0.43f * near;
        const float l = 0.04f + 0.10f * near;
        imp_path_line(&style->path, at[0] - l, y, at[0] + l, y, 0.012f, 0.012f);
        const int most = imp_dice_chance(dice, 0.72f) ? 3 : 5;
        imp_fill(style->canvas, &style->path, sea[imp_dice_below(dice, most)]);
    }
}

static void fauve_sketch(struct imp_style *style)
{
    const float aspect = style->canvas->aspect;
    fauve_sky(style);
    land(style, 0.36f, 0.12f, 2.1f, 15, (struct imp_rgb){.46f, .30f, .66f});
    land(style, 0.42f, 0.09f, 2.7f, 16, (struct imp_rgb){.98f, .46f, .22f});
    land(style, 0.48f, 0.05f, 3.4f, 17, (struct imp_rgb){.16f, .56f, .38f});
    for (int i = 0; i < 11; i++)
        fauve_house(style, aspect * (0.02f + 0.094f * (float)i), 0.565f,
                    imp_dice_between(&style->dice, 0.06f, 0.14f));
    fauve_sea(style, 0.56f);
    fauve_boat(style, 0.30f * aspect, 0.78f, 0.19f, lacquers[0],
               (struct imp_rgb){.99f, .84f, .30f});
    fauve_boat(style, 0.62f * aspect, 0.68f, 0.12f, lacquers[3],
               (struct imp_rgb){.98f, .52f, .40f});
    fauve_boat(style, 0.50f * aspect, 0.61f, 0.05f, lacquers[2],
               (struct imp_rgb){.98f, .97f, .88f});
    fauve_tree(style, 0.86f * aspect, 1.04f, 0.46f, (struct imp_rgb){.10f, .52f, .30f},
               (struct imp_rgb){.72f, .14f, .22f});
}

/* Dark strokes where colours meet. */
static void contours(struct imp_style *style, struct imp_rgb colour)
{
    struct imp_way way;
    for (int i = 0; i < 9000; i++) {
        float at[2];
        imp_spread(style, i, 0.02f, at);
        if (at[1] < 0.3f || imp_sketch_detail(style, at[0], at[1], 0.006f) < 0.9f ||
            imp_dice_chance(&style->dice, 0.6f))
            continue;
        imp_way_trace(style, &way, at[0], at[1], 0.07f, 9);
        imp_brush_stroke(
            style, &way,
            &(struct imp_brush){.radius = imp_dice_between(&style->dice, .0035f, .006f),
                                .paint = {colour, imp_rgb_scale(colour, 1.6f)},
                                .opacity = 0.95f,
                                .dry = 0.4f,
                                .bristles = 0.2f,
                                .relief = 0.5f,
                                .start = 0.6f,
                                .end = 0.4f,
                                .seed = imp_dice_bits(&style->dice)});
    }
}

void imp_style_fauve(struct imp_style *style)
{
    fauve_sketch(style);
    imp_sketch_take(style);
    imp_sketch_flow(style, 0.05f, 0.35f, 0.03f);
    imp_paper(style, (struct imp_rgb){.95f, .89f, .76f}, 0.15f);
    static const struct {
        float radius, cover, detail, length;
    } layers[] = {{.024f, 1.6f, 0, 5}, {.015f, 1.6f, .1f, 6}, {.0095f, 2.2f, .3f, 8}};
    for (size_t i = 0; i < IMP_COUNT(layers); i++)
        imp_layer_paint(style, &(struct imp_layer){.brush = {.radius = layers[i].radius,
                                                             .opacity = 1,
                                                             .dry = 0.45f,
                                                             .bristles = 0.2f,
                                                             .relief = 0.55f,
                                                             .start = 0.9f,
                                                             .end = 0.85f},
                                                   .length = layers[i].length,
                                                   .cover = layers[i].cover,
                                                   .detail = layers[i].detail,
                                                   .vary = 0.5f,
                                                   .edge = 0.35f});
    contours(style, (struct imp_rgb){.07f, .10f, .36f});
    imp_relief_light(style, 0.5f, 0.05f);
}

/* ---- Pastel: poppies before hills at dusk ---------------------------------------------------- */

static void poppies(struct imp_style *style)
{
    static const struct imp_rgb reds[] = {
        {.93f, .26f, .20f}, {.98f, .46f, .30f}, {.96f, .56f, .62f}, {.99f, .80f, .52f}};
    struct imp_dice *dice = &style->dice;
    for (int i = 0; i < 90; i++) {
        const float near = ((float)i + 0.5f) / 90, y = 0.60f + 0.42f * near * near;
        const float x = style->canvas->aspect * imp_dice_between(dice, 0, 1),
                    r = 0.008f + 0.055f * near * near;
        imp_path_line(&style->path, x, y, x + 0.5f * r, y + 3 * r, 0.12f * r, 0.1f * r);
        imp_fill(style->canvas, &style->path, (struct imp_rgb){.30f, .52f, .30f});
        imp_path_blob(&style->path, x, y, r, 0.75f * r, 0.3f, imp_dice_bits(dice));
        imp_fill(style->canvas, &style->path, reds[imp_dice_below(dice, 4)]);
        if (near < 0.4f)
            continue;
        imp_path_ellipse(&style->path, x, y + 0.1f * r, 0.28f * r, 0.22f * r, 0);
        imp_fill(style->canvas, &style->path, (struct imp_rgb){.20f, .08f, .18f});
    }
}

static struct imp_rgb dusk(const void *user, float x, float y)
{
    static const struct imp_rgb colours[] = {{.26f, .34f, .62f}, {.42f, .52f, .78f},
                                             {.74f, .62f, .80f}, {.97f, .66f, .62f},
                                             {.99f, .80f, .56f}, {.99f, .90f, .68f}};
    (void)user;
    const float cloud = imp_noise_fractal(2.2f * x, 9 * y, 4, 61) - 0.5f;
    return imp_rgb_palette(colours, 6, 1.9f * y + 1.5f * cloud);
}

void imp_style_pastel(struct imp_style *style)
{
    struct imp_canvas *canvas = style->canvas;
    imp_canvas_paint(canvas, 0, 1, dusk, NULL);
    disc(style, 0.68f * canvas->aspect, 0.30f, 0.055f, (struct imp_rgb){1, .95f, .76f});
    land(style, 0.42f, 0.13f, 2.1f, 25, (struct imp_rgb){.44f, .42f, .72f});
    land(style, 0.50f, 0.10f, 2.5f, 26, (struct imp_rgb){.30f, .50f, .64f});
    land(style, 0.55f, 0.06f, 3.1f, 27, (struct imp_rgb){.26f, .56f, .50f});
    land(style, 0.61f, 0.04f, 2.0f, 28, (struct imp_rgb){.46f, .64f, .36f});
    land(style, 0.74f, 0.05f, 2.4f, 29, (struct imp_rgb){.28f, .46f, .32f});
    poppies(style);
    imp_sketch_take(style);
    imp_sketch_flow(style, 0.06f, 0.5f, 0.02f);
    imp_paper(style, (struct imp_rgb){.38f, .31f, .40f}, 0.3f);
    static const struct {
        float radius, cover, detail, length, turn, grain, vary;
    } layers[] = {{.017f, 1.8f, 0, 9, 0.7f, .36f, .8f},
                  {.011f, 1.6f, 0, 13, -0.5f, .36f, 1.1f},
                  {.008f, 1.6f, .06f, 14, 0.25f, .28f, 1.2f},
                  {.006f, 2.6f, .30f, 9, 0, .16f, 1}};
    for (size_t i = 0; i < IMP_COUNT(layers); i++)
        imp_layer_paint(style, &(struct imp_layer){.brush = {.radius = layers[i].radius,
                                                             .opacity = 0.95f,
                                                             .bristles = 0.15f,
                                                             .start = 0.85f,
                                                             .end = 0.7f,
                                                             .grain = layers[i].grain},
                                                   .length = layers[i].length,
                                                   .cover = layers[i].cover,
                                                   .detail = layers[i].detail,
                                                   .vary = layers[i].vary,
                                                   .edge = 0.45f,
                                                   .turn = layers[i].turn});
}

/* ---- Pointillist: a river in the afternoon --------------------------------------------------- */

static struct imp_rgb river_sky(const void *user, float x, float y)
{
    static const struct imp_rgb colours[] = {
        {.36f, .54f, .86f}, {.56f, .72f, .92f}, {.84f, .86f, .84f}, {.99f, .90f, .68f}};
    (void)user;
    return imp_rgb_palette(colours, 4,
                           1.8f * y + 0.9f * (imp_noise_fractal(3 * x, 6 * y, 3, 63) - 0.5f));
}

static void river_tree(struct imp_style *style, float x, float y, float size, struct imp_rgb green)
{
    imp_path_line(&style->path, x, y, x + 0.05f * size, y - 0.6f * size, 0.035f * size,
                  0.025f * size);
    imp_fill(style->canvas, &style->path, (struct imp_rgb){.36f, .22f, .38f});
    for (int i = 0; i < 9; i++) {
        const float up = (float)i / 9, r = size * imp_dice_between(&style->dice, 0.12f, 0.2f);
        imp_path_blob(&style->path, x + 0.28f * size * imp_dice_bell(&style->dice),
                      y - size * (0.5f + 0.4f * up), r, 0.8f * r, 0.4f,
                      imp_dice_bits(&style->dice));
        imp_fill(style->canvas, &style->path,
                 imp_rgb_mix(imp_rgb_scale(green, 0.6f), (struct imp_rgb){.82f, .80f, .26f},
                             0.8f * up * imp_dice_between(&style->dice, 0.5f, 1)));
    }
}

static void river_people(struct imp_style *style, float x, float y, float h, struct imp_rgb colour,
                         bool umbrella)
{
    struct imp_path *path = &style->path;
    path->count = 0;
    imp_path_add(path, x - .09f * h, y - .7f * h);
    imp_path_add(path, x + .09f * h, y - .7f * h);
    imp_path_add(path, x + .2f * h, y);
    imp_path_add(path, x - .2f * h, y);
    imp_fill(style->canvas, path, colour);
    disc(style, x, y - .82f * h, .08f * h, (struct imp_rgb){.80f, .56f, .44f});
    imp_path_rectangle(path, x - .1f * h, y - .98f * h, x + .1f * h, y - .87f * h);
    imp_fill(style->canvas, path, (struct imp_rgb){.16f, .12f, .30f});
    if (!umbrella)
        return;
    imp_path_ellipse(path, x + .22f * h, y - 1.02f * h, .3f * h, .13f * h, 0.1f);
    imp_fill(style->canvas, path, (struct imp_rgb){.92f, .38f, .20f});
}

static void river_sketch(struct imp_style *style)
{
    struct imp_canvas *canvas = style->canvas;
    const float aspect = canvas->aspect;
    imp_canvas_paint(canvas, 0, 1, river_sky, NULL);
    land(style, 0.40f, 0.05f, 3, 35, (struct imp_rgb){.40f, .50f, .70f});
    land(style, 0.44f, 0.05f, 5, 36, (struct imp_rgb){.28f, .50f, .38f});
    imp_path_rectangle(&style->path, 0, 0.46f, aspect, 1);
    imp_fill(canvas, &style->path, (struct imp_rgb){.34f, .56f, .80f});
    for (int i = 0; i < 80; i++) {
        float at[2];
        imp_spread(style, i, 0.05f, at);
        const float y = 0.47f + 0.4f * at[1];
        imp_path_line(&style->path, at[0] - .05f, y, at[0] + .05f, y, .006f, .006f);
        imp_fill(canvas, &style->path,
                 i % 3 ? (struct imp_rgb){.62f, .78f, .88f} : (struct imp_rgb){.24f, .36f, .70f});
    }
    for (int i = 0; i < 3; i++)
        fauve_boat(style, aspect * (0.16f + 0.25f * (float)i), 0.52f + 0.035f * (float)(i % 2),
                   0.07f - 0.015f * (float)i, (struct imp_rgb){.42f, .22f, .30f},
                   (struct imp_rgb){.99f, .95f, .84f});
    imp_path_four(&style->path, (const float[]){0, 0.80f, aspect, 0.56f, aspect, 1, 0, 1});
    imp_fill(canvas, &style->path, (struct imp_rgb){.68f, .76f, .30f});
    imp_path_four(&style->path,
                  (const float[]){0, 0.86f, aspect * .62f, 0.74f, aspect, 0.86f, 0.3f * aspect, 1});
    imp_fill(canvas, &style->path, (struct imp_rgb){.22f, .42f, .36f});
    imp_path_four(&style->path, (const float[]){0.45f * aspect, 1, aspect, 0.80f, aspect, 0.9f,
                                                0.7f * aspect, 1});
    imp_fill(canvas, &style->path, (struct imp_rgb){.94f, .84f, .48f});
    river_tree(style, 0.84f * aspect, 0.72f, 0.68f, (struct imp_rgb){.18f, .46f, .24f});
    river_tree(style, 0.64f * aspect, 0.68f, 0.34f, (struct imp_rgb){.24f, .52f, .30f});
    river_tree(style, 0.05f * aspect, 0.82f, 0.78f, (struct imp_rgb){.14f, .38f, .28f});
    river_people(style, 0.36f * aspect, 0.88f, 0.22f, (struct imp_rgb){.86f, .28f, .34f}, true);
    river_people(style, 0.47f * aspect, 0.84f, 0.17f, (struct imp_rgb){.20f, .18f, .46f}, false);
    river_people(style, 0.72f * aspect, 0.93f, 0.24f, (struct imp_rgb){.95f, .90f, .92f}, false);
}

/* Pure colours beside each other instead of a mixture: now and then a neighbour in hue, sometimes
 * the complement. */
static struct imp_rgb divided(struct imp_dice *dice, struct imp_rgb c)
{
    const float high = fmaxf(c.r, fmaxf(c.g, c.b)), low = fminf(c.r, fminf(c.g, c.b));
    const float spread = high - low + 1e-5f;
    float hue = high == c.r   ? (c.g - c.b) / spread
                : high == c.g ? 2 + (c.b - c.r) / spread
                              : 4 + (c.r - c.g) / spread;
    const float way = imp_dice_between(dice, 0, 1);
    hue = hue / 6 + 0.09f * imp_dice_bell(dice) + (way < 0.13f ? 0.5f : way < 0.35f ? 0.09f : 0);
    const float saturation = imp_clamp01(1.15f * spread / (high + 1e-5f) + 0.08f);
    return imp_rgb_hsv(hue, saturation,
                       imp_clamp01(high * (1 + 0.25f * imp_dice_bell(dice)) + 0.04f));
}

void imp_style_pointillist(struct imp_style *style)
{
    static const float radii[] = {.0105f, .0085f, .007f};
    struct imp_canvas *canvas = style->canvas;
    struct imp_way way;
    river_sketch(style);
    imp_sketch_take(style);
    imp_sketch_flow(style, 0.04f, 0.4f, 0.03f);
    imp_paper(style, (struct imp_rgb){.90f, .84f, .70f}, 0.2f);
    for (size_t layer = 0; layer < IMP_COUNT(radii); layer++) {
        const float r = radii[layer];
        const int dots = (int)(1.05f * canvas->aspect / (IMP_PI * r * r));
        for (int i = 0; i < dots; i++) {
            float at[2];
            imp_spread(style, i, r, at);
            at[0] += 0.8f * r * imp_dice_bell(&style->dice);
            at[1] += 0.8f * r * imp_dice_bell(&style->dice);
            const struct imp_rgb colour = divided(&style->dice, imp_sketch_at(style, at[0], at[1]));
            const float angle = imp_sketch_angle(style, at[0], at[1]), l = 0.45f * r;
            imp_way_line(&way, at[0] - l * cosf(angle), at[1] - l * sinf(angle),
                         at[0] + l * cosf(angle), at[1] + l * sinf(angle));
            imp_brush_stroke(
                style, &way,
                &(struct imp_brush){.radius = r * imp_dice_between(&style->dice, 0.6f, 1.0f),
                                    .paint = {colour, colour},
                                    .opacity = 1,
                                    .bristles = 0.15f,
                                    .relief = 0.5f,
                                    .start = 1,
                                    .end = 1,
                                    .seed = imp_dice_bits(&style->dice)});
        }
    }
    imp_relief_light(style, 0.35f, 0.03f);
}
