/* SPDX-License-Identifier: MIT */
/* The command `impasto devices`. It does what --list-devices, --self-test and --tune do. */

#include "cli/common/json.h"
#include "cli/devices/devices.h"
#include "cli/guard/guard.h"

#include <stddef.h>

struct options {
    bool json, self_test, tune;
};

#define FLAG(field) NULL, NULL, CLI_FLAG, .offset = offsetof(struct options, field)

static const struct cli_option json_row = {"json", 0, FLAG(json), .help = "list them as JSON"};
static const struct cli_option test_row = {
    "self-test", 0, FLAG(self_test),
    .help = "check every kernel on the device against double precision"};
static const struct cli_option tune_row = {
    "tune", 0, FLAG(tune),
    .help = "measure for a minute or two which algorithms and block sizes are the fastest on the "
            "device, and keep that for later runs"};
static const struct cli_option *const rows[] = {&json_row, &test_row, &tune_row, NULL};

static enum impasto_status open_progress(const struct cli_call *call, struct impasto_error *error)
{
    const struct options *options = call->options;
    const char *other = call->refused        ? NULL
                        : options->self_test ? "--self-test"
                        : !options->tune     ? "the list"
                                             : NULL;
    return cli_progress_open(call->common, other, error);
}

static enum impasto_status run(const struct cli_call *call, struct impasto_error *error)
{
    const struct options *options = call->options;
    struct cli_common *common = call->common;
    const bool list = !options->self_test && !options->tune;
    enum impasto_status status = IMPASTO_OK;
    if (options->json && !list)
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "--json is for the list of devices; leave out --%s",
                        options->self_test ? "self-test" : "tune");
    if (common->device && list)
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "--device goes with --self-test or --tune; the list has all devices");
    cli_watch_driver();
    if (list)
        return cli_devices_list(common, options->json, error);
    if (options->self_test)
        status = cli_devices_test(common, error);
    return options->tune && status == IMPASTO_OK ? cli_devices_tune(common, NULL, error) : status;
}

const struct cli_command cli_devices_command = {
    "devices",
    "list what there is to compute with, check it, tune it",
    "Lists the devices, and what is odd about each; or checks or tunes the one that --device "
    "names.",
    .rows = rows,
    .size = sizeof(struct options),
    .shared = "device progress progress-fd quiet verbose",
    .open = open_progress,
    .run = run};
