/* SPDX-License-Identifier: MIT */
/* Names of results, and checks before the work whether they can be written. */

#include "base/os.h"
#include "cli/files/files.h"
#include "cli/options/table.h"

#include <stdlib.h>
#include <string.h>

/* Length of a file name without its extension; a leading dot is no extension. */
static size_t stem_length(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && dot != name ? (size_t)(dot - name) : strlen(name);
}

const char *cli_usual_ending(const struct cli_settings *settings)
{
    const struct impasto_format_info *info = impasto_image_format(0);
    for (size_t i = 0; info && (int)info->format != settings->format; i++)
        info = impasto_image_format(i);
    return info ? info->extensions[0] : ".png";
}

char *cli_default_output(const struct cli_settings *settings, const char *style)
{
    const char *content = settings->content;
    const char *c = cli_file_name(content), *s = cli_file_name(style);
    const char *ending = cli_usual_ending(settings);
    const size_t folder = (size_t)(c - content);
    const size_t size = strlen(content) + strlen(style) + strlen(ending) + sizeof("-");
    char *path = malloc(size);
    if (path)
        snprintf(path, size, "%.*s%.*s-%.*s%s", (int)folder, content, (int)stem_length(c), c,
                 (int)stem_length(s), s, ending);
    return path;
}

char *cli_output_pattern(const struct cli_settings *settings, const char *given)
{
    const size_t length = strlen(given);
    const bool slash = length > 0 && imp_os_is_separator(given[length - 1]);
    const bool folder = slash || imp_os_is_folder(given);
    const char *ending = cli_usual_ending(settings);
    const size_t size = length + sizeof("/{content}-{style}") + strlen(ending);
    char *pattern = malloc(size);
    if (pattern)
        snprintf(pattern, size, "%s%s%s%s", given, folder && !slash ? "/" : "",
                 folder ? "{content}-{style}" : "", folder ? ending : "");
    return pattern;
}

enum impasto_status cli_name_output(const struct cli_settings *settings, char **output,
                                    struct impasto_error *error)
{
    struct cli_spec style;
    enum impasto_status status = cli_spec_read(settings->styles.item[0], true, &style, error);
    char *pattern = settings->output ? cli_output_pattern(settings, settings->output) : NULL;
    if (status == IMPASTO_OK && pattern)
        status = cli_pattern_check(pattern, false, error);
    if (status == IMPASTO_OK) {
        const struct cli_naming naming = {.content = settings->content, .style = style.path};
        *output = pattern            ? cli_pattern_expand(pattern, &naming)
                  : settings->output ? NULL
                                     : cli_default_output(settings, style.path);
    }
    free(pattern);
    free(style.path);
    if (status != IMPASTO_OK)
        return status;
    return *output ? IMPASTO_OK : cli_fail_memory(error, "a file name");
}

char *cli_numbered(const char *path, int number)
{
    const char *name = cli_file_name(path);
    const size_t stem = (size_t)(name - path) + stem_length(name), size = strlen(path) + 16;
    char *numbered = malloc(size);
    if (numbered)
        snprintf(numbered, size, "%.*s-%04d%s", (int)stem, path, number, path + stem);
    return numbered;
}

/* Whether a word names that file. operand: what it may carry besides. */
static bool names_file(const char *word, const char *operand, const char *output)
{
    char *path = cli_spec_path(word, operand);
    const bool same = path && cli_same_file(output, path);
    free(path);
    return same;
}

struct looking {
    const char *output;
    bool found;
};

static void look_at(void *user, const struct cli_option *option, const struct cli_value *value)
{
    struct looking *looking = user;
    if (value->kind == CLI_VALUE_TEXT && value->text && cli_is_file(option, value->text))
        looking->found |= names_file(value->text, option->operand, looking->output);
    for (int i = 0; value->kind == CLI_VALUE_LIST && i < value->list->count; i++)
        if (cli_is_file(option, value->list->item[i]))
            looking->found |= names_file(value->list->item[i], option->operand, looking->output);
}

static bool is_input(const struct cli_settings *settings, const char *output)
{
    static const struct impasto_params unset; /* of which none is a file */
    struct looking looking = {.output = output};
    if (settings->content && cli_same_file(output, settings->content))
        return true;
    for (int i = 0; i < settings->styles.count; i++)
        if (names_file(settings->styles.item[i], cli_style_operand(settings), output))
            return true;
    cli_visit(settings, &unset, look_at, &looking);
    /* A checkpoint is replaced by later ones. */
    for (const struct cli_file *file = settings->files; file; file = file->before)
        if (!(file->resumed && output == settings->checkpoint) && cli_same_file(output, file->path))
            return true;
    return looking.found;
}

