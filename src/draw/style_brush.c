/* SPDX-License-Identifier: MIT */
/* Brushes: the ways they take, the paint they leave, and the light on it. */

#include "draw/style.h"

#include <string.h>

/* ---- Ways ------------------------------------------------------------------------------------ */

static float apart(struct imp_rgb a, struct imp_rgb b)
{
    return fabsf(a.r - b.r) + fabsf(a.g - b.g) + fabsf(a.b - b.b);
}

/* Half of a way, from its middle on; returns its count of points. */
static int half_way(const struct imp_style *style, float x, float y, float step, int most,
                    float edge, float (*points)[2])
{
    const struct imp_rgb colour = imp_sketch_at(style, x, y);
    float last_x = 0, last_y = 0;
    int count = 0;
    for (; count < most; count++) {
        if (count > 0 && apart(imp_sketch_at(style, x, y), colour) > edge)
            break;
        points[count][0] = x;
        points[count][1] = y;
        const float angle = imp_sketch_angle(style, x, y);
        float dx = step * cosf(angle), dy = step * sinf(angle);
        if (dx * last_x + dy * last_y < 0) { /* a brush does not turn back on its way */
            dx = -dx;
            dy = -dy;
        }
        x += last_x = dx;
        y += last_y = dy;
    }
    return count;
}

void imp_way_trace(const struct imp_style *style, struct imp_way *way, float x, float y,
                   float length, float edge)
{
    float points[IMP_STROKE_MOST / 2][2];
    const float least = 3.0f / (float)style->canvas->height;
    const float step = fmaxf(length / 24, least);
    const int wanted = (int)(0.5f * length / step) + 2;
    const int most = wanted < IMP_STROKE_MOST / 2 ? wanted : IMP_STROKE_MOST / 2;
    way->count = 0;
    const int back = half_way(style, x, y, -step, most, edge, points);
    for (int i = back - 1; i > 0; i--) {
        way->x[way->count] = points[i][0];
        way->y[way->count++] = points[i][1];
    }
    const int ahead = half_way(style, x, y, step, most, edge, points);
    for (int i = 0; i < ahead; i++) {
        way->x[way->count] = points[i][0];
        way->y[way->count++] = points[i][1];
    }
}

void imp_way_line(struct imp_way *way, float x0, float y0, float x1, float y1)
{
    imp_way_bend(way, (const float[]){x0, y0, 0.5f * (x0 + x1), 0.5f * (y0 + y1), x1, y1});
}

void imp_way_bend(struct imp_way *way, const float p[6])
{
    way->count = 13;
    /* A parabola through all three. */
    const float cx = 2 * p[2] - 0.5f * (p[0] + p[4]), cy = 2 * p[3] - 0.5f * (p[1] + p[5]);
    for (int i = 0; i < way->count; i++) {
        const float t = (float)i / (float)(way->count - 1), s = 1 - t;
        way->x[i] = s * s * p[0] + 2 * s * t * cx + t * t * p[4];
        way->y[i] = s * s * p[1] + 2 * s * t * cy + t * t * p[5];
    }
}

/* ---- Strokes --------------------------------------------------------------------------------- */

static struct imp_box reach_of(const struct imp_canvas *canvas, const float *x, const float *y,
                               int count, float reach)
{
    const float unit = (float)canvas->height;
    float left = 1e9f, top = 1e9f, right = -1e9f, bottom = -1e9f;
    for (int i = 0; i < count; i++) {
        left = fminf(left, x[i]);
        right = fmaxf(right, x[i]);
        top = fminf(top, y[i]);
        bottom = fmaxf(bottom, y[i]);
    }
    return (struct imp_box){
        (int)fminf(fmaxf((left - reach) * unit - 1, 0), (float)canvas->width),
        (int)fminf(fmaxf((top - reach) * unit - 1, 0), unit),
        (int)fminf(fmaxf((right + reach) * unit + 2, 0), (float)canvas->width),
        (int)fminf(fmaxf((bottom + reach) * unit + 2, 0), unit),
    };
}

static void measure_part(struct imp_style *style, const struct imp_way *way, int i, float reach)
{
    const struct imp_canvas *canvas = style->canvas;
    const struct imp_box box = reach_of(canvas, way->x + i, way->y + i, 2, reach);
    const float dx = way->x[i + 1] - way->x[i], dy = way->y[i + 1] - way->y[i];
    const float square = dx * dx + dy * dy + 1e-12f, norm = 1 / sqrtf(square);
    const float unit = 1 / (float)canvas->height;
    for (int py = box.top; py < box.bottom; py++) {
        for (int px = box.left; px < box.right; px++) {
            const float x = ((float)px + 0.5f) * unit - way->x[i];
            const float y = ((float)py + 0.5f) * unit - way->y[i];
            const float t = imp_clamp01((x * dx + y * dy) / square);
            const float ox = x - t * dx, oy = y - t * dy, distance = ox * ox + oy * oy;
            const size_t at = (size_t)py * (size_t)canvas->width + (size_t)px;
            if (distance >= style->near[at])
                continue;
            style->near[at] = distance;
            style->side[at] = (y * dx - x * dy) * norm;
            style->part[at] = ((float)i + t) / (float)(way->count - 1);
        }
    }
}

