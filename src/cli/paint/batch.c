/* SPDX-License-Identifier: MIT */
/*
 * --batch paints many contents in the same styles. The pictures are listed first. Then each device
 * takes one after the other. It keeps its job, with kernels, weights and what is known of the
 * styles.
 *
 * Pictures that have a result are passed over. So a batch that was stopped, or one that several
 * processes share, is run again with the same command.
 */

#include "base/os.h"
#include "cli/batch/batch.h"
#include "cli/paint/run.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define DEVICES_MOST 16

static const char *const state_words[CLI_BATCH_STATES] = {
    [CLI_BATCH_WAITING] = "not begun",   [CLI_BATCH_PAINTED] = "painted",
    [CLI_BATCH_THERE] = "there already", [CLI_BATCH_BUSY] = "with another process",
    [CLI_BATCH_FAILED] = "failed",
};

/* The same for programs. */
static const char *const state_names[CLI_BATCH_STATES] = {
    [CLI_BATCH_WAITING] = "waiting", [CLI_BATCH_PAINTED] = "painted", [CLI_BATCH_THERE] = "there",
    [CLI_BATCH_BUSY] = "busy",       [CLI_BATCH_FAILED] = "failed",
};

struct batch {
    const struct cli_settings *settings;
    struct cli_batch_list list;
    struct imp_os_mutex mutex; /* of what follows, and of the items' states */
    size_t next;
    struct cli_console *console; /* where the batch's own lines go */
};

/* A device's thread. */
struct worker {
    struct batch *batch;
    struct cli_settings settings; /* with its device, and each item's content */
    struct cli_painter painter;
    struct cli_lock lock;
    struct impasto_error error;
    enum impasto_status status; /* not OK: it could not begin, or not go on */
    bool alone;
    struct imp_os_thread *thread; /* NULL: there is none to wait for */
};

/* ---- At work --------------------------------------------------------------------------------- */

#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
static void
say(struct batch *batch, enum impasto_log_level level, const char *format, ...)
{
    char line[2300];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    cli_console_log(batch->console, level, line);
}

static void tell_picture(const struct batch *batch, struct cli_console *console,
                         const struct cli_batch_item *item)
{
    const struct cli_events_picture picture = {
        .number = (size_t)(item - batch->list.item) + 1,
        .content = item->content,
        .output = item->output,
        .state = state_names[item->state],
        .status = item->status,
        .message = item->message,
    };
    cli_events_picture(console, &picture);
}

/* The next one that nobody has, NULL: none, or a signal came. */
static struct cli_batch_item *take(struct batch *batch)
{
    struct cli_batch_item *item = NULL;
    imp_os_lock(&batch->mutex);
    if (batch->next < batch->list.count && !cli_stop_signal())
        item = &batch->list.item[batch->next++];
    imp_os_unlock(&batch->mutex);
    return item;
}

/* Whether the worker takes another picture after one that ended so. A picture's own fault leaves
 * the device as it was; a device that failed is not trusted again. */
static bool goes_on(const struct worker *worker, enum impasto_status status)
{
    return status != IMPASTO_ERROR_DEVICE && status != IMPASTO_ERROR_INTERRUPTED &&
           worker->painter.device;
}

/* Says which picture an error is about, where it does not say so itself. */
static void name_picture(const struct cli_batch_item *item, struct impasto_error *error)
{
    const struct impasto_error why = *error;
    if (!strstr(why.message, item->content) && !strstr(why.message, item->output))
        cli_fail(error, why.status, "%s: %s", item->content, why.message);
}

static void put(struct worker *worker, struct cli_batch_item *item, enum cli_batch_state state,
                enum impasto_status status)
{
    struct batch *batch = worker->batch;
    if (state == CLI_BATCH_FAILED)
        name_picture(item, &worker->error);
    imp_os_lock(&batch->mutex);
    item->state = state;
    item->status = status;
    cli_name_options(worker->error.message);
    if (state == CLI_BATCH_FAILED)
        item->message = strdup(worker->error.message);
    const bool more = batch->next < batch->list.count;
    imp_os_unlock(&batch->mutex);
    tell_picture(batch, &worker->painter.console, item);
    if (state == CLI_BATCH_FAILED)
        say(batch, IMPASTO_LOG_WARNING, "%s%s", worker->error.message,
            more && goes_on(worker, status) && !cli_stop_signal() ? "; going on with the next"
                                                                  : "");
}

