/* SPDX-License-Identifier: MIT */
/* Values of options: from text to where the table says, and back. */

#include "cli/cli.h"
#include "cli/table.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void *cli_target(const struct cli_option *option, struct cli_settings *settings,
                 struct impasto_params *params)
{
    char *base = option->place == CLI_IN_SETTINGS ? (char *)settings : (char *)params;
    return base + option->offset;
}

static enum impasto_status bad_choice(const struct cli_option *option, const char *value,
                                      struct impasto_error *error)
{
    char list[256] = "";
    /* NOLINTNEXTLINE(clang-analyzer-*): an option of the type CLI_CHOICE has choices */
    for (size_t i = 0, used = 0; option->choices[i].name && used < sizeof(list); i++)
        used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "",
                                 option->choices[i].name);
    return cli_fail(error, IMPASTO_ERROR_USAGE, "--%s: '%s' is not one of %s", option->name, value,
                    list);
}

static enum impasto_status bad_number(const struct cli_option *option, const char *value,
                                      struct impasto_error *error)
{
    char words[64] = "";
    for (size_t i = 0, used = 0; option->choices && option->choices[i].name; i++)
        used += (size_t)snprintf(words + used, sizeof(words) - used, ", or '%s'",
                                 option->choices[i].name);
    const bool comma = option->type == CLI_FLOAT && value[strspn(value, "0123456789,")] == 0 &&
                       strchr(value, ',') && strchr(value, ',') == strrchr(value, ',');
    return cli_fail(error, IMPASTO_ERROR_USAGE, "--%s: '%s' is not %s %s %.16g%s%.16g%s%s",
                    option->name, value, option->type == CLI_FLOAT ? "a number" : "a whole number",
                    option->above_low ? "above" : "from", option->low,
                    option->below_high ? " to below " : " to ", option->high, words,
                    comma ? "; write a point for the comma" : "");
}

/* The whole of `value` as a number within the option's limits, as it will be stored: what rounds to
 * a float outside of them is outside. The program never calls setlocale, so the decimal point is a
 * point. */
static bool read_number(const struct cli_option *option, const char *value, double *number)
{
    char *end = NULL;
    if (isspace((unsigned char)value[0]) || value[0] == 0)
        return false;
    double low = option->low, high = option->high;
    errno = 0;
    if (option->type == CLI_FLOAT) {
        *number = (double)strtof(value, &end);
        low = (double)(float)low;
        high = (double)(float)high;
    } else {
        const long long whole = strtoll(value, &end, 10);
        *number = (double)whole;
    }
    return *end == 0 && errno == 0 && isfinite(*number) && *number >= low && *number <= high &&
           !(option->above_low && *number == low) && !(option->below_high && *number == high);
}

/* 900M, 1.5G, 1.5GiB, or plain bytes. */
static bool read_bytes(const struct cli_option *option, const char *value, double *number)
{
    static const char units[] = "KMGT";
    char *end = NULL;
    if (!isdigit((unsigned char)value[0]) || strpbrk(value, "xX"))
        return false;
    *number = strtod(value, &end);
    const char *unit = *end ? strchr(units, toupper((unsigned char)*end)) : NULL;
    if (unit) {
        for (const char *u = units; u <= unit; u++)
            *number *= 1024;
        end++;
        if (strcasecmp(end, "ib") == 0 || strcasecmp(end, "b") == 0)
            end += strlen(end);
    }
    return *end == 0 && *number >= option->low && *number <= option->high;
}

/* "20" iterations, or "30s". */
static bool read_every(const struct cli_option *option, const char *value, struct cli_every *every)
{
    char *end = NULL;
    if (!isdigit((unsigned char)value[0]))
        return false;
    const long number = strtol(value, &end, 10);
    const bool seconds = number > 0 && strcmp(end, "s") == 0;
    if (number < option->low || number > option->high || (*end && !seconds))
        return false;
    if (every)
        *every = (struct cli_every){seconds ? 0 : (int)number, seconds ? (double)number : 0};
    return true;
}

/* "auto", a number of scales, or longer sides with commas between them. One number is that many
 * scales if it can be. */
