/* SPDX-License-Identifier: MIT */
/* Clips: include/impasto/clip.h. */

#include "apply/film.h"
#include "clip/clip.h"

#include <math.h>
#include <stdlib.h>

/* ---- Parameters ------------------------------------------------------------------------------ */

struct impasto_clip_params impasto_clip_defaults(int width, int height)
{
    return (struct impasto_clip_params){
        .struct_size = sizeof(struct impasto_clip_params),
        .width = width,
        .height = height,
        .consistency = IMPASTO_CONSISTENCY_FILM,
        .temporal_weight = 20,
        .iterations = -1,
    };
}

static enum impasto_status take_params(const struct impasto_clip_params *theirs,
                                       struct impasto_clip_params *ours,
                                       struct impasto_error *error)
{
    *ours = impasto_clip_defaults(0, 0);
    IMP_TRY(imp_sized_take("impasto_clip_params", theirs, ours, sizeof(*ours), error));
    if (ours->width < 1 || ours->height < 1)
        return imp_fail(error, IMPASTO_ERROR_USAGE, "frames of %dx%d pixels have none", ours->width,
                        ours->height);
    if (ours->consistency > IMPASTO_CONSISTENCY_FINE)
        return imp_fail(error, IMPASTO_ERROR_USAGE, "`consistency` %u: must be from 0 to %u",
                        (unsigned)ours->consistency, (unsigned)IMPASTO_CONSISTENCY_FINE);
    if (!(ours->temporal_weight >= 0) || isinf(ours->temporal_weight))
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "`temporal-weight` %g: must be 0 or more, and finite",
                        (double)ours->temporal_weight);
    if (ours->iterations < -1 || ours->iterations > IMP_CLIP_MOST_ITERATIONS)
        return imp_fail(error, IMPASTO_ERROR_USAGE, "`frame-iterations` %d: must be from 0 to %d",
                        ours->iterations, IMP_CLIP_MOST_ITERATIONS);
    return IMPASTO_OK;
}

/* ---- Life ------------------------------------------------------------------------------------ */

static enum impasto_status make(struct impasto_device *device,
                                const struct impasto_clip_params *film, struct impasto_clip **clip,
                                struct impasto_error *error)
{
    struct impasto_clip_params params;
    IMP_TRY(take_params(film, &params, error));
    *clip = calloc(1, sizeof(**clip));
    if (!*clip)
        return imp_fail_memory(error, "a clip", sizeof(**clip));
    (*clip)->device = device->device;
    (*clip)->params = params;
    (*clip)->info = (struct impasto_clip_info){.width = params.width,
                                               .height = params.height,
                                               .result_width = params.width,
                                               .result_height = params.height};
    return IMPASTO_OK;
}

/* Hands the opened clip over, or closes it. */
static enum impasto_status hand_over(struct impasto_clip *opened, enum impasto_status status,
                                     struct impasto_clip **clip)
{
    if (status == IMPASTO_OK)
        *clip = opened;
    else
        impasto_clip_close(&opened);
    return status;
}

/* The sizes of the results; whether the applier can take frames of bytes as they are. */
static void describe_network(struct impasto_clip *clip, const struct impasto_apply_params *params)
{
    struct impasto_clip_info *info = &clip->info;
    if (params->size != IMPASTO_SIZE_SOURCE)
        imp_image_fit(info->width, info->height, params->size, &info->result_width,
                      &info->result_height);
    clip->direct = params->stroke == 1 && info->result_width == info->width &&
                   info->result_height == info->height;
}

static enum impasto_status check_turns(const struct impasto_apply_params *params,
                                       struct impasto_error *error)
{
    if (params->stroke == 1 || !(params->steady > 0 || params->smooth > 0))
        return IMPASTO_OK;
    return imp_fail(error, IMPASTO_ERROR_USAGE,
                    "`stroke` %g: goes with neither `steady` nor `smooth`, which work at the size "
                    "of the frames; leave it at 1, or give another `size`",
                    (double)params->stroke);
}

