/* SPDX-License-Identifier: MIT */
#ifndef CLI_MODEL_H
#define CLI_MODEL_H

/* impasto model: what style networks are, and their files. */

#include "cli/options/table.h"

extern const struct cli_command cli_model_command;

#endif