/* Paints an item that is locked. */
static enum impasto_status paint(struct worker *worker, struct cli_batch_item *item)
{
    struct cli_painter *painter = &worker->painter;
    struct cli_pictures *pictures = &painter->pictures;
    impasto_image_free(&pictures->content);
    worker->settings.content = item->content;
    free(painter->output);
    painter->output = strdup(item->output);
    painter->lock = &worker->lock;
    if (!painter->output)
        return cli_fail_memory(&worker->error, "the batch");
    painter->console.picture = (size_t)(item - worker->batch->list.item) + 1;
    cli_events_phase(&painter->console, "loading", NULL, 0);
    enum impasto_status status = cli_painter_check(&worker->settings, item->output, &worker->error);
    if (status == IMPASTO_OK)
        status = impasto_image_load_apart(item->content, worker->settings.max_pixels,
                                          &pictures->content, &worker->error);
    pictures->task.content = pictures->content;
    if (status != IMPASTO_OK)
        return status;
    if (painter->inputs)
        cli_inputs_next(painter->inputs, &worker->settings);
    return cli_painter_paint(painter, false);
}

/* Somebody who was killed between finishing a picture and letting go of it has left a lock. */
static void drop_dead_lock(struct worker *worker, const struct cli_batch_item *item)
{
    if (cli_lock_is_there(item->output) &&
        cli_lock_take(&worker->lock, item->output, &worker->error) == CLI_LOCK_TAKEN)
        cli_lock_release(&worker->lock);
}

/* Locks, looks whether it is there, paints. */
static enum impasto_status work_on(struct worker *worker, struct cli_batch_item *item)
{
    const bool overwrite = worker->settings.overwrite;
    if (!overwrite && imp_os_is_there(item->output)) {
        drop_dead_lock(worker, item);
        put(worker, item, CLI_BATCH_THERE, IMPASTO_OK);
        return IMPASTO_OK;
    }
    switch (cli_lock_take(&worker->lock, item->output, &worker->error)) {
    case CLI_LOCK_TAKEN:
        break;
    case CLI_LOCK_BUSY:
        put(worker, item, CLI_BATCH_BUSY, IMPASTO_OK);
        return IMPASTO_OK;
    case CLI_LOCK_FAILED:
        put(worker, item, CLI_BATCH_FAILED, worker->error.status);
        return IMPASTO_OK;
    }
    /* Somebody may have finished it between the two looks. */
    const bool there = !overwrite && imp_os_is_there(item->output);
    const enum impasto_status status = there ? IMPASTO_OK : paint(worker, item);
    cli_lock_release(&worker->lock);
    if (status != IMPASTO_ERROR_INTERRUPTED) /* else it waits for another run */
        put(worker, item,
            there                  ? CLI_BATCH_THERE
            : status == IMPASTO_OK ? CLI_BATCH_PAINTED
                                   : CLI_BATCH_FAILED,
            status);
    return status;
}

static void run_worker(void *user)
{
    struct worker *worker = user;
    worker->status = cli_painter_open(&worker->painter);
    while (worker->status == IMPASTO_OK) {
        struct cli_batch_item *item = take(worker->batch);
        if (!item)
            break;
        const enum impasto_status status = work_on(worker, item);
        if (!goes_on(worker, status))
            worker->status = status;
    }
}

/* ---- The end --------------------------------------------------------------------------------- */

static enum impasto_status summarise(struct batch *batch, struct impasto_error *error)
{
    size_t counts[CLI_BATCH_STATES] = {0};
    const struct cli_batch_item *first = NULL;
    char line[256];
    for (size_t i = 0; i < batch->list.count; i++) {
        const struct cli_batch_item *item = &batch->list.item[i];
        counts[item->state]++;
        if (item->state == CLI_BATCH_FAILED && !first)
            first = item;
        if (item->state == CLI_BATCH_WAITING)
            tell_picture(batch, batch->console, item);
        if (item->state == CLI_BATCH_BUSY)
            say(batch, IMPASTO_LOG_INFO, "%s: another process is at work on it (%s.lock)",
                item->output, item->output);
    }
    int used = snprintf(line, sizeof(line), "%zu pictures", batch->list.count);
    for (size_t state = 0; state < CLI_BATCH_STATES; state++)
        if (counts[state] > 0)
            used += snprintf(line + used, sizeof(line) - (size_t)used, "%s %zu %s",
                             strchr(line, ':') ? "," : ":", counts[state], state_words[state]);
    cli_console_log(batch->console, first ? IMPASTO_LOG_WARNING : IMPASTO_LOG_INFO, line);
    /* A signal between two pictures; the line above has what there is to say. */
    if (counts[CLI_BATCH_WAITING] > 0 && cli_stop_signal())
        return cli_fail(error, IMPASTO_ERROR_INTERRUPTED, "interrupted");
    if (!first)
        return IMPASTO_OK;
    return cli_fail(error, first->status, "%zu of %zu pictures failed, the first: %s",
                    counts[CLI_BATCH_FAILED], batch->list.count,
                    first->message ? first->message : "no memory");
}

