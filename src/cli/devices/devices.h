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

/* ---- shares.c -------------------------------------------------------------------------------- */

/* The shares of --bands, one for each device or rank. */
enum impasto_status cli_read_shares(const char *text, size_t count, float *shares,
                                    struct impasto_error *error);

/* ---- ranks.c --------------------------------------------------------------------------------- */

/* Opens the lines to the processes that a launcher has started with this one, or that --mpi asks
 * for: common->ranks. That stays NULL where there are none, and where the words, which have not
 * been read yet, are not about one picture. */
enum impasto_status cli_ranks_open(int argc, char **argv, struct cli_common *common,
                                   struct impasto_error *error);
/* The same for a command whose words have been read, and each rank reads what they name. work: what
 * all must have been started to do, a short verb. Fails on all of them where one has refused its
 * words. */
enum impasto_status cli_ranks_begin(const struct cli_call *call, const char *work,
                                    struct impasto_error *error);
/* Whether there are other processes: a team of one works as if there were no lines. */
bool cli_ranks_several(const struct cli_common *common);
/* Whether another process leads this one, and talks. */
bool cli_ranks_follows(const struct cli_common *common);
/* All that such a process does. */
enum impasto_status cli_ranks_follow(struct cli_common *common, struct impasto_error *error);
/* Of the first: tells the others what to open, and opens and joins the devices of all. */
enum impasto_status cli_ranks_devices(struct cli_settings *settings, struct cli_console *console,
                                      struct impasto_device **device, struct impasto_error *error);
/* Of each rank of a command of cli_ranks_begin, where there are several: gives all of them the
 * first one's bytes. Fails where they have lost one another. */
enum impasto_status cli_ranks_share(const struct cli_common *common, void *bytes, size_t size,
                                    struct impasto_error *error);
/* Of each rank of a command of cli_ranks_begin: opens its device and joins it to the others', on
 * all ranks or on none. mine: how this one has fared so far. */
enum impasto_status cli_ranks_device(struct cli_common *common, enum impasto_status mine,
                                     struct cli_console *console, struct impasto_device **device,
                                     struct impasto_error *error);
/* Of each rank of such a command that does not join its device to the others': the name of that, to
 * be freed. */
enum impasto_status cli_ranks_name_device(const struct cli_common *common,
                                          struct cli_console *console, char **name,
                                          struct impasto_error *error);
/* The lines themselves. */
struct impasto_ranks *cli_ranks_lines(const struct cli_common *common);
/* Of the first: the run has a watchdog of its own. */
void cli_ranks_are_watched(const struct cli_common *common);
/* Of a rank that follows: the console through which only its warnings are heard. */
void cli_ranks_console(const struct cli_common *common, struct cli_console *console);
/* Whether the ranks have lost one another. Other failures are the first one's to tell. */
bool cli_ranks_are_lost(const struct cli_common *common);
/* Lets the others go, where nothing was opened. */
void cli_ranks_dismiss(struct cli_common *common);
/* The last thing that a process does: ends all of them where they have lost one another. error: why
 * this one ends. */
void cli_ranks_close(struct cli_common *common, const struct impasto_error *error);

/* ---- devices.c ------------------------------------------------------------------------------- */

/* Lists them as JSON. *rows: NULL where that failed. */
enum impasto_status cli_devices_json(struct json_t **rows, struct impasto_error *error);
/* Prints the list on stdout. */
enum impasto_status cli_list_devices(bool json, struct impasto_error *error);
/* Runs the checks, and prints a table and a verdict on stdout. */
enum impasto_status cli_self_test(struct impasto_device *device, struct impasto_error *error);

#endif
