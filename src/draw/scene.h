/* SPDX-License-Identifier: MIT */
#ifndef IMP_DRAW_SCENE_H
#define IMP_DRAW_SCENE_H

/* What the kinds of scenes share. Only this room includes it. */

#include "draw/canvas.h"

struct imp_sky {
    struct imp_rgb high, low, cloud, shade;
    float horizon;        /* where `low` is reached */
    float amount, size;   /* of clouds: 0 to 1; picture heights */
    float sun_x, sun_y;   /* picture heights */
    struct imp_rgb light; /* of the sun, on what it shines on; 1 is neutral */
    bool night;
    uint32_t seed;
};

struct imp_scene {
    struct imp_canvas *canvas;
    struct imp_dice dice;
    struct imp_path path;   /* scratch */
    float light_x, light_y; /* towards the light, as in struct imp_look */
    struct imp_sky sky;
};

/* ---- scene_sky.c ----------------------------------------------------------------------------- */

/* Chooses a time of day and clouds. */
void imp_sky_choose(struct imp_scene *scene, float horizon);
/* An imp_paint_fn; user: struct imp_sky. */
struct imp_rgb imp_sky_paint(const void *user, float x, float y);
/* Water from `top` down to the picture's lower edge, or to `end`: it mirrors what is above `top`,
 * and has ripples. */
void imp_water_draw(struct imp_scene *scene, float top, float end, struct imp_rgb colour);

/* ---- scene_props.c: what stands in scenes. (x, y) is the foot -------------------------------- */

/* The usual look of a solid thing. round: as in struct imp_look. */
struct imp_look imp_prop_look(const struct imp_scene *scene, const struct imp_matter *matter,
                              float round, float shadow);
/* The scene's path, filled with the matter. */
void imp_prop_solid(struct imp_scene *scene, const struct imp_matter *matter, float round,
                    float shadow);
/* fade: how far the sky's colour covers it, 0 to 1. */
void imp_prop_conifer(struct imp_scene *scene, float x, float y, float height, float fade);
void imp_prop_tree(struct imp_scene *scene, float x, float y, float height, float fade);
void imp_prop_bare_tree(struct imp_scene *scene, float x, float y, float height, float fade);
void imp_prop_person(struct imp_scene *scene, float x, float y, float height);
void imp_prop_boat(struct imp_scene *scene, float x, float y, float length);
void imp_prop_rock(struct imp_scene *scene, float x, float y, float size, struct imp_rgb colour);
void imp_prop_grass(struct imp_scene *scene, float x, float y, float height, struct imp_rgb colour);

/* ---- The kinds of scenes --------------------------------------------------------------------- */

typedef void (*imp_scene_fn)(struct imp_scene *scene);
void imp_scene_terrain(struct imp_scene *scene); /* scene_terrain.c */
void imp_scene_sea(struct imp_scene *scene);     /* scene_land.c */
void imp_scene_forest(struct imp_scene *scene);
void imp_scene_meadow(struct imp_scene *scene);
void imp_scene_houses(struct imp_scene *scene); /* scene_town.c */
void imp_scene_street(struct imp_scene *scene);
void imp_scene_skyline(struct imp_scene *scene);
void imp_scene_portrait(struct imp_scene *scene); /* scene_life.c */
void imp_scene_crowd(struct imp_scene *scene);
void imp_scene_animal(struct imp_scene *scene);
void imp_scene_table(struct imp_scene *scene); /* scene_things.c */
void imp_scene_flowers(struct imp_scene *scene);
void imp_scene_heap(struct imp_scene *scene);
void imp_scene_surface(struct imp_scene *scene);

#endif
