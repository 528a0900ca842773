/* SPDX-License-Identifier: MIT */
/* A film's frames, decoded in a sandbox and sent one by one. The pipe holds the child back, so it
 * is at most a frame ahead of whoever reads. */

#include "video/libav/input.h"

#include <libavutil/pixdesc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* So many zeros in a row are a hole. */
#define HOLE 16
/* Seconds before the frame that is wanted first, from which on complaints count after a jump. */
#define CERTAIN 1

struct decoding {
    const struct imp_decode_request *request;
    imp_libav_send_fn send;
    void *user;
    struct imp_input input;
    AVStream *stream;
    AVCodecContext *codec;
    AVPacket *packet;
    AVFrame *frame, *filtered;
    struct imp_filter *filter;
    struct imp_convert convert;
    struct imp_decode_answer answer;
    int64_t offset, last; /* ticks: what times are early by, and the last frame's time */
    int64_t passed;       /* of the last frame that went to the filter, in the stream's time */
    bool begun, unheard;  /* a frame is there; nobody reads any more */
    enum { NOT_SOUGHT, SOUGHT, ARRIVED } seek; /* SOUGHT: and no frame has come since */
    bool astray;                               /* what came is behind what was sought */
    bool jumped;                               /* somewhere, at any time */
    int damages;                               /* complaints before that */
};

/* ---- What is wrong --------------------------------------------------------------------------- */

/* The decoder's complaints come by a function without a user, in a process that decodes one film.
 */
static struct decoding *complaining;

static void hear(void *object, int level, const char *format, va_list arguments)
{
    (void)object;
    if (level > AV_LOG_ERROR || !complaining)
        return;
    struct imp_decode_answer *answer = &complaining->answer;
    if (answer->damages++ == 0)
        (void)vsnprintf(answer->message, sizeof(answer->message), format, arguments);
}

static void complain(struct decoding *d, const char *what)
{
    if (d->answer.damages++ == 0)
        snprintf(d->answer.message, sizeof(d->answer.message), "%s", what);
}

/* The first time that is wanted, in the stream's. */
static int64_t wanted_time(const struct decoding *d)
{
    return av_rescale_q(d->request->start, AV_TIME_BASE_Q, d->stream->time_base) + d->offset;
}

/* Whether complaints at that time of the stream's count. Behind a jump, decoders also complain that
 * they lack the frames before it; what is damaged long before what is wanted is not looked at. */
static bool counts(const struct decoding *d, int64_t time)
{
    const int64_t ahead =
        av_rescale_q((int64_t)CERTAIN * AV_TIME_BASE, AV_TIME_BASE_Q, d->stream->time_base);
    return !d->jumped || time == AV_NOPTS_VALUE || time >= wanted_time(d) - ahead;
}

/* Sets why the film is refused. */
static bool refuse(struct decoding *d, enum impasto_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(d->answer.message, sizeof(d->answer.message), format, arguments);
    va_end(arguments);
    d->answer.status = status;
    return false;
}

static bool refuse_by(struct decoding *d, int result, const char *what)
{
    char why[AV_ERROR_MAX_STRING_SIZE];
    if (result == AVERROR(ENOMEM))
        return refuse(d, IMPASTO_ERROR_MEMORY, "too little memory to decode it");
    av_strerror(result, why, sizeof(why));
    return refuse(d, IMPASTO_ERROR_INPUT, "%s (%s)", what, why);
}

static bool is_hdr(enum AVColorTransferCharacteristic transfer)
{
    return transfer == AVCOL_TRC_SMPTE2084 || transfer == AVCOL_TRC_ARIB_STD_B67;
}

/* ---- Opening --------------------------------------------------------------------------------- */

