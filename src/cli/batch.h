/* SPDX-License-Identifier: MIT */
#ifndef CLI_BATCH_H
#define CLI_BATCH_H

/* The pictures of a batch. */

#include "cli/options.h"

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
    enum cli_batch_state state;
    enum impasto_status status; /* CLI_BATCH_FAILED: why */
    char *message;
};

struct cli_batch_list {
    struct cli_batch_item *item;
    size_t count, capacity;
};

/*
 * Fills an empty list, to be freed in any case: every picture that --batch names, in the order of
 * its words and by name within a folder, with its output after the pattern of -o. An output of the
 * batch is no content, so a folder may hold earlier results. IMPASTO_ERROR_INPUT: a folder or list
 * that cannot be read, or no pictures; _USAGE: two would have one output, or outputs would be numbered
 * with a folder's pictures and lie among them; _MEMORY; _INTERRUPTED: a signal came while a list was
 * read.
 */
enum impasto_status cli_batch_list(const struct cli_settings *settings, struct cli_batch_list *list,
                                   struct impasto_error *error);
void cli_batch_list_free(struct cli_batch_list *list);

#endif
