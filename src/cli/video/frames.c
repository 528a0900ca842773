/* SPDX-License-Identifier: MIT */
/* Which of a film's frames are painted, and when they are shown; and painting one. */

#include "cli/video/run.h"

#include <math.h>

#define PREVIEW_FRAMES 8

static double tick_of(const struct cli_filming *f)
{
    return (double)f->source_film.tick.num / f->source_film.tick.den;
}

/* Some frames from all over the part, each for a second. */
static enum impasto_status choose_preview(struct cli_filming *f)
{
    struct imp_film *film = &f->film;
    if (film->frames <= 0)
        return cli_fail(f->error, IMPASTO_ERROR_USAGE,
                        "--preview: %s does not say how many frames it has; take a part by "
                        "--start and --length in place of it",
                        cli_name_of_input(f->input));
    f->apart = film->frames > PREVIEW_FRAMES ? film->frames / PREVIEW_FRAMES : 1;
    film->frames = film->frames < PREVIEW_FRAMES ? film->frames : PREVIEW_FRAMES;
    film->rate = film->tick = (struct imp_ratio){1, 1};
    return IMPASTO_OK;
}

/* The film that these frames make. */
enum impasto_status cli_video_choose(struct cli_filming *f)
{
    const struct cli_video_options *o = f->options;
    struct imp_film *film = &f->film;
    *film = f->source_film;
    const double rate = film->rate.num > 0 ? (double)film->rate.num / film->rate.den : 0;
    double frames = (double)film->frames;
    if (o->length > 0 && rate > 0)
        frames = fmin(frames > 0 ? frames : INFINITY, o->length * rate);
    else if (o->start > 0 && rate > 0)
        frames = fmax(frames - o->start * rate, 0);
    if (o->every > 1) {
        frames = ceil(frames / o->every);
        film->rate.den *= o->every;
    }
    if (o->fps > 0 && (rate == 0 || o->fps < rate)) {
        frames = rate > 0 ? frames * o->fps / rate : 0;
        film->rate = (struct imp_ratio){(int)lround(o->fps * 1000), 1000};
    }
    film->frames = (int64_t)(frames + 0.5);
    f->first = llround(o->start / tick_of(f));
    f->end = o->length > 0 ? f->first + llround(o->length / tick_of(f)) : INT64_MAX;
    return o->preview ? choose_preview(f) : IMPASTO_OK;
}

/* Whether a frame at that time, within the part that is painted, is wanted. */
static bool wants(struct cli_filming *f, int64_t time)
{
    const struct cli_video_options *o = f->options;
    if (o->preview)
        return f->seen++ % f->apart == f->apart / 2;
    const double slot = floor((double)time * tick_of(f) * o->fps + 1e-6);
    if (o->every > 1 && f->seen++ % o->every != 0)
        return false;
    if (o->fps > 0 && slot <= f->slot)
        return false;
    f->slot = slot;
    return true;
}

enum impasto_status cli_video_next(struct cli_filming *f, bool *more)
{
    struct imp_frame *frame = &f->frame;
    for (;;) {
        const enum impasto_status status = imp_source_read(f->source, frame, more, f->error);
        if (status != IMPASTO_OK || !*more || cli_stop_signal())
            return status;
        if (frame->time >= f->end || (f->apart > 0 && f->shown >= f->film.frames)) {
            *more = false;
            return IMPASTO_OK;
        }
        if (frame->time < f->first)
            continue;
        frame->time -= f->first;
        if (!wants(f, frame->time))
            continue;
        if (f->apart > 0)
            frame->time = f->shown++;
        return IMPASTO_OK;
    }
}

struct impasto_frame cli_video_frame(const struct imp_film *film, const struct imp_frame *frame)
{
    return (struct impasto_frame){.struct_size = sizeof(struct impasto_frame),
                                  .width = film->width,
                                  .height = film->height,
                                  .pixels = frame->rgb,
                                  .stride = frame->stride};
}

enum impasto_status cli_video_paint(struct cli_filming *f)
{
    const struct impasto_frame from = cli_video_frame(&f->source_film, &f->frame);
    const struct impasto_frame to = cli_video_frame(&f->film, &f->painted);
    const enum impasto_status status = impasto_clip_frame(f->clip, &from, &to, f->error);
    cli_catch_signals();
    f->frame_share = 0;
    f->painted.time = f->frame.time;
    f->painted.duration = f->frame.duration;
    return status;
}
