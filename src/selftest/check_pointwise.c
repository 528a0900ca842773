/* SPDX-License-Identifier: MIT */
/* Everything that works element by element, and the sums. */

#include "ops/sums.h"
#include "selftest/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct shape {
    int height, width;
} shapes[] = {{5, 9}, {2, 3}, {16, 16}, {37, 53}};
#define CHANNELS 64
#define ROUNDING 1e-6

/* Slightly different scales and offsets, so that a swapped channel shows. */
static const struct imp_input_map map = {
    .reverse = true, .scale = {255.0f, 127.0f, 63.0f}, .offset = {-103.0f, -11.0f, 5.0f}};

/* The strip of `rows` rows from row `at` on. */
static void check_input(struct imp_check_run *run, const struct shape *s, bool replicate, int at,
                        int rows)
{
    const int h = s->height, w = s->width, pitch = w + 2, plane = (rows + 2) * pitch;
    const size_t pixels = 3 * (size_t)h * (size_t)w, padded = 3 * (size_t)plane;
    float *image = imp_check_data(run, 0, pixels, true);
    float *found = imp_check_data(run, 1, padded, false);
    double *expected = imp_check_doubles(run, padded);
    struct imp_buffer *from = NULL;
    struct imp_tensor to = {.channels = 3, .height = rows, .width = w, .lanes = 1};
    if (!run->broken && imp_check_buffer(run, &from, pixels, image) &&
        imp_check_buffer(run, &to.buffer, padded, NULL) &&
        imp_check_ok(run, imp_input_forward(run->device, from, h, at, &to, &map, replicate))) {
        const double damage = imp_check_read_buffer(run, to.buffer, padded, found);
        for (int i = 0; i < 3 * plane; i++) {
            const int k = i / plane, y = at + i % plane / pitch - 1, x = i % pitch - 1;
            const int cy = y < 0 ? 0 : y >= h ? h - 1 : y, cx = x < 0 ? 0 : x >= w ? w - 1 : x;
            if ((cy == y && cx == x) || replicate)
                expected[i] = (double)map.scale[k] * (double)image[((2 - k) * h + cy) * w + cx] +
                              (double)map.offset[k];
        }
        imp_check_end(run, fmax(damage, imp_check_error(found, expected, padded)), ROUNDING);
    }
    imp_buffer_free(&from);
    imp_buffer_free(&to.buffer);
    free(image);
    free(found);
    free(expected);
}

/* All but the first and the last row of a strip that lacks the image's first row. */
static void check_input_backward(struct imp_check_run *run, const struct shape *s)
{
    const int h = s->height, w = s->width, strip = h - 1;
    const struct imp_window window = {
        .first = strip > 2, .rows = strip > 2 ? strip - 2 : 1, .at = 1 + (strip > 2)};
    const size_t pixels = 3 * (size_t)h * (size_t)w, given = 3 * (size_t)strip * (size_t)w;
    float *g = imp_check_data(run, 0, given, false), *found = imp_check_data(run, 1, pixels, false);
    double *expected = imp_check_doubles(run, pixels);
    struct imp_tensor from = {0};
    struct imp_buffer *to = NULL;
    if (!run->broken)
        memset(found, 0, pixels * sizeof(float));
    if (!run->broken && imp_check_tensor(run, &from, 3, strip, w, 1, g) &&
        imp_check_buffer(run, &to, pixels, found) &&
        imp_check_ok(run, imp_input_backward(run->device, &from, &window, h, to, &map))) {
        const double damage = imp_check_read_buffer(run, to, pixels, found);
        for (int k = 0; k < 3; k++)
            for (int y = 0; y < window.rows; y++)
                for (int x = 0; x < w; x++)
                    expected[((2 - k) * h + window.at + y) * w + x] =
                        (double)map.scale[k] * (double)g[(k * strip + window.first + y) * w + x];
        imp_check_end(run, fmax(damage, imp_check_error(found, expected, pixels)), ROUNDING);
    }
    imp_buffer_free(&from.buffer);
    imp_buffer_free(&to);
    free(g);
    free(found);
    free(expected);
}

