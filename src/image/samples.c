/* SPDX-License-Identifier: MIT */
/* Between the whole numbers that decoders and encoders work with and the floats of a picture, and
 * the bytes of files that libraries want whole. */

#include "image/formats.h"

#include <errno.h>
#include <stdlib.h>

/* The first buffer for a file's bytes; it doubles. */
#define FIRST_BYTES ((size_t)1 << 16)

enum impasto_status imp_image_read_whole(const struct imp_image_source *source,
                                         unsigned char **bytes, size_t *size,
                                         struct impasto_error *error)
{
    unsigned char *held = NULL;
    size_t used = 0, capacity = 0;
    do {
        if (used == capacity) {
            capacity = capacity ? 2 * capacity : FIRST_BYTES;
            unsigned char *more = capacity <= source->memory ? realloc(held, capacity) : NULL;
            if (!more) {
                free(held);
                return imp_fail_memory(error, source->path, capacity);
            }
            held = more;
        }
        used += fread(held + used, 1, capacity - used, source->stream);
    } while (!feof(source->stream) && !ferror(source->stream));
    if (ferror(source->stream)) {
        const int problem = errno;
        free(held);
        return imp_fail_file(error, IMPASTO_ERROR_INPUT, source->path, "cannot be read", problem);
    }
    *bytes = held;
    *size = used;
    return IMPASTO_OK;
}

static float value(const struct imp_samples *from, const unsigned char *row, size_t index)
{
    const unsigned v = from->wide ? ((const uint16_t *)(const void *)row)[index] : row[index];
    return v < from->top ? (float)v / (float)from->top : 1;
}

/* Colours of one row into `row`, transparency into `alpha`. */
static void unpack(const struct imp_samples *from, const unsigned char *samples, size_t width,
                   float *row, float *alpha)
{
    const size_t step = (size_t)from->step;
    for (size_t x = 0; x < width; x++) {
        const float a = alpha ? value(from, samples, step * x + 3) : 1;
        const float by = from->premultiplied && a > 0 ? 1 / a : 1;
        for (size_t c = 0; c < 3; c++) {
            const float v = by * value(from, samples, step * x + c);
            row[3 * x + c] = v < 1 ? v : 1;
        }
        if (alpha)
            alpha[x] = a;
    }
}

/* Likewise, as bytes that nothing need be done to. */
static void unpack_bytes(const struct imp_samples *from, const unsigned char *samples, size_t width,
                         unsigned char *row, float *alpha)
{
    for (size_t x = 0; x < width; x++, samples += from->step) {
        for (size_t c = 0; c < 3; c++)
            row[3 * x + c] = samples[c];
        if (alpha)
            alpha[x] = (float)samples[3] / 255;
    }
}

enum impasto_status imp_samples_take(const struct imp_samples *samples,
                                     const struct imp_colour *colour, struct impasto_image *image,
                                     struct impasto_error *error)
{
    const size_t width = (size_t)image->width;
    const bool bytes = !samples->wide && !samples->premultiplied && samples->top == 255;
    if (samples->alpha)
        IMP_TRY(imp_image_add_alpha(image, error));
    float *row = malloc(3 * width * sizeof(float));
    if (!row)
        return imp_fail_memory(error, "a row of a picture", 3 * width * sizeof(float));
    for (size_t y = 0; y < (size_t)image->height; y++) {
        const unsigned char *from = samples->data + y * samples->stride;
        float *alpha = image->alpha ? image->alpha + y * width : NULL;
        float *rgb = image->rgb + 3 * y * width;
        if (bytes) {
            unpack_bytes(samples, from, width, (unsigned char *)row, alpha);
            imp_colour_convert_bytes(colour, IMP_COLOUR_RGB, (unsigned char *)row, rgb, width);
        } else {
            unpack(samples, from, width, row, alpha);
            imp_colour_convert(colour, IMP_COLOUR_RGB, row, rgb, width);
        }
    }
    free(row);
    return IMPASTO_OK;
}

bool imp_image_is_transparent(const struct impasto_image *image)
{
    const size_t pixels = (size_t)image->width * (size_t)image->height;
    for (size_t i = 0; image->alpha && i < pixels; i++)
        if (image->alpha[i] < 1)
            return true;
    return false;
}

unsigned imp_sample_quantize(float v, unsigned top)
{
    return v > 0 ? (v < 1 ? (unsigned)(v * (float)top + 0.5f) : top) : 0;
}
