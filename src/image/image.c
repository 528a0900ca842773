/* SPDX-License-Identifier: MIT */
/* Pictures from files and bytes, and to them, whatever their format: whole or not at all. */

#include "base/os.h"
#include "image/formats.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_MAX_PIXELS 100000000u
#define QUALITY 95 /* of JPEG, where none is asked for */

/* Opens a file, or the bytes of one where there are some. */
static enum impasto_status open_stream(struct imp_image_source *source, const void *bytes,
                                       size_t size, struct impasto_error *error)
{
    if (!bytes)
        return imp_image_open(source->path, &source->stream, error);
    if (size == 0)
        return imp_fail(error, IMPASTO_ERROR_INPUT, "%s: is empty", source->path);
    source->stream = imp_os_memory_read(bytes, size);
    return source->stream ? IMPASTO_OK : imp_fail_memory(error, source->path, 0);
}

/* Refuses what is no picture that this build reads, and names it where it is known. */
static enum impasto_status refuse_foreign(const struct imp_image_source *source,
                                          const struct imp_image_format *format,
                                          struct impasto_error *error)
{
    char names[IMP_FORMAT_LIST];
    unsigned char head[IMP_FOREIGN_HEAD];
    rewind(source->stream);
    const struct imp_foreign kind =
        imp_foreign_find(head, fread(head, 1, sizeof(head), source->stream));
    if (format)
        return imp_fail(error, IMPASTO_ERROR_INPUT,
                        "%s: is a %s picture, and this program was built without %s; %s",
                        source->path, format->info.name, format->info.library,
                        kind.advice ? kind.advice : "convert it to PNG");
    if (kind.what)
        return imp_fail(error, IMPASTO_ERROR_INPUT, "%s: %s; %s", source->path, kind.what,
                        kind.advice);
    return imp_fail(error, IMPASTO_ERROR_INPUT,
                    "%s: is not a %s picture; convert it to one of them", source->path,
                    imp_format_names(names, sizeof(names)));
}

/* Finds the format of an open source. */
static enum impasto_status find_format(const struct imp_image_source *source,
                                       const struct imp_image_format **format,
                                       struct impasto_error *error)
{
    const char *path = source->path;
    unsigned char head[IMP_FORMAT_HEAD];
    const size_t size = fread(head, 1, sizeof(head), source->stream);
    *format = imp_format_of_bytes(head, size);
    if (ferror(source->stream))
        return imp_fail_file(error, IMPASTO_ERROR_INPUT, path, "cannot be read", errno);
    if (size == 0)
        return imp_fail(error, IMPASTO_ERROR_INPUT, "%s: is empty", path);
    if (!*format || !(*format)->info.reads)
        return refuse_foreign(source, *format, error);
    if (fseek(source->stream, 0, SEEK_SET) != 0)
        return imp_fail_file(error, IMPASTO_ERROR_INPUT, path, "cannot be read", errno);
    return IMPASTO_OK;
}

/* Opens a file or bytes, and finds the format. source->path is set; the caller closes
 * source->stream. */
static enum impasto_status open_source(struct imp_image_source *source, const void *bytes,
                                       size_t size, const struct imp_image_format **format,
                                       struct impasto_error *error)
{
    IMP_TRY(open_stream(source, bytes, size, error));
    const enum impasto_status status = find_format(source, format, error);
    if (status != IMPASTO_OK)
        fclose(source->stream);
    return status;
}

bool impasto_image_is_picture(const char *path)
{
    FILE *stream;
    struct impasto_error ignored;
    unsigned char head[IMP_FORMAT_HEAD];
    if (imp_image_open(path, &stream, &ignored) != IMPASTO_OK)
        return false;
    const bool known = imp_format_of_bytes(head, fread(head, 1, sizeof(head), stream)) != NULL;
    fclose(stream);
    return known;
}

