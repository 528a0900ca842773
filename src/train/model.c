/* SPDX-License-Identifier: MIT */
/* What comes of a training: its model in a file, and a picture that shows how far it is. */

#include "image/image.h"
#include "train/train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- The model ------------------------------------------------------------------------------- */

/* How it was trained; NULL: no memory. */
static json_t *describe(const struct impasto_train *train)
{
    const struct imp_verdicts *verdicts = &train->verdicts;
    return json_pack("{s:s, s:o, s:i, s:s, s:s, s:o, s:i}", "impasto", impasto_version(),
                     "settings", imp_train_params_to_json(&train->params), "steps", train->step,
                     "pictures", train->photos.drawn ? "drawn scenes" : "photographs", "weights",
                     train->builtin ? "built-in" : "trained", "judgement",
                     isfinite(verdicts->best) ? json_real(verdicts->best) : json_null(),
                     "judged_step", verdicts->best_step);
}

static enum impasto_status save(struct impasto_train *train, const char *path, bool half)
{
    struct imp_stylenet *net = &train->net;
    const struct imp_buffer *best =
        isfinite(train->verdicts.best) ? train->learner.best : train->learner.average;
    json_t *training = describe(train);
    if (!training)
        return imp_device_fail_memory(train->device, "a model", 0);
    json_decref(net->training);
    net->training = training;
    IMP_TRY(imp_learner_read(&train->learner, best, net->parameters));
    return imp_stylenet_save(net, path, half, imp_device_error_place(train->device));
}

enum impasto_status impasto_train_save(struct impasto_train *train, const char *path, bool half,
                                       struct impasto_error *error)
{
    IMP_TRY(imp_train_check_whole(train, error));
    return imp_lift(train->device, save(train, path, half), error);
}

/* ---- A picture ------------------------------------------------------------------------------- */

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

struct easel {
    struct imp_pass pass;
    struct imp_layout layout;
    struct imp_buffer *image, *painting;
};

/* The picture becomes the painting. */
static enum impasto_status paint_on(struct impasto_train *train, struct easel *easel, int style,
                                    struct impasto_image *image, float *planes)
{
    const size_t bytes = 3 * (size_t)image->width * (size_t)image->height * sizeof(float);
    IMP_TRY(imp_pass_init(&easel->pass, train->device, &train->net.shape, image->height,
                          image->width, false));
    easel->pass.parameters = &train->learner.average;
    imp_pass_layout(&easel->pass, &easel->layout);
    imp_layout_add(&easel->layout, &easel->image, bytes, "image");
    imp_layout_add(&easel->layout, &easel->painting, bytes, "image");
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
    struct easel easel = {0};
    const size_t count = 3 * (size_t)image->width * (size_t)image->height;
    float *planes = malloc(count * sizeof(*planes));
    if (!planes)
        return imp_device_fail_memory(train->device, "a picture", count * sizeof(*planes));
    const enum impasto_status status = paint_on(train, &easel, style, image, planes);
    imp_layout_release(&easel.layout);
    imp_pass_release(&easel.pass);
    free(planes);
    return status;
}

static enum impasto_status make_image(struct impasto_train *train,
                                      const struct impasto_image *picture, int style,
                                      struct impasto_image **painting)
{
    struct impasto_error *error = imp_device_error_place(train->device);
    int width = picture->width, height = picture->height;
    const int longer = train->params.judge_size;
    if (width > longer || height > longer)
        imp_image_fit(width, height, longer, &width, &height);
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
