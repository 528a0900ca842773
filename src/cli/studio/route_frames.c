/* SPDX-License-Identifier: MIT */
/* The route of a camera's frames: a style network paints each in a moment, and nothing is kept. */

#include "cli/studio/routes.h"

#include <string.h>

/* The settings of a frame are in its query, as its body is the picture. */
static json_t *settings_in(const struct cli_request *request)
{
    static const char *const names[] = {"strength", "stroke", "mix", "size", "colour", "device"};
    json_t *settings = json_object();
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        const char *value = cli_http_query(request, names[i]);
        if (value)
            json_object_set_new(settings, names[i], cli_json_text(value));
    }
    return settings;
}

/* settings: become the task's. */
static void paint(struct cli_studio *studio, struct cli_request *request, const char *model,
                  json_t *settings)
{
    json_t *task = json_object(), *pictures = json_object();
    json_object_set_new(task, "do", json_string("apply"));
    cli_task_set_path(studio, pictures, "content", CLI_PLACE_UPLOADS, request->mark, "");
    json_object_set_new(pictures, "model", cli_model_word(studio, model));
    json_object_set_new(task, "settings", pictures);
    if (!json_object_get(settings, "device") && studio->device)
        json_object_set_new(settings, "device", json_string(studio->device));
    json_object_set_new(task, "options", settings);
    if (cli_wait_name_file(studio, request, task, settings, "output", "jpg", ""))
        (void)cli_wait_for(studio, request, json_incref(task));
    json_decref(task);
}

void cli_route_paint_frame(struct cli_studio *studio, struct cli_request *request, json_t *job)
{
    const char *model = cli_http_query(request, "model"), *field = NULL;
    struct impasto_error error = {0};
    (void)job;
    cli_folder_done(request->descriptor);
    request->descriptor = -1;
    if (!model || !cli_model_is_there(studio, model)) {
        cli_refuse(request, 422, "usage", "model: no style network of that name is installed",
                   "model");
        return;
    }
    json_t *settings = settings_in(request);
    const enum impasto_status status =
        cli_allowed_check(cli_kind_find("apply"), settings, &field, &error);
    if (status == IMPASTO_OK)
        paint(studio, request, model, json_incref(settings));
    else
        cli_refuse_error(request, status, &error, field);
    json_decref(settings);
}
