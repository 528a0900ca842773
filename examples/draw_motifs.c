/* SPDX-License-Identifier: MIT */
/* What the paintings show: for each point a colour and the direction of the brush. Composed by eye,
 * like any picture; so are the numbers. */

#include "draw.h"

#include <math.h>

/* An eddy of the night sky: a star, the moon, or a cloud of stars. */
struct eddy {
    double x, y, radius, spin; /* spin: signed strength of the turning */
    double glow;               /* how bright: 0 to 1 */
    double disc;               /* radius of the star itself */
};

static const struct eddy eddies[] = {
    {0.90, 0.24, 0.19, -2.4, 0.40, 0.000},  {0.66, 0.47, 0.09, 2.0, 0.35, 0.000},
    {0.36, 0.36, 0.17, 2.2, 1.00, 0.058},   {0.10, 0.14, 0.075, -2.0, 1.00, 0.016},
    {0.60, 0.13, 0.065, -1.8, 0.95, 0.013}, {1.25, 0.15, 0.075, 2.0, 1.00, 0.016},
    {0.31, 0.06, 0.045, 1.8, 0.90, 0.010},  {1.21, 0.40, 0.050, 1.8, 0.90, 0.010},
    {0.07, 0.46, 0.050, 1.6, 0.85, 0.010},  {0.86, 0.52, 0.040, -1.6, 0.80, 0.008},
};
#define MOON 2 /* its row */
#define EDDIES (sizeof(eddies) / sizeof(*eddies))

/* The round tree on the hill to the right. */
static const double tree[] = {1.06, 0.540, 0.125};

/* What lies below the sky, far to near, and the skyline of each at x. */
enum range { FAR_HILLS, LAKE, FIELDS, GRASS, RANGES };

static double skyline(int range, double x)
{
    switch (range) {
    case FAR_HILLS:
        return 0.625 + 0.030 * sin(4.1 * x + 2.1) + 0.014 * sin(9.7 * x + 2);
    case LAKE:
        return 0.672;
    case FIELDS:
        return 0.835 - 0.115 * smooth_between(0.35, 1.15, x) + 0.018 * sin(6.1 * x);
    default:
        return 0.930 + 0.022 * sin(5.3 * x + 4.4);
    }
}

/* RANGES: the sky. */
static int range_at(double x, double y)
{
    int range = RANGES;
    for (int i = 0; i < RANGES; i++)
        range = y > skyline(i, x) ? i : range;
    return range;
}

static double tree_distance(double x, double y)
{
    const double dx = x - tree[0], dy = (y - tree[1]) * 0.85;
    return sqrt(dx * dx + dy * dy) / tree[2] + 0.5 * (noise_smooth(13 * x, 13 * y, 42) - 0.5);
}

static bool in_trunk(double x, double y)
{
    return y > tree[1] && y < 0.765 && fabs(x - tree[0]) < 0.014 + 0.10 * fmax(0, y - 0.735);
}

static void night_sky_flow(double x, double y, double to[2])
{
    double slope[2];
    noise_slope(2.2 * x + 3, 2.2 * y, 11, slope);
    to[0] = 1 + 0.35 * slope[1];
    to[1] = 0.30 * sin(3.4 * x + 2.2 * y) - 0.35 * slope[0];
    for (size_t i = 0; i < EDDIES; i++) {
        const struct eddy *e = &eddies[i];
        const double dx = x - e->x, dy = y - e->y;
        const double r = sqrt(dx * dx + dy * dy) + 1e-9;
        const double pull = e->spin * 1.6 * exp(-r * r / (1.7 * e->radius * e->radius)) / r;
        /* A little inward: spirals, not rings. */
        to[0] += pull * (-dy - 0.22 * dx);
        to[1] += pull * (dx - 0.22 * dy);
    }
}