/* Rows of one tensor into another. */
static void check_copy_rows(struct imp_check_run *run, const struct shape *s)
{
    const int h = s->height, w = s->width, lanes = imp_device_caps(run->device)->vector_width;
    const int tall = h + 3;
    const size_t n = (size_t)(CHANNELS * h * w), all = (size_t)(CHANNELS * tall * w);
    float *a = imp_check_data(run, 0, n, false), *b = imp_check_data(run, 1, all, false);
    float *found = imp_check_data(run, 2, all, false);
    double *expected = imp_check_doubles(run, all);
    struct imp_tensor from = {0}, to = {0};
    if (!run->broken && imp_check_tensor(run, &from, CHANNELS, h, w, lanes, a) &&
        imp_check_tensor(run, &to, CHANNELS, tall, w, lanes, b) &&
        imp_check_ok(run, imp_tensor_copy_rows(run->device, &from, 1, &to, 3, h - 1))) {
        const double damage = imp_check_read(run, &to, found);
        for (int c = 0; c < CHANNELS; c++)
            for (int i = 0; i < tall * w; i++)
                expected[c * tall * w + i] =
                    (double)(i < 3 * w || i >= (h + 2) * w ? b[c * tall * w + i]
                                                           : a[c * h * w + i - 2 * w]);
        imp_check_end(run, fmax(damage, imp_check_error(found, expected, all)), 0);
    }
    imp_buffer_free(&from.buffer);
    imp_buffer_free(&to.buffer);
    free(a);
    free(b);
    free(found);
    free(expected);
}

/* The last rows of a tensor become its first, and the row after them zero. */
static void check_move_rows(struct imp_check_run *run, const struct shape *s)
{
    const int h = s->height, w = s->width, moved = h / 2;
    const int lanes = imp_device_caps(run->device)->vector_width;
    const size_t n = (size_t)(CHANNELS * h * w);
    float *a = imp_check_data(run, 0, n, false), *found = imp_check_data(run, 1, n, false);
    double *expected = imp_check_doubles(run, n);
    struct imp_tensor t = {0};
    if (!run->broken && imp_check_tensor(run, &t, CHANNELS, h, w, lanes, a) &&
        imp_check_ok(run, imp_tensor_copy_rows(run->device, &t, h - moved, &t, 0, moved)) &&
        imp_check_ok(run, imp_tensor_zero_row(run->device, &t, moved))) {
        const double damage = imp_check_read(run, &t, found);
        for (size_t i = 0; i < n; i++) {
            const int row = (int)(i / (size_t)w) % h;
            expected[i] = row < moved    ? (double)a[i + (size_t)((h - moved) * w)]
                          : row == moved ? 0
                                         : (double)a[i];
        }
        imp_check_end(run, fmax(damage, imp_check_error(found, expected, n)), 0);
    }
    imp_buffer_free(&t.buffer);
    free(a);
    free(found);
    free(expected);
}

/* The masks of a strip's rows on their way through the mask of the whole, a row further up. */
static void check_mask_rows(struct imp_check_run *run, const struct shape *s)
{
    const int h = s->height, w = s->width, tall = h + 3;
    const int lanes = imp_device_caps(run->device)->vector_width;
    const struct imp_window packed = {.first = 1, .rows = h - 1, .at = 3};
    const struct imp_window taken = {.first = 0, .rows = h - 1, .at = 3};
    const struct imp_tensor shape = {
        .channels = CHANNELS, .height = tall, .width = w, .lanes = lanes};
    float *a = imp_check_data(run, 0, (size_t)(CHANNELS * h * w), true);
    struct imp_tensor x = {0}, strip = {0};
    struct imp_buffer *whole = NULL;
    unsigned char *words = NULL;
    if (!run->broken && imp_check_tensor(run, &x, CHANNELS, h, w, lanes, a) &&
        imp_check_buffer(run, &whole, imp_mask_bytes(&shape) / sizeof(float) + 1, NULL) &&
        imp_check_buffer(run, &strip.buffer, imp_mask_bytes(&x) / sizeof(float) + 1, NULL) &&
        (words = malloc(imp_mask_bytes(&x)))) {
        int wrong = 0;
        struct imp_buffer *const bits = strip.buffer;
        strip = x;
        strip.buffer = bits;
        if (imp_check_ok(run, imp_mask_pack(run->device, &x, &packed, tall, whole)) &&
            imp_check_ok(run, imp_mask_take(run->device, whole, tall, &taken, &strip)) &&
            imp_check_ok(run, imp_buffer_read(strip.buffer, 0, words, imp_mask_bytes(&x)))) {
            for (int c = 0; c < CHANNELS; c++)
                for (int i = 0; i < (h - 1) * w; i++) {
                    const int at = (c / lanes * (h + 2) + i / w + 1) * (w + 2) + i % w + 1;
                    const unsigned char *word = words + at * (lanes > 8 ? 2 : 1);
                    uint16_t wide = word[0];
                    if (lanes > 8)
                        memcpy(&wide, word, sizeof(wide));
                    wrong += (wide >> c % lanes & 1) != (a[(c * h + 1) * w + i] > 0);
                }
            imp_check_end(run, wrong, 0);
        }
    }
    imp_buffer_free(&x.buffer);
    imp_buffer_free(&strip.buffer);
    imp_buffer_free(&whole);
    free(a);
    free(words);
}

