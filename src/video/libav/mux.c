/* SPDX-License-Identifier: MIT */
/*
 * A painted film put together in a sandbox: its packets, and from the source the sound, subtitles,
 * chapters and texts. Nothing of the source is decoded, and nothing of it gets into the program.
 */

#include "base/os.h"
#include "video/libav/input.h"
#include "video/packets.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_BYTES (1 << 16)
#define MOST_STREAMS 64
/* Packets from sign of life to sign of life. */
#define PACKETS_PER_SIGN 2000

/* A file that is written, or read again, at a place of its own. */
struct place {
    int descriptor;
    int64_t at, size;
};

struct muxing {
    const struct imp_mux_request *request;
    imp_libav_send_fn send;
    void *user;
    struct imp_mux_answer answer;
    struct imp_input input;
    bool has_source;
    AVFormatContext *out;
    struct place place;
    struct imp_packets_reader reader;
    AVPacket *film, *other;       /* the next ones */
    bool film_waits, other_waits; /* whether these are there */
    int stream_of[MOST_STREAMS];  /* of a source's stream among ours; -1: it is left out */
    int64_t early;                /* microseconds that the source's times are late by */
    int64_t packets;
};

static bool refuse_by(struct muxing *m, int result, const char *what)
{
    char why[AV_ERROR_MAX_STRING_SIZE];
    av_strerror(result, why, sizeof(why));
    snprintf(m->answer.message, sizeof(m->answer.message), "%s (%s)", what, why);
    m->answer.status = result == AVERROR(ENOMEM) ? IMPASTO_ERROR_MEMORY : IMPASTO_ERROR_OUTPUT;
    return false;
}

/* Adds to what the container cannot take. */
static void note(struct muxing *m, const char *format, ...)
{
    char *end = m->answer.left_out + strlen(m->answer.left_out);
    const size_t room = sizeof(m->answer.left_out) - (size_t)(end - m->answer.left_out);
    const int comma = m->answer.left_out[0] ? snprintf(end, room, ", ") : 0;
    va_list arguments;
    va_start(arguments, format);
    if ((size_t)comma < room)
        (void)vsnprintf(end + comma, room - (size_t)comma, format, arguments);
    va_end(arguments);
}

/* ---- The file -------------------------------------------------------------------------------- */

static int read_again(void *opaque, uint8_t *bytes, int size)
{
    struct place *place = opaque;
    const ptrdiff_t got =
        imp_os_read_at(place->descriptor, bytes, (size_t)size, (uint64_t)place->at);
    if (got < 0)
        return AVERROR(errno);
    place->at += got;
    return got == 0 ? AVERROR_EOF : (int)got;
}

#if LIBAVFORMAT_VERSION_MAJOR >= 61
static int write_bytes(void *opaque, const uint8_t *bytes, int size)
#else
static int write_bytes(void *opaque, uint8_t *bytes, int size)
#endif
{
    struct place *place = opaque;
    if (!imp_os_write_at(place->descriptor, bytes, (size_t)size, (uint64_t)place->at))
        return AVERROR(errno);
    place->at += size;
    place->size = place->at > place->size ? place->at : place->size;
    return size;
}

static int64_t seek(void *opaque, int64_t offset, int whence)
{
    struct place *place = opaque;
    switch (whence & ~AVSEEK_FORCE) {
    case AVSEEK_SIZE:
        return place->size;
    case SEEK_CUR:
        offset += place->at;
        break;
    case SEEK_END:
        offset += place->size;
        break;
    default:
        break;
    }
    return offset < 0 ? AVERROR(EINVAL) : (place->at = offset);
}

