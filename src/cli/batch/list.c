/* SPDX-License-Identifier: MIT */
/* Decides where the result of each content of --batch goes. */

#include "base/os.h"
#include "cli/files/files.h"
#include "cli/batch/batch.h"
#include "cli/terminal/terminal.h"

#include <stdlib.h>
#include <string.h>

/* ---- Where to -------------------------------------------------------------------------------- */

#define USUAL_PATTERN "{folder}/{content}-{style}"
/* Before the last part of a pattern, where pictures of several folders would go to one. */
#define PATH_PART "{path}/"

/* The pattern in force, a new string; NULL: out of memory. */
static char *pattern_of(const struct cli_settings *s)
{
    char usual[sizeof(USUAL_PATTERN) + 16];
    snprintf(usual, sizeof(usual), USUAL_PATTERN "%s", cli_usual_ending(s));
    char *given = cli_output_pattern(s, s->output ? s->output : usual);
    if (!given)
        return NULL;
    const bool apart = !s->recursive || cli_pattern_has(given, "folder") ||
                       cli_pattern_has(given, "path") || cli_pattern_has(given, "number");
    const int folder = (int)(cli_file_name(given) - given);
    const size_t size = strlen(given) + sizeof(PATH_PART);
    char *pattern = malloc(size);
    if (pattern)
        snprintf(pattern, size, "%.*s%s%s", folder, given, apart ? "" : PATH_PART, given + folder);
    free(given);
    return pattern;
}

/* Of two with the same output, the one that was named first comes first. */
static int by_output(const void *a, const void *b)
{
    const struct cli_batch_item *const *x = a, *const *y = b;
    const int order = strcmp((*x)->output, (*y)->output);
    return order ? order : (*x > *y) - (*x < *y);
}

/* Marks what has been named twice; refuses two pictures that would have one output. sorted: by
 * output. */
static enum impasto_status find_twice(struct cli_batch_item **sorted, size_t count,
                                      const struct cli_batch_item *items, bool *twice,
                                      struct impasto_error *error)
{
    for (size_t i = 1, first = 0; i < count; i++) {
        if (strcmp(sorted[first]->output, sorted[i]->output) != 0)
            first = i;
        else if (cli_same_file(sorted[first]->content, sorted[i]->content))
            twice[sorted[i] - items] = true;
        else
            return cli_fail(error, IMPASTO_ERROR_USAGE,
                            "-o: %s and %s would both be %s; let the pattern have {content}, "
                            "{folder}, {path} or {number}",
                            sorted[first]->content, sorted[i]->content, sorted[i]->output);
    }
    return IMPASTO_OK;
}

/* Refuses outputs that would overwrite one another, and contents. */
static enum impasto_status check_outputs(struct cli_batch_list *list, struct impasto_error *error)
{
    if (list->count == 0)
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "-o: each result would take the place of another picture; let the pattern "
                        "have {style}");
    struct cli_batch_item **sorted = malloc(list->count * sizeof(*sorted));
    bool *twice = calloc(list->count, sizeof(*twice));
    enum impasto_status status = sorted && twice ? IMPASTO_OK : cli_fail_memory(error, "the batch");
    for (size_t i = 0; sorted && i < list->count; i++)
        sorted[i] = &list->item[i];
    if (status == IMPASTO_OK) {
        qsort(sorted, list->count, sizeof(*sorted), by_output);
        status = find_twice(sorted, list->count, list->item, twice, error);
    }
    if (status == IMPASTO_OK)
        cli_batch_list_drop(list, twice);
    free(sorted);
    free(twice);
    return status;
}

/* What a path leads to. */
struct place {
    struct imp_os_about about;
    bool there; /* else about is all zeros, and the path has to do */
    const char *path;
    size_t item;
};

static struct place place_of(const char *path, size_t item)
{
    struct place place = {.path = path, .item = item};
    place.there = imp_os_look(path, &place.about);
    return place;
}

static int by_place(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    const int order = imp_os_order(&x->about, &y->about);
    return order != 0 || x->there ? order : strcmp(x->path, y->path);
}

/* Whether a content is where another item's output goes. outputs: sorted by place. */
static bool is_result(const struct place *content, const struct place *outputs, size_t count)
{
    const struct place *same = bsearch(content, outputs, count, sizeof(*outputs), by_place);
    return same &&
           (same->item != content->item || (same > outputs && by_place(same - 1, content) == 0) ||
            (same + 1 < outputs + count && by_place(same + 1, content) == 0));
}

/* A folder's earlier results are no contents: an output of this batch is not painted itself. */
static enum impasto_status drop_results(struct cli_batch_list *list, struct impasto_error *error)
{
    struct place *contents = malloc(list->count * sizeof(*contents));
    struct place *outputs = malloc(list->count * sizeof(*outputs));
    bool *dropped = calloc(list->count, sizeof(*dropped));
    const bool room = contents && outputs && dropped;
    for (size_t i = 0; room && i < list->count; i++) {
        contents[i] = place_of(list->item[i].content, i);
        outputs[i] = place_of(list->item[i].output, i);
    }
    if (room)
        qsort(outputs, list->count, sizeof(*outputs), by_place);
    /* First all comparisons, which look at the items' paths, then the items. */
    for (size_t i = 0; room && i < list->count; i++)
        dropped[i] = is_result(&contents[i], outputs, list->count);
    if (room)
        cli_batch_list_drop(list, dropped);
    free(contents);
    free(outputs);
    free(dropped);
    return room ? IMPASTO_OK : cli_fail_memory(error, "the batch");
}

/* What outputs are named by. */
struct naming {
    char *pattern;
    struct cli_spec style;
};

