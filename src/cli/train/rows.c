/* SPDX-License-Identifier: MIT */
/* The options of impasto train. Those of the library's settings have here only how they are given.
 */

#include "cli/train/run.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>

#define OPTION(field) .offset = offsetof(struct cli_train_options, field)
/* The library's setting of that name; number: among those of options->given. */
#define SETTING(number, name, operand)                                                             \
    {                                                                                              \
        name, 0, NULL, operand, CLI_PARAM,                                                         \
            .setting = impasto_train_setting_find,                                                 \
            .offset = offsetof(struct cli_train_options, given) + (number) * sizeof(const char *)  \
    }

/* clang-format off */
static const struct cli_option own[] = {
    {"output", 'o', NULL, "FILE", CLI_TEXT, OPTION(output),
     .help = "the model, for impasto apply (<first style>.model)"},
    {"photos", 0, NULL, "DIR", CLI_TEXT, OPTION(photos),
     .help = "a folder of photographs to learn from; some dozens are plenty (scenes that Impasto "
             "draws)"},
    {"base", 0, NULL, "FILE|none", CLI_TEXT, OPTION(base),
     .help = "the model to start from, which saves most of the time; none: start from nothing (one "
             "that is installed, else none)"},
    {"add", 0, NULL, "FILE", CLI_TEXT, OPTION(add),
     .help = "start from this model and keep its styles as they are: the new ones join them, and "
             "learn only what each style has of its own"},
    {"resume", 0, NULL, "FILE", CLI_TEXT, OPTION(resume),
     .help = "go on with the training in FILE, with its pictures and settings, to the same model as "
             "if it had never been stopped; it goes on saving to FILE"},
    {"half", 0, NULL, NULL, CLI_FLAG, OPTION(half),
     .help = "store the model in half precision, in half the space"},
    {"show", 0, NULL, "FILE", CLI_TEXT, OPTION(show),
     .help = "show in the terminal how the network paints this picture so far; also what "
             "--progress-preview is of"},
};

static const struct cli_option settings[CLI_TRAIN_SETTINGS] = {
    SETTING(0, "steps", "N|auto"),
    SETTING(1, "minutes", "F|none"),
    SETTING(2, "patience", "N"),
    SETTING(3, "width", "8|16|32"),
    SETTING(4, "style-size", "N"),
    SETTING(5, "style-weight", "F|auto"),
    SETTING(6, "content-weight", "F"),
    SETTING(7, "tv-weight", "F"),
    SETTING(8, "range-weight", "F"),
    SETTING(9, "lattice-weight", "F"),
    SETTING(10, "weave-weight", "F|auto"),
    SETTING(11, "noise", "F|auto"),
    SETTING(12, "steady-weight", "F"),
    SETTING(13, "steady-features", "F"),
    SETTING(14, "identity", NULL),
    SETTING(15, "batch", "N"),
    SETTING(16, "crop", "N"),
    SETTING(17, "late-batch", "N"),
    SETTING(18, "late-crop", "N"),
    SETTING(19, "late-share", "F"),
    SETTING(20, "learning-rate", "F|auto"),
    SETTING(21, "late-rate", "F"),
    SETTING(22, "norm-rate", "F|auto"),
    SETTING(23, "ramp", "N"),
    SETTING(24, "clip", "F"),
    SETTING(25, "average", "F"),
    SETTING(26, "judge-every", "N"),
    SETTING(27, "judge-size", "N"),
    SETTING(28, "seed", "N"),
    SETTING(29, "memory", "SIZE"),
    SETTING(30, "photo-memory", "SIZE"),
    SETTING(31, "reproducible", NULL),
};

const struct cli_option *const cli_train_rows[] = {
    &own[0], &own[1], &own[2], &own[3], &own[4], &own[5], &own[6],
    &settings[0], &settings[1], &settings[2], &settings[3], &settings[4], &settings[5],
    &settings[6], &settings[7], &settings[8], &settings[9], &settings[10], &settings[11],
    &settings[12], &settings[13], &settings[14], &settings[15], &settings[16], &settings[17],
    &settings[18], &settings[19], &settings[20], &settings[21], &settings[22], &settings[23],
    &settings[24], &settings[25], &settings[26], &settings[27], &settings[28], &settings[29],
    &settings[30], &settings[31], NULL,
};
/* clang-format on */

/* The setting's text as it was given; NULL: it was not. */
static const char *given(const struct cli_train_options *options, const char *name)
{
    for (size_t i = 0; i < CLI_TRAIN_SETTINGS; i++)
        if (strcmp(settings[i].name, name) == 0)
            return options->given[i];
    return NULL;
}

enum impasto_status cli_train_check_idle(const struct cli_train_options *options,
                                         const struct impasto_train_params *params,
                                         const char *base, bool found, struct impasto_error *error)
{
    /* The width says which base is looked for. */
    const char *idle = given(options, "width") && !found ? "width"
                       : given(options, "ramp")          ? "ramp"
                                                         : NULL;
    if (base && idle)
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "--%s: is for a network that begins from nothing, and this one begins from "
                        "%s; leave it out, or give --base none",
                        idle, base);
    if (given(options, "steady-features") && !(params->steady_weight > 0))
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "--steady-features: does nothing without --steady-weight; give that, too, "
                        "or leave it out");
    if (given(options, "steps") && given(options, "minutes") &&
        params->steps != IMPASTO_TRAIN_AUTO && params->minutes > 0)
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "--steps and --minutes both say how long it takes; leave out one");
    return IMPASTO_OK;
}

/* A training of no minutes is none; the setting's 0 is for "none" alone. */
static enum impasto_status check_minutes(const struct cli_train_options *options,
                                         const struct impasto_train_params *params,
                                         struct impasto_error *error)
{
    const char *text = given(options, "minutes");
    return text && !(params->minutes > 0) && strcmp(text, "none") != 0
               ? cli_fail(
                     error, IMPASTO_ERROR_USAGE,
                     "--minutes: '%s' is no time to train in; give a number above 0, or 'none'",
                     text)
               : IMPASTO_OK;
}

enum impasto_status cli_train_override(const struct cli_train_options *options,
                                       struct impasto_train_params *params,
                                       struct impasto_error *error)
{
    enum impasto_status status = IMPASTO_OK;
    for (size_t i = 0; i < CLI_TRAIN_SETTINGS && status == IMPASTO_OK; i++)
        if (options->given[i])
            status = cli_read(&settings[i], options->given[i], params, error);
    return status == IMPASTO_OK ? check_minutes(options, params, error) : status;
}

void cli_train_list_given(const struct cli_train_options *options, struct cli_train_given *given)
{
    memset(given, 0, sizeof(*given)); /* all bytes of it are sent */
    for (size_t i = 0; i < CLI_TRAIN_SETTINGS; i++)
        if (options->given[i])
            snprintf(given->text[i], sizeof(given->text[i]), "=%s", options->given[i]);
}

enum impasto_status cli_train_compare_given(const struct cli_train_options *options,
                                            const struct cli_train_given *first,
                                            struct impasto_error *error)
{
    struct cli_train_given mine;
    cli_train_list_given(options, &mine);
    for (size_t i = 0; i < CLI_TRAIN_SETTINGS; i++)
        if (strcmp(mine.text[i], first->text[i]) != 0)
            return cli_fail(error, IMPASTO_ERROR_USAGE,
                            "was given another --%s than rank 0; start all ranks alike",
                            settings[i].name);
    return IMPASTO_OK;
}
