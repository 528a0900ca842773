/* SPDX-License-Identifier: MIT */
#ifndef CLI_DOCS_H
#define CLI_DOCS_H

/* Writes the manual page and the completions of three shells, from the tables of options and
 * commands. */

#include "cli/commands.h"

#include <stdio.h>

void docs_bash(FILE *stream);
void docs_zsh(FILE *stream);
void docs_fish(FILE *stream);
void docs_man(FILE *stream);

/* A command that has no others below it, and is not painting. */
struct docs_command {
    char name[64]; /* "weights fetch" */
    const struct cli_command *command;
};
#define DOCS_COMMANDS_MOST 32

/* ---- docs.c ---------------------------------------------------------------------------------- */

/* Lists these commands in the order of the tables. Returns how many there are. */
size_t docs_commands(struct docs_command list[DOCS_COMMANDS_MOST]);
/* Writes the names of commands, with spaces between them. */
void docs_command_names(const struct cli_command *const *commands, char *text, size_t size);
/* Writes the first clause of an option's help, without its default, cut to fit. */
void docs_summary(const struct cli_option *option, char *text, size_t size);
/* Writes the words that a shell can offer for an option's value, with spaces between them. ""
 * where there are none. */
void docs_words(const struct cli_option *option, char *text, size_t size);
/* Whether the option may stand on the command line more than once. */
bool docs_repeats(const struct cli_option *option);
/* Writes a text that will stand within single quotes. A backslash comes before each character that
 * is in `special`. */
void docs_quote(FILE *stream, const char *text, const char *special);

#endif
