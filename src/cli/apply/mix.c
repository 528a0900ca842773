/* SPDX-License-Identifier: MIT */
/* Mixtures of a model's styles, as they are written. */

#include "cli/apply/apply.h"
#include "cli/model/model.h"

#include <stdlib.h>
#include <string.h>

static enum impasto_status unknown(const char *name, const struct impasto_model_info *info,
                                   struct impasto_error *error)
{
    char advice[600];
    cli_model_advise(info, name, advice, sizeof(advice));
    return cli_fail(error, IMPASTO_ERROR_USAGE, "--mix: %s has no style '%s'; %s", info->source,
                    name, advice);
}

static enum impasto_status make(const struct impasto_model *model, struct cli_mix *mix,
                                struct impasto_error *error)
{
    const size_t styles = impasto_model_info(model)->style_count;
    mix->weight = calloc(styles, sizeof(*mix->weight));
    mix->named = calloc(styles, sizeof(*mix->named));
    return mix->weight && mix->named ? IMPASTO_OK : cli_fail_memory(error, "the mix");
}

static void add(struct cli_mix *mix, size_t style, float weight)
{
    size_t at = 0;
    while (at < mix->count && mix->named[at] != style)
        at++;
    if (at == mix->count)
        mix->named[mix->count++] = style;
    mix->weight[style] += weight;
}

/* A style and its weight, as one word. */
static enum impasto_status read_part(char *part, const struct impasto_model *model,
                                     struct cli_mix *mix, struct impasto_error *error)
{
    static const struct cli_option number = {
        .name = "mix", .operand = "STYLE:F,...", .type = CLI_FLOAT, .low = 0, .high = 1e6};
    float weight = 1;
    char *colon = strrchr(part, ':');
    int style = impasto_model_style(model, part);
    if (style < 0 && colon) {
        *colon = 0;
        style = impasto_model_style(model, part);
        const enum impasto_status status = cli_read(&number, colon + 1, &weight, error);
        if (style >= 0 && status != IMPASTO_OK)
            return status;
    }
    if (style < 0)
        return unknown(part, impasto_model_info(model), error);
    add(mix, (size_t)style, weight);
    return IMPASTO_OK;
}

enum impasto_status cli_mix_read(const char *text, const struct impasto_model *model,
                                 struct cli_mix *mix, struct impasto_error *error)
{
    char *copy = strdup(text), *rest = copy;
    enum impasto_status status = copy ? make(model, mix, error) : cli_fail_memory(error, "the mix");
    while (status == IMPASTO_OK && rest) {
        char *comma = strchr(rest, ',');
        char *part = rest;
        rest = comma ? comma + 1 : NULL;
        if (comma)
            *comma = 0;
        status = read_part(part, model, mix, error);
    }
    free(copy);
    return status;
}

enum impasto_status cli_mix_of_one(size_t style, const struct impasto_model *model,
                                   struct cli_mix *mix, struct impasto_error *error)
{
    const enum impasto_status status = make(model, mix, error);
    if (status == IMPASTO_OK)
        add(mix, style, 1);
    return status;
}

void cli_mix_free(struct cli_mix *mix)
{
    free(mix->weight);
    free(mix->named);
    *mix = (struct cli_mix){0};
}
