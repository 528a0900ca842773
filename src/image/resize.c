/* SPDX-License-Identifier: MIT */
/*
 * Resampling, separably: rows first, then columns. Pictures by Lanczos-3. Shrinking averages light, so it is
 * done on linear values; enlarging on linear values would ring darkly around bright edges, so there
 * the encoded values are taken.
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

static float to_linear(float v)
{
    return v <= 0.04045f ? v / 12.92f : powf((v + 0.055f) / 1.055f, 2.4f);
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

/* One row of the picture as premultiplied linear or encoded values, `channels` of them. */
static void prepare_row(const struct impasto_image *image, int y, bool linear, int channels,
                        float *row)
{
    const size_t base = (size_t)y * (size_t)image->width;
    for (int x = 0; x < image->width; x++) {
        const float *rgb = image->rgb + 3 * (base + (size_t)x);
        const float alpha = channels == 4 ? image->alpha[base + (size_t)x] : 1;
        float *out = row + (size_t)x * (size_t)channels;
        for (int c = 0; c < 3; c++)
            out[c] = alpha * (linear ? to_linear(rgb[c]) : rgb[c]);
        if (channels == 4)
            out[3] = alpha;
    }
}

static float clamp01(float v)
{
    return v > 0 ? (v < 1 ? v : 1) : 0;
}

/* A finished row back to straight, encoded values. Where nothing shows, colour is black. */
static void finish_row(const float *row, bool linear, int channels, struct impasto_image *out, int y)
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

static enum impasto_status resample(const struct impasto_image *image, struct impasto_image *out,
                                    struct impasto_error *error)
{
    const bool linear = out->width < image->width || out->height < image->height;
    const int channels = image->alpha ? 4 : 3;
    const size_t row_size = (size_t)out->width * (size_t)channels;
    struct taps across = {0}, down = {0};
    enum impasto_status status = IMPASTO_OK;
    /* `wide`: an input row; `rows`: all input rows brought to the output's width; `line`: a result. */
    float *wide = malloc((size_t)image->width * (size_t)channels * sizeof(float));
    float *rows = malloc((size_t)image->height * row_size * sizeof(float));
    float *line = malloc(row_size * sizeof(float));
    if (!wide || !rows || !line || !taps_make(&across, IMP_FILTER_LANCZOS, image->width, out->width) ||
        !taps_make(&down, IMP_FILTER_LANCZOS, image->height, out->height)) {
        status = imp_fail_memory(error, "resizing a picture",
                                 (size_t)image->height * row_size * sizeof(float));
        goto done;
    }
    for (int y = 0; y < image->height; y++) {
        prepare_row(image, y, linear, channels, wide);
        for (int x = 0; x < out->width; x++) {
            const float *weights = across.weights + (size_t)x * (size_t)across.width;
            const float *in = wide + (size_t)across.first[x] * (size_t)channels;
            float sum[4] = {0};
            for (int k = 0; k < across.width; k++)
                for (int c = 0; c < channels; c++)
                    sum[c] += weights[k] * in[k * channels + c];
            memcpy(rows + (size_t)y * row_size + (size_t)x * (size_t)channels, sum,
                   (size_t)channels * sizeof(float));
        }
    }
    for (int y = 0; y < out->height; y++) {
        const float *weights = down.weights + (size_t)y * (size_t)down.width;
        memset(line, 0, row_size * sizeof(float));
        for (int k = 0; k < down.width; k++) {
            const float *in = rows + (size_t)(down.first[y] + k) * row_size;
            for (size_t i = 0; i < row_size; i++)
                /* NOLINTNEXTLINE(clang-analyzer-core.*): the loop above has written all rows */
                line[i] += weights[k] * in[i];
        }
        finish_row(line, linear, channels, out, y);
    }
done:
    taps_free(&across);
    taps_free(&down);
    free(wide);
    free(rows);
    free(line);
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
