/* SPDX-License-Identifier: MIT */
#ifndef CLI_BATCH_H
#define CLI_BATCH_H

/* Many pictures: which they are, and where their results go. */

#include "cli/options/options.h"

struct cli_console;

enum cli_batch_state {
    CLI_BATCH_WAITING,
    CLI_BATCH_PAINTED,
    CLI_BATCH_THERE,
    CLI_BATCH_BUSY,
    CLI_BATCH_FAILED,
    CLI_BATCH_STATES
};

struct cli_batch_item {
    char *content, *output;
    size_t root;   /* bytes of the content's path that {path} leaves out */
    size_t number; /* its place in the list, from 1 on */
    bool whole;    /* its result's name keeps its extension */
    enum cli_batch_state state;
    enum impasto_status status; /* CLI_BATCH_FAILED: why */
    char *message;
};

struct cli_batch_list {
    struct cli_batch_item *item;
    size_t count, capacity;
};

/*
 * Fills an empty list, to be freed in any case: every picture that --batch names, with its output
 * after the pattern of -o. An output of the batch is no content, so a folder may hold earlier
 * results. IMPASTO_ERROR_USAGE: two would have one output, or outputs would be numbered with a
 * folder's pictures and lie among them; else as cli_batch_contents.
 */
enum impasto_status cli_batch_list(const struct cli_settings *settings, struct cli_batch_list *list,
                                   struct cli_console *console, struct impasto_error *error);
void cli_batch_list_free(struct cli_batch_list *list);
/* Takes items out: those for which `dropped` is true. */
void cli_batch_list_drop(struct cli_batch_list *list, const bool *dropped);

/* ---- folders.c ------------------------------------------------------------------------- */

/* Makes folders of results that are missing, and says so. IMPASTO_ERROR_OUTPUT: nothing could be
 * written to one of them. */
enum impasto_status cli_batch_folders(const struct cli_settings *settings,
                                      const struct cli_batch_list *list,
                                      struct cli_console *console, struct impasto_error *error);

/* ---- contents.c ------------------------------------------------------------------------ */

/*
 * Adds the pictures that --batch names, in the order of its words and by name within a folder, and
 * tells what is passed over. IMPASTO_ERROR_INPUT: a folder or list that cannot be read, or no
 * pictures; _MEMORY; _INTERRUPTED: a signal came while a list was read.
 */
enum impasto_status cli_batch_contents(const struct cli_settings *settings,
                                       struct cli_batch_list *list, struct cli_console *console,
                                       struct impasto_error *error);
/* By its name, or its bytes, as in single runs: what only claims to be a picture is one that fails.
 */
bool cli_batch_is_picture(const char *path);

/* ---- words.c --------------------------------------------------------------------------- */

/* With --batch: tells which of the words are styles, gives them, and leaves the contents.
 * IMPASTO_ERROR_USAGE where they look as if a shell had made many words of one, and contents would
 * be styles. */
enum impasto_status cli_batch_words(struct cli_settings *settings, struct impasto_error *error);

/* ---- list_text.c ----------------------------------------------------------------------------- */

/* The most bytes of a list of pictures: half a million long paths. */
#define CLI_LIST_BYTES_MOST (64u << 20)

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
