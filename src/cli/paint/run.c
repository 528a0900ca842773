/* SPDX-License-Identifier: MIT */
/* Paints a picture: opens a job and runs it, shows and writes on the way, and ends it. */

#include "cli/batch/batch.h"
#include "cli/devices/devices.h"
#include "cli/paint/run.h"

#include <stdlib.h>
#include <string.h>

static int on_progress(void *user, const struct impasto_job_progress *progress)
{
    struct cli_painter *run = user;
    run->last = *progress;
    /* Reported is the state before the step just taken; after the last report there is none. */
    run->taken = progress->head.step + !progress->head.done;
    cli_catch_signals();
    if (run->lock)
        cli_lock_refresh(run->lock);
    cli_console_progress(&run->console, progress);
    cli_report_progress(run->report, &run->params, progress);
    run->callback_status =
        cli_trace_iteration(&run->trace, &run->params, progress, &run->callback_error);
    /* The last picture is cli_painter_conclude's. */
    if (run->callback_status == IMPASTO_OK && run->taken < progress->head.steps &&
        !cli_stop_signal())
        run->callback_status = cli_painter_pass_on(run, &run->callback_error);
    /* When it is stopped, cli_painter_conclude sees to it. After the last report the optimiser has
     * settled, and no more iterations could follow. */
    if (run->callback_status == IMPASTO_OK && !cli_stop_signal() && !progress->head.done &&
        cli_checkpoint_due(&run->checkpoint, run->taken, run->about.job))
        cli_painter_save(run);
    return run->callback_status != IMPASTO_OK || cli_stop_signal();
}

static enum impasto_status write_gradient(struct cli_painter *run)
{
    const struct impasto_job_info *info = impasto_job_info(run->job);
    const size_t count = 3 * (size_t)info->scale_width * (size_t)info->scale_height;
    float *gradient = malloc(count * sizeof(float));
    if (!gradient)
        return cli_fail_memory(run->error, "the gradient");
    enum impasto_status status = impasto_job_gradient(run->job, gradient, run->error);
    if (status == IMPASTO_OK)
        status = cli_write_floats(run->settings->gradient, gradient, count, run->error);
    free(gradient);
    return status;
}

enum impasto_status cli_save_weights(const struct impasto_weights *weights, const char *path,
                                     struct cli_console *console, struct impasto_error *error)
{
    char line[1200];
    const enum impasto_status status = impasto_weights_save(weights, path, error);
    snprintf(line, sizeof(line), "wrote the weights to %s", path);
    if (status == IMPASTO_OK)
        cli_console_log(console, IMPASTO_LOG_INFO, line);
    return status;
}

/* Who has asked for the built-in weights, by option or variable, knows of others. */
static void tell_of_weights(struct cli_painter *run)
{
    const char *variable = getenv("IMPASTO_WEIGHTS");
    if (run->builtin && run->console.terminal && !run->console.silent && !run->settings->weights &&
        !(variable && variable[0]))
        cli_console_log(&run->console, IMPASTO_LOG_INFO,
                        "the built-in weights are used; better pictures take trained ones, which "
                        "impasto weights fetch downloads (80 MB)");
}

