/* SPDX-License-Identifier: MIT */
/* --device 0,1: several devices of this machine that paint one picture together. */

#include "base/os.h"
#include "cli/batch/batch.h"
#include "cli/devices/devices.h"

#include <stdlib.h>
#include <string.h>

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
        bands ? cli_read_shares(bands, names->count, shares, error) : IMPASTO_OK;
    return status == IMPASTO_OK
               ? open_all(&settings->common, names, bands ? shares : NULL, console, device, error)
               : status;
}

enum impasto_status cli_open_devices(struct cli_settings *settings, struct cli_console *console,
                                     struct impasto_device **device, struct impasto_error *error)
{
    struct cli_batch_devices names;
    if (cli_ranks_several(&settings->common))
        return cli_ranks_devices(settings, console, device, error);
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
