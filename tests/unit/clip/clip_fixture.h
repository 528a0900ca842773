/* SPDX-License-Identifier: MIT */
#ifndef TEST_CLIP_FIXTURE_H
#define TEST_CLIP_FIXTURE_H

/* Small films without chance, and clips that paint them. */

#include "files.h"
#include "fixtures.h"

#include <impasto/clip.h>
#include <string.h>

#define WIDTH 64
#define HEIGHT 48
#define VALUES (3 * WIDTH * HEIGHT)

/* What clips are opened with: pictures, weights, and few iterations at two sizes. */
extern struct impasto_device *device;
extern struct impasto_weights *weights;
extern struct impasto_image *style, *other_style;
extern struct impasto_params usual;

/* Of a group of tests: that, and a folder. */
int set_up(void **state);
int tear_down(void **state);

/* A camera that goes to the right, by so many pixels so far; another landscape for each kind. */
void draw_pan(float *rgb, float at, int kind);
/* Another place: tiles, with hard edges. */
void draw_tiles(float *rgb, int at);
/* A disk that goes behind a box and comes out again. */
void draw_walk(float *rgb, int frame);

struct impasto_clip_params film_of(enum impasto_consistency consistency);
enum impasto_status try_to_open(const struct impasto_params *params,
                                const struct impasto_clip_params *film,
                                const struct impasto_image *picture, struct impasto_clip **clip,
                                struct impasto_error *error);
struct impasto_clip *open_clip(const struct impasto_params *params,
                               const struct impasto_clip_params *film);
struct impasto_frame frame_of(float *rgb);
void paint(struct impasto_clip *clip, float *rgb, float *painted);
void paint_pan(struct impasto_clip *clip, int frame, float *painted);
void expect_same(const float *a, const float *b);

#endif
