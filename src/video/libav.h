/* SPDX-License-Identifier: MIT */
#ifndef IMP_VIDEO_LIBAV_H
#define IMP_VIDEO_LIBAV_H

/*
 * What films need of FFmpeg's libraries, which bring some hundred others. A module offers it, which
 * is loaded when a film is named that is not Y4M. So no other run is slowed down by them, and a
 * distribution may package it apart. It is src/video/libav, the only folder that includes
 * libav*. The module has a copy of src/base of its own, as the program has.
 *
 * `decode` and `mux` see bytes of foreign films. They run in a sandbox (apart.c, mux.c), which
 * fork() makes of the program with the module loaded. `encode` sees our own frames only.
 */

#include "video/kinds.h"

#include <impasto/apply.h>

#define IMP_LIBAV_MODULE "impasto_video.so"
#define IMP_LIBAV_TABLE "imp_libav_table"

#define IMP_LIBAV_MESSAGE 400

/* A function of the library, beside which the module lies. */
#define IMP_LIBAV_NEAR ((void (*)(void))impasto_apply_defaults)

/* ---- Decoding -------------------------------------------------------------------------------- */

struct imp_decode_request {
    int descriptor; /* the film, which can be sought in */
    bool tone_map;  /* HDR is made SDR; else it is refused */
    bool deep;      /* films that have more than 8 bits are sent deep */
    uint64_t max_pixels;
    /* Nobody asks for the frames before that, but for the first; microseconds. Some may come. */
    int64_t start;
};

/* What the child sends first, and again at the end. */
struct imp_decode_answer {
    enum impasto_status status; /* IMPASTO_OK, _INPUT, _MEMORY */
    struct imp_film film;
    int interlaced;                  /* 1: undone by a filter; 2: it is not */
    int damages;                     /* complaints of the decoder so far */
    char message[IMP_LIBAV_MESSAGE]; /* why it is refused, or the first complaint */
};

/* What it sends before each frame, whose rows of RGB follow without gaps. */
struct imp_decode_frame {
    int64_t time, duration; /* as of struct imp_frame */
    int last;               /* there is no frame; an answer follows */
};

/* Sends bytes to whoever reads the frames. false: nobody does. */
typedef bool (*imp_libav_send_fn)(void *user, const void *bytes, size_t size);

/* ---- Encoding -------------------------------------------------------------------------------- */

#define IMP_EXTRADATA_MOST 4096

struct imp_encode_request {
    const char *path; /* its ending says in which container */
    struct imp_film film;
    const char *codec; /* NULL: the usual one */
    int crf;           /* below 0: the usual one */
    bool lossless;
};

/* What a container is told of an encoded film. */
struct imp_encoded {
    char codec[16];    /* its name, as libavcodec has it */
    int width, height; /* pixels; sides may have been made even */
    int matrix, format, full;
    int delay;      /* over how many frames one may be moved */
    char lacks[64]; /* what is wrong with the codec, which is not the first choice; "": nothing */
    int extradata_size;
    unsigned char extradata[IMP_EXTRADATA_MOST];
};

struct imp_encoder;

/* Takes a frame's packet. number: of the frame, as it was given. */
typedef enum impasto_status (*imp_packet_fn)(void *user, const void *bytes, size_t size,
                                             int64_t number, bool key, struct impasto_error *error);

/* ---- Putting together ------------------------------------------------------------------------ */

struct imp_mux_request {
    const char *path;      /* its ending says in which container */
    int source;            /* whose sound, subtitles, chapters and texts are taken; -1: none */
    int packets;           /* see packets.h */
    int output;            /* written by imp_os_write_at, and read again */
    int64_t start, length; /* microseconds: the part of the source; length 0: to its end */
};

struct imp_mux_answer {
    int goes_on; /* a sign of life; nothing else counts */
    enum impasto_status status;
    char message[IMP_LIBAV_MESSAGE];
    char left_out[IMP_LIBAV_MESSAGE]; /* what the container cannot take */
};

struct imp_libav {
    const char *version; /* Impasto's, which must be the program's */
    void (*decode)(const struct imp_decode_request *request, imp_libav_send_fn send, void *user);
    /* IMPASTO_ERROR_USAGE: there is no such encoder, or the container does not take it. *encoder:
     * to be closed in any case. */
    enum impasto_status (*encoder_open)(const struct imp_encode_request *request,
                                        struct imp_encoder **encoder, struct imp_encoded *encoded,
                                        struct impasto_error *error);
    /* frame NULL: there are no more, and all that is still to come is taken. */
    enum impasto_status (*encode)(struct imp_encoder *encoder, const struct imp_film *film,
                                  const struct imp_frame *frame, int64_t number, imp_packet_fn take,
                                  void *user, struct impasto_error *error);
    void (*encoder_close)(struct imp_encoder **encoder);
    void (*mux)(const struct imp_mux_request *request, imp_libav_send_fn send, void *user);
};

/* Loads the module. name: of the film, for messages. (module.c) */
enum impasto_status imp_libav_load(const char *name, const struct imp_libav **libav,
                                   struct impasto_error *error);

extern const struct imp_libav imp_libav_table;

#endif
