/* SPDX-License-Identifier: MIT */
/* What stands in scenes: trees, people, boats, rocks, grass. */

#include "draw/scene.h"

struct imp_look imp_prop_look(const struct imp_scene *scene, const struct imp_matter *matter,
                              float round, float shadow)
{
    return (struct imp_look){
        .paint = imp_matter_paint,
        .user = matter,
        .round = round,
        .light_x = scene->light_x,
        .light_y = scene->light_y,
        .contrast = 0.7f,
        .shadow = shadow,
        .shadow_x = -0.6f * round * scene->light_x,
        .shadow_y = 0.5f * round,
        .shadow_soft = 0.8f * round,
    };
}

void imp_prop_solid(struct imp_scene *scene, const struct imp_matter *matter, float round,
                    float shadow)
{
    const struct imp_look look = imp_prop_look(scene, matter, round, shadow);
    imp_area_add(scene->canvas, &scene->path);
    imp_area_look(scene->canvas, &look);
}

static void trunk(struct imp_scene *scene, float x, float y, float height, float radius, float fade)
{
    const struct imp_rgb bark =
        imp_dice_vary(&scene->dice, (struct imp_rgb){.28f, .21f, .16f}, .1f);
    const struct imp_matter matter = {.texture = IMP_HAIRY,
                                      .colour = imp_rgb_multiply(bark, scene->sky.light),
                                      .other = imp_rgb_scale(bark, 0.4f),
                                      .scale = 1.2f / radius,
                                      .turn = 1.6f,
                                      .seed = imp_dice_bits(&scene->dice),
                                      .fade = scene->sky.low,
                                      .fade_strength = fade};
    const float lean = 0.1f * height * imp_dice_bell(&scene->dice);
    imp_path_line(&scene->path, x, y, x + lean, y - height, radius, 0.5f * radius);
    imp_prop_solid(scene, &matter, radius, 0);
}

static struct imp_rgb foliage(struct imp_scene *scene)
{
    static const struct imp_rgb greens[] = {{.22f, .34f, .12f},
                                            {.34f, .42f, .14f},
                                            {.13f, .27f, .14f},
                                            {.56f, .48f, .16f},
                                            {.62f, .34f, .12f}};
    const int most = imp_dice_chance(&scene->dice, 0.2f) ? 5 : 3;
    const struct imp_rgb green = greens[imp_dice_below(&scene->dice, most)];
    return imp_rgb_multiply(imp_dice_vary(&scene->dice, green, 0.12f), scene->sky.light);
}

void imp_prop_conifer(struct imp_scene *scene, float x, float y, float height, float fade)
{
    struct imp_dice *dice = &scene->dice;
    const struct imp_rgb dark = imp_rgb_multiply(
        imp_dice_vary(dice, (struct imp_rgb){.10f, .20f, .13f}, 0.08f), scene->sky.light);
    const struct imp_matter matter = {.texture = IMP_HAIRY,
                                      .colour = imp_rgb_scale(dark, 1.5f),
                                      .other = imp_rgb_scale(dark, 0.5f),
                                      .scale = 6 / height,
                                      .turn = 0.5f,
                                      .seed = imp_dice_bits(dice),
                                      .fade = scene->sky.low,
                                      .fade_strength = fade};
    const float width = height * imp_dice_between(dice, 0.16f, 0.28f);
    const int steps = 14;
    struct imp_path *path = &scene->path;
    path->count = 0;
    /* Down the right side in jags and up the left one. */
    for (int i = 0; i < 2 * steps; i++) {
        const int step = i < steps ? i : 2 * steps - 1 - i;
        const float t = (float)(step + 1) / (float)steps, side = i < steps ? 1 : -1;
        const float out = side * width * t * imp_dice_between(dice, 0.75f, 1.1f);
        const float foot = y - height * (1 - 0.96f * t);
        const float in[2] = {x + 0.45f * out, foot - 0.03f * height}, tip[2] = {x + out, foot};
        imp_path_add(path, i < steps ? tip[0] : in[0], i < steps ? tip[1] : in[1]);
        imp_path_add(path, i < steps ? in[0] : tip[0], i < steps ? in[1] : tip[1]);
    }
    imp_path_add(path, x, y - height);
    imp_prop_solid(scene, &matter, 0.12f * height, 0);
}

