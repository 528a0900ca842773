/* SPDX-License-Identifier: MIT */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

/* What the first word may be instead of a picture. */

#include "cli/command.h"

extern const struct cli_command cli_commands[];
extern const size_t cli_command_count;

/* The command that the first word is, exactly; NULL: painting. IMPASTO_ERROR_USAGE where it is
 * neither a picture nor a command, but much like one. */
enum impasto_status cli_command_of(int argc, char **argv, const struct cli_command **command,
                                   struct impasto_error *error);

#endif
