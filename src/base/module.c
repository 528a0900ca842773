/* SPDX-License-Identifier: MIT */
/*
 * Parts of the library that are loaded on first use.
 *
 * A module lies beside the library, whose place the dynamic linker knows. Names of modules must be
 * absolute. The linker would search for others, or take them from the current folder.
 */

#define _GNU_SOURCE /* dladdr */

#include "base/base.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Writes the folder of the file that a place is in; "": it is not known. */
static void folder_of(const void *place, char folder[PATH_MAX])
{
    Dl_info info;
    folder[0] = '\0';
    /* A relative name counts from a folder that need not be the current one any more. */
    if (dladdr(place, &info) == 0 || info.dli_fname == NULL || info.dli_fname[0] != '/' ||
        realpath(info.dli_fname, folder) == NULL)
        folder[0] = '\0';
    else
        strrchr(folder, '/')[1] = '\0';
}

/* Writes the path of the module: as it is installed, as it is built, as it was to be installed. */
static bool find(const char *folder, const char *file, char path[PATH_MAX])
{
    const char *const places[][2] = {{folder, "impasto/"}, {folder, ""}, {IMP_MODULE_FOLDER, "/"}};
    for (size_t i = 0; i < IMP_COUNT(places); i++) {
        const int length = snprintf(path, PATH_MAX, "%s%s%s", places[i][0], places[i][1], file);
        if (path[0] == '/' && length < PATH_MAX && access(path, F_OK) == 0)
            return true;
    }
    return false;
}

/* place: in the library. */
static const void *load(const void *place, const char *file, const char *table,
                        char problem[IMP_MODULE_PROBLEM])
{
    char folder[PATH_MAX], path[PATH_MAX];
    folder_of(place, folder);
    if (!find(folder, file, path)) {
        snprintf(problem, IMP_MODULE_PROBLEM, "%s is not in %.400s", file,
                 folder[0] == '/' ? folder : IMP_MODULE_FOLDER);
        return NULL;
    }
    /* It stays loaded, because libraries leave handlers behind for the end of the program. */
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const void *found = module == NULL ? NULL : dlsym(module, table);
    const char *why = found == NULL ? dlerror() : NULL;
    if (found == NULL)
        snprintf(problem, IMP_MODULE_PROBLEM, "%s cannot be loaded (%.400s)", file,
                 why == NULL ? "nothing is in it" : why);
    return found;
}

const void *imp_module_load(const char *file, const char *table, char problem[IMP_MODULE_PROBLEM])
{
    static const char here = 0;
    return load(&here, file, table, problem);
}

const void *imp_module_load_near(void (*function)(void), const char *file, const char *table,
                                 char problem[IMP_MODULE_PROBLEM])
{
    const void *place;
    memcpy(&place, &function, sizeof(place)); /* POSIX has this as a cast, C has not */
    return load(place, file, table, problem);
}
