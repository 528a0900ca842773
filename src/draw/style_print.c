/* SPDX-License-Identifier: MIT */
/* Prints: woodcut, engraving, and the colour woodblock with its waves. */

#include "draw/scene.h"
#include "draw/style.h"

/* ---- Woodcut: the sun over ploughed fields --------------------------------------------------- */

#define SUN_X 0.63f /* share of the width */
#define SUN_Y 0.24f

static float hill(int which, float x)
{
    static const float bases[] = {.46f, .55f, .68f}, rises[] = {.10f, .09f, .07f};
    return bases[which] -
           rises[which] * 2 *
               (imp_noise_fractal((2 + 0.3f * (float)which) * x, 3, 2, 40 + (uint32_t)which) -
                0.5f);
}

/* 0: the sky, 1 to 3: hills from far to near. */
static int ground_of(float x, float y)
{
    int which = 0;
    for (int i = 0; i < 3; i++)
        which = y > hill(i, x) ? i + 1 : which;
    return which;
}

/* How much paper is left: light, 0 to 1. */
static struct imp_rgb woodcut_tone(const void *user, float x, float y)
{
    const float aspect = *(const float *)user, dx = x - SUN_X * aspect, dy = y - SUN_Y;
    const float away = sqrtf(dx * dx + dy * dy);
    const int which = ground_of(x, y);
    float tone = 0;
    if (which == 0)
        tone = away < 0.085f
                   ? 1
                   : 0.95f - 0.85f * away + 0.35f * (imp_noise_fractal(5 * x, 9 * y, 3, 44) - 0.5f);
    else if (which == 1)
        tone = 0.34f + 0.8f * (imp_noise_fractal(5 * x, 5 * y, 3, 45) - 0.5f);
    else
        tone = 0.58f - 0.9f * (y - hill(which - 1, x)) * (which == 2 ? 1.8f : 0.7f) +
               0.8f * (imp_noise_fractal(4 * x, 6 * y, 3, 46) - 0.5f);
    tone = imp_clamp01(tone);
    return (struct imp_rgb){tone, tone, tone};
}

static void woodcut_trees(struct imp_style *style)
{
    struct imp_dice *dice = &style->dice;
    const struct imp_rgb dark = {.10f, .10f, .10f}, lit = {.72f, .72f, .72f};
    for (int i = 0; i < 13; i++) {
        const float near = (float)i / 12,
                    x = style->canvas->aspect * imp_fraction(0.08f + 0.618f * (float)i);
        const float y = hill(near < 0.5f ? 1 : 2, x) + 0.02f + 0.16f * near * near,
                    h = 0.07f + 0.24f * near * near;
        imp_path_line(&style->path, x, y, x, y - 0.6f * h, .04f * h, .03f * h);
        imp_fill(style->canvas, &style->path, dark);
        if (i % 3 == 0) { /* a poplar */
            imp_path_blob(&style->path, x, y - .62f * h, .13f * h, .5f * h, .2f,
                          imp_dice_bits(dice));
            imp_fill(style->canvas, &style->path, dark);
            imp_path_blob(&style->path, x + .05f * h, y - .66f * h, .06f * h, .40f * h, .2f,
                          imp_dice_bits(dice));
        } else {
            imp_path_blob(&style->path, x, y - .68f * h, .36f * h, .33f * h, .3f,
                          imp_dice_bits(dice));
            imp_fill(style->canvas, &style->path, dark);
            imp_path_blob(&style->path, x + .09f * h, y - .76f * h, .21f * h, .2f * h, .5f,
                          imp_dice_bits(dice));
        }
        imp_fill(style->canvas, &style->path, lit);
    }
}

