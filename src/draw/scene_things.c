/* SPDX-License-Identifier: MIT */
/* Still lifes, flowers, heaps of things, and surfaces. */

#include "draw/scene.h"

/* ---- A table with things on it --------------------------------------------------------------- */

static void wall(struct imp_scene *scene, float edge)
{
    struct imp_dice *dice = &scene->dice;
    struct imp_matter back = imp_matter_any(
        dice, imp_rgb_scale(imp_matter_colour(dice), imp_dice_between(dice, 0.4f, 1)));
    struct imp_matter top = imp_matter_any(dice, imp_matter_colour(dice));
    back.turn = 0;
    imp_canvas_paint(scene->canvas, 0, edge, imp_matter_paint, &back);
    if (imp_dice_chance(dice, 0.5f)) { /* a window or a picture */
        const float x = scene->canvas->aspect * imp_dice_between(dice, 0, 0.7f),
                    w = imp_dice_between(dice, 0.2f, 0.4f);
        imp_path_rectangle(&scene->path, x, 0.08f, x + w, 0.7f * edge);
        imp_fill(scene->canvas, &scene->path, imp_rgb_scale(top.colour, 0.5f));
        imp_path_rectangle(&scene->path, x + 0.02f, 0.1f, x + w - 0.02f, 0.7f * edge - 0.02f);
        imp_area_add(scene->canvas, &scene->path);
        imp_area_paint(scene->canvas, imp_sky_paint, &scene->sky, 1);
    }
    if (imp_dice_chance(dice, 0.6f))
        imp_canvas_blur(scene->canvas, imp_dice_between(dice, 0.003f, 0.03f));
    imp_canvas_paint(scene->canvas, edge, 1, imp_matter_paint, &top);
}

static void thing_look(struct imp_scene *scene, const struct imp_matter *matter, float round,
                       float shine)
{
    struct imp_look look = imp_prop_look(scene, matter, round, 0.55f);
    look.shine = shine;
    look.contrast = 0.85f;
    imp_area_add(scene->canvas, &scene->path);
    imp_area_look(scene->canvas, &look);
}

static void fruit(struct imp_scene *scene, float x, float y, float size)
{
    struct imp_dice *dice = &scene->dice;
    const struct imp_rgb colour =
        imp_rgb_hsv(imp_dice_between(dice, -0.05f, 0.3f), imp_dice_between(dice, 0.6f, 0.95f),
                    imp_dice_between(dice, 0.5f, 0.95f));
    const struct imp_matter matter = {
        .texture = imp_dice_chance(dice, 0.5f) ? IMP_CLOUDY : IMP_GRAINY,
        .colour = colour,
        .other = imp_dice_vary(dice, imp_rgb_scale(colour, 0.8f), 0.2f),
        .scale = 4 / size,
        .seed = imp_dice_bits(dice)};
    imp_path_blob(&scene->path, x, y - 0.9f * size, size,
                  size * imp_dice_between(dice, 0.85f, 1.15f), 0.08f, imp_dice_bits(dice));
    thing_look(scene, &matter, 0.8f * size, 0.7f);
    imp_path_line(&scene->path, x, y - 1.75f * size, x + 0.15f * size, y - 2.1f * size,
                  0.05f * size, 0.04f * size);
    imp_fill(scene->canvas, &scene->path, (struct imp_rgb){.22f, .16f, .10f});
}

/* Anything that a potter turns: radii from the foot to the mouth. */
static void vessel(struct imp_scene *scene, float x, float y, float size)
{
    static const float shapes[][7] = {
        {.45f, .50f, .50f, .48f, .20f, .16f, .18f}, /* bottle */
        {.30f, .62f, .75f, .66f, .40f, .28f, .38f}, /* vase */
        {.34f, .40f, .42f, .44f, .46f, .48f, .50f}, /* cup */
        {.28f, .55f, .80f, .95f, .90f, .70f, .62f}, /* jar */
    };
    struct imp_dice *dice = &scene->dice;
    const float *shape = shapes[imp_dice_below(dice, IMP_COUNT(shapes))];
    const float tall = size * imp_dice_between(dice, 1.6f, 4),
                wide = size * imp_dice_between(dice, 0.8f, 1.2f);
    const struct imp_matter matter = imp_matter_any(dice, imp_matter_colour(dice));
    struct imp_path *path = &scene->path;
    path->count = 0;
    for (int i = 0; i < 2 * 31; i++) {
        const int step = i < 31 ? i : 61 - i;
        const float t = (float)step / 30 * 6;
        const int low = t < 5 ? (int)t : 5;
        const float r =
            wide * imp_mix(shape[low], shape[low + 1], imp_smooth(0, 1, t - (float)low));
        imp_path_add(path, x + (i < 31 ? r : -r), y - tall * t / 6 + 0.08f * size * (1 - t / 6));
    }
    thing_look(scene, &matter, 0.6f * wide, 0.8f);
    imp_path_ellipse(path, x, y - tall, wide * shape[6], 0.18f * wide * shape[6], 0);
    imp_fill(scene->canvas, path, imp_rgb_scale(matter.colour, 0.3f));
}

