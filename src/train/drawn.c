/* SPDX-License-Identifier: MIT */
/* Styles that the library draws itself. */

#include "draw/draw.h"
#include "train/train.h"

#include <string.h>

enum impasto_status imp_train_check_drawn(const char *name, struct impasto_error *error)
{
    char list[600] = "";
    if (imp_draw_style_exists(name))
        return IMPASTO_OK;
    for (int i = 0; i < imp_draw_styles(); i++) {
        const size_t used = strlen(list);
        snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "", imp_draw_style_name(i));
    }
    return imp_fail(error, IMPASTO_ERROR_USAGE,
                    "'%.100s' is neither a picture nor a style that is drawn, which are %s", name,
                    list);
}

const char *impasto_train_drawn(size_t index)
{
    return index < (size_t)imp_draw_styles() ? imp_draw_style_name((int)index) : NULL;
}
