/* SPDX-License-Identifier: MIT */
/* Clips: include/impasto/clip.h. */

#include "clip/clip.h"

#include <stdlib.h>

struct impasto_clip_params impasto_clip_defaults(int width, int height)
{
    return (struct impasto_clip_params){
        .struct_size = sizeof(struct impasto_clip_params), .width = width, .height = height};
}

static enum impasto_status take_params(const struct impasto_clip_params *theirs,
                                       struct impasto_clip_params *ours,
                                       struct impasto_error *error)
{
    *ours = impasto_clip_defaults(0, 0);
    IMP_TRY(imp_sized_take("impasto_clip_params", theirs, ours, sizeof(*ours), error));
    return ours->width > 0 && ours->height > 0
               ? IMPASTO_OK
               : imp_fail(error, IMPASTO_ERROR_USAGE, "frames of %dx%d pixels have none",
                          ours->width, ours->height);
}

/* The sizes of the results; whether the applier can take frames of bytes as they are. */
static void describe(struct impasto_clip *clip, const struct impasto_apply_params *params,
                     int width, int height)
{
    clip->info = (struct impasto_clip_info){
        .width = width, .height = height, .result_width = width, .result_height = height};
    if (params->size != IMPASTO_SIZE_SOURCE)
        imp_image_fit(width, height, params->size, &clip->info.result_width,
                      &clip->info.result_height);
    clip->direct = params->stroke == 1 && clip->info.result_width == width &&
                   clip->info.result_height == height;
}

enum impasto_status impasto_clip_open_network(struct impasto_device *device,
                                              const struct impasto_model *model,
                                              const struct impasto_apply_params *params,
                                              const struct impasto_clip_params *film,
                                              struct impasto_clip **clip,
                                              struct impasto_error *error)
{
    struct impasto_apply_params taken = impasto_apply_defaults();
    struct impasto_clip_params ours;
    IMP_TRY(take_params(film, &ours, error));
    IMP_TRY(imp_sized_take("impasto_apply_params", params, &taken, sizeof(taken), error));
    struct impasto_clip *opened = calloc(1, sizeof(*opened));
    if (!opened)
        return imp_fail_memory(error, "a clip", sizeof(*opened));
    const enum impasto_status status =
        impasto_applier_open(device, model, &taken, &opened->applier, error);
    describe(opened, &taken, ours.width, ours.height);
    if (status == IMPASTO_OK)
        *clip = opened;
    else
        impasto_clip_close(&opened);
    return status;
}

void impasto_clip_close(struct impasto_clip **clip)
{
    if (!clip || !*clip)
        return;
    impasto_applier_close(&(*clip)->applier);
    free(*clip);
    *clip = NULL;
}

const struct impasto_clip_info *impasto_clip_info(struct impasto_clip *clip)
{
    return &clip->info;
}

/* Through pictures of floats. */
static enum impasto_status apply_picture(struct impasto_clip *clip,
                                         const struct impasto_frame *from,
                                         const struct impasto_frame *to,
                                         struct impasto_error *error)
{
    struct impasto_image *content = NULL, *result = NULL;
    IMP_TRY(impasto_image_create(from->width, from->height, &content, error));
    imp_frame_read(from, content);
    const struct impasto_apply_pictures pictures = {.struct_size = sizeof(pictures),
                                                    .content = content};
    const enum impasto_status status =
        impasto_applier_paint(clip->applier, &pictures, &result, error);
    if (status == IMPASTO_OK)
        imp_frame_write(result, to);
    impasto_image_free(&content);
    impasto_image_free(&result);
    return status;
}

static enum impasto_status apply(struct impasto_clip *clip, const struct impasto_frame *from,
                                 const struct impasto_frame *to, struct impasto_error *error)
{
    const bool bytes = from->samples == IMPASTO_SAMPLES_BYTE && to->samples == IMPASTO_SAMPLES_BYTE;
    return clip->direct && bytes
               ? impasto_applier_frame(clip->applier, from->width, from->height, from->pixels,
                                       from->stride, to->pixels, to->stride, error)
               : apply_picture(clip, from, to, error);
}

enum impasto_status impasto_clip_frame(struct impasto_clip *clip, const struct impasto_frame *from,
                                       const struct impasto_frame *to, struct impasto_error *error)
{
    const struct impasto_clip_info *info = &clip->info;
    struct impasto_frame ours, result;
    IMP_TRY(imp_frame_take("from", from, info->width, info->height, &ours, error));
    IMP_TRY(imp_frame_take("to", to, info->result_width, info->result_height, &result, error));
    IMP_TRY(apply(clip, &ours, &result, error));
    clip->info.frames++;
    return IMPASTO_OK;
}
