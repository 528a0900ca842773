/* SPDX-License-Identifier: MIT */
/* Films of numbered pictures. Each is decoded in a sandbox, as pictures are. */

#include "video/numbered.h"

#include <impasto/image.h>

#include <stdlib.h>

/* Frames per second, unless it is said. */
#define USUAL_RATE 25
#define RATE_DEN 1000 /* of the rate as a fraction */
#define UNKNOWN 2     /* of ITU-T H.273 */
#define GAP_MOST 1000 /* pictures that are looked for behind one that is missing */

struct pictures_source {
    const char *path;
    const struct imp_stream_options *options;
    int width, height;
    int64_t first, frames;       /* the first one's number, and how many have been read */
    struct impasto_image *ahead; /* the first picture, which has told the size */
};

static enum impasto_status load(const struct pictures_source *source, int64_t number,
                                struct impasto_image **image, struct impasto_error *error)
{
    char *name = imp_numbered_name(source->path, number);
    if (!name)
        return imp_fail_memory(error, "a file name", 0);
    const enum impasto_status status =
        impasto_image_load_apart(name, imp_film_max_pixels(source->options), image, error);
    free(name);
    return status;
}

static int64_t count_pictures(const char *path, int64_t first)
{
    int64_t count = 0;
    while (imp_numbered_is_there(path, first + count))
        count++;
    return count;
}

/* A series that goes on behind a gap was to be longer. */
static void warn_of_gap(const struct pictures_source *source, int64_t missing)
{
    for (int64_t number = missing + 1; number <= missing + GAP_MOST; number++) {
        if (!imp_numbered_is_there(source->path, number))
            continue;
        char *name = imp_numbered_name(source->path, missing);
        imp_stream_warn(source->options, "%s: is missing; the pictures behind it are left out",
                        name ? name : source->path);
        free(name);
        return;
    }
}

static int common_divisor(int a, int b)
{
    while (b != 0) {
        const int rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static struct imp_ratio rate_of(const struct imp_stream_options *options)
{
    const int num = options->rate > 0 ? (int)(options->rate * RATE_DEN + 0.5) : 0;
    const int divisor = common_divisor(num, RATE_DEN);
    return num > 0 ? (struct imp_ratio){num / divisor, RATE_DEN / divisor}
                   : (struct imp_ratio){USUAL_RATE, 1};
}

static enum impasto_status open_source(const struct imp_film_file *file, void **state,
                                       struct imp_film *film, struct impasto_error *error)
{
    struct pictures_source *source = calloc(1, sizeof(*source));
    if (!source)
        return imp_fail_memory(error, "a film", 0);
    *state = source;
    source->path = file->path;
    source->options = file->options;
    source->first = imp_numbered_first(file->path);
    if (source->first < 0)
        return imp_fail(error, IMPASTO_ERROR_INPUT,
                        "%s: there is no picture of number 0 or 1; see whether the name is right",
                        file->path);
    IMP_TRY(load(source, source->first, &source->ahead, error));
    source->width = source->ahead->width;
    source->height = source->ahead->height;
    const struct imp_ratio rate = rate_of(file->options);
    *film = (struct imp_film){.width = source->width,
                              .height = source->height,
                              .aspect = {1, 1},
                              .tick = {rate.den, rate.num},
                              .rate = rate,
                              .frames = count_pictures(file->path, source->first),
                              .alone = true,
                              .pictures = true,
                              .deep = file->options->deep,
                              .chroma = IMP_CHROMA_420,
                              .matrix = UNKNOWN,
                              .primaries = UNKNOWN,
                              .transfer = UNKNOWN};
    warn_of_gap(source, source->first + film->frames);
    return IMPASTO_OK;
}

/* What is transparent lies over white, as where a format knows no transparency. */
static void give_row(const struct impasto_image *image, int y, bool deep, unsigned char *bytes)
{
    uint16_t *shorts = (uint16_t *)(void *)bytes;
    const size_t first = (size_t)y * (size_t)image->width;
    for (size_t i = 0; i < 3 * (size_t)image->width; i++) {
        const float cover = image->alpha ? image->alpha[first + i / 3] : 1;
        const float value = 1 + cover * (image->rgb[3 * first + i] - 1);
        if (deep)
            shorts[i] = (uint16_t)(65535 * value + 0.5F);
        else
            bytes[i] = (unsigned char)(255 * value + 0.5F);
    }
}

static void give(const struct impasto_image *image, bool deep, const struct imp_frame *frame)
{
    for (int y = 0; y < image->height; y++)
        give_row(image, y, deep, frame->rgb + (size_t)y * frame->stride);
}

static enum impasto_status read_frame(void *state, struct imp_frame *frame, bool *more,
                                      struct impasto_error *error)
{
    struct pictures_source *source = state;
    const int64_t number = source->first + source->frames;
    struct impasto_image *image = source->ahead;
    source->ahead = NULL;
    *more = image || imp_numbered_is_there(source->path, number);
    if (!*more)
        return IMPASTO_OK;
    if (!image)
        IMP_TRY(load(source, number, &image, error));
    const bool fits = image->width == source->width && image->height == source->height;
    if (fits)
        give(image, source->options->deep, frame);
    else
        (void)imp_fail(error, IMPASTO_ERROR_INPUT,
                       "%s: has %dx%d pixels, and the pictures before it %dx%d; make all of one "
                       "size",
                       image->name, image->width, image->height, source->width, source->height);
    impasto_image_free(&image);
    frame->time = source->frames++;
    frame->duration = 1;
    return fits ? IMPASTO_OK : IMPASTO_ERROR_INPUT;
}

static void close_source(void *state)
{
    struct pictures_source *source = state;
    impasto_image_free(&source->ahead);
    free(source);
}

const struct imp_source_kind imp_source_pictures = {"pictures", NULL, open_source, read_frame,
                                                    close_source};
