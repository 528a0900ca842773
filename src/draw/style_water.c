/* SPDX-License-Identifier: MIT */
/* Styles on wet paper: watercolour and ink. */

#include "draw/style.h"

/* ---- Washes ---------------------------------------------------------------------------------- */

/* Pigment in water. It gathers at the rim, in pools, and in the paper's grain. */
struct wash {
    struct imp_style *style;
    struct imp_rgb pigment;
    float strength, rim, pools, grain;
    float wet;                /* 0: a crisp rim, 1: it bleeds */
    float fade_from, fade_to; /* it fades between these heights; equal: it does not */
    uint32_t seed;
};

static void wash_at(void *user, int px, int py, float cover, float soft)
{
    const struct wash *w = user;
    struct imp_canvas *canvas = w->style->canvas;
    const float x = (float)px / (float)canvas->height, y = (float)py / (float)canvas->height;
    const float pool = imp_noise_fractal(7 * x, 7 * y, 4, w->seed) - 0.5f;
    const float grain = imp_paper_grain(x, y) - 0.5f;
    const float rim = imp_smooth(0.80f, 0.48f, soft);
    float amount = imp_mix(cover, imp_smooth(0.1f, 0.9f, soft), w->wet) * w->strength *
                   fmaxf(0, 0.7f + w->rim * rim + 2 * w->pools * pool + w->grain * grain);
    if (w->fade_from != w->fade_to)
        amount *= imp_smooth(w->fade_to, w->fade_from, y);
    const struct imp_rgb c = imp_canvas_get(canvas, px, py);
    imp_canvas_set(canvas, px, py,
                   (struct imp_rgb){c.r * powf(w->pigment.r, amount),
                                    c.g * powf(w->pigment.g, amount),
                                    c.b * powf(w->pigment.b, amount)});
}

/* Washes the style's path. */
static void wash(struct imp_style *style, const struct wash *kind, struct imp_rgb pigment,
                 float strength)
{
    struct wash w = *kind;
    w.style = style;
    w.pigment = pigment;
    w.strength *= strength;
    w.seed = imp_dice_bits(&style->dice);
    imp_area_add(style->canvas, &style->path);
    imp_area_each(style->canvas, w.wet > 0.5f ? 0.05f : 0.012f, wash_at, &w);
}

static void stroke(struct imp_style *style, const float points[6], float radius, float start,
                   float end, struct imp_rgb ink, float dry)
{
    struct imp_way way;
    imp_way_bend(&way, points);
    imp_brush_stroke(style, &way,
                     &(struct imp_brush){.radius = radius,
                                         .paint = {ink, ink},
                                         .opacity = 0.94f,
                                         .dry = dry,
                                         .bristles = 0.3f,
                                         .start = start,
                                         .end = end,
                                         .seed = imp_dice_bits(&style->dice),
                                         .stain = true});
}

static void splatter(struct imp_style *style, int drops, float most, struct imp_rgb ink)
{
    for (int i = 0; i < drops; i++) {
        const float u = imp_dice_between(&style->dice, 0, 1), r = most * u * u * u + 0.001f;
        imp_path_blob(&style->path, style->canvas->aspect * imp_dice_between(&style->dice, 0, 1),
                      imp_dice_between(&style->dice, 0, 1), r, r, 0.2f,
                      imp_dice_bits(&style->dice));
        imp_area_add(style->canvas, &style->path);
        imp_area_flat(style->canvas, ink, 0.75f);
    }
}

/* ---- Watercolour: a garden of flowers -------------------------------------------------------- */

static const struct wash flowing = {.strength = 1, .rim = 1.1f, .pools = 0.9f, .grain = 0.5f};
static const struct wash bleeding = {
    .strength = 1, .rim = 0, .pools = 1.3f, .grain = 0.8f, .wet = 1};

