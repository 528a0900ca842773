/* SPDX-License-Identifier: MIT */
/*
 * A lighthouse at a mountain lake in the evening, as a camera would take it: rays are followed to a
 * landscape of fractal noise, to the lighthouse, and from the water on to what it mirrors.
 * x points right, y up, z away from the camera; the water is at y = 0; a unit is some 25 metres.
 * Shapes, colours and strengths were chosen by eye.
 */

#include "draw.h"

#include <math.h>

struct vec {
    double x, y, z;
};

static struct vec along(struct vec from, struct vec to, double t)
{
    return (struct vec){from.x + to.x * t, from.y + to.y * t, from.z + to.z * t};
}

static double dot(struct vec a, struct vec b)
{
    return a.x * b.x + a.y * b.y + a.z * b.z;
}

static struct vec unit(struct vec a)
{
    const double norm = 1 / sqrt(dot(a, a));
    return (struct vec){a.x * norm, a.y * norm, a.z * norm};
}

#define FAR 60.0 /* nothing is seen beyond */
static const struct vec eye = {0, 0.34, 0};
static const struct vec sun = {-0.315, 0.098, 0.944}; /* where it stands in the picture */
/* Where its light comes from: further to the side than it stands, as a photographer would wait for,
 * so that things show their shapes. */
static const struct vec light = {-0.80, 0.33, 0.50};
static const struct rgb sunlight = {3.6, 1.9, 0.85}, skylight = {0.26, 0.32, 0.46};
static const struct vec tower = {0.78, 0.22, 2.75}; /* the foot of the lighthouse */

/* ---- The land -------------------------------------------------------------------------------- */

/* Noise whose octaves fade where the ground is steep already: ridges and valleys. */
static double ridges(double x, double z, int octaves)
{
    double sum = 0, strength = 1, sx = 0, sz = 0;
    for (int i = 0; i < octaves; i++) {
        double slope[2];
        const double n = noise_slope(x, z, 300, slope);
        sx += slope[0];
        sz += slope[1];
        sum += strength * n / (1 + sx * sx + sz * sz);
        strength *= 0.5;
        const double turned = 1.6 * x - 1.2 * z;
        z = 1.2 * x + 1.6 * z;
        x = turned;
    }
    return sum;
}

/* Conifers as cones on a jittered lattice: their height over the ground. */
static double trees(double x, double z)
{
    const double cell = 0.085;
    const int cx = (int)floor(x / cell), cz = (int)floor(z / cell);
    double top = 0;
    for (int i = cx - 1; i <= cx + 1; i++) {
        for (int j = cz - 1; j <= cz + 1; j++) {
            const double dx = (i + noise_hash(i, j, 310)) * cell - x;
            const double dz = (j + noise_hash(i, j, 311)) * cell - z;
            const double high = 0.10 + 0.17 * noise_hash(i, j, 312);
            const double r = sqrt(dx * dx + dz * dz) / (0.035 + 0.10 * high);
            if (r < 1 && noise_hash(i, j, 313) < 0.85)
                top = fmax(top, high * (1 - r));
        }
    }
    return top;
}

