/* SPDX-License-Identifier: MIT */
/*
 * A job: from pictures to a picture. Opening it prepares the pictures, plans the memory, packs the
 * weights, and opens the first scale (enter.c). Each step measures, checks, and moves the image. At
 * the end of a scale it goes on to the next.
 */

#include "vgg/vgg.h"
#include "paint/job.h"

#include <stdlib.h>
#include <string.h>

/* Whether another rank of the same team speaks for all. */
static bool is_other(const struct impasto_job *job)
{
    return job->comm && imp_comm_rank(job->comm) > 0;
}

/* ---- Opening --------------------------------------------------------------------------------- */

static enum impasto_status use_pictures(struct impasto_job *job,
                                        const struct impasto_pictures *pictures)
{
    struct impasto_error *error = imp_device_error_place(job->device);
    const struct impasto_params *params = &job->params;
    if (!pictures->content)
        return imp_fail(error, IMPASTO_ERROR_USAGE, "no content picture");
    const int width = pictures->content->width, height = pictures->content->height;
    const struct imp_sizes sizes = imp_sizes_of(params, params->size, width, height);
    IMP_TRY(imp_sizes_check("content", pictures->content->name, "`size`", sizes.width, sizes.height,
                            error));
    IMP_TRY(imp_schedule_make(params, width, height, &job->schedule, error));
    IMP_TRY(
        imp_sources_make(params, pictures, &sizes, job->schedule.count == 1, &job->sources, error));
    json_decref(job->pictures);
    job->pictures = imp_pictures_identity(pictures, params);
    return job->pictures ? IMPASTO_OK : imp_fail_memory(error, "checksums of pictures", 0);
}

static enum impasto_status take_pictures(struct impasto_job *job,
                                         const struct impasto_pictures *theirs)
{
    struct impasto_pictures pictures = {0};
    enum impasto_status status =
        imp_pictures_take(theirs, &pictures, imp_device_error_place(job->device));
    if (status == IMPASTO_OK)
        status = use_pictures(job, &pictures);
    imp_pictures_drop(&pictures);
    return status;
}

/* What each rank finds out by itself, before any waits for another. */
static enum impasto_status look_at(struct impasto_job *job, const struct imp_opening *opening,
                                   struct impasto_device *device)
{
    struct impasto_error *error = imp_device_error_place(job->device);
    const struct impasto_params *params = &job->params;
    IMP_TRY(imp_params_check(params, &opening->weights->info, error));
    if (!is_other(job))
        IMP_TRY(take_pictures(job, opening->pictures));
    if (!is_other(job) && opening->from)
        IMP_TRY(imp_resume_check(job, opening->from));
    IMP_TRY(imp_device_check(device, error));
    const struct imp_model_options options = {
        .layers = imp_params_depth(params),
        .average = params->pooling == IMPASTO_POOLING_AVERAGE,
        .edge = params->padding == IMPASTO_PADDING_REPLICATE ? IMP_EDGE_REPLICATE : IMP_EDGE_ZERO,
        .conv = params->conv,
        .gemm = params->gemm,
    };
    IMP_TRY(imp_model_init(&job->model, job->device, &opening->weights->info, &options));
    imp_model_layout(&job->model, imp_device_caps(job->device), &job->weights);
    return IMPASTO_OK;
}

static enum impasto_status load_weights(struct impasto_job *job,
                                        const struct impasto_weights *weights)
{
    IMP_TRY(imp_layout_allocate(&job->weights, job->device));
    IMP_TRY(imp_model_load(&job->model, job->device, weights, imp_device_error_place(job->device)));
    imp_weights_name(&job->model, job->weights_name);
    return IMPASTO_OK;
}

