/* SPDX-License-Identifier: MIT */
/* Pictures put together: stained glass, cubist facets. */

#include "draw/style.h"

/* ---- Stained glass: a rose window with leaves ------------------------------------------------ */

/* The pane at a point: an id for it, and how far its lead is, in picture heights. */
struct pane {
    uint32_t id;
    float lead;
    int hue;
};

/* The window's measures. Petals: of each ring, from the inside. */
struct window {
    float x, y;
    int petals[3], hue;
    uint32_t seed;
};

static struct window choose_window(struct imp_style *style)
{
    struct window window = {.petals = {8, 12, 18}, .seed = imp_vary_seed(style)};
    window.x = imp_vary(style, 0.5f, 0.3f, 0.7f) * style->canvas->aspect;
    window.y = imp_vary(style, 0.48f, 0.3f, 0.7f);
    for (int i = 0; i < 3; i++)
        window.petals[i] += (int)imp_vary(style, 0, -2.5f, 3.5f);
    window.hue = (int)imp_vary(style, 0, 0, 9.99f);
    return window;
}

static void nearer(struct pane *pane, float distance)
{
    pane->lead = fminf(pane->lead, fabsf(distance));
}

/* A ring of petals between two radii around the window's middle. */
static void ring(struct pane *pane, float r, float a, float inner, float outer, int petals,
                 int number)
{
    const float turn = a / (2 * IMP_PI) * (float)petals + 0.5f * (float)(number & 1);
    const float u = imp_fraction(turn), width = 2 * IMP_PI * r / (float)petals;
    const float t = (r - inner) / (outer - inner);
    /* A petal's rim is an arch; what is left between two of them is a pane of its own. */
    const float arch = 0.5f * sqrtf(fmaxf(0, 1 - powf(fmaxf(2 * t - 1, 0), 2))) - 0.03f;
    const float off = fabsf(u - 0.5f) - arch;
    pane->id = (uint32_t)(number * 1000 + (int)floorf(turn) * 2 + (off > 0));
    pane->hue = off > 0 ? 5 + number % 2 : number % 5;
    nearer(pane, off * width);
    nearer(pane, r - inner);
    nearer(pane, outer - r);
    if (off > 0)
        nearer(pane, fminf(u, 1 - u) * width);
    else if (t > 0.2f)
        nearer(pane, (t - 0.45f - 0.18f * cosf(6 * (u - 0.5f))) * (outer - inner));
    if (off <= 0 && t < 0.45f + 0.18f * cosf(6 * (u - 0.5f)))
        pane->id += 500;
}

static struct pane pane_at(const struct window *window, float x, float y)
{
    const float dx = x - window->x, dy = y - window->y, r = hypotf(dx, dy),
                a = atan2f(dy, dx) + IMP_PI;
    const int *petals = window->petals;
    struct pane pane = {.lead = 1};
    if (r < 0.06f) {
        pane = (struct pane){.id = 7, .lead = 0.06f - r, .hue = 1};
    } else if (r < 0.18f) {
        ring(&pane, r, a, 0.06f, 0.18f, petals[0], 1);
    } else if (r < 0.32f) {
        ring(&pane, r, a, 0.18f, 0.32f, petals[1], 2);
    } else if (r < 0.46f) {
        ring(&pane, r, a, 0.32f, 0.46f, petals[2], 3);
    } else {
        const float scale = 7.5f;
        const float wx = x + 0.05f * sinf(9 * y), wy = y + 0.05f * sinf(8 * x + 2);
        const struct imp_cell cell =
            imp_noise_cells(wx * scale, wy * scale, 0.9f, window->seed + 31);
        pane = (struct pane){.id = cell.id,
                             .lead = 0.5f * (cell.second - cell.first) / scale,
                             .hue = 7 + (int)(cell.id % 3)};
        nearer(&pane, r - 0.46f);
    }
    return pane;
}

