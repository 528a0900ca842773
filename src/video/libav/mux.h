/* SPDX-License-Identifier: MIT */
#ifndef IMP_VIDEO_LIBAV_MUX_H
#define IMP_VIDEO_LIBAV_MUX_H

/* Inside putting together: the film that is written, its streams, and where they come from. */

#include "video/libav/file_place.h"
#include "video/libav/input.h"
#include "video/packets.h"

#define IMP_MUX_STREAMS 64

struct imp_muxing {
    const struct imp_mux_request *request;
    imp_libav_send_fn send;
    void *user;
    struct imp_mux_answer answer;
    struct imp_input input;
    bool has_source;
    AVFormatContext *out;
    struct imp_file_place place;
    struct imp_packets_reader reader;
    AVPacket *film, *other;         /* the next ones */
    bool film_waits, other_waits;   /* whether these are there */
    int stream_of[IMP_MUX_STREAMS]; /* of a source's stream among ours; -1: it is left out */
    bool is_text[IMP_MUX_STREAMS];  /* whether it becomes text as MP4 has it */
    int64_t early;                  /* microseconds that the source's times are late by */
    int64_t packets;
};

/* ---- mux_file.c ------------------------------------------------------------------------------ */

/* Opens what is written. 0, or an error of libav. */
int imp_mux_open_output(struct imp_muxing *mux);
void imp_mux_close_output(struct imp_muxing *mux);

/* ---- mux_streams.c --------------------------------------------------------------------------- */

/* The painted film, as the first stream. 0, or an error of libav. */
int imp_mux_add_film(struct imp_muxing *mux);
/* What is taken from the source, which is open. 0, or an error of libav. */
int imp_mux_add_source(struct imp_muxing *mux);
/* Adds to what the container cannot take. */
void imp_mux_note(struct imp_muxing *mux, const char *format, ...) IMP_PRINTF(2, 3);

/* ---- mux_text.c ------------------------------------------------------------------------------ */

/* Whether subtitles that the container does not take can become its own. */
bool imp_mux_becomes_text(const AVFormatContext *out, const AVStream *from);
/* The stream's index, or an error of libav. */
int imp_mux_add_text(AVFormatContext *out, const AVStream *from);
/* Changes a packet of the source. 0, or an error of libav. */
int imp_mux_make_text(AVPacket *packet);

#endif