/* "-" is standard output, for lines of text: what else would take it for a file's name
 * is refused. */
static enum impasto_status check_dashes(const struct cli_settings *s, const char *output,
                                        struct impasto_error *error)
{
    const struct {
        const char *option, *value;
    } files[] = {{"gradient", s->gradient},
                 {"export-weights", s->export_weights},
                 {"report", s->report},
                 {"checkpoint", s->checkpoint},
                 {"timelapse", s->timelapse}};
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
        if (cli_is_standard(files[i].value))
            return cli_fail(
                error, IMPASTO_ERROR_USAGE,
                "--%s: does not go to standard output; name a file (./- for one of that "
                "name)",
                files[i].option);
    if (cli_is_standard(s->trace) && (cli_is_standard(output) || s->plan))
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "--trace: standard output is for the %s; name a file",
                        s->plan ? "plan" : "picture");
    return IMPASTO_OK;
}

/* The result: whether it can be written, and is to be. */
static enum impasto_status check_picture(const struct cli_settings *settings, const char *output,
                                         struct impasto_error *error)
{
    const struct impasto_save_options options = cli_save_options(settings);
    enum impasto_status status =
        cli_is_standard(output) ? IMPASTO_OK : impasto_file_check(output, error);
    if (status == IMPASTO_OK)
        status = impasto_image_save_check(cli_name_of_output(output), 0, 0, &options, error);
    if (status == IMPASTO_OK && settings->no_clobber && !cli_is_standard(output) &&
        imp_os_is_there(output))
        status =
            cli_fail(error, IMPASTO_ERROR_OUTPUT,
                     "%s: is there already; name another file, or leave out --no-clobber", output);
    return status;
}

void cli_list_outputs(const struct cli_settings *settings, const char *output,
                      const char *outputs[CLI_OUTPUTS])
{
    const char *const all[CLI_OUTPUTS] = {output,
                                          settings->trace,
                                          settings->gradient,
                                          settings->export_weights,
                                          settings->save_settings,
                                          settings->report,
                                          settings->checkpoint};
    memcpy(outputs, all, sizeof(all));
}

enum impasto_status cli_check_outputs(const struct cli_settings *settings, const char *output,
                                      struct impasto_error *error)
{
    const char *outputs[CLI_OUTPUTS];
    cli_list_outputs(settings, output, outputs);
    const enum impasto_status dashes = check_dashes(settings, output, error);
    if (dashes != IMPASTO_OK)
        return dashes;
    for (size_t i = 0; i < CLI_OUTPUTS; i++) {
        if (!outputs[i] || (i > 0 && cli_is_standard(outputs[i])))
            continue;
        enum impasto_status status =
            i == 0 ? check_picture(settings, output, error) : impasto_file_check(outputs[i], error);
        if (status == IMPASTO_OK && i == 0 && cli_is_standard(output))
            continue;
        if (status == IMPASTO_OK && outputs[i] == settings->report &&
            !cli_has_extension(outputs[i], ".html") && !cli_has_extension(outputs[i], ".htm"))
            status = cli_fail(error, IMPASTO_ERROR_USAGE, "%s: end the name of the report in .html",
                              outputs[i]);
        if (status != IMPASTO_OK)
            return status;
        if (is_input(settings, outputs[i]))
            return cli_fail(error, IMPASTO_ERROR_OUTPUT,
                            "%s: is also an input; choose another name for the output", outputs[i]);
        for (size_t k = 0; k < i; k++)
            if (outputs[k] && cli_same_file(outputs[i], outputs[k]))
                return cli_fail(error, IMPASTO_ERROR_OUTPUT,
                                "%s: two outputs have this name; choose another", outputs[i]);
    }
    return IMPASTO_OK;
}

enum impasto_status cli_check_file(const char *path, const char *what, bool force,
                                   struct impasto_error *error)
{
    struct imp_os_about about;
    if (cli_is_standard(path))
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "-: %s are not written to standard output; name a file", what);
    if (!imp_os_look_at_link(path, &about))
        return IMPASTO_OK;
    if (!imp_os_is_file(path))
        return cli_fail(error, IMPASTO_ERROR_OUTPUT, "%s: not a regular file; name another", path);
    return force ? IMPASTO_OK
                 : cli_fail(error, IMPASTO_ERROR_OUTPUT,
                            "%s: there already; --force replaces it, or name another place", path);
}

struct impasto_save_options cli_save_options(const struct cli_settings *settings)
{
    return (struct impasto_save_options){.struct_size = sizeof(struct impasto_save_options),
                                         .format = (enum impasto_format)settings->format,
                                         .quality = settings->quality,
                                         .privacy = (enum impasto_privacy)settings->metadata,
                                         .bits = settings->bits};
}
