/* SPDX-License-Identifier: MIT */
/*
 * Requests to the studio: heads, routes and bodies, in place of the HTTP library. The studio has
 * three paintings, a training, a picture and a film in a folder of its own, and no worker.
 *
 * An input is "METHOD PATH", lines of headers, an empty line, and the body. Host and token are the
 * right ones where the head has none, unless it begins with '!'.
 */

#include "fuzz.h"
#include "base/os.h"
#include "cli/studio/studio.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ID "0123456789abcdef0123456789abcde"
#define LINES_MOST 32

static struct cli_studio studio;
static json_t *jobs, *pictures; /* as they are at the beginning of each request */

/* ---- In place of the HTTP library ------------------------------------------------------------ */

static struct {
    char *line[LINES_MOST], *query;
    size_t count;
    bool bare; /* the head has nothing that is not said */
    bool told; /* the input has the folder's path itself, which the fuzzer learns */
} head;

int cli_http_port(const struct cli_http *http)
{
    (void)http;
    return 8123;
}

const char *cli_http_header(const struct cli_request *request, const char *name, bool *repeated)
{
    const size_t length = strlen(name);
    const char *value = NULL;
    (void)request;
    for (size_t i = 0; i < head.count; i++) {
        if (strncmp(head.line[i], name, length) != 0 || head.line[i][length] != ':')
            continue;
        if (value && repeated)
            *repeated = true;
        value = head.line[i] + length + 1 + strspn(head.line[i] + length + 1, " ");
    }
    if (value || head.bare)
        return value;
    return strcmp(name, "Host") == 0              ? "127.0.0.1:8123"
           : strcmp(name, "X-Impasto-Token") == 0 ? studio.token
                                                  : NULL;
}

const char *cli_http_query(const struct cli_request *request, const char *name)
{
    static char value[64];
    const size_t length = strlen(name);
    (void)request;
    for (const char *at = head.query; at; at = strchr(at, '&')) {
        at += *at == '&';
        if (strncmp(at, name, length) != 0 || at[length] != '=')
            continue;
        snprintf(value, sizeof(value), "%.*s", (int)strcspn(at + length + 1, "&"), at + length + 1);
        return value;
    }
    return NULL;
}

void cli_http_answer(struct cli_request *request)
{
    request->waits = false;
}

/* ---- The studio ------------------------------------------------------------------------------ */

static void begin_studio(void)
{
    char folder[] = "/dev/shm/impasto-fuzz-XXXXXX";
    static const char *const states[] = {"waits", "stopped", "done"};
    struct impasto_error error = {0};
    /* Its folder has no workers of an earlier studio, of which the page would be told with its
     * path. */
    if (!mkdtemp(folder) || cli_folder_open(&studio.folder, folder, &error) != IMPASTO_OK ||
        !cli_folder_is_ours(&studio.folder) || cli_jobs_load(&studio, &error) != IMPASTO_OK)
        abort();
    snprintf(studio.token, sizeof(studio.token), "%064d", 1);
    studio.quota = (uint64_t)1 << 30;
    studio.quicker.to = studio.quicker.from = -1;
    for (size_t i = 0; i < CLI_PAINTERS_MOST; i++)
        studio.painters[i].to = studio.painters[i].from = -1;
    json_decref(studio.models);
    studio.models = json_pack("[{s:s, s:[s, s], s:b}]", "model", "base-16", "styles", "ink", "oil",
                              "pictures", 1);
    jobs = json_array();
    for (int i = 0; i < 3; i++)
        json_array_append_new(
            jobs, json_pack("{s:s+, s:s, s:s, s:s, s:[], s:f, s:[{s:s}], s:{s:i}, s:b}", "id", ID,
                            i == 0   ? "0"
                            : i == 1 ? "1"
                                     : "2",
                            "state", states[i], "command", "paint", "content", ID "0", "log",
                            "order", (double)i, "styles", "picture", ID "0", "settings", "size", 64,
                            "result", i == 2));
    json_array_append_new(
        jobs, json_pack("{s:s, s:s, s:s, s:s, s:[], s:i, s:[{s:s}], s:{s:i}, s:b}", "id", ID "3",
                        "state", "done", "command", "train", "content", ID "0", "log", "order", 3,
                        "styles", "picture", ID "0", "settings", "steps", 9, "result", 1));
    pictures = json_pack("{s:{s:s, s:s, s:i}, s:{s:s, s:s, s:i, s:b}}", ID "0", "id", ID "0",
                         "name", "a.png", "bytes", 9, ID "1", "id", ID "1", "name", "b.mp4",
                         "bytes", 9, "film", 1);
    (void)cli_folder_write(&studio.folder, CLI_PLACE_RESULTS, ID "2.png", "png", 3, &error);
    (void)cli_folder_write(&studio.folder, CLI_PLACE_RESULTS, ID "3.model", "model", 5, &error);
}

static void forget(void *user, const char *name)
{
    cli_folder_remove(&studio.folder, *(enum cli_place *)user, name);
}

