/* SPDX-License-Identifier: MIT */
/*
 * From a decoder's frames to RGB: the right matrix and range, square pixels, upright.
 *
 * libswscale assumes BT.601 unless it is told, which is up to 50 of 255 wrong. Its results of 8
 * bits are coarser than they need be, so it makes 16 of them, which are rounded here unless the
 * film is deep.
 */

#include "video/libav/input.h"

#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <stdlib.h>

/* Lines up to which a film that does not say is taken for BT.601, as players do. */
#define LINES_OF_601 576
/* Pixels that are more oblong than that are nobody's. */
#define MOST_ASPECT 8

/* ---- As it is to be seen --------------------------------------------------------------------- */

static const uint8_t *matrix_of(const AVStream *stream)
{
#if LIBAVFORMAT_VERSION_INT >= AV_VERSION_INT(60, 15, 100)
    const AVPacketSideData *data =
        av_packet_side_data_get(stream->codecpar->coded_side_data,
                                stream->codecpar->nb_coded_side_data, AV_PKT_DATA_DISPLAYMATRIX);
    return data && data->size >= 9 * sizeof(int32_t) ? data->data : NULL;
#else
    size_t size = 0;
    const uint8_t *data = av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
    return data && size >= 9 * sizeof(int32_t) ? data : NULL;
#endif
}

/* The matrix takes a place (x, y) to (m0 x + m3 y, m1 x + m4 y). What is no multiple of 90 degrees
 * is taken for the nearest. */
struct imp_turn imp_turn_of(const AVStream *stream)
{
    struct imp_turn turn = {0};
    int32_t m[9];
    const uint8_t *data = matrix_of(stream);
    if (!data)
        return turn;
    memcpy(m, data, sizeof(m));
    turn.across = llabs(m[1]) > llabs(m[0]);
    turn.flip_x = turn.across ? m[3] < 0 : m[0] < 0;
    turn.flip_y = turn.across ? m[1] < 0 : m[4] < 0;
    return turn;
}

/* Where the sample at (x, y) of what is seen comes from. */
static size_t origin(const struct imp_convert *convert, int x, int y, int width, int height)
{
    const struct imp_turn *turn = &convert->turn;
    x = turn->flip_x ? width - 1 - x : x;
    y = turn->flip_y ? height - 1 - y : y;
    const size_t across = (size_t)(turn->across ? y : x), down = (size_t)(turn->across ? x : y);
    return 3 * (down * (size_t)convert->square_width + across);
}

/* 65535 to 255, rounded: the fraction 1 / 257 as 255.00389 / 65536. */
static unsigned char narrow(unsigned value)
{
    return (unsigned char)((value * 255u + 32895u) >> 16);
}

/* One pixel. */
static void send_pixel(const uint16_t *from, bool deep, unsigned char *rgb, size_t pixel)
{
    uint16_t *shorts = (uint16_t *)(void *)rgb;
    for (size_t i = 0; i < 3; i++)
        if (deep)
            shorts[3 * pixel + i] = from[i];
        else
            rgb[3 * pixel + i] = narrow(from[i]);
}

static void turn(struct imp_convert *convert)
{
    const uint16_t *wide = (const uint16_t *)(const void *)convert->wide;
    const int width = convert->turn.across ? convert->height : convert->square_width;
    const int height = convert->turn.across ? convert->square_width : convert->height;
    size_t pixel = 0;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            send_pixel(wide + origin(convert, x, y, width, height), convert->deep, convert->rgb,
                       pixel++);
}

/* ---- Colours --------------------------------------------------------------------------------- */

static int matrix_number(const AVFrame *frame)
{
    switch (frame->colorspace) {
    case AVCOL_SPC_BT709:
        return SWS_CS_ITU709;
    case AVCOL_SPC_FCC:
        return SWS_CS_FCC;
    case AVCOL_SPC_BT470BG:
    case AVCOL_SPC_SMPTE170M:
        return SWS_CS_ITU601;
    case AVCOL_SPC_SMPTE240M:
        return SWS_CS_SMPTE240M;
    case AVCOL_SPC_BT2020_NCL:
    case AVCOL_SPC_BT2020_CL:
        return SWS_CS_BT2020;
    default:
        return frame->height <= LINES_OF_601 ? SWS_CS_ITU601 : SWS_CS_ITU709;
    }
}