/* octaves: detail. wood: whether trees count; *canopy, unless NULL, gets their height. */
static double ground(double x, double z, int octaves, bool wood, double *canopy)
{
    /* Mountains stand beyond the lake; hills come down to it on the left. */
    const double far = smooth_between(7.5, 17, z + 1.2 * fabs(x + 0.6));
    double y = -0.25;
    if (far > 0) {
        /* A gap between them where the sun goes down. */
        const double off = (x / z - sun.x / sun.z) / 0.20;
        y += far * (0.2 + 3.7 * (1 - 0.80 * exp(-off * off))) *
             ridges(0.24 * x + 1.7, 0.24 * z + 5.1, octaves);
    }
    const double left = smooth_between(0.9, 2.9, -x - 0.12 * z + 0.5 * noise_smooth(z, x, 320)) *
                        smooth_between(2.2, 4.2, z) * smooth_between(13, 8, z);
    if (left > 0)
        y += left * (0.40 + 0.75 * ridges(0.7 * x, 0.7 * z, octaves - 1));
    /* The lighthouse's headland, and stones at the near shore. */
    const double hx = (x - tower.x - 0.45) / 1.05, hz = (z - tower.z - 0.1) / 0.55;
    const double cliff =
        sqrt(hx * hx + hz * hz) + 0.5 * (noise_fractal(2.2 * x, 2.2 * z, 3, 330) - 0.5);
    if (cliff < 1.1)
        y += 0.50 * smooth_between(1.1, 0.25, cliff) + 0.30 * smooth_between(1.1, 0.95, cliff) *
                                                           smooth_between(0.35, 0.75, cliff) *
                                                           ridges(2.6 * x, 2.6 * z, octaves - 1);
    const double sx = (x + 0.62) / 0.50, sz = (z - 1.15) / 0.30;
    const double stones = sqrt(sx * sx + sz * sz);
    if (stones < 1)
        y += 0.42 * smooth_between(1, 0.2, stones) *
             noise_fractal(4.5 * x, 4.5 * z, octaves - 1, 332);
    if (canopy)
        *canopy = 0;
    if (wood && left > 0 && y > 0.015 && y < 0.9) {
        const double grown = trees(x, z) * smooth_between(0.015, 0.05, y);
        y += grown;
        if (canopy)
            *canopy = grown;
    }
    return y;
}

/* Distance along the ray to the land, or `end`. */
static double meet_land(struct vec from, struct vec to, double end)
{
    double t = 0.02;
    for (int i = 0; i < 400 && t < end; i++) {
        const struct vec p = along(from, to, t);
        if (p.y > 5 && to.y >= 0)
            return end;
        const bool wood = p.z < 13 && p.x < 0;
        const double gap = p.y - ground(p.x, p.z, t < 7 ? 6 : 5, wood, NULL);
        if (gap < 0.001 * t)
            return t;
        t += fmax(gap * (wood && gap < 0.3 ? 0.25 : 0.45), 0.001 * t);
    }
    return end;
}

static bool in_shadow(struct vec from)
{
    for (double t = 0.03; t < 6; t *= 1.3) {
        const struct vec p = along(from, light, t);
        if (p.y < ground(p.x, p.z, 5, p.z < 13 && p.x < 0, NULL))
            return true;
    }
    return false;
}

static struct rgb land_colour(struct vec p, double distance)
{
    const double e = 0.0012 * distance;
    double canopy;
    const bool wood = p.z < 13 && p.x < 0;
    const double y = ground(p.x, p.z, 10, wood, &canopy);
    const struct vec normal = unit((struct vec){y - ground(p.x + e, p.z, 10, wood, NULL), e,
                                                y - ground(p.x, p.z + e, 10, wood, NULL)});
    const double spots = noise_fractal(9 * p.x, 9 * p.z, 4, 340);
    struct rgb stuff =
        blend_rgb((struct rgb){0.16, 0.13, 0.12}, (struct rgb){0.36, 0.30, 0.26}, spots);
    const double grass = smooth_between(0.62, 0.80, normal.y + 0.3 * (spots - 0.5)) *
                         smooth_between(0.03, 0.09, p.y) * smooth_between(1.3, 0.8, p.y);
    stuff = blend_rgb(
        stuff, blend_rgb((struct rgb){0.09, 0.12, 0.03}, (struct rgb){0.22, 0.20, 0.06}, spots),
        grass);
    const double snow = smooth_between(1.15, 1.75, p.y + 0.9 * (spots - 0.5)) *
                        smooth_between(0.40, 0.62, normal.y);
    stuff = blend_rgb(stuff, (struct rgb){0.82, 0.84, 0.88}, snow);
    if (canopy > 0.004)
        stuff = blend_rgb((struct rgb){0.020, 0.035, 0.018}, (struct rgb){0.06, 0.075, 0.03},
                          clamp01(canopy / 0.2));
    /* Wet and dark along the water. */
    stuff = scale_rgb(stuff, blend(0.45, 1, smooth_between(0.0, 0.04, p.y)));
    const double lit = fmax(dot(normal, unit(light)), 0);
    const struct rgb direct =
        lit > 0 && !in_shadow(p) ? scale_rgb(sunlight, lit) : (struct rgb){0, 0, 0};
    const struct rgb all = add_rgb(direct, scale_rgb(skylight, 0.55 + 0.45 * normal.y));
    return (struct rgb){stuff.r * all.r, stuff.g * all.g, stuff.b * all.b};
}

