/* SPDX-License-Identifier: MIT */
/* Three threads and two boxes: pipeline.h has the idea. */

#include "base/base.h"
#include "base/os.h"
#include "live/pipeline.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A frame's bytes, and the frame in them. */
struct slot {
    struct imp_live_frame frame;
    unsigned char *bytes;
};

/* Of each link, three slots go round: one is being filled, one is in the box, one is looked at. */
struct box {
    struct slot *slot;
    bool full;
    bool ended; /* no more will come */
    int64_t dropped;
};

struct pipeline {
    const struct imp_live_work *work;
    const struct imp_live_clock *clock;
    struct slot slots[6];
    struct box taken, painted;
    bool over;     /* everybody goes home */
    bool begun;    /* of a paced source: a frame has been */
    double origin; /* and the time of frame 0 */
    struct imp_live_counts counts;
    enum impasto_status status;
    struct impasto_error error; /* where it is not IMPASTO_OK */
};

/* ---- Boxes ----------------------------------------------------------------------------------- */

static void put(struct pipeline *p, struct box *box, struct slot **mine)
{
    p->clock->enter(p->clock->user);
    struct slot *const other = box->slot;
    box->slot = *mine;
    *mine = other;
    box->dropped += box->full;
    box->full = true;
    p->clock->wake(p->clock->user);
    p->clock->leave(p->clock->user);
}

static void leave_for_good(struct pipeline *p)
{
    if (p->clock->leave_for_good)
        p->clock->leave_for_good(p->clock->user);
    p->clock->leave(p->clock->user);
}

/* The last that a thread does. */
static void end(struct pipeline *p, struct box *box)
{
    p->clock->enter(p->clock->user);
    box->ended = true;
    p->clock->wake(p->clock->user);
    leave_for_good(p);
}

/* Takes the newest frame, waiting until then at most. *ended: there will be none. */
static bool take(struct pipeline *p, struct box *box, struct slot **mine, double until, bool *ended)
{
    p->clock->enter(p->clock->user);
    while (!box->full && !box->ended && !p->over && p->clock->now(p->clock->user) < until)
        p->clock->wait(p->clock->user, until);
    const bool got = box->full && !p->over;
    *ended = p->over || (box->ended && !box->full);
    if (got) {
        struct slot *const other = box->slot;
        box->slot = *mine;
        *mine = other;
        box->full = false;
        p->clock->wake(p->clock->user);
    }
    p->clock->leave(p->clock->user);
    return got;
}

/* Waits until the box is empty. */
static void await_room(struct pipeline *p, const struct box *box)
{
    p->clock->enter(p->clock->user);
    while (box->full && !p->over)
        p->clock->wait(p->clock->user, INFINITY);
    p->clock->leave(p->clock->user);
}

/* ---- Ends ------------------------------------------------------------------------------------ */

static bool is_over(struct pipeline *p)
{
    p->clock->enter(p->clock->user);
    const bool over = p->over;
    p->clock->leave(p->clock->user);
    return over;
}

/* The first failure is the one that is told. */
static void give_up(struct pipeline *p, enum impasto_status status,
                    const struct impasto_error *error)
{
    p->clock->enter(p->clock->user);
    if (p->status == IMPASTO_OK && status != IMPASTO_OK) {
        p->status = status;
        p->error = *error;
    }
    p->over = true;
    p->clock->wake(p->clock->user);
    p->clock->leave(p->clock->user);
}

/* ---- The source's thread --------------------------------------------------------------------- */

/* Waits for a frame's time. A source that was late starts again from there: what it was late by
 * must not be made up for by haste. */
static void pace(struct pipeline *p, struct imp_live_frame *frame)
{
    const struct imp_live_form *form = &p->work->source->form;
    const double each = (double)form->rate_den / form->rate_num;
    p->clock->enter(p->clock->user);
    const double now = p->clock->now(p->clock->user), offset = each * (double)frame->number;
    if (!p->begun || now > p->origin + offset + each)
        p->origin = now - offset;
    p->begun = true;
    frame->time = p->origin + offset;
    while (!p->over && p->clock->now(p->clock->user) < frame->time)
        p->clock->wait(p->clock->user, frame->time);
    p->clock->leave(p->clock->user);
}

static void count_taken(struct pipeline *p)
{
    p->clock->enter(p->clock->user);
    p->counts.taken++;
    p->clock->leave(p->clock->user);
}

static void take_frames(void *user)
{
    struct pipeline *p = user;
    struct imp_live_source *source = p->work->source;
    struct slot *mine = &p->slots[0];
    struct impasto_error error = {0};
    enum impasto_status status = IMPASTO_OK;
    enum imp_live_read what = IMP_LIVE_NOTHING;
    while (status == IMPASTO_OK && what != IMP_LIVE_END && !is_over(p)) {
        status = source->read(source, &mine->frame, &what, &error);
        if (status != IMPASTO_OK || what != IMP_LIVE_FRAME)
            continue;
        count_taken(p);
        if (source->paced)
            pace(p, &mine->frame);
        put(p, &p->taken, &mine);
    }
    if (status != IMPASTO_OK)
        give_up(p, status, &error);
    end(p, &p->taken);
}

/* ---- The painter's thread -------------------------------------------------------------------- */

