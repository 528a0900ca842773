/* SPDX-License-Identifier: MIT */
/* From the optimised values to the picture that a person gets. */

#include "paint/sources.h"

#include <stdlib.h>
#include <string.h>

/* Row by row, with the content's colours and what of it is kept. planes: (3, height, width), as the
 * image. */
static void compose(const struct imp_sources *sources, enum impasto_colour colour,
                    const float *planes, struct impasto_image *image)
{
    const size_t width = (size_t)image->width, pixels = width * (size_t)image->height;
    const struct imp_compose how = {.luma = colour == IMPASTO_COLOUR_LUMA, .keep = sources->keep};
    for (size_t at = 0; at < pixels; at += width) {
        const float *const painted[3] = {planes + at, planes + pixels + at,
                                         planes + 2 * pixels + at};
        const float *original = sources->original ? sources->original->rgb + 3 * at : NULL;
        imp_compose_row(&how, at, image->width, painted, original, image->rgb + 3 * at);
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
    if (status == IMPASTO_OK) {
        compose(sources, colour, planes, out);
        status = add_extras(sources, out, error);
    }
    free(large);
    if (status == IMPASTO_OK)
        *image = out;
    else
        impasto_image_free(&out);
    return status;
}
