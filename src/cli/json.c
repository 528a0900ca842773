/* SPDX-License-Identifier: MIT */
/* Values that JSON cannot hold, made into values that it can. */

#include "cli/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

json_t *cli_json_text(const char *text)
{
    if (!text)
        return json_null();
    json_t *value = json_string(text);
    if (value)
        return value;
    char *ascii = malloc(strlen(text) + 1);
    if (!ascii)
        return json_null();
    size_t i = 0;
    for (; text[i]; i++)
        ascii[i] = (unsigned char)text[i] < 0x80 ? text[i] : '?';
    ascii[i] = 0;
    value = json_string(ascii);
    free(ascii);
    return value ? value : json_null();
}

json_t *cli_json_texts(const struct cli_list *list)
{
    json_t *array = json_array();
    for (int i = 0; i < list->count; i++)
        json_array_append_new(array, cli_json_text(list->item[i]));
    return array;
}

json_t *cli_json_number(double number)
{
    if (!isfinite(number))
        return json_null();
    if (number == floor(number) && fabs(number) < 9007199254740992.0)
        return json_integer((json_int_t)number);
    return json_real(number);
}
