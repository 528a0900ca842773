/* SPDX-License-Identifier: MIT */
#ifndef IMP_VIDEO_STREAM_H
#define IMP_VIDEO_STREAM_H

/*
 * Films as streams of frames. A source gives frame after frame, and a sink takes them. Neither
 * keeps more than the frame at hand, so that a film may be of any length, or never end.
 *
 * Sources: Y4M by itself, from files, pipes and standard input; numbered pictures, such as
 * frames/%06d.png; all that FFmpeg's libraries decode, from files. Sinks: Y4M likewise; numbered
 * pictures; MP4, MOV, MKV and WebM, with the source's sound.
 *
 * This room is the program's. It stands on src/base, of which the program has a copy.
 */

#include <impasto/base.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A fraction. num 0: not known. den: 1 or more. */
struct imp_ratio {
    int num, den;
};

/* How many colour samples a film has: one for 2x2, for 2x1 or for each of its pixels. */
enum imp_chroma { IMP_CHROMA_420, IMP_CHROMA_422, IMP_CHROMA_444 };

/* What all frames of a film have in common. */
struct imp_film {
    int width, height;       /* pixels, 1 or more */
    struct imp_ratio aspect; /* width of a pixel by its height; not known: 1 */
    struct imp_ratio tick;   /* seconds that a unit of time takes; known */
    struct imp_ratio rate;   /* frames per second; not known: they come as their times say */
    int64_t frames;          /* how many there will be; 0: nobody knows */
    bool alone;              /* its file has nothing else, such as sound */
    bool pictures;           /* each frame is a file */
    bool sound;              /* its file has sound */
    bool seekable;           /* of sources: opening it at a time decodes little before that */
    bool deep;               /* frames have 16 bits a value; sinks store 10 of them */
    enum imp_chroma chroma;
    /* How its colours were stored, by the numbers of ITU-T H.273; 2: not known. */
    int matrix, primaries, transfer;
};

/* Pixels are 8-bit RGB, gamma-encoded as sRGB is, row after row from the top. Those of deep films
 * have uint16_t in place of bytes, where 65535 is white, in rows that are aligned for that. */
struct imp_frame {
    unsigned char *rgb; /* the caller's */
    size_t stride;      /* bytes from row to row, at least 3 or 6 * width */
    int64_t time;       /* when it is to be seen, in ticks; later than that of the frame before */
    int64_t duration;   /* ticks; 0: not known */
};

/* Bytes of a frame's pixel. */
static inline size_t imp_film_pixel(const struct imp_film *film)
{
    return film->deep ? 6 : 3;
}

/* What sources and sinks are told. */
struct imp_stream_options {
    uint64_t max_pixels;   /* a larger frame is refused; 0: 100 million */
    impasto_log_fn log;    /* for warnings; NULL: none are given */
    void *user;            /* of log */
    bool tone_map;         /* HDR is made SDR; else it is refused */
    bool deep;             /* films that have more than 8 bits come deep; else 8 bits are left */
    double rate;           /* of numbered pictures: frames per second; 0: 25 */
    bool (*stopped)(void); /* asked where a signal ends a wait; NULL: no signal ends any */
    /* Of sinks that encode. */
    const char *codec;     /* by FFmpeg's name; NULL: the usual one of the container */
    int crf;               /* the lower, the better; below 0: the usual one */
    bool lossless;         /* FFV1, or Y4M with all colours */
    const char *sound;     /* the film whose sound and all else is taken; NULL: there is none */
    int64_t start, length; /* microseconds: the part of it; length 0: to its end */
    const char *job;       /* what decides the frames: a run goes on with those of the same job */
    bool builds;           /* frames build on those before: a run needs a state to go on from */
};

/* ---- Sources --------------------------------------------------------------------------------- */

struct imp_source;

/*
 * Opens a film. path "-": standard input. film: what it is. path and options must outlive the
 * source. A pipe is waited for.
 *
 * IMPASTO_ERROR_INPUT: it cannot be read, or it is no film. IMPASTO_ERROR_INTERRUPTED: a signal
 * came while it was waited for.
 */
enum impasto_status imp_source_open(const char *path, const struct imp_stream_options *options,
                                    struct imp_source **source, struct imp_film *film,
                                    struct impasto_error *error);
/*
 * Reads the next frame into frame->rgb, whose rows are frame->stride apart. The caller sets both,
 * the source the other members. Waits for the frame where it comes from a pipe. *more: false at
 * the film's end, where there is no frame.
 *
 * IMPASTO_ERROR_INPUT: the film is damaged here. Frames before stand. IMPASTO_ERROR_INTERRUPTED:
 * as above.
 */
enum impasto_status imp_source_read(struct imp_source *source, struct imp_frame *frame, bool *more,
                                    struct impasto_error *error);
void imp_source_close(struct imp_source **source);

#define IMP_FINGERPRINT_SIZE 40
/* Writes what tells a file from others: its size, and a checksum of its head and tail. Of numbered
 * pictures, that is of the first. false: it cannot be read. */
bool imp_film_fingerprint(const char *path, char mark[IMP_FINGERPRINT_SIZE]);

/* ---- Sinks ----------------------------------------------------------------------------------- */

struct imp_sink;