static void woodcut_house(struct imp_style *style, float x, float y, float s)
{
    imp_path_rectangle(&style->path, x - s, y - .9f * s, x + s, y);
    imp_fill(style->canvas, &style->path, (struct imp_rgb){.88f, .88f, .88f});
    imp_path_rectangle(&style->path, x - s, y - .9f * s, x - .2f * s, y);
    imp_fill(style->canvas, &style->path, (struct imp_rgb){.16f, .16f, .16f});
    imp_path_four(&style->path,
                  (const float[]){x - 1.2f * s, y - .85f * s, x - .5f * s, y - 1.7f * s,
                                  x + .7f * s, y - 1.7f * s, x + 1.25f * s, y - .85f * s});
    imp_fill(style->canvas, &style->path, (struct imp_rgb){.40f, .40f, .40f});
    imp_path_rectangle(&style->path, x + .2f * s, y - .6f * s, x + .5f * s, y - .25f * s);
    imp_fill(style->canvas, &style->path, (struct imp_rgb){.05f, .05f, .05f});
}

/* Rays in the sky, furrows in the fields, and in trees as the sketch says. */
static void woodcut_flow(struct imp_style *style)
{
    const struct imp_canvas *canvas = style->canvas;
    const float unit = 1 / (float)canvas->height;
    for (int py = 0; py < canvas->height; py++) {
        for (int px = 0; px < canvas->width; px++) {
            const float x = (float)px * unit, y = (float)py * unit;
            float *angle = &style->angle[(size_t)py * (size_t)canvas->width + (size_t)px];
            const int which = ground_of(x, y);
            const float plain = woodcut_tone(&canvas->aspect, x, y).r;
            if (fabsf(plain - imp_sketch_at(style, x, y).r) > 0.01f)
                continue;
            if (which == 0)
                *angle = atan2f(y - SUN_Y, x - SUN_X * canvas->aspect) +
                         0.5f * (imp_noise(4 * x, 5 * y, 47) - 0.5f);
            else if (which == 1)
                *angle = 0.9f + 0.9f * (imp_noise(4 * x, 4 * y, 48) - 0.5f);
            else
                *angle = atan2f(y - 0.40f, (x - 0.28f * canvas->aspect) * (which == 2 ? 1 : 0.8f)) +
                         0.35f * (imp_noise(3 * x, 3 * y, 49) - 0.5f);
        }
    }
}

/* Whether the block is still whole along the way and beside it, so that lines stay apart. */
static bool uncut(const struct imp_style *style, const struct imp_way *way, float radius)
{
    const struct imp_canvas *canvas = style->canvas;
    const float unit = (float)canvas->height;
    for (int i = 0; i < way->count; i += 2) {
        const int next = i + 1 < way->count ? i + 1 : i, last = i > 0 ? i - 1 : i;
        const float dx = way->x[next] - way->x[last], dy = way->y[next] - way->y[last];
        const float side = radius / (hypotf(dx, dy) + 1e-6f);
        for (int j = -1; j <= 1; j++) {
            const int px = (int)((way->x[i] - (float)j * side * dy) * unit);
            const int py = (int)((way->y[i] + (float)j * side * dx) * unit);
            if (px >= 0 && py >= 0 && px < canvas->width && py < canvas->height &&
                imp_canvas_get(canvas, px, py).r > 0.25f)
                return false;
        }
    }
    return true;
}

/* What the gouge lifts out of the block stays paper. */
static void gouges(struct imp_style *style, float radius, float length, int count, float floor)
{
    static const struct imp_rgb papers[] = {
        {.95f, .76f, .40f}, {.60f, .72f, .68f}, {.86f, .62f, .30f}, {.94f, .86f, .66f}};
    struct imp_way way;
    for (int i = 0; i < count; i++) {
        float at[2];
        imp_spread(style, i, 0.02f, at);
        at[0] += 2 * radius * imp_dice_bell(&style->dice);
        at[1] += 2 * radius * imp_dice_bell(&style->dice);
        const float tone = imp_sketch_at(style, at[0], at[1]).r;
        if (tone < floor || imp_dice_between(&style->dice, 0, 0.6f) > tone ||
            imp_sketch_detail(style, at[0], at[1], 0.006f) > 0.45f)
            continue;
        struct imp_rgb paper = papers[ground_of(at[0], at[1])];
        if (hypotf(at[0] - SUN_X * style->canvas->aspect, at[1] - SUN_Y) < 0.17f)
            paper = (struct imp_rgb){.90f, .40f, .20f};
        const float wide = radius * (0.45f + 0.9f * tone);
        imp_way_trace(style, &way, at[0], at[1],
                      length * imp_dice_between(&style->dice, 0.5f, 1.4f), 0.55f);
        if (!uncut(style, &way, wide + 0.0042f - 0.0038f * tone))
            continue;
        imp_brush_stroke(style, &way,
                         &(struct imp_brush){.radius = wide,
                                             .paint = {paper, imp_rgb_scale(paper, 0.93f)},
                                             .opacity = 1,
                                             .bristles = 0.08f,
                                             .start = 0.35f,
                                             .end = 0.08f,
                                             .seed = imp_dice_bits(&style->dice)});
    }
}

