/* SPDX-License-Identifier: MIT */
/* Maps: their margins filled and folded, images taken and given, in strips too. */

#include "selftest/check_map.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Maps in guarded buffers ----------------------------------------------------------------- */

size_t imp_check_map_floats(const struct imp_map *map)
{
    return (size_t)map->tensor.channels * (size_t)imp_tensor_plane(&map->tensor);
}

size_t imp_check_map_at(const struct imp_map *map, int c, int y, int x)
{
    const int wide = map->inset + 1, pitch = map->tensor.width + 2;
    return (size_t)c * (size_t)imp_tensor_plane(&map->tensor) +
           (size_t)((y + wide) * pitch + x + wide);
}

/* Element i of the planes, as imp_check_map_at counts, in the buffer. */
static size_t place(const struct imp_map *map, size_t i)
{
    const size_t plane = (size_t)imp_tensor_plane(&map->tensor), lanes = (size_t)map->tensor.lanes;
    const size_t c = i / plane, position = i % plane;
    return (c / lanes * plane + position) * lanes + c % lanes;
}

bool imp_check_map(struct imp_check_run *run, struct imp_map *map, const float *planes)
{
    const size_t floats = imp_map_bytes(map) / sizeof(float);
    float *image = imp_check_data(run, 0, floats, false);
    for (size_t i = 0; image && i < floats; i++)
        image[i] = NAN;
    for (size_t i = 0; image && planes && i < imp_check_map_floats(map); i++)
        image[place(map, i)] = planes[i];
    const bool done = image && imp_check_buffer(run, &map->tensor.buffer, floats, image);
    free(image);
    return done;
}

double imp_check_read_map(struct imp_check_run *run, const struct imp_map *map, float *planes)
{
    const size_t bytes = imp_map_bytes(map);
    float *image = malloc(bytes);
    double damage = INFINITY;
    if (image)
        damage = imp_check_read_buffer(run, map->tensor.buffer, bytes / sizeof(float), image);
    for (size_t i = 0; image && i < imp_check_map_floats(map); i++)
        planes[i] = image[place(map, i)];
    free(image);
    return damage;
}

double imp_check_differing(const float *a, const float *b, size_t n)
{
    double count = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t bits[2];
        memcpy(&bits[0], &a[i], sizeof(bits[0]));
        memcpy(&bits[1], &b[i], sizeof(bits[1]));
        count += bits[0] != bits[1];
    }
    return count;
}

/* ---- Margins --------------------------------------------------------------------------------- */

static const struct shape {
    int channels, height, width;
    int wide, margin; /* of the map; that is filled */
} shapes[] = {{8, 16, 16, 1, 1},  {16, 17, 23, 4, 4}, {3, 5, 9, 4, 4},    {24, 36, 20, 4, 2},
              {64, 16, 17, 1, 1}, {3, 17, 23, 2, 1},  {8, 2, 131, 1, 1},  {16, 6, 5, 4, 4},
              {32, 131, 7, 3, 3}, {8, 1030, 3, 1, 1}, {8, 16, 2050, 1, 1}};

static struct imp_map map_of(const struct imp_check_run *run, const struct shape *s)
{
    const int lanes = imp_device_caps(run->device)->vector_width;
    return imp_map_of(s->channels, s->height, s->width, s->wide, s->channels == 3 ? 1 : lanes);
}

static int origin(int i, int n, enum imp_edge edge)
{
    if (edge == IMP_EDGE_REFLECT)
        return i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i;
    return i < 0 ? 0 : i >= n ? n - 1 : i;
}

typedef void (*margin_fn)(void *user, size_t margin_at, size_t origin_at);

/* Calls with each margin pixel of each channel, and what it is a copy of. */
static void each_copy(const struct imp_map *map, int margin, enum imp_edge edge, bool top,
                      bool bottom, margin_fn call, void *user)
{
    const int height = imp_map_height(map), width = imp_map_width(map);
    for (int c = 0; c < map->tensor.channels; c++)
        for (int y = -margin; y < height + margin; y++)
            for (int x = -margin; x < width + margin; x++) {
                const bool beyond = (y < 0 && top) || (y >= height && bottom);
                if (beyond || x < 0 || x >= width)
                    call(user, imp_check_map_at(map, c, y, x),
                         imp_check_map_at(map, c, beyond ? origin(y, height, edge) : y,
                                          origin(x, width, edge)));
            }
}

