/* SPDX-License-Identifier: MIT */
/* Films of all other kinds, as the films' room reads them: RGB. */

#include "live/kinds.h"
#include "video/stream.h"

#include <math.h>
#include <stdlib.h>

struct film_in {
    struct imp_live_source source;
    struct imp_stream_options options;
    struct imp_source *film;
    struct imp_ratio tick;
    int64_t next; /* number, at least */
};

/* The frame of the film's rate that is seen then, and one that has not been. */
static int64_t number_at(struct film_in *in, int64_t time)
{
    const struct imp_live_form *form = &in->source.form;
    const double seconds = (double)time * in->tick.num / in->tick.den;
    const int64_t number = llround(seconds * form->rate_num / form->rate_den);
    in->next = (number > in->next ? number : in->next) + 1;
    return in->next - 1;
}

static enum impasto_status read_frame(struct imp_live_source *source, struct imp_live_frame *frame,
                                      enum imp_live_read *what, struct impasto_error *error)
{
    struct film_in *in = (struct film_in *)source;
    struct imp_frame read = {.rgb = frame->pixels.plane[0], .stride = frame->pixels.stride[0]};
    bool more = false;
    IMP_TRY(imp_source_read(in->film, &read, &more, error));
    frame->number = number_at(in, read.time);
    *what = more ? IMP_LIVE_FRAME : IMP_LIVE_END;
    return IMPASTO_OK;
}

static void close_source(struct imp_live_source *source)
{
    struct film_in *in = (struct film_in *)source;
    imp_source_close(&in->film);
    free(in);
}

enum impasto_status imp_live_film_source(const char *path, const struct imp_live_options *options,
                                         struct imp_live_source **source,
                                         struct impasto_error *error)
{
    struct film_in *in = calloc(1, sizeof(*in));
    struct imp_film film = {0};
    if (!in)
        return imp_fail_memory(error, "a film", sizeof(*in));
    in->source = (struct imp_live_source){.paced = true, .read = read_frame, .close = close_source};
    in->options = (struct imp_stream_options){
        .log = options->log, .user = options->user, .stopped = options->stopped};
    const enum impasto_status status = imp_source_open(path, &in->options, &in->film, &film, error);
    in->source.form = (struct imp_live_form){
        .pixels = {.struct_size = sizeof(struct impasto_pixels),
                   .format = IMPASTO_PIXELS_RGB24,
                   .width = film.width,
                   .height = film.height},
        .rate_num = film.rate.num > 0 ? film.rate.num : 30,
        .rate_den = film.rate.num > 0 ? film.rate.den : 1,
    };
    in->tick = film.tick;
    if (status == IMPASTO_OK)
        *source = &in->source;
    else
        close_source(&in->source);
    return status;
}
