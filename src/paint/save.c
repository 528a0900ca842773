/* SPDX-License-Identifier: MIT */
/*
 * A job to its checkpoint. resume.c has the way back. What is saved is what the next step depends
 * on and what cannot be made again: image, average, the optimiser's state, the place in the
 * schedule. Targets and masks are made again from the pictures. The weights are the caller's. So
 * pictures and weights are saved as checksums.
 *
 * The job as JSON:
 *     {"impasto": VERSION, "params": {...}, "scales": [iterations of each], "at": scale,
 *      "steps": taken there, "optimizer_step": N, "finished": bool, "seconds": so far,
 *      "width", "height": of the result, "pictures": {...}, "weights": TEXT,
 *      "device": {"name", "platform", "driver"},
 *      "computer": the device with driver, kernels and version,
 *      "computing": see imp_job_computing}
 */

#include "paint/job.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(IMP_STORE_BESIDE_NOTE + IMP_STORE_ESCAPED * IMPASTO_SETTINGS_MOST <=
                   IMP_STORE_HEADER_MOST,
               "a checkpoint with the longest note could not be read");

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

/* The optimiser's numbers, a new array; NULL where there are none. */
static enum impasto_status collect_numbers(struct imp_scale *scale, struct imp_saved *saved)
{
    struct imp_ledger ledger = {0};
    IMP_TRY(imp_optimizer_numbers(scale->optimizer, scale->device, &scale->state, &ledger));
    const size_t count = saved->number_count = ledger.at;
    if (count == 0)
        return IMPASTO_OK;
    saved->numbers = malloc(count * sizeof(*saved->numbers));
    if (!saved->numbers)
        return imp_device_fail_memory(scale->device, "a checkpoint",
                                      count * sizeof(*saved->numbers));
    ledger = (struct imp_ledger){.numbers = saved->numbers, .size = count};
    return imp_optimizer_numbers(scale->optimizer, scale->device, &scale->state, &ledger);
}

/* Where to, and the caller's words. */
struct target {
    const char *path, *note;
};

static enum impasto_status write_file(struct impasto_job *job, const struct target *target,
                                      struct imp_band_vector *bands)
{
    json_t *described = describe(job);
    struct imp_saved saved = {.job = described, .note = target->note, .bands = bands};
    enum impasto_status status = described ? collect_numbers(&job->scale, &saved)
                                           : imp_device_fail_memory(job->device, "a checkpoint", 0);
    saved.vector_count = imp_job_vectors(&job->scale, saved.vectors);
    if (status == IMPASTO_OK)
        status = imp_checkpoint_write(job->device, target->path, &saved);
    json_decref(described);
    free(saved.numbers);
    return status;
}

/* In bands: the first rank writes, and the others give it theirs, to the end whatever becomes of
 * the file. */
static enum impasto_status write_bands(struct impasto_job *job, const struct target *target)
{
    struct imp_saved_vector vectors[IMP_JOB_VECTORS];
    struct imp_band_vector bands[IMP_JOB_VECTORS] = {{0}};
    const bool writes = imp_comm_rank(job->comm) == 0;
    const size_t count = imp_job_vectors(&job->scale, vectors);
    enum impasto_status status = IMPASTO_OK, line = IMPASTO_OK;
    for (size_t i = 0; i < count && status == IMPASTO_OK; i++)
        status = imp_band_vector_open(&bands[i], &job->band, &vectors[i], writes);
    status = imp_team_agree(job, status);
    if (status == IMPASTO_OK && writes)
        status = write_file(job, target, bands);
    const struct impasto_error found = *imp_device_error(job->device);
    for (size_t i = 0; i < count && line == IMPASTO_OK && !job->agreed; i++)
        line = imp_band_vector_finish(&bands[i]);
    if (status != IMPASTO_OK && line == IMPASTO_OK)
        *imp_device_error_place(job->device) = found;
    for (size_t i = 0; i < count; i++)
        imp_band_vector_close(&bands[i]);
    return line != IMPASTO_OK ? line : job->agreed ? status : imp_team_agree(job, status);
}

static enum impasto_status save(struct impasto_job *job, void *user)
{
    const struct target *target = user;
    enum impasto_status status =
        job->idle ? IMPASTO_OK : imp_scale_verify(&job->scale, job->iteration);
    if (imp_team_band(job))
        return status == IMPASTO_OK ? write_bands(job, target) : status;
    if (status == IMPASTO_OK && !job->idle)
        status = write_file(job, target, NULL);
    return imp_team_agree(job, status);
}

const struct imp_task imp_save_task = {IMP_CALL_SAVE, save, false};

enum impasto_status impasto_job_save(struct impasto_job *job, const char *path, const char *note,
                                     struct impasto_error *error)
{
    IMP_TRY(imp_job_check_open(job, error));
    if (note && (!imp_is_utf8(note) || strlen(note) > IMPASTO_SETTINGS_MOST))
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "the note of a checkpoint must be UTF-8 of at most %d bytes",
                        IMPASTO_SETTINGS_MOST);
    struct target target = {path, note};
    return imp_lift(job->device, imp_team_run(job, &imp_save_task, &target), error);
}