static void book(struct imp_scene *scene, float x, float y, float size)
{
    struct imp_dice *dice = &scene->dice;
    const struct imp_matter matter = imp_matter_any(dice, imp_matter_colour(dice));
    const float slant = size * imp_dice_between(dice, -0.6f, 0.6f), deep = 0.45f * size;
    imp_path_four(&scene->path, (const float[]){x - size, y, x + size, y, x + size, y - .3f * size,
                                                x - size, y - .3f * size});
    thing_look(scene, &matter, 0.04f * size, 0);
    imp_path_four(&scene->path,
                  (const float[]){x - size, y - .06f * size, x + size, y - .06f * size, x + size,
                                  y - .25f * size, x - size, y - .25f * size});
    imp_fill(scene->canvas, &scene->path, (struct imp_rgb){.88f, .85f, .76f});
    imp_path_four(&scene->path, (const float[]){x - size, y - .3f * size, x + size, y - .3f * size,
                                                x + size + slant, y - .3f * size - deep,
                                                x - size + slant, y - .3f * size - deep});
    imp_area_add(scene->canvas, &scene->path);
    imp_area_paint(scene->canvas, imp_matter_paint, &matter, 1);
}

void imp_scene_table(struct imp_scene *scene)
{
    struct imp_dice *dice = &scene->dice;
    const float edge = imp_dice_between(dice, 0.35f, 0.65f);
    imp_sky_choose(scene, 0.6f);
    wall(scene, edge);
    const int things = 3 + imp_dice_below(dice, 10), crowd = imp_dice_below(dice, 4);
    for (int i = 0; i < things; i++) {
        const float near = ((float)i + 0.5f) / (float)things;
        const float x = scene->canvas->aspect * imp_dice_between(dice, 0.05f, 0.95f);
        const float y = edge + 0.05f + (0.9f - edge) * near,
                    size = imp_dice_between(dice, 0.04f, 0.13f);
        const int sort = crowd == 3 ? 0 : imp_dice_below(dice, 3);
        if (sort == 0)
            fruit(scene, x, y, size);
        else if (sort == 1)
            vessel(scene, x, y, size);
        else
            book(scene, x, y, size);
    }
}

/* ---- Flowers --------------------------------------------------------------------------------- */

static void petal(struct imp_scene *scene, float x, float y, float angle, float length, float width,
                  const struct imp_matter *matter)
{
    const float c = cosf(angle), s = sinf(angle);
    float px[5], py[5], r[5];
    static const float bulge[] = {.25f, .7f, 1, .85f, .2f};
    for (int i = 0; i < 5; i++) {
        const float t = 0.1f + 0.2f * (float)i;
        px[i] = x + c * length * t;
        py[i] = y + s * length * t * 0.9f;
        r[i] = width * bulge[i];
    }
    imp_path_stroke(&scene->path, px, py, r, 5);
    struct imp_matter own = *matter;
    own.turn = -angle;
    imp_prop_solid(scene, &own, 0.5f * width, 0.4f);
}