static enum impasto_status load(const char *path, const void *bytes, size_t size,
                                uint64_t max_pixels, bool apart, struct impasto_image **image,
                                struct impasto_error *error)
{
    struct imp_image_source source = {.path = path,
                                      .max_pixels = max_pixels ? max_pixels : DEFAULT_MAX_PIXELS,
                                      .memory = imp_host_memory()};
    const struct imp_image_format *format;
    IMP_TRY(open_source(&source, bytes, size, &format, error));
    if (format->begin)
        format->begin();
    const enum impasto_status status = apart ? imp_image_load_apart(&source, format, image, error)
                                             : format->load(&source, image, error);
    if (format->end)
        format->end();
    fclose(source.stream);
    if (status == IMPASTO_OK)
        (*image)->name = strdup(path); /* without which errors are shorter */
    return status;
}

enum impasto_status impasto_image_load(const char *path, uint64_t max_pixels,
                                       struct impasto_image **image, struct impasto_error *error)
{
    return load(path, NULL, 0, max_pixels, false, image, error);
}

enum impasto_status impasto_image_load_apart(const char *path, uint64_t max_pixels,
                                             struct impasto_image **image,
                                             struct impasto_error *error)
{
    return load(path, NULL, 0, max_pixels, true, image, error);
}

enum impasto_status impasto_image_decode(const void *bytes, size_t size, const char *name,
                                         uint64_t max_pixels, struct impasto_image **image,
                                         struct impasto_error *error)
{
    return load(name, bytes ? bytes : "", size, max_pixels, false, image, error);
}

enum impasto_status impasto_image_decode_apart(const void *bytes, size_t size, const char *name,
                                               uint64_t max_pixels, struct impasto_image **image,
                                               struct impasto_error *error)
{
    return load(name, bytes ? bytes : "", size, max_pixels, true, image, error);
}

static enum impasto_status load_settings(const char *path, bool apart, char **settings,
                                         struct impasto_error *error)
{
    struct imp_image_source source = {.path = path, .max_pixels = DEFAULT_MAX_PIXELS};
    const struct imp_image_format *format;
    enum impasto_status status = IMPASTO_OK;
    *settings = NULL;
    IMP_TRY(open_source(&source, NULL, 0, &format, error));
    if (format->load_settings)
        status = apart ? imp_image_load_settings_apart(&source, format, settings, error)
                       : format->load_settings(&source, settings, error);
    fclose(source.stream);
    return status;
}

enum impasto_status impasto_image_load_settings(const char *path, char **settings,
                                                struct impasto_error *error)
{
    return load_settings(path, false, settings, error);
}

enum impasto_status impasto_image_load_settings_apart(const char *path, char **settings,
                                                      struct impasto_error *error)
{
    return load_settings(path, true, settings, error);
}

/* The options with their defaults in place. */
static enum impasto_status complete(const struct impasto_save_options *asked,
                                    struct impasto_save_options *options,
                                    struct impasto_error *error)
{
    *options = (struct impasto_save_options){0};
    if (asked)
        IMP_TRY(imp_sized_take("impasto_save_options", asked, options, sizeof(*options), error));
    options->bits = options->bits ? options->bits : 8;
    options->quality = options->quality ? options->quality : QUALITY;
    return IMPASTO_OK;
}

