/* SPDX-License-Identifier: MIT */
/* Opens the device that was asked for, and does what takes a device alone. */

#include "cli/devices/devices.h"
#include "cli/files/files.h"
#include "cli/guard/guard.h"

#include <stdlib.h>

/* Names the device that is meant; whether $IMPASTO_DEVICE has named it. */
static bool name_device(struct cli_common *common)
{
    const char *variable = getenv("IMPASTO_DEVICE");
    const bool from_variable = !common->device && variable && variable[0];
    if (from_variable)
        common->device = variable;
    else if (!common->device)
        common->device = "auto";
    return from_variable;
}

/* status: the library's, of opening or tuning. */
static enum impasto_status finish_listing(const struct cli_common *common, bool from_variable,
                                          enum impasto_status status,
                                          const struct impasto_error *why,
                                          struct impasto_error *error)
{
    cli_drivers_listed();
    if (status == IMPASTO_OK)
        return status;
    const char *meant = cli_meant_device(common->device);
    return cli_fail(error, status, "%s%s%s%s%s", why->message,
                    from_variable ? " (named by $IMPASTO_DEVICE)" : "",
                    meant ? "; did you mean " : "", meant ? meant : "", meant ? "?" : "");
}

enum impasto_status cli_open_device(struct cli_common *common, struct cli_console *console,
                                    struct impasto_device **device, struct impasto_error *error)
{
    const bool from_variable = name_device(common);
    struct impasto_error why = {0};
    cli_drivers_prepare(console);
    const enum impasto_status status =
        impasto_device_open(common->device, cli_console_log, console, device, &why);
    return finish_listing(common, from_variable, status, &why, error);
}

enum impasto_status cli_devices_test(struct cli_common *common, struct impasto_error *error)
{
    struct cli_console console;
    struct impasto_device *device = NULL;
    cli_console_init(&console, common);
    cli_events_phase(&console, "testing", NULL, 0);
    enum impasto_status status = cli_open_device(common, &console, &device, error);
    if (status == IMPASTO_OK)
        status = cli_self_test(device, error);
    impasto_device_close(&device);
    return status;
}

enum impasto_status cli_devices_list(struct cli_common *common, bool json,
                                     struct impasto_error *error)
{
    struct cli_console console;
    cli_console_init(&console, common);
    cli_drivers_prepare(&console);
    const enum impasto_status status = cli_list_devices(json, error);
    cli_drivers_listed();
    return status;
}

enum impasto_status cli_devices_tune(struct cli_common *common, const char *gemm,
                                     struct impasto_error *error)
{
    struct cli_console console;
    struct impasto_error why = {0};
    const bool from_variable = name_device(common);
    cli_console_init(&console, common);
    cli_events_phase(&console, "tuning", NULL, 0);
    cli_drivers_prepare(&console);
    gemm = cli_probe_tuning(common->device, gemm, &console);
    const enum impasto_status status =
        impasto_device_tune(common->device, gemm, cli_console_log, &console, &why);
    return finish_listing(common, from_variable, status, &why, error);
}
