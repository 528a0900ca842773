/* SPDX-License-Identifier: MIT */
/*
 * Two frames of a film that there never was, made of training pictures, with the exact motion from
 * one to the other: a camera that moves, turns and nears, something that passes before it, light
 * that changes, and a sensor's noise. So networks learn to hold still without a film.
 *
 * A frame shows one or two layers, each a square of a training picture (the canvas). A layer's view
 * says where on its canvas a pixel of the frame lies. Frames are half a motion before and behind
 * the middle, so that both are resampled alike.
 */

#include "image/image.h"
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
/* Pixels at each side of a layer's edge that belong to neither. */
#define EDGE 2.0
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

/* ---- Views ----------------------------------------------------------------------------------- */

struct point {
    double x, y;
};

/* How a layer moves from one frame to the other. */
struct motion {
    double shift_x, shift_y, turn, zoom; /* zoom: a logarithm */
};

/* The canvas's place of a frame's pixel: middle + scale * turned (pixel - centre) + shift. */
struct view {
    double centre, middle, cosine, sine; /* with the scale in them */
    struct point shift;
};

static struct view view_at(const struct motion *motion, int size, int canvas, double half)
{
    const double scale = exp(half * motion->zoom), turn = half * motion->turn;
    return (struct view){.centre = (size - 1) / 2.0,
                         .middle = (canvas - 1) / 2.0,
                         .cosine = scale * cos(turn),
                         .sine = scale * sin(turn),
                         .shift = {half * motion->shift_x, half * motion->shift_y}};
}

static struct point on_canvas(const struct view *view, struct point pixel)
{
    const double x = pixel.x - view->centre, y = pixel.y - view->centre;
    return (struct point){view->middle + view->cosine * x - view->sine * y + view->shift.x,
                          view->middle + view->sine * x + view->cosine * y + view->shift.y};
}

static struct point on_frame(const struct view *view, struct point place)
{
    const double x = place.x - view->middle - view->shift.x;
    const double y = place.y - view->middle - view->shift.y;
    const double square = view->cosine * view->cosine + view->sine * view->sine;
    return (struct point){view->centre + (view->cosine * x + view->sine * y) / square,
                          view->centre + (view->cosine * y - view->sine * x) / square};
}

/* ---- Layers ---------------------------------------------------------------------------------- */

enum { BEFORE, NOW };

/* What is cut out of the canvas of a layer: a lobed disk. */
struct cut {
    struct point middle;
    double radius, lobes;
};

struct layer {
    const float *canvas; /* (3, side, side) */
    int side;
    struct view view[2]; /* of the two frames */
    struct cut cut;      /* radius 0: none, it is all there */
};

/* About how far within the cut a place is; less than 0: without. */
static double depth(const struct layer *layer, struct point place)
{
    const double x = place.x - layer->cut.middle.x, y = place.y - layer->cut.middle.y;
    const double angle = atan2(y, x);
    return layer->cut.radius * (1 + 0.25 * cos(2 * angle + layer->cut.lobes) +
                                0.15 * cos(3 * angle + 2 * layer->cut.lobes)) -
           hypot(x, y);
}

/* Catmull and Rom's, as cl/warp.cl has them: the picture is met exactly between its pixels. */
static void cubic_weights(double t, double weights[4])
{
    const double s = 1 - t;
    weights[0] = -0.5 * t * s * s;
    weights[1] = 1 + t * t * (1.5 * t - 2.5);
    weights[2] = 1 + s * s * (1.5 * s - 2.5);
    weights[3] = -0.5 * s * t * t;
}

static int within(double at, int n)
{
    return at < 0 ? 0 : at > n - 1 ? n - 1 : (int)at;
}

static void sample(const struct layer *layer, struct point place, double rgb[3])
{
    const int side = layer->side;
    const double left = floor(place.x), top = floor(place.y);
    double across[4], down[4];
    cubic_weights(place.x - left, across);
    cubic_weights(place.y - top, down);
    for (int k = 0; k < 3; k++) {
        const float *plane = layer->canvas + (size_t)k * (size_t)side * (size_t)side;
        rgb[k] = 0;
        for (int j = 0; j < 4; j++) {
            const float *row = plane + (size_t)within(top - 1 + j, side) * (size_t)side;
            for (int i = 0; i < 4; i++)
                rgb[k] += down[j] * across[i] * (double)row[within(left - 1 + i, side)];
        }
        rgb[k] = fmin(fmax(rgb[k], 0), 1);
    }
}

/* A pair's scene: what is behind, and what is before it. */
struct scene {
    int size;
    struct layer layers[2];
    int count;
    double gain[2], noise;
};

/* What the frame shows at a pixel, without light and noise. */
static void look(const struct scene *scene, int frame, struct point pixel, double rgb[3])
{
    const struct layer *front = &scene->layers[1];
    sample(&scene->layers[0], on_canvas(&scene->layers[0].view[frame], pixel), rgb);
    if (scene->count < 2)
        return;
    const struct point place = on_canvas(&front->view[frame], pixel);
    const double share = fmin(fmax(depth(front, place) + 0.5, 0), 1);
    double over[3];
    if (share <= 0)
        return;
    sample(front, place, over);
    for (int k = 0; k < 3; k++)
        rgb[k] += share * (over[k] - rgb[k]);
}

