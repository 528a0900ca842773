/* SPDX-License-Identifier: MIT */
/* The settings of paintings that films take. */

#include "cli/video/run.h"

#include <stddef.h>
#include <string.h>

/* The least longer side of a preview, pixels. */
#define LEAST_SIZE 64

/* A setting of paintings. */
#define SETTING(number, name, operand)                                                             \
    {                                                                                              \
        name, 0, NULL, operand, CLI_PARAM,                                                         \
            .offset = offsetof(struct cli_video_options, given) + (number) * sizeof(const char *)  \
    }

/* clang-format off */
const struct cli_option cli_video_settings[CLI_VIDEO_SETTINGS] = {
    SETTING(0, "size", "N|source"),
    SETTING(1, "iterations", "N"),
    SETTING(2, "first-iterations", "N"),
    SETTING(3, "scales", "N|SIZES|auto"),
    SETTING(4, "style-size", "N|source|auto"),
    SETTING(5, "style-scale", "F"),
    SETTING(6, "content-weight", "F"),
    SETTING(7, "style-weight", "F"),
    SETTING(8, "optimizer", "lbfgs|adam"),
    SETTING(9, "memory", "SIZE"),
};
/* clang-format on */

const char *cli_video_given(const struct cli_video_options *options, const char *name)
{
    for (size_t i = 0; i < CLI_VIDEO_SETTINGS; i++)
        if (strcmp(cli_video_settings[i].name, name) == 0)
            return options->given[i];
    return NULL;
}

enum impasto_status cli_video_read(const struct cli_filming *f, const char *name,
                                   struct impasto_params *params)
{
    for (size_t i = 0; i < CLI_VIDEO_SETTINGS; i++)
        if (strcmp(cli_video_settings[i].name, name) == 0 && f->options->given[i])
            return cli_read(&cli_video_settings[i], f->options->given[i], params, f->error);
    return IMPASTO_OK;
}

/* A quarter of the pixels. A style picture that goes by the result's size is smaller, too, so that
 * strokes are as large beside what they paint. */
static void halve(const struct cli_filming *f, struct impasto_params *params)
{
    const struct imp_film *film = &f->source_film;
    const int longer = film->width > film->height ? film->width : film->height;
    const int size = (params->size == IMPASTO_SIZE_SOURCE ? longer : params->size) / 2;
    params->size = size > LEAST_SIZE ? size : LEAST_SIZE;
}

enum impasto_status cli_video_make_params(const struct cli_filming *f,
                                          struct impasto_params *params)
{
    enum impasto_status status =
        impasto_params_preset(f->weights, f->settings->preset, params, f->error);
    const char *optimizer = cli_video_given(f->options, "optimizer");
    if (status != IMPASTO_OK)
        return status;
    /* Before the others: their defaults depend on it. */
    if (optimizer)
        impasto_params_optimizer(params, strcmp(optimizer, "adam") == 0 ? IMPASTO_OPTIMIZER_ADAM
                                                                        : IMPASTO_OPTIMIZER_LBFGS);
    for (size_t i = 0; i < CLI_VIDEO_SETTINGS && status == IMPASTO_OK; i++)
        if (f->options->given[i])
            status = cli_read(&cli_video_settings[i], f->options->given[i], params, f->error);
    params->colour = (enum impasto_colour)f->options->colour;
    if (f->options->strength >= 0)
        params->strength = f->options->strength;
    if (f->options->preview)
        halve(f, params);
    return status;
}
