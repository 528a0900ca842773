/* SPDX-License-Identifier: MIT */
/* Values of options: from text to where the table says, and back. */

#include "cli/options/table.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct impasto_setting cli_row(const struct cli_option *option)
{
    if (option->type == CLI_PARAM) /* test_parse.c: there is one */
        return *(option->setting ? option->setting : impasto_setting_find)(option->name);
    return (struct impasto_setting){
        .name = option->name,
        .kind = (enum impasto_setting_kind)option->type,
        .offset = option->offset,
        .low = option->low,
        .high = option->high,
        .words = option->words,
    };
}

enum cli_type cli_type_of(const struct cli_option *option)
{
    return (enum cli_type)cli_row(option).kind;
}

bool cli_is_recorded(const struct cli_option *option)
{
    return option->type == CLI_PARAM ? cli_row(option).decides != IMPASTO_DECIDES_NOTHING
                                     : option->recorded;
}

void cli_help_of(const struct cli_option *option, char text[CLI_HELP_SIZE])
{
    snprintf(text, CLI_HELP_SIZE, "%s",
             option->type == CLI_PARAM ? cli_row(option).about : option->help);
    cli_name_options(text);
}

/* ---- From texts ------------------------------------------------------------------------------ */

/* "20" iterations, or "30s". */
static bool read_every(const struct cli_option *option, const char *value, struct cli_every *every)
{
    char *end = NULL;
    if (!isdigit((unsigned char)value[0]))
        return false;
    const long number = strtol(value, &end, 10);
    const bool seconds = number > 0 && strcmp(end, "s") == 0;
    if ((double)number < option->low || (double)number > option->high || (*end && !seconds))
        return false;
    if (every)
        *every = (struct cli_every){seconds ? 0 : (int)number, seconds ? (double)number : 0};
    return true;
}

static enum impasto_status read_list(const struct cli_option *option, const char *value,
                                     struct cli_list *list, struct impasto_error *error)
{
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

/* What the library reads. A flag is given by its name alone. */
static enum impasto_status read_row(const struct cli_option *option, const char *value,
                                    void *members, struct impasto_error *error)
{
    struct impasto_setting row = cli_row(option);
    if (option->type == CLI_SETTINGS)
        row.kind = IMPASTO_SETTING_TEXT;
    if (row.kind == IMPASTO_SETTING_FLAG) {
        if (members)
            *(bool *)((char *)members + row.offset) = true;
        return IMPASTO_OK;
    }
    struct impasto_error why;
    const enum impasto_status status = impasto_setting_read(&row, value, members, &why);
    if (status == IMPASTO_OK)
        return IMPASTO_OK;
    /* It begins with the name in backquotes. */
    return cli_fail(error, status, "--%s%s", option->name,
                    why.message + strlen("``") + strlen(option->name));
}

enum impasto_status cli_read(const struct cli_option *option, const char *value, void *members,
                             struct impasto_error *error)
{
    void *target = members ? (char *)members + option->offset : NULL;
    if (option->type == CLI_LIST)
        return read_list(option, value, target, error);
    if (option->type != CLI_EVERY)
        return read_row(option, value, members, error);
    if (read_every(option, value, target))
        return IMPASTO_OK;
    return cli_fail(error, IMPASTO_ERROR_USAGE,
                    "--%s: '%s' is not a whole number from %.0f to %.0f, of iterations, or, "
                    "with an s behind it, of seconds",
                    option->name, value, option->low, option->high);
}

enum impasto_status cli_override(const struct cli_settings *settings, struct impasto_params *params,
                                 struct impasto_error *error)
{
    const struct cli_option *optimizer = cli_find("optimizer", strlen("optimizer"));
    const char *name = settings->values[optimizer - cli_options];
    struct impasto_params asked = *params;
    /* Before the others: their defaults depend on it. */
    if (name && cli_read(optimizer, name, &asked, error) == IMPASTO_OK)
        impasto_params_optimizer(params, asked.optimizer);
    for (size_t i = 0; i < cli_option_count; i++) {
        if (cli_options[i].type != CLI_PARAM || !settings->values[i])
            continue;
        const enum impasto_status status =
            cli_read(&cli_options[i], settings->values[i], params, error);
        if (status != IMPASTO_OK)
            return status;
    }
    return IMPASTO_OK;
}

/* ---- And back -------------------------------------------------------------------------------- */

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

/* An int or a choice: the word for it, or the number. */
static void visit_whole(const struct impasto_setting *row, int whole, struct cli_value *value)
{
    value->number = whole;
    if (row->kind == IMPASTO_SETTING_INT && whole < row->low)
        value->kind = CLI_VALUE_TEXT; /* not set, unless it is a word */
    for (const struct impasto_setting_word *word = row->words; word && word->text; word++)
        if (word->value == whole) {
            value->kind = CLI_VALUE_TEXT;
            value->text = word->text;
        }
}

static struct cli_value value_at(const struct cli_option *option, const void *members)
{
    const struct impasto_setting row = cli_row(option);
    const void *at = (const char *)members + row.offset;
    struct cli_value value = {.kind = CLI_VALUE_NUMBER};
    switch (cli_type_of(option)) {
    case CLI_FLAG:
        value.kind = CLI_VALUE_BOOL;
        value.number = *(const bool *)at;
        break;
    case CLI_TEXT:
    case CLI_SETTINGS:
        value.kind = CLI_VALUE_TEXT;
        value.text = *(const char *const *)at;
        break;
    case CLI_LAYERS:
        value.kind = CLI_VALUE_LAYERS;
        value.layers = at;
        break;
    case CLI_CHOICE:
    case CLI_INT:
        visit_whole(&row, *(const int *)at, &value);
        break;
    case CLI_SCALES:
        value.kind = CLI_VALUE_SCALES;
        value.number = *(const int *)at;
        value.sizes = (const int *)at + 1;
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
    case CLI_EVERY: /* never recorded */
    case CLI_PARAM:
        value.kind = CLI_VALUE_TEXT;
        break;
    }
    return value;
}

/* The struct that an option's value is in. */
static const void *members_of(const struct cli_settings *settings,
                              const struct impasto_params *params, const struct cli_option *option)
{
    const struct cli_option *const *own = settings->call ? settings->call->command->rows : NULL;
    for (; own && *own; own++)
        if (*own == option)
            return settings->call->options;
    return option->type == CLI_PARAM ? (const void *)params : settings;
}

void cli_visit_params(const struct cli_option *const *rows, const void *members, cli_visit_fn visit,
                      void *user)
{
    for (size_t i = 0; rows[i]; i++) {
        if (rows[i]->type != CLI_PARAM)
            continue;
        const struct cli_value value = value_at(rows[i], members);
        visit(user, rows[i], &value);
    }
}

void cli_visit(const struct cli_settings *settings, const struct impasto_params *params,
               cli_visit_fn visit, void *user)
{
    const struct cli_option *options[CLI_OPTIONS_MOST];
    const size_t count = cli_options_of(settings, options);
    for (size_t i = 0; i < count; i++) {
        if (!cli_is_recorded(options[i]))
            continue;
        const struct cli_value value =
            value_at(options[i], members_of(settings, params, options[i]));
        visit(user, options[i], &value);
    }
}
