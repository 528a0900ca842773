/* SPDX-License-Identifier: MIT */
/* From the optimised values to the picture that a person gets. */

#include "paint/sources.h"

#include <stdlib.h>
#include <string.h>

static float clamp01(float v)
{
    return v > 0 ? (v < 1 ? v : 1) : 0;
}

/* The content's colours with the result's luminance; and where the content is kept, that. */
static void compose(const struct imp_sources *sources, enum impasto_colour colour,
                    struct impasto_image *image)
{
    const size_t pixels = (size_t)image->width * (size_t)image->height;
    for (size_t i = 0; sources->original && i < pixels; i++) {
        float *rgb = image->rgb + 3 * i;
        const float *original = sources->original->rgb + 3 * i;
        const float keep = sources->keep ? sources->keep[i] : 0;
        const float shift = imp_luminance(rgb) - imp_luminance(original);
        for (int c = 0; c < 3; c++) {
            const float painted =
                colour == IMPASTO_COLOUR_LUMA ? clamp01(original[c] + shift) : rgb[c];
            rgb[c] = keep * original[c] + (1 - keep) * painted;
        }
    }
}

static enum impasto_status add_extras(const struct imp_sources *sources,
                                      struct impasto_image *image, struct impasto_error *error)
{
    const size_t bytes = (size_t)image->width * (size_t)image->height * sizeof(float);
    if (sources->alpha) {
        image->alpha = malloc(bytes);
        if (!image->alpha)
            return imp_fail_memory(error, "transparency", bytes);
        memcpy(image->alpha, sources->alpha, bytes);
    }
    return imp_metadata_copy(&sources->metadata, &image->metadata, error);
}

enum impasto_status imp_result_make(const struct imp_sources *sources, enum impasto_colour colour,
                                    const float *planes, int height, int width,
                                    struct impasto_image **image, struct impasto_error *error)
{
    const size_t pixels = (size_t)sources->width * (size_t)sources->height;
    struct impasto_image *out = NULL;
    float *large = NULL;
    enum impasto_status status = IMPASTO_OK;
    if (width != sources->width || height != sources->height) {
        large = malloc(3 * pixels * sizeof(float));
        if (!large)
            return imp_fail_memory(error, "a picture", 3 * pixels * sizeof(float));
        status = imp_planes_resize(planes, 3, height, width, IMP_FILTER_LANCZOS, large,
                                   sources->height, sources->width, error);
        planes = large;
    }
    if (status == IMPASTO_OK)
        status = impasto_image_create(sources->width, sources->height, &out, error);
    for (size_t i = 0; status == IMPASTO_OK && i < pixels; i++)
        for (size_t c = 0; c < 3; c++)
            out->rgb[3 * i + c] = clamp01(planes[c * pixels + i]);
    free(large);
    if (status == IMPASTO_OK) {
        compose(sources, colour, out);
        status = add_extras(sources, out, error);
    }
    if (status == IMPASTO_OK)
        *image = out;
    else
        impasto_image_free(&out);
    return status;
}