static enum impasto_status name_output(const struct naming *by, struct cli_batch_item *item,
                                       struct impasto_error *error)
{
    const struct cli_naming naming = {.content = item->content,
                                      .style = by->style.path,
                                      .root = item->root,
                                      .number = item->number,
                                      .whole = item->whole};
    free(item->output);
    item->output = cli_pattern_expand(by->pattern, &naming);
    return item->output ? IMPASTO_OK : cli_fail_memory(error, "the batch");
}

static enum impasto_status name_outputs(struct cli_batch_list *list, const struct naming *by,
                                        struct impasto_error *error)
{
    enum impasto_status status = IMPASTO_OK;
    for (size_t i = 0; i < list->count && status == IMPASTO_OK; i++) {
        list->item[i].number = i + 1;
        status = name_output(by, &list->item[i], error);
    }
    return status;
}

/* Marks pictures that would have one output and may be told apart by their extensions; how many. */
static size_t find_clashes(struct cli_batch_item **sorted, size_t count)
{
    size_t found = 0;
    for (size_t i = 1; i < count; i++) {
        struct cli_batch_item *a = sorted[i - 1], *b = sorted[i];
        if (strcmp(a->output, b->output) != 0 || cli_same_file(a->content, b->content))
            continue;
        found += (size_t)!a->whole + (size_t)!b->whole;
        a->whole = b->whole = true;
    }
    return found;
}

/* x.jpg and x.png become x.jpg-style.png and x.png-style.png: by themselves, and each time anew. */
static enum impasto_status tell_apart(struct cli_batch_list *list, const struct naming *by,
                                      struct cli_console *console, struct impasto_error *error)
{
    struct cli_batch_item **sorted = malloc(list->count * sizeof(*sorted));
    enum impasto_status status = sorted ? IMPASTO_OK : cli_fail_memory(error, "the batch");
    size_t clashes = 0;
    char line[160];
    for (size_t found = 1; found > 0 && status == IMPASTO_OK; clashes += found) {
        for (size_t i = 0; i < list->count; i++)
            sorted[i] = &list->item[i];
        qsort(sorted, list->count, sizeof(*sorted), by_output);
        found = find_clashes(sorted, list->count);
        for (size_t i = 0; i < list->count && found > 0 && status == IMPASTO_OK; i++)
            if (list->item[i].whole)
                status = name_output(by, &list->item[i], error);
    }
    free(sorted);
    snprintf(line, sizeof(line),
             "%zu pictures have the names of others but for their extensions, "
             "which their results keep",
             clashes);
    if (clashes > 0 && status == IMPASTO_OK)
        cli_console_log(console, IMPASTO_LOG_INFO, line);
    return status;
}

/* Whether a file is, or would be, in that folder. */
static bool is_in_folder(const char *path, const char *folder)
{
    char *parent = imp_os_folder(path);
    const bool same = parent && cli_same_file(parent, folder);
    free(parent);
    return same;
}

static enum impasto_status check_folder(const struct cli_batch_list *list, const char *folder,
                                        struct impasto_error *error)
{
    for (size_t i = 0; imp_os_is_folder(folder) && i < list->count; i++)
        if (is_in_folder(list->item[i].output, folder))
            return cli_fail(error, IMPASTO_ERROR_USAGE,
                            "-o: {number} would count the results in %s the next time; let the "
                            "pattern name another folder, or have {content} for {number}",
                            folder);
    return IMPASTO_OK;
}

/* What {number} stands for depends on the other pictures of a folder. Earlier results among them
 * would be counted as well: each run would find new names to paint, and none would be the last. */
static enum impasto_status check_numbers(const struct cli_batch_list *list,
                                         const struct cli_settings *s, struct impasto_error *error)
{
    enum impasto_status status = IMPASTO_OK;
    if (!s->output || !cli_pattern_has(s->output, "number"))
        return IMPASTO_OK;
    for (int i = 0; i < s->batch.count && status == IMPASTO_OK; i++)
        status = check_folder(list, s->batch.item[i], error);
    for (int i = 0; i < s->word_count && status == IMPASTO_OK; i++)
        status = check_folder(list, s->words[i].text, error);
    return status;
}

static enum impasto_status find_outputs(const struct cli_settings *settings,
                                        struct cli_batch_list *list, const struct naming *by,
                                        struct cli_console *console, struct impasto_error *error)
{
    enum impasto_status status = name_outputs(list, by, error);
    if (status == IMPASTO_OK)
        status = check_numbers(list, settings, error);
    if (status == IMPASTO_OK)
        status = drop_results(list, error);
    if (status == IMPASTO_OK && cli_pattern_has(by->pattern, "content"))
        status = tell_apart(list, by, console, error);
    /* Those that have got other names. */
    if (status == IMPASTO_OK)
        status = drop_results(list, error);
    return status == IMPASTO_OK ? check_outputs(list, error) : status;
}

enum impasto_status cli_batch_list(const struct cli_settings *settings, struct cli_batch_list *list,
                                   struct cli_console *console, struct impasto_error *error)
{
    struct naming by = {.pattern = pattern_of(settings)};
    enum impasto_status status = by.pattern ? cli_pattern_check(by.pattern, true, error)
                                            : cli_fail_memory(error, "the batch");
    if (status == IMPASTO_OK)
        status = cli_batch_contents(settings, list, console, error);
    if (status == IMPASTO_OK)
        status = cli_spec_read(settings->styles.item[0], true, &by.style, error);
    if (status == IMPASTO_OK)
        status = find_outputs(settings, list, &by, console, error);
    free(by.style.path);
    free(by.pattern);
    return status;
}
