/* SPDX-License-Identifier: MIT */
/*
 * --settings takes pictures and options from a JSON file, or from the record in a PNG result. Each
 * value becomes the text that the command line would have, and goes the same way. So one place
 * decides what fits.
 */

#include "cli/common/json.h"
#include "cli/options/table.h"

#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Of the other keys of a record, which are for people and for comparisons. */
static const char *const record_keys[] = {"impasto", "command", "device", "iterations", "picture",
                                          "inputs",  "folder",  "frames", "settings"};

struct loading {
    struct cli_settings *settings;
    struct cli_file *file;
    struct impasto_error *error;
};

/* An error about one key of the file. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
static enum impasto_status
bad(const struct loading *loading, const char *key, const char *format, ...)
{
    char what[512];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    return cli_fail(loading->error, IMPASTO_ERROR_INPUT, "%s: \"%.100s\"%s", loading->file->path,
                    key, what);
}

/* ---- Values as texts ------------------------------------------------------------------------- */

static const char *kind_of(const json_t *value)
{
    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "a list";
    case JSON_STRING:
        return "a text";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "true or false";
    case JSON_NULL:
        break;
    }
    return "null";
}

static const char *kind_for(const struct cli_option *option)
{
    switch (cli_type_of(option)) {
    case CLI_FLAG:
        return "true or false";
    case CLI_TEXT:
    case CLI_SETTINGS:
    case CLI_EVERY:
        return "a text";
    case CLI_CHOICE:
        return "one of its words";
    case CLI_INT:
    case CLI_UINT64:
    case CLI_FLOAT:
        return cli_row(option).words ? "a number or one of its words" : "a number";
    case CLI_BYTES:
        return "a number, or a text such as \"1.5G\"";
    case CLI_SCALES:
        return "\"auto\", a number, or a list of sizes";
    case CLI_LIST:
        return "a list of texts";
    case CLI_LAYERS:
        return "an object of layers and their weights, or a text such as \"1_1:0.5,2_1\"";
    case CLI_PARAM:
        break;
    }
    return "something else";
}

/* The text lives as long as the file is in force. NULL: out of memory. */
static const char *keep(struct cli_file *file, const char *text)
{
    json_t *kept = json_string(text);
    return kept && json_array_append_new(file->texts, kept) == 0 ? json_string_value(kept) : NULL;
}

/* A text of the file, as it was before it was made into JSON, for as long as the file is in force.
 * NULL: out of memory. */
static const char *text_of(struct cli_file *file, const json_t *value)
{
    const char *text = json_string_value(value);
    struct cli_name *name = malloc(sizeof(*name));
    char *was = cli_json_name(text);
    if (!name || !was) {
        free(name);
        free(was);
        return NULL;
    }
    *name = (struct cli_name){.text = was, .before = file->names};
    file->names = name;
    return was;
}

static const char *number_text(struct cli_file *file, const json_t *value)
{
    char text[40];
    if (json_is_integer(value))
        snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else
        snprintf(text, sizeof(text), "%.17g", json_real_value(value));
    return keep(file, text);
}

/* {"conv1_1": 1, "2_1": 0.5} as "conv1_1:1,2_1:0.5". */
static enum impasto_status layers_text(const struct loading *loading, const char *key,
                                       const json_t *object, const char **text)
{
    const char *layer;
    json_t *weight;
    /* Names are checked to be short, numbers are. */
    char *list = calloc(json_object_size(object) + 1, 64);
    size_t used = 0;
    if (!list)
        return cli_fail_memory(loading->error, "the settings");
    json_object_foreach((json_t *)object, layer, weight)
    {
        const bool name = strlen(layer) <= 32 && !strpbrk(layer, ":,");
        if (!name || !json_is_number(weight)) {
            free(list);
            return name ? bad(loading, key, ": the weight of %s is %s; it must be a number", layer,
                              kind_of(weight))
                        : bad(loading, key, ": '%.40s' is not a layer", layer);
        }
        used += (size_t)sprintf(list + used, "%s%s:%.17g", used ? "," : "", layer,
                                json_number_value(weight));
    }
    *text = keep(loading->file, list);
    free(list);
    return *text ? IMPASTO_OK : cli_fail_memory(loading->error, "the settings");
}

/* [128, 256] as "128,256". */
static enum impasto_status sizes_text(const struct loading *loading, const char *key,
                                      const json_t *array, const char **text)
{
    char list[IMPASTO_SCALES * 24] = "";
    size_t used = 0;
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *size = json_array_get(array, i);
        if (!json_is_integer(size))
            return bad(loading, key, ": a size is %s; it must be a whole number", kind_of(size));
        if (i == IMPASTO_SCALES)
            return bad(loading, key, " has more than %d sizes", IMPASTO_SCALES);
        used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%" JSON_INTEGER_FORMAT,
                                 i ? "," : "", json_integer_value(size));
    }
    *text = keep(loading->file, list);
    return *text ? IMPASTO_OK : cli_fail_memory(loading->error, "the settings");
}

