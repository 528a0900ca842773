/* SPDX-License-Identifier: MIT */
/* --device 0,1: several devices that paint one picture together. */

#include "base/os.h"
#include "cli/batch/batch.h"
#include "cli/devices/devices.h"

#include <stdlib.h>
#include <string.h>

static enum impasto_status bad_bands(const char *text, size_t devices, struct impasto_error *error)
{
    return cli_fail(error, IMPASTO_ERROR_USAGE,
                    "--bands %s: is no share for each of %zu devices, such as %s", text, devices,
                    devices == 2 ? "3:1" : "2:1:1");
}

/* The shares of --bands, one for each device. */
static enum impasto_status read_shares(const char *text, size_t count, float *shares,
                                       struct impasto_error *error)
{
    struct imp_os_numbers numbers;
    const char *at = text;
    bool good = true;
    if (!imp_os_enter_plain(&numbers))
        return cli_fail_memory(error, "numbers");
    for (size_t i = 0; i < count && good; i++) {
        char *end;
        shares[i] = strtof(at, &end);
        good = end != at && *end == (i + 1 < count ? ':' : '\0') && shares[i] > 0;
        at = end + 1;
    }
    imp_os_leave_plain(&numbers);
    return good ? IMPASTO_OK : bad_bands(text, count, error);
}

/* A worker keeps none of them for its next job. */
static enum impasto_status open_all(const struct cli_common *common,
                                    const struct cli_batch_devices *names, const float *shares,
                                    struct cli_console *console, struct impasto_device **device,
                                    struct impasto_error *error)
{
    struct impasto_device *devices[CLI_BATCH_DEVICES_MOST] = {NULL};
    const size_t count = names->count;
    enum impasto_status status = IMPASTO_OK;
    if (common->warm) /* its memory is theirs */
        impasto_device_close(&common->warm->device);
    for (size_t i = 0; i < count && status == IMPASTO_OK; i++) {
        struct cli_common one = *common;
        one.device = names->device[i];
        one.warm = NULL;
        status = cli_open_device(&one, console, &devices[i], error);
    }
    if (status == IMPASTO_OK)
        status = impasto_device_join(devices[0], devices + 1, count - 1, shares, error);
    for (size_t i = count; status != IMPASTO_OK && i > 0; i--)
        impasto_device_close(&devices[i - 1]);
    *device = devices[0];
    return status;
}

static enum impasto_status open_several(const struct cli_settings *settings,
                                        const struct cli_batch_devices *names,
                                        struct cli_console *console, struct impasto_device **device,
                                        struct impasto_error *error)
{
    float shares[CLI_BATCH_DEVICES_MOST];
    const char *bands = settings->bands;
    const enum impasto_status status =
        bands ? read_shares(bands, names->count, shares, error) : IMPASTO_OK;
    return status == IMPASTO_OK
               ? open_all(&settings->common, names, bands ? shares : NULL, console, device, error)
               : status;
}

enum impasto_status cli_open_devices(struct cli_settings *settings, struct cli_console *console,
                                     struct impasto_device **device, struct impasto_error *error)
{
    struct cli_batch_devices names;
    enum impasto_status status = cli_batch_devices(settings, &names, error);
    if (status == IMPASTO_OK && names.count > 1)
        status = open_several(settings, &names, console, device, error);
    else if (status == IMPASTO_OK && settings->bands)
        status = cli_fail(error, IMPASTO_ERROR_USAGE,
                          "--bands goes with several devices that paint one picture: --device 0,1");
    else if (status == IMPASTO_OK)
        status = cli_open_device(&settings->common, console, device, error);
    cli_batch_devices_free(&names);
    return status;
}
