/* SPDX-License-Identifier: MIT */
/* How a job comes to a scale, alone or together with other ranks: planning it, and opening it, if
 * need be with less memory than was planned. */

#include "paint/job.h"
#include "vgg/vgg.h"

/* ---- Planning -------------------------------------------------------------------------------- */

/* Of the rows that there seems to be memory for, where its own do not fit: part of what they take
 * does not grow with them, and shares are rounded to blocks. */
#define SURE_ROOM 0.75

static enum impasto_status plan_own(struct impasto_job *job)
{
    if (job->idle)
        return IMPASTO_OK;
    IMP_TRY(imp_scale_init(&job->scale, job->device, &job->params, &job->model, &job->weights,
                           &job->sources, &job->film, imp_team_band(job),
                           job->schedule.scale[job->at].size));
    const bool fits = imp_scale_plan(&job->scale);
    job->room = imp_scale_room(&job->scale) * (fits ? 1 : SURE_ROOM);
    return fits ? IMPASTO_OK : imp_scale_refuse(&job->scale, &job->sources);
}

/* How often rows are shared anew where a device has too little memory for its own: room is told
 * from the plan before, and is less wrong each time. */
#define SHARES_MOST 4

/* Shares the rows, and plans each rank's; by speed, and if that does not fit, by memory. */
static enum impasto_status share_and_plan(struct impasto_job *job)
{
    const struct imp_sizes sizes = imp_sizes_of(&job->params, job->schedule.scale[job->at].size,
                                                job->sources.width, job->sources.height);
    for (int shared = 1;; shared++) {
        IMP_TRY(imp_team_cut(job, &sizes, shared > 1));
        const enum impasto_status status = imp_team_agree(job, plan_own(job));
        if (status != IMPASTO_ERROR_MEMORY || shared == SHARES_MOST || !imp_team_band(job) ||
            job->shared)
            return status;
        /* All have failed, and go on together. */
        job->agreed = false;
        imp_scale_release(&job->scale);
    }
}

/* Steps can be taken back on all devices or on none. */
static enum impasto_status undo_alike(struct impasto_job *job)
{
    bool one_cannot;
    if (!imp_team_band(job))
        return IMPASTO_OK;
    IMP_TRY(imp_team_any_not(job, job->scale.state.undoes, &one_cannot));
    if (one_cannot && job->scale.state.undoes) {
        job->scale.state.undoes = false;
        imp_scale_list(&job->scale);
    }
    return IMPASTO_OK;
}

enum impasto_status imp_job_plan_scale(struct impasto_job *job, int at)
{
    imp_scale_release(&job->scale);
    job->at = at;
    IMP_TRY(share_and_plan(job));
    IMP_TRY(undo_alike(job));
    /* Bands of the last scale are told as they are in the end. */
    if (at == job->schedule.count - 1)
        return imp_team_describe(job);
    if (imp_team_band(job))
        job->band.pace.lines = imp_scale_exchanging(&job->scale, &job->cost);
    return IMPASTO_OK;
}

/* ---- Opening --------------------------------------------------------------------------------- */

static enum impasto_status open_own(struct impasto_job *job, const struct imp_carry *carry)
{
    /* Matched colours are each content's own. */
    const bool lasting = job->params.reuse && job->params.colour == IMPASTO_COLOUR_STYLE;
    if (job->idle)
        return IMPASTO_OK;
    IMP_TRY(
        imp_scale_open_styles(&job->scale, &job->sources, lasting ? &job->targets[job->at] : NULL));
    IMP_TRY(imp_scale_open_content(&job->scale, &job->sources, carry));
    job->info.scale_width = job->scale.sizes.width;
    job->info.scale_height = job->scale.sizes.height;
    /* Not before: with less memory it may all be needed again. */
    if (job->at == job->schedule.count - 1) {
        imp_sources_drop_styles(&job->sources);
        imp_sources_drop_content(&job->sources);
    }
    return IMPASTO_OK;
}