/* What is about to be done, by which a slip in the command line shows. */
static void announce(struct batch *batch)
{
    const size_t count = batch->list.count;
    char styles[800];
    say(batch, IMPASTO_LOG_INFO, "painting %zu picture%s in %s", count, count == 1 ? "" : "s",
        cli_styles_words(batch->settings, styles, sizeof(styles)));
    cli_events_start(batch->console, batch->settings, batch->settings->output, count);
    cli_events_phase(batch->console, "loading", NULL, 0);
}

/* The devices of a comma list, each a word; returns how many. */
static size_t split_devices(char *list, const char *devices[DEVICES_MOST])
{
    size_t count = 0;
    for (char *word = strtok(list, ","); word && count < DEVICES_MOST; word = strtok(NULL, ","))
        devices[count++] = word;
    return count;
}

static void init_worker(struct worker *worker, struct batch *batch, const char *device, bool alone)
{
    *worker = (struct worker){.batch = batch, .settings = *batch->settings, .alone = alone};
    if (device)
        worker->settings.common.device = device;
    worker->painter =
        (struct cli_painter){.settings = &worker->settings, .error = &worker->error, .batch = true};
    cli_console_init(&worker->painter.console, &worker->settings.common);
    worker->painter.console.silent = !alone;
}

/* Gives the worker its thread. What keeps it from one is a limit of the system or of the user's. */
static void begin(struct worker *worker)
{
    const int problem = imp_os_start_thread(&worker->thread, run_worker, worker);
    if (problem != 0)
        worker->status = cli_fail(&worker->error, IMPASTO_ERROR_MEMORY,
                                  "no thread can be had for device %s: %s; name fewer devices, or "
                                  "allow more processes and memory (see ulimit)",
                                  worker->settings.common.device, strerror(problem));
}

static enum impasto_status run_workers(struct batch *batch, const char *const *devices,
                                       size_t count, struct impasto_error *error)
{
    struct worker *workers = calloc(count, sizeof(*workers));
    enum impasto_status status = IMPASTO_OK;
    size_t begun = 0;
    if (!workers)
        return cli_fail_memory(error, "the batch");
    for (size_t i = 0; i < count && status == IMPASTO_OK; i++) {
        init_worker(&workers[i], batch, devices[i], count == 1);
        status = cli_pictures_load(&workers[i].settings, &workers[i].painter.pictures, error);
        begun = i + 1;
    }
    if (status == IMPASTO_OK)
        status = cli_batch_folders(batch->settings, &batch->list, batch->console, error);
    if (status == IMPASTO_OK && workers[0].settings.show)
        status = cli_console_open_show(&workers[0].painter.console, error);
    if (status == IMPASTO_OK && count == 1) {
        run_worker(&workers[0]);
    } else if (status == IMPASTO_OK) {
        for (size_t i = 0; i < count; i++)
            begin(&workers[i]);
        for (size_t i = 0; i < count; i++)
            if (workers[i].thread)
                imp_os_join_thread(&workers[i].thread);
    }
    for (size_t i = 0; i < begun; i++) {
        if (workers[i].status != IMPASTO_OK && status == IMPASTO_OK) {
            status = workers[i].status;
            *error = workers[i].error;
        }
        cli_painter_close(&workers[i].painter);
    }
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
    enum impasto_status status = cli_meant_check(s, error);
    if (status == IMPASTO_OK)
        status = cli_standard_check(s, error);
    return status == IMPASTO_OK ? cli_pictures_check(s, error) : status;
}

enum impasto_status cli_batch(struct cli_settings *settings, struct impasto_error *error)
{
    struct cli_console console;
    struct batch batch = {.settings = settings, .console = &console};
    const char *devices[DEVICES_MOST] = {NULL};
    const char *named =
        settings->common.device ? settings->common.device : getenv("IMPASTO_DEVICE");
    char *list = strdup(named && named[0] ? named : "");
    cli_console_init(&console, &settings->common);
    cli_warn_of_preset(settings, &console);
    cli_catch_signals();
    enum impasto_status status =
        list ? check_settings(settings, error) : cli_fail_memory(error, "the batch");
    if (status == IMPASTO_OK)
        status = cli_batch_list(settings, &batch.list, &console, error);
    if (status == IMPASTO_OK) {
        announce(&batch);
        const size_t count = split_devices(list, devices);
        for (size_t i = 0; status == IMPASTO_OK && i < (count > 0 ? count : 1); i++)
            status = cli_probe_gemm(settings, devices[i], &console, error);
        if (status == IMPASTO_OK)
            status = run_workers(&batch, devices, count > 0 ? count : 1, error);
        struct impasto_error failed = {0};
        const enum impasto_status summary = summarise(&batch, &failed);
        if (status == IMPASTO_OK && summary != IMPASTO_OK) {
            *error = failed;
            status = summary;
        }
    }
    cli_batch_list_free(&batch.list);
    free(list);
    return status;
}