/* Ink does not take everywhere, and the wood's grain shows. */
static void print_grain(struct imp_style *style, float strength)
{
    struct imp_canvas *canvas = style->canvas;
    const float unit = 1 / (float)canvas->height;
    for (int py = 0; py < canvas->height; py++) {
        for (int px = 0; px < canvas->width; px++) {
            const float x = (float)px * unit, y = (float)py * unit;
            const float wood =
                imp_noise_fractal(3 * x, 70 * y + 9 * imp_noise(2 * x, 3 * y, 91), 3, 92) - 0.5f;
            const float speck = imp_smooth(0.80f, 0.95f, imp_paper_grain(x, y));
            const struct imp_rgb c =
                imp_rgb_scale(imp_canvas_get(canvas, px, py), 1 + strength * wood);
            imp_canvas_set(
                canvas, px, py,
                imp_rgb_mix(c, (struct imp_rgb){.90f, .84f, .70f}, 0.8f * strength * speck));
        }
    }
}

void imp_style_woodcut(struct imp_style *style)
{
    struct imp_canvas *canvas = style->canvas;
    imp_canvas_paint(canvas, 0, 1, woodcut_tone, &canvas->aspect);
    woodcut_house(style, 0.30f * canvas->aspect, hill(1, 0.30f * canvas->aspect) + 0.06f, 0.055f);
    woodcut_trees(style);
    imp_sketch_take(style);
    imp_sketch_flow(style, 0.03f, 0.2f, 0.05f);
    woodcut_flow(style);
    imp_canvas_paint(canvas, 0, 1, imp_matter_paint,
                     &(struct imp_matter){
                         .colour = {.10f, .075f, .07f}, .other = {.12f, .10f, .10f}, .scale = 9});
    imp_path_ellipse(&style->path, SUN_X * canvas->aspect, SUN_Y, 0.075f, 0.075f, 0);
    imp_fill(canvas, &style->path, (struct imp_rgb){.90f, .36f, .17f});
    gouges(style, 0.0072f, 0.12f, (int)(5000 * canvas->aspect), 0.25f);
    gouges(style, 0.0058f, 0.07f, (int)(9000 * canvas->aspect), 0.15f);
    gouges(style, 0.0042f, 0.035f, (int)(12000 * canvas->aspect), 0.12f);
    print_grain(style, 0.35f);
}

/* ---- Engraving: a still life in lines -------------------------------------------------------- */

static void still_life(struct imp_style *style)
{
    struct imp_canvas *canvas = style->canvas;
    struct imp_scene scene = {.canvas = canvas,
                              .dice = {.seed = 4711, .stream = style->variant},
                              .light_x = -0.62f,
                              .light_y = -0.5f};
    imp_sky_choose(&scene, 0.6f);
    imp_scene_flowers(&scene);
}

/* How the lines lie: turned by an angle with cosine c and sine s. */
struct plate {
    uint32_t seed;
    float c, s, fine;
};

static struct plate choose_plate(struct imp_style *style)
{
    const float turn = imp_vary(style, 0, -IMP_PI, IMP_PI);
    return (struct plate){imp_vary_seed(style), cosf(turn), sinf(turn),
                          imp_vary(style, 1, 0.7f, 1.2f)};
}

/* Darkness at a point becomes the width of lines that bend with it. */
static float hatch(float phase, float dark)
{
    const float wave = fabsf(imp_fraction(phase) - 0.5f) * 2; /* 1 between lines, 0 on one */
    const float width = imp_clamp01(dark);
    return width <= 0.02f ? 0 : imp_smooth(width + 0.12f, width - 0.12f, wave);
}

