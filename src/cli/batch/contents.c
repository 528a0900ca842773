/* SPDX-License-Identifier: MIT */
/* Finds the pictures that --batch paints: those that its words name, and those in folders and
 * lists.
 */

#include "base/os.h"
#include "cli/batch/batch.h"
#include "cli/terminal/terminal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* How many names of files that are passed over are told. */
#define NAMES_TOLD 3

/* Files of which something is told. */
struct files {
    size_t count;
    char names[200]; /* of the first ones */
};

struct gathering {
    struct cli_batch_list *list;
    bool recursive;
    struct imp_os_about *visited; /* folders, with recursive: links may lead to them again */
    size_t visits, room;
    struct cli_console *console;
    struct files named; /* results of ours that were named themselves */
    size_t left_out;    /* results in folders */
};

/* What else is in one folder. */
struct leavings {
    struct files strangers, results, folders;
    struct cli_batch_list below; /* paths of the folders, to be gone into */
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

static enum impasto_status add(struct cli_batch_list *list, const char *content, size_t root,
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
    list->item[list->count++] = (struct cli_batch_item){.content = copy, .root = root};
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

/* A path that was found, not named. root: bytes of it that name the folder of --batch. */
static enum impasto_status add_found(struct gathering *to, const char *path, size_t root,
                                     struct leavings *left, struct impasto_error *error)
{
    const char *name = cli_file_name(path);
    if (imp_os_is_folder(path)) {
        note(&left->folders, name);
        return to->recursive ? add(&left->below, path, root, error) : IMPASTO_OK;
    }
    const bool picture = cli_batch_is_picture(path);
    if (picture && !is_result(path))
        return add(to->list, path, root, error);
    if (picture)
        note(&left->results, name);
    else if (imp_os_is_file(path) && !cli_has_extension(name, ".lock"))
        note(&left->strangers, name);
    return IMPASTO_OK;
}

static enum impasto_status add_entry(struct gathering *to, const char *folder, size_t root,
                                     const char *name, struct leavings *left,
                                     struct impasto_error *error)
{
    char *path = imp_os_join(folder, name);
    if (!path)
        return cli_fail_memory(error, "the batch");
    const enum impasto_status status = add_found(to, path, root, left, error);
    free(path);
    return status;
}

static void tell_leavings(struct gathering *to, const char *folder, const struct leavings *left)
{
    const struct files *strangers = &left->strangers, *results = &left->results;
    const struct files *folders = &left->folders;
    if (folders->count > 0 && !to->recursive)
        tell(to, "%s: %zu folder%s passed over: %s; --recursive goes into %s", folder,
             folders->count, folders->count > 1 ? "s are" : " is", folders->names,
             folders->count > 1 ? "them" : "it");
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

static void sort(struct cli_batch_list *list, size_t begin)
{
    if (list->count > begin)
        qsort(list->item + begin, list->count - begin, sizeof(*list->item), by_content);
}

/* Notes that the folder was gone into; false: it was before, or there is no memory to know. */
static bool visit(struct gathering *to, const char *folder)
{
    struct imp_os_about about;
    if (!to->recursive || !imp_os_look(folder, &about))
        return true;
    for (size_t i = 0; i < to->visits; i++)
        if (imp_os_is_same(&to->visited[i], &about))
            return false;
    if (to->visits == to->room) {
        const size_t room = to->room ? 2 * to->room : 64;
        struct imp_os_about *visited = realloc(to->visited, room * sizeof(*visited));
        if (!visited)
            return false;
        to->visited = visited;
        to->room = room;
    }
    to->visited[to->visits++] = about;
    return true;
}

/* The pictures in one folder, by name. */
static enum impasto_status look_into(struct gathering *to, const char *folder, size_t root,
                                     struct leavings *left, struct impasto_error *error)
{
    struct imp_os_entries *entries = imp_os_open_folder(folder);
    const size_t begin = to->list->count;
    enum impasto_status status = IMPASTO_OK;
    if (!entries)
        return cli_fail_file(error, IMPASTO_ERROR_INPUT, folder, "cannot be looked into", errno);
    for (const char *name; status == IMPASTO_OK && (name = imp_os_next_name(entries));)
        if (name[0] != '.')
            status = add_entry(to, folder, root, name, left, error);
    imp_os_close_folder(entries);
    sort(to->list, begin);
    sort(&left->below, 0);
    tell_leavings(to, folder, left);
    return status;
}

/* A folder, and with --recursive those in it. One of them that cannot be looked into is a warning.
 */
static enum impasto_status add_folder(struct gathering *to, const char *folder, size_t root,
                                      struct impasto_error *error)
{
    struct leavings left = {0};
    struct impasto_error why = {0};
    if (!visit(to, folder))
        return IMPASTO_OK;
    enum impasto_status status = look_into(to, folder, root, &left, error);
    for (size_t i = 0; i < left.below.count && status == IMPASTO_OK; i++) {
        status = add_folder(to, left.below.item[i].content, root, &why);
        if (status == IMPASTO_ERROR_INPUT) {
            cli_console_log(to->console, IMPASTO_LOG_WARNING, why.message);
            status = IMPASTO_OK;
        } else if (status != IMPASTO_OK) {
            *error = why;
        }
    }
    cli_batch_list_free(&left.below);
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
    const int descriptor = strcmp(path, "-") == 0 ? IMP_OS_STDIN : imp_os_open(path, IMP_OS_READ);
    size_t capacity = 0;
    ptrdiff_t got = 1;
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
        got = imp_os_read(descriptor, *bytes + *size, capacity - *size - 1);
        if (got > 0)
            *size += (size_t)got;
        else if (got < 0 && errno == EINTR)
            got = 1;
    }
    const int problem = errno;
    if (descriptor != IMP_OS_STDIN)
        imp_os_close(descriptor);
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
    return add(to->list, path, strlen(path), error);
}

static enum impasto_status add_path(void *user, const char *path, struct impasto_error *error)
{
    struct gathering *to = user;
    return imp_os_is_folder(path) ? add_folder(to, path, strlen(path), error)
                                  : add_named(to, path, error);
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
                   ? cli_fail(
                         error, IMPASTO_ERROR_INPUT,
                         "standard input: is no list of pictures, which has a path in each line, "
                         "or zeros between them")
                   : add(to->list, path, strlen(path), error);
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

/* The files that a pattern fits, which no shell has seen to: quotes were about it. */
static enum impasto_status add_pattern(struct gathering *to, const char *pattern, bool *found,
                                       struct impasto_error *error)
{
    struct imp_os_paths paths;
    struct leavings left = {0};
    enum impasto_status status = IMPASTO_OK;
    if (!strpbrk(pattern, "*?[{") || !imp_os_find_paths(pattern, &paths))
        return IMPASTO_OK;
    for (size_t i = 0; i < paths.count && status == IMPASTO_OK; i++)
        status = add_found(to, paths.path[i], strlen(paths.path[i]), &left, error);
    imp_os_free_paths(&paths);
    cli_batch_list_free(&left.below);
    left.folders.count = 0; /* nobody has named them */
    tell_leavings(to, pattern, &left);
    *found = true;
    return status;
}

static enum impasto_status add_word(struct gathering *to, const char *word,
                                    struct impasto_error *error)
{
    const bool there = imp_os_is_there(word);
    bool found = false;
    if (imp_os_is_folder(word))
        return add_folder(to, word, strlen(word), error);
    if (strcmp(word, "-") == 0 || (there && !cli_batch_is_picture(word)))
        return add_list(to, word, error);
    const enum impasto_status status = there ? IMPASTO_OK : add_pattern(to, word, &found, error);
    if (status != IMPASTO_OK || found)
        return status;
    return add_named(to, word, error); /* also where it is not there: that is its failure */
}

static enum impasto_status add_words(struct gathering *to, const struct cli_settings *settings,
                                     struct impasto_error *error)
{
    enum impasto_status status = IMPASTO_OK;
    for (int i = 0; i < settings->batch.count && status == IMPASTO_OK; i++)
        status = add_word(to, settings->batch.item[i], error);
    for (int i = 0; i < settings->word_count && status == IMPASTO_OK; i++)
        status = add_word(to, settings->words[i].text, error);
    return status;
}

enum impasto_status cli_batch_contents(const struct cli_settings *settings,
                                       struct cli_batch_list *list, struct cli_console *console,
                                       struct impasto_error *error)
{
    struct gathering to = {.list = list, .console = console, .recursive = settings->recursive};
    const enum impasto_status status = add_words(&to, settings, error);
    free(to.visited);
    if (status != IMPASTO_OK)
        return status;
    if (to.named.count > 0)
        tell(&to, "%zu of the pictures named %s of Impasto %s: %s", to.named.count,
             to.named.count > 1 ? "are results" : "is a result",
             to.named.count > 1 ? "themselves" : "itself", to.named.names);
    if (list->count > 0)
        return IMPASTO_OK;
    const bool batch = settings->batch.count > 0;
    return cli_fail(error, IMPASTO_ERROR_INPUT, "%sno pictures in %s%s", batch ? "--batch: " : "",
                    name_of_list(batch ? settings->batch.item[0] : settings->words[0].text),
                    to.left_out > 0 ? " but results of Impasto; name one itself to paint it"
                                    : "; name pictures, a folder that has some, or a text file "
                                      "with a picture's path in each line");
}
