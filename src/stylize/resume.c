/* SPDX-License-Identifier: MIT */
/*
 * A job to its checkpoint and back. Kept is what the next step depends on and what cannot be made
 * again: image, average, the optimiser's state, the place in the schedule. Targets and masks are
 * made again from the pictures, and the weights are the caller's, so of these there are checksums.
 * The job as JSON:
 *   {"impasto": VERSION, "params": {...}, "scales": [iterations of each], "at": scale, "steps":
 * taken there, "optimizer_step": N, "finished": bool, "seconds": so far, "width", "height": of the
 * result, "pictures": {...}, "weights": TEXT, "device": {"name", "platform", "driver"}, "computer":
 * the device with driver, kernels and version, "computing": see imp_job_computing}
 */

#include "stylize/job.h"

#include <stdlib.h>
#include <string.h>

/* Image and average, and the optimiser's. */
#define VECTORS (2 + IMP_OPTIMIZER_VECTORS)

static size_t list_vectors(const struct imp_scale *scale, struct imp_saved_vector vectors[VECTORS])
{
    const size_t n = (size_t)scale->state.n;
    size_t count = 0;
    vectors[count++] = (struct imp_saved_vector){"image", scale->image, n};
    if (scale->params->average > 0)
        vectors[count++] = (struct imp_saved_vector){"average", scale->average, n};
    count += scale->optimizer->saved(&scale->state, vectors + count);
    /* A history that has been dropped has no length. */
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (vectors[i].floats > 0)
            vectors[kept++] = vectors[i];
    return kept;
}

/* ---- Saving ---------------------------------------------------------------------------------- */

static double seconds_so_far(const struct impasto_job *job)
{
    return job->started != 0 ? imp_host_seconds() - job->started : job->before;
}

static json_t *describe_device(const struct impasto_device_info *info)
{
    return json_pack("{s:s, s:s, s:s}", "name", info->name, "platform", info->platform, "driver",
                     info->driver);
}

static json_t *describe_scales(const struct imp_schedule *schedule)
{
    json_t *scales = json_array();
    for (int i = 0; i < schedule->count; i++)
        json_array_append_new(scales, json_integer(schedule->scale[i].iterations));
    return scales;
}

/* NULL: no memory. */
static json_t *describe(const struct impasto_job *job)
{
    const struct impasto_device_info *info = &imp_device_caps(job->device)->info;
    struct impasto_params params = job->params;
    char key[IMP_DEVICE_KEY];
    imp_device_key(info, key);
    params.conv = job->conv[0] ? job->conv : NULL;
    params.gemm = job->gemm[0] ? job->gemm : NULL;
    /* A NULL from any of the parts is one for the whole. */
    return json_pack("{s:s, s:o, s:o, s:O, s:s, s:o, s:s, s:I, s:i, s:i, s:i, s:b, s:i, s:i, s:f}",
                     "impasto", impasto_version(), "params", imp_params_to_json(&params), "scales",
                     describe_scales(&job->schedule), "pictures", job->pictures, "weights",
                     job->weights_name, "device", describe_device(info), "computer", key,
                     "computing", (json_int_t)imp_job_computing(job), "at", job->at, "steps",
                     job->scale.steps, "optimizer_step", job->scale.state.step, "finished",
                     (int)job->finished, "width", job->sources.width, "height", job->sources.height,
                     "seconds", seconds_so_far(job));
}

/* The optimiser's numbers, a new array of *count; NULL where there are none. */
static enum impasto_status collect_numbers(struct imp_scale *scale, double **numbers, size_t *count,
                                           struct impasto_error *error)
{
    struct imp_ledger ledger = {0};
    *numbers = NULL;
    enum impasto_status status =
        imp_optimizer_numbers(scale->optimizer, scale->device, &scale->state, &ledger);
    *count = ledger.at;
    IMP_TRY(imp_lift(scale->device, status, error));
    if (ledger.at == 0)
        return IMPASTO_OK;
    *numbers = malloc(ledger.at * sizeof(**numbers));
    if (!*numbers)
        return imp_fail_memory(error, "a checkpoint", ledger.at * sizeof(**numbers));
    ledger = (struct imp_ledger){.numbers = *numbers, .size = ledger.at};
    status = imp_optimizer_numbers(scale->optimizer, scale->device, &scale->state, &ledger);
    return imp_lift(scale->device, status, error);
}

enum impasto_status impasto_job_save(struct impasto_job *job, const char *path, const char *note,
                                     struct impasto_error *error)
{
    struct imp_saved_vector vectors[VECTORS];
    double *numbers = NULL;
    size_t count = 0;
    IMP_TRY(imp_job_check_open(job, error));
    if (note && (!imp_is_utf8(note) || strlen(note) > IMPASTO_SETTINGS_MOST))
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "the note of a checkpoint must be UTF-8 of at most %d bytes",
                        IMPASTO_SETTINGS_MOST);
    IMP_TRY(imp_lift(job->device, imp_scale_verify(&job->scale, job->iteration), error));
    json_t *described = describe(job);
    enum impasto_status status = described ? collect_numbers(&job->scale, &numbers, &count, error)
                                           : imp_fail_memory(error, "a checkpoint", 0);
    if (status == IMPASTO_OK)
        status = imp_checkpoint_write(path, described, note, job->device, numbers, count, vectors,
                                      list_vectors(&job->scale, vectors), error);
    json_decref(described);
    free(numbers);
    return status;
}

