/* SPDX-License-Identifier: MIT */
/* Answers: JSON, files of the folder, and refusals. */

#include "cli/studio/routes.h"

#include <string.h>

/* body: becomes the reply's. */
void cli_reply_json(struct cli_request *request, unsigned status, json_t *body)
{
    struct cli_reply *reply = &request->reply;
    reply->bytes = json_dumps(body, JSON_COMPACT | JSON_REAL_PRECISION(10));
    reply->size = reply->bytes ? strlen(reply->bytes) : 0;
    reply->type = "application/json";
    reply->status = status;
    json_decref(body);
}

void cli_refuse(struct cli_request *request, unsigned status, const char *word, const char *text,
                const char *field)
{
    cli_reply_json(request, status,
                   json_pack("{s:o, s:s, s:s?}", "error", cli_json_text(text), "status", word,
                             "field", field));
}

void cli_refuse_leaving(struct cli_request *request)
{
    cli_refuse(request, 503, "interrupted", "the studio ends", NULL);
}

static unsigned status_of(enum impasto_status status)
{
    return status == IMPASTO_ERROR_OUTPUT ? 507 : status == IMPASTO_ERROR_MEMORY ? 503 : 422;
}

void cli_refuse_error(struct cli_request *request, enum impasto_status status,
                      const struct impasto_error *error, const char *field)
{
    cli_refuse(request, status_of(status), impasto_status_text(status), error->message, field);
}

void cli_reply_done(struct cli_request *request)
{
    cli_reply_json(request, 200, json_object());
}

/* The folder's file; `name` is that under which it may be saved. */
void cli_reply_file(struct cli_studio *studio, struct cli_request *request, enum cli_place place,
                    const char *file, const char *type, const char *name)
{
    struct cli_reply *reply = &request->reply;
    size_t size = 0;
    const int descriptor = cli_folder_read(&studio->folder, place, file, &size);
    if (descriptor < 0) {
        cli_refuse(request, 404, "input", "there is no such file", NULL);
        return;
    }
    *reply = (struct cli_reply){
        .status = 200, .type = type, .size = size, .file = true, .descriptor = descriptor};
    snprintf(reply->name, sizeof(reply->name), "%s", name);
}
