/* SPDX-License-Identifier: MIT */
/* The sketch: its colours, and the flow along its contours. */

#include "draw/style.h"

#include <string.h>

void imp_sketch_take(struct imp_style *style)
{
    memcpy(style->sketch, style->canvas->rgb, 3 * style->canvas->plane * sizeof(float));
}

static size_t place(const struct imp_style *style, float x, float y)
{
    const struct imp_canvas *canvas = style->canvas;
    const float unit = (float)canvas->height;
    const int px = (int)fminf(fmaxf(x * unit, 0), (float)(canvas->width - 1));
    const int py = (int)fminf(fmaxf(y * unit, 0), (float)(canvas->height - 1));
    return (size_t)py * (size_t)canvas->width + (size_t)px;
}

struct imp_rgb imp_sketch_at(const struct imp_style *style, float x, float y)
{
    const float *at = style->sketch + place(style, x, y);
    const size_t plane = style->canvas->plane;
    return (struct imp_rgb){at[0], at[plane], at[2 * plane]};
}

static float apart(struct imp_rgb a, struct imp_rgb b)
{
    return fabsf(a.r - b.r) + fabsf(a.g - b.g) + fabsf(a.b - b.b);
}

float imp_sketch_detail(const struct imp_style *style, float x, float y, float radius)
{
    return apart(imp_sketch_at(style, x - radius, y), imp_sketch_at(style, x + radius, y)) +
           apart(imp_sketch_at(style, x, y - radius), imp_sketch_at(style, x, y + radius));
}

/* The eddies run along the lines of equal height of smooth noise. */
static float eddy_angle(float x, float y, uint32_t seed)
{
    const float e = 0.02f, here = imp_noise_fractal(x, y, 2, seed);
    return atan2f(here - imp_noise_fractal(x + e, y, 2, seed),
                  imp_noise_fractal(x, y + e, 2, seed) - here);
}

/* The structure tensor, smoothed: its three numbers go to near, side and part. */
static void tensor(struct imp_style *style, float eddies, float weight)
{
    const struct imp_canvas *canvas = style->canvas;
    const uint32_t seed = imp_dice_bits(&style->dice);
    const float unit = 1 / (float)canvas->height, e = 1.5f * unit;
    for (int py = 0; py < canvas->height; py++) {
        for (int px = 0; px < canvas->width; px++) {
            const float x = ((float)px + 0.5f) * unit, y = ((float)py + 0.5f) * unit;
            const float gx = imp_rgb_light(imp_sketch_at(style, x + e, y)) -
                             imp_rgb_light(imp_sketch_at(style, x - e, y));
            const float gy = imp_rgb_light(imp_sketch_at(style, x, y + e)) -
                             imp_rgb_light(imp_sketch_at(style, x, y - e));
            const float a = 2 * eddy_angle(x / eddies, y / eddies, seed);
            const size_t at = (size_t)py * (size_t)canvas->width + (size_t)px;
            style->near[at] = gx * gx - gy * gy - weight * cosf(a);
            style->side[at] = 2 * gx * gy - weight * sinf(a);
        }
    }
}

void imp_sketch_flow(struct imp_style *style, float radius, float eddies, float weight)
{
    const struct imp_canvas *canvas = style->canvas;
    const struct imp_box all = {0, 0, canvas->width, canvas->height};
    const int pixels = (int)(0.5f * radius * (float)canvas->height) + 1;
    tensor(style, eddies, weight * weight);
    imp_plane_blur(style->near, canvas->width, all, pixels, canvas->spare);
    imp_plane_blur(style->side, canvas->width, all, pixels, canvas->spare);
    /* Across the gradient, whose doubled angle the two numbers have. */
    for (size_t i = 0; i < canvas->plane; i++)
        style->angle[i] = 0.5f * atan2f(style->side[i], style->near[i]) + 0.5f * IMP_PI;
}

float imp_sketch_angle(const struct imp_style *style, float x, float y)
{
    return style->angle[place(style, x, y)];
}