/* ---- Resuming -------------------------------------------------------------------------------- */

/* Whether a run of these parameters from its beginning would have come to where the checkpoint is.
 */
static enum impasto_status check_schedule(const struct impasto_job *job,
                                          const struct impasto_checkpoint *from,
                                          struct impasto_error *error)
{
    const struct imp_schedule *now = &job->schedule, *then = &from->schedule;
    const int here = now->scale[from->at].iterations;
    if (now->count != then->count)
        return imp_checkpoint_damaged(from->file.path, error); /* equal params have equal scales */
    for (int i = 0; i < from->at; i++)
        if (now->scale[i].iterations != then->scale[i].iterations)
            return imp_fail(
                error, IMPASTO_ERROR_USAGE,
                "%s: has %d iterations at scale %d of %d behind it, which cannot become "
                "%d; leave their number as it was, or begin anew",
                from->file.path, then->scale[i].iterations, i + 1, now->count,
                now->scale[i].iterations);
    if (here < from->steps)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "%s: has %d iterations at scale %d of %d behind it, which is more than %d; "
                        "ask for more, or begin anew",
                        from->file.path, from->steps, from->at + 1, now->count, here);
    if (from->finished && job->schedule.iterations != then->iterations &&
        imp_optimizer_find(job->params.optimizer)->finish)
        return imp_fail(
            error, IMPASTO_ERROR_USAGE,
            "%s: this optimiser has settled on its result, so that nothing can be added; "
            "leave the number of iterations as it was, or begin anew",
            from->file.path);
    return IMPASTO_OK;
}

enum impasto_status imp_resume_check(const struct impasto_job *job,
                                     const struct impasto_checkpoint *from,
                                     struct impasto_error *error)
{
    IMP_TRY(imp_pictures_compare(job->pictures, json_object_get(from->job, "pictures"),
                                 from->file.path, error));
    return check_schedule(job, from, error);
}

static enum impasto_status check_weights(const struct impasto_job *job,
                                         const struct impasto_checkpoint *from,
                                         struct impasto_error *error)
{
    const char *then = json_string_value(json_object_get(from->job, "weights"));
    if (strcmp(job->weights_name, then) == 0)
        return IMPASTO_OK;
    return imp_fail(error, IMPASTO_ERROR_WEIGHTS,
                    "%s: was begun with other weights (%s, not %s); give it those", from->file.path,
                    then, job->weights_name);
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
            from->file.path, from->info.device, from->info.driver, from->info.version);
    else if (json_integer_value(json_object_get(from->job, "computing")) !=
             (json_int_t)imp_job_computing(job))
        imp_log(
            log, IMPASTO_LOG_WARNING,
            "%s: was computed with other algorithms or another memory plan, by what was asked for, "
            "tuned, or free then, so the result may differ in its last bits from that of one run",
            from->file.path);
}

static enum impasto_status restore_optimizer(struct imp_scale *scale,
                                             const struct impasto_checkpoint *from,
                                             struct impasto_error *error)
{
    struct imp_ledger ledger = {.loading = true};
    scale->state.step = from->optimizer_step;
    enum impasto_status status = imp_checkpoint_numbers(from, &ledger.numbers, &ledger.size, error);
    if (status == IMPASTO_OK) {
        status = imp_optimizer_numbers(scale->optimizer, scale->device, &scale->state, &ledger);
        if (status != IMPASTO_OK)
            imp_fail(error, status, "%s", imp_device_error(scale->device)->message);
        else if (ledger.wrong || ledger.at != ledger.size)
            status = imp_checkpoint_damaged(from->file.path, error);
    }
    free(ledger.numbers);
    return status;
}

enum impasto_status imp_resume(struct impasto_job *job, const struct impasto_checkpoint *from,
                               struct impasto_error *error)
{
    struct imp_saved_vector vectors[VECTORS];
    IMP_TRY(check_weights(job, from, error));
    IMP_TRY(restore_optimizer(&job->scale, from, error));
    const size_t count = list_vectors(&job->scale, vectors);
    for (size_t i = 0; i < count; i++)
        IMP_TRY(imp_checkpoint_vector(from, job->device, &vectors[i], error));
    job->scale.steps = from->steps;
    job->iteration = from->info.iteration;
    job->finished = from->finished;
    job->before = from->info.seconds;
    warn_of_differences(job, from);
    imp_log(imp_device_log(job->device), IMPASTO_LOG_INFO, "going on from %s: iteration %d of %d",
            from->file.path, job->iteration, job->schedule.iterations);
    return IMPASTO_OK;
}

enum impasto_status impasto_job_resume(struct impasto_device *device,
                                       const struct impasto_weights *weights,
                                       const struct impasto_pictures *pictures,
                                       const struct impasto_checkpoint *checkpoint,
                                       const struct impasto_params *params,
                                       struct impasto_job **job, struct impasto_error *error)
{
    const struct impasto_params *then = &checkpoint->info.params;
    const char *difference = params ? imp_params_difference(params, then) : NULL;
    if (difference) {
        char name[64];
        snprintf(name, sizeof(name), "%s", difference);
        for (char *c = name; *c; c++)
            *c = *c == '_' ? '-' : *c;
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "%s: was begun with another %s, which decides its result; leave it as it "
                        "was, or begin anew",
                        checkpoint->file.path, name);
    }
    return imp_job_open(device, weights, pictures, params ? params : then, false, checkpoint, job,
                        error);
}
