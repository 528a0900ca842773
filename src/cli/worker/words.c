/* SPDX-License-Identifier: MIT */
/* The options of a job that decide nothing of its result, such as outputs, as words of a command
 * line. So they are read and refused as those are. */

#include "cli/worker/worker.h"

#include <stdlib.h>
#include <string.h>

/* What would end in the protocol's lines or in nothing, and what the worker has itself. */
static const char *const not_for_jobs[] = {
    "help",     "version",     "list-devices",     "json", "self-test", "tune",    "plan",
    "progress", "progress-fd", "progress-preview", "show", "settings",  "profile",
};

static bool is_for_jobs(const char *name, const json_t *value)
{
    /* A training's picture to be shown, which its previews are of. */
    if (strcmp(name, "show") == 0 && json_is_string(value))
        return true;
    for (size_t i = 0; i < sizeof(not_for_jobs) / sizeof(*not_for_jobs); i++)
        if (strcmp(name, not_for_jobs[i]) == 0)
            return false;
    return true;
}

static enum impasto_status check_name(const char *name, const json_t *value,
                                      struct impasto_error *error)
{
    if (!is_for_jobs(name, value))
        return cli_fail(error, IMPASTO_ERROR_USAGE, "--%s: is not for a worker's jobs", name);
    /* It becomes a part of a word. */
    return name[0] == 0 || name[0] == '-' || strchr(name, '=')
               ? cli_fail(error, IMPASTO_ERROR_USAGE, "'%.40s': not an option's name", name)
               : IMPASTO_OK;
}

enum impasto_status cli_job_words_add_one(struct cli_job_words *words, const char *word,
                                          struct impasto_error *error)
{
    if (words->count == (int)(sizeof(words->word) / sizeof(*words->word)) - 1)
        return cli_fail(error, IMPASTO_ERROR_USAGE, "a job has more options than there are");
    words->word[words->count] = strdup(word);
    return words->word[words->count++] ? IMPASTO_OK : cli_fail_memory(error, "a job");
}

/* "--name=value", or "--name" of a flag. value: NULL: of no kind that an option has. */
static enum impasto_status add_word(struct cli_job_words *words, const char *name,
                                    const char *value, bool flag, struct impasto_error *error)
{
    if (!flag && (!value || cli_is_standard(value)))
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        value ? "--%s: a worker's standard streams are for its lines; name a file"
                              : "--%s: must be a text, a number, or true",
                        name);
    const size_t size = strlen(name) + (value ? strlen(value) : 0) + sizeof("--=");
    char *word = malloc(size);
    if (!word)
        return cli_fail_memory(error, "a job");
    snprintf(word, size, flag ? "--%s" : "--%s=%s", name, value);
    const enum impasto_status status = cli_job_words_add_one(words, word, error);
    free(word);
    return status;
}

static enum impasto_status add_value(struct cli_job_words *words, const char *name,
                                     const json_t *value, struct impasto_error *error)
{
    char number[40];
    if (json_is_integer(value))
        snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else
        snprintf(number, sizeof(number), "%.17g", json_number_value(value));
    return add_word(words, name, json_is_number(value) ? number : json_string_value(value),
                    json_is_true(value), error);
}

enum impasto_status cli_job_words_add(struct cli_job_words *words, const json_t *options,
                                      struct impasto_error *error)
{
    const char *name;
    json_t *value;
    if (options && !json_is_object(options))
        return cli_fail(error, IMPASTO_ERROR_USAGE, "\"options\" of a job must be an object");
    json_object_foreach((json_t *)options, name, value)
    {
        enum impasto_status status = check_name(name, value, error);
        if (json_is_null(value) || json_is_false(value))
            continue;
        for (size_t i = 0; status == IMPASTO_OK && i < json_array_size(value); i++)
            status = add_value(words, name, json_array_get(value, i), error);
        if (status == IMPASTO_OK && !json_is_array(value))
            status = add_value(words, name, value, error);
        if (status != IMPASTO_OK)
            return status;
    }
    return IMPASTO_OK;
}

void cli_job_words_free(struct cli_job_words *words)
{
    for (int i = 0; i < words->count; i++)
        free(words->word[i]);
    words->count = 0;
}
