/* SPDX-License-Identifier: MIT */
#ifndef IMP_VIDEO_KINDS_H
#define IMP_VIDEO_KINDS_H

/* Inside films: the kinds of sources and sinks. stream.c has the tables. */

#include "base/base.h"
#include "video/stream.h"

/* Bytes at a film's beginning by which its kind is known. */
#define IMP_FILM_MARK 16

/* A film that is being opened. */
struct imp_film_file {
    const char *path, *name;           /* name: for messages; that of "-" is "standard input" */
    int descriptor;                    /* not the kind's to close */
    unsigned char mark[IMP_FILM_MARK]; /* bytes that have been read already */
    size_t marked;                     /* how many */
    const struct imp_stream_options *options;
};

struct imp_job_folder;

/* `state` is the kind's own, to be given back by `close`, which is also called after a failure of
 * `open`, if there is a state then. */
struct imp_source_kind {
    const char *name;
    /* NULL: it is known by its name, and there is no file to be opened. */
    bool (*fits)(const unsigned char *mark, size_t size);
    enum impasto_status (*open)(const struct imp_film_file *file, void **state,
                                struct imp_film *film, struct impasto_error *error);
    enum impasto_status (*read)(void *state, struct imp_frame *frame, bool *more,
                                struct impasto_error *error);
    void (*close)(void *state);
};

struct imp_sink_kind {
    const char *name;
    const char *endings; /* of names, between spaces; NULL: any of a picture */
    bool deep;           /* it takes deep films */
    enum impasto_status (*open)(const char *path, const struct imp_film *film,
                                const struct imp_stream_options *options, void **state,
                                struct impasto_error *error);
    /* See imp_sink_weigh; `weight` is zeroed. */
    enum impasto_status (*weigh)(const char *path, const struct imp_film *film,
                                 const struct imp_stream_options *options,
                                 const struct imp_frame *frame, struct imp_sink_weight *weight,
                                 struct impasto_error *error);
    /* How many frames it has already, from a run that has ended early, and the last one's time.
     * NULL: none. */
    int64_t (*resumed)(void *state, int64_t *last);
    /* Where a run leaves what another one goes on with. NULL: nowhere. */
    const struct imp_job_folder *(*folder)(void *state);
    /* See imp_sink_state. NULL: nowhere. */
    const char *(*state_path)(void *state, int64_t frames, bool *due);
    enum impasto_status (*write)(void *state, const struct imp_frame *frame,
                                 struct impasto_error *error);
    /* whole: no frame will follow in another run. After it, `close` gives up nothing. */
    enum impasto_status (*finish)(void *state, bool whole, struct impasto_error *error);
    void (*close)(void *state);
};

extern const struct imp_source_kind imp_source_y4m;
extern const struct imp_source_kind imp_source_pictures;
extern const struct imp_source_kind imp_source_film; /* anything else */
extern const struct imp_sink_kind imp_sink_y4m;
extern const struct imp_sink_kind imp_sink_pictures;
extern const struct imp_sink_kind imp_sink_film;

/* ---- film.c ---------------------------------------------------------------------------------- */

/* Whether a signal asks for an end. */
bool imp_stream_stopped(const struct imp_stream_options *options);
/* Whether something is there that is written to as it comes: a pipe or a device. */
bool imp_stream_is_pipe(const char *path);
/* Tells that a sink of frames alone leaves the source's sound out, where there is some. */
void imp_stream_warn_of_sound(const char *name, const struct imp_film *film,
                              const struct imp_stream_options *options);
/* Tells a warning. */
void imp_stream_warn(const struct imp_stream_options *options, const char *format, ...)
    IMP_PRINTF(2, 3);
/* Pixels that a frame may have. */
uint64_t imp_film_max_pixels(const struct imp_stream_options *options);
/* Of a frame's pixels and time. */
uint32_t imp_film_checksum(const struct imp_film *film, const struct imp_frame *frame);
/* Where a sink keeps what another run goes on with; NULL: nowhere. */
const struct imp_job_folder *imp_sink_folder(const struct imp_sink *sink);
/* Bytes that no encoded frame goes beyond. values: of a pixel, in the mean. HEVC's limit is 5/3 of
 * what the values take by themselves, and the others' are less; some bytes are the container's. */
uint64_t imp_film_most(const struct imp_film *film, double values);
/* Checks a frame's size before memory is taken for it. */
enum impasto_status imp_film_check_size(const char *name, int64_t width, int64_t height,
                                        const struct imp_stream_options *options,
                                        struct impasto_error *error);

#endif
