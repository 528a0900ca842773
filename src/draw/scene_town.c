/* SPDX-License-Identifier: MIT */
/* Houses from the front, streets in perspective, skylines. */

#include "draw/scene.h"

/* A wall with windows. Lengths are in storeys. */
struct facade {
    struct imp_rgb wall, frame, glass, shutter;
    float spacing, width, height; /* of the windows */
    float sill;                   /* their lower edge above the floor */
    int storeys, bars;
    bool bricks, shutters, timber, lit;
    uint32_t seed;
    struct imp_rgb light;
};

static struct facade choose_facade(struct imp_scene *scene, int storeys)
{
    struct imp_dice *dice = &scene->dice;
    const float hue = imp_dice_chance(dice, 0.75f) ? imp_dice_between(dice, 0.02f, 0.15f)
                                                   : imp_dice_between(dice, 0, 1);
    const float spacing = imp_dice_between(dice, 0.5f, 1.1f);
    return (struct facade){
        .wall = imp_rgb_hsv(hue, imp_dice_between(dice, 0.05f, 0.55f),
                            imp_dice_between(dice, 0.45f, 0.95f)),
        .frame = imp_dice_vary(dice, (struct imp_rgb){.84f, .82f, .78f}, 0.25f),
        .glass = imp_dice_vary(dice, (struct imp_rgb){.20f, .25f, .32f}, 0.15f),
        .shutter = imp_rgb_hsv(imp_dice_between(dice, 0, 1), 0.5f, 0.4f),
        .spacing = spacing,
        .width = spacing * imp_dice_between(dice, 0.3f, 0.6f),
        .height = imp_dice_between(dice, 0.4f, 0.62f),
        .sill = imp_dice_between(dice, 0.2f, 0.3f),
        .storeys = storeys,
        .bars = imp_dice_below(dice, 3),
        .bricks = imp_dice_chance(dice, 0.3f),
        .shutters = imp_dice_chance(dice, 0.3f),
        .timber = imp_dice_chance(dice, 0.2f),
        .lit = scene->sky.night,
        .seed = imp_dice_bits(dice),
        .light = scene->sky.light,
    };
}

static struct imp_rgb wall_at(const struct facade *f, float u, float v)
{
    const float stain = imp_noise_fractal(3 * u, 1.5f * v, 4, f->seed);
    struct imp_rgb wall = imp_rgb_scale(f->wall, 0.72f + 0.5f * stain);
    if (f->bricks) {
        const float row = floorf(v * 14), along = u * 6 + 0.5f * imp_fraction(row * 0.5f) * 2;
        const bool mortar = imp_fraction(v * 14) < 0.16f || imp_fraction(along) < 0.07f;
        const float own = imp_noise_hash((int)floorf(along), (int)row, f->seed);
        wall = imp_rgb_scale(wall, mortar ? 1.15f : 0.7f + 0.35f * own);
    }
    if (f->timber) {
        const float across = fabsf(imp_fraction(u / f->spacing) - 0.5f);
        const float slant = fabsf(imp_fraction(u / f->spacing + v) - 0.5f);
        if (across > 0.46f || imp_fraction(v) < 0.07f || (v > 1 && slant > 0.47f))
            wall = (struct imp_rgb){.26f, .17f, .11f};
    }
    return wall;
}

static struct imp_rgb glass_at(const struct facade *f, float a, float b, int column, int storey)
{
    const float own = imp_noise_hash(column, storey, f->seed + 3);
    if (f->lit && own > 0.45f)
        return imp_rgb_scale((struct imp_rgb){2.6f, 2.0f, 1.1f}, 0.6f + 0.6f * own);
    const float mirrored = imp_noise_fractal(2 * a + 5 * own, 2 * b, 3, f->seed + 4);
    const struct imp_rgb curtain = {.74f, .72f, .68f};
    const bool drawn = own < 0.35f && fabsf(a) > 0.25f;
    return imp_rgb_scale(drawn ? curtain : f->glass, 0.5f + 0.8f * mirrored + 0.5f * b);
}

