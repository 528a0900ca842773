/* SPDX-License-Identifier: MIT */
/* Files that come with the program: scripts, and style networks.
 *
 * They are looked for beside the program, never in the current folder. Their owner must be somebody
 * who could have changed the program, too. */

#include "base/os.h"
#include "cli/common/common.h"

#include <limits.h>

bool cli_find_shipped(const char *name, char *path, size_t size)
{
    /* As it is built, as it is installed. */
    static const char *const beside[] = {"", "../share/impasto/"};
    char program[PATH_MAX], folder[PATH_MAX] = "";
    if (imp_os_own_program(program, sizeof(program)))
        snprintf(folder, sizeof(folder), "%.*s", (int)(imp_os_name(program) - program), program);
    for (size_t i = 0; folder[0] && i < sizeof(beside) / sizeof(*beside); i++)
        if ((size_t)snprintf(path, size, "%s%s%s", folder, beside[i], name) < size &&
            imp_os_is_trusted(path, program))
            return true;
    /* As it was to be installed. */
    return (size_t)snprintf(path, size, "%s/%s", IMP_DATA_FOLDER, name) < size &&
           imp_os_is_trusted(path, program);
}
