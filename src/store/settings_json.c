/* SPDX-License-Identifier: MIT */
/* Parameters as JSON, in checkpoints: an object with the members' names and values. */

#include "store/settings_json.h"

#include <string.h>

/* A member of the parameters. */
struct part {
    char key[32];
    enum impasto_setting_kind kind; /* of an element */
    size_t offset;
    int count; /* elements of an array; 0: it is none */
};

/* A setting's members: one, of SCALES two. */
static int parts_of(const struct impasto_setting *setting, struct part parts[2])
{
    const bool layers = setting->kind == IMPASTO_SETTING_LAYERS;
    const bool scales = setting->kind == IMPASTO_SETTING_SCALES;
    parts[0] = (struct part){.kind = layers   ? IMPASTO_SETTING_FLOAT
                                     : scales ? IMPASTO_SETTING_INT
                                              : setting->kind,
                             .offset = setting->offset,
                             .count = layers ? setting->count : 0};
    snprintf(parts[0].key, sizeof(parts[0].key), "%s", setting->name);
    for (char *c = parts[0].key; *c; c++)
        *c = *c == '-' ? '_' : *c;
    if (!scales)
        return 1;
    parts[1] = (struct part){"scale_sizes", IMPASTO_SETTING_INT, setting->offset + sizeof(int),
                             setting->count};
    return 2;
}

/* Of an array's elements. */
static size_t stride_of(const struct part *part)
{
    return part->kind == IMPASTO_SETTING_FLOAT ? sizeof(float) : sizeof(int);
}

static json_t *one_to_json(const struct part *part, const char *at)
{
    const char *text;
    uint64_t number;
    float real;
    int whole;
    bool flag;
    switch (part->kind) {
    case IMPASTO_SETTING_FLOAT:
        memcpy(&real, at, sizeof(real));
        return json_real((double)real);
    case IMPASTO_SETTING_UINT64:
    case IMPASTO_SETTING_BYTES:
        memcpy(&number, at, sizeof(number));
        return json_integer((json_int_t)number);
    case IMPASTO_SETTING_FLAG:
        memcpy(&flag, at, sizeof(flag));
        return json_boolean(flag);
    case IMPASTO_SETTING_TEXT:
        memcpy(&text, at, sizeof(text));
        return text ? json_string(text) : json_null();
    case IMPASTO_SETTING_INT:
    case IMPASTO_SETTING_CHOICE:
    case IMPASTO_SETTING_LAYERS: /* no part is of these two: see parts_of */
    case IMPASTO_SETTING_SCALES:
        break;
    }
    memcpy(&whole, at, sizeof(whole));
    return json_integer(whole);
}

static bool one_from_json(const struct part *part, const json_t *json, char *at)
{
    const char *text = json_string_value(json);
    const uint64_t number = (uint64_t)json_integer_value(json);
    const float real = (float)json_number_value(json);
    const int whole = (int)json_integer_value(json);
    const bool flag = json_is_true(json);
    switch (part->kind) {
    case IMPASTO_SETTING_FLOAT:
        memcpy(at, &real, sizeof(real));
        return json_is_number(json);
    case IMPASTO_SETTING_UINT64:
    case IMPASTO_SETTING_BYTES:
        memcpy(at, &number, sizeof(number));
        return json_is_integer(json);
    case IMPASTO_SETTING_FLAG:
        memcpy(at, &flag, sizeof(flag));
        return json_is_boolean(json);
    case IMPASTO_SETTING_TEXT:
        memcpy(at, &text, sizeof(text));
        return text || json_is_null(json);
    case IMPASTO_SETTING_INT:
    case IMPASTO_SETTING_CHOICE:
    case IMPASTO_SETTING_LAYERS: /* no part is of these two: see parts_of */
    case IMPASTO_SETTING_SCALES:
        break;
    }
    memcpy(at, &whole, sizeof(whole));
    return json_is_integer(json) && whole == json_integer_value(json);
}

/* false: no memory. */
static bool part_to_json(const struct part *part, const void *params, json_t *object)
{
    const char *at = (const char *)params + part->offset;
    json_t *value = part->count > 0 ? json_array() : one_to_json(part, at);
    int failed = 0;
    for (int k = 0; k < part->count; k++)
        failed |= json_array_append_new(value, one_to_json(part, at + (size_t)k * stride_of(part)));
    failed |= json_object_set_new(object, part->key, value);
    return failed == 0;
}

/* Whether a checkpoint may lack the setting, as those from before it do. */
static bool may_be_missing(const struct impasto_setting *setting)
{
    const enum impasto_setting_kind kind = setting->kind;
    return setting->standard || kind == IMPASTO_SETTING_TEXT || kind == IMPASTO_SETTING_BYTES ||
           kind == IMPASTO_SETTING_FLAG;
}

/* false: it is of another type, or missing where it may not be. */
static bool part_from_json(const struct impasto_setting *setting, const struct part *part,
                           const json_t *object, void *params)
{
    const json_t *value = json_object_get(object, part->key);
    char *at = (char *)params + part->offset;
    if (!value)
        return may_be_missing(setting);
    if (part->count == 0)
        return one_from_json(part, value, at);
    bool sound = json_array_size(value) == (size_t)part->count;
    for (int k = 0; sound && k < part->count; k++)
        sound =
            one_from_json(part, json_array_get(value, (size_t)k), at + (size_t)k * stride_of(part));
    return sound;
}

json_t *imp_settings_to_json(const struct impasto_setting *settings, size_t count,
                             const void *params)
{
    json_t *json = json_object();
    bool sound = json != NULL;
    for (size_t i = 0; i < count; i++) {
        struct part parts[2];
        const int members = parts_of(&settings[i], parts);
        for (int m = 0; m < members; m++)
            sound = part_to_json(&parts[m], params, json) && sound;
    }
    if (sound)
        return json;
    json_decref(json);
    return NULL;
}

bool imp_settings_from_json(const json_t *json, const struct impasto_setting *settings,
                            size_t count, void *params)
{
    bool sound = json_is_object(json);
    for (size_t i = 0; sound && i < count; i++) {
        struct part parts[2];
        const int members = parts_of(&settings[i], parts);
        for (int m = 0; sound && m < members; m++)
            sound = part_from_json(&settings[i], &parts[m], json, params);
    }
    return sound;
}
