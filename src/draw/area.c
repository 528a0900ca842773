/* SPDX-License-Identifier: MIT */
/* Areas: outlines become the share of each pixel that they cover, and something fills that. */

#include "draw/canvas.h"

#include <string.h>

/* ---- Outlines -------------------------------------------------------------------------------- */

void imp_path_add(struct imp_path *path, float x, float y)
{
    if (path->count == IMP_PATH_MOST)
        return;
    path->x[path->count] = x;
    path->y[path->count++] = y;
}

void imp_path_rectangle(struct imp_path *path, float left, float top, float right, float bottom)
{
    imp_path_four(path, (const float[]){left, top, right, top, right, bottom, left, bottom});
}

void imp_path_four(struct imp_path *path, const float corners[8])
{
    path->count = 0;
    for (int i = 0; i < 4; i++)
        imp_path_add(path, corners[2 * i], corners[2 * i + 1]);
}

void imp_path_ellipse(struct imp_path *path, float x, float y, float rx, float ry, float turn)
{
    const float c = cosf(turn), s = sinf(turn);
    path->count = 0;
    for (int i = 0; i < 40; i++) {
        const float a = (float)i * (2 * IMP_PI / 40);
        const float px = rx * cosf(a), py = ry * sinf(a);
        imp_path_add(path, x + c * px - s * py, y + s * px + c * py);
    }
}

void imp_path_blob(struct imp_path *path, float x, float y, float rx, float ry, float rough,
                   uint32_t seed)
{
    path->count = 0;
    for (int i = 0; i < 96; i++) {
        const float a = (float)i * (2 * IMP_PI / 96);
        const float c = cosf(a), s = sinf(a);
        /* Noise on a circle closes. */
        const float r =
            1 + rough * 1.6f * (imp_noise_fractal(2 * c + 9, 2 * s + 9, 4, seed) - 0.5f);
        imp_path_add(path, x + rx * r * c, y + ry * r * s);
    }
}

/* The direction of the way at a point, of length 1. */
static void direction(const float *x, const float *y, int count, int i, float to[2])
{
    const int before = i > 0 ? i - 1 : 0, after = i + 1 < count ? i + 1 : i;
    const float dx = x[after] - x[before], dy = y[after] - y[before];
    const float norm = 1 / (sqrtf(dx * dx + dy * dy) + 1e-12f);
    to[0] = dx * norm;
    to[1] = dy * norm;
}

static void round_end(struct imp_path *path, float x, float y, float radius, const float to[2])
{
    for (int i = 1; i < 6; i++) {
        const float a = IMP_PI * ((float)i / 6 - 0.5f), c = cosf(a), s = sinf(a);
        imp_path_add(path, x + radius * (c * to[0] - s * to[1]),
                     y + radius * (c * to[1] + s * to[0]));
    }
}

void imp_path_stroke(struct imp_path *path, const float *x, const float *y, const float *radius,
                     int count)
{
    float to[2] = {1, 0};
    path->count = 0;
    for (int i = 0; i < count; i++) {
        direction(x, y, count, i, to);
        imp_path_add(path, x[i] + radius[i] * to[1], y[i] - radius[i] * to[0]);
    }
    round_end(path, x[count - 1], y[count - 1], radius[count - 1], to);
    for (int i = count - 1; i >= 0; i--) {
        direction(x, y, count, i, to);
        imp_path_add(path, x[i] - radius[i] * to[1], y[i] + radius[i] * to[0]);
    }
    round_end(path, x[0], y[0], radius[0], (const float[]){-to[0], -to[1]});
}

void imp_path_line(struct imp_path *path, float x0, float y0, float x1, float y1, float radius0,
                   float radius1)
{
    imp_path_stroke(path, (const float[]){x0, x1}, (const float[]){y0, y1},
                    (const float[]){radius0, radius1}, 2);
}

/* ---- Covered pixels -------------------------------------------------------------------------- */

/*
 * A row of `cover` first has differences: their running sum is the share that is covered. Within
 * one row of pixels, the edge goes from x0 to x1 and down by `down` rows, signed.
 */
static void edge_in_row(float *row, float x0, float x1, float down)
{
    const float low = fminf(x0, x1), high = fmaxf(x0, x1);
    const int first = (int)low, last = (int)high;
    const float slope = first == last ? 0 : down / (high - low);
    float before = 0; /* covered in the last pixel, less what the sum so far says */
    for (int i = first; i <= last; i++) {
        float covered; /* right of the edge in this pixel */
        if (first == last) {
            covered = down * (1 - 0.5f * (low + high) + (float)i);
        } else {
            const float left = fmaxf(low, (float)i), right = fminf(high, (float)(i + 1));
            const float middle = 0.5f * (left + right);
            covered = down * fmaxf(0, (left - low) / (high - low)) +
                      slope * (right - left) * ((float)(i + 1) - middle);
        }
        row[i] += covered - before;
        before = covered;
    }
    row[last + 1] += down - before;
}

