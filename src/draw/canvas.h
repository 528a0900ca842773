/* SPDX-License-Identifier: MIT */
#ifndef IMP_DRAW_CANVAS_H
#define IMP_DRAW_CANVAS_H

/*
 * What scenes and styles are drawn with. Only this room includes it.
 *
 * Places and lengths are in picture heights: x goes right from 0 to `aspect`, y down from 0 to 1.
 * Colours are as a display shows them, 0 to 1. Numbers that stand in this room without a reason
 * were chosen by eye.
 */

#include "base/base.h"

#include <math.h>

struct imp_rgb {
    float r, g, b;
};

/* ---- Arithmetic ------------------------------------------------------------------------------ */

#define IMP_PI 3.14159265f

static inline float imp_clamp01(float x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

static inline float imp_mix(float a, float b, float t)
{
    return a + (b - a) * t;
}

/* 0 below `low`, 1 above `high`, smooth between; low > high falls instead of rising. */
static inline float imp_smooth(float low, float high, float x)
{
    const float t = imp_clamp01((x - low) / (high - low));
    return t * t * (3 - 2 * t);
}

static inline float imp_fraction(float x)
{
    return x - floorf(x);
}

static inline struct imp_rgb imp_rgb_mix(struct imp_rgb a, struct imp_rgb b, float t)
{
    return (struct imp_rgb){imp_mix(a.r, b.r, t), imp_mix(a.g, b.g, t), imp_mix(a.b, b.b, t)};
}

static inline struct imp_rgb imp_rgb_scale(struct imp_rgb c, float factor)
{
    return (struct imp_rgb){c.r * factor, c.g * factor, c.b * factor};
}

static inline struct imp_rgb imp_rgb_multiply(struct imp_rgb a, struct imp_rgb b)
{
    return (struct imp_rgb){a.r * b.r, a.g * b.g, a.b * b.b};
}

static inline float imp_rgb_light(struct imp_rgb c)
{
    return 0.3f * c.r + 0.6f * c.g + 0.1f * c.b;
}

/* hue: in turns, from red over yellow, green, blue. */
struct imp_rgb imp_rgb_hsv(float hue, float saturation, float value);
/* The colour at `t`, 0 to 1, of evenly spaced ones. */
struct imp_rgb imp_rgb_palette(const struct imp_rgb *colours, int count, float t);

/* ---- dice.c: random choices ------------------------------------------------------------------ */

/* One sequence of random numbers; the next call takes the next of them. */
struct imp_dice {
    uint64_t seed;
    uint32_t stream;
    uint64_t next;
};

uint32_t imp_dice_bits(struct imp_dice *dice);
float imp_dice_between(struct imp_dice *dice, float low, float high);
/* Mostly near the middle, never beyond +-1. */
float imp_dice_bell(struct imp_dice *dice);
int imp_dice_below(struct imp_dice *dice, int count);
bool imp_dice_chance(struct imp_dice *dice, float chance);
/* The colour, each channel moved by up to `amount`, mostly all in one direction. */
struct imp_rgb imp_dice_vary(struct imp_dice *dice, struct imp_rgb colour, float amount);

/* ---- noise.c --------------------------------------------------------------------------------- */

/* A hash of whole numbers, uniform in [0, 1). */
float imp_noise_hash(int x, int y, uint32_t seed);
/* Smooth noise in [0, 1], one lattice cell a unit. */
float imp_noise(float x, float y, uint32_t seed);
/* Octaves of it, each of half the size and strength; in [0, 1], mostly 0.25 to 0.75. */
float imp_noise_fractal(float x, float y, int octaves, uint32_t seed);
/* Distances to the nearest and second nearest of one random point a unit cell, and the hash of the
 * nearest, which says whose cell this is. */
struct imp_cell {
    float first, second;
    uint32_t id;
};
struct imp_cell imp_noise_cells(float x, float y, float jitter, uint32_t seed);

/* ---- canvas.c -------------------------------------------------------------------------------- */

struct imp_box {
    int left, top, right, bottom; /* the last two exclusive; empty: left >= right */
};

struct imp_canvas {
    int width, height;
    float aspect;
    size_t plane; /* width * height */
    float *rgb;   /* of the caller, planar */
    /* Scratch planes. `cover` has width + 2 columns: the area that is being outlined. */
    float *cover;
    struct imp_box covered;
    float *soft, *depth, *spare;
};

/* IMPASTO_ERROR_USAGE unless a picture of this size can be drawn. */
enum impasto_status imp_canvas_check(int height, int width, struct impasto_error *error);
enum impasto_status imp_canvas_open(struct imp_canvas *canvas, int height, int width, float *rgb,
                                    struct impasto_error *error);
void imp_canvas_close(struct imp_canvas *canvas);

/* The colour at a point. */
typedef struct imp_rgb (*imp_paint_fn)(const void *user, float x, float y);

struct imp_rgb imp_canvas_get(const struct imp_canvas *canvas, int x, int y);
void imp_canvas_set(struct imp_canvas *canvas, int x, int y, struct imp_rgb colour);
void imp_canvas_mix(struct imp_canvas *canvas, int x, int y, struct imp_rgb colour, float cover);
/* Every pixel from `top` to `bottom`, in picture heights. */
void imp_canvas_paint(struct imp_canvas *canvas, float top, float bottom, imp_paint_fn paint,
                      const void *user);
/* Averages over about `radius` picture heights around each pixel. */
void imp_canvas_blur(struct imp_canvas *canvas, float radius);
/* Three box blurs of a plane with `stride` columns a row, inside the box; radius: pixels. */
void imp_plane_blur(float *plane, int stride, struct imp_box box, int radius, float *spare);

/* ---- area.c: outlines and what fills them ---------------------------------------------------- */

#define IMP_PATH_MOST 400

/* A closed outline. */
struct imp_path {
    int count;
    float x[IMP_PATH_MOST], y[IMP_PATH_MOST];
};

void imp_path_add(struct imp_path *path, float x, float y);
void imp_path_rectangle(struct imp_path *path, float left, float top, float right, float bottom);
void imp_path_four(struct imp_path *path, const float corners[8]);
void imp_path_ellipse(struct imp_path *path, float x, float y, float rx, float ry, float turn);
/* An ellipse with a rough rim: `rough` is 0 for none, 1 for half of the radius. */
void imp_path_blob(struct imp_path *path, float x, float y, float rx, float ry, float rough,
                   uint32_t seed);
/* What a brush with these radii leaves on its way; count of points: up to IMP_PATH_MOST / 2 - 8. */
void imp_path_stroke(struct imp_path *path, const float *x, const float *y, const float *radius,
                     int count);
void imp_path_line(struct imp_path *path, float x0, float y0, float x1, float y1, float radius0,
                   float radius1);

/* Adds an outline to the area that the next fill takes. Areas turned alike unite. */
void imp_area_add(struct imp_canvas *canvas, const struct imp_path *path);
/* Fill the area and forget it. */
void imp_area_flat(struct imp_canvas *canvas, struct imp_rgb colour, float opacity);
void imp_area_paint(struct imp_canvas *canvas, imp_paint_fn paint, const void *user, float opacity);
/* imp_area_add and imp_area_flat in one. */
void imp_fill(struct imp_canvas *canvas, const struct imp_path *path, struct imp_rgb colour);

/* A thing that stands in light: what it is made of, how round it is, and its shadow. */
struct imp_look {
    imp_paint_fn paint;
    const void *user;
    float round;            /* picture heights over which its rim turns away; 0: flat */
    float light_x, light_y; /* towards the light, of length up to 1 */
    float contrast;         /* of light and shade, 0 to 1 */
    float shine;            /* of the highlight, 0 to 1 */
    float shadow;           /* how dark it is, 0 to 1 */
    float shadow_x, shadow_y, shadow_soft; /* picture heights */
};
void imp_area_look(struct imp_canvas *canvas, const struct imp_look *look);

/* Blurs the area over `soft` picture heights, and calls back for each pixel where either is not 0,
 * with its share and its blurred share. Then forgets the area. */
typedef void (*imp_area_fn)(void *user, int x, int y, float cover, float soft);
void imp_area_each(struct imp_canvas *canvas, float soft, imp_area_fn each, void *user);

/* ---- matter.c: what things are made of ------------------------------------------------------- */

enum imp_texture {
    IMP_PLAIN,
    IMP_CLOUDY,
    IMP_GRAINY,
    IMP_STRIPED,
    IMP_CHECKED,
    IMP_BRICKS,
    IMP_LEAFY,
    IMP_MARBLED,
    IMP_WOODEN,
    IMP_HAIRY,
    IMP_SPOTTED,
    IMP_TEXTURES,
};

struct imp_matter {
    enum imp_texture texture;
    struct imp_rgb colour, other; /* the texture goes between them */
    float scale;                  /* features a picture height */
    float turn;                   /* of the texture, radians */
    uint32_t seed;
    struct imp_rgb fade; /* what colours are drawn towards … */
    float fade_strength; /* … by how much, for things far away */
};

/* Any matter near the colour. */
struct imp_matter imp_matter_any(struct imp_dice *dice, struct imp_rgb colour);
/* An imp_paint_fn; user: struct imp_matter. */
struct imp_rgb imp_matter_paint(const void *user, float x, float y);
/* A colour that things have: mostly dull, some bright. */
struct imp_rgb imp_matter_colour(struct imp_dice *dice);

#endif
