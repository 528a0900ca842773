/* SPDX-License-Identifier: MIT */
/* Thread: a woven rug and embroidery. */

#include "draw/style.h"

/* ---- Weave: a rug with diamonds and borders -------------------------------------------------- */

/* The rug's measures. */
struct rug {
    float aspect;
    uint32_t seed;
    float yarns, warps;      /* weft yarns and warps to the picture's height */
    float shift, wide, tall; /* of the diamonds */
};

static struct rug choose_rug(struct imp_style *style)
{
    struct rug rug = {.aspect = style->canvas->aspect, .seed = imp_vary_seed(style)};
    rug.yarns = imp_vary(style, 88, 64, 110);
    rug.warps = rug.yarns * imp_vary(style, 56.0f / 88, 0.5f, 0.8f);
    rug.shift = imp_vary(style, 0, -0.26f, 0.26f);
    rug.wide = imp_vary(style, 0.52f, 0.3f, 0.7f);
    rug.tall = imp_vary(style, 0.35f, 0.18f, 0.4f);
    return rug;
}

static const struct imp_rgb wools[] = {{.62f, .12f, .10f}, {.10f, .16f, .34f}, {.90f, .82f, .64f},
                                       {.84f, .54f, .16f}, {.16f, .38f, .36f}, {.38f, .08f, .14f},
                                       {.74f, .34f, .18f}, {.20f, .15f, .14f}};

static float fold(float x, float period)
{
    return fabsf(imp_fraction(x / period) - 0.5f) * 2;
}

/* Which wool, at a yarn and a warp: steps of both, so all edges are stairs. */
static int pattern(const struct rug *rug, float across, float y)
{
    const float x = across + rug->shift;
    const float band = imp_fraction(y * 1.0f);
    if (band < 0.055f || band > 0.945f)
        return fold(x, 0.07f) > 0.5f ? 2 : 5;
    if (band < 0.15f || band > 0.85f) { /* hooks in a border */
        const float v = band < 0.5f ? (band - 0.055f) / 0.095f : (0.945f - band) / 0.095f;
        const float u = fold(x + 0.02f, 0.15f);
        return v < 0.10f || v > 0.90f ? 7
               : fabsf(u - v) < 0.17f ? 3
               : u > v                ? 4
               : u + 0.3f < 1 - v     ? 1
                                      : 2;
    }
    const float cx = fold(x - 0.5f * rug->aspect, rug->wide), cy = fabsf(y - 0.5f) / rug->tall;
    const float d = cx + cy, inner = fmaxf(fold(x, 0.13f), fold(y, 0.13f));
    if (d < 0.22f)
        return 3;
    if (d < 0.34f)
        return 7;
    if (d < 0.58f)
        return fold(x - y, 0.09f) > 0.55f ? 6 : 2;
    if (d < 0.70f)
        return 1;
    if (d < 0.98f)
        return inner > 0.72f ? 3 : fold(d, 0.14f) > 0.5f ? 0 : 5;
    if (d < 1.08f)
        return 2;
    const float star = fold(x, 0.26f) + fold(y - 0.5f, 0.175f);
    return star > 1.5f             ? 3
           : star > 1.3f           ? 7
           : star < 0.45f          ? 6
           : star < 0.62f          ? 2
           : d < 1.35f             ? 4
           : fold(y, 0.05f) > 0.6f ? 0
                                   : 1;
}