static bool is_full(const AVFrame *frame)
{
    switch (frame->format) {
    case AV_PIX_FMT_YUVJ411P:
    case AV_PIX_FMT_YUVJ420P:
    case AV_PIX_FMT_YUVJ422P:
    case AV_PIX_FMT_YUVJ440P:
    case AV_PIX_FMT_YUVJ444P:
        return true;
    default:
        return frame->color_range == AVCOL_RANGE_JPEG;
    }
}

/* The places of colour samples, in 256ths of a pixel; films of MPEG-2 and later have them left. */
static void place_colours(struct SwsContext *scaler, const AVFrame *frame)
{
    const AVPixFmtDescriptor *format = av_pix_fmt_desc_get(frame->format);
    const enum AVChromaLocation location = frame->chroma_location;
    const bool centred = location == AVCHROMA_LOC_CENTER || location == AVCHROMA_LOC_TOP ||
                         location == AVCHROMA_LOC_BOTTOM;
    const bool top = location == AVCHROMA_LOC_TOPLEFT || location == AVCHROMA_LOC_TOP;
    const bool bottom = location == AVCHROMA_LOC_BOTTOMLEFT || location == AVCHROMA_LOC_BOTTOM;
    if (format->log2_chroma_w == 1)
        av_opt_set_int(scaler, "src_h_chr_pos", centred ? 128 : 0, 0);
    if (format->log2_chroma_h == 1)
        av_opt_set_int(scaler, "src_v_chr_pos", top ? 0 : bottom ? 256 : 128, 0);
}

static struct SwsContext *open_scaler(const struct imp_convert *convert, const AVFrame *frame)
{
    struct SwsContext *scaler = sws_alloc_context();
    if (!scaler)
        return NULL;
    av_opt_set_int(scaler, "srcw", frame->width, 0);
    av_opt_set_int(scaler, "srch", frame->height, 0);
    av_opt_set_int(scaler, "src_format", frame->format, 0);
    av_opt_set_int(scaler, "dstw", convert->square_width, 0);
    av_opt_set_int(scaler, "dsth", frame->height, 0);
    av_opt_set_int(scaler, "dst_format", AV_PIX_FMT_RGB48, 0);
    av_opt_set_int(scaler, "sws_flags",
                   SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP, 0);
    place_colours(scaler, frame);
    (void)sws_setColorspaceDetails(scaler, sws_getCoefficients(matrix_number(frame)),
                                   is_full(frame), sws_getCoefficients(SWS_CS_DEFAULT), 1, 0,
                                   1 << 16, 1 << 16);
    if (sws_init_context(scaler, NULL, NULL) >= 0)
        return scaler;
    sws_freeContext(scaler);
    return NULL;
}

/* ---- Frames ---------------------------------------------------------------------------------- */

void imp_convert_size(struct imp_convert *convert, const AVFrame *frame, AVRational aspect,
                      int *width, int *height)
{
    const bool known = aspect.num > 0 && aspect.den > 0 &&
                       (int64_t)aspect.num <= (int64_t)MOST_ASPECT * aspect.den &&
                       (int64_t)aspect.den <= (int64_t)MOST_ASPECT * aspect.num;
    const int64_t square =
        known ? av_rescale(frame->width, aspect.num, aspect.den) : (int64_t)frame->width;
    convert->width = frame->width;
    convert->height = frame->height;
    convert->format = frame->format;
    convert->square_width = (int)(square < 1 ? 1 : square);
    *width = convert->turn.across ? frame->height : convert->square_width;
    *height = convert->turn.across ? convert->square_width : frame->height;
}

int imp_convert_open(struct imp_convert *convert, const AVFrame *frame)
{
    const size_t values = 3 * (size_t)convert->square_width * (size_t)convert->height;
    convert->scaler = open_scaler(convert, frame);
    convert->wide = av_malloc(2 * values + 64);
    convert->rgb = av_malloc(convert->deep ? 2 * values : values);
    return !convert->scaler ? AVERROR(ENOSYS) : convert->wide && convert->rgb ? 0 : AVERROR(ENOMEM);
}

void imp_convert_frame(struct imp_convert *convert, const AVFrame *frame)
{
    uint8_t *const planes[4] = {convert->wide};
    const int strides[4] = {6 * convert->square_width};
    (void)sws_scale(convert->scaler, (const uint8_t *const *)frame->data, frame->linesize, 0,
                    frame->height, planes, strides);
    turn(convert);
}

void imp_convert_close(struct imp_convert *convert)
{
    sws_freeContext(convert->scaler);
    av_freep(&convert->wide);
    av_freep(&convert->rgb);
}
