/* SPDX-License-Identifier: MIT */
/* impasto live: opens a camera, a model and what shows the result, and runs until somebody ends
 * it. */

#include "cli/devices/devices.h"
#include "cli/files/files.h"
#include "cli/live/run.h"
#include "cli/model/model.h"

#include <stdlib.h>

/* ---- Opening --------------------------------------------------------------------------------- */

/* "640x360" */
static enum impasto_status read_size(struct cli_living *l)
{
    const char *text = l->options->size;
    char *end = NULL, *last = NULL;
    if (!text)
        return IMPASTO_OK;
    const long width = strtol(text, &end, 10);
    const long height = *end == 'x' ? strtol(end + 1, &last, 10) : 0;
    if (width < 16 || height < 16 || width > 65500 || height > 65500 || !last || *last)
        return cli_fail(l->error, IMPASTO_ERROR_USAGE,
                        "--size %.40s: must be WIDTHxHEIGHT, such as 640x360, of 16 to 65500 "
                        "pixels",
                        text);
    l->stream.width = (int)width;
    l->stream.height = (int)height;
    return IMPASTO_OK;
}

static enum impasto_status check_output(const struct cli_living *l, const char *output)
{
    if (cli_is_standard(output))
        return imp_os_is_terminal(IMP_OS_STDOUT)
                   ? cli_fail(l->error, IMPASTO_ERROR_USAGE,
                              "-o -: standard output is a terminal; send it to a player: ... | "
                              "ffplay -")
                   : IMPASTO_OK;
    if (cli_same_file(l->options->camera, output))
        return cli_fail(l->error, IMPASTO_ERROR_OUTPUT,
                        "%s: is also the camera; choose another output", output);
    if (l->settings->no_clobber && imp_os_is_file(output))
        return cli_fail(l->error, IMPASTO_ERROR_OUTPUT,
                        "%s: is there already; name another file, or leave out --no-clobber",
                        output);
    return IMPASTO_OK;
}

/* What can be asked of a camera alone would be passed over silently. */
static enum impasto_status check_asked(const struct cli_living *l)
{
    const struct cli_live_options *options = l->options;
    const char *given = options->size     ? "--size"
                        : options->rate   ? "--rate"
                        : options->pixels ? "--pixels"
                        : options->wait   ? "--wait"
                                          : NULL;
    return given && !imp_live_is_camera(options->camera)
               ? cli_fail(l->error, IMPASTO_ERROR_USAGE,
                          "%s: can be asked of a camera only; %s comes as it is", given,
                          cli_name_of_input(options->camera))
               : IMPASTO_OK;
}

/* Refuses what could not be done, before any work. */
static enum impasto_status check(struct cli_living *l)
{
    if (cli_is_standard(l->options->camera) && imp_os_is_terminal(IMP_OS_STDIN))
        return cli_fail(l->error, IMPASTO_ERROR_USAGE,
                        "--camera -: standard input is a terminal; send a film into it: ffmpeg -i "
                        "FILM -f yuv4mpegpipe - | impasto live MODEL --camera - ...");
    enum impasto_status status = check_asked(l);
    if (status == IMPASTO_OK && l->options->output)
        status = check_output(l, l->options->output);
    return status == IMPASTO_OK ? read_size(l) : status;
}

static bool is_stopped(void)
{
    return cli_stop_signal() != 0;
}

static void on_key(void *user, int key)
{
    cli_wish_key(user, key);
}

static enum impasto_status open_model(struct cli_living *l, const char *word)
{
    int style = -1;
    const enum impasto_status status = cli_model_open(word, &l->model, &style, l->error);
    return status == IMPASTO_OK ? cli_wish_begin(l, style) : status;
}

static enum impasto_status open_streams(struct cli_living *l)
{
    l->stream.log = cli_live_log;
    l->stream.user = l;
    l->stream.stopped = is_stopped;
    l->stream.rate = l->options->rate;
    l->stream.pixels = l->options->pixels;
    l->stream.wait = l->options->wait;
    l->stream.key = on_key;
    l->stream.title = "Impasto";
    const enum impasto_status status =
        imp_live_open_source(l->options->camera, &l->stream, &l->source, l->error);
    return status == IMPASTO_OK ? imp_live_open_sink(l->options->output, &l->source->form,
                                                     &l->stream, &l->sink, l->error)
                                : status;
}

static enum impasto_status open_applier(struct cli_living *l)
{
    enum impasto_status status = cli_watchdog_open(&l->watchdog, &l->console, l->error);
    if (status == IMPASTO_OK)
        status = cli_open_device(&l->settings->common, &l->console, &l->device, l->error);
    cli_catch_signals(); /* some drivers put handlers of their own in place */
    return status == IMPASTO_OK
               ? impasto_applier_open(l->device, l->model, &l->wish.params, &l->applier, l->error)
               : status;
}

