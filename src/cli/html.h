/* SPDX-License-Identifier: MIT */
#ifndef CLI_HTML_H
#define CLI_HTML_H

#include <stddef.h>
#include <stdio.h>

/* Writes text that may hold anything, as file names may, so that it is only text: between tags and
 * in quoted attributes. Bytes that are not UTF-8 and control characters become '?'. NULL: nothing.
 */
void cli_html_text(FILE *stream, const char *text);

/* Writes bytes in base64. */
void cli_html_base64(FILE *stream, const unsigned char *bytes, size_t size);

#endif
