/* SPDX-License-Identifier: MIT */
/* The canvas: its planes, its pixels, and blurs. */

#include "draw/canvas.h"

#include <stdlib.h>
#include <string.h>

#define SIDE_MOST 8192

enum impasto_status imp_canvas_check(int height, int width, struct impasto_error *error)
{
    if (height < 1 || width < 1 || height > SIDE_MOST || width > SIDE_MOST)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "a drawn picture of %d x %d pixels; sides are from 1 to %d", width, height,
                        SIDE_MOST);
    return IMPASTO_OK;
}

enum impasto_status imp_canvas_open(struct imp_canvas *canvas, int height, int width, float *rgb,
                                    struct impasto_error *error)
{
    const size_t plane = (size_t)width * (size_t)height;
    const size_t cover = plane + 2 * (size_t)height;
    *canvas = (struct imp_canvas){.width = width,
                                  .height = height,
                                  .aspect = (float)width / (float)height,
                                  .plane = plane,
                                  .rgb = rgb,
                                  .cover = calloc(2 * cover + 2 * plane, sizeof(float))};
    if (!canvas->cover)
        return imp_fail_memory(error, "drawing a picture", (2 * cover + 2 * plane) * sizeof(float));
    canvas->covered = (struct imp_box){width, height, 0, 0};
    canvas->soft = canvas->cover + cover;
    canvas->depth = canvas->soft + cover;
    canvas->spare = canvas->depth + plane;
    memset(rgb, 0, 3 * plane * sizeof(float));
    return IMPASTO_OK;
}

void imp_canvas_close(struct imp_canvas *canvas)
{
    free(canvas->cover);
    *canvas = (struct imp_canvas){0};
}

static size_t place(const struct imp_canvas *canvas, int x, int y)
{
    return (size_t)y * (size_t)canvas->width + (size_t)x;
}

struct imp_rgb imp_canvas_get(const struct imp_canvas *canvas, int x, int y)
{
    const float *at = canvas->rgb + place(canvas, x, y);
    return (struct imp_rgb){at[0], at[canvas->plane], at[2 * canvas->plane]};
}

void imp_canvas_set(struct imp_canvas *canvas, int x, int y, struct imp_rgb colour)
{
    float *at = canvas->rgb + place(canvas, x, y);
    at[0] = colour.r;
    at[canvas->plane] = colour.g;
    at[2 * canvas->plane] = colour.b;
}

void imp_canvas_mix(struct imp_canvas *canvas, int x, int y, struct imp_rgb colour, float cover)
{
    imp_canvas_set(canvas, x, y, imp_rgb_mix(imp_canvas_get(canvas, x, y), colour, cover));
}

void imp_canvas_paint(struct imp_canvas *canvas, float top, float bottom, imp_paint_fn paint,
                      const void *user)
{
    const float unit = 1 / (float)canvas->height;
    const int first = (int)(imp_clamp01(top) * (float)canvas->height);
    const int end = (int)ceilf(imp_clamp01(bottom) * (float)canvas->height);
    for (int y = first; y < end; y++)
        for (int x = 0; x < canvas->width; x++)
            imp_canvas_set(canvas, x, y,
                           paint(user, ((float)x + 0.5f) * unit, ((float)y + 0.5f) * unit));
}

/* A running mean over 2 * radius + 1 values, `step` apart; beyond the ends are the end values. */
static void blur_line(const float *in, size_t step, int count, int radius, float *out)
{
    const float share = 1 / (float)(2 * radius + 1);
    float sum = in[0] * (float)(radius + 1);
    for (int i = 1; i <= radius; i++)
        sum += in[(size_t)(i < count ? i : count - 1) * step];
    for (int i = 0; i < count; i++) {
        out[i] = sum * share;
        const int next = i + radius + 1, last = i - radius;
        sum += in[(size_t)(next < count ? next : count - 1) * step];
        sum -= in[(size_t)(last > 0 ? last : 0) * step];
    }
}

static void blur_lines(float *plane, size_t line, size_t step, int lines, int count, int radius,
                       float *spare)
{
    for (int i = 0; i < lines; i++) {
        float *at = plane + (size_t)i * line;
        blur_line(at, step, count, radius, spare);
        for (int j = 0; j < count; j++)
            at[(size_t)j * step] = spare[j];
    }
}

void imp_plane_blur(float *plane, int stride, struct imp_box box, int radius, float *spare)
{
    if (radius < 1 || box.left >= box.right || box.top >= box.bottom)
        return;
    float *first = plane + (size_t)box.top * (size_t)stride + (size_t)box.left;
    const int columns = box.right - box.left, rows = box.bottom - box.top;
    for (int pass = 0; pass < 3; pass++) {
        blur_lines(first, (size_t)stride, 1, rows, columns, radius, spare);
        blur_lines(first, 1, (size_t)stride, columns, rows, radius, spare);
    }
}

void imp_canvas_blur(struct imp_canvas *canvas, float radius)
{
    const struct imp_box all = {0, 0, canvas->width, canvas->height};
    const int pixels = (int)(radius * (float)canvas->height * 0.5f + 0.5f);
    for (size_t c = 0; c < 3; c++)
        imp_plane_blur(canvas->rgb + c * canvas->plane, canvas->width, all, pixels, canvas->soft);
}
