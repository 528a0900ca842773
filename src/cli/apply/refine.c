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

/* Writes the names of the styles of a mix that a picture shows: of the identity there is none.
 * Returns how many there are. shown: their indices. */
static size_t list_shown(const struct cli_applying *a, size_t *shown, char *names, size_t size)
{
    const struct impasto_model_info *info = impasto_model_info(a->model);
    size_t count = 0;
    names[0] = 0;
    for (size_t i = 0; i < a->mix.count; i++) {
        const size_t style = a->mix.named[i];
        if (!(a->mix.weight[style] > 0) || (int)style == info->identity)
            continue;
        strncat(names, count ? ", " : "", size - strlen(names) - 1);
        strncat(names, info->styles[style], size - strlen(names) - 1);
        shown[count++] = style;
    }
    return count;
}

/* The style pictures weigh as much as their styles do in the mix. */
static enum impasto_status weigh_styles(struct cli_applying *a)
{
    struct cli_refining *refining = &a->refining;
    char names[400];
    size_t *shown = calloc(a->mix.count + 1, sizeof(*shown));
    if (!shown)
        return cli_fail_memory(a->error, "the mix");
    const size_t count = list_shown(a, shown, names, sizeof(names));
    const bool fits = count < 2 || count == refining->count;
    for (size_t i = 0; count > 1 && fits && i < count; i++)
        refining->style[i].weight *= a->mix.weight[shown[i]];
    free(shown);
    return fits
               ? IMPASTO_OK
               : cli_fail(a->error, IMPASTO_ERROR_USAGE,
                          "--refine: the mix has %zu styles, and --style names %zu; name a picture "
                          "of each, in this order: %s",
                          count, refining->count, names);
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
        status = weigh_styles(a);
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

static enum impasto_status open_job(const struct cli_applying *a,
                                    const struct impasto_image *content,
                                    const struct impasto_image *start, struct impasto_job **job)
{
    const struct impasto_pictures pictures = {.struct_size = sizeof(pictures),
                                              .content = content,
                                              .styles = a->refining.style,
                                              .style_count = a->refining.count,
                                              .keep = a->keep,
                                              .init = start};
    struct impasto_params params;
    const enum impasto_status status =
        impasto_params_preset(a->refining.weights, NULL, &params, a->error);
    if (status != IMPASTO_OK)
        return status;
    params.size = start->width > start->height ? start->width : start->height;
    params.scales = 1;
    params.iterations = a->options->refine;
    params.init = IMPASTO_INIT_IMAGE;
    params.colour = (enum impasto_colour)a->options->colour;
    params.memory = a->options->memory;
    return impasto_job_open(a->device, a->refining.weights, &pictures, &params, job, a->error);
}

static int on_progress(void *user, const struct impasto_job_progress *progress)
{
    struct cli_applying *a = user;
    a->refining.taken = progress->head.step + !progress->head.done;
    cli_catch_signals();
    if (a->lock)
        cli_lock_refresh(a->lock);
    cli_console_progress(&a->console, progress);
    return cli_stop_signal() != 0;
}

/* The job's picture takes the network's place. */
static enum impasto_status take_picture(struct impasto_job *job, struct impasto_image **result,
                                        struct impasto_error *error)
{
    struct impasto_image *refined = NULL;
    const enum impasto_status status = impasto_job_image(job, &refined, error);
    if (status != IMPASTO_OK)
        return status;
    impasto_image_free(result);
    *result = refined;
    return IMPASTO_OK;
}

enum impasto_status cli_refine(struct cli_applying *a, struct impasto_image **content,
                               struct impasto_image **result)
{
    struct impasto_job *job = NULL;
    struct impasto_error why = {0};
    a->refining.taken = 0;
    enum impasto_status status = open_job(a, *content, *result, &job);
    impasto_image_free(content);
    if (!a->lock) { /* no other picture will need them */
        drop_styles(&a->refining);
        impasto_weights_close(&a->refining.weights);
    }
    if (status == IMPASTO_OK) {
        cli_console_begin(&a->console, impasto_job_info(job));
        status = impasto_job_run(job, on_progress, a, a->error);
    }
    const bool sound = status == IMPASTO_OK || status == IMPASTO_ERROR_INTERRUPTED;
    const enum impasto_status taken = sound ? take_picture(job, result, &why) : status;
    if (taken != IMPASTO_OK)
        a->refining.taken = 0; /* what there is is the network's */
    if (status == IMPASTO_OK && taken != IMPASTO_OK) {
        status = taken;
        *a->error = why;
    }
    impasto_job_close(&job);
    return status;
}