static struct imp_rgb stained_paint(const void *user, float x, float y)
{
    static const struct imp_rgb glasses[] = {
        {.10f, .22f, .72f}, {.98f, .80f, .22f}, {.82f, .10f, .14f}, {.12f, .36f, .78f},
        {.94f, .46f, .10f}, {.08f, .56f, .40f}, {.50f, .14f, .58f}, {.16f, .52f, .62f},
        {.36f, .66f, .28f}, {.64f, .80f, .76f}};
    const struct window *window = user;
    const uint32_t seed = window->seed;
    const float wx = x + 0.004f * (imp_noise(20 * x, 20 * y, seed + 41) - 0.5f),
                wy = y + 0.004f * (imp_noise(20 * x, 20 * y, seed + 42) - 0.5f);
    const struct pane pane = pane_at(window, wx, wy);
    const float own = imp_noise_hash((int)(pane.id & 0xFFFF), (int)(pane.id >> 16), seed + 43),
                own2 = imp_noise_hash((int)(pane.id & 0xFFFF), (int)(pane.id >> 16), seed + 44);
    const int hue = (pane.hue + window->hue) % 10;
    struct imp_rgb glass = imp_rgb_mix(glasses[hue], glasses[(hue + 1 + (int)(own2 * 3)) % 10],
                                       own2 > 0.6f ? 0.75f : 0.15f);
    /* Handmade: bubbles, streaks, a thicker side; light comes from behind the middle. */
    const float streak =
        imp_noise_fractal(9 * x + 30 * own, 26 * y + 9 * own2, 3, seed + 45) - 0.5f;
    const float glow = 1.25f - 0.75f * hypotf(x - window->x, y - (window->y - 0.06f));
    const float bubble =
        imp_smooth(0.10f, 0.04f, imp_noise_cells(40 * x, 40 * y, 0.9f, seed + 46).first);
    glass = imp_rgb_scale(glass, 1.3f * glow * (0.72f + 0.5f * own + 0.9f * streak) *
                                     (0.75f + 0.25f * imp_smooth(0, 0.02f, pane.lead)));
    glass = imp_rgb_mix(glass, (struct imp_rgb){1, 1, .92f},
                        0.22f * bubble + 0.25f * imp_smooth(0.25f, 0.5f, streak));
    const float thick = 0.0058f + 0.003f * imp_noise(5 * x, 5 * y, seed + 47);
    const float metal = 0.08f + 0.22f * imp_smooth(0.6f * thick, 0, pane.lead) *
                                    imp_noise(60 * x, 60 * y, seed + 48);
    return imp_rgb_mix((struct imp_rgb){metal, metal, 1.1f * metal}, glass,
                       imp_smooth(thick, thick + 0.0018f, pane.lead));
}

void imp_style_stained(struct imp_style *style)
{
    const struct window window = choose_window(style);
    imp_canvas_paint(style->canvas, 0, 1, stained_paint, &window);
    imp_vary_hues(style);
}

/* ---- Cubist: a table with a guitar, a bottle and a newspaper --------------------------------- */

struct facets {
    const struct imp_style *style;
    float angle[26], offset[26], from[26], to[26];
};

static const struct imp_rgb earths[] = {{.90f, .80f, .58f}, {.78f, .58f, .34f}, {.52f, .38f, .26f},
                                        {.70f, .70f, .62f}, {.38f, .48f, .54f}, {.95f, .90f, .76f},
                                        {.56f, .62f, .46f}, {.86f, .70f, .46f}, {.24f, .28f, .36f},
                                        {.80f, .44f, .24f}, {.48f, .62f, .72f}, {.84f, .82f, .74f}};

static struct facets choose_facets(struct imp_style *style)
{
    struct facets f = {.style = style};
    for (int i = 0; i < 26; i++) {
        const float slant = imp_dice_chance(&style->dice, 0.5f)   ? 0.35f
                            : imp_dice_chance(&style->dice, 0.5f) ? -0.5f
                                                                  : 1.35f;
        f.angle[i] = slant + 0.3f * imp_dice_bell(&style->dice) + (i % 3 == 0 ? 0.5f * IMP_PI : 0);
        f.offset[i] = imp_dice_between(&style->dice, -0.75f, 0.75f);
        const float middle = imp_dice_between(&style->dice, -0.5f, 0.5f),
                    reach = imp_dice_between(&style->dice, 0.2f, 0.6f);
        f.from[i] = i < 9 ? -9 : middle - reach;
        f.to[i] = i < 9 ? 9 : middle + reach;
    }
    return f;
}

/* The facet at a point. */
struct facet {
    float own; /* a number of its own, 0 to 1 */
    uint32_t id;
    float shade; /* light and dark from its edges */
    float line, light;
};

/* Lines that go all through the picture, and others that end: on which side of each a point lies
 * says in which facet it is. */
