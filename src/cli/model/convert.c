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
#include <string.h>

static const struct cli_script script = {"stylenet.py", "model"};

/* The script's words before the names, one pair for each name, and one for licence and range. */
#define WORDS_MOST (8 + 2 * CLI_LIST_MOST + 4)

/* ---- What a word names ----------------------------------------------------------------------- */

/* A network to be converted or exported. */
struct source {
    char *path;
    struct cli_list styles; /* to keep; none: all */
    char *style;            /* by whose name alone the network was called; NULL: none */
};

/* A file, which need not be a network yet; else an installed model, or a style of the one that came
 * with Impasto. source: zeroed; to be freed in any case. */
static enum impasto_status find_source(const char *word, const struct cli_list *styles,
                                       struct source *source, struct impasto_error *error)
{
    struct impasto_model *model = NULL;
    int style = -1;
    source->styles = *styles;
    if (!imp_os_is_there(word)) {
        const enum impasto_status status = cli_model_open(word, &model, &style, error);
        if (status != IMPASTO_OK)
            return status;
    }
    const struct impasto_model_info *info = model ? impasto_model_info(model) : NULL;
    source->path = strdup(info ? info->source : word);
    if (style >= 0 && styles->count == 0 && (source->style = strdup(info->styles[style])))
        source->styles = (struct cli_list){.item = {source->style}, .count = 1};
    const bool whole = source->path && (style < 0 || styles->count > 0 || source->style);
    impasto_model_close(&model);
    return whole ? IMPASTO_OK : cli_fail_memory(error, "a file name");
}

static void free_source(struct source *source)
{
    free(source->path);
    free(source->style);
}

/* ---- Converting ------------------------------------------------------------------------------ */

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

/* Those of its styles, without pictures, and in half precision, as the options say. */
static enum impasto_status save(const char *input, const struct cli_list *styles,
                                const char *output, const struct cli_model_options *options,
                                struct impasto_error *error)
{
    struct impasto_model *model = NULL;
    enum impasto_status status = impasto_model_open(input, &model, error);
    if (status == IMPASTO_OK)
        status = pick(styles, &model, error);
    if (status == IMPASTO_OK) {
        cli_make_folders(output, false);
        if (options->no_pictures)
            impasto_model_forget_pictures(model);
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
        cli_model_describe(model);
    impasto_model_close(&model);
    return status;
}

/* The place of a file between program and script. */
static enum impasto_status name_between(char path[PATH_MAX], struct impasto_error *error)
{
    const char *folder = imp_os_scratch();
    if (!folder)
        return cli_fail(error, IMPASTO_ERROR_OUTPUT,
                        "there is no folder for temporary files; set TMPDIR to one");
    snprintf(path, PATH_MAX, "%s/converted.safetensors", folder);
    return IMPASTO_OK;
}

static enum impasto_status convert(const struct source *source, const char *output,
                                   const struct cli_model_options *options,
                                   struct impasto_error *error)
{
    char between[PATH_MAX];
    if (options->names.count == 0 && !options->licence && !options->range &&
        is_readable(source->path))
        return save(source->path, &source->styles, output, options, error);
    enum impasto_status status = name_between(between, error);
    if (status != IMPASTO_OK)
        return status;
    status = convert_by_script(source->path, between, options, error);
    if (status == IMPASTO_OK)
        status = save(between, &source->styles, output, options, error);
    (void)imp_os_remove(between);
    return status;
}

/* Before any work. source: to be freed in any case. */
static enum impasto_status find_and_check(const struct cli_call *call, struct source *source,
                                          struct impasto_error *error)
{
    const struct cli_model_options *options = call->options;
    const char *output = call->operands[1];
    enum impasto_status status = cli_check_file(output, "style networks", options->force, error);
    if (status == IMPASTO_OK)
        status = find_source(call->operands[0], &options->styles, source, error);
    if (status == IMPASTO_OK && cli_same_file(source->path, output))
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "%s: would be written over itself; name another place", output);
    return status;
}

enum impasto_status cli_model_convert(const struct cli_call *call, struct impasto_error *error)
{
    struct source source = {0};
    enum impasto_status status = find_and_check(call, &source, error);
    if (status == IMPASTO_OK)
        status = convert(&source, call->operands[1], call->options, error);
    free_source(&source);
    return status == IMPASTO_OK ? read_again(call->operands[1], error) : status;
}

/* ---- Exporting ------------------------------------------------------------------------------- */

/* The script's words. */
static void name_words(const char *input, const char *output, bool force, const char *words[8])
{
    size_t count = 0;
    words[count++] = "export";
    words[count++] = "--output";
    words[count++] = output;
    if (force)
        words[count++] = "--force";
    words[count++] = "--";
    words[count++] = input;
    words[count] = NULL;
}

/* Some of the styles: the script is given a file of them alone. */
static enum impasto_status export_some(const struct source *source, const char *output, bool force,
                                       struct impasto_error *error)
{
    const char *words[8];
    char between[PATH_MAX];
    enum impasto_status status = name_between(between, error);
    if (status != IMPASTO_OK)
        return status;
    name_words(between, output, force, words);
    status = save(source->path, &source->styles, between, &(struct cli_model_options){0}, error);
    cli_make_folders(output, false);
    if (status == IMPASTO_OK)
        status = cli_script_run(&script, words, error);
    (void)imp_os_remove(between);
    if (status != IMPASTO_OK)
        return status;
    printf("%s: ", output);
    for (int i = 0; i < source->styles.count; i++)
        printf("%s%s", i > 0 ? ", " : "", source->styles.item[i]);
    puts("");
    return IMPASTO_OK;
}

enum impasto_status cli_model_export(const struct cli_call *call, struct impasto_error *error)
{
    const struct cli_model_options *options = call->options;
    const char *output = call->operands[1], *words[8];
    struct source source = {0};
    enum impasto_status status = find_and_check(call, &source, error);
    if (status == IMPASTO_OK && source.styles.count > 0) {
        status = export_some(&source, output, options->force, error);
    } else if (status == IMPASTO_OK) {
        cli_make_folders(output, false);
        name_words(source.path, output, options->force, words);
        status = cli_script_become(&script, words, error);
    }
    free_source(&source);
    return status;
}
