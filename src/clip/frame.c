/* SPDX-License-Identifier: MIT */
/* Frames in the caller's memory. */

#include "clip/clip.h"

#include <stdint.h>

static size_t sample_bytes(enum impasto_samples samples)
{
    return samples == IMPASTO_SAMPLES_FLOAT   ? sizeof(float)
           : samples == IMPASTO_SAMPLES_SHORT ? sizeof(uint16_t)
                                              : 1;
}

enum impasto_status imp_frame_check(const char *name, const struct impasto_frame *theirs, int width,
                                    int height, struct impasto_frame *ours,
                                    struct impasto_error *error)
{
    *ours = (struct impasto_frame){0};
    IMP_TRY(imp_sized_take("impasto_frame", theirs, ours, sizeof(*ours), error));
    if (ours->width != width || ours->height != height)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "`%s` is a frame of %dx%d pixels; this clip's have %dx%d", name,
                        ours->width, ours->height, width, height);
    if (ours->samples > IMPASTO_SAMPLES_SHORT)
        return imp_fail(error, IMPASTO_ERROR_USAGE, "`%s` has samples of an unknown kind, %u", name,
                        (unsigned)ours->samples);
    const size_t bytes = sample_bytes(ours->samples), least = 3 * (size_t)width * bytes;
    if (!ours->pixels || ours->stride < least || ours->stride % bytes != 0 ||
        (uintptr_t)ours->pixels % bytes != 0)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "`%s` has no pixels, or rows of %zu bytes; at least %zu are needed, and "
                        "multiples of %zu",
                        name, ours->stride, least, bytes);
    return IMPASTO_OK;
}

/* NaN and what is beyond go to the range's ends. */
static float within(float value)
{
    return value > 0 ? value < 1 ? value : 1 : 0;
}

static void read_row(enum impasto_samples samples, const void *row, size_t values, float *to)
{
    const unsigned char *bytes = row;
    const uint16_t *shorts = row;
    const float *floats = row;
    if (samples == IMPASTO_SAMPLES_FLOAT)
        for (size_t i = 0; i < values; i++)
            to[i] = within(floats[i]);
    else if (samples == IMPASTO_SAMPLES_SHORT)
        for (size_t i = 0; i < values; i++)
            to[i] = (float)shorts[i] / 65535;
    else
        for (size_t i = 0; i < values; i++)
            to[i] = (float)bytes[i] / 255;
}

static void write_row(enum impasto_samples samples, const float *from, size_t values, void *row)
{
    unsigned char *bytes = row;
    uint16_t *shorts = row;
    float *floats = row;
    if (samples == IMPASTO_SAMPLES_FLOAT)
        for (size_t i = 0; i < values; i++)
            floats[i] = within(from[i]);
    else if (samples == IMPASTO_SAMPLES_SHORT)
        for (size_t i = 0; i < values; i++)
            shorts[i] = (uint16_t)(within(from[i]) * 65535 + 0.5F);
    else
        for (size_t i = 0; i < values; i++)
            bytes[i] = (unsigned char)(within(from[i]) * 255 + 0.5F);
}

void imp_frame_read(const struct impasto_frame *frame, struct impasto_image *image)
{
    const size_t values = 3 * (size_t)frame->width;
    for (size_t y = 0; y < (size_t)frame->height; y++)
        read_row(frame->samples, (const char *)frame->pixels + y * frame->stride, values,
                 image->rgb + y * values);
}

void imp_frame_write(const struct impasto_image *image, const struct impasto_frame *frame)
{
    const size_t values = 3 * (size_t)frame->width;
    for (size_t y = 0; y < (size_t)frame->height; y++)
        write_row(frame->samples, image->rgb + y * values, values,
                  (char *)frame->pixels + y * frame->stride);
}

void imp_frame_planes(const struct impasto_image *image, float *planes)
{
    const size_t n = (size_t)image->width * (size_t)image->height;
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < 3; c++)
            planes[c * n + i] = image->rgb[3 * i + c];
}

void imp_frame_image(const float *planes, struct impasto_image *image)
{
    const size_t n = (size_t)image->width * (size_t)image->height;
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < 3; c++)
            image->rgb[3 * i + c] = planes[c * n + i];
}
