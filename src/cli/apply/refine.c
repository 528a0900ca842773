/* SPDX-License-Identifier: MIT */
/* --refine: some iterations of painting's optimiser, begun from what the network has painted. They
 * bring back the detail that a network leaves out, in a fraction of the iterations that a painting
 * from the photograph takes. */

#include "cli/apply/run.h"

#include <stdlib.h>

/* The pictures that a refinement needs, besides content and start. */
struct refining {
    struct impasto_image *image[CLI_LIST_MOST];
    struct impasto_style style[CLI_LIST_MOST];
    size_t count;
    struct impasto_weights *weights;
    struct impasto_job *job;
};

static enum impasto_status load_styles(const struct cli_applying *a, struct refining *refining)
{
    const struct cli_list *styles = &a->options->styles;
    enum impasto_status status = IMPASTO_OK;
    for (int i = 0; i < styles->count && status == IMPASTO_OK; i++) {
        struct cli_spec spec;
        status = cli_spec_read(styles->item[i], true, &spec, a->error);
        if (status == IMPASTO_OK)
            status =
                cli_picture_load(spec.path, a->settings->max_pixels, &refining->image[i], a->error);
        refining->style[i] = (struct impasto_style){.struct_size = sizeof(struct impasto_style),
                                                    .image = refining->image[i],
                                                    .weight = spec.weight};
        refining->count++;
        free(spec.path);
    }
    return status;
}

static void release(struct refining *refining)
{
    impasto_job_close(&refining->job);
    impasto_weights_close(&refining->weights);
    for (size_t i = 0; i < refining->count; i++)
        impasto_image_free(&refining->image[i]);
}

static enum impasto_status open_job(const struct cli_applying *a, struct refining *refining,
                                    const struct impasto_pictures *pictures)
{
    const struct impasto_image *start = pictures->init;
    struct impasto_params params;
    enum impasto_status status = impasto_weights_open(a->settings->weights, IMPASTO_CONVENTION_AUTO,
                                                      &refining->weights, a->error);
    if (status == IMPASTO_OK)
        status = impasto_params_preset(refining->weights, NULL, &params, a->error);
    if (status != IMPASTO_OK)
        return status;
    params.size = start->width > start->height ? start->width : start->height;
    params.scales = 1;
    params.iterations = a->options->refine;
    params.init = IMPASTO_INIT_IMAGE;
    params.colour = (enum impasto_colour)a->options->colour;
    params.memory = a->options->memory;
    return impasto_job_open(a->device, refining->weights, pictures, &params, &refining->job,
                            a->error);
}

static int on_progress(void *user, const struct impasto_job_progress *progress)
{
    struct cli_applying *a = user;
    cli_catch_signals();
    if (a->lock)
        cli_lock_refresh(a->lock);
    cli_console_progress(&a->console, progress);
    return cli_stop_signal() != 0;
}

enum impasto_status cli_apply_refine(struct cli_applying *a, const struct impasto_image *content,
                                     struct impasto_image **result)
{
    struct refining refining = {0};
    struct impasto_image *refined = NULL;
    enum impasto_status status = load_styles(a, &refining);
    const struct impasto_pictures pictures = {.struct_size = sizeof(pictures),
                                              .content = content,
                                              .styles = refining.style,
                                              .style_count = refining.count,
                                              .keep = a->keep,
                                              .init = *result};
    if (status == IMPASTO_OK)
        status = open_job(a, &refining, &pictures);
    if (status == IMPASTO_OK) {
        cli_console_begin(&a->console, impasto_job_info(refining.job));
        status = impasto_job_run(refining.job, on_progress, a, a->error);
    }
    struct impasto_error why = *a->error;
    const bool sound = status == IMPASTO_OK || status == IMPASTO_ERROR_INTERRUPTED;
    if (sound && impasto_job_image(refining.job, &refined, &why) == IMPASTO_OK) {
        impasto_image_free(result);
        *result = refined;
    } else if (status == IMPASTO_OK) {
        status = why.status;
        *a->error = why;
    }
    release(&refining);
    return status;
}
