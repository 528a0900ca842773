/* SPDX-License-Identifier: MIT */
#ifndef CLI_JSON_H
#define CLI_JSON_H

/* JSON: texts that may hold anything, and numbers. */

#include "cli/common/common.h"

#include <jansson.h>

/* Text as JSON; NULL is null. Bytes that are not UTF-8, as file names may have, become characters
 * from U+EF80 to U+EFFF. */
json_t *cli_json_text(const char *text);
/* The text that cli_json_text has made this of; a new string, NULL: out of memory. */
char *cli_json_name(const char *text);
json_t *cli_json_texts(const struct cli_list *list);
/* A number as JSON; null where it is not finite. */
json_t *cli_json_number(double number);

#endif
