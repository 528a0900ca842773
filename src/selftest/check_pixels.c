/* SPDX-License-Identifier: MIT */
/* Frames: bytes of every format to images and back, the luma of a painting, a steadied camera. */

#include "ops/pixels.h"
#include "selftest/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of values that are at most about 2. */
#define ROUNDING 4e-6
/* What a byte may be off beyond half a step: by the rounding of the sum that it is rounded from. */
#define BYTE_ROUNDING 1e-3

/* clang-format off */
static const struct form {
    const char *name;
    enum imp_pixel_format format;
    int width, height;
    double red, blue;
    bool full, left;
} forms[] = {
    {"I420",           IMP_PIXELS_I420,  17,   7,  0.299,  0.114,  false, true},
    {"YUYV",           IMP_PIXELS_YUYV,  9,    5,  0.299,  0.114,  false, false},
    {"NV12",           IMP_PIXELS_NV12,  6,    8,  0.2126, 0.0722, false, true},
    {"RGB24",          IMP_PIXELS_RGB24, 13,   4,  0.299,  0.114,  true,  false},
    {"BGR24",          IMP_PIXELS_BGR24, 2,    9,  0.299,  0.114,  true,  false},
    {"GRAY8",          IMP_PIXELS_GRAY8, 11,   3,  0.299,  0.114,  true,  false},
    {"UYVY full",      IMP_PIXELS_UYVY,  8,    3,  0.2126, 0.0722, true,  true},
    {"I422 full",      IMP_PIXELS_I422,  15,   6,  0.299,  0.114,  true,  false},
    {"I444",           IMP_PIXELS_I444,  5,    5,  0.2126, 0.0722, false, false},
    {"I420 one pixel", IMP_PIXELS_I420,  1,    1,  0.299,  0.114,  true,  false},
    {"YUYV a column",  IMP_PIXELS_YUYV,  1,    6,  0.299,  0.114,  false, true},
    {"NV12 a row",     IMP_PIXELS_NV12,  31,   1,  0.299,  0.114,  false, false},
    {"I420 wide",      IMP_PIXELS_I420,  2051, 19, 0.2126, 0.0722, false, true},
    {"I420 full",      IMP_PIXELS_I420,  640,  37, 0.299,  0.114,  true,  false},
    {"YUYV wide",      IMP_PIXELS_YUYV,  1027, 35, 0.299,  0.114,  false, true},
    {"NV12 wide",      IMP_PIXELS_NV12,  1024, 34, 0.2627, 0.0593, false, true},
    {"RGB24 wide",     IMP_PIXELS_RGB24, 1500, 21, 0.299,  0.114,  true,  false},
};
/* clang-format on */

/* ---- The formats once more, and what they say, in double precision --------------------------- */

/* Halves, rounded up. */
static int half(int n)
{
    return (n + 1) / 2;
}

/* The byte of component k of the sample (y, x): of chroma, of its own grid. */
static size_t place(const struct form *f, int k, int y, int x)
{
    const size_t w = (size_t)f->width, h = (size_t)f->height, hw = (size_t)half(f->width);
    const size_t row = (size_t)y, col = (size_t)x, luma = row * w + col;
    switch (f->format) {
    case IMP_PIXELS_RGB24:
        return 3 * luma + (size_t)k;
    case IMP_PIXELS_BGR24:
        return 3 * luma + (size_t)(2 - k);
    case IMP_PIXELS_I420:
        return k == 0 ? luma
                      : w * h + (size_t)(k - 1) * hw * (size_t)half(f->height) + row * hw + col;
    case IMP_PIXELS_I422:
        return k == 0 ? luma : w * h + (size_t)(k - 1) * hw * h + row * hw + col;
    case IMP_PIXELS_I444:
        return (size_t)k * w * h + luma;
    case IMP_PIXELS_NV12:
        return k == 0 ? luma : w * h + row * 2 * hw + 2 * col + (size_t)(k - 1);
    case IMP_PIXELS_YUYV:
        return row * 4 * hw + (k == 0 ? 2 * col : 4 * col + (size_t)(2 * k - 1));
    case IMP_PIXELS_UYVY:
        return row * 4 * hw + (k == 0 ? 2 * col + 1 : 4 * col + (size_t)(2 * k - 2));
    default:
        return luma;
    }
}

static bool is_rgb(const struct form *f)
{
    return f->format == IMP_PIXELS_RGB24 || f->format == IMP_PIXELS_BGR24;
}

static bool has_half_rows(const struct form *f)
{
    return f->format == IMP_PIXELS_I420 || f->format == IMP_PIXELS_NV12;
}

