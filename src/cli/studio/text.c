/* SPDX-License-Identifier: MIT */
/* Short ways to what JSON holds, and what of a worker's texts may be shown. */

#include "cli/studio/studio.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *cli_text_in(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

json_t *cli_now(void)
{
    return json_integer((json_int_t)time(NULL));
}

/* Where a path of the folder ends: behind "/pictures/ID" and an ending. id: the one in it. */
static const char *behind_path(const char *at, char id[CLI_ID_SIZE])
{
    const char *name = *at == '/' ? strchr(at + 1, '/') : NULL;
    snprintf(id, CLI_ID_SIZE, "%.32s", name ? name + 1 : "");
    if (!name || !cli_is_id(id))
        return at;
    name += CLI_ID_SIZE;
    return *name == '.' ? name + 1 + strspn(name + 1, "abcdefghijklmnopqrstuvwxyz") : name;
}

char *cli_text_shown(const struct cli_studio *studio, const char *text)
{
    const size_t length = strlen(studio->folder.path);
    const size_t room = 4 * strlen(text) + 1;
    char *shown = calloc(1, room), id[CLI_ID_SIZE];
    const char *found;
    while (shown && (found = strstr(text, studio->folder.path))) {
        strncat(shown, text, (size_t)(found - text));
        text = behind_path(found + length, id);
        const char *name = cli_text_in(json_object_get(studio->pictures, id), "name");
        strncat(shown, name ? name : "the file", room - strlen(shown) - 1);
    }
    if (shown)
        strncat(shown, text, room - strlen(shown) - 1);
    return shown;
}