static void engrave(const struct imp_style *style, const struct plate *plate, int px, int py)
{
    struct imp_canvas *canvas = style->canvas;
    const float sx = ((float)px + 0.5f) / (float)canvas->height,
                sy = ((float)py + 0.5f) / (float)canvas->height;
    const float light = imp_rgb_light(imp_sketch_at(style, sx, sy));
    const float x = plate->c * sx - plate->s * sy, y = plate->c * sy + plate->s * sx;
    const float dark = 0.88f * (1 - imp_clamp01(1.45f * powf(fmaxf(light, 0), 0.42f) - 0.16f));
    const float form =
        0.9f * dark + 3.2f * imp_noise_fractal(1.6f * x, 1.6f * y, 2, plate->seed + 66);
    /* Short flicks in the lights. */
    const float flick =
        0.32f * imp_smooth(0.45f, 0.62f, imp_noise(22 * x, 70 * y, plate->seed + 67));
    const float along =
        hatch(plate->fine * 88 * (y + 0.03f * form + 0.05f * x), fmaxf(1.0f * dark, flick));
    const float down =
        hatch(plate->fine * 80 * (0.72f * x + 0.69f * y - 0.02f * form), 1.5f * (dark - 0.22f));
    const float up =
        hatch(plate->fine * 84 * (0.80f * x - 0.6f * y + 0.02f * form), 1.7f * (dark - 0.40f));
    imp_canvas_mix(canvas, px, py, (struct imp_rgb){.62f, .22f, .12f}, 0.9f * up);
    imp_canvas_mix(canvas, px, py, (struct imp_rgb){.12f, .34f, .33f}, 0.9f * down);
    imp_canvas_mix(canvas, px, py, (struct imp_rgb){.08f, .09f, .22f}, 0.95f * along);
}

void imp_style_engraving(struct imp_style *style)
{
    struct imp_canvas *canvas = style->canvas;
    const struct plate plate = choose_plate(style);
    still_life(style);
    imp_sketch_take(style);
    imp_paper(style, (struct imp_rgb){.935f, .895f, .80f}, 0.10f);
    for (int py = 0; py < canvas->height; py++)
        for (int px = 0; px < canvas->width; px++)
            engrave(style, &plate, px, py);
    imp_vary_hues(style);
}

/* ---- Waves ----------------------------------------------------------------------------------- */

static const struct imp_rgb keyline = {.06f, .10f, .22f}, foam = {.955f, .93f, .86f};
static const struct imp_rgb blues[] = {
    {.09f, .19f, .38f}, {.16f, .34f, .54f}, {.36f, .56f, .68f}, {.66f, .76f, .76f}};

static void add_disc(struct imp_style *style, float x, float y, float r)
{
    imp_path_ellipse(&style->path, x, y, r, r, 0);
    imp_area_add(style->canvas, &style->path);
}

/* Foam in knobs along a way: first all dark and a little larger, then all light. */
struct knob {
    float x, y, r;
};

static void knobs(struct imp_style *style, const struct knob *all, int count)
{
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < count; i++)
            add_disc(style, all[i].x, all[i].y, all[i].r + (pass ? 0 : 0.0035f));
        imp_area_flat(style->canvas, pass ? foam : keyline, 1);
    }
    for (int i = 0; i < count; i += 2) { /* shadows inside */
        imp_path_ellipse(&style->path, all[i].x + 0.3f * all[i].r, all[i].y + 0.35f * all[i].r,
                         0.45f * all[i].r, 0.4f * all[i].r, 0);
        imp_area_add(style->canvas, &style->path);
    }
    imp_area_flat(style->canvas, (struct imp_rgb){.70f, .78f, .80f}, 0.7f);
}

#define CURL 40

/* The middle line of a breaking wave: it rises from its foot and rolls over. side: +-1. */
static void curl(float x, float y, float size, float side, float *px, float *py, float *r)
{
    for (int i = 0; i < CURL; i++) {
        const float t = (float)i / (CURL - 1), a = imp_mix(3.55f, -0.75f, t);
        const float out = size * imp_mix(1.05f, 0.30f, powf(t, 0.8f));
        px[i] =
            x + side * (out * cosf(a) - (i < 9 ? 0.006f * size * (float)((9 - i) * (9 - i)) : 0));
        py[i] = y - 0.55f * size - out * sinf(a) * 0.95f +
                (i < 9 ? 0.012f * size * (float)((9 - i) * (9 - i)) : 0);
        r[i] = size * imp_mix(0.50f, 0.045f, powf(t, 0.75f));
    }
}

