/* SPDX-License-Identifier: MIT */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <jansson.h>

/* Text as JSON; bytes that are not UTF-8, as file names may have, become '?'; NULL is null. */
json_t *cli_json_text(const char *text);
/* A number as JSON; null where it is not finite. */
json_t *cli_json_number(double number);

#endif