static void petal(struct imp_style *style, float x, float y, float angle, float size,
                  struct imp_rgb pigment)
{
    const float c = cosf(angle), s = sinf(angle), out = 0.62f * size;
    imp_path_blob(&style->path, x + c * out, y + s * out, 0.52f * size, 0.40f * size, 0.35f,
                  imp_dice_bits(&style->dice));
    /* The blob stands upright; turn it outwards. */
    for (int i = 0; i < style->path.count; i++) {
        const float dx = style->path.x[i] - x - c * out, dy = style->path.y[i] - y - s * out;
        style->path.x[i] = x + c * out + c * dx - s * dy;
        style->path.y[i] = y + s * out + s * dx + c * dy;
    }
    wash(style, &flowing, pigment, imp_dice_between(&style->dice, 0.5f, 1.15f));
}

static void bloom(struct imp_style *style, float x, float y, float size, struct imp_rgb pigment,
                  struct imp_rgb other)
{
    struct imp_dice *dice = &style->dice;
    const int petals = 5 + imp_dice_below(dice, 3);
    const float turn = imp_dice_between(dice, 0, 6);
    for (int ring = 0; ring < 2; ring++)
        for (int i = 0; i < petals; i++)
            petal(style, x, y,
                  turn + 0.5f * (float)ring +
                      2 * IMP_PI * ((float)i + 0.25f * imp_dice_bell(dice)) / (float)petals,
                  size * (ring ? 0.62f : 1), imp_dice_chance(dice, 0.3f) ? other : pigment);
    imp_path_blob(&style->path, x, y, 0.2f * size, 0.18f * size, 0.4f, imp_dice_bits(dice));
    wash(style, &flowing, (struct imp_rgb){.30f, .20f, .36f}, 1.6f);
    for (int i = 0; i < 22; i++) {
        const float a = imp_dice_between(dice, 0, 2 * IMP_PI),
                    r = size * imp_dice_between(dice, 0.2f, 0.36f);
        imp_path_ellipse(&style->path, x + r * cosf(a), y + r * sinf(a), 0.024f * size,
                         0.024f * size, 0);
        wash(style, &flowing, (struct imp_rgb){.35f, .20f, .10f}, 1.4f);
    }
}

static void leaf(struct imp_style *style, float x, float y, float angle, float size,
                 struct imp_rgb pigment)
{
    const float c = cosf(angle), s = sinf(angle), bend = 0.25f * size * imp_dice_bell(&style->dice);
    float px[9], py[9], r[9];
    for (int i = 0; i < 9; i++) {
        const float t = (float)i / 8, off = bend * 4 * t * (1 - t);
        px[i] = x + size * t * c - off * s;
        py[i] = y + size * t * s + off * c;
        r[i] = 0.17f * size * powf(sinf(IMP_PI * fminf(0.04f + 0.95f * t, 0.99f)), 0.8f);
    }
    imp_path_stroke(&style->path, px, py, r, 9);
    wash(style, &flowing, pigment, imp_dice_between(&style->dice, 0.7f, 1.5f));
    stroke(style, (const float[]){x, y, px[4], py[4], px[8], py[8]}, 0.012f * size, 1, 0.3f,
           imp_rgb_scale(pigment, 0.8f), 0);
}

static void watercolour_ground(struct imp_style *style)
{
    static const struct imp_rgb pigments[] = {{.58f, .78f, .92f},
                                              {.98f, .86f, .50f},
                                              {.96f, .70f, .66f},
                                              {.70f, .86f, .62f},
                                              {.72f, .66f, .90f}};
    for (int i = 0; i < 34; i++) {
        float at[2];
        imp_spread(style, i, 0.1f, at);
        imp_path_blob(&style->path, at[0], at[1], imp_dice_between(&style->dice, .08f, .24f),
                      imp_dice_between(&style->dice, .07f, .2f), .9f, imp_dice_bits(&style->dice));
        const bool wet = i % 3 != 0;
        wash(style, wet ? &bleeding : &flowing, pigments[imp_dice_below(&style->dice, 5)],
             wet ? 1.5f : 0.7f);
    }
}