static bool open_codec(struct decoding *d)
{
    const AVCodecParameters *parameters = d->stream->codecpar;
    const AVCodec *codec = avcodec_find_decoder(parameters->codec_id);
    if (!codec)
        return refuse(d, IMPASTO_ERROR_INPUT,
                      "its pictures are %s, for which this FFmpeg has no decoder",
                      avcodec_get_name(parameters->codec_id));
    d->codec = avcodec_alloc_context3(codec);
    d->packet = av_packet_alloc();
    d->frame = av_frame_alloc();
    d->filtered = av_frame_alloc();
    if (!d->codec || !d->packet || !d->frame || !d->filtered)
        return refuse_by(d, AVERROR(ENOMEM), "");
    int result = avcodec_parameters_to_context(d->codec, parameters);
    d->codec->thread_count = 1; /* a sandbox has no others */
    d->codec->pkt_timebase = d->stream->time_base;
    d->codec->max_pixels =
        (int64_t)(d->request->max_pixels < INT64_MAX ? d->request->max_pixels : INT64_MAX);
    if (result >= 0)
        result = avcodec_open2(d->codec, codec, NULL);
    return result >= 0 || refuse_by(d, result, "its decoder does not take it");
}

static bool open_film(struct decoding *d)
{
    const int result = imp_input_open(&d->input, d->request->descriptor);
    if (result < 0)
        return refuse_by(d, result, "no film that can be read");
    d->stream = imp_input_pictures(d->input.format);
    if (!d->stream)
        return refuse(d, IMPASTO_ERROR_INPUT, "has no moving pictures");
    const AVCodecParameters *p = d->stream->codecpar;
    if (p->width > 0 && p->height > 0 &&
        (uint64_t)p->width * (uint64_t)p->height > d->request->max_pixels)
        return refuse(d, IMPASTO_ERROR_INPUT,
                      "its frames have %dx%d pixels, more than the limit (--max-pixels)", p->width,
                      p->height);
    for (unsigned i = 0; i < d->input.format->nb_streams; i++)
        if (d->input.format->streams[i] != d->stream)
            d->input.format->streams[i]->discard = AVDISCARD_ALL;
    d->offset =
        av_rescale_q(imp_input_offset(d->input.format), AV_TIME_BASE_Q, d->stream->time_base);
    return open_codec(d);
}

/* ---- The first frame, which tells what the film is ------------------------------------------- */

static bool is_interlaced(const struct decoding *d, const AVFrame *frame)
{
    const enum AVFieldOrder order = d->stream->codecpar->field_order;
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100)
    const bool flagged = (frame->flags & AV_FRAME_FLAG_INTERLACED) != 0;
#else
    const bool flagged = frame->interlaced_frame;
#endif
    return flagged || order == AV_FIELD_TT || order == AV_FIELD_BB || order == AV_FIELD_TB ||
           order == AV_FIELD_BT;
}

static int64_t count_frames(const struct decoding *d)
{
    const AVStream *stream = d->stream;
    if (stream->nb_frames > 0)
        return stream->nb_frames;
    const int64_t duration = d->input.format->duration;
    const AVRational rate = stream->avg_frame_rate;
    return duration > 0 && rate.num > 0 && rate.den > 0
               ? av_rescale(duration, rate.num, (int64_t)rate.den * AV_TIME_BASE)
               : 0;
}

static struct imp_ratio to_ratio(AVRational r)
{
    return r.num > 0 && r.den > 0 ? (struct imp_ratio){r.num, r.den} : (struct imp_ratio){0, 1};
}

/* Whether a frame's time is that of its packet, and where key frames are is known. */
static bool can_seek(const struct decoding *d)
{
    const char *name = d->input.format->iformat->name;
    return strstr(name, "mov") || strstr(name, "matroska");
}

/* Whether bytes cannot hold its values. */
static bool is_deep(const AVFrame *frame)
{
    const AVPixFmtDescriptor *format = av_pix_fmt_desc_get(frame->format);
    return format && format->comp[0].depth > 8;
}

