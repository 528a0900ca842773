/* SPDX-License-Identifier: MIT */
/*
 * Error messages. A message is one line that a terminal can show as it is, whatever file name,
 * driver or compiler its pieces came from.
 */

#include "base/base.h"

#include <string.h>

#define MIB 1048576.0

const char *impasto_version(void)
{
    return IMP_VERSION;
}

const char *impasto_status_text(enum impasto_status status)
{
    switch (status) {
    case IMPASTO_OK:
        return "ok";
    case IMPASTO_ERROR_INTERNAL:
        return "internal";
    case IMPASTO_ERROR_USAGE:
        return "usage";
    case IMPASTO_ERROR_INPUT:
        return "input";
    case IMPASTO_ERROR_DEVICE:
        return "device";
    case IMPASTO_ERROR_MEMORY:
        return "memory";
    case IMPASTO_ERROR_WEIGHTS:
        return "weights";
    case IMPASTO_ERROR_OUTPUT:
        return "output";
    case IMPASTO_ERROR_NUMERIC:
        return "numeric";
    case IMPASTO_ERROR_INTERRUPTED:
        return "interrupted";
    }
    return "unknown";
}

/* The length of the UTF-8 sequence at `text`, or 0 where there is none, as at the end. */
static size_t sequence_length(const unsigned char *text)
{
    size_t length;
    if (text[0] < 0x80)
        return text[0] != '\0';
    if (text[0] >= 0xc2 && text[0] <= 0xdf)
        length = 2;
    else if (text[0] >= 0xe0 && text[0] <= 0xef)
        length = 3;
    else if (text[0] >= 0xf0 && text[0] <= 0xf4)
        length = 4;
    else
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    const unsigned second = text[1];
    if ((text[0] == 0xe0 && second < 0xa0) || (text[0] == 0xed && second > 0x9f) ||
        (text[0] == 0xf0 && second < 0x90) || (text[0] == 0xf4 && second > 0x8f))
        return 0;
    return length;
}

/* Likewise of a printable character. The C1 controls (U+0080 to U+009F) are none: terminals obey
 * them as they do ESC. */
static size_t character_length(const unsigned char *text)
{
    if (text[0] < 0x20 || text[0] == 0x7f || (text[0] == 0xc2 && text[1] < 0xa0))
        return 0;
    return sequence_length(text);
}

bool imp_is_utf8(const char *text)
{
    const unsigned char *byte = (const unsigned char *)text;
    while (*byte != '\0') {
        const size_t length = sequence_length(byte);
        if (length == 0)
            return false;
        byte += length;
    }
    return true;
}

void imp_clean_line(char *text)
{
    unsigned char *byte = (unsigned char *)text;
    while (*byte != '\0') {
        const size_t length = character_length(byte);
        if (length > 0) {
            byte += length;
            continue;
        }
        *byte = *byte == '\n' || *byte == '\t' ? ' ' : '?';
        byte++;
    }
}

enum impasto_status(imp_fail)(struct impasto_error *error, enum impasto_status status,
                              const char *format, ...)
{
    if (error == NULL)
        return status;
    /* Formatted aside, because an argument may be the old message. */
    char message[sizeof(error->message)];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    if (length < 0)
        message[0] = '\0';
    if (length >= (int)sizeof(message)) {
        /* Cut before the character that would be split, and show that something is missing. */
        size_t end = sizeof(message) - sizeof("...");
        while (end > 0 && ((unsigned char)message[end] & 0xc0) == 0x80)
            end--;
        memcpy(message + end, "...", sizeof("..."));
    }
    imp_clean_line(message);
    memcpy(error->message, message, sizeof(message));
    error->status = status;
    return status;
}

enum impasto_status(imp_fail_memory)(struct impasto_error *error, const char *what, size_t bytes)
{
    char size[32] = "";
    /* Of a little it is no help, and of some it is not known. */
    if ((double)bytes >= MIB / 10)
        snprintf(size, sizeof(size), " (%.1f MiB)", (double)bytes / MIB);
    return imp_fail(error, IMPASTO_ERROR_MEMORY,
                    "out of memory for %s%s; end other programs, or let the pictures be smaller",
                    what, size);
}
