/* SPDX-License-Identifier: MIT */
/* impasto train: a training opened and run, what is told and kept on the way, and its end. */

#include "base/os.h"
#include "cli/devices/devices.h"
#include "cli/files/files.h"
#include "cli/train/run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of any training, in the library. */
#define STEPS_MOST 1000000

/* ---- What is told ---------------------------------------------------------------------------- */

/* Work from one step to another: time goes by pixels. */
static double work(const struct cli_trainer *run, int from, int to)
{
    const struct impasto_train_params *p = &run->params;
    const double early = (double)p->batch * p->crop * p->crop;
    const double late = (double)p->late_batch * p->late_crop * p->late_crop;
    const double border = fmin(fmax(run->last.head.steps * (1 - (double)p->late_share), from), to);
    return (border - from) * early + (to - border) * late;
}

/* "  1:20 left"; nothing where that is not known yet. */
static void compose_left(const struct cli_trainer *run, const struct impasto_train_progress *p,
                         char *text, size_t size)
{
    char left[32];
    const double seconds = p->head.seconds - run->first;
    const double done = work(run, run->begun + 1, p->head.step);
    const bool decided = p->head.steps < STEPS_MOST; /* else --minutes will do that */
    text[0] = 0;
    if (seconds > 0 && done > 0 && decided)
        snprintf(text, size, "  %s left",
                 cli_duration(seconds * work(run, p->head.step, p->head.steps) / done, left,
                              sizeof(left)));
}

/* "12/450  loss 1.31 (content 0.5, style 0.08)  1:20 left  judged 0.98 (best 0.95)  3.1 pictures/s"
 */
static void compose(const struct cli_trainer *run, const struct impasto_train_progress *p,
                    char *line, size_t size)
{
    char left[48], judged[64] = "", speed[48] = "";
    const double seconds = p->head.seconds - run->first;
    compose_left(run, p, left, sizeof(left));
    if (isfinite(p->judgement))
        snprintf(judged, sizeof(judged), "  judged %.3g (best %.3g)", p->judgement, p->best);
    if (seconds > 0)
        snprintf(speed, sizeof(speed), "  %.3g pictures/s",
                 (double)(p->pictures - run->learnt) / seconds);
    snprintf(line, size, "%d/%d  loss %.4g (content %.3g, style %.3g)%s%s%s", p->head.step,
             p->head.steps, p->head.total, p->content, p->style, left, judged, speed);
}

static void tell_beginning(struct cli_trainer *run)
{
    if (!run->base && !run->from)
        cli_console_log(&run->console, IMPASTO_LOG_INFO,
                        "a network that begins from nothing takes some thousand steps to paint "
                        "well; with --base FILE, it begins from a model and takes some hundred");
}

static void tell(struct cli_trainer *run, const struct impasto_train_progress *p)
{
    char line[256];
    const bool first = p->head.step == run->begun + 1;
    if (first) {
        run->first = p->head.seconds;
        run->learnt = p->pictures;
    }
    compose(run, p, line, sizeof(line));
    cli_console_line(&run->console, line, work(run, 0, p->head.step) / work(run, 0, p->head.steps),
                     first || p->head.done);
}

/* --show's picture as the network paints it by now, in the first of the new styles. */
static enum impasto_status paint_shown(struct cli_trainer *run, struct impasto_image **painting,
                                       struct impasto_error *why)
{
    const struct impasto_train_info *info = impasto_train_info(run->train);
    const size_t first = info->style_count - run->task.style_count - run->params.identity;
    return impasto_train_image(run->train, run->shown, first, painting, why);
}

/* A picture that is only looked at is no reason to end a training. */
static void stop_showing(struct cli_trainer *run, const struct impasto_error *why)
{
    char line[1200];
    snprintf(line, sizeof(line), "--show: the training goes on without: %s", why->message);
    cli_console_log(&run->console, IMPASTO_LOG_WARNING, line);
    impasto_image_free(&run->shown);
}