static void night_flow(double x, double y, double to[2])
{
    if (tree_distance(x, y) < 1) {
        to[0] =
            x - tree[0] + 0.35 * (noise_smooth(11 * x, 11 * y, 23) - 0.5); /* as branches grow */
        to[1] = y - tree[1] - 0.14;
        return;
    }
    if (in_trunk(x, y)) {
        to[0] = 0.1;
        to[1] = 1;
        return;
    }
    const int range = range_at(x, y);
    if (range == RANGES) {
        night_sky_flow(x, y, to);
    } else if (range == GRASS) { /* leans in the wind */
        to[0] = 0.5 + 0.8 * (noise_smooth(5 * x, 3 * y, 22) - 0.5);
        to[1] = -1;
    } else { /* along the skyline */
        to[0] = 1;
        to[1] = (skyline(range, x + 0.01) - skyline(range, x - 0.01)) / 0.02;
        to[1] += 0.5 * (noise_smooth(4 * x, 6 * y, 21) - 0.5);
    }
}

static struct rgb palette(const struct rgb *colours, int count, double t)
{
    const double at = clamp01(t) * (count - 1);
    const int i = at < count - 1 ? (int)at : count - 2;
    return blend_rgb(colours[i], colours[i + 1], at - i);
}

static struct rgb night_sky(double x, double y)
{
    static const struct rgb blues[] = {
        {0.05, 0.07, 0.24}, {0.08, 0.16, 0.42}, {0.13, 0.30, 0.60},
        {0.28, 0.50, 0.72}, {0.62, 0.76, 0.78}, {0.88, 0.87, 0.66},
    };
    static const struct rgb lights[] = {
        {0.16, 0.36, 0.56}, {0.42, 0.62, 0.58}, {0.80, 0.78, 0.42},
        {0.97, 0.80, 0.26}, {0.99, 0.90, 0.55}, {1.00, 0.97, 0.80},
    };
    /* Colours are carried along by the flow, so that they lie in streaks that swirl. */
    double px = x, py = y;
    for (int i = 0; i < 14; i++) {
        double to[2];
        night_sky_flow(px, py, to);
        const double step = 0.011 / sqrt(to[0] * to[0] + to[1] * to[1] + 1e-12);
        px -= to[0] * step;
        py -= to[1] * step;
    }
    const double streaks = noise_fractal(7 * px, 11 * py, 3, 31);
    double shine = 0.42 + 2.1 * (streaks - 0.5) + 0.28 * (y - 0.3);
    double star = 0, near = 0;
    for (size_t i = 0; i < EDDIES; i++) {
        const struct eddy *e = &eddies[i];
        const double dx = x - e->x, dy = y - e->y, r = sqrt(dx * dx + dy * dy);
        const double halo = exp(-r * r / (e->radius * e->radius));
        if (e->disc == 0) {
            shine += e->glow * halo * (0.6 + 0.7 * sin(8 * streaks));
            continue;
        }
        const double rings = 0.82 + 0.18 * cos(40 * sqrt(r / e->radius) - 3);
        star = fmax(star, e->glow * halo * rings * (0.75 + 0.5 * streaks));
        near = fmax(near, smooth_between(1.15 * e->disc, 0.85 * e->disc, r));
    }
    const struct rgb sky = palette(blues, 6, shine);
    const struct rgb lit =
        blend_rgb(sky, palette(lights, 6, star * 1.05 - 0.1), smooth_between(0.12, 0.45, star));
    return blend_rgb(lit, (struct rgb){1.0, 0.95, 0.70}, near);
}

static struct rgb night_colour(double x, double y)
{
    const double grain = noise_fractal(9 * x, 22 * y, 2, 41);
    if (tree_distance(x, y) < 1) { /* lit by the moon, from the left */
        const double moonlit =
            clamp01(0.30 - 3.4 * (x - tree[0]) - 2.2 * (y - tree[1]) + 1.6 * (grain - 0.5));
        return blend_rgb((struct rgb){0.02, 0.09, 0.13}, (struct rgb){0.45, 0.58, 0.28}, moonlit);
    }
    if (in_trunk(x, y))
        return (struct rgb){0.10, 0.07, 0.10};

