/* SPDX-License-Identifier: MIT */
/*
 * Two frames of a film that there never was, made of training pictures, with the exact motion from
 * one to the other: a camera that moves, turns and nears, something that passes before it, light
 * that changes, and a sensor's noise. So networks learn to hold still without a film. pair_scene.c
 * has what the frames show, and where.
 */

#include "image/image.h"
#include "train/pair_scene.h"
#include "train/train.h"

#include <math.h>
#include <stdlib.h>

#define STREAM_MOTION 0x6d6f7665u
#define STREAM_NOISE 0x67726169u
#define STREAM_JUDGED_MOTION 0x6d6f766au
#define STREAM_JUDGED_NOISE 0x6772616au

/* The most that a layer moves between the frames: a share of their side, radians, a share. What
 * passes before the camera moves further. */
#define SHIFT 0.06
#define TURN 0.05
#define ZOOM 0.05
#define CLOSER 1.6
/* Of the side, what the canvas has beyond the frame at each side; and pixels more. */
#define MARGIN 0.1
#define MORE 4
/* One of so many pairs is of a camera that does not move, one of so many has but one layer. */
#define STILL 4
#define ALONE 2
/* The most that light changes, a share; the most noise, a standard deviation. */
#define LIGHT 0.12
#define NOISE 0.02
/* Frames have fewer numbers. */
#define NUMBERS ((uint64_t)1 << 24)

/* ---- Memory ---------------------------------------------------------------------------------- */

static int coarse_side(int size)
{
    return (size + IMP_MODEL_STRIDE - 1) / IMP_MODEL_STRIDE;
}

enum impasto_status imp_pair_open(struct imp_pair *pair, int size, struct impasto_error *error)
{
    const size_t plane = (size_t)size * (size_t)size;
    const size_t coarse = (size_t)coarse_side(size) * (size_t)coarse_side(size);
    const size_t floats = 12 * plane + 3 * coarse;
    *pair = (struct imp_pair){.size = size, .coarse_size = coarse_side(size)};
    pair->block = malloc(floats * sizeof(float));
    if (!pair->block)
        return imp_fail_memory(error, "a pair of frames", floats * sizeof(float));
    pair->before = pair->block;
    pair->now = pair->before + 3 * plane;
    pair->light = pair->now + 3 * plane;
    pair->flow = pair->light + 3 * plane;
    pair->reliability = pair->flow + 2 * plane;
    pair->coarse_flow = pair->reliability + plane;
    pair->coarse_reliability = pair->coarse_flow + 2 * coarse;
    return IMPASTO_OK;
}

void imp_pair_close(struct imp_pair *pair)
{
    free(pair->block);
    *pair = (struct imp_pair){0};
}

/* ---- Choices --------------------------------------------------------------------------------- */

enum choice {
    SHIFT_X,
    SHIFT_Y,
    TURNED,
    ZOOMED,
    IS_STILL,
    IS_ALONE,
    OTHER,
    FRONT_SHIFT_X,
    FRONT_SHIFT_Y,
    FRONT_TURNED,
    FRONT_ZOOMED,
    FRONT_X,
    FRONT_Y,
    FRONT_RADIUS,
    FRONT_LOBES,
    GAIN,
    GRAIN,
    CHOICES
};

/* What decides a pair. */
struct origin {
    uint64_t seed, position;
    uint32_t motion, noise; /* streams */
};

static double choose(const struct origin *origin, enum choice choice)
{
    _Static_assert(CHOICES <= 32, "pairs share numbers");
    return (double)imp_rng_uniform(origin->seed, origin->motion,
                                   origin->position * 32 + (uint64_t)choice);
}

/* From -1 to 1, more often little. */
static double choose_move(const struct origin *origin, enum choice choice)
{
    const double turn = 2 * choose(origin, choice) - 1;
    return turn * fabs(turn);
}

/* ---- Frames ---------------------------------------------------------------------------------- */

static double lit(const struct imp_pair_scene *scene, int frame, double value)
{
    return fmin(scene->gain[frame] * value, 1);
}

/* By how much the light of what a pixel shows is another now. */
static double change_of_light(const struct imp_pair_scene *scene, const double rgb[3])
{
    float now[3], before[3];
    for (int k = 0; k < 3; k++) {
        now[k] = (float)lit(scene, IMP_SCENE_NOW, rgb[k]);
        before[k] = (float)lit(scene, IMP_SCENE_BEFORE, rgb[k]);
    }
    return (double)imp_luminance(now) - (double)imp_luminance(before);
}

