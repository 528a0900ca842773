/* SPDX-License-Identifier: MIT */
/*
 * Frames of ours, encoded. A segment of a film is encoded by itself, from a key frame on, so that
 * segments can be joined, and a run can go on after the last one that is whole.
 *
 * The encoder is given a frame's number as its time: some know no finer clock. The packets' times
 * are those of the frames (packets_write.c).
 *
 * The same frames become the same bytes. For that, an encoder has one thread. And libx264 looks at
 * memory that it has not written, which changes its choices: ffmpeg, given other contents of fresh
 * memory, makes one of four films. So fresh memory is zero here.
 */

#include "video/libav/encode.h"
#include "video/yuv.h"

#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#define THREADS 1
/* Frames from key frame to key frame, where seeking begins; a segment has no more. */
#define KEY_FRAMES 250

struct imp_encoder {
    AVCodecContext *codec;
    AVFrame *frame;
    AVPacket *packet;
    struct imp_yuv *yuv; /* NULL: the encoder takes RGB */
    uint8_t *planes;     /* of a frame */
    uint8_t *padded;     /* RGB of even sides; NULL: the frames' own will do */
    int width, height;
};

static enum impasto_status fail_by(struct impasto_error *error, int result, const char *what)
{
    char why[AV_ERROR_MAX_STRING_SIZE];
    if (result == AVERROR(ENOMEM))
        return imp_fail_memory(error, "encoding a film", 0);
    av_strerror(result, why, sizeof(why));
    return imp_fail(error, IMPASTO_ERROR_OUTPUT, "the film cannot be encoded: %s (%s)", what, why);
}

/* ---- Opening --------------------------------------------------------------------------------- */

static void set_colours(AVCodecContext *codec, const struct imp_film *film, bool rgb)
{
    const enum AVColorSpace matrix =
        film->matrix != AVCOL_SPC_UNSPECIFIED && film->matrix != AVCOL_SPC_RGB
            ? (enum AVColorSpace)film->matrix
        : film->height <= 576 ? AVCOL_SPC_SMPTE170M
                              : AVCOL_SPC_BT709;
    codec->colorspace = rgb ? AVCOL_SPC_RGB : matrix;
    codec->color_range = rgb ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
    codec->color_primaries = (enum AVColorPrimaries)film->primaries;
    codec->color_trc = (enum AVColorTransferCharacteristic)film->transfer;
    codec->chroma_sample_location = rgb ? AVCHROMA_LOC_UNSPECIFIED : AVCHROMA_LOC_LEFT;
}

static bool is_rgb(enum AVPixelFormat format)
{
    return format == AV_PIX_FMT_0RGB32 || format == AV_PIX_FMT_GBRP10LE;
}

/* The film's rate as encoders take it: either of its numbers in 16 bits, and none of them 0. */
static AVRational rate_of(const struct imp_film *film)
{
    AVRational rate = {25, 1};
    if (film->rate.num > 0 && film->rate.num <= (int64_t)65535 * film->rate.den)
        (void)av_reduce(&rate.num, &rate.den, film->rate.num, film->rate.den, 65535);
    return rate.num > 0 ? rate : (AVRational){1, 65535};
}

static int open_codec(struct imp_encoder *encoder, const struct imp_way *way,
                      const struct imp_encode_request *request)
{
    const struct imp_film *film = &request->film;
    AVCodecContext *codec = avcodec_alloc_context3(avcodec_find_encoder_by_name(way->encoder));
    AVDictionary *options = NULL;
    if (!(encoder->codec = codec))
        return AVERROR(ENOMEM);
    codec->width = encoder->width;
    codec->height = encoder->height;
    codec->pix_fmt = imp_way_format(way, film->deep);
    codec->sample_aspect_ratio = (AVRational){1, 1};
    codec->framerate = rate_of(film);
    codec->time_base = av_inv_q(codec->framerate);
    codec->gop_size = strcmp(way->codec, "ffv1") == 0 ? 1 : KEY_FRAMES;
    codec->thread_count = THREADS;
    codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_BITEXACT;
    set_colours(codec, film, is_rgb(codec->pix_fmt));
    const int quality = request->crf >= 0 ? request->crf : way->quality;
    if (strcmp(way->codec, "mpeg4") == 0) {
        codec->flags |= AV_CODEC_FLAG_QSCALE;
        codec->global_quality = FF_QP2LAMBDA * (quality < 1 ? 1 : quality > 31 ? 31 : quality);
    } else if (quality >= 0) {
        av_dict_set_int(&options, "crf", quality, 0);
    }
    int result = av_dict_parse_string(&options, way->options, "=", ":", 0);
    if (result >= 0)
        result = avcodec_open2(codec, NULL, &options);
    av_dict_free(&options);
    return result;
}

