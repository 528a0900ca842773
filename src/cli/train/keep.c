/* SPDX-License-Identifier: MIT */
/* --checkpoint and --resume of a training. The note in the file says what its pictures are. */

#include "base/os.h"
#include "cli/common/json.h"
#include "cli/train/run.h"

#include <stdlib.h>
#include <string.h>

/* What a run that dies may lose. */
#define USUAL_SECONDS 60

/* The name of a file as it was given; see cli_json_text. */
static json_t *decode(const char *text)
{
    char *name = cli_json_name(text);
    json_t *value = name ? json_string_nocheck(name) : NULL;
    free(name);
    return value;
}

static json_t *read_note(const char *text)
{
    json_t *note = text ? json_loads(text, 0, NULL) : NULL, *value;
    json_t *const styles = json_object_get(note, "styles");
    const char *key;
    json_object_foreach(note, key, value)
    {
        if (json_is_string(value))
            json_object_set_new(note, key, decode(json_string_value(value)));
    }
    for (size_t i = 0; i < json_array_size(styles); i++)
        if (json_is_string(json_array_get(styles, i)))
            json_array_set_new(styles, i, decode(json_string_value(json_array_get(styles, i))));
    return note;
}

/* What is not given now stays as it was. */
static void read_settings(struct cli_trainer *run)
{
    const json_int_t convention = json_integer_value(json_object_get(run->note, "convention"));
    const json_int_t most = json_integer_value(json_object_get(run->note, "max_pixels"));
    run->half = run->options->half || json_is_true(json_object_get(run->note, "half"));
    run->max_pixels = run->settings->max_pixels;
    if (run->max_pixels == 0 && most > 0)
        run->max_pixels = (uint64_t)most;
    run->weights_path = run->settings->weights;
    run->convention = run->settings->convention;
    if (run->weights_path)
        return;
    run->weights_path = json_string_value(json_object_get(run->note, "weights"));
    if (run->convention == IMPASTO_CONVENTION_AUTO && convention > 0 &&
        convention <= IMPASTO_CONVENTION_TORCHVISION)
        run->convention = (int)convention;
}

static enum impasto_status open_checkpoint(struct cli_trainer *run)
{
    if (!run->options->resume)
        return IMPASTO_OK;
    const enum impasto_status status =
        impasto_train_checkpoint_open(run->options->resume, &run->from, run->error);
    if (status != IMPASTO_OK)
        return status;
    const struct impasto_train_checkpoint_info *info = impasto_train_checkpoint_info(run->from);
    run->note = read_note(info->note);
    run->params = *info->params;
    run->begun = run->last.head.step = info->step;
    if (run->checkpoint && !cli_same_file(run->checkpoint, run->options->resume))
        return IMPASTO_OK;
    run->checkpoint = run->options->resume;
    run->saved = info->step;
    return IMPASTO_OK;
}

enum impasto_status cli_train_resume(struct cli_trainer *run)
{
    run->saved = -1;
    run->checkpoint = run->settings->checkpoint;
    const enum impasto_status status = open_checkpoint(run);
    if (status == IMPASTO_OK)
        read_settings(run);
    return status;
}

enum impasto_status cli_train_check_checkpoint(struct cli_trainer *run)
{
    struct impasto_train_checkpoint *old = NULL;
    struct impasto_error why = {0};
    const struct cli_every *every = &run->settings->every;
    if (!run->checkpoint)
        return every->iterations > 0 || every->seconds > 0
                   ? cli_fail(run->error, IMPASTO_ERROR_USAGE,
                              "--every goes with --checkpoint, which names the file")
                   : IMPASTO_OK;
    if (run->saved >= 0 || run->settings->plan || !imp_os_is_there(run->checkpoint))
        return IMPASTO_OK;
    const enum impasto_status status = impasto_train_checkpoint_open(run->checkpoint, &old, &why);
    if (status != IMPASTO_OK)
        return cli_fail(run->error, status == IMPASTO_ERROR_INPUT ? IMPASTO_ERROR_OUTPUT : status,
                        "%s; it is not replaced by --checkpoint: name another file, or remove it",
                        why.message);
    const struct impasto_train_checkpoint_info *info = impasto_train_checkpoint_info(old);
    const int step = info->step, steps = info->steps;
    const bool done = info->done;
    impasto_train_checkpoint_close(&old);
    return done
               ? IMPASTO_OK
               : cli_fail(run->error, IMPASTO_ERROR_OUTPUT,
                          "%s: has a training that is not finished (%d of %d steps): go on with it "
                          "by --resume, name another file for --checkpoint, or remove it",
                          run->checkpoint, step, steps);
}

/* NULL: no memory. */
static char *write_note(const struct cli_trainer *run)
{
    json_t *note = json_object(), *styles = json_array();
    for (size_t i = 0; i < run->task.style_count; i++)
        json_array_append_new(styles, cli_json_text(run->words[i]));
    json_object_set_new(note, "styles", styles);
    json_object_set_new(note, "photos", cli_json_text(run->task.photos));
    json_object_set_new(note, "base", cli_json_text(run->base));
    json_object_set_new(note, "keep", json_boolean(run->task.keep));
    json_object_set_new(note, "output", cli_json_text(run->output));
    json_object_set_new(note, "weights", cli_json_text(run->weights_path));
    json_object_set_new(note, "convention", json_integer(run->convention));
    json_object_set_new(note, "max_pixels", json_integer((json_int_t)run->max_pixels));
    json_object_set_new(note, "half", json_boolean(run->half));
    char *text = json_dumps(note, JSON_COMPACT);
    json_decref(note);
    return text;
}

static bool is_due(const struct cli_trainer *run)
{
    const struct cli_every *every = &run->settings->every;
    const double seconds = every->seconds > 0 ? every->seconds : USUAL_SECONDS;
    return every->iterations > 0 ? run->last.head.step % every->iterations == 0
                                 : cli_seconds() - run->saved_at >= seconds;
}

bool cli_train_hint(const struct cli_trainer *run, char *line, size_t size)
{
    if (!run->checkpoint || run->saved < 0)
        return false;
    snprintf(line, size, "step %d is kept; to go on: impasto train --resume", run->saved);
    return cli_add_word(line, size, run->checkpoint) && cli_add_word(line, size, "-o") &&
           cli_add_word(line, size, run->output);
}

static void save(struct cli_trainer *run)
{
    char line[1200];
    struct impasto_error why = {0};
    char *note = write_note(run);
    const enum impasto_status status =
        note ? impasto_train_save_checkpoint(run->train, run->checkpoint, note, &why)
             : cli_fail_memory(&why, "a checkpoint");
    free(note);
    run->saved_at = cli_seconds();
    if (status == IMPASTO_OK) {
        run->saved = run->last.head.step;
        snprintf(line, sizeof(line), "saved the checkpoint of step %d", run->saved);
    } else {
        snprintf(line, sizeof(line), "the checkpoint of step %d was not saved: %s",
                 run->last.head.step, why.message);
    }
    cli_console_log(&run->console, status == IMPASTO_OK ? IMPASTO_LOG_DEBUG : IMPASTO_LOG_WARNING,
                    line);
}

void cli_train_save(struct cli_trainer *run, bool now)
{
    char line[4096];
    if (!run->checkpoint || !run->train || run->saved == run->last.head.step ||
        (!now && !is_due(run)))
        return;
    cli_watchdog_saving(run->watchdog, true);
    save(run);
    cli_watchdog_saving(run->watchdog, false);
    cli_watchdog_keep(run->watchdog, cli_train_hint(run, line, sizeof(line)) ? line : "");
}
