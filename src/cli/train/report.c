/* SPDX-License-Identifier: MIT */
/* --report of a training. */

#include "cli/train/run.h"

#include <stdlib.h>
#include <string.h>

/* As the training is now: a lost device is opened again with another one. */
static struct cli_training describe(const struct cli_trainer *run)
{
    return (struct cli_training){
        .info = impasto_train_info(run->train),
        .params = &run->params,
        .rows = cli_train_rows,
        .device = impasto_device_info(run->device),
        .weights = run->weights_source,
        .output = run->output,
    };
}

enum impasto_status cli_train_report_open(struct cli_trainer *run)
{
    enum impasto_status status = cli_report_open(&run->report, run->settings->report, run->error);
    run->weights_source = strdup(impasto_weights_info(run->weights)->source);
    if (status == IMPASTO_OK && !run->weights_source)
        return cli_fail_memory(run->error, "a file name");
    if (status == IMPASTO_OK && run->shown)
        status =
            cli_report_picture(run->report, "content", run->options->show, run->shown, run->error);
    for (size_t i = 0; i < run->task.style_count && status == IMPASTO_OK; i++)
        if (run->images[i])
            status =
                cli_report_picture(run->report, "style", run->paths[i], run->images[i], run->error);
    return status;
}

void cli_train_report_step(struct cli_trainer *run)
{
    const struct cli_training training = describe(run);
    cli_report_step(run->report, &training, &run->last);
}

/* Messages about files have paths in them, which a report does not tell. */
static const char *words_for(struct cli_trainer *run, enum impasto_status status)
{
    if (status != IMPASTO_ERROR_NUMERIC)
        return status == IMPASTO_ERROR_OUTPUT ? "A file could not be written." : NULL;
    cli_name_options(run->error->message);
    return run->error->message;
}

enum impasto_status cli_train_report_write(struct cli_trainer *run, enum impasto_status ended,
                                           struct impasto_error *error)
{
    char line[1200];
    struct impasto_image *painting = NULL;
    enum impasto_status status = IMPASTO_OK;
    if (!run->report)
        return IMPASTO_OK;
    const struct cli_training training = describe(run);
    if (run->shown)
        status = cli_train_paint_shown(run, &painting, error);
    if (status == IMPASTO_OK)
        status = cli_report_training(run->report, &training, painting, ended, words_for(run, ended),
                                     error);
    impasto_image_free(&painting);
    snprintf(line, sizeof(line), "wrote %s", run->settings->report);
    if (status == IMPASTO_OK)
        cli_console_log(&run->console, IMPASTO_LOG_INFO, line);
    return status;
}
