/* SPDX-License-Identifier: MIT */
/* Pictures as planes: on the host, and with their margin on the canvas in the device's buffers. */

#include "paint/scale.h"

#include <stdlib.h>

enum impasto_status imp_planes_make(struct imp_device *device, size_t count, size_t pixels,
                                    float **planes)
{
    const size_t bytes = count * pixels * sizeof(float);
    *planes = malloc(bytes);
    return *planes ? IMPASTO_OK : imp_device_fail_memory(device, "a picture", bytes);
}

enum impasto_status imp_canvas_plane(struct imp_device *device, const struct imp_sizes *sizes,
                                     const float *plane, int height, int width, float **spread)
{
    float *small = NULL;
    IMP_TRY(imp_planes_make(device, 1, (size_t)sizes->width * (size_t)sizes->height, &small));
    enum impasto_status status =
        imp_planes_resize(plane, 1, height, width, IMP_FILTER_TENT, small, sizes->height,
                          sizes->width, imp_device_error_place(device));
    if (status == IMPASTO_OK)
        status = imp_planes_make(device, 1, imp_canvas_count(sizes), spread);
    if (status == IMPASTO_OK)
        imp_canvas_spread(sizes, small, 1, *spread);
    free(small);
    return status;
}

/* A plane, spread over the canvas, as plane c of a buffer, which has the device's rows. spread:
 * room for one. */
static enum impasto_status write_plane(const struct imp_sizes *sizes, const float *plane, size_t c,
                                       float *spread, struct imp_buffer *buffer)
{
    const size_t before = (size_t)sizes->begin * (size_t)sizes->canvas_width;
    const size_t bytes = imp_canvas_own(sizes) * sizeof(float);
    imp_canvas_spread(sizes, plane, 1, spread);
    return imp_buffer_write(buffer, c * bytes, spread + before, bytes);
}

/* One plane at a time, since large pictures fill the host's memory, too. */
enum impasto_status imp_canvas_write_image(struct imp_device *device, const struct imp_sizes *sizes,
                                           const struct impasto_image *image,
                                           struct imp_buffer *buffer)
{
    const size_t pixels = (size_t)sizes->width * (size_t)sizes->height;
    struct impasto_image *resized = NULL;
    float *plane = NULL, *spread = NULL;
    if (image->width != sizes->width || image->height != sizes->height)
        IMP_TRY(imp_image_resize(image, sizes->width, sizes->height, &resized,
                                 imp_device_error_place(device)));
    const float *rgb = resized ? resized->rgb : image->rgb;
    enum impasto_status status = imp_planes_make(device, 1, pixels, &plane);
    if (status == IMPASTO_OK)
        status = imp_planes_make(device, 1, imp_canvas_count(sizes), &spread);
    for (size_t c = 0; c < 3 && status == IMPASTO_OK; c++) {
        for (size_t i = 0; i < pixels; i++)
            plane[i] = rgb[3 * i + c];
        status = write_plane(sizes, plane, c, spread, buffer);
    }
    impasto_image_free(&resized);
    free(plane);
    free(spread);
    return status;
}

enum impasto_status imp_planes_of_image(struct imp_device *device, const struct imp_sizes *sizes,
                                        const struct impasto_image *image, float **planes)
{
    const int width = sizes->width, height = sizes->height;
    const size_t pixels = (size_t)width * (size_t)height;
    struct impasto_image *resized = NULL;
    IMP_TRY(imp_image_resize(image, width, height, &resized, imp_device_error_place(device)));
    const enum impasto_status status = imp_planes_make(device, 3, pixels, planes);
    for (size_t i = 0; status == IMPASTO_OK && i < pixels; i++)
        for (size_t c = 0; c < 3; c++)
            (*planes)[c * pixels + i] = resized->rgb[3 * i + c];
    impasto_image_free(&resized);
    return status;
}

enum impasto_status imp_canvas_write(struct imp_device *device, const struct imp_sizes *sizes,
                                     const float *planes, struct imp_buffer *buffer)
{
    const size_t own = (size_t)sizes->width * (size_t)sizes->height;
    float *spread = NULL;
    enum impasto_status status = imp_planes_make(device, 1, imp_canvas_count(sizes), &spread);
    for (size_t c = 0; c < 3 && status == IMPASTO_OK; c++)
        status = write_plane(sizes, planes + c * own, c, spread, buffer);
    free(spread);
    return status;
}

enum impasto_status imp_canvas_write_plane(struct imp_device *device, const struct imp_sizes *sizes,
                                           const float *plane, struct imp_buffer *buffer)
{
    float *spread = NULL;
    IMP_TRY(imp_planes_make(device, 1, imp_canvas_count(sizes), &spread));
    const enum impasto_status status = write_plane(sizes, plane, 0, spread, buffer);
    free(spread);
    return status;
}

enum impasto_status imp_canvas_read(struct imp_device *device, const struct imp_sizes *sizes,
                                    struct imp_band *band, const struct imp_buffer *buffer,
                                    float *planes)
{
    const size_t own = imp_canvas_own(sizes), pixels = imp_canvas_count(sizes);
    float *spread = NULL, *here = NULL;
    enum impasto_status status = imp_planes_make(device, 3, pixels, &spread);
    if (status == IMPASTO_OK && band)
        status = imp_planes_make(device, 3, own, &here);
    if (status == IMPASTO_OK)
        status = imp_buffer_read(buffer, 0, band ? here : spread, 3 * own * sizeof(float));
    if (status == IMPASTO_OK && band)
        status = imp_band_collect(band, here, 3, spread);
    if (status == IMPASTO_OK)
        imp_canvas_cut(sizes, spread, 3, planes);
    free(spread);
    free(here);
    return status;
}
