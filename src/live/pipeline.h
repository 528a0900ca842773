/* SPDX-License-Identifier: MIT */
#ifndef IMP_LIVE_PIPELINE_H
#define IMP_LIVE_PIPELINE_H

/*
 * Frames as they come, from a source through a painter to a sink, each in a thread of its own.
 *
 *   source --box--> painter --box--> sink
 *
 * A box holds a single frame, the newest. A painter that is late finds that one, and the frames
 * before are dropped and counted. It begins when the sink has taken the frame before, so that
 * nothing is painted in vain. So nothing piles up: what is shown is never older than what the
 * source, and twice the slower one of painter and sink, take for a frame.
 *
 * This room is the program's, as films are.
 */

#include <impasto/base.h>
#include <impasto/pixels.h>

#include <stdbool.h>
#include <stdint.h>

/* ---- Frames ---------------------------------------------------------------------------------- */

/* What all frames of a stream have in common. */
struct imp_live_form {
    struct impasto_pixels pixels; /* without planes */
    int rate_num, rate_den;       /* frames per second; rate_num 0: not known */
};

struct imp_live_frame {
    struct impasto_pixels pixels; /* its planes are the frame's own */
    int64_t number;               /* in the source, from 0 on; frames that it lost have one, too */
    double time;                  /* of the clock: when it was taken, or was to be seen */
};

/* ---- Sources and sinks ----------------------------------------------------------------------- */

enum imp_live_read {
    IMP_LIVE_FRAME,
    IMP_LIVE_NOTHING, /* not yet: ask again */
    IMP_LIVE_END
};

/* Sources and sinks may wait for so many seconds, and then give up for once. */
#define IMP_LIVE_PATIENCE 0.05

struct imp_live_source {
    struct imp_live_form form;
    bool paced; /* frames are there ahead of their time, which is number / rate */
    /* Fills the frame's planes and number and, unless it is paced, its time. */
    enum impasto_status (*read)(struct imp_live_source *source, struct imp_live_frame *frame,
                                enum imp_live_read *what, struct impasto_error *error);
    void (*close)(struct imp_live_source *source);
};

struct imp_live_sink {
    struct imp_live_form form;
    /* Writes the frame, or begins to: `again` is called until *done. */
    enum impasto_status (*write)(struct imp_live_sink *sink, const struct imp_live_frame *frame,
                                 bool *done, struct impasto_error *error);
    enum impasto_status (*again)(struct imp_live_sink *sink, bool *done,
                                 struct impasto_error *error);
    /* Looks after what else happens, often; NULL: nothing does. */
    enum impasto_status (*look)(struct imp_live_sink *sink, struct impasto_error *error);
    /* What was written stands. Without it, a file is given up. NULL: there is nothing to do. */
    enum impasto_status (*finish)(struct imp_live_sink *sink, struct impasto_error *error);
    void (*close)(struct imp_live_sink *sink);
};

/* What sources and sinks are told. It outlives them. */
struct imp_live_options {
    impasto_log_fn log;    /* for warnings, from any thread */
    void *user;            /* of log and key */
    bool (*stopped)(void); /* whether an end is asked for */
    /* Of a camera. */
    int width, height;  /* pixels; 0: what suits it */
    int rate;           /* frames per second; 0: likewise */
    const char *pixels; /* yuyv, nv12, i420, uyvy, mjpeg; NULL: what suits it */
    bool wait;          /* for a camera that is not there, or gets lost */
    /* Of a window: a key was pressed. */
    void (*key)(void *user, int key);
    const char *title;
};

/* ---- v4l2.c ---------------------------------------------------------------------------------- */

/* Whether a path is that of a camera's device, real or virtual, be it there or not. */
bool imp_live_is_camera(const char *path);

/* ---- open.c ---------------------------------------------------------------------------------- */

/* path: a camera's device, or a film: a file, a pipe, "-". *source: to be closed. */
enum impasto_status imp_live_open_source(const char *path, const struct imp_live_options *options,
                                         struct imp_live_source **source,
                                         struct impasto_error *error);
/* path: a virtual camera's device; "-", a pipe or a file, for Y4M; NULL: a window. form: the
 * source's; the sink's has its size. */
enum impasto_status imp_live_open_sink(const char *path, const struct imp_live_form *form,
                                       const struct imp_live_options *options,
                                       struct imp_live_sink **sink, struct impasto_error *error);

/* ---- Clocks ---------------------------------------------------------------------------------- */

/* The time, and waiting for it and for one another. All of it but `now` and `enter` is called
 * between enter and leave. */
struct imp_live_clock {
    double (*now)(void *user); /* seconds */
    void (*enter)(void *user);
    void (*leave)(void *user);
    void (*wait)(void *user, double until); /* leaves meanwhile; may end early */
    void (*wake)(void *user);               /* ends all waits */
    void (*leave_for_good)(void *user);     /* this thread waits no more; NULL: no matter */
    void *user;
};

/* ---- clock.c: the clock on the wall ---------------------------------------------------------- */

/* false: out of memory. To be closed in any case. */
bool imp_live_clock_open(struct imp_live_clock *clock);
void imp_live_clock_close(struct imp_live_clock *clock);

/* ---- pipeline.c ------------------------------------------------------------------------------ */

struct imp_live_counts {
    int64_t taken;    /* frames that the source gave */
    int64_t late;     /* of these, what the painter was too late for */
    int64_t shown;    /* written */
    double latency;   /* of the frame shown last, seconds from its time on */
    double latencies; /* the sum of all, */
    double latest;    /* and the largest but for the first, which may have to wait for compilers */
    double first;     /* of the clock, when the first was shown; NAN: none was */
};

/* All of it is called from the thread that runs the pipeline, but for `paint`. */
struct imp_live_work {
    struct imp_live_source *source;
    struct imp_live_sink *sink;
    const struct imp_live_clock *clock;
    enum impasto_status (*paint)(void *user, const struct impasto_pixels *from,
                                 const struct impasto_pixels *to, struct impasto_error *error);
    bool (*stopped)(void *user); /* asked each IMP_LIVE_PATIENCE */
    void (*tell)(void *user, const struct imp_live_counts *counts); /* likewise */
    void *user;
};

/*
 * Runs until the source ends, somebody asks for an end, or something fails. The sink is finished
 * in the first two cases. Where all is well it returns IMPASTO_OK in both.
 */
enum impasto_status imp_live_run(const struct imp_live_work *work, struct imp_live_counts *counts,
                                 struct impasto_error *error);

#endif
