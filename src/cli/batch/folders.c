/* SPDX-License-Identifier: MIT */
/* Makes the missing folders of a batch's results, before the work. */

#include "base/os.h"
#include "cli/batch/batch.h"
#include "cli/terminal/terminal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct making {
    char *first; /* folder that was made; NULL: none */
    size_t count;
};

static enum impasto_status make(struct making *making, const char *folder,
                                struct impasto_error *error)
{
    /* Another process of the same batch may be faster. */
    if (!imp_os_make_folder(folder, false) && errno != EEXIST)
        return cli_fail_file(error, IMPASTO_ERROR_OUTPUT, folder, "the folder cannot be made",
                             errno);
    if (making->count++ == 0)
        making->first = strdup(folder);
    return IMPASTO_OK;
}

/* Makes the folders of a path that are missing, from `least` bytes of it on. */
static enum impasto_status make_below(struct making *making, char *path, size_t least,
                                      struct impasto_error *error)
{
    enum impasto_status status = IMPASTO_OK;
    for (char *at = path + least; *at && status == IMPASTO_OK; at++) {
        const char separator = *at;
        if (!imp_os_is_separator(separator))
            continue;
        *at = 0;
        if (path[0] && !imp_os_is_there(path))
            status = make(making, path, error);
        *at = separator;
    }
    return status;
}

/* Bytes of a pattern's folders before its first placeholder. Only the last of these folders may be
 * missing: a slip in the others would put results where nobody looks. */
static size_t fixed_length(const char *pattern)
{
    size_t fixed = 0;
    for (size_t i = 0; pattern[i] && pattern[i] != '{'; i++)
        if (imp_os_is_separator(pattern[i]))
            fixed = i + 1;
    return fixed;
}

/* Where the last folder of a path's first `fixed` bytes begins. */
static size_t last_folder(const char *path, size_t fixed)
{
    while (fixed > 0 && imp_os_is_separator(path[fixed - 1]))
        fixed--;
    while (fixed > 0 && !imp_os_is_separator(path[fixed - 1]))
        fixed--;
    return fixed;
}

static size_t folder_length(const char *path)
{
    return (size_t)(cli_file_name(path) - path);
}

static enum impasto_status prepare(struct making *making, const char *output, size_t fixed,
                                   struct impasto_error *error)
{
    char *path = strdup(output);
    if (!path)
        return cli_fail_memory(error, "the batch");
    enum impasto_status status = make_below(making, path, last_folder(path, fixed), error);
    free(path);
    return status == IMPASTO_OK ? impasto_file_check(output, error) : status;
}

enum impasto_status cli_batch_folders(const struct cli_settings *settings,
                                      const struct cli_batch_list *list,
                                      struct cli_console *console, struct impasto_error *error)
{
    struct making making = {0};
    const char *last = NULL;
    char line[1200];
    const size_t fixed = settings->output ? fixed_length(settings->output) : 0;
    enum impasto_status status = IMPASTO_OK;
    for (size_t i = 0; i < list->count && status == IMPASTO_OK; i++) {
        const char *output = list->item[i].output;
        const size_t length = folder_length(output);
        /* Where nothing is to be written, nothing need be writable. */
        if (!settings->overwrite && imp_os_is_there(output))
            continue;
        if (!last || length != folder_length(last) || memcmp(output, last, length) != 0)
            status = prepare(&making, output, fixed, error);
        last = output;
    }
    if (making.count == 1)
        snprintf(line, sizeof(line), "made the folder %s", making.first ? making.first : "");
    else
        snprintf(line, sizeof(line), "made %zu folders for the results, first %s", making.count,
                 making.first ? making.first : "");
    if (making.count > 0)
        cli_console_log(console, IMPASTO_LOG_INFO, line);
    free(making.first);
    return status;
}
