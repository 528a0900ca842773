/* SPDX-License-Identifier: MIT */
#ifndef IMP_VIDEO_LIBAV_ENCODE_H
#define IMP_VIDEO_LIBAV_ENCODE_H

/* Inside encoding: which encoder is taken, and how it is set. */

#include "video/libav/input.h"

struct imp_way {
    const char *codec, *encoder;
    enum AVPixelFormat format, deep; /* for frames of 8 bits, and of deep films; or _NONE */
    int quality;                     /* usual --crf */
    const char *options;             /* of the encoder */
    int delay;         /* frames over which one is moved, where the encoder tells too few */
    const char *lacks; /* NULL: nothing */
};

static inline enum AVPixelFormat imp_way_format(const struct imp_way *way, bool deep)
{
    return deep ? way->deep : way->format;
}

/* The encoder for what is asked for. IMPASTO_ERROR_USAGE: there is none that fits the file.
 * (ways.c)
 */
enum impasto_status imp_way_choose(const struct imp_encode_request *request,
                                   const struct imp_way **way, struct impasto_error *error);

#endif
