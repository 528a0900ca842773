/* SPDX-License-Identifier: MIT */
/*
 * Y4M read from a file, a pipe or standard input.
 *
 * It is read in the program itself, unlike films that need a decoder. There is one line of words
 * (y4m_header.c), and frames whose length that line decides. The fuzzers look at it.
 */

#include "base/os.h"
#include "video/y4m.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Of a colour's number in ITU-T H.273: Y4M tells none. */
#define UNKNOWN 2

struct y4m_source {
    const char *name;
    const struct imp_stream_options *options;
    int descriptor;
    unsigned char ahead[512]; /* bytes that have been read, and are still to be taken */
    size_t from, to;
    struct imp_yuv *yuv;
    bool deep; /* frames are given in 16 bits a value */
    unsigned char *planes;
    size_t bytes;   /* of these */
    int64_t frames; /* read so far */
    enum impasto_status status;
};

/* ---- Bytes ----------------------------------------------------------------------------------- */

/* Waits for at least one byte. Returns how many came; 0: the end, or the status is an error. */
static size_t receive(struct y4m_source *source, unsigned char *bytes, size_t size,
                      struct impasto_error *error)
{
    for (;;) {
        const ptrdiff_t got = imp_os_read(source->descriptor, bytes, size);
        if (got >= 0)
            return (size_t)got;
        if (errno == EINTR && !imp_stream_stopped(source->options))
            continue;
        source->status = errno == EINTR ? imp_fail(error, IMPASTO_ERROR_INTERRUPTED, "interrupted")
                                        : imp_fail_file(error, IMPASTO_ERROR_INPUT, source->name,
                                                        "cannot be read", errno);
        return 0;
    }
}

/* Returns how many bytes there were, up to `size`. */
static size_t take(struct y4m_source *source, unsigned char *bytes, size_t size,
                   struct impasto_error *error)
{
    size_t taken = source->to - source->from < size ? source->to - source->from : size;
    memcpy(bytes, source->ahead + source->from, taken);
    source->from += taken;
    for (size_t got = 1; taken < size && got > 0; taken += got)
        got = receive(source, bytes + taken, size - taken, error);
    return taken;
}

/* The next byte; -1: there is none. */
static int take_byte(struct y4m_source *source, struct impasto_error *error)
{
    if (source->from == source->to) {
        source->from = 0;
        source->to = receive(source, source->ahead, sizeof(source->ahead), error);
    }
    return source->from < source->to ? source->ahead[source->from++] : -1;
}

/* A line without its break. false: the film ends, or the line has no end. *length: how much there
 * is of it. */
static bool take_line(struct y4m_source *source, char line[IMP_Y4M_LINE], size_t *length,
                      struct impasto_error *error)
{
    *length = 0;
    for (int byte; *length < IMP_Y4M_LINE - 1; line[(*length)++] = (char)byte) {
        byte = take_byte(source, error);
        if (byte < 0 || byte == '\n') {
            line[*length] = '\0';
            return byte == '\n';
        }
    }
    line[*length] = '\0';
    return false;
}

/* ---- The film -------------------------------------------------------------------------------- */

static bool fits(const unsigned char *mark, size_t size)
{
    return size >= strlen(IMP_Y4M_MARK) && memcmp(mark, IMP_Y4M_MARK, strlen(IMP_Y4M_MARK)) == 0;
}

/* A film that is no stream of a pipe tells by its length how many frames it has. */
static int64_t count_frames(int descriptor, size_t header, size_t bytes)
{
    struct imp_os_about about;
    if (!imp_os_look_open(descriptor, &about) || about.kind != IMP_OS_FILE || about.size < header)
        return 0;
    return (int64_t)((about.size - header) / (bytes + strlen(IMP_Y4M_FRAME "\n")));
}

