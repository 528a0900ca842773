/* SPDX-License-Identifier: MIT */
/*
 * Checkpoints as files. They are safetensors, which any reader of such opens: the metadata has the
 * format's number (first, so that it is where it can be found without reading JSON), the job as
 * JSON (see resume.c), and the caller's note; the tensors are the image, its average and what the
 * optimiser keeps; the last one is the CRC-32 of all bytes before it. Vectors go between file and
 * device a piece at a time, as they may be larger than what the host has left.
 */

#include "net/optim.h"
#include "stylize/job.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Raised with every change that an older reader would misunderstand. */
#define FORMAT 1
#define BEGINNING "{\"__metadata__\":{\"impasto.checkpoint\":\""
#define HEAD_LENGTH 8 /* bytes of the header's length, before the beginning */
#define JOB_KEY "impasto.job"
#define NOTE_KEY "impasto.note"
#define NUMBERS "optimizer.numbers"
#define CHECKSUM "crc32"
/* Bytes moved at a time; a multiple of every element's size. */
#define PIECE ((size_t)1 << 20)

/* ---- Bytes ----------------------------------------------------------------------------------- */

/* Between the file's little-endian words and this machine's, in place. */
static void turn_words(unsigned char *words, size_t count, size_t width)
{
    const uint16_t one = 1;
    if (*(const unsigned char *)&one == 1)
        return;
    for (size_t i = 0; i < count; i++, words += width)
        for (size_t k = 0; k < width / 2; k++) {
            const unsigned char byte = words[k];
            words[k] = words[width - 1 - k];
            words[width - 1 - k] = byte;
        }
}

struct writer {
    FILE *stream;
    uint32_t checksum;
};

/* What fails marks the stream, which the commit then reports. */
static bool put(struct writer *writer, const void *data, size_t size)
{
    writer->checksum = imp_checksum(writer->checksum, data, size);
    return fwrite(data, 1, size, writer->stream) == size;
}

static bool put_words(struct writer *writer, unsigned char *words, size_t count, size_t width)
{
    turn_words(words, count, width);
    return put(writer, words, count * width);
}

/* ---- Writing --------------------------------------------------------------------------------- */

static int describe(json_t *header, const char *name, const char *dtype, size_t count, size_t width,
                    uint64_t *offset)
{
    return imp_safetensors_describe(header, name, dtype, json_pack("[I]", (json_int_t)count),
                                    offset, (uint64_t)count * width);
}

/* NULL: no memory. */
static char *make_head(const json_t *job, const char *note, size_t numbers,
                       const struct imp_saved_vector *vectors, size_t count, size_t *size)
{
    char format[16];
    uint64_t offset = 0;
    char *text = json_dumps(job, JSON_COMPACT | JSON_REAL_PRECISION(17));
    snprintf(format, sizeof(format), "%d", FORMAT);
    json_t *header = text ? json_pack("{s:{s:s, s:s}}", "__metadata__", "impasto.checkpoint",
                                      format, JOB_KEY, text)
                          : NULL;
    int failed = header ? 0 : -1;
    if (note && header)
        failed |= json_object_set_new(json_object_get(header, "__metadata__"), NOTE_KEY,
                                      json_string(note));
    if (numbers > 0 && header)
        failed |= describe(header, NUMBERS, "F64", numbers, sizeof(double), &offset);
    for (size_t i = 0; i < count && header; i++)
        failed |=
            describe(header, vectors[i].name, "F32", vectors[i].floats, sizeof(float), &offset);
    if (header)
        failed |= describe(header, CHECKSUM, "U32", 1, sizeof(uint32_t), &offset);
    char *head = failed == 0 ? imp_safetensors_head(header, size) : NULL;
    json_decref(header);
    free(text);
    return head;
}

static enum impasto_status put_vector(struct writer *writer, struct imp_device *device,
                                      const struct imp_saved_vector *vector, unsigned char *piece,
                                      struct impasto_error *error)
{
    const size_t bytes = vector->floats * sizeof(float);
    for (size_t at = 0; at < bytes; at += PIECE) {
        const size_t now = bytes - at < PIECE ? bytes - at : PIECE;
        const enum impasto_status status = imp_buffer_read(vector->buffer, at, piece, now);
        if (status != IMPASTO_OK)
            return imp_fail(error, status, "%s", imp_device_error(device)->message);
        if (!put_words(writer, piece, now / sizeof(float), sizeof(float)))
            break;
    }
    return IMPASTO_OK;
}

