/* SPDX-License-Identifier: MIT */
#ifndef CLI_LIVE_H
#define CLI_LIVE_H

/* impasto live: a camera through a style network. */

#include "cli/options/table.h"

extern const struct cli_command cli_live_command;

#endif
