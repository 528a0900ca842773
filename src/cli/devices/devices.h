/* SPDX-License-Identifier: MIT */
#ifndef CLI_DEVICES_H
#define CLI_DEVICES_H

/* Devices as such: listed, checked, tuned, opened. */

#include "cli/command.h"

extern const struct cli_command cli_devices_command;

#endif
