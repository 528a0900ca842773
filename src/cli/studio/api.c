/* SPDX-License-Identifier: MIT */
/* The routes: what may be asked, by whom, and with how large a body. A GET changes nothing. */

#include "cli/studio/routes.h"
#include "cli/studio/web.h"

#include <stdlib.h>
#include <string.h>

#define PICTURE_MOST ((size_t)128 << 20)
#define FILM_MOST ((size_t)4 << 30)
#define TEXT_MOST ((size_t)64 << 10)

/* ---- Session and facts ----------------------------------------------------------------------- */

static void open_session(struct cli_studio *studio, struct cli_request *request, json_t *job)
{
    (void)job;
    if (!cli_secret_is(studio->code, request->text)) {
        cli_refuse(request, 401, "usage",
                   "this link has been used; press Enter where the studio runs for a new one",
                   NULL);
        return;
    }
    studio->code[0] = '\0'; /* a browser's history keeps it */
    cli_reply_json(request, 200, json_pack("{s:s}", "token", studio->token));
}

static void tell_about(struct cli_studio *studio, struct cli_request *request, json_t *job)
{
    (void)job;
    cli_reply_json(request, 200,
                   json_pack("{s:s, s:O, s:o, s:o, s:I, s:i}", "version", impasto_version(),
                             "devices", studio->devices, "models", cli_models_list(studio),
                             "formats", cli_formats_list(), "most", (json_int_t)PICTURE_MOST,
                             "queue", CLI_JOBS_MOST));
}

static void tell_options(struct cli_studio *studio, struct cli_request *request, json_t *job)
{
    (void)studio;
    (void)job;
    cli_reply_json(request, 200, json_pack("{s:o}", "options", cli_allowed_list()));
}

/* ---- Routes ---------------------------------------------------------------------------------- */

typedef void (*route_fn)(struct cli_studio *studio, struct cli_request *request, json_t *job);

struct route {
    const char *method, *path; /* ID stands for one; of a job, or of a picture */
    route_fn run;
    enum cli_body body;
};

static const struct route routes[] = {
    {"POST", "/api/session", open_session, CLI_BODY_TEXT},
    {"GET", "/api/about", tell_about, CLI_BODY_NONE},
    {"GET", "/api/options", tell_options, CLI_BODY_NONE},
    {"GET", "/api/events", cli_route_open_stream, CLI_BODY_NONE},
    {"GET", "/api/pictures/ID/map", cli_route_show_map, CLI_BODY_NONE},
    {"POST", "/api/pictures", cli_route_take_picture, CLI_BODY_FILE},
    {"POST", "/api/films", cli_route_take_film, CLI_BODY_FILE},
    {"GET", "/api/pictures/ID", cli_route_show_picture, CLI_BODY_NONE},
    {"DELETE", "/api/pictures/ID", cli_route_remove_picture, CLI_BODY_NONE},
    {"POST", "/api/pages", cli_route_hold_pictures, CLI_BODY_TEXT},
    {"POST", "/api/frames", cli_route_paint_frame, CLI_BODY_FILE},
    {"POST", "/api/plan", cli_route_plan, CLI_BODY_TEXT},
    {"GET", "/api/jobs", cli_route_list_jobs, CLI_BODY_NONE},
    {"POST", "/api/jobs", cli_route_add_job, CLI_BODY_TEXT},
    {"GET", "/api/jobs/ID", cli_route_show_job, CLI_BODY_NONE},
    {"DELETE", "/api/jobs/ID", cli_route_remove_job, CLI_BODY_NONE},
    {"POST", "/api/jobs/ID/stop", cli_route_stop_job, CLI_BODY_TEXT},
    {"POST", "/api/jobs/ID/continue", cli_route_continue_job, CLI_BODY_TEXT},
    {"POST", "/api/jobs/ID/first", cli_route_put_first, CLI_BODY_TEXT},
    {"POST", "/api/jobs/ID/again", cli_route_paint_again, CLI_BODY_TEXT},
    {"GET", "/api/jobs/ID/preview", cli_route_show_preview, CLI_BODY_NONE},
    {"GET", "/api/jobs/ID/result", cli_route_show_result, CLI_BODY_NONE},
    {"GET", "/api/jobs/ID/report", cli_route_show_report, CLI_BODY_NONE},
    {"GET", "/api/jobs/ID/thumb", cli_route_show_thumb, CLI_BODY_NONE},
    {"GET", "/api/jobs/ID/settings", cli_route_show_settings, CLI_BODY_NONE},
    {"POST", "/api/queue/pause", cli_route_pause_queue, CLI_BODY_TEXT},
    {"POST", "/api/queue/go", cli_route_pause_queue, CLI_BODY_TEXT},
};

