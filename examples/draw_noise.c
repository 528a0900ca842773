/* SPDX-License-Identifier: MIT */
/* Noise and the small arithmetic that the pictures share. */

#include "draw.h"

static int floor_int(double x)
{
    const int i = (int)x;
    return i - (x < i);
}

double noise_hash(int x, int y, uint32_t seed)
{
    /* Odd constants spread the coordinates; two multiply-xorshift rounds mix all bits. */
    uint32_t h = (uint32_t)x * 0x9E3779B1U ^ (uint32_t)y * 0x85EBCA77U ^ seed * 0xC2B2AE3DU;
    h = (h ^ h >> 16) * 0x7FEB352DU;
    h = (h ^ h >> 15) * 0x846CA68BU;
    h ^= h >> 16;
    return h / 4294967296.0;
}

double noise_slope(double x, double y, uint32_t seed, double slope[2])
{
    const int ix = floor_int(x), iy = floor_int(y);
    const double fx = x - ix, fy = y - iy;
    /* Quintic weights: continuous second derivatives, so that shading shows no lattice. */
    const double ux = fx * fx * fx * (fx * (fx * 6 - 15) + 10);
    const double uy = fy * fy * fy * (fy * (fy * 6 - 15) + 10);
    const double a = noise_hash(ix, iy, seed), b = noise_hash(ix + 1, iy, seed);
    const double c = noise_hash(ix, iy + 1, seed), d = noise_hash(ix + 1, iy + 1, seed);
    const double twist = a - b - c + d;
    slope[0] = 30 * fx * fx * (fx - 1) * (fx - 1) * (b - a + twist * uy);
    slope[1] = 30 * fy * fy * (fy - 1) * (fy - 1) * (c - a + twist * ux);
    return a + (b - a) * ux + (c - a) * uy + twist * ux * uy;
}

double noise_smooth(double x, double y, uint32_t seed)
{
    double slope[2];
    return noise_slope(x, y, seed, slope);
}

double noise_fractal(double x, double y, int octaves, uint32_t seed)
{
    double sum = 0, strength = 1, total = 0;
    for (int i = 0; i < octaves; i++) {
        sum += strength * noise_smooth(x, y, seed + (uint32_t)i);
        total += strength;
        strength /= 2;
        /* A turn of 37 degrees with each doubling keeps the lattices from lining up. */
        const double turned = 1.6 * x - 1.2 * y;
        y = 1.2 * x + 1.6 * y;
        x = turned;
    }
    return sum / total;
}

double clamp01(double x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

double smooth_between(double low, double high, double x)
{
    const double t = clamp01((x - low) / (high - low));
    return t * t * (3 - 2 * t);
}

double blend(double a, double b, double t)
{
    return a + (b - a) * t;
}

struct rgb blend_rgb(struct rgb a, struct rgb b, double t)
{
    return (struct rgb){blend(a.r, b.r, t), blend(a.g, b.g, t), blend(a.b, b.b, t)};
}

struct rgb scale_rgb(struct rgb c, double factor)
{
    return (struct rgb){c.r * factor, c.g * factor, c.b * factor};
}

struct rgb add_rgb(struct rgb a, struct rgb b)
{
    return (struct rgb){a.r + b.r, a.g + b.g, a.b + b.b};
}