void imp_style_watercolour(struct imp_style *style)
{
    static const struct imp_rgb petals[] = {{.86f, .22f, .26f}, {.56f, .30f, .72f},
                                            {.98f, .60f, .22f}, {.20f, .40f, .80f},
                                            {.90f, .36f, .56f}, {.98f, .78f, .26f}};
    static const struct imp_rgb greens[] = {
        {.34f, .56f, .26f}, {.16f, .46f, .40f}, {.58f, .66f, .24f}, {.20f, .36f, .30f}};
    struct imp_dice *dice = &style->dice;
    imp_paper(style, (struct imp_rgb){.97f, .955f, .92f}, 0.10f);
    watercolour_ground(style);
    for (int i = 0; i < 62; i++) {
        float at[2];
        imp_spread(style, i + 7, 0.05f, at);
        leaf(style, at[0], at[1], imp_dice_between(dice, 0, 2 * IMP_PI),
             imp_dice_between(dice, .10f, .24f), greens[imp_dice_below(dice, 4)]);
    }
    for (int i = 0; i < 16; i++) {
        float at[2];
        imp_spread(style, i + 3, 0.04f, at);
        const int hue = imp_dice_below(dice, 6);
        bloom(style, at[0], at[1], imp_dice_between(dice, .05f, .125f), petals[hue],
              petals[(hue + 4) % 6]);
    }
    splatter(style, 60, 0.008f, (struct imp_rgb){.56f, .30f, .60f});
    splatter(style, 40, 0.007f, (struct imp_rgb){.22f, .46f, .62f});
}

/* ---- Ink: bamboo and mountains --------------------------------------------------------------- */

static const struct imp_rgb black = {.09f, .085f, .10f};
static const struct wash ink_wash = {
    .strength = 1, .rim = 0.5f, .pools = 1.1f, .grain = 0.7f, .wet = 0.35f};

static void ink_mountain(struct imp_style *style, float x, float y, float wide, float tall,
                         float strength)
{
    struct imp_path *path = &style->path;
    const uint32_t seed = imp_dice_bits(&style->dice);
    path->count = 0;
    for (int i = 0; i <= 60; i++) {
        const float t = (float)i / 30 - 1,
                    up =
                        expf(-2.6f * t * t) * (0.65f + 0.7f * imp_noise_fractal(3 * t, 1, 4, seed));
        imp_path_add(path, x + wide * t, y - tall * up);
    }
    float line_x[60], line_y[60];
    for (int i = 0; i < 60; i++) {
        line_x[i] = path->x[i];
        line_y[i] = path->y[i];
    }
    struct wash w = ink_wash;
    w.fade_from = y - 0.7f * tall;
    w.fade_to = y;
    wash(style, &w, (struct imp_rgb){.34f, .37f, .42f}, strength);
    for (int i = 8; i < 50;
         i += 3) { /* the ridge, in short dry strokes, and folds that go down from it */
        stroke(style,
               (const float[]){line_x[i], line_y[i], line_x[i + 2], line_y[i + 2], line_x[i + 4],
                               line_y[i + 4]},
               0.005f + 0.004f * strength, 0.5f, 0.6f,
               imp_rgb_mix(black, (struct imp_rgb){.5f, .5f, .5f}, 1 - strength), 0.5f);
        const float down = tall * imp_dice_between(&style->dice, 0.1f, 0.45f),
                    out = 0.4f * down * imp_dice_bell(&style->dice);
        stroke(style,
               (const float[]){line_x[i], line_y[i], line_x[i] + out, line_y[i] + 0.5f * down,
                               line_x[i] + 1.5f * out, line_y[i] + down},
               0.006f, 0.9f, 0.3f,
               imp_rgb_mix(black, (struct imp_rgb){.62f, .62f, .64f}, 1 - 0.7f * strength), 0.8f);
    }
}

