/* SPDX-License-Identifier: MIT */
/* impasto video: opens a film and a model, and paints frame after frame. */

#include "base/os.h"
#include "cli/devices/devices.h"
#include "cli/video/ranks.h"
#include "cli/video/scenes.h"

#include <inttypes.h>
#include <stdlib.h>

/* ---- Opening --------------------------------------------------------------------------------- */

static bool stopped(void)
{
    return cli_stop_signal() != 0;
}

static enum impasto_status open_source(struct cli_filming *f)
{
    const struct cli_video_options *o = f->options;
    /* A plan is measured by the film's first frames. */
    const double start = f->settings->plan ? 0 : (double)o->start;
    cli_events_phase(&f->console, "loading", NULL, 0);
    f->stream = (struct imp_stream_options){.max_pixels = f->settings->max_pixels,
                                            .log = f->console.log,
                                            .user = &f->console,
                                            .tone_map = o->tone_map,
                                            .deep = true,
                                            .rate = (double)o->fps,
                                            .stopped = stopped,
                                            .codec = o->codec,
                                            .crf = o->crf,
                                            .lossless = o->lossless,
                                            .sound = f->input,
                                            .builds = cli_video_is_painting(f) || o->steady > 0 ||
                                                      o->smooth > 0,
                                            .start = (int64_t)(start * 1e6),
                                            .length = (int64_t)((double)o->length * 1e6)};
    const enum impasto_status status =
        imp_source_open(f->input, &f->stream, &f->source, &f->source_film, f->error);
    if (status != IMPASTO_OK)
        return status;
    if (f->source_film.alone || o->preview)
        f->stream.sound = NULL;
    return cli_video_choose(f);
}

static enum impasto_status check_devices(const struct cli_filming *f, size_t count)
{
    const char *output = f->options->output;
    const bool several = cli_ranks_several(&f->settings->common);
    return !output || imp_sink_keeps(output)
               ? IMPASTO_OK
               : cli_fail(f->error, IMPASTO_ERROR_USAGE,
                          "-o %s: has no room for what is painted ahead on the %zu devices that "
                          "%s; name an .mp4, .mov, .mkv, .webm or numbered pictures, or %s",
                          output, count,
                          several ? "as many ranks have" : "--device or $IMPASTO_DEVICE names",
                          several ? "start one process" : "one device");
}

/* A plan is measured on the first device. */
static enum impasto_status open_devices(struct cli_filming *f)
{
    struct cli_batch_devices names;
    enum impasto_status status = cli_batch_devices(f->settings, &names, f->error);
    if (status == IMPASTO_OK && names.count > 1)
        status = check_devices(f, names.count);
    if (status == IMPASTO_OK && names.count > 1) {
        status = cli_scenes_open(f, &names);
    } else if (status == IMPASTO_OK) {
        status = cli_open_device(&f->settings->common, &f->console, &f->device, f->error);
        if (status == IMPASTO_OK)
            status = f->model ? cli_video_open_network(f, f->device, &f->clip)
                              : cli_video_open_painting(f);
    }
    cli_batch_devices_free(&names);
    return status;
}

/* Of the first of several ranks: the device of its own, and the other ranks. */
static enum impasto_status open_own_device(struct cli_filming *f)
{
    struct cli_batch_devices names = {.count = 1};
    const size_t ranks = (size_t)impasto_ranks_size(cli_ranks_lines(&f->settings->common));
    enum impasto_status status = check_devices(f, ranks);
    if (status == IMPASTO_OK)
        status = cli_ranks_name_device(&f->settings->common, &f->console, &names.words, f->error);
    names.device[0] = names.words;
    if (status == IMPASTO_OK)
        status = cli_scenes_open(f, &names);
    cli_batch_devices_free(&names);
    return status;
}

static enum impasto_status open_clip(struct cli_filming *f)
{
    const bool several = cli_ranks_several(&f->settings->common);
    cli_events_phase(&f->console, "opening", NULL, 0);
    if (several)
        cli_ranks_are_watched(&f->settings->common);
    enum impasto_status status = cli_watchdog_open(&f->watchdog, &f->console, f->error);
    if (status == IMPASTO_OK)
        status = several ? open_own_device(f) : open_devices(f);
    cli_catch_signals(); /* some drivers put handlers of their own in place */
    return status == IMPASTO_OK ? cli_video_make_result(f) : status;
}