static bool read_scales(const char *value, struct impasto_params *params)
{
    int sizes[IMPASTO_SCALES] = {0}, count = 0, scales = 0;
    const bool automatic = strcmp(value, "auto") == 0;
    for (const char *at = value; !automatic; at++) {
        char *end = NULL;
        errno = 0;
        const long number = isdigit((unsigned char)*at) ? strtol(at, &end, 10) : 0;
        if (number < 1 || number > 16384 || errno || count == IMPASTO_SCALES)
            return false;
        sizes[count++] = (int)number;
        at = end;
        if (*at == 0)
            break;
        if (*at != ',')
            return false;
    }
    if (count == 1 && sizes[0] <= IMPASTO_SCALES) {
        scales = sizes[0];
        sizes[0] = 0;
    }
    if (sizes[0] > 0 && sizes[0] < 16)
        return false;
    if (params) {
        params->scales = scales;
        memcpy(params->scale_sizes, sizes, sizeof(sizes));
    }
    return true;
}

enum impasto_status cli_read(const struct cli_option *option, const char *value, void *target,
                             struct impasto_error *error)
{
    double number = 0;
    switch (option->type) {
    case CLI_FLAG:
        if (target)
            *(bool *)target = true;
        return IMPASTO_OK;
    case CLI_TEXT:
    case CLI_SETTINGS:
        if (value[0] == 0)
            return cli_fail(error, IMPASTO_ERROR_USAGE, "--%s: is empty; give it a value",
                            option->name);
        if (target)
            *(const char **)target = value;
        return IMPASTO_OK;
    case CLI_LAYERS: {
        float weights[IMPASTO_LAYERS];
        struct impasto_error why = {0};
        const enum impasto_status status = impasto_layers_parse(value, weights, &why);
        if (status != IMPASTO_OK)
            return cli_fail(error, status, "--%s: %s", option->name, why.message);
        if (target)
            memcpy(target, weights, sizeof(weights));
        return IMPASTO_OK;
    }
    case CLI_CHOICE:
    case CLI_INT:
        for (size_t i = 0; option->choices && option->choices[i].name; i++) {
            if (strcmp(value, option->choices[i].name) == 0) {
                if (target)
                    *(int *)target = option->choices[i].value;
                return IMPASTO_OK;
            }
        }
        if (option->type == CLI_CHOICE)
            return bad_choice(option, value, error);
        if (!read_number(option, value, &number))
            return bad_number(option, value, error);
        if (target)
            *(int *)target = (int)number;
        return IMPASTO_OK;
    case CLI_SCALES:
        /* The target is a member of the parameters, which this writes two of. */
        if (!read_scales(value, target ? (void *)((char *)target - option->offset) : NULL))
            return cli_fail(error, IMPASTO_ERROR_USAGE,
                            "--%s: '%s' is not 'auto', a number from 1 to %d, or sizes from 16 to "
                            "16384 such as 128,256",
                            option->name, value, IMPASTO_SCALES);
        return IMPASTO_OK;
    case CLI_EVERY:
        if (!read_every(option, value, target))
            return cli_fail(
                error, IMPASTO_ERROR_USAGE,
                "--%s: '%s' is not a whole number from %.0f to %.0f, of iterations, or, "
                "with an s behind it, of seconds",
                option->name, value, option->low, option->high);
        return IMPASTO_OK;
    case CLI_LIST: {
        struct cli_list *list = target;
        if (value[0] == 0)
            return cli_fail(error, IMPASTO_ERROR_USAGE, "--%s: is empty; give it a value",
                            option->name);
        if (list && list->count == CLI_LIST_MOST)
            return cli_fail(error, IMPASTO_ERROR_USAGE, "--%s: more than %d of them", option->name,
                            CLI_LIST_MOST);
        if (list)
            list->item[list->count++] = value;
        return IMPASTO_OK;
    }
    case CLI_UINT64:
        if (!read_number(option, value, &number))
            return bad_number(option, value, error);
        if (target)
            *(uint64_t *)target = (uint64_t)number;
        return IMPASTO_OK;
    case CLI_BYTES:
        if (!read_bytes(option, value, &number))
            return cli_fail(error, IMPASTO_ERROR_USAGE,
                            "--%s: '%s' is not a size from 16M to 64T, such as 900M or 1.5GiB",
                            option->name, value);
        if (target)
            *(uint64_t *)target = (uint64_t)number;
        return IMPASTO_OK;
    case CLI_FLOAT:
        if (!read_number(option, value, &number))
            return bad_number(option, value, error);
        if (target)
            *(float *)target = (float)number;
        return IMPASTO_OK;
    }
    return cli_fail(error, IMPASTO_ERROR_INTERNAL, "--%s: has no type", option->name);
}