static bool describe(struct decoding *d, const AVFrame *frame)
{
    struct imp_film *film = &d->answer.film;
    const AVRational aspect =
        av_guess_sample_aspect_ratio(d->input.format, d->stream, (AVFrame *)frame);
    d->convert.turn = imp_turn_of(d->stream);
    imp_convert_size(&d->convert, frame, aspect, &film->width, &film->height);
    film->tick = to_ratio(d->stream->time_base);
    film->rate = to_ratio(d->stream->avg_frame_rate);
    film->aspect = (struct imp_ratio){1, 1};
    film->frames = count_frames(d);
    film->seekable = can_seek(d);
    for (unsigned i = 0; i < d->input.format->nb_streams; i++)
        film->sound =
            film->sound || d->input.format->streams[i]->codecpar->codec_type == AVMEDIA_TYPE_AUDIO;
    film->matrix = frame->colorspace;
    film->primaries = frame->color_primaries;
    film->transfer = frame->color_trc;
    film->deep = d->convert.deep = d->request->deep && is_deep(frame);
    if ((uint64_t)film->width * (uint64_t)film->height > d->request->max_pixels)
        return refuse(d, IMPASTO_ERROR_INPUT,
                      "its frames have %dx%d pixels, more than the limit (--max-pixels)",
                      film->width, film->height);
    return film->tick.num > 0 || refuse(d, IMPASTO_ERROR_INPUT, "its frames have no times");
}

static bool check_range(struct decoding *d, const AVFrame *frame)
{
    if (!is_hdr(frame->color_trc))
        return true;
    if (!d->request->tone_map)
        return refuse(d, IMPASTO_ERROR_INPUT,
                      "is HDR (%s), of which networks know nothing; --tone-map makes it SDR first",
                      av_color_transfer_name(frame->color_trc));
    if (!imp_filter_tone_maps())
        return refuse(d, IMPASTO_ERROR_INPUT,
                      "is HDR, and this FFmpeg cannot make it SDR: it lacks the filter zscale");
    d->answer.film.matrix = d->answer.film.primaries = d->answer.film.transfer = AVCOL_SPC_BT709;
    return true;
}

static bool begin(struct decoding *d, const AVFrame *frame)
{
    const bool interlaced = is_interlaced(d, frame), undone = imp_filter_deinterlaces();
    if (!describe(d, frame) || !check_range(d, frame))
        return false;
    d->answer.interlaced = !interlaced ? 0 : undone ? 1 : 2;
    const int result = imp_filter_open(frame, d->stream->time_base, interlaced && undone,
                                       is_hdr(frame->color_trc), &d->filter);
    if (result < 0)
        return refuse_by(d, result, "its frames cannot be filtered");
    d->unheard = !d->send(d->user, &d->answer, sizeof(d->answer));
    d->begun = true;
    return !d->unheard;
}

/* ---- Where it begins ------------------------------------------------------------------------- */

/* Seconds before the frame that is wanted first, so that what filters and decoders know of the
 * frames before it is the same, and that a key frame in the order of decoding is one in time. */
#define BEFORE 2

static bool jump(struct decoding *d, int64_t time)
{
    if (av_seek_frame(d->input.format, d->stream->index, time, AVSEEK_FLAG_BACKWARD) < 0)
        return false;
    avcodec_flush_buffers(d->codec);
    return true;
}

static bool go_back(struct decoding *d)
{
    d->astray = false;
    d->seek = ARRIVED;
    d->answer.damages = d->damages;
    return jump(d, INT64_MIN / 2) ||
           refuse(d, IMPASTO_ERROR_INPUT,
                  "cannot be sought in, though it is of a kind that can be; make it anew, as by "
                  "ffmpeg -i FILM -c copy NEW.mkv, and paint that");
}

/* Once the first frame has told what the film is: to a key frame before the first that is wanted.
 * Where the one that comes is behind it after all, back to the beginning. false: that fails. */
