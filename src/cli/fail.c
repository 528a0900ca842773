/* SPDX-License-Identifier: MIT */
/* The program's own errors. */

#include "cli/options.h"

#include <ctype.h>
#include <stdarg.h>

enum impasto_status cli_fail(struct impasto_error *error, enum impasto_status status,
                             const char *format, ...)
{
    va_list args;
    va_start(args, format);
    error->status = status;
    vsnprintf(error->message, sizeof(error->message), format, args);
    va_end(args);
    /* File names and values may hold anything, but this is one line. */
    for (char *c = error->message; *c; c++)
        if (iscntrl((unsigned char)*c))
            *c = '?';
    return status;
}
