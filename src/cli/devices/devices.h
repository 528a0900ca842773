/* SPDX-License-Identifier: MIT */
#ifndef CLI_DEVICES_H
#define CLI_DEVICES_H

/* Lists, checks, tunes and opens devices. */

#include "cli/options/table.h"
#include "cli/terminal/terminal.h"

extern const struct cli_command cli_devices_command;

/* ---- open.c ---------------------------------------------------------------------------------- */

/* Opens the device that --device or $IMPASTO_DEVICE name. */
enum impasto_status cli_open_device(struct cli_common *common, struct cli_console *console,
                                    struct impasto_device **device, struct impasto_error *error);
/* The same; where several are named, with commas between them, all of them joined, to paint one
 * picture. (team.c) */
enum impasto_status cli_open_devices(struct cli_settings *settings, struct cli_console *console,
                                     struct impasto_device **device, struct impasto_error *error);
/* Gives it back. A worker keeps it for its next job, unless `status`, with which the work ended,
 * says that it has failed. *device becomes NULL. */
void cli_close_device(struct cli_common *common, struct impasto_device **device,
                      enum impasto_status status);
/* What --list-devices, --self-test and --tune do. */
enum impasto_status cli_devices_list(struct cli_common *common, bool json,
                                     struct impasto_error *error);
enum impasto_status cli_devices_test(struct cli_common *common, struct impasto_error *error);
/* gemm: the value of --gemm, or NULL. */
enum impasto_status cli_devices_tune(struct cli_common *common, const char *gemm,
                                     struct impasto_error *error);

/* ---- devices.c ------------------------------------------------------------------------------- */

/* Lists them as JSON. *rows: NULL where that failed. */
enum impasto_status cli_devices_json(struct json_t **rows, struct impasto_error *error);
/* Prints the list on stdout. */
enum impasto_status cli_list_devices(bool json, struct impasto_error *error);
/* Runs the checks, and prints a table and a verdict on stdout. */
enum impasto_status cli_self_test(struct impasto_device *device, struct impasto_error *error);

#endif
