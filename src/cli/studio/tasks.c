/* SPDX-License-Identifier: MIT */
/* Small tasks for the quick worker: looks at pictures, and at what there is. */

#include "cli/studio/studio.h"

#include <stdlib.h>
#include <string.h>

void cli_queue_task(struct cli_studio *studio, json_t *task)
{
    char name[CLI_ID_SIZE];
    /* A name of its own: nothing else goes by it. */
    if (cli_secret_make(name, sizeof(name)))
        json_object_set_new(task, "job", json_string(name));
    json_array_append_new(studio->quick, task);
}

static bool is_named(const json_t *task, const char *name)
{
    const char *own = cli_text_in(task, "job");
    return own && strcmp(own, name) == 0;
}

/* One that has not been begun, and the file that it was to write. */
static void take_back(struct cli_studio *studio, size_t index)
{
    const char *file = cli_text_in(json_array_get(studio->quick, index), "file");
    if (file)
        cli_folder_remove(&studio->folder, CLI_PLACE_UPLOADS, file);
    json_array_remove(studio->quick, index);
}

void cli_task_drop(struct cli_studio *studio, const char *name)
{
    if (is_named(studio->quicker.task, name) && json_object_get(studio->quicker.task, "measures"))
        json_object_set_new(studio->quicker.task, "dropped", json_true());
    for (size_t i = 0; i < json_array_size(studio->quick); i++)
        if (is_named(json_array_get(studio->quick, i), name)) {
            take_back(studio, i);
            return;
        }
}

static bool is_of_upload(const json_t *task, const char *id)
{
    const char *own = cli_text_in(task, "upload");
    return own && strcmp(own, id) == 0;
}

static bool is_awaited(const struct cli_studio *studio, const char *id)
{
    for (size_t i = 0; i < CLI_UPLOADS_MOST; i++)
        if (studio->waiting[i].request && strcmp(studio->waiting[i].id, id) == 0)
            return true;
    return is_of_upload(studio->quicker.task, id);
}

/* The looks at it that have not been begun, and its file. */
static void take_back_upload(struct cli_studio *studio, const char *id)
{
    for (size_t i = json_array_size(studio->quick); i-- > 0;)
        if (is_of_upload(json_array_get(studio->quick, i), id))
            take_back(studio, i);
    if (!json_object_get(studio->pictures, id))
        cli_picture_remove(studio, id);
}

void cli_upload_drop(struct cli_studio *studio, const struct cli_request *request)
{
    for (size_t i = 0; i < CLI_UPLOADS_MOST; i++) {
        struct cli_waiting left = studio->waiting[i];
        if (left.request != request)
            continue;
        studio->waiting[i] = (struct cli_waiting){0};
        free(left.name);
        if (!is_awaited(studio, left.id))
            take_back_upload(studio, left.id);
    }
}

void cli_task_set_path(const struct cli_studio *studio, json_t *task, const char *key,
                       enum cli_place place, const char *id, const char *ending)
{
    char name[CLI_ID_SIZE + 8];
    snprintf(name, sizeof(name), "%.32s%s", id, ending);
    char *path = cli_folder_path(&studio->folder, place, name);
    if (path)
        json_object_set_new(task, key, cli_json_text(path));
    free(path);
}

void cli_queue_ask(struct cli_studio *studio, const char *task)
{
    json_t *object = json_object();
    json_object_set_new(object, "do", json_string(task));
    cli_queue_task(studio, object);
}

void cli_task_look_at_result(struct cli_studio *studio, const char *id)
{
    json_t *task = json_object();
    json_object_set_new(task, "do", json_string("look"));
    cli_task_set_path(studio, task, "picture", CLI_PLACE_RESULTS, id, ".png");
    cli_task_set_path(studio, task, "thumb", CLI_PLACE_THUMBS, id, ".jpg");
    json_object_set_new(task, "result", json_string(id));
    cli_queue_task(studio, task);
}

static bool is_of_result(const json_t *task, const char *id)
{
    const char *own = cli_text_in(task, "result");
    return own && strcmp(own, id) == 0;
}

void cli_result_drop(struct cli_studio *studio, const char *id)
{
    for (size_t i = json_array_size(studio->quick); i-- > 0;)
        if (is_of_result(json_array_get(studio->quick, i), id))
            take_back(studio, i);
}

void cli_queue_look(struct cli_studio *studio, struct cli_request *request, const char *id,
                    const char *name, bool film)
{
    for (size_t i = 0; i < CLI_UPLOADS_MOST; i++) {
        struct cli_waiting *waiting = &studio->waiting[i];
        if (waiting->request)
            continue;
        waiting->request = request;
        waiting->name = name ? strdup(name) : NULL;
        snprintf(waiting->id, sizeof(waiting->id), "%s", id);
        json_t *task = json_object();
        json_object_set_new(task, "do", json_string("look"));
        cli_task_set_path(studio, task, film ? "film" : "picture", CLI_PLACE_PICTURES, id, "");
        cli_task_set_path(studio, task, "thumb", CLI_PLACE_PICTURES, id, ".jpg");
        json_object_set_new(task, "upload", json_string(id));
        cli_queue_task(studio, task);
        request->waits = true;
        return;
    }
}
