/* SPDX-License-Identifier: MIT */
/* What callers hand over, which may be of an older version, in the structs of this one. */

#include "paint/paint.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum impasto_status imp_params_take(const struct impasto_params *theirs,
                                    struct impasto_params *ours, struct impasto_error *error)
{
    *ours = imp_params_usual();
    return imp_sized_take("impasto_params", theirs, ours, sizeof(*ours), error);
}

/* An array whose elements all have the size that the first says; *ours is to be freed. */
static enum impasto_status take_array(const char *name, const void *theirs, size_t count,
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

enum impasto_status imp_pictures_take(const struct impasto_pictures *theirs,
                                      struct impasto_pictures *ours, struct impasto_error *error)
{
    struct impasto_pictures given = {0};
    void *styles = NULL, *regions = NULL;
    IMP_TRY(imp_sized_take("impasto_pictures", theirs, &given, sizeof(given), error));
    enum impasto_status status = take_array("impasto_style", given.styles, given.style_count,
                                            sizeof(*given.styles), &styles, error);
    if (status == IMPASTO_OK)
        status = take_array("impasto_region", given.regions, given.region_count,
                            sizeof(*given.regions), &regions, error);
    *ours = given;
    ours->styles = styles;
    ours->regions = regions;
    return status;
}

void imp_pictures_drop(struct impasto_pictures *pictures)
{
    free((void *)pictures->styles);
    free((void *)pictures->regions);
    *pictures = (struct impasto_pictures){0};
}
