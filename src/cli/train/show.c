/* SPDX-License-Identifier: MIT */
/* --show: a picture as the network paints it so far. */

#include "cli/train/run.h"

enum impasto_status cli_train_paint_shown(struct cli_trainer *run, struct impasto_image **painting,
                                          struct impasto_error *why)
{
    const struct impasto_train_info *info = impasto_train_info(run->train);
    const size_t first = info->style_count - run->task.style_count - run->params.identity;
    return impasto_train_image(run->train, run->shown, first, painting, why);
}

/* A picture that is only looked at is no reason to end a training. */
static void stop_showing(struct cli_trainer *run, const struct impasto_error *why)
{
    char line[1200];
    snprintf(line, sizeof(line), "--show: the training goes on without: %s", why->message);
    cli_console_log(&run->console, IMPASTO_LOG_WARNING, line);
    impasto_image_free(&run->shown);
    run->task.shown = NULL;
}

static void show(struct cli_trainer *run)
{
    struct impasto_image *painting = NULL;
    struct impasto_error why = {0};
    if (cli_train_paint_shown(run, &painting, &why) == IMPASTO_OK)
        cli_console_picture(&run->console, painting, run->last.head.step);
    else
        stop_showing(run, &why);
    impasto_image_free(&painting);
}

void cli_train_show(struct cli_trainer *run)
{
    if (run->shown && cli_console_wants_picture(&run->console))
        show(run);
}

void cli_train_show_last(struct cli_trainer *run)
{
    if (run->shown && run->console.preview > 0)
        show(run);
}
