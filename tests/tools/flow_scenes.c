/* SPDX-License-Identifier: MIT */
/* Drawn pairs of frames whose flow is known. */

#include "flow_scenes.h"

#include <math.h>
#include <string.h>

#define SAMPLES 4 /* per pixel and axis */
#define DEGREE (3.14159265358979323846 / 180)

/* ---- The scenes ------------------------------------------------------------------------------ */

#define BACK .seed = 1, .x = 64, .y = 48
#define LAYERS(back)                                                                               \
    {                                                                                              \
        {BACK, .u = -1, .v = 0.5, .flatness = (back)},                                             \
            {.seed = 2, .shape = BOX, .wide = 22, .high = 15, .x = 40, .y = 36, .u = 4, .v = 1},   \
            {.seed = 3, .shape = DISK, .wide = 17, .x = 86, .y = 56, .u = -3, .v = 3, .turn = 5},  \
    }

/* clang-format off */
const struct scene flow_scenes[] = {
    {"still", true, .noise = 0.01, .layers = {{BACK}}},
    {"shift", true, .layers = {{BACK, .u = 3, .v = -2}}},
    {"subpixel", true, .layers = {{BACK, .u = 0.37, .v = -0.61}}},
    {"turn", true, .layers = {{BACK, .turn = 4, .growth = 0.03}}},
    {"layers", true, .layers = LAYERS(0)},
    {"far", true, .layers = {{BACK, .u = 1},
                             {.seed = 2, .shape = DISK, .wide = 20, .x = 45, .y = 42, .u = 8, .v = 3}}},
    /* by nearly its own radius, which no pyramid shows */
    {"farther", false, .layers = {{BACK, .u = 1},
                                  {.seed = 2, .shape = DISK, .wide = 20, .x = 45, .y = 42, .u = 18, .v = 6}}},
    {"thin", true, .layers = {{BACK},
                              {.seed = 5, .shape = BOX, .wide = 1.5, .high = 36, .x = 50, .y = 48, .u = 5}}},
    {"smooth", true, .layers = LAYERS(0.9)},
    {"light", true, .gain = 0.12, .offset = 0.03, .layers = LAYERS(0)},
    {"noise", true, .noise = 0.04, .layers = LAYERS(0)},
    {"cut", false, .cut = true, .layers = {{BACK}},
     .other = {{.seed = 9, .x = 64, .y = 48}, {.seed = 10, .shape = DISK, .wide = 30, .x = 64, .y = 48}}},
};
/* clang-format on */
const size_t flow_scene_count = sizeof(flow_scenes) / sizeof(*flow_scenes);

/* ---- Textures -------------------------------------------------------------------------------- */

static double hashed(int64_t x, int64_t y, int seed)
{
    uint32_t h =
        ((uint32_t)x * 0x9E3779B1u) ^ ((uint32_t)y * 0x85EBCA77u) ^ ((uint32_t)seed * 0xC2B2AE3Du);
    h ^= h >> 16;
    h *= 0x7FEB352Du;
    h ^= h >> 15;
    h *= 0x846CA68Bu;
    h ^= h >> 16;
    return h / 4294967296.0;
}

static double smooth_step(double t)
{
    return t * t * t * (t * (t * 6 - 15) + 10);
}

/* Random values at integer points, and between them a smooth step from one to the next. */
static double value_noise(double x, double y, int seed)
{
    const double left = floor(x), top = floor(y);
    const int64_t i = (int64_t)left, j = (int64_t)top;
    const double across = smooth_step(x - left), down = smooth_step(y - top);
    const double a = hashed(i, j, seed), b = hashed(i + 1, j, seed);
    const double c = hashed(i, j + 1, seed), d = hashed(i + 1, j + 1, seed);
    return (a + (b - a) * across) * (1 - down) + (c + (d - c) * across) * down;
}

/* Coarse octaves are in units of the scene and of a colour each; fine ones in pixels, so that large
 * pictures have fine detail too. */
static const struct octave {
    double cell, weight;
    bool coarse;
} octaves[] = {{48, 0.5, true}, {16, 0.4, true}, {6, 0.3, false}, {2.5, 0.2, false}};

static void texture(const struct scene_layer *layer, double x, double y, int size, double rgb[3])
{
    double common = 0;
    for (int c = 0; c < 3; c++)
        rgb[c] = 0;
    for (int k = 0; k < 4; k++) {
        const double cell = octaves[k].coarse ? octaves[k].cell : octaves[k].cell / size;
        const int seed = layer->seed * 17 + 3 * k;
        for (int c = 0; octaves[k].coarse && c < 3; c++)
            rgb[c] += octaves[k].weight * (value_noise(x / cell, y / cell, seed + c) - 0.5);
        if (!octaves[k].coarse)
            common += octaves[k].weight * (value_noise(x / cell, y / cell, seed) - 0.5);
    }
    for (int c = 0; c < 3; c++) {
        const double base = 0.3 + 0.4 * hashed(c, 7, layer->seed);
        rgb[c] = fmin(fmax(base + (1 - layer->flatness) * (rgb[c] + common), 0), 1);
    }
}

/* ---- Layers ---------------------------------------------------------------------------------- */

struct pose {
    double x, y, cosine, sine; /* with the growth in both */
};

static struct pose pose_of(const struct scene_layer *layer, int t)
{
    const double angle = layer->turn * DEGREE * t, growth = pow(1 + layer->growth, t);
    return (struct pose){layer->x + layer->u * t, layer->y + layer->v * t, growth * cos(angle),
                         growth * sin(angle)};
}

struct spot {
    double x, y;
};