static bool seek(struct decoding *d)
{
    const int64_t ahead =
        av_rescale_q((int64_t)BEFORE * AV_TIME_BASE, AV_TIME_BASE_Q, d->stream->time_base);
    if (d->astray)
        return go_back(d);
    if (!d->begun || d->seek != NOT_SOUGHT)
        return true;
    d->seek = ARRIVED;
    d->damages = d->answer.damages;
    d->jumped = d->request->start > (int64_t)BEFORE * AV_TIME_BASE && can_seek(d) &&
                jump(d, wanted_time(d) - ahead);
    if (d->jumped)
        d->seek = SOUGHT;
    return true;
}

/* Frames that come again after a jump have been sent. false: this one is not to be sent. */
static bool is_new(struct decoding *d, const AVFrame *frame)
{
    if (d->seek == SOUGHT) {
        d->seek = ARRIVED;
        d->astray = frame->pts == AV_NOPTS_VALUE || frame->pts > wanted_time(d);
    }
    return !d->astray &&
           (d->seek == NOT_SOUGHT || frame->pts == AV_NOPTS_VALUE || frame->pts > d->passed);
}

/* ---- Frames ---------------------------------------------------------------------------------- */

static int64_t duration_of(const AVFrame *frame)
{
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(57, 30, 100)
    return frame->duration;
#else
    return frame->pkt_duration;
#endif
}

/* Of a frame without a time, it follows from the one before. No time comes twice. */
static int64_t time_of(struct decoding *d, const AVFrame *frame)
{
    const AVRational rate = d->stream->avg_frame_rate;
    const int64_t step =
        rate.num > 0 && rate.den > 0 ? av_rescale_q(1, av_inv_q(rate), d->stream->time_base) : 1;
    int64_t time = frame->pts == AV_NOPTS_VALUE ? d->last + step : frame->pts - d->offset;
    if (frame->pts == AV_NOPTS_VALUE && d->last == INT64_MIN)
        time = 0;
    return d->last == INT64_MIN || time > d->last ? time : d->last + 1;
}

static bool send_frame(struct decoding *d, const AVFrame *frame)
{
    if (!d->convert.scaler) {
        d->convert.format = frame->format; /* a filter may have changed it */
        const int result = imp_convert_open(&d->convert, frame);
        if (result < 0)
            return refuse_by(d, result, "its frames cannot be converted");
    }
    if (frame->width != d->convert.width || frame->height != d->convert.height ||
        frame->format != d->convert.format)
        return refuse(d, IMPASTO_ERROR_INPUT,
                      "its frames change from %dx%d to %dx%d, or in how their pixels are stored; "
                      "cut it there, as by ffmpeg -ss, and paint the parts one by one",
                      d->convert.width, d->convert.height, frame->width, frame->height);
    imp_convert_frame(&d->convert, frame);
    const int64_t duration = duration_of(frame);
    const struct imp_decode_frame head = {.time = time_of(d, frame),
                                          .duration = duration > 0 ? duration : 0};
    const size_t bytes = imp_film_pixel(&d->answer.film) * (size_t)d->answer.film.width *
                         (size_t)d->answer.film.height;
    d->last = head.time;
    d->unheard = !d->send(d->user, &head, sizeof(head)) || !d->send(d->user, d->convert.rgb, bytes);
    return !d->unheard;
}

/* A frame as decoded, on its way through the filter, if there is one; NULL: the film ends. */
static bool pass_frame(struct decoding *d, AVFrame *frame)
{
    if (!d->filter)
        return !frame || send_frame(d, frame);
    int result = imp_filter_put(d->filter, frame);
    bool good = true;
    while (good && result >= 0 && (result = imp_filter_take(d->filter, d->filtered)) >= 0) {
        good = send_frame(d, d->filtered);
        av_frame_unref(d->filtered);
    }
    if (good && result < 0 && result != AVERROR(EAGAIN) && result != AVERROR_EOF)
        return refuse_by(d, result, "its frames cannot be filtered");
    return good;
}