static bool has_half_columns(const struct form *f)
{
    return has_half_rows(f) || f->format == IMP_PIXELS_I422 || f->format == IMP_PIXELS_YUYV ||
           f->format == IMP_PIXELS_UYVY;
}

static int held(int i, int n)
{
    return i < 0 ? 0 : i < n ? i : n - 1;
}

/* Chroma k where pixel (y, x) is: linear between the samples, whose places are given. */
static double chroma_at(const struct form *f, const unsigned char *bytes, int k, int y, int x)
{
    const bool columns = has_half_columns(f), rows = has_half_rows(f);
    const int w = columns ? half(f->width) : f->width, h = rows ? half(f->height) : f->height;
    const double cx = !columns ? x : f->left ? x / 2.0 : x / 2.0 - 0.25;
    const double cy = rows ? y / 2.0 - 0.25 : y;
    const int left = (int)floor(cx), top = (int)floor(cy);
    double sum = 0;
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
            sum += (1 - fabs(cy - top - i)) * (1 - fabs(cx - left - j)) *
                   bytes[place(f, k, held(top + i, h), held(left + j, w))];
    return sum;
}

/* What a pixel of the frame says, RGB. */
static void colour_at(const struct form *f, const unsigned char *bytes, int y, int x, double rgb[3])
{
    const double green = 1 - f->red - f->blue, swing = f->full ? 255 : 224;
    if (is_rgb(f)) {
        for (int k = 0; k < 3; k++)
            rgb[k] = bytes[place(f, k, y, x)] / 255.0;
        return;
    }
    const double byte = bytes[place(f, 0, y, x)];
    const double luma = f->full ? byte / 255 : (byte - 16) / 219;
    const bool grey = f->format == IMP_PIXELS_GRAY8;
    const double u = grey ? 0 : (chroma_at(f, bytes, 1, y, x) - 128) / swing;
    const double v = grey ? 0 : (chroma_at(f, bytes, 2, y, x) - 128) / swing;
    rgb[0] = luma + 2 * (1 - f->red) * v;
    rgb[2] = luma + 2 * (1 - f->blue) * u;
    rgb[1] = (luma - f->red * rgb[0] - f->blue * rgb[2]) / green;
}

/* A pixel of an image (3, height, width), clamped; outside of it, of its edge. */
static void clamped(const struct form *f, const float *image, int y, int x, double rgb[3])
{
    const size_t at = (size_t)held(y, f->height) * (size_t)f->width + (size_t)held(x, f->width);
    for (size_t k = 0; k < 3; k++) {
        const double v = (double)image[k * (size_t)f->width * (size_t)f->height + at];
        rgb[k] = v < 0 ? 0 : v > 1 ? 1 : v;
    }
}

static double luma_of(const struct form *f, const double rgb[3])
{
    return f->red * rgb[0] + (1 - f->red - f->blue) * rgb[1] + f->blue * rgb[2];
}

/* The mean colour that chroma sample (y, x) stands for. */
static void mean_at(const struct form *f, const float *image, int y, int x, double mean[3])
{
    const int rows = has_half_rows(f) ? 2 : 1, columns = has_half_columns(f) ? 3 : 1;
    const double shares[3] = {f->left ? 0.25 : 0, 0.5, f->left ? 0.25 : 0.5};
    mean[0] = mean[1] = mean[2] = 0;
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) {
            double rgb[3];
            clamped(f, image, rows * y + i, columns == 3 ? 2 * x + j - 1 : x, rgb);
            for (int k = 0; k < 3; k++)
                mean[k] += (columns == 3 ? shares[j] : 1) / rows * rgb[k];
        }
}

/* ---- Frames ---------------------------------------------------------------------------------- */

static struct imp_pixels frame_of(const struct form *f)
{
    struct imp_pixels frame = imp_pixels_of(f->format, f->width, f->height);
    frame.red = f->red;
    frame.blue = f->blue;
    frame.full = f->full;
    frame.left = f->left;
    return frame;
}

static size_t values_of(const struct form *f)
{
    return 3 * (size_t)f->width * (size_t)f->height;
}

static double take_error(const struct form *f, const unsigned char *bytes, const float *image)
{
    double most = 0;
    for (int y = 0; y < f->height; y++)
        for (int x = 0; x < f->width; x++) {
            double rgb[3];
            colour_at(f, bytes, y, x, rgb);
            for (size_t k = 0; k < 3; k++) {
                const size_t at =
                    (k * (size_t)f->height + (size_t)y) * (size_t)f->width + (size_t)x;
                most = fmax(most, imp_check_apart((double)image[at], rgb[k]));
            }
        }
    return most;
}

