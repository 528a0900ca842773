/* SPDX-License-Identifier: MIT */
#ifndef IMP_VIDEO_LIBAV_INPUT_H
#define IMP_VIDEO_LIBAV_INPUT_H

/* Inside the module: a film that is open, as decoding and muxing need it. */

#include "video/libav/file_place.h"
#include "video/libav.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswscale/swscale.h>

/* ---- input.c --------------------------------------------------------------------------- */

struct imp_input {
    AVFormatContext *format;
    struct imp_file_place place;
};

/* Opens a film by its descriptor. Formats that lead to other files are no films here. 0, or an
 * error of libav. input: to be closed in any case. */
int imp_input_open(struct imp_input *input, int descriptor);
void imp_input_close(struct imp_input *input);
/* Microseconds by which a film's times are early: a film that begins late, as one that is cut from
 * a broadcast, is shown from 0 on, its sound as well. */
int64_t imp_input_offset(const AVFormatContext *format);
/* The stream of pictures; NULL: there is none. A cover is none. */
AVStream *imp_input_pictures(const AVFormatContext *format);

/* ---- encode.c, mux.c: as in struct imp_libav ------------------------------------------------- */

enum impasto_status imp_libav_encoder_open(const struct imp_encode_request *request,
                                           struct imp_encoder **encoder,
                                           struct imp_encoded *encoded,
                                           struct impasto_error *error);
enum impasto_status imp_libav_encode(struct imp_encoder *encoder, const struct imp_film *film,
                                     const struct imp_frame *frame, int64_t number,
                                     imp_packet_fn take, void *user, struct impasto_error *error);
void imp_libav_encoder_close(struct imp_encoder **encoder);
void imp_libav_mux(const struct imp_mux_request *request, imp_libav_send_fn send, void *user);

/* ---- decode.c -------------------------------------------------------------------------- */

/* As in struct imp_libav. */
void imp_libav_decode(const struct imp_decode_request *request, imp_libav_send_fn send, void *user);

/* ---- convert.c ------------------------------------------------------------------------- */

/* From a decoder's frames to RGB, turned as they are to be seen, with square pixels. */
struct imp_turn {
    bool across;         /* rows become columns, before flips */
    bool flip_x, flip_y; /* of what is seen */
};
struct imp_convert {
    struct SwsContext *scaler;
    int width, height;         /* of the decoder's frames */
    int square_width;          /* with square pixels */
    enum AVPixelFormat format; /* the decoder's */
    struct imp_turn turn;
    bool deep;           /* 16 bits of a channel are sent */
    unsigned char *wide; /* 16 bits of a channel, before the turn */
    unsigned char *rgb;  /* as it is sent */
};

struct imp_turn imp_turn_of(const AVStream *stream);
/* Says how large a frame will be. */
void imp_convert_size(struct imp_convert *convert, const AVFrame *frame, AVRational aspect,
                      int *width, int *height);
/* Takes the memory, for frames like that one. 0, or an error of libav. */
int imp_convert_open(struct imp_convert *convert, const AVFrame *frame);
/* Fills convert->rgb. */
void imp_convert_frame(struct imp_convert *convert, const AVFrame *frame);
void imp_convert_close(struct imp_convert *convert);

/* ---- filter.c -------------------------------------------------------------------------- */

struct imp_filter; /* NULL: frames are used as they are */

/* Whether a film like the frame takes that filter, and it is built in. */
bool imp_filter_deinterlaces(void);
bool imp_filter_tone_maps(void);
/* 0, or an error of libav. *filter: NULL if neither is asked for. */
int imp_filter_open(const AVFrame *frame, AVRational tick, bool deinterlace, bool tone_map,
                    struct imp_filter **filter);
/* Gives a frame in; NULL: the film ends. */
int imp_filter_put(struct imp_filter *filter, AVFrame *frame);
/* Takes the next one, its pts in ticks; AVERROR(EAGAIN): there is none yet. */
int imp_filter_take(struct imp_filter *filter, AVFrame *frame);
void imp_filter_close(struct imp_filter **filter);

#endif