/* Takes what the decoder has ready. false: something has ended it. */
static bool take_frames(struct decoding *d)
{
    int result;
    bool good = true;
    while (good && (result = avcodec_receive_frame(d->codec, d->frame)) >= 0) {
        d->frame->pts = d->frame->best_effort_timestamp;
        if ((d->frame->flags & AV_FRAME_FLAG_CORRUPT || d->frame->decode_error_flags) &&
            counts(d, d->frame->pts))
            complain(d, "a frame is damaged, and patched up");
        good = d->begun || begin(d, d->frame);
        if (good && is_new(d, d->frame)) {
            d->passed = d->frame->pts;
            good = pass_frame(d, d->frame);
        }
        av_frame_unref(d->frame);
    }
    return good;
}

/*
 * Whether a packet has zeros where no encoder writes any, as where a disk or a transfer has lost a
 * part of the file. Decoders may make pictures of it without a word. In H.264 and HEVC with
 * lengths before their units, no more than two zeros follow each other within a unit, and a length
 * has three at the most.
 */
static bool has_hole(const struct decoding *d)
{
    const AVCodecParameters *p = d->stream->codecpar;
    const bool lengths = p->extradata_size > 0 && p->extradata[0] == 1;
    int zeros = 0;
    if (!lengths || (p->codec_id != AV_CODEC_ID_H264 && p->codec_id != AV_CODEC_ID_HEVC))
        return false;
    for (int i = 0; i < d->packet->size && zeros < HOLE; i++)
        zeros = d->packet->data[i] == 0 ? zeros + 1 : 0;
    return zeros >= HOLE;
}

/* From where the film is to its end. */
static bool decode_packets(struct decoding *d)
{
    bool good = true;
    while (good && av_read_frame(d->input.format, d->packet) >= 0) {
        if (d->packet->stream_index == d->stream->index) {
            if (has_hole(d))
                complain(d, "a part of it has been replaced by zeros");
            /* What it does not take is damaged, and has been complained of. */
            (void)avcodec_send_packet(d->codec, d->packet);
            good = take_frames(d);
            if (!counts(d, d->packet->pts == AV_NOPTS_VALUE ? d->packet->dts : d->packet->pts))
                d->answer.damages = d->damages;
        }
        av_packet_unref(d->packet);
        good = good && seek(d);
    }
    if (good)
        (void)avcodec_send_packet(d->codec, NULL);
    return good && take_frames(d);
}

static void decode_film(struct decoding *d)
{
    bool good = decode_packets(d);
    /* No frame, or one that is astray, came between what was sought and the end. */
    if (good && (d->astray || d->seek == SOUGHT))
        good = go_back(d) && decode_packets(d);
    good = good && pass_frame(d, NULL);
    if (good && !d->begun)
        (void)refuse(d, IMPASTO_ERROR_INPUT, "has no frame that can be decoded");
}

static void close_all(struct decoding *d)
{
    imp_convert_close(&d->convert);
    imp_filter_close(&d->filter);
    av_frame_free(&d->filtered);
    av_frame_free(&d->frame);
    av_packet_free(&d->packet);
    avcodec_free_context(&d->codec);
    imp_input_close(&d->input);
}

void imp_libav_decode(const struct imp_decode_request *request, imp_libav_send_fn send, void *user)
{
    const struct imp_decode_frame last = {.last = 1};
    struct decoding d = {.request = request, .send = send, .user = user, .last = INT64_MIN};
    complaining = &d;
    av_log_set_callback(hear);
    if (open_film(&d))
        decode_film(&d);
    complaining = NULL;
    if (!d.unheard && (!d.begun || send(user, &last, sizeof(last))))
        (void)send(user, &d.answer, sizeof(d.answer));
    close_all(&d);
}