static double byte_error(double exact, unsigned char byte)
{
    const double held_in = exact < 0 ? 0 : exact > 255 ? 255 : exact;
    return fmax(0, fabs(held_in - byte) - 0.5);
}

/* Of the bytes of one component, or of luma, over all pixels and what is beside a last odd one. */
static double first_error(const struct form *f, const float *image, const unsigned char *bytes)
{
    const bool paired = f->format == IMP_PIXELS_YUYV || f->format == IMP_PIXELS_UYVY;
    const int wide = paired ? 2 * half(f->width) : f->width;
    double most = 0;
    for (int y = 0; y < f->height; y++)
        for (int x = 0; x < wide; x++) {
            double rgb[3];
            clamped(f, image, y, x, rgb);
            const double luma = luma_of(f, rgb);
            for (int k = 0; k < (is_rgb(f) ? 3 : 1); k++)
                most = fmax(most, byte_error(is_rgb(f) ? 255 * rgb[k]
                                             : f->full ? 255 * luma
                                                       : 16 + 219 * luma,
                                             bytes[place(f, k, y, x)]));
        }
    return most;
}

static double chroma_error(const struct form *f, const float *image, const unsigned char *bytes)
{
    const int columns = has_half_columns(f) ? half(f->width) : f->width;
    const int rows = has_half_rows(f) ? half(f->height) : f->height;
    const double swing = f->full ? 255 : 224;
    double most = 0;
    for (int y = 0; y < rows; y++)
        for (int x = 0; x < columns; x++) {
            double rgb[3];
            mean_at(f, image, y, x, rgb);
            const double luma = luma_of(f, rgb);
            const double u = 128 + swing * (rgb[2] - luma) / (2 * (1 - f->blue));
            const double v = 128 + swing * (rgb[0] - luma) / (2 * (1 - f->red));
            most = fmax(most, byte_error(u, bytes[place(f, 1, y, x)]));
            most = fmax(most, byte_error(v, bytes[place(f, 2, y, x)]));
        }
    return most;
}

/* Bytes in whole floats, as buffers are checked. */
static size_t words_of(const struct imp_pixels *frame)
{
    return (frame->bytes + sizeof(float) - 1) / sizeof(float);
}

static bool bytes_buffer(struct imp_check_run *run, const struct imp_pixels *frame, uint32_t stream,
                         struct imp_buffer **buffer, unsigned char *bytes)
{
    const size_t words = words_of(frame);
    for (size_t i = 0; i < words * sizeof(float); i++)
        bytes[i] = (unsigned char)imp_rng_bits(5, stream, i);
    return imp_check_ok(
               run, imp_buffer_create(run->device, words * sizeof(float), "self-test", buffer)) &&
           imp_check_ok(run, imp_buffer_write(*buffer, 0, bytes, words * sizeof(float)));
}

static void check_take(struct imp_check_run *run, const struct form *f)
{
    const struct imp_pixels frame = frame_of(f);
    const size_t values = values_of(f);
    float *image = imp_check_data(run, 0, values, false);
    unsigned char *bytes = calloc(words_of(&frame), sizeof(float));
    struct imp_buffer *from = NULL, *to = NULL;
    if (image && bytes && bytes_buffer(run, &frame, 1, &from, bytes) &&
        imp_check_buffer(run, &to, values, NULL) &&
        imp_check_ok(run, imp_pixels_take(run->device, &frame, from, to))) {
        const double damage = imp_check_read_buffer(run, to, values, image);
        imp_check_end(run, fmax(damage, take_error(f, bytes, image)), ROUNDING);
    }
    imp_buffer_free(&from);
    imp_buffer_free(&to);
    free(image);
    free(bytes);
}

/* Values from -0.25 to 1.25, one of them `odd` where that is not finite. */
static float *colours(struct imp_check_run *run, size_t values, float odd)
{
    float *image = imp_check_data(run, 2, values, false);
    for (size_t i = 0; image && i < values; i++)
        image[i] = 0.5F + 0.75F * image[i];
    if (image && !isfinite(odd))
        image[values / 2] = odd;
    return image;
}

/* What is behind the frame in its last word stays, and the image's oddity is told. */
static double give_error(const struct form *f, const struct imp_pixels *frame, const float *image,
                         const unsigned char *before, const unsigned char *after, int32_t odd)
{
    double error = first_error(f, image, after);
    if (!is_rgb(f) && f->format != IMP_PIXELS_GRAY8)
        error = fmax(error, chroma_error(f, image, after));
    for (size_t i = frame->bytes; i < words_of(frame) * sizeof(float); i++)
        if (before[i] != after[i])
            error = INFINITY;
    return odd == 0 ? error : INFINITY;
}

