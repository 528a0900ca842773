/* SPDX-License-Identifier: MIT */
/*
 * Subtitles as MP4 has them (3GPP TS 26.245, "timed text"): of a text's packet, its length in two
 * bytes and the text. SRT becomes that without what it says of fonts and places.
 */

#include "video/libav/mux.h"

#include <string.h>

#define TEXT_MOST 65535

/* Of a sample description: white, in the middle below, in the font 1, "Serif". */
static const uint8_t description[] = {
    0,    0,    0,    0,                       /* display flags */
    1,    0xff,                                /* in the middle; at the bottom */
    0,    0,    0,    0,                       /* background: none */
    0,    0,    0,    0,    0,   0,   0,   0,  /* the box: all of the picture */
    0,    0,    0,    0,    0,   1,   0,   16, /* all characters; font 1, plain, of size 16 */
    0xff, 0xff, 0xff, 0xff,                    /* white */
    0,    0,    0,    18,   'f', 't', 'a', 'b', 0, 1, /* fonts: one */
    0,    1,    5,    'S',  'e', 'r', 'i', 'f'};

bool imp_mux_becomes_text(const AVFormatContext *out, const AVStream *from)
{
    const enum AVCodecID codec = from->codecpar->codec_id;
    const bool takes = strcmp(out->oformat->name, "mp4") == 0 ||
                       strcmp(out->oformat->name, "ipod") == 0; /* that of .m4v */
    return takes && (codec == AV_CODEC_ID_SUBRIP || codec == AV_CODEC_ID_TEXT);
}

int imp_mux_add_text(AVFormatContext *out, const AVStream *from)
{
    AVStream *stream = avformat_new_stream(out, NULL);
    AVCodecParameters *p = stream ? stream->codecpar : NULL;
    if (!p || !(p->extradata = av_mallocz(sizeof(description) + AV_INPUT_BUFFER_PADDING_SIZE)))
        return AVERROR(ENOMEM);
    p->codec_type = AVMEDIA_TYPE_SUBTITLE;
    p->codec_id = AV_CODEC_ID_MOV_TEXT;
    memcpy(p->extradata, description, sizeof(description));
    p->extradata_size = sizeof(description);
    stream->time_base = from->time_base;
    stream->disposition = from->disposition;
    (void)av_dict_copy(&stream->metadata, from->metadata, 0);
    return stream->index;
}

/* What is in pointed brackets, as <i>, and in braces with a backslash, as {\an8}. 0: no mark. */
static int mark_length(const uint8_t *text, int left)
{
    const uint8_t end = text[0] == '<' ? '>' : '}';
    const bool opens =
        left > 2 && ((text[0] == '<' && text[1] != ' ') || (text[0] == '{' && text[1] == '\\'));
    for (int i = 1; opens && i < left && text[i] != '\n'; i++)
        if (text[i] == end)
            return i + 1;
    return 0;
}

int imp_mux_make_text(AVPacket *packet)
{
    const int most = packet->size < TEXT_MOST ? packet->size : TEXT_MOST;
    AVBufferRef *buffer = av_buffer_allocz((size_t)most + 2 + AV_INPUT_BUFFER_PADDING_SIZE);
    int length = 0;
    if (!buffer)
        return AVERROR(ENOMEM);
    for (int i = 0; i < most;) {
        const int mark = mark_length(packet->data + i, most - i);
        if (mark == 0 && packet->data[i] != '\r')
            buffer->data[2 + length++] = packet->data[i];
        i += mark > 0 ? mark : 1;
    }
    while (length > 0 && (buffer->data[1 + length] == '\n' || buffer->data[1 + length] == '\0'))
        length--;
    buffer->data[0] = (uint8_t)(length >> 8);
    buffer->data[1] = (uint8_t)(length & 0xff);
    av_buffer_unref(&packet->buf);
    packet->buf = buffer;
    packet->data = buffer->data;
    packet->size = 2 + length;
    return 0;
}
