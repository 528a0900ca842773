/* SPDX-License-Identifier: MIT */
/* Between pictures and the planes that the device works on: sizes, margins, start images. */

#include "stylize/stylize.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Four halvings must leave a pixel for block 5. */
#define SMALLEST_SIDE 16
/* Kernels count the values of a picture, three to a pixel, in int. */
#define LARGEST_SIDE 16384

static int longer_side(const struct impasto_image *image)
{
    return image->width > image->height ? image->width : image->height;
}

struct imp_sizes imp_sizes_of(const struct impasto_params *params, int size,
                              const struct impasto_image *content, const struct impasto_image *style)
{
    struct imp_sizes sizes;
    if (size == IMPASTO_SIZE_SOURCE)
        size = longer_side(content);
    imp_image_fit(content->width, content->height, size, &sizes.width, &sizes.height);
    sizes.canvas_width = sizes.width + 2 * params->margin;
    sizes.canvas_height = sizes.height + 2 * params->margin;

    int style_size = params->style_size;
    if (style_size == IMPASTO_SIZE_AUTO)
        style_size = (int)fminf(roundf((float)size * params->style_scale),
                                (float)longer_side(style));
    else if (style_size == IMPASTO_SIZE_SOURCE)
        style_size = longer_side(style);
    imp_image_fit(style->width, style->height, style_size, &sizes.style_width, &sizes.style_height);
    return sizes;
}

static enum impasto_status check_side(const char *what, const char *option, int width, int height,
                                      struct impasto_error *error)
{
    if (width > LARGEST_SIDE || height > LARGEST_SIDE)
        return imp_fail(error, IMPASTO_ERROR_INPUT,
                        "the %s picture would be %dx%d pixels; sides of up to %d can be worked on: "
                        "give a %s",
                        what, width, height, LARGEST_SIDE, option);
    if (width >= SMALLEST_SIDE && height >= SMALLEST_SIDE)
        return IMPASTO_OK;
    return imp_fail(error, IMPASTO_ERROR_INPUT,
                    "the %s picture would be %dx%d pixels; at least %dx%d are needed: use a larger "
                    "%s or another picture",
                    what, width, height, SMALLEST_SIDE, SMALLEST_SIDE, option);
}

enum impasto_status imp_sizes_check(const struct imp_sizes *sizes, struct impasto_error *error)
{
    IMP_TRY(check_side("content", "--size", sizes->width, sizes->height, error));
    return check_side("style", "--style-size", sizes->style_width, sizes->style_height, error);
}

/* Position i of a canvas with a margin, as a pixel of 0..n-1: mirrored about the edge pixel, as often
 * as a wide margin around a small picture needs. */
static int mirror(int i, int margin, int n)
{
    const int period = 2 * (n - 1);
    int k = abs(i - margin) % period;
    return k < n ? k : period - k;
}

enum impasto_status imp_canvas_planes(const struct impasto_image *image, int width, int height,
                                      int margin, float **planes, struct impasto_error *error)
{
    struct impasto_image *resized = NULL;
    IMP_TRY(imp_image_resize(image, width, height, &resized, error));
    const int w = width + 2 * margin, h = height + 2 * margin;
    const size_t plane = (size_t)w * (size_t)h, bytes = 3 * plane * sizeof(float);
    float *out = malloc(bytes);
    if (!out) {
        impasto_image_free(&resized);
        return imp_fail_memory(error, "a picture", bytes);
    }
    for (int y = 0; y < h; y++) {
        const float *row = resized->rgb + (size_t)mirror(y, margin, height) * (size_t)width * 3;
        for (int x = 0; x < w; x++) {
            const float *pixel = row + (size_t)mirror(x, margin, width) * 3;
            for (size_t c = 0; c < 3; c++)
                out[c * plane + (size_t)y * (size_t)w + (size_t)x] = pixel[c];
        }
    }
    impasto_image_free(&resized);
    *planes = out;
    return IMPASTO_OK;
}

enum impasto_status imp_canvas_start(const struct impasto_params *params,
                                     const struct imp_sizes *sizes, const float *content,
                                     float **planes, struct impasto_error *error)
{
    if (params->init == IMPASTO_INIT_IMAGE)
        return imp_canvas_planes(params->init_image, sizes->width, sizes->height, params->margin,
                                 planes, error);
    const size_t count = 3 * (size_t)sizes->canvas_width * (size_t)sizes->canvas_height;
    float *out = malloc(count * sizeof(float));
    if (!out)
        return imp_fail_memory(error, "the start image", count * sizeof(float));
    for (size_t i = 0; i < count; i++)
        out[i] = params->init == IMPASTO_INIT_NOISE  ? imp_rng_uniform(params->seed, 0, i)
                 : params->init == IMPASTO_INIT_GRAY ? 0.5f
                                                     : content[i];
    *planes = out;
    return IMPASTO_OK;
}

void imp_canvas_cut(const struct imp_sizes *sizes, const float *planes, float *result)
{
    const int left = (sizes->canvas_width - sizes->width) / 2;
    const int top = (sizes->canvas_height - sizes->height) / 2;
    const size_t from = (size_t)sizes->canvas_width * (size_t)sizes->canvas_height;
    const size_t to = (size_t)sizes->width * (size_t)sizes->height;
    for (size_t c = 0; c < 3; c++)
        for (int y = 0; y < sizes->height; y++)
            memcpy(result + c * to + (size_t)y * (size_t)sizes->width,
                   planes + c * from +
                       ((size_t)(y + top) * (size_t)sizes->canvas_width + (size_t)left),
                   (size_t)sizes->width * sizeof(float));
}
