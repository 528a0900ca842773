/* SPDX-License-Identifier: MIT */
/* The command-line program: options in, a picture out, and an exit code that says what happened. */

#include "cli/cli.h"

#include <signal.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdlib.h>
#include <string.h>

/* ---- Signals --------------------------------------------------------------------------------- */

static volatile sig_atomic_t stop_signal;

/* The first signal asks the run to stop after its iteration; the second ends the program. */
static void on_signal(int number)
{
    if (stop_signal) {
        cli_screen_rescue();
        signal(number, SIG_DFL);
        raise(number);
    }
    stop_signal = number;
}

/* Some OpenCL drivers put handlers of their own in place while they compile, so this is called
 * again in every iteration. A signal that the parent had us ignore stays ignored. */
static void catch_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
        struct sigaction now, ours = {.sa_handler = on_signal};
        sigemptyset(&ours.sa_mask);
        if (sigaction(numbers[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
            sigaction(numbers[i], &ours, NULL);
    }
}

/* ---- A run ----------------------------------------------------------------------------------- */

struct run {
    struct cli_settings *settings;
    struct cli_console console;
    struct impasto_device *device;
    struct impasto_weights *weights;
    char *weights_source; /* outlives them */
    struct impasto_image *content, *style, *init;
    struct impasto_params params;
    struct impasto_job *job;
    struct cli_trace trace;
    struct cli_timelapse timelapse;
    struct cli_report *report;
    char *output;
    struct impasto_progress last; /* as last reported */
    int taken;                    /* iterations that the picture has behind it */
    struct impasto_error *error;
    /* Why the callback stopped the run; the library says no more than that it did. */
    enum impasto_status callback_status;
    struct impasto_error callback_error;
};

static enum impasto_status save_picture(struct run *run, const struct impasto_image *image,
                                        struct impasto_error *error)
{
    return impasto_image_save(image, run->output, run->settings->bits, error);
}

static enum impasto_status write_frame(struct run *run, const struct impasto_image *image,
                                       struct impasto_error *error)
{
    const struct impasto_job_info *info = impasto_job_info(run->job);
    return cli_timelapse_write(&run->timelapse, run->taken, info->width, info->height, image,
                               error);
}

/* The picture so far, read once for all who want it now. */
static enum impasto_status pass_on_picture(struct run *run, struct impasto_error *error)
{
    const int every = run->settings->save_every;
    const bool save = every > 0 && run->taken > 0 && run->taken % every == 0;
    const bool frame = cli_timelapse_due(&run->timelapse, run->taken);
    const bool show = cli_console_wants_picture(&run->console);
    if (!save && !frame && !show)
        return IMPASTO_OK;
    struct impasto_image *image = NULL;
    enum impasto_status status = impasto_job_image(run->job, &image, error);
    if (status == IMPASTO_OK && show)
        cli_console_picture(&run->console, image);
    if (status == IMPASTO_OK && frame)
        status = write_frame(run, image, error);
    if (status == IMPASTO_OK && save) {
        char line[64];
        status = save_picture(run, image, error);
        snprintf(line, sizeof(line), "saved the picture of iteration %d", run->taken);
        if (status == IMPASTO_OK)
            cli_console_log(&run->console, IMPASTO_LOG_DEBUG, line);
    }
    impasto_image_free(&image);
    return status;
}

static int on_progress(void *user, const struct impasto_progress *progress)
{
    struct run *run = user;
    run->last = *progress;
    /* Reported is the state before the step just taken; after the last report there is none. */
    run->taken = progress->iteration + !progress->done;
    catch_signals();
    cli_console_progress(&run->console, progress);
    cli_report_progress(run->report, &run->params, progress);
    run->callback_status =
        cli_trace_iteration(&run->trace, &run->params, progress, &run->callback_error);
    /* The last picture is conclude's. */
    if (run->callback_status == IMPASTO_OK && run->taken < progress->iterations && !stop_signal)
        run->callback_status = pass_on_picture(run, &run->callback_error);
    return run->callback_status != IMPASTO_OK || stop_signal;
}

static enum impasto_status write_gradient(struct run *run)
{
    const struct impasto_job_info *info = impasto_job_info(run->job);
    const size_t count = 3 * (size_t)info->width * (size_t)info->height;
    float *gradient = malloc(count * sizeof(float));
    if (!gradient)
        return cli_fail(run->error, IMPASTO_ERROR_MEMORY, "out of memory for the gradient");
    enum impasto_status status = impasto_job_gradient(run->job, gradient, run->error);
    if (status == IMPASTO_OK)
        status = cli_write_floats(run->settings->gradient, gradient, count, run->error);
    free(gradient);
    return status;
}

/* Opens the device that the user wants: by option, by environment, or any. */
/* Opens the device that is asked for, or, with no place for it, tunes it. */
static enum impasto_status open_device(struct cli_settings *settings, struct cli_console *console,
                                       struct impasto_device **device, struct impasto_error *error)
{
    const char *variable = getenv("IMPASTO_DEVICE");
    const bool from_variable = !settings->device && variable && variable[0];
    if (from_variable)
        settings->device = variable;
    else if (!settings->device)
        settings->device = "auto";
    struct impasto_error why = {0};
    const enum impasto_status status =
        device ? impasto_device_open(settings->device, cli_console_log, console, device, &why)
               : impasto_device_tune(settings->device, cli_console_log, console, &why);
    if (status == IMPASTO_OK)
        return status;
    return cli_fail(error, status, "%s%s", why.message,
                    from_variable ? " (named by $IMPASTO_DEVICE)" : "");
}

static enum impasto_status save_weights(const struct impasto_weights *weights, const char *path,
                                        struct cli_console *console, struct impasto_error *error)
{
    char line[1200];
    const enum impasto_status status = impasto_weights_save(weights, path, error);
    snprintf(line, sizeof(line), "wrote the weights to %s", path);
    if (status == IMPASTO_OK)
        cli_console_log(console, IMPASTO_LOG_INFO, line);
    return status;
}

/* Everything up to an open job. */
static enum impasto_status prepare(struct run *run)
{
    const struct cli_settings *s = run->settings;
    struct impasto_error *error = run->error;
    enum impasto_status status;
    if ((status = impasto_image_load(s->content, s->max_pixels, &run->content, error)) ||
        (status = impasto_image_load(s->style, s->max_pixels, &run->style, error)))
        return status;
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
    } else if (strcmp(s->init, "content") != 0) {
        if ((status = impasto_image_load(s->init, s->max_pixels, &run->init, error)))
            return status;
        run->params.init = IMPASTO_INIT_IMAGE;
        run->params.init_image = run->init;
    }
    if ((status = open_device(run->settings, &run->console, &run->device, error)) ||
        (status = (s->plan ? impasto_job_plan : impasto_job_open)(
             run->device, run->weights, run->content, run->style, &run->params, &run->job, error)))
        return status;
    if (s->export_weights &&
        (status = save_weights(run->weights, s->export_weights, &run->console, error)))
        return status;
    if (!s->plan &&
        ((status = cli_report_picture(run->report, "content", s->content, run->content, error)) ||
         (status = cli_report_picture(run->report, "style", s->style, run->style, error))))
        return status;
    /* The job has taken what it needs; these are tens of MiB. */
    run->weights_source = strdup(impasto_weights_info(run->weights)->source);
    impasto_weights_close(&run->weights);
    impasto_image_free(&run->content);
    impasto_image_free(&run->style);
    impasto_image_free(&run->init);
    run->params.init_image = NULL;
    return run->weights_source ? IMPASTO_OK
                               : cli_fail(error, IMPASTO_ERROR_MEMORY, "out of memory");
}

