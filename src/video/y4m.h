/* SPDX-License-Identifier: MIT */
#ifndef IMP_VIDEO_Y4M_H
#define IMP_VIDEO_Y4M_H

/* The header of Y4M (yuv4mpeg), a line of words: a letter and a value each. */

#include "video/kinds.h"
#include "video/yuv.h"

#define IMP_Y4M_MARK "YUV4MPEG2"
#define IMP_Y4M_FRAME "FRAME"
/* Bytes of a header's line, at most; those that programs write have less than 100. */
#define IMP_Y4M_LINE 1024

struct imp_y4m {
    int width, height;
    struct imp_ratio rate, aspect;
    bool interlaced;
    struct imp_yuv_layout layout;
};

/* Reads a header without its line break. name: the film's, for messages. IMPASTO_ERROR_INPUT: it
 * lacks a size, or a word of it means nothing that is known. */
enum impasto_status imp_y4m_parse(const char *line, const char *name,
                                  const struct imp_stream_options *options, struct imp_y4m *y4m,
                                  struct impasto_error *error);
/* Writes the header of a film of 8 bits, with its line break, and sets its layout. */
void imp_y4m_print(const struct imp_film *film, char line[IMP_Y4M_LINE],
                   struct imp_yuv_layout *layout);

/* ---- y4m_write.c ----------------------------------------------------------------------------- */

/* Where Y4M goes. */
struct imp_y4m_output {
    struct imp_file file; /* a regular file; without a stream: there is none */
    int descriptor;       /* of a pipe or standard output; -1: none */
};

/* Opens a file, which appears with imp_file_commit(), a pipe, or standard output for "-". To be
 * closed in any case. stopped: asked where a signal ends the wait for a pipe's reader; NULL: no
 * signal ends it. IMPASTO_ERROR_OUTPUT, _INTERRUPTED. */
enum impasto_status imp_y4m_open(struct imp_y4m_output *output, const char *path,
                                 bool (*stopped)(void), struct impasto_error *error);
/* Without a commit, a file is given up. */
void imp_y4m_close(struct imp_y4m_output *output);

#endif