enum impasto_status cli_painter_open(struct cli_painter *run)
{
    const struct cli_settings *s = run->settings;
    struct impasto_error *error = run->error;
    enum impasto_status status;
    cli_events_phase(&run->console, "opening", NULL, 0);
    if ((status = impasto_weights_open(s->weights, (enum impasto_convention)s->convention,
                                       &run->weights, error)) ||
        (status = impasto_params_preset(run->weights, s->preset, &run->params, error)) ||
        (status = cli_override(s, &run->params, error)))
        return status;
    /* The trace tells what is in force, also where nothing was said. */
    run->params.conv = run->params.conv ? run->params.conv : "auto";
    run->params.gemm = run->params.gemm ? run->params.gemm : "auto";
    if (strcmp(s->init, "noise") == 0) {
        run->params.init = IMPASTO_INIT_NOISE;
    } else if (strcmp(s->init, "gray") == 0) {
        run->params.init = IMPASTO_INIT_GRAY;
    } else if (run->pictures.init) {
        run->params.init = IMPASTO_INIT_IMAGE;
    }
    run->weights_source = strdup(impasto_weights_info(run->weights)->source);
    run->builtin = impasto_weights_info(run->weights)->builtin;
    run->weights_version = impasto_weights_info(run->weights)->version;
    if (!run->weights_source)
        return cli_fail_memory(error, "a file name");
    tell_of_weights(run);
    if ((status = cli_watchdog_open(&run->watchdog, &run->console, error)) ||
        (status = cli_open_devices(run->settings, &run->console, &run->device, error)))
        return status;
    run->params.reuse = run->batch;
    return s->export_weights
               ? cli_save_weights(run->weights, s->export_weights, &run->console, error)
               : IMPASTO_OK;
}

/* The pictures that go into the report. */
static enum impasto_status show_sources(struct cli_painter *run)
{
    const struct cli_settings *s = run->settings;
    enum impasto_status status =
        cli_report_picture(run->report, "content", s->content, run->pictures.content, run->error);
    for (int i = 0; i < s->styles.count && status == IMPASTO_OK; i++)
        status = cli_report_picture(run->report, "style", s->styles.item[i], run->pictures.style[i],
                                    run->error);
    return status;
}

/* last: no other job of this run will need what this one was made of, which are tens of MiB. */
static enum impasto_status open_job(struct cli_painter *run, bool last)
{
    const struct impasto_pictures *task = &run->pictures.task;
    enum impasto_status status;
    if (run->settings->plan)
        status =
            impasto_job_plan(run->device, run->weights, task, &run->params, &run->job, run->error);
    else if (cli_resumed(run->settings))
        status = impasto_job_resume(run->device, run->weights, task, cli_resumed(run->settings),
                                    &run->params, &run->job, run->error);
    else if (run->job)
        status = impasto_job_reuse(run->job, task, run->error);
    else
        status =
            impasto_job_open(run->device, run->weights, task, &run->params, &run->job, run->error);
    if (status == IMPASTO_OK && !run->settings->plan)
        status = show_sources(run);
    if (last)
        cli_pictures_free(&run->pictures);
    if (last || (run->batch && run->job))
        impasto_weights_close(&run->weights);
    return status;
}

static struct cli_run describe(const struct cli_painter *run)
{
    return (struct cli_run){
        .settings = run->settings,
        .params = &run->params,
        .device = impasto_device_info(run->device),
        .weights = run->weights_source,
        .builtin = run->builtin,
        .job = impasto_job_info(run->job),
        .output = run->output,
        .continues = run->number > 0 || run->settings->resume,
        .number = run->number,
        .inputs = run->inputs,
    };
}

/* The format's largest side may be less than the result's, whose size is known only now. */
static enum impasto_status check_size(const struct cli_painter *run)
{
    const struct impasto_job_info *info = impasto_job_info(run->job);
    const struct impasto_save_options options = cli_save_options(run->settings);
    return impasto_image_save_check(cli_name_of_output(run->output), info->width, info->height,
                                    &options, run->error);
}

