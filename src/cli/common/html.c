/* SPDX-License-Identifier: MIT */
/* Text and bytes in HTML. */

#include "cli/common/common.h"

#include <ctype.h>

void cli_html_text(FILE *stream, const char *text)
{
    for (const char *at = text; at && *at; at++) {
        if (*at == '&')
            fputs("&amp;", stream);
        else if (*at == '<')
            fputs("&lt;", stream);
        else if (*at == '>')
            fputs("&gt;", stream);
        else if (*at == '"')
            fputs("&quot;", stream);
        else if (*at == '\'')
            fputs("&#39;", stream);
        else if (iscntrl((unsigned char)*at) || cli_character(at) == 0) {
            fputc('?', stream);
        } else {
            fwrite(at, 1, cli_character(at), stream);
            at += cli_character(at) - 1;
        }
    }
}

void cli_html_base64(FILE *stream, const unsigned char *bytes, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        const size_t left = size - i;
        const unsigned bits = (unsigned)bytes[i] << 16 |
                              (left > 1 ? (unsigned)bytes[i + 1] << 8 : 0u) |
                              (left > 2 ? (unsigned)bytes[i + 2] : 0u);
        fputc(digits[bits >> 18], stream);
        fputc(digits[bits >> 12 & 63], stream);
        fputc(left > 1 ? digits[bits >> 6 & 63] : '=', stream);
        fputc(left > 2 ? digits[bits & 63] : '=', stream);
    }
}
