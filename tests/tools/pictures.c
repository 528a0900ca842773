/* SPDX-License-Identifier: MIT */
/*
 * Two ways to draw something natural: dead leaves (overlapping shapes whose sizes follow a power
 * law, as objects do; Lee, Mumford and Huang 2001) and noise with a 1/f spectrum in an opponent
 * colour space. The four pictures: leaves, noise, leaves, leaves with noise.
 */

#include "pictures.h"

#include "base/base.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SEED 7
#define CANVAS (2 * PICTURE_SIDE) /* leaves are drawn at twice the size and averaged */
#define LEAVES 350
#define SMALLEST 3.0 /* radii on the canvas */
#define LARGEST 102.4
static const double pi = 3.14159265358979323846;

/* A stream of random numbers for one picture. */
struct dice {
    uint32_t stream;
    uint64_t at;
};

static double uniform(struct dice *dice)
{
    return (double)imp_rng_uniform(SEED, dice->stream, dice->at++);
}

static double normal(struct dice *dice)
{
    float value;
    /* Normal numbers have streams of their own, so that the two kinds do not overlap. */
    imp_rng_normal(SEED, dice->stream + PICTURES, dice->at++, 1, &value);
    return (double)value;
}

/* Luminance first, then two opponent colours: what natural colours vary in. */
static void opponent_to_rgb(const double v[3], double gain, double rgb[3])
{
    static const double mix[3][3] = {{1, 0.35, 0.15}, {1, 0, -0.3}, {1, -0.35, 0.15}};
    for (int c = 0; c < 3; c++)
        rgb[c] = gain * (mix[c][0] * v[0] + mix[c][1] * v[1] + mix[c][2] * v[2]);
}

static double clamp01(double v)
{
    return fmin(1, fmax(0, v));
}

static void random_colour(struct dice *dice, double rgb[3])
{
    const double v[3] = {normal(dice), normal(dice), normal(dice)};
    opponent_to_rgb(v, 0.25, rgb);
    for (int c = 0; c < 3; c++)
        rgb[c] = clamp01(0.5 + rgb[c]);
}

static void draw_leaf(struct dice *dice, float *canvas)
{
    const double u = uniform(dice);
    const double radius = 1 / sqrt((1 - u) / (SMALLEST * SMALLEST) + u / (LARGEST * LARGEST));
    const double cx = CANVAS * uniform(dice), cy = CANVAS * uniform(dice);
    const double angle = pi * uniform(dice), aspect = exp(1.4 * uniform(dice));
    const bool ellipse = uniform(dice) < 0.5, striped = uniform(dice) < 0.3;
    const double shade = 0.15 * normal(dice), period = 4 + 20 * uniform(dice);
    const double reach = radius * aspect + 2, c = cos(angle), s = sin(angle);
    double rgb[3];
    random_colour(dice, rgb);
    for (int y = (int)fmax(0, cy - reach); y < CANVAS && y <= cy + reach; y++)
        for (int x = (int)fmax(0, cx - reach); x < CANVAS && x <= cx + reach; x++) {
            const double dx = x - cx, dy = y - cy;
            const double a = (c * dx + s * dy) / (radius * aspect), b = (c * dy - s * dx) / radius;
            if (ellipse ? a * a + b * b >= 1 : fabs(a) >= 0.8 || fabs(b) >= 0.8)
                continue;
            double tone = shade * a;
            if (striped)
                tone += 0.12 * sin(2 * pi * a * radius * aspect / period);
            for (int k = 0; k < 3; k++)
                canvas[(k * CANVAS + y) * CANVAS + x] = (float)(rgb[k] + tone);
        }
}

static int draw_leaves(struct dice *dice, float *rgb)
{
    float *canvas = malloc(sizeof(float) * 3 * CANVAS * CANVAS);
    if (!canvas)
        return -1;
    double ground[3];
    random_colour(dice, ground);
    for (int i = 0; i < 3 * CANVAS * CANVAS; i++)
        canvas[i] = (float)ground[i / (CANVAS * CANVAS)];
    for (int i = 0; i < LEAVES; i++)
        draw_leaf(dice, canvas);
    for (int i = 0; i < 3 * PICTURE_SIDE * PICTURE_SIDE; i++) {
        const int x = i % PICTURE_SIDE, row = i / PICTURE_SIDE; /* row: of all planes */
        const float *p = canvas + 2 * row * CANVAS + 2 * x;
        rgb[i] = (float)clamp01(
            0.25 * ((double)p[0] + (double)p[1] + (double)p[CANVAS] + (double)p[CANVAS + 1]));
    }
    free(canvas);
    return 0;
}