enum impasto_status impasto_clip_open_network(struct impasto_device *device,
                                              const struct impasto_model *model,
                                              const struct impasto_apply_params *params,
                                              const struct impasto_clip_params *film,
                                              struct impasto_clip **clip,
                                              struct impasto_error *error)
{
    struct impasto_apply_params taken = impasto_apply_defaults();
    struct impasto_clip *opened = NULL;
    IMP_TRY(imp_sized_take("impasto_apply_params", params, &taken, sizeof(taken), error));
    IMP_TRY(make(device, film, &opened, error));
    describe_network(opened, &taken);
    enum impasto_status status = check_turns(&taken, error);
    if (status == IMPASTO_OK)
        status = impasto_applier_open(device, model, &taken, &opened->applier, error);
    if (status == IMPASTO_OK)
        opened->identity = imp_applier_identity(opened->applier);
    return hand_over(opened, status, clip);
}

/* Motion first: what the job plans for itself is what that leaves. */
static enum impasto_status open_painting(struct impasto_clip *clip, struct impasto_device *device,
                                         const struct impasto_weights *weights,
                                         const struct impasto_params *params,
                                         struct impasto_error *error)
{
    struct impasto_clip_info *info = &clip->info;
    IMP_TRY(imp_clip_fit(clip, params, error));
    IMP_TRY(imp_past_open(clip, error));
    if (imp_clip_follows(clip))
        IMP_TRY(imp_lift(
            clip->device,
            imp_motion_open(&clip->motion, clip->device, info->result_height, info->result_width),
            error));
    return imp_clip_open_job(clip, device, weights, error);
}

enum impasto_status impasto_clip_open_painting(
    struct impasto_device *device, const struct impasto_weights *weights,
    const struct impasto_pictures *pictures, const struct impasto_params *params,
    const struct impasto_clip_params *film, struct impasto_clip **clip, struct impasto_error *error)
{
    struct impasto_clip *opened = NULL;
    IMP_TRY(make(device, film, &opened, error));
    enum impasto_status status = imp_pictures_take(pictures, &opened->pictures, error);
    if (status == IMPASTO_OK)
        status = open_painting(opened, device, weights, params, error);
    return hand_over(opened, status, clip);
}

/* What a clip that is painted has to tell scenes apart. */
static enum impasto_status open_scout(struct impasto_clip *clip,
                                      const struct impasto_params *params,
                                      struct impasto_error *error)
{
    const struct impasto_clip_info *info = &clip->info;
    IMP_TRY(imp_clip_fit(clip, params, error));
    clip->params.measure = false;
    clip->params.consistency = IMPASTO_CONSISTENCY_FILM;
    clip->painting.colour = IMPASTO_COLOUR_STYLE;
    IMP_TRY(imp_past_open(clip, error));
    return imp_lift(
        clip->device,
        imp_motion_open(&clip->motion, clip->device, info->result_height, info->result_width),
        error);
}

enum impasto_status impasto_clip_open_scout(struct impasto_device *device,
                                            const struct impasto_params *params,
                                            const struct impasto_clip_params *film,
                                            struct impasto_clip **clip, struct impasto_error *error)
{
    struct impasto_clip *opened = NULL;
    IMP_TRY(make(device, film, &opened, error));
    return hand_over(opened, open_scout(opened, params, error), clip);
}

void impasto_clip_close(struct impasto_clip **clip)
{
    if (!clip || !*clip)
        return;
    impasto_applier_close(&(*clip)->applier);
    impasto_job_close(&(*clip)->job);
    imp_motion_release(&(*clip)->motion);
    imp_past_close(*clip);
    imp_pictures_drop(&(*clip)->pictures);
    impasto_image_free(&(*clip)->first);
    free(*clip);
    *clip = NULL;
}

const struct impasto_clip_info *impasto_clip_info(struct impasto_clip *clip)
{
    clip->info.job = clip->job ? impasto_job_info(clip->job) : NULL;
    clip->info.memory = clip->applier ? impasto_applier_memory(clip->applier)
                                      : (clip->job ? clip->info.job->plan_bytes : 0) +
                                            imp_layout_held(&clip->motion.layout);
    return &clip->info;
}

