/* SPDX-License-Identifier: MIT */
/* The file that a film is put together in. */

#include "base/os.h"
#include "video/libav/mux.h"

#include <errno.h>

#define BUFFER_BYTES (1 << 16)

#if LIBAVFORMAT_VERSION_MAJOR >= 61
static int write_bytes(void *opaque, const uint8_t *bytes, int size)
#else
static int write_bytes(void *opaque, uint8_t *bytes, int size)
#endif
{
    struct imp_file_place *place = opaque;
    if (!imp_os_write_at(place->descriptor, bytes, (size_t)size, (uint64_t)place->at))
        return AVERROR(errno);
    place->at += size;
    place->size = place->at > place->size ? place->at : place->size;
    return size;
}

static AVIOContext *open_io(struct imp_file_place *place, bool writes)
{
    unsigned char *buffer = av_malloc(BUFFER_BYTES);
    AVIOContext *io = buffer ? avio_alloc_context(buffer, BUFFER_BYTES, writes, place,
                                                  writes ? NULL : imp_file_place_read,
                                                  writes ? write_bytes : NULL, imp_file_place_seek)
                             : NULL;
    if (!io)
        av_free(buffer);
    return io;
}

/* The index of an MP4 is moved to its beginning, for which it is read again. Nothing else may be
 * opened. */
static int open_again(AVFormatContext *format, AVIOContext **io, const char *url, int flags,
                      AVDictionary **options)
{
    const struct imp_muxing *m = format->opaque;
    struct imp_file_place *place = flags & AVIO_FLAG_WRITE ? NULL : av_malloc(sizeof(*place));
    (void)url, (void)options;
    if (!place)
        return AVERROR(EPERM);
    *place = (struct imp_file_place){m->place.descriptor, 0, m->place.size};
    *io = open_io(place, false);
    if (*io)
        return 0;
    av_free(place);
    return AVERROR(ENOMEM);
}

static int close_again(AVFormatContext *format, AVIOContext *io)
{
    (void)format;
    av_free(io->opaque);
    av_free(io->buffer);
    avio_context_free(&io);
    return 0;
}

int imp_mux_open_output(struct imp_muxing *m)
{
    int result = avformat_alloc_output_context2(&m->out, NULL, NULL, m->request->path);
    if (result < 0)
        return result;
    m->place = (struct imp_file_place){m->request->output, 0, 0};
    m->out->pb = open_io(&m->place, true);
    if (!m->out->pb)
        return AVERROR(ENOMEM);
    m->out->opaque = m;
    m->out->io_open = open_again;
    m->out->io_close2 = close_again;
    m->out->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;
    return 0;
}

void imp_mux_close_output(struct imp_muxing *m)
{
    if (m->out && m->out->pb) {
        av_free(m->out->pb->buffer);
        avio_context_free(&m->out->pb);
    }
    avformat_free_context(m->out);
    m->out = NULL;
}