static void close_all(struct cli_living *l)
{
    cli_console_close(&l->console);
    if (l->sink)
        l->sink->close(l->sink);
    if (l->source)
        l->source->close(l->source);
    imp_live_clock_close(&l->clock);
    cli_control_close(&l->control);
    impasto_applier_close(&l->applier);
    impasto_device_close(&l->device);
    cli_watchdog_close(&l->watchdog);
    impasto_model_close(&l->model);
    cli_mix_free(&l->wish.mix);
}

/* ---- Frames ---------------------------------------------------------------------------------- */

/* In the painter's thread. */
static enum impasto_status paint(void *user, const struct impasto_pixels *from,
                                 const struct impasto_pixels *to, struct impasto_error *error)
{
    struct cli_living *l = user;
    const enum impasto_status status = cli_wish_grant(l, error);
    return status == IMPASTO_OK ? impasto_applier_pixels(l->applier, from, to, error) : status;
}

/* What is no frame must not be averaged with one. */
static enum impasto_status paint_nothing(struct cli_living *l, const struct impasto_pixels *from,
                                         const struct impasto_pixels *to)
{
    struct impasto_apply_params params = l->wish.params;
    params.steady = params.smooth = 0;
    const enum impasto_status status = impasto_applier_change(l->applier, &params, l->error);
    l->wish.changed = true;
    return status == IMPASTO_OK ? impasto_applier_pixels(l->applier, from, to, l->error) : status;
}

/* A black frame, so that no kernel is still to be compiled when the first one comes. */
static enum impasto_status warm_up(struct cli_living *l)
{
    struct impasto_pixels from = l->source->form.pixels, to = l->sink->form.pixels;
    unsigned char *in = calloc(1, impasto_pixels_lay(&from, NULL) + 1);
    unsigned char *out = calloc(1, impasto_pixels_lay(&to, NULL) + 1);
    (void)impasto_pixels_lay(&from, in);
    (void)impasto_pixels_lay(&to, out);
    const enum impasto_status status =
        in && out ? paint_nothing(l, &from, &to) : cli_fail_memory(l->error, "a frame");
    free(in);
    free(out);
    return status;
}

static bool wants_end(void *user)
{
    struct cli_living *l = user;
    cli_control_look(l);
    return l->left || is_stopped();
}

static void tell(void *user, const struct imp_live_counts *counts)
{
    cli_live_tell(user, counts);
}

static enum impasto_status run(struct cli_living *l)
{
    struct imp_live_counts counts = {0};
    const struct imp_live_work work = {.source = l->source,
                                       .sink = l->sink,
                                       .clock = &l->clock,
                                       .paint = paint,
                                       .stopped = wants_end,
                                       .tell = tell,
                                       .user = l};
    cli_events_start(&l->console, l->settings, l->options->output, 1);
    cli_events_phase(&l->console, "preparing", NULL, 0);
    enum impasto_status status = warm_up(l);
    cli_events_phase(&l->console, "painting", NULL, 0);
    cli_catch_signals();
    if (status == IMPASTO_OK)
        status = imp_live_run(&work, &counts, l->error);
    cli_live_summarise(l, &counts);
    if (status == IMPASTO_OK && is_stopped())
        return cli_fail(l->error, IMPASTO_ERROR_INTERRUPTED, "interrupted");
    return status == IMPASTO_OK && counts.taken == 0 && !l->left
               ? cli_fail(l->error, IMPASTO_ERROR_INPUT, "%s: the film has no frames",
                          cli_name_of_input(l->options->camera))
               : status;
}

enum impasto_status cli_live_run(const struct cli_call *call, struct impasto_error *error)
{
    struct cli_living l = {.options = call->options,
                           .settings = call->settings,
                           .error = error,
                           .control = {.descriptor = -1}};
    cli_watch_driver();
    cli_outlive_writes();
    cli_console_init(&l.console, call->common);
    enum impasto_status status = check(&l);
    if (status == IMPASTO_OK)
        status = open_model(&l, call->operands[0]);
    cli_catch_signals();
    if (status == IMPASTO_OK)
        status = cli_control_open(&l);
    if (status == IMPASTO_OK && !imp_live_clock_open(&l.clock))
        status = cli_fail_memory(error, "a clock");
    if (status == IMPASTO_OK)
        status = open_streams(&l);
    if (status == IMPASTO_OK)
        status = open_applier(&l);
    if (status == IMPASTO_OK)
        status = run(&l);
    close_all(&l);
    return status;
}
