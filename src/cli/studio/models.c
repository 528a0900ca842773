/* SPDX-License-Identifier: MIT */
/* Style networks: those that are installed, and those that were trained here, which go by the ids
 * of their jobs. */

#include "cli/model/model.h"
#include "cli/studio/studio.h"

#include <stdlib.h>
#include <string.h>

/* ---- Trained here ---------------------------------------------------------------------------- */

static bool is_trained(const struct cli_studio *studio, const json_t *job)
{
    char name[CLI_ID_SIZE + 8];
    if (strcmp(cli_text_in(job, "command"), "train") != 0 || cli_job_is_at_work(job))
        return false;
    snprintf(name, sizeof(name), "%.32s.model", cli_text_in(job, "id"));
    return cli_folder_has(&studio->folder, CLI_PLACE_RESULTS, name);
}

/* The training whose network goes by that name; NULL: none. */
static const json_t *training_of(const struct cli_studio *studio, const char *name)
{
    const json_t *job = cli_is_id(name) ? cli_job_find(studio, name) : NULL;
    return job && is_trained(studio, job) ? job : NULL;
}

/* Without what ends a name in a mix, or a path; and without the file's ending. */
static void clean_name(char *name)
{
    char *ending = strrchr(name, '.');
    if (ending && ending > name)
        *ending = '\0';
    for (char *c = name; *c; c++)
        if (strchr(":,=/", *c) || (unsigned char)*c < ' ' || *c == 127)
            *c = '_';
}

void cli_style_name(const struct cli_studio *studio, const json_t *job, size_t index,
                    char name[CLI_STYLE_NAME_SIZE])
{
    const json_t *style = json_array_get(json_object_get(job, "styles"), index);
    const char *picture = cli_text_in(style, "picture");
    const char *called = cli_text_in(json_object_get(studio->pictures, picture), "name");
    snprintf(name, CLI_STYLE_NAME_SIZE, "%s", called && called[0] ? called : "style");
    clean_name(name);
    size_t length = strlen(name);
    if (length > CLI_STYLE_NAME_SIZE - 8) { /* not within a character */
        for (length = CLI_STYLE_NAME_SIZE - 8; ((unsigned char)name[length] & 0xC0) == 0x80;)
            length--;
        name[length] = '\0';
    }
    if (json_array_size(json_object_get(job, "styles")) > 1) /* two may be called the same */
        snprintf(name + length, CLI_STYLE_NAME_SIZE - length, " %zu", index + 1);
}

static json_t *trained_row(const struct cli_studio *studio, const json_t *job)
{
    json_t *styles = json_array();
    char name[CLI_STYLE_NAME_SIZE];
    for (size_t i = 0; i < json_array_size(json_object_get(job, "styles")); i++) {
        cli_style_name(studio, job, i, name);
        json_array_append_new(styles, cli_json_text(name));
    }
    return json_pack("{s:s, s:o, s:b, s:b}", "model", cli_text_in(job, "id"), "styles", styles,
                     "own", 1, "pictures", json_is_true(json_object_get(job, "pictures")));
}

void cli_model_look_at(struct cli_studio *studio, json_t *training)
{
    json_t *task = json_object();
    json_object_set_new(task, "do", json_string("look"));
    cli_task_set_path(studio, task, "model", CLI_PLACE_RESULTS, cli_text_in(training, "id"),
                      ".model");
    json_object_set(task, "network", json_object_get(training, "id"));
    json_object_del(training, "pictures"); /* they were an earlier file's */
    cli_queue_task(studio, task);
}

void cli_model_looked_at(struct cli_studio *studio, const json_t *task)
{
    json_t *job = cli_job_find(studio, cli_text_in(task, "network"));
    json_t *pictures = json_object_get(json_object_get(task, "looked"), "pictures");
    if (!job || !pictures)
        return;
    json_object_set(job, "pictures", pictures);
    cli_job_keep(studio, job);
}

void cli_models_ask(struct cli_studio *studio)
{
    cli_queue_ask(studio, "models");
    for (size_t i = 0; i < json_array_size(studio->jobs); i++) {
        json_t *job = json_array_get(studio->jobs, i);
        if (is_trained(studio, job) && !json_object_get(job, "pictures"))
            cli_model_look_at(studio, job);
    }
}