/* What is written beside the picture fails the run where nothing else has. */
static void add_failure(struct run *run, enum impasto_status *status, enum impasto_status written,
                        const struct impasto_error *why)
{
    if (*status != IMPASTO_OK || written == IMPASTO_OK)
        return;
    *status = written;
    *run->error = *why;
}

static struct cli_run describe(const struct run *run)
{
    return (struct cli_run){
        .settings = run->settings,
        .params = &run->params,
        .device = impasto_device_info(run->device),
        .weights = run->weights_source,
        .job = impasto_job_info(run->job),
        .output = run->output,
    };
}

/* Messages about files have paths in them, which a report does not tell. */
static enum impasto_status write_report(struct run *run, const struct impasto_image *image,
                                        enum impasto_status status, struct impasto_error *error)
{
    char line[1200];
    const struct cli_run about = describe(run);
    const char *why = status == IMPASTO_ERROR_NUMERIC  ? run->error->message
                      : status == IMPASTO_ERROR_OUTPUT ? "A file could not be written."
                                                       : NULL;
    status = cli_report_write(run->report, &about, image, run->taken, status, why, error);
    snprintf(line, sizeof(line), "wrote %s", run->report ? run->settings->report : "");
    if (status == IMPASTO_OK && run->report)
        cli_console_log(&run->console, IMPASTO_LOG_INFO, line);
    return status;
}

