/* SPDX-License-Identifier: MIT */
/* What a pair of frames shows at each pixel, and where that has moved. */

#include "train/pair_scene.h"

#include <math.h>

/* Pixels at each side of a layer's edge that belong to neither. */
#define EDGE 2.0

/* ---- Views ----------------------------------------------------------------------------------- */

static struct imp_scene_view view_at(const struct imp_scene_motion *motion, int size, int canvas,
                                     double half)
{
    const double scale = exp(half * motion->zoom), turn = half * motion->turn;
    return (struct imp_scene_view){.centre = (size - 1) / 2.0,
                                   .middle = (canvas - 1) / 2.0,
                                   .cosine = scale * cos(turn),
                                   .sine = scale * sin(turn),
                                   .shift = {half * motion->shift_x, half * motion->shift_y}};
}

static struct imp_scene_point on_canvas(const struct imp_scene_view *view,
                                        struct imp_scene_point pixel)
{
    const double x = pixel.x - view->centre, y = pixel.y - view->centre;
    return (struct imp_scene_point){
        view->middle + view->cosine * x - view->sine * y + view->shift.x,
        view->middle + view->sine * x + view->cosine * y + view->shift.y};
}

static struct imp_scene_point on_frame(const struct imp_scene_view *view,
                                       struct imp_scene_point place)
{
    const double x = place.x - view->middle - view->shift.x;
    const double y = place.y - view->middle - view->shift.y;
    const double square = view->cosine * view->cosine + view->sine * view->sine;
    return (struct imp_scene_point){view->centre + (view->cosine * x + view->sine * y) / square,
                                    view->centre + (view->cosine * y - view->sine * x) / square};
}

/* ---- Layers ---------------------------------------------------------------------------------- */

/* About how far within the cut a place is; less than 0: without. */
static double depth(const struct imp_scene_layer *layer, struct imp_scene_point place)
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

static void sample(const struct imp_scene_layer *layer, struct imp_scene_point place, double rgb[3])
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

void imp_scene_look(const struct imp_pair_scene *scene, int frame, struct imp_scene_point pixel,
                    double rgb[3])
{
    const struct imp_scene_layer *front = &scene->layers[1];
    sample(&scene->layers[0], on_canvas(&scene->layers[0].view[frame], pixel), rgb);
    if (scene->count < 2)
        return;
    const struct imp_scene_point place = on_canvas(&front->view[frame], pixel);
    const double share = fmin(fmax(depth(front, place) + 0.5, 0), 1);
    double over[3];
    if (share <= 0)
        return;
    sample(front, place, over);
    for (int k = 0; k < 3; k++)
        rgb[k] += share * (over[k] - rgb[k]);
}

/* How deep a frame's pixel is within the front layer; far without where there is none. */
static double front_depth(const struct imp_pair_scene *scene, int frame,
                          struct imp_scene_point pixel)
{
    const struct imp_scene_layer *front = &scene->layers[1];
    return scene->count < 2 ? (double)-scene->size
                            : depth(front, on_canvas(&front->view[frame], pixel));
}

/* Where the layer has a pixel of its own, and not its edge's. */
static bool is_on(const struct imp_scene_layer *layer, struct imp_scene_point place)
{
    return place.x >= 1 && place.y >= 1 && place.x <= layer->side - 2 && place.y <= layer->side - 2;
}

static bool is_in_frame(int size, struct imp_scene_point pixel)
{
    return pixel.x >= 0 && pixel.y >= 0 && pixel.x <= size - 1 && pixel.y <= size - 1;
}

bool imp_scene_find(const struct imp_pair_scene *scene, struct imp_scene_point pixel,
                    struct imp_scene_point *then)
{
    const double now = front_depth(scene, IMP_SCENE_NOW, pixel);
    const struct imp_scene_layer *layer = &scene->layers[now > 0 ? 1 : 0];
    const struct imp_scene_point place = on_canvas(&layer->view[IMP_SCENE_NOW], pixel);
    *then = on_frame(&layer->view[IMP_SCENE_BEFORE], place);
    const bool visible = now > 0 || front_depth(scene, IMP_SCENE_BEFORE, *then) < -EDGE;
    return fabs(now) > EDGE && visible && is_on(layer, place) && is_in_frame(scene->size, *then);
}

void imp_scene_layer(struct imp_scene_layer *layer, const struct imp_scene_motion *motion, int size,
                     const float *canvas, int side)
{
    layer->canvas = canvas;
    layer->side = side;
    layer->view[IMP_SCENE_BEFORE] = view_at(motion, size, side, -0.5);
    layer->view[IMP_SCENE_NOW] = view_at(motion, size, side, 0.5);
}
