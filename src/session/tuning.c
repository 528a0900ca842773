/* SPDX-License-Identifier: MIT */
/*
 * What has been measured on a device, in the data folder's "tuning". A file is text: the key that
 * says what it was measured on and with, then a line for each figure, times in whole nanoseconds.
 * One that does not read as it was written is ignored: the shipped estimates serve without it.
 */

#include "base/os.h"
#include "session/session.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC "impasto tuning 1"
#define LINE 1024 /* longest of a file */
#define NANO 1e9

static char *path_of(const char *key)
{
    return imp_keyed_path(imp_host_data_dir(), "tuning", key, "txt");
}

static bool is_line(const char *line, const char *text)
{
    const size_t length = strlen(text);
    return strncmp(line, text, length) == 0 && line[length] == '\n' && line[length + 1] == '\0';
}

/* Names in files; [IMP_FASTER_UNKNOWN] has no line. */
static const char *const faster_names[] = {NULL, "builtin", "clblast"};

static bool read_faster(const char *line, struct imp_tuning *tuning)
{
    char products[8], name[8];
    int end = 0;
    if (sscanf(line, "gemm %7s %7s\n%n", products, name, &end) != 2 || !end)
        return false;
    enum imp_faster *faster = strcmp(products, "single") == 0    ? &tuning->single
                              : strcmp(products, "batched") == 0 ? &tuning->batched
                                                                 : NULL;
    for (int i = IMP_FASTER_BUILTIN; faster != NULL && i <= IMP_FASTER_LIBRARY; i++)
        if (strcmp(name, faster_names[i]) == 0) {
            *faster = (enum imp_faster)i;
            return true;
        }
    return false;
}

static void write_faster(FILE *stream, const char *products, enum imp_faster faster)
{
    if (faster != IMP_FASTER_UNKNOWN)
        fprintf(stream, "gemm %s %s\n", products, faster_names[faster]);
}

/* One figure; false: not one that was written. */
static bool read_figure(const char *line, struct imp_tuning *tuning)
{
    struct imp_timing timing;
    uint64_t number;
    int end = 0;
    /* So many digits fit the types, and what is read is checked. */
    /* NOLINTBEGIN(cert-err34-c) */
    if (sscanf(line, "vector_width %9d\n%n", &tuning->vector_width, &end) == 1 && end)
        return tuning->vector_width == 4 || tuning->vector_width == 8 || tuning->vector_width == 16;
    if (sscanf(line, "block %9d %9d\n%n", &tuning->block_vectors, &tuning->block_positions, &end) ==
            2 &&
        end)
        return tuning->block_vectors >= 1 && tuning->block_vectors <= IMP_BLOCK_LIMIT &&
               tuning->block_positions >= 1 && tuning->block_positions <= IMP_BLOCK_LIMIT;
    if (sscanf(line, "chunk %19" SCNu64 "\n%n", &tuning->chunk, &end) == 1 && end)
        return tuning->chunk >= 1u << 20 && tuning->chunk <= 1u << 30;
    if (sscanf(line, "iteration %19" SCNu64 "\n%n", &number, &end) == 1 && end) {
        tuning->seconds = (double)number / NANO;
        return number > 0;
    }
    if (sscanf(line, "conv %15s %9d %9d %9d %19" SCNu64 "\n%n", timing.algorithm, &timing.in,
               &timing.out, &timing.pixels, &number, &end) == 5 &&
        end && tuning->timings < IMP_TIMINGS) {
        timing.seconds = (double)number / NANO;
        tuning->timing[tuning->timings++] = timing;
        return timing.in > 0 && timing.out > 0 && timing.pixels > 0 && number > 0;
    }
    /* NOLINTEND(cert-err34-c) */
    return read_faster(line, tuning);
}