/* The wall at u along and v up. */
static struct imp_rgb facade_at(const struct facade *f, float u, float v)
{
    const int storey = (int)floorf(v), column = (int)floorf(u / f->spacing);
    const float a = u - ((float)column + 0.5f) * f->spacing, b = v - (float)storey - f->sill;
    const float half = 0.5f * f->width, frame = 0.035f;
    const bool door = storey == 0 && imp_noise_hash(column, 0, f->seed + 8) < 0.3f;
    const float low = door ? -f->sill : 0, high = door ? 0.62f : f->height;
    const bool row = storey >= 0 && storey < f->storeys && b > low - 0.05f && b < high + frame;
    struct imp_rgb colour = wall_at(f, u, v);
    if (row && fabsf(a) < half && b > low && b < high) {
        const float pane = f->bars == 0 ? 1 : fabsf(a) < 0.015f ? 0 : 1;
        const float cross = f->bars == 2 && fabsf(b - 0.55f * high) < 0.015f ? 0 : pane;
        colour = door ? imp_rgb_scale(f->shutter, fabsf(a) < half - 0.05f ? 1 : 0.7f)
                      : glass_at(f, a / f->width, b / high, column, storey);
        colour = imp_rgb_mix(f->frame, colour, door ? 1 : cross);
        if (b > high - 0.06f)
            colour = imp_rgb_scale(colour, 0.55f); /* the wall's shadow */
    } else if (row && fabsf(a) < half + frame) {
        colour = b < low ? imp_rgb_scale(f->frame, 0.75f) : f->frame;
    } else if (row && f->shutters && !door && b > 0 && fabsf(a) < half + 0.5f * f->width) {
        colour = imp_rgb_scale(f->shutter, imp_fraction(b * 18) < 0.4f ? 0.75f : 1.1f);
    } else if (v > (float)f->storeys - 0.06f || (imp_fraction(v) < 0.03f && storey == 1)) {
        colour = imp_rgb_scale(f->frame, 0.8f);
    }
    return imp_rgb_multiply(colour, f->light);
}

/* ---- Houses from the front ------------------------------------------------------------------- */

/* Where a facade stands in the picture. */
struct placed {
    struct facade facade;
    float left, ground, storey; /* height of a storey in the picture */
    float shade;
};

/* Four looks into each pixel keep the bars of windows smooth. */
static struct imp_rgb placed_paint(const void *user, float x, float y)
{
    const struct placed *p = user;
    const float apart = 0.0006f;
    struct imp_rgb sum = {0, 0, 0};
    for (int i = 0; i < 4; i++) {
        const float dx = i & 1 ? apart : -apart, dy = i & 2 ? apart : -apart;
        const struct imp_rgb c =
            facade_at(&p->facade, (x + dx - p->left) / p->storey, (p->ground - y - dy) / p->storey);
        sum = (struct imp_rgb){sum.r + c.r, sum.g + c.g, sum.b + c.b};
    }
    return imp_rgb_scale(sum, 0.25f * p->shade);
}

static void roof(struct imp_scene *scene, float left, float right, float eaves, float rise)
{
    struct imp_dice *dice = &scene->dice;
    const struct imp_rgb tile = imp_rgb_multiply(
        imp_dice_vary(dice,
                      imp_dice_chance(dice, 0.6f) ? (struct imp_rgb){.58f, .28f, .18f}
                                                  : (struct imp_rgb){.30f, .30f, .34f},
                      0.15f),
        scene->sky.light);
    const struct imp_matter matter = {.texture = IMP_BRICKS,
                                      .colour = tile,
                                      .other = imp_rgb_scale(tile, 0.6f),
                                      .scale = 70,
                                      .seed = imp_dice_bits(dice)};
    const float over = 0.06f * (right - left), in = imp_dice_chance(dice, 0.5f) ? 0.5f : 0.15f;
    imp_path_four(&scene->path,
                  (const float[]){left - over, eaves, left + in * (right - left), eaves - rise,
                                  right - in * (right - left), eaves - rise, right + over, eaves});
    imp_prop_solid(scene, &matter, 0, 0);
    if (imp_dice_chance(dice, 0.7f)) {
        const float x = imp_mix(left, right, imp_dice_between(dice, 0.3f, 0.65f));
        imp_path_rectangle(&scene->path, x, eaves - 1.15f * rise, x + 0.09f * (right - left),
                           eaves - 0.5f * rise);
        imp_fill(scene->canvas, &scene->path, imp_rgb_scale(tile, 0.8f));
    }
}