static void flower(struct imp_scene *scene, float x, float y, float size)
{
    struct imp_dice *dice = &scene->dice;
    const struct imp_rgb colour =
        imp_rgb_hsv(imp_dice_between(dice, 0.55f, 1.2f), imp_dice_between(dice, 0.1f, 0.9f),
                    imp_dice_between(dice, 0.7f, 1));
    const struct imp_matter matter = {.texture = IMP_HAIRY,
                                      .colour = colour,
                                      .other =
                                          imp_dice_vary(dice, imp_rgb_scale(colour, 0.6f), 0.15f),
                                      .scale = 5 / size,
                                      .seed = imp_dice_bits(dice)};
    const int petals = 5 + imp_dice_below(dice, 12), rings = 1 + imp_dice_below(dice, 3);
    const float turn = imp_dice_between(dice, 0, 6);
    for (int ring = 0; ring < rings; ring++)
        for (int i = 0; i < petals; i++)
            petal(scene, x, y,
                  turn + 0.4f * (float)ring +
                      2 * IMP_PI * ((float)i + 0.3f * imp_dice_bell(dice)) / (float)petals,
                  size * (1 - 0.28f * (float)ring), size * 1.6f / (float)petals + 0.05f * size,
                  &matter);
    const struct imp_rgb heart = imp_rgb_hsv(imp_dice_between(dice, 0.06f, 0.16f), 0.8f,
                                             imp_dice_between(dice, 0.3f, 0.95f));
    imp_path_blob(&scene->path, x, y, 0.22f * size, 0.2f * size, 0.2f, imp_dice_bits(dice));
    imp_prop_solid(scene,
                   &(struct imp_matter){.texture = IMP_SPOTTED,
                                        .colour = heart,
                                        .other = imp_rgb_scale(heart, 0.4f),
                                        .scale = 40 / size,
                                        .seed = 3},
                   0.15f * size, 0.4f);
}

static void leaf(struct imp_scene *scene, float x, float y, float size, struct imp_rgb green)
{
    struct imp_dice *dice = &scene->dice;
    const struct imp_rgb own = imp_dice_vary(dice, green, 0.15f);
    const struct imp_matter matter = {.texture = IMP_HAIRY,
                                      .colour = own,
                                      .other = imp_rgb_scale(own, 0.6f),
                                      .scale = 4 / size,
                                      .seed = imp_dice_bits(dice)};
    const float angle = imp_dice_between(dice, 0, 2 * IMP_PI);
    petal(scene, x, y, angle, size, 0.22f * size, &matter);
    imp_path_line(&scene->path, x, y, x + size * cosf(angle), y + 0.9f * size * sinf(angle),
                  0.02f * size, 0.006f * size);
    imp_fill(scene->canvas, &scene->path, imp_rgb_scale(own, 1.4f));
}

void imp_scene_flowers(struct imp_scene *scene)
{
    struct imp_dice *dice = &scene->dice;
    imp_sky_choose(scene, 0.6f);
    const struct imp_rgb green = imp_dice_vary(dice, (struct imp_rgb){.24f, .38f, .16f}, 0.15f);
    const struct imp_matter back = {.texture = IMP_CLOUDY,
                                    .colour = green,
                                    .other = imp_rgb_scale(green, 0.4f),
                                    .scale = 15,
                                    .seed = imp_dice_bits(dice)};
    imp_canvas_paint(scene->canvas, 0, 1, imp_matter_paint, &back);
    const float size = imp_dice_between(dice, 0.08f, 0.3f);
    const int leaves = 20 + imp_dice_below(dice, 50),
              heads = 2 + (int)(0.25f / size * (float)imp_dice_below(dice, 6));
    for (int far = 1; far >= 0; far--) {
        for (int i = 0; i < leaves / (1 + far); i++)
            leaf(scene, scene->canvas->aspect * imp_dice_between(dice, 0, 1),
                 imp_dice_between(dice, 0, 1), imp_dice_between(dice, 0.1f, 0.35f), green);
        for (int i = 0; i < heads; i++)
            flower(scene, scene->canvas->aspect * imp_dice_between(dice, 0, 1),
                   imp_dice_between(dice, 0.05f, 0.9f), size * imp_dice_between(dice, 0.7f, 1.3f));
        if (far)
            imp_canvas_blur(scene->canvas, imp_dice_between(dice, 0.008f, 0.05f));
    }
}

/* ---- Heaps ----------------------------------------------------------------------------------- */

/* Things of all sizes that cover each other. There are as many of a size as its inverse cube says,
 * which is what photographs have at any distance. */
