/* SPDX-License-Identifier: MIT */
/* The module with what FFmpeg's libraries do. */

#include "video/libav.h"

#include <string.h>

enum impasto_status imp_libav_load(const char *name, const struct imp_libav **libav,
                                   struct impasto_error *error)
{
    char problem[IMP_MODULE_PROBLEM];
    *libav = imp_module_load_near(IMP_LIBAV_NEAR, IMP_LIBAV_MODULE, IMP_LIBAV_TABLE, problem);
    if (!*libav)
        return imp_fail(error, IMPASTO_ERROR_INPUT,
                        "%s: films other than Y4M take a module of Impasto, and %s; install it, or "
                        "use Y4M, which ffmpeg reads and writes",
                        name, problem);
    if (strcmp((*libav)->version, impasto_version()) != 0)
        return imp_fail(
            error, IMPASTO_ERROR_INPUT,
            "%s: films other than Y4M take a module of Impasto, and that is %s, while this "
            "is %s; install both from one version",
            name, (*libav)->version, impasto_version());
    return IMPASTO_OK;
}
