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
    uint64_t max_pixels;
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

struct imp_libav {
    const char *version; /* Impasto's, which must be the program's */
    void (*decode)(const struct imp_decode_request *request, imp_libav_send_fn send, void *user);
};

extern const struct imp_libav imp_libav_table;

#endif
