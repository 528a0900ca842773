/* SPDX-License-Identifier: MIT */
/*
 * Frames that are painted by a job. A scene's first frame is painted as a picture. Each next one
 * begins with the result before it, carried along the motion, and is held to that and to some
 * further back (Ruder et al. 2016).
 */

#include "clip/clip.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A frame is done when its loss has fallen by less than this part in so many steps. */
#define SETTLED 0.001
#define SETTLES_IN 10

/* How many frames one may be held to. */
static int earlier_of(const struct impasto_clip *clip)
{
    int count = 0;
    while (imp_past_distance(clip, count) > 0)
        count++;
    return count;
}

static size_t positions_of(const struct impasto_clip *clip)
{
    return (size_t)clip->info.result_width * (size_t)clip->info.result_height;
}

/* ---- Opening --------------------------------------------------------------------------------- */

bool imp_clip_follows(const struct impasto_clip *clip)
{
    return clip->params.consistency != IMPASTO_CONSISTENCY_NONE || clip->params.measure;
}

enum impasto_status imp_clip_fit(struct impasto_clip *clip, const struct impasto_params *params,
                                 struct impasto_error *error)
{
    struct impasto_params *ours = &clip->painting;
    struct impasto_clip_info *info = &clip->info;
    IMP_TRY(imp_params_take(params, ours, error));
    if (ours->init == IMPASTO_INIT_IMAGE)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "`init`: a film cannot begin with a picture of its own");
    if (clip->pictures.keep)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "`keep`: parts of a film cannot be kept, since they move");
    const struct imp_sizes sizes = imp_sizes_of(ours, ours->size, info->width, info->height);
    info->result_width = sizes.width;
    info->result_height = sizes.height;
    /* Frames come in that size. */
    ours->size = IMPASTO_SIZE_SOURCE;
    ours->reuse = true;
    return imp_sizes_check("frame's", NULL, "`size`", sizes.width, sizes.height, error);
}

enum impasto_status imp_clip_open_job(struct impasto_clip *clip, struct impasto_device *device,
                                      const struct impasto_weights *weights,
                                      struct impasto_error *error)
{
    const struct imp_film film = {.earlier = earlier_of(clip),
                                  .weight = clip->params.temporal_weight};
    struct impasto_pictures pictures = clip->pictures;
    struct impasto_image *blank = NULL;
    IMP_TRY(impasto_image_create(clip->info.result_width, clip->info.result_height, &blank, error));
    pictures.content = blank;
    const enum impasto_status status =
        imp_film_open(device, weights, &pictures, &clip->painting, &film, &clip->job, error);
    impasto_image_free(&blank);
    return status == IMPASTO_OK ? imp_film_identity(clip->job, &clip->identity, error) : status;
}

/* ---- What a frame is held to ----------------------------------------------------------------- */

/* Planes on the host, all of them in one block. */
struct holding {
    struct imp_film_frame frame;
    float *block;
    float *warped, *target[IMP_TEMPORAL_MOST], *reliability[IMP_TEMPORAL_MOST];
};

static enum impasto_status open_holding(const struct impasto_clip *clip, struct holding *holding,
                                        struct impasto_error *error)
{
    const size_t n = positions_of(clip), floats = (3 + 4 * (size_t)IMP_TEMPORAL_MOST) * n;
    *holding = (struct holding){.block = malloc(floats * sizeof(float))};
    if (!holding->block)
        return imp_fail_memory(error, "a frame", floats * sizeof(float));
    holding->warped = holding->block;
    for (int j = 0; j < IMP_TEMPORAL_MOST; j++) {
        holding->target[j] = holding->warped + (3 + 4 * (size_t)j) * n;
        holding->reliability[j] = holding->target[j] + 3 * n;
    }
    return IMPASTO_OK;
}

/* What a nearer frame shows reliably, that one answers for (Ruder et al. 2016, equation 10). */
static void leave_to_nearer(struct holding *holding, int j, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float left = holding->reliability[j][i];
        for (int nearer = 0; nearer < j; nearer++)
            left -= holding->reliability[nearer][i];
        holding->reliability[j][i] = fmaxf(left, 0);
    }
}

static enum impasto_status hold_to(struct impasto_clip *clip, const struct imp_past *past,
                                   struct holding *holding)
{
    const size_t n = positions_of(clip);
    const int j = holding->frame.held;
    IMP_TRY(imp_motion_find(&clip->motion, past->source, holding->reliability[j], NULL));
    IMP_TRY(imp_motion_warp(&clip->motion, past->result, holding->target[j]));
    IMP_TRY(imp_motion_warp(&clip->motion, past->source, holding->warped));
    IMP_TRY(imp_light_follow(clip, holding->warped, holding->reliability[j], holding->target[j],
                             imp_device_error_place(clip->device)));
    leave_to_nearer(holding, j, n);
    holding->frame.target[j] = holding->target[j];
    holding->frame.reliability[j] = holding->reliability[j];
    holding->frame.held++;
    return IMPASTO_OK;
}

/*
 * The frame before; and where that cannot be relied on, the content with the colours that the
 * result had. The content's own would leave patches behind what moves, since few iterations follow,
 * and what was there before leaves ghosts.
 */