/* Whether a path is a route's. Where the route has ID, the path has an id, and nothing else. */
static bool fits(const char *route, const char *path)
{
    char id[CLI_ID_SIZE];
    const char *mark = strstr(route, "ID");
    if (!mark)
        return strcmp(route, path) == 0;
    const size_t before = (size_t)(mark - route);
    if (strncmp(route, path, before) != 0)
        return false;
    snprintf(id, sizeof(id), "%.32s", path + before);
    return cli_is_id(id) && strcmp(path + before + strlen(id), mark + strlen("ID")) == 0;
}

static void show_file(struct cli_request *request)
{
    const struct cli_web_file *file = cli_web_find(request->path);
    if (!file) {
        cli_refuse(request, 404, "usage", "there is nothing here", NULL);
        return;
    }
    const char *known = cli_http_header(request, "If-None-Match", NULL);
    struct cli_reply *reply = &request->reply;
    *reply = (struct cli_reply){
        .status = 200, .type = file->type, .fixed = file->text, .size = file->size};
    snprintf(reply->tag, sizeof(reply->tag), "%s", file->tag);
    if (known && strcmp(known, file->tag) == 0)
        *reply = (struct cli_reply){.status = 304, .type = file->type};
}

static const struct route *find_route(struct cli_request *request)
{
    bool there = false;
    for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++) {
        if (!fits(routes[i].path, request->path))
            continue;
        there = true;
        if (strcmp(routes[i].method, request->method) == 0)
            return &routes[i];
    }
    if (there)
        cli_refuse(request, 405, "usage", "this is not done so", NULL);
    else if (strcmp(request->method, "GET") == 0)
        show_file(request);
    else
        cli_refuse(request, 404, "usage", "there is nothing here", NULL);
    return NULL;
}

/* A body that is said to be too long is not read at all. */
static bool is_too_long(const struct cli_request *request)
{
    const char *length = cli_http_header(request, "Content-Length", NULL);
    return length && strtoull(length, NULL, 10) > request->most;
}

static bool is_welcome(const struct cli_studio *studio, struct cli_request *request)
{
    struct cli_head head = {.path = request->path};
    const char **const values[] = {&head.host,       &head.origin,     &head.fetch_site,
                                   &head.fetch_mode, &head.fetch_dest, &head.token};
    static const char *const names[] = {"Host",           "Origin",         "Sec-Fetch-Site",
                                        "Sec-Fetch-Mode", "Sec-Fetch-Dest", "X-Impasto-Token"};
    const char *why;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        *values[i] = cli_http_header(request, names[i], &head.repeated);
    const unsigned status =
        cli_head_refused(&head, cli_http_port(studio->http), studio->token, &why);
    if (status)
        cli_refuse(request, status, "usage", why, NULL);
    return status == 0;
}

/* Nothing that a worker is to look at is taken any more once they end. */
static bool is_too_late(const struct cli_studio *studio, struct cli_request *request)
{
    if (!studio->leaving || request->body != CLI_BODY_FILE)
        return false;
    cli_refuse_leaving(request);
    return true;
}

static void begin(void *user, struct cli_request *request)
{
    struct cli_studio *studio = user;
    const struct route *route = is_welcome(studio, request) ? find_route(request) : NULL;
    if (!route)
        return;
    request->route = route;
    request->body = route->body;
    const bool film = route->run == cli_route_take_film;
    request->most = film ? FILM_MOST : route->body == CLI_BODY_FILE ? PICTURE_MOST : TEXT_MOST;
    if (is_too_long(request))
        cli_refuse(request, 413, "usage", "this is too large", NULL);
    else if (!is_too_late(studio, request) && route->body == CLI_BODY_FILE)
        cli_begin_upload(studio, request, film || route->run == cli_route_take_picture);
}

static void finish(void *user, struct cli_request *request)
{
    struct cli_studio *studio = user;
    const struct route *route = request->route;
    struct impasto_error error = {0};
    char id[CLI_ID_SIZE];
    const bool of_job = strncmp(route->path, "/api/jobs/ID", strlen("/api/jobs/ID")) == 0;
    json_t *job = of_job ? cli_job_find(studio, cli_request_id(request, id)) : NULL;
    if (request->excess) {
        cli_refuse(request, 413, "usage", "this is too large", NULL);
    } else if (request->problem != 0) {
        (void)cli_fail_file(&error, IMPASTO_ERROR_OUTPUT, studio->folder.path,
                            "cannot be written to", request->problem);
        cli_refuse_error(request, IMPASTO_ERROR_OUTPUT, &error, NULL);
    } else if (of_job && !job) {
        cli_refuse(request, 404, "input", "there is no such job", NULL);
    } else if (!is_too_late(studio, request)) {
        route->run(studio, request, job);
    }
}

static void drop(void *user, struct cli_request *request)
{
    struct cli_studio *studio = user;
    cli_upload_drop(studio, request);
    cli_wait_drop(studio, request);
    studio->streams -= request->reply.stream;
    if (!request->mark[0])
        return;
    studio->coming--;
    cli_folder_done(request->descriptor);
    cli_folder_remove(&studio->folder, CLI_PLACE_UPLOADS, request->mark);
}

const struct cli_http_calls cli_api = {begin, finish, drop, cli_tell};