static struct spot on_layer(const struct pose *pose, struct spot at)
{
    const double n = pose->cosine * pose->cosine + pose->sine * pose->sine;
    const double x = at.x - pose->x, y = at.y - pose->y;
    return (struct spot){(pose->cosine * x + pose->sine * y) / n,
                         (-pose->sine * x + pose->cosine * y) / n};
}

static struct spot on_picture(const struct pose *pose, struct spot at)
{
    return (struct spot){pose->cosine * at.x - pose->sine * at.y + pose->x,
                         pose->sine * at.x + pose->cosine * at.y + pose->y};
}

static bool covers(const struct scene_layer *layer, struct spot at)
{
    if (layer->shape == DISK)
        return at.x * at.x + at.y * at.y < layer->wide * layer->wide;
    return layer->shape == ALL || (fabs(at.x) < layer->wide && fabs(at.y) < layer->high);
}

/* A frame's layers, and where they are. */
struct stage {
    const struct scene_layer *layers;
    struct pose poses[SCENE_LAYERS];
};

static struct stage stage_of(const struct scene *scene, int t)
{
    struct stage stage = {.layers = scene->cut && t > 0 ? scene->other : scene->layers};
    for (int k = 0; k < SCENE_LAYERS; k++)
        stage.poses[k] = pose_of(&stage.layers[k], t);
    return stage;
}

/* The layer seen at a point. */
static int owner(const struct stage *stage, struct spot at)
{
    int top = 0;
    for (int k = 0; k < SCENE_LAYERS && stage->layers[k].seed > 0; k++)
        if (covers(&stage->layers[k], on_layer(&stage->poses[k], at)))
            top = k;
    return top;
}

/* ---- Frames ---------------------------------------------------------------------------------- */

/* Nearly normal, of variance 1. */
static double noise_at(int x, int y, int t)
{
    double sum = -6;
    for (int k = 0; k < 12; k++)
        sum += hashed(x, y, 1000 + 64 * t + k);
    return sum;
}

static void pixel(const struct stage *stage, int y, int x, int size, double rgb[3])
{
    for (int c = 0; c < 3; c++)
        rgb[c] = 0;
    for (int j = 0; j < SAMPLES; j++)
        for (int i = 0; i < SAMPLES; i++) {
            const struct spot at = {(x + (i + 0.5) / SAMPLES - 0.5) / size,
                                    (y + (j + 0.5) / SAMPLES - 0.5) / size};
            const int k = owner(stage, at);
            const struct spot q = on_layer(&stage->poses[k], at);
            double colour[3];
            texture(&stage->layers[k], q.x, q.y, size, colour);
            for (int c = 0; c < 3; c++)
                rgb[c] += colour[c] / (SAMPLES * SAMPLES);
        }
}

void scene_frame(const struct scene *scene, int t, int size, uint8_t *luma)
{
    static const double weights[3] = {0.299, 0.587, 0.114};
    const struct stage stage = stage_of(scene, t);
    for (int y = 0; y < SCENE_HEIGHT * size; y++)
        for (int x = 0; x < SCENE_WIDTH * size; x++) {
            double rgb[3], sum = 0;
            pixel(&stage, y, x, size, rgb);
            const double noise = scene->noise > 0 ? scene->noise * noise_at(x, y, t) : 0;
            for (int c = 0; c < 3; c++) {
                const double lit = rgb[c] * (1 + scene->gain * t) + scene->offset * t + noise;
                sum += weights[c] * fmin(fmax(lit, 0), 1);
            }
            luma[y * SCENE_WIDTH * size + x] = (uint8_t)rint(255 * sum);
        }
}

/* ---- The truth ------------------------------------------------------------------------------- */

static bool near_edge(const struct stage *stage, struct spot at, int size, int top)
{
    for (int dy = -2; dy <= 2; dy++)
        for (int dx = -2; dx <= 2; dx++)
            if (owner(stage, (struct spot){at.x + (double)dx / size, at.y + (double)dy / size}) !=
                top)
                return true;
    return false;
}

void scene_truth(const struct scene *scene, int from, int to, int size, struct scene_truth *truth)
{
    const struct stage here = stage_of(scene, from), there = stage_of(scene, to);
    const int height = SCENE_HEIGHT * size, width = SCENE_WIDTH * size;
    memset(truth, 0, sizeof(*truth) * (size_t)(height * width));
    for (int i = 0; i < height * width; i++) {
        const struct spot at = {(double)(i % width) / size, (double)(i / width) / size};
        const int top = owner(&here, at);
        truth[i].edge = near_edge(&here, at, size, top);
        if (here.layers != there.layers)
            continue;
        const struct spot on = on_layer(&here.poses[top], at);
        const struct spot moved = on_picture(&there.poses[top], on);
        truth[i].u = (float)((moved.x - at.x) * size);
        truth[i].v = (float)((moved.y - at.y) * size);
        truth[i].seen = moved.x >= 0 && moved.y >= 0 && moved.x <= (double)(width - 1) / size &&
                        moved.y <= (double)(height - 1) / size && owner(&there, moved) == top;
    }
}

struct scene_score scene_score(const struct scene_truth *truth, const float *flow, int size)
{
    const int n = SCENE_HEIGHT * size * SCENE_WIDTH * size;
    double seen = 0, seen_sum = 0, inner = 0, inner_sum = 0, off = 0;
    for (int i = 0; i < n; i++) {
        if (!truth[i].seen)
            continue;
        const double error =
            hypot((double)flow[i] - (double)truth[i].u, (double)flow[n + i] - (double)truth[i].v);
        seen++;
        seen_sum += error;
        off += error > 1;
        inner += !truth[i].edge;
        inner_sum += truth[i].edge ? 0 : error;
    }
    return (struct scene_score){seen > 0 ? seen_sum / seen : 0, inner > 0 ? inner_sum / inner : 0,
                                seen > 0 ? off / seen : 0};
}