void imp_scene_heap(struct imp_scene *scene)
{
    struct imp_dice *dice = &scene->dice;
    imp_sky_choose(scene, 0.6f);
    const struct imp_matter ground = imp_matter_any(dice, imp_matter_colour(dice));
    imp_canvas_paint(scene->canvas, 0, 1, imp_matter_paint, &ground);
    const struct imp_rgb theme = imp_matter_colour(dice);
    const float unity = imp_dice_between(dice, 0, 0.9f), soft = imp_dice_between(dice, 0.1f, 0.6f);
    const int shapes = imp_dice_below(dice, 4), things = 120 + imp_dice_below(dice, 260);
    for (int i = 0; i < things; i++) {
        const float u = imp_dice_between(dice, 0.004f, 1), size = 0.018f / sqrtf(u);
        const float x = scene->canvas->aspect * imp_dice_between(dice, 0, 1),
                    y = imp_dice_between(dice, 0, 1);
        const struct imp_rgb colour =
            imp_rgb_mix(imp_matter_colour(dice), imp_dice_vary(dice, theme, 0.3f), unity);
        struct imp_matter matter = imp_matter_any(dice, imp_rgb_multiply(colour, scene->sky.light));
        matter.scale = fmaxf(matter.scale, 0.5f / size);
        const int shape = shapes == 3 ? imp_dice_below(dice, 3) : shapes;
        if (shape == 0)
            imp_path_ellipse(&scene->path, x, y, size, size * imp_dice_between(dice, 0.3f, 1),
                             imp_dice_between(dice, 0, 3));
        else if (shape == 1)
            imp_path_blob(&scene->path, x, y, size, size, 0.8f, imp_dice_bits(dice));
        else
            imp_path_line(&scene->path, x, y, x + 3 * size * imp_dice_bell(dice),
                          y + 3 * size * imp_dice_bell(dice), 0.4f * size, 0.3f * size);
        imp_prop_solid(scene, &matter, soft * size, 0.5f);
    }
}

/* ---- Surfaces -------------------------------------------------------------------------------- */

struct surface {
    struct imp_matter matter;
    float light_x, light_y, slope;
    float shade_at, shade_turn, shade; /* a shadow's edge */
};

static struct imp_rgb surface_paint(const void *user, float x, float y)
{
    const struct surface *s = user;
    const struct imp_rgb colour = imp_matter_paint(&s->matter, x, y);
    const float light = 1 + s->slope * (s->light_x * (x - 0.5f) + s->light_y * (y - 0.5f));
    const float edge = cosf(s->shade_turn) * x + sinf(s->shade_turn) * y - s->shade_at;
    return imp_rgb_scale(colour, light * (1 - s->shade * imp_smooth(-0.01f, 0.03f, edge)));
}

/* What a crop of a photograph often is: one material, or hardly anything, in uneven light. */
void imp_scene_surface(struct imp_scene *scene)
{
    struct imp_dice *dice = &scene->dice;
    imp_sky_choose(scene, imp_dice_between(dice, 0.5f, 1.5f));
    if (imp_dice_chance(dice, 0.2f)) {
        imp_canvas_paint(scene->canvas, 0, 1, imp_sky_paint, &scene->sky);
        return;
    }
    struct surface surface = {
        .matter = imp_matter_any(dice, imp_rgb_multiply(imp_matter_colour(dice), scene->sky.light)),
        .light_x = scene->light_x,
        .light_y = scene->light_y,
        .slope = imp_dice_between(dice, 0, 1),
        .shade_at = imp_dice_between(dice, -0.2f, 1.2f),
        .shade_turn = imp_dice_between(dice, 0, 6),
        .shade = imp_dice_between(dice, 0, 0.6f)};
    surface.matter.texture = (enum imp_texture)imp_dice_below(dice, IMP_TEXTURES);
    if (surface.matter.texture == IMP_BRICKS)
        surface.matter.turn = 0.1f * imp_dice_bell(dice);
    imp_canvas_paint(scene->canvas, 0, 1, surface_paint, &surface);
    const int things = imp_dice_below(dice, 4);
    for (int i = 0; i < things; i++) {
        const struct imp_matter matter = imp_matter_any(dice, imp_matter_colour(dice));
        imp_path_blob(&scene->path, scene->canvas->aspect * imp_dice_between(dice, 0, 1),
                      imp_dice_between(dice, 0, 1), imp_dice_between(dice, 0.02f, 0.2f),
                      imp_dice_between(dice, 0.02f, 0.2f), 0.3f, imp_dice_bits(dice));
        imp_prop_solid(scene, &matter, 0.05f, 0.5f);
    }
}
