/* SPDX-License-Identifier: MIT */
/* --batch paints many contents in the same styles. The pictures are listed first. Then each device
 * takes one after the other. It keeps its job, with kernels, weights and what is known of the
 * styles. */

#include "base/os.h"
#include "cli/batch/batch.h"
#include "cli/paint/run.h"

#include <stdlib.h>
#include <string.h>

/* Who paints on a device. */
struct worker {
    struct cli_batch_worker work;
    struct cli_settings settings; /* with its device, and each item's content */
    struct cli_painter painter;
    struct impasto_error error;
};

/* Paints an item that is locked. */
static enum impasto_status paint(struct cli_batch_worker *work, const struct cli_batch_item *item)
{
    struct worker *worker = work->user;
    struct cli_painter *painter = &worker->painter;
    struct cli_pictures *pictures = &painter->pictures;
    impasto_image_free(&pictures->content);
    worker->settings.content = item->content;
    free(painter->output);
    painter->output = strdup(item->output);
    if (!painter->output)
        return cli_fail_memory(&worker->error, "the batch");
    enum impasto_status status = cli_painter_check(&worker->settings, item->output, &worker->error);
    if (status == IMPASTO_OK)
        status = impasto_image_load_apart(item->content, worker->settings.max_pixels,
                                          &pictures->content, &worker->error);
    pictures->task.content = pictures->content;
    if (status != IMPASTO_OK)
        return status;
    if (painter->inputs)
        cli_inputs_next(painter->inputs, &worker->settings);
    status = cli_painter_paint(painter, false);
    work->spent = !painter->device;
    return status;
}

static enum impasto_status open(struct cli_batch_worker *work)
{
    struct worker *worker = work->user;
    return cli_painter_open(&worker->painter);
}

static void init_worker(struct worker *worker, struct cli_batch *batch, const char *device,
                        bool alone)
{
    *worker = (struct worker){.settings = *batch->settings};
    if (device)
        worker->settings.common.device = device;
    worker->painter = (struct cli_painter){.settings = &worker->settings,
                                           .error = &worker->error,
                                           .batch = true,
                                           .lock = &worker->work.lock};
    worker->work = (struct cli_batch_worker){.batch = batch,
                                             .device = device,
                                             .open = open,
                                             .console = &worker->painter.console,
                                             .error = &worker->error,
                                             .paint = paint,
                                             .user = worker};
    cli_console_init(&worker->painter.console, &worker->settings.common);
    worker->painter.console.silent = !alone;
}

static enum impasto_status run_workers(struct cli_batch *batch,
                                       const struct cli_batch_devices *devices,
                                       struct impasto_error *error)
{
    struct worker *workers = calloc(devices->count, sizeof(*workers));
    struct cli_batch_worker *work[CLI_BATCH_DEVICES_MOST];
    enum impasto_status status = IMPASTO_OK;
    size_t begun = 0;
    if (!workers)
        return cli_fail_memory(error, "the batch");
    for (size_t i = 0; i < devices->count && status == IMPASTO_OK; i++) {
        init_worker(&workers[i], batch, devices->device[i], devices->count == 1);
        status = cli_pictures_load(&workers[i].settings, &workers[i].painter.pictures, error);
        work[i] = &workers[i].work;
        begun = i + 1;
    }
    if (status == IMPASTO_OK)
        status = cli_batch_folders(batch->settings, &batch->list, batch->console, error);
    if (status == IMPASTO_OK && batch->settings->show)
        status = cli_console_open_show(&workers[0].painter.console, error);
    if (status == IMPASTO_OK)
        status = cli_batch_run(work, devices->count, error);
    for (size_t i = 0; i < begun; i++)
        cli_painter_close(&workers[i].painter, status);
    free(workers);
    return status;
}

static enum impasto_status check_settings(const struct cli_settings *s, struct impasto_error *error)
{
    const struct {
        bool given;
        const char *name;
    } single[] = {{s->interpolate > 0, "interpolate"},
                  {s->trace, "trace"},
                  {s->gradient, "gradient"},
                  {s->timelapse, "timelapse"},
                  {s->report, "report"},
                  {s->checkpoint, "checkpoint"},
                  {s->resume, "resume"},
                  {s->every.iterations > 0 || s->every.seconds > 0, "every"},
                  {s->plan, "plan"},
                  {s->save_every > 0, "save-every"},
                  {s->export_weights, "export-weights"}};
    for (size_t i = 0; i < sizeof(single) / sizeof(*single); i++)
        if (single[i].given)
            return cli_fail(error, IMPASTO_ERROR_USAGE,
                            "--%s: is about one picture; leave out --batch", single[i].name);
    if (s->styles.count == 0)
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "--batch: name a style picture as well; see --help");
    enum impasto_status status = cli_batch_check(s, error);
    if (status == IMPASTO_OK)
        status = cli_meant_check(s, error);
    if (status == IMPASTO_OK)
        status = cli_standard_check(s, error);
    return status == IMPASTO_OK ? cli_pictures_check(s, error) : status;
}

enum impasto_status cli_batch(struct cli_settings *settings, struct impasto_error *error)
{
    struct cli_console console;
    struct cli_batch batch = {.settings = settings, .console = &console};
    char styles[800], how[820];
    struct cli_batch_devices devices;
    cli_console_init(&console, &settings->common);
    cli_warn_of_preset(settings, &console);
    cli_catch_signals();
    enum impasto_status status = cli_batch_devices(settings, &devices, error);
    if (status == IMPASTO_OK)
        status = check_settings(settings, error);
    if (status == IMPASTO_OK)
        status = cli_batch_list(settings, &batch.list, &console, error);
    if (status == IMPASTO_OK) {
        snprintf(how, sizeof(how), "in %s", cli_styles_words(settings, styles, sizeof(styles)));
        cli_batch_announce(&batch, how);
        for (size_t i = 0; status == IMPASTO_OK && i < devices.count; i++)
            status = cli_probe_gemm(settings, devices.device[i], &console, error);
        if (status == IMPASTO_OK)
            status = run_workers(&batch, &devices, error);
        struct impasto_error failed = {0};
        const enum impasto_status summary = cli_batch_summarise(&batch, &failed);
        if (status == IMPASTO_OK && summary != IMPASTO_OK) {
            *error = failed;
            status = summary;
        }
    }
    cli_batch_list_free(&batch.list);
    cli_batch_devices_free(&devices);
    return status;
}
