/* SPDX-License-Identifier: MIT */
/* Reads lists of pictures, as people, shells, file managers and other programs write them. */

#include "base/os.h"
#include "cli/batch/batch.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\v' || c == '\f';
}

/* The line without blanks around it, which are cut off. */
static char *trim(char *line)
{
    size_t length = strlen(line);
    while (length > 0 && is_blank(line[length - 1]))
        line[--length] = 0;
    while (is_blank(*line))
        line++;
    return line;
}

/* Cuts off quotes, such as Explorer's "copy as path" and terminals put around a path. */
static char *unquote(char *word)
{
    const size_t length = strlen(word);
    if (length < 3 || (word[0] != '"' && word[0] != '\'') || word[length - 1] != word[0])
        return word;
    word[length - 1] = 0;
    return word + 1;
}

/* The byte that %XX stands for; 0: it is none, or a zero, which no name has. */
static char byte_of(const char *percent)
{
    static const char digits[] = "0123456789abcdef";
    int byte = 0;
    for (int i = 1; i < 3; i++) {
        const char *digit = percent[i] ? strchr(digits, tolower((unsigned char)percent[i])) : NULL;
        if (!digit)
            return 0;
        byte = 16 * byte + (int)(digit - digits);
    }
    return (char)byte;
}

/* The path in an address of this machine's, as file managers copy it; other words stay. */
static char *cut_address(char *word)
{
    static const char *const beginnings[] = {"file://localhost/", "file:///", "file:/"};
    char *path = NULL;
    for (size_t i = 0; i < sizeof(beginnings) / sizeof(*beginnings) && !path; i++)
        if (imp_os_compare_start(word, beginnings[i], strlen(beginnings[i])) == 0)
            path = word + strlen(beginnings[i]) - 1;
    if (!path || path[1] == '/')
        return word;
    char *out = path;
    for (const char *in = path; *in; in++) {
        const char byte = *in == '%' ? byte_of(in) : 0;
        in += byte ? 2 : 0;
        *out++ = byte ? byte : *in;
    }
    *out = 0;
    return path;
}

/* A path in the user's home, to be freed; NULL: it is none, or out of memory. */
static char *home_path(const char *word)
{
    const char *home = imp_os_home();
    if (strncmp(word, "~/", 2) != 0 || !home || !home[0])
        return NULL;
    const size_t size = strlen(home) + strlen(word);
    char *path = malloc(size);
    if (path)
        snprintf(path, size, "%s%s", home, word + 1);
    return path;
}

static enum impasto_status visit_line(char *line, cli_path_fn visit, void *user,
                                      struct impasto_error *error)
{
    if (line[0] == 0 || imp_os_is_there(line))
        return line[0] ? visit(user, line, error) : IMPASTO_OK;
    char *word = trim(line);
    if (word[0] == 0 || (word[0] == '#' && !imp_os_is_there(word)))
        return IMPASTO_OK;
    if (!imp_os_is_there(word))
        word = cut_address(unquote(word));
    char *home = imp_os_is_there(word) ? NULL : home_path(word);
    const enum impasto_status status = visit(user, home ? home : word, error);
    free(home);
    return status;
}

enum impasto_status cli_list_visit(char *text, size_t size, cli_path_fn visit, void *user,
                                   struct impasto_error *error)
{
    const bool zeros = memchr(text, 0, size) != NULL;
    enum impasto_status status = IMPASTO_OK;
    for (char *at = text; at < text + size && status == IMPASTO_OK;) {
        const size_t length = zeros ? strlen(at) : strcspn(at, "\r\n");
        at[length] = 0;
        if (!zeros)
            status = visit_line(at, visit, user, error);
        else if (length > 0)
            status = visit(user, at, error);
        at += length + 1;
    }
    return status;
}