enum impasto_status cli_painter_paint(struct cli_painter *run, bool last)
{
    const struct cli_settings *s = run->settings;
    run->recoveries = run->begun = run->taken = 0;
    cli_events_phase(&run->console, "preparing", NULL, 0);
    enum impasto_status status = open_job(run, last);
    if (status != IMPASTO_OK)
        return status;
    if (s->plan) {
        cli_events_plan(&run->console, impasto_device_info(run->device),
                        impasto_job_info(run->job));
        cli_print_plan(impasto_job_info(run->job));
        return IMPASTO_OK;
    }
    if ((status = check_size(run)))
        return status;
    if (s->gradient && (status = write_gradient(run)))
        return status;
    if (!run->inputs) {
        run->inputs = cli_inputs_begin(s);
        cli_inputs_add(run->inputs, "weights", run->weights_source, run->weights_version);
        cli_inputs_add_options(run->inputs, s, &run->params);
        cli_inputs_compare(s, run->inputs, &run->console);
    }
    run->about = describe(run);
    cli_catch_signals();
    if (cli_resumed(s))
        run->taken = run->begun = impasto_checkpoint_info(cli_resumed(s))->iteration;
    cli_events_phase(&run->console, "painting", &run->about, run->taken);
    /* Of a run that was killed after its last step the optimiser has not settled yet; see
     * on_progress. */
    const bool all_taken = run->taken >= run->about.job->iterations;
    if ((status = cli_timelapse_open(&run->timelapse, s, run->about.job->iterations, run->taken,
                                     run->error)) ||
        (status = cli_checkpoint_open(&run->checkpoint, &run->about, run->taken, run->error)) ||
        (!all_taken && (status = cli_painter_pass_on(run, run->error))) ||
        (status = cli_trace_open(&run->trace, s->trace, &run->about, run->error)))
        return status;
    cli_painter_keep(run);
    cli_console_begin(&run->console, run->about.job);
    status = impasto_job_run(run->job, on_progress, run, run->error);
    while (cli_painter_may_recover(run, status)) {
        status = cli_painter_recover(run, last);
        if (status == IMPASTO_OK)
            status = impasto_job_run(run->job, on_progress, run, run->error);
    }
    status = cli_painter_conclude(run, status);
    if (run->params.profile && run->job)
        cli_print_profile(impasto_job_info(run->job));
    return status;
}

static void tell_picture(struct cli_painter *run, enum impasto_status status)
{
    const struct cli_events_picture picture = {
        .number = run->console.picture,
        .content = run->settings->content,
        .output = run->output,
        .state = status == IMPASTO_OK ? "painted" : "failed",
        .status = status,
        .message = run->error->message,
    };
    cli_events_picture(&run->console, &picture);
}

/* --interpolate: a job for each picture on the way from the first style to the last. */
static enum impasto_status paint_sequence(struct cli_painter *run)
{
    char *const pattern = run->output;
    const int count = run->settings->interpolate;
    enum impasto_status status = IMPASTO_OK;
    for (int i = 0; i < count && status == IMPASTO_OK; i++) {
        run->number = i;
        run->console.picture = (size_t)i + 1;
        run->output = cli_numbered(pattern, i + 1);
        cli_pictures_interpolate(&run->pictures, i, count);
        status = run->output ? cli_painter_paint(run, i == count - 1)
                             : cli_fail_memory(run->error, "a file name");
        tell_picture(run, status);
        impasto_job_close(&run->job);
        free(run->output);
    }
    run->output = pattern;
    return status;
}

enum impasto_status cli_painter_check(const struct cli_settings *settings, const char *output,
                                      struct impasto_error *error)
{
    const enum impasto_status status = cli_check_outputs(settings, output, error);
    return status == IMPASTO_OK ? cli_timelapse_check(settings, output, error) : status;
}

/* What the run will write: of a sequence, the numbered names in place of the one that was given. */
static enum impasto_status check_outputs(const struct cli_settings *settings, const char *output,
                                         struct impasto_error *error)
{
    enum impasto_status status = IMPASTO_OK;
    if (!settings->interpolate)
        return cli_painter_check(settings, output, error);
    for (int i = 1; i <= settings->interpolate && status == IMPASTO_OK; i++) {
        char *name = cli_numbered(output, i);
        status =
            name ? cli_painter_check(settings, name, error) : cli_fail_memory(error, "a file name");
        free(name);
    }
    return status;
}

const char *cli_styles_words(const struct cli_settings *settings, char *text, size_t size)
{
    const struct cli_list *styles = &settings->styles;
    int used = snprintf(text, size, "%d style%s", styles->count, styles->count == 1 ? "" : "s");
    for (int i = 0; i < styles->count && used >= 0 && (size_t)used < size; i++)
        used +=
            snprintf(text + used, size - (size_t)used, "%s%s", i ? ", " : ": ", styles->item[i]);
    if (used < 0 || (size_t)used >= size)
        memcpy(text + size - sizeof("..."), "...", sizeof("..."));
    return text;
}