enum impasto_status cli_override(const struct cli_settings *settings, struct impasto_params *params,
                                 struct impasto_error *error)
{
    const struct cli_option *optimizer = cli_find("optimizer", strlen("optimizer"));
    const char *name = settings->values[optimizer - cli_options];
    /* Before the others: their defaults depend on it. */
    for (const struct cli_choice *c = optimizer->choices; name && c->name; c++)
        if (strcmp(name, c->name) == 0)
            impasto_params_optimizer(params, (enum impasto_optimizer)c->value);
    for (size_t i = 0; i < cli_option_count; i++) {
        if (cli_options[i].place != CLI_IN_PARAMS || !settings->values[i])
            continue;
        const enum impasto_status status = cli_read(
            &cli_options[i], settings->values[i], cli_target(&cli_options[i], NULL, params), error);
        if (status != IMPASTO_OK)
            return status;
    }
    return IMPASTO_OK;
}

double cli_shortest(float number)
{
    char text[32];
    /* 9 digits tell any two floats apart. */
    for (int digits = 1; digits <= 9; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, (double)number);
        if (strtof(text, NULL) == number)
            break;
    }
    return strtod(text, NULL);
}

void cli_visit(const struct cli_settings *settings, const struct impasto_params *params,
               cli_visit_fn visit, void *user)
{
    for (size_t i = 0; i < cli_option_count; i++) {
        const struct cli_option *option = &cli_options[i];
        if (!option->recorded)
            continue;
        const char *base =
            option->place == CLI_IN_SETTINGS ? (const char *)settings : (const char *)params;
        const void *at = base + option->offset;
        struct cli_value value = {.kind = CLI_VALUE_NUMBER};
        switch (option->type) {
        case CLI_FLAG:
            value.kind = CLI_VALUE_BOOL;
            value.number = *(const bool *)at;
            break;
        case CLI_TEXT:
        case CLI_SETTINGS:
            value.kind = CLI_VALUE_TEXT;
            value.text = *(const char *const *)at;
            break;
        case CLI_EVERY: /* never recorded */
            value.kind = CLI_VALUE_TEXT;
            break;
        case CLI_LAYERS:
            value.kind = CLI_VALUE_LAYERS;
            value.layers = at;
            break;
        case CLI_CHOICE:
        case CLI_INT:
            value.number = *(const int *)at;
            if (option->type == CLI_INT && value.number < option->low)
                value.kind = CLI_VALUE_TEXT; /* not set, unless it is a word */
            for (size_t c = 0; option->choices && option->choices[c].name; c++)
                if (option->choices[c].value == *(const int *)at) {
                    value.kind = CLI_VALUE_TEXT;
                    value.text = option->choices[c].name;
                }
            break;
        case CLI_SCALES:
            value.kind = CLI_VALUE_SCALES;
            value.number = params->scales;
            value.sizes = params->scale_sizes;
            break;
        case CLI_LIST:
            value.kind = CLI_VALUE_LIST;
            value.list = at;
            break;
        case CLI_BYTES:
            if (*(const uint64_t *)at == 0)
                value.kind = CLI_VALUE_TEXT; /* not set */
            value.number = (double)*(const uint64_t *)at;
            break;
        case CLI_UINT64:
            value.number = (double)*(const uint64_t *)at;
            break;
        case CLI_FLOAT:
            value.number = cli_shortest(*(const float *)at);
            break;
        }
        visit(user, option, &value);
    }
}