static void show(struct cli_trainer *run)
{
    struct impasto_image *painting = NULL;
    struct impasto_error why = {0};
    if (!run->shown || !cli_console_wants_picture(&run->console))
        return;
    if (paint_shown(run, &painting, &why) == IMPASTO_OK)
        cli_console_picture(&run->console, painting, run->last.head.step);
    else
        stop_showing(run, &why);
    impasto_image_free(&painting);
}

/* Before the work: a picture that no network paints is refused. */
static enum impasto_status check_shown(struct cli_trainer *run)
{
    struct impasto_image *painting = NULL;
    struct impasto_error why = {0};
    if (!run->shown || !cli_console_wants_picture(&run->console))
        return IMPASTO_OK;
    const enum impasto_status status = paint_shown(run, &painting, &why);
    impasto_image_free(&painting);
    if (status == IMPASTO_ERROR_USAGE)
        return cli_fail(run->error, status, "--show %s: %s", run->options->show, why.message);
    if (status != IMPASTO_OK)
        stop_showing(run, &why);
    return IMPASTO_OK;
}

static int on_progress(void *user, const struct impasto_train_progress *progress)
{
    struct cli_trainer *run = user;
    run->last = *progress;
    cli_catch_signals();
    tell(run, progress);
    run->callback_status = cli_train_trace_step(run, progress);
    if (run->callback_status == IMPASTO_OK && !cli_stop_signal())
        show(run);
    if (run->callback_status == IMPASTO_OK && !cli_stop_signal())
        cli_train_save(run, progress->head.done);
    return run->callback_status != IMPASTO_OK || cli_stop_signal();
}

/* ---- The end --------------------------------------------------------------------------------- */

static void tell_model(struct cli_trainer *run, enum impasto_status status)
{
    char line[1200], took[32];
    if (status == IMPASTO_OK)
        snprintf(line, sizeof(line), "wrote %s (%d steps, %s%s)", run->output, run->last.head.step,
                 cli_duration(run->last.head.seconds, took, sizeof(took)),
                 run->last.best_step < run->last.head.step && isfinite(run->last.best)
                     ? ", the best of them"
                     : "");
    else
        snprintf(line, sizeof(line), "%s: the model so far was written to %s",
                 status == IMPASTO_ERROR_INTERRUPTED ? "interrupted" : "stopped", run->output);
    cli_console_log(&run->console, status == IMPASTO_OK ? IMPASTO_LOG_INFO : IMPASTO_LOG_WARNING,
                    line);
}

/* Whether there is a model worth keeping. */
static bool is_sound(const struct cli_trainer *run, enum impasto_status status)
{
    return run->train && run->last.head.step > 0 &&
           (status == IMPASTO_OK || status == IMPASTO_ERROR_INTERRUPTED ||
            status == IMPASTO_ERROR_NUMERIC || status == IMPASTO_ERROR_OUTPUT);
}

/* Why the model so far must not replace the file that is there; NULL: it may. */
static const char *reason_to_leave(const struct cli_trainer *run, enum impasto_status status)
{
    if (status == IMPASTO_OK || !imp_os_is_there(run->output))
        return NULL;
    /* Without its base, the training could not be gone on with. */
    if (run->base && cli_same_file(run->output, run->base))
        return "the training began with it";
    return isfinite(run->last.best) ? NULL : "the model so far has not been judged yet";
}

static void tell_left(struct cli_trainer *run, enum impasto_status status, const char *reason)
{
    char line[1200];
    snprintf(line, sizeof(line), "%s: %s stays as it was, as %s%s",
             status == IMPASTO_ERROR_INTERRUPTED ? "interrupted" : "stopped", run->output, reason,
             run->checkpoint ? "" : "; --checkpoint FILE would have kept the training");
    cli_console_log(&run->console, IMPASTO_LOG_WARNING, line);
}

/* Another failure, on top of a first one, is a warning. */
static enum impasto_status add_failure(struct cli_trainer *run, enum impasto_status status,
                                       enum impasto_status failed, const struct impasto_error *why)
{
    if (failed == IMPASTO_OK)
        return status;
    if (status == IMPASTO_OK || status == IMPASTO_ERROR_INTERRUPTED) {
        *run->error = *why;
        return failed;
    }
    cli_console_log(&run->console, IMPASTO_LOG_WARNING, why->message);
    return status;
}

