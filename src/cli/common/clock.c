/* SPDX-License-Identifier: MIT */
/* The time by a clock that nobody sets, and times in words. */

#include "cli/common/common.h"

#include "base/os.h"

#include <stdio.h>

double cli_seconds(void)
{
    return imp_os_seconds();
}

const char *cli_duration(double seconds, char *text, size_t size)
{
    const long s = seconds < 0 ? 0 : seconds > 1e7 ? 10000000 : (long)(seconds + 0.5);
    if (s >= 3600)
        snprintf(text, size, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(text, size, "%ld:%02ld", s / 60, s % 60);
    return text;
}