static struct imp_rgb weave_paint(const void *user, float x, float y)
{
    const struct rug *rug = user;
    const uint32_t seed = rug->seed;
    /* Yarns are not straight, nor equally thick. */
    const float wy = y * rug->yarns +
                     1.1f * (imp_noise_fractal(2.5f * x, 3 * y, 3, seed + 11) - 0.5f) * 3,
                row = floorf(wy);
    const float wx = x * rug->warps + 1.5f * (imp_noise_fractal(3 * x, 2 * y, 2, seed + 12) - 0.5f),
                warp = floorf(wx);
    const float over = (float)(((int)warp + (int)row) & 1), u = wx - warp, v = wy - row;
    /* A weft yarn goes over one warp yarn and under the next. */
    const float height = over > 0 ? cosf((u - 0.5f) * 2.6f) : -0.15f + 0.2f * cosf((u - 0.5f) * 2);
    const float across = fabsf(v - 0.5f) * 2, round = sqrtf(fmaxf(0, 1 - across * across * 0.94f));
    int wool = pattern(rug, (warp + 0.5f) / rug->warps, (row + 0.5f) / rug->yarns);
    struct imp_rgb colour = wools[wool];
    const float dye = imp_noise(0.5f * row, 0.03f * warp, seed + 13) - 0.5f,
                speck = imp_noise_hash((int)warp, (int)row, seed + 14) - 0.5f;
    /* Fibres twist around the yarn. */
    const float fibre =
        imp_noise_fractal(0.9f * wx + 1.3f * v + 7 * row, 5 * v + row, 2, seed + 15) - 0.5f;
    const float twist = sinf(2 * IMP_PI * (1.6f * u + 0.9f * v));
    colour =
        imp_rgb_scale(colour, (0.36f + 0.72f * round * (0.72f + 0.28f * height)) *
                                  (1 + 0.35f * dye + 0.22f * speck + 0.5f * fibre + 0.07f * twist));
    const float lit = imp_smooth(0.1f, 0.45f, v) * imp_smooth(0.75f, 0.4f, v) * fmaxf(height, 0);
    colour = imp_rgb_mix(colour, (struct imp_rgb){1, .95f, .85f}, 0.10f * lit);
    return over > 0 ? colour
                    : imp_rgb_mix(colour,
                                  imp_rgb_scale((struct imp_rgb){.72f, .64f, .50f},
                                                0.3f + 0.55f * fold(u, 1) * 0.5f),
                                  0.22f * across);
}

void imp_style_weave(struct imp_style *style)
{
    const struct rug rug = choose_rug(style);
    imp_canvas_paint(style->canvas, 0, 1, weave_paint, &rug);
    imp_vary_hues(style);
}

/* ---- Embroidery: flowers, leaves, a bird on linen -------------------------------------------- */

static struct imp_rgb linen(const void *user, float x, float y)
{
    const struct imp_rgb cloth = *(const struct imp_rgb *)user;
    const float u = 130 * x + 0.8f * imp_noise(9 * x, 9 * y, 21),
                v = 130 * y + 0.8f * imp_noise(9 * x, 9 * y, 22);
    const bool over = ((int)floorf(u) + (int)floorf(v)) & 1;
    const float across = imp_fraction(over ? v : u) - 0.5f,
                along = imp_fraction(over ? u : v) - 0.5f;
    const float light =
        0.72f + 0.4f * sqrtf(fmaxf(0, 1 - 3.6f * across * across)) - 0.5f * along * along;
    const float slub =
        imp_noise(over ? 0.08f * u : 0.9f * u, over ? 0.9f * v : 0.08f * v, 23) - 0.5f;
    return imp_rgb_scale(cloth, light * (1 + 0.25f * slub));
}

static void stitch(struct imp_style *style, float x0, float y0, float x1, float y1, float radius,
                   struct imp_rgb colour)
{
    struct imp_way way;
    imp_way_line(&way, x0, y0, x1, y1);
    const struct imp_rgb own = imp_dice_vary(&style->dice, colour, 0.07f);
    imp_brush_stroke(style, &way,
                     &(struct imp_brush){.radius = radius,
                                         .paint = {own, imp_rgb_scale(own, 0.85f)},
                                         .opacity = 1,
                                         .bristles = 0.5f,
                                         .relief = 1.5f,
                                         .start = 0.75f,
                                         .end = 0.75f,
                                         .seed = imp_dice_bits(&style->dice)});
}

/* Satin stitch: threads side by side across a leaf or petal that goes from (x, y) at an angle. */
static void satin(struct imp_style *style, float x, float y, float angle, float length, float width,
                  const struct imp_rgb colours[2], bool halves)
{
    const float c = cosf(angle), s = sinf(angle), step = 0.0062f, slant = halves ? 0.55f : 0;
    const int threads = (int)(length / step);
    for (int i = 0; i <= threads; i++) {
        const float t = ((float)i + 0.3f * imp_dice_bell(&style->dice)) / (float)threads;
        const float half = width * powf(sinf(IMP_PI * imp_clamp01(0.06f + 0.9f * t)), 0.75f) *
                           (1 + 0.06f * imp_dice_bell(&style->dice));
        const float bx = x + c * length * t, by = y + s * length * t;
        for (int side = -1; side <= 1; side += 2) {
            const float out = (float)side * half, ahead = slant * half;
            const float ex = bx - s * out + c * ahead, ey = by + c * out + s * ahead;
            if (halves)
                stitch(style, bx, by, ex, ey, 0.0040f, colours[side > 0]);
            else if (side > 0)
                stitch(style, bx + s * half, by - c * half, ex, ey, 0.0042f,
                       imp_rgb_mix(colours[0], colours[1], t));
        }
    }
}