/* ---- The sky --------------------------------------------------------------------------------- */

/* The clear air in a direction, with the glow around the sun. */
static struct rgb air_colour(struct vec to)
{
    const double up = fmax(to.y, 0);
    const double toward = fmax(dot(to, unit(sun)), 0);
    struct rgb sky = blend_rgb((struct rgb){0.98, 0.56, 0.30}, (struct rgb){0.82, 0.46, 0.42},
                               smooth_between(0, 0.16, up));
    sky = blend_rgb(sky, (struct rgb){0.10, 0.23, 0.54}, smooth_between(0.08, 0.42, up));
    sky = blend_rgb(sky, (struct rgb){0.62, 0.42, 0.46},
                    0.6 * smooth_between(0.96, 0.70, toward) * smooth_between(0.25, 0, up));
    const double shine = 0.75 * pow(toward, 24) + 1.6 * pow(toward, 300);
    return add_rgb(sky, scale_rgb((struct rgb){1.0, 0.52, 0.18}, shine));
}

static struct rgb sky_colour(struct vec to)
{
    const double up = fmax(to.y, 0);
    const double toward = fmax(dot(to, unit(sun)), 0);
    const struct rgb disc = {14, 12, 7.7};
    const struct rgb sky =
        add_rgb(air_colour(to), scale_rgb(disc, smooth_between(0.99960, 0.99975, toward)));

    /* Clouds on a plane overhead, bright where thinner towards the sun. */
    const double scale = 0.75 / (up + 0.07);
    const double x = to.x * scale, z = to.z * scale * 1.5;
    const double cloud = noise_fractal(0.9 * x + 3, z + 1, 6, 350);
    const double sunward = noise_fractal(0.9 * (x - 0.14) + 3, z + 1.22, 4, 350);
    const double cover = smooth_between(0.43, 0.60, cloud) * smooth_between(0.02, 0.10, up);
    const double rim = clamp01(0.45 + 3.2 * (cloud - sunward));
    const struct rgb dark =
        blend_rgb((struct rgb){0.30, 0.24, 0.33}, (struct rgb){0.62, 0.32, 0.26}, pow(toward, 24));
    const struct rgb bright =
        blend_rgb((struct rgb){0.98, 0.58, 0.46}, (struct rgb){1.9, 1.0, 0.45}, pow(toward, 8));
    return blend_rgb(sky, blend_rgb(dark, bright, rim), 0.88 * cover);
}

/* ---- The lighthouse and its keeper's house --------------------------------------------------- */

enum part { WALL, BAND, IRON, LANTERN, ROOF, WINDOW, LIT_WINDOW };

/* Distance to an upright cone between heights, from the axis at distance r. */
static double cone(double r, double y, double low, double high, double r_low, double r_high)
{
    const double t = clamp01((y - low) / (high - low));
    return fmax(r - blend(r_low, r_high, t), fmax(low - y, y - high)) * 0.9;
}

static double box(struct vec p, struct vec half)
{
    return fmax(fabs(p.x) - half.x, fmax(fabs(p.y) - half.y, fabs(p.z) - half.z));
}

