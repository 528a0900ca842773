/* SPDX-License-Identifier: MIT */
/*
 * --batch: many contents in the same styles. The pictures are listed first; then each device takes
 * one after the other, keeping its job, so that kernels, weights and what is known of the styles
 * are there already. What is painted already is passed over, so a batch that was stopped, or is
 * shared by several processes, is simply run again.
 */

#include "cli/run.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEVICES_MOST 16

enum state { WAITING, PAINTED, THERE, BUSY, FAILED, STATES };
static const char *const state_words[STATES] = {
    [WAITING] = "not begun",         [PAINTED] = "painted", [THERE] = "there already",
    [BUSY] = "with another process", [FAILED] = "failed",
};

struct item {
    char *content, *output;
    enum state state;
    enum impasto_status status; /* FAILED: why */
    char *message;
};

struct batch {
    const struct cli_settings *settings;
    struct item *items;
    size_t count, capacity;
    pthread_mutex_t mutex; /* of what follows, and of the items' states */
    size_t next;
    size_t done;
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
    pthread_t thread;
};

/* ---- Which pictures -------------------------------------------------------------------------- */

static bool has_extension(const char *name, const char *extension)
{
    const size_t length = strlen(name), tail = strlen(extension);
    return length > tail && strcasecmp(name + length - tail, extension) == 0;
}

static bool is_picture(const char *name)
{
    return has_extension(name, ".png") || has_extension(name, ".jpg") ||
           has_extension(name, ".jpeg");
}

static enum impasto_status add(struct batch *batch, const char *content,
                               struct impasto_error *error)
{
    if (batch->count == batch->capacity) {
        const size_t capacity = batch->capacity ? 2 * batch->capacity : 64;
        struct item *items = realloc(batch->items, capacity * sizeof(*items));
        if (!items)
            return cli_fail(error, IMPASTO_ERROR_MEMORY, "out of memory for the batch");
        batch->items = items;
        batch->capacity = capacity;
    }
    char *copy = strdup(content);
    if (!copy)
        return cli_fail(error, IMPASTO_ERROR_MEMORY, "out of memory for the batch");
    batch->items[batch->count++] = (struct item){.content = copy};
    return IMPASTO_OK;
}

static int by_content(const void *a, const void *b)
{
    return strcmp(((const struct item *)a)->content, ((const struct item *)b)->content);
}

/* The pictures in a folder, by name. */
static enum impasto_status add_folder(struct batch *batch, const char *folder,
                                      struct impasto_error *error)
{
    DIR *entries = opendir(folder);
    const size_t begin = batch->count;
    const bool slash = folder[strlen(folder) - 1] == '/';
    enum impasto_status status = IMPASTO_OK;
    if (!entries)
        return cli_fail(error, IMPASTO_ERROR_INPUT, "%s: cannot be looked into: %s", folder,
                        strerror(errno));
    for (const struct dirent *entry; status == IMPASTO_OK && (entry = readdir(entries));) {
        if (entry->d_name[0] == '.' || !is_picture(entry->d_name))
            continue;
        const size_t size = strlen(folder) + strlen(entry->d_name) + 2;
        char *path = malloc(size);
        if (path)
            snprintf(path, size, "%s%s%s", folder, slash ? "" : "/", entry->d_name);
        status = path ? add(batch, path, error)
                      : cli_fail(error, IMPASTO_ERROR_MEMORY, "out of memory for the batch");
        free(path);
    }
    closedir(entries);
    if (batch->count > begin)
        qsort(batch->items + begin, batch->count - begin, sizeof(*batch->items), by_content);
    return status;
}

/* A text file with a picture's path in each line; empty lines and those that begin with '#' say
 * nothing. */
static enum impasto_status add_list(struct batch *batch, const char *path,
                                    struct impasto_error *error)
{
    FILE *stream = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
    char *line = NULL;
    size_t capacity = 0;
    enum impasto_status status = IMPASTO_OK;
    if (!stream)
        return cli_fail(error, IMPASTO_ERROR_INPUT, "%s: cannot be read: %s", path,
                        strerror(errno));
    while (status == IMPASTO_OK && getline(&line, &capacity, stream) > 0) {
        line[strcspn(line, "\r\n")] = 0;
        if (line[0] && line[0] != '#')
            status = add(batch, line, error);
    }
    free(line);
    if (stream != stdin)
        fclose(stream);
    return status;
}