static void crest(struct imp_style *style, const float *px, const float *py, const float *r,
                  float size, float side)
{
    struct knob all[200];
    int count = 0;
    for (int i = 18; i < CURL - 1 && count < 190; i++) {
        const float dx = px[i + 1] - px[i], dy = py[i + 1] - py[i],
                    norm = 1 / (hypotf(dx, dy) + 1e-6f);
        const float nx = -side * dy * norm,
                    ny = side * dx * norm; /* towards the inside of the curl */
        const float late = (float)(i - 18) / (CURL - 19);
        for (int j = 0; j < 2 + (int)(3 * late); j++) {
            const float in =
                r[i] * imp_dice_between(&style->dice, -1.0f, 1.2f) + 0.05f * size * late * (float)j;
            all[count++] = (struct knob){
                px[i] + nx * in * (late > 0.3f ? 1 : -1), py[i] + ny * in * (late > 0.3f ? 1 : -1),
                size * imp_dice_between(&style->dice, 0.016f, 0.05f) * (0.6f + 0.6f * late)};
        }
    }
    knobs(style, all, count);
}

static void great_wave(struct imp_style *style, float x, float y, float size, float side)
{
    float px[CURL], py[CURL], r[CURL], line_x[CURL], line_y[CURL], line_r[CURL];
    curl(x, y, size, side, px, py, r);
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < CURL; i++)
            line_r[i] = r[i] + (pass ? 0 : 0.005f);
        imp_path_stroke(&style->path, px, py, line_r, CURL);
        imp_fill(style->canvas, &style->path, pass ? blues[1] : keyline);
    }
    for (int band = -6; band <= 6; band++) {
        const int tone = band & 1 ? 0 : (band + 8) % 4 == 0 ? 3 : 2;
        for (int i = 0; i < CURL; i++) {
            const int next = i + 1 < CURL ? i + 1 : i, last = i > 0 ? i - 1 : i;
            const float dx = px[next] - px[last], dy = py[next] - py[last],
                        norm = 1 / (hypotf(dx, dy) + 1e-6f);
            const float off =
                r[i] * ((float)band + 0.3f * imp_noise(0.12f * (float)i, (float)band, 71)) / 6.8f;
            line_x[i] = px[i] - off * dy * norm;
            line_y[i] = py[i] + off * dx * norm;
            line_r[i] = r[i] * (tone == 0 ? 0.045f : 0.065f) *
                            (0.4f + imp_noise(0.2f * (float)i, (float)band, 72)) +
                        0.001f;
        }
        imp_path_stroke(&style->path, line_x, line_y, line_r, CURL);
        imp_fill(style->canvas, &style->path, blues[tone]);
    }
    crest(style, px, py, r, size, side);
}

/* A swell over the whole width, with lines that run along it and foam on its crests. */
static void swell(struct imp_style *style, float base, float rise, float waves,
                  struct imp_rgb colour, uint32_t seed)
{
    struct imp_path *path = &style->path;
    const float aspect = style->canvas->aspect;
    float x[120], y[120], r[120];
    for (int line = 0; line < 13; line++) {
        for (int i = 0; i < 120; i++) {
            x[i] = (aspect + 0.1f) * (float)i / 119 - 0.05f;
            const float crest = powf(
                0.5f + 0.5f * sinf(waves * x[i] + (float)seed + 2 * imp_noise(3 * x[i], 1, seed)),
                1.6f);
            y[i] = base - rise * crest * (1 - 0.06f * (float)line) + 0.003f + 0.015f * (float)line +
                   0.012f * imp_noise(4 * x[i], (float)line, seed + 2);
            r[i] = line == 0 ? 0.004f : 0.0075f * imp_noise(5 * x[i], 3 * (float)line, seed + 3);
        }
        if (line == 0) {
            path->count = 0;
            for (int i = 0; i < 120; i++)
                imp_path_add(path, x[i], y[i]);
            imp_path_add(path, aspect + 0.05f, 1.1f);
            imp_path_add(path, -0.05f, 1.1f);
            imp_fill(style->canvas, path, colour);
        }
        imp_path_stroke(path, x, y, r, 120);
        imp_fill(style->canvas, path, line == 0 ? keyline : blues[(line * 3 + (int)seed) % 4]);
        if (line != 0)
            continue;
        struct knob all[160];
        int count = 0;
        for (int i = 0; i < 120 && count < 155; i++)
            for (int j = 0; j < 2; j++)
                if (y[i] < base - 0.66f * rise && imp_dice_chance(&style->dice, 0.6f))
                    all[count++] = (struct knob){x[i] + 0.012f * imp_dice_bell(&style->dice),
                                                 y[i] + 0.01f * (float)j,
                                                 imp_dice_between(&style->dice, .006f, .017f)};
        knobs(style, all, count);
    }
}