static void bamboo_leaves(struct imp_style *style, float x, float y, float size, struct imp_rgb ink)
{
    const int leaves = 3 + imp_dice_below(&style->dice, 4);
    const float middle = imp_dice_between(&style->dice, 0.2f, 1.3f);
    for (int i = 0; i < leaves; i++) {
        const float a =
            middle + 0.5f * ((float)i - 0.5f * (float)leaves) + 0.2f * imp_dice_bell(&style->dice);
        const float l = size * imp_dice_between(&style->dice, 0.7f, 1.3f), c = cosf(a), s = sinf(a);
        stroke(style,
               (const float[]){x, y, x + 0.45f * l * c, y + 0.45f * l * s - 0.04f * l, x + l * c,
                               y + l * s},
               0.10f * l, 0.25f, 0.04f, ink, 0.25f);
    }
}

static void bamboo(struct imp_style *style, float x, float lean, float radius, float tone)
{
    struct imp_dice *dice = &style->dice;
    const struct imp_rgb ink = imp_rgb_mix((struct imp_rgb){.66f, .67f, .68f}, black, tone);
    float y = 1.04f;
    while (y > -0.1f) {
        const float l = imp_dice_between(dice, 0.13f, 0.2f), next = x + lean * l;
        stroke(
            style,
            (const float[]){x, y, 0.5f * (x + next) + 0.003f, y - 0.5f * l, next, y - l + 0.012f},
            radius, 1, 1, imp_rgb_mix(ink, (struct imp_rgb){1, 1, 1}, 0.15f), 0.75f);
        stroke(style,
               (const float[]){next - 1.3f * radius, y - l + 0.004f, next, y - l + 0.009f,
                               next + 1.3f * radius, y - l + 0.003f},
               0.006f, 0.8f, 0.8f, black, 0.1f);
        if (imp_dice_chance(dice, 0.75f)) {
            const float side = imp_dice_chance(dice, 0.5f) ? 1 : -1,
                        reach = imp_dice_between(dice, 0.06f, 0.18f);
            const float tip_x = next + side * reach, tip_y = y - l - 0.5f * reach;
            stroke(style,
                   (const float[]){next, y - l, next + 0.5f * side * reach, y - l - 0.35f * reach,
                                   tip_x, tip_y},
                   0.004f, 1, 0.5f, ink, 0.3f);
            bamboo_leaves(style, tip_x, tip_y, imp_dice_between(dice, 0.08f, 0.15f), ink);
            bamboo_leaves(style, next + 0.5f * side * reach, y - l - 0.3f * reach, 0.1f, ink);
        }
        x = next;
        y -= l;
    }
}

static void plum_branch(struct imp_style *style, float x, float y, float angle, float length,
                        float radius, int depth)
{
    struct imp_dice *dice = &style->dice;
    const float to_x = x + length * cosf(angle), to_y = y + length * sinf(angle),
                off = 0.2f * length * imp_dice_bell(dice);
    stroke(style,
           (const float[]){x, y, 0.5f * (x + to_x) - off * sinf(angle),
                           0.5f * (y + to_y) + off * cosf(angle), to_x, to_y},
           radius, 1, 0.6f, black, 0.85f);
    if (depth < 3) {
        for (int i = 0; i < 3; i++) {
            const float bx = imp_mix(x, to_x, imp_dice_between(dice, 0.2f, 1)) +
                             0.015f * imp_dice_bell(dice),
                        by = imp_mix(y, to_y, imp_dice_between(dice, 0.2f, 1)) +
                             0.015f * imp_dice_bell(dice);
            for (int petal_at = 0; petal_at < 5; petal_at++) {
                const float a = (float)petal_at * 1.2566f + by * 40, r = 0.0125f;
                imp_path_blob(&style->path, bx + r * cosf(a), by + r * sinf(a), 0.010f, 0.009f,
                              0.3f, imp_dice_bits(dice));
                wash(style, &flowing, (struct imp_rgb){.86f, .20f, .16f},
                     imp_dice_between(dice, 0.5f, 1.3f));
            }
            imp_path_ellipse(&style->path, bx, by, 0.004f, 0.004f, 0);
            imp_fill(style->canvas, &style->path, black);
        }
    }
    if (depth == 0)
        return;
    for (int i = 0; i < 2; i++)
        plum_branch(style, to_x, to_y, angle + (i ? 0.55f : -0.45f) + 0.4f * imp_dice_bell(dice),
                    length * 0.72f, 0.6f * radius, depth - 1);
}

