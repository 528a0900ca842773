/* SPDX-License-Identifier: MIT */
/* Log lines. They are formatted here. Whoever opened the device shows them. */

#include "base/base.h"

/* Longer lines are cut; a compiler's log comes line by line and may well have long ones. */
#define LINE_SIZE 2048

void imp_log(const struct imp_log *log, enum impasto_log_level level, const char *format, ...)
{
    if (log == NULL || log->write == NULL)
        return;
    char line[LINE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    if (length < 0)
        return;
    imp_clean_line(line);
    log->write(log->user, level, line);
}
