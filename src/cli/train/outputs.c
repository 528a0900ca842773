/* SPDX-License-Identifier: MIT */
/* Files that a training writes: checked before the work, so that none is lost at its end, and none
 * takes the place of what is read. */

#include "base/os.h"
#include "cli/files/files.h"
#include "cli/train/run.h"

#include <stdlib.h>

/* Whether the file is among the folder's pictures. */
static bool is_photo(const char *file, const char *folder)
{
    bool found = false;
    if (!folder || !impasto_image_is_picture(file))
        return false;
    struct imp_os_entries *entries = imp_os_open_folder(folder);
    if (!entries)
        return false;
    for (const char *name; !found && (name = imp_os_next_name(entries));) {
        char *path = imp_os_join(folder, name);
        found = path && cli_same_file(file, path);
        free(path);
    }
    imp_os_close_folder(entries);
    return found;
}

/* Of what is read, what none of the outputs may replace. */
static size_t list_inputs(const struct cli_trainer *run, const char *inputs[CLI_LIST_MOST + 2])
{
    const struct impasto_weights_info *weights = impasto_weights_info(run->weights);
    size_t count = 0;
    for (size_t i = 0; i < run->task.style_count; i++)
        if (run->images[i])
            inputs[count++] = run->paths[i];
    if (run->options->show)
        inputs[count++] = run->options->show;
    if (!weights->builtin)
        inputs[count++] = weights->source;
    return count;
}

static bool is_input(const struct cli_trainer *run, const char *output)
{
    const char *inputs[CLI_LIST_MOST + 2], *const from = run->options->resume;
    const size_t count = list_inputs(run, inputs);
    for (size_t i = 0; i < count; i++)
        if (cli_same_file(output, inputs[i]))
            return true;
    /* A model may grow in place: --add x.model -o x.model. */
    const bool grows = run->task.keep && output == run->output;
    if (run->base && !grows && cli_same_file(output, run->base))
        return true;
    /* A checkpoint is replaced by later ones. */
    if (from && output != run->checkpoint && cli_same_file(output, from))
        return true;
    return is_photo(output, run->task.photos);
}

static enum impasto_status check_dashes(const struct cli_trainer *run)
{
    const char *option = cli_is_standard(run->output)             ? "output"
                         : cli_is_standard(run->checkpoint)       ? "checkpoint"
                         : cli_is_standard(run->settings->report) ? "report"
                                                                  : NULL;
    return option ? cli_fail(run->error, IMPASTO_ERROR_USAGE,
                             "--%s: does not go to standard output; name a file (./- for one of "
                             "that name)",
                             option)
                  : IMPASTO_OK;
}

static enum impasto_status check(const struct cli_trainer *run, const char *output)
{
    const enum impasto_status status = impasto_file_check(output, run->error);
    if (status == IMPASTO_OK && is_input(run, output))
        return cli_fail(run->error, IMPASTO_ERROR_USAGE,
                        "%s: is to be read, and would be written over; name another file", output);
    return status;
}

enum impasto_status cli_train_check_outputs(struct cli_trainer *run)
{
    const char *const trace = run->settings->trace;
    const char *const outputs[] = {run->output, run->checkpoint,
                                   cli_is_standard(trace) ? NULL : trace, run->settings->report};
    const size_t count = sizeof(outputs) / sizeof(*outputs);
    enum impasto_status status = check_dashes(run);
    for (size_t i = 0; i < count && status == IMPASTO_OK; i++) {
        status = outputs[i] ? check(run, outputs[i]) : IMPASTO_OK;
        for (size_t k = 0; outputs[i] && k < i && status == IMPASTO_OK; k++)
            if (outputs[k] && cli_same_file(outputs[i], outputs[k]))
                status = cli_fail(run->error, IMPASTO_ERROR_USAGE,
                                  "%s: is named for two outputs; give each a file of its own",
                                  outputs[i]);
    }
    return status;
}