static void draw_pixel(const struct imp_pair_scene *scene, struct imp_pair *pair, int y, int x)
{
    const size_t n = (size_t)pair->size * (size_t)pair->size;
    const size_t at = (size_t)y * (size_t)pair->size + (size_t)x;
    const struct imp_scene_point pixel = {x, y};
    struct imp_scene_point then;
    double before[3], now[3];
    imp_scene_look(scene, IMP_SCENE_BEFORE, pixel, before);
    imp_scene_look(scene, IMP_SCENE_NOW, pixel, now);
    pair->reliability[at] = imp_scene_find(scene, pixel, &then) ? 1 : 0;
    pair->flow[at] = (float)(then.x - x);
    pair->flow[n + at] = (float)(then.y - y);
    const float light = (float)change_of_light(scene, now);
    for (size_t k = 0; k < 3; k++) {
        pair->before[k * n + at] = (float)lit(scene, IMP_SCENE_BEFORE, before[k]);
        pair->now[k * n + at] = (float)lit(scene, IMP_SCENE_NOW, now[k]);
        pair->light[k * n + at] = light;
    }
}

/* Each frame has a noise of its own. */
static void add_noise(const struct imp_pair_scene *scene, const struct origin *origin, int frame,
                      float *planes)
{
    const size_t count = 3 * (size_t)scene->size * (size_t)scene->size;
    float grain[256];
    for (size_t i = 0; i < count; i += IMP_COUNT(grain)) {
        const size_t piece = count - i < IMP_COUNT(grain) ? count - i : IMP_COUNT(grain);
        imp_rng_normal(origin->seed, origin->noise,
                       (2 * origin->position + (uint64_t)frame) * NUMBERS + i, piece, grain);
        for (size_t k = 0; k < piece; k++)
            planes[i + k] = fminf(fmaxf(planes[i + k] + (float)scene->noise * grain[k], 0), 1);
    }
}

/* What a network's features go by: the mean motion of the pixels that they stand for, in features,
 * where all of them count. */
static void make_coarse(struct imp_pair *pair)
{
    const int size = pair->size, side = pair->coarse_size, stride = IMP_MODEL_STRIDE;
    const size_t n = (size_t)size * (size_t)size, coarse = (size_t)side * (size_t)side;
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++) {
            const size_t to = (size_t)y * (size_t)side + (size_t)x;
            double u = 0, v = 0;
            bool whole = stride * (y + 1) <= size && stride * (x + 1) <= size;
            for (int i = 0; whole && i < stride * stride; i++) {
                const size_t at = (size_t)(stride * y + i / stride) * (size_t)size +
                                  (size_t)(stride * x + i % stride);
                u += (double)pair->flow[at];
                v += (double)pair->flow[n + at];
                whole = pair->reliability[at] > 0;
            }
            pair->coarse_flow[to] = whole ? (float)(u / (stride * stride * stride)) : 0;
            pair->coarse_flow[coarse + to] = whole ? (float)(v / (stride * stride * stride)) : 0;
            pair->coarse_reliability[to] = whole ? 1 : 0;
        }
}

/* ---- A scene --------------------------------------------------------------------------------- */

static struct imp_scene_motion choose_motion(const struct origin *origin, enum choice first,
                                             int size, double more)
{
    return (struct imp_scene_motion){
        .shift_x = more * SHIFT * size * choose_move(origin, first),
        .shift_y = more * SHIFT * size * choose_move(origin, first + 1),
        .turn = more * TURN * choose_move(origin, first + 2),
        .zoom = more * ZOOM * choose_move(origin, first + 3),
    };
}

static void choose_front(struct imp_pair_scene *scene, const struct origin *origin,
                         const float *canvas, int side)
{
    struct imp_scene_layer *front = &scene->layers[1];
    const int size = scene->size;
    const struct imp_scene_motion motion = choose_motion(origin, FRONT_SHIFT_X, size, CLOSER);
    imp_scene_layer(front, &motion, size, canvas, side);
    front->cut = (struct imp_scene_cut){
        .middle = {side / 2.0 + 0.6 * size * (choose(origin, FRONT_X) - 0.5),
                   side / 2.0 + 0.6 * size * (choose(origin, FRONT_Y) - 0.5)},
        .radius = size * (0.1 + 0.2 * choose(origin, FRONT_RADIUS)),
        .lobes = 6.283185307179586 * choose(origin, FRONT_LOBES),
    };
}

