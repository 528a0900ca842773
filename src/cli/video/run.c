/* SPDX-License-Identifier: MIT */
/* impasto video: opens a film and a model, and paints frame after frame. */

#include "base/os.h"
#include "cli/devices/devices.h"
#include "cli/model/model.h"
#include "cli/video/run.h"

#include <inttypes.h>
#include <stdlib.h>

/* ---- Opening --------------------------------------------------------------------------------- */

/* Refuses what could not be done, before any work. */
static enum impasto_status check(const struct cli_filming *f)
{
    const char *output = f->options->output;
    if (!f->options->model)
        return cli_fail(f->error, IMPASTO_ERROR_USAGE,
                        "video: name the network that paints the frames by --model; impasto model "
                        "info lists those that come with Impasto");
    if (!output)
        return cli_fail(f->error, IMPASTO_ERROR_USAGE, "video: name the painted film by -o");
    if (cli_is_standard(f->input) && imp_os_is_terminal(IMP_OS_STDIN))
        return cli_fail(f->error, IMPASTO_ERROR_USAGE,
                        "-: standard input is a terminal; send a film into it: ffmpeg -i FILM -f "
                        "yuv4mpegpipe - | impasto video - ...");
    if (cli_is_standard(output))
        return imp_os_is_terminal(IMP_OS_STDOUT)
                   ? cli_fail(f->error, IMPASTO_ERROR_USAGE,
                              "-o -: standard output is a terminal; send it to a file or a "
                              "program: ... > FILE")
                   : IMPASTO_OK;
    if (cli_same_file(f->input, output))
        return cli_fail(f->error, IMPASTO_ERROR_OUTPUT,
                        "%s: is also the input; choose another name for the output", output);
    if (f->settings->no_clobber && imp_os_is_file(output))
        return cli_fail(f->error, IMPASTO_ERROR_OUTPUT,
                        "%s: is there already; name another file, or leave out --no-clobber",
                        output);
    return IMPASTO_OK;
}

static bool stopped(void)
{
    return cli_stop_signal() != 0;
}

static enum impasto_status open_source(struct cli_filming *f)
{
    cli_events_phase(&f->console, "loading", NULL, 0);
    f->stream = (struct imp_stream_options){.max_pixels = f->settings->max_pixels,
                                            .log = f->console.log,
                                            .user = &f->console,
                                            .tone_map = f->options->tone_map,
                                            .stopped = stopped};
    const enum impasto_status status =
        imp_source_open(f->input, &f->stream, &f->source, &f->film, f->error);
    if (status != IMPASTO_OK)
        return status;
    f->frame.stride = 3 * (size_t)f->film.width;
    f->frame.rgb = malloc(f->frame.stride * (size_t)f->film.height);
    return f->frame.rgb ? IMPASTO_OK : cli_fail_memory(f->error, "a frame");
}

/* style: the one that the model was named by; -1: none. */
static enum impasto_status read_mix(struct cli_filming *f, int style)
{
    if (f->options->mix)
        return cli_mix_read(f->options->mix, f->model, &f->mix, f->error);
    return style < 0 ? IMPASTO_OK : cli_mix_of_one((size_t)style, f->model, &f->mix, f->error);
}

static enum impasto_status open_model(struct cli_filming *f)
{
    int style = -1;
    const enum impasto_status status =
        cli_model_open(f->options->model, &f->model, &style, f->error);
    return status == IMPASTO_OK ? read_mix(f, style) : status;
}

static enum impasto_status open_applier(struct cli_filming *f)
{
    struct impasto_apply_params params = impasto_apply_defaults();
    params.mix = f->mix.weight;
    params.mix_count = f->mix.weight ? impasto_model_info(f->model)->style_count : 0;
    params.strength = f->options->strength;
    params.colour = (enum impasto_colour)f->options->colour;
    cli_events_phase(&f->console, "opening", NULL, 0);
    enum impasto_status status = cli_watchdog_open(&f->watchdog, &f->console, f->error);
    if (status == IMPASTO_OK)
        status = cli_open_device(&f->settings->common, &f->console, &f->device, f->error);
    cli_catch_signals(); /* some drivers put handlers of their own in place */
    return status == IMPASTO_OK
               ? impasto_applier_open(f->device, f->model, &params, &f->applier, f->error)
               : status;
}

static void close_all(struct cli_filming *f)
{
    cli_console_close(&f->console);
    imp_sink_abandon(&f->sink);
    imp_source_close(&f->source);
    free(f->frame.rgb);
    impasto_applier_close(&f->applier);
    impasto_device_close(&f->device);
    cli_watchdog_close(&f->watchdog);
    impasto_model_close(&f->model);
    cli_mix_free(&f->mix);
}

/* ---- Frames ---------------------------------------------------------------------------------- */

static enum impasto_status paint_frame(struct cli_filming *f)
{
    struct imp_frame *frame = &f->frame;
    const enum impasto_status status =
        impasto_applier_frame(f->applier, f->film.width, f->film.height, frame->rgb, frame->stride,
                              frame->rgb, frame->stride, f->error);
    cli_catch_signals();
    return status == IMPASTO_OK ? imp_sink_write(f->sink, frame, f->error) : status;
}

/* Until the film ends, or something does. */
static enum impasto_status paint_frames(struct cli_filming *f)
{
    enum impasto_status status = IMPASTO_OK;
    bool more = true;
    while (status == IMPASTO_OK && more && !cli_stop_signal()) {
        status = imp_source_read(f->source, &f->frame, &more, f->error);
        if (status == IMPASTO_OK && more)
            status = paint_frame(f);
        if (status != IMPASTO_OK || !more)
            continue;
        f->done++;
        if (f->done == 1)
            f->began = cli_seconds();
        cli_video_tell(f, false);
    }
    return status == IMPASTO_OK && cli_stop_signal()
               ? cli_fail(f->error, IMPASTO_ERROR_INTERRUPTED, "interrupted")
               : status;
}

static void tell_written(struct cli_filming *f)
{
    char line[1200];
    const char *output = f->options->output;
    cli_video_tell(f, true);
    cli_console_finish(&f->console);
    cli_events_wrote(&f->console, output);
    snprintf(line, sizeof(line), "wrote %s (%" PRId64 " frames of %dx%d)",
             cli_name_of_output(output), f->done, f->film.width, f->film.height);
    cli_console_log(&f->console, IMPASTO_LOG_INFO, line);
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
    const enum impasto_status saved = imp_sink_finish(&f->sink, f->error);
    if (saved != IMPASTO_OK)
        return saved;
    tell_written(f);
    *f->error = why;
    return status;
}

enum impasto_status cli_video_run(const struct cli_call *call, struct impasto_error *error)
{
    struct cli_filming f = {.options = call->options,
                            .settings = call->settings,
                            .error = error,
                            .input = call->operands[0]};
    cli_watch_driver();
    cli_outlive_writes();
    cli_console_init(&f.console, call->common);
    enum impasto_status status = check(&f);
    if (status == IMPASTO_OK)
        status = open_model(&f);
    cli_catch_signals();
    if (status == IMPASTO_OK)
        status = open_source(&f);
    if (status == IMPASTO_OK)
        status = imp_sink_open(f.options->output, &f.film, &f.stream, &f.sink, error);
    if (status == IMPASTO_OK)
        status = open_applier(&f);
    if (status == IMPASTO_OK) {
        cli_events_start(&f.console, call->settings, f.options->output, 1);
        cli_events_phase(&f.console, "painting", NULL, 0);
        status = conclude(&f, paint_frames(&f));
    }
    close_all(&f);
    return status;
}