/* ---- Frames of networks ---------------------------------------------------------------------- */

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

/* Where a frame depends on those before: at the result's size. */
static enum impasto_status apply_in_turn(struct impasto_clip *clip,
                                         const struct impasto_frame *from,
                                         const struct impasto_frame *to,
                                         struct impasto_error *error)
{
    struct impasto_image *own = NULL, *frame = NULL;
    IMP_TRY(impasto_image_create(from->width, from->height, &own, error));
    imp_frame_read(from, own);
    enum impasto_status status = imp_image_resize(own, to->width, to->height, &frame, error);
    impasto_image_free(&own);
    if (status == IMPASTO_OK)
        status = imp_applier_film_frame(clip->applier, frame, error);
    if (status == IMPASTO_OK)
        imp_frame_write(frame, to);
    impasto_image_free(&frame);
    return status;
}

static enum impasto_status apply(struct impasto_clip *clip, const struct impasto_frame *from,
                                 const struct impasto_frame *to, struct impasto_error *error)
{
    if (imp_applier_follows(clip->applier))
        return apply_in_turn(clip, from, to, error);
    const bool bytes = from->samples == IMPASTO_SAMPLES_BYTE && to->samples == IMPASTO_SAMPLES_BYTE;
    return clip->direct && bytes
               ? impasto_applier_frame(clip->applier, from->width, from->height, from->pixels,
                                       from->stride, to->pixels, to->stride, error)
               : apply_picture(clip, from, to, error);
}

/* ---- Frames that are painted ----------------------------------------------------------------- */

/* Whether a scene begins with the frame in `now`. */
static enum impasto_status find_scene(struct impasto_clip *clip, bool *begins)
{
    const struct imp_past *before = imp_past_find(clip, 1);
    *begins = !before;
    if (!imp_clip_follows(clip))
        return IMPASTO_OK;
    IMP_TRY(imp_motion_take(&clip->motion, clip->now.source));
    /* now.result is free until the frame is painted. */
    return before ? imp_motion_find(&clip->motion, before->source, clip->now.result, begins)
                  : IMPASTO_OK;
}

/* A frame that is shown once more, as in drawn films: so is its result. */
static enum impasto_status repeat(struct impasto_clip *clip, struct impasto_image **image,
                                  struct impasto_error *error)
{
    const struct impasto_clip_info *info = &clip->info;
    IMP_TRY(impasto_image_create(info->result_width, info->result_height, image, error));
    imp_past_copy(clip, imp_past_find(clip, 1), &clip->now);
    imp_frame_image(clip->now.output, *image);
    if (imp_clip_follows(clip))
        IMP_TRY(imp_lift(clip->device, imp_motion_take(&clip->motion, clip->now.source), error));
    clip->info.begins_scene = false;
    clip->info.iterations = 0;
    return imp_clip_measure(clip, error);
}

static enum impasto_status paint_image(struct impasto_clip *clip, const struct impasto_image *frame,
                                       struct impasto_image **image, struct impasto_error *error)
{
    const uint64_t scene = clip->scene_begins;
    bool begins = false;
    imp_frame_planes(frame, clip->now.source);
    if (imp_past_repeats(clip))
        return repeat(clip, image, error);
    enum impasto_status status = imp_lift(clip->device, find_scene(clip, &begins), error);
    if (begins)
        clip->scene_begins = clip->info.frames;
    if (status == IMPASTO_OK)
        status = imp_clip_paint(clip, frame, begins, image, error);
    if (status == IMPASTO_OK)
        status = imp_clip_measure(clip, error);
    if (status != IMPASTO_OK) {
        clip->scene_begins = scene;
        return status;
    }
    clip->info.begins_scene = begins;
    clip->info.scenes += begins;
    return IMPASTO_OK;
}

/* The frame as a picture of the result's size, the caller's. */
static enum impasto_status read_frame(const struct impasto_clip *clip,
                                      const struct impasto_frame *from,
                                      struct impasto_image **frame, struct impasto_error *error)
{
    const struct impasto_clip_info *info = &clip->info;
    struct impasto_image *own = NULL;
    IMP_TRY(impasto_image_create(from->width, from->height, &own, error));
    imp_frame_read(from, own);
    const enum impasto_status status =
        imp_image_resize(own, info->result_width, info->result_height, frame, error);
    impasto_image_free(&own);
    return status;
}

