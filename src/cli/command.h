/* SPDX-License-Identifier: MIT */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

/* Commands beside painting: their words as rows, from which command.c reads a command line and
 * writes a help page, and docs/ the manual and the completions. */

#include "cli/table.h"

/* A command line that has been read. */
struct cli_call {
    const struct cli_command *command;
    char name[64]; /* as its user calls it: "weights fetch" */
    const char *const *operands;
    size_t operand_count;
    void *options;                 /* the command's own struct, zeroed but for what was given */
    struct cli_settings *settings; /* what options that it shares with painting have given */
};

typedef enum impasto_status (*cli_command_fn)(const struct cli_call *call,
                                              struct impasto_error *error);

struct cli_command {
    const char *name;
    const char *summary;  /* for lists of commands: no capital, no stop */
    const char *help;     /* what its page says below the usage; whole sentences */
    const char *operands; /* as in a usage: "FILE..."; NULL: it takes none */
    size_t least, most;   /* how many */
    /* Options. Their own have offsets in the command's struct, which has `size` bytes. */
    const struct cli_option *rows;
    size_t row_count, size;
    const char *shared; /* those of painting that it takes as well, between spaces; NULL: none */
    /* Commands below it, one of which must be named; then it has nothing of the above but names. */
    const struct cli_command *parts;
    size_t part_count;
    cli_command_fn run;
};

/* The command of this name in a list; NULL: there is none. */
const struct cli_command *cli_command_find(const struct cli_command *commands, size_t count,
                                           const char *name);

/* The command's options one after the other, its own first: begins with *at = 0; NULL ends them.
 * own: whether it is one of the command's. */
const struct cli_option *cli_command_option(const struct cli_command *command, size_t *at,
                                            bool *own);

/* Reads the words behind the command's name and does what they say. settings: for what the command
 * shares with painting, and released by whoever gives them. */
enum impasto_status cli_command_run(const struct cli_command *command, int argc, char **argv,
                                    struct cli_settings *settings, struct impasto_error *error);

#endif
