/* SPDX-License-Identifier: MIT */
/* Which pictures --batch paints: those that its words name, and those in folders and lists. */

#include "cli/batch.h"

#include "cli/run.h"
#include "cli/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How many names of files that are passed over are told. */
#define NAMES_TOLD 3

/* Files of which something is told. */
struct files {
    size_t count;
    char names[200]; /* of the first ones */
};

struct gathering {
    struct cli_batch_list *list;
    struct cli_console *console;
    struct files named; /* results of ours that were named themselves */
    size_t left_out;    /* results in folders */
};

/* In one folder. */
struct leavings {
    struct files strangers, results;
};

/* ---- The list -------------------------------------------------------------------------------- */

static void free_item(struct cli_batch_item *item)
{
    free(item->content);
    free(item->output);
    free(item->message);
    *item = (struct cli_batch_item){0};
}

void cli_batch_list_drop(struct cli_batch_list *list, const bool *dropped)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++)
        if (dropped[i])
            free_item(&list->item[i]);
        else
            list->item[kept++] = list->item[i];
    list->count = kept;
}

void cli_batch_list_free(struct cli_batch_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free_item(&list->item[i]);
    free(list->item);
    *list = (struct cli_batch_list){0};
}

static enum impasto_status add(struct cli_batch_list *list, const char *content,
                               struct impasto_error *error)
{
    if (list->count == list->capacity) {
        const size_t capacity = list->capacity ? 2 * list->capacity : 64;
        struct cli_batch_item *items = realloc(list->item, capacity * sizeof(*items));
        if (!items)
            return cli_fail_memory(error, "the batch");
        list->item = items;
        list->capacity = capacity;
    }
    char *copy = strdup(content);
    if (!copy)
        return cli_fail_memory(error, "the batch");
    list->item[list->count++] = (struct cli_batch_item){.content = copy};
    return IMPASTO_OK;
}

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
static void
tell(const struct gathering *to, const char *format, ...)
{
    char line[1200];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    cli_console_log(to->console, IMPASTO_LOG_INFO, line);
}

/* ---- Folders --------------------------------------------------------------------------------- */