    const int range = range_at(x, y);
    if (range == RANGES)
        return night_sky(x, y);
    const double depth = (y - skyline(range, x)) / 0.09;
    const double light = clamp01(0.75 - 0.6 * depth + 1.5 * (grain - 0.5));
    switch (range) {
    case FAR_HILLS:
        return blend_rgb((struct rgb){0.10, 0.14, 0.34}, (struct rgb){0.34, 0.44, 0.66}, light);
    case LAKE: {
        const double swell = noise_fractal(5 * x, 40 * y, 3, 44);
        const struct rgb water =
            blend_rgb((struct rgb){0.07, 0.18, 0.42}, (struct rgb){0.32, 0.60, 0.70},
                      smooth_between(0.35, 0.70, swell));
        /* The moon's path widens towards the viewer and breaks up in the waves. */
        const double off = (x - eddies[MOON].x) / (0.05 + 0.35 * (y - skyline(LAKE, x)));
        return blend_rgb(water, (struct rgb){0.99, 0.86, 0.45},
                         exp(-off * off) * smooth_between(0.34, 0.52, swell));
    }
    case FIELDS: {
        /* Strips of ripe fields that run with the hill. */
        const double strip = 0.5 + 0.5 * sin(9 * depth + 5 * x);
        const struct rgb field =
            blend_rgb((struct rgb){0.66, 0.40, 0.08}, (struct rgb){0.98, 0.80, 0.30}, light);
        return blend_rgb(field, (struct rgb){0.20, 0.36, 0.22}, smooth_between(0.6, 0.8, strip));
    }
    default:
        return blend_rgb((struct rgb){0.03, 0.09, 0.14}, (struct rgb){0.34, 0.46, 0.20},
                         clamp01(light + 1.2 * (noise_smooth(40 * x, 9 * y, 43) - 0.6)));
    }
}

/* ---- A warm evening by the sea --------------------------------------------------------------- */

static const double shore = 0.60; /* the sea's horizon */
static const double sun[] = {0.90, 0.475, 0.060};

/* Lines of equal height run in long waves: the picture's bands are the values of this. */
static double wave(double x, double y)
{
    const double high = smooth_between(0.62, 0.05, y);
    return y + high * (0.075 * sin(4.6 * x + 5.5 * y + 0.4) + 0.030 * sin(10.3 * x - 6 * y)) +
           0.020 * (noise_smooth(3 * x, 7 * y, 51) - 0.5);
}

static double headland(double x)
{
    return shore - 0.115 * smooth_between(0.62, -0.05, x) -
           0.03 * smooth_between(0.62, 0.2, x) * sin(14 * x);
}

/* A boat with two sails, right before the hills. */
enum { HULL, MAIN_SAIL, FORE_SAIL, NO_BOAT };

static int boat(double x, double y)
{
    const double bx = x - 0.44, by = y - 0.680;
    if (by > 0 && by < 0.032 && fabs(bx) < 0.088 - 1.1 * by)
        return HULL;
    if (by <= -0.010 && by > -0.235 && bx > 0.004 && bx < 0.078 * (1 + by / 0.235))
        return MAIN_SAIL;
    if (by <= -0.018 && by > -0.205 && bx < -0.004 && bx > -0.066 * (1 + by / 0.205))
        return FORE_SAIL;
    return NO_BOAT;
}

static void sunset_flow(double x, double y, double to[2])
{
    const double step = 0.004;
    const int part = boat(x, y);
    if (part == MAIN_SAIL || part == FORE_SAIL) { /* along the sail's outer edge */
        to[0] = part == MAIN_SAIL ? 0.33 : -0.33;
        to[1] = 1;
        return;
    }
    if (y > headland(x) && y < shore) {
        to[0] = 1;
        to[1] = (headland(x + step) - headland(x - step)) / (2 * step) * 0.8;
        return;
    }
    if (y > shore) {
        /* Waves grow towards the viewer. */
        const double near = (y - shore) / (1 - shore);
        to[0] = 1;
        to[1] = 0.55 * near * sin(9 * x + 26 * y) +
                0.6 * near * (noise_smooth(5 * x, 12 * y, 52) - 0.5);
        return;
    }
    to[0] = wave(x, y + step) - wave(x, y - step);
    to[1] = -(wave(x + step, y) - wave(x - step, y));
    /* Around the sun they wind inwards. */
    const double dx = x - sun[0], dy = y - sun[1], r = sqrt(dx * dx + dy * dy) + 1e-9;
    const double pull = 0.05 * exp(-r * r / 0.0055) / r;
    to[0] += pull * (-dy - 0.35 * dx);
    to[1] += pull * (dx - 0.35 * dy);
}

