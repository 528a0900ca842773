/* SPDX-License-Identifier: MIT */
/* A job in other words: as a worker is asked for it, and as a command line that would do the same.
 */

#include "cli/studio/studio.h"
#include "cli/train/train.h"
#include "cli/video/video.h"

#include <stdlib.h>
#include <string.h>

#define LONGEST_LINE 8192
#define EVERY "15s" /* what a crash may lose */

/* ---- For a worker ---------------------------------------------------------------------------- */

/* "/…/pictures/ID", and behind it what such an option's value has. */
static json_t *picture_path(const struct cli_studio *studio, const char *id, const char *ending)
{
    char *path = id && json_object_get(studio->pictures, id)
                     ? cli_folder_path(&studio->folder, CLI_PLACE_PICTURES, id)
                     : NULL;
    char *text = path ? malloc(strlen(path) + strlen(ending) + 1) : NULL;
    json_t *made = NULL;
    if (text) {
        sprintf(text, "%s%s", path, ending);
        made = cli_json_text(text);
    }
    free(text);
    free(path);
    return made;
}

static json_t *style_path(const struct cli_studio *studio, const json_t *style)
{
    char weight[40];
    const json_t *given = json_object_get(style, "weight");
    snprintf(weight, sizeof(weight), ":%.9g", given ? json_number_value(given) : 1.0);
    return picture_path(studio, cli_text_in(style, "picture"), weight);
}

/* A colour of a map; its edges are exact. */
static json_t *mask_path(const struct cli_studio *studio, const json_t *mask)
{
    char colour[10] = "";
    if (cli_text_in(mask, "colour"))
        snprintf(colour, sizeof(colour), "#%.6s", cli_text_in(mask, "colour"));
    return picture_path(studio, cli_text_in(mask, "picture"), colour);
}

/* A colour of a map, and what a network paints there. */
static json_t *region_path(const struct cli_studio *studio, const json_t *region)
{
    char ending[CLI_STYLE_NAME_SIZE + 200] = "";
    const char *colour = cli_text_in(region, "colour"), *mix = cli_text_in(region, "mix");
    snprintf(ending, sizeof(ending), "%s%.6s=%.200s", colour ? "#" : "", colour ? colour : "",
             mix ? mix : "");
    return picture_path(studio, cli_text_in(region, "picture"), ending);
}

/* false: one of the pictures is gone. */
static bool add_paths(const struct cli_studio *studio, json_t *settings, const char *name,
                      const json_t *rows,
                      json_t *(*path_of)(const struct cli_studio *, const json_t *))
{
    json_t *paths = json_array();
    bool whole = true;
    for (size_t i = 0; i < json_array_size(rows) && whole; i++)
        whole = json_array_append_new(paths, path_of(studio, json_array_get(rows, i))) == 0;
    if (json_array_size(rows) > 0)
        json_object_set(settings, name, paths);
    json_decref(paths);
    return whole;
}

static bool add_pictures(const struct cli_studio *studio, const json_t *job, json_t *settings)
{
    const json_t *keep = json_object_get(job, "keep");
    const char *model = cli_text_in(job, "model");
    if (json_object_set_new(settings, "content",
                            picture_path(studio, cli_text_in(job, "content"), "")) != 0)
        return false;
    if (keep && json_object_set_new(settings, "keep", mask_path(studio, keep)) != 0)
        return false;
    if (model && json_object_set_new(settings, "model", cli_model_word(studio, model)) != 0)
        return false;
    return add_paths(studio, settings, "style", json_object_get(job, "styles"), style_path) &&
           add_paths(studio, settings, "content-mask", json_object_get(job, "masks"), mask_path) &&
           add_paths(studio, settings, "region", json_object_get(job, "regions"), region_path);
}

static json_t *file_of(const struct cli_studio *studio, enum cli_place place, const char *id,
                       const char *ending)
{
    char name[CLI_ID_SIZE + 8];
    snprintf(name, sizeof(name), "%.32s%s", id, ending);
    char *path = cli_folder_path(&studio->folder, place, name);
    json_t *text = path ? cli_json_text(path) : NULL;
    free(path);
    return text;
}

/* The job's device, or else the studio's. */
static void add_device(const struct cli_studio *studio, const json_t *job, json_t *settings)
{
    json_t *device = json_object_get(json_object_get(job, "settings"), "device");
    if (device)
        json_object_set(settings, "device", device);
    else if (studio->device)
        json_object_set_new(settings, "device", json_string(studio->device));
}

