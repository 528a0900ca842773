/* SPDX-License-Identifier: MIT */
/* Films: paint/film.h. */

#include "paint/film.h"
#include "paint/job.h"

#include <stdlib.h>
#include <string.h>

/* ---- A scale's part -------------------------------------------------------------------------- */

/* The state of a scale that has just been opened. */
static enum impasto_status forget(struct imp_scale *scale)
{
    const size_t bytes = (size_t)scale->state.n * sizeof(float);
    imp_optimizer_release(scale->optimizer, &scale->state);
    scale->state.step = 0;
    scale->state.undoable = false;
    scale->steps = 0;
    scale->guard.failures = 0;
    scale->average_undoable = false;
    for (int v = 0; v < scale->optimizer->carried; v++)
        IMP_TRY(imp_buffer_zero(scale->state.vectors[v], 0, bytes));
    return scale->average ? imp_buffer_zero(scale->average, 0, bytes) : IMPASTO_OK;
}

static enum impasto_status hold(struct imp_scale *scale, const struct imp_film_frame *frame)
{
    struct imp_temporal *temporal = &scale->objective.losses.temporal;
    const struct imp_sizes *sizes = &scale->sizes;
    for (int j = 0; j < frame->held; j++) {
        IMP_TRY(imp_canvas_write(scale->device, sizes, frame->target[j], temporal->target[j]));
        IMP_TRY(imp_canvas_write_plane(scale->device, sizes, frame->reliability[j],
                                       temporal->reliability[j]));
    }
    temporal->held = frame->held;
    return IMPASTO_OK;
}

static enum impasto_status begin_scale(struct imp_scale *scale, const struct impasto_image *content,
                                       const struct imp_film_frame *frame)
{
    enum impasto_status status = IMPASTO_OK;
    IMP_TRY(forget(scale));
    IMP_TRY(imp_canvas_write_image(scale->device, &scale->sizes, content, scale->image));
    for (int tries = 0; tries == 0 || imp_objective_retries(&scale->objective, status, tries - 1);
         tries++)
        status = imp_objective_capture_content(&scale->objective, scale->image);
    IMP_TRY(status);
    IMP_TRY(imp_canvas_write(scale->device, &scale->sizes, frame->start, scale->image));
    IMP_TRY(hold(scale, frame));
    scale->torn = false;
    return IMPASTO_OK;
}

/* ---- Identity -------------------------------------------------------------------------------- */

static uint32_t add_json(uint32_t checksum, json_t *json, bool *room)
{
    char *text = json ? json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    *room = *room && text;
    if (text)
        checksum = imp_checksum(checksum, text, strlen(text));
    free(text);
    return checksum;
}

enum impasto_status imp_film_identity(const struct impasto_job *job, uint32_t *identity,
                                      struct impasto_error *error)
{
    json_t *params = imp_params_to_json(&job->params);
    bool room = true;
    uint32_t checksum = imp_checksum(0, job->weights_name, strlen(job->weights_name));
    checksum = add_json(checksum, params, &room);
    checksum = add_json(checksum, job->pictures, &room);
    json_decref(params);
    *identity = checksum;
    return room ? IMPASTO_OK : imp_fail_memory(error, "checksums of pictures", 0);
}

/* ---- The job's ------------------------------------------------------------------------------- */

static enum impasto_status begin(struct impasto_job *job, const struct imp_film_frame *frame)
{
    struct imp_scale *scale = &job->scale;
    if (job->at != job->schedule.count - 1)
        IMP_TRY(imp_job_open_last(job));
    /* Until all of it is in place, the image is of no frame. */
    scale->torn = true;
    IMP_TRY(imp_sources_next(&job->sources, &job->params, frame->content,
                             imp_device_error_place(job->device)));
    IMP_TRY(begin_scale(scale, job->sources.content.image, frame));
    imp_sources_drop_content(&job->sources);
    job->iteration = 0;
    job->finished = false;
    job->started = job->before = 0;
    job->ends = job->schedule.iterations = frame->iterations;
    return IMPASTO_OK;
}

enum impasto_status imp_film_next(struct impasto_job *job, const struct imp_film_frame *frame,
                                  struct impasto_error *error)
{
    if (!job->scale.device)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "the job is between two sizes, of which the next could not be opened; open "
                        "it again");
    return imp_lift(job->device, begin(job, frame), error);
}

void imp_film_settle(struct impasto_job *job)
{
    job->ends = job->schedule.iterations = job->iteration;
}

static enum impasto_status read_planes(struct impasto_job *job, float *planes)
{
    IMP_TRY(imp_scale_verify(&job->scale, job->iteration));
    return imp_scale_picture(&job->scale, planes);
}

enum impasto_status imp_film_planes(struct impasto_job *job, float *planes,
                                    struct impasto_error *error)
{
    IMP_TRY(imp_job_check_open(job, error));
    return imp_lift(job->device, read_planes(job, planes), error);
}

double imp_film_loss(const struct impasto_job *job)
{
    return job->temporal;
}
