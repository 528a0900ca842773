/* SPDX-License-Identifier: MIT */
/* --report of a film, and what others see of it on its way. */

#include "cli/video/run.h"

enum impasto_status cli_video_report_take(struct cli_filming *f)
{
    const struct imp_ratio *tick = &f->film.tick;
    const struct impasto_frame frame = cli_video_frame(&f->film, &f->painted);
    return cli_film_report_frame(f->report, cli_video_info(f), f->done + 1, &frame,
                                 (double)f->painted.time * tick->num / tick->den, f->error);
}

/* One that fails is left out: there is another one to come. */
void cli_video_preview(struct cli_filming *f)
{
    const struct impasto_frame frame = cli_video_frame(&f->film, &f->painted);
    struct impasto_image *picture = NULL;
    struct impasto_error ignored = {0};
    if (f->console.preview == 0 || !cli_console_wants_picture(&f->console))
        return;
    if (cli_film_picture(&frame, &picture, &ignored) == IMPASTO_OK)
        cli_console_picture(&f->console, picture, (int)f->done);
    impasto_image_free(&picture);
}

enum impasto_status cli_video_report_write(struct cli_filming *f, enum impasto_status ended,
                                           const char *why)
{
    char line[1200];
    if (!f->report)
        return IMPASTO_OK;
    const struct cli_film film = {.input = cli_name_of_input(f->input),
                                  .output = cli_name_of_output(f->options->output),
                                  .info = cli_video_info(f),
                                  .device = impasto_device_info(f->device),
                                  .weights = f->model ? impasto_model_info(f->model)->source
                                                      : impasto_weights_info(f->weights)->source,
                                  .settings = f->job,
                                  .frames = f->done,
                                  .painted = f->done - f->earlier,
                                  .seconds = cli_seconds() - f->opened};
    const enum impasto_status status =
        cli_film_report_write(f->report, &film, ended, why, f->error);
    snprintf(line, sizeof(line), "wrote %s", f->settings->report);
    if (status == IMPASTO_OK)
        cli_console_log(&f->console, IMPASTO_LOG_INFO, line);
    return status;
}