static bool put_numbers(struct writer *writer, const double *numbers, size_t count,
                        unsigned char *piece)
{
    for (size_t at = 0; at < count; at += PIECE / sizeof(double)) {
        const size_t left = count - at;
        const size_t now = left < PIECE / sizeof(double) ? left : PIECE / sizeof(double);
        memcpy(piece, numbers + at, now * sizeof(double));
        if (!put_words(writer, piece, now, sizeof(double)))
            return false;
    }
    return true;
}

static enum impasto_status put_all(struct writer *writer, struct imp_device *device,
                                   const double *numbers, size_t number_count,
                                   const struct imp_saved_vector *vectors, size_t vector_count,
                                   struct impasto_error *error)
{
    enum impasto_status status = IMPASTO_OK;
    unsigned char *piece = malloc(PIECE);
    if (!piece)
        return imp_fail_memory(error, "a checkpoint", PIECE);
    if (put_numbers(writer, numbers, number_count, piece))
        for (size_t i = 0; i < vector_count && status == IMPASTO_OK; i++)
            status = put_vector(writer, device, &vectors[i], piece, error);
    memcpy(piece, &writer->checksum, sizeof(writer->checksum));
    put_words(writer, piece, 1, sizeof(writer->checksum));
    free(piece);
    return status;
}

enum impasto_status imp_checkpoint_write(const char *path, const json_t *job, const char *note,
                                         struct imp_device *device, const double *numbers,
                                         size_t number_count,
                                         const struct imp_saved_vector *vectors,
                                         size_t vector_count, struct impasto_error *error)
{
    struct imp_file file;
    size_t size = 0;
    char *head = make_head(job, note, number_count, vectors, vector_count, &size);
    if (!head)
        return imp_fail_memory(error, "the header of a checkpoint", 0);
    enum impasto_status status = imp_file_create(&file, path, error);
    if (status == IMPASTO_OK) {
        struct writer writer = {.stream = file.stream};
        if (put(&writer, head, size))
            status = put_all(&writer, device, numbers, number_count, vectors, vector_count, error);
        if (status == IMPASTO_OK)
            status = imp_file_commit(&file, error);
        else
            imp_file_abandon(&file);
    }
    free(head);
    return status;
}

/* ---- Reading --------------------------------------------------------------------------------- */

enum impasto_status imp_checkpoint_damaged(const char *path, struct impasto_error *error)
{
    return imp_fail(
        error, IMPASTO_ERROR_INPUT,
        "%s: a checkpoint that is damaged or was cut short; go on from an older one, or "
        "begin anew",
        path);
}

/* Whether it is a checkpoint, and of a format that is known. */
static enum impasto_status probe(const char *path, struct impasto_error *error)
{
    char head[HEAD_LENGTH + sizeof(BEGINNING) + 8] = "";
    struct stat info;
    if (stat(path, &info) != 0)
        return imp_fail_file(error, IMPASTO_ERROR_INPUT, path, "cannot be read", errno);
    if (!S_ISREG(info.st_mode))
        return imp_fail(error, IMPASTO_ERROR_INPUT, "%s: is %s, not a checkpoint", path,
                        S_ISDIR(info.st_mode) ? "a folder" : "a device, pipe or socket");
    FILE *stream = fopen(path, "rb");
    if (!stream)
        return imp_fail_file(error, IMPASTO_ERROR_INPUT, path, "cannot be read", errno);
    const size_t got = fread(head, 1, sizeof(head) - 1, stream);
    fclose(stream);
    if (got < HEAD_LENGTH || strncmp(head + HEAD_LENGTH, BEGINNING, sizeof(BEGINNING) - 1) != 0)
        return imp_fail(error, IMPASTO_ERROR_INPUT, "%s: is not a checkpoint of Impasto", path);
    const char *digits = head + HEAD_LENGTH + sizeof(BEGINNING) - 1;
    const long format = strtol(digits, NULL, 10);
    if (format > FORMAT)
        return imp_fail(error, IMPASTO_ERROR_INPUT,
                        "%s: a checkpoint of format %ld, which a newer Impasto wrote; this one, "
                        "%s, reads format %d",
                        path, format, impasto_version(), FORMAT);
    return format == FORMAT ? IMPASTO_OK : imp_checkpoint_damaged(path, error);
}