static enum impasto_status prepare(struct impasto_job *job, const struct imp_opening *opening,
                                   struct impasto_device *device)
{
    const struct impasto_checkpoint *from = is_other(job) ? NULL : opening->from;
    struct imp_resumption place;
    IMP_TRY(imp_share_settings(job));
    IMP_TRY(imp_team_agree(job, look_at(job, opening, device)));
    IMP_TRY(imp_share_pictures(job));
    IMP_TRY(imp_share_resumption(job, from, &place));
    IMP_TRY(imp_job_plan_scale(job, job->schedule.count - 1));
    if (!job->idle)
        imp_job_describe(job);
    if (!is_other(job)) {
        imp_job_announce_weights(job, &opening->weights->info);
        imp_job_announce_sizes(job);
    }
    if (job->only_plan)
        return IMPASTO_OK;
    if (job->at != place.at)
        IMP_TRY(imp_job_plan_scale(job, place.at));
    imp_device_set_profile(job->device, job->params.profile);
    IMP_TRY(imp_team_agree(job, load_weights(job, opening->weights)));
    IMP_TRY(imp_share_weights(job));
    IMP_TRY(imp_job_enter_scale(job, NULL));
    return place.resumes ? imp_resume(job, from, &place) : IMPASTO_OK;
}

static enum impasto_status prepare_rank(struct impasto_job *job, void *user)
{
    const struct imp_opening *opening = user;
    struct impasto_device *device = opening->device;
    if (is_other(job) && !job->apart)
        device = device->others[imp_comm_rank(job->comm) - 1];
    return prepare(job, opening, device);
}

const struct imp_task imp_open_task = {IMP_CALL_OPEN, prepare_rank, false};

static enum impasto_status
open_job(struct impasto_device *device, const struct impasto_weights *weights,
         const struct impasto_pictures *pictures, const struct impasto_params *theirs,
         const struct imp_film *film, bool only_plan, const struct impasto_checkpoint *from,
         struct impasto_job **job, struct impasto_error *error)
{
    struct impasto_params params;
    IMP_TRY(imp_params_take(theirs, &params, error));
    struct impasto_job *opened = calloc(1, sizeof(*opened));
    if (!opened)
        return imp_fail_memory(error, "a job", sizeof(*opened));
    opened->device = device->device;
    opened->params = params;
    opened->only_plan = only_plan;
    if (film)
        opened->film = *film;
    struct imp_opening opening = {device, weights, pictures, from};
    enum impasto_status status = imp_team_open(opened, device, error);
    if (status == IMPASTO_OK && film)
        status = imp_team_refuse(opened, "a film", error);
    if (status == IMPASTO_OK)
        status = imp_lift(device->device, imp_team_run(opened, &imp_open_task, &opening), error);
    opened->told = film != NULL;
    /* What these point to is the caller's. */
    for (int rank = 1; opened->team && rank < opened->team->size; rank++)
        opened->team->job[rank]->params.conv = opened->team->job[rank]->params.gemm = NULL;
    snprintf(opened->conv, sizeof(opened->conv), "%s", params.conv ? params.conv : "");
    snprintf(opened->gemm, sizeof(opened->gemm), "%s", params.gemm ? params.gemm : "");
    opened->params.conv = opened->params.gemm = NULL;
    if (status == IMPASTO_OK)
        *job = opened;
    else
        impasto_job_close(&opened);
    return status;
}

enum impasto_status impasto_job_open(struct impasto_device *device,
                                     const struct impasto_weights *weights,
                                     const struct impasto_pictures *pictures,
                                     const struct impasto_params *params, struct impasto_job **job,
                                     struct impasto_error *error)
{
    return open_job(device, weights, pictures, params, NULL, false, NULL, job, error);
}

enum impasto_status imp_film_open(struct impasto_device *device,
                                  const struct impasto_weights *weights,
                                  const struct impasto_pictures *pictures,
                                  const struct impasto_params *params, const struct imp_film *film,
                                  struct impasto_job **job, struct impasto_error *error)
{
    return open_job(device, weights, pictures, params, film, false, NULL, job, error);
}

enum impasto_status impasto_job_plan(struct impasto_device *device,
                                     const struct impasto_weights *weights,
                                     const struct impasto_pictures *pictures,
                                     const struct impasto_params *params, struct impasto_job **job,
                                     struct impasto_error *error)
{
    return open_job(device, weights, pictures, params, NULL, true, NULL, job, error);
}

