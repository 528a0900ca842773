/* SPDX-License-Identifier: MIT */
/*
 * The files that go into a run, by name and SHA-256. They are compared with those that a settings
 * file knows. As JSON, under the names of the settings:
 *   {"content": {"name": "photo.jpg", "sha256": "..."}, "style": [{...}], "weights": {...}, ...}
 * Applying a style network has a "model" in place of the style.
 * The built-in weights have a version in place of a hash.
 */

#include "base/os.h"
#include "cli/common/json.h"
#include "cli/options/table.h"
#include "cli/record/record.h"
#include "cli/terminal/terminal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- Which they are -------------------------------------------------------------------------- */

static json_t *describe(const char *word, const char *operand)
{
    char hash[CLI_HASH_SIZE];
    json_t *input = json_object();
    char *path = cli_spec_path(word, operand);
    if (path) {
        json_object_set_new(input, "name", cli_json_text(cli_shown_name(path)));
        if (cli_hash_file(path, hash))
            json_object_set_new(input, "sha256", json_string(hash));
    }
    free(path);
    return input;
}

/* option: whose values may be words in place of files; NULL: all are files. */
static json_t *describe_list(const struct cli_list *list, const struct cli_option *option,
                             const char *operand)
{
    json_t *array = json_array();
    for (int i = 0; i < list->count; i++)
        json_array_append_new(array, option && !cli_is_file(option, list->item[i])
                                         ? json_null()
                                         : describe(list->item[i], operand));
    return array;
}

static void add_option(void *user, const struct cli_option *option, const struct cli_value *value)
{
    if (json_object_get(user, option->name))
        return;
    if (value->kind == CLI_VALUE_LIST && value->list->count > 0)
        json_object_set_new(user, option->name,
                            describe_list(value->list, option, option->operand));
    else if (value->kind == CLI_VALUE_TEXT && value->text && cli_is_file(option, value->text))
        json_object_set_new(user, option->name, describe(value->text, option->operand));
}

json_t *cli_inputs_begin(const struct cli_settings *settings)
{
    json_t *inputs = json_object();
    json_object_set_new(inputs, "content", describe(settings->content, ""));
    if (!settings->call)
        json_object_set_new(inputs, "style",
                            describe_list(&settings->styles, NULL, cli_style_operand(settings)));
    return inputs;
}

void cli_inputs_add(json_t *inputs, const char *name, const char *path, int version)
{
    json_object_set_new(inputs, name,
                        version ? json_pack("{ss si}", "name", "builtin", "version", version)
                                : describe(path, ""));
}

void cli_inputs_add_options(json_t *inputs, const struct cli_settings *settings,
                            const struct impasto_params *params)
{
    cli_visit(settings, params, add_option, inputs);
}

void cli_inputs_next(json_t *inputs, const struct cli_settings *settings)
{
    json_t *content = describe(settings->content, "");
    json_object_set_new(inputs, "content", content ? content : json_null());
}

void cli_inputs_free(json_t **inputs)
{
    json_decref(*inputs);
    *inputs = NULL;
}

/* ---- Whether they are the recorded ones ------------------------------------------------------ */

static const char *text_of(const json_t *input, const char *key)
{
    const char *text = json_string_value(json_object_get(input, key));
    return text ? text : "";
}

struct comparing {
    const struct cli_file *file;
    struct cli_console *console;
    bool unknown; /* a hash could not be compared */
};

static void compare_versions(const struct comparing *with, const char *what, const json_t *now,
                             const json_t *recorded)
{
    char line[1024];
    const json_t *version = json_object_get(now, "version");
    if (!version || json_equal(version, json_object_get(recorded, "version")))
        return;
    snprintf(line, sizeof(line), "%s was made with other built-in %s; the result will differ",
             with->file->path, what);
    cli_console_log(with->console, IMPASTO_LOG_WARNING, line);
}

/* searched: nobody has named it, so that another name is worth a word, too. */
static void compare(struct comparing *with, const char *what, const json_t *now,
                    const json_t *recorded, bool searched)
{
    char line[1024];
    const char *name = text_of(now, "name"), *old_name = text_of(recorded, "name");
    const char *hash = text_of(now, "sha256"), *old_hash = text_of(recorded, "sha256");
    const bool renamed = strcmp(imp_os_name(name), imp_os_name(old_name)) != 0;
    if (!old_name[0] || (renamed && !searched))
        return; /* another one was asked for */
    if (old_hash[0] && !hash[0] && !renamed)
        with->unknown = true;
    if (!renamed)
        compare_versions(with, what, now, recorded);
    if (!renamed && (!old_hash[0] || !hash[0] || imp_os_compare(hash, old_hash) == 0))
        return;
    if (renamed)
        snprintf(line, sizeof(line), "the %s are %s; %s was made with %s", what, name,
                 with->file->path, old_name);
    else
        snprintf(line, sizeof(line),
                 "%s (%s) is not the file that %s was made with: its SHA-256 is %.8s..., not "
                 "%.8s...",
                 name, what, with->file->path, hash, old_hash);
    cli_console_log(with->console, IMPASTO_LOG_WARNING, line);
}

