/* SPDX-License-Identifier: MIT */
/* The styles that are learnt: their pictures, and what the losses want of paintings in them. */

#include "image/image.h"
#include "train/train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The targets do not depend on the size of what will be painted. */
#define ANY_SIZE IMP_SMALLEST_CROP
/* Four halvings must leave a pixel. */
#define SMALLEST 16

static uint32_t checksum_of(const struct impasto_image *image, const char *name)
{
    const size_t pixels = (size_t)image->width * (size_t)image->height;
    const int sides[2] = {image->width, image->height};
    uint32_t sum = imp_checksum(0, sides, sizeof(sides));
    sum = imp_checksum(sum, name, strlen(name));
    /* In steps, so that the last bit of a decoder does not matter. A caller's may be out of range.
     */
    for (size_t i = 0; i < 3 * pixels; i++) {
        const uint16_t value = (uint16_t)(fminf(fmaxf(image->rgb[i], 0), 1) * 65535 + 0.5f);
        sum = imp_checksum(sum, &value, sizeof(value));
    }
    return sum;
}

/* A size in pixels, at which a style picture is looked at. */
struct extent {
    int width, height;
};

/* image: NULL: it will be drawn. */
static enum impasto_status find_extent(const struct impasto_image *image, int size,
                                       struct extent *extent, struct impasto_error *error)
{
    *extent = (struct extent){image ? image->width : size, image ? image->height : size};
    if (extent->width > size || extent->height > size)
        imp_image_fit(extent->width, extent->height, size, &extent->width, &extent->height);
    if (extent->width >= SMALLEST && extent->height >= SMALLEST)
        return IMPASTO_OK;
    return imp_fail(error, IMPASTO_ERROR_INPUT,
                    "%s: is %dx%d pixels at `style-size` %d, and a style needs %d each way",
                    image && image->name ? image->name : "a style picture", extent->width,
                    extent->height, size, SMALLEST);
}

/* The picture at the size of its strokes, without transparency; to be freed. */
static enum impasto_status prepare(const struct impasto_image *image, int size,
                                   struct impasto_image **prepared, struct impasto_error *error)
{
    struct extent extent;
    struct impasto_image *copy = NULL;
    IMP_TRY(find_extent(image, size, &extent, error));
    IMP_TRY(imp_image_resize(image, image->width, image->height, &copy, error));
    enum impasto_status status = imp_image_fill_hidden(copy, error);
    if (status == IMPASTO_OK)
        status = imp_image_resize(copy, extent.width, extent.height, prepared, error);
    impasto_image_free(&copy);
    return status;
}

static enum impasto_status write_planes(struct imp_device *device,
                                        const struct impasto_image *image,
                                        struct imp_buffer *buffer)
{
    const size_t pixels = (size_t)image->width * (size_t)image->height;
    float *planes = malloc(3 * pixels * sizeof(*planes));
    if (!planes)
        return imp_device_fail_memory(device, "a style picture", 3 * pixels * sizeof(*planes));
    for (size_t i = 0; i < pixels; i++)
        for (size_t k = 0; k < 3; k++)
            planes[k * pixels + i] = image->rgb[3 * i + k];
    const enum impasto_status status =
        imp_buffer_write(buffer, 0, planes, 3 * pixels * sizeof(*planes));
    free(planes);
    return status;
}

/* From a pass whose memory is there. */
static enum impasto_status look(struct imp_objective *objective, struct imp_style_pass *pass,
                                const struct impasto_image *image)
{
    IMP_TRY(write_planes(objective->device, image, pass->image));
    enum impasto_status status;
    int retries = 0;
    do {
        status = imp_objective_capture_style(objective, pass, 0, 1, true, true);
    } while (imp_objective_retries(objective, status, retries++));
    return status;
}

static enum impasto_status capture(struct imp_objective *objective, const struct imp_model *model,
                                   const struct impasto_image *image, struct imp_targets *targets,
                                   float limits[WEAVE_SHIFTS])
{
    struct imp_style_pass pass;
    struct imp_device *device = objective->device;
    imp_style_pass_init(&pass, model, imp_device_caps(device), image->height, image->width, false);
    imp_style_pass_list(&pass, objective);
    enum impasto_status status = imp_layout_allocate(&pass.layout, device);
    if (status == IMPASTO_OK)
        status = look(objective, &pass, image);
    if (status == IMPASTO_OK && objective->losses.weave_weight > 0)
        status = imp_weave_limits(device, pass.image, image->height, image->width, limits);
    if (status == IMPASTO_OK)
        status = imp_targets_allocate(targets, objective);
    if (status == IMPASTO_OK)
        status = imp_targets_read(targets, objective, 1);
    imp_layout_release(&pass.layout);
    return status;
}

/* What the network keeps of a style's picture, for those who go on from its paintings. */
static enum impasto_status keep_picture(const struct impasto_train_style *style,
                                        struct impasto_image *prepared, int size,
                                        struct imp_device *device, char **picture)
{
    struct impasto_error *error = imp_device_error_place(device);
    if (!style->image)
        return imp_style_picture_drawn(style->name, size, picture, error);
    free(prepared->alpha); /* what was hidden has been filled */
    prepared->alpha = NULL;
    IMP_TRY(imp_style_picture_store(prepared, picture, error));
    if (!*picture)
        imp_log(imp_device_log(device), IMPASTO_LOG_WARNING,
                "%s: too large at %d pixels to be kept in the model, which does without",
                style->name, size);
    return IMPASTO_OK;
}

