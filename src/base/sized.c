/* SPDX-License-Identifier: MIT */
/*
 * Structs that callers fill. Each begins with the size that it had when the caller was compiled. So
 * members can be added at its end: an old program's struct is smaller than ours.
 */

#include "base/base.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum impasto_status imp_sized_check(const char *name, size_t theirs, size_t ours,
                                    struct impasto_error *error)
{
    if (theirs <= sizeof(size_t))
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "struct %s has a struct_size of %zu; set it to sizeof(struct %s)", name,
                        theirs, name);
    if (theirs > ours)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "struct %s has a struct_size of %zu, and this library knows %zu bytes of "
                        "it; use the headers of the library's version, %s",
                        name, theirs, ours, impasto_version());
    return IMPASTO_OK;
}

enum impasto_status imp_sized_take(const char *name, const void *theirs, void *ours, size_t size,
                                   struct impasto_error *error)
{
    size_t known;
    memcpy(&known, theirs, sizeof(known));
    IMP_TRY(imp_sized_check(name, known, size, error));
    memcpy(ours, theirs, known);
    memcpy(ours, &size, sizeof(size));
    return IMPASTO_OK;
}

enum impasto_status imp_sized_take_array(const char *name, const void *theirs, size_t count,
                                         size_t size, void **ours, struct impasto_error *error)
{
    size_t step = 0;
    char *taken = count ? calloc(count, size) : NULL;
    *ours = taken;
    if (count && !taken)
        return imp_fail_memory(error, name, count <= SIZE_MAX / size ? count * size : 0);
    for (size_t i = 0; i < count; i++) {
        const char *at = (const char *)theirs + i * step;
        size_t own;
        memcpy(&own, at, sizeof(own));
        if (i > 0 && own != step)
            return imp_fail(error, IMPASTO_ERROR_USAGE,
                            "struct %s has a struct_size of %zu at index %zu and of %zu before it; "
                            "set it to sizeof(struct %s) in each",
                            name, own, i, step, name);
        IMP_TRY(imp_sized_take(name, at, taken + i * size, size, error));
        step = own;
    }
    return IMPASTO_OK;
}
