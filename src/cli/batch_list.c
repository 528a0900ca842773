/* SPDX-License-Identifier: MIT */
/* What --batch paints: where the result of each content goes. */

#include "cli/batch.h"

#include "cli/pictures.h"
#include "cli/run.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- Where to -------------------------------------------------------------------------------- */

#define USUAL_PATTERN "{folder}/{content}-{style}.png"

static size_t stem_length(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && dot != name ? (size_t)(dot - name) : strlen(name);
}

/* Writes what a placeholder stands for, or, where it is none, its first character; returns how much
 * of the pattern that was. */
static size_t expand(FILE *out, const char *pattern, const struct cli_batch_item *item,
                     size_t number, const char *style)
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

static char *name_output(const char *pattern, const struct cli_batch_item *item, size_t number,
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
                            "{folder} or {number}",
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
    dev_t device; /* 0, and so is inode, where nothing is there: then the path has to do */
    ino_t inode;
    const char *path;
    size_t item;
};

static struct place place_of(const char *path, size_t item)
{
    struct stat info;
    const bool there = stat(path, &info) == 0;
    return (struct place){.device = there ? info.st_dev : 0,
                          .inode = there ? info.st_ino : 0,
                          .path = path,
                          .item = item};
}

static int by_place(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->device != y->device)
        return x->device < y->device ? -1 : 1;
    if (x->inode != y->inode)
        return x->inode < y->inode ? -1 : 1;
    return x->inode ? 0 : strcmp(x->path, y->path);
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

static enum impasto_status name_outputs(struct cli_batch_list *list, const struct cli_settings *s,
                                        struct impasto_error *error)
{
    const char *pattern = s->output ? s->output : USUAL_PATTERN;
    struct cli_spec style;
    enum impasto_status status = cli_spec_read(s->styles.item[0], true, &style, error);
    if (status != IMPASTO_OK)
        return status;
    for (size_t i = 0; i < list->count && status == IMPASTO_OK; i++) {
        struct cli_batch_item *item = &list->item[i];
        item->output = name_output(pattern, item, i + 1, style.path);
        if (!item->output)
            status = cli_fail_memory(error, "the batch");
    }
    free(style.path);
    return status;
}

/* Whether a file is, or would be, in that folder. */
static bool is_in_folder(const char *path, const char *folder)
{
    const size_t length = (size_t)(cli_file_name(path) - path);
    char *parent = length > 0 ? strndup(path, length) : strdup(".");
    const bool same = parent && cli_same_file(parent, folder);
    free(parent);
    return same;
}

/* What {number} stands for depends on the other pictures of a folder. Earlier results among them
 * would be counted as well: each run would find new names to paint, and none would be the last. */
static enum impasto_status check_numbers(const struct cli_batch_list *list,
                                         const struct cli_settings *s, struct impasto_error *error)
{
    if (!s->output || !strstr(s->output, "{number}"))
        return IMPASTO_OK;
    for (int word = 0; word < s->batch.count; word++) {
        const char *folder = s->batch.item[word];
        struct stat info;
        if (stat(folder, &info) != 0 || !S_ISDIR(info.st_mode))
            continue;
        for (size_t i = 0; i < list->count; i++)
            if (is_in_folder(list->item[i].output, folder))
                return cli_fail(error, IMPASTO_ERROR_USAGE,
                                "-o: {number} would count the results in %s the next time; let the "
                                "pattern name another folder, or have {content} for {number}",
                                folder);
    }
    return IMPASTO_OK;
}

enum impasto_status cli_batch_list(const struct cli_settings *settings, struct cli_batch_list *list,
                                   struct cli_console *console, struct impasto_error *error)
{
    enum impasto_status status = cli_batch_contents(settings, list, console, error);
    if (status == IMPASTO_OK)
        status = name_outputs(list, settings, error);
    if (status == IMPASTO_OK)
        status = check_numbers(list, settings, error);
    if (status == IMPASTO_OK)
        status = drop_results(list, error);
    return status == IMPASTO_OK ? check_outputs(list, error) : status;
}
