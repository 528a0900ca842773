/* SPDX-License-Identifier: MIT */
/* Films that are painted in the style of pictures: weights, pictures, settings. */

#include "cli/files/files.h"
#include "cli/video/run.h"

#include <stdlib.h>

/* ---- Opening --------------------------------------------------------------------------------- */

/* A signal ends the frame at hand, which may take minutes. */
static int on_progress(void *user, const struct impasto_job_progress *progress)
{
    struct cli_filming *f = user;
    f->frame_share =
        progress->head.steps > 0 ? (double)progress->head.step / (double)progress->head.steps : 0;
    cli_catch_signals();
    cli_video_tell(f, false);
    return cli_stop_signal() != 0;
}

static enum impasto_status load_style(struct cli_filming *f, const char *word)
{
    struct impasto_image **image = &f->image[f->styles];
    struct cli_spec spec;
    enum impasto_status status = cli_spec_read(word, true, &spec, f->error);
    if (status != IMPASTO_OK)
        return status;
    status = cli_picture_load(spec.path, f->settings->max_pixels, image, f->error);
    f->style[f->styles++] = (struct impasto_style){
        .struct_size = sizeof(struct impasto_style), .image = *image, .weight = spec.weight};
    free(spec.path);
    return status;
}

bool cli_video_is_painting(const struct cli_filming *f)
{
    return f->styles > 0;
}

enum impasto_status cli_video_load_styles(struct cli_filming *f, const char *const *words,
                                          size_t count)
{
    enum impasto_status status = IMPASTO_OK;
    if (count > CLI_LIST_MOST)
        return cli_fail(f->error, IMPASTO_ERROR_USAGE, "video: %zu style pictures; at most %d",
                        count, CLI_LIST_MOST);
    for (size_t i = 0; i < count && status == IMPASTO_OK; i++)
        status = load_style(f, words[i]);
    return status == IMPASTO_OK
               ? impasto_weights_open(f->settings->weights, IMPASTO_CONVENTION_AUTO, &f->weights,
                                      f->error)
               : status;
}

static struct impasto_clip_params film_of(struct cli_filming *f)
{
    const struct cli_video_options *options = f->options;
    struct impasto_clip_params film =
        impasto_clip_defaults(f->source_film.width, f->source_film.height);
    /* Frames of a preview have nothing to do with each other. */
    film.consistency = options->preview ? IMPASTO_CONSISTENCY_NONE
                                        : (enum impasto_consistency)options->consistency;
    film.temporal_weight = options->temporal_weight;
    film.iterations = options->frame_iterations;
    film.measure = !options->preview;
    return film;
}

static enum impasto_status open_clip(struct cli_filming *f, struct impasto_device *device,
                                     const struct impasto_params *params,
                                     const struct impasto_clip_params *film,
                                     struct impasto_clip **clip)
{
    const struct impasto_pictures pictures = {
        .struct_size = sizeof(pictures), .styles = f->style, .style_count = f->styles};
    return impasto_clip_open_painting(device, f->weights, &pictures, params, film, clip, f->error);
}

enum impasto_status cli_video_open_clip(struct cli_filming *f, struct impasto_device *device,
                                        impasto_job_progress_fn progress, void *user,
                                        struct impasto_clip **clip)
{
    struct impasto_clip_params film = film_of(f);
    struct impasto_params params;
    const enum impasto_status status = cli_video_make_params(f, &params);
    film.progress = progress;
    film.user = user;
    return status == IMPASTO_OK ? open_clip(f, device, &params, &film, clip) : status;
}

enum impasto_status cli_video_open_painting(struct cli_filming *f)
{
    return cli_video_open_clip(f, f->device, on_progress, f, &f->clip);
}

enum impasto_status cli_video_open_scout(struct cli_filming *f, struct impasto_device *device,
                                         struct impasto_clip **scout)
{
    const struct impasto_clip_params film = film_of(f);
    struct impasto_params params;
    const enum impasto_status status = cli_video_make_params(f, &params);
    return status == IMPASTO_OK ? impasto_clip_open_scout(device, &params, &film, scout, f->error)
                                : status;
}

enum impasto_status cli_video_open_trial(struct cli_filming *f, int iterations,
                                         impasto_job_progress_fn progress, void *user, int *each)
{
    struct impasto_clip_params film = film_of(f);
    struct impasto_params params;
    const enum impasto_status status = cli_video_make_params(f, &params);
    if (status != IMPASTO_OK)
        return status;
    *each = film.iterations >= 0 ? film.iterations : (params.iterations + 2) / 3;
    params.scales = 1;
    params.scale_sizes[0] = 0;
    params.iterations = film.iterations = iterations;
    film.progress = progress;
    film.user = user;
    return open_clip(f, f->device, &params, &film, &f->clip);
}

void cli_video_close_painting(struct cli_filming *f)
{
    impasto_weights_close(&f->weights);
    for (size_t i = 0; i < f->styles; i++)
        impasto_image_free(&f->image[i]);
}

const struct impasto_clip_info *cli_video_info(const struct cli_filming *f)
{
    return f->figures ? f->figures : impasto_clip_info(f->clip);
}