/* What is asked of the result, and how it can be gone on with. A checkpoint has settings and
 * pictures; more iterations may be given. */
static json_t *options_of(const struct cli_studio *studio, const json_t *job, bool resumes)
{
    const char *id = cli_text_in(job, "id");
    json_t *options = json_object(), *more = json_object_get(job, "more");
    json_object_set_new(options, "output",
                        file_of(studio, CLI_PLACE_RESULTS, id, cli_kind_of(job)->ending));
    if (strcmp(cli_text_in(job, "command"), "apply") == 0)
        return options;
    json_object_set_new(options, "report", file_of(studio, CLI_PLACE_RESULTS, id, ".html"));
    if (!cli_kind_of(job)->resumes)
        return options;
    json_object_set_new(options, resumes ? "resume" : "checkpoint",
                        file_of(studio, CLI_PLACE_JOBS, id, ".ckpt"));
    json_object_set_new(options, "every", json_string(EVERY));
    if (resumes && json_is_integer(more))
        json_object_set(options, "iterations", more);
    if (resumes) /* a checkpoint may go on on any */
        add_device(studio, job, options);
    return options;
}

/* With its pictures and its device. *whole: all pictures are there. */
static json_t *settings_of(const struct cli_studio *studio, const json_t *job, bool *whole)
{
    json_t *settings = json_copy(json_object_get(job, "settings"));
    if (!settings)
        settings = json_object();
    *whole = add_pictures(studio, job, settings);
    add_device(studio, job, settings);
    return settings;
}

/* ---- Trainings and films -----------------------------------------------------------------------
 */

/* "NAME=/…/pictures/ID" of a training's painting. */
static json_t *lesson_word(const struct cli_studio *studio, const json_t *job, size_t index)
{
    char name[CLI_STYLE_NAME_SIZE], word[4200];
    const json_t *style = json_array_get(json_object_get(job, "styles"), index);
    json_t *path = picture_path(studio, cli_text_in(style, "picture"), "");
    if (!path)
        return NULL;
    cli_style_name(studio, job, index, name);
    snprintf(word, sizeof(word), "%s=%s", name, json_string_value(path));
    json_decref(path);
    return cli_json_text(word);
}

/* What the command line names without an option. false: one of the pictures is gone. */
static bool add_words(const struct cli_studio *studio, const json_t *job, json_t *request)
{
    const json_t *styles = json_object_get(job, "styles");
    const bool film = cli_kind_of(job)->table == &cli_video_command;
    json_t *words = json_array();
    bool whole = true;
    if (film)
        whole = json_array_append_new(words,
                                      picture_path(studio, cli_text_in(job, "content"), "")) == 0;
    for (size_t i = 0; i < json_array_size(styles) && whole; i++)
        whole = json_array_append_new(words, film ? style_path(studio, json_array_get(styles, i))
                                                  : lesson_word(studio, job, i)) == 0;
    json_object_set_new(request, "words", words);
    return whole;
}

/* The photographs that it learns from get a folder of their own, as links to what is there. */
static bool add_photos(const struct cli_studio *studio, const json_t *job, json_t *options,
                       struct impasto_error *error)
{
    char name[CLI_ID_SIZE + 8];
    const json_t *photos = json_object_get(job, "photos");
    if (json_array_size(photos) == 0)
        return true;
    snprintf(name, sizeof(name), "%.32s.photos", cli_text_in(job, "id"));
    json_object_set_new(options, "photos",
                        file_of(studio, CLI_PLACE_JOBS, cli_text_in(job, "id"), ".photos"));
    return cli_folder_gather(&studio->folder, name, photos, error);
}

/* All that it is told is on its command line, but for what its checkpoint has. A training's samples
 * are of its photograph. error: NULL: a plan is asked for, for which no photographs are gathered,
 * as it does not look at them. */
static bool add_command_line(const struct cli_studio *studio, const json_t *job, json_t *request,
                             json_t *options, bool resumes, struct impasto_error *error)
{
    const char *model = cli_text_in(job, "model");
    bool whole = resumes || (add_words(studio, job, request) &&
                             (!error || add_photos(studio, job, options, error)));
    if (!resumes)
        json_object_update_missing(options, json_object_get(job, "settings"));
    if (cli_kind_of(job)->table == &cli_train_command)
        whole &= json_object_set_new(options, "show",
                                     picture_path(studio, cli_text_in(job, "content"), "")) == 0;
    if (model)
        whole &= json_object_set_new(options, "model", cli_model_word(studio, model)) == 0;
    add_device(studio, job, options);
    return whole;
}