/* A slip in the command line shows by it, such as many words that a shell has made of one. */
static void announce_styles(const struct cli_settings *settings, struct cli_console *console)
{
    char line[1200], styles[800];
    snprintf(line, sizeof(line), "painting %.300s in %s", settings->content,
             cli_styles_words(settings, styles, sizeof(styles)));
    if (settings->styles.count > 1 && !settings->plan)
        cli_console_log(console, IMPASTO_LOG_INFO, line);
}

void cli_warn_of_preset(const struct cli_settings *settings, struct cli_console *console)
{
    char line[1200];
    const char *file = cli_idle_preset(settings);
    snprintf(line, sizeof(line), "--preset %s changes nothing: %s sets all that it would",
             settings->preset, file ? file : "");
    if (file)
        cli_console_log(console, IMPASTO_LOG_WARNING, line);
}

void cli_painter_close(struct cli_painter *run, enum impasto_status status)
{
    cli_checkpoint_close(&run->checkpoint);
    cli_inputs_free(&run->inputs);
    cli_report_close(&run->report);
    cli_console_close(&run->console);
    impasto_job_close(&run->job);
    cli_close_device(&run->settings->common, &run->device, status);
    cli_watchdog_close(&run->watchdog);
    impasto_weights_close(&run->weights);
    free(run->weights_source);
    cli_pictures_free(&run->pictures);
    free(run->output);
}

static enum impasto_status probe_devices(struct cli_settings *settings, struct cli_console *console,
                                         struct impasto_error *error)
{
    struct cli_batch_devices devices;
    enum impasto_status status = cli_batch_devices(settings, &devices, error);
    for (size_t i = 0; i < devices.count && status == IMPASTO_OK; i++)
        status = cli_probe_gemm(settings, devices.device[i], console, error);
    cli_batch_devices_free(&devices);
    return status;
}

enum impasto_status cli_run(struct cli_settings *settings, struct impasto_error *error)
{
    struct cli_painter run = {.settings = settings, .error = error};
    cli_outlive_writes();
    cli_console_init(&run.console, &settings->common);
    cli_warn_of_preset(settings, &run.console);
    enum impasto_status status = cli_inputs_check(settings, error);
    if (status == IMPASTO_OK)
        status = cli_meant_check(settings, error);
    if (status == IMPASTO_OK)
        status = cli_pictures_check(settings, error);
    if (status == IMPASTO_OK)
        status = cli_standard_check(settings, error);
    if (status == IMPASTO_OK)
        status = cli_checkpoint_check(settings, error);
    if (status == IMPASTO_OK)
        status = cli_name_output(settings, &run.output, error);
    if (status == IMPASTO_OK)
        status = check_outputs(settings, run.output, error);
    if (status == IMPASTO_OK) {
        cli_events_start(&run.console, settings, run.output,
                         settings->interpolate ? (size_t)settings->interpolate : 1);
        cli_events_phase(&run.console, "loading", NULL, 0);
    }
    if (status == IMPASTO_OK && settings->show)
        status = cli_console_open_show(&run.console, error);
    if (status == IMPASTO_OK)
        status = cli_report_open(&run.report, settings->report, error);
    if (status == IMPASTO_OK)
        status = cli_pictures_load(settings, &run.pictures, error);
    if (status == IMPASTO_OK)
        announce_styles(settings, &run.console);
    if (status == IMPASTO_OK)
        status = probe_devices(settings, &run.console, error);
    if (status == IMPASTO_OK)
        status = cli_painter_open(&run);
    if (status == IMPASTO_OK)
        status = settings->interpolate && !settings->plan ? paint_sequence(&run)
                                                          : cli_painter_paint(&run, true);
    cli_painter_close(&run, status);
    return status;
}