static void check_give(struct imp_check_run *run, const struct form *f)
{
    const struct imp_pixels frame = frame_of(f);
    const size_t values = values_of(f), words = words_of(&frame);
    float *image = colours(run, values, 0), *after = imp_check_data(run, 0, words, false), mark = 0;
    unsigned char *before = calloc(words, sizeof(float));
    struct imp_buffer *from = NULL, *to = NULL, *odd = NULL;
    if (image && after && before)
        for (size_t i = 0; i < words * sizeof(float); i++)
            before[i] = (unsigned char)imp_rng_bits(5, 3, i);
    if (image && after && before)
        memcpy(after, before, words * sizeof(float));
    if (image && after && before && imp_check_buffer(run, &from, values, image) &&
        imp_check_buffer(run, &to, words, after) && imp_check_buffer(run, &odd, 1, &mark) &&
        imp_check_ok(run, imp_pixels_give(run->device, &frame, from, to, odd))) {
        int32_t told;
        const double damage = fmax(imp_check_read_buffer(run, to, words, after),
                                   imp_check_read_buffer(run, odd, 1, &mark));
        memcpy(&told, &mark, sizeof(told));
        imp_check_end(
            run,
            fmax(damage, give_error(f, &frame, image, before, (const unsigned char *)after, told)),
            BYTE_ROUNDING);
    }
    imp_buffer_free(&from);
    imp_buffer_free(&to);
    imp_buffer_free(&odd);
    free(image);
    free(after);
    free(before);
}

/* An image with a number that is not finite is told of. */
static void check_odd(struct imp_check_run *run, const struct form *f, float value)
{
    const struct imp_pixels frame = frame_of(f);
    float *image = colours(run, values_of(f), value), mark = 0;
    struct imp_buffer *from = NULL, *to = NULL, *odd = NULL;
    if (image && imp_check_buffer(run, &from, values_of(f), image) &&
        imp_check_buffer(run, &to, words_of(&frame), NULL) &&
        imp_check_buffer(run, &odd, 1, &mark) &&
        imp_check_ok(run, imp_pixels_give(run->device, &frame, from, to, odd))) {
        int32_t told;
        const double damage = imp_check_read_buffer(run, odd, 1, &mark);
        memcpy(&told, &mark, sizeof(told));
        imp_check_end(run, fmax(damage, fabs(1.0 - told)), 0);
    }
    imp_buffer_free(&from);
    imp_buffer_free(&to);
    imp_buffer_free(&odd);
    free(image);
}

/* ---- Luma and steadiness --------------------------------------------------------------------- */

static double unit(double v)
{
    return v > 0 ? v < 1 ? v : 1 : 0;
}

static double luma_error(const float *original, const float *painted, const float *found, size_t n)
{
    static const double share[3] = {0.299, 0.587, 0.114};
    double most = 0;
    for (size_t i = 0; i < n; i++) {
        double shift = 0;
        for (size_t k = 0; k < 3; k++)
            shift += share[k] * (unit((double)painted[k * n + i]) - (double)original[k * n + i]);
        for (size_t k = 0; k < 3; k++)
            most = fmax(most, imp_check_apart((double)found[k * n + i],
                                              (double)original[k * n + i] + shift));
    }
    return most;
}

static void check_luma(struct imp_check_run *run, int pixels)
{
    const size_t n = (size_t)pixels;
    float *original = imp_check_data(run, 0, 3 * n, true), *painted = colours(run, 3 * n, 0);
    float *found = imp_check_data(run, 1, 3 * n, false);
    struct imp_buffer *from = NULL, *to = NULL;
    if (original && painted && found && imp_check_buffer(run, &from, 3 * n, original) &&
        imp_check_buffer(run, &to, 3 * n, painted) &&
        imp_check_ok(run, imp_pixels_luma(run->device, from, to, pixels, 0.299, 0.114))) {
        const double damage = imp_check_read_buffer(run, to, 3 * n, found);
        imp_check_end(run, fmax(damage, luma_error(original, painted, found, n)), ROUNDING);
    }
    imp_buffer_free(&from);
    imp_buffer_free(&to);
    free(original);
    free(painted);
    free(found);
}

