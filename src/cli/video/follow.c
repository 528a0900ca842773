/* SPDX-License-Identifier: MIT */
/* A rank that is not the first: it has a clip, and does with it what the first asks for. */

#include "base/os.h"
#include "cli/devices/devices.h"
#include "cli/video/ranks.h"

#include <stdlib.h>

/* How often the first rank hears of this one while a frame is painted. */
#define SIGN_SECONDS 1

struct follower {
    struct cli_filming film; /* its frames are those at hand */
    struct impasto_ranks *ranks;
    struct cli_asked asked, next;       /* next: what is asked for after that */
    struct cli_answered answered, sign; /* sign: of life, on its way */
    double told;                        /* when this rank last told of itself; imp_os_seconds() */
    void *state;                        /* that has come, or goes */
    size_t state_bytes;
};

/* ---- Letters --------------------------------------------------------------------------------- */

static enum impasto_status take(struct follower *own, void *bytes, size_t size)
{
    bool arrived;
    struct impasto_error *error = own->film.error;
    const enum impasto_status status = impasto_ranks_receive(own->ranks, 0, bytes, size, error);
    return status == IMPASTO_OK ? impasto_ranks_received(own->ranks, 0, true, &arrived, error)
                                : status;
}

static enum impasto_status give(struct follower *own, const void *bytes, size_t size)
{
    bool arrived;
    struct impasto_error *error = own->film.error;
    /* A sign of life may still be on its way. */
    enum impasto_status status = impasto_ranks_sent(own->ranks, 0, true, &arrived, error);
    if (status == IMPASTO_OK)
        status = impasto_ranks_send(own->ranks, 0, bytes, size, error);
    return status == IMPASTO_OK ? impasto_ranks_sent(own->ranks, 0, true, &arrived, error) : status;
}

/* A large frame takes hours, and the first rank must not take this one for lost. */
static enum impasto_status tell_of_life(struct follower *own, struct impasto_error *lost)
{
    bool arrived;
    const double now = imp_os_seconds();
    if (now - own->told < SIGN_SECONDS)
        return IMPASTO_OK;
    const enum impasto_status status = impasto_ranks_sent(own->ranks, 0, false, &arrived, lost);
    if (status != IMPASTO_OK || !arrived)
        return status;
    own->told = now;
    own->sign = (struct cli_answered){.alive = true};
    return impasto_ranks_send(own->ranks, 0, &own->sign, sizeof(own->sign), lost);
}

/* Called after each iteration of a frame. While one is painted, nothing is asked for but its end.
 */
static int on_progress(void *user, const struct impasto_job_progress *progress)
{
    struct follower *own = user;
    struct impasto_error lost;
    bool arrived = false;
    (void)progress;
    return impasto_ranks_received(own->ranks, 0, false, &arrived, &lost) != IMPASTO_OK || arrived ||
           tell_of_life(own, &lost) != IMPASTO_OK;
}

/* ---- Errands --------------------------------------------------------------------------------- */

static size_t bytes_of(const struct imp_film *film, const struct imp_frame *frame)
{
    return frame->stride * (size_t)film->height;
}

static enum impasto_status paint(struct follower *own, struct impasto_error *error)
{
    struct cli_filming *f = &own->film;
    const struct impasto_frame from = cli_video_frame(&f->source_film, &f->frame);
    const struct impasto_frame to = cli_video_frame(&f->film, &f->painted);
    if (own->asked.begins)
        impasto_clip_begin(f->clip, own->asked.frames, own->asked.scenes);
    return impasto_clip_frame(f->clip, &from, &to, error);
}

/* The file between the clip and the lines; NULL: none can be had. */
static char *name_state(struct impasto_error *error)
{
    const char *folder = imp_os_scratch();
    char *path = folder ? imp_os_join(folder, "state") : NULL;
    if (!folder)
        (void)cli_fail(error, IMPASTO_ERROR_OUTPUT,
                       "there is no folder for temporary files; set TMPDIR to one");
    else if (!path)
        (void)cli_fail_memory(error, "a file name");
    return path;
}

static enum impasto_status save(struct follower *own, const char *path, struct impasto_error *error)
{
    const enum impasto_status status = impasto_clip_save(own->film.clip, path, error);
    return status == IMPASTO_OK ? cli_state_read(path, &own->state, &own->state_bytes, error)
                                : status;
}

static enum impasto_status load(struct follower *own, const char *path, struct impasto_error *error)
{
    const enum impasto_status status =
        impasto_file_write(path, own->state, own->state_bytes, error);
    return status == IMPASTO_OK ? impasto_clip_load(own->film.clip, path, error) : status;
}

static enum impasto_status move_state(struct follower *own, struct impasto_error *error)
{
    char *path = name_state(error);
    if (!path)
        return error->status;
    const enum impasto_status status =
        own->asked.errand == CLI_ERRAND_SAVE ? save(own, path, error) : load(own, path, error);
    (void)imp_os_remove(path);
    free(path);
    return status;
}

