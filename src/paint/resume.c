/* SPDX-License-Identifier: MIT */
/* A job from its checkpoint: whether it may go on, and where it was. See save.c. */

#include "paint/job.h"

#include <stdlib.h>
#include <string.h>

size_t imp_job_vectors(const struct imp_scale *scale,
                       struct imp_saved_vector vectors[IMP_JOB_VECTORS])
{
    const size_t n = (size_t)scale->state.n;
    size_t count = 0;
    vectors[count++] = (struct imp_saved_vector){"image", scale->image, n, false};
    if (scale->params->average > 0)
        vectors[count++] = (struct imp_saved_vector){"average", scale->average, n, false};
    count += scale->optimizer->saved(&scale->state, vectors + count);
    /* A history that has been dropped has no length. */
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (vectors[i].floats > 0)
            vectors[kept++] = vectors[i];
    return kept;
}

/* Whether a run of these parameters from its beginning would have come to where the checkpoint is.
 */
static enum impasto_status check_schedule(const struct impasto_job *job,
                                          const struct impasto_checkpoint *from)
{
    const struct imp_schedule *now = &job->schedule, *then = &from->schedule;
    const int here = now->scale[from->at].iterations;
    struct impasto_error *error = imp_device_error_place(job->device);
    if (now->count != then->count)
        return imp_store_damaged(&from->store, error); /* equal params have equal scales */
    for (int i = 0; i < from->at; i++)
        if (now->scale[i].iterations != then->scale[i].iterations)
            return imp_device_fail(
                job->device, IMPASTO_ERROR_USAGE,
                "%s: has %d iterations at scale %d of %d behind it, which cannot become "
                "%d; leave their number as it was, or begin anew",
                from->path, then->scale[i].iterations, i + 1, now->count, now->scale[i].iterations);
    if (here < from->steps)
        return imp_device_fail(
            job->device, IMPASTO_ERROR_USAGE,
            "%s: has %d iterations at scale %d of %d behind it, which is more than %d; "
            "ask for more, or begin anew",
            from->path, from->steps, from->at + 1, now->count, here);
    if (from->finished && job->schedule.iterations != then->iterations &&
        imp_optimizer_find(job->params.optimizer)->finish)
        return imp_device_fail(
            job->device, IMPASTO_ERROR_USAGE,
            "%s: this optimiser has settled on its result, so that nothing can be added; "
            "leave the number of iterations as it was, or begin anew",
            from->path);
    return IMPASTO_OK;
}

enum impasto_status imp_resume_check(const struct impasto_job *job,
                                     const struct impasto_checkpoint *from)
{
    IMP_TRY(imp_pictures_compare(job->pictures, json_object_get(from->job, "pictures"), from->path,
                                 imp_device_error_place(job->device)));
    return check_schedule(job, from);
}

static enum impasto_status check_weights(const struct impasto_job *job,
                                         const struct impasto_checkpoint *from)
{
    const char *then = json_string_value(json_object_get(from->job, "weights"));
    if (strcmp(job->weights_name, then) == 0)
        return IMPASTO_OK;
    return imp_device_fail(job->device, IMPASTO_ERROR_WEIGHTS,
                           "%s: was begun with other weights (%s, not %s); give it those",
                           from->path, then, job->weights_name);
}

/* What may lead to other bytes than those of a run that was never stopped is told. */
static void warn_of_differences(const struct impasto_job *job,
                                const struct impasto_checkpoint *from)
{
    const struct imp_log *log = imp_device_log(job->device);
    char key[IMP_DEVICE_KEY];
    imp_device_key(&imp_device_caps(job->device)->info, key);
    if (strcmp(key, json_string_value(json_object_get(from->job, "computer"))) != 0)
        imp_log(
            log, IMPASTO_LOG_WARNING,
            "%s: was begun on %s (driver %s) with Impasto %s; this is another device, driver or "
            "version, so the result may differ in its last bits from that of one run",
            from->path, from->info.device, from->info.driver, from->info.version);
    else if (json_integer_value(json_object_get(from->job, "computing")) !=
             (json_int_t)imp_job_computing(job))
        imp_log(
            log, IMPASTO_LOG_WARNING,
            "%s: was computed with other algorithms or another memory plan, by what was asked for, "
            "tuned, or free then, so the result may differ in its last bits from that of one run",
            from->path);
}

/* The optimiser's numbers, on every rank or on none. */
static enum impasto_status read_numbers(struct impasto_job *job,
                                        const struct impasto_checkpoint *from,
                                        struct imp_ledger *ledger)
{
    struct impasto_error *error = imp_device_error_place(job->device);
    enum impasto_status status = IMPASTO_OK;
    if (from)
        status = imp_checkpoint_numbers(from, &ledger->numbers, &ledger->size, error);
    if (!imp_team_band(job))
        return status;
    IMP_TRY(imp_team_agree(job, status));
    IMP_TRY(imp_share(job, &ledger->size, sizeof(ledger->size)));
    const size_t bytes = ledger->size * sizeof(*ledger->numbers);
    if (bytes == 0)
        return IMPASTO_OK;
    if (!from)
        ledger->numbers = malloc(bytes);
    if (!ledger->numbers)
        status = imp_device_fail_memory(job->device, "a checkpoint", bytes);
    IMP_TRY(imp_team_agree(job, status));
    return imp_share(job, ledger->numbers, bytes);
}

static enum impasto_status restore_optimizer(struct impasto_job *job,
                                             const struct impasto_checkpoint *from,
                                             const struct imp_resumption *place)
{
    struct imp_scale *scale = &job->scale;
    struct imp_ledger ledger = {.loading = true};
    scale->state.step = place->optimizer_step;
    enum impasto_status status = read_numbers(job, from, &ledger);
    const bool has_read = status == IMPASTO_OK; /* as all have, or none */
    if (has_read)
        status = imp_optimizer_numbers(scale->optimizer, scale->device, &scale->state, &ledger);
    /* The first rank says so, whose file it is. */
    if (status == IMPASTO_OK && from && (ledger.wrong || ledger.at != ledger.size))
        status = imp_store_damaged(&from->store, imp_device_error_place(job->device));
    free(ledger.numbers);
    return has_read && imp_team_band(job) ? imp_team_agree(job, status) : status;
}

static enum impasto_status restore(struct impasto_job *job, const struct impasto_checkpoint *from,
                                   const struct imp_resumption *place)
{
    struct imp_saved_vector vectors[IMP_JOB_VECTORS];
    IMP_TRY(restore_optimizer(job, from, place));
    const size_t count = imp_job_vectors(&job->scale, vectors);
    for (size_t i = 0; i < count; i++)
        IMP_TRY(imp_checkpoint_vector(from, job->device, imp_team_band(job), &vectors[i]));
    job->scale.steps = place->steps;
    return IMPASTO_OK;
}

enum impasto_status imp_resume(struct impasto_job *job, const struct impasto_checkpoint *from,
                               const struct imp_resumption *place)
{
    IMP_TRY(imp_team_agree(job, from ? check_weights(job, from) : IMPASTO_OK));
    if (!job->idle)
        IMP_TRY(restore(job, from, place));
    job->iteration = place->iteration;
    job->finished = place->finished;
    job->before = place->seconds;
    if (!from)
        return IMPASTO_OK;
    warn_of_differences(job, from);
    imp_log(imp_device_log(job->device), IMPASTO_LOG_INFO, "going on from %s: iteration %d of %d",
            from->path, job->iteration, job->schedule.iterations);
    return IMPASTO_OK;
}