static bool is_choice(const struct cli_option *option, const json_t *value)
{
    const struct impasto_setting_word *word = cli_row(option).words;
    for (; word && word->text; word++)
        if (json_is_string(value) && strcmp(word->text, json_string_value(value)) == 0)
            return true;
    return false;
}

/* The text of a value that is neither null nor a bool. */
static enum impasto_status value_text(const struct loading *loading,
                                      const struct cli_option *option, const json_t *value,
                                      const char **text)
{
    const enum cli_type type = cli_type_of(option);
    const bool number = type == CLI_INT || type == CLI_UINT64 || type == CLI_FLOAT ||
                        type == CLI_BYTES || type == CLI_SCALES;
    const bool word = type == CLI_TEXT || type == CLI_CHOICE || type == CLI_BYTES ||
                      type == CLI_LAYERS || type == CLI_SCALES || type == CLI_LIST ||
                      is_choice(option, value);
    if (type == CLI_LAYERS && json_is_object(value))
        return layers_text(loading, option->name, value, text);
    if (type == CLI_SCALES && json_is_array(value))
        return sizes_text(loading, option->name, value, text);
    if (word && json_is_string(value))
        *text = text_of(loading->file, value);
    /* Words may look like numbers: "bits": 8. */
    else if ((number && json_is_number(value)) || (type == CLI_CHOICE && json_is_integer(value)))
        *text = number_text(loading->file, value);
    else
        return bad(loading, option->name, " is %s; it must be %s", kind_of(value),
                   kind_for(option));
    return *text ? IMPASTO_OK : cli_fail_memory(loading->error, "the settings");
}

/* ---- Keys ------------------------------------------------------------------------------------ */

static enum impasto_status give_text(const struct loading *loading, const struct cli_option *option,
                                     const char *text)
{
    struct impasto_error why = {0};
    if (cli_give(loading->settings, option, text, &why) == IMPASTO_OK)
        return IMPASTO_OK;
    return cli_fail(loading->error, IMPASTO_ERROR_INPUT, "%s: %s", loading->file->path,
                    why.message);
}

static enum impasto_status give_option(const struct loading *loading,
                                       const struct cli_option *option, const json_t *value)
{
    const char *text = "";
    if (json_is_null(value))
        return IMPASTO_OK; /* as if it were not there */
    const bool flag = cli_type_of(option) == CLI_FLAG;
    if (flag && json_is_false(value)) {
        cli_take_back(loading->settings, option);
        return IMPASTO_OK;
    }
    if (!flag || !json_is_true(value)) {
        const enum impasto_status status = value_text(loading, option, value, &text);
        if (status != IMPASTO_OK)
            return status;
    }
    return give_text(loading, option, text);
}

/* An option that can be repeated: each of its values, of which there may be none. */
static enum impasto_status give_list(const struct loading *loading, const struct cli_option *option,
                                     const json_t *values)
{
    cli_take_back(loading->settings, option);
    for (size_t i = 0; i < json_array_size(values); i++) {
        const json_t *value = json_array_get(values, i);
        if (!json_is_string(value))
            return bad(loading, option->name, ": one of them is %s; it must be a text",
                       kind_of(value));
        const char *text = text_of(loading->file, value);
        const enum impasto_status status = text ? give_text(loading, option, text)
                                                : cli_fail_memory(loading->error, "the settings");
        if (status != IMPASTO_OK)
            return status;
    }
    return IMPASTO_OK;
}

static enum impasto_status check_picture(const struct loading *loading, const char *key,
                                         const json_t *value)
{
    if (!json_is_string(value))
        return bad(loading, key, " is %s; it must be a picture's name", kind_of(value));
    if (json_string_length(value) == 0)
        return bad(loading, key, " is empty; it must be a picture's name");
    return IMPASTO_OK;
}

static enum impasto_status give_content(const struct loading *loading, const json_t *value)
{
    const enum impasto_status status = check_picture(loading, "content", value);
    if (status != IMPASTO_OK)
        return status;
    loading->settings->content = text_of(loading->file, value);
    if (!loading->settings->content)
        return cli_fail_memory(loading->error, "the settings");
    loading->settings->content_giver = loading->settings->giver;
    return IMPASTO_OK;
}

static enum impasto_status give_model(const struct loading *loading, const json_t *value)
{
    if (!json_is_string(value) || json_string_length(value) == 0)
        return bad(loading, "model", " must be a style network's name");
    const char *text = text_of(loading->file, value);
    return text ? cli_give_style(loading->settings, text, loading->error)
                : cli_fail_memory(loading->error, "the settings");
}