static void house(struct imp_scene *scene, float left, float right, float ground, float shade)
{
    struct imp_dice *dice = &scene->dice;
    const int storeys = 1 + imp_dice_below(dice, 4);
    const float wide = right - left, storey = wide / imp_dice_between(dice, 1.4f, 3);
    struct placed placed = {.facade = choose_facade(scene, storeys),
                            .left = left,
                            .ground = ground,
                            .storey = storey,
                            .shade = shade};
    const float eaves = ground - storey * (float)storeys,
                rise = wide * imp_dice_between(dice, 0.2f, 0.7f);
    const bool gable = imp_dice_chance(dice, 0.45f);
    imp_path_rectangle(&scene->path, left, eaves, right, ground);
    imp_area_add(scene->canvas, &scene->path);
    if (gable) {
        placed.facade.storeys += (int)(0.6f * rise / storey);
        scene->path.count = 0;
        imp_path_add(&scene->path, left, eaves);
        imp_path_add(&scene->path, 0.5f * (left + right), eaves - rise);
        imp_path_add(&scene->path, right, eaves);
        imp_area_add(scene->canvas, &scene->path);
    }
    imp_area_paint(scene->canvas, placed_paint, &placed, 1);
    if (gable) {
        const float r = 0.02f * wide;
        imp_path_stroke(&scene->path,
                        (const float[]){left - 2 * r, 0.5f * (left + right), right + 2 * r},
                        (const float[]){eaves + 2 * r, eaves - rise, eaves + 2 * r},
                        (const float[]){r, r, r}, 3);
        imp_fill(scene->canvas, &scene->path, imp_rgb_scale(placed.facade.shutter, 0.7f));
    } else {
        roof(scene, left, right, eaves, rise);
    }
}

static void row_of_houses(struct imp_scene *scene, float ground, float size, float shade)
{
    struct imp_dice *dice = &scene->dice;
    float x = -size * imp_dice_between(dice, 0, 1);
    while (x < scene->canvas->aspect) {
        const float wide = size * imp_dice_between(dice, 0.5f, 1.3f);
        house(scene, x, x + wide, ground, shade);
        x += wide * (imp_dice_chance(dice, 0.3f) ? imp_dice_between(dice, 1, 1.4f) : 1);
    }
}

static void pavement(struct imp_scene *scene, float top)
{
    struct imp_dice *dice = &scene->dice;
    const struct imp_rgb stone = imp_rgb_multiply(
        imp_dice_vary(dice, (struct imp_rgb){.56f, .52f, .48f}, 0.2f), scene->sky.light);
    const struct imp_matter matter = {.texture =
                                          imp_dice_chance(dice, 0.5f) ? IMP_GRAINY : IMP_LEAFY,
                                      .colour = stone,
                                      .other = imp_rgb_scale(stone, 0.55f),
                                      .scale = imp_dice_between(dice, 20, 50),
                                      .seed = imp_dice_bits(dice)};
    imp_canvas_paint(scene->canvas, top, 1, imp_matter_paint, &matter);
}

void imp_scene_houses(struct imp_scene *scene)
{
    struct imp_dice *dice = &scene->dice;
    const float ground = imp_dice_between(dice, 0.62f, 0.9f), aspect = scene->canvas->aspect;
    imp_sky_choose(scene, ground);
    imp_canvas_paint(scene->canvas, 0, 1, imp_sky_paint, &scene->sky);
    if (imp_dice_chance(dice, 0.6f))
        row_of_houses(scene, ground - 0.12f, imp_dice_between(dice, 0.12f, 0.25f), 0.85f);
    row_of_houses(scene, ground, imp_dice_between(dice, 0.2f, 0.55f), 1);
    if (imp_dice_chance(dice, 0.5f)) {
        imp_water_draw(scene, ground, 1,
                       imp_rgb_multiply((struct imp_rgb){.12f, .20f, .20f}, scene->sky.light));
        imp_prop_boat(scene, aspect * imp_dice_between(dice, 0.1f, 0.9f), ground + 0.1f, 0.15f);
    } else {
        pavement(scene, ground);
    }
    const int trees = imp_dice_below(dice, 4), people = imp_dice_below(dice, 7);
    for (int i = 0; i < trees; i++)
        imp_prop_tree(scene, aspect * imp_dice_between(dice, 0, 1), ground + 0.02f,
                      imp_dice_between(dice, 0.2f, 0.6f), 0);
    for (int i = 0; i < people; i++)
        imp_prop_person(scene, aspect * imp_dice_between(dice, 0, 1),
                        ground + 0.03f + 0.02f * (float)i, 0.12f + 0.02f * (float)i);
}

/* ---- A street in perspective ----------------------------------------------------------------- */

#define STREET_HOUSES 8

/* The viewer stands in the middle of a street; walls at x = +-1, the ground at y = -eye. */
struct street {
    struct imp_sky sky;
    struct facade houses[2][STREET_HOUSES];
    float tall[2][STREET_HOUSES]; /* in storeys */
    float centre, horizon, half, eye, storey, length;
    struct imp_rgb stone, line;
    uint32_t seed;
};

