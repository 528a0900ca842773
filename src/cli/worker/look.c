/* SPDX-License-Identifier: MIT */
/* Jobs about files: a look at a picture, at the devices, at the style networks; a picture in
 * another format. */

#include "cli/devices/devices.h"
#include "cli/guard/guard.h"
#include "cli/model/model.h"
#include "cli/worker/worker.h"

#include "base/os.h"

#include <stdlib.h>
#include <string.h>

#define THUMB_SIDE 512 /* longer side, pixels */
#define THUMB_QUALITY 85

json_t *cli_job_line_new(const char *event, const json_t *job)
{
    json_t *line = json_object();
    json_object_set_new(line, "event", json_string(event));
    json_object_set(line, "job", json_object_get(job, "job"));
    return line;
}

/* ---- A picture ------------------------------------------------------------------------------- */

/* The same aspect, and no side of 0. */
static int shrink(int side, int longer)
{
    const int shrunk = longer > THUMB_SIDE ? (int)((double)side * THUMB_SIDE / longer + 0.5) : side;
    return shrunk > 0 ? shrunk : 1;
}

enum impasto_status cli_job_save_small(const struct impasto_image *image, const char *path,
                                       struct impasto_error *error)
{
    const struct impasto_save_options options = {.struct_size = sizeof(options),
                                                 .format = IMPASTO_FORMAT_JPEG,
                                                 .privacy = IMPASTO_PRIVACY_NONE,
                                                 .quality = THUMB_QUALITY};
    const int longer = image->width > image->height ? image->width : image->height;
    struct impasto_image *small = NULL;
    enum impasto_status status = impasto_image_resize(image, shrink(image->width, longer),
                                                      shrink(image->height, longer), &small, error);
    if (status == IMPASTO_OK)
        status = impasto_image_save(small, path, &options, error);
    impasto_image_free(&small);
    return status;
}

/* What is in a PNG of Impasto's own; null where there is nothing. */
static json_t *settings_in(const struct impasto_image *image)
{
    json_t *settings = image->settings ? json_loads(image->settings, 0, NULL) : NULL;
    return settings ? settings : json_null();
}

enum impasto_status cli_job_look(struct cli_worker *worker, const json_t *job,
                                 struct impasto_error *error)
{
    const char *path = json_string_value(json_object_get(job, "picture"));
    const char *thumb = json_string_value(json_object_get(job, "thumb"));
    struct impasto_image *image = NULL;
    if (!path)
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "look: needs a \"picture\", a \"film\" or a \"model\", its file's name");
    enum impasto_status status = impasto_image_load_apart(path, 0, &image, error);
    if (status == IMPASTO_OK && thumb)
        status = cli_job_save_small(image, thumb, error);
    if (status == IMPASTO_OK) {
        json_t *line = cli_job_line_new("looked", job);
        json_object_set_new(line, "width", json_integer(image->width));
        json_object_set_new(line, "height", json_integer(image->height));
        json_object_set_new(line, "transparent", json_boolean(image->alpha != NULL));
        json_object_set_new(line, "settings", settings_in(image));
        cli_events_send(worker->warm.events, line);
    }
    impasto_image_free(&image);
    return status;
}

enum impasto_status cli_job_convert(struct cli_worker *worker, const json_t *job,
                                    struct impasto_error *error)
{
    const char *path = json_string_value(json_object_get(job, "picture"));
    const char *output = json_string_value(json_object_get(job, "output"));
    struct impasto_image *image = NULL;
    (void)worker;
    if (!path || !output)
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "convert: needs a \"picture\" and an \"output\", names of files");
    enum impasto_status status = impasto_image_load_apart(path, 0, &image, error);
    if (status == IMPASTO_OK)
        status = impasto_image_save(image, output, NULL, error);
    impasto_image_free(&image);
    return status;
}

/* ---- What is there --------------------------------------------------------------------------- */

enum impasto_status cli_job_devices(struct cli_worker *worker, const json_t *job,
                                    struct impasto_error *error)
{
    struct cli_common common = {.warm = &worker->warm, .events = worker->warm.events};
    struct cli_console console;
    json_t *rows;
    cli_console_init(&console, &common);
    cli_watch_driver();
    cli_drivers_prepare(&console);
    const enum impasto_status status = cli_devices_json(&rows, error);
    cli_drivers_listed();
    if (status != IMPASTO_OK)
        return status;
    json_t *line = cli_job_line_new("devices", job);
    json_object_set_new(line, "devices", rows);
    cli_events_send(worker->warm.events, line);
    return IMPASTO_OK;
}

/* Whether all of its styles can be refined without a picture of them that is given. */
static bool keeps_pictures(const struct impasto_model *model)
{
    const struct impasto_model_info *info = impasto_model_info(model);
    for (size_t i = 0; i < info->style_count; i++)
        if ((int)i != info->identity && !impasto_model_has_picture(model, i))
            return false;
    return true;
}

/* line: gets what there is to say of a network. */
static void describe(const struct impasto_model *model, json_t *line)
{
    const struct impasto_model_info *info = impasto_model_info(model);
    json_t *styles = json_array();
    for (size_t i = 0; i < info->style_count; i++)
        json_array_append_new(styles, cli_json_text(info->styles[i]));
    json_object_set_new(line, "styles", styles);
    json_object_set_new(line, "pictures", json_boolean(keeps_pictures(model)));
}

enum impasto_status cli_job_look_at_model(struct cli_worker *worker, const json_t *job,
                                          struct impasto_error *error)
{
    const char *path = json_string_value(json_object_get(job, "model"));
    struct impasto_model *model = NULL;
    const enum impasto_status status = impasto_model_open(path, &model, error);
    if (status == IMPASTO_OK) {
        json_t *line = cli_job_line_new("looked", job);
        describe(model, line);
        cli_events_send(worker->warm.events, line);
    }
    impasto_model_close(&model);
    return status;
}

/* A network of which nothing can be read is left out: others may do. */
static void add_model(void *user, const char *path)
{
    struct impasto_model *model = NULL;
    struct impasto_error ignored = {0};
    char *name = strdup(imp_os_name(path));
    if (name && impasto_model_open(path, &model, &ignored) == IMPASTO_OK) {
        json_t *row = json_object();
        name[strlen(name) - strlen(CLI_MODEL_ENDING)] = '\0';
        json_object_set_new(row, "model", cli_json_text(name));
        describe(model, row);
        json_array_append_new(user, row);
    }
    impasto_model_close(&model);
    free(name);
}

enum impasto_status cli_job_models(struct cli_worker *worker, const json_t *job,
                                   struct impasto_error *error)
{
    json_t *models = json_array();
    if (!models)
        return cli_fail_memory(error, "the list of models");
    cli_model_tell_installed(add_model, models);
    json_t *line = cli_job_line_new("models", job);
    json_object_set_new(line, "models", models);
    cli_events_send(worker->warm.events, line);
    return IMPASTO_OK;
}