/* ---- All of them ----------------------------------------------------------------------------- */

json_t *cli_job_request(const struct cli_studio *studio, const json_t *job,
                        struct impasto_error *error)
{
    char checkpoint[CLI_ID_SIZE + 8];
    json_t *request = json_object();
    snprintf(checkpoint, sizeof(checkpoint), "%.32s.ckpt", cli_text_in(job, "id"));
    const bool resumes = cli_folder_has(&studio->folder, CLI_PLACE_JOBS, checkpoint);
    bool whole = true;
    json_object_set(request, "do", json_object_get(job, "command"));
    json_object_set(request, "job", json_object_get(job, "id"));
    json_t *options = options_of(studio, job, resumes);
    json_object_set_new(request, "options", options);
    if (cli_kind_of(job)->by_words)
        whole = add_command_line(studio, job, request, options, resumes, error);
    else if (!resumes)
        json_object_set_new(request, "settings", settings_of(studio, job, &whole));
    json_object_set_new(request, "preview", json_integer(1024));
    if (whole)
        return request;
    json_decref(request);
    return NULL;
}

json_t *cli_job_plan_request(const struct cli_studio *studio, const json_t *job)
{
    bool whole;
    json_t *request = json_object(), *options = json_object();
    /* Nothing is written. But a name is asked for, and whether it could be. */
    json_object_set_new(
        options, "output",
        file_of(studio, CLI_PLACE_UPLOADS, cli_text_in(job, "id"), cli_kind_of(job)->ending));
    json_object_set_new(request, "do", json_string("plan"));
    json_object_set(request, "command", json_object_get(job, "command"));
    json_object_set_new(request, "options", options);
    if (cli_kind_of(job)->by_words)
        whole = add_command_line(studio, job, request, options, false, NULL);
    else
        json_object_set_new(request, "settings", settings_of(studio, job, &whole));
    if (whole)
        return request;
    json_decref(request);
    return NULL;
}

/* ---- For people ------------------------------------------------------------------------------ */

/* As the user called it. Only a shell will see it. */
static void add_name(const struct cli_studio *studio, char *line, const char *id,
                     const char *ending)
{
    char word[400];
    const char *name = cli_text_in(json_object_get(studio->pictures, id ? id : ""), "name");
    snprintf(word, sizeof(word), "%.300s%.80s", name ? name : "picture", ending);
    /* A name that would be taken for an option. */
    if (word[0] == '-') {
        memmove(word + 2, word, sizeof(word) - 2);
        memcpy(word, "./", 2);
        word[sizeof(word) - 1] = '\0';
    }
    cli_add_word(line, LONGEST_LINE, word);
}

/* option: what goes before it; NULL: nothing. */
static void add_style(const struct cli_studio *studio, char *line, const char *option,
                      const json_t *style)
{
    char weight[40] = "";
    const json_t *given = json_object_get(style, "weight");
    if (given && json_number_value(given) < 1)
        snprintf(weight, sizeof(weight), ":%.3g", json_number_value(given));
    else if (given && json_number_value(given) > 1)
        snprintf(weight, sizeof(weight), ":%.4g", json_number_value(given));
    if (option)
        cli_add_word(line, LONGEST_LINE, option);
    add_name(studio, line, cli_text_in(style, "picture"), weight);
}

static void add_mask(const struct cli_studio *studio, char *line, const char *option,
                     const json_t *mask)
{
    char colour[10] = "";
    if (cli_text_in(mask, "colour"))
        snprintf(colour, sizeof(colour), "#%.6s", cli_text_in(mask, "colour"));
    cli_add_word(line, LONGEST_LINE, option);
    add_name(studio, line, cli_text_in(mask, "picture"), colour);
}

static void add_setting(char *line, const char *name, const json_t *value)
{
    char word[700];
    if (json_is_string(value))
        snprintf(word, sizeof(word), "--%s=%s", name, json_string_value(value));
    else if (json_is_integer(value))
        snprintf(word, sizeof(word), "--%s=%" JSON_INTEGER_FORMAT, name, json_integer_value(value));
    else if (json_is_real(value))
        snprintf(word, sizeof(word), "--%s=%.9g", name, json_real_value(value));
    else if (json_is_true(value))
        snprintf(word, sizeof(word), "--%s", name);
    else
        return;
    cli_add_word(line, LONGEST_LINE, word);
}

