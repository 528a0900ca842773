/* SPDX-License-Identifier: MIT */
#ifndef CLI_PATTERN_H
#define CLI_PATTERN_H

#include <impasto/impasto.h>

#include <stddef.h>

/*
 * Placeholders in the name of a result: {content} and {style} are those pictures' names without
 * extension, {ext} is the content's extension, {folder} its folder; in a batch, {path} is that
 * folder below the one that the batch names, and {number} counts. Other braces are a part of the
 * name, and "{{" is a brace.
 */
struct cli_naming {
    const char *content, *style; /* their paths */
    size_t root;                 /* bytes of the content's path that {path} leaves out */
    size_t number;
    bool whole; /* {content} keeps its extension, to tell x.jpg from x.png */
};

/* IMPASTO_ERROR_USAGE where a word in braces was meant for a placeholder and is none. */
enum impasto_status cli_pattern_check(const char *pattern, bool batch, struct impasto_error *error);
/* Whether the placeholder of that name is in it. */
bool cli_pattern_has(const char *pattern, const char *name);
/* A new string; NULL: out of memory. */
char *cli_pattern_expand(const char *pattern, const struct cli_naming *naming);

#endif
