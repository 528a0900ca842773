/* SPDX-License-Identifier: MIT */
/* --refine: some iterations of painting's optimiser, begun from what the network has painted. They
 * bring back the detail that a network leaves out, in a fraction of the iterations that a painting
 * from the photograph takes. */

#include "cli/apply/run.h"

#include <stdlib.h>
#include <string.h>

/* ---- Towards what ---------------------------------------------------------------------------- */

static enum impasto_status load_style(struct cli_applying *a, const char *word)
{
    struct cli_refining *refining = &a->refining;
    struct impasto_image **image = &refining->image[refining->count];
    struct cli_spec spec;
    enum impasto_status status = cli_spec_read(word, true, &spec, a->error);
    if (status == IMPASTO_OK)
        status = cli_picture_load(spec.path, a->settings->max_pixels, image, a->error);
    refining->style[refining->count++] = (struct impasto_style){
        .struct_size = sizeof(struct impasto_style), .image = *image, .weight = spec.weight};
    free(spec.path);
    return status;
}

enum impasto_status cli_refine_open(struct cli_applying *a)
{
    const struct cli_list *styles = &a->options->styles;
    enum impasto_status status = IMPASTO_OK;
    if (a->options->refine == 0)
        return IMPASTO_OK;
    for (int i = 0; i < styles->count && status == IMPASTO_OK; i++)
        status = load_style(a, styles->item[i]);
    if (status == IMPASTO_OK)
        status = cli_areas_weigh(a);
    return status == IMPASTO_OK
               ? impasto_weights_open(a->settings->weights, IMPASTO_CONVENTION_AUTO,
                                      &a->refining.weights, a->error)
               : status;
}

static void drop_styles(struct cli_refining *refining)
{
    for (size_t i = 0; i < refining->count; i++)
        impasto_image_free(&refining->image[i]);
}

void cli_refine_close(struct cli_refining *refining)
{
    impasto_weights_close(&refining->weights);
    drop_styles(refining);
}

/* ---- The way --------------------------------------------------------------------------------- */

/* Where there are regions, areas have their masks. */
static enum impasto_status open_job(struct cli_applying *a, const struct impasto_image *content,
                                    const struct impasto_image *start,
                                    const struct cli_areas *areas)
{
    const bool parts = areas->count > 0;
    const struct impasto_pictures pictures = {
        .struct_size = sizeof(pictures),
        .content = content,
        .styles = parts ? areas->style : a->refining.style,
        .style_count = parts ? areas->style_count : a->refining.count,
        .regions = parts ? areas->region : NULL,
        .region_count = areas->count,
        .keep = a->keep,
        .init = start,
    };
    struct impasto_params params;
    const enum impasto_status status =
        impasto_params_preset(a->refining.weights, NULL, &params, a->error);
    if (status != IMPASTO_OK)
        return status;
    params.size = start->width > start->height ? start->width : start->height;
    params.scales = 1;
    if (a->refining.kept)
        params.style_size = IMPASTO_SIZE_SOURCE;
    params.style_weight *= a->options->strength * areas->share;
    params.iterations = a->options->refine;
    params.init = IMPASTO_INIT_IMAGE;
    params.colour = (enum impasto_colour)a->options->colour;
    params.memory = a->options->memory;
    return impasto_job_open(a->device, a->refining.weights, &pictures, &params, &a->refining.job,
                            a->error);
}

static enum impasto_status open_parts(struct cli_applying *a, const struct impasto_image *content,
                                      const struct impasto_image *start)
{
    struct cli_areas areas = {0};
    enum impasto_status status = cli_areas_open(a, start, &areas);
    if (status == IMPASTO_OK)
        status = open_job(a, content, start, &areas);
    cli_areas_close(&areas);
    return status;
}

/* A picture that is only looked at may be missing. */
static void show(struct cli_applying *a)
{
    struct impasto_image *picture = NULL;
    struct impasto_error why;
    if (!cli_console_wants_picture(&a->console))
        return;
    if (impasto_job_image(a->refining.job, &picture, &why) == IMPASTO_OK)
        cli_console_picture(&a->console, picture, a->refining.taken);
    impasto_image_free(&picture);
}

static int on_progress(void *user, const struct impasto_job_progress *progress)
{
    struct cli_applying *a = user;
    a->refining.taken = progress->head.step + !progress->head.done;
    cli_catch_signals();
    if (a->lock)
        cli_lock_refresh(a->lock);
    cli_console_progress(&a->console, progress);
    if (!progress->head.done)
        show(a);
    return cli_stop_signal() != 0;
}

/* The job's picture takes the network's place. */
static enum impasto_status take_picture(const struct cli_applying *a, struct impasto_image **result,
                                        struct impasto_error *error)
{
    struct impasto_image *refined = NULL;
    const enum impasto_status status = impasto_job_image(a->refining.job, &refined, error);
    if (status != IMPASTO_OK)
        return status;
    impasto_image_free(result);
    *result = refined;
    return IMPASTO_OK;
}

enum impasto_status cli_refine(struct cli_applying *a, struct impasto_image **content,
                               struct impasto_image **result)
{
    struct impasto_error why = {0};
    a->refining.taken = 0;
    enum impasto_status status = open_parts(a, *content, *result);
    impasto_image_free(content);
    if (!a->lock) { /* no other picture will need them */
        drop_styles(&a->refining);
        impasto_weights_close(&a->refining.weights);
    }
    if (status == IMPASTO_OK) {
        cli_console_begin(&a->console, impasto_job_info(a->refining.job));
        status = impasto_job_run(a->refining.job, on_progress, a, a->error);
    }
    const bool sound = status == IMPASTO_OK || status == IMPASTO_ERROR_INTERRUPTED;
    const enum impasto_status taken = sound ? take_picture(a, result, &why) : status;
    if (taken != IMPASTO_OK)
        a->refining.taken = 0; /* what there is is the network's */
    if (status == IMPASTO_OK && taken != IMPASTO_OK) {
        status = taken;
        *a->error = why;
    }
    impasto_job_close(&a->refining.job);
    return status;
}
