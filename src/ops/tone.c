/* SPDX-License-Identifier: MIT */
/* Colours of images: cl/tone.cl. */

#include "ops/tone.h"
#include "ops/kernels.h"

#include <stdlib.h>
#include <string.h>

/* On GPUs a band's columns are dealt out to so many work-items, which go along rows together. */
#define PARTS_ACROSS 128

static int parts_of(const struct imp_caps *caps)
{
    return caps->cpu ? 1 : PARTS_ACROSS;
}

static int bands_of(int rows)
{
    return (rows + IMP_TONE_BAND - 1) / IMP_TONE_BAND;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

size_t imp_tone_sums_bytes(const struct imp_caps *caps, int height)
{
    return (size_t)bands_of(height) * (size_t)parts_of(caps) * TONE_MOMENTS * sizeof(float);
}

enum impasto_status imp_tone_sums(struct imp_device *device, const struct imp_buffer *image,
                                  const struct imp_tone_rows *rows, int first,
                                  struct imp_buffer *sums)
{
    const int parts = parts_of(imp_device_caps(device));
    return imp_program_launch(
        device, IMP_PROGRAM_TONE, "tone_sums",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(image), imp_buf(sums), imp_int(rows->height), imp_int(rows->width),
                     imp_int(rows->at), imp_int(rows->rows), imp_int(first / IMP_TONE_BAND),
                     imp_int(parts)),
            .global = {(size_t)parts, (size_t)bands_of(rows->rows)},
            .bytes = imp_float_bytes(3.0 * rows->rows * rows->width),
        });
}

/* Merges the moments of a part of so many pixels to those of n (Chan, Golub and LeVeque 1979). Of
 * the covariance, sums are kept. */
static void merge(const float *part, double pixels, double n, double mean[3],
                  double covariance[3][3])
{
    const double share = pixels / (n + pixels);
    double apart[3];
    for (int i = 0; i < 3; i++)
        apart[i] = (double)part[i] + (double)part[3 + i] - mean[i];
    for (int i = 0; i < 3; i++) {
        const int next = (i + 1) % 3;
        mean[i] += share * apart[i];
        covariance[i][i] += (double)part[6 + i] + n * share * apart[i] * apart[i];
        covariance[i][next] += (double)part[9 + i] + n * share * apart[i] * apart[next];
    }
}

static void merge_all(const float *sums, int parts, int height, int width, double mean[3],
                      double covariance[3][3])
{
    double n = 0;
    memset(mean, 0, 3 * sizeof(double));
    memset(covariance, 0, 9 * sizeof(double));
    for (int row = 0; row < height; row += IMP_TONE_BAND)
        for (int part = 0; part < smaller(parts, width); part++) {
            const size_t at = (size_t)(row / IMP_TONE_BAND) * (size_t)parts + (size_t)part;
            const int rows = smaller(IMP_TONE_BAND, height - row);
            const double pixels = (double)rows * ((width - part + parts - 1) / parts);
            merge(sums + at * TONE_MOMENTS, pixels, n, mean, covariance);
            n += pixels;
        }
    for (int i = 0; i < 3; i++) {
        const int next = (i + 1) % 3;
        covariance[i][i] /= n;
        covariance[next][i] = covariance[i][next] /= n;
    }
}

enum impasto_status imp_tone_measure(struct imp_device *device, const struct imp_buffer *sums,
                                     int height, int width, double mean[3], double covariance[3][3])
{
    const struct imp_caps *caps = imp_device_caps(device);
    const size_t bytes = imp_tone_sums_bytes(caps, height);
    float *values = malloc(bytes);
    if (!values)
        return imp_device_fail_memory(device, "sums of colours", bytes);
    const enum impasto_status status = imp_buffer_read(sums, 0, values, bytes);
    if (status == IMPASTO_OK)
        merge_all(values, parts_of(caps), height, width, mean, covariance);
    free(values);
    return status;
}

enum impasto_status imp_tone_move(struct imp_device *device, struct imp_buffer *image,
                                  const struct imp_tone_rows *rows, const struct imp_tone_map *map)
{
    const float(*m)[3] = map->matrix;
    return imp_program_launch(
        device, IMP_PROGRAM_TONE, "tone_move",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(image), imp_int(rows->height), imp_int(rows->width), imp_int(rows->at),
                     imp_int(rows->rows), imp_float(m[0][0]), imp_float(m[0][1]),
                     imp_float(m[0][2]), imp_float(m[1][0]), imp_float(m[1][1]), imp_float(m[1][2]),
                     imp_float(m[2][0]), imp_float(m[2][1]), imp_float(m[2][2]),
                     imp_float(map->added[0]), imp_float(map->added[1]), imp_float(map->added[2])),
            .global = {imp_column_items(device, rows->width), (size_t)rows->rows},
            .bytes = imp_float_bytes(6.0 * rows->rows * rows->width),
        });
}
