/* SPDX-License-Identifier: MIT */
/* A film, opened by its descriptor alone: whatever it says, no other file is looked at. */

#include "base/os.h"
#include "video/libav/input.h"

#include <errno.h>

#define BUFFER_BYTES (1 << 15)
/* What a film may ask for before its first frame. */
#define PROBE_BYTES 5000000
#define PROBE_MICROSECONDS 5000000
#define MOST_STREAMS 64
/* Those that hold films, and lead nowhere. */
#define FORMATS "mov,mp4,matroska,webm,avi,mpegts,gif"

/* What playlists and the like ask for. */
static int refuse_file(struct AVFormatContext *format, AVIOContext **io, const char *url, int flags,
                       AVDictionary **options)
{
    (void)format, (void)io, (void)url, (void)flags, (void)options;
    return AVERROR(EPERM);
}

static int prepare(struct imp_input *input, int descriptor)
{
    struct imp_os_about about;
    if (!imp_os_look_open(descriptor, &about))
        return AVERROR(errno);
    input->place = (struct imp_file_place){descriptor, 0, (int64_t)about.size};
    input->format = avformat_alloc_context();
    unsigned char *buffer = av_malloc(BUFFER_BYTES);
    AVIOContext *io = buffer && input->format
                          ? avio_alloc_context(buffer, BUFFER_BYTES, 0, &input->place,
                                               imp_file_place_read, NULL, imp_file_place_seek)
                          : NULL;
    if (!io) {
        av_free(buffer);
        return AVERROR(ENOMEM);
    }
    AVFormatContext *format = input->format;
    format->pb = io;
    format->flags |= AVFMT_FLAG_CUSTOM_IO;
    format->io_open = refuse_file;
    format->format_whitelist = av_strdup(FORMATS);
    format->protocol_whitelist = av_strdup("");
    format->probesize = PROBE_BYTES;
    format->max_analyze_duration = PROBE_MICROSECONDS;
    format->max_streams = MOST_STREAMS;
    return format->format_whitelist && format->protocol_whitelist ? 0 : AVERROR(ENOMEM);
}

/* Decoders are tried for what a header leaves out. In a sandbox none of them gets a thread. */
static int look_at_streams(AVFormatContext *format)
{
    const unsigned count = format->nb_streams;
    AVDictionary **options = av_calloc(count + 1, sizeof(*options));
    if (!options)
        return AVERROR(ENOMEM);
    for (unsigned i = 0; i < count; i++)
        av_dict_set(&options[i], "threads", "1", 0);
    const int result = avformat_find_stream_info(format, options);
    for (unsigned i = 0; i < count; i++)
        av_dict_free(&options[i]);
    av_free(options);
    return result;
}

int imp_input_open(struct imp_input *input, int descriptor)
{
    *input = (struct imp_input){0};
    int result = prepare(input, descriptor);
    AVIOContext *io = input->format ? input->format->pb : NULL;
    if (result >= 0)
        result = avformat_open_input(&input->format, "", NULL, NULL);
    if (!input->format && io) { /* libav has freed the one, not the other */
        av_free(io->buffer);
        avio_context_free(&io);
    }
    return result == AVERROR(EINVAL) ? AVERROR_INVALIDDATA /* a format that is not among ours */
           : result < 0              ? result
                                     : look_at_streams(input->format);
}

void imp_input_close(struct imp_input *input)
{
    AVIOContext *io = input->format ? input->format->pb : NULL;
    avformat_close_input(&input->format);
    if (io)
        av_free(io->buffer);
    avio_context_free(&io);
}

int64_t imp_input_offset(const AVFormatContext *format)
{
    return format->start_time != AV_NOPTS_VALUE && format->start_time > 0 ? format->start_time : 0;
}

AVStream *imp_input_pictures(const AVFormatContext *format)
{
    const int best =
        av_find_best_stream((AVFormatContext *)format, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    AVStream *stream = best < 0 ? NULL : format->streams[best];
    return stream && stream->disposition & AV_DISPOSITION_ATTACHED_PIC ? NULL : stream;
}
