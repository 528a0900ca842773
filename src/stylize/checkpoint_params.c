/* SPDX-License-Identifier: MIT */
/* The parameters as JSON, from a table that a field of struct impasto_params is added to. */

#include "stylize/job.h"

#include <stddef.h>
#include <string.h>

enum kind { INT, FLOAT, UINT64, BOOL, TEXT };

struct field {
    const char *name;
    enum kind kind;
    size_t offset;
    int count; /* above 1: an array of ints or floats */
    bool free; /* a resumed job may have another: it changes rounding, or nothing, or the end alone
                */
};

#define AT(name) #name, .offset = offsetof(struct impasto_params, name)
static const struct field fields[] = {
    {AT(size), .kind = INT, .count = 1},
    {AT(style_size), .kind = INT, .count = 1},
    {AT(style_scale), .kind = FLOAT, .count = 1},
    {AT(scales), .kind = INT, .count = 1},
    {AT(scale_sizes), .kind = INT, .count = IMPASTO_SCALES},
    {AT(iterations), .kind = INT, .count = 1, .free = true},
    {AT(first_iterations), .kind = INT, .count = 1, .free = true},
    {AT(average), .kind = FLOAT, .count = 1},
    {AT(optimizer), .kind = INT, .count = 1},
    {AT(history), .kind = INT, .count = 1},
    {AT(learning_rate), .kind = FLOAT, .count = 1},
    {AT(beta1), .kind = FLOAT, .count = 1},
    {AT(beta2), .kind = FLOAT, .count = 1},
    {AT(epsilon), .kind = FLOAT, .count = 1},
    {AT(strength), .kind = FLOAT, .count = 1},
    {AT(content_weight), .kind = FLOAT, .count = 1},
    {AT(style_weight), .kind = FLOAT, .count = 1},
    {AT(tv_weight), .kind = FLOAT, .count = 1},
    {AT(content_layers), .kind = FLOAT, .count = IMPASTO_LAYERS},
    {AT(style_layers), .kind = FLOAT, .count = IMPASTO_LAYERS},
    {AT(losses), .kind = INT, .count = 1},
    {AT(style_loss), .kind = INT, .count = 1},
    {AT(pooling), .kind = INT, .count = 1},
    {AT(padding), .kind = INT, .count = 1},
    {AT(margin), .kind = INT, .count = 1},
    {AT(colour), .kind = INT, .count = 1},
    {AT(init), .kind = INT, .count = 1},
    {AT(seed), .kind = UINT64, .count = 1},
    {AT(conv), .kind = TEXT, .count = 1, .free = true},
    {AT(gemm), .kind = TEXT, .count = 1, .free = true},
    {AT(memory), .kind = UINT64, .count = 1, .free = true},
    {AT(again), .kind = BOOL, .count = 1, .free = true},
    {AT(profile), .kind = BOOL, .count = 1, .free = true},
};

/* Enumerations are read and written as the ints that they are stored in. */
_Static_assert(sizeof(enum impasto_optimizer) == sizeof(int), "an enumeration is not an int");

static json_t *one_to_json(const struct field *field, const char *at)
{
    const char *text;
    uint64_t number;
    float real;
    int whole;
    bool flag;
    switch (field->kind) {
    case INT:
        memcpy(&whole, at, sizeof(whole));
        return json_integer(whole);
    case FLOAT:
        memcpy(&real, at, sizeof(real));
        return json_real((double)real);
    case UINT64:
        memcpy(&number, at, sizeof(number));
        return json_integer((json_int_t)number);
    case BOOL:
        memcpy(&flag, at, sizeof(flag));
        return json_boolean(flag);
    case TEXT:
        memcpy(&text, at, sizeof(text));
        return text ? json_string(text) : json_null();
    }
    return NULL;
}

static bool one_from_json(const struct field *field, const json_t *json, char *at)
{
    const char *text = json_string_value(json);
    const uint64_t number = (uint64_t)json_integer_value(json);
    const float real = (float)json_number_value(json);
    const int whole = (int)json_integer_value(json);
    const bool flag = json_is_true(json);
    switch (field->kind) {
    case INT:
        memcpy(at, &whole, sizeof(whole));
        return json_is_integer(json) && whole == json_integer_value(json);
    case FLOAT:
        memcpy(at, &real, sizeof(real));
        return json_is_number(json);
    case UINT64:
        memcpy(at, &number, sizeof(number));
        return json_is_integer(json);
    case BOOL:
        memcpy(at, &flag, sizeof(flag));
        return json_is_boolean(json);
    case TEXT:
        memcpy(at, &text, sizeof(text));
        return text || json_is_null(json);
    }
    return false;
}

static size_t size_of(const struct field *field)
{
    return field->kind == INT ? sizeof(int) : sizeof(float); /* of an array's elements */
}

json_t *imp_params_to_json(const struct impasto_params *params)
{
    json_t *json = json_object();
    int failed = 0;
    for (size_t i = 0; i < IMP_COUNT(fields); i++) {
        const struct field *field = &fields[i];
        const char *at = (const char *)params + field->offset;
        json_t *value = field->count > 1 ? json_array() : one_to_json(field, at);
        for (int k = 0; field->count > 1 && k < field->count; k++)
            failed |=
                json_array_append_new(value, one_to_json(field, at + (size_t)k * size_of(field)));
        failed |= json_object_set_new(json, field->name, value);
    }
    if (failed == 0)
        return json;
    json_decref(json);
    return NULL;
}

bool imp_params_from_json(const json_t *json, struct impasto_params *params)
{
    *params = (struct impasto_params){0};
    for (size_t i = 0; i < IMP_COUNT(fields); i++) {
        const struct field *field = &fields[i];
        const json_t *value = json_object_get(json, field->name);
        char *at = (char *)params + field->offset;
        bool sound = field->count > 1 ? json_array_size(value) == (size_t)field->count
                                      : one_from_json(field, value, at);
        for (int k = 0; sound && field->count > 1 && k < field->count; k++)
            sound = one_from_json(field, json_array_get(value, (size_t)k),
                                  at + (size_t)k * size_of(field));
        if (!sound)
            return false;
    }
    return true;
}

const char *imp_params_difference(const struct impasto_params *a, const struct impasto_params *b)
{
    for (size_t i = 0; i < IMP_COUNT(fields); i++) {
        const struct field *field = &fields[i];
        const size_t size =
            field->kind == UINT64 ? sizeof(uint64_t) : (size_t)field->count * size_of(field);
        /* The free ones are the only texts and flags. */
        if (!field->free &&
            memcmp((const char *)a + field->offset, (const char *)b + field->offset, size) != 0)
            return field->name;
    }
    return NULL;
}