static void compare_file(struct comparing *with, const struct cli_settings *settings,
                         json_t *inputs)
{
    const char *key;
    json_t *now;
    const json_t *recorded = json_object_get(with->file->root, "inputs");
    const struct cli_option *weights = cli_find("weights", strlen("weights"));
    const bool searched = !settings->values[weights - cli_options];
    json_object_foreach(inputs, key, now)
    {
        const json_t *old = json_object_get(recorded, key);
        if (!json_is_array(now)) {
            compare(with, key, now, old, searched && strcmp(key, weights->name) == 0);
            continue;
        }
        for (size_t i = 0; i < json_array_size(now); i++)
            compare(with, key, json_array_get(now, i), json_array_get(old, i), false);
    }
}

/* What is in the record besides the files that may explain another result. */
static void compare_run(const struct comparing *with)
{
    char line[1024];
    const char *version = text_of(with->file->root, "impasto");
    const json_t *iterations = json_object_get(with->file->root, "iterations");
    if (version[0] && strcmp(version, impasto_version()) != 0) {
        snprintf(line, sizeof(line),
                 "%s was made by Impasto %s; this is %s, whose result may differ", with->file->path,
                 version, impasto_version());
        cli_console_log(with->console, IMPASTO_LOG_WARNING, line);
    }
    /* Beside settings, those of a picture saved on the way; among them, those of each size. */
    const bool record = json_is_object(json_object_get(with->file->root, "settings"));
    if (record && json_is_integer(iterations)) {
        snprintf(line, sizeof(line),
                 "%s shows the run after %" JSON_INTEGER_FORMAT " iterations; this one goes to the "
                 "end",
                 with->file->path, json_integer_value(iterations));
        cli_console_log(with->console, IMPASTO_LOG_WARNING, line);
    }
}

void cli_inputs_compare(const struct cli_settings *settings, const json_t *inputs,
                        struct cli_console *console)
{
    char line[1024];
    for (const struct cli_file *file = settings->files; file; file = file->before) {
        struct comparing with = {.file = file, .console = console};
        compare_run(&with);
        compare_file(&with, settings, (json_t *)inputs);
        if (with.unknown) {
            snprintf(line, sizeof(line),
                     "whether the files are those that %s was made with is not known: this program "
                     "was built without SHA-256 (nettle)",
                     file->path);
            cli_console_log(console, IMPASTO_LOG_WARNING, line);
        }
    }
}

/* ---- Whether they are there ------------------------------------------------------------------ */

static enum impasto_status check(const struct cli_settings *settings, int giver, const char *what,
                                 const char *word, const char *operand, const char *instead,
                                 struct impasto_error *error)
{
    const struct cli_file *file = settings->files;
    while (file && file->number != giver)
        file = file->before;
    char *path = file && word ? cli_spec_path(word, operand) : NULL;
    const bool missing = path && !imp_os_is_there(path) && errno == ENOENT;
    const char *folder = missing ? text_of(file->root, "folder") : "";
    const enum impasto_status status =
        missing ? cli_fail(error, IMPASTO_ERROR_INPUT,
                           "%s: its \"%s\" is %s, which is not here; %s%s%sname the file %s",
                           file->path, what, path, folder[0] ? "go to " : "", folder,
                           folder[0] ? ", or " : "", instead)
                : IMPASTO_OK;
    free(path);
    return status;
}

static enum impasto_status check_option(const struct cli_settings *settings,
                                        const struct cli_option *option, const char *word,
                                        struct impasto_error *error)
{
    char instead[80];
    snprintf(instead, sizeof(instead), "by --%s", option->name);
    return cli_is_file(option, word) ? check(settings, cli_giver_of(settings, option), option->name,
                                             word, option->operand, instead, error)
                                     : IMPASTO_OK;
}

struct checking {
    const struct cli_settings *settings;
    enum impasto_status status;
    struct impasto_error *error;
};

static void check_visited(void *user, const struct cli_option *option,
                          const struct cli_value *value)
{
    struct checking *checking = user;
    if (value->kind == CLI_VALUE_TEXT && value->text && checking->status == IMPASTO_OK)
        checking->status = check_option(checking->settings, option, value->text, checking->error);
    for (int i = 0; value->kind == CLI_VALUE_LIST && i < value->list->count; i++)
        if (checking->status == IMPASTO_OK)
            checking->status =
                check_option(checking->settings, option, value->list->item[i], checking->error);
}

enum impasto_status cli_inputs_check(const struct cli_settings *settings,
                                     struct impasto_error *error)
{
    static const struct impasto_params unset; /* of which none is a file */
    struct checking checking = {.settings = settings, .error = error};
    checking.status = check(settings, settings->content_giver, "content", settings->content, "",
                            "as the first picture", error);
    /* A model may go by a name that is no file's. */
    for (int i = 0; !settings->call && i < settings->styles.count && checking.status == IMPASTO_OK;
         i++)
        checking.status = check(settings, settings->style_giver, "style", settings->styles.item[i],
                                cli_style_operand(settings), "as a picture after the first", error);
    cli_visit(settings, &unset, check_visited, &checking);
    return checking.status;
}