static enum impasto_status list_contents(struct batch *batch, struct impasto_error *error)
{
    const struct cli_list *words = &batch->settings->batch;
    enum impasto_status status = IMPASTO_OK;
    for (int i = 0; i < words->count && status == IMPASTO_OK; i++) {
        const char *word = words->item[i];
        struct stat info;
        const bool there = stat(word, &info) == 0;
        if (there && S_ISDIR(info.st_mode))
            status = add_folder(batch, word, error);
        else if (strcmp(word, "-") == 0 || (there && !is_picture(word)))
            status = add_list(batch, word, error);
        else
            status = add(batch, word, error); /* also where it is not there: that is its failure */
    }
    if (status == IMPASTO_OK && batch->count == 0)
        return cli_fail(error, IMPASTO_ERROR_INPUT, "--batch: no PNG or JPEG pictures in %s",
                        words->item[0]);
    return status;
}

/* ---- Where to -------------------------------------------------------------------------------- */

#define USUAL_PATTERN "{folder}/{content}-{style}.png"

static size_t stem_length(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && dot != name ? (size_t)(dot - name) : strlen(name);
}

/* Writes what a placeholder stands for, or, where it is none, its first character; returns how much
 * of the pattern that was. */
static size_t expand(FILE *out, const char *pattern, const struct item *item, size_t number,
                     const char *style)
{
    const char *name = cli_file_name(item->content);
    const size_t folder = (size_t)(name - item->content);
    if (strncmp(pattern, "{content}", 9) == 0) {
        fprintf(out, "%.*s", (int)stem_length(name), name);
        return 9;
    }
    if (strncmp(pattern, "{style}", 7) == 0) {
        fprintf(out, "%.*s", (int)stem_length(cli_file_name(style)), cli_file_name(style));
        return 7;
    }
    if (strncmp(pattern, "{folder}", 8) == 0) {
        fprintf(out, "%.*s", folder > 1 ? (int)folder - 1 : 1, folder ? item->content : ".");
        return 8;
    }
    if (strncmp(pattern, "{number}", 8) == 0) {
        fprintf(out, "%04zu", number);
        return 8;
    }
    fputc(pattern[0], out);
    return 1;
}

static char *name_output(const char *pattern, const struct item *item, size_t number,
                         const char *style)
{
    char *name = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&name, &size);
    if (!out)
        return NULL;
    while (*pattern)
        pattern += expand(out, pattern, item, number, style);
    if (fclose(out) == 0)
        return name;
    free(name);
    return NULL;
}

static int by_output(const void *a, const void *b)
{
    const struct item *const *x = a, *const *y = b;
    return strcmp((*x)->output, (*y)->output);
}

/* Refuses outputs that would overwrite one another, and contents. */
static enum impasto_status check_outputs(struct batch *batch, struct impasto_error *error)
{
    if (batch->count == 0)
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "-o: each result would take the place of another picture; let the pattern "
                        "have {style}");
    struct item **sorted = malloc(batch->count * sizeof(*sorted));
    enum impasto_status status = IMPASTO_OK;
    if (!sorted)
        return cli_fail(error, IMPASTO_ERROR_MEMORY, "out of memory for the batch");
    for (size_t i = 0; i < batch->count; i++)
        sorted[i] = &batch->items[i];
    qsort(sorted, batch->count, sizeof(*sorted), by_output);
    for (size_t i = 0; i + 1 < batch->count && status == IMPASTO_OK; i++)
        if (strcmp(sorted[i]->output, sorted[i + 1]->output) == 0)
            status = cli_fail(error, IMPASTO_ERROR_USAGE,
                              "-o: %s and %s would both be %s; let the pattern have {content}, "
                              "{folder} or {number}",
                              sorted[i]->content, sorted[i + 1]->content, sorted[i]->output);
    free(sorted);
    return status;
}

/* A folder's earlier results are no contents: an output of this batch is not painted itself. */
static void drop_results(struct batch *batch)
{
    size_t kept = 0;
    for (size_t i = 0; i < batch->count; i++) {
        struct item *item = &batch->items[i];
        bool result = false;
        for (size_t k = 0; k < batch->count && !result; k++)
            result = k != i && cli_same_file(item->content, batch->items[k].output);
        if (result) {
            free(item->content); /* not its output, which others are still compared with */
            item->content = NULL;
        }
    }
    for (size_t i = 0; i < batch->count; i++)
        if (batch->items[i].content)
            batch->items[kept++] = batch->items[i];
        else
            free(batch->items[i].output);
    batch->count = kept;
}