/* All that comes before a device. */
static enum impasto_status prepare(struct cli_filming *f)
{
    enum impasto_status status = cli_video_check(f);
    if (status == IMPASTO_OK)
        status = cli_video_load_painter(f);
    cli_catch_signals();
    if (status == IMPASTO_OK)
        status = open_source(f);
    return status == IMPASTO_OK ? cli_video_make_frame(&f->source_film, &f->frame, f->error)
                                : status;
}

/* Ranks open what they need on all of them or on none. */
static enum impasto_status open_all(struct cli_filming *f)
{
    const bool several = cli_ranks_several(&f->settings->common);
    enum impasto_status status = prepare(f);
    if (several)
        status = cli_video_lead(f, status);
    if (status == IMPASTO_OK)
        status = open_clip(f);
    if (several)
        status = cli_video_agree(f, status);
    return status == IMPASTO_OK && several ? cli_scenes_greet(f) : status;
}

/* However it has ended: the other ranks wait. */
static enum impasto_status part(struct cli_filming *f, enum impasto_status status)
{
    const struct impasto_error why = *f->error;
    const enum impasto_status parted = cli_scenes_part(f);
    if (status == IMPASTO_OK)
        return parted;
    *f->error = why;
    return status;
}

/* Frames that an earlier run has painted are only read. */
static enum impasto_status open_sink(struct cli_filming *f)
{
    int64_t last = 0;
    bool more = true;
    enum impasto_status status = cli_video_check_disk(f);
    if (status != IMPASTO_OK)
        return status;
    f->stream.job = f->job = cli_video_job(f);
    if (!f->job)
        return cli_fail_memory(f->error, "the film");
    status = imp_sink_open(f->options->output, &f->film, &f->stream, &f->sink, f->error);
    if (status == IMPASTO_OK)
        f->done = f->earlier = f->kept = imp_sink_resumed(f->sink, &last);
    for (int64_t i = 0; i < f->kept && status == IMPASTO_OK && more && !cli_stop_signal(); i++) {
        status = cli_video_next(f, &more);
        if (status == IMPASTO_OK && more && !cli_stop_signal())
            status = cli_video_see(f, i);
        if (status == IMPASTO_OK && f->scenes)
            status = cli_scenes_tend(f);
        if (status == IMPASTO_OK && more && f->scenes && i + 1 == f->kept)
            status = cli_scenes_look(f);
    }
    if (status == IMPASTO_OK && f->kept > 0 && !cli_stop_signal() &&
        (!more || f->frame.time != last))
        return cli_fail(f->error, IMPASTO_ERROR_INPUT,
                        "%s: is not the film that was begun; remove the folder %s.impasto, and it "
                        "is painted anew",
                        f->input, f->options->output);
    /* Paintings build on the frames before. */
    bool due;
    const char *state =
        f->kept > 0 && f->stream.builds ? imp_sink_state(f->sink, f->kept, &due) : NULL;
    return status == IMPASTO_OK && state ? impasto_clip_load(f->clip, state, f->error) : status;
}

static void close_all(struct cli_filming *f, enum impasto_status status)
{
    cli_console_close(&f->console);
    imp_sink_abandon(&f->sink);
    imp_source_close(&f->source);
    cli_scenes_close(f);
    cli_video_trace_close(f);
    cli_film_report_close(&f->report);
    free(f->frame.rgb);
    free(f->painted.rgb);
    free(f->job);
    impasto_clip_close(&f->clip);
    cli_video_close_painting(f);
    cli_close_device(&f->settings->common, &f->device, status);
    cli_watchdog_close(&f->watchdog);
    impasto_model_close(&f->model);
    cli_mix_free(&f->mix);
}

/* ---- Frames ---------------------------------------------------------------------------------- */

/* Before the frame is written after which another run may go on. */
static enum impasto_status save_state(struct cli_filming *f)
{
    bool due = false;
    const char *path = f->stream.builds ? imp_sink_state(f->sink, f->done + 1, &due) : NULL;
    return path && due ? impasto_clip_save(f->clip, path, f->error) : IMPASTO_OK;
}

static enum impasto_status paint_frame(struct cli_filming *f)
{
    enum impasto_status status = cli_video_paint(f);
    if (status == IMPASTO_OK)
        status = save_state(f);
    return status == IMPASTO_OK ? cli_video_write(f, true) : status;
}