static struct facet facet_at(const struct facets *f, float x, float y)
{
    struct facet facet = {.id = 17};
    for (int i = 0; i < 26; i++) {
        const float c = cosf(f->angle[i]), s = sinf(f->angle[i]);
        const float px = x - 0.5f * f->style->canvas->aspect, py = y - 0.5f;
        const float off = c * px + s * py - f->offset[i], along = c * py - s * px;
        if (along <= f->from[i] || along >= f->to[i])
            continue;
        facet.id = (facet.id ^ (2u * (uint32_t)i + (off > 0 ? 1 : 2))) * 0x9E3779B1u;
        facet.id ^= facet.id >> 15;
        facet.shade += (off > 0 ? 1 : -0.55f) * expf(-fabsf(off) / 0.06f) * (i % 2 ? 1 : -1);
        facet.line = fmaxf(facet.line, imp_smooth(0.0045f, 0.0018f, fabsf(off)) *
                                           (0.35f + 0.65f * imp_noise(9 * along, (float)i, 51)));
        facet.light =
            fmaxf(facet.light, imp_smooth(0.012f, 0.004f, off) * imp_smooth(0.001f, 0.003f, off));
    }
    facet.own = (float)(facet.id >> 8 & 0xFFFF) / 65536;
    return facet;
}

/* What some facets are pasted with: wood, stripes, print. */
static struct imp_rgb pasted(struct imp_rgb colour, float own, float u, float v)
{
    const struct imp_rgb dark = {.16f, .15f, .17f}, paper = {.93f, .89f, .77f};
    if (own > 0.70f && own < 0.78f)
        return imp_rgb_scale((struct imp_rgb){.76f, .52f, .28f},
                             0.65f +
                                 0.6f * imp_fraction(20 * v + 1.5f * imp_noise(5 * u, 6 * v, 53)));
    if (own > 0.86f && own < 0.92f)
        return imp_rgb_mix(colour, dark, 0.8f * imp_smooth(0.55f, 0.62f, imp_fraction(30 * v)));
    if (own > 0.92f && own < 0.97f)
        return imp_rgb_mix(paper, dark,
                           imp_smooth(0.5f, 0.56f, imp_fraction(42 * v)) *
                               (imp_noise(70 * u, floorf(42 * v), 54) > 0.42f));
    return colour;
}

/* Every facet looks at the things from a side of its own. */
static struct imp_rgb facet_paint(const void *user, float x, float y)
{
    const struct facets *f = user;
    const struct facet facet = facet_at(f, x, y);
    const float own = facet.own, a = own * 3.1f, c = cosf(a), s = sinf(a);
    const float u = c * x + s * y, v = c * y - s * x;
    const float zoom = 0.8f + 0.4f * own, turn = 0.35f * (own - 0.5f);
    const float px = x - 0.5f * f->style->canvas->aspect, py = y - 0.5f;
    const struct imp_rgb seen = imp_sketch_at(
        f->style, 0.5f * f->style->canvas->aspect + zoom * (px - turn * py) + 0.10f * c,
        0.5f + zoom * (py + turn * px) + 0.08f * s);
    const bool nothing = seen.r < 0;
    struct imp_rgb colour = imp_rgb_mix(earths[facet.id % 12], earths[(facet.id >> 5) % 12], 0.3f);
    colour = pasted(colour, own, u, v);
    if (!nothing)
        colour = imp_rgb_mix(colour, seen, 0.72f);
    /* Dabs of the brush go along one edge of the facet. */
    const float dab = imp_noise_fractal(11 * u + 9 * own, 75 * v, 2, 52) - 0.5f;
    colour = imp_rgb_scale(
        colour, (0.98f + 0.5f * facet.shade * (1 - 0.4f * imp_rgb_light(colour)) + 0.5f * dab) *
                    (0.9f + 0.2f * own));
    colour = imp_rgb_mix(colour, (struct imp_rgb){1, .97f, .88f}, 0.5f * facet.light);
    return imp_rgb_mix(colour, (struct imp_rgb){.11f, .09f, .10f}, 0.9f * facet.line);
}

static void shape(struct imp_style *style, struct imp_rgb colour)
{
    imp_fill(style->canvas, &style->path, colour);
}

