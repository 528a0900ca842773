/* SPDX-License-Identifier: MIT */
/* Names of files: their ends, whether two are the same file, and "-". */

#include "base/os.h"
#include "cli/common/common.h"

#include <limits.h>
#include <string.h>

const char *cli_file_name(const char *path)
{
    return imp_os_name(path);
}

bool cli_has_extension(const char *path, const char *extension)
{
    const size_t length = strlen(path), tail = strlen(extension);
    return length > tail && imp_os_compare(path + length - tail, extension) == 0;
}

bool cli_is_standard(const char *path)
{
    return path && strcmp(path, "-") == 0;
}

const char *cli_name_of_input(const char *path)
{
    return cli_is_standard(path) ? "standard input" : path;
}

const char *cli_name_of_output(const char *path)
{
    return cli_is_standard(path) ? "standard output" : path;
}

/* The folder that `path` is in; false: its name is longer than the system takes. */
static bool folder_of(const char *path, char folder[PATH_MAX])
{
    const size_t length = (size_t)(cli_file_name(path) - path);
    if (length >= PATH_MAX)
        return false;
    memcpy(folder, length ? path : ".", length ? length : 1);
    folder[length ? length : 1] = 0;
    return true;
}

bool cli_same_file(const char *a, const char *b)
{
    struct imp_os_about x, y;
    if (strcmp(a, b) == 0)
        return true;
    const bool there = imp_os_look(a, &x);
    if (there != imp_os_look(b, &y))
        return false;
    if (!there) {
        char x_path[PATH_MAX], y_path[PATH_MAX];
        if (strcmp(cli_file_name(a), cli_file_name(b)) != 0 || !folder_of(a, x_path) ||
            !folder_of(b, y_path) || !imp_os_look(x_path, &x) || !imp_os_look(y_path, &y))
            return false;
    }
    return imp_os_is_same(&x, &y);
}