static enum impasto_status finish_timelapse(struct run *run, const struct impasto_image *image,
                                            struct impasto_error *error)
{
    char line[1200];
    const enum impasto_status status = write_frame(run, image, error);
    snprintf(line, sizeof(line), "wrote %d frames to %s", run->timelapse.frames,
             run->timelapse.folder ? run->timelapse.folder : "");
    if (status == IMPASTO_OK && run->timelapse.folder)
        cli_console_log(&run->console, IMPASTO_LOG_INFO, line);
    return status;
}

/* The end of a run that took steps. The picture so far is written also when it was stopped or its
 * numbers went wrong; not after a failed device, whose picture may be anything. */
static enum impasto_status conclude(struct run *run, enum impasto_status status)
{
    char line[1200];
    if (run->callback_status != IMPASTO_OK) {
        status = run->callback_status;
        *run->error = run->callback_error;
    }
    const bool interrupted = status == IMPASTO_ERROR_INTERRUPTED;
    const bool sound = status == IMPASTO_OK || interrupted || status == IMPASTO_ERROR_NUMERIC ||
                       status == IMPASTO_ERROR_OUTPUT;
    struct impasto_error unsaved = {0};
    struct impasto_image *image = NULL;
    enum impasto_status saved = sound ? impasto_job_image(run->job, &image, &unsaved) : status;
    if (saved == IMPASTO_OK) {
        saved = save_picture(run, image, &unsaved);
        cli_console_picture(&run->console, image);
    }
    cli_console_finish(&run->console);
    if (saved == IMPASTO_OK && status == IMPASTO_OK) {
        const struct impasto_job_info *info = impasto_job_info(run->job);
        snprintf(line, sizeof(line), "wrote %s (%dx%d, %d iterations, %.1f s)", run->output,
                 info->width, info->height, run->taken, run->last.seconds);
        cli_console_log(&run->console, IMPASTO_LOG_INFO, line);
    } else if (saved == IMPASTO_OK) {
        snprintf(line, sizeof(line), "%s: the picture so far was written to %s",
                 interrupted ? "interrupted" : "stopped", run->output);
        cli_console_log(&run->console, IMPASTO_LOG_WARNING, line);
    } else if (status == IMPASTO_OK || interrupted) {
        *run->error = unsaved;
        status = saved;
    }
    struct impasto_error why = {0};
    if (image) {
        add_failure(run, &status, finish_timelapse(run, image, &why), &why);
        add_failure(run, &status, write_report(run, image, status, &why), &why);
    }
    add_failure(run, &status,
                cli_trace_close(&run->trace, status, run->taken, run->last.seconds,
                                saved == IMPASTO_OK ? run->output : NULL, &why),
                &why);
    impasto_image_free(&image);
    return status;
}

static enum impasto_status stylize(struct run *run)
{
    const struct cli_settings *s = run->settings;
    enum impasto_status status = prepare(run);
    if (status != IMPASTO_OK)
        return status;
    if (s->plan) {
        cli_print_plan(impasto_job_info(run->job));
        return IMPASTO_OK;
    }
    if (s->gradient && (status = write_gradient(run)))
        return status;
    catch_signals();
    if ((status = cli_timelapse_open(&run->timelapse, s, run->params.iterations, run->error)) ||
        (status = pass_on_picture(run, run->error)))
        return status;
    const struct cli_run about = describe(run);
    if ((status = cli_trace_open(&run->trace, s->trace, &about, run->error)))
        return status;
    status = conclude(run, impasto_job_run(run->job, on_progress, run, run->error));
    if (run->params.profile)
        cli_print_profile(impasto_job_info(run->job));
    return status;
}

