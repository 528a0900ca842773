/* SPDX-License-Identifier: MIT */
/* The routes of what a job has made, and of how. */

#include "cli/studio/routes.h"

#include <stdlib.h>
#include <string.h>

void cli_route_show_preview(struct cli_studio *studio, struct cli_request *request, json_t *job)
{
    const char *than = cli_http_query(request, "n");
    struct cli_reply *reply = &request->reply;
    reply->status = 204;
    const struct cli_preview *preview = cli_preview_of(studio, job);
    if (!preview || (than && strtoull(than, NULL, 10) >= preview->number))
        return;
    reply->bytes = malloc(preview->size);
    if (!reply->bytes)
        return;
    memcpy(reply->bytes, preview->bytes, preview->size);
    reply->size = preview->size;
    reply->type = "image/jpeg";
    reply->status = 200;
}

json_t *cli_formats_list(void)
{
    json_t *list = json_array();
    const struct impasto_format_info *info;
    for (size_t i = 0; (info = impasto_image_format(i)); i++)
        if (info->writes)
            json_array_append_new(list, json_string(info->extensions[0] + 1));
    return list;
}

/* The ending that a query asks for, if this build writes it. NULL: none of that name. */
static const char *known_format(const char *asked)
{
    const struct impasto_format_info *info;
    for (size_t i = 0; (info = impasto_image_format(i)); i++)
        if (info->writes && strcmp(info->extensions[0] + 1, asked) == 0)
            return info->extensions[0] + 1;
    return NULL;
}

/* For who saves it: a training's network, or a film. */
static void show_file(struct cli_studio *studio, struct cli_request *request, const json_t *job)
{
    const struct cli_kind *kind = cli_kind_of(job);
    char file[CLI_ID_SIZE + 8], name[CLI_STYLE_NAME_SIZE + 8];
    snprintf(file, sizeof(file), "%.32s%s", cli_text_in(job, "id"), kind->ending);
    snprintf(name, sizeof(name), "impasto-%.8s%s", cli_text_in(job, "id"), kind->ending);
    cli_reply_file(studio, request, CLI_PLACE_RESULTS, file, kind->type, name);
}

void cli_route_show_result(struct cli_studio *studio, struct cli_request *request, json_t *job)
{
    const char *id = cli_text_in(job, "id"), *asked = cli_http_query(request, "format");
    const char *format = known_format(asked ? asked : "png");
    if (!cli_job_makes_picture(job)) {
        show_file(studio, request, job);
        return;
    }
    char file[CLI_ID_SIZE + 8], name[60];
    snprintf(file, sizeof(file), "%.32s.png", id);
    snprintf(name, sizeof(name), "impasto-%.8s.%s", id, format ? format : "");
    if (!format)
        cli_refuse(request, 422, "usage", "format: this build does not write it", "format");
    else if (strcmp(format, "png") == 0 ||
             !cli_folder_has(&studio->folder, CLI_PLACE_RESULTS, file))
        cli_reply_file(studio, request, CLI_PLACE_RESULTS, file, "image/png", name);
    else
        cli_wait_for_picture(studio, request, CLI_PLACE_RESULTS, id, ".png", format, name);
}

/* It has a script of its own, so it is never to be shown here. */
void cli_route_show_report(struct cli_studio *studio, struct cli_request *request, json_t *job)
{
    char file[CLI_ID_SIZE + 8], name[60];
    snprintf(file, sizeof(file), "%.32s.html", cli_text_in(job, "id"));
    snprintf(name, sizeof(name), "impasto-%.8s.html", cli_text_in(job, "id"));
    cli_reply_file(studio, request, CLI_PLACE_RESULTS, file, "application/octet-stream", name);
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