static void seal(struct imp_style *style, float x, float y, float size)
{
    const struct imp_rgb red = {.76f, .13f, .09f}, paper = {.93f, .86f, .74f};
    imp_path_rectangle(&style->path, x, y, x + size, y + 1.2f * size);
    imp_fill(style->canvas, &style->path, red);
    for (int i = 0; i < 9; i++) {
        const int column = i % 3, row = i / 3;
        const float u = x + size * (0.2f + 0.3f * (float)column),
                    v = y + size * (0.22f + 0.38f * (float)row);
        const bool upright = imp_noise_hash(i, 3, 5) < 0.5f;
        imp_path_line(&style->path, u - (upright ? 0 : .09f * size),
                      v - (upright ? .12f * size : 0), u + (upright ? 0 : .09f * size),
                      v + (upright ? .12f * size : 0), .035f * size, .03f * size);
        imp_fill(style->canvas, &style->path, paper);
    }
}

void imp_style_ink(struct imp_style *style)
{
    struct imp_dice *dice = &style->dice;
    const float aspect = style->canvas->aspect;
    imp_paper(style, (struct imp_rgb){.935f, .885f, .785f}, 0.22f);
    imp_path_ellipse(&style->path, 0.30f * aspect, 0.20f, 0.085f, 0.085f, 0);
    wash(style, &flowing, (struct imp_rgb){.84f, .24f, .14f}, 1.1f);
    ink_mountain(style, 0.20f * aspect, 0.52f, 0.34f * aspect, 0.24f, 0.35f);
    ink_mountain(style, 0.62f * aspect, 0.58f, 0.38f * aspect, 0.36f, 0.6f);
    ink_mountain(style, 0.36f * aspect, 0.66f, 0.30f * aspect, 0.22f, 0.95f);
    for (int i = 0; i < 40; i++) { /* water */
        const float x = aspect * imp_dice_between(dice, 0, 1),
                    y = imp_dice_between(dice, 0.68f, 0.9f),
                    l = imp_dice_between(dice, 0.02f, 0.09f);
        stroke(style, (const float[]){x, y, x + 0.5f * l, y - 0.006f, x + l, y + 0.002f}, 0.003f,
               0.5f, 0.3f, (struct imp_rgb){.36f, .38f, .42f}, 0.7f);
    }
    for (int i = 0; i < 16; i++) { /* rocks */
        const float x = aspect * imp_dice_between(dice, 0, 1),
                    y = imp_dice_between(dice, 0.84f, 1.02f),
                    s = imp_dice_between(dice, 0.03f, 0.1f);
        imp_path_blob(&style->path, x, y, s, 0.6f * s, 0.7f, imp_dice_bits(dice));
        wash(style, &ink_wash, (struct imp_rgb){.30f, .31f, .34f},
             imp_dice_between(dice, 0.4f, 1.2f));
        for (int j = 0; j < 5; j++)
            stroke(style,
                   (const float[]){x + s * imp_dice_bell(dice), y - 0.5f * s,
                                   x + 0.8f * s * imp_dice_bell(dice), y,
                                   x + s * imp_dice_bell(dice), y + 0.4f * s},
                   0.012f, 1, 0.3f, black, 0.9f);
    }
    bamboo(style, 0.80f * aspect, -0.10f, 0.013f, 0.5f);
    bamboo(style, 0.92f * aspect, 0.06f, 0.021f, 0.95f);
    bamboo(style, 0.71f * aspect, 0.05f, 0.010f, 0.75f);
    plum_branch(style, -0.02f, 0.93f, -0.85f, 0.2f, 0.020f, 4);
    splatter(style, 90, 0.007f, (struct imp_rgb){.2f, .2f, .22f});
    seal(style, 0.06f * aspect, 0.06f, 0.05f);
}