struct copying {
    float *planes;
    bool zero;
};

static void fill_one(void *user, size_t at, size_t from)
{
    const struct copying *copying = user;
    copying->planes[at] = copying->zero ? 0 : copying->planes[from];
}

static void fold_one(void *user, size_t at, size_t from)
{
    double *planes = user;
    planes[from] += planes[at];
    planes[at] = 0;
}

/* The margin holds numbers before; what is beyond the part that is filled must stay. */
static void check_fill(struct imp_check_run *run, const struct shape *s, enum imp_edge edge,
                       bool top, bool bottom)
{
    struct imp_map map = map_of(run, s);
    const size_t n = imp_check_map_floats(&map);
    float *x = imp_check_data(run, 0, n, false), *found = imp_check_data(run, 1, n, false);
    if (x && found && imp_check_map(run, &map, x) &&
        imp_check_ok(run, imp_map_fill(run->device, &map, s->margin, edge, top, bottom))) {
        struct copying copying = {x, edge == IMP_EDGE_ZERO};
        const double damage = imp_check_read_map(run, &map, found);
        each_copy(&map, s->margin, edge, top, bottom, fill_one, &copying);
        imp_check_end(run, fmax(damage, imp_check_differing(found, x, n)), 0);
    }
    imp_buffer_free(&map.tensor.buffer);
    free(x);
    free(found);
}

static void check_fold(struct imp_check_run *run, const struct shape *s, enum imp_edge edge)
{
    struct imp_map map = map_of(run, s);
    const size_t n = imp_check_map_floats(&map);
    float *g = imp_check_data(run, 2, n, false), *found = imp_check_data(run, 1, n, false);
    double *expected = imp_check_widen(run, g, n);
    if (!run->broken && imp_check_map(run, &map, g) &&
        imp_check_ok(run, imp_map_fold(run->device, &map, s->margin, edge))) {
        const double damage = imp_check_read_map(run, &map, found);
        if (edge == IMP_EDGE_ZERO) {
            struct copying copying = {g, true};
            each_copy(&map, s->margin, edge, true, true, fill_one, &copying);
            for (size_t i = 0; i < n; i++)
                expected[i] = (double)g[i];
        } else
            each_copy(&map, s->margin, edge, true, true, fold_one, expected);
        imp_check_end(run, fmax(damage, imp_check_error(found, expected, n)), 3e-6);
    }
    imp_buffer_free(&map.tensor.buffer);
    free(g);
    free(found);
    free(expected);
}