static void guitar(struct imp_style *style, float x, float y, float s)
{
    const struct imp_rgb edge = {.16f, .10f, .08f};
    struct imp_path *path = &style->path;
    for (int pass = 0; pass < 2; pass++) {
        const float w = pass ? 0 : 0.03f * s;
        imp_path_ellipse(path, x, y + .42f * s, .46f * s + w, .42f * s + w, 0);
        shape(style, pass ? (struct imp_rgb){.86f, .52f, .20f} : edge);
        imp_path_ellipse(path, x - .03f * s, y - .18f * s, .34f * s + w, .32f * s + w, 0);
        shape(style, pass ? (struct imp_rgb){.94f, .66f, .30f} : edge);
    }
    imp_path_ellipse(path, x, y + .12f * s, .15f * s, .15f * s, 0);
    shape(style, edge);
    imp_path_four(path, (const float[]){x - .08f * s, y + .1f * s, x + .06f * s, y + .1f * s,
                                        x + .17f * s, y - 1.15f * s, x + .05f * s, y - 1.15f * s});
    shape(style, (struct imp_rgb){.36f, .20f, .14f});
    imp_path_rectangle(path, x - .18f * s, y + .60f * s, x + .18f * s, y + .66f * s);
    shape(style, edge);
    for (int i = 0; i < 5; i++) {
        const float off = (.024f * (float)i - .05f) * s;
        imp_path_line(path, x + off, y + .63f * s, x + .11f * s + .7f * off, y - 1.1f * s,
                      .005f * s, .005f * s);
        shape(style, (struct imp_rgb){.97f, .93f, .80f});
    }
}

static void bottle(struct imp_style *style, float x, float y, float s)
{
    struct imp_path *path = &style->path;
    static const struct imp_rgb greens[] = {
        {.10f, .16f, .16f}, {.14f, .42f, .36f}, {.50f, .72f, .60f}};
    for (int i = 0; i < 3; i++) {
        const float w = i == 0 ? 1.12f : i == 1 ? 1 : 0.28f, left = i == 2 ? -.08f * s : 0;
        imp_path_stroke(path, (const float[]){x + left, x + left, x + .4f * left, x + .4f * left},
                        (const float[]){y, y - .6f * s, y - .85f * s, y - 1.3f * s},
                        (const float[]){.2f * s * w, .2f * s * w, .075f * s * w, .07f * s * w}, 4);
        shape(style, greens[i]);
    }
    imp_path_rectangle(path, x - .17f * s, y - .5f * s, x + .17f * s, y - .14f * s);
    shape(style, (struct imp_rgb){.95f, .90f, .76f});
    imp_path_rectangle(path, x - .12f * s, y - .4f * s, x + .12f * s, y - .33f * s);
    shape(style, (struct imp_rgb){.74f, .16f, .14f});
}

static void fruit(struct imp_style *style, float x, float y, float r, struct imp_rgb colour)
{
    for (int i = 0; i < 3; i++) {
        const float w = r * (i == 0 ? 1.08f : i == 1 ? 1 : 0.45f), off = i == 2 ? -0.35f * r : 0;
        imp_path_ellipse(&style->path, x + off, y + off, w, w, 0);
        shape(style, i == 0   ? (struct imp_rgb){.14f, .10f, .10f}
                     : i == 1 ? colour
                              : imp_rgb_mix(colour, (struct imp_rgb){1, .96f, .8f}, 0.6f));
    }
}

void imp_style_cubist(struct imp_style *style)
{
    struct imp_canvas *canvas = style->canvas;
    const float aspect = canvas->aspect;
    /* Where no thing is, the sketch says so: colours below 0. */
    imp_path_rectangle(&style->path, 0, 0, aspect, 1);
    shape(style, (struct imp_rgb){-1, -1, -1});
    imp_path_four(&style->path, (const float[]){.05f * aspect, .78f, .95f * aspect, .70f,
                                                1.05f * aspect, 1.1f, -.05f * aspect, 1.1f});
    shape(style, (struct imp_rgb){.34f, .46f, .58f});
    bottle(style, 0.24f * aspect, 0.82f, 0.50f);
    guitar(style, 0.58f * aspect, 0.46f, 0.46f);
    fruit(style, 0.30f * aspect, 0.88f, 0.075f, (struct imp_rgb){.80f, .22f, .14f});
    fruit(style, 0.42f * aspect, 0.91f, 0.07f, (struct imp_rgb){.90f, .70f, .22f});
    fruit(style, 0.86f * aspect, 0.84f, 0.08f, (struct imp_rgb){.56f, .64f, .26f});
    imp_sketch_take(style);
    const struct facets facets = choose_facets(style);
    imp_canvas_paint(canvas, 0, 1, facet_paint, &facets);
}
