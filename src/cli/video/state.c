/* SPDX-License-Identifier: MIT */
/* States of clips as they travel: their files' bytes. */

#include "base/os.h"
#include "cli/video/ranks.h"

#include <errno.h>
#include <stdlib.h>

static enum impasto_status fail_reading(const char *path, struct impasto_error *error)
{
    return cli_fail_file(error, IMPASTO_ERROR_OUTPUT, path, "cannot be read", errno);
}

static enum impasto_status read_open(int file, const char *path, void **bytes, size_t *size,
                                     struct impasto_error *error)
{
    struct imp_os_about about;
    if (!imp_os_look_open(file, &about))
        return fail_reading(path, error);
    *size = (size_t)about.size;
    *bytes = malloc(*size + 1);
    if (!*bytes)
        return cli_fail_memory(error, "the state of a clip");
    for (size_t done = 0; done < *size;) {
        const ptrdiff_t got = imp_os_read_at(file, (char *)*bytes + done, *size - done, done);
        if (got < 0)
            return fail_reading(path, error);
        if (got == 0)
            return cli_fail(error, IMPASTO_ERROR_OUTPUT,
                            "%s: has changed while it was read; end whatever else works on it",
                            path);
        done += (size_t)got;
    }
    return IMPASTO_OK;
}

enum impasto_status cli_state_read(const char *path, void **bytes, size_t *size,
                                   struct impasto_error *error)
{
    *bytes = NULL;
    const int file = imp_os_open(path, IMP_OS_READ);
    if (file < 0)
        return fail_reading(path, error);
    const enum impasto_status status = read_open(file, path, bytes, size, error);
    imp_os_close(file);
    if (status != IMPASTO_OK) {
        free(*bytes);
        *bytes = NULL;
    }
    return status;
}