/* ITU-T H.273, table 4. */
static void find_shares(enum AVColorSpace matrix, float *kr, float *kb)
{
    static const struct {
        enum AVColorSpace matrix;
        float kr, kb;
    } known[] = {{AVCOL_SPC_BT709, 0.2126f, 0.0722f},
                 {AVCOL_SPC_FCC, 0.3f, 0.11f},
                 {AVCOL_SPC_SMPTE240M, 0.212f, 0.087f},
                 {AVCOL_SPC_BT2020_NCL, 0.2627f, 0.0593f},
                 {AVCOL_SPC_BT2020_CL, 0.2627f, 0.0593f}};
    *kr = 0.299f;
    *kb = 0.114f;
    for (size_t i = 0; i < IMP_COUNT(known); i++)
        if (known[i].matrix == matrix) {
            *kr = known[i].kr;
            *kb = known[i].kb;
        }
}

/* Colours to the left between two rows, as films of MPEG-2 and later have them. libswscale would do
 * this, too, but not always to the same bytes. */
static int open_yuv(struct imp_encoder *encoder)
{
    struct imp_yuv_layout layout = {
        .bits = 8, .shift_x = 1, .shift_y = 1, .offset_x = 0, .offset_y = 0.5f};
    const AVPixFmtDescriptor *about = av_pix_fmt_desc_get(encoder->codec->pix_fmt);
    if (is_rgb(encoder->codec->pix_fmt))
        return 0;
    layout.bits = about->comp[0].depth;
    layout.shift_y = about->log2_chroma_h;
    layout.offset_y = layout.shift_y ? 0.5f : 0;
    find_shares(encoder->codec->colorspace, &layout.kr, &layout.kb);
    encoder->yuv = imp_yuv_create(&layout, encoder->width, encoder->height);
    encoder->planes = av_malloc((size_t)imp_yuv_bytes(&layout, encoder->width, encoder->height));
    return encoder->yuv && encoder->planes ? 0 : AVERROR(ENOMEM);
}

static int open_frames(struct imp_encoder *encoder, const struct imp_film *film)
{
    const AVCodecContext *codec = encoder->codec;
    encoder->packet = av_packet_alloc();
    encoder->frame = av_frame_alloc();
    if (encoder->width != film->width || encoder->height != film->height)
        encoder->padded =
            av_malloc(imp_film_pixel(film) * (size_t)encoder->width * (size_t)encoder->height + 64);
    if (!encoder->packet || !encoder->frame ||
        (!encoder->padded && (encoder->width != film->width || encoder->height != film->height)))
        return AVERROR(ENOMEM);
    encoder->frame->format = codec->pix_fmt;
    encoder->frame->width = codec->width;
    encoder->frame->height = codec->height;
    encoder->frame->colorspace = codec->colorspace;
    encoder->frame->color_range = codec->color_range;
    return av_frame_get_buffer(encoder->frame, 0);
}

static enum impasto_status describe(const struct imp_encoder *encoder, const struct imp_way *way,
                                    struct imp_encoded *encoded, struct impasto_error *error)
{
    const AVCodecContext *codec = encoder->codec;
    memset(encoded, 0, sizeof(*encoded)); /* with what is between members: it is compared */
    encoded->width = codec->width;
    encoded->height = codec->height;
    encoded->matrix = codec->colorspace;
    encoded->full = codec->color_range == AVCOL_RANGE_JPEG;
    encoded->format = codec->pix_fmt;
    encoded->delay = codec->has_b_frames > way->delay ? codec->has_b_frames : way->delay;
    snprintf(encoded->codec, sizeof(encoded->codec), "%s", way->codec);
    snprintf(encoded->lacks, sizeof(encoded->lacks), "%s", way->lacks ? way->lacks : "");
    if (codec->extradata_size > IMP_EXTRADATA_MOST)
        return imp_fail(error, IMPASTO_ERROR_OUTPUT,
                        "the film cannot be encoded: the encoder's header is too long");
    encoded->extradata_size = codec->extradata_size;
    if (codec->extradata_size > 0)
        memcpy(encoded->extradata, codec->extradata, (size_t)codec->extradata_size);
    return IMPASTO_OK;
}