static enum impasto_status name_outputs(struct batch *batch, struct impasto_error *error)
{
    const struct cli_settings *s = batch->settings;
    const char *pattern = s->output ? s->output : USUAL_PATTERN;
    struct cli_spec style;
    enum impasto_status status = cli_spec_read(s->styles.item[0], true, &style, error);
    if (status != IMPASTO_OK)
        return status;
    for (size_t i = 0; i < batch->count && status == IMPASTO_OK; i++) {
        struct item *item = &batch->items[i];
        item->output = name_output(pattern, item, i + 1, style.path);
        if (!item->output)
            status = cli_fail(error, IMPASTO_ERROR_MEMORY, "out of memory for the batch");
    }
    free(style.path);
    if (status != IMPASTO_OK)
        return status;
    drop_results(batch);
    return check_outputs(batch, error);
}

/* ---- At work --------------------------------------------------------------------------------- */

#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
static void
tell(struct batch *batch, enum impasto_log_level level, const char *format, ...)
{
    char line[2300];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    cli_console_log(batch->console, level, line);
}

/* The next one that nobody has, NULL: none, or a signal came. */
static struct item *take(struct batch *batch)
{
    struct item *item = NULL;
    pthread_mutex_lock(&batch->mutex);
    if (batch->next < batch->count && !cli_stop_signal())
        item = &batch->items[batch->next++];
    pthread_mutex_unlock(&batch->mutex);
    return item;
}

static void put(struct worker *worker, struct item *item, enum state state,
                enum impasto_status status)
{
    struct batch *batch = worker->batch;
    pthread_mutex_lock(&batch->mutex);
    item->state = state;
    item->status = status;
    batch->done++;
    if (state == FAILED)
        item->message = strdup(worker->error.message);
    pthread_mutex_unlock(&batch->mutex);
    if (state == FAILED)
        tell(batch, IMPASTO_LOG_WARNING, "%s%s", worker->error.message,
             batch->count > 1 ? "; going on with the next" : "");
}

/* Paints an item that is locked. */
static enum impasto_status paint(struct worker *worker, struct item *item)
{
    struct cli_painter *painter = &worker->painter;
    struct cli_pictures *pictures = &painter->pictures;
    impasto_image_free(&pictures->content);
    worker->settings.content = item->content;
    cli_inputs_free(&painter->inputs);
    free(painter->output);
    painter->output = strdup(item->output);
    painter->lock = &worker->lock;
    if (!painter->output)
        return cli_fail(&worker->error, IMPASTO_ERROR_MEMORY, "out of memory");
    enum impasto_status status = cli_check_outputs(&worker->settings, item->output, &worker->error);
    if (status == IMPASTO_OK)
        status = impasto_image_load_apart(item->content, worker->settings.max_pixels,
                                          &pictures->content, &worker->error);
    pictures->task.content = pictures->content;
    return status == IMPASTO_OK ? cli_painter_paint(painter, false) : status;
}

/* Somebody who was killed between finishing a picture and letting go of it has left a lock. */
static void drop_dead_lock(struct worker *worker, const struct item *item)
{
    if (cli_lock_is_there(item->output) &&
        cli_lock_take(&worker->lock, item->output, &worker->error) == CLI_LOCK_TAKEN)
        cli_lock_release(&worker->lock);
}

/* Locks, looks whether it is there, paints. */
static enum impasto_status work_on(struct worker *worker, struct item *item)
{
    const bool overwrite = worker->settings.overwrite;
    if (!overwrite && access(item->output, F_OK) == 0) {
        drop_dead_lock(worker, item);
        put(worker, item, THERE, IMPASTO_OK);
        return IMPASTO_OK;
    }
    switch (cli_lock_take(&worker->lock, item->output, &worker->error)) {
    case CLI_LOCK_TAKEN:
        break;
    case CLI_LOCK_BUSY:
        put(worker, item, BUSY, IMPASTO_OK);
        return IMPASTO_OK;
    case CLI_LOCK_FAILED:
        put(worker, item, FAILED, worker->error.status);
        return IMPASTO_OK;
    }
    /* Somebody may have finished it between the two looks. */
    const bool there = !overwrite && access(item->output, F_OK) == 0;
    const enum impasto_status status = there ? IMPASTO_OK : paint(worker, item);
    cli_lock_release(&worker->lock);
    if (status != IMPASTO_ERROR_INTERRUPTED) /* else it waits for another run */
        put(worker, item, there ? THERE : status == IMPASTO_OK ? PAINTED : FAILED, status);
    return status;
}

static void *run_worker(void *user)
{
    struct worker *worker = user;
    worker->status = cli_painter_open(&worker->painter);
    while (worker->status == IMPASTO_OK) {
        struct item *item = take(worker->batch);
        if (!item)
            break;
        const enum impasto_status status = work_on(worker, item);
        /* A picture's own fault leaves the device as it was; a device that failed is not trusted
         * again. */
        if (status == IMPASTO_ERROR_DEVICE || status == IMPASTO_ERROR_INTERRUPTED ||
            !worker->painter.device)
            worker->status = status;
    }
    return NULL;
}

