/* SPDX-License-Identifier: MIT */
#ifndef CLI_TRAIN_H
#define CLI_TRAIN_H

/* impasto train: style networks from style pictures. */

#include "cli/options/table.h"

extern const struct cli_command cli_train_command;

#endif