/* Cubic interpolation through lattice values (Catmull-Rom), linear on the coarsest lattice. */
static double weight_of(double t, bool cubic)
{
    t = fabs(t);
    if (!cubic)
        return t < 1 ? 1 - t : 0;
    return t < 1 ? 1 + t * t * (1.5 * t - 2.5) : t < 2 ? 2 + t * (-4 + t * (2.5 - 0.5 * t)) : 0;
}

static double lattice_at(const float *lattice, int n, double x, double y)
{
    const bool cubic = n > 2;
    double sum = 0;
    for (int j = (int)floor(y) - 1; j <= (int)floor(y) + 2; j++)
        for (int i = (int)floor(x) - 1; i <= (int)floor(x) + 2; i++) {
            const int cj = j < 0 ? 0 : j >= n ? n - 1 : j, ci = i < 0 ? 0 : i >= n ? n - 1 : i;
            sum += weight_of(x - i, cubic) * weight_of(y - j, cubic) * (double)lattice[cj * n + ci];
        }
    return sum;
}

/* One plane of noise with amplitude falling as (1/f)^fall, of deviation 1. */
static void draw_noise(struct dice *dice, double fall, double *plane)
{
    static float lattice[PICTURE_SIDE * PICTURE_SIDE];
    const int count = PICTURE_SIDE * PICTURE_SIDE;
    memset(plane, 0, (size_t)count * sizeof(*plane));
    for (int n = 2; n <= PICTURE_SIDE; n *= 2) {
        const double amplitude = pow(2.0 / n, fall);
        for (int i = 0; i < n * n; i++)
            lattice[i] = (float)normal(dice);
        for (int y = 0, i = 0; y < PICTURE_SIDE; y++)
            for (int x = 0; x < PICTURE_SIDE; x++, i++)
                plane[i] += amplitude * lattice_at(lattice, n, (x + 0.5) * n / PICTURE_SIDE - 0.5,
                                                   (y + 0.5) * n / PICTURE_SIDE - 0.5);
    }
    double sum = 0, squares = 0;
    for (int i = 0; i < count; i++) {
        sum += plane[i];
        squares += plane[i] * plane[i];
    }
    const double deviation = sqrt(squares / count - sum / count * (sum / count));
    for (int i = 0; i < count; i++)
        plane[i] /= deviation;
}

/* rgb = ground + coloured noise, clamped. */
static int add_noise(struct dice *dice, double fall, double gain, const double chroma[3],
                     float *rgb)
{
    const int count = PICTURE_SIDE * PICTURE_SIDE;
    double *planes = malloc(sizeof(double) * 3 * (size_t)count);
    if (!planes)
        return -1;
    for (int k = 0; k < 3; k++)
        draw_noise(dice, fall, planes + k * count);
    for (int i = 0; i < count; i++) {
        const double v[3] = {chroma[0] * planes[i], chroma[1] * planes[count + i],
                             chroma[2] * planes[2 * count + i]};
        double add[3];
        opponent_to_rgb(v, gain, add);
        for (int c = 0; c < 3; c++)
            rgb[c * count + i] = (float)clamp01((double)rgb[c * count + i] + add[c]);
    }
    free(planes);
    return 0;
}

int picture_draw(int index, float *planes)
{
    static const double muted[3] = {1, 0.7, 0.7}, plain[3] = {1, 1, 1};
    static const float mean[3] = {103.939f, 116.779f, 123.68f};
    const int count = PICTURE_SIDE * PICTURE_SIDE;
    struct dice dice = {.stream = (uint32_t)index};
    float *rgb = malloc(sizeof(float) * 3 * (size_t)count);
    int status = rgb ? 0 : -1;
    for (int i = 0; rgb && i < 3 * count; i++)
        rgb[i] = 0.5f;
    if (status == 0 && index != 1)
        status = draw_leaves(&dice, rgb);
    if (status == 0 && index == 1)
        status = add_noise(&dice, 0.9, 0.22, muted, rgb);
    if (status == 0 && index == 3)
        status = add_noise(&dice, 0.7, 0.08, plain, rgb);
    for (int i = 0; status == 0 && i < 3 * count; i++) {
        const int k = i / count;
        planes[i] = 255 * rgb[(2 - k) * count + i % count] - mean[k];
    }
    free(rgb);
    return status;
}