/* The checksum is at the end, whatever the header says. */
static enum impasto_status check_sum(const struct imp_safetensors *file,
                                     struct impasto_error *error)
{
    unsigned char *piece = malloc(PIECE), last[4];
    uint64_t offset, size;
    uint32_t checksum = 0, written = 0;
    if (!piece)
        return imp_fail_memory(error, "a checkpoint", PIECE);
    const uint64_t total = file->data_start + file->data_size;
    bool sound = imp_safetensors_find(file, CHECKSUM, "U32", &offset, &size) &&
                 size == sizeof(last) && offset + size == file->data_size &&
                 pread(file->descriptor, last, sizeof(last), (off_t)(total - sizeof(last))) ==
                     (ssize_t)sizeof(last);
    for (uint64_t at = 0; sound && at < total - sizeof(last);) {
        const uint64_t left = total - sizeof(last) - at;
        const ssize_t got =
            pread(file->descriptor, piece, left < PIECE ? (size_t)left : PIECE, (off_t)at);
        sound = got > 0;
        if (sound)
            checksum = imp_checksum(checksum, piece, (size_t)got);
        at += sound ? (uint64_t)got : 0;
    }
    free(piece);
    for (size_t i = 0; sound && i < sizeof(last); i++)
        written |= (uint32_t)last[i] << 8 * i;
    return sound && checksum == written ? IMPASTO_OK : imp_checkpoint_damaged(file->path, error);
}

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
    if (!imp_params_from_json(params, &info->params) ||
        !read_schedule(scales, &checkpoint->schedule) || checkpoint->at < 0 ||
        checkpoint->at >= checkpoint->schedule.count || checkpoint->steps < 0 ||
        checkpoint->optimizer_step < 0 ||
        checkpoint->steps > checkpoint->schedule.scale[checkpoint->at].iterations)
        return false;
    for (int i = 0; i < checkpoint->at; i++)
        before += checkpoint->schedule.scale[i].iterations;
    info->iteration = before + checkpoint->steps;
    info->iterations = checkpoint->schedule.iterations;
    return true;
}

static enum impasto_status open_file(const char *path, struct impasto_checkpoint *checkpoint,
                                     struct impasto_error *error)
{
    const enum impasto_status status = imp_safetensors_open(
        path, "the header of a checkpoint", IMPASTO_ERROR_INPUT, &checkpoint->file, error);
    if (status != IMPASTO_OK)
        return status == IMPASTO_ERROR_INPUT ? imp_checkpoint_damaged(path, error) : status;
    IMP_TRY(check_sum(&checkpoint->file, error));
    const char *job = imp_safetensors_text(&checkpoint->file, JOB_KEY);
    checkpoint->job = job ? json_loads(job, JSON_REJECT_DUPLICATES, NULL) : NULL;
    checkpoint->info.note = imp_safetensors_text(&checkpoint->file, NOTE_KEY);
    return read_job(checkpoint) ? IMPASTO_OK : imp_checkpoint_damaged(path, error);
}

enum impasto_status impasto_checkpoint_open(const char *path,
                                            struct impasto_checkpoint **checkpoint,
                                            struct impasto_error *error)
{
    *checkpoint = NULL;
    IMP_TRY(probe(path, error));
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
    imp_safetensors_close(&(*checkpoint)->file);
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
    uint64_t offset, size;
    *numbers = NULL;
    *count = 0;
    if (!imp_safetensors_find(&checkpoint->file, NUMBERS, "F64", &offset, &size) || size == 0)
        return IMPASTO_OK;
    *numbers = malloc((size_t)size); /* no more than the file has */
    if (!*numbers)
        return imp_fail_memory(error, "a checkpoint", (size_t)size);
    *count = (size_t)size / sizeof(**numbers);
    IMP_TRY(imp_safetensors_read(&checkpoint->file, offset, (size_t)size, *numbers, error));
    turn_words((unsigned char *)*numbers, *count, sizeof(**numbers));
    return IMPASTO_OK;
}

enum impasto_status imp_checkpoint_vector(const struct impasto_checkpoint *checkpoint,
                                          struct imp_device *device,
                                          const struct imp_saved_vector *vector,
                                          struct impasto_error *error)
{
    uint64_t offset, size;
    enum impasto_status status = IMPASTO_OK;
    if (!imp_safetensors_find(&checkpoint->file, vector->name, "F32", &offset, &size) ||
        size != (uint64_t)vector->floats * sizeof(float))
        return imp_checkpoint_damaged(checkpoint->file.path, error);
    unsigned char *piece = malloc(PIECE);
    if (!piece)
        return imp_fail_memory(error, "a checkpoint", PIECE);
    for (uint64_t at = 0; at < size && status == IMPASTO_OK; at += PIECE) {
        const size_t now = size - at < PIECE ? (size_t)(size - at) : PIECE;
        status = imp_safetensors_read(&checkpoint->file, offset + at, now, piece, error);
        if (status != IMPASTO_OK)
            break;
        turn_words(piece, now / sizeof(float), sizeof(float));
        status = imp_buffer_write(vector->buffer, (size_t)at, piece, now);
        if (status != IMPASTO_OK)
            imp_fail(error, status, "%s", imp_device_error(device)->message);
    }
    free(piece);
    return status;
}