/* front: NULL: there is but one layer. */
static void make_pair(const struct origin *origin, const float *back, const float *front, int side,
                      struct imp_pair *pair)
{
    struct imp_scene_motion motion = choose_motion(origin, SHIFT_X, pair->size, 1);
    if (choose(origin, IS_STILL) < 1.0 / STILL)
        motion = (struct imp_scene_motion){0};
    const double gain = LIGHT * choose_move(origin, GAIN);
    struct imp_pair_scene scene = {.size = pair->size,
                                   .count = front ? 2 : 1,
                                   .gain = {1 - gain / 2, 1 + gain / 2},
                                   .noise = NOISE * choose(origin, GRAIN)};
    imp_scene_layer(&scene.layers[0], &motion, pair->size, back, side);
    if (front)
        choose_front(&scene, origin, front, side);
    for (int y = 0; y < pair->size; y++)
        for (int x = 0; x < pair->size; x++)
            draw_pixel(&scene, pair, y, x);
    make_coarse(pair);
    add_noise(&scene, origin, IMP_SCENE_BEFORE, pair->before);
    add_noise(&scene, origin, IMP_SCENE_NOW, pair->now);
}

static int canvas_side(int size)
{
    return size + 2 * ((int)(MARGIN * size) + MORE);
}

static bool is_alone(const struct origin *origin)
{
    return choose(origin, IS_ALONE) < 1.0 / ALONE;
}

/* Another position of the same epoch, so that the order at hand stays. */
static uint64_t other_position(const struct imp_photos *photos, const struct origin *origin)
{
    const uint64_t count = photos->count - photos->held, at = origin->position % count;
    const uint64_t by = 1 + (uint64_t)(choose(origin, OTHER) * (double)(count - 1));
    return origin->position - at + (at + by) % count;
}

static enum impasto_status draw(struct imp_photos *photos, const struct origin *origin,
                                float *canvas, struct imp_pair *pair, struct impasto_error *error)
{
    const int side = canvas_side(pair->size);
    float *front = is_alone(origin) ? NULL : canvas + 3 * (size_t)side * (size_t)side;
    IMP_TRY(imp_crop_draw(photos, origin->position, side, canvas, error));
    if (front)
        IMP_TRY(imp_crop_draw(photos, other_position(photos, origin), side, front, error));
    make_pair(origin, canvas, front, side, pair);
    return IMPASTO_OK;
}

static enum impasto_status draw_judged(struct imp_photos *photos, const struct origin *origin,
                                       float *canvas, struct imp_pair *pair,
                                       struct impasto_error *error)
{
    const int side = canvas_side(pair->size);
    const size_t index = (size_t)origin->position;
    float *front = is_alone(origin) ? NULL : canvas + 3 * (size_t)side * (size_t)side;
    IMP_TRY(imp_crop_judged(photos, index, side, canvas, error));
    if (front)
        IMP_TRY(imp_crop_judged(photos, (index + 1) % photos->held, side, front, error));
    make_pair(origin, canvas, front, side, pair);
    return IMPASTO_OK;
}

typedef enum impasto_status (*draw_fn)(struct imp_photos *photos, const struct origin *origin,
                                       float *canvas, struct imp_pair *pair,
                                       struct impasto_error *error);

/* With room for two canvases. */
static enum impasto_status draw_with(draw_fn way, struct imp_photos *photos,
                                     const struct origin *origin, struct imp_pair *pair,
                                     struct impasto_error *error)
{
    const size_t side = (size_t)canvas_side(pair->size), floats = 6 * side * side;
    float *canvas = malloc(floats * sizeof(*canvas));
    if (!canvas)
        return imp_fail_memory(error, "a crop", floats * sizeof(*canvas));
    const enum impasto_status status = way(photos, origin, canvas, pair, error);
    free(canvas);
    return status;
}

enum impasto_status imp_pair_draw(struct imp_photos *photos, uint64_t position,
                                  struct imp_pair *pair, struct impasto_error *error)
{
    const struct origin origin = {photos->seed, position, STREAM_MOTION, STREAM_NOISE};
    return draw_with(draw, photos, &origin, pair, error);
}

enum impasto_status imp_pair_judged(struct imp_photos *photos, size_t index, struct imp_pair *pair,
                                    struct impasto_error *error)
{
    const struct origin origin = {photos->seed, index, STREAM_JUDGED_MOTION, STREAM_JUDGED_NOISE};
    return draw_with(draw_judged, photos, &origin, pair, error);
}