void imp_prop_tree(struct imp_scene *scene, float x, float y, float height, float fade)
{
    struct imp_dice *dice = &scene->dice;
    const struct imp_rgb green = foliage(scene);
    trunk(scene, x, y, 0.6f * height, 0.035f * height, fade);
    const int clumps = 5 + imp_dice_below(dice, 8);
    const float wide = imp_dice_between(dice, 0.24f, 0.42f);
    for (int i = 0; i < clumps; i++) {
        const float up = (float)i / (float)clumps;
        const struct imp_matter matter = {.texture = IMP_LEAFY,
                                          .colour = imp_rgb_scale(green, 1.1f + 0.7f * up),
                                          .other = imp_rgb_scale(green, 0.35f),
                                          .scale = imp_dice_between(dice, 18, 28) / height,
                                          .seed = imp_dice_bits(dice),
                                          .fade = scene->sky.low,
                                          .fade_strength = fade};
        const float cx = x + wide * height * imp_dice_bell(dice) * (1.3f - 0.6f * up);
        const float cy = y - height * (0.45f + 0.38f * up);
        const float r = height * imp_dice_between(dice, 0.13f, 0.24f);
        imp_path_blob(&scene->path, cx, cy, 1.2f * r, r, 0.7f, imp_dice_bits(dice));
        imp_prop_solid(scene, &matter, 0.5f * r, 0.25f);
    }
}

static void branch(struct imp_scene *scene, float x, float y, float angle, float length,
                   float radius, int depth)
{
    struct imp_dice *dice = &scene->dice;
    const float to_x = x + length * cosf(angle), to_y = y - length * sinf(angle);
    const float bend = 0.12f * length * imp_dice_bell(dice);
    imp_path_stroke(&scene->path, (const float[]){x, 0.5f * (x + to_x) + bend, to_x},
                    (const float[]){y, 0.5f * (y + to_y) - bend, to_y},
                    (const float[]){radius, 0.8f * radius, 0.65f * radius}, 3);
    imp_area_add(scene->canvas, &scene->path);
    if (depth == 0)
        return;
    const int twigs = 2 + imp_dice_below(dice, 2);
    for (int i = 0; i < twigs; i++) {
        const float spread = 0.5f * ((float)i - 0.5f * (float)(twigs - 1));
        branch(scene, to_x, to_y, angle + 1.3f * spread + 0.4f * imp_dice_bell(dice),
               length * imp_dice_between(dice, 0.6f, 0.85f), 0.62f * radius, depth - 1);
    }
}

void imp_prop_bare_tree(struct imp_scene *scene, float x, float y, float height, float fade)
{
    const struct imp_rgb bark = imp_rgb_multiply(
        imp_dice_vary(&scene->dice, (struct imp_rgb){.20f, .16f, .14f}, .08f), scene->sky.light);
    branch(scene, x, y, 0.5f * IMP_PI + 0.2f * imp_dice_bell(&scene->dice), 0.28f * height,
           0.035f * height, 5);
    imp_area_flat(scene->canvas, imp_rgb_mix(bark, scene->sky.low, fade), 1);
}

static void cloth(struct imp_scene *scene, float round)
{
    const struct imp_rgb colour =
        imp_rgb_multiply(imp_matter_colour(&scene->dice), scene->sky.light);
    struct imp_matter matter = imp_matter_any(&scene->dice, colour);
    matter.scale *= 3;
    imp_prop_solid(scene, &matter, round, 0);
}

static struct imp_rgb skin(struct imp_scene *scene)
{
    static const struct imp_rgb tones[] = {
        {.92f, .74f, .62f}, {.80f, .58f, .44f}, {.58f, .39f, .28f}, {.38f, .25f, .18f}};
    return imp_rgb_multiply(tones[imp_dice_below(&scene->dice, 4)], scene->sky.light);
}

void imp_prop_person(struct imp_scene *scene, float x, float y, float height)
{
    struct imp_dice *dice = &scene->dice;
    struct imp_path *path = &scene->path;
    const float h = height, step = 0.10f * h * imp_dice_bell(dice), arm = imp_dice_bell(dice);
    const struct imp_rgb face = skin(scene);
    const bool skirt = imp_dice_chance(dice, 0.35f);

    imp_path_ellipse(path, x - 0.25f * h * scene->light_x, y, 0.22f * h, 0.025f * h, 0);
    imp_area_add(scene->canvas, path);
    imp_area_flat(scene->canvas, (struct imp_rgb){.05f, .05f, .08f}, 0.45f);
    imp_path_line(path, x - 0.02f * h, y - 0.5f * h, x - step - 0.03f * h, y, .055f * h, .032f * h);
    imp_area_add(scene->canvas, path);
    imp_path_line(path, x + 0.02f * h, y - 0.5f * h, x + step + 0.03f * h, y, .055f * h, .032f * h);
    cloth(scene, 0.03f * h);
    if (skirt) {
        imp_path_four(path,
                      (const float[]){x - .07f * h, y - .56f * h, x + .07f * h, y - .56f * h,
                                      x + .17f * h, y - .22f * h, x - .17f * h, y - .22f * h});
        cloth(scene, 0.04f * h);
    }
    imp_path_stroke(path, (const float[]){x, x, x},
                    (const float[]){y - .80f * h, y - .72f * h, y - .50f * h},
                    (const float[]){.07f * h, .10f * h, .085f * h}, 3);
    imp_area_add(scene->canvas, path);
    imp_path_stroke(path, (const float[]){x - .1f * h, x - .13f * h, x - (.13f + .1f * arm) * h},
                    (const float[]){y - .79f * h, y - .63f * h, y - .47f * h},
                    (const float[]){.038f * h, .034f * h, .028f * h}, 3);
    imp_area_add(scene->canvas, path);
    imp_path_stroke(path, (const float[]){x + .1f * h, x + .13f * h, x + (.13f + .1f * arm) * h},
                    (const float[]){y - .79f * h, y - .63f * h, y - .47f * h},
                    (const float[]){.038f * h, .034f * h, .028f * h}, 3);
    cloth(scene, 0.04f * h);
    const struct imp_matter flesh = {
        .colour = face, .other = imp_rgb_scale(face, 0.8f), .scale = 9};
    const struct imp_rgb hair = imp_rgb_scale(face, imp_dice_between(dice, 0.15f, 0.7f));
    imp_path_ellipse(path, x, y - 0.935f * h, 0.062f * h, 0.065f * h, 0);
    imp_fill(scene->canvas, path, hair);
    imp_path_ellipse(path, x + 0.008f * h, y - 0.915f * h, 0.047f * h, 0.062f * h, 0);
    imp_prop_solid(scene, &flesh, 0.03f * h, 0);
}

