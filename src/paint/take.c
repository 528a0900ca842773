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

static enum impasto_status check_styles(const struct impasto_pictures *pictures,
                                        struct impasto_error *error)
{
    for (size_t i = 0; i < pictures->style_count; i++)
        if (!pictures->styles[i].image)
            return imp_fail(error, IMPASTO_ERROR_USAGE, "style %zu has no picture", i);
    return IMPASTO_OK;
}

enum impasto_status imp_pictures_take(const struct impasto_pictures *theirs,
                                      struct impasto_pictures *ours, struct impasto_error *error)
{
    struct impasto_pictures given = {0};
    void *styles = NULL, *regions = NULL;
    IMP_TRY(imp_sized_take("impasto_pictures", theirs, &given, sizeof(given), error));
    enum impasto_status status = imp_sized_take_array(
        "impasto_style", given.styles, given.style_count, sizeof(*given.styles), &styles, error);
    if (status == IMPASTO_OK)
        status = imp_sized_take_array("impasto_region", given.regions, given.region_count,
                                      sizeof(*given.regions), &regions, error);
    *ours = given;
    ours->styles = styles;
    ours->regions = regions;
    return status == IMPASTO_OK ? check_styles(ours, error) : status;
}

void imp_pictures_drop(struct impasto_pictures *pictures)
{
    free((void *)pictures->styles);
    free((void *)pictures->regions);
    *pictures = (struct impasto_pictures){0};
}
