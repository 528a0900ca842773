/* SPDX-License-Identifier: MIT */
#ifndef IMP_LIVE_KINDS_H
#define IMP_LIVE_KINDS_H

/* Inside the room: the kinds of sources and sinks. */

#include "base/base.h"
#include "live/pipeline.h"

/* ---- words.c --------------------------------------------------------------------------------- */

/* "standard input", "standard output", or the path. */
const char *imp_live_name(const char *path, bool output);
/* Tells a warning. */
void imp_live_warn(const struct imp_live_options *options, const char *format, ...)
    IMP_PRINTF(2, 3);

/* ---- y4m_in.c, film_in.c --------------------------------------------------------------------- */

/* Whether a pipe, standard input or a file is, or will be, Y4M. */
bool imp_live_is_y4m(const char *path);
enum impasto_status imp_live_y4m_source(const char *path, const struct imp_live_options *options,
                                        struct imp_live_source **source,
                                        struct impasto_error *error);
/* Whatever else the films' room reads. */
enum impasto_status imp_live_film_source(const char *path, const struct imp_live_options *options,
                                         struct imp_live_source **source,
                                         struct impasto_error *error);
/* ---- window.c -------------------------------------------------------------------------------- */

enum impasto_status imp_live_window_sink(const struct imp_live_form *form,
                                         const struct imp_live_options *options,
                                         struct imp_live_sink **sink, struct impasto_error *error);

/* ---- y4m_out.c ------------------------------------------------------------------------------- */

enum impasto_status imp_live_y4m_sink(const char *path, const struct imp_live_form *form,
                                      const struct imp_live_options *options,
                                      struct imp_live_sink **sink, struct impasto_error *error);

#endif
