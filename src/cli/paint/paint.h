/* SPDX-License-Identifier: MIT */
#ifndef CLI_PAINT_H
#define CLI_PAINT_H

/* The command `impasto paint`. */

#include "cli/options/table.h"

enum impasto_status cli_paint(int argc, char **argv, const struct cli_command *const *commands,
                              struct cli_settings *settings, struct impasto_error *error);

#endif
