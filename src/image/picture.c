/* SPDX-License-Identifier: MIT */
/* Pictures in memory, and what all formats need: opening with care, and caps. */

#include "base/os.h"
#include "image/formats.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum impasto_status impasto_image_create(int width, int height, struct impasto_image **image,
                                         struct impasto_error *error)
{
    if (width < 1 || height < 1 || width > IMP_IMAGE_LARGEST_SIDE ||
        height > IMP_IMAGE_LARGEST_SIDE)
        return imp_fail(error, IMPASTO_ERROR_USAGE, "a picture of %dx%d pixels: sides are 1 to %d",
                        width, height, IMP_IMAGE_LARGEST_SIDE);
    const size_t pixels = (size_t)width * (size_t)height;
    struct impasto_image *created = calloc(1, sizeof(*created));
    if (created)
        created->rgb = calloc(pixels, 3 * sizeof(float));
    if (!created || !created->rgb) {
        free(created);
        return imp_fail_memory(error, "a picture", pixels * 3 * sizeof(float));
    }
    created->width = width;
    created->height = height;
    *image = created;
    return IMPASTO_OK;
}

void impasto_image_free(struct impasto_image **image)
{
    if (!image || !*image)
        return;
    free((*image)->rgb);
    free((*image)->alpha);
    imp_metadata_free(&(*image)->metadata);
    free((*image)->settings);
    free((*image)->name);
    free(*image);
    *image = NULL;
}

enum impasto_status imp_image_add_alpha(struct impasto_image *image, struct impasto_error *error)
{
    const size_t pixels = (size_t)image->width * (size_t)image->height;
    image->alpha = malloc(pixels * sizeof(float));
    if (!image->alpha)
        return imp_fail_memory(error, "transparency", pixels * sizeof(float));
    for (size_t i = 0; i < pixels; i++)
        image->alpha[i] = 1;
    return IMPASTO_OK;
}

enum impasto_status imp_image_check_size(const struct imp_image_source *source, uint64_t width,
                                         uint64_t height, struct impasto_error *error)
{
    if (width < 1 || height < 1 || width > IMP_IMAGE_LARGEST_SIDE ||
        height > IMP_IMAGE_LARGEST_SIDE)
        return imp_fail(error, IMPASTO_ERROR_INPUT,
                        "%s: is %llux%llu pixels; sides of 1 to %d can be read; %s", source->path,
                        (unsigned long long)width, (unsigned long long)height,
                        IMP_IMAGE_LARGEST_SIDE,
                        width < 1 || height < 1 ? "get the file anew" : "make it smaller");
    if (width * height > source->max_pixels)
        return imp_fail(error, IMPASTO_ERROR_INPUT,
                        "%s: has %llu pixels (%llux%llu), over the limit of %llu; shrink it or "
                        "raise `max-pixels`",
                        source->path, (unsigned long long)(width * height),
                        (unsigned long long)width, (unsigned long long)height,
                        (unsigned long long)source->max_pixels);
    /* Asked of the system before it is asked for memory, which it may promise without having it. */
    const uint64_t bytes = width * height * IMP_IMAGE_MOST_BYTES_PER_PIXEL;
    if (bytes > source->memory)
        return imp_fail_memory(error, source->path, (size_t)bytes);
    return IMPASTO_OK;
}

bool imp_image_ends_in(const char *path, const char *extension)
{
    const size_t length = strlen(path), tail = strlen(extension);
    return length > tail && imp_os_compare(path + length - tail, extension) == 0;
}

/* A FIFO must not hold us up until it is known to be one. */
enum impasto_status imp_image_open(const char *path, FILE **stream, struct impasto_error *error)
{
    const int descriptor = imp_os_open(path, IMP_OS_READ_NOW);
    struct imp_os_about about = {.kind = IMP_OS_OTHER};
    if (descriptor < 0)
        return imp_fail_file(error, IMPASTO_ERROR_INPUT, path, "cannot be opened", errno);
    if (!imp_os_look_open(descriptor, &about) || about.kind != IMP_OS_FILE) {
        const bool folder = about.kind == IMP_OS_FOLDER;
        imp_os_close(descriptor);
        return imp_fail(error, IMPASTO_ERROR_INPUT, "%s: is %s, not a picture file", path,
                        folder ? "a folder" : "a device, pipe or socket");
    }
    *stream = imp_os_stream(descriptor, "rb");
    if (!*stream) {
        imp_os_close(descriptor);
        return imp_fail_file(error, IMPASTO_ERROR_INPUT, path, "cannot be read", errno);
    }
    return IMPASTO_OK;
}

bool imp_image_settings_fit(const char *settings)
{
    return strlen(settings) <= IMPASTO_SETTINGS_MOST && imp_is_utf8(settings);
}
