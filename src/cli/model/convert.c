/* SPDX-License-Identifier: MIT */
/*
 * The commands `impasto model convert` and `impasto model export`.
 *
 * A script reads what the library does not, and writes safetensors to a folder of ours. The library
 * reads that and writes the result. So all results are written by one writer.
 */

#include "base/os.h"
#include "cli/files/files.h"
#include "cli/model/model.h"

#include <limits.h>
#include <stdlib.h>

static const struct cli_script script = {"stylenet.py", "model"};

/* The script's words before the names, one pair for each name, and one for licence and range. */
#define WORDS_MOST (8 + 2 * CLI_LIST_MOST + 4)

/* Whether the library reads a file, or says why nobody can. */
static bool is_readable(const char *path)
{
    char head[9];
    FILE *file = imp_os_is_file(path) ? fopen(path, "rb") : NULL;
    if (!file)
        return true;
    const size_t size = fread(head, 1, sizeof(head), file);
    fclose(file);
    return size == sizeof(head) && head[8] == '{';
}

static enum impasto_status convert_by_script(const char *input, const char *output,
                                             const struct cli_model_options *options,
                                             struct impasto_error *error)
{
    const char *words[WORDS_MOST] = {"convert", "--force", "--output", output};
    char range[16];
    size_t count = 4;
    for (int i = 0; i < options->names.count; i++) {
        words[count++] = "--name";
        words[count++] = options->names.item[i];
    }
    if (options->licence) {
        words[count++] = "--licence";
        words[count++] = options->licence;
    }
    if (options->range) {
        snprintf(range, sizeof(range), "%d", options->range);
        words[count++] = "--range";
        words[count++] = range;
    }
    words[count++] = "--";
    words[count++] = input;
    return cli_script_run(&script, words, error);
}

/* Of the model's styles, those that were named; all, if none was. */
static enum impasto_status pick(const struct cli_list *styles, struct impasto_model **model,
                                struct impasto_error *error)
{
    struct impasto_model *picked = NULL;
    if (styles->count == 0)
        return IMPASTO_OK;
    const enum impasto_status status = impasto_model_pick(*model, (const char *const *)styles->item,
                                                          (size_t)styles->count, &picked, error);
    if (status != IMPASTO_OK)
        return status;
    impasto_model_close(model);
    *model = picked;
    return IMPASTO_OK;
}

static enum impasto_status save(const char *input, const char *output,
                                const struct cli_model_options *options,
                                struct impasto_error *error)
{
    struct impasto_model *model = NULL;
    enum impasto_status status = impasto_model_open(input, &model, error);
    if (status == IMPASTO_OK)
        status = pick(&options->styles, &model, error);
    if (status == IMPASTO_OK) {
        cli_make_folders(output, false);
        status = impasto_model_save(model, output, options->half, error);
    }
    impasto_model_close(&model);
    return status;
}

/* What was written is done once it can be read. */
static enum impasto_status read_again(const char *path, struct impasto_error *error)
{
    struct impasto_model *model = NULL;
    const enum impasto_status status = impasto_model_open(path, &model, error);
    if (status == IMPASTO_OK)
        cli_model_describe(impasto_model_info(model));
    impasto_model_close(&model);
    return status;
}

static enum impasto_status convert(const char *input, const char *output,
                                   const struct cli_model_options *options,
                                   struct impasto_error *error)
{
    char between[PATH_MAX];
    const char *folder;
    if (options->names.count == 0 && !options->licence && !options->range && is_readable(input))
        return save(input, output, options, error);
    if (!(folder = imp_os_scratch()))
        return cli_fail(error, IMPASTO_ERROR_OUTPUT,
                        "there is no folder for temporary files; set TMPDIR to one");
    snprintf(between, sizeof(between), "%s/converted.safetensors", folder);
    enum impasto_status status = convert_by_script(input, between, options, error);
    if (status == IMPASTO_OK)
        status = save(between, output, options, error);
    (void)imp_os_remove(between);
    return status;
}

/* Before any work. */
static enum impasto_status check_output(const struct cli_call *call, struct impasto_error *error)
{
    const struct cli_model_options *options = call->options;
    const char *input = call->operands[0], *output = call->operands[1];
    const enum impasto_status status =
        cli_check_file(output, "style networks", options->force, error);
    if (status == IMPASTO_OK && cli_same_file(input, output))
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "%s: would be written over itself; name another place", output);
    return status;
}

enum impasto_status cli_model_convert(const struct cli_call *call, struct impasto_error *error)
{
    enum impasto_status status = check_output(call, error);
    if (status == IMPASTO_OK)
        status = convert(call->operands[0], call->operands[1], call->options, error);
    return status == IMPASTO_OK ? read_again(call->operands[1], error) : status;
}

enum impasto_status cli_model_export(const struct cli_call *call, struct impasto_error *error)
{
    const struct cli_model_options *options = call->options;
    const char *words[8] = {"export", "--output", call->operands[1]};
    size_t count = 3;
    enum impasto_status status = check_output(call, error);
    if (status != IMPASTO_OK)
        return status;
    char *installed =
        imp_os_is_there(call->operands[0]) ? NULL : cli_model_installed(call->operands[0]);
    cli_make_folders(call->operands[1], false);
    if (options->force)
        words[count++] = "--force";
    words[count++] = "--";
    words[count++] = installed ? installed : call->operands[0];
    status = cli_script_become(&script, words, error);
    free(installed);
    return status;
}