/* A tensor with its first contents again. */
static bool refill(struct imp_check_run *run, struct imp_tensor *t, const float *data)
{
    imp_buffer_free(&t->buffer);
    return imp_check_tensor(run, t, t->channels, t->height, t->width, t->lanes, data);
}

/* The sums of two tensors, the first as it is and cut into windows of so many rows: each share must
 * be the same. */
static double check_sums(struct imp_check_run *run, const struct imp_tensor *a,
                         const struct imp_tensor *b, struct imp_buffer *sums, int rows)
{
    const int height = a->height;
    const struct imp_blocks blocks = imp_check_blocks(height, 3);
    const struct imp_window whole = {.rows = height, .begins = true};
    float shares[2 * IMP_PARTS];
    double totals[2];
    if (!imp_check_ok(run, imp_sum_squared_difference(run->device, a, &whole, &blocks, b, sums, 0)))
        return INFINITY;
    for (int at = 0; at < height; at += rows) {
        const struct imp_window window = {.first = at,
                                          .rows = rows < height - at ? rows : height - at,
                                          .at = at,
                                          .begins = at == 0};
        if (!imp_check_ok(run,
                          imp_sum_squared_difference(run->device, a, &window, &blocks, b, sums, 1)))
            return INFINITY;
    }
    const double damage = imp_check_read_buffer(run, sums, 2 * IMP_PARTS, shares);
    if (!imp_check_ok(run, imp_sums_read(run->device, sums, 2, totals)))
        return INFINITY;
    return memcmp(shares, shares + IMP_PARTS, sizeof(shares) / 2) == 0 && totals[0] == totals[1]
               ? damage
               : INFINITY;
}

/* Operations on two tensors and a third that they change: mask, content, and their sums. */
static void check_tensors(struct imp_check_run *run, const struct shape *s)
{
    const int h = s->height, w = s->width, lanes = imp_device_caps(run->device)->vector_width;
    const size_t n = (size_t)(CHANNELS * h * w);
    const float factor = 0.73f;
    float *a = imp_check_data(run, 0, n, true), *b = imp_check_data(run, 1, n, true);
    float *g = imp_check_data(run, 2, n, false), *found = imp_check_data(run, 3, n, false);
    double *expected = imp_check_doubles(run, n), difference = 0, squares = 0, totals[2];
    struct imp_tensor ta = {0}, tb = {0}, tg = {0};
    struct imp_buffer *sums = NULL;
    const struct imp_window whole = {.rows = h, .begins = true};
    const struct imp_blocks blocks = imp_check_blocks(h, 5);
    if (run->broken || !imp_check_tensor(run, &ta, CHANNELS, h, w, lanes, a) ||
        !imp_check_tensor(run, &tb, CHANNELS, h, w, lanes, b) ||
        !imp_check_tensor(run, &tg, CHANNELS, h, w, lanes, g) ||
        !imp_check_buffer(run, &sums, 2 * IMP_PARTS, NULL))
        goto done;
    if (imp_check_begin(run, "relu mask %dx%d", h, w) &&
        imp_check_ok(run, imp_relu_mask(run->device, &ta, &whole, &tg))) {
        const double damage = imp_check_read(run, &tg, found);
        for (size_t i = 0; i < n; i++)
            expected[i] = a[i] > 0 ? (double)g[i] : 0;
        imp_check_end(run, fmax(damage, imp_check_error(found, expected, n)), 0);
    }
    for (int accumulate = 0; accumulate < 2; accumulate++)
        if (imp_check_begin(run, "content gradient %dx%d%s", h, w,
                            accumulate ? " accumulate" : "") &&
            refill(run, &tg, g) &&
            imp_check_ok(run, imp_content_backward(run->device, &ta, &whole, &tb, &tg, factor,
                                                   accumulate))) {
            const double damage = imp_check_read(run, &tg, found);
            for (size_t i = 0; i < n; i++)
                expected[i] = (accumulate ? (double)g[i] : 0) +
                              (double)factor * ((double)a[i] - (double)b[i]);
            imp_check_end(run, fmax(damage, imp_check_error(found, expected, n)), ROUNDING);
        }
    if (imp_check_begin(run, "sums %dx%d", h, w) &&
        imp_check_ok(run,
                     imp_sum_squared_difference(run->device, &ta, &whole, &blocks, &tb, sums, 0)) &&
        imp_check_ok(run, imp_sum_squares(run->device, &ta, &blocks, sums, 1)) &&
        imp_check_ok(run, imp_sums_read(run->device, sums, 2, totals))) {
        for (size_t i = 0; i < n; i++) {
            difference += pow((double)a[i] - (double)b[i], 2);
            squares += (double)a[i] * (double)a[i];
        }
        imp_check_end(
            run,
            fmax(imp_check_relative(totals[0], difference), imp_check_relative(totals[1], squares)),
            ROUNDING);
    }
    for (int rows = 1; rows < h && rows < 9; rows += 3)
        if (imp_check_begin(run, "sums of %dx%d in windows of %d", h, w, rows))
            imp_check_end(run, check_sums(run, &ta, &tb, sums, rows), 0);
done:
    imp_buffer_free(&ta.buffer);
    imp_buffer_free(&tb.buffer);
    imp_buffer_free(&tg.buffer);
    imp_buffer_free(&sums);
    free(a);
    free(b);
    free(g);
    free(found);
    free(expected);
}

