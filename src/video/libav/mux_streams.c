/* SPDX-License-Identifier: MIT */
/* The streams of a film that is put together: its pictures, and copies of what else the source has.
 */

#include "video/libav/mux.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void imp_mux_note(struct imp_muxing *m, const char *format, ...)
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

int imp_mux_add_film(struct imp_muxing *m)
{
    const struct imp_packets_head *head = &m->reader.head;
    const AVCodecDescriptor *codec = avcodec_descriptor_get_by_name(head->encoded.codec);
    AVStream *stream = avformat_new_stream(m->out, NULL);
    if (!stream || !codec)
        return AVERROR(ENOMEM);
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
        return AVERROR(ENOMEM);
    memcpy(p->extradata, head->encoded.extradata, (size_t)head->encoded.extradata_size);
    p->extradata_size = head->encoded.extradata_size;
    stream->time_base = (AVRational){head->film.tick.num, head->film.tick.den};
    stream->avg_frame_rate = (AVRational){head->film.rate.num, head->film.rate.den};
    stream->disposition = AV_DISPOSITION_DEFAULT;
    return 0;
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
static bool is_taken(const struct imp_muxing *m, const AVStream *from)
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
static int add_stream(struct imp_muxing *m, const AVStream *from, int *place, bool *is_text)
{
    const AVCodecParameters *p = from->codecpar;
    const bool wanted =
        p->codec_type == AVMEDIA_TYPE_AUDIO || p->codec_type == AVMEDIA_TYPE_SUBTITLE;
    *place = -1;
    if (!wanted)
        return 0;
    *is_text = imp_mux_becomes_text(m->out, from);
    if (!*is_text && !is_taken(m, from)) {
        imp_mux_note(m, "%s in %s", kind_of(p), avcodec_get_name(p->codec_id));
        return 0;
    }
    *place = *is_text ? imp_mux_add_text(m->out, from) : add_copy(m->out, from);
    return *place < 0 ? *place : 0;
}

static int add_chapters(struct imp_muxing *m)
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
            return AVERROR(ENOMEM);
        to->id = from->id;
        to->time_base = from->time_base;
        to->start = from->start > early ? from->start - early : 0;
        to->end = from->end - early;
        (void)av_dict_copy(&to->metadata, from->metadata, 0);
        out->chapters[out->nb_chapters++] = to;
    }
    return 0;
}

/* Texts about the film, but none about the file that it was in. */
static void add_texts(struct imp_muxing *m)
{
    static const char *const of_file[] = {"major_brand", "minor_version", "compatible_brands",
                                          "encoder"};
    (void)av_dict_copy(&m->out->metadata, m->input.format->metadata, 0);
    for (size_t i = 0; i < IMP_COUNT(of_file); i++)
        (void)av_dict_set(&m->out->metadata, of_file[i], NULL, 0);
}

int imp_mux_add_source(struct imp_muxing *m)
{
    const AVFormatContext *in = m->input.format;
    for (unsigned i = 0; i < in->nb_streams && i < IMP_MUX_STREAMS; i++) {
        const int result = add_stream(m, in->streams[i], &m->stream_of[i], &m->is_text[i]);
        if (result < 0)
            return result;
    }
    m->early = imp_input_offset(in) + m->request->start;
    add_texts(m);
    return add_chapters(m);
}