static double buildings(struct vec p, enum part *part)
{
    const struct vec q = {p.x - tower.x, p.y - tower.y, p.z - tower.z};
    const double r = sqrt(q.x * q.x + q.z * q.z);
    double best = cone(r, q.y, -0.1, 0.66, 0.105, 0.062);
    *part = (q.y > 0.16 && q.y < 0.30) || (q.y > 0.44 && q.y < 0.56) ? BAND : WALL;
    const double from_side = q.x / (r + 1e-9) + 0.45; /* windows face the camera, a little left */
    if (fabs(from_side) < 0.13 && q.z < 0 && (fabs(q.y - 0.37) < 0.022 || fabs(q.y - 0.10) < 0.03))
        *part = WINDOW;
    const struct {
        double distance;
        enum part part;
    } others[] = {
        {cone(r, q.y, 0.66, 0.685, 0.092, 0.092), IRON},
        {fmax(fabs(r - 0.088) - 0.0025, fabs(q.y - 0.712) - 0.004), IRON},
        {cone(r, q.y, 0.68, 0.775, 0.042, 0.042), LANTERN},
        {cone(r, q.y, 0.775, 0.845, 0.060, 0.004), ROOF},
        {cone(r, q.y, 0.84, 0.875, 0.005, 0.003), IRON},
        {box((struct vec){q.x - 0.30, q.y - 0.05, q.z - 0.02}, (struct vec){0.15, 0.11, 0.09}),
         WALL},
        {fmax(
             fmax(fabs(q.x - 0.30) - 0.165, (fabs(q.z - 0.02) - 0.02) * 0.66 + (q.y - 0.23) * 0.75),
             0.155 - q.y),
         ROOF},
        {box((struct vec){q.x - 0.38, q.y - 0.25, q.z - 0.02}, (struct vec){0.018, 0.05, 0.018}),
         BAND},
    };
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        if (others[i].distance < best) {
            best = others[i].distance;
            *part = others[i].part;
            const double wx = q.x - 0.30;
            if (i == 5 && fabs(fabs(wx) - 0.075) < 0.022 && fabs(q.y - 0.09) < 0.028)
                *part = wx < 0 ? LIT_WINDOW : WINDOW;
        }
    }
    return best;
}

static double meet_buildings(struct vec from, struct vec to, double end, enum part *part)
{
    const struct vec middle = {tower.x + 0.2, tower.y + 0.4, tower.z};
    const struct vec off = along(middle, from, -1);
    const double nearest = dot(off, to), away = dot(off, off) - nearest * nearest;
    if (away > 0.75 * 0.75)
        return end;
    double t = fmax(0, nearest - 0.75);
    for (int i = 0; i < 160 && t < fmin(end, nearest + 0.75); i++) {
        const double d = buildings(along(from, to, t), part);
        if (d < 0.0004)
            return t;
        t += d;
    }
    return end;
}

static struct rgb building_colour(struct vec p, enum part part)
{
    static const struct rgb stuffs[] = {
        [WALL] = {0.80, 0.77, 0.72}, [BAND] = {0.52, 0.06, 0.04}, [IRON] = {0.05, 0.05, 0.06},
        [LANTERN] = {0, 0, 0},       [ROOF] = {0.28, 0.07, 0.05}, [WINDOW] = {0.03, 0.035, 0.05},
        [LIT_WINDOW] = {0, 0, 0},
    };
    if (part == LANTERN || part == LIT_WINDOW)
        return scale_rgb((struct rgb){1.0, 0.62, 0.20}, part == LANTERN ? 3.5 : 1.6);
    const double e = 0.0015;
    enum part unused;
    const double here = buildings(p, &unused);
    const struct vec normal =
        unit((struct vec){buildings((struct vec){p.x + e, p.y, p.z}, &unused) - here,
                          buildings((struct vec){p.x, p.y + e, p.z}, &unused) - here,
                          buildings((struct vec){p.x, p.y, p.z + e}, &unused) - here});
    enum part shading;
    const bool shadow = meet_buildings(along(p, normal, 0.004), unit(light), 2, &shading) < 2;
    const struct rgb all =
        add_rgb(scale_rgb(sunlight, shadow ? 0 : fmax(dot(normal, unit(light)), 0)),
                scale_rgb(skylight, 0.9 + 0.3 * normal.y));
    const double stain = 0.82 + 0.36 * noise_fractal(30 * p.x, 7 * p.y, 3, 360);
    return (struct rgb){stuffs[part].r * all.r * stain, stuffs[part].g * all.g * stain,
                        stuffs[part].b * all.b * stain};
}

/* ---- The picture ----------------------------------------------------------------------------- */

