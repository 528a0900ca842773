/* SPDX-License-Identifier: MIT */
/* libtiff's way to bytes: streams, memory, messages. */

#include "image/tiff/tiff.h"

#include <stdlib.h>
#include <string.h>

static tmsize_t read_bytes(thandle_t user, void *bytes, tmsize_t size)
{
    const struct imp_tiff_session *session = user;
    return session->stream ? (tmsize_t)fread(bytes, 1, (size_t)size, session->stream) : 0;
}

/* Room for the bytes up to `end`, those that were not there being 0. */
static bool grow(struct imp_tiff_session *session, size_t end)
{
    if (end > session->capacity) {
        const size_t capacity = end < SIZE_MAX / 2 ? 2 * end : end;
        unsigned char *more = realloc(session->bytes, capacity);
        if (!more)
            return false;
        session->bytes = more;
        session->capacity = capacity;
    }
    if (end > session->size) {
        memset(session->bytes + session->size, 0, end - session->size);
        session->size = end;
    }
    return true;
}

tmsize_t imp_tiff_write_bytes(thandle_t user, void *bytes, tmsize_t size)
{
    struct imp_tiff_session *session = user;
    if (size <= 0 || !grow(session, session->at + (size_t)size))
        return 0;
    memcpy(session->bytes + session->at, bytes, (size_t)size);
    session->at += (size_t)size;
    return size;
}

static toff_t seek(thandle_t user, toff_t offset, int whence)
{
    struct imp_tiff_session *session = user;
    if (!session->stream) {
        session->at = (size_t)offset + (whence == SEEK_END   ? session->size
                                        : whence == SEEK_CUR ? session->at
                                                             : 0);
        return (toff_t)session->at;
    }
    if (fseeko(session->stream, (off_t)offset, whence) != 0)
        return (toff_t)-1;
    return (toff_t)ftello(session->stream);
}

/* The stream is its owner's. */
static int leave_open(thandle_t user)
{
    (void)user;
    return 0;
}

static toff_t size_of(thandle_t user)
{
    const struct imp_tiff_session *session = user;
    if (!session->stream)
        return (toff_t)session->size;
    const off_t here = ftello(session->stream);
    if (here < 0 || fseeko(session->stream, 0, SEEK_END) != 0)
        return 0;
    const off_t end = ftello(session->stream);
    return end >= 0 && fseeko(session->stream, here, SEEK_SET) == 0 ? (toff_t)end : 0;
}

/* Whether a message is about samples that are missing or made up. After these a codec goes on:
 * libjpeg after warnings, those of fax after errors, too. */
static bool is_about_samples(const char *module, const char *text)
{
    return strncmp(text, "Premature end", 13) == 0 || strncmp(text, "Corrupt JPEG", 12) == 0 ||
           (module && strncmp(module, "Fax", 3) == 0);
}

static int on_error(TIFF *tiff, void *user, const char *module, const char *format, va_list args)
{
    struct imp_tiff_session *session = user;
    char text[sizeof(session->message)];
    (void)tiff;
    vsnprintf(text, sizeof(text), format, args);
    session->invented |= is_about_samples(module, text);
    if (!session->message[0])
        memcpy(session->message, text, sizeof(text));
    return 1;
}

static int on_warning(TIFF *tiff, void *user, const char *module, const char *format, va_list args)
{
    char text[sizeof(((struct imp_tiff_session *)user)->message)];
    va_list again;
    va_copy(again, args);
    vsnprintf(text, sizeof(text), format, again);
    va_end(again);
    return is_about_samples(module, text) ? on_error(tiff, user, module, format, args) : 1;
}

TIFF *imp_tiff_open(struct imp_tiff_session *session, const char *path, const char *mode,
                    uint64_t most)
{
    const uint64_t top = sizeof(tmsize_t) < sizeof(int64_t) ? INT32_MAX : INT64_MAX;
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!options)
        return NULL;
    TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, session);
    TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, session);
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, (tmsize_t)(most < top ? most : top));
    TIFF *tiff = TIFFClientOpenExt(path, mode, session, read_bytes, imp_tiff_write_bytes, seek,
                                   leave_open, size_of, NULL, NULL, options);
    TIFFOpenOptionsFree(options);
    return tiff;
}
