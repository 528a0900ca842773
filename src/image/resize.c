/* SPDX-License-Identifier: MIT */
/*
 * Resampling, separably. Pictures are resampled by Lanczos-3. Shrinking averages light, so it works
 * on linear values. Enlarging linear values would ring darkly around bright edges, so it works on
 * the encoded values.
 */

#include "image/image.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

void imp_image_fit(int width, int height, int longer, int *out_width, int *out_height)
{
    const int side = width > height ? width : height;
    const double scale = (double)longer / side;
    *out_width = (int)fmax(1, floor(width * scale + 0.5));
    *out_height = (int)fmax(1, floor(height * scale + 0.5));
}

static double to_linear(double v)
{
    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

static float to_encoded(float v)
{
    return v <= 0.0031308f ? 12.92f * v : 1.055f * powf(v, 1 / 2.4f) - 0.055f;
}

/* A filter reaches so many samples to each side. */
static int reach_of(enum imp_filter filter)
{
    return filter == IMP_FILTER_LANCZOS ? 3 : 1;
}

static double value_of(enum imp_filter filter, double x)
{
    const int reach = reach_of(filter);
    x = fabs(x);
    if (x >= reach)
        return 0;
    if (filter == IMP_FILTER_TENT)
        return 1 - x;
    return x < 1e-9 ? 1 : reach * sin(pi * x) * sin(pi * x / reach) / (pi * pi * x * x);
}

/* For each of `to` output samples: from which input sample on, how many, and their weights. Samples
 * beyond the edge fall to the edge sample; weights sum to 1. */
struct taps {
    int *first;
    float *weights; /* to x width */
    int width;
};

static bool taps_make(struct taps *taps, enum imp_filter filter, int from, int to)
{
    const double scale = (double)from / to, stretch = scale > 1 ? scale : 1;
    const double radius = reach_of(filter) * stretch;
    taps->width = (int)ceil(2 * radius) + 1;
    if (taps->width > from)
        taps->width = from;
    taps->first = malloc((size_t)to * sizeof(*taps->first));
    taps->weights = calloc((size_t)to * (size_t)taps->width, sizeof(*taps->weights));
    if (!taps->first || !taps->weights)
        return false;
    for (int i = 0; i < to; i++) {
        const double centre = (i + 0.5) * scale - 0.5;
        int first = (int)floor(centre - radius) + 1;
        const int last = (int)ceil(centre + radius) - 1;
        int start = first < 0 ? 0 : first;
        if (start > from - taps->width)
            start = from - taps->width;
        float *weights = taps->weights + (size_t)i * (size_t)taps->width;
        double sum = 0;
        for (int k = first; k <= last; k++)
            sum += value_of(filter, (k - centre) / stretch);
        for (int k = first; k <= last; k++) {
            const int at = k < 0 ? 0 : k >= from ? from - 1 : k;
            weights[at - start] += (float)(value_of(filter, (k - centre) / stretch) / sum);
        }
        taps->first[i] = start;
    }
    return true;
}

static void taps_free(struct taps *taps)
{
    free(taps->first);
    free(taps->weights);
}

/* Light of encoded values i/DECODED, between which it is interpolated: within 1e-7. */
#define DECODED 4096
struct decoded {
    float light, step; /* to the next */
};

static struct decoded *decode_table(void)
{
    struct decoded *table = malloc((DECODED + 1) * sizeof(*table));
    for (int i = 0; table && i <= DECODED; i++) {
        const double light = to_linear((double)i / DECODED);
        table[i].light = (float)light;
        table[i].step = (float)(to_linear((i + 1.0) / DECODED) - light);
    }
    return table;
}

static float clamp01(float v)
{
    return v > 0 ? (v < 1 ? v : 1) : 0;
}

/* A finished row back to straight, encoded values. Where nothing shows, colour is black. */
static void finish_row(const float *row, bool linear, int channels, struct impasto_image *out,
                       int y)
{
    const size_t base = (size_t)y * (size_t)out->width;
    for (int x = 0; x < out->width; x++) {
        const float *in = row + (size_t)x * (size_t)channels;
        const float alpha = channels == 4 ? clamp01(in[3]) : 1;
        for (size_t c = 0; c < 3; c++) {
            const float v = alpha > 0 ? clamp01(channels == 4 ? in[c] / in[3] : in[c]) : 0;
            out->rgb[3 * (base + (size_t)x) + c] = linear ? to_encoded(v) : v;
        }
        if (channels == 4)
            out->alpha[base + (size_t)x] = alpha;
    }
}

/* What a picture is resampled with. Light is taken where there is a table for it. */
struct resampling {
    const struct impasto_image *image;
    int channels;
    struct decoded *table;
    struct taps across, down;
    float *strip; /* rows of a strip of columns, as many as `down` takes */
    float *lines; /* all columns of the output's rows */
    float *line;  /* one finished row */
};

/* Columns that go through the vertical pass together: so many that the rows which a result takes
 * stay in a cache. */
#define STRIP_BYTES ((size_t)512 << 10)
#define LEAST_STRIP 16

/* Light of encoded values. */
static void decode_values(const struct decoded *table, const float *in, size_t count, float *out)
{
    for (size_t i = 0; i < count; i++) {
        const float positive = in[i] > 0 ? in[i] : 0;
        const float place = (positive < 1 ? positive : 1) * DECODED;
        const int below = (int)place;
        out[i] = table[below].light + (place - (float)below) * table[below].step;
    }
}

/* Columns first to first + count of an input row as premultiplied values, `channels` of each. */
static void prepare_row(const struct resampling *r, int y, int first, int count, float *out)
{
    const size_t at = (size_t)y * (size_t)r->image->width + (size_t)first;
    const size_t values = 3 * (size_t)count;
    const float *rgb = r->image->rgb + 3 * at;
    float *straight = r->channels == 4 ? out + count : out; /* at the end, and spread below */
    if (r->table)
        decode_values(r->table, rgb, values, straight);
    else
        memcpy(straight, rgb, values * sizeof(float));
    for (size_t x = 0; r->channels == 4 && x < (size_t)count; x++) {
        const float alpha = r->image->alpha[at + x];
        for (size_t c = 0; c < 3; c++)
            out[4 * x + c] = alpha * straight[3 * x + c];
        out[4 * x + 3] = alpha;
    }
}

/* Sums of rows by weights: `count` values of each. Some at a time, whose sums stay in registers. */
static void add_rows(const float *rows, size_t stride, int taps, const float *weights, size_t count,
                     float *out)
{
    enum { TOGETHER = 16 };
    size_t i = 0;
    /* NOLINTBEGIN(clang-analyzer-core.*): pass_down has prepared the rows */
    for (; i + TOGETHER <= count; i += TOGETHER) {
        float sum[TOGETHER] = {0};
        for (int k = 0; k < taps; k++)
            for (size_t j = 0; j < TOGETHER; j++)
                sum[j] += weights[k] * rows[(size_t)k * stride + i + j];
        memcpy(out + i, sum, sizeof(sum));
    }
    for (; i < count; i++) {
        float sum = 0;
        for (int k = 0; k < taps; k++)
            sum += weights[k] * rows[(size_t)k * stride + i];
        out[i] = sum;
    }
    /* NOLINTEND(clang-analyzer-core.*) */
}

/* The vertical pass of columns first to first + count. Rows enter the strip as results take them,
 * in order. It has room for twice as many as one result takes, so that they are moved seldom. */
static void pass_down(struct resampling *r, int out_height, int first, int count, int strip_rows)
{
    const size_t stride = (size_t)count * (size_t)r->channels;
    const size_t line = (size_t)r->image->width * (size_t)r->channels;
    int begin = 0, end = 0; /* rows of the image that are in the strip */
    for (int y = 0; y < out_height; y++) {
        const int from = r->down.first[y], to = from + r->down.width;
        if (to - begin > strip_rows) {
            const int kept = end > from ? end - from : 0;
            memmove(r->strip, r->strip + (size_t)(from - begin) * stride,
                    (size_t)kept * stride * sizeof(float));
            begin = from;
            end = from + kept;
        }
        for (; end < to; end++)
            prepare_row(r, end, first, count, r->strip + (size_t)(end - begin) * stride);
        add_rows(r->strip + (size_t)(from - begin) * stride, stride, r->down.width,
                 r->down.weights + (size_t)y * (size_t)r->down.width, stride,
                 r->lines + (size_t)y * line + (size_t)first * (size_t)r->channels);
    }
}

/* The horizontal pass of one row. */
static void pass_across(const struct resampling *r, const float *in, int out_width, float *out)
{
    const int channels = r->channels;
    for (int x = 0; x < out_width; x++, out += channels) {
        const float *weights = r->across.weights + (size_t)x * (size_t)r->across.width;
        const float *from = in + (size_t)r->across.first[x] * (size_t)channels;
        float sum[4] = {0};
        for (int k = 0; k < r->across.width; k++)
            for (int c = 0; c < channels; c++)
                sum[c] += weights[k] * from[k * channels + c];
        memcpy(out, sum, (size_t)channels * sizeof(float));
    }
}

/* Columns first, as the sums of whole rows are the faster ones, and shrinking leaves few rows. */
static enum impasto_status resample(const struct impasto_image *image, struct impasto_image *out,
                                    struct impasto_error *error)
{
    const bool linear = out->width < image->width || out->height < image->height;
    struct resampling r = {.image = image, .channels = image->alpha ? 4 : 3};
    const size_t channels = (size_t)r.channels, line = (size_t)image->width * channels;
    const size_t needed = (size_t)out->height * line * sizeof(float);
    enum impasto_status status = IMPASTO_OK;
    if (!taps_make(&r.across, IMP_FILTER_LANCZOS, image->width, out->width) ||
        !taps_make(&r.down, IMP_FILTER_LANCZOS, image->height, out->height)) {
        status = imp_fail_memory(error, "resizing a picture", needed);
        goto done;
    }
    const int strip_rows = 2 * r.down.width;
    const size_t column = (size_t)strip_rows * channels * sizeof(float);
    const size_t fitting = STRIP_BYTES / column;
    const int columns = fitting < LEAST_STRIP ? LEAST_STRIP : (int)fitting;
    r.strip = malloc((size_t)columns * column);
    r.lines = malloc(needed);
    r.line = malloc((size_t)out->width * channels * sizeof(float));
    r.table = linear ? decode_table() : NULL;
    if (!r.strip || !r.lines || !r.line || (linear && !r.table)) {
        status = imp_fail_memory(error, "resizing a picture", needed);
        goto done;
    }
    for (int x = 0; x < image->width; x += columns)
        pass_down(&r, out->height, x, image->width - x < columns ? image->width - x : columns,
                  strip_rows);
    for (int y = 0; y < out->height; y++) {
        pass_across(&r, r.lines + (size_t)y * line, out->width, r.line);
        finish_row(r.line, linear, r.channels, out, y);
    }
done:
    taps_free(&r.across);
    taps_free(&r.down);
    free(r.table);
    free(r.strip);
    free(r.lines);
    free(r.line);
    return status;
}

/* Metadata, and with an unchanged size everything else too. */
static enum impasto_status copy_parts(const struct impasto_image *image, bool pixels,
                                      struct impasto_image *out, struct impasto_error *error)
{
    const size_t count = (size_t)out->width * (size_t)out->height;
    if (image->alpha) {
        out->alpha = malloc(count * sizeof(float));
        if (!out->alpha)
            return imp_fail_memory(error, "transparency", count * sizeof(float));
    }
    IMP_TRY(imp_metadata_copy(&image->metadata, &out->metadata, error));
    if (pixels) {
        memcpy(out->rgb, image->rgb, 3 * count * sizeof(float));
        if (image->alpha)
            memcpy(out->alpha, image->alpha, count * sizeof(float));
    }
    return IMPASTO_OK;
}

enum impasto_status imp_image_resize(const struct impasto_image *image, int width, int height,
                                     struct impasto_image **resized, struct impasto_error *error)
{
    struct impasto_image *out = NULL;
    IMP_TRY(impasto_image_create(width, height, &out, error));
    const bool same = width == image->width && height == image->height;
    enum impasto_status status = copy_parts(image, same, out, error);
    if (status == IMPASTO_OK && !same)
        status = resample(image, out, error);
    if (status == IMPASTO_OK)
        *resized = out;
    else
        impasto_image_free(&out);
    return status;
}

enum impasto_status imp_planes_resize(const float *from, int planes, int from_height,
                                      int from_width, enum imp_filter filter, float *to,
                                      int to_height, int to_width, struct impasto_error *error)
{
    const size_t columns = (size_t)to_width;
    struct taps across = {0}, down = {0};
    enum impasto_status status = IMPASTO_OK;
    float *rows = malloc((size_t)from_height * columns * sizeof(float));
    if (!rows || !taps_make(&across, filter, from_width, to_width) ||
        !taps_make(&down, filter, from_height, to_height))
        status = imp_fail_memory(error, "resizing", (size_t)from_height * columns * sizeof(float));
    for (int plane = 0; plane < planes && status == IMPASTO_OK; plane++) {
        for (int y = 0; y < from_height; y++)
            for (int x = 0; x < to_width; x++) {
                const float *in = from + (size_t)y * (size_t)from_width + across.first[x];
                const float *weights = across.weights + (size_t)x * (size_t)across.width;
                float sum = 0;
                for (int k = 0; k < across.width; k++)
                    sum += weights[k] * in[k];
                rows[(size_t)y * columns + (size_t)x] = sum;
            }
        memset(to, 0, (size_t)to_height * columns * sizeof(float));
        for (int y = 0; y < to_height; y++)
            for (int k = 0; k < down.width; k++) {
                const float weight = down.weights[(size_t)y * (size_t)down.width + (size_t)k];
                const float *in = rows + (size_t)(down.first[y] + k) * columns;
                for (size_t x = 0; x < columns; x++)
                    to[(size_t)y * columns + x] += weight * in[x];
            }
        from += (size_t)from_height * (size_t)from_width;
        to += (size_t)to_height * columns;
    }
    taps_free(&across);
    taps_free(&down);
    free(rows);
    return status;
}

enum impasto_status impasto_image_resize(const struct impasto_image *image, int width, int height,
                                         struct impasto_image **resized,
                                         struct impasto_error *error)
{
    return imp_image_resize(image, width, height, resized, error);
}