static AVIOContext *open_io(struct place *place, bool writes)
{
    unsigned char *buffer = av_malloc(BUFFER_BYTES);
    AVIOContext *io =
        buffer ? avio_alloc_context(buffer, BUFFER_BYTES, writes, place, writes ? NULL : read_again,
                                    writes ? write_bytes : NULL, seek)
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
    const struct muxing *m = format->opaque;
    struct place *place = flags & AVIO_FLAG_WRITE ? NULL : av_malloc(sizeof(*place));
    (void)url, (void)options;
    if (!place)
        return AVERROR(EPERM);
    *place = (struct place){m->place.descriptor, 0, m->place.size};
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

static bool open_output(struct muxing *m)
{
    int result = avformat_alloc_output_context2(&m->out, NULL, NULL, m->request->path);
    if (result < 0)
        return refuse_by(m, result, "no such format");
    m->place = (struct place){m->request->output, 0, 0};
    m->out->pb = open_io(&m->place, true);
    if (!m->out->pb)
        return refuse_by(m, AVERROR(ENOMEM), "too little memory");
    m->out->opaque = m;
    m->out->io_open = open_again;
    m->out->io_close2 = close_again;
    m->out->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;
    return true;
}

/* ---- Streams --------------------------------------------------------------------------------- */

static bool add_film(struct muxing *m)
{
    const struct imp_packets_head *head = &m->reader.head;
    const AVCodecDescriptor *codec = avcodec_descriptor_get_by_name(head->encoded.codec);
    AVStream *stream = avformat_new_stream(m->out, NULL);
    if (!stream || !codec)
        return refuse_by(m, AVERROR(ENOMEM), "too little memory");
    AVCodecParameters *p = stream->codecpar;
    p->codec_type = AVMEDIA_TYPE_VIDEO;
    p->codec_id = codec->id;
    p->format = head->encoded.format;
    p->width = head->encoded.width;
    p->height = head->encoded.height;
    p->sample_aspect_ratio = stream->sample_aspect_ratio = (AVRational){1, 1};
    p->color_space = (enum AVColorSpace)head->encoded.matrix;
    p->color_range = head->encoded.full ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
    p->color_primaries = (enum AVColorPrimaries)head->film.primaries;
    p->color_trc = (enum AVColorTransferCharacteristic)head->film.transfer;
    p->video_delay = head->encoded.delay;
    p->extradata = av_mallocz((size_t)head->encoded.extradata_size + AV_INPUT_BUFFER_PADDING_SIZE);
    if (!p->extradata)
        return refuse_by(m, AVERROR(ENOMEM), "too little memory");
    memcpy(p->extradata, head->encoded.extradata, (size_t)head->encoded.extradata_size);
    p->extradata_size = head->encoded.extradata_size;
    stream->time_base = (AVRational){head->film.tick.num, head->film.tick.den};
    stream->avg_frame_rate = (AVRational){head->film.rate.num, head->film.rate.den};
    stream->disposition = AV_DISPOSITION_DEFAULT;
    return true;
}

static const char *kind_of(const AVCodecParameters *p)
{
    return p->codec_type == AVMEDIA_TYPE_AUDIO ? "sound" : "subtitles";
}

static int add_copy(AVFormatContext *out, const AVStream *from)
{
    AVStream *stream = avformat_new_stream(out, NULL);
    const int result =
        stream ? avcodec_parameters_copy(stream->codecpar, from->codecpar) : AVERROR(ENOMEM);
    if (result < 0)
        return result;
    stream->codecpar->codec_tag = 0; /* containers have numbers of their own */
    stream->time_base = from->time_base;
    stream->disposition = from->disposition;
    (void)av_dict_copy(&stream->metadata, from->metadata, 0);
    return stream->index;
}

/* Whether the container takes such a stream: tables of codecs promise more than muxers keep, so its
 * header is tried alone. */
static bool is_taken(const struct muxing *m, const AVStream *from)
{
    AVFormatContext *trial = NULL;
    uint8_t *bytes = NULL;
    bool taken = false;
    if (avformat_query_codec(m->out->oformat, from->codecpar->codec_id, FF_COMPLIANCE_NORMAL) != 1)
        return false;
    if (avformat_alloc_output_context2(&trial, m->out->oformat, NULL, NULL) < 0)
        return false;
    if (avio_open_dyn_buf(&trial->pb) >= 0) {
        taken = add_copy(trial, from) >= 0 && avformat_write_header(trial, NULL) >= 0;
        (void)avio_close_dyn_buf(trial->pb, &bytes);
        av_free(bytes);
    }
    avformat_free_context(trial);
    return taken;
}

/* Sound and subtitles: packets of them are copied as they are. */
static bool add_stream(struct muxing *m, const AVStream *from, int *place)
{
    const AVCodecParameters *p = from->codecpar;
    const bool wanted =
        p->codec_type == AVMEDIA_TYPE_AUDIO || p->codec_type == AVMEDIA_TYPE_SUBTITLE;
    *place = -1;
    if (!wanted)
        return true;
    if (!is_taken(m, from)) {
        note(m, "%s in %s", kind_of(p), avcodec_get_name(p->codec_id));
        return true;
    }
    *place = add_copy(m->out, from);
    return *place >= 0 || refuse_by(m, *place, "too little memory");
}

static bool add_chapters(struct muxing *m)
{
    const AVFormatContext *in = m->input.format;
    AVFormatContext *out = m->out;
    out->chapters = in->nb_chapters ? av_calloc(in->nb_chapters, sizeof(*out->chapters)) : NULL;
    for (unsigned i = 0; out->chapters && i < in->nb_chapters; i++) {
        const AVChapter *from = in->chapters[i];
        const int64_t early = av_rescale_q(m->early, AV_TIME_BASE_Q, from->time_base);
        if (from->end <= early)
            continue;
        AVChapter *to = av_mallocz(sizeof(*to));
        if (!to)
            return refuse_by(m, AVERROR(ENOMEM), "too little memory");
        to->id = from->id;
        to->time_base = from->time_base;
        to->start = from->start > early ? from->start - early : 0;
        to->end = from->end - early;
        (void)av_dict_copy(&to->metadata, from->metadata, 0);
        out->chapters[out->nb_chapters++] = to;
    }
    return true;
}

/* Texts about the film, but none about the file that it was in. */
static void add_texts(struct muxing *m)
{
    static const char *const of_file[] = {"major_brand", "minor_version", "compatible_brands",
                                          "encoder"};
    (void)av_dict_copy(&m->out->metadata, m->input.format->metadata, 0);
    for (size_t i = 0; i < IMP_COUNT(of_file); i++)
        (void)av_dict_set(&m->out->metadata, of_file[i], NULL, 0);
}

static bool add_source(struct muxing *m)
{
    const AVFormatContext *in = m->input.format;
    for (unsigned i = 0; i < in->nb_streams && i < MOST_STREAMS; i++)
        if (!add_stream(m, in->streams[i], &m->stream_of[i]))
            return false;
    m->early = imp_input_offset(in) + m->request->start;
    add_texts(m);
    return add_chapters(m);
}

/* A source of which nothing can be had is no reason to lose the film. */
static bool open_source(struct muxing *m)
{
    if (m->request->source < 0)
        return true;
    m->has_source = imp_input_open(&m->input, m->request->source) >= 0;
    if (m->has_source)
        return add_source(m);
    note(m, "sound that cannot be read");
    return true;
}

/* ---- Packets --------------------------------------------------------------------------------- */

/* The film's next packet, unless it waits already. */
static bool fetch_film(struct muxing *m)
{
    struct imp_packet packet;
    if (m->film_waits)
        return true;
    const int found = imp_packets_next(&m->reader, &packet);
    if (found == 0)
        return true;
    if (found < 0 || av_new_packet(m->film, (int)packet.size) < 0)
        return refuse_by(m, found < 0 ? AVERROR_INVALIDDATA : AVERROR(ENOMEM),
                         "the frames so far cannot be read");
    memcpy(m->film->data, m->reader.bytes, packet.size);
    m->film->pts = packet.pts;
    m->film->dts = packet.dts;
    m->film->duration = packet.duration;
    m->film->flags = packet.key ? AV_PKT_FLAG_KEY : 0;
    m->film->stream_index = 0;
    m->film_waits = true;
    return true;
}

/* Whether a packet of the source is a part of the film, at its place in it. */
static bool place_packet(const struct muxing *m, AVPacket *packet)
{
    const int index = packet->stream_index;
    const int to = index < MOST_STREAMS ? m->stream_of[index] : -1;
    if (to < 0)
        return false;
    const AVRational base = m->input.format->streams[index]->time_base;
    const int64_t early = av_rescale_q(m->early, AV_TIME_BASE_Q, base);
    const int64_t time = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
    if (time == AV_NOPTS_VALUE || (m->request->start > 0 && time < early) ||
        (m->request->length > 0 &&
         time - early >= av_rescale_q(m->request->length, AV_TIME_BASE_Q, base)))
        return false;
    packet->pts = time - early;
    packet->dts = packet->dts != AV_NOPTS_VALUE ? packet->dts - early : packet->pts;
    packet->stream_index = to;
    packet->pos = -1;
    av_packet_rescale_ts(packet, base, m->out->streams[to]->time_base);
    return true;
}

static void fetch_other(struct muxing *m)
{
    while (m->has_source && !m->other_waits) {
        if (av_read_frame(m->input.format, m->other) < 0) {
            m->has_source = false;
            return;
        }
        m->other_waits = place_packet(m, m->other);
        if (!m->other_waits)
            av_packet_unref(m->other);
    }
}

static bool is_film_first(const struct muxing *m)
{
    if (!m->film_waits || !m->other_waits)
        return m->film_waits;
    const AVRational film = {m->reader.head.film.tick.num, m->reader.head.film.tick.den};
    return av_compare_ts(m->film->dts, film, m->other->dts,
                         m->out->streams[m->other->stream_index]->time_base) <= 0;
}

/* Every now and then the program is told that it goes on. */
static bool show_life(struct muxing *m)
{
    struct imp_mux_answer sign = {.goes_on = 1};
    return ++m->packets % PACKETS_PER_SIGN != 0 || m->send(m->user, &sign, sizeof(sign));
}

static bool write_packets(struct muxing *m)
{
    for (;;) {
        if (!fetch_film(m))
            return false;
        fetch_other(m);
        if ((!m->film_waits && !m->other_waits) || !show_life(m))
            return true;
        const bool film = is_film_first(m);
        if (film)
            av_packet_rescale_ts(
                m->film, (AVRational){m->reader.head.film.tick.num, m->reader.head.film.tick.den},
                m->out->streams[0]->time_base);
        const int result = av_interleaved_write_frame(m->out, film ? m->film : m->other);
        if (film)
            m->film_waits = false;
        else
            m->other_waits = false;
        /* Damaged sound is left out, and the film goes on. */
        if (result < 0 && (film || result == AVERROR(ENOSPC) || result == AVERROR(EIO)))
            return refuse_by(m, result, "it cannot be written");
    }
}

static bool put_together(struct muxing *m)
{
    AVDictionary *options = NULL;
    if (!imp_packets_read(&m->reader, m->request->packets)) {
        m->answer.status = IMPASTO_ERROR_OUTPUT;
        snprintf(m->answer.message, sizeof(m->answer.message), "the frames so far are damaged");
        return false;
    }
    m->film = av_packet_alloc();
    m->other = av_packet_alloc();
    if (!m->film || !m->other)
        return refuse_by(m, AVERROR(ENOMEM), "too little memory");
    if (!open_output(m) || !add_film(m) || !open_source(m))
        return false;
    av_dict_set(&options, "movflags", "+faststart", 0);
    int result = avformat_write_header(m->out, &options);
    av_dict_free(&options);
    if (result < 0)
        return refuse_by(m, result, "its header cannot be written");
    if (!write_packets(m))
        return false;
    result = av_write_trailer(m->out);
    return result >= 0 || refuse_by(m, result, "its end cannot be written");
}

void imp_libav_mux(const struct imp_mux_request *request, imp_libav_send_fn send, void *user)
{
    struct muxing m = {.request = request, .send = send, .user = user};
    memset(m.stream_of, -1, sizeof(m.stream_of));
    av_log_set_level(AV_LOG_QUIET);
    (void)put_together(&m);
    (void)send(user, &m.answer, sizeof(m.answer));
    av_packet_free(&m.film);
    av_packet_free(&m.other);
    if (m.out && m.out->pb) {
        av_free(m.out->pb->buffer);
        avio_context_free(&m.out->pb);
    }
    avformat_free_context(m.out);
    imp_input_close(&m.input);
    imp_packets_close(&m.reader);
}
