/* SPDX-License-Identifier: MIT */
/*
 * What is in a checkpoint. The metadata has the job as JSON (see save.c) and the caller's note. The
 * tensors are the optimiser's numbers, the image, its average and what the optimiser keeps.
 */

#include "paint/job.h"

#include <stdlib.h>

#define JOB_KEY "impasto.job"
#define NOTE_KEY "impasto.note"
#define NUMBERS "optimizer.numbers"

static const struct imp_store_kind checkpoint_kind = {
    .key = "impasto.checkpoint",
    .format = 1,
    .what = "a checkpoint",
    .advice = "go on from an older one, or begin anew",
};

/* ---- Vectors of the device ------------------------------------------------------------------- */

static enum impasto_status read_vector(void *user, size_t offset, void *piece, size_t size)
{
    return imp_buffer_read(user, offset, piece, size);
}

static enum impasto_status write_vector(void *user, size_t offset, const void *piece, size_t size)
{
    return imp_buffer_write(user, offset, piece, size);
}

static struct imp_store_tensor tensor_of(const struct imp_saved_vector *vector)
{
    return (struct imp_store_tensor){.name = vector->name,
                                     .count = vector->floats,
                                     .read = read_vector,
                                     .write = write_vector,
                                     .user = vector->buffer};
}

/* ---- Writing --------------------------------------------------------------------------------- */

enum impasto_status imp_checkpoint_write(struct imp_device *device, const char *path,
                                         const struct imp_saved *saved)
{
    struct imp_store_tensor tensors[1 + IMP_JOB_VECTORS];
    size_t count = 0;
    struct impasto_error *error = imp_device_error_place(device);
    char format[16], *job = json_dumps(saved->job, JSON_COMPACT | JSON_REAL_PRECISION(17));
    if (!job)
        return imp_fail_memory(error, checkpoint_kind.what, 0);
    snprintf(format, sizeof(format), "%d", checkpoint_kind.format);
    if (saved->number_count > 0)
        tensors[count++] = imp_store_doubles(NUMBERS, saved->numbers, saved->number_count);
    for (size_t i = 0; i < saved->vector_count; i++)
        tensors[count++] =
            saved->bands ? imp_band_vector_tensor(&saved->bands[i]) : tensor_of(&saved->vectors[i]);
    const struct imp_store_text texts[] = {
        {checkpoint_kind.key, format}, {JOB_KEY, job}, {NOTE_KEY, saved->note}};
    const struct imp_store_contents contents = {
        .what = checkpoint_kind.what,
        .texts = texts,
        .text_count = IMP_COUNT(texts),
        .tensors = tensors,
        .tensor_count = count,
        .checksum = true,
    };
    const enum impasto_status status = imp_store_write(path, &contents, error);
    free(job);
    return status;
}

/* ---- Reading --------------------------------------------------------------------------------- */

static bool read_schedule(const json_t *scales, struct imp_schedule *schedule)
{
    schedule->count = (int)json_array_size(scales);
    if (schedule->count < 1 || schedule->count > IMPASTO_SCALES)
        return false;
    for (int i = 0; i < schedule->count; i++) {
        const json_int_t number = json_integer_value(json_array_get(scales, (size_t)i));
        if (number < 0 || number > INT32_MAX / IMPASTO_SCALES)
            return false;
        schedule->scale[i].iterations = (int)number;
        schedule->iterations += (int)number;
    }
    return true;
}

