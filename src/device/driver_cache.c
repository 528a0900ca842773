/* SPDX-License-Identifier: MIT */
/* The folder where a driver stores compiled kernels, and what to say of it when a build fails. */

#include "base/os.h"
#include "device/opencl.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Less than the files of one small program take. */
#define FULL ((uint64_t)256 << 10)

/* Where it is: as the driver's variable says, or else in the user's cache folder. */
static bool find_folder(const char *variable, const char *below, char *path, size_t size)
{
    const char *named = getenv(variable), *cache = getenv("XDG_CACHE_HOME"), *home = imp_os_home();
    int length;
    if (named != NULL && named[0] != '\0')
        length = snprintf(path, size, "%s", named);
    else if (cache != NULL && cache[0] != '\0')
        length = snprintf(path, size, "%s/%s", cache, below);
    else
        length = snprintf(path, size, "%s/.cache/%s", home != NULL ? home : "", below);
    return length > 0 && (size_t)length < size;
}

void imp_driver_cache_hint(const struct imp_device *device, char *text, size_t size)
{
    const char *variable, *below;
    char path[PATH_MAX];
    uint64_t room;
    text[0] = '\0';
    if (!imp_quirks_cache(&device->caps.info, &variable, &below) ||
        !find_folder(variable, below, path, sizeof(path)))
        return;
    /* The folder itself may not have come about. */
    char *slash;
    while (!imp_os_is_there(path) && errno == ENOENT && (slash = strrchr(path, '/')) != NULL &&
           slash != path)
        *slash = '\0';
    if (!imp_os_may_fill(path))
        snprintf(text, size,
                 "; the driver keeps compiled kernels in %s, which cannot be written to (%s): name "
                 "another folder by %s",
                 path, strerror(errno), variable);
    else if (imp_os_disk_room(path, &room) && room < FULL)
        snprintf(text, size,
                 "; the driver keeps compiled kernels in %s, where the disk is full: make room, or "
                 "name another folder by %s",
                 path, variable);
    else
        snprintf(text, size,
                 "; if what the driver keeps of compiled kernels in %s is damaged, remove it",
                 path);
}
