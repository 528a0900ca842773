/* SPDX-License-Identifier: MIT */
/* What changes while frames are painted: by keys, and by lines from a pipe. */

#include "cli/live/run.h"
#include "cli/model/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What `smooth` is below. */
#define SMOOTHEST 0.999

#define STRENGTH_STEP 0.1F

/* ---- Changes --------------------------------------------------------------------------------- */

/* Takes the mix over. */
static void take_mix(struct cli_living *l, struct cli_mix *mix)
{
    struct cli_wish *wish = &l->wish;
    imp_os_lock(&wish->lock);
    cli_mix_free(&wish->mix);
    wish->mix = *mix;
    wish->params.mix = mix->weight;
    wish->params.mix_count = mix->weight ? impasto_model_info(l->model)->style_count : 0;
    wish->changed = true;
    imp_os_unlock(&wish->lock);
}

static enum impasto_status set_mix(struct cli_living *l, const char *text,
                                   struct impasto_error *error)
{
    struct cli_mix mix = {0};
    const enum impasto_status status = cli_mix_read(text, l->model, &mix, error);
    float sum = 0;
    for (size_t i = 0; status == IMPASTO_OK && i < impasto_model_info(l->model)->style_count; i++)
        sum += mix.weight[i];
    if (status == IMPASTO_OK && sum > 0) {
        take_mix(l, &mix);
        return IMPASTO_OK;
    }
    cli_mix_free(&mix);
    return status != IMPASTO_OK ? status
                                : cli_fail(error, IMPASTO_ERROR_USAGE,
                                           "--mix: no style of the mix has a weight above 0");
}

static enum impasto_status set_one(struct cli_living *l, size_t style, struct impasto_error *error)
{
    struct cli_mix mix = {0};
    const enum impasto_status status = cli_mix_of_one(style, l->model, &mix, error);
    l->wish.style = style;
    if (status == IMPASTO_OK)
        take_mix(l, &mix);
    else
        cli_mix_free(&mix);
    return status;
}

static enum impasto_status set_strength(struct cli_living *l, float strength,
                                        struct impasto_error *error)
{
    const struct impasto_model_info *info = impasto_model_info(l->model);
    if (strength != 1 && info->identity < 0)
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "--strength: %s has no identity to mix with, so it stays at 1",
                        info->source);
    imp_os_lock(&l->wish.lock);
    l->wish.params.strength = strength;
    l->wish.changed = true;
    imp_os_unlock(&l->wish.lock);
    return IMPASTO_OK;
}

/* at: of the wish's parameters. */
static void set_number(struct cli_living *l, float *at, float number)
{
    imp_os_lock(&l->wish.lock);
    *at = number;
    l->wish.changed = true;
    imp_os_unlock(&l->wish.lock);
}

enum impasto_status cli_wish_begin(struct cli_living *l, int style)
{
    const struct cli_live_options *options = l->options;
    l->wish.params = impasto_apply_defaults();
    l->wish.params.colour = (enum impasto_colour)options->colour;
    set_number(l, &l->wish.params.steady, options->steady);
    set_number(l, &l->wish.params.smooth, options->smooth);
    const enum impasto_status status = set_strength(l, options->strength, l->error);
    if (status != IMPASTO_OK)
        return status;
    if (options->mix)
        return set_mix(l, options->mix, l->error);
    return style < 0 ? IMPASTO_OK : set_one(l, (size_t)style, l->error);
}

enum impasto_status cli_wish_grant(struct cli_living *l, struct impasto_error *error)
{
    struct cli_wish *wish = &l->wish;
    enum impasto_status status = IMPASTO_OK;
    imp_os_lock(&wish->lock);
    if (wish->changed)
        status = impasto_applier_change(l->applier, &wish->params, error);
    wish->changed = false;
    imp_os_unlock(&wish->lock);
    return status;
}

/* ---- Lines ----------------------------------------------------------------------------------- */

/* A number behind the word, as the option of that name takes it. */
static enum impasto_status read_number(const char *name, const char *text, double high,
                                       float *number, struct impasto_error *error)
{
    const struct cli_option row = {
        .name = name, .operand = "F", .type = CLI_FLOAT, .low = 0, .high = high};
    return cli_read(&row, text, number, error);
}

static enum impasto_status obey(struct cli_living *l, const char *word, const char *text,
                                struct impasto_error *error)
{
    float number = 0;
    enum impasto_status status = IMPASTO_OK;
    if (strcmp(word, "quit") == 0) {
        l->left = true;
    } else if (strcmp(word, "mix") == 0) {
        status = set_mix(l, text, error);
    } else if (strcmp(word, "strength") == 0) {
        status = read_number(word, text, 2, &number, error);
        if (status == IMPASTO_OK)
            status = set_strength(l, number, error);
    } else if (strcmp(word, "steady") == 0) {
        status = read_number(word, text, 1, &number, error);
        if (status == IMPASTO_OK)
            set_number(l, &l->wish.params.steady, number);
    } else if (strcmp(word, "smooth") == 0) {
        status = read_number(word, text, SMOOTHEST, &number, error);
        if (status == IMPASTO_OK)
            set_number(l, &l->wish.params.smooth, number);
    } else {
        status = cli_fail(error, IMPASTO_ERROR_USAGE,
                          "'%.40s' is no command; there are strength, mix, steady, smooth and quit",
                          word);
    }
    return status;
}

void cli_wish_line(struct cli_living *l, const char *line)
{
    char copy[sizeof(l->control.line)], told[sizeof(l->error->message) + 64];
    struct impasto_error error;
    snprintf(copy, sizeof(copy), "%s", line);
    copy[strcspn(copy, "\r")] = 0;
    char *word = copy + strspn(copy, " \t"), *text = word + strcspn(word, " \t");
    if (word[0] == 0 || word[0] == '#')
        return;
    if (*text)
        *text++ = 0;
    text += strspn(text, " \t");
    text[strcspn(text, " \t")] = 0;
    if (obey(l, word, text, &error) == IMPASTO_OK)
        return;
    snprintf(told, sizeof(told), "--control: %s", error.message);
    cli_live_log(l, IMPASTO_LOG_WARNING, told);
}

/* ---- Keys ------------------------------------------------------------------------------------ */

/* The style after or before the one at hand, but for the identity. */
static enum impasto_status turn_style(struct cli_living *l, bool back, struct impasto_error *error)
{
    const struct impasto_model_info *info = impasto_model_info(l->model);
    const size_t count = info->style_count;
    size_t style = l->wish.style;
    do
        style = (style + (back ? count - 1 : 1)) % count;
    while ((int)style == info->identity && count > 1);
    return set_one(l, style, error);
}

void cli_wish_key(struct cli_living *l, int key)
{
    const float now = l->wish.params.strength;
    struct impasto_error error;
    enum impasto_status status = IMPASTO_OK;
    switch (key) {
    case '+':
        status = set_strength(l, fminf(now + STRENGTH_STEP, 2), &error);
        break;
    case '-':
        status = set_strength(l, fmaxf(now - STRENGTH_STEP, 0), &error);
        break;
    case '>':
    case '<':
        status = turn_style(l, key == '<', &error);
        break;
    case 'q':
        l->left = true;
        break;
    default:
        break;
    }
    if (status != IMPASTO_OK)
        cli_live_log(l, IMPASTO_LOG_WARNING, error.message);
}