/* Fills the answer. Returns what follows it, of answered.bytes. */
static const void *obey(struct follower *own)
{
    struct cli_filming *f = &own->film;
    struct cli_answered *answered = &own->answered;
    enum impasto_status status = IMPASTO_OK;
    *answered = (struct cli_answered){0};
    own->told = imp_os_seconds();
    if (own->asked.errand == CLI_ERRAND_PAINT)
        status = paint(own, &answered->error);
    else if (own->asked.errand != CLI_ERRAND_GREET)
        status = move_state(own, &answered->error);
    answered->error.status = status;
    answered->info = *impasto_clip_info(f->clip);
    answered->info.job = NULL;
    snprintf(answered->device, sizeof(answered->device), "%s",
             impasto_device_info(f->device)->name);
    if (status != IMPASTO_OK || own->asked.errand == CLI_ERRAND_GREET ||
        own->asked.errand == CLI_ERRAND_LOAD)
        return NULL;
    const bool paints = own->asked.errand == CLI_ERRAND_PAINT;
    answered->bytes = paints ? bytes_of(&f->film, &f->painted) : own->state_bytes;
    return paints ? f->painted.rgb : own->state;
}

/* A frame or a state that comes with what is asked for. */
static enum impasto_status take_load(struct follower *own)
{
    struct cli_filming *f = &own->film;
    const size_t bytes = (size_t)own->asked.bytes;
    free(own->state);
    own->state = NULL;
    own->state_bytes = bytes;
    if (own->asked.errand == CLI_ERRAND_PAINT)
        return bytes == bytes_of(&f->source_film, &f->frame)
                   ? take(own, f->frame.rgb, bytes)
                   : cli_fail(f->error, IMPASTO_ERROR_INTERNAL,
                              "was sent a frame of another size; please report this");
    if (bytes == 0)
        return IMPASTO_OK;
    own->state = malloc(bytes);
    return own->state ? take(own, own->state, bytes)
                      : cli_fail_memory(f->error, "the state of a clip");
}

/* What is asked for next may be heard of from now on. */
static enum impasto_status listen(struct follower *own)
{
    return impasto_ranks_receive(own->ranks, 0, &own->next, sizeof(own->next), own->film.error);
}

/* *ends: nothing more is asked for. */
static enum impasto_status serve_one(struct follower *own, bool *ends)
{
    bool arrived;
    enum impasto_status status =
        impasto_ranks_received(own->ranks, 0, true, &arrived, own->film.error);
    own->asked = own->next;
    *ends = own->asked.errand == CLI_ERRAND_END;
    if (status != IMPASTO_OK || *ends)
        return status;
    status = take_load(own);
    if (status == IMPASTO_OK)
        status = listen(own);
    if (status != IMPASTO_OK)
        return status;
    const void *more = obey(own);
    status = give(own, &own->answered, sizeof(own->answered));
    return status == IMPASTO_OK && more ? give(own, more, (size_t)own->answered.bytes) : status;
}

/* Until the first rank needs it no more. What that still has to write takes as long as it takes. */
static enum impasto_status serve(struct follower *own)
{
    char over;
    bool ends = false;
    enum impasto_status status = listen(own);
    while (status == IMPASTO_OK && !ends)
        status = serve_one(own, &ends);
    if (status == IMPASTO_OK)
        status = impasto_ranks_share(own->ranks, &over, sizeof(over), own->film.error);
    if (status != IMPASTO_OK)
        impasto_ranks_fail(own->ranks, own->film.error);
    return status;
}

/* ---- A rank's life --------------------------------------------------------------------------- */

static enum impasto_status open_device(struct cli_filming *f)
{
    struct cli_common one = f->settings->common;
    char *name;
    enum impasto_status status =
        cli_ranks_name_device(&f->settings->common, &f->console, &name, f->error);
    one.device = name;
    if (status == IMPASTO_OK)
        status = cli_open_device(&one, &f->console, &f->device, f->error);
    free(name);
    return status;
}

static enum impasto_status open_all(struct follower *own)
{
    struct cli_filming *f = &own->film;
    enum impasto_status status = open_device(f);
    if (status == IMPASTO_OK)
        status = f->model ? cli_video_open_network(f, f->device, &f->clip)
                          : cli_video_open_clip(f, f->device, on_progress, own, &f->clip);
    if (status == IMPASTO_OK)
        status = cli_video_make_frame(&f->source_film, &f->frame, f->error);
    return status == IMPASTO_OK ? cli_video_make_result(f) : status;
}

static void close_all(struct follower *own)
{
    struct cli_filming *f = &own->film;
    cli_console_close(&f->console);
    free(f->frame.rgb);
    free(f->painted.rgb);
    free(own->state);
    impasto_clip_close(&f->clip);
    cli_video_close_painting(f);
    impasto_device_close(&f->device);
    impasto_model_close(&f->model);
    cli_mix_free(&f->mix);
}

/* Failures that all agree on are the first rank's to tell. */
enum impasto_status cli_video_follow(const struct cli_call *call, struct impasto_error *error)
{
    bool leaves;
    struct follower own = {.film = {.options = call->options,
                                    .settings = call->settings,
                                    .error = error,
                                    .input = call->operands[0],
                                    .style_words = call->operands + 1,
                                    .style_word_count = call->operand_count - 1},
                           .ranks = cli_ranks_lines(call->common)};
    cli_watch_driver();
    cli_outlive_writes();
    cli_ranks_console(call->common, &own.film.console);
    enum impasto_status status = cli_video_load_painter(&own.film);
    status = cli_video_be_led(&own.film, status, &leaves);
    if (status == IMPASTO_OK && !leaves)
        status = open_all(&own);
    status = cli_video_agree(&own.film, status);
    if (status == IMPASTO_OK)
        status = serve(&own);
    close_all(&own);
    return cli_ranks_are_lost(call->common) ? status : IMPASTO_OK;
}
