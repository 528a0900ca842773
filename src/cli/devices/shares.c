/* SPDX-License-Identifier: MIT */
/* --bands: the parts of a picture's rows. */

#include "base/os.h"
#include "cli/devices/devices.h"

#include <stdlib.h>

static enum impasto_status bad_bands(const char *text, size_t devices, struct impasto_error *error)
{
    return cli_fail(error, IMPASTO_ERROR_USAGE,
                    "--bands %s: is no share for each of %zu devices, such as %s", text, devices,
                    devices == 2 ? "3:1" : "2:1:1");
}

enum impasto_status cli_read_shares(const char *text, size_t count, float *shares,
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
