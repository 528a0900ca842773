/* SPDX-License-Identifier: MIT */
/* Opens the device that was asked for, and does what takes a device alone. */

#include "cli/devices/devices.h"
#include "cli/files/files.h"
#include "cli/guard/guard.h"

#include <stdlib.h>
#include <string.h>

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

/* A device outlives the console of the job that opened it. */
static void log_of_job(void *user, enum impasto_log_level level, const char *line)
{
    const struct cli_warm *warm = user;
    if (warm->console)
        cli_console_log(warm->console, level, line);
}

/* Whether the worker's device is the one that the job asks for. Else it is closed: its memory is
 * the next one's. */
static bool take_warm(struct cli_warm *warm, const char *name, struct impasto_device **device)
{
    const bool same = warm->device && strcmp(warm->device_name, name) == 0;
    if (same)
        *device = warm->device;
    else
        impasto_device_close(&warm->device);
    warm->device = NULL;
    return same;
}

enum impasto_status cli_open_device(struct cli_common *common, struct cli_console *console,
                                    struct impasto_device **device, struct impasto_error *error)
{
    const bool from_variable = name_device(common);
    struct cli_warm *warm = common->warm;
    struct impasto_error why = {0};
    if (warm)
        warm->console = console;
    if (warm && take_warm(warm, common->device, device))
        return IMPASTO_OK;
    cli_drivers_prepare(console);
    const enum impasto_status status =
        impasto_device_open(common->device, warm ? log_of_job : cli_console_log,
                            warm ? (void *)warm : (void *)console, device, &why);
    return finish_listing(common, from_variable, status, &why, error);
}

void cli_close_device(struct cli_common *common, struct impasto_device **device,
                      enum impasto_status status)
{
    struct cli_warm *warm = common->warm;
    const char *named = common->device;
    const bool keeps = warm && *device && named && !strchr(named, ',');
    char *name = keeps && status != IMPASTO_ERROR_DEVICE ? strdup(named) : NULL;
    if (warm)
        warm->console = NULL;
    if (!name) {
        impasto_device_close(device);
        return;
    }
    impasto_device_close(&warm->device);
    free(warm->device_name);
    warm->device_name = name;
    warm->device = *device;
    *device = NULL;
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