/* ---- The end --------------------------------------------------------------------------------- */

static enum impasto_status summarise(struct batch *batch, struct impasto_error *error)
{
    size_t counts[STATES] = {0};
    const struct item *first = NULL;
    char line[256];
    for (size_t i = 0; i < batch->count; i++) {
        const struct item *item = &batch->items[i];
        counts[item->state]++;
        if (item->state == FAILED && !first)
            first = item;
        if (item->state == BUSY)
            tell(batch, IMPASTO_LOG_INFO, "%s: another process is at work on it (%s.lock)",
                 item->output, item->output);
    }
    int used = snprintf(line, sizeof(line), "%zu pictures", batch->count);
    for (size_t state = 0; state < STATES; state++)
        if (counts[state] > 0)
            used += snprintf(line + used, sizeof(line) - (size_t)used, "%s %zu %s",
                             strchr(line, ':') ? "," : ":", counts[state], state_words[state]);
    cli_console_log(batch->console, first ? IMPASTO_LOG_WARNING : IMPASTO_LOG_INFO, line);
    /* A signal between two pictures; one within a picture has been told. */
    if (counts[WAITING] > 0 && cli_stop_signal())
        return cli_fail(error, IMPASTO_ERROR_INTERRUPTED, "stopped before %zu of %zu pictures",
                        counts[WAITING], batch->count);
    if (!first)
        return IMPASTO_OK;
    return cli_fail(error, first->status, "%zu of %zu pictures failed, the first: %s",
                    counts[FAILED], batch->count, first->message ? first->message : "no memory");
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
        worker->settings.device = device;
    worker->painter =
        (struct cli_painter){.settings = &worker->settings, .error = &worker->error, .batch = true};
    cli_console_init(&worker->painter.console, &worker->settings);
    worker->painter.console.silent = !alone;
}

static enum impasto_status run_workers(struct batch *batch, const char *const *devices,
                                       size_t count, struct impasto_error *error)
{
    struct worker *workers = calloc(count, sizeof(*workers));
    enum impasto_status status = IMPASTO_OK;
    size_t begun = 0;
    if (!workers)
        return cli_fail(error, IMPASTO_ERROR_MEMORY, "out of memory for the batch");
    for (size_t i = 0; i < count && status == IMPASTO_OK; i++) {
        init_worker(&workers[i], batch, devices[i], count == 1);
        status = cli_pictures_load(&workers[i].settings, &workers[i].painter.pictures, error);
        begun = i + 1;
    }
    if (status == IMPASTO_OK && workers[0].settings.show)
        status = cli_console_open_show(&workers[0].painter.console, error);
    if (status == IMPASTO_OK && count == 1) {
        run_worker(&workers[0]);
    } else if (status == IMPASTO_OK) {
        for (size_t i = 0; i < count; i++)
            if (pthread_create(&workers[i].thread, NULL, run_worker, &workers[i]) != 0)
                workers[i].status = cli_fail(&workers[i].error, IMPASTO_ERROR_INTERNAL,
                                             "no thread can be had for %s", devices[i]);
            else
                workers[i].batch = batch;
        for (size_t i = 0; i < count; i++)
            if (workers[i].thread)
                pthread_join(workers[i].thread, NULL);
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
    return cli_pictures_check(s, error);
}

enum impasto_status cli_batch(struct cli_settings *settings, struct impasto_error *error)
{
    struct cli_console console;
    struct batch batch = {.settings = settings, .console = &console};
    const char *devices[DEVICES_MOST] = {NULL};
    const char *named = settings->device ? settings->device : getenv("IMPASTO_DEVICE");
    char *list = strdup(named && named[0] ? named : "");
    cli_console_init(&console, settings);
    cli_warn_of_preset(settings, &console);
    settings->content = NULL;
    cli_catch_signals();
    pthread_mutex_init(&batch.mutex, NULL);
    enum impasto_status status = list ? check_settings(settings, error)
                                      : cli_fail(error, IMPASTO_ERROR_MEMORY, "out of memory");
    if (status == IMPASTO_OK)
        status = list_contents(&batch, error);
    if (status == IMPASTO_OK)
        status = name_outputs(&batch, error);
    if (status == IMPASTO_OK) {
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
    for (size_t i = 0; i < batch.count; i++) {
        free(batch.items[i].content);
        free(batch.items[i].output);
        free(batch.items[i].message);
    }
    free(batch.items);
    free(list);
    pthread_mutex_destroy(&batch.mutex);
    return status;
}
