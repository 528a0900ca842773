/* SPDX-License-Identifier: MIT */
/* Text and bytes in HTML. */

#include "cli/html.h"

#include "cli/json.h"

#include <ctype.h>

void cli_html_text(FILE *stream, const char *text)
{
    json_t *clean = cli_json_text(text); /* valid UTF-8 */
    const char *at = json_string_value(clean);
    for (; at && *at; at++) {
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
        else
            fputc(iscntrl((unsigned char)*at) ? '?' : *at, stream);
    }
    json_decref(clean);
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
