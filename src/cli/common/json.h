/* SPDX-License-Identifier: MIT */
#ifndef CLI_JSON_H
#define CLI_JSON_H

/* Texts and numbers as JSON. Texts may be names of files, of any bytes. */

#include "cli/common/common.h"

#include <jansson.h>

/* Makes JSON of a text. NULL becomes null. Bytes that are not UTF-8 become characters from U+EF80
 * to U+EFFF, so that they can be told again. */
json_t *cli_json_text(const char *text);
/* The way back: the text of which cli_json_text made this, a new string. NULL: out of memory. */
char *cli_json_name(const char *text);
json_t *cli_json_texts(const struct cli_list *list);
/* Makes JSON of a number. What is not finite becomes null. */
json_t *cli_json_number(double number);

#endif
