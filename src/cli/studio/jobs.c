/* SPDX-License-Identifier: MIT */
/*
 * The jobs: objects of JSON, in memory as they are on the disk, one file for each. Each change of a
 * state is on the disk before it is told, or is told not to be. So a server that is killed loses
 * none.
 */

#include "base/os.h"
#include "cli/studio/studio.h"

#include <stdlib.h>
#include <string.h>

#define LONGEST_JOB ((size_t)1 << 20) /* bytes of its file */
#define NAME_SIZE (CLI_ID_SIZE + sizeof(".json"))

static void name_file(char name[NAME_SIZE], const char *id)
{
    snprintf(name, NAME_SIZE, "%.32s.json", id);
}

bool cli_job_is(const json_t *job, const char *state)
{
    const char *is = cli_text_in(job, "state");
    return is && strcmp(is, state) == 0;
}

bool cli_job_is_at_work(const json_t *job)
{
    return cli_job_is(job, "works") || cli_job_is(job, "stops");
}

json_t *cli_job_find(const struct cli_studio *studio, const char *id)
{
    for (size_t i = 0; i < json_array_size(studio->jobs); i++) {
        json_t *job = json_array_get(studio->jobs, i);
        if (strcmp(cli_text_in(job, "id"), id) == 0)
            return job;
    }
    return NULL;
}

/* ---- On the disk ----------------------------------------------------------------------------- */

static enum impasto_status write_job(struct cli_studio *studio, const json_t *job,
                                     struct impasto_error *error)
{
    char name[NAME_SIZE], *text = json_dumps(job, JSON_INDENT(1) | JSON_REAL_PRECISION(10));
    if (!text)
        return cli_fail_memory(error, "a job");
    name_file(name, cli_text_in(job, "id"));
    const enum impasto_status status =
        cli_folder_write(&studio->folder, CLI_PLACE_JOBS, name, text, strlen(text), error);
    free(text);
    return status;
}

void cli_job_keep(struct cli_studio *studio, json_t *job)
{
    struct impasto_error error = {0};
    studio->changes++;
    studio->news = true;
    if (write_job(studio, job, &error) == IMPASTO_OK) {
        json_object_del(studio->unsaved, cli_text_in(job, "id"));
    } else {
        json_object_set(studio->unsaved, cli_text_in(job, "id"), job);
        snprintf(studio->warning, sizeof(studio->warning), "%.390s", error.message);
    }
}

void cli_jobs_keep_again(struct cli_studio *studio)
{
    void *next;
    const char *id;
    json_t *job;
    if (json_object_size(studio->unsaved) == 0)
        return;
    json_object_foreach_safe(studio->unsaved, next, id, job)
    {
        cli_job_keep(studio, job);
    }
    if (json_object_size(studio->unsaved) == 0)
        studio->warning[0] = '\0';
}

static json_t *read_object(const struct cli_folder *folder, enum cli_place place, const char *name)
{
    size_t size = 0;
    const int file = cli_folder_read(folder, place, name, &size);
    char *text = file >= 0 && size > 0 && size <= LONGEST_JOB ? malloc(size) : NULL;
    const bool whole = text && imp_os_read(file, text, size) == (ptrdiff_t)size;
    json_t *object = whole ? json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL) : NULL;
    free(text);
    if (file >= 0)
        imp_os_close(file);
    if (json_is_object(object))
        return object;
    json_decref(object);
    return NULL;
}

/* ---- Loading --------------------------------------------------------------------------------- */

/* The id that a name is with its ending; false: it is none. */
static bool id_of(const char *name, char id[CLI_ID_SIZE])
{
    snprintf(id, CLI_ID_SIZE, "%.32s", name);
    return cli_is_id(id) && strcmp(name + CLI_ID_SIZE - 1, ".json") == 0;
}

static bool is_sound(const json_t *job, const char *id)
{
    const char *inside = cli_text_in(job, "id");
    return inside && strcmp(inside, id) == 0 && cli_text_in(job, "state") &&
           cli_is_id(cli_text_in(job, "content")) && cli_kind_of(job) &&
           json_is_number(json_object_get(job, "order"));
}

static void load_job(void *user, const char *name)
{
    struct cli_studio *studio = user;
    char id[CLI_ID_SIZE], line[200];
    if (!id_of(name, id))
        return;
    json_t *job = read_object(&studio->folder, CLI_PLACE_JOBS, name);
    if (job && is_sound(job, id)) {
        json_array_append_new(studio->jobs, job);
        return;
    }
    json_decref(job);
    snprintf(line, sizeof(line), "%s/jobs/%s: is damaged, and is passed over", studio->folder.path,
             name);
    cli_console_log(&studio->console, IMPASTO_LOG_WARNING, line);
}

static void load_picture(void *user, const char *name)
{
    struct cli_studio *studio = user;
    char id[CLI_ID_SIZE];
    if (!id_of(name, id))
        return;
    json_t *picture = read_object(&studio->folder, CLI_PLACE_PICTURES, name);
    if (picture && cli_folder_has(&studio->folder, CLI_PLACE_PICTURES, id))
        json_object_set(studio->pictures, id, picture);
    json_decref(picture);
}

static double order_of(const json_t *job)
{
    return json_number_value(json_object_get(job, "order"));
}

static int compare(const void *a, const void *b)
{
    const double x = order_of(*(json_t *const *)a), y = order_of(*(json_t *const *)b);
    return (x > y) - (x < y);
}

