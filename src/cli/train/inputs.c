/* SPDX-License-Identifier: MIT */
/* What a training is made of: style pictures and their names, a base, photographs. They are named
 * by the command line or, where a training is resumed, by its checkpoint. */

#include "base/os.h"
#include "cli/common/json.h"
#include "cli/devices/devices.h"
#include "cli/files/files.h"
#include "cli/model/model.h"
#include "cli/train/run.h"

#include <stdlib.h>
#include <string.h>

#define LONGEST_NAME 64 /* the library's limit, bytes */

/* ---- Styles ---------------------------------------------------------------------------------- */

/* The file of a word that may be NAME=FILE. If a file has the whole word for its name, the word
 * names that. No name has a slash, so that folders may have an equals sign. */
static const char *path_of(const char *word)
{
    const char *equals = strchr(word, '='), *slash = strchr(word, '/');
    const bool named = equals && equals > word && !(slash && slash < equals);
    return named && !imp_os_is_there(word) ? equals + 1 : word;
}

/* The name that a word gives, before its path; a new string. */
static char *given_name(const char *word, const char *path)
{
    char *name = strdup(word);
    if (name)
        name[path - word - 1] = 0;
    return name;
}

/* The file's name without its ending, without what no style's name may have; a new string. */
static char *name_of(const char *path)
{
    char *name = strdup(cli_file_name(path));
    char *ending = name ? strrchr(name, '.') : NULL;
    if (ending && ending > name)
        *ending = 0;
    for (char *c = name; c && *c; c++)
        if (*c == ':' || *c == ',' || (unsigned char)*c < ' ' || *c == 127)
            *c = '_';
    size_t length = name ? strlen(name) : 0;
    if (length <= LONGEST_NAME)
        return name;
    for (length = LONGEST_NAME; ((unsigned char)name[length] & 0xC0) == 0x80; length--)
        ; /* not within a character */
    name[length] = 0;
    return name;
}

/* Whether a word can only be the name of a style that is drawn. */
static bool is_drawn(const char *word)
{
    return !strpbrk(word, "./-") && !imp_os_is_there(word);
}

static enum impasto_status add_style(struct cli_trainer *run, const char *word)
{
    const size_t at = run->task.style_count;
    enum impasto_status status = IMPASTO_OK;
    const char *path = path_of(word);
    const bool named = path != word;
    run->words[at] = word;
    run->paths[at] = path;
    run->names[at] = named ? given_name(word, path) : name_of(path);
    if (!run->names[at])
        return cli_fail_memory(run->error, "a style's name");
    if (named || !is_drawn(path))
        status = cli_picture_load(path, run->max_pixels, &run->images[at], run->error);
    run->styles[at] = (struct impasto_train_style){
        .struct_size = sizeof(run->styles[at]), .image = run->images[at], .name = run->names[at]};
    run->task.style_count++;
    return status;
}

static enum impasto_status add_styles(struct cli_trainer *run, const struct cli_call *call)
{
    enum impasto_status status = IMPASTO_OK;
    const json_t *noted = json_object_get(run->note, "styles");
    for (size_t i = 0; i < call->operand_count && status == IMPASTO_OK; i++)
        status = add_style(run, call->operands[i]);
    for (size_t i = 0; call->operand_count == 0 && i < json_array_size(noted) &&
                       run->task.style_count < CLI_LIST_MOST && status == IMPASTO_OK;
         i++) {
        const char *word = json_string_value(json_array_get(noted, i));
        if (word)
            status = add_style(run, word);
    }
    if (status == IMPASTO_OK && run->task.style_count == 0)
        status = cli_fail(run->error, IMPASTO_ERROR_USAGE,
                          "train: needs STYLE...; see impasto train --help");
    return status;
}

/* ---- The base -------------------------------------------------------------------------------- */

static const char *noted(const struct cli_trainer *run, const char *key)
{
    return json_string_value(json_object_get(run->note, key));
}

static enum impasto_status find_base(struct cli_trainer *run)
{
    const struct cli_train_options *options = run->options;
    char usual[32];
    const char *named = options->add ? options->add : options->base;
    if (options->add && options->base)
        return cli_fail(run->error, IMPASTO_ERROR_USAGE,
                        "--base and --add both name the model to start from; leave out one");
    run->task.keep = options->add != NULL;
    if (!named && run->note) {
        named = noted(run, "base") ? noted(run, "base") : "none";
        run->task.keep = json_is_true(json_object_get(run->note, "keep"));
    }
    if (named && strcmp(named, "none") == 0)
        return cli_train_check_idle(options, &run->params, NULL, false, run->error);
    snprintf(usual, sizeof(usual), "base-%d", run->params.width);
    if (!named || !imp_os_is_there(named))
        run->base = cli_model_installed(named ? named : usual);
    if (named && !run->base && !(run->base = strdup(named)))
        return cli_fail_memory(run->error, "a file name");
    run->task.base = run->base;
    return cli_train_check_idle(options, &run->params, run->base, !named, run->error);
}

/* A base's identity stays as it is, and is not to be learnt again. */
static enum impasto_status keep_identity(struct cli_trainer *run)
{
    char line[1200];
    struct impasto_model *model = NULL;
    if (!run->task.keep || !run->base || !run->params.identity)
        return IMPASTO_OK;
    const enum impasto_status status = impasto_model_open(run->base, &model, run->error);
    if (status != IMPASTO_OK)
        return status;
    if (impasto_model_info(model)->identity >= 0) {
        run->params.identity = false;
        snprintf(line, sizeof(line), "--identity: %s has that style, and keeps it", run->base);
        cli_console_log(&run->console, IMPASTO_LOG_INFO, line);
    }
    impasto_model_close(&model);
    return IMPASTO_OK;
}

/* ---- All of them ----------------------------------------------------------------------------- */

static enum impasto_status name_output(struct cli_trainer *run)
{
    const char *given = run->options->output ? run->options->output : noted(run, "output");
    const char *first = run->names[0];
    const size_t size = strlen(given ? given : first) + sizeof(CLI_MODEL_ENDING);
    run->output = malloc(size);
    if (!run->output)
        return cli_fail_memory(run->error, "a file name");
    snprintf(run->output, size, "%s%s", given ? given : first, given ? "" : CLI_MODEL_ENDING);
    return IMPASTO_OK;
}

enum impasto_status cli_train_inputs(struct cli_trainer *run, const struct cli_call *call)
{
    enum impasto_status status;
    run->task.struct_size = sizeof(run->task);
    run->task.styles = run->styles;
    run->task.max_pixels = run->max_pixels;
    run->task.photos = run->options->photos ? run->options->photos : noted(run, "photos");
    if ((status = find_base(run)) || (status = keep_identity(run)) ||
        (status = add_styles(run, call)) || (status = name_output(run)))
        return status;
    if (run->options->show && !cli_ranks_follows(&run->settings->common) &&
        (status = cli_picture_load(run->options->show, run->max_pixels, &run->shown, run->error)))
        return status;
    run->task.shown = run->shown;
    return IMPASTO_OK;
}

void cli_train_inputs_free(struct cli_trainer *run)
{
    for (size_t i = 0; i < CLI_LIST_MOST; i++) {
        impasto_image_free(&run->images[i]);
        free(run->names[i]);
    }
    impasto_image_free(&run->shown);
    free(run->base);
    free(run->output);
    free(run->inputs);
    free(run->weights_source);
    json_decref(run->note);
}