static struct rgb sunset_sky(double x, double y)
{
    static const struct rgb warm[] = {
        {0.20, 0.09, 0.30}, {0.46, 0.10, 0.26}, {0.76, 0.16, 0.14}, {0.90, 0.36, 0.10},
        {0.96, 0.58, 0.16}, {0.98, 0.78, 0.34}, {0.99, 0.88, 0.58},
    };
    const double dx = x - sun[0], dy = y - sun[1], r = sqrt(dx * dx + dy * dy);
    const double band = wave(x, y);
    const double stripes = noise_fractal(1.3 * x + 2, 17 * band, 3, 53);
    const double t = 0.07 + 0.94 * band + 1.6 * (stripes - 0.5) + 0.30 * exp(-r * r / 0.022);
    const struct rgb sky = palette(warm, 7, t);
    /* Cold clouds among the warm ones make them glow. */
    const double cloud = noise_fractal(1.1 * x + 9, 11 * band + 4, 3, 54);
    const struct rgb cool =
        blend_rgb(sky, (struct rgb){0.30, 0.36, 0.56},
                  0.85 * smooth_between(0.56, 0.68, cloud) * smooth_between(0.10, 0.30, r));
    return blend_rgb(cool, (struct rgb){1.0, 0.95, 0.72}, smooth_between(sun[2], sun[2] * 0.8, r));
}

static struct rgb sunset_colour(double x, double y)
{
    const struct rgb boat_colours[] = {{0.16, 0.07, 0.14}, {0.52, 0.09, 0.13}, {0.99, 0.90, 0.70}};
    const int part = boat(x, y);
    if (part < NO_BOAT)
        return boat_colours[part];
    if (y < headland(x))
        return sunset_sky(x, y);
    if (y < shore) {
        const double light = clamp01(1.2 - 9 * (y - headland(x)) +
                                     1.4 * (noise_fractal(8 * x, 20 * y, 2, 56) - 0.5));
        return blend_rgb((struct rgb){0.16, 0.10, 0.30}, (struct rgb){0.52, 0.26, 0.42},
                         light * (0.3 + 0.7 * smooth_between(0, 0.6, x)));
    }
    const double near = (y - shore) / (1 - shore);
    const double swell =
        noise_fractal(3.2 * x / (0.3 + near), 34 * (y - shore) / (0.35 + near), 3, 57);
    const struct rgb water = blend_rgb(
        blend_rgb((struct rgb){0.46, 0.36, 0.56}, (struct rgb){0.07, 0.16, 0.38}, sqrt(near)),
        (struct rgb){0.24, 0.56, 0.66}, smooth_between(0.5, 0.72, swell) * 0.8);
    /* The sun's path widens towards the viewer and breaks up in the waves. */
    const double off = fabs(x - sun[0]) / (0.045 + 0.20 * near);
    const double path = exp(-off * off) * smooth_between(0.36, 0.58, swell + 0.12 * (1 - near));
    const struct rgb fire =
        blend_rgb((struct rgb){0.99, 0.86, 0.46}, (struct rgb){0.95, 0.46, 0.14},
                  clamp01(near * 0.8 + 0.5 * off));
    return blend_rgb(water, fire, path);
}

const struct motif draw_night = {
    .flow = night_flow,
    .colour = night_colour,
    .length = 11,
    .ground = {0.20, 0.17, 0.16},
};

const struct motif draw_sunset = {
    .flow = sunset_flow,
    .colour = sunset_colour,
    .length = 14,
    .ground = {0.42, 0.16, 0.12},
};
