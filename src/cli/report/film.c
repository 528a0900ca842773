/* SPDX-License-Identifier: MIT */
/* --report of a film: collects figures and a few frames while it is painted. */

#include "cli/report/page.h"
#include "cli/report/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* When there are more frames, every other one goes. */
#define SHOWN_MOST 8

struct cli_film_report {
    const char *path;
    struct cli_embedded frames[SHOWN_MOST];
    size_t count;
    int64_t apart; /* every so many-th frame is shown */
    struct cli_curves warps, losses;
};

enum impasto_status cli_film_report_open(struct cli_film_report **report, const char *path,
                                         struct impasto_error *error)
{
    if (!path)
        return IMPASTO_OK;
    *report = calloc(1, sizeof(**report));
    if (!*report)
        return cli_fail_memory(error, "the report");
    (*report)->path = path;
    (*report)->apart = 1;
    return IMPASTO_OK;
}

void cli_film_report_close(struct cli_film_report **report)
{
    if (!*report)
        return;
    for (size_t i = 0; i < (*report)->count; i++)
        free((*report)->frames[i].bytes);
    free(*report);
    *report = NULL;
}

/* ---- Curves ---------------------------------------------------------------------------------- */

/* The order of the parts is that of the charts in film_page.c. */
static void add_figures(struct cli_film_report *report, const struct impasto_clip_info *info,
                        int64_t number)
{
    struct cli_point warp = {.step = (int)number}, loss = warp;
    if (!info->begins_scene && info->warp[0].pairs > 0) {
        warp.part[0] = info->warp[0].last;
        warp.part[IMPASTO_CLIP_WARPS] = info->warp[0].last_source;
    }
    /* Those farther apart are compared now and then, and stand until the next time. */
    for (int i = 1; i < IMPASTO_CLIP_WARPS; i++)
        warp.part[i] = info->warp[i].last;
    loss.part[CLI_TOTAL] = info->loss;
    loss.part[CLI_STYLE] = info->style_loss;
    loss.part[CLI_CONTENT] = info->content_loss;
    loss.part[CLI_TV] = info->temporal_loss;
    cli_curves_add(&report->warps, &warp);
    cli_curves_add(&report->losses, &loss);
}

/* ---- Frames ---------------------------------------------------------------------------------- */

static void thin_out(struct cli_film_report *report)
{
    size_t kept = 0;
    for (size_t i = 0; i < report->count; i++)
        if (i % 2 == 0)
            report->frames[kept++] = report->frames[i];
        else
            free(report->frames[i].bytes);
    report->count = kept;
    report->apart *= 2;
}

enum impasto_status cli_film_picture(const struct impasto_frame *frame,
                                     struct impasto_image **picture, struct impasto_error *error)
{
    const size_t row = 3 * (size_t)frame->width;
    const enum impasto_status status =
        impasto_image_create(frame->width, frame->height, picture, error);
    if (status != IMPASTO_OK)
        return status;
    for (size_t y = 0; y < (size_t)frame->height; y++) {
        const void *from = (const char *)frame->pixels + y * frame->stride;
        const unsigned char *bytes = from;
        const uint16_t *shorts = from;
        for (size_t i = 0; i < row; i++)
            (*picture)->rgb[y * row + i] = frame->samples == IMPASTO_SAMPLES_SHORT
                                               ? (float)shorts[i] / 65535
                                               : (float)bytes[i] / 255;
    }
    return IMPASTO_OK;
}

static enum impasto_status add_frame(struct cli_film_report *report, int64_t number,
                                     const struct impasto_frame *frame, double when,
                                     struct impasto_error *error)
{
    struct cli_embedded *embedded = &report->frames[report->count];
    struct impasto_image *image = NULL;
    char time[32];
    enum impasto_status status = cli_film_picture(frame, &image, error);
    if (status != IMPASTO_OK)
        return status;
    *embedded = (struct cli_embedded){.role = "frame"};
    if (when < 60)
        snprintf(time, sizeof(time), "%.2f s", when);
    else
        cli_duration(when, time, sizeof(time));
    snprintf(embedded->label, sizeof(embedded->label), "%" PRId64 " at %.12s", number, time);
    status = cli_embed(embedded, image, error);
    impasto_image_free(&image);
    report->count += status == IMPASTO_OK;
    return status;
}

enum impasto_status cli_film_report_frame(struct cli_film_report *report,
                                          const struct impasto_clip_info *info, int64_t number,
                                          const struct impasto_frame *frame, double when,
                                          struct impasto_error *error)
{
    if (!report)
        return IMPASTO_OK;
    if (info->job)
        add_figures(report, info, number);
    if ((number - 1) % report->apart != 0)
        return IMPASTO_OK;
    if (report->count == SHOWN_MOST)
        thin_out(report);
    return (number - 1) % report->apart == 0 ? add_frame(report, number, frame, when, error)
                                             : IMPASTO_OK;
}

enum impasto_status cli_film_report_write(struct cli_film_report *report,
                                          const struct cli_film *film, enum impasto_status ended,
                                          const char *why, struct impasto_error *error)
{
    if (!report)
        return IMPASTO_OK;
    const struct cli_film_page page = {.film = film,
                                       .shown = {report->frames, report->count},
                                       .warps = &report->warps,
                                       .losses = &report->losses,
                                       .status = ended,
                                       .why = why};
    return cli_write_file(report->path, cli_film_page_write, &page, error);
}