void imp_prop_boat(struct imp_scene *scene, float x, float y, float length)
{
    struct imp_dice *dice = &scene->dice;
    struct imp_path *path = &scene->path;
    const float l = length, mast = l * imp_dice_between(dice, 0.8f, 1.5f);
    const struct imp_rgb hull = imp_rgb_multiply(imp_matter_colour(dice), scene->sky.light);
    const struct imp_rgb sail = imp_rgb_multiply(
        imp_dice_vary(dice, (struct imp_rgb){.93f, .90f, .82f}, 0.2f), scene->sky.light);
    const float side = imp_dice_chance(dice, 0.5f) ? 1 : -1;
    imp_path_four(path, (const float[]){x - .5f * l, y - .13f * l, x + .5f * l, y - .13f * l,
                                        x + .38f * l, y, x - .36f * l, y});
    imp_prop_solid(scene,
                   &(struct imp_matter){.texture = IMP_WOODEN,
                                        .colour = hull,
                                        .other = imp_rgb_scale(hull, 0.5f),
                                        .scale = 5 / l},
                   0.06f * l, 0);
    imp_path_line(path, x, y - .1f * l, x, y - mast, .012f * l, .008f * l);
    imp_fill(scene->canvas, path, (struct imp_rgb){.22f, .16f, .12f});
    path->count = 0;
    imp_path_add(path, x + side * .03f * l, y - mast);
    imp_path_add(path, x + side * .30f * l, y - 0.55f * mast);
    imp_path_add(path, x + side * .45f * l, y - .2f * l);
    imp_path_add(path, x + side * .03f * l, y - .2f * l);
    imp_prop_solid(scene,
                   &(struct imp_matter){.texture = IMP_STRIPED,
                                        .colour = sail,
                                        .other = imp_rgb_scale(sail, 0.88f),
                                        .scale = 8 / l},
                   0.12f * l, 0);
    path->count = 0;
    imp_path_add(path, x - side * .03f * l, y - 0.9f * mast);
    imp_path_add(path, x - side * .38f * l, y - .2f * l);
    imp_path_add(path, x - side * .03f * l, y - .24f * l);
    imp_fill(scene->canvas, path, imp_rgb_scale(sail, 0.85f));
}

void imp_prop_rock(struct imp_scene *scene, float x, float y, float size, struct imp_rgb colour)
{
    struct imp_dice *dice = &scene->dice;
    const struct imp_rgb lit =
        imp_rgb_multiply(imp_dice_vary(dice, colour, 0.15f), scene->sky.light);
    const struct imp_matter matter = {.texture =
                                          imp_dice_chance(dice, 0.5f) ? IMP_GRAINY : IMP_MARBLED,
                                      .colour = lit,
                                      .other = imp_rgb_scale(lit, 0.4f),
                                      .scale = 5 / size,
                                      .turn = imp_dice_between(dice, 0, 3),
                                      .seed = imp_dice_bits(dice)};
    imp_path_blob(&scene->path, x, y - 0.3f * size, size, 0.6f * size, 0.9f, imp_dice_bits(dice));
    imp_prop_solid(scene, &matter, 0.3f * size, 0.5f);
}

void imp_prop_grass(struct imp_scene *scene, float x, float y, float height, struct imp_rgb colour)
{
    struct imp_dice *dice = &scene->dice;
    const float lean = height * 0.6f * imp_dice_bell(dice), r = 0.035f * height;
    imp_path_stroke(&scene->path, (const float[]){x, x + 0.3f * lean, x + lean},
                    (const float[]){y, y - 0.6f * height, y - height},
                    (const float[]){r, 0.8f * r, 0.2f * r}, 3);
    imp_fill(scene->canvas, &scene->path,
             imp_rgb_multiply(imp_dice_vary(dice, colour, 0.25f), scene->sky.light));
}
