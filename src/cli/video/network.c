/* SPDX-License-Identifier: MIT */
/* What paints a film: a network and its settings, or pictures. */

#include "cli/model/model.h"
#include "cli/video/run.h"

/* style: the one that the model was named by; -1: none. */
static enum impasto_status read_mix(struct cli_filming *f, int style)
{
    if (f->options->mix)
        return cli_mix_read(f->options->mix, f->model, &f->mix, f->error);
    return style < 0 ? IMPASTO_OK : cli_mix_of_one((size_t)style, f->model, &f->mix, f->error);
}

enum impasto_status cli_video_load_painter(struct cli_filming *f)
{
    int style = -1;
    if (!f->options->model)
        return cli_video_load_styles(f, f->style_words, f->style_word_count);
    const enum impasto_status status =
        cli_model_open(f->options->model, &f->model, &style, f->error);
    return status == IMPASTO_OK ? read_mix(f, style) : status;
}

enum impasto_status cli_video_open_network(struct cli_filming *f, struct impasto_device *device,
                                           struct impasto_clip **clip)
{
    const struct impasto_clip_params film =
        impasto_clip_defaults(f->source_film.width, f->source_film.height);
    struct impasto_apply_params params = impasto_apply_defaults();
    struct impasto_params read = {.size = IMPASTO_SIZE_SOURCE};
    enum impasto_status status = cli_video_read(f, "size", &read); /* as of a painting */
    if (status == IMPASTO_OK)
        status = cli_video_read(f, "memory", &read);
    if (status != IMPASTO_OK)
        return status;
    params.size = read.size;
    params.memory = read.memory;
    params.stroke = f->options->stroke;
    params.steady = f->options->steady;
    params.smooth = f->options->smooth;
    params.mix = f->mix.weight;
    params.mix_count = f->mix.weight ? impasto_model_info(f->model)->style_count : 0;
    if (f->options->strength >= 0)
        params.strength = f->options->strength;
    params.colour = (enum impasto_colour)f->options->colour;
    return impasto_clip_open_network(device, f->model, &params, &film, clip, f->error);
}
