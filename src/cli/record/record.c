/* SPDX-License-Identifier: MIT */
/*
 * What pictures and checkpoints say of how they were made, as JSON, from the option table.
 *
 * In a picture there is a record of the run:
 *   {"impasto": VERSION, "command": "apply" where it was not painting,
 *    "device": {"name", "platform", "driver"},
 *    "picture": N of --interpolate, "iterations": N where it was saved on the way,
 *    "inputs": {...}, see inputs.c,
 *    "settings": {"content": FILE, "style": [FILE...] or "model": FILE, OPTION: VALUE...}}
 * Nothing in it differs between two equal runs, or tells where things are on this machine.
 *
 * A settings file has only what is under "settings". The record in a checkpoint has the files as
 * they were named, and the "folder" they were named from. It also has the device that was asked
 * for, and the iterations from one of its "frames" to the next.
 */

#include "base/os.h"
#include "cli/common/json.h"
#include "cli/options/table.h"
#include "cli/record/record.h"

#include <stdlib.h>
#include <string.h>

/* What a visit of the options is for. */
struct collecting {
    json_t *settings;
    bool lasting; /* to be read again: without what stays, and what is not set */
    bool shown;   /* to others: names of files without where they are */
    bool builtin; /* these weights are in force, whether asked for or not */
};

/* ---- Values ---------------------------------------------------------------------------------- */

static json_t *layer_weights(const float *weights)
{
    json_t *layers = json_object();
    for (int l = 0; l < IMPASTO_LAYERS; l++)
        if (weights[l] > 0)
            json_object_set_new(layers, impasto_layer_name(l),
                                cli_json_number(cli_shortest(weights[l])));
    return layers;
}

/* "auto", a number, or a list of sizes. */
static json_t *scales(const struct cli_value *value)
{
    if (value->sizes[0] == 0)
        return value->number > 0 ? cli_json_number(value->number) : json_string("auto");
    json_t *array = json_array();
    for (int i = 0; i < IMPASTO_SCALES && value->sizes[i] > 0; i++)
        json_array_append_new(array, json_integer(value->sizes[i]));
    return array;
}

static bool is_drive(const char *path)
{
    const char letter = (char)(path[0] | 0x20);
    return letter >= 'a' && letter <= 'z' && path[1] == ':' && (path[2] == '/' || path[2] == '\\');
}

/* Whether one of its parts is "..". */
static bool climbs(const char *path, const char *separators)
{
    for (const char *part = path; *part; part += strspn(part, separators)) {
        const size_t length = strcspn(part, separators);
        if (length == 2 && part[0] == '.' && part[1] == '.')
            return true;
        part += length;
    }
    return false;
}

/* Names of other systems are known here, too: Wine has them, and so have settings files that
 * travelled. */
const char *cli_shown_name(const char *path)
{
    const bool windows = is_drive(path) || path[0] == '\\' || !strchr(path, '/');
    const char *separators = windows ? "/\\" : "/";
    const bool absolute = path[0] == '/' || path[0] == '\\' || path[0] == '~' || is_drive(path) ||
                          strstr(path, "://");
    if (!absolute && !climbs(path, separators))
        return path;
    const char *name = path;
    for (const char *at = path; *at;) {
        name = at;
        at += strcspn(at, separators);
        at += strspn(at, separators);
    }
    return name;
}

/* A file without where it is. What an operand such as FILE=MIX has behind the name stays. */
static json_t *shown_value(const struct cli_option *option, const char *text)
{
    char *file = imp_os_copy_start(text, cli_spec_length(text, option->operand));
    json_t *shown = file ? cli_json_text(text + (cli_shown_name(file) - file)) : json_null();
    free(file);
    return shown;
}

static json_t *text_value(const struct collecting *to, const struct cli_option *option,
                          const char *text)
{
    /* Unless said, the next run might find other weights first. */
    if (!text && to->builtin && strcmp(option->name, "weights") == 0)
        text = "builtin";
    const bool hide = to->shown && text && cli_is_file(option, text);
    return hide ? shown_value(option, text) : cli_json_text(text);
}

