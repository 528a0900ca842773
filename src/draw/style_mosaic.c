/* SPDX-License-Identifier: MIT */
/* Mosaic: fish in the waves, under the sun. */

#include "draw/style.h"

/* Where a tile lies: its row and its place in it, both counted in tiles, and what it shows. */
struct tile {
    float row, along;
    const struct imp_rgb *palette;
    int colours;
    float shade; /* 0 to 1 along the palette */
    int region;
};

struct fish {
    float x, y, size, side;
    int palette;
};

#define SHOAL 5
static const struct fish composed[SHOAL] = {{.30f, .62f, .17f, 1, 0},
                                            {.72f, .74f, .145f, -1, 1},
                                            {.22f, .88f, .10f, -1, 1},
                                            {.62f, .55f, .075f, 1, 0},
                                            {.86f, .92f, .085f, 1, 0}};

/* The picture's measures, in picture heights. */
struct sea {
    float aspect;
    uint32_t seed;
    float tiles; /* to the picture's height */
    float sun_x, sun_y, shore, swell;
    struct fish shoal[SHOAL];
};

static struct sea choose_sea(struct imp_style *style)
{
    struct sea sea = {.aspect = style->canvas->aspect, .seed = imp_vary_seed(style)};
    sea.tiles = imp_vary(style, 38, 28, 46);
    sea.sun_x = imp_vary(style, 0.68f, 0.15f, 0.85f);
    sea.sun_y = imp_vary(style, 0.19f, 0.1f, 0.27f);
    sea.shore = imp_vary(style, 0.40f, 0.3f, 0.46f);
    sea.swell = imp_vary(style, 0, 0, 2 * IMP_PI);
    for (int i = 0; i < SHOAL; i++) {
        struct fish *fish = &sea.shoal[i];
        *fish = composed[i];
        fish->x += imp_vary(style, 0, -0.16f, 0.16f);
        fish->y += imp_vary(style, 0, -0.05f, 0.05f);
        fish->size *= imp_vary(style, 1, 0.7f, 1.3f);
        fish->side *= imp_vary_chance(style) ? -1 : 1;
        fish->palette ^= imp_vary_chance(style);
    }
    return sea;
}

static const struct imp_rgb reds[] = {{.42f, .08f, .06f},
                                      {.70f, .18f, .08f},
                                      {.88f, .42f, .12f},
                                      {.96f, .70f, .30f},
                                      {.98f, .90f, .66f}};
static const struct imp_rgb golds[] = {
    {.40f, .24f, .08f}, {.72f, .50f, .14f}, {.90f, .72f, .26f}, {.98f, .88f, .50f}};
static const struct imp_rgb seas[] = {{.04f, .10f, .26f}, {.05f, .24f, .44f}, {.08f, .42f, .54f},
                                      {.24f, .62f, .62f}, {.66f, .82f, .76f}, {.93f, .93f, .86f}};
static const struct imp_rgb skies[] = {
    {.96f, .93f, .84f}, {.93f, .86f, .70f}, {.90f, .76f, .56f}, {.82f, .86f, .82f}};
static const struct imp_rgb corals[] = {
    {.36f, .12f, .24f}, {.66f, .24f, .32f}, {.86f, .46f, .42f}, {.96f, .74f, .62f}};

static bool fish_tile(const struct sea *sea, float x, float y, struct tile *tile)
{
    for (int i = 0; i < SHOAL; i++) {
        const struct fish *f = &sea->shoal[i];
        const float u = (x - f->x * sea->aspect) * f->side / f->size, v = (y - f->y) / f->size;
        const float half =
            u > -0.95f ? 0.46f * sqrtf(fmaxf(0, 1 - u * u * 0.95f)) * (u < 0 ? 1 + 0.35f * u : 1)
                       : 0;
        const bool body = u > -1 && u < 1 && fabsf(v) < half;
        const bool tail = u <= -0.72f && u > -1.32f && fabsf(v) < (-u - 0.66f) * 0.85f &&
                          fabsf(v) > (-u - 1.05f) * 0.9f;
        const bool fin =
            v < 0 && u > -0.45f && u < 0.35f && v > -half - 0.22f * sinf((u + 0.45f) * 3.9f);
        if (!body && !tail && !fin)
            continue;
        const float eye = hypotf(u - 0.62f, v + 0.1f);
        tile->palette = f->palette ? golds : reds;
        tile->colours = f->palette ? 4 : 5;
        tile->region = 10 + i * 4 + (body ? 0 : tail ? 1 : 2);
        tile->row = (body ? v / (half + 0.2f) * 0.46f : v) * f->size * sea->tiles * 1.2f + 40;
        tile->along = u * f->size * sea->tiles * 1.2f;
        tile->shade =
            body ? 0.5f + 0.9f * v + 0.18f * sinf(14 * u) : 0.25f + 0.3f * sinf(16 * (u + v));
        if (body && eye < 0.15f) {
            tile->row = eye * f->size * sea->tiles * 1.6f;
            tile->along = 0;
            tile->region += 3;
            tile->palette = seas;
            tile->colours = 6;
            tile->shade = eye < 0.075f ? 0 : 1;
        }
        return true;
    }
    return false;
}

static float shore_of(const struct sea *sea, float x)
{
    return sea->shore + 0.035f * sinf(5.2f * x + 0.7f + sea->swell) +
           0.015f * sinf(11 * x + sea->swell);
}