/* A name by which a file says that it is a picture, whatever is in it. */
static bool has_picture_name(const char *name)
{
    static const char *const endings[] = {".png", ".jpg", ".jpeg", ".jpe", ".jfif"};
    for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++)
        if (cli_has_extension(name, endings[i]))
            return true;
    return false;
}

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static bool is_regular(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

bool cli_batch_is_picture(const char *path)
{
    return has_picture_name(path) || impasto_image_is_picture(path);
}

static int by_content(const void *a, const void *b)
{
    return strcmp(((const struct cli_batch_item *)a)->content,
                  ((const struct cli_batch_item *)b)->content);
}

static void note(struct files *files, const char *name)
{
    const size_t used = strlen(files->names);
    if (files->count++ < NAMES_TOLD)
        snprintf(files->names + used, sizeof(files->names) - used, "%s%s", used ? ", " : "", name);
    else if (files->count == NAMES_TOLD + 1)
        strncat(files->names, ", ...", sizeof(files->names) - used - 1);
}

/* Whether a picture is one that we have painted. */
static bool is_result(const char *path)
{
    bool result = false;
    struct impasto_error ignored;
    return impasto_image_is_result(path, &result, &ignored) == IMPASTO_OK && result;
}

static enum impasto_status add_entry(struct gathering *to, const char *folder, const char *name,
                                     struct leavings *left, struct impasto_error *error)
{
    const size_t size = strlen(folder) + strlen(name) + 2;
    const bool slash = folder[strlen(folder) - 1] == '/';
    char *path = malloc(size);
    enum impasto_status status = IMPASTO_OK;
    if (!path)
        return cli_fail_memory(error, "the batch");
    snprintf(path, size, "%s%s%s", folder, slash ? "" : "/", name);
    if (!is_folder(path) && cli_batch_is_picture(path)) {
        if (is_result(path))
            note(&left->results, name);
        else
            status = add(to->list, path, error);
    } else if (is_regular(path) && !cli_has_extension(name, ".lock")) {
        note(&left->strangers, name);
    }
    free(path);
    return status;
}

static void tell_leavings(struct gathering *to, const char *folder, const struct leavings *left)
{
    const struct files *strangers = &left->strangers, *results = &left->results;
    if (strangers->count > 0)
        tell(to, "%s: %zu file%s passed over, not being pictures that can be read: %s", folder,
             strangers->count, strangers->count > 1 ? "s are" : " is", strangers->names);
    if (results->count > 0)
        tell(
            to,
            "%s: %zu picture%s left out, being results of Impasto: %s; name one itself to paint it",
            folder, results->count, results->count > 1 ? "s are" : " is", results->names);
    to->left_out += results->count;
}

/* The pictures in a folder, by name. */
static enum impasto_status add_folder(struct gathering *to, const char *folder,
                                      struct impasto_error *error)
{
    DIR *entries = opendir(folder);
    struct cli_batch_list *list = to->list;
    struct leavings left = {0};
    const size_t begin = list->count;
    enum impasto_status status = IMPASTO_OK;
    if (!entries)
        return cli_fail_file(error, IMPASTO_ERROR_INPUT, folder, "cannot be looked into", errno);
    for (const struct dirent *entry; status == IMPASTO_OK && (entry = readdir(entries));)
        if (entry->d_name[0] != '.')
            status = add_entry(to, folder, entry->d_name, &left, error);
    closedir(entries);
    if (list->count > begin)
        qsort(list->item + begin, list->count - begin, sizeof(*list->item), by_content);
    tell_leavings(to, folder, &left);
    return status;
}

/* ---- Lists ----------------------------------------------------------------------------------- */

static const char *name_of_list(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

/* All of a list; a signal ends the waiting for more of it. bytes: to be freed in any case. */
static enum impasto_status read_list(const char *path, char **bytes, size_t *size,
                                     struct impasto_error *error)
{
    const int descriptor = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    size_t capacity = 0;
    ssize_t got = 1;
    if (descriptor < 0)
        return cli_fail_file(error, IMPASTO_ERROR_INPUT, path, "cannot be read", errno);
    while (got > 0 && *size <= CLI_LIST_BYTES_MOST && !cli_stop_signal()) {
        if (capacity - *size < 2) {
            capacity = capacity ? 2 * capacity : 1 << 16;
            char *more = realloc(*bytes, capacity);
            if (!more)
                break;
            *bytes = more;
        }
        got = read(descriptor, *bytes + *size, capacity - *size - 1);
        if (got > 0)
            *size += (size_t)got;
        else if (got < 0 && errno == EINTR)
            got = 1;
    }
    const int problem = errno;
    if (descriptor != STDIN_FILENO)
        close(descriptor);
    if (cli_stop_signal())
        return cli_fail(error, IMPASTO_ERROR_INTERRUPTED, "interrupted");
    if (got < 0)
        return cli_fail_file(error, IMPASTO_ERROR_INPUT, name_of_list(path), "cannot be read",
                             problem);
    if (*size > CLI_LIST_BYTES_MOST)
        return cli_fail(error, IMPASTO_ERROR_INPUT,
                        "%s: is larger than a list can be, which is %d MiB", name_of_list(path),
                        CLI_LIST_BYTES_MOST >> 20);
    return got == 0 ? IMPASTO_OK : cli_fail_memory(error, name_of_list(path));
}

/* A picture that is named itself, which is meant even where it is a result. */
static enum impasto_status add_named(struct gathering *to, const char *path,
                                     struct impasto_error *error)
{
    if (is_result(path))
        note(&to->named, cli_file_name(path));
    return add(to->list, path, error);
}

static enum impasto_status add_path(void *user, const char *path, struct impasto_error *error)
{
    struct gathering *to = user;
    return is_folder(path) ? add_folder(to, path, error) : add_named(to, path, error);
}

/* What is neither a picture nor a list fails as the picture that it may be, with a word on what it
 * is. */
static enum impasto_status add_bytes(struct gathering *to, const char *path, char **bytes,
                                     size_t *size, struct impasto_error *error)
{
    const size_t begin = to->list->count;
    enum impasto_status status = cli_text_decode(name_of_list(path), bytes, size, error);
    if (status != IMPASTO_OK)
        return status;
    if (!cli_text_is_plain(*bytes, *size))
        return strcmp(path, "-") == 0
                   ? cli_fail(error, IMPASTO_ERROR_INPUT,
                              "standard input: is no list of pictures; --batch - reads paths, one "
                              "in each line or with zeros between them")
                   : add(to->list, path, error);
    status = cli_list_visit(*bytes, *size, add_path, to, error);
    if (status == IMPASTO_OK && to->list->count == begin)
        tell(to, "%s: names no pictures", name_of_list(path));
    return status;
}

static enum impasto_status add_list(struct gathering *to, const char *path,
                                    struct impasto_error *error)
{
    char *bytes = NULL;
    size_t size = 0;
    enum impasto_status status = read_list(path, &bytes, &size, error);
    if (status == IMPASTO_OK)
        status = add_bytes(to, path, &bytes, &size, error);
    free(bytes);
    return status;
}

/* ---- Words ----------------------------------------------------------------------------------- */

static enum impasto_status add_word(struct gathering *to, const char *word,
                                    struct impasto_error *error)
{
    if (is_folder(word))
        return add_folder(to, word, error);
    if (strcmp(word, "-") == 0 || (access(word, F_OK) == 0 && !cli_batch_is_picture(word)))
        return add_list(to, word, error);
    return add_named(to, word, error); /* also where it is not there: that is its failure */
}

enum impasto_status cli_batch_contents(const struct cli_settings *settings,
                                       struct cli_batch_list *list, struct cli_console *console,
                                       struct impasto_error *error)
{
    struct gathering to = {.list = list, .console = console};
    enum impasto_status status = IMPASTO_OK;
    for (int i = 0; i < settings->batch.count && status == IMPASTO_OK; i++)
        status = add_word(&to, settings->batch.item[i], error);
    for (int i = 0; i < settings->word_count && status == IMPASTO_OK; i++)
        status = add_word(&to, settings->words[i].text, error);
    if (status == IMPASTO_OK && to.named.count > 0)
        tell(&to, "%zu of the pictures named %s of Impasto %s: %s", to.named.count,
             to.named.count > 1 ? "are results" : "is a result",
             to.named.count > 1 ? "themselves" : "itself", to.named.names);
    if (status == IMPASTO_OK && list->count == 0 && to.left_out > 0)
        return cli_fail(error, IMPASTO_ERROR_INPUT,
                        "--batch: no pictures in %s but results of Impasto; name one itself to "
                        "paint it",
                        name_of_list(settings->batch.item[0]));
    if (status == IMPASTO_OK && list->count == 0)
        return cli_fail(error, IMPASTO_ERROR_INPUT,
                        "--batch: no pictures in %s; name pictures, a folder that has some, or a "
                        "text file with a picture's path in each line",
                        name_of_list(settings->batch.item[0]));
    return status;
}