/* How deep a frame's pixel is within the front layer; far without where there is none. */
static double front_depth(const struct scene *scene, int frame, struct point pixel)
{
    const struct layer *front = &scene->layers[1];
    return scene->count < 2 ? (double)-scene->size
                            : depth(front, on_canvas(&front->view[frame], pixel));
}

/* Where the layer has a pixel of its own, and not its edge's. */
static bool is_on(const struct layer *layer, struct point place)
{
    return place.x >= 1 && place.y >= 1 && place.x <= layer->side - 2 && place.y <= layer->side - 2;
}

static bool is_in_frame(int size, struct point pixel)
{
    return pixel.x >= 0 && pixel.y >= 0 && pixel.x <= size - 1 && pixel.y <= size - 1;
}

/* Where in the frame before is what the pixel shows now. Returns whether it is to be seen there. */
static bool find(const struct scene *scene, struct point pixel, struct point *then)
{
    const double now = front_depth(scene, NOW, pixel);
    const struct layer *layer = &scene->layers[now > 0 ? 1 : 0];
    const struct point place = on_canvas(&layer->view[NOW], pixel);
    *then = on_frame(&layer->view[BEFORE], place);
    const bool visible = now > 0 || front_depth(scene, BEFORE, *then) < -EDGE;
    return fabs(now) > EDGE && visible && is_on(layer, place) && is_in_frame(scene->size, *then);
}

/* ---- Frames ---------------------------------------------------------------------------------- */

static double lit(const struct scene *scene, int frame, double value)
{
    return fmin(scene->gain[frame] * value, 1);
}

/* By how much the light of what a pixel shows is another now. */
static double change_of_light(const struct scene *scene, const double rgb[3])
{
    float now[3], before[3];
    for (int k = 0; k < 3; k++) {
        now[k] = (float)lit(scene, NOW, rgb[k]);
        before[k] = (float)lit(scene, BEFORE, rgb[k]);
    }
    return (double)imp_luminance(now) - (double)imp_luminance(before);
}

static void draw_pixel(const struct scene *scene, struct imp_pair *pair, int y, int x)
{
    const size_t n = (size_t)pair->size * (size_t)pair->size;
    const size_t at = (size_t)y * (size_t)pair->size + (size_t)x;
    const struct point pixel = {x, y};
    struct point then;
    double before[3], now[3];
    look(scene, BEFORE, pixel, before);
    look(scene, NOW, pixel, now);
    pair->reliability[at] = find(scene, pixel, &then) ? 1 : 0;
    pair->flow[at] = (float)(then.x - x);
    pair->flow[n + at] = (float)(then.y - y);
    const float light = (float)change_of_light(scene, now);
    for (size_t k = 0; k < 3; k++) {
        pair->before[k * n + at] = (float)lit(scene, BEFORE, before[k]);
        pair->now[k * n + at] = (float)lit(scene, NOW, now[k]);
        pair->light[k * n + at] = light;
    }
}

/* Each frame has a noise of its own. */
static void add_noise(const struct scene *scene, const struct origin *origin, int frame,
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

static struct motion choose_motion(const struct origin *origin, enum choice first, int size,
                                   double more)
{
    return (struct motion){
        .shift_x = more * SHIFT * size * choose_move(origin, first),
        .shift_y = more * SHIFT * size * choose_move(origin, first + 1),
        .turn = more * TURN * choose_move(origin, first + 2),
        .zoom = more * ZOOM * choose_move(origin, first + 3),
    };
}

static void give_layer(struct layer *layer, const struct motion *motion, int size,
                       const float *canvas, int side)
{
    layer->canvas = canvas;
    layer->side = side;
    layer->view[BEFORE] = view_at(motion, size, side, -0.5);
    layer->view[NOW] = view_at(motion, size, side, 0.5);
}

static void choose_front(struct scene *scene, const struct origin *origin, const float *canvas,
                         int side)
{
    struct layer *front = &scene->layers[1];
    const int size = scene->size;
    const struct motion motion = choose_motion(origin, FRONT_SHIFT_X, size, CLOSER);
    give_layer(front, &motion, size, canvas, side);
    front->cut = (struct cut){
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
    struct motion motion = choose_motion(origin, SHIFT_X, pair->size, 1);
    if (choose(origin, IS_STILL) < 1.0 / STILL)
        motion = (struct motion){0};
    const double gain = LIGHT * choose_move(origin, GAIN);
    struct scene scene = {.size = pair->size,
                          .count = front ? 2 : 1,
                          .gain = {1 - gain / 2, 1 + gain / 2},
                          .noise = NOISE * choose(origin, GRAIN)};
    give_layer(&scene.layers[0], &motion, pair->size, back, side);
    if (front)
        choose_front(&scene, origin, front, side);
    for (int y = 0; y < pair->size; y++)
        for (int x = 0; x < pair->size; x++)
            draw_pixel(&scene, pair, y, x);
    make_coarse(pair);
    add_noise(&scene, origin, BEFORE, pair->before);
    add_noise(&scene, origin, NOW, pair->now);
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