/* One, or a list of them. */
static enum impasto_status give_styles(const struct loading *loading, const json_t *value)
{
    const size_t count = json_is_array(value) ? json_array_size(value) : 1;
    if (count == 0)
        return bad(loading, "style", " is an empty list; name a picture");
    for (size_t i = 0; i < count; i++) {
        const json_t *style = json_is_array(value) ? json_array_get(value, i) : value;
        struct impasto_error why = {0};
        const enum impasto_status status = check_picture(loading, "style", style);
        if (status != IMPASTO_OK)
            return status;
        const char *text = text_of(loading->file, style);
        if (!text)
            return cli_fail_memory(loading->error, "the settings");
        if (cli_give_style(loading->settings, text, &why) != IMPASTO_OK)
            return cli_fail(loading->error, IMPASTO_ERROR_INPUT, "%s: %s", loading->file->path,
                            why.message);
    }
    return IMPASTO_OK;
}

/* Which other command takes a key; NULL: none is known. A model is what only networks have. */
static const char *other_command(const struct loading *loading, const char *key)
{
    const struct cli_option *option = cli_find(key, strlen(key));
    if (!loading->settings->call)
        return strcmp(key, "model") == 0 ? "apply" : NULL;
    return option && cli_is_recorded(option) ? "paint" : NULL;
}

static enum impasto_status unknown(const struct loading *loading, const char *key)
{
    const struct cli_option *options[CLI_OPTIONS_MOST];
    const char *names[CLI_OPTIONS_MOST + 2] = {"content",
                                               loading->settings->call ? "model" : "style"};
    const size_t most = cli_options_of(loading->settings, options);
    size_t count = 2;
    for (size_t i = 0; i < most; i++)
        if (cli_is_recorded(options[i]))
            names[count++] = options[i]->name;
    const char *meant = cli_nearest(key, strlen(key), names, count);
    const char *elsewhere = other_command(loading, key);
    if (elsewhere)
        return bad(loading, key, " is no setting here; impasto %s takes it", elsewhere);
    return meant ? bad(loading, key, " is no setting; did you mean \"%s\"?", meant)
                 : bad(loading, key, " is no setting; see --help");
}

static const struct cli_option *find(const struct loading *loading, const char *key)
{
    const struct cli_option *options[CLI_OPTIONS_MOST];
    const size_t count = cli_options_of(loading->settings, options);
    for (size_t i = 0; i < count; i++)
        if (cli_is_called(options[i], key, strlen(key)))
            return options[i];
    return NULL;
}

static enum impasto_status give(const struct loading *loading, const char *key, const json_t *value)
{
    if (strcmp(key, "content") == 0)
        return give_content(loading, value);
    if (loading->settings->call && strcmp(key, "model") == 0)
        return give_model(loading, value);
    if (!loading->settings->call && strcmp(key, "style") == 0)
        return give_styles(loading, value);
    const struct cli_option *option = find(loading, key);
    if (option && cli_is_recorded(option))
        return option->type == CLI_LIST && json_is_array(value)
                   ? give_list(loading, option, value)
                   : give_option(loading, option, value);
    /* A file from somebody else must not decide what is written where. */
    return option ? bad(loading, key,
                        " decides nothing of the result; give --%s on the command line", key)
                  : unknown(loading, key);
}

/* What belongs to another command, and what is no key of a record. A record without a command is
 * painting's. */
static enum impasto_status check_record(const struct loading *loading, json_t *record)
{
    const struct cli_call *call = loading->settings->call;
    const char *said = json_string_value(json_object_get(record, "command"));
    const char *made = said ? said : "paint", *here = call ? call->name : "paint";
    const char *key;
    json_t *value;
    if (strcmp(made, here) != 0)
        return cli_fail(loading->error, IMPASTO_ERROR_INPUT,
                        "%s: was made by impasto %.40s, which takes its settings, and impasto %s "
                        "does not: impasto %.40s --settings %s",
                        loading->file->path, made, here, made, loading->file->path);
    json_object_foreach(record, key, value)
    {
        size_t i = 0;
        while (i < sizeof(record_keys) / sizeof(*record_keys) && strcmp(key, record_keys[i]) != 0)
            i++;
        if (i == sizeof(record_keys) / sizeof(*record_keys))
            return bad(loading, key, " is beside \"settings\"; settings belong into it");
    }
    return IMPASTO_OK;
}

/* A record, or the settings alone. */
static enum impasto_status give_all(const struct loading *loading)
{
    const char *key;
    json_t *value, *settings = loading->file->root;
    json_t *inner = json_object_get(settings, "settings");
    enum impasto_status status = IMPASTO_OK;
    if (!json_is_object(settings))
        return cli_fail(loading->error, IMPASTO_ERROR_INPUT,
                        "%s: holds %s; settings are an object: {\"size\": 512, ...}",
                        loading->file->path, kind_of(settings));
    if (json_is_object(inner)) {
        status = check_record(loading, settings);
        settings = inner;
    }
    if (status != IMPASTO_OK)
        return status;
    json_object_foreach(settings, key, value)
    {
        status = give(loading, key, value);
        if (status != IMPASTO_OK)
            return status;
    }
    return IMPASTO_OK;
}