static json_t *list_value(const struct collecting *to, const struct cli_option *option,
                          const struct cli_list *list)
{
    json_t *array = json_array();
    for (int i = 0; i < list->count; i++)
        json_array_append_new(array, text_value(to, option, list->item[i]));
    return array;
}

static void collect(void *user, const struct cli_option *option, const struct cli_value *value)
{
    const struct collecting *to = user;
    json_t *json = NULL;
    switch (value->kind) {
    case CLI_VALUE_TEXT:
        json = text_value(to, option, value->text);
        break;
    case CLI_VALUE_NUMBER:
        json = cli_json_number(value->number);
        break;
    case CLI_VALUE_BOOL:
        json = json_boolean(value->number != 0);
        break;
    case CLI_VALUE_LAYERS:
        json = layer_weights(value->layers);
        break;
    case CLI_VALUE_SCALES:
        json = scales(value);
        break;
    case CLI_VALUE_LIST:
        json = list_value(to, option, value->list);
        break;
    }
    const bool unset = json_is_null(json) || (json_is_array(json) && json_array_size(json) == 0);
    if (to->lasting && (unset || option->stays))
        json_decref(json);
    else
        json_object_set_new(to->settings, option->name, json);
}

/* ---- Settings -------------------------------------------------------------------------------- */

json_t *cli_record_settings(const struct cli_settings *settings,
                            const struct impasto_params *params)
{
    struct collecting to = {.settings = json_object()};
    cli_visit(settings, params, collect, &to);
    return to.settings;
}

static json_t *shown_if(bool shown, const char *word)
{
    return cli_json_text(shown ? cli_shown_name(word) : word);
}

static json_t *style_names(const struct cli_list *styles, bool shown)
{
    json_t *names = json_array();
    for (int i = 0; i < styles->count; i++)
        json_array_append_new(names, shown_if(shown, styles->item[i]));
    return names;
}

json_t *cli_record_lasting(const struct cli_settings *settings, const struct impasto_params *params,
                           bool builtin, bool shown)
{
    struct collecting to = {
        .settings = json_object(), .lasting = true, .shown = shown, .builtin = builtin};
    const struct cli_list *styles = &settings->styles;
    if (settings->call && styles->count > 0)
        json_object_set_new(to.settings, "model", shown_if(shown, styles->item[0]));
    if (settings->content)
        json_object_set_new(to.settings, "content", shown_if(shown, settings->content));
    if (!settings->call && styles->count > 0)
        json_object_set_new(to.settings, "style", style_names(styles, shown));
    cli_visit(settings, params, collect, &to);
    return to.settings;
}

/* ---- Records --------------------------------------------------------------------------------- */

json_t *cli_record_begin(const char *command, const struct impasto_device_info *device)
{
    json_t *record = json_object();
    json_object_set_new(record, "impasto", cli_json_text(impasto_version()));
    if (command)
        json_object_set_new(record, "command", json_string(command));
    json_object_set_new(record, "device",
                        json_pack("{so so so}", "name", cli_json_text(device->name), "platform",
                                  cli_json_text(device->platform), "driver",
                                  cli_json_text(device->driver)));
    return record;
}

/* Hundreds of masks with long names are no reason to lose a result. */
char *cli_record_dump(struct json_t *record)
{
    static const char *const parts[] = {"inputs", "settings"};
    char *text = NULL;
    for (size_t i = 0;; i++) {
        /* The numbers are floats; 9 digits bring every float back. */
        text = json_dumps(record, JSON_COMPACT | JSON_REAL_PRECISION(9));
        if (!text || strlen(text) <= IMPASTO_SETTINGS_MOST || i == sizeof(parts) / sizeof(*parts))
            return text;
        free(text);
        json_object_del(record, parts[i]);
    }
}