static struct tile tile_at(const struct sea *sea, float x, float y)
{
    const float dx = x - sea->sun_x * sea->aspect, dy = y - sea->sun_y, r = hypotf(dx, dy),
                a = atan2f(dy, dx);
    struct tile tile = {.palette = seas, .colours = 6};
    if (fish_tile(sea, x, y, &tile))
        return tile;
    const float deep = y - shore_of(sea, x),
                floor = 0.955f - 0.05f * sinf(4 * x + 1) - 0.03f * sinf(9 * x);
    if (y > floor) {
        tile = (struct tile){.row = (y - floor) * sea->tiles + 60,
                             .along = x * sea->tiles,
                             .palette = corals,
                             .colours = 4,
                             .region = 3};
        tile.shade = 0.5f + 0.5f * sinf(15 * x + 9 * (y - floor));
    } else if (deep > 0) {
        const float warp = y + 0.022f * sinf(9 * x + 14 * y) + 0.012f * sinf(23 * x - 9 * y) -
                           0.3f * shore_of(sea, x) * expf(-5 * deep);
        tile.row = warp * sea->tiles + 90;
        tile.along = x * sea->tiles;
        tile.region = 1;
        tile.shade = deep < 0.03f ? 1
                                  : 0.75f - 0.85f * deep +
                                        0.3f * sinf(floorf(tile.row) * 0.9f + 3 * sinf(2 * x));
    } else {
        const bool sun = r < 0.105f, rays = r < 0.20f;
        tile.row = r * sea->tiles + 0.25f * sinf(5 * a);
        tile.along = a * (floorf(tile.row) + 0.5f);
        tile.palette = sun ? reds : rays ? golds : skies;
        tile.colours = sun ? 5 : 4;
        tile.region = sun ? 4 : rays ? 5 : 2;
        tile.shade = sun    ? 0.35f + 4 * r
                     : rays ? 0.55f + 0.5f * sinf(14 * a)
                            : imp_fraction(0.13f * floorf(tile.row)) + 0.2f * sinf(3 * a);
    }
    return tile;
}

/* Each row is shifted, and its tiles have lengths of their own. */
static struct imp_rgb mosaic_paint(const void *user, float x, float y)
{
    const struct sea *sea = user;
    const uint32_t own_seed = sea->seed;
    /* Hands set the tiles, so no line is quite straight. */
    const float wx = x + 0.009f * (imp_noise(14 * x, 14 * y, own_seed + 81) - 0.5f),
                wy = y + 0.009f * (imp_noise(14 * x, 14 * y, own_seed + 82) - 0.5f);
    const struct tile t = tile_at(sea, wx, wy);
    const int row = (int)floorf(t.row);
    const float shift = 7 * imp_noise_hash(row, t.region, own_seed + 83),
                length = 0.95f + 0.35f * imp_noise_hash(row, t.region, own_seed + 84);
    const float at = (t.along + shift) / length +
                     0.35f * imp_noise(0.9f * (t.along + shift), (float)row * 3, own_seed + 85);
    const int column = (int)floorf(at);
    const float u = imp_fraction(at), v = imp_fraction(t.row);
    const float edge = fminf(fminf(u, 1 - u) * length, fminf(v, 1 - v));
    const uint32_t seed = own_seed + 86 + (uint32_t)t.region;
    const float own = imp_noise_hash(column, row, seed);
    struct imp_rgb colour = imp_rgb_palette(t.palette, t.colours, t.shade + 0.42f * (own - 0.5f));
    colour = imp_rgb_scale(colour, 0.86f + 0.3f * imp_noise_hash(column, row, seed + 50));
    /* Every tile leans its own way and catches the light at one rim. */
    const float lean = (imp_noise_hash(column, row, seed + 70) - 0.5f) * (u - 0.5f) +
                       (imp_noise_hash(column, row, seed + 90) - 0.5f) * (v - 0.5f);
    colour = imp_rgb_scale(colour,
                           1 + 0.55f * lean +
                               0.16f * (imp_smooth(0.25f, 0.08f, v) - imp_smooth(0.75f, 0.92f, v)) +
                               0.2f * (imp_noise_fractal(90 * x, 90 * y, 2, 95) - 0.5f));
    const struct imp_rgb grout = imp_rgb_scale((struct imp_rgb){.36f, .32f, .28f},
                                               0.7f + 0.6f * imp_noise(120 * x, 120 * y, 96));
    return imp_rgb_mix(grout, colour, imp_smooth(0.055f, 0.115f, edge + 0.03f * (own - 0.5f)));
}

/* Regions end where a tile of the next begins: a line of grout. */
static void region_grout(struct imp_style *style, const struct sea *sea)
{
    struct imp_canvas *canvas = style->canvas;
    const float unit = 1 / (float)canvas->height, e = 0.0018f;
    for (int py = 0; py < canvas->height; py++) {
        for (int px = 0; px < canvas->width; px++) {
            const float x = (float)px * unit, y = (float)py * unit;
            const int here = tile_at(sea, x, y).region;
            if (tile_at(sea, x + e, y).region != here || tile_at(sea, x, y + e).region != here)
                imp_canvas_mix(canvas, px, py, (struct imp_rgb){.26f, .22f, .19f}, 0.85f);
        }
    }
}

void imp_style_mosaic(struct imp_style *style)
{
    const struct sea sea = choose_sea(style);
    imp_canvas_paint(style->canvas, 0, 1, mosaic_paint, &sea);
    region_grout(style, &sea);
    imp_vary_hues(style);
}