/* What is seen above the water. */
static struct rgb seen(struct vec from, struct vec to, double end)
{
    enum part part = WALL;
    const double land = meet_land(from, to, end);
    const double wall = meet_buildings(from, to, land, &part);
    const double distance = wall < land ? wall : land;
    const struct rgb air = air_colour((struct vec){to.x, fmax(to.y, 0.02), to.z});
    struct rgb colour = wall < land  ? building_colour(along(from, to, wall), part)
                        : land < FAR ? land_colour(along(from, to, land), land)
                                     : sky_colour(to);
    if (distance < FAR) {
        const double haze = 1 - exp(-0.028 * fmax(distance - 3, 0));
        colour = blend_rgb(colour, blend_rgb(air, (struct rgb){0.42, 0.36, 0.52}, 0.65), haze);
    }
    /* The lamp's shine in the evening air. */
    const struct vec lamp = {tower.x - from.x, tower.y + 0.725 - from.y, tower.z - from.z};
    const double t = dot(lamp, to);
    const double away = sqrt(fmax(dot(lamp, lamp) - t * t, 0));
    if (t > 0 && t < distance + 0.2)
        colour = add_rgb(colour, scale_rgb((struct rgb){1.0, 0.66, 0.30},
                                           0.55 * exp(-away / 0.05) + 0.10 * exp(-away / 0.2)));
    return colour;
}

static double ripple(double x, double z)
{
    return 0.6 * noise_fractal(2.5 * x, 5 * z, 3, 370) +
           0.4 * noise_fractal(11 * x, 21 * z, 3, 371);
}

static struct rgb camera(struct vec to)
{
    const double water = to.y < 0 ? -eye.y / to.y : FAR;
    enum part part;
    if (water >= FAR)
        return seen(eye, to, FAR);
    const double land = meet_land(eye, to, water);
    if (land < water || meet_buildings(eye, to, water, &part) < water)
        return seen(eye, to, water);

    struct vec p = along(eye, to, water);
    const double e = 0.004, here = ripple(p.x, p.z);
    /* Far ripples average out within a pixel. */
    const double strength = 0.024 / (1 + 0.05 * water * water);
    const struct vec normal = unit((struct vec){(here - ripple(p.x + e, p.z)) / e * strength, 1,
                                                (here - ripple(p.x, p.z + e)) / e * strength});
    struct vec mirrored = along(to, normal, -2 * dot(to, normal));
    mirrored.y = fmax(mirrored.y, 0.004);
    p.y = 0.001;
    const double facing = fmax(-dot(to, normal), 0);
    const double fresnel = 0.04 + 0.96 * pow(1 - facing, 4);
    return blend_rgb((struct rgb){0.020, 0.050, 0.075}, seen(p, unit(mirrored), FAR),
                     clamp01(fresnel * 0.95));
}

/* Linear light to sRGB, with a film's soft shoulder. */
static double develop(double x)
{
    const double exposed = 1 - exp(-1.35 * x);
    return exposed <= 0.0031308 ? 12.92 * exposed : 1.055 * pow(exposed, 1 / 2.4) - 0.055;
}

void draw_photo(struct impasto_image *image)
{
    const int samples = 2; /* each way within a pixel */
    const double lens = 0.92, horizon = 0.60;
    for (int y = 0; y < image->height; y++) {
        for (int x = 0; x < image->width; x++) {
            struct rgb sum = {0, 0, 0};
            for (int s = 0; s < samples * samples; s++) {
                const int column = s % samples, row = s / samples;
                const double u =
                    (x + (column + 0.5) / samples - 0.5 * image->width) / image->height;
                const double v = horizon - (y + (row + 0.5) / samples) / image->height;
                const struct rgb c = camera(unit((struct vec){lens * u, lens * v, 1}));
                /* Developed before averaging: lights brighter than white would fray the edges. */
                sum = add_rgb(sum, (struct rgb){develop(c.r), develop(c.g), develop(c.b)});
            }
            sum = scale_rgb(sum, 1.0 / (samples * samples));
            const double u = (double)x / image->width - 0.5, v = (double)y / image->height - 0.5;
            const double vignette = 1 - 0.30 * (u * u + v * v);
            const double grain = 0.016 * (noise_hash(x, y, 380) + noise_hash(x, y, 381) - 1);
            float *rgb = image->rgb + 3 * ((size_t)y * (size_t)image->width + (size_t)x);
            rgb[0] = (float)clamp01(sum.r * vignette + grain);
            rgb[1] = (float)clamp01(sum.g * vignette + grain);
            rgb[2] = (float)clamp01(sum.b * vignette + grain);
        }
    }
}