/* ---- Files in force -------------------------------------------------------------------------- */

/* Of files and pictures, one may be standard input, and no checkpoint. */
static enum impasto_status check_standard(struct cli_settings *settings,
                                          const struct cli_option *option, const char *path,
                                          bool resumed, struct impasto_error *error)
{
    if (!cli_is_standard(path) || (settings->standard++ == 0 && !resumed))
        return IMPASTO_OK;
    return cli_fail(error, IMPASTO_ERROR_USAGE, "--%s: %s", option->name,
                    settings->standard > 1
                        ? "standard input can be read only once"
                        : "a checkpoint does not come from standard input; name a file");
}

/* A file that is the last one in force, with nothing in it yet. NULL: out of memory. */
static struct cli_file *add_file(struct cli_settings *settings, const char *path,
                                 struct impasto_error *error)
{
    struct cli_file *file = calloc(1, sizeof(*file));
    if (!file || !(file->texts = json_array())) {
        free(file);
        (void)cli_fail_memory(error, "the settings");
        return NULL;
    }
    file->path = path;
    file->number = ++settings->giver;
    file->before = settings->files;
    settings->files = file;
    return file;
}

static enum impasto_status open_file(struct cli_settings *settings, const char *path, bool resumed,
                                     struct impasto_error *error)
{
    struct cli_file *file = add_file(settings, path, error);
    if (!file)
        return IMPASTO_ERROR_MEMORY;
    file->resumed = resumed;
    return cli_settings_read(file, error);
}

enum impasto_status cli_settings_take_sent(struct cli_settings *settings,
                                           struct impasto_error *error)
{
    const struct cli_warm *warm = settings->common.warm;
    struct cli_file *file = warm && warm->settings ? add_file(settings, "settings", error) : NULL;
    if (!file)
        return warm && warm->settings ? IMPASTO_ERROR_MEMORY : IMPASTO_OK;
    file->root = json_incref(warm->settings);
    return give_all(&(struct loading){.settings = settings, .file = file, .error = error});
}

enum impasto_status cli_settings_load(struct cli_settings *settings,
                                      const struct cli_option *option, const char *path,
                                      struct impasto_error *error)
{
    const bool resumed = strcmp(option->name, "resume") == 0;
    enum impasto_status status = check_standard(settings, option, path, resumed, error);
    if (status == IMPASTO_OK)
        status = cli_give(settings, option, path, error);
    if (status == IMPASTO_OK)
        status = open_file(settings, path, resumed, error);
    const struct loading loading = {.settings = settings, .file = settings->files, .error = error};
    return status == IMPASTO_OK ? give_all(&loading) : status;
}

void cli_release(struct cli_settings *settings)
{
    free(settings->words);
    settings->words = NULL;
    while (settings->files) {
        struct cli_file *file = settings->files;
        settings->files = file->before;
        impasto_checkpoint_close(&file->checkpoint);
        json_decref(file->root);
        json_decref(file->texts);
        while (file->names) {
            struct cli_name *name = file->names;
            file->names = name->before;
            free(name->text);
            free(name);
        }
        free(file);
    }
}

struct impasto_checkpoint *cli_resumed(const struct cli_settings *settings)
{
    for (const struct cli_file *file = settings->files; file; file = file->before)
        if (file->checkpoint)
            return file->checkpoint;
    return NULL;
}

int cli_resumed_frames(const struct cli_settings *settings)
{
    for (const struct cli_file *file = settings->files; file; file = file->before)
        if (file->checkpoint) {
            const json_int_t every = json_integer_value(json_object_get(file->root, "frames"));
            return every > 0 && every <= INT_MAX ? (int)every : 0;
        }
    return 0;
}

const char *cli_idle_preset(const struct cli_settings *settings)
{
    const struct cli_option *preset = cli_find("preset", strlen("preset"));
    if (settings->givers[preset - cli_options] != CLI_COMMAND_LINE || !settings->files)
        return NULL;
    for (size_t i = 0; i < cli_option_count; i++) {
        const struct cli_option *option = &cli_options[i];
        /* No preset says how much memory to use, or names an algorithm. */
        const bool may_be_preset = option->type == CLI_PARAM && cli_is_recorded(option) &&
                                   cli_row(option).decides != IMPASTO_DECIDES_ROUNDING;
        if (may_be_preset && !settings->values[i])
            return NULL;
    }
    return settings->files->path;
}
