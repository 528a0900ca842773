/* SPDX-License-Identifier: MIT */
/* --report: collects what the page needs while the run goes on, as pictures are freed early. */

#include "cli/report/page.h"
#include "cli/report/report.h"

#include <stdlib.h>

struct cli_report {
    const char *path;
    struct cli_embedded *pictures;
    size_t count;
    struct cli_curves curves;
    struct impasto_job_progress first, last;
    struct impasto_train_progress first_step, last_step; /* of a training */
};

enum impasto_status cli_report_open(struct cli_report **report, const char *path,
                                    struct impasto_error *error)
{
    if (!path)
        return IMPASTO_OK;
    *report = calloc(1, sizeof(**report));
    if (!*report)
        return cli_fail_memory(error, "the report");
    (*report)->path = path;
    return IMPASTO_OK;
}

void cli_report_close(struct cli_report **report)
{
    if (!*report)
        return;
    for (size_t i = 0; i < (*report)->count; i++)
        free((*report)->pictures[i].bytes);
    free((*report)->pictures);
    free(*report);
    *report = NULL;
}

/* The sides of a picture once the longer one is at most CLI_PICTURE_SIDE. */
static void shrink(const struct impasto_image *image, int *width, int *height)
{
    const int longer = image->width > image->height ? image->width : image->height;
    const double scale = longer > CLI_PICTURE_SIDE ? (double)CLI_PICTURE_SIDE / longer : 1;
    *width = (int)(image->width * scale + 0.5);
    *height = (int)(image->height * scale + 0.5);
    *width = *width > 0 ? *width : 1;
    *height = *height > 0 ? *height : 1;
}

enum impasto_status cli_embed(struct cli_embedded *embedded, const struct impasto_image *image,
                              struct impasto_error *error)
{
    struct impasto_image *copy = NULL;
    shrink(image, &embedded->width, &embedded->height);
    enum impasto_status status =
        impasto_image_resize(image, embedded->width, embedded->height, &copy, error);
    if (status != IMPASTO_OK)
        return status;
    /* EXIF tells where and with what a photograph was taken: nothing to pass on unasked. */
    const struct impasto_save_options options = {.struct_size = sizeof(options),
                                                 .privacy = IMPASTO_PRIVACY_NONE};
    copy->metadata.exif.size = 0;
    status = impasto_image_encode(copy, "report.jpg", &options, &embedded->bytes, &embedded->size,
                                  error);
    impasto_image_free(&copy);
    return status;
}

enum impasto_status cli_report_picture(struct cli_report *report, const char *role,
                                       const char *path, const struct impasto_image *image,
                                       struct impasto_error *error)
{
    if (!report)
        return IMPASTO_OK;
    struct cli_embedded *pictures =
        realloc(report->pictures, (report->count + 1) * sizeof(*pictures));
    if (!pictures)
        return cli_fail_memory(error, "the report");
    report->pictures = pictures;
    struct cli_embedded embedded = {.role = role, .name = cli_file_name(path)};
    const enum impasto_status status = cli_embed(&embedded, image, error);
    if (status == IMPASTO_OK)
        pictures[report->count++] = embedded;
    return status;
}

void cli_report_progress(struct cli_report *report, const struct impasto_params *params,
                         const struct impasto_job_progress *progress)
{
    if (!report)
        return;
    if (report->curves.stride == 0)
        report->first = *progress;
    report->last = *progress;
    const struct cli_point point = cli_point_of_job(params, progress);
    cli_curves_add(&report->curves, &point);
}

void cli_report_step(struct cli_report *report, const struct cli_training *training,
                     const struct impasto_train_progress *progress)
{
    if (!report)
        return;
    if (report->curves.stride == 0)
        report->first_step = *progress;
    report->last_step = *progress;
    const struct cli_point point = cli_point_of_training(training->params, progress);
    cli_curves_add(&report->curves, &point);
}

enum impasto_status cli_report_write(struct cli_report *report, const struct cli_run *run,
                                     const struct impasto_image *result, int taken,
                                     enum impasto_status ended, const char *why,
                                     struct impasto_error *error)
{
    if (!report)
        return IMPASTO_OK;
    const enum impasto_status status =
        cli_report_picture(report, "result", run->output, result, error);
    if (status != IMPASTO_OK)
        return status;
    const struct cli_page page = {
        .run = run,
        .shown = {report->pictures, report->count},
        .curves = &report->curves,
        .first = report->first,
        .last = report->last,
        .status = ended,
        .why = why,
        .taken = taken,
    };
    return cli_write_file(report->path, cli_page_write, &page, error);
}

enum impasto_status cli_report_training(struct cli_report *report,
                                        const struct cli_training *training,
                                        const struct impasto_image *painting,
                                        enum impasto_status ended, const char *why,
                                        struct impasto_error *error)
{
    enum impasto_status status = IMPASTO_OK;
    if (!report)
        return IMPASTO_OK;
    if (painting)
        status = cli_report_picture(report, "result", training->output, painting, error);
    if (status != IMPASTO_OK)
        return status;
    const struct cli_training_page page = {
        .training = training,
        .shown = {report->pictures, report->count},
        .curves = &report->curves,
        .first = report->first_step,
        .last = report->last_step,
        .status = ended,
        .why = why,
    };
    return cli_write_file(report->path, cli_training_page_write, &page, error);
}
