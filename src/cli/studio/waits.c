/* SPDX-License-Identifier: MIT */
/* Requests that wait for a small task of the quick worker: a plan, a picture in another format. */

#include "cli/studio/routes.h"

#include <stdlib.h>
#include <string.h>

bool cli_wait_for(struct cli_studio *studio, struct cli_request *request, json_t *task)
{
    if (studio->leaving) { /* no worker would answer, and the library ends with none that waits */
        json_decref(task);
        cli_refuse_leaving(request);
        return false;
    }
    for (size_t i = 0; i < CLI_WAITS_MOST; i++) {
        struct cli_wait *wait = &studio->waits[i];
        if (wait->request)
            continue;
        json_object_set_new(task, "waits", json_true());
        cli_queue_task(studio, json_incref(task));
        snprintf(wait->task, sizeof(wait->task), "%.32s", cli_text_in(task, "job"));
        wait->request = request;
        wait->measures = json_object_get(task, "measures") != NULL;
        request->waits = true;
        json_decref(task);
        return true;
    }
    json_decref(task);
    cli_refuse(request, 429, "usage", "too much is asked for at a time; wait a moment", NULL);
    return false;
}

bool cli_wait_name_file(struct cli_studio *studio, struct cli_request *request, json_t *task,
                        json_t *object, const char *key, const char *format, const char *as)
{
    char name[CLI_ID_SIZE], ending[8], file[CLI_ID_SIZE + sizeof(ending)];
    if (!cli_secret_make(name, sizeof(name))) {
        cli_refuse(request, 500, "internal", "the system gives no random numbers", NULL);
        return false;
    }
    snprintf(ending, sizeof(ending), ".%.6s", format);
    snprintf(file, sizeof(file), "%s%s", name, ending);
    cli_task_set_path(studio, object, key, CLI_PLACE_UPLOADS, name, ending);
    json_object_set_new(task, "file", json_string(file));
    json_object_set_new(task, "as", json_string(as));
    return true;
}

void cli_wait_for_picture(struct cli_studio *studio, struct cli_request *request,
                          enum cli_place place, const char *id, const char *source,
                          const char *format, const char *as)
{
    json_t *task = json_object();
    json_object_set_new(task, "do", json_string("convert"));
    cli_task_set_path(studio, task, "picture", place, id, source);
    if (cli_wait_name_file(studio, request, task, task, "output", format, as))
        (void)cli_wait_for(studio, request, json_incref(task));
    json_decref(task);
}

/* ---- Answers --------------------------------------------------------------------------------- */

static const char *type_of(const char *file)
{
    static const char *const types[][2] = {{".png", "image/png"},
                                           {".jpg", "image/jpeg"},
                                           {".tif", "image/tiff"},
                                           {".webp", "image/webp"}};
    const char *ending = strrchr(file, '.');
    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
        if (strcmp(ending, types[i][0]) == 0)
            return types[i][1];
    return "application/octet-stream";
}

static void refuse(struct cli_studio *studio, struct cli_request *request, const json_t *line)
{
    const char *text = cli_text_in(line, "text"), *word = cli_text_in(line, "status");
    char *shown = cli_text_shown(studio, text ? text : "the worker has ended at it");
    cli_refuse(request, 422, word ? word : "internal", shown ? shown : "", NULL);
    free(shown);
}

/* Seconds that the last such job on this device took for its work: a painting per iteration and
 * megapixel, a training per megapixel of crops. 0: there was none. */
static double pace_of(const struct cli_studio *studio, const char *device, bool training)
{
    for (size_t i = json_array_size(studio->jobs); device && i-- > 0;) {
        const json_t *job = json_array_get(studio->jobs, i);
        const char *at = cli_text_in(job, "device");
        const double seconds = json_number_value(json_object_get(job, "seconds"));
        const double work = json_number_value(json_object_get(job, "work"));
        const bool trained = strcmp(cli_text_in(job, "command"), "train") == 0;
        if (cli_job_is(job, "done") && trained == training && at && strcmp(at, device) == 0 &&
            seconds > 0 && work > 0)
            return seconds / work;
    }
    return 0;
}

/* A film's has been measured, and a training's may be what was asked for. */
static void add_seconds(const struct cli_studio *studio, const json_t *task, json_t *plan)
{
    const bool training = strcmp(cli_text_in(task, "command"), "train") == 0;
    const double pace = pace_of(studio, cli_text_in(plan, "device"), training);
    const double work = json_number_value(json_object_get(plan, "work"));
    if (!json_object_get(plan, "seconds"))
        json_object_set_new(plan, "seconds", pace > 0 ? json_real(pace * work) : json_null());
}

static void answer_plan(struct cli_studio *studio, struct cli_request *request, const json_t *task)
{
    json_t *plan = json_copy(json_object_get(task, "plan"));
    add_seconds(studio, task, plan);
    json_object_del(plan, "event");
    json_object_del(plan, "job");
    cli_reply_json(request, 200, plan ? plan : json_object());
}

void cli_wait_finish(struct cli_studio *studio, const json_t *task, const json_t *line)
{
    const char *name = cli_text_in(task, "job"), *file = cli_text_in(task, "file");
    const char *event = cli_text_in(line, "event");
    for (size_t i = 0; i < CLI_WAITS_MOST; i++) {
        struct cli_request *request = studio->waits[i].request;
        if (!request || strcmp(studio->waits[i].task, name) != 0)
            continue;
        studio->waits[i] = (struct cli_wait){0};
        if (!event || strcmp(event, "done") != 0)
            refuse(studio, request, line);
        else if (file)
            cli_reply_file(studio, request, CLI_PLACE_UPLOADS, file, type_of(file),
                           cli_text_in(task, "as"));
        else
            answer_plan(studio, request, task);
        cli_http_answer(request);
    }
    if (file)
        cli_folder_remove(&studio->folder, CLI_PLACE_UPLOADS, file);
}

/* Nobody needs the answer any more. */
static void forget(struct cli_studio *studio, struct cli_wait *wait)
{
    cli_task_drop(studio, wait->task);
    *wait = (struct cli_wait){0};
}

void cli_wait_end_measuring(struct cli_studio *studio, const struct cli_request *but,
                            const char *why)
{
    for (size_t i = 0; i < CLI_WAITS_MOST; i++) {
        struct cli_request *request = studio->waits[i].request;
        if (!request || request == but || !studio->waits[i].measures)
            continue;
        forget(studio, &studio->waits[i]);
        cli_refuse(request, 409, "interrupted", why, NULL);
        cli_http_answer(request);
    }
}

void cli_wait_drop(struct cli_studio *studio, const struct cli_request *request)
{
    for (size_t i = 0; i < CLI_WAITS_MOST; i++)
        if (studio->waits[i].request == request)
            forget(studio, &studio->waits[i]);
}

void cli_waits_end(struct cli_studio *studio)
{
    for (size_t i = 0; i < CLI_WAITS_MOST; i++) {
        struct cli_request *request = studio->waits[i].request;
        studio->waits[i] = (struct cli_wait){0};
        if (!request)
            continue;
        cli_refuse_leaving(request);
        cli_http_answer(request);
    }
}
