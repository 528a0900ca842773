/* SPDX-License-Identifier: MIT */
/* Styles that the library draws itself. */

#include "draw/draw.h"
#include "image/image.h"
#include "train/train.h"

#include <stdlib.h>
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

enum impasto_status imp_train_draw_style(const char *name, int size, struct impasto_image **image,
                                         struct impasto_error *error)
{
    const size_t pixels = (size_t)size * (size_t)size;
    float *planes = malloc(3 * pixels * sizeof(*planes));
    if (!planes)
        return imp_fail_memory(error, "a drawn style", 3 * pixels * sizeof(*planes));
    enum impasto_status status = imp_draw_style(name, size, size, planes, error);
    if (status == IMPASTO_OK)
        status = impasto_image_create(size, size, image, error);
    for (size_t i = 0; status == IMPASTO_OK && i < pixels; i++)
        for (size_t k = 0; k < 3; k++)
            (*image)->rgb[3 * i + k] = planes[k * pixels + i];
    free(planes);
    return status;
}

const char *impasto_train_drawn(size_t index)
{
    return index < (size_t)imp_draw_styles() ? imp_draw_style_name((int)index) : NULL;
}