/* What a film takes on its disk, by one of its frames. */
struct imp_sink_weight {
    uint64_t frame;  /* bytes of a frame in the file; 0: not known, or it is no file */
    uint64_t most;   /* bytes that no frame goes beyond */
    int copies;      /* how often all frames lie on the disk before the film is finished */
    bool exact;      /* all frames have that many; else those that differ little have less, and
                        those that show more have more */
    uint64_t beside; /* bytes that it takes besides, until it is finished */
};

/* Weighs a film without writing it. frame: one as painted. NULL: only what holds for all frames is
 * told. Errors are those of imp_sink_open. */
enum impasto_status imp_sink_weigh(const char *path, const struct imp_film *film,
                                   const struct imp_stream_options *options,
                                   const struct imp_frame *frame, struct imp_sink_weight *weight,
                                   struct impasto_error *error);
/* Whether frames can be written to a file of such a name. IMPASTO_ERROR_USAGE: its ending is none
 * that is known. */
enum impasto_status imp_sink_check(const char *path, struct impasto_error *error);
/* Whether something is there that the sink would replace, but for what an earlier run has left to
 * be gone on with. */
bool imp_sink_replaces(const char *path);
/*
 * Opens what frames of such a film are written to. path "-", and pipes: as Y4M. A regular file
 * appears with imp_sink_finish(), whole. path and options must outlive the sink.
 *
 * IMPASTO_ERROR_OUTPUT: it cannot be written. IMPASTO_ERROR_USAGE: the name's ending is none that
 * is known, or its format cannot hold such a film.
 */
enum impasto_status imp_sink_open(const char *path, const struct imp_film *film,
                                  const struct imp_stream_options *options, struct imp_sink **sink,
                                  struct impasto_error *error);
/* How many frames the sink has from an earlier run, which are not to be written again. *last: the
 * last one's time, in ticks. */
int64_t imp_sink_resumed(struct imp_sink *sink, int64_t *last);
/* Tells the sink of the source's frame that the frame of that number, from 0 on, is made of; of
 * those from an earlier run, too, before any is written. IMPASTO_ERROR_INPUT: that run had another
 * one there. name: the source's, for that message. film: the source's. */
enum impasto_status imp_sink_see(struct imp_sink *sink, const char *name,
                                 const struct imp_film *film, const struct imp_frame *frame,
                                 int64_t number, struct impasto_error *error);
/* With options.builds, where whoever makes the frames keeps what it takes to go on after so many of
 * them. *due: it must, before it writes the last one; else no run will go on there. The sink
 * removes the file. NULL: no run will ever go on. Valid until the next call. */
const char *imp_sink_state(struct imp_sink *sink, int64_t frames, bool *due);
/* The same place, if there is one, as a new string; NULL: no memory. From any thread. */
char *imp_sink_state_path(const struct imp_sink *sink, int64_t frames);
/* Writes a frame. A pipe may make it wait. Errors: IMPASTO_ERROR_OUTPUT, _INTERRUPTED, _MEMORY. */
enum impasto_status imp_sink_write(struct imp_sink *sink, const struct imp_frame *frame,
                                   struct impasto_error *error);
/* Makes the film of the frames so far, and closes the sink, also after a failure. whole: these are
 * all; else another run may go on with them. */
enum impasto_status imp_sink_finish(struct imp_sink **sink, bool whole,
                                    struct impasto_error *error);
/* Closes the sink without a result, where it was a file. */
void imp_sink_abandon(struct imp_sink **sink);

/* ---- Frames that are painted before others --------------------------------------------------- */

/*
 * Between a source and a sink whose frames several painters paint, not one after the other. It
 * holds frames of the source that wait to be painted, and frames that are painted and wait for
 * those before, in the sink's folder. So another run finds the latter. One thread at a time.
 */
struct imp_ahead;
/* So many frames from the first one on that the sink does not have. */
#define IMP_AHEAD 250

/* Bytes that all of these take. */
uint64_t imp_ahead_bytes(const struct imp_film *source, const struct imp_film *film);
/* Whether frames can be painted ahead of a sink for a file of such a name. */
bool imp_sink_keeps(const char *path);
/* source, film: as its frames come, and as they are painted. The sink must outlive it, and be one
 * that keeps frames. To be closed in any case. */
enum impasto_status imp_ahead_open(const struct imp_sink *sink, const struct imp_film *source,
                                   const struct imp_film *film, struct imp_ahead **ahead,
                                   struct impasto_error *error);
/* Takes the source's frame of a number. *painted: an earlier run has painted it. */
enum impasto_status imp_ahead_take(struct imp_ahead *ahead, int64_t number,
                                   const struct imp_frame *frame, bool *painted,
                                   struct impasto_error *error);
/* Gives it back, into frame->rgb, with rows as in imp_source_read. */
enum impasto_status imp_ahead_source(struct imp_ahead *ahead, int64_t number,
                                     struct imp_frame *frame, struct impasto_error *error);
/* Takes what was painted of it, and gives it back. */
enum impasto_status imp_ahead_put(struct imp_ahead *ahead, int64_t number,
                                  const struct imp_frame *frame, struct impasto_error *error);
enum impasto_status imp_ahead_painted(struct imp_ahead *ahead, int64_t number,
                                      struct imp_frame *frame, struct impasto_error *error);
void imp_ahead_close(struct imp_ahead **ahead);

#endif