static struct imp_rgb wave_sky(const void *user, float x, float y)
{
    static const struct imp_rgb bands[] = {{.18f, .27f, .42f}, {.62f, .68f, .68f},
                                           {.90f, .85f, .72f}, {.94f, .86f, .68f},
                                           {.93f, .74f, .56f}, {.92f, .62f, .48f}};
    (void)user;
    const float cloud = imp_smooth(0.50f, 0.53f, imp_noise_fractal(2.2f * x, 12 * y, 3, 73));
    const struct imp_rgb sky =
        imp_rgb_palette(bands, 6, 1.55f * y + 0.015f * imp_noise(3 * x, 2, 74));
    return imp_rgb_mix(sky, (struct imp_rgb){.96f, .92f, .82f},
                       0.75f * cloud * imp_smooth(0.05f, 0.2f, y));
}

static void snow_mountain(struct imp_style *style, float x, float foot, float size)
{
    struct imp_path *path = &style->path;
    for (int pass = 0; pass < 3; pass++) {
        const float grow = pass == 0 ? 0.005f : 0;
        path->count = 0;
        imp_path_add(path, x - 1.35f * size, foot);
        for (int i = 0; i <= 20; i++) {
            const float t = (float)i / 10 - 1, up = expf(-3.2f * fabsf(t)) - 0.04f;
            imp_path_add(path, x + 1.3f * size * t, foot - size * fminf(up, 0.84f) - grow);
        }
        imp_path_add(path, x + 1.35f * size, foot);
        if (pass == 2) { /* the cap: what is above a jagged line */
            path->count = 0;
            for (int i = 0; i <= 8; i++)
                imp_path_add(path, x + size * (-.31f + .0775f * (float)i),
                             foot - size * (i % 2 ? .36f : .52f));
            for (int i = 4; i >= -4; i--)
                imp_path_add(path, x + .0775f * (float)i * size,
                             foot - size * fminf(expf(-.1908f * fabsf((float)i)) - 0.04f, 0.84f));
        }
        imp_fill(style->canvas, path, pass == 0 ? keyline : pass == 1 ? blues[1] : foam);
    }
}

void imp_style_wave(struct imp_style *style)
{
    struct imp_canvas *canvas = style->canvas;
    const float aspect = canvas->aspect;
    imp_canvas_paint(canvas, 0, 1, wave_sky, NULL);
    imp_path_ellipse(&style->path, 0.83f * aspect, 0.17f, 0.062f, 0.062f, 0);
    imp_fill(canvas, &style->path, (struct imp_rgb){.82f, .25f, .17f});
    snow_mountain(style, 0.62f * aspect, 0.60f, 0.27f);
    swell(style, 0.62f, 0.07f, 9, blues[2], 3);
    great_wave(style, 0.25f * aspect, 0.66f, 0.36f, 1);
    swell(style, 0.73f, 0.10f, 7, blues[1], 6);
    great_wave(style, 0.84f * aspect, 0.80f, 0.19f, -1);
    swell(style, 0.85f, 0.11f, 6, blues[0], 9);
    swell(style, 0.98f, 0.13f, 5, blues[1], 13);
    print_grain(style, 0.2f);
}