/* ---- All of them ----------------------------------------------------------------------------- */

json_t *cli_models_list(const struct cli_studio *studio)
{
    if (!json_is_array(studio->models))
        return json_null();
    json_t *list = json_copy(studio->models);
    for (size_t i = 0; i < json_array_size(studio->jobs); i++) {
        const json_t *job = json_array_get(studio->jobs, i);
        if (is_trained(studio, job))
            json_array_append_new(list, trained_row(studio, job));
    }
    return list;
}

/* Whether a network has a style of that name. */
static bool has_style(const json_t *row, const char *name)
{
    const json_t *styles = json_object_get(row, "styles");
    for (size_t i = 0; i < json_array_size(styles); i++)
        if (strcmp(json_string_value(json_array_get(styles, i)), name) == 0)
            return true;
    return false;
}

/* The installed network of that name; NULL: none. */
static json_t *installed(const struct cli_studio *studio, const char *name)
{
    for (size_t i = 0; i < json_array_size(studio->models); i++) {
        json_t *row = json_array_get(studio->models, i);
        if (strcmp(cli_text_in(row, "model"), name) == 0)
            return row;
    }
    return NULL;
}

/* The network that a name means, as a command line has it: of its own, or of one of the usual one's
 * styles, whatever others call theirs. NULL: none. */
static json_t *row_of(const struct cli_studio *studio, const char *name)
{
    const json_t *training = training_of(studio, name);
    if (training)
        return trained_row(studio, training);
    json_t *row = installed(studio, name), *usual = installed(studio, CLI_MODEL_USUAL);
    return json_incref(row ? row : has_style(usual, name) ? usual : NULL);
}

bool cli_model_is_there(const struct cli_studio *studio, const char *name)
{
    json_t *row = row_of(studio, name);
    json_decref(row);
    return row != NULL;
}

bool cli_model_has(const struct cli_studio *studio, const char *name, const char *style)
{
    json_t *row = row_of(studio, name);
    const bool has = row && has_style(row, style);
    json_decref(row);
    return has;
}

bool cli_model_keeps_pictures(const struct cli_studio *studio, const char *name)
{
    json_t *row = row_of(studio, name);
    const bool keeps = json_is_true(json_object_get(row, "pictures"));
    json_decref(row);
    return keeps;
}

json_t *cli_model_word(const struct cli_studio *studio, const char *name)
{
    char file[CLI_ID_SIZE + 8];
    if (!training_of(studio, name))
        return cli_is_id(name) ? NULL : cli_json_text(name);
    snprintf(file, sizeof(file), "%.32s.model", name);
    char *path = cli_folder_path(&studio->folder, CLI_PLACE_RESULTS, file);
    json_t *word = path ? cli_json_text(path) : NULL;
    free(path);
    return word;
}

json_t *cli_model_name(const struct cli_studio *studio, const char *name)
{
    char style[CLI_STYLE_NAME_SIZE];
    const json_t *training = cli_is_id(name) ? cli_job_find(studio, name) : NULL;
    if (!training)
        return cli_json_text(name);
    cli_style_name(studio, training, 0, style);
    return cli_json_text(style);
}

void cli_model_file_name(const struct cli_studio *studio, const json_t *job,
                         char name[CLI_STYLE_NAME_SIZE + 8])
{
    char style[CLI_STYLE_NAME_SIZE];
    cli_style_name(studio, job, 0, style);
    snprintf(name, CLI_STYLE_NAME_SIZE + 8, "%s.model", style);
}

bool cli_model_is_used(const struct cli_studio *studio, const char *id)
{
    for (size_t i = 0; i < json_array_size(studio->jobs); i++) {
        const json_t *job = json_array_get(studio->jobs, i);
        const char *model = cli_text_in(job, "model");
        if (model && strcmp(model, id) == 0 &&
            (cli_job_is(job, "waits") || cli_job_is(job, "works")))
            return true;
    }
    return false;
}