static enum impasto_status make_start(const struct impasto_clip *clip, struct holding *holding,
                                      const struct impasto_image *frame,
                                      struct impasto_error *error)
{
    const struct imp_past *before = imp_past_find(clip, 1);
    const size_t n = positions_of(clip);
    struct impasto_image *fill = NULL;
    struct imp_colours from, to;
    holding->frame.start = clip->now.source;
    if (!before || holding->frame.held == 0)
        return IMPASTO_OK;
    IMP_TRY(impasto_image_create(frame->width, frame->height, &fill, error));
    imp_frame_image(before->result, fill);
    imp_colours_measure(fill, NULL, &to);
    imp_colours_measure(frame, NULL, &from);
    memcpy(fill->rgb, frame->rgb, 3 * n * sizeof(float));
    imp_colours_match(fill, &from, &to);
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < 3; c++) {
            const float own = fminf(fmaxf(fill->rgb[3 * i + c], 0), 1);
            const float earlier = holding->target[0][c * n + i];
            holding->warped[c * n + i] = own + holding->reliability[0][i] * (earlier - own);
        }
    holding->frame.start = holding->warped;
    impasto_image_free(&fill);
    return IMPASTO_OK;
}

static enum impasto_status hold(struct impasto_clip *clip, struct holding *holding,
                                const struct impasto_image *frame)
{
    for (int j = 0; imp_past_distance(clip, j) > 0; j++) {
        const struct imp_past *past = imp_past_find(clip, imp_past_distance(clip, j));
        if (past)
            IMP_TRY(hold_to(clip, past, holding));
    }
    return make_start(clip, holding, frame, imp_device_error_place(clip->device));
}

/* ---- Steps ----------------------------------------------------------------------------------- */

/* Whether the losses so far, of which this is the last, hardly fall any more. */
static bool is_settled(double *losses, int step, double loss)
{
    double *before = &losses[step % SETTLES_IN];
    const bool settled = step >= SETTLES_IN && *before - loss < SETTLED * *before;
    *before = loss;
    return settled;
}

/* settles: the frame may be done before its last iteration. */
static enum impasto_status run(struct impasto_clip *clip, bool settles, struct impasto_error *error)
{
    const struct impasto_job_progress *progress = NULL;
    double losses[SETTLES_IN] = {0};
    for (bool done = false, settled = false; !done;) {
        IMP_TRY(impasto_job_step(clip->job, &progress, error));
        done = progress->head.done;
        if (clip->params.progress && clip->params.progress(clip->params.user, progress) && !done)
            return imp_fail(error, IMPASTO_ERROR_INTERRUPTED,
                            "stopped in frame %" PRIu64 ", after iteration %d",
                            clip->info.frames + 1, progress->head.step + 1);
        settled =
            settled || (settles && is_settled(losses, progress->head.step, progress->head.total));
        if (settled && !done)
            imp_film_settle(clip->job);
    }
    clip->info.iterations = progress->head.step;
    clip->info.loss = progress->head.total;
    clip->info.content_loss = clip->info.style_loss = 0;
    for (int l = 0; l < IMPASTO_LAYERS; l++) {
        clip->info.content_loss += progress->content[l];
        clip->info.style_loss += progress->style[l];
    }
    clip->info.temporal_loss = imp_film_loss(clip->job);
    return IMPASTO_OK;
}

/* ---- Frames ---------------------------------------------------------------------------------- */

static enum impasto_status begin_scene(struct impasto_clip *clip, const struct impasto_image *frame,
                                       struct impasto_error *error)
{
    struct impasto_pictures pictures = clip->pictures;
    pictures.content = frame;
    IMP_TRY(impasto_job_reuse(clip->job, &pictures, error));
    return run(clip, false, error);
}

static int iterations_of(const struct impasto_clip *clip)
{
    const int asked = clip->params.iterations;
    return asked >= 0 ? asked : (clip->painting.iterations + 2) / 3;
}

static enum impasto_status continue_scene(struct impasto_clip *clip,
                                          const struct impasto_image *frame,
                                          struct impasto_error *error)
{
    struct holding holding;
    IMP_TRY(open_holding(clip, &holding, error));
    enum impasto_status status = imp_lift(clip->device, hold(clip, &holding, frame), error);
    holding.frame.content = frame;
    holding.frame.iterations = iterations_of(clip);
    if (status == IMPASTO_OK)
        status = imp_film_next(clip->job, &holding.frame, error);
    free(holding.block);
    return status == IMPASTO_OK ? run(clip, true, error) : status;
}

bool imp_clip_keeps_first(const struct impasto_clip *clip)
{
    return clip->job && clip->painting.colour != IMPASTO_COLOUR_STYLE;
}

enum impasto_status imp_clip_take_colours(struct impasto_clip *clip, struct impasto_error *error)
{
    struct impasto_pictures pictures = clip->pictures;
    pictures.content = clip->first;
    return impasto_job_reuse(clip->job, &pictures, error);
}

/* The frame whose colours the styles are given, for scenes that go on after a pause. */
static enum impasto_status keep_first(struct impasto_clip *clip, const struct impasto_image *frame,
                                      struct impasto_error *error)
{
    if (!imp_clip_keeps_first(clip))
        return IMPASTO_OK;
    impasto_image_free(&clip->first);
    return imp_image_resize(frame, frame->width, frame->height, &clip->first, error);
}

enum impasto_status imp_clip_paint(struct impasto_clip *clip, const struct impasto_image *frame,
                                   bool begins, struct impasto_image **image,
                                   struct impasto_error *error)
{
    if (begins)
        IMP_TRY(keep_first(clip, frame, error));
    const bool alone = clip->params.consistency == IMPASTO_CONSISTENCY_NONE;
    IMP_TRY(begins || alone ? begin_scene(clip, frame, error) : continue_scene(clip, frame, error));
    IMP_TRY(imp_film_planes(clip->job, clip->now.result, error));
    IMP_TRY(impasto_job_image(clip->job, image, error));
    if (clip->now.output != clip->now.result)
        imp_frame_planes(*image, clip->now.output);
    return IMPASTO_OK;
}