static enum impasto_status run_job(struct cli_settings *settings, struct impasto_error *error)
{
    struct run run = {.settings = settings, .error = error};
    cli_console_init(&run.console, settings);
    run.output = settings->output ? strdup(settings->output)
                                  : cli_default_output(settings->content, settings->style);
    if (!run.output)
        return cli_fail(error, IMPASTO_ERROR_MEMORY, "out of memory");
    enum impasto_status status = cli_check_outputs(settings, run.output, error);
    if (status == IMPASTO_OK && settings->show)
        status = cli_console_open_show(&run.console, error);
    if (status == IMPASTO_OK)
        status = cli_report_open(&run.report, settings->report, error);
    if (status == IMPASTO_OK)
        status = stylize(&run);
    cli_report_close(&run.report);
    cli_console_close(&run.console);
    impasto_job_close(&run.job);
    impasto_device_close(&run.device);
    impasto_weights_close(&run.weights);
    free(run.weights_source);
    impasto_image_free(&run.content);
    impasto_image_free(&run.style);
    impasto_image_free(&run.init);
    free(run.output);
    return status;
}

/* ---- The other things it does ---------------------------------------------------------------- */

static enum impasto_status self_test(struct cli_settings *settings, struct impasto_error *error)
{
    struct cli_console console;
    struct impasto_device *device = NULL;
    cli_console_init(&console, settings);
    enum impasto_status status = open_device(settings, &console, &device, error);
    if (status == IMPASTO_OK)
        status = cli_self_test(device, error);
    impasto_device_close(&device);
    return status;
}

static enum impasto_status tune(struct cli_settings *settings, struct impasto_error *error)
{
    struct cli_console console;
    cli_console_init(&console, settings);
    return open_device(settings, &console, NULL, error);
}

static enum impasto_status export_only(const struct cli_settings *settings,
                                       struct impasto_error *error)
{
    struct cli_console console;
    struct impasto_weights *weights = NULL;
    cli_console_init(&console, settings);
    enum impasto_status status = cli_check_outputs(settings, NULL, error);
    if (status == IMPASTO_OK)
        status = impasto_weights_open(
            settings->weights, (enum impasto_convention)settings->convention, &weights, error);
    if (status == IMPASTO_OK)
        status = save_weights(weights, settings->export_weights, &console, error);
    impasto_weights_close(&weights);
    return status;
}

static enum impasto_status dispatch(struct cli_settings *settings, struct impasto_error *error)
{
    if (settings->help) {
        cli_help(stdout);
        return IMPASTO_OK;
    }
    if (settings->version) {
        printf("impasto %s\n", impasto_version());
        return IMPASTO_OK;
    }
    if (settings->list_devices)
        return cli_list_devices(settings->json, error);
    if (settings->json)
        return cli_fail(error, IMPASTO_ERROR_USAGE, "--json goes with --list-devices");
    if (settings->self_test)
        return self_test(settings, error);
    if (settings->tune)
        return tune(settings, error);
    if (settings->export_weights && !settings->content)
        return export_only(settings, error);
    if (!settings->content)
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "name a content picture and a style picture; see --help");
    if (!settings->style)
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "%s: a style picture must follow the content picture; see --help",
                        settings->content);
    return run_job(settings, error);
}

/* Large blocks go back to the system as soon as they are freed. glibc would keep them once a few have
 * been, which adds tens of MiB to what a job needs. */
static void return_memory(void)
{
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
}

int main(int argc, char **argv)
{
    return_memory();
    struct cli_settings settings;
    struct impasto_error error = {0};
    enum impasto_status status = cli_parse(argc, argv, &settings, &error);
    if (status == IMPASTO_OK)
        status = dispatch(&settings, &error);
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == IMPASTO_OK)
        status = cli_fail(&error, IMPASTO_ERROR_OUTPUT, "standard output cannot be written");
    if (status == IMPASTO_ERROR_INTERRUPTED && stop_signal)
        return 128 + (int)stop_signal; /* as a shell reports a program that a signal ended */
    if (status != IMPASTO_OK)
        fprintf(stderr, "impasto: %s\n", error.message);
    return -(int)status;
}