/* Until the film ends, or something does. */
static enum impasto_status paint_frames(struct cli_filming *f)
{
    enum impasto_status status = IMPASTO_OK;
    bool more = true;
    while (status == IMPASTO_OK && more && !cli_stop_signal()) {
        const double began = cli_seconds();
        status = cli_video_next(f, &more);
        if (status == IMPASTO_OK && more && !cli_stop_signal())
            status = cli_video_see(f, f->done);
        if (status == IMPASTO_OK && more && !cli_stop_signal())
            status = paint_frame(f);
        if (status == IMPASTO_OK && more && !cli_stop_signal())
            cli_video_count(f, cli_seconds() - began, true);
    }
    return status == IMPASTO_OK && cli_stop_signal()
               ? cli_fail(f->error, IMPASTO_ERROR_INTERRUPTED, "interrupted")
               : status;
}

static void tell_kept(struct cli_filming *f)
{
    char line[200];
    if (f->kept == 0)
        return;
    snprintf(line, sizeof(line), "going on after frame %" PRId64 " of an earlier run", f->kept);
    cli_console_log(&f->console, IMPASTO_LOG_INFO, line);
}

static void tell_written(struct cli_filming *f)
{
    char line[1200];
    const char *output = f->options->output;
    f->film.frames = f->done;
    cli_video_tell(f, true);
    cli_console_finish(&f->console);
    cli_events_wrote(&f->console, output);
    snprintf(line, sizeof(line), "wrote %s (%" PRId64 " frames of %dx%d)",
             cli_name_of_output(output), f->done, f->film.width, f->film.height);
    cli_console_log(&f->console, IMPASTO_LOG_INFO, line);
    cli_video_tell_figures(f);
}

/* Messages about files have paths in them, which a report does not tell. */
static const char *words_for(const struct cli_filming *f, enum impasto_status status,
                             const struct impasto_error *why)
{
    const bool pictures = f->source_film.pictures;
    return status == IMPASTO_ERROR_INPUT
               ? pictures ? "A picture cannot be used." : "The film is damaged."
           : status == IMPASTO_ERROR_OUTPUT ? "A file could not be written."
                                            : why->message;
}

/* Frames that are done are a film, whatever has ended it. */
static enum impasto_status conclude(struct cli_filming *f, enum impasto_status status)
{
    const struct impasto_error why = *f->error;
    if (f->done == 0 && status == IMPASTO_OK)
        return cli_fail(f->error, IMPASTO_ERROR_INPUT, "%s: the film has no frames",
                        cli_name_of_input(f->input));
    if (f->done == 0 || status == IMPASTO_ERROR_OUTPUT)
        return status;
    cli_events_phase(&f->console, "saving", NULL, 0);
    /* A damaged film has no more to give another time, while a bad picture may be made anew. */
    const bool whole =
        status == IMPASTO_OK || (status == IMPASTO_ERROR_INPUT && !f->source_film.pictures);
    const enum impasto_status saved = imp_sink_finish(&f->sink, whole, f->error);
    if (saved != IMPASTO_OK)
        return saved;
    tell_written(f);
    const enum impasto_status told = cli_video_report_write(f, status, words_for(f, status, &why));
    if (told != IMPASTO_OK)
        return told;
    *f->error = why;
    return status;
}

static enum impasto_status make_film(struct cli_filming *f)
{
    enum impasto_status status = open_sink(f);
    if (status == IMPASTO_OK)
        status = cli_video_trace_open(f);
    if (status == IMPASTO_OK)
        status = cli_film_report_open(&f->report, f->settings->report, f->error);
    if (status != IMPASTO_OK)
        return status;
    f->opened = cli_seconds();
    cli_events_start(&f->console, f->settings, f->options->output, 1);
    cli_events_phase(&f->console, "painting", NULL, 0);
    tell_kept(f);
    return conclude(f, f->scenes ? cli_scenes_paint(f) : paint_frames(f));
}

enum impasto_status cli_video_run(const struct cli_call *call, struct impasto_error *error)
{
    struct cli_filming f = {.options = call->options,
                            .settings = call->settings,
                            .error = error,
                            .input = call->operands[0],
                            .style_words = call->operands + 1,
                            .style_word_count = call->operand_count - 1,
                            .slot = -1};
    if (cli_ranks_follows(call->common))
        return cli_video_follow(call, error);
    cli_watch_driver();
    cli_outlive_writes();
    cli_console_init(&f.console, call->common);
    enum impasto_status status = open_all(&f);
    if (status == IMPASTO_OK)
        status = call->settings->plan ? cli_video_print_plan(&f) : make_film(&f);
    status = part(&f, status);
    close_all(&f, status);
    return status;
}