/* What a stroke does at a pixel. */
struct touch {
    float cover, height;
    struct imp_rgb paint;
};

static struct touch touch_at(const struct imp_brush *b, float near, float side, float part,
                             float length, float x, float y)
{
    const float press = imp_mix(b->start, 1, imp_smooth(0, 0.35f, part)) *
                        imp_mix(1, b->end, imp_smooth(0.55f, 1, part));
    const float out = sqrtf(near) / (b->radius * press + 1e-6f);
    struct touch touch = {0};
    if (out > 1.1f)
        return touch;
    const float across = side / b->radius * 3.2f, along = part * length / b->radius;
    const float bristle = 0.6f * imp_noise(across + 50, along * 0.25f, b->seed) +
                          0.4f * imp_noise(2.3f * across + 90, along * 0.5f, b->seed + 1);
    const float dry = b->dry * imp_smooth(0.1f, 1.05f, part);
    const float torn = b->dry > 0 ? imp_smooth(dry - 0.25f, dry + 0.05f, bristle) : 1;
    const float bare =
        b->grain > 0 ? imp_smooth(b->grain - 0.2f, b->grain + 0.2f, imp_paper_grain(x, y)) : 1;
    touch.cover =
        b->opacity * torn * bare * imp_smooth(1.03f, 0.88f, out + 0.3f * (0.5f - bristle));
    const float streak = imp_noise(0.8f * across + 7, along * 0.12f, b->seed + 2);
    touch.paint =
        imp_rgb_scale(imp_rgb_mix(b->paint[0], b->paint[1], imp_smooth(0.3f, 0.7f, streak)),
                      1 + b->bristles * (bristle - 0.5f));
    const float rim = imp_smooth(0.5f, 0.8f, out) * imp_smooth(1.05f, 0.85f, out);
    touch.height = (0.35f + 0.9f * bristle + 0.5f * rim) * (1 - 0.4f * part);
    return touch;
}

static void lay(struct imp_style *style, const struct imp_brush *brush, int x, int y,
                const struct touch *touch, float thickness)
{
    struct imp_canvas *canvas = style->canvas;
    struct imp_rgb paint = touch->paint;
    if (brush->stain)
        paint = imp_rgb_multiply(paint, imp_canvas_get(canvas, x, y));
    imp_canvas_mix(canvas, x, y, paint, touch->cover);
    float *relief = &style->relief[(size_t)y * (size_t)canvas->width + (size_t)x];
    *relief = imp_mix(*relief, 0.45f * *relief + thickness * touch->height, touch->cover);
}

void imp_brush_stroke(struct imp_style *style, const struct imp_way *way,
                      const struct imp_brush *brush)
{
    const struct imp_canvas *canvas = style->canvas;
    if (way->count < 2)
        return;
    const float reach = 1.1f * brush->radius, unit = 1 / (float)canvas->height;
    const struct imp_box box = reach_of(canvas, way->x, way->y, way->count, reach);
    for (int y = box.top; y < box.bottom; y++)
        for (int x = box.left; x < box.right; x++)
            style->near[(size_t)y * (size_t)canvas->width + (size_t)x] = 1e9f;
    float length = 0;
    for (int i = 0; i + 1 < way->count; i++) {
        measure_part(style, way, i, reach);
        length += hypotf(way->x[i + 1] - way->x[i], way->y[i + 1] - way->y[i]);
    }
    const float thickness =
        brush->relief * 0.6f * powf(brush->radius * (float)canvas->height, 0.7f);
    for (int y = box.top; y < box.bottom; y++) {
        for (int x = box.left; x < box.right; x++) {
            const size_t at = (size_t)y * (size_t)canvas->width + (size_t)x;
            if (style->near[at] >= reach * reach)
                continue;
            const struct touch touch =
                touch_at(brush, style->near[at], style->side[at], style->part[at], length,
                         (float)x * unit, (float)y * unit);
            if (touch.cover > 0)
                lay(style, brush, x, y, &touch, thickness);
        }
    }
}

/* ---- Layers ---------------------------------------------------------------------------------- */

void imp_spread(const struct imp_style *style, int i, float margin, float at[2])
{
    /* Multiples of 1/p and 1/p^2, p = 1.3247 the plastic number: at every count they are spread
     * evenly, and neighbours in order are far apart. */
    const double u = fmod(0.5 + i * 0.7548776662466927, 1),
                 v = fmod(0.5 + i * 0.5698402909980532, 1);
    at[0] = (float)u * (style->canvas->aspect + 2 * margin) - margin;
    at[1] = (float)v * (1 + 2 * margin) - margin;
}

