/* SPDX-License-Identifier: MIT */
/* Takes options and pictures into the settings, from the command line and from files of settings.
 */

#include "cli/options/table.h"

#include <string.h>

/* Where an option's value goes. */
struct target {
    void *members; /* the struct that its offset is in */
    int *giver;
    const char **text; /* as given; NULL: of a command's own option */
};

static struct target target_of(struct cli_settings *settings, const struct cli_option *option)
{
    struct cli_call *call = settings->call;
    for (size_t i = 0; call && call->command->rows && call->command->rows[i]; i++)
        if (call->command->rows[i] == option)
            return (struct target){call->options, &call->givers[i], NULL};
    const ptrdiff_t at = option - cli_options;
    return (struct target){settings, &settings->givers[at], &settings->values[at]};
}

enum impasto_status cli_give(struct cli_settings *settings, const struct cli_option *option,
                             const char *value, struct impasto_error *error)
{
    const struct target target = target_of(settings, option);
    const bool param = option->type == CLI_PARAM;
    if (option->type == CLI_LIST && *target.giver != settings->giver)
        cli_take_back(settings, option);
    /* Parameters come over those of the preset: cli_override. A command does that itself. */
    const enum impasto_status status =
        cli_read(option, value, param ? NULL : target.members, error);
    if (status != IMPASTO_OK)
        return status;
    if (!target.text && param)
        memcpy((char *)target.members + option->offset, &value, sizeof(value));
    if (target.text)
        *target.text = value;
    *target.giver = settings->giver;
    return IMPASTO_OK;
}

enum impasto_status cli_give_style(struct cli_settings *settings, const char *word,
                                   struct impasto_error *error)
{
    if (settings->style_giver != settings->giver)
        settings->styles.count = 0;
    if (settings->styles.count == CLI_LIST_MOST)
        return cli_fail(error, IMPASTO_ERROR_USAGE, "'%s': more than %d style pictures", word,
                        CLI_LIST_MOST);
    settings->styles.item[settings->styles.count++] = word;
    settings->style_giver = settings->giver;
    return IMPASTO_OK;
}

void cli_take_back(struct cli_settings *settings, const struct cli_option *option)
{
    const struct target target = target_of(settings, option);
    void *value = (char *)target.members + option->offset;
    if (option->type == CLI_LIST)
        ((struct cli_list *)value)->count = 0;
    else if (option->type == CLI_FLAG)
        *(bool *)value = false;
    if (target.text)
        *target.text = NULL;
    *target.giver = settings->giver;
}

int cli_giver_of(const struct cli_settings *settings, const struct cli_option *option)
{
    return *target_of((struct cli_settings *)settings, option).giver;
}
