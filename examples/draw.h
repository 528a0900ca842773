/* SPDX-License-Identifier: MIT */
#ifndef DRAW_H
#define DRAW_H

/*
 * The example pictures are computed, so that they belong to nobody else and can be drawn again.
 * Everything random is a hash of integer coordinates and a seed: the same pictures everywhere, up
 * to the last bits of the C library's mathematics.
 */

#include <impasto/impasto.h>

#include <stdint.h>

struct rgb {
    double r, g, b;
};

/* ---- draw_noise.c ---------------------------------------------------------------------------- */

/* Uniform in [0, 1). */
double noise_hash(int x, int y, uint32_t seed);
/* Smooth value noise in [0, 1], one lattice cell per unit. */
double noise_smooth(double x, double y, uint32_t seed);
/* The same; its derivatives by x and y go to slope[0] and slope[1]. */
double noise_slope(double x, double y, uint32_t seed, double slope[2]);
/* Octaves of noise_smooth, each of half the size and strength; in [0, 1], mostly 0.25 to 0.75. */
double noise_fractal(double x, double y, int octaves, uint32_t seed);

double clamp01(double x);
/* 0 below `low`, 1 above `high`, smooth between; low > high falls instead of rising. */
double smooth_between(double low, double high, double x);
double blend(double a, double b, double t);
struct rgb blend_rgb(struct rgb a, struct rgb b, double t);
struct rgb scale_rgb(struct rgb c, double factor);
struct rgb add_rgb(struct rgb a, struct rgb b);

/* ---- The pictures: each fills image->rgb at the image's own size ----------------------------- */

/* draw_photo.c: a lighthouse at a mountain lake in the evening. */
void draw_photo(struct impasto_image *image);

/* draw_motifs.c: what to paint. Lengths are in picture heights, y points down. */
struct motif {
    /* The direction of a brush stroke at a point; any length but zero. */
    void (*flow)(double x, double y, double direction[2]);
    struct rgb (*colour)(double x, double y);
    double length;     /* of a stroke, in radii of the brush */
    struct rgb ground; /* the primed canvas, seen where the paint is thin */
};
extern const struct motif draw_night, draw_sunset;

/* draw_painting.c: paints it, stroke by stroke. False: out of memory. */
bool draw_painting(const struct motif *motif, struct impasto_image *image);

#endif