static void stem_stitch(struct imp_style *style, const float points[6], struct imp_rgb colour)
{
    struct imp_way way;
    imp_way_bend(&way, points);
    for (int row = -1; row <= 1; row++)
        for (int i = 0; i + 1 < way.count; i++) {
            const float off = 0.0042f * (float)row;
            stitch(style, way.x[i] + off, way.y[i] + off, way.x[i + 1] + 0.5f * off,
                   way.y[i + 1] - off, 0.0042f, colour);
        }
}

static void knot(struct imp_style *style, float x, float y, float radius, struct imp_rgb colour)
{
    const float a = imp_dice_between(&style->dice, 0, IMP_PI);
    for (int i = 0; i < 3; i++) {
        const float c = radius * cosf(a + (float)i), s = radius * sinf(a + (float)i);
        stitch(style, x - 0.5f * c, y - 0.5f * s, x + 0.5f * c, y + 0.5f * s, 0.5f * radius,
               colour);
    }
}

static const struct imp_rgb silks[][2] = {
    {{.80f, .10f, .16f}, {.98f, .52f, .44f}}, {{.96f, .62f, .12f}, {1, .88f, .46f}},
    {{.24f, .22f, .62f}, {.62f, .66f, .94f}}, {{.72f, .18f, .50f}, {.98f, .66f, .80f}},
    {{.92f, .36f, .14f}, {.99f, .76f, .40f}}, {{.10f, .42f, .62f}, {.58f, .84f, .88f}}};
static const struct imp_rgb leaves[][2] = {{{.12f, .40f, .22f}, {.40f, .62f, .28f}},
                                           {{.10f, .32f, .32f}, {.28f, .56f, .48f}},
                                           {{.46f, .56f, .16f}, {.66f, .74f, .30f}}};

static void sewn_flower(struct imp_style *style, float x, float y, float size, int hue)
{
    const int petals = 5 + imp_dice_below(&style->dice, 4);
    const float turn = imp_dice_between(&style->dice, 0, 6);
    for (int i = 0; i < petals; i++) {
        const float a = turn + 2 * IMP_PI * (float)i / (float)petals;
        satin(style, x + 0.22f * size * cosf(a), y + 0.22f * size * sinf(a), a, 0.8f * size,
              1.5f * size / (float)petals, silks[hue], false);
    }
    for (int i = 0; i < 26; i++) {
        const float a = 2.4f * (float)i, r = 0.05f * size * sqrtf((float)i);
        knot(style, x + r * cosf(a), y + r * sinf(a), 0.0085f, silks[(hue + 1) % 6][i & 1]);
    }
}

void imp_style_embroidery(struct imp_style *style)
{
    const struct imp_rgb cloth = {.90f, .84f, .72f};
    struct imp_dice *dice = &style->dice;
    const float aspect = style->canvas->aspect;
    imp_canvas_paint(style->canvas, 0, 1, linen, &cloth);
    for (int i = 0; i < 44; i++) { /* twigs with leaves */
        float at[2];
        imp_spread(style, i + 5, 0.02f, at);
        const float a = imp_dice_between(dice, 0, 2 * IMP_PI),
                    l = imp_dice_between(dice, 0.14f, 0.26f), bend = 0.06f * imp_dice_bell(dice);
        const float mx = at[0] + 0.5f * l * cosf(a) - bend * sinf(a),
                    my = at[1] + 0.5f * l * sinf(a) + bend * cosf(a);
        const float ex = at[0] + l * cosf(a), ey = at[1] + l * sinf(a);
        stem_stitch(style, (const float[]){at[0], at[1], mx, my, ex, ey}, leaves[i % 3][0]);
        satin(style, ex, ey, a + 0.3f * imp_dice_bell(dice), 0.10f, 0.026f, leaves[i % 3], true);
        satin(style, mx, my, a + 0.9f, 0.08f, 0.022f, leaves[(i + 1) % 3], true);
        satin(style, mx, my, a - 0.9f, 0.08f, 0.022f, leaves[i % 3], true);
    }
    for (int i = 0; i < 24; i++) {
        float at[2];
        imp_spread(style, i, 0.02f, at);
        sewn_flower(style, at[0], at[1], imp_dice_between(dice, 0.055f, 0.11f),
                    imp_dice_below(dice, 6));
    }
    for (int i = 0; i < 110; i++)
        knot(style, aspect * imp_dice_between(dice, 0, 1), imp_dice_between(dice, 0, 1), 0.0095f,
             silks[imp_dice_below(dice, 6)][0]);
    imp_relief_light(style, 0.75f, 0.12f);
}
