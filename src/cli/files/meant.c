/* SPDX-License-Identifier: MIT */
/* Finds words that were meant for something else than a file. They are refused before any work. */

#include "base/os.h"
#include "cli/files/files.h"
#include "cli/options/table.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST_WORD 32

/* ---- What follows a file's name -------------------------------------------------------------- */

/* What may follow the name in a picture's word. */
struct manner {
    const char *option; /* NULL: it is named without one */
    bool weighted, keyed;
};

static enum impasto_status bad_tail(const struct manner *manner, const char *word, size_t length,
                                    struct impasto_error *error)
{
    const bool weight = word[length] == ':';
    const char *tail = word + length + 1;
    const char *option = manner->option ? manner->option : "style";
    if (!(weight ? manner->weighted : manner->keyed))
        return cli_fail(error, IMPASTO_ERROR_USAGE, "%s: --%s takes no %s; leave '%s' out", word,
                        option, weight ? "weight" : "colour", word + length);
    return weight
               ? cli_fail(error, IMPASTO_ERROR_USAGE,
                          "%s: '%s' is no weight, which is a number above 0 with a point: %.*s:0.5",
                          word, tail, (int)length, word)
               : cli_fail(error, IMPASTO_ERROR_USAGE,
                          "%s: '%s' is no colour, which is six hexadecimal digits: %.*s#ff0000",
                          word, tail, (int)length, word);
}

/* A file's name, and behind it something that was meant for a weight or a colour. */
static enum impasto_status check_tail(const struct manner *manner, const char *word,
                                      struct impasto_error *error)
{
    struct cli_spec spec;
    enum impasto_status status = cli_spec_read(word, manner->weighted, &spec, error);
    const bool sound =
        status == IMPASTO_OK && imp_os_is_there(spec.path) && (!spec.keyed || manner->keyed);
    free(spec.path);
    if (status != IMPASTO_OK || sound)
        return status;
    /* The shortest beginning that is a file. */
    for (size_t i = strcspn(word, ":#"); word[i] && status == IMPASTO_OK;
         i += 1 + strcspn(word + i + 1, ":#")) {
        char *path = imp_os_copy_start(word, i);
        if (path && i > 0 && imp_os_is_there(path))
            status = bad_tail(manner, word, i, error);
        free(path);
    }
    return status;
}

static enum impasto_status check_tails(const struct manner *manner, const struct cli_list *list,
                                       struct impasto_error *error)
{
    enum impasto_status status = IMPASTO_OK;
    for (int i = 0; i < list->count && status == IMPASTO_OK; i++)
        status = check_tail(manner, list->item[i], error);
    return status;
}

/* ---- Words among which a file may be named --------------------------------------------------- */

static bool looks_like_word(const char *text)
{
    return strlen(text) < LONGEST_WORD && !strpbrk(text, "./:#\\");
}

/* The words of an option's operand; returns how many. */
static size_t words_of(const struct cli_option *option, char words[][LONGEST_WORD], size_t most,
                       char *list, size_t size)
{
    struct cli_alternative alternative = {0};
    size_t count = 0, used = 0;
    list[0] = 0;
    while (count < most && cli_next_alternative(option, &alternative))
        if (!alternative.placeholder && used < size) {
            snprintf(words[count], LONGEST_WORD, "%.*s", (int)alternative.length, alternative.text);
            used += (size_t)snprintf(list + used, size - used, "%s, ", words[count++]);
        }
    return count;
}

static enum impasto_status check_word(const struct cli_option *option, const char *text,
                                      struct impasto_error *error)
{
    char words[8][LONGEST_WORD], lower[LONGEST_WORD], list[8 * LONGEST_WORD];
    const char *names[8];
    if (!text || !cli_is_file(option, text) || !looks_like_word(text) || imp_os_is_there(text))
        return IMPASTO_OK;
    const size_t count = words_of(option, words, 8, list, sizeof(list));
    if (count == 0 && imp_os_compare(text, "none") == 0)
        return cli_fail(error, IMPASTO_ERROR_USAGE, "--%s: '%s' is no file; leave the option out",
                        option->name, text);
    if (count == 0)
        return IMPASTO_OK;
    for (size_t i = 0; i < count; i++)
        names[i] = words[i];
    for (size_t i = 0; i <= strlen(text); i++)
        lower[i] = (char)tolower((unsigned char)text[i]);
    const char *meant = cli_nearest(lower, strlen(lower), names, count);
    return meant ? cli_fail(error, IMPASTO_ERROR_USAGE,
                            "--%s: there is no file '%s'; did you mean %s?", option->name, text,
                            meant)
                 : cli_fail(error, IMPASTO_ERROR_USAGE,
                            "--%s: '%s' is not %sor a file that is here", option->name, text, list);
}

struct checking {
    enum impasto_status status;
    struct impasto_error *error;
};

static void check_option(void *user, const struct cli_option *option, const struct cli_value *value)
{
    struct checking *checking = user;
    if (checking->status != IMPASTO_OK)
        return;
    if (value->kind == CLI_VALUE_TEXT)
        checking->status = check_word(option, value->text, checking->error);
    for (int i = 0; value->kind == CLI_VALUE_LIST && i < value->list->count; i++)
        if (checking->status == IMPASTO_OK)
            checking->status = check_word(option, value->list->item[i], checking->error);
}

/* ---- Folders --------------------------------------------------------------------------------- */

static enum impasto_status check_folder(const char *path, bool content, struct impasto_error *error)
{
    if (!path || !imp_os_is_folder(path))
        return IMPASTO_OK;
    return cli_fail(error, IMPASTO_ERROR_INPUT, "%s: is a folder, not a picture%s", path,
                    content ? "; --batch paints the pictures in a folder"
                            : "; name one that is in it");
}

const char *cli_meant_device(const char *spec)
{
    static const char *const words[] = {"auto", "gpu", "igpu", "cpu", "accel"};
    const size_t count = sizeof(words) / sizeof(*words);
    for (size_t i = 0; i < count; i++)
        if (strcmp(spec, words[i]) == 0)
            return NULL;
    return spec[strspn(spec, "0123456789")] ? cli_nearest(spec, strlen(spec), words, count) : NULL;
}

enum impasto_status cli_meant_check(const struct cli_settings *s, struct impasto_error *error)
{
    static const struct impasto_params unset; /* of which none is a file */
    static const struct manner style = {.weighted = true};
    static const struct manner content_mask = {"content-mask", .weighted = true, .keyed = true};
    static const struct manner style_mask = {"style-mask", .keyed = true};
    static const struct manner keep = {"keep", .keyed = true};
    struct checking checking = {.error = error};
    cli_visit(s, &unset, check_option, &checking);
    enum impasto_status status = checking.status;
    if (status != IMPASTO_OK || (status = check_folder(s->content, true, error)) ||
        (status = check_tails(&style, &s->styles, error)) ||
        (status = check_tails(&content_mask, &s->content_masks, error)) ||
        (status = check_tails(&style_mask, &s->style_masks, error)))
        return status;
    for (int i = 0; i < s->styles.count && status == IMPASTO_OK; i++)
        status = check_folder(s->styles.item[i], false, error);
    return status == IMPASTO_OK && s->keep ? check_tail(&keep, s->keep, error) : status;
}
