/* SPDX-License-Identifier: MIT */
/*
 * A batch at work: workers take one picture after the other, each with a device.
 *
 * Pictures that have a result are passed over. So a batch that was stopped, or one that several
 * processes share, is run again with the same command.
 */

#include "cli/batch/batch.h"
#include "cli/terminal/terminal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

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

#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
static void
say(struct cli_batch *batch, enum impasto_log_level level, const char *format, ...)
{
    char line[2300];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    cli_console_log(batch->console, level, line);
}

static size_t number_of(const struct cli_batch *batch, const struct cli_batch_item *item)
{
    return (size_t)(item - batch->list.item) + 1;
}

static void tell_picture(const struct cli_batch *batch, struct cli_console *console,
                         const struct cli_batch_item *item)
{
    const struct cli_events_picture picture = {
        .number = number_of(batch, item),
        .content = item->content,
        .output = item->output,
        .state = state_names[item->state],
        .status = item->status,
        .message = item->message,
    };
    cli_events_picture(console, &picture);
}

/* ---- Before ---------------------------------------------------------------------------------- */

enum impasto_status cli_batch_check(const struct cli_settings *settings,
                                    struct impasto_error *error)
{
    if (settings->no_clobber && settings->overwrite)
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "--overwrite and --no-clobber say the opposite; leave out one");
    /* What one has painted is there for the others, else. */
    return settings->overwrite && !settings->common.warm ? cli_refuse_launched("--overwrite", error)
                                                         : IMPASTO_OK;
}

void cli_batch_announce(struct cli_batch *batch, const char *how)
{
    const size_t count = batch->list.count;
    say(batch, IMPASTO_LOG_INFO, "painting %zu picture%s %s", count, count == 1 ? "" : "s", how);
    cli_events_start(batch->console, batch->settings, batch->settings->output, count);
    cli_events_phase(batch->console, "loading", NULL, 0);
}

enum impasto_status cli_batch_devices(const struct cli_settings *settings,
                                      struct cli_batch_devices *devices,
                                      struct impasto_error *error)
{
    const char *named =
        settings->common.device ? settings->common.device : getenv("IMPASTO_DEVICE");
    *devices = (struct cli_batch_devices){.words = strdup(named ? named : "")};
    if (!devices->words)
        return cli_fail_memory(error, "the batch");
    char *word = strtok(devices->words, ",");
    for (; word && devices->count < CLI_BATCH_DEVICES_MOST; word = strtok(NULL, ","))
        devices->device[devices->count++] = word;
    devices->count += devices->count == 0;
    return word ? cli_fail(error, IMPASTO_ERROR_USAGE,
                           "%s names more than %d devices, which is the most; leave some out",
                           settings->common.device ? "--device" : "$IMPASTO_DEVICE",
                           CLI_BATCH_DEVICES_MOST)
                : IMPASTO_OK;
}

void cli_batch_devices_free(struct cli_batch_devices *devices)
{
    free(devices->words);
    *devices = (struct cli_batch_devices){0};
}

/* ---- At work --------------------------------------------------------------------------------- */

/* The next one that nobody has, NULL: none, or a signal came. */
static struct cli_batch_item *take(struct cli_batch *batch)
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
static bool goes_on(const struct cli_batch_worker *worker, enum impasto_status status)
{
    return status != IMPASTO_ERROR_DEVICE && status != IMPASTO_ERROR_INTERRUPTED && !worker->spent;
}

/* Says which picture an error is about, where it does not say so itself. */
static void name_picture(const struct cli_batch_item *item, struct impasto_error *error)
{
    const struct impasto_error why = *error;
    if (!strstr(why.message, item->content) && !strstr(why.message, item->output))
        cli_fail(error, why.status, "%s: %s", item->content, why.message);
}