enum impasto_status impasto_job_resume(struct impasto_device *device,
                                       const struct impasto_weights *weights,
                                       const struct impasto_pictures *pictures,
                                       const struct impasto_checkpoint *checkpoint,
                                       const struct impasto_params *params,
                                       struct impasto_job **job, struct impasto_error *error)
{
    const struct impasto_params *then = &checkpoint->params;
    struct impasto_params now = *then;
    if (params)
        IMP_TRY(imp_params_take(params, &now, error));
    const char *difference = imp_params_difference(&now, then);
    if (difference)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "%s: was begun with another %s, which decides its result; leave it as it "
                        "was, or begin anew",
                        checkpoint->path, difference);
    return open_job(device, weights, pictures, &now, NULL, false, checkpoint, job, error);
}

static enum impasto_status begin_anew(struct impasto_job *job,
                                      const struct impasto_pictures *pictures)
{
    imp_sources_free(&job->sources);
    imp_carry_free(&job->carry);
    job->iteration = 0;
    job->finished = false;
    job->started = job->before = 0;
    IMP_TRY(take_pictures(job, pictures));
    IMP_TRY(imp_job_plan_scale(job, job->schedule.count - 1));
    imp_job_describe(job);
    if (!job->told)
        imp_job_announce_sizes(job);
    if (job->schedule.count > 1)
        IMP_TRY(imp_job_plan_scale(job, 0));
    return imp_job_enter_scale(job, NULL);
}

enum impasto_status impasto_job_reuse(struct impasto_job *job,
                                      const struct impasto_pictures *pictures,
                                      struct impasto_error *error)
{
    if (job->only_plan)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "a job made by impasto_job_plan can only tell its plan");
    IMP_TRY(imp_team_refuse(job, "another content", error));
    imp_scale_release(&job->scale);
    const enum impasto_status status = imp_lift(job->device, begin_anew(job, pictures), error);
    if (status != IMPASTO_OK)
        imp_scale_release(&job->scale);
    return status;
}

void impasto_job_close(struct impasto_job **job)
{
    if (!job || !*job)
        return;
    for (int rank = 1; (*job)->team && rank < (*job)->team->size; rank++)
        impasto_job_close(&(*job)->team->job[rank]);
    imp_team_close(*job);
    imp_scale_release(&(*job)->scale);
    imp_band_close(&(*job)->band);
    imp_carry_free(&(*job)->carry);
    imp_layout_release(&(*job)->weights);
    for (int i = 0; i < IMPASTO_SCALES; i++)
        imp_targets_free(&(*job)->targets[i]);
    imp_sources_free(&(*job)->sources);
    json_decref((*job)->pictures);
    free((*job)->profile);
    free(*job);
    *job = NULL;
}

/* ---- Running --------------------------------------------------------------------------------- */

const struct impasto_job_info *impasto_job_info(struct impasto_job *job)
{
    size_t count = 0;
    const struct imp_profile_row *rows = imp_device_profile(job->device, &count);
    free(job->profile);
    job->profile = job->params.profile && count ? calloc(count, sizeof(*job->profile)) : NULL;
    if (!job->profile)
        count = 0;
    for (size_t i = 0; i < count; i++)
        job->profile[i] = (struct impasto_profile_row){.label = rows[i].label,
                                                       .launches = rows[i].launches,
                                                       .seconds = rows[i].seconds,
                                                       .flops = rows[i].flops};
    job->info.profile = job->profile;
    job->info.profile_rows = count;
    return &job->info;
}

/* Whether a failed change of scale has left the job with its picture, but no scale. */
static bool is_between(const struct impasto_job *job)
{
    return job->carry.image != NULL;
}

/* IMPASTO_ERROR_USAGE where there is not even a sound picture. */
static enum impasto_status check_begun(const struct impasto_job *job, struct impasto_error *error)
{
    if (job->only_plan)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "a job made by impasto_job_plan can only tell its plan");
    if (job->scale.torn)
        return imp_fail(
            error, IMPASTO_ERROR_USAGE,
            "a step has failed while it changed the picture, which is spoilt; open the job "
            "again");
    return job->scale.device || is_between(job)
               ? IMPASTO_OK
               : imp_fail(error, IMPASTO_ERROR_USAGE,
                          "the job has no pictures: impasto_job_reuse has failed");
}

