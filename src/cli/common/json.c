/* SPDX-License-Identifier: MIT */
/* Makes JSON of values that JSON cannot hold as they are. */

#include "cli/common/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Bytes that are not UTF-8 become characters of a private range, U+EF00 and the byte: all are from
 * U+EF80 to U+EFFF. Such characters of a name's own are written byte by byte as well, so that each
 * name comes back. */
#define FIRST_HEAD 0xee /* the bytes that they begin with in UTF-8 */
#define SECOND_HEAD 0xbe

static bool is_stand_in(const char *text)
{
    const unsigned char *c = (const unsigned char *)text;
    return c[0] == FIRST_HEAD && (c[1] == SECOND_HEAD || c[1] == SECOND_HEAD + 1) && c[2] >= 0x80;
}

static bool is_plain(const char *text)
{
    for (size_t length; *text; text += length)
        if ((length = cli_character(text)) == 0 || is_stand_in(text))
            return false;
    return true;
}

json_t *cli_json_text(const char *text)
{
    if (!text)
        return json_null();
    if (is_plain(text)) {
        json_t *plain = json_string(text);
        return plain ? plain : json_null();
    }
    char *sound = malloc(3 * strlen(text) + 1);
    size_t used = 0;
    if (!sound)
        return json_null();
    while (*text) {
        const size_t length = is_stand_in(text) ? 0 : cli_character(text);
        const unsigned char byte = (unsigned char)*text;
        if (length > 0) {
            memcpy(sound + used, text, length);
        } else {
            sound[used] = (char)FIRST_HEAD;
            sound[used + 1] = (char)(SECOND_HEAD + (byte >= 0xc0));
            sound[used + 2] = (char)(0x80 | (byte & 0x3f));
        }
        used += length > 0 ? length : 3;
        text += length > 0 ? length : 1;
    }
    sound[used] = 0;
    json_t *value = json_string(sound);
    free(sound);
    return value ? value : json_null();
}

char *cli_json_name(const char *text)
{
    char *name = malloc(strlen(text) + 1);
    size_t used = 0;
    for (; name && *text; text += is_stand_in(text) ? 3 : 1)
        name[used++] = is_stand_in(text)
                           ? (char)(((unsigned char)text[1] == SECOND_HEAD ? 0x80 : 0xc0) |
                                    ((unsigned char)text[2] & 0x3f))
                           : *text;
    if (name)
        name[used] = 0;
    return name;
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
