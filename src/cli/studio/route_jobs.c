/* SPDX-License-Identifier: MIT */
/* The routes of jobs and their queue. */

#include "cli/studio/routes.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_JOBS 50

/* As a page has it: with the names of its pictures, and the command line. */
static json_t *shown(const struct cli_studio *studio, const json_t *job)
{
    json_t *copy = json_deep_copy(job);
    const char *content = cli_text_in(job, "content");
    char *line = cli_job_line(studio, job);
    json_object_set_new(copy, "line", cli_json_text(line));
    json_object_set(copy, "name",
                    json_object_get(json_object_get(studio->pictures, content), "name"));
    free(line);
    return copy;
}

void cli_route_add_job(struct cli_studio *studio, struct cli_request *request, json_t *unused)
{
    struct impasto_error error = {0};
    json_error_t problem;
    const char *field = NULL;
    json_t *job = NULL;
    json_t *asked = json_loadb(request->text, request->size, JSON_REJECT_DUPLICATES, &problem);
    (void)unused;
    if (!json_is_object(asked)) {
        cli_refuse(request, 400, "usage", "this is no sound JSON object", NULL);
    } else if (cli_jobs_waiting(studio) >= CLI_JOBS_MOST) {
        cli_refuse(request, 409, "usage", "100 jobs are waiting already", NULL);
    } else {
        enum impasto_status status = cli_job_make(studio, asked, &job, &field, &error);
        if (status == IMPASTO_OK)
            status = cli_job_add(studio, job, &error);
        if (status == IMPASTO_OK)
            cli_reply_json(request, 200, shown(studio, job));
        else
            cli_refuse_error(request, status, &error, field);
    }
    json_decref(asked);
    json_decref(job);
}

void cli_route_list_jobs(struct cli_studio *studio, struct cli_request *request, json_t *unused)
{
    const char *before = cli_http_query(request, "before");
    json_t *list = json_array();
    size_t i = json_array_size(studio->jobs);
    (void)unused;
    while (before && i > 0 &&
           strcmp(cli_text_in(json_array_get(studio->jobs, i - 1), "id"), before) != 0)
        i--;
    i -= before && i > 0;
    for (; i > 0 && json_array_size(list) < PAGE_JOBS; i--)
        json_array_append_new(list, shown(studio, json_array_get(studio->jobs, i - 1)));
    cli_reply_json(request, 200,
                   json_pack("{s:o, s:b, s:b, s:s, s:I}", "jobs", list, "more", i > 0, "paused",
                             studio->paused, "warning", studio->warning, "changes",
                             (json_int_t)studio->changes));
}

void cli_route_show_job(struct cli_studio *studio, struct cli_request *request, json_t *job)
{
    cli_reply_json(request, 200, shown(studio, job));
}

void cli_route_remove_job(struct cli_studio *studio, struct cli_request *request, json_t *job)
{
    if (cli_job_is(job, "works") || cli_job_is(job, "stops")) {
        cli_refuse(request, 409, "usage", "stop the job first", NULL);
        return;
    }
    cli_job_forget(studio, job);
    cli_reply_done(request);
}

void cli_route_stop_job(struct cli_studio *studio, struct cli_request *request, json_t *job)
{
    if (cli_job_is(job, "waits"))
        cli_job_set(studio, job, "stopped");
    else if (!cli_job_is(job, "works") || !cli_queue_stop(studio, job)) {
        cli_refuse(request, 409, "usage", "this job is not at work", NULL);
        return;
    }
    cli_reply_json(request, 200, shown(studio, job));
}

