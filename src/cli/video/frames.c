/* SPDX-License-Identifier: MIT */
/* Which of a film's frames are painted, and when they are shown; and painting one. */

#include "cli/video/run.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>

#define PREVIEW_FRAMES 8
#define RATE_DEN 1000 /* of --fps as a fraction */
/* Seconds between two frames of a preview from which on it is worth to open the film anew there. */
#define FAR 5

static double tick_of(const struct cli_filming *f)
{
    return (double)f->source_film.tick.num / f->source_film.tick.den;
}

/* --fps, in thousandths as films have it; 0: all frames are painted. Numbered pictures have no
 * times of their own: --fps only says how fast they are shown. */
static int thinned_to(const struct cli_filming *f)
{
    return f->source_film.pictures ? 0 : (int)lround((double)f->options->fps * RATE_DEN);
}

/* Frames of the part that is painted, if all are; 0: nobody knows. */
static double frames_of_part(const struct cli_filming *f, double rate)
{
    const struct cli_video_options *o = f->options;
    double frames = (double)f->source_film.frames;
    if (rate > 0 && frames > 0)
        frames = fmax(frames - (double)o->start * rate, 0);
    if (rate > 0 && o->length > 0)
        frames = fmin(frames > 0 ? frames : INFINITY, (double)o->length * rate);
    return frames;
}

/* Some of the part's frames, from all over it, each for a second. */
static enum impasto_status choose_preview(struct cli_filming *f, double part)
{
    struct imp_film *film = &f->film;
    film->frames = (int64_t)(part + 0.5);
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

/* A rate by so many times less. Its numbers are halved as long as they are too large for it. Where
 * nothing is left to halve, it is the slowest that there is. */
static struct imp_ratio slower(struct imp_ratio rate, int times)
{
    int64_t den = (int64_t)rate.den * times;
    for (; den > INT_MAX && rate.num > 1; den /= 2)
        rate.num = rate.num / 2 + rate.num % 2;
    return (struct imp_ratio){rate.num, (int)(den < INT_MAX ? den : INT_MAX)};
}

/* The film that these frames make. */
enum impasto_status cli_video_choose(struct cli_filming *f)
{
    const struct cli_video_options *o = f->options;
    struct imp_film *film = &f->film;
    *film = f->source_film;
    const double rate = film->rate.num > 0 ? (double)film->rate.num / film->rate.den : 0;
    const int fps = thinned_to(f);
    const double part = frames_of_part(f, rate);
    double frames = part;
    if (o->every > 1) {
        frames = ceil(frames / o->every);
        film->rate = slower(film->rate, o->every);
    }
    if (fps > 0 && (rate == 0 || fps < rate * RATE_DEN)) {
        frames = rate > 0 ? frames * fps / (rate * RATE_DEN) : 0;
        film->rate = (struct imp_ratio){fps, RATE_DEN};
    }
    film->frames = (int64_t)(frames + 0.5);
    f->first = llround(o->start / tick_of(f));
    f->end = o->length > 0 ? f->first + llround(o->length / tick_of(f)) : INT64_MAX;
    return o->preview ? choose_preview(f, part) : IMPASTO_OK;
}

/* ---- Previews of films that can be sought in ------------------------------------------------- */

/* Whether the preview's frames go by their times. Where every frame is shown as long as the others,
 * these are the frames that counting finds. A film that is not sought in is read once, from its
 * beginning: each time that it was opened anew, it would be decoded from there. */
static bool goes_by_time(const struct cli_filming *f)
{
    return f->apart > 0 && f->source_film.seekable && f->source_film.rate.num > 0 &&
           !cli_is_standard(f->input);
}

/* When the preview's next frame is shown, less half a frame, as containers round. Where a frame is
 * one tick, that is between two of them. */
static int64_t next_time(const struct cli_filming *f)
{
    const struct imp_ratio rate = f->source_film.rate;
    const double frames = (double)(f->shown * f->apart + f->apart / 2) - 0.5;
    return f->first + (int64_t)ceil(frames * rate.den / rate.num / tick_of(f));
}

/* Where the preview's next frame is far ahead, the film is opened anew, to begin near it. */
static enum impasto_status jump(struct cli_filming *f)
{
    struct imp_film film;
    const double behind = (double)(next_time(f) - f->read) * tick_of(f);
    if (!goes_by_time(f) || f->shown >= f->film.frames || behind < FAR)
        return IMPASTO_OK;
    imp_source_close(&f->source);
    f->stream.start = (int64_t)((double)next_time(f) * tick_of(f) * 1e6);
    const enum impasto_status status =
        imp_source_open(f->input, &f->stream, &f->source, &film, f->error);
    if (status == IMPASTO_OK &&
        (film.width != f->source_film.width || film.height != f->source_film.height ||
         film.deep != f->source_film.deep))
        return cli_fail(f->error, IMPASTO_ERROR_INPUT,
                        "%s: has changed while it was read; leave it alone until it is painted",
                        cli_name_of_input(f->input));
    f->read = next_time(f); /* and not once more */
    return status;
}

/* ---- Frames ---------------------------------------------------------------------------------- */

/* Whether a frame at that time, within the part that is painted, is wanted. */
static bool wants(struct cli_filming *f, int64_t time)
{
    const struct cli_video_options *o = f->options;
    if (o->preview && goes_by_time(f))
        return time + f->first >= next_time(f);
    if (o->preview)
        return f->seen++ % f->apart == f->apart / 2;
    const int fps = thinned_to(f);
    const double slot = floor((double)time * tick_of(f) * fps / RATE_DEN + 1e-6);
    if (o->every > 1 && f->seen++ % o->every != 0)
        return false;
    if (fps > 0 && slot <= f->slot)
        return false;
    f->slot = slot;
    return true;
}

enum impasto_status cli_video_next(struct cli_filming *f, bool *more)
{
    struct imp_frame *frame = &f->frame;
    enum impasto_status status = jump(f);
    while (status == IMPASTO_OK) {
        status = imp_source_read(f->source, frame, more, f->error);
        if (status != IMPASTO_OK || !*more || cli_stop_signal())
            return status;
        if (frame->time >= f->end || (f->apart > 0 && f->shown >= f->film.frames)) {
            *more = false;
            return IMPASTO_OK;
        }
        if (frame->time < f->first)
            continue;
        f->read = frame->time;
        frame->time -= f->first;
        if (!wants(f, frame->time))
            continue;
        if (f->apart > 0)
            frame->time = f->shown++;
        return IMPASTO_OK;
    }
    return status;
}

enum impasto_status cli_video_make_frame(const struct imp_film *film, struct imp_frame *frame,
                                         struct impasto_error *error)
{
    frame->stride = imp_film_pixel(film) * (size_t)film->width;
    frame->rgb = malloc(frame->stride * (size_t)film->height);
    return frame->rgb ? IMPASTO_OK : cli_fail_memory(error, "a frame");
}

enum impasto_status cli_video_make_result(struct cli_filming *f)
{
    const struct impasto_clip_info *info = impasto_clip_info(f->clip);
    f->film.width = info->result_width;
    f->film.height = info->result_height;
    f->film.deep = f->options->bits > 8;
    return cli_video_make_frame(&f->film, &f->painted, f->error);
}

struct impasto_frame cli_video_frame(const struct imp_film *film, const struct imp_frame *frame)
{
    return (struct impasto_frame){.struct_size = sizeof(struct impasto_frame),
                                  .width = film->width,
                                  .height = film->height,
                                  .samples =
                                      film->deep ? IMPASTO_SAMPLES_SHORT : IMPASTO_SAMPLES_BYTE,
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