static void put(struct cli_batch_worker *worker, struct cli_batch_item *item,
                enum cli_batch_state state, enum impasto_status status)
{
    struct cli_batch *batch = worker->batch;
    if (state == CLI_BATCH_FAILED)
        name_picture(item, worker->error);
    imp_os_lock(&batch->mutex);
    item->state = state;
    item->status = status;
    cli_name_options(worker->error->message);
    if (state == CLI_BATCH_FAILED)
        item->message = strdup(worker->error->message);
    const bool more = batch->next < batch->list.count;
    imp_os_unlock(&batch->mutex);
    tell_picture(batch, worker->console, item);
    if (state == CLI_BATCH_FAILED)
        say(batch, IMPASTO_LOG_WARNING, "%s%s", worker->error->message,
            more && goes_on(worker, status) && !cli_stop_signal() ? "; going on with the next"
                                                                  : "");
}

/* Paints an item that is locked. */
static enum impasto_status paint(struct cli_batch_worker *worker, struct cli_batch_item *item)
{
    worker->console->picture = number_of(worker->batch, item);
    cli_events_phase(worker->console, "loading", NULL, 0);
    return worker->paint(worker, item);
}

/* Somebody who was killed between finishing a picture and letting go of it has left a lock. */
static void drop_dead_lock(struct cli_batch_worker *worker, const struct cli_batch_item *item)
{
    if (cli_lock_is_there(item->output) &&
        cli_lock_take(&worker->lock, item->output, worker->error) == CLI_LOCK_TAKEN)
        cli_lock_release(&worker->lock);
}

/* Locks, looks whether it is there, paints. */
static enum impasto_status work_on(struct cli_batch_worker *worker, struct cli_batch_item *item)
{
    const bool overwrite = worker->batch->settings->overwrite;
    if (!overwrite && imp_os_is_there(item->output)) {
        drop_dead_lock(worker, item);
        put(worker, item, CLI_BATCH_THERE, IMPASTO_OK);
        return IMPASTO_OK;
    }
    switch (cli_lock_take(&worker->lock, item->output, worker->error)) {
    case CLI_LOCK_TAKEN:
        break;
    case CLI_LOCK_BUSY:
        put(worker, item, CLI_BATCH_BUSY, IMPASTO_OK);
        return IMPASTO_OK;
    case CLI_LOCK_FAILED:
        put(worker, item, CLI_BATCH_FAILED, worker->error->status);
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

static void work(void *user)
{
    struct cli_batch_worker *worker = user;
    struct cli_batch_item *item;
    enum impasto_status status = worker->open(worker);
    const bool open = status == IMPASTO_OK;
    while (open && goes_on(worker, status) && (item = take(worker->batch)))
        status = work_on(worker, item);
    worker->status = open && goes_on(worker, status) ? IMPASTO_OK : status;
}

/* Gives the worker its thread. What keeps it from one is a limit of the system or of the user's. */
static void begin(struct cli_batch_worker *worker)
{
    const int problem = imp_os_start_thread(&worker->thread, work, worker);
    if (problem != 0)
        worker->status = cli_fail(worker->error, IMPASTO_ERROR_MEMORY,
                                  "no thread can be had for device %s: %s; name fewer devices, or "
                                  "allow more processes and memory (see ulimit)",
                                  worker->device, strerror(problem));
}

enum impasto_status cli_batch_run(struct cli_batch_worker *const *workers, size_t count,
                                  struct impasto_error *error)
{
    if (count == 1)
        work(workers[0]);
    for (size_t i = 0; count > 1 && i < count; i++)
        begin(workers[i]);
    for (size_t i = 0; i < count; i++)
        if (workers[i]->thread)
            imp_os_join_thread(&workers[i]->thread);
    for (size_t i = 0; i < count; i++)
        if (workers[i]->status != IMPASTO_OK) {
            const struct impasto_error why = *workers[i]->error;
            *error = why;
            return workers[i]->status;
        }
    return IMPASTO_OK;
}

/* ---- The end --------------------------------------------------------------------------------- */

enum impasto_status cli_batch_summarise(struct cli_batch *batch, struct impasto_error *error)
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
