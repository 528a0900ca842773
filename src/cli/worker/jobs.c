/* SPDX-License-Identifier: MIT */
/* A job, from its line to the last line about it. */

#include "cli/guard/guard.h"
#include "cli/worker/worker.h"

#include <string.h>

/* ---- Painting and applying ------------------------------------------------------------------- */

static enum impasto_status add_preview(struct cli_job_words *words, const json_t *job,
                                       struct impasto_error *error)
{
    char word[60];
    const json_t *preview = json_object_get(job, "preview");
    if (!preview)
        return IMPASTO_OK;
    if (!json_is_integer(preview))
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "\"preview\" of a job must be a whole number of pixels");
    snprintf(word, sizeof(word), "--progress-preview=%" JSON_INTEGER_FORMAT,
             json_integer_value(preview));
    return cli_job_words_add_one(words, word, error);
}

/* What a command line names without an option. */
static enum impasto_status add_operands(struct cli_job_words *words, const json_t *job,
                                        struct impasto_error *error)
{
    const json_t *list = json_object_get(job, "words");
    enum impasto_status status =
        json_array_size(list) > 0 ? cli_job_words_add_one(words, "--", error) : IMPASTO_OK;
    if (list && !json_is_array(list))
        return cli_fail(error, IMPASTO_ERROR_USAGE, "\"words\" of a job must be a list of texts");
    for (size_t i = 0; status == IMPASTO_OK && i < json_array_size(list); i++) {
        const char *word = json_string_value(json_array_get(list, i));
        status = word && !cli_is_standard(word)
                     ? cli_job_words_add_one(words, word, error)
                     : cli_fail(error, IMPASTO_ERROR_USAGE,
                                "\"words\" of a job: each must be a text, and no \"-\"");
    }
    return status;
}

/* The plan of a job, in place of it. */
static bool is_plan(const json_t *job)
{
    return strcmp(json_string_value(json_object_get(job, "do")), "plan") == 0;
}

/* The command whose plan is asked for; NULL: one that has none. */
static const char *planned(const json_t *job)
{
    const json_t *named = json_object_get(job, "command");
    const char *name = named ? json_string_value(named) : "paint";
    static const char *const names[] = {"paint", "video", "train"};
    for (size_t i = 0; name && i < sizeof(names) / sizeof(*names); i++)
        if (strcmp(name, names[i]) == 0)
            return names[i];
    return NULL;
}

/* What reads them moves them about, and each is to be freed once. */
static enum impasto_status run_words(struct cli_worker *worker, const struct cli_command *command,
                                     const struct cli_job_words *words,
                                     struct cli_settings *settings, struct impasto_error *error)
{
    char *moved[sizeof(words->word) / sizeof(*words->word)];
    memcpy(moved, words->word, sizeof(moved));
    return cli_command_run(command, words->count, moved, worker->commands, settings, error);
}

/* Runs the command as a command line would, with the job's settings below its options. */
static enum impasto_status run_command(struct cli_worker *worker, const struct cli_command *command,
                                       const json_t *job, struct impasto_error *error)
{
    struct cli_job_words words = {0};
    struct cli_settings settings = {.common.warm = &worker->warm};
    enum impasto_status status = cli_job_words_add_one(&words, command->name, error);
    if (status == IMPASTO_OK && is_plan(job))
        status = cli_job_words_add_one(&words, "--plan", error);
    if (status == IMPASTO_OK)
        status = cli_job_words_add(&words, json_object_get(job, "options"), error);
    if (status == IMPASTO_OK)
        status = add_preview(&words, job, error);
    if (status == IMPASTO_OK)
        status = add_operands(&words, job, error);
    worker->warm.settings = json_object_get(job, "settings");
    if (status == IMPASTO_OK)
        status = run_words(worker, command, &words, &settings, error);
    worker->warm.settings = NULL;
    worker->warm.console = NULL;
    cli_release(&settings);
    cli_job_words_free(&words);
    return status;
}

/* ---- Any job --------------------------------------------------------------------------------- */

typedef enum impasto_status (*job_fn)(struct cli_worker *worker, const json_t *job,
                                      struct impasto_error *error);

static enum impasto_status look(struct cli_worker *worker, const json_t *job,
                                struct impasto_error *error)
{
    const job_fn look_at = json_is_string(json_object_get(job, "film"))    ? cli_job_look_at_film
                           : json_is_string(json_object_get(job, "model")) ? cli_job_look_at_model
                                                                           : cli_job_look;
    return look_at(worker, job, error);
}

static const struct {
    const char *name;
    job_fn run;
} others[] = {{"look", look},
              {"convert", cli_job_convert},
              {"devices", cli_job_devices},
              {"models", cli_job_models}};

static enum impasto_status run_job(struct cli_worker *worker, const json_t *job,
                                   struct impasto_error *error)
{
    const char *task = json_string_value(json_object_get(job, "do"));
    if (is_plan(job) && !planned(job))
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "\"command\" of a plan must be paint, video or train");
    const struct cli_command *command =
        cli_command_find(worker->commands, is_plan(job) ? planned(job) : task);
    if (command)
        return run_command(worker, command, job, error);
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        if (strcmp(others[i].name, task) == 0)
            return others[i].run(worker, job, error);
    return cli_fail(error, IMPASTO_ERROR_USAGE,
                    "%.40s: not a job; there are paint, apply, train, video, plan, look, "
                    "convert, devices and models",
                    task);
}

void cli_job_do(struct cli_worker *worker, struct cli_requests *requests, const json_t *job)
{
    struct impasto_error error = {0};
    cli_events_begin_job(worker->warm.events, json_string_value(json_object_get(job, "job")));
    const enum impasto_status status = run_job(worker, job, &error);
    const bool signalled = status == IMPASTO_ERROR_INTERRUPTED && cli_stop_signal();
    const int code = signalled ? 128 + cli_stop_signal() : -(int)status;
    cli_name_options(error.message);
    cli_requests_done(requests);
    cli_events_end_job(worker->warm.events, status, code, error.message[0] ? error.message : NULL);
}