static void paint_frames(void *user)
{
    struct pipeline *p = user;
    struct slot *from = &p->slots[2], *to = &p->slots[3];
    struct impasto_error error = {0};
    enum impasto_status status = IMPASTO_OK;
    bool ended = false;
    while (status == IMPASTO_OK && !ended) {
        await_room(p, &p->painted);
        if (!take(p, &p->taken, &from, INFINITY, &ended))
            continue;
        status = p->work->paint(p->work->user, &from->frame.pixels, &to->frame.pixels, &error);
        to->frame.number = from->frame.number;
        to->frame.time = from->frame.time;
        if (status == IMPASTO_OK)
            put(p, &p->painted, &to);
    }
    if (status != IMPASTO_OK)
        give_up(p, status, &error);
    end(p, &p->painted);
}

/* ---- The sink's, which is the caller's ------------------------------------------------------- */

static void count_shown(struct pipeline *p, const struct imp_live_frame *frame)
{
    struct imp_live_counts *counts = &p->counts;
    p->clock->enter(p->clock->user);
    const double now = p->clock->now(p->clock->user);
    counts->latency = now - frame->time;
    counts->latencies += counts->latency;
    if (counts->shown++ == 0)
        counts->first = now;
    else
        counts->latest = fmax(counts->latest, counts->latency);
    p->clock->leave(p->clock->user);
}

/* What happens beside the frames. false: an end is asked for, or something failed. */
static bool look(struct pipeline *p, enum impasto_status *status, struct impasto_error *error)
{
    struct imp_live_sink *sink = p->work->sink;
    if (sink->look)
        *status = sink->look(sink, error);
    p->clock->enter(p->clock->user);
    struct imp_live_counts counts = p->counts;
    counts.late = p->taken.dropped;
    p->clock->leave(p->clock->user);
    p->work->tell(p->work->user, &counts);
    return *status == IMPASTO_OK && !p->work->stopped(p->work->user) && !is_over(p);
}

/* false: it was not written to its end. */
static bool show(struct pipeline *p, const struct imp_live_frame *frame,
                 enum impasto_status *status, struct impasto_error *error)
{
    struct imp_live_sink *sink = p->work->sink;
    bool done = false;
    *status = sink->write(sink, frame, &done, error);
    while (*status == IMPASTO_OK && !done && look(p, status, error))
        *status = sink->again(sink, &done, error);
    return *status == IMPASTO_OK && done;
}

static void show_frames(struct pipeline *p)
{
    struct slot *mine = &p->slots[5];
    struct impasto_error error = {0};
    enum impasto_status status = IMPASTO_OK;
    bool ended = false;
    do {
        const double until = p->clock->now(p->clock->user) + IMP_LIVE_PATIENCE;
        if (take(p, &p->painted, &mine, until, &ended) && show(p, &mine->frame, &status, &error))
            count_shown(p, &mine->frame);
    } while (status == IMPASTO_OK && look(p, &status, &error) && !ended);
    give_up(p, status, &error);
    p->clock->enter(p->clock->user);
    leave_for_good(p);
}

/* ---- The whole ------------------------------------------------------------------------------- */

static enum impasto_status make_slots(struct pipeline *p, struct impasto_error *error)
{
    for (size_t i = 0; i < IMP_COUNT(p->slots); i++) {
        struct slot *slot = &p->slots[i];
        slot->frame.pixels = i < 3 ? p->work->source->form.pixels : p->work->sink->form.pixels;
        const size_t bytes = impasto_pixels_lay(&slot->frame.pixels, NULL);
        slot->bytes = bytes > 0 ? calloc(1, bytes) : NULL;
        if (!slot->bytes)
            return imp_fail_memory(error, "a frame", bytes);
        (void)impasto_pixels_lay(&slot->frame.pixels, slot->bytes);
    }
    p->taken.slot = &p->slots[1];
    p->painted.slot = &p->slots[4];
    return IMPASTO_OK;
}

static enum impasto_status fail_thread(struct impasto_error *error, int problem)
{
    return imp_fail(error, IMPASTO_ERROR_MEMORY,
                    "no thread can be had (%s); end other programs, or raise the limit (ulimit -u)",
                    strerror(problem));
}

static enum impasto_status run(struct pipeline *p, struct impasto_error *error)
{
    struct imp_os_thread *source = NULL, *painter = NULL;
    int problem = imp_os_start_thread(&source, take_frames, p);
    if (problem == 0)
        problem = imp_os_start_thread(&painter, paint_frames, p);
    if (problem == 0)
        show_frames(p);
    else
        give_up(p, fail_thread(error, problem), error);
    if (painter)
        imp_os_join_thread(&painter);
    if (source)
        imp_os_join_thread(&source);
    if (p->status != IMPASTO_OK && error)
        *error = p->error;
    return p->status;
}

enum impasto_status imp_live_run(const struct imp_live_work *work, struct imp_live_counts *counts,
                                 struct impasto_error *error)
{
    struct pipeline p = {.work = work, .clock = work->clock, .counts = {.first = NAN}};
    struct imp_live_sink *sink = work->sink;
    struct impasto_error why = {0};
    enum impasto_status status = make_slots(&p, &why);
    if (status == IMPASTO_OK)
        status = run(&p, &why);
    if (status == IMPASTO_OK && sink->finish)
        status = sink->finish(sink, &why);
    for (size_t i = 0; i < IMP_COUNT(p.slots); i++)
        free(p.slots[i].bytes);
    *counts = p.counts;
    counts->late = p.taken.dropped;
    if (status != IMPASTO_OK && error)
        *error = why;
    return status;
}
