/* SPDX-License-Identifier: MIT */
/* A picture as the network paints it by now, to show how far it is. */

#include "image/image.h"
#include "train/train.h"

#include <math.h>
#include <stdlib.h>

static void to_planes(const struct impasto_image *image, float *planes)
{
    const size_t pixels = (size_t)image->width * (size_t)image->height;
    for (size_t i = 0; i < pixels; i++)
        for (size_t k = 0; k < 3; k++)
            planes[k * pixels + i] = image->rgb[3 * i + k];
}

static void from_planes(const float *planes, struct impasto_image *image)
{
    const size_t pixels = (size_t)image->width * (size_t)image->height;
    for (size_t i = 0; i < pixels; i++)
        for (size_t k = 0; k < 3; k++) {
            const float value = planes[k * pixels + i];
            image->rgb[3 * i + k] = value > 0 ? fminf(value, 1) : 0;
        }
}

void imp_easel_size(int longer, int *width, int *height)
{
    if (*width > longer || *height > longer)
        imp_image_fit(*width, *height, longer, width, height);
}

enum impasto_status imp_easel_init(struct imp_easel *easel, struct impasto_train *train, int width,
                                   int height)
{
    const size_t bytes = 3 * (size_t)width * (size_t)height * sizeof(float);
    *easel = (struct imp_easel){0};
    IMP_TRY(imp_pass_init(&easel->pass, train->device, &train->net.shape, height, width, false));
    easel->pass.parameters = &train->learner.average;
    imp_pass_layout(&easel->pass, &easel->layout);
    imp_layout_add(&easel->layout, &easel->image, bytes, "image");
    imp_layout_add(&easel->layout, &easel->painting, bytes, "image");
    return IMPASTO_OK;
}

void imp_easel_release(struct imp_easel *easel)
{
    imp_layout_release(&easel->layout);
    imp_pass_release(&easel->pass);
}

/* The picture becomes the painting. */
static enum impasto_status paint_on(struct impasto_train *train, struct imp_easel *easel, int style,
                                    struct impasto_image *image, float *planes)
{
    const size_t bytes = 3 * (size_t)image->width * (size_t)image->height * sizeof(float);
    IMP_TRY(imp_easel_init(easel, train, image->width, image->height));
    IMP_TRY(imp_layout_allocate(&easel->layout, train->device));
    to_planes(image, planes);
    IMP_TRY(imp_buffer_write(easel->image, 0, planes, bytes));
    IMP_TRY(imp_pass_pack(&easel->pass));
    IMP_TRY(imp_pass_forward(&easel->pass, style, easel->image, easel->painting));
    IMP_TRY(imp_buffer_read(easel->painting, 0, planes, bytes));
    from_planes(planes, image);
    return IMPASTO_OK;
}

static enum impasto_status paint(struct impasto_train *train, int style,
                                 struct impasto_image *image)
{
    struct imp_easel easel;
    const size_t count = 3 * (size_t)image->width * (size_t)image->height;
    float *planes = malloc(count * sizeof(*planes));
    if (!planes)
        return imp_device_fail_memory(train->device, "a picture", count * sizeof(*planes));
    const enum impasto_status status = paint_on(train, &easel, style, image, planes);
    imp_easel_release(&easel);
    free(planes);
    return status;
}

static enum impasto_status make_image(struct impasto_train *train,
                                      const struct impasto_image *picture, int style,
                                      struct impasto_image **painting)
{
    struct impasto_error *error = imp_device_error_place(train->device);
    int width = picture->width, height = picture->height;
    imp_easel_size(train->params.judge_size, &width, &height);
    IMP_TRY(imp_image_resize(picture, width, height, painting, error));
    enum impasto_status status = imp_image_fill_hidden(*painting, error);
    if (status == IMPASTO_OK)
        status = paint(train, style, *painting);
    if (status != IMPASTO_OK)
        impasto_image_free(painting);
    return status;
}

enum impasto_status impasto_train_image(struct impasto_train *train,
                                        const struct impasto_image *picture, size_t style,
                                        struct impasto_image **painting,
                                        struct impasto_error *error)
{
    *painting = NULL;
    IMP_TRY(imp_train_check_whole(train, error));
    if (style >= (size_t)train->net.shape.styles)
        return imp_fail(error, IMPASTO_ERROR_USAGE, "style %zu: the network has %d", style,
                        train->net.shape.styles);
    return imp_lift(train->device, make_image(train, picture, (int)style, painting), error);
}