static double steady_error(const float *before, const float *image, const float *state,
                           const float *found, size_t n, double sigma)
{
    double most = 0;
    for (size_t i = 0; i < n; i++) {
        double apart = 0;
        for (size_t k = 0; k < 3; k++)
            apart = fmax(apart, fabs((double)image[k * n + i] - (double)before[k * n + i]));
        const double share = fmin(fmax(apart / (4 * sigma), IMP_PIXELS_STEADY_LEAST), 1);
        for (size_t k = 0; k < 3; k++) {
            const double old = (double)before[k * n + i];
            const double wanted = old + share * ((double)image[k * n + i] - old);
            most = fmax(most, imp_check_apart((double)state[k * n + i], wanted));
            most = fmax(most, imp_check_apart((double)found[k * n + i], wanted));
        }
    }
    return most;
}

static void check_steady(struct imp_check_run *run, int pixels, double sigma)
{
    const size_t n = (size_t)pixels;
    float *before = imp_check_data(run, 3, 3 * n, false),
          *image = imp_check_data(run, 4, 3 * n, false);
    float *after = imp_check_data(run, 0, 3 * n, false),
          *found = imp_check_data(run, 1, 3 * n, false);
    struct imp_buffer *state = NULL, *frame = NULL;
    if (before && image && after && found && imp_check_buffer(run, &state, 3 * n, before) &&
        imp_check_buffer(run, &frame, 3 * n, image) &&
        imp_check_ok(run, imp_pixels_steady(run->device, state, frame, pixels, sigma))) {
        const double damage = fmax(imp_check_read_buffer(run, state, 3 * n, after),
                                   imp_check_read_buffer(run, frame, 3 * n, found));
        imp_check_end(run, fmax(damage, steady_error(before, image, after, found, n, sigma)),
                      ROUNDING);
    }
    imp_buffer_free(&state);
    imp_buffer_free(&frame);
    free(before);
    free(image);
    free(after);
    free(found);
}

static void check_reduce(struct imp_check_run *run, int height, int width, int by)
{
    const size_t n = 3 * (size_t)height * (size_t)width;
    const int rows = height / by, columns = width / by;
    const size_t small = 3 * (size_t)rows * (size_t)columns;
    float *image = imp_check_data(run, 3, n, false), *found = imp_check_data(run, 4, small, false);
    double *expected = imp_check_doubles(run, small);
    struct imp_buffer *from = NULL, *to = NULL;
    if (image && found && expected && imp_check_buffer(run, &from, n, image) &&
        imp_check_buffer(run, &to, small, NULL) &&
        imp_check_ok(run, imp_pixels_reduce(run->device, from, height, width, by, to))) {
        const double damage = imp_check_read_buffer(run, to, small, found);
        for (size_t i = 0; i < small; i++) {
            const size_t k = i / (small / 3), y = i % (small / 3) / (size_t)columns;
            const size_t x = i % (size_t)columns;
            for (size_t p = 0; p < (size_t)(by * by); p++) {
                const size_t row = y * (size_t)by + p / (size_t)by;
                const size_t column = x * (size_t)by + p % (size_t)by;
                expected[i] +=
                    (double)image[(k * (size_t)height + row) * (size_t)width + column] / (by * by);
            }
        }
        imp_check_end(run, fmax(damage, imp_check_error(found, expected, small)), ROUNDING);
    }
    imp_buffer_free(&from);
    imp_buffer_free(&to);
    free(image);
    free(found);
    free(expected);
}

void imp_check_pixels(struct imp_check_run *run)
{
    const size_t count = imp_check_rows(run, 0, 9, IMP_COUNT(forms), IMP_COUNT(forms));
    for (size_t i = 0; i < count; i++) {
        const struct form *f = &forms[i];
        if (imp_check_begin(run, "pixels take %s %dx%d", f->name, f->width, f->height))
            check_take(run, f);
        if (imp_check_begin(run, "pixels give %s %dx%d", f->name, f->width, f->height))
            check_give(run, f);
    }
    if (imp_check_begin(run, "pixels give NaN"))
        check_odd(run, &forms[0], NAN);
    if (imp_check_begin(run, "pixels give infinity, RGB24"))
        check_odd(run, &forms[3], INFINITY);
    if (imp_check_begin(run, "pixels luma"))
        check_luma(run, 2085);
    if (imp_check_begin(run, "pixels steady"))
        check_steady(run, 1031, 0.05);
    if (imp_check_begin(run, "pixels steady one pixel"))
        check_steady(run, 1, 0.7);
    if (imp_check_begin(run, "pixels reduce by 3"))
        check_reduce(run, 20, 31, 3);
    if (imp_check_begin(run, "pixels reduce by 1"))
        check_reduce(run, 5, 1, 1);
}