/* While encoders work, what malloc() gives is filled with zeros, or as before. */
static void clear_memory(bool clear)
{
#ifdef __GLIBC__
    (void)mallopt(M_PERTURB, clear ? 0xff : 0); /* it is filled with the complement */
#else
    (void)clear;
#endif
}

/* The header that comes with the first packet of a black frame. */
static int hear_header(struct imp_encoder *asked, AVCodecContext *codec)
{
    size_t size = 0;
    for (int i = 0; i < AV_NUM_DATA_POINTERS && asked->frame->buf[i]; i++)
        memset(asked->frame->buf[i]->data, 0, asked->frame->buf[i]->size);
    asked->frame->pts = 0;
    int result = avcodec_send_frame(asked->codec, asked->frame);
    if (result >= 0)
        result = avcodec_send_frame(asked->codec, NULL);
    if (result >= 0)
        result = avcodec_receive_packet(asked->codec, asked->packet);
    const uint8_t *header =
        result < 0 ? NULL
                   : av_packet_get_side_data(asked->packet, AV_PKT_DATA_NEW_EXTRADATA, &size);
    if (!header)
        return result;
    codec->extradata = av_mallocz(size + AV_INPUT_BUFFER_PADDING_SIZE);
    if (!codec->extradata)
        return AVERROR(ENOMEM);
    memcpy(codec->extradata, header, size);
    codec->extradata_size = (int)size;
    return 0;
}

/* Encoders of AV1 may tell their header no sooner than with a packet, but Matroska wants it before.
 * So another encoder of the kind is asked for it. */
static int complete_header(struct imp_encoder *encoder, const struct imp_way *way,
                           const struct imp_encode_request *request)
{
    if (encoder->codec->codec_id != AV_CODEC_ID_AV1 || encoder->codec->extradata_size > 0)
        return 0;
    struct imp_encoder *asked = calloc(1, sizeof(*asked));
    if (!asked)
        return AVERROR(ENOMEM);
    asked->width = encoder->width;
    asked->height = encoder->height;
    int result = open_codec(asked, way, request);
    if (result >= 0)
        result = open_frames(asked, &request->film);
    if (result >= 0)
        result = hear_header(asked, encoder->codec);
    imp_libav_encoder_close(&asked);
    return result;
}

enum impasto_status imp_libav_encoder_open(const struct imp_encode_request *request,
                                           struct imp_encoder **encoder,
                                           struct imp_encoded *encoded, struct impasto_error *error)
{
    const struct imp_way *way;
    *encoder = NULL;
    av_log_set_level(AV_LOG_QUIET);
    IMP_TRY(imp_way_choose(request, &way, error));
    struct imp_encoder *opened = calloc(1, sizeof(*opened));
    if (!opened)
        return imp_fail_memory(error, "encoding a film", 0);
    *encoder = opened;
    const int even = !is_rgb(imp_way_format(way, request->film.deep));
    opened->width = (request->film.width + even) & ~even;
    opened->height = (request->film.height + even) & ~even;
    clear_memory(true);
    int result = open_codec(opened, way, request);
    if (result >= 0)
        result = complete_header(opened, way, request);
    clear_memory(false);
    if (result >= 0)
        result = open_yuv(opened);
    if (result >= 0)
        result = open_frames(opened, &request->film);
    return result < 0 ? fail_by(error, result, way->encoder)
                      : describe(opened, way, encoded, error);
}

/* ---- Frames ---------------------------------------------------------------------------------- */

/* Sides are made even by repeating the last column or row: nothing is squashed or cut. */
static const uint8_t *pad(struct imp_encoder *encoder, const struct imp_film *film,
                          const struct imp_frame *frame, size_t *stride)
{
    const size_t pixel = imp_film_pixel(film), row = pixel * (size_t)film->width;
    *stride = frame->stride;
    if (!encoder->padded)
        return frame->rgb;
    *stride = pixel * (size_t)encoder->width;
    for (int y = 0; y < encoder->height; y++) {
        uint8_t *to = encoder->padded + *stride * (size_t)y;
        const int from = y < film->height ? y : film->height - 1;
        memcpy(to, frame->rgb + frame->stride * (size_t)from, row);
        if (encoder->width > film->width)
            memcpy(to + row, to + row - pixel, pixel);
    }
    return encoder->padded;
}