enum impasto_status impasto_image_save_check(const char *name, int width, int height,
                                             const struct impasto_save_options *asked,
                                             struct impasto_error *error)
{
    struct impasto_save_options options;
    IMP_TRY(complete(asked, &options, error));
    const struct imp_image_format *format = imp_format_find(options.format, name);
    char endings[IMP_FORMAT_LIST];
    imp_format_endings(endings, sizeof(endings));
    if (!format)
        return imp_fail(error, IMPASTO_ERROR_USAGE, "%s: end the name in %s", name, endings);
    const struct impasto_format_info *info = &format->info;
    if (!info->writes)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "%s: this build does not write %s; end the name in %s", name, info->name,
                        endings);
    if (options.bits != 8 && options.bits != 16)
        return imp_fail(error, IMPASTO_ERROR_USAGE, "%d bits per channel: choose 8 or 16",
                        options.bits);
    if (options.quality < 1 || options.quality > 100)
        return imp_fail(error, IMPASTO_ERROR_USAGE, "a quality of %d: choose 1 to 100",
                        options.quality);
    if (options.bits > info->bits)
        return imp_fail(
            error, IMPASTO_ERROR_USAGE,
            "%s: not %d but 8 bits per channel are all that %s has; end the name in .png "
            "or .tif",
            name, options.bits, info->name);
    if (width > info->largest_side || height > info->largest_side)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "%s: %dx%d pixels, but %s has sides of at most %d; end the name in .png",
                        name, width, height, info->name, info->largest_side);
    return IMPASTO_OK;
}

/* The options with their defaults in place, and the format that they and the name ask for. */
static enum impasto_status choose_format(const struct impasto_image *image, const char *path,
                                         const struct impasto_save_options *asked,
                                         struct impasto_save_options *options,
                                         const struct imp_image_format **format,
                                         struct impasto_error *error)
{
    IMP_TRY(impasto_image_save_check(path, image->width, image->height, asked, error));
    IMP_TRY(complete(asked, options, error));
    *format = imp_format_find(options->format, path);
    if (image->settings && !imp_image_settings_fit(image->settings))
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "%s: the picture's settings must be UTF-8 of at most %d bytes", path,
                        IMPASTO_SETTINGS_MOST);
    return IMPASTO_OK;
}

/* Of what a picture says of itself, the encoder sees only what the file may have. */
static enum impasto_status encode(const struct imp_image_format *format,
                                  const struct impasto_image *image, FILE *stream, const char *path,
                                  const struct impasto_save_options *options,
                                  struct impasto_error *error)
{
    struct impasto_image shown = *image;
    shown.metadata = (struct impasto_metadata){0};
    enum impasto_status status =
        imp_metadata_select(image, options->privacy, &shown.metadata, error);
    if (status == IMPASTO_OK)
        status = format->save(&shown, stream, path, options, error);
    imp_metadata_free(&shown.metadata);
    return status;
}

enum impasto_status impasto_image_save(const struct impasto_image *image, const char *path,
                                       const struct impasto_save_options *asked,
                                       struct impasto_error *error)
{
    const struct imp_image_format *format;
    struct impasto_save_options options;
    struct imp_file file = {0};
    IMP_TRY(choose_format(image, path, asked, &options, &format, error));
    IMP_TRY(imp_file_create(&file, path, error));
    const enum impasto_status status = encode(format, image, file.stream, path, &options, error);
    if (status != IMPASTO_OK) {
        imp_file_abandon(&file);
        return status;
    }
    return imp_file_commit(&file, error);
}

enum impasto_status impasto_image_encode(const struct impasto_image *image, const char *name,
                                         const struct impasto_save_options *asked,
                                         unsigned char **bytes, size_t *size,
                                         struct impasto_error *error)
{
    const struct imp_image_format *format;
    struct impasto_save_options options;
    struct imp_os_memory memory;
    IMP_TRY(choose_format(image, name, asked, &options, &format, error));
    if (!imp_os_memory_open(&memory))
        return imp_fail_memory(error, name, 0);
    enum impasto_status status = encode(format, image, memory.stream, name, &options, error);
    /* It has grown by allocating, which is all that can fail. */
    const bool grown = !ferror(memory.stream);
    if ((!imp_os_memory_close(&memory) || !grown) && status == IMPASTO_OK)
        status = imp_fail_memory(error, name, memory.size);
    if (status != IMPASTO_OK) {
        free(memory.bytes);
        return status;
    }
    *bytes = (unsigned char *)memory.bytes;
    *size = memory.size;
    return IMPASTO_OK;
}