static double product(const float *a, const float *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

/* <fill(x), g> = <x, fold(g)> for any x without a margin, as the device computes them. */
static void check_adjoint(struct imp_check_run *run, const struct shape *s, enum imp_edge edge)
{
    struct imp_map x = map_of(run, s), g = x;
    const size_t n = imp_check_map_floats(&x);
    float *before = imp_check_data(run, 3, n, false), *filled = imp_check_data(run, 4, n, false);
    float *gradient = imp_check_data(run, 5, n, false), *folded = imp_check_data(run, 6, n, false);
    struct copying zeroes = {before, true};
    if (before)
        each_copy(&x, s->margin, edge, true, true, fill_one, &zeroes);
    if (before && filled && gradient && folded && imp_check_map(run, &x, before) &&
        imp_check_map(run, &g, gradient) &&
        imp_check_ok(run, imp_map_fill(run->device, &x, s->margin, edge, true, true)) &&
        imp_check_ok(run, imp_map_fold(run->device, &g, s->margin, edge))) {
        const double damage =
            fmax(imp_check_read_map(run, &x, filled), imp_check_read_map(run, &g, folded));
        const double error = product(filled, gradient, n) - product(before, folded, n);
        imp_check_end(run, fmax(damage, imp_check_apart(error, 0) / sqrt((double)n)), 1e-6);
    }
    imp_buffer_free(&x.tensor.buffer);
    imp_buffer_free(&g.tensor.buffer);
    free(before);
    free(filled);
    free(gradient);
    free(folded);
}

static void check_margins(struct imp_check_run *run, const struct shape *s)
{
    static const char *const edges[] = {"zero", "reflect", "replicate"};
    for (enum imp_edge edge = IMP_EDGE_ZERO; edge <= IMP_EDGE_REPLICATE; edge++) {
        char what[64];
        snprintf(what, sizeof(what), "%s %d of %d, %d of %dx%d", edges[edge], s->margin, s->wide,
                 s->channels, s->height, s->width);
        for (int sides = 0; sides < 4; sides++)
            if (imp_check_begin(run, "map fill %s%s%s", what, sides & 1 ? ", top" : "",
                                sides & 2 ? ", bottom" : ""))
                check_fill(run, s, edge, sides & 1, sides & 2);
        if (imp_check_begin(run, "map fold %s", what))
            check_fold(run, s, edge);
        if (imp_check_begin(run, "map adjoint %s", what))
            check_adjoint(run, s, edge);
    }
}

/* ---- Images ---------------------------------------------------------------------------------- */

static const struct image_shape {
    int height, width;
    int rows, columns; /* of the map */
    int at;            /* row of the image where the map begins */
    int wide, margin;
} images[] = {{16, 16, 16, 16, 0, 4, 4}, {17, 23, 20, 24, 0, 4, 4},    {36, 21, 16, 24, 16, 4, 4},
              {36, 20, 8, 20, 8, 5, 4},  {17, 1030, 4, 1032, 0, 4, 1}, {36, 20, 16, 20, 24, 1, 1},
              {130, 5, 132, 8, 0, 1, 1}};

#define SCALE 255.0f
#define OFFSET (-103.5f)

static struct imp_map planar_of(const struct image_shape *s, int wide)
{
    return imp_map_of(3, s->rows, s->columns, wide, 1);
}

static uint32_t mixed(uint32_t x)
{
    x = (x ^ x >> 16) * 0x7feb352du;
    x = (x ^ x >> 15) * 0x846ca68bu;
    return x ^ x >> 16;
}

/* Of an octave's random numbers the one in a row and column of theirs, from -1 to 1. */
static double random_at(uint32_t plane, int row, int column)
{
    const uint32_t bits = mixed(mixed(plane ^ (uint32_t)row) ^ (uint32_t)column);
    return (double)bits / 2147483648.0 - (bits < 0x80000000u ? 0 : 2);
}

/* An octave's noise: of the four random numbers around a pixel, what each has to say. */
static double octave_of(uint32_t plane, int pitch, int y, int x)
{
    const uint32_t phase = mixed(plane);
    const int v = y + (int)(phase % (uint32_t)pitch),
              u = x + (int)((phase >> 16) % (uint32_t)pitch);
    const double tv = (double)(v % pitch) / pitch, tu = (double)(u % pitch) / pitch;
    const double sv = tv * tv * (3 - 2 * tv), su = tu * tu * (3 - 2 * tu);
    double sum = 0;
    for (int corner = 0; corner < 4; corner++) {
        const int down = corner / 2, across = corner % 2;
        sum += (down ? sv : 1 - sv) * (across ? su : 1 - su) *
               random_at(plane, v / pitch + down, u / pitch + across);
    }
    return sum;
}

static double noise_of(const struct imp_noise *noise, int y, int x)
{
    double sum = 0;
    for (int octave = 0; octave < NOISE_OCTAVES; octave++) {
        const uint32_t plane = mixed(noise->seed * NOISE_OCTAVES + (uint32_t)octave + 1);
        sum += octave_of(plane, NOISE_PITCH << octave, y, x);
    }
    return (double)noise->deviation * 1.35 * sum;
}

static double taken(const struct image_shape *s, const struct imp_noise *noise, const float *image,
                    int k, int y, int x)
{
    const int row = origin(s->at + y, s->height, IMP_EDGE_REFLECT);
    const int column = origin(x, s->width, IMP_EDGE_REFLECT);
    double value = (double)image[(k * s->height + row) * s->width + column];
    if (noise)
        value +=
            noise_of(noise, origin(noise->first + row, noise->height, IMP_EDGE_REFLECT), column);
    return (double)SCALE * value + (double)OFFSET;
}

/* Margins wider than what is asked for keep what they held. noise: NULL: none. */
static void check_take(struct imp_check_run *run, const struct image_shape *s,
                       const struct imp_noise *noise)
{
    struct imp_map map = planar_of(s, s->wide);
    const size_t pixels = 3 * (size_t)s->height * (size_t)s->width, n = imp_check_map_floats(&map);
    float *pixel = imp_check_data(run, 0, pixels, false);
    float *before = imp_check_data(run, 1, n, false), *found = imp_check_data(run, 2, n, false);
    double *expected = imp_check_widen(run, before, n);
    struct imp_buffer *image = NULL;
    if (!run->broken && imp_check_buffer(run, &image, pixels, pixel) &&
        imp_check_map(run, &map, before) &&
        imp_check_ok(run, imp_map_take(run->device, image, s->height, s->width, s->at, SCALE,
                                       OFFSET, noise, &map, s->margin))) {
        const double damage = imp_check_read_map(run, &map, found);
        for (int k = 0; k < 3; k++)
            for (int y = -s->margin; y < s->rows + s->margin; y++)
                for (int x = -s->margin; x < s->columns + s->margin; x++)
                    expected[imp_check_map_at(&map, k, y, x)] = taken(s, noise, pixel, k, y, x);
        imp_check_end(run, fmax(damage, imp_check_error(found, expected, n)), 1e-6);
    }
    imp_buffer_free(&image);
    imp_buffer_free(&map.tensor.buffer);
    free(pixel);
    free(before);
    free(found);
    free(expected);
}

static double output_of(enum imp_output output, double v)
{
    return output == IMP_OUTPUT_TANH      ? tanh(v)
           : output == IMP_OUTPUT_SIGMOID ? 1 / (1 + exp(-v))
                                          : v;
}

/* Numbers of the last layer's size, some of them far out where the functions are flat. */
static float wide_number(float v, size_t i)
{
    return v * (i % 7 == 0 ? 100.0f : i % 3 == 0 ? 1e-3f : 4.0f);
}

/* The image's rows that are not the map's keep what they held. */
static void check_give(struct imp_check_run *run, const struct image_shape *s,
                       enum imp_output output)
{
    struct imp_map map = planar_of(s, s->wide);
    const size_t pixels = 3 * (size_t)s->height * (size_t)s->width, n = imp_check_map_floats(&map);
    float *y = imp_check_data(run, 0, n, false), *before = imp_check_data(run, 1, pixels, false);
    float *found = imp_check_data(run, 2, pixels, false);
    double *expected = imp_check_widen(run, before, pixels);
    struct imp_buffer *image = NULL;
    const int first = 2, rows = s->rows - first;
    for (size_t i = 0; !run->broken && i < n; i++)
        y[i] = wide_number(y[i], i);
    if (!run->broken && imp_check_map(run, &map, y) &&
        imp_check_buffer(run, &image, pixels, before) &&
        imp_check_ok(run, imp_map_give(run->device, &map, first, rows, output, 0.5f, 0.25f, image,
                                       s->height, s->width, s->at + first))) {
        const double damage = imp_check_read_buffer(run, image, pixels, found);
        for (int k = 0; k < 3; k++)
            for (int r = first; r < s->rows && s->at + r < s->height; r++)
                for (int x = 0; x < s->width; x++)
                    expected[(k * s->height + s->at + r) * s->width + x] =
                        0.5 * output_of(output, (double)y[imp_check_map_at(&map, k, r, x)]) + 0.25;
        imp_check_end(run, fmax(damage, imp_check_error(found, expected, pixels)), 1e-6);
    }
    imp_buffer_free(&image);
    imp_buffer_free(&map.tensor.buffer);
    free(y);
    free(before);
    free(found);
    free(expected);
}

static double slope(enum imp_output output, double v)
{
    const double h = 1e-4;
    return (output_of(output, v + h) - output_of(output, v - h)) / (2 * h);
}

/* Against finite differences of the reference. The gradient's margin is wider than the map's. */
static void check_give_backward(struct imp_check_run *run, const struct image_shape *s,
                                enum imp_output output)
{
    struct imp_map map = planar_of(s, s->wide), gradient = planar_of(s, s->wide + 3);
    const size_t pixels = 3 * (size_t)s->height * (size_t)s->width;
    const size_t n = imp_check_map_floats(&map), g_floats = imp_check_map_floats(&gradient);
    float *y = imp_check_data(run, 0, n, false), *g = imp_check_data(run, 1, pixels, false);
    float *found = imp_check_data(run, 2, g_floats, false);
    double *expected = imp_check_doubles(run, g_floats);
    struct imp_buffer *image = NULL;
    for (size_t i = 0; !run->broken && i < n; i++)
        y[i] = wide_number(y[i], i);
    if (!run->broken && imp_check_map(run, &map, y) && imp_check_map(run, &gradient, NULL) &&
        imp_check_buffer(run, &image, pixels, g) &&
        imp_check_ok(run, imp_map_give_backward(run->device, &map, output, 0.5f, image, s->height,
                                                s->width, &gradient))) {
        const double damage = imp_check_read_map(run, &gradient, found);
        for (int k = 0; k < 3; k++)
            for (int r = 0; r < s->rows && r < s->height; r++)
                for (int x = 0; x < s->width; x++)
                    expected[imp_check_map_at(&gradient, k, r, x)] =
                        0.5 * (double)g[(k * s->height + r) * s->width + x] *
                        slope(output, (double)y[imp_check_map_at(&map, k, r, x)]);
        imp_check_end(run, fmax(damage, imp_check_error(found, expected, g_floats)), 3e-6);
    }
    imp_buffer_free(&image);
    imp_buffer_free(&map.tensor.buffer);
    imp_buffer_free(&gradient.tensor.buffer);
    free(y);
    free(g);
    free(found);
    free(expected);
}

static void check_image(struct imp_check_run *run, const struct image_shape *s)
{
    static const char *const outputs[] = {"linear", "tanh", "sigmoid"};
    char what[64];
    snprintf(what, sizeof(what), "%dx%d, %dx%d at %d", s->height, s->width, s->rows, s->columns,
             s->at);
    if (imp_check_begin(run, "map take %s, margin %d of %d", what, s->margin, s->wide))
        check_take(run, s, NULL);
    /* As of a strip whose rows begin above the picture, and as of a whole picture. */
    for (int before = 0; before <= 3; before += 3) {
        const struct imp_noise noise = {0.3f, 7u + (uint32_t)before, -before, s->height};
        if (imp_check_begin(run, "map take with noise %s, from row %d", what, -before))
            check_take(run, s, &noise);
    }
    for (enum imp_output output = IMP_OUTPUT_LINEAR; output <= IMP_OUTPUT_SIGMOID; output++) {
        if (imp_check_begin(run, "map give %s %s", outputs[output], what))
            check_give(run, s, output);
        if (s->at == 0 && s->rows >= s->height &&
            imp_check_begin(run, "map give backward %s %s", outputs[output], what))
            check_give_backward(run, s, output);
    }
}

/* ---- What is refused ------------------------------------------------------------------------- */

/* More margin than the map has; more to reflect than there are pixels. */
static void check_refusals(struct imp_check_run *run)
{
    struct imp_map map = imp_map_of(8, 4, 9, 4, imp_device_caps(run->device)->vector_width);
    struct imp_map image = imp_map_of(3, 8, 8, 4, 1);
    if (imp_check_map(run, &map, NULL) && imp_check_map(run, &image, NULL)) {
        struct imp_device *device = run->device;
        const enum impasto_status statuses[] = {
            imp_map_fill(device, &map, 5, IMP_EDGE_REPLICATE, true, true),
            imp_map_fill(device, &map, 4, IMP_EDGE_REFLECT, true, true),
            imp_map_fold(device, &map, 0, IMP_EDGE_REPLICATE),
            imp_map_fold(device, &map, 4, IMP_EDGE_REFLECT),
            imp_map_take(device, image.tensor.buffer, 6, 8, 0, 1, 0, NULL, &image, 4),
            imp_map_take(device, image.tensor.buffer, 8, 8, 0, 1, 0, NULL, &map, 4),
        };
        int accepted = 0;
        for (size_t i = 0; i < IMP_COUNT(statuses); i++)
            accepted += statuses[i] != IMPASTO_ERROR_INTERNAL;
        imp_check_end(run, accepted, 0);
    }
    imp_buffer_free(&map.tensor.buffer);
    imp_buffer_free(&image.tensor.buffer);
}

void imp_check_map_ops(struct imp_check_run *run)
{
    if (imp_check_begin(run, "map refusals"))
        check_refusals(run);
    const size_t shape_count = imp_check_rows(run, 0, 3, 7, IMP_COUNT(shapes));
    const size_t image_count = imp_check_rows(run, 0, 2, 5, IMP_COUNT(images));
    for (size_t i = 0; i < shape_count; i++)
        check_margins(run, &shapes[i]);
    for (size_t i = 0; i < image_count; i++)
        check_image(run, &images[i]);
}