/* The members that every checkpoint has. */
static bool read_job(struct impasto_checkpoint *checkpoint)
{
    struct impasto_checkpoint_info *info = &checkpoint->info;
    json_t *params, *scales, *pictures;
    const char *weights, *key;
    json_int_t computing;
    int finished, before = 0;
    if (json_unpack(checkpoint->job,
                    "{s:s, s:o, s:o, s:o, s:s, s:s, s:I, s:i, s:i, s:i, s:b, s:i, s:i, s:F,"
                    " s:{s:s, s:s, s:s}}",
                    "impasto", &info->version, "params", &params, "scales", &scales, "pictures",
                    &pictures, "weights", &weights, "computer", &key, "computing", &computing, "at",
                    &checkpoint->at, "steps", &checkpoint->steps, "optimizer_step",
                    &checkpoint->optimizer_step, "finished", &finished, "width", &info->width,
                    "height", &info->height, "seconds", &info->seconds, "device", "name",
                    &info->device, "platform", &info->platform, "driver", &info->driver) != 0)
        return false;
    checkpoint->finished = finished != 0;
    if (!imp_params_from_json(params, &checkpoint->params) ||
        !read_schedule(scales, &checkpoint->schedule) || checkpoint->at < 0 ||
        checkpoint->at >= checkpoint->schedule.count || checkpoint->steps < 0 ||
        checkpoint->optimizer_step < 0 ||
        checkpoint->steps > checkpoint->schedule.scale[checkpoint->at].iterations)
        return false;
    for (int i = 0; i < checkpoint->at; i++)
        before += checkpoint->schedule.scale[i].iterations;
    checkpoint->params.struct_size = sizeof(checkpoint->params);
    info->params = &checkpoint->params;
    info->iteration = before + checkpoint->steps;
    info->iterations = checkpoint->schedule.iterations;
    return true;
}

static enum impasto_status open_file(const char *path, struct impasto_checkpoint *checkpoint,
                                     struct impasto_error *error)
{
    IMP_TRY(imp_store_open(path, &checkpoint_kind, &checkpoint->store, error));
    const char *job = imp_store_text(&checkpoint->store, JOB_KEY);
    checkpoint->path = checkpoint->store.file.path;
    checkpoint->job = job ? json_loads(job, JSON_REJECT_DUPLICATES, NULL) : NULL;
    checkpoint->info.note = imp_store_text(&checkpoint->store, NOTE_KEY);
    return read_job(checkpoint) ? IMPASTO_OK : imp_store_damaged(&checkpoint->store, error);
}

enum impasto_status impasto_checkpoint_open(const char *path,
                                            struct impasto_checkpoint **checkpoint,
                                            struct impasto_error *error)
{
    *checkpoint = NULL;
    struct impasto_checkpoint *opened = calloc(1, sizeof(*opened));
    if (!opened)
        return imp_fail_memory(error, "a checkpoint", sizeof(*opened));
    const enum impasto_status status = open_file(path, opened, error);
    if (status == IMPASTO_OK)
        *checkpoint = opened;
    else
        impasto_checkpoint_close(&opened);
    return status;
}

void impasto_checkpoint_close(struct impasto_checkpoint **checkpoint)
{
    if (!checkpoint || !*checkpoint)
        return;
    json_decref((*checkpoint)->job);
    imp_store_close(&(*checkpoint)->store);
    free(*checkpoint);
    *checkpoint = NULL;
}

const struct impasto_checkpoint_info *
impasto_checkpoint_info(const struct impasto_checkpoint *checkpoint)
{
    return &checkpoint->info;
}

enum impasto_status imp_checkpoint_numbers(const struct impasto_checkpoint *checkpoint,
                                           double **numbers, size_t *count,
                                           struct impasto_error *error)
{
    *numbers = NULL;
    *count = imp_store_count(&checkpoint->store, NUMBERS, true);
    if (*count == 0)
        return IMPASTO_OK;
    *numbers = malloc(*count * sizeof(**numbers)); /* no more than the file has */
    if (!*numbers)
        return imp_fail_memory(error, "a checkpoint", *count * sizeof(**numbers));
    const struct imp_store_tensor tensor = imp_store_doubles(NUMBERS, *numbers, *count);
    return imp_store_read(&checkpoint->store, &tensor, error);
}

enum impasto_status imp_checkpoint_vector(const struct impasto_checkpoint *checkpoint,
                                          struct imp_device *device, struct imp_band *band,
                                          const struct imp_saved_vector *vector)
{
    struct impasto_error *error = imp_device_error_place(device);
    struct imp_band_vector bands;
    struct imp_store_tensor tensor = tensor_of(vector);
    if (!band)
        return imp_store_read(&checkpoint->store, &tensor, error);
    const bool reads = imp_comm_rank(band->comm) == 0;
    enum impasto_status status = imp_band_vector_open(&bands, band, vector, true);
    tensor = imp_band_vector_tensor(&bands);
    if (status == IMPASTO_OK)
        status = reads ? imp_store_read(&checkpoint->store, &tensor, error)
                       : imp_band_vector_receive(&bands);
    imp_band_vector_close(&bands);
    return status;
}