enum impasto_status imp_job_check_open(const struct impasto_job *job, struct impasto_error *error)
{
    IMP_TRY(check_begun(job, error));
    return is_between(job)
               ? imp_fail(error, IMPASTO_ERROR_USAGE,
                          "the job is between two sizes, of which the next could not be "
                          "opened; it has its picture and nothing else")
               : IMPASTO_OK;
}

/* Takes what goes to the next scale; on failure the scale stays open. */
static enum impasto_status leave(struct impasto_job *job)
{
    enum impasto_status status = IMPASTO_OK;
    if (!job->idle)
        status = imp_scale_verify(&job->scale, job->iteration);
    if (status == IMPASTO_OK && !job->idle)
        status = imp_scale_carry(&job->scale, &job->carry);
    if (job->comm && !imp_team_band(job))
        status = imp_team_agree(job, status);
    if (status == IMPASTO_OK && job->comm && !imp_team_band(job))
        status = imp_team_share_carry(job, &job->carry);
    if (status != IMPASTO_OK)
        imp_carry_free(&job->carry);
    return status;
}

/* From one scale to the next; on failure the job is between the two, from where it can be tried
 * again. */
static enum impasto_status advance(struct impasto_job *job)
{
    const int from = job->at;
    if (!is_between(job))
        IMP_TRY(leave(job));
    enum impasto_status status = imp_job_plan_scale(job, from + 1);
    if (status == IMPASTO_OK)
        status = imp_job_enter_scale(job, &job->carry);
    if (status == IMPASTO_OK) {
        imp_carry_free(&job->carry);
        return status;
    }
    imp_scale_release(&job->scale);
    job->at = from;
    job->info.scale_width = job->carry.width;
    job->info.scale_height = job->carry.height;
    return status;
}

/* What the last step that all take part in has taken. The first of a scale compiles. */
static void note_time(struct impasto_job *job, double seconds)
{
    if (job->scale.steps > 1) {
        job->busy += seconds;
        job->timed++;
    }
    if (job->timed > 0 && job->busy > 0)
        job->measured = job->scale.sizes.rows * (double)job->timed / job->busy;
}

/* Measures the image, and moves it or, at the end of all, leaves it at the best one. */
static enum impasto_status take_step(struct impasto_job *job, bool last)
{
    struct imp_loss_values values = {0};
    double total = 0;
    if (last)
        IMP_TRY(imp_scale_finish(&job->scale, job->iteration, &values));
    else
        IMP_TRY(imp_scale_measure(&job->scale, job->iteration, &values, &total));
    job->progress = (struct impasto_job_progress){
        .head = {.step = job->iteration,
                 .steps = job->schedule.iterations,
                 .done = last,
                 .total = values.total,
                 .seconds = imp_host_seconds() - job->started},
        .scale = job->at,
        .scales = job->schedule.count,
        .width = job->scale.sizes.width,
        .height = job->scale.sizes.height,
        .tv = values.tv,
    };
    job->temporal = values.temporal;
    memcpy(job->progress.content, values.content, sizeof(values.content));
    memcpy(job->progress.style, values.style, sizeof(values.style));
    if (last)
        return IMPASTO_OK;
    IMP_TRY(imp_scale_step(&job->scale, job->iteration, total));
    job->iteration++;
    return IMPASTO_OK;
}

/* The same in a team: of a band, or while the first rank works alone. */
static enum impasto_status take_part(struct impasto_job *job, bool last)
{
    const double since = imp_host_seconds(), waited = job->band.waited;
    const bool overlapped = job->band.pace.overlaps;
    if (imp_team_band(job)) {
        IMP_TRY(take_step(job, last));
        /* Of a band that computed while it waited, nobody knows what computing alone takes. */
        if (!overlapped && !job->band.pace.overlaps)
            note_time(job, imp_host_seconds() - since - (job->band.waited - waited));
        return IMPASTO_OK;
    }
    IMP_TRY(imp_team_agree(job, job->idle ? IMPASTO_OK : take_step(job, last)));
    job->iteration += job->idle && !last;
    return IMPASTO_OK;
}

