/* SPDX-License-Identifier: MIT */
/* The routes of jobs and their queue. */

#include "cli/studio/routes.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_JOBS 50

static json_t *name_of(const struct cli_studio *studio, const char *id)
{
    return json_object_get(json_object_get(studio->pictures, id ? id : ""), "name");
}

/* As a page has it: with the names of its pictures, and the command line. */
static json_t *shown(const struct cli_studio *studio, const json_t *job)
{
    json_t *copy = json_deep_copy(job);
    json_t *styles = json_object_get(copy, "styles");
    char *line = cli_job_line(studio, job);
    json_object_set_new(copy, "line", cli_json_text(line));
    json_object_set(copy, "name", name_of(studio, cli_text_in(job, "content")));
    if (cli_text_in(job, "model"))
        json_object_set_new(copy, "network", cli_model_name(studio, cli_text_in(job, "model")));
    for (size_t i = 0; i < json_array_size(styles); i++) {
        json_t *style = json_array_get(styles, i);
        json_object_set(style, "name", name_of(studio, cli_text_in(style, "picture")));
    }
    free(line);
    return copy;
}

/* The job that a body asks for. NULL: it is refused. */
static json_t *read_job(const struct cli_studio *studio, struct cli_request *request)
{
    struct impasto_error error = {0};
    const char *field = NULL;
    json_t *job = NULL;
    json_t *asked = json_loadb(request->text, request->size, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(asked)) {
        cli_refuse(request, 400, "usage", "this is no sound JSON object", NULL);
    } else {
        const enum impasto_status status = cli_job_make(studio, asked, &job, &field, &error);
        if (status != IMPASTO_OK)
            cli_refuse_error(request, status, &error, field);
    }
    json_decref(asked);
    return job;
}

/* Whether one more may wait; otherwise it is refused. */
static bool has_room(const struct cli_studio *studio, struct cli_request *request)
{
    struct impasto_error error = {0};
    if (cli_jobs_waiting(studio) >= CLI_JOBS_MOST) {
        cli_refuse(request, 409, "usage", "100 jobs are waiting already", NULL);
        return false;
    }
    const enum impasto_status status = cli_quota_check(studio, &error);
    if (status != IMPASTO_OK)
        cli_refuse_error(request, status, &error, NULL);
    return status == IMPASTO_OK;
}

void cli_route_add_job(struct cli_studio *studio, struct cli_request *request, json_t *unused)
{
    struct impasto_error error = {0};
    (void)unused;
    json_t *job = has_room(studio, request) ? read_job(studio, request) : NULL;
    enum impasto_status status = IMPASTO_OK;
    if (job)
        status = cli_job_add(studio, job, &error);
    if (job && status == IMPASTO_OK)
        cli_reply_json(request, 200, shown(studio, job));
    else if (job)
        cli_refuse_error(request, status, &error, NULL);
    json_decref(job);
}

/* Memory and time of a painting, a film or a training that would be asked for so. Films are
 * measured, which takes a while, until any other plan is asked for. */
void cli_route_plan(struct cli_studio *studio, struct cli_request *request, json_t *unused)
{
    json_t *job = read_job(studio, request), *task = NULL;
    const char *command = cli_text_in(job, "command");
    (void)unused;
    if (!job)
        return;
    if (strcmp(command, "apply") == 0)
        cli_refuse(request, 422, "usage", "only paintings, films and trainings have a plan",
                   "command");
    else if (!(task = cli_job_plan_request(studio, job)))
        cli_refuse(request, 422, "input", "one of its pictures is not here any more", NULL);
    if (task) {
        if (strcmp(command, "video") == 0)
            json_object_set_new(task, "measures", json_true());
        if (cli_wait_for(studio, request, task))
            cli_wait_end_measuring(studio, request,
                                   "another plan was asked for meanwhile; ask again");
    }
    json_decref(job);
}

/* Jobs that wait for more than their turn. */
static json_t *warning_of(const struct cli_studio *studio)
{
    char line[600];
    if (studio->warning[0] || studio->paused || studio->folder.alone ||
        cli_jobs_waiting(studio) == 0)
        return cli_json_text(studio->warning);
    snprintf(line, sizeof(line),
             "%.450s: a worker of the studio before still saves its job; jobs begin once it has "
             "ended",
             studio->folder.path);
    return cli_json_text(line);
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
                   json_pack("{s:o, s:b, s:b, s:o, s:I}", "jobs", list, "more", i > 0, "paused",
                             studio->paused, "warning", warning_of(studio), "changes",
                             (json_int_t)studio->changes));
}

void cli_route_show_job(struct cli_studio *studio, struct cli_request *request, json_t *job)
{
    cli_reply_json(request, 200, shown(studio, job));
}

void cli_route_remove_job(struct cli_studio *studio, struct cli_request *request, json_t *job)
{
    if (cli_job_is_at_work(job)) {
        cli_refuse(request, 409, "usage", "stop the job first", NULL);
        return;
    }
    if (cli_model_is_used(studio, cli_text_in(job, "id"))) {
        cli_refuse(request, 409, "usage", "a job that waits needs this style network", NULL);
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
    } else if (cli_allowed_check(cli_kind_of(job), setting, &field, &error) != IMPASTO_OK) {
        cli_refuse_error(request, IMPASTO_ERROR_USAGE, &error, field);
    } else if (has_room(studio, request)) {
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
    static const char *const asked[] = {"command", "content", "styles",  "settings", "model",
                                        "keep",    "masks",   "regions", "photos"};
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

void cli_route_pause_queue(struct cli_studio *studio, struct cli_request *request, json_t *job)
{
    (void)job;
    studio->paused = strcmp(request->path, "/api/queue/pause") == 0;
    studio->changes++;
    studio->news = true;
    cli_reply_done(request);
}