/* body: {} or {"iterations": N}. */
void cli_route_continue_job(struct cli_studio *studio, struct cli_request *request, json_t *job)
{
    struct impasto_error error = {0};
    const char *field = NULL;
    json_t *asked = json_loadb(request->text, request->size, JSON_REJECT_DUPLICATES, NULL);
    json_t *more = json_object_get(asked, "iterations"), *setting = json_object();
    if (more)
        json_object_set(setting, "iterations", more);
    if (!cli_job_is(job, "stopped") && !cli_job_is(job, "failed")) {
        cli_refuse(request, 409, "usage", "only a job that was stopped can go on", NULL);
    } else if (cli_allowed_check(false, setting, &field, &error) != IMPASTO_OK) {
        cli_refuse_error(request, IMPASTO_ERROR_USAGE, &error, field);
    } else {
        if (more)
            json_object_set(job, "more", more);
        json_object_del(job, "error");
        json_object_set_new(job, "tries", json_integer(0));
        cli_job_set(studio, job, "waits");
        cli_reply_json(request, 200, shown(studio, job));
    }
    json_decref(setting);
    json_decref(asked);
}

void cli_route_put_first(struct cli_studio *studio, struct cli_request *request, json_t *job)
{
    if (!cli_job_is(job, "waits")) {
        cli_refuse(request, 409, "usage", "this job does not wait", NULL);
        return;
    }
    cli_job_put_first(studio, job);
    cli_reply_json(request, 200, shown(studio, job));
}

/* The same once more, from its beginning. */
void cli_route_paint_again(struct cli_studio *studio, struct cli_request *request, json_t *job)
{
    static const char *const asked[] = {"command", "content", "styles", "settings",
                                        "model",   "keep",    "masks"};
    json_t *object = json_object();
    for (size_t i = 0; i < sizeof(asked) / sizeof(*asked); i++)
        if (json_object_get(job, asked[i]))
            json_object_set(object, asked[i], json_object_get(job, asked[i]));
    free(request->text);
    request->text = json_dumps(object, JSON_COMPACT);
    request->size = request->text ? strlen(request->text) : 0;
    json_decref(object);
    cli_route_add_job(studio, request, NULL);
}

void cli_route_show_preview(struct cli_studio *studio, struct cli_request *request, json_t *job)
{
    const char *than = cli_http_query(request, "n");
    struct cli_reply *reply = &request->reply;
    reply->status = 204;
    if (strcmp(studio->preview_job, cli_text_in(job, "id")) != 0 || !studio->preview ||
        (than && strtoull(than, NULL, 10) >= studio->preview_number))
        return;
    reply->bytes = malloc(studio->preview_size);
    if (!reply->bytes)
        return;
    memcpy(reply->bytes, studio->preview, studio->preview_size);
    reply->size = studio->preview_size;
    reply->type = "image/jpeg";
    reply->status = 200;
}

void cli_route_show_result(struct cli_studio *studio, struct cli_request *request, json_t *job)
{
    char file[CLI_ID_SIZE + 8], name[60];
    snprintf(file, sizeof(file), "%.32s.png", cli_text_in(job, "id"));
    snprintf(name, sizeof(name), "impasto-%.8s.png", cli_text_in(job, "id"));
    cli_reply_file(studio, request, CLI_PLACE_RESULTS, file, "image/png", name);
}

void cli_route_show_thumb(struct cli_studio *studio, struct cli_request *request, json_t *job)
{
    char file[CLI_ID_SIZE + 8];
    snprintf(file, sizeof(file), "%.32s.jpg", cli_text_in(job, "id"));
    if (!cli_folder_has(&studio->folder, CLI_PLACE_THUMBS, file)) {
        request->reply.status = 204; /* a worker makes it in a moment */
        return;
    }
    cli_reply_file(studio, request, CLI_PLACE_THUMBS, file, "image/jpeg", "");
}

void cli_route_show_settings(struct cli_studio *studio, struct cli_request *request, json_t *job)
{
    json_t *settings = json_object_get(job, "settings");
    (void)studio;
    cli_reply_json(request, 200, settings ? json_incref(settings) : json_object());
    snprintf(request->reply.name, sizeof(request->reply.name), "impasto-%.8s.json",
             cli_text_in(job, "id"));
}

void cli_route_pause_queue(struct cli_studio *studio, struct cli_request *request, json_t *job)
{
    (void)job;
    studio->paused = strcmp(request->path, "/api/queue/pause") == 0;
    studio->changes++;
    studio->news = true;
    cli_reply_done(request);
}
