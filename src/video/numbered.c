/* SPDX-License-Identifier: MIT */
/* Names of numbered pictures: video/numbered.h. */

#include "video/numbered.h"

#include "base/os.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS_MOST 19

/* The place for a number: where it begins, its length, and how many digits it has at least. */
struct place {
    size_t at, length;
    int digits;
};

/* false: there is none there. */
static bool read_place(const char *path, size_t at, struct place *place)
{
    size_t end = at + 1;
    int digits = 0;
    while (path[end] >= '0' && path[end] <= '9' && digits <= DIGITS_MOST)
        digits = 10 * digits + (path[end++] - '0');
    /* "%5d" would put spaces into names. */
    if (path[at] != '%' || path[end] != 'd' || digits > DIGITS_MOST ||
        (end > at + 1 && path[at + 1] != '0'))
        return false;
    *place = (struct place){at, end + 1 - at, digits};
    return true;
}

/* false: there is none, or more than one. */
static bool find_place(const char *path, struct place *place)
{
    int found = 0;
    struct place here;
    for (size_t at = 0; path[at]; at++)
        if (read_place(path, at, &here)) {
            *place = here;
            found++;
        }
    return found == 1;
}

bool imp_numbered(const char *path)
{
    struct place place;
    return find_place(path, &place) && !imp_os_is_there(path);
}

char *imp_numbered_name(const char *path, int64_t number)
{
    struct place place = {0};
    const size_t size = strlen(path) + DIGITS_MOST + 2;
    char *name = malloc(size);
    if (!name || !find_place(path, &place))
        return name;
    snprintf(name, size, "%.*s%0*" PRId64 "%s", (int)place.at, path, place.digits, number,
             path + place.at + place.length);
    return name;
}

bool imp_numbered_is_there(const char *path, int64_t number)
{
    char *name = imp_numbered_name(path, number);
    const bool there = name && imp_os_is_file(name);
    free(name);
    return there;
}

int64_t imp_numbered_first(const char *path)
{
    for (int64_t number = 0; number <= 1; number++)
        if (imp_numbered_is_there(path, number))
            return number;
    return -1;
}
