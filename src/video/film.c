/* SPDX-License-Identifier: MIT */
/* What all sources and sinks share. */

#include "base/os.h"
#include "video/numbered.h"

#include <stdlib.h>

/* As a picture's. */
#define LARGEST_SIDE 65500
#define USUAL_MAX_PIXELS 100000000u

bool imp_stream_is_pipe(const char *path)
{
    struct imp_os_about about;
    return imp_os_look(path, &about) && about.kind != IMP_OS_FILE && about.kind != IMP_OS_FOLDER;
}

bool imp_stream_stopped(const struct imp_stream_options *options)
{
    return options->stopped && options->stopped();
}

void imp_stream_warn(const struct imp_stream_options *options, const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    imp_log(&(struct imp_log){options->log, options->user}, IMPASTO_LOG_WARNING, "%s", line);
}

void imp_stream_warn_of_sound(const char *name, const struct imp_film *film,
                              const struct imp_stream_options *options)
{
    if (film->sound && options->sound)
        imp_stream_warn(options,
                        "%s: has frames alone, so the sound of %s is left out; an .mp4 or .mkv "
                        "keeps it",
                        name, options->sound);
}

uint64_t imp_film_max_pixels(const struct imp_stream_options *options)
{
    return options->max_pixels ? options->max_pixels : USUAL_MAX_PIXELS;
}

uint64_t imp_film_most(const struct imp_film *film, double values)
{
    const double bytes = (film->deep ? 10 : 8) / 8.0 * values;
    /* Sides of 4:2:0 are even. */
    return (uint64_t)(5.0 / 3 * bytes * (film->width + 1.0) * (film->height + 1.0)) + 4096;
}

enum impasto_status imp_film_check_size(const char *name, int64_t width, int64_t height,
                                        const struct imp_stream_options *options,
                                        struct impasto_error *error)
{
    if (width < 1 || height < 1)
        return imp_fail(error, IMPASTO_ERROR_INPUT,
                        "%s: its frames have no size; the film is damaged, get it anew", name);
    if (width > LARGEST_SIDE || height > LARGEST_SIDE ||
        (uint64_t)width * (uint64_t)height > imp_film_max_pixels(options))
        return imp_fail(error, IMPASTO_ERROR_INPUT,
                        "%s: its frames have %lldx%lld pixels, more than the limit (--max-pixels)",
                        name, (long long)width, (long long)height);
    return IMPASTO_OK;
}

/* Bytes of each end that count. */
#define END_BYTES 65536

static bool mark_file(const char *path, char mark[IMP_FINGERPRINT_SIZE])
{
    unsigned char ends[2 * END_BYTES];
    struct imp_os_about about;
    /* To open a pipe a second time would take bytes away from who reads it. */
    if (!imp_os_look(path, &about) || about.kind != IMP_OS_FILE)
        return false;
    const int descriptor = imp_os_open(path, IMP_OS_READ);
    if (descriptor < 0)
        return false;
    const uint64_t tail = about.size > END_BYTES ? about.size - END_BYTES : 0;
    const ptrdiff_t a = imp_os_read_at(descriptor, ends, END_BYTES, 0);
    const ptrdiff_t b = a < 0 ? a : imp_os_read_at(descriptor, ends + a, END_BYTES, tail);
    imp_os_close(descriptor);
    if (b >= 0)
        snprintf(mark, IMP_FINGERPRINT_SIZE, "%llu %08lx", (unsigned long long)about.size,
                 (unsigned long)imp_checksum(0, ends, (size_t)(a + b)));
    return b >= 0;
}

bool imp_film_fingerprint(const char *path, char mark[IMP_FINGERPRINT_SIZE])
{
    if (!imp_numbered(path))
        return mark_file(path, mark);
    char *name = imp_numbered_name(path, imp_numbered_first(path));
    const bool marked = name && mark_file(name, mark);
    free(name);
    return marked;
}