static void describe(const struct y4m_source *source, const struct imp_y4m *y4m, size_t header,
                     struct imp_film *film)
{
    const struct imp_yuv_layout *layout = &y4m->layout;
    if (y4m->rate.num == 0)
        imp_stream_warn(source->options, "%s: does not say its frames per second; taken as 25",
                        source->name);
    if (y4m->interlaced)
        imp_stream_warn(source->options,
                        "%s: is interlaced, and painted as it is, with its combs; undo that first, "
                        "as by ffmpeg -i FILM -vf bwdif FILE.y4m",
                        source->name);
    film->width = y4m->width;
    film->height = y4m->height;
    film->aspect = y4m->aspect;
    film->rate = y4m->rate.num > 0 ? y4m->rate : (struct imp_ratio){25, 1};
    film->tick = (struct imp_ratio){film->rate.den, film->rate.num};
    film->frames = count_frames(source->descriptor, header, source->bytes);
    film->matrix = film->primaries = film->transfer = UNKNOWN;
    film->alone = true;
    film->deep = source->deep;
    film->chroma = layout->mono || layout->shift_y > 0 ? IMP_CHROMA_420
                   : layout->shift_x > 0               ? IMP_CHROMA_422
                                                       : IMP_CHROMA_444;
}

static enum impasto_status prepare(struct y4m_source *source, struct imp_y4m *y4m,
                                   struct impasto_error *error)
{
    const uint64_t bytes = imp_yuv_bytes(&y4m->layout, y4m->width, y4m->height);
    imp_yuv_usual_matrix(y4m->height, &y4m->layout.kr, &y4m->layout.kb);
    source->bytes = (size_t)bytes;
    source->deep = source->options->deep && y4m->layout.bits > 8;
    source->planes = bytes <= SIZE_MAX ? malloc(source->bytes) : NULL;
    source->yuv = imp_yuv_create(&y4m->layout, y4m->width, y4m->height);
    return source->planes && source->yuv ? IMPASTO_OK
                                         : imp_fail_memory(error, "a frame", (size_t)bytes);
}

static enum impasto_status open_source(const struct imp_film_file *file, void **state,
                                       struct imp_film *film, struct impasto_error *error)
{
    struct y4m_source *source = calloc(1, sizeof(*source));
    char line[IMP_Y4M_LINE];
    size_t length;
    struct imp_y4m y4m;
    if (!source)
        return imp_fail_memory(error, "a film", 0);
    *state = source;
    source->name = file->name;
    source->options = file->options;
    source->descriptor = file->descriptor;
    source->to = file->marked;
    memcpy(source->ahead, file->mark, file->marked);
    if (!take_line(source, line, &length, error))
        return source->status != IMPASTO_OK
                   ? source->status
                   : imp_fail(error, IMPASTO_ERROR_INPUT,
                              "%s: the film's header has no end; it is damaged, get it anew",
                              file->name);
    IMP_TRY(imp_y4m_parse(line, file->name, file->options, &y4m, error));
    IMP_TRY(prepare(source, &y4m, error));
    describe(source, &y4m, length + 1, film);
    return IMPASTO_OK;
}

/* *more: whether there is one. */
static enum impasto_status read_planes(struct y4m_source *source, bool *more,
                                       struct impasto_error *error)
{
    char line[IMP_Y4M_LINE];
    size_t length;
    const long long number = (long long)source->frames + 1;
    const bool whole = take_line(source, line, &length, error);
    const bool cut = !whole && length < IMP_Y4M_LINE - 1;
    *more = false;
    if (source->status != IMPASTO_OK || (cut && length == 0))
        return source->status;
    if (!cut && (!whole || strncmp(line, IMP_Y4M_FRAME, strlen(IMP_Y4M_FRAME)) != 0))
        return imp_fail(error, IMPASTO_ERROR_INPUT,
                        "%s: frame %lld does not begin where it should; the film is damaged there",
                        source->name, number);
    *more = whole && take(source, source->planes, source->bytes, error) == source->bytes;
    if (!*more && source->status == IMPASTO_OK)
        imp_stream_warn(source->options, "%s: ends within frame %lld, which is left out",
                        source->name, number);
    return source->status;
}

static enum impasto_status read_frame(void *state, struct imp_frame *frame, bool *more,
                                      struct impasto_error *error)
{
    struct y4m_source *source = state;
    IMP_TRY(read_planes(source, more, error));
    if (!*more)
        return IMPASTO_OK;
    imp_yuv_to_rgb(source->yuv, source->planes, source->deep, frame->rgb, frame->stride);
    frame->time = source->frames++;
    frame->duration = 1;
    return IMPASTO_OK;
}

static void close_source(void *state)
{
    struct y4m_source *source = state;
    imp_yuv_free(source->yuv);
    free(source->planes);
    free(source);
}

const struct imp_source_kind imp_source_y4m = {"Y4M", fits, open_source, read_frame, close_source};