/* A halo full of numbers must come out zero, and the pixels untouched. */
static void check_halo(struct imp_check_run *run, const struct shape *s)
{
    const int h = s->height, w = s->width, lanes = imp_device_caps(run->device)->vector_width;
    struct imp_tensor t = {.channels = CHANNELS, .height = h, .width = w, .lanes = lanes};
    const size_t floats = (size_t)imp_tensor_vectors(&t) * (size_t)lanes;
    const size_t position = (size_t)lanes, pitch = (size_t)w + 2;
    float *before = imp_check_data(run, 0, floats, false);
    float *found = imp_check_data(run, 1, floats, false);
    if (!run->broken && imp_check_buffer(run, &t.buffer, floats, before) &&
        imp_check_ok(run, imp_tensor_clear_halo(run->device, &t))) {
        double error = imp_check_read_buffer(run, t.buffer, floats, found);
        for (size_t i = 0; i < floats; i++) {
            const size_t at = i / position % (size_t)imp_tensor_plane(&t);
            const size_t y = at / pitch, x = at % pitch;
            const bool halo = y == 0 || x == 0 || y == (size_t)h + 1 || x == (size_t)w + 1;
            if (found[i] != (halo ? 0 : before[i]))
                error = INFINITY;
        }
        imp_check_end(run, error, 0);
    }
    imp_buffer_free(&t.buffer);
    free(before);
    free(found);
}

static void check_tv(struct imp_check_run *run, const struct shape *s)
{
    const int h = s->height, w = s->width;
    const size_t n = 3 * (size_t)h * (size_t)w;
    const float weight = 3.5f;
    float *image = imp_check_data(run, 0, n, true), *g = imp_check_data(run, 1, n, false);
    double *wide = imp_check_widen(run, image, n), *expected = imp_check_widen(run, g, n);
    struct imp_buffer *picture = NULL, *gradient = NULL, *sums = NULL;
    if (!run->broken && imp_check_buffer(run, &picture, n, image) &&
        imp_check_buffer(run, &gradient, n, g) && imp_check_buffer(run, &sums, IMP_PARTS, NULL) &&
        imp_check_ok(run, imp_tv_sum(run->device, picture, h, w, NULL, sums, 0)) &&
        imp_check_ok(run, imp_tv_backward(run->device, picture, h, w, NULL, gradient, weight))) {
        const double tv = imp_ref_tv(h, w, wide, (double)weight, expected);
        imp_check_end(run, imp_check_loss(run, sums, tv, gradient, expected, n), ROUNDING);
    }
    imp_buffer_free(&picture);
    imp_buffer_free(&gradient);
    imp_buffer_free(&sums);
    free(image);
    free(g);
    free(wide);
    free(expected);
}

