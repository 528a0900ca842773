/* SPDX-License-Identifier: MIT */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

/* The commands. The first word of a command line may name one of them instead of a picture. */

#include "cli/options/table.h"

/* Painting comes first. NULL ends the list. */
extern const struct cli_command *const cli_commands[];

/* Does what the words of main() say. The first word is a command if it is one exactly.
 * IMPASTO_ERROR_USAGE: it is no file, but almost the name of a command. */
enum impasto_status cli_obey(int argc, char **argv, struct cli_settings *settings,
                             struct impasto_error *error);

#endif