static enum impasto_status write_model(struct cli_trainer *run, enum impasto_status status)
{
    struct impasto_error why = {0};
    const char *reason = reason_to_leave(run, status);
    if (reason) {
        tell_left(run, status, reason);
        return status;
    }
    const enum impasto_status saved = impasto_train_save(run->train, run->output, run->half, &why);
    if (saved == IMPASTO_OK)
        tell_model(run, status);
    return add_failure(run, status, saved, &why);
}

static enum impasto_status conclude(struct cli_trainer *run, enum impasto_status status)
{
    char line[4096];
    struct impasto_error first, why;
    if (run->callback_status != IMPASTO_OK)
        status = run->callback_status;
    const bool sound = is_sound(run, status);
    if (sound)
        cli_train_save(run, true);
    cli_console_finish(&run->console);
    if (sound)
        status = write_model(run, status);
    first = *run->error;
    const enum impasto_status traced = cli_train_trace_close(run, status);
    why = *run->error;
    *run->error = first;
    status = add_failure(run, status, traced, &why);
    if (status != IMPASTO_OK && cli_train_hint(run, line, sizeof(line)))
        cli_console_log(&run->console, IMPASTO_LOG_WARNING, line);
    return status;
}

/* ---- The run --------------------------------------------------------------------------------- */

static enum impasto_status open_train(struct cli_trainer *run)
{
    const enum impasto_status status =
        run->from ? impasto_train_resume(run->device, run->weights, &run->task, run->from,
                                         &run->params, &run->train, run->error)
                  : impasto_train_open(run->device, run->weights, &run->task, &run->params,
                                       &run->train, run->error);
    impasto_weights_close(&run->weights);
    return status;
}

static enum impasto_status open_all(struct cli_trainer *run, const struct cli_call *call)
{
    enum impasto_status status;
    impasto_train_params_default(&run->params);
    if ((status = cli_train_resume(run)) ||
        (status = cli_train_override(run->options, &run->params, run->error)) ||
        (status = cli_train_inputs(run, call)) ||
        (status = impasto_weights_open(run->weights_path, (enum impasto_convention)run->convention,
                                       &run->weights, run->error)) ||
        (status = cli_train_check_outputs(run)) || (status = cli_train_check_checkpoint(run)))
        return status;
    cli_watch_driver();
    if (run->shown && (status = cli_console_open_show(&run->console, run->error)))
        return status;
    if ((status = cli_watchdog_open(&run->watchdog, &run->console, run->error)) ||
        (status = cli_open_device(call->common, &run->console, &run->device, run->error)) ||
        (status = open_train(run)) || (status = check_shown(run)))
        return status;
    tell_beginning(run);
    run->saved_at = cli_seconds();
    return cli_train_trace_open(run);
}

static void close_all(struct cli_trainer *run)
{
    cli_console_close(&run->console);
    impasto_train_close(&run->train);
    impasto_train_checkpoint_close(&run->from);
    impasto_device_close(&run->device);
    cli_watchdog_close(&run->watchdog);
    impasto_weights_close(&run->weights);
    cli_train_inputs_free(run);
}

enum impasto_status cli_train_run(const struct cli_call *call, struct impasto_error *error)
{
    struct cli_trainer *run = calloc(1, sizeof(*run));
    if (!run)
        return cli_fail_memory(error, "a training");
    run->settings = call->settings;
    run->options = call->options;
    run->error = error;
    run->last.best = NAN;
    cli_outlive_writes();
    cli_console_init(&run->console, call->common);
    enum impasto_status status = open_all(run, call);
    if (status == IMPASTO_OK) {
        cli_catch_signals();
        status = impasto_train_run(run->train, on_progress, run, error);
        status = conclude(run, status);
    }
    close_all(run);
    free(run);
    return status;
}