/* Two calls for two parts of the picture are one for all of it. */
static void check_adam(struct imp_check_run *run, const struct shape *s)
{
    const int n = 3 * s->height * s->width, part = n / 3;
    const size_t count = (size_t)n;
    struct imp_adam adam = {.learning_rate = 0.02f,
                            .beta1 = 0.9f,
                            .beta2 = 0.99f,
                            .epsilon = 1e-8f,
                            .bounds = {0, 0.75f}};
    float *start = imp_check_data(run, 0, count, true), *g = imp_check_data(run, 1, count, false);
    float *found = imp_check_data(run, 2, count, false),
          *zeros = imp_check_data(run, 3, count, false);
    for (size_t i = 0; zeros && i < count; i++)
        zeros[i] = 0;
    double *image = imp_check_widen(run, start, count), *gradient = imp_check_widen(run, g, count);
    double *m = imp_check_doubles(run, count), *v = imp_check_doubles(run, count);
    struct imp_buffer *b[4] = {0};
    bool fine = !run->broken && imp_check_buffer(run, &b[0], count, start) &&
                imp_check_buffer(run, &b[1], count, g) &&
                imp_check_buffer(run, &b[2], count, zeros) &&
                imp_check_buffer(run, &b[3], count, zeros);
    for (adam.step = 1; fine && adam.step <= 3; adam.step++) {
        adam.at = 0;
        fine = imp_check_ok(run, imp_adam_step(run->device, &adam, b[0], b[1], b[2], b[3], part));
        adam.at = part;
        fine = fine && imp_check_ok(run, imp_adam_step(run->device, &adam, b[0], b[1], b[2], b[3],
                                                       n - part));
        imp_ref_adam(&adam, n, image, gradient, m, v);
    }
    if (fine) {
        const double damage = imp_check_read_buffer(run, b[0], count, found);
        imp_check_end(run, fmax(damage, imp_check_error(found, image, count)), ROUNDING);
    }
    for (size_t i = 0; i < IMP_COUNT(b); i++)
        imp_buffer_free(&b[i]);
    free(start);
    free(g);
    free(found);
    free(zeros);
    free(image);
    free(gradient);
    free(m);
    free(v);
}

/* NaN, both infinities and the largest finite number among honest ones: three must be counted. */
static void check_finiteness(struct imp_check_run *run)
{
    enum { N = 5000 };
    float *data = imp_check_data(run, 0, N, false);
    struct imp_buffer *buffer = NULL, *sums = NULL;
    double count = 0;
    if (!run->broken) {
        data[0] = NAN;
        data[1023] = -INFINITY;
        data[2500] = 3.402823466e38f;
        data[N - 1] = INFINITY;
    }
    if (!run->broken && imp_check_buffer(run, &buffer, N, data) &&
        imp_check_buffer(run, &sums, IMP_PARTS, NULL) &&
        imp_check_ok(run, imp_count_not_finite(run->device, buffer, N, sums, 0)) &&
        imp_check_ok(run, imp_sums_read(run->device, sums, 1, &count)))
        imp_check_end(run, fabs(count - 3), 0);
    imp_buffer_free(&buffer);
    imp_buffer_free(&sums);
    free(data);
}

void imp_check_pointwise(struct imp_check_run *run)
{
    const size_t count = imp_check_rows(run, 0, 2, 3, IMP_COUNT(shapes));
    for (size_t i = 0; i < count; i++) {
        const struct shape *s = &shapes[i];
        for (int replicate = 0; replicate < 2; replicate++) {
            if (imp_check_begin(run, "input forward %dx%d %s", s->height, s->width,
                                replicate ? "replicate" : "zero"))
                check_input(run, s, replicate, 0, s->height);
            if (imp_check_begin(run, "input forward %dx%d %s, last rows", s->height, s->width,
                                replicate ? "replicate" : "zero"))
                check_input(run, s, replicate, 1, s->height - 1);
            if (imp_check_begin(run, "input forward %dx%d %s, from beyond its edge", s->height,
                                s->width, replicate ? "replicate" : "zero"))
                check_input(run, s, replicate, -4, s->height + 2);
        }
        if (imp_check_begin(run, "rows %dx%d", s->height, s->width))
            check_copy_rows(run, s);
        if (imp_check_begin(run, "rows moved %dx%d", s->height, s->width))
            check_move_rows(run, s);
        if (imp_check_begin(run, "mask rows %dx%d", s->height, s->width))
            check_mask_rows(run, s);
        if (imp_check_begin(run, "input backward %dx%d", s->height, s->width))
            check_input_backward(run, s);
        check_tensors(run, s);
        if (imp_check_begin(run, "halo %dx%d", s->height, s->width))
            check_halo(run, s);
        if (imp_check_begin(run, "total variation %dx%d", s->height, s->width))
            check_tv(run, s);
        if (imp_check_begin(run, "adam %dx%d", s->height, s->width))
            check_adam(run, s);
    }
    if (imp_check_begin(run, "finiteness"))
        check_finiteness(run);
}
