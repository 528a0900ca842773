/* SPDX-License-Identifier: MIT */
/* Which options a page may set, by their rows: what decides the result, and names no file. Their
 * values go through the rows' own limits, as on the command line. */

#include "cli/studio/studio.h"

#include <string.h>

/* Rows are in the tables of commands that the page has. */
static size_t rows_of(const struct cli_kind *kind, const struct cli_option *rows[CLI_OPTIONS_MOST])
{
    size_t own, count = 0;
    if (kind->table)
        return cli_command_options(kind->table, rows, &own);
    for (; count < cli_option_count; count++)
        rows[count] = &cli_options[count];
    return count;
}

static bool is_allowed(const struct cli_option *option)
{
    /* None of the library's settings names a file. */
    return option->type == CLI_PARAM ? cli_is_recorded(option) : option->remote;
}

const struct cli_option *cli_allowed_find(const struct cli_kind *kind, const char *name)
{
    const struct cli_option *rows[CLI_OPTIONS_MOST];
    const size_t count = rows_of(kind, rows);
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i]->name, name) == 0 && is_allowed(rows[i]))
            return rows[i];
    return NULL;
}

/* ---- Values ---------------------------------------------------------------------------------- */

#define LONGEST_VALUE 600

/* As the command line would have it; NULL: of no kind that a page sends. */
static const char *value_text(const json_t *value, char number[40])
{
    if (json_is_integer(value))
        snprintf(number, 40, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        snprintf(number, 40, "%.17g", json_real_value(value));
    return json_is_number(value) ? number : json_string_value(value);
}

/* Where all alternatives are words, it is one of them. */
static bool is_word_of(const struct cli_option *option, const char *text)
{
    struct cli_alternative word = {0};
    bool open = false;
    while (cli_next_alternative(option, &word)) {
        if (!word.placeholder && strlen(text) == word.length &&
            strncmp(text, word.text, word.length) == 0)
            return true;
        /* FILE is no word that a page may say. */
        open |= word.placeholder && strncmp(word.text, "FILE", word.length) != 0;
    }
    return open;
}

static enum impasto_status check_one(const struct cli_kind *kind, const char *name,
                                     const json_t *value, struct impasto_error *error)
{
    const struct cli_option *option = cli_allowed_find(kind, name);
    char number[40];
    const char *text = value_text(value, number);
    if (!option)
        return cli_fail(error, IMPASTO_ERROR_USAGE, "%.60s: no setting that the page has", name);
    if (cli_type_of(option) == CLI_FLAG)
        return json_is_boolean(value)
                   ? IMPASTO_OK
                   : cli_fail(error, IMPASTO_ERROR_USAGE, "%s: must be true or false", name);
    if (!text || !text[0] || strlen(text) > LONGEST_VALUE)
        return cli_fail(error, IMPASTO_ERROR_USAGE, "%s: must be a number or a short text", name);
    if (cli_type_of(option) == CLI_TEXT && !is_word_of(option, text))
        return cli_fail(error, IMPASTO_ERROR_USAGE, "%s: '%.40s' is none of %s", name, text,
                        option->operand);
    const enum impasto_status status = cli_read(option, text, NULL, error);
    /* Pages have no dashes before their fields. */
    if (status != IMPASTO_OK && strncmp(error->message, "--", 2) == 0)
        memmove(error->message, error->message + 2, strlen(error->message + 2) + 1);
    return status;
}

enum impasto_status cli_allowed_check(const struct cli_kind *kind, const json_t *settings,
                                      const char **field, struct impasto_error *error)
{
    const char *name;
    json_t *value;
    if (settings && !json_is_object(settings))
        return cli_fail(error, IMPASTO_ERROR_USAGE, "settings: must be an object");
    json_object_foreach((json_t *)settings, name, value)
    {
        const enum impasto_status status = check_one(kind, name, value, error);
        if (status != IMPASTO_OK) {
            *field = name;
            return status;
        }
    }
    return IMPASTO_OK;
}

/* ---- The list -------------------------------------------------------------------------------- */

static const char *kind_word(const struct cli_option *option)
{
    const enum cli_type type = cli_type_of(option);
    return type == CLI_FLAG                        ? "flag"
           : type == CLI_INT || type == CLI_UINT64 ? "integer"
           : type == CLI_FLOAT                     ? "number"
           : type == CLI_CHOICE                    ? "choice"
                                                   : "text";
}

static json_t *words_of(const struct cli_option *option)
{
    struct cli_alternative word = {0};
    json_t *words = json_array();
    while (cli_next_alternative(option, &word))
        if (!word.placeholder)
            json_array_append_new(words, json_stringn(word.text, word.length));
    return words;
}

static void add_rows(json_t *list, const struct cli_kind *kind)
{
    const struct cli_option *rows[CLI_OPTIONS_MOST];
    const size_t count = rows_of(kind, rows);
    char help[CLI_HELP_SIZE];
    for (size_t i = 0; i < count; i++) {
        if (!is_allowed(rows[i]))
            continue;
        const struct impasto_setting row = cli_row(rows[i]);
        json_t *object = json_object();
        cli_help_of(rows[i], help);
        json_object_set_new(object, "command", json_string(kind->command));
        json_object_set_new(object, "name", json_string(rows[i]->name));
        json_object_set_new(object, "group", cli_json_text(rows[i]->group));
        json_object_set_new(object, "kind", json_string(kind_word(rows[i])));
        json_object_set_new(object, "operand", cli_json_text(rows[i]->operand));
        json_object_set_new(object, "words", words_of(rows[i]));
        json_object_set_new(object, "low", cli_json_number(row.low));
        json_object_set_new(object, "high", cli_json_number(row.high));
        json_object_set_new(object, "standard", cli_json_text(row.standard));
        json_object_set_new(object, "chief", json_boolean(rows[i]->chief));
        json_object_set_new(object, "help", cli_json_text(help));
        json_array_append_new(list, object);
    }
}

json_t *cli_allowed_list(void)
{
    json_t *list = json_array();
    const struct cli_kind *kind;
    for (size_t i = 0; (kind = cli_kind_at(i)); i++)
        add_rows(list, kind);
    return list;
}
