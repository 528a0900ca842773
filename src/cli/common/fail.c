/* SPDX-License-Identifier: MIT */
/* The program's own errors. */

#include "cli/common/common.h"

#include <stdarg.h>
#include <string.h>

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

enum impasto_status(cli_fail_memory)(struct impasto_error *error, const char *what)
{
    return cli_fail(error, IMPASTO_ERROR_MEMORY,
                    "out of memory for %s; end other programs, or let the pictures be smaller",
                    what);
}

enum impasto_status(cli_fail_file)(struct impasto_error *error, enum impasto_status status,
                                   const char *path, const char *what, int problem)
{
    return cli_fail(error, status, "%s: %s: %s; %s", path, what, strerror(problem),
                    impasto_file_advice(problem));
}