static struct imp_rgb street_ground(const struct street *s, float dx, float z)
{
    const float u = dx * z;
    if (fabsf(u) > 0.72f * s->half) {
        const float slab = fminf(imp_fraction(u * 5), imp_fraction(z * 2.5f)) < 0.06f ? 0.7f : 1;
        return imp_rgb_scale(s->stone,
                             slab * (1.0f + 0.4f * imp_noise_fractal(6 * u, 6 * z, 3, s->seed)));
    }
    const float tone = imp_noise_fractal(7 * u, 7 * z, 4, s->seed);
    const struct imp_rgb road = imp_rgb_scale(s->stone, 0.35f + 0.5f * tone);
    return fabsf(u) < 0.03f && imp_fraction(z * 0.5f) < 0.5f ? s->line : road;
}

static struct imp_rgb street_once(const struct street *s, float x, float y)
{
    const float dx = x - s->centre, dy = s->horizon - y;
    const float wall = s->half / (fabsf(dx) + 1e-5f), floor = dy < 0 ? s->eye / -dy : 1e9f;
    if (floor < wall && floor < s->length)
        return imp_rgb_multiply(street_ground(s, dx, floor), s->sky.light);
    if (wall > s->length)
        return imp_sky_paint(&s->sky, x, y);
    const int side = dx < 0, number = (int)(wall * STREET_HOUSES / s->length);
    const int which = number < STREET_HOUSES ? number : STREET_HOUSES - 1;
    const float v = (dy * wall + s->eye) / s->storey;
    if (v > s->tall[side][which])
        return imp_sky_paint(&s->sky, x, y);
    const struct imp_rgb colour = facade_at(&s->houses[side][which], wall / s->storey, v);
    const float haze = 0.5f * wall / s->length;
    return imp_rgb_mix(imp_rgb_scale(colour, side ? 1.05f : 0.6f), s->sky.low, haze);
}

static struct imp_rgb street_paint(const void *user, float x, float y)
{
    struct imp_rgb sum = {0, 0, 0};
    for (int i = 0; i < 4; i++) {
        const float dx = i & 1 ? 0.0006f : -0.0006f, dy = i & 2 ? 0.0006f : -0.0006f;
        const struct imp_rgb c = street_once(user, x + dx, y + dy);
        sum = (struct imp_rgb){sum.r + c.r, sum.g + c.g, sum.b + c.b};
    }
    return imp_rgb_scale(sum, 0.25f);
}

static struct street choose_street(struct imp_scene *scene)
{
    struct imp_dice *dice = &scene->dice;
    struct street s = {.sky = scene->sky,
                       .centre = scene->canvas->aspect * imp_dice_between(dice, 0.3f, 0.7f),
                       .horizon = scene->sky.horizon,
                       .half = imp_dice_between(dice, 0.8f, 1.6f),
                       .eye = imp_dice_between(dice, 0.3f, 0.6f),
                       .storey = imp_dice_between(dice, 0.6f, 0.9f),
                       .length = imp_dice_between(dice, 8, 16),
                       .stone = imp_dice_vary(dice, (struct imp_rgb){.60f, .56f, .52f}, 0.15f),
                       .line = {.86f, .85f, .80f},
                       .seed = imp_dice_bits(dice)};
    for (int side = 0; side < 2; side++) {
        for (int i = 0; i < STREET_HOUSES; i++) {
            const int storeys = 1 + imp_dice_below(dice, 5);
            s.houses[side][i] = choose_facade(scene, storeys);
            s.tall[side][i] = (float)storeys + imp_dice_between(dice, 0.05f, 0.4f);
        }
    }
    return s;
}

void imp_scene_street(struct imp_scene *scene)
{
    struct imp_dice *dice = &scene->dice;
    imp_sky_choose(scene, imp_dice_between(dice, 0.45f, 0.65f));
    const struct street street = choose_street(scene);
    imp_canvas_paint(scene->canvas, 0, 1, street_paint, &street);
    const int people = 2 + imp_dice_below(dice, 10);
    for (int i = 0; i < people; i++) {
        const float z = 1.1f + 5 * (1 - ((float)i + 0.5f) / (float)people);
        const float u = street.half * imp_dice_between(dice, -0.9f, 0.9f);
        imp_prop_person(scene, street.centre + u / z, street.horizon + street.eye / z,
                        imp_dice_between(dice, 0.9f, 1.1f) * 0.42f / z);
    }
}

/* ---- Skylines and bridges -------------------------------------------------------------------- */