static void edge(struct imp_canvas *canvas, float x0, float y0, float x1, float y1)
{
    if (y0 == y1)
        return;
    const float sign = y0 < y1 ? 1 : -1;
    const float top = fminf(y0, y1), bottom = fmaxf(y0, y1), most = (float)canvas->width;
    const float slope = (x1 - x0) / (y1 - y0), start = y0 < y1 ? x0 : x1;
    const int first = (int)fmaxf(top, 0);
    const int end = (int)ceilf(fminf(bottom, (float)canvas->height));
    for (int y = first; y < end; y++) {
        const float from = fmaxf(top, (float)y), to = fminf(bottom, (float)(y + 1));
        const float a = fminf(fmaxf(start + (from - top) * slope, 0), most);
        const float b = fminf(fmaxf(start + (to - top) * slope, 0), most);
        edge_in_row(canvas->cover + (size_t)y * (size_t)(canvas->width + 2), a, b,
                    sign * (to - from));
    }
}

/* A limit that an int holds, whatever the outline says. */
static int pixel(float x, int most)
{
    return x <= 0 ? 0 : x >= (float)most ? most : (int)x;
}

void imp_area_add(struct imp_canvas *canvas, const struct imp_path *path)
{
    const float unit = (float)canvas->height;
    struct imp_box *box = &canvas->covered;
    for (int i = 0; i < path->count; i++) {
        const int j = i + 1 < path->count ? i + 1 : 0;
        const float x = path->x[i] * unit, y = path->y[i] * unit;
        edge(canvas, x, y, path->x[j] * unit, path->y[j] * unit);
        const int left = pixel(x, canvas->width), right = pixel(x + 2, canvas->width);
        const int top = pixel(y, canvas->height), bottom = pixel(y + 1, canvas->height);
        box->left = left < box->left ? left : box->left;
        box->right = right > box->right ? right : box->right;
        box->top = top < box->top ? top : box->top;
        box->bottom = bottom > box->bottom ? bottom : box->bottom;
    }
}

static float *cover_row(const struct imp_canvas *canvas, int y)
{
    return canvas->cover + (size_t)y * (size_t)(canvas->width + 2);
}

/* Makes shares of the differences. */
static void settle(struct imp_canvas *canvas)
{
    const struct imp_box box = canvas->covered;
    for (int y = box.top; y < box.bottom; y++) {
        float *row = cover_row(canvas, y);
        float sum = 0;
        for (int x = box.left; x < box.right; x++) {
            sum += row[x];
            row[x] = fminf(fabsf(sum), 1);
        }
    }
}

static void forget(struct imp_canvas *canvas)
{
    const struct imp_box box = canvas->covered;
    for (int y = box.top; y < box.bottom; y++)
        memset(cover_row(canvas, y) + box.left, 0,
               (size_t)(box.right + 2 - box.left) * sizeof(float));
    canvas->covered = (struct imp_box){canvas->width, canvas->height, 0, 0};
}

/* ---- Fills ----------------------------------------------------------------------------------- */

static struct imp_rgb flat(const void *user, float x, float y)
{
    (void)x;
    (void)y;
    return *(const struct imp_rgb *)user;
}

void imp_area_paint(struct imp_canvas *canvas, imp_paint_fn paint, const void *user, float opacity)
{
    settle(canvas);
    const struct imp_box box = canvas->covered;
    const float unit = 1 / (float)canvas->height;
    for (int y = box.top; y < box.bottom; y++) {
        const float *row = cover_row(canvas, y);
        for (int x = box.left; x < box.right; x++)
            if (row[x] > 1e-3f)
                imp_canvas_mix(canvas, x, y,
                               paint(user, ((float)x + 0.5f) * unit, ((float)y + 0.5f) * unit),
                               opacity * row[x]);
    }
    forget(canvas);
}

void imp_area_flat(struct imp_canvas *canvas, struct imp_rgb colour, float opacity)
{
    imp_area_paint(canvas, flat, &colour, opacity);
}

void imp_fill(struct imp_canvas *canvas, const struct imp_path *path, struct imp_rgb colour)
{
    imp_area_add(canvas, path);
    imp_area_flat(canvas, colour, 1);
}

/* ---- Things in light ------------------------------------------------------------------------- */