static enum impasto_status paint(struct impasto_clip *clip, const struct impasto_frame *from,
                                 const struct impasto_frame *to, struct impasto_error *error)
{
    struct impasto_image *frame = NULL, *image = NULL;
    IMP_TRY(read_frame(clip, from, &frame, error));
    const enum impasto_status status = paint_image(clip, frame, &image, error);
    if (status == IMPASTO_OK) {
        imp_frame_write(image, to);
        imp_past_keep(clip);
    }
    impasto_image_free(&frame);
    impasto_image_free(&image);
    return status;
}

enum impasto_status impasto_clip_frame(struct impasto_clip *clip, const struct impasto_frame *from,
                                       const struct impasto_frame *to, struct impasto_error *error)
{
    const struct impasto_clip_info *info = &clip->info;
    struct impasto_frame ours, result;
    if ((!clip->applier && !clip->job) || clip->looks)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "this clip only finds scenes: give it its frames by impasto_clip_look()");
    IMP_TRY(imp_frame_check("from", from, info->width, info->height, &ours, error));
    IMP_TRY(imp_frame_check("to", to, info->result_width, info->result_height, &result, error));
    IMP_TRY(clip->applier ? apply(clip, &ours, &result, error)
                          : paint(clip, &ours, &result, error));
    clip->info.frames++;
    return IMPASTO_OK;
}

/* ---- Scenes that others paint ---------------------------------------------------------------- */

/* For a clip that is painted. */
static enum impasto_status look_for_job(struct impasto_clip *clip,
                                        const struct impasto_image *frame, bool *begins,
                                        struct impasto_error *error)
{
    *begins = false;
    imp_frame_planes(frame, clip->now.source);
    if (!imp_past_repeats(clip))
        IMP_TRY(imp_lift(clip->device, find_scene(clip, begins), error));
    if (*begins)
        clip->scene_begins = clip->info.frames;
    imp_past_keep(clip);
    return IMPASTO_OK;
}

/* For one of a network. */
static enum impasto_status look_for_network(struct impasto_clip *clip,
                                            const struct impasto_image *frame, bool *begins,
                                            struct impasto_error *error)
{
    const size_t bytes = 3 * sizeof(float) * (size_t)frame->width * (size_t)frame->height;
    float *planes = malloc(bytes);
    if (!planes)
        return imp_fail_memory(error, "a frame", bytes);
    imp_frame_planes(frame, planes);
    const enum impasto_status status =
        imp_applier_film_look(clip->applier, planes, frame->width, frame->height, begins, error);
    if (status == IMPASTO_OK)
        clip->looks = true;
    free(planes);
    return status;
}

enum impasto_status impasto_clip_look(struct impasto_clip *clip, const struct impasto_frame *from,
                                      struct impasto_error *error)
{
    struct impasto_image *frame = NULL;
    struct impasto_frame ours;
    bool begins = false;
    if (clip->job || (clip->applier && clip->info.frames > 0 && !clip->looks))
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "this clip paints: give it its frames by impasto_clip_frame()");
    IMP_TRY(imp_frame_check("from", from, clip->info.width, clip->info.height, &ours, error));
    IMP_TRY(read_frame(clip, &ours, &frame, error));
    const enum impasto_status status = clip->applier ? look_for_network(clip, frame, &begins, error)
                                                     : look_for_job(clip, frame, &begins, error);
    impasto_image_free(&frame);
    if (status != IMPASTO_OK)
        return status;
    clip->info.begins_scene = begins;
    clip->info.scenes += begins;
    clip->info.frames++;
    return IMPASTO_OK;
}

void impasto_clip_begin(struct impasto_clip *clip, uint64_t frames, uint64_t scenes)
{
    imp_clip_forget(clip);
    clip->info.frames = frames;
    clip->info.scenes = scenes;
}
