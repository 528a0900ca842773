/* SPDX-License-Identifier: MIT */
/* Colours of images: their mean and covariance, and moving them. */

#include "ops/tone.h"
#include "selftest/check.h"

#include <math.h>
#include <stdlib.h>

#define ROUNDING 2e-6

/* Pictures whose colours are level + spread * [-1, 1), their rows `slope` apart. They come in two
 * strips, of which the first has so many rows, within an image with `beside` rows more at both
 * ends. */
static const struct form {
    const char *name;
    int height, width, strip, beside;
    float level, spread, slope;
} forms[] = {
    {"plain", 37, 29, 16, 0, 0.5F, 0.5F, 0},
    {"one pixel", 1, 1, 16, 0, 0.3F, 0.5F, 0},
    {"within an image", 50, 7, 32, 3, 0.5F, 0.3F, 0},
    {"wide", 17, 300, 16, 1, 0.5F, 0.5F, 0},
    {"of little contrast", 40, 33, 16, 2, 0.9F, 0.004F, 0},
    {"with a slope", 64, 140, 32, 0, 0, 0.01F, 0.02F},
    {"of one row more", 33, 129, 32, 5, 1, 0.2F, -0.01F},
};

static size_t place(const struct form *f, int channel, int row, int x)
{
    const int rows = f->height + 2 * f->beside;
    return ((size_t)channel * (size_t)rows + (size_t)(f->beside + row)) * (size_t)f->width +
           (size_t)x;
}

static size_t values_of(const struct form *f)
{
    return 3 * (size_t)(f->height + 2 * f->beside) * (size_t)f->width;
}

/* What is beside the picture's rows is NaN. Channels depend on each other. */
static float *image_of(struct imp_check_run *run, const struct form *f)
{
    const size_t n = values_of(f);
    float *noise = imp_check_data(run, 0, n, false), *image = imp_check_data(run, 1, n, false);
    for (size_t i = 0; noise && image && i < n; i++)
        image[i] = NAN;
    for (int k = 0; noise && image && k < 3; k++)
        for (int y = 0; y < f->height; y++)
            for (int x = 0; x < f->width; x++)
                image[place(f, k, y, x)] =
                    f->level * (float)(k + 1) / 3 + f->slope * (float)y +
                    f->spread * (noise[place(f, k, y, x)] + noise[place(f, 0, y, x)]) / 2;
    free(noise);
    return image;
}

/* In two passes; the error is over the largest variance. */
static double moments_error(const struct form *f, const float *image, const double mean[3],
                            double covariance[3][3])
{
    const double n = (double)f->height * f->width;
    double middle[3] = {0}, expected[3][3] = {{0}}, most = 1e-30, error = 0;
    for (int k = 0; k < 3; k++)
        for (int y = 0; y < f->height; y++)
            for (int x = 0; x < f->width; x++)
                middle[k] += (double)image[place(f, k, y, x)] / n;
    for (int i = 0; i < 9; i++)
        for (int y = 0; y < f->height; y++)
            for (int x = 0; x < f->width; x++)
                expected[i / 3][i % 3] += ((double)image[place(f, i / 3, y, x)] - middle[i / 3]) *
                                          ((double)image[place(f, i % 3, y, x)] - middle[i % 3]) /
                                          n;
    for (int k = 0; k < 3; k++)
        most = fmax(most, expected[k][k]);
    for (int i = 0; i < 9; i++)
        error = fmax(error, imp_check_over(covariance[i / 3][i % 3], expected[i / 3][i % 3], most));
    for (int k = 0; k < 3; k++)
        error = fmax(error, imp_check_apart(mean[k], middle[k]));
    return error;
}

static bool sum_strips(struct imp_check_run *run, const struct form *f,
                       const struct imp_buffer *image, struct imp_buffer *sums)
{
    const int first = f->strip < f->height ? f->strip : f->height;
    const int rows = f->height + 2 * f->beside;
    const struct imp_tone_rows upper = {rows, f->width, f->beside, first};
    const struct imp_tone_rows lower = {rows, f->width, f->beside + first, f->height - first};
    return imp_check_ok(run, imp_tone_sums(run->device, image, &upper, 0, sums)) &&
           (lower.rows == 0 ||
            imp_check_ok(run, imp_tone_sums(run->device, image, &lower, first, sums)));
}

static void check_moments(struct imp_check_run *run, const struct form *f)
{
    const size_t count =
        imp_tone_sums_bytes(imp_device_caps(run->device), f->height) / sizeof(float);
    float *image = image_of(run, f), *read = imp_check_data(run, 2, count, false);
    struct imp_buffer *from = NULL, *sums = NULL;
    double mean[3], covariance[3][3];
    if (image && read && imp_check_buffer(run, &from, values_of(f), image) &&
        imp_check_buffer(run, &sums, count, NULL) && sum_strips(run, f, from, sums) &&
        imp_check_ok(run,
                     imp_tone_measure(run->device, sums, f->height, f->width, mean, covariance))) {
        const double damage = imp_check_read_buffer(run, sums, count, read);
        imp_check_end(run, fmax(damage, moments_error(f, image, mean, covariance)), ROUNDING);
    }
    imp_buffer_free(&from);
    imp_buffer_free(&sums);
    free(image);
    free(read);
}

static double move_error(const struct form *f, const float *before, const float *after,
                         const struct imp_tone_map *map)
{
    double error = 0;
    for (int i = 0; i < 3; i++)
        for (int y = 0; y < f->height; y++)
            for (int x = 0; x < f->width; x++) {
                double wanted = (double)map->added[i];
                for (int j = 0; j < 3; j++)
                    wanted += (double)map->matrix[i][j] * (double)before[place(f, j, y, x)];
                error = fmax(error, imp_check_apart((double)after[place(f, i, y, x)], wanted));
            }
    for (int i = 0; i < 3; i++)
        for (int x = 0; f->beside > 0 && x < f->width; x++)
            if (!isnan(after[place(f, i, -1, x)]) || !isnan(after[place(f, i, f->height, x)]))
                error = INFINITY;
    return error;
}

static void check_move(struct imp_check_run *run, const struct form *f)
{
    static const struct imp_tone_map map = {
        {{1.5F, -0.25F, 0.125F}, {-0.3F, 0.8F, 0.2F}, {0.1F, 0.4F, -2}}, {0.5F, -1, 0.25F}};
    const struct imp_tone_rows rows = {f->height + 2 * f->beside, f->width, f->beside, f->height};
    float *before = image_of(run, f), *after = imp_check_data(run, 2, values_of(f), false);
    struct imp_buffer *image = NULL;
    if (before && after && imp_check_buffer(run, &image, values_of(f), before) &&
        imp_check_ok(run, imp_tone_move(run->device, image, &rows, &map))) {
        const double damage = imp_check_read_buffer(run, image, values_of(f), after);
        imp_check_end(run, fmax(damage, move_error(f, before, after, &map)), ROUNDING);
    }
    imp_buffer_free(&image);
    free(before);
    free(after);
}

void imp_check_tone(struct imp_check_run *run)
{
    const size_t count = imp_check_rows(run, 0, 4, IMP_COUNT(forms), IMP_COUNT(forms));
    for (size_t i = 0; i < count; i++) {
        if (imp_check_begin(run, "tone moments %s", forms[i].name))
            check_moments(run, &forms[i]);
        if (imp_check_begin(run, "tone move %s", forms[i].name))
            check_move(run, &forms[i]);
    }
}