static void add_settings(char *line, const json_t *job)
{
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(job, "settings"), name, value)
    {
        add_setting(line, name, value);
    }
}

static void add_region(const struct cli_studio *studio, char *line, const json_t *region)
{
    char ending[CLI_STYLE_NAME_SIZE + 10];
    const char *colour = cli_text_in(region, "colour");
    snprintf(ending, sizeof(ending), "%s%.6s=%.64s", colour ? "#" : "", colour ? colour : "",
             cli_text_in(region, "mix"));
    cli_add_word(line, LONGEST_LINE, "--region");
    add_name(studio, line, cli_text_in(region, "picture"), ending);
}

/* One that was trained here goes by the name under which it is saved. */
static void add_model(const struct cli_studio *studio, char *line, const char *model)
{
    char name[CLI_STYLE_NAME_SIZE + 8];
    const json_t *training = cli_is_id(model) ? cli_job_find(studio, model) : NULL;
    snprintf(name, sizeof(name), "%s", model);
    if (training)
        cli_model_file_name(studio, training, name);
    cli_add_word(line, LONGEST_LINE, name);
}

static char *film_line(const struct cli_studio *studio, const json_t *job, char *line)
{
    const json_t *styles = json_object_get(job, "styles");
    cli_add_word(line, LONGEST_LINE, "video");
    add_name(studio, line, cli_text_in(job, "content"), "");
    for (size_t i = 0; i < json_array_size(styles); i++)
        add_style(studio, line, NULL, json_array_get(styles, i));
    if (cli_text_in(job, "model")) {
        cli_add_word(line, LONGEST_LINE, "--model");
        add_model(studio, line, cli_text_in(job, "model"));
    }
    add_settings(line, job);
    cli_add_word(line, LONGEST_LINE, "-o");
    cli_add_word(line, LONGEST_LINE, "painted.mp4");
    return line;
}

static char *training_line(const struct cli_studio *studio, const json_t *job, char *line)
{
    char name[CLI_STYLE_NAME_SIZE + 8];
    cli_add_word(line, LONGEST_LINE, "train");
    for (size_t i = 0; i < json_array_size(json_object_get(job, "styles")); i++) {
        const json_t *style = json_array_get(json_object_get(job, "styles"), i);
        add_name(studio, line, cli_text_in(style, "picture"), "");
    }
    if (json_array_size(json_object_get(job, "photos")) > 0) {
        cli_add_word(line, LONGEST_LINE, "--photos");
        cli_add_word(line, LONGEST_LINE, "photos");
    }
    add_settings(line, job);
    cli_model_file_name(studio, job, name);
    cli_add_word(line, LONGEST_LINE, "-o");
    cli_add_word(line, LONGEST_LINE, name);
    return line;
}

char *cli_job_line(const struct cli_studio *studio, const json_t *job)
{
    char *line = calloc(1, LONGEST_LINE);
    const json_t *rows = json_object_get(job, "styles"), *masks = json_object_get(job, "masks");
    if (!line)
        return NULL;
    memcpy(line, "impasto", sizeof("impasto"));
    if (strcmp(cli_text_in(job, "command"), "train") == 0)
        return training_line(studio, job, line);
    if (strcmp(cli_text_in(job, "command"), "video") == 0)
        return film_line(studio, job, line);
    if (cli_text_in(job, "model")) {
        cli_add_word(line, LONGEST_LINE, "apply");
        add_model(studio, line, cli_text_in(job, "model"));
    }
    add_name(studio, line, cli_text_in(job, "content"), "");
    for (size_t i = 0; i < json_array_size(rows); i++)
        add_style(studio, line, cli_text_in(job, "model") ? "--style" : NULL,
                  json_array_get(rows, i));
    for (size_t i = 0; i < json_array_size(masks); i++)
        add_mask(studio, line, "--content-mask", json_array_get(masks, i));
    if (json_object_get(job, "keep"))
        add_mask(studio, line, "--keep", json_object_get(job, "keep"));
    for (size_t i = 0; i < json_array_size(json_object_get(job, "regions")); i++)
        add_region(studio, line, json_array_get(json_object_get(job, "regions"), i));
    add_settings(line, job);
    cli_add_word(line, LONGEST_LINE, "-o");
    cli_add_word(line, LONGEST_LINE, "painted.png");
    return line;
}
