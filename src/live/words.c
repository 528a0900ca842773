/* SPDX-License-Identifier: MIT */
/* What sources and sinks say of themselves. */

#include "live/kinds.h"

#include <string.h>

const char *imp_live_name(const char *path, bool output)
{
    if (strcmp(path, "-") != 0)
        return path;
    return output ? "standard output" : "standard input";
}

void imp_live_warn(const struct imp_live_options *options, const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    imp_log(&(struct imp_log){options->log, options->user}, IMPASTO_LOG_WARNING, "%s", line);
}