static void load(struct imp_style *style, struct imp_brush *brush, struct imp_rgb colour,
                 float vary)
{
    for (int i = 0; i < 2; i++) {
        const float light = 1 + vary * 0.4f * imp_dice_bell(&style->dice) * (float)(i + 1);
        brush->paint[i] = imp_dice_vary(&style->dice, imp_rgb_scale(colour, light),
                                        0.12f * vary * (float)(i + 1));
    }
    brush->seed = imp_dice_bits(&style->dice);
}

static void turn_flow(struct imp_style *style, float turn)
{
    for (size_t i = 0; i < style->canvas->plane; i++)
        style->angle[i] += turn;
}

void imp_layer_paint(struct imp_style *style, const struct imp_layer *layer)
{
    const float radius = layer->brush.radius, margin = 2 * radius;
    const float area = (style->canvas->aspect + 2 * margin) * (1 + 2 * margin);
    const int strokes = (int)(layer->cover * area / (2 * radius * radius * layer->length));
    struct imp_way way;
    turn_flow(style, layer->turn);
    for (int i = 0; i < strokes; i++) {
        float at[2];
        imp_spread(style, i, margin, at);
        at[0] += radius * imp_dice_bell(&style->dice);
        at[1] += radius * imp_dice_bell(&style->dice);
        const float wanted = layer->detail * imp_dice_between(&style->dice, 0.5f, 1.5f);
        if (wanted > 0 && imp_sketch_detail(style, at[0], at[1], radius) < wanted)
            continue;
        struct imp_brush brush = layer->brush;
        load(style, &brush, imp_sketch_at(style, at[0], at[1]), layer->vary);
        brush.radius *= imp_dice_between(&style->dice, 0.7f, 1.3f);
        const float length = radius * layer->length * imp_dice_between(&style->dice, 0.6f, 1.4f);
        imp_way_trace(style, &way, at[0], at[1], length, layer->edge);
        imp_brush_stroke(style, &way, &brush);
    }
    turn_flow(style, -layer->turn);
}

/* ---- Light and paper ------------------------------------------------------------------------- */

void imp_relief_light(struct imp_style *style, float strength, float shine)
{
    static const float sun[3] = {-0.48f, -0.60f, 0.64f};
    struct imp_canvas *canvas = style->canvas;
    const size_t width = (size_t)canvas->width;
    for (int y = 0; y < canvas->height; y++) {
        for (int x = 0; x < canvas->width; x++) {
            const float *at = style->relief + (size_t)y * width + (size_t)x;
            const float dx =
                0.5f * ((x + 1 < canvas->width ? at[1] : *at) - (x > 0 ? at[-1] : *at));
            const float dy =
                0.5f * ((y + 1 < canvas->height ? at[width] : *at) - (y > 0 ? *(at - width) : *at));
            const float norm = 1 / sqrtf(dx * dx + dy * dy + 1);
            const float facing = (sun[2] - dx * sun[0] - dy * sun[1]) * norm;
            const float shade = 1 + strength * (fmaxf(facing, 0) / sun[2] - 1);
            const float mirrored = fmaxf(2 * facing * norm - sun[2], 0);
            const float gloss = shine * powf(mirrored, 24);
            const struct imp_rgb c = imp_rgb_scale(imp_canvas_get(canvas, x, y), shade);
            imp_canvas_set(canvas, x, y, (struct imp_rgb){c.r + gloss, c.g + gloss, c.b + gloss});
        }
    }
}

float imp_paper_grain(float x, float y)
{
    return imp_clamp01(0.5f + 1.5f * (0.7f * imp_noise_fractal(170 * x, 170 * y, 2, 77) +
                                      0.3f * imp_noise(90 * x, 90 * y, 78) - 0.5f));
}

void imp_paper(struct imp_style *style, struct imp_rgb colour, float strength)
{
    struct imp_canvas *canvas = style->canvas;
    const float unit = 1 / (float)canvas->height;
    for (int y = 0; y < canvas->height; y++) {
        for (int x = 0; x < canvas->width; x++) {
            const float u = (float)x * unit, v = (float)y * unit;
            const float fibre = imp_noise_fractal(14 * u, 120 * v, 3, 79) +
                                imp_noise_fractal(120 * u, 14 * v, 3, 80) - 1;
            const float tone = 0.5f * (imp_paper_grain(u, v) - 0.5f) + 0.5f * fibre +
                               0.6f * (imp_noise_fractal(2 * u, 2 * v, 3, 81) - 0.5f);
            imp_canvas_set(canvas, x, y, imp_rgb_scale(colour, 1 + strength * tone));
        }
    }
}