/* The same at the scale that the schedule has it at. */
static enum impasto_status go_on(struct impasto_job *job, void *user)
{
    const bool *last = user;
    while (job->iteration >= job->ends && job->at + 1 < job->schedule.count)
        IMP_TRY(advance(job));
    return job->comm ? take_part(job, *last) : take_step(job, *last);
}

const struct imp_task imp_step_task = {IMP_CALL_STEP, go_on, true};

enum impasto_status impasto_job_step(struct impasto_job *job,
                                     const struct impasto_job_progress **progress,
                                     struct impasto_error *error)
{
    bool last = job->iteration >= job->schedule.iterations;
    IMP_TRY(check_begun(job, error));
    if (job->started == 0)
        job->started = imp_host_seconds() - job->before;
    IMP_TRY(imp_lift(job->device, imp_team_run(job, &imp_step_task, &last), error));
    job->finished = last;
    if (progress)
        *progress = &job->progress;
    return IMPASTO_OK;
}

enum impasto_status impasto_job_run(struct impasto_job *job, impasto_job_progress_fn progress,
                                    void *user, struct impasto_error *error)
{
    for (bool done = false; !done;) {
        IMP_TRY(impasto_job_step(job, NULL, error));
        done = job->progress.head.done;
        if (progress && progress(user, &job->progress) && !done)
            return imp_fail(error, IMPASTO_ERROR_INTERRUPTED, "stopped after iteration %d",
                            job->iteration);
    }
    return IMPASTO_OK;
}

static enum impasto_status make_image(struct impasto_job *job, void *user)
{
    struct impasto_image **image = user;
    const struct imp_sizes *sizes = &job->scale.sizes;
    const size_t bytes = 3 * (size_t)sizes->width * (size_t)sizes->height * sizeof(float);
    struct impasto_error *error = imp_device_error_place(job->device);
    if (job->idle || (is_between(job) && is_other(job)))
        return IMPASTO_OK;
    if (is_between(job))
        return imp_result_make(&job->sources, job->params.colour, job->carry.image,
                               job->carry.height, job->carry.width, image, error);
    IMP_TRY(imp_scale_verify(&job->scale, job->iteration));
    float *planes = malloc(bytes);
    if (!planes)
        return imp_fail_memory(error, "a picture", bytes);
    enum impasto_status status = imp_scale_picture(&job->scale, planes);
    if (status == IMPASTO_OK && !is_other(job))
        status = imp_result_make(&job->sources, job->params.colour, planes, sizes->height,
                                 sizes->width, image, error);
    free(planes);
    return status;
}

const struct imp_task imp_image_task = {IMP_CALL_IMAGE, make_image, false};

enum impasto_status impasto_job_image(struct impasto_job *job, struct impasto_image **image,
                                      struct impasto_error *error)
{
    IMP_TRY(check_begun(job, error));
    return imp_lift(job->device, imp_team_run(job, &imp_image_task, image), error);
}

static enum impasto_status read_gradient(struct impasto_job *job, void *user)
{
    const struct imp_sizes *sizes = &job->scale.sizes;
    struct imp_loss_values ignored;
    float *gradient = user, *copy = NULL;
    if (job->idle)
        return IMPASTO_OK;
    IMP_TRY(imp_scale_evaluate(&job->scale, true, job->iteration, &ignored));
    if (!is_other(job))
        return imp_scale_gradient(&job->scale, gradient);
    IMP_TRY(imp_planes_make(job->device, 3, (size_t)sizes->width * (size_t)sizes->height, &copy));
    const enum impasto_status status = imp_scale_gradient(&job->scale, copy);
    free(copy);
    return status;
}

const struct imp_task imp_gradient_task = {IMP_CALL_GRADIENT, read_gradient, false};

enum impasto_status impasto_job_gradient(struct impasto_job *job, float *gradient,
                                         struct impasto_error *error)
{
    IMP_TRY(imp_job_check_open(job, error));
    return imp_lift(job->device, imp_team_run(job, &imp_gradient_task, gradient), error);
}
