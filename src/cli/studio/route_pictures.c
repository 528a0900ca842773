/* SPDX-License-Identifier: MIT */
/* The routes of pictures. An upload is looked at by a worker before it counts. */

#include "cli/studio/routes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MOST 200 /* bytes of a name that is shown */

void cli_begin_upload(struct cli_studio *studio, struct cli_request *request, bool kept)
{
    if (studio->coming >= CLI_UPLOADS_MOST) {
        cli_refuse(request, 429, "usage", "four pictures are on their way already; wait a moment",
                   NULL);
        return;
    }
    struct impasto_error full = {0};
    char name[CLI_ID_SIZE];
    if (kept && cli_pictures_make_room(studio, &full) != IMPASTO_OK) {
        cli_refuse_error(request, IMPASTO_ERROR_OUTPUT, &full, NULL);
        return;
    }
    if (cli_secret_make(name, sizeof(name)))
        request->descriptor = cli_folder_create(&studio->folder, CLI_PLACE_UPLOADS, name);
    if (request->descriptor < 0) {
        struct impasto_error error = {0};
        (void)cli_fail_file(&error, IMPASTO_ERROR_OUTPUT, studio->folder.path,
                            "cannot be written to", errno);
        cli_refuse_error(request, IMPASTO_ERROR_OUTPUT, &error, NULL);
        return;
    }
    snprintf(request->mark, sizeof(request->mark), "%s", name);
    studio->coming++;
}

/* The byte that "%41" stands for; 0: none that is to be shown. */
static char byte_of(const char *percent)
{
    const char digits[] = {percent[1], percent[1] ? percent[2] : '\0', '\0'};
    const bool hex = strspn(digits, "0123456789abcdefABCDEF") == 2;
    const unsigned long byte = hex ? strtoul(digits, NULL, 16) : 0;
    return (char)(byte >= ' ' ? byte : 0);
}

/* Percent signs decoded; only to be shown. NULL: there is none. */
static char *decode_name(const char *text)
{
    char *name = text ? strdup(text) : NULL, *to = name;
    for (const char *from = text; name && *from; from++) {
        const char byte = *from == '%' ? byte_of(from) : '\0';
        *to++ = byte ? byte : *from;
        from += byte ? 2 : 0;
    }
    if (name)
        *to = '\0';
    if (name && strlen(name) > NAME_MOST)
        name[NAME_MOST] = '\0';
    return name;
}

static void take(struct cli_studio *studio, struct cli_request *request, bool film)
{
    struct impasto_error error = {0};
    char id[CLI_ID_SIZE];
    bool known = false;
    cli_folder_done(request->descriptor);
    request->descriptor = -1;
    if (request->size == 0) {
        cli_refuse(request, 422, "input", "the file is empty", NULL);
        return;
    }
    const enum impasto_status status = cli_picture_take(studio, request->mark, id, &known, &error);
    if (status != IMPASTO_OK) {
        cli_refuse_error(request, status, &error, NULL);
        return;
    }
    cli_page_add(studio, cli_http_header(request, "X-Impasto-Page", NULL), id);
    if (known) {
        cli_reply_json(request, 200, json_incref(json_object_get(studio->pictures, id)));
        return;
    }
    char *name = decode_name(cli_http_header(request, "X-Impasto-Name", NULL));
    cli_queue_look(studio, request, id, name, film);
    free(name);
    if (!request->waits)
        cli_refuse(request, 429, "usage", "four pictures are looked at already; wait a moment",
                   NULL);
}

void cli_route_take_picture(struct cli_studio *studio, struct cli_request *request, json_t *job)
{
    (void)job;
    take(studio, request, false);
}

void cli_route_take_film(struct cli_studio *studio, struct cli_request *request, json_t *job)
{
    (void)job;
    take(studio, request, true);
}

/* The id in a path behind its route's beginning. */
const char *cli_request_id(const struct cli_request *request, char id[CLI_ID_SIZE])
{
    const char *at = strchr(request->path + strlen("/api/"), '/');
    snprintf(id, CLI_ID_SIZE, "%.32s", at ? at + 1 : "");
    return id;
}

void cli_route_show_picture(struct cli_studio *studio, struct cli_request *request, json_t *job)
{
    char id[CLI_ID_SIZE], name[CLI_ID_SIZE + 8];
    (void)job;
    snprintf(name, sizeof(name), "%s.jpg", cli_request_id(request, id));
    cli_reply_file(studio, request, CLI_PLACE_PICTURES, name, "image/jpeg", "");
}

/* A map of areas, as a PNG of a worker's: all of its pixels count. */
void cli_route_show_map(struct cli_studio *studio, struct cli_request *request, json_t *job)
{
    char id[CLI_ID_SIZE];
    (void)job;
    if (json_object_get(studio->pictures, cli_request_id(request, id)))
        cli_wait_for_picture(studio, request, CLI_PLACE_PICTURES, id, "", "png", "");
    else
        cli_refuse(request, 404, "input", "there is no such picture", NULL);
}

void cli_route_remove_picture(struct cli_studio *studio, struct cli_request *request, json_t *job)
{
    char id[CLI_ID_SIZE];
    (void)job;
    cli_request_id(request, id);
    if (!json_object_get(studio->pictures, id)) {
        cli_refuse(request, 404, "input", "there is no such picture", NULL);
    } else if (cli_picture_is_used(studio, id)) {
        cli_refuse(request, 409, "usage", "a job needs this picture", NULL);
    } else {
        cli_picture_remove(studio, id);
        cli_reply_done(request);
    }
}
