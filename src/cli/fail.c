/* SPDX-License-Identifier: MIT */
/* The program's own errors. */

#include "cli/options.h"

#include <stdarg.h>

enum impasto_status(cli_fail)(struct impasto_error *error, enum impasto_status status,
                              const char *format, ...)
{
    va_list args;
    va_start(args, format);
    error->status = status;
    vsnprintf(error->message, sizeof(error->message), format, args);
    va_end(args);
    /* File names and values may hold anything, but this is one line. */
    for (char *at = error->message; *at;) {
        const size_t length = cli_printable(at);
        if (length == 0)
            *at = '?';
        at += length > 0 ? length : 1;
    }
    return status;
}