static bool changed = true; /* since the beginning */

/* As at the beginning. */
static void renew(void)
{
    static enum cli_place places[] = {CLI_PLACE_PICTURES, CLI_PLACE_JOBS};
    if (!changed)
        return;
    changed = false;
    json_decref(studio.jobs);
    json_decref(studio.pictures);
    studio.jobs = json_deep_copy(jobs);
    studio.pictures = json_deep_copy(pictures);
    json_object_clear(studio.unsaved);
    snprintf(studio.code, sizeof(studio.code), "%064d", 2);
    studio.paused = false;
    cli_pages_close(&studio);
    for (int i = 0; i < 2; i++)
        cli_folder_visit(&studio.folder, places[i], forget, &places[i]);
}

/* ---- One request ----------------------------------------------------------------------------- */

/* Takes the head apart. Returns the body. */
static char *take_head(char *text, struct cli_request *request)
{
    char *end;
    memset(&head, 0, sizeof(head));
    head.bare = *text == '!';
    request->method = text += head.bare;
    request->path = "";
    while ((end = strchr(text, '\n')) && end != text && head.count < LINES_MOST) {
        *end = '\0';
        head.line[head.count++] = text;
        text = end + 1;
    }
    char *path = head.count ? strchr(head.line[0], ' ') : NULL;
    if (path) {
        *path = '\0';
        request->path = path + 1;
        if ((head.query = strchr(path + 1, '?')))
            *head.query++ = '\0';
    }
    return *text == '\n' ? text + 1 : text;
}

static void take_body(struct cli_request *request, const char *body, size_t size)
{
    request->size = size;
    request->excess = size > request->most;
    if (request->body == CLI_BODY_TEXT && (request->text = malloc(size + 1))) {
        memcpy(request->text, body, size);
        request->text[size] = '\0';
    } else if (request->body == CLI_BODY_FILE) {
        request->problem = imp_os_write_all(request->descriptor, body, size);
    }
}

/* What workers would say to all that waits for them. */
static void answer_tasks(void)
{
    static const char *const lines[] = {
        "{\"event\": \"done\"}", "{\"event\": \"error\", \"status\": \"input\", \"text\": \"no\"}"};
    json_t *line = json_loads(lines[json_array_size(studio.jobs) % 2], 0, NULL);
    for (size_t i = 0; i < json_array_size(studio.quick); i++) {
        const json_t *task = json_array_get(studio.quick, i);
        if (json_object_get(task, "waits"))
            cli_wait_finish(&studio, task, line);
        else if (cli_text_in(task, "upload"))
            cli_upload_finish(&studio, task, "it is no picture");
    }
    json_decref(line);
}

/* Nothing is left open, no path of this machine is told, and a refusal says why. */
static void check(const struct cli_request *request, uint64_t changes)
{
    const struct cli_reply *reply = &request->reply;
    const bool json = reply->type && strcmp(reply->type, "application/json") == 0;
    char *text = reply->bytes ? calloc(1, reply->size + 1) : NULL;
    if (text)
        memcpy(text, reply->bytes, reply->size);
    json_t *body = json ? json_loads(text ? text : "", 0, NULL) : NULL;
    if (request->waits || reply->status < 200 || reply->status > 599 || (json && !body) ||
        (text && !head.told && strstr(text, studio.folder.path)) ||
        (reply->status >= 400 && !cli_text_in(body, "error")))
        abort();
    if (strcmp(request->method, "GET") == 0 && studio.changes != changes)
        abort();
    json_decref(body);
    free(text);
}

static void serve(char *text, size_t size, bool told)
{
    struct cli_request request = {.descriptor = -1};
    char *body = take_head(text, &request);
    head.told = told;
    const uint64_t changes = studio.changes;
    cli_api.begin(&studio, &request);
    /* Whoever does not know the token gets the page, or a refusal. */
    const bool known =
        cli_secret_is(studio.token, cli_http_header(&request, "X-Impasto-Token", NULL));
    if (!request.reply.status && !known && strcmp(request.path, "/api/session") != 0)
        abort();
    if (!request.reply.status) {
        changed |= strcmp(request.method, "GET") != 0;
        take_body(&request, body, size - (size_t)(body - text));
        cli_api.finish(&studio, &request);
        if (request.waits)
            answer_tasks();
        json_array_clear(studio.quick);
    }
    if (request.reply.stream) {
        struct cli_stream stream = {0};
        free(cli_api.tell(&studio, &stream));
    }
    check(&request, changes);
    cli_api.drop(&studio, &request);
    if (request.reply.file)
        imp_os_close(request.reply.descriptor);
    if (studio.coming != 0 || studio.streams != 0)
        abort();
    free(request.reply.bytes);
    free(request.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (!jobs)
        begin_studio();
    renew();
    memcpy(text, data, size);
    text[size] = '\0';
    const bool told = strstr(text, studio.folder.path);
    serve(text, size, told);
    free(text);
    return 0;
}
