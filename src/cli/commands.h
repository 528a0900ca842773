/* SPDX-License-Identifier: MIT */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

/* What the first word may be instead of a picture. */

#include "cli/options/table.h"

/* Painting is the first; NULL ends them. */
extern const struct cli_command *const cli_commands[];

/* Does what the words of main() say: the first one is a command if it is one exactly. Where it is
 * neither a picture nor a command, but much like one, that is IMPASTO_ERROR_USAGE. */
enum impasto_status cli_obey(int argc, char **argv, struct cli_settings *settings,
                             struct impasto_error *error);

#endif