static void sort(struct cli_studio *studio)
{
    const size_t count = json_array_size(studio->jobs);
    json_t **rows = calloc(count + 1, sizeof(json_t *));
    for (size_t i = 0; rows && i < count; i++)
        rows[i] = json_incref(json_array_get(studio->jobs, i));
    if (!rows)
        return;
    qsort(rows, count, sizeof(*rows), compare);
    json_array_clear(studio->jobs);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(studio->jobs, rows[i]);
    free(rows);
}

enum impasto_status cli_jobs_load(struct cli_studio *studio, struct impasto_error *error)
{
    studio->jobs = json_array();
    studio->pictures = json_object();
    studio->unsaved = json_object();
    studio->quick = json_array();
    studio->devices = json_null();
    studio->models = json_null();
    if (!studio->jobs || !studio->pictures || !studio->unsaved || !studio->quick)
        return cli_fail_memory(error, "the studio");
    cli_folder_visit(&studio->folder, CLI_PLACE_JOBS, load_job, studio);
    cli_folder_visit(&studio->folder, CLI_PLACE_PICTURES, load_picture, studio);
    sort(studio);
    for (size_t i = 0; i < json_array_size(studio->jobs); i++) {
        json_t *job = json_array_get(studio->jobs, i);
        if (cli_job_is_at_work(job))
            cli_job_set(studio, job, "waits");
    }
    /* Nobody expects a machine to begin by itself. */
    studio->paused = cli_jobs_waiting(studio) > 0;
    return IMPASTO_OK;
}

/* ---- Changes --------------------------------------------------------------------------------- */

enum impasto_status cli_job_add(struct cli_studio *studio, json_t *job, struct impasto_error *error)
{
    const size_t count = json_array_size(studio->jobs);
    const double last = count ? order_of(json_array_get(studio->jobs, count - 1)) : 0;
    json_object_set_new(job, "order", json_real(last + 1));
    json_object_set_new(job, "state", json_string("waits"));
    json_object_set_new(job, "made", cli_now());
    const enum impasto_status status = write_job(studio, job, error);
    if (status != IMPASTO_OK)
        return status;
    json_array_append(studio->jobs, job);
    studio->changes++;
    studio->news = true;
    return IMPASTO_OK;
}

void cli_job_forget(struct cli_studio *studio, json_t *job)
{
    char name[NAME_SIZE + 16];
    const char *id = cli_text_in(job, "id");
    cli_result_drop(studio, id);
    snprintf(name, sizeof(name), "%.32s%s", id, cli_kind_of(job)->ending);
    cli_folder_remove(&studio->folder, CLI_PLACE_RESULTS, name);
    snprintf(name, sizeof(name), "%.32s.photos", id);
    cli_folder_scatter(&studio->folder, CLI_PLACE_JOBS, name);
    snprintf(name, sizeof(name), "%.32s%s.impasto", id, cli_kind_of(job)->ending);
    cli_folder_scatter(&studio->folder, CLI_PLACE_RESULTS, name);
    snprintf(name, sizeof(name), "%.32s.html", id);
    cli_folder_remove(&studio->folder, CLI_PLACE_RESULTS, name);
    snprintf(name, sizeof(name), "%.32s.jpg", id);
    cli_folder_remove(&studio->folder, CLI_PLACE_THUMBS, name);
    snprintf(name, sizeof(name), "%.32s.ckpt", id);
    cli_folder_remove(&studio->folder, CLI_PLACE_JOBS, name);
    name_file(name, id);
    cli_folder_remove(&studio->folder, CLI_PLACE_JOBS, name);
    json_object_del(studio->unsaved, id);
    for (size_t i = 0; i < json_array_size(studio->jobs); i++)
        if (json_array_get(studio->jobs, i) == job) {
            json_array_remove(studio->jobs, i);
            break;
        }
    studio->changes++;
    studio->news = true;
}

void cli_job_set(struct cli_studio *studio, json_t *job, const char *state)
{
    json_object_set_new(job, "state", json_string(state));
    cli_job_keep(studio, job);
}

void cli_job_put_first(struct cli_studio *studio, json_t *job)
{
    double first = order_of(job);
    for (size_t i = 0; i < json_array_size(studio->jobs); i++) {
        const json_t *other = json_array_get(studio->jobs, i);
        if (cli_job_is(other, "waits") && order_of(other) <= first)
            first = order_of(other) - 1;
    }
    json_object_set_new(job, "order", json_real(first));
    sort(studio);
    cli_job_keep(studio, job);
}

bool cli_job_paints(const json_t *job)
{
    const json_t *refine = json_object_get(json_object_get(job, "settings"), "refine");
    const char *command = cli_text_in(job, "command");
    return !command || strcmp(command, "apply") != 0 || refine;
}

bool cli_job_may_begin(const struct cli_studio *studio, const json_t *job)
{
    const char *model = cli_text_in(job, "model");
    const json_t *training = cli_is_id(model) ? cli_job_find(studio, model) : NULL;
    return cli_job_is(job, "waits") && !(training && cli_job_is_at_work(training));
}

json_t *cli_job_next(const struct cli_studio *studio, bool paints)
{
    for (size_t i = 0; i < json_array_size(studio->jobs); i++) {
        json_t *job = json_array_get(studio->jobs, i);
        if (cli_job_may_begin(studio, job) && cli_job_paints(job) == paints)
            return job;
    }
    return NULL;
}

size_t cli_jobs_waiting(const struct cli_studio *studio)
{
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(studio->jobs); i++)
        count += cli_job_is(json_array_get(studio->jobs, i), "waits");
    return count;
}
