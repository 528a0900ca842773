/* SPDX-License-Identifier: MIT */
/* Films that a network paints: its settings. */

#include "cli/video/run.h"

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
