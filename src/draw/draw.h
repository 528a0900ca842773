/* SPDX-License-Identifier: MIT */
#ifndef IMP_DRAW_H
#define IMP_DRAW_H

/*
 * Pictures that the library draws itself, on the host: scenes that stand in for photographs, and
 * styles that look like paintings, prints and cloth.
 *
 * A picture is (3, height, width) floats, RGB from 0 to 1, as a display shows them. It depends on
 * the arguments alone: the same machine draws the same bytes every time. Any size from 1x1 on will
 * do. All functions may be called from several threads at once.
 *
 * Errors are IMPASTO_ERROR_USAGE for a bad size or name, IMPASTO_ERROR_MEMORY else; `error` may be
 * NULL. After an error the picture is undefined.
 */

#include "base/base.h"

/* ---- scene.c --------------------------------------------------------------------------------- */

/* Draws number `index`, from 0 on, of the endless series that `seed` begins. rgb: of the caller,
 * written. Neighbours in the series are different kinds of scenes: land, towns, people, things. */
enum impasto_status imp_draw_scene(uint64_t seed, int index, int height, int width, float *rgb,
                                   struct impasto_error *error);

/* Draws a scene of one kind, for those who look at them one by one. kind: below
 * imp_draw_scene_kinds(). */
enum impasto_status imp_draw_scene_kind(int kind, uint64_t seed, int index, int height, int width,
                                        float *rgb, struct impasto_error *error);
int imp_draw_scene_kinds(void);
/* Such as "terrain". Static. */
const char *imp_draw_scene_name(int kind);

/* ---- style.c --------------------------------------------------------------------------------- */

/* Draws a style: a picture to paint like. Strokes are 1 % to 4 % of the height, so 512 rows suit
 * networks best. rgb: of the caller, written. */
enum impasto_status imp_draw_style(const char *name, int height, int width, float *rgb,
                                   struct impasto_error *error);
/* Draws another picture of the same style: as number `variant`, of which imp_draw_style is 0. */
enum impasto_status imp_draw_style_variant(const char *name, uint32_t variant, int height,
                                           int width, float *rgb, struct impasto_error *error);
int imp_draw_styles(void);
/* The name of number `style`, from 0 on, such as "oil"; NULL from imp_draw_styles() on. Static. */
const char *imp_draw_style_name(int style);
bool imp_draw_style_exists(const char *name);

#endif