static enum impasto_status capture_one(struct imp_train_styles *styles, int index,
                                       const struct impasto_train_style *style, int size,
                                       struct imp_objective *objective,
                                       const struct imp_model *model, char **picture)
{
    struct impasto_image *drawn = NULL, *prepared = NULL;
    struct impasto_error *error = imp_device_error_place(objective->device);
    const struct impasto_image *image = style->image;
    if (!image) {
        IMP_TRY(imp_style_draw(style->name, size, &drawn, error));
        image = drawn;
    }
    styles->checksums[index] = checksum_of(image, style->name);
    enum impasto_status status = prepare(image, size, &prepared, error);
    if (status == IMPASTO_OK)
        status =
            capture(objective, model, prepared, &styles->targets[index], styles->limits[index]);
    if (status == IMPASTO_OK)
        status = keep_picture(style, prepared, size, objective->device, picture);
    impasto_image_free(&prepared);
    impasto_image_free(&drawn);
    return status;
}

/* ---- All of them ----------------------------------------------------------------------------- */

/* What the styles are looked at with, one after the other. */
struct looking {
    struct imp_objective objective;
    struct imp_layout targets;
};

static enum impasto_status begin_looking(struct looking *looking, const struct imp_style_look *look)
{
    const struct imp_objective_options options = {.model = look->model,
                                                  .losses = look->losses,
                                                  .height = ANY_SIZE,
                                                  .width = ANY_SIZE,
                                                  .regions = 1};
    struct imp_objective *objective = &looking->objective;
    *looking = (struct looking){0};
    IMP_TRY(imp_objective_init(objective, look->device, &options));
    objective->region[0].weight = 1;
    imp_guide_init(&objective->region[0].guide, ANY_SIZE, ANY_SIZE, false, NULL);
    imp_objective_layout_targets(objective, &looking->targets);
    return IMPASTO_OK;
}

static void end_looking(struct looking *looking)
{
    imp_layout_release(&looking->targets);
    imp_objective_release(&looking->objective);
}

/* Of a picture of that size. */
static struct imp_train_need need_of(struct looking *looking, const struct imp_style_look *look,
                                     struct extent extent)
{
    struct imp_train_need need = {0};
    struct imp_style_pass pass;
    struct imp_weave weave = {0};
    struct imp_layout limits = {0};
    imp_style_pass_init(&pass, look->model, imp_device_caps(look->device), extent.height,
                        extent.width, false);
    imp_style_pass_list(&pass, &looking->objective);
    if (look->losses->weave_weight > 0)
        imp_weave_list_limits(&weave, extent.height, extent.width, &limits);
    imp_train_need_add(&need, &looking->targets);
    imp_train_need_add(&need, &pass.layout);
    imp_train_need_add(&need, &limits);
    imp_layout_release(&limits);
    imp_layout_release(&pass.layout);
    return need;
}

enum impasto_status imp_train_styles_need(const struct imp_style_look *look,
                                          const struct impasto_train_task *task, int size,
                                          struct imp_train_need *most)
{
    struct looking looking;
    *most = (struct imp_train_need){0};
    enum impasto_status status = begin_looking(&looking, look);
    for (size_t i = 0; i < task->style_count && status == IMPASTO_OK; i++) {
        struct extent extent;
        status =
            find_extent(task->styles[i].image, size, &extent, imp_device_error_place(look->device));
        if (status != IMPASTO_OK)
            break;
        const struct imp_train_need need = need_of(&looking, look, extent);
        if (need.bytes > most->bytes)
            *most = need;
    }
    end_looking(&looking);
    return status;
}

enum impasto_status imp_train_styles_capture(struct imp_train_styles *styles,
                                             const struct imp_style_look *look,
                                             const struct impasto_train_task *task,
                                             const struct impasto_train_params *params,
                                             char **pictures)
{
    struct looking looking;
    styles->count = (int)task->style_count;
    styles->taught = styles->count + params->identity;
    styles->targets = calloc(task->style_count, sizeof(*styles->targets));
    styles->limits = calloc(task->style_count + 1, sizeof(*styles->limits));
    styles->checksums = calloc(task->style_count, sizeof(*styles->checksums));
    if (!styles->targets || !styles->limits || !styles->checksums)
        return imp_device_fail_memory(look->device, "styles", 0);
    for (int n = 0; n < WEAVE_SHIFTS; n++)
        styles->limits[styles->count][n] = 1;
    enum impasto_status status = begin_looking(&looking, look);
    if (status == IMPASTO_OK)
        status = imp_layout_allocate(&looking.targets, look->device);
    for (int i = 0; i < styles->count && status == IMPASTO_OK; i++)
        status = capture_one(styles, i, &task->styles[i], params->style_size, &looking.objective,
                             look->model, &pictures[i]);
    end_looking(&looking);
    return status;
}

void imp_train_styles_free(struct imp_train_styles *styles)
{
    for (int i = 0; styles->targets && i < styles->count; i++)
        imp_targets_free(&styles->targets[i]);
    free(styles->targets);
    free(styles->limits);
    free(styles->checksums);
    *styles = (struct imp_train_styles){0};
}

void imp_train_styles_turn(const struct imp_train_styles *styles, uint64_t turn, double weight,
                           struct imp_sitting_task *task)
{
    const int at = (int)(turn % (uint64_t)styles->taught);
    const bool identity = at == styles->count;
    task->row = styles->first + at;
    task->targets = &styles->targets[identity ? 0 : at];
    task->limits = styles->limits[at];
    task->style_weight = identity ? 0 : weight;
}
