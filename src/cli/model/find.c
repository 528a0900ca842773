/* SPDX-License-Identifier: MIT */
/* What MODEL is on a command line: a file, the name of an installed model, or of a style that the
 * model which comes with Impasto has. */

#include "base/os.h"
#include "cli/model/model.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST_NAME 255 /* of a file, bytes, wherever Impasto runs */

/* ---- One by its name ------------------------------------------------------------------------- */

struct search {
    const char *file;
    char *found;
};

/* Beside where weights are looked for. */
static void look_beside(void *user, const char *path, bool is_there)
{
    struct search *search = user;
    char *folder = search->found ? NULL : imp_os_folder(path);
    char *file = folder ? imp_os_join(folder, search->file) : NULL;
    (void)is_there;
    free(folder);
    if (file && imp_os_is_file(file))
        search->found = file;
    else
        free(file);
}

char *cli_model_installed(const char *name)
{
    char file[LONGEST_NAME + 1], shipped[PATH_MAX];
    struct search search = {.file = file};
    if ((size_t)snprintf(file, sizeof(file), "%s" CLI_MODEL_ENDING, name) >= sizeof(file) ||
        imp_os_name(file) != file)
        return NULL;
    impasto_weights_places(look_beside, &search);
    if (!search.found && cli_find_shipped(file, shipped, sizeof(shipped)))
        search.found = strdup(shipped);
    return search.found;
}

/* ---- All that are installed ------------------------------------------------------------------ */

struct listing {
    cli_model_tell_fn tell;
    void *user;
    const char *shipped; /* a model that came with the program; "": none is there */
    bool shipped_told;
};

static bool is_model(const char *name)
{
    const size_t length = strlen(name), ending = strlen(CLI_MODEL_ENDING);
    return length > ending && strcmp(name + length - ending, CLI_MODEL_ENDING) == 0;
}

static void tell_of(struct listing *listing, const char *folder)
{
    struct imp_os_entries *entries = imp_os_open_folder(folder);
    const char *name;
    while (entries && (name = imp_os_next_name(entries))) {
        char *path = is_model(name) ? imp_os_join(folder, name) : NULL;
        if (path)
            listing->tell(listing->user, path);
        listing->shipped_told |= path && cli_same_file(path, listing->shipped);
        free(path);
    }
    if (entries)
        imp_os_close_folder(entries);
}

static void tell_beside(void *user, const char *path, bool is_there)
{
    char *folder = imp_os_folder(path);
    (void)is_there;
    if (folder)
        tell_of(user, folder);
    free(folder);
}

void cli_model_tell_installed(cli_model_tell_fn tell, void *user)
{
    char shipped[PATH_MAX];
    struct listing listing = {.tell = tell, .user = user, .shipped = shipped};
    if (!cli_find_shipped(CLI_MODEL_USUAL CLI_MODEL_ENDING, shipped, sizeof(shipped)))
        shipped[0] = '\0';
    impasto_weights_places(tell_beside, &listing);
    /* As it is installed, the program's folder is one of those. */
    if (shipped[0] && !listing.shipped_told)
        tell_beside(&listing, shipped, true);
}

/* ---- What a word means ----------------------------------------------------------------------- */

void cli_model_advise(const struct impasto_model_info *info, const char *name, char *advice,
                      size_t size)
{
    const char *meant = cli_nearest(name, strlen(name), info->styles, info->style_count);
    size_t length = (size_t)snprintf(advice, size, "%s%s%s", meant ? "did you mean " : "it has ",
                                     meant ? meant : "", meant ? "?" : "");
    for (size_t i = 0; !meant && i < info->style_count && length < size; i++)
        length += (size_t)snprintf(advice + length, size - length, "%s%s", i ? ", " : "",
                                   info->styles[i]);
}

/* A style of the model that came with Impasto. */
static enum impasto_status open_by_style(const char *name, struct impasto_model **model, int *style,
                                         struct impasto_error *error)
{
    char advice[600], *path = cli_model_installed(CLI_MODEL_USUAL);
    if (!path)
        return impasto_model_open(name, model, error); /* which says that there is no such file */
    const enum impasto_status status = impasto_model_open(path, model, error);
    free(path);
    if (status != IMPASTO_OK)
        return status;
    *style = impasto_model_style(*model, name);
    if (*style >= 0)
        return IMPASTO_OK;
    cli_model_advise(impasto_model_info(*model), name, advice, sizeof(advice));
    impasto_model_close(model);
    return cli_fail(error, IMPASTO_ERROR_WEIGHTS,
                    "%s: neither a file nor an installed model, nor a style of %s; %s", name,
                    CLI_MODEL_USUAL, advice);
}

/* Whether a word can be nothing but a file's. */
static bool is_path(const char *word)
{
    return imp_os_is_there(word) || imp_os_name(word) != word || is_model(word);
}

enum impasto_status cli_model_open(const char *word, struct impasto_model **model, int *style,
                                   struct impasto_error *error)
{
    char *installed = NULL;
    *style = -1;
    if (is_path(word))
        return impasto_model_open(word, model, error);
    if (!(installed = cli_model_installed(word)))
        return open_by_style(word, model, style, error);
    const enum impasto_status status = impasto_model_open(installed, model, error);
    free(installed);
    return status;
}
