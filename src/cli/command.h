/* SPDX-License-Identifier: MIT */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

/* Commands beside painting: their words as rows, from which command.c reads a command line and
 * writes a help page, and docs/ the manual and the completions. */

#include "cli/table.h"

struct cli_command;

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
/* argv[0] is no word, as that of main(). commands: all of them, for the help. */
typedef enum impasto_status (*cli_words_fn)(int argc, char **argv,
                                            const struct cli_command *const *commands,
                                            struct cli_settings *settings,
                                            struct impasto_error *error);

struct cli_command {
    const char *name;
    const char *summary;  /* for lists of commands: no capital, no stop */
    const char *help;     /* what its page says below the usage; whole sentences */
    const char *operands; /* as in a usage: "FILE..."; NULL: it takes none */
    size_t least, most;   /* how many */
    /* Options of its own, whose offsets are in its struct of `size` bytes; NULL ends them, and
     * stands for none. */
    const struct cli_option *const *rows;
    size_t size;
    const char *shared; /* those of painting that it takes as well, between spaces; NULL: none */
    /* Commands below it, one of which must be named: it has nothing else then but texts. */
    const struct cli_command *const *parts; /* NULL ends them, and stands for none */
    cli_command_fn run;
    cli_words_fn words; /* in place of run: reads its words by itself, with painting's options */
};

/* The command of this name in a list; NULL: there is none. */
const struct cli_command *cli_command_find(const struct cli_command *const *commands,
                                           const char *name);

/* Lists the command's options, its own first, and says how many these are. Returns how many there
 * are in all. */
size_t cli_command_options(const struct cli_command *command,
                           const struct cli_option *options[CLI_OPTIONS_MOST], size_t *own);

/* The commands one after the other on a help page. */
void cli_command_list(FILE *stream, const struct cli_command *const *commands);
/* The command whose name `word` was probably meant to be; NULL: none. names: of all of them. */
const char *cli_command_meant(const struct cli_command *const *commands, const char *word);

/* Reads the words behind argv[0] and does what they say. commands: all there are. settings: for
 * what the command shares with painting, and released by whoever gives them. */
enum impasto_status cli_command_run(const struct cli_command *command, int argc, char **argv,
                                    const struct cli_command *const *commands,
                                    struct cli_settings *settings, struct impasto_error *error);

/* ---- help.c ---------------------------------------------------------------------------------- */

/* Painting's help, as much of it as was asked for: one page, all, or one group or option. */
enum impasto_status cli_help(FILE *stream, const struct cli_settings *settings,
                             const struct cli_command *const *commands,
                             struct impasto_error *error);

#endif