static struct imp_box grown(const struct imp_canvas *canvas, int by)
{
    struct imp_box box = canvas->covered;
    box.left = box.left > by ? box.left - by : 0;
    box.top = box.top > by ? box.top - by : 0;
    box.right = box.right + by < canvas->width ? box.right + by : canvas->width;
    box.bottom = box.bottom + by < canvas->height ? box.bottom + by : canvas->height;
    return box;
}

/* Copies the area to `soft` and blurs it there. Returns where it is not 0. */
static struct imp_box soften(struct imp_canvas *canvas, float radius)
{
    const int pixels = (int)(0.5f * radius * (float)canvas->height);
    const struct imp_box box = grown(canvas, 3 * pixels + 1);
    const int stride = canvas->width + 2;
    if (box.left >= box.right)
        return box;
    for (int y = box.top; y < box.bottom; y++)
        memcpy(canvas->soft + (size_t)y * (size_t)stride + box.left,
               cover_row(canvas, y) + box.left, (size_t)(box.right - box.left) * sizeof(float));
    imp_plane_blur(canvas->soft, stride, box, pixels, canvas->spare);
    return box;
}

static void cast_shadow(struct imp_canvas *canvas, const struct imp_look *look)
{
    const struct imp_box box = soften(canvas, look->shadow_soft);
    const int dx = (int)(look->shadow_x * (float)canvas->height);
    const int dy = (int)(look->shadow_y * (float)canvas->height);
    for (int y = box.top; y < box.bottom; y++) {
        const float *row = canvas->soft + (size_t)y * (size_t)(canvas->width + 2);
        for (int x = box.left; x < box.right; x++) {
            const int tx = x + dx, ty = y + dy;
            if (row[x] > 0 && tx >= 0 && tx < canvas->width && ty >= 0 && ty < canvas->height)
                imp_canvas_mix(canvas, tx, ty, (struct imp_rgb){0.03f, 0.03f, 0.06f},
                               look->shadow * row[x]);
        }
    }
}

/* How much the surface faces the light, about -1 to 1: the soft area is a height, and its slope
 * turns the surface. */
static float facing(const struct imp_canvas *canvas, const struct imp_look *look, int x, int y)
{
    const int stride = canvas->width + 2;
    const float *at = canvas->soft + (size_t)y * (size_t)stride + x;
    const float left = x > 0 ? at[-1] : at[0], right = x + 1 < canvas->width ? at[1] : at[0];
    const float up = y > 0 ? at[-stride] : at[0],
                down = y + 1 < canvas->height ? at[stride] : at[0];
    const float steep = 1.6f * look->round * (float)canvas->height;
    const float sx = (right - left) * 0.5f * steep, sy = (down - up) * 0.5f * steep;
    const float norm = 1 / sqrtf(1 + sx * sx + sy * sy);
    return -(sx * look->light_x + sy * look->light_y) * norm;
}

void imp_area_look(struct imp_canvas *canvas, const struct imp_look *look)
{
    settle(canvas);
    if (look->shadow > 0)
        cast_shadow(canvas, look);
    if (look->round > 0)
        soften(canvas, look->round);
    const struct imp_box box = canvas->covered;
    const float unit = 1 / (float)canvas->height;
    for (int y = box.top; y < box.bottom; y++) {
        const float *row = cover_row(canvas, y);
        for (int x = box.left; x < box.right; x++) {
            if (row[x] <= 1e-3f)
                continue;
            struct imp_rgb colour =
                look->paint(look->user, ((float)x + 0.5f) * unit, ((float)y + 0.5f) * unit);
            if (look->round > 0) {
                const float lit = facing(canvas, look, x, y);
                const float shine = look->shine * imp_smooth(0.45f, 0.75f, lit);
                colour = imp_rgb_scale(colour, 1 + look->contrast * lit);
                colour = imp_rgb_mix(colour, (struct imp_rgb){1, 1, 0.97f}, shine);
            }
            imp_canvas_mix(canvas, x, y, colour, row[x]);
        }
    }
    forget(canvas);
}

void imp_area_each(struct imp_canvas *canvas, float soft, imp_area_fn each, void *user)
{
    settle(canvas);
    const struct imp_box box = soften(canvas, soft);
    for (int y = box.top; y < box.bottom; y++) {
        const float *row = cover_row(canvas, y);
        const float *blurred = canvas->soft + (size_t)y * (size_t)(canvas->width + 2);
        for (int x = box.left; x < box.right; x++)
            if (row[x] > 1e-3f || blurred[x] > 1e-3f)
                each(user, x, y, row[x], blurred[x]);
    }
    forget(canvas);
}
