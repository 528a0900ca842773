/* SPDX-License-Identifier: MIT */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

/* Text files as people's editors and other programs write them. */

#include "cli/options.h"

/* The most bytes of a list of pictures: half a million long paths. */
#define CLI_LIST_BYTES_MOST (64u << 20)

/*
 * Makes UTF-8 of a text's bytes: without the mark that Windows' editors put before it, and out of
 * UTF-16, which is known by its mark or by its zeros. Other bytes stay as they are. *text, from
 * malloc, and *size are replaced; a zero follows the text. name: the file, for IMPASTO_ERROR_INPUT
 * where it is UTF-32 or unsound UTF-16; _MEMORY.
 */
enum impasto_status cli_text_decode(const char *name, char **text, size_t *size,
                                    struct impasto_error *error);

/* Whether bytes may be a text or a list between zeros: no other control characters are in them. */
bool cli_text_is_plain(const char *text, size_t size);

/* What is done with each path of a list. Anything but IMPASTO_OK ends the list. */
typedef enum impasto_status (*cli_path_fn)(void *user, const char *path,
                                           struct impasto_error *error);
/*
 * Visits the paths in a list, which is overwritten. Where there is a zero in it, as from find
 * -print0, zeros part the paths, and nothing else has a meaning. Otherwise each line has one: as it
 * stands, if that is a file's name, or without blanks around it, quotes around it, "file://" and
 * its percent signs before it, "~/" for the home. Empty lines say nothing, nor do those that begin
 * with '#', unless there is such a file. text[size] is 0.
 */
enum impasto_status cli_list_visit(char *text, size_t size, cli_path_fn visit, void *user,
                                   struct impasto_error *error);

#endif
