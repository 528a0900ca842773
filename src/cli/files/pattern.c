/* SPDX-License-Identifier: MIT */
/* Names of results with placeholders in them: "painted/{content}-{style}.png". */

#include "base/os.h"
#include "cli/files/files.h"
#include "cli/options/table.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST 32 /* bytes of a word in braces that is looked at */

enum { CONTENT, STYLE, FOLDER, EXT, PATH, NUMBER, PLACEHOLDERS };
static const char *const names[PLACEHOLDERS] = {"content", "style", "folder",
                                                "ext",     "path",  "number"};
/* The first ones, which mean something in a single run as well. */
#define SINGLE PATH

/* The length of the word in the braces that the pattern begins with; -1: there are none. */
static int word_length(const char *pattern)
{
    if (pattern[0] != '{')
        return -1;
    const size_t length = strcspn(pattern + 1, "{}/");
    return pattern[1 + length] == '}' && length < LONGEST ? (int)length : -1;
}

/* Which placeholder the pattern begins with; PLACEHOLDERS: none. */
static int placeholder(const char *pattern)
{
    const int length = word_length(pattern);
    int i = 0;
    while (i < PLACEHOLDERS &&
           (length != (int)strlen(names[i]) || strncmp(pattern + 1, names[i], (size_t)length) != 0))
        i++;
    return i;
}

/* ---- What was meant -------------------------------------------------------------------------- */

/* The placeholder that a word in braces was probably meant to be; NULL: none. */
static const char *meant_by(const char *word, int length)
{
    char lower[LONGEST];
    for (int i = 0; i < length; i++)
        lower[i] = (char)tolower((unsigned char)word[i]);
    lower[length] = 0;
    return length > 1 ? cli_nearest(lower, (size_t)length, names, PLACEHOLDERS) : NULL;
}

/* Whether it looks like a name at all; braces may also be a part of a file's name. */
static bool is_name(const char *word, int length)
{
    for (int i = 0; i < length; i++)
        if (!isalpha((unsigned char)word[i]) && !strchr("_- .", word[i]))
            return false;
    return true;
}

static enum impasto_status refuse(const char *word, int length, bool batch,
                                  struct impasto_error *error)
{
    const char *meant = meant_by(word, length);
    if (meant)
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "-o: {%.*s} is no placeholder; did you mean {%s}? {{ stands for a brace",
                        length, word, meant);
    return cli_fail(
        error, IMPASTO_ERROR_USAGE,
        "-o: {%.*s} is no placeholder; there are {content}, {style}, {folder}, {ext}%s; "
        "{{ stands for a brace",
        length, word, batch ? ", {path} and {number}" : "");
}

enum impasto_status cli_pattern_check(const char *pattern, bool batch, struct impasto_error *error)
{
    for (; *pattern; pattern++) {
        const int which = placeholder(pattern), length = word_length(pattern);
        if (pattern[0] == '{' && pattern[1] == '{') {
            pattern++;
        } else if (which < PLACEHOLDERS && which >= SINGLE && !batch) {
            return cli_fail(error, IMPASTO_ERROR_USAGE, "-o: {%s} goes with --batch", names[which]);
        } else if (which == PLACEHOLDERS && length >= 0 &&
                   (batch ? is_name(pattern + 1, length) : meant_by(pattern + 1, length) != NULL)) {
            return refuse(pattern + 1, length, batch, error);
        }
    }
    return IMPASTO_OK;
}

bool cli_pattern_has(const char *pattern, const char *name)
{
    for (; *pattern; pattern++) {
        const int which = placeholder(pattern);
        if (pattern[0] == '{' && pattern[1] == '{')
            pattern++;
        else if (which < PLACEHOLDERS && strcmp(names[which], name) == 0)
            return true;
    }
    return false;
}

/* ---- What they stand for --------------------------------------------------------------------- */

static const char *extension_of(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && dot != name ? dot + 1 : name + strlen(name);
}

static void put_stem(FILE *out, const char *path)
{
    const char *name = cli_file_name(path), *extension = extension_of(name);
    fprintf(out, "%.*s", (int)(extension - name) - (*extension ? 1 : 0), name);
}

/* The folder of `path`, from `root` bytes on; "." where that is none. */
static void put_folder(FILE *out, const char *path, size_t root)
{
    const size_t folder = (size_t)(cli_file_name(path) - path);
    while (root < folder && root > 0 && path[root] == '/')
        root++;
    const size_t length = folder > root ? folder - root : 0;
    fprintf(out, "%.*s", length > 1 ? (int)length - 1 : 1, length ? path + root : ".");
}

/* Writes what the pattern begins with, a placeholder or a character; returns its length. */
static size_t put(FILE *out, const char *pattern, const struct cli_naming *naming)
{
    const int which = placeholder(pattern);
    switch (which) {
    case CONTENT:
        if (naming->whole)
            fputs(cli_file_name(naming->content), out);
        else
            put_stem(out, naming->content);
        break;
    case STYLE:
        put_stem(out, naming->style);
        break;
    case FOLDER:
        put_folder(out, naming->content, 0);
        break;
    case PATH:
        /* Directly in the folder of the batch there is none, and no slash behind it. */
        if (pattern[6] == '/' &&
            (size_t)(cli_file_name(naming->content) - naming->content) <= naming->root + 1)
            return 7;
        put_folder(out, naming->content, naming->root);
        break;
    case EXT:
        fputs(extension_of(cli_file_name(naming->content)), out);
        break;
    case NUMBER:
        fprintf(out, "%04zu", naming->number);
        break;
    default:
        fputc(pattern[0], out);
        return pattern[0] == '{' && pattern[1] == '{' ? 2 : 1;
    }
    return strlen(names[which]) + 2;
}

char *cli_pattern_expand(const char *pattern, const struct cli_naming *naming)
{
    struct imp_os_memory name;
    if (!imp_os_memory_open(&name))
        return NULL;
    while (*pattern)
        pattern += put(name.stream, pattern, naming);
    if (imp_os_memory_close(&name))
        return name.bytes;
    free(name.bytes);
    return NULL;
}