bool imp_tuning_load(const struct impasto_device_info *info, struct imp_tuning *tuning)
{
    char key[IMP_DEVICE_KEY], line[LINE];
    imp_device_key(info, key);
    char *path = path_of(key);
    FILE *stream = path && imp_os_is_file(path) ? fopen(path, "r") : NULL;
    free(path);
    *tuning = (struct imp_tuning){0};
    if (stream == NULL)
        return false;
    bool good = fgets(line, LINE, stream) && is_line(line, MAGIC) && fgets(line, LINE, stream) &&
                is_line(line, key);
    bool ended = false;
    while (good && !ended && fgets(line, LINE, stream)) {
        ended = is_line(line, "end");
        good = ended || read_figure(line, tuning);
    }
    fclose(stream);
    good = good && ended && tuning->vector_width && tuning->block_vectors &&
           tuning->block_positions && tuning->chunk && tuning->seconds > 0;
    if (!good)
        *tuning = (struct imp_tuning){0};
    return good;
}

/* Whether a file has a line that names CLBlast; what else is in it does not matter here. */
static bool names_library(const char *path)
{
    char line[LINE];
    struct imp_tuning tuning = {0};
    FILE *stream = imp_os_is_file(path) ? fopen(path, "r") : NULL;
    while (stream != NULL && fgets(line, LINE, stream))
        (void)read_faster(line, &tuning);
    if (stream != NULL)
        fclose(stream);
    return tuning.single == IMP_FASTER_LIBRARY || tuning.batched == IMP_FASTER_LIBRARY;
}

bool impasto_tuning_names_clblast(void)
{
    bool found = false;
    char *data = imp_host_data_dir(), *folder = data ? imp_os_join(data, "tuning") : NULL;
    struct imp_os_entries *entries = folder ? imp_os_open_folder(folder) : NULL;
    for (const char *name; entries != NULL && !found && (name = imp_os_next_name(entries));) {
        char *path = imp_os_join(folder, name);
        found = path != NULL && names_library(path);
        free(path);
    }
    if (entries != NULL)
        imp_os_close_folder(entries);
    free(folder);
    free(data);
    return found;
}

double imp_tuning_seconds(const struct impasto_device_info *info)
{
    struct imp_tuning tuning;
    return imp_tuning_load(info, &tuning) ? tuning.seconds : 0;
}

/* *path: a new string, also after a failure; NULL where there is no place. */
static enum impasto_status create_file(const char *key, char **path, struct imp_file *file,
                                       struct impasto_error *error)
{
    *path = path_of(key);
    if (*path == NULL)
        return imp_fail(error, IMPASTO_ERROR_OUTPUT,
                        "there is no data folder to keep the tuning in; set HOME or XDG_DATA_HOME");
    if (!imp_host_make_folders(*path))
        return imp_fail_file(error, IMPASTO_ERROR_OUTPUT, *path, "its folder cannot be made",
                             errno);
    return imp_file_create(file, *path, error);
}

enum impasto_status imp_tuning_check(const struct impasto_device_info *info,
                                     struct impasto_error *error)
{
    char key[IMP_DEVICE_KEY], *path;
    struct imp_file file;
    imp_device_key(info, key);
    const enum impasto_status status = create_file(key, &path, &file, error);
    if (status == IMPASTO_OK)
        imp_file_abandon(&file);
    free(path);
    return status;
}

enum impasto_status imp_tuning_store(const struct impasto_device_info *info,
                                     const struct imp_tuning *tuning, char **stored,
                                     struct impasto_error *error)
{
    char key[IMP_DEVICE_KEY], *path;
    struct imp_file file;
    imp_device_key(info, key);
    enum impasto_status status = create_file(key, &path, &file, error);
    if (status == IMPASTO_OK) {
        fprintf(file.stream,
                MAGIC "\n%s\nvector_width %d\nblock %d %d\nchunk %" PRIu64 "\niteration %.0f\n",
                key, tuning->vector_width, tuning->block_vectors, tuning->block_positions,
                tuning->chunk, tuning->seconds * NANO);
        write_faster(file.stream, "single", tuning->single);
        write_faster(file.stream, "batched", tuning->batched);
        for (int i = 0; i < tuning->timings; i++) {
            const struct imp_timing *t = &tuning->timing[i];
            fprintf(file.stream, "conv %s %d %d %d %.0f\n", t->algorithm, t->in, t->out, t->pixels,
                    t->seconds * NANO);
        }
        fprintf(file.stream, "end\n");
        status = imp_file_commit(&file, error);
    }
    if (status == IMPASTO_OK)
        *stored = path;
    else
        free(path);
    return status;
}