static void copy_pixels(const uint8_t *rgb, size_t stride, AVFrame *frame)
{
    for (int y = 0; y < frame->height; y++) {
        const uint8_t *from = rgb + stride * (size_t)y;
        uint8_t *row = frame->data[0] + (ptrdiff_t)frame->linesize[0] * y;
        for (int x = 0; x < frame->width; x++, from += 3) {
            const uint32_t pixel = (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8 | from[2];
            memcpy(row + 4 * x, &pixel, sizeof(pixel));
        }
    }
}

/* Planes of green, blue and red in 10 bits, from 16. */
static void copy_deep_pixels(const uint8_t *rgb, size_t stride, AVFrame *frame)
{
    static const int channel[3] = {1, 2, 0};
    for (int plane = 0; plane < 3; plane++)
        for (int y = 0; y < frame->height; y++) {
            const uint8_t *from = rgb + stride * (size_t)y + 2 * channel[plane];
            uint8_t *row = frame->data[plane] + (ptrdiff_t)frame->linesize[plane] * y;
            for (int x = 0; x < frame->width; x++, from += 6) {
                uint16_t value;
                memcpy(&value, from, sizeof(value));
                const unsigned ten = ((unsigned)value * 1023 + 32767) / 65535;
                row[2 * x] = (uint8_t)(ten & 0xff);
                row[2 * x + 1] = (uint8_t)(ten >> 8);
            }
        }
}

static void copy_planes(const uint8_t *planes, AVFrame *frame)
{
    const AVPixFmtDescriptor *about = av_pix_fmt_desc_get(frame->format);
    const int bytes = about->comp[0].depth > 8 ? 2 : 1;
    for (int plane = 0; plane < 3; plane++) {
        const int width = plane ? frame->width >> about->log2_chroma_w : frame->width;
        const int height = plane ? frame->height >> about->log2_chroma_h : frame->height;
        const size_t row = (size_t)width * (size_t)bytes;
        for (int y = 0; y < height; y++, planes += row)
            memcpy(frame->data[plane] + (ptrdiff_t)frame->linesize[plane] * y, planes, row);
    }
}

static int fill(struct imp_encoder *encoder, const struct imp_film *film,
                const struct imp_frame *frame)
{
    size_t stride;
    const uint8_t *rgb = pad(encoder, film, frame, &stride);
    const int result = av_frame_make_writable(encoder->frame);
    if (result < 0)
        return result;
    if (encoder->yuv) {
        imp_yuv_from_rgb(encoder->yuv, rgb, stride, encoder->planes);
        copy_planes(encoder->planes, encoder->frame);
        return 0;
    }
    if (film->deep)
        copy_deep_pixels(rgb, stride, encoder->frame);
    else
        copy_pixels(rgb, stride, encoder->frame);
    return 0;
}

enum impasto_status imp_libav_encode(struct imp_encoder *encoder, const struct imp_film *film,
                                     const struct imp_frame *frame, int64_t number,
                                     imp_packet_fn take, void *user, struct impasto_error *error)
{
    int result = frame ? fill(encoder, film, frame) : 0;
    encoder->frame->pts = number;
    clear_memory(true);
    if (result >= 0)
        result = avcodec_send_frame(encoder->codec, frame ? encoder->frame : NULL);
    enum impasto_status status = IMPASTO_OK;
    while (status == IMPASTO_OK && result >= 0 &&
           (result = avcodec_receive_packet(encoder->codec, encoder->packet)) >= 0) {
        const AVPacket *packet = encoder->packet;
        status = take(user, packet->data, (size_t)packet->size, packet->pts,
                      (packet->flags & AV_PKT_FLAG_KEY) != 0, error);
        av_packet_unref(encoder->packet);
    }
    clear_memory(false);
    return status == IMPASTO_OK && result < 0 && result != AVERROR(EAGAIN) && result != AVERROR_EOF
               ? fail_by(error, result, "a frame")
               : status;
}

void imp_libav_encoder_close(struct imp_encoder **encoder)
{
    struct imp_encoder *closing = *encoder;
    *encoder = NULL;
    if (!closing)
        return;
    avcodec_free_context(&closing->codec);
    av_frame_free(&closing->frame);
    av_packet_free(&closing->packet);
    imp_yuv_free(closing->yuv);
    av_free(closing->planes);
    av_free(closing->padded);
    free(closing);
}
