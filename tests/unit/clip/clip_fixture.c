/* SPDX-License-Identifier: MIT */
#include "clip_fixture.h"

#include <math.h>

struct impasto_device *device;
struct impasto_weights *weights;
struct impasto_image *style, *other_style;
struct impasto_params usual;

int set_up(void **state)
{
    open_small_job(NULL, NULL, &device, &weights, &usual);
    usual.size = IMPASTO_SIZE_SOURCE;
    usual.scales = 2;
    usual.iterations = 6;
    usual.first_iterations = 6;
    usual.margin = 4;
    style = painted_picture(40, 40, 2);
    other_style = painted_picture(40, 40, 5);
    return make_folder(state);
}

int tear_down(void **state)
{
    impasto_image_free(&style);
    impasto_image_free(&other_style);
    impasto_weights_close(&weights);
    impasto_device_close(&device);
    return remove_folder(state);
}

/* ---- Frames ---------------------------------------------------------------------------------- */

/* A landscape without chance, soft enough for its motion to be found; another for each kind. 0 to
 * 1, at any place. */
static float land(float x, float y, int channel, int kind)
{
    const float shift = (float)(kind * 3 + channel);
    return 0.5F + 0.2F * sinf(0.33F * x + 0.21F * y + shift) +
           0.15F * sinf(0.13F * x - 0.37F * y + 2 * shift) + 0.1F * sinf(0.71F * x + 0.53F * y);
}

void draw_pan(float *rgb, float at, int kind)
{
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            for (int c = 0; c < 3; c++)
                *rgb++ = land((float)x + at, (float)y, c, kind);
}

void draw_tiles(float *rgb, int at)
{
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            for (int c = 0; c < 3; c++)
                *rgb++ = (float)(((x + at) / 7 * 37 + y / 5 * 23 + c * 11) % 16) / 15;
}

void draw_walk(float *rgb, int frame)
{
    const float disk = 8 + 4 * (float)frame;
    draw_pan(rgb, 0, 0);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            const bool in_disk = hypotf((float)x - disk, (float)y - 24) < 8;
            const bool in_box = x >= 26 && x < 36 && y >= 10 && y < 38;
            for (int c = 0; c < 3 && (in_disk || in_box); c++)
                rgb[3 * (y * WIDTH + x) + c] = in_box
                                                   ? 0.25F + 0.1F * sinf((float)(x * 5 + y * 3 + c))
                                                   : land((float)x - disk + 90, (float)y, c, 2);
        }
}

/* ---- Clips ----------------------------------------------------------------------------------- */

struct impasto_clip_params film_of(enum impasto_consistency consistency)
{
    struct impasto_clip_params film = impasto_clip_defaults(WIDTH, HEIGHT);
    film.consistency = consistency;
    film.iterations = 4;
    film.measure = true;
    return film;
}

enum impasto_status try_to_open(const struct impasto_params *params,
                                const struct impasto_clip_params *film,
                                const struct impasto_image *picture, struct impasto_clip **clip,
                                struct impasto_error *error)
{
    const struct impasto_style given = {
        .struct_size = sizeof(given), .image = picture, .weight = 1};
    const struct impasto_pictures pictures = {
        .struct_size = sizeof(pictures), .styles = &given, .style_count = 1};
    return impasto_clip_open_painting(device, weights, &pictures, params, film, clip, error);
}

struct impasto_clip *open_clip(const struct impasto_params *params,
                               const struct impasto_clip_params *film)
{
    struct impasto_clip *clip = NULL;
    struct impasto_error error = {0};
    if (try_to_open(params, film, style, &clip, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    return clip;
}

struct impasto_frame frame_of(float *rgb)
{
    return (struct impasto_frame){.struct_size = sizeof(struct impasto_frame),
                                  .width = WIDTH,
                                  .height = HEIGHT,
                                  .samples = IMPASTO_SAMPLES_FLOAT,
                                  .pixels = rgb,
                                  .stride = 3 * WIDTH * sizeof(float)};
}

void paint(struct impasto_clip *clip, float *rgb, float *painted)
{
    const struct impasto_frame from = frame_of(rgb), to = frame_of(painted);
    struct impasto_error error = {0};
    if (impasto_clip_frame(clip, &from, &to, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
}

void paint_pan(struct impasto_clip *clip, int frame, float *painted)
{
    float rgb[VALUES];
    draw_pan(rgb, 1.7F * (float)frame, 0);
    paint(clip, rgb, painted);
}

void expect_same(const float *a, const float *b)
{
    assert_memory_equal(a, b, VALUES * sizeof(float));
}
