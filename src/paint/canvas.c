/* SPDX-License-Identifier: MIT */
/* Sizes, and the canvas: a picture with a mirrored margin. */

#include "image/image.h"
#include "paint/paint.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int longer(int width, int height)
{
    return width > height ? width : height;
}

struct imp_sizes imp_sizes_of(const struct impasto_params *params, int size, int width, int height)
{
    struct imp_sizes sizes = {.margin = params->margin};
    if (size == IMPASTO_SIZE_SOURCE)
        size = longer(width, height);
    imp_image_fit(width, height, size, &sizes.width, &sizes.height);
    sizes.canvas_width = sizes.width + 2 * params->margin;
    sizes.canvas_height = sizes.height + 2 * params->margin;
    sizes.rows = sizes.canvas_height;
    return sizes;
}

enum impasto_status imp_sizes_check(const char *what, const char *name, const char *setting,
                                    int width, int height, struct impasto_error *error)
{
    const char *colon = name ? ": " : "";
    name = name ? name : "";
    if (width > IMP_LARGEST_SIDE || height > IMP_LARGEST_SIDE)
        return imp_fail(error, IMPASTO_ERROR_INPUT,
                        "%s%sthe %s picture would be %dx%d pixels; sides of up to %d can be worked "
                        "on: give a %s",
                        name, colon, what, width, height, IMP_LARGEST_SIDE, setting);
    if (width >= IMP_SMALLEST_SIDE && height >= IMP_SMALLEST_SIDE)
        return IMPASTO_OK;
    return imp_fail(error, IMPASTO_ERROR_INPUT,
                    "%s%sthe %s picture would be %dx%d pixels; at least %dx%d are needed: use a "
                    "larger %s or another picture",
                    name, colon, what, width, height, IMP_SMALLEST_SIDE, IMP_SMALLEST_SIDE,
                    setting);
}

void imp_style_fit(const struct impasto_params *params, int size, int last, int own_width,
                   int own_height, int *width, int *height)
{
    const int own = longer(own_width, own_height);
    const int asked = params->style_size == IMPASTO_SIZE_SOURCE ? own : params->style_size;
    /* A size that was asked for holds for the last scale, and shrinks with the others. */
    const float side = params->style_size == IMPASTO_SIZE_AUTO
                           ? fminf((float)size * params->style_scale, (float)own)
                           : (float)asked * (float)size / (float)last;
    imp_image_fit(own_width, own_height, (int)fmaxf(roundf(side), 1), width, height);
    /* Too small to look at, but only on the way: as small as can be instead. */
    if (size < last && (*width < IMP_SMALLEST_SIDE || *height < IMP_SMALLEST_SIDE)) {
        const float shorter = (float)(own_width < own_height ? own_width : own_height);
        imp_image_fit(own_width, own_height, (int)ceilf(IMP_SMALLEST_SIDE * (float)own / shorter),
                      width, height);
    }
}

size_t imp_canvas_count(const struct imp_sizes *sizes)
{
    return (size_t)sizes->canvas_width * (size_t)sizes->canvas_height;
}

size_t imp_canvas_own(const struct imp_sizes *sizes)
{
    return (size_t)sizes->canvas_width * (size_t)sizes->rows;
}

/* Position i of a canvas with a margin, as a pixel of 0..n-1. It is mirrored about the edge pixel,
 * as often as a wide margin around a small picture needs. */
static int mirror(int i, int margin, int n)
{
    const int period = 2 * (n - 1);
    int k = abs(i - margin) % period;
    return k < n ? k : period - k;
}

void imp_canvas_spread(const struct imp_sizes *sizes, const float *planes, int count, float *out)
{
    for (int c = 0; c < count; c++)
        for (int y = 0; y < sizes->canvas_height; y++) {
            const int from = c * sizes->height + mirror(y, sizes->margin, sizes->height);
            const float *row = planes + (size_t)from * (size_t)sizes->width;
            for (int x = 0; x < sizes->canvas_width; x++)
                *out++ = row[mirror(x, sizes->margin, sizes->width)];
        }
}

void imp_canvas_cut(const struct imp_sizes *sizes, const float *planes, int count, float *out)
{
    const size_t width = (size_t)sizes->width, pitch = (size_t)sizes->canvas_width;
    for (int c = 0; c < count; c++)
        for (int y = 0; y < sizes->height; y++, out += width)
            memcpy(out,
                   planes + (size_t)(c * sizes->canvas_height + y + sizes->margin) * pitch +
                       (size_t)sizes->margin,
                   width * sizeof(float));
}