static void towers(struct imp_scene *scene, float ground, float size, float fade)
{
    struct imp_dice *dice = &scene->dice;
    float x = -0.05f;
    while (x < scene->canvas->aspect) {
        const float wide = size * imp_dice_between(dice, 0.25f, 0.7f),
                    tall = size * imp_dice_between(dice, 0.5f, 2.6f);
        const float storey = size * 0.09f;
        struct placed placed = {.facade = choose_facade(scene, (int)(tall / storey)),
                                .left = x,
                                .ground = ground,
                                .storey = storey,
                                .shade = imp_dice_between(dice, 0.7f, 1)};
        placed.facade.wall = imp_rgb_mix(placed.facade.wall, scene->sky.low, fade);
        placed.facade.glass = imp_rgb_mix(placed.facade.glass, scene->sky.low, fade);
        placed.facade.timber = placed.facade.bricks = placed.facade.shutters = false;
        imp_path_rectangle(&scene->path, x, ground - tall, x + wide, ground);
        imp_area_add(scene->canvas, &scene->path);
        imp_area_paint(scene->canvas, placed_paint, &placed, 1);
        imp_path_rectangle(&scene->path, x + 0.8f * wide, ground - tall, x + wide, ground);
        imp_area_add(scene->canvas, &scene->path);
        imp_area_flat(scene->canvas, (struct imp_rgb){0, 0, .05f}, 0.3f);
        if (imp_dice_chance(dice, 0.25f)) {
            imp_path_line(&scene->path, x + 0.5f * wide, ground - tall, x + 0.5f * wide,
                          ground - 1.3f * tall, 0.03f * wide, 0.01f * wide);
            imp_fill(scene->canvas, &scene->path, placed.facade.glass);
        }
        x += wide * imp_dice_between(dice, 0.8f, 1.5f);
    }
}

/* A cable from one tower to the next sags as a parabola; hangers go down to the deck. */
static void cable(struct imp_scene *scene, float x0, float x1, float top, float deck, float radius)
{
    float x[24], y[24], r[24];
    for (int i = 0; i < 24; i++) {
        const float t = (float)i / 23, sag = 4 * t * (1 - t);
        x[i] = imp_mix(x0, x1, t);
        y[i] = imp_mix(top, deck - 0.01f, sag);
        r[i] = radius;
        imp_path_line(&scene->path, x[i], y[i], x[i], deck, 0.35f * radius, 0.35f * radius);
        imp_area_add(scene->canvas, &scene->path);
    }
    imp_path_stroke(&scene->path, x, y, r, 24);
    imp_area_add(scene->canvas, &scene->path);
}

static void bridge(struct imp_scene *scene, float water)
{
    struct imp_dice *dice = &scene->dice;
    const struct imp_rgb colour = imp_rgb_multiply(imp_matter_colour(dice), scene->sky.light);
    const float deck = water - imp_dice_between(dice, 0.06f, 0.15f),
                tall = imp_dice_between(dice, 0.2f, 0.45f);
    const float span = imp_dice_between(dice, 0.5f, 0.9f), first = -imp_dice_between(dice, 0, span);
    const float r = 0.007f;
    for (float x = first; x < scene->canvas->aspect + span; x += span) {
        cable(scene, x, x + span, deck - tall, deck, r);
        for (int side = -1; side <= 1; side += 2) {
            const float leg = x + (float)side * 0.022f;
            imp_path_line(&scene->path, leg, water + 0.02f, leg, deck - tall - 0.01f, 1.6f * r,
                          1.3f * r);
            imp_area_add(scene->canvas, &scene->path);
        }
        for (int i = 1; i < 4; i++) {
            const float y = deck - tall * (float)i / 3;
            imp_path_rectangle(&scene->path, x - 0.022f, y, x + 0.022f, y + 2 * r);
            imp_area_add(scene->canvas, &scene->path);
        }
    }
    imp_path_rectangle(&scene->path, 0, deck, scene->canvas->aspect, deck + 2.5f * r);
    imp_area_add(scene->canvas, &scene->path);
    imp_area_flat(scene->canvas, colour, 1);
}

void imp_scene_skyline(struct imp_scene *scene)
{
    struct imp_dice *dice = &scene->dice;
    const float ground = imp_dice_between(dice, 0.5f, 0.85f);
    imp_sky_choose(scene, ground);
    imp_canvas_paint(scene->canvas, 0, 1, imp_sky_paint, &scene->sky);
    for (int layer = 2 - imp_dice_below(dice, 3); layer >= 0; layer--)
        towers(scene, ground, imp_dice_between(dice, 0.1f, 0.3f), 0.3f * (float)layer);
    if (imp_dice_chance(dice, 0.6f))
        bridge(scene, ground + 0.02f);
    imp_water_draw(scene, ground, 1,
                   imp_rgb_multiply((struct imp_rgb){.10f, .18f, .24f}, scene->sky.light));
}