/* Opens the planned scale. Only then it has iterations: after a failure the next step opens it. */
static enum impasto_status try_to_enter(struct impasto_job *job, const struct imp_carry *carry)
{
    IMP_TRY(open_own(job, carry));
    job->ends = 0;
    for (int i = 0; i <= job->at; i++)
        job->ends += job->schedule.scale[i].iterations;
    return IMPASTO_OK;
}

/* The same in a team. agreed: a failure is that of all ranks, in one with bands by itself. */
static enum impasto_status try_together(struct impasto_job *job, const struct imp_carry *carry)
{
    const enum impasto_status status = try_to_enter(job, carry);
    if (job->comm && !imp_team_band(job))
        return imp_team_agree(job, status);
    job->agreed = job->agreed || job->scale.agreed;
    return status;
}

/* Whether it is so on any rank. */
static enum impasto_status on_any(struct impasto_job *job, bool own, bool *any)
{
    *any = own;
    return job->comm ? imp_team_any_not(job, !own, any) : IMPASTO_OK;
}

/* Of what the driver has refused, what is asked for next, if there is a plan for it. */
#define LESS_MEMORY 0.75

/* Plans the scale again, with less than the `asked` bytes that the driver has refused to this rank,
 * 0: to others alone. Where the smallest plan needs more than that, it is taken, if it is smaller
 * than `asked`. */
static enum impasto_status plan_with_less(struct impasto_job *job, uint64_t asked)
{
    const uint64_t others = asked ? imp_scale_others(&job->scale) : 0;
    bool again;
    if (asked)
        imp_device_limit_memory(job->device, others + (uint64_t)(LESS_MEMORY * (double)asked));
    const enum impasto_status status = imp_job_plan_scale(job, job->at);
    if (status != IMPASTO_ERROR_MEMORY || (job->comm && !job->agreed))
        return status;
    /* What did not fit is the smallest plan. */
    const uint64_t least = asked ? imp_scale_peak(&job->scale) : 0;
    const struct impasto_error why = *imp_device_error(job->device);
    IMP_TRY(on_any(job, least < asked, &again));
    *imp_device_error_place(job->device) = why;
    if (!again)
        return status;
    job->agreed = false;
    if (least < asked)
        imp_device_limit_memory(job->device, others + least);
    return imp_job_plan_scale(job, job->at);
}

static void tell_less(const struct impasto_job *job, const struct impasto_error *why,
                      uint64_t asked)
{
    imp_log(imp_device_log(job->device), IMPASTO_LOG_WARNING,
            "%s: trying with %.1f MiB in all instead of %.1f", why->message,
            (double)imp_scale_peak(&job->scale) / (1 << 20), (double)asked / (1 << 20));
}

enum impasto_status imp_job_enter_scale(struct impasto_job *job, const struct imp_carry *carry)
{
    for (;;) {
        const unsigned refusals = imp_device_refusals(job->device);
        const uint64_t asked = job->idle ? 0 : imp_scale_peak(&job->scale);
        const enum impasto_status status = try_together(job, carry);
        if (status != IMPASTO_ERROR_MEMORY || (job->comm && !job->agreed))
            return status;
        const struct impasto_error why = *imp_device_error(job->device);
        const bool own = imp_device_refusals(job->device) != refusals;
        bool any;
        IMP_TRY(on_any(job, own, &any));
        if (!any)
            return status;
        job->agreed = false;
        IMP_TRY(plan_with_less(job, own ? asked : 0));
        if (own)
            tell_less(job, &why, asked);
        if (job->at == job->schedule.count - 1 && !job->idle)
            imp_job_describe(job);
    }
}

enum impasto_status imp_job_open_last(struct impasto_job *job)
{
    IMP_TRY(imp_job_plan_scale(job, job->schedule.count - 1));
    return imp_job_enter_scale(job, NULL);
}
