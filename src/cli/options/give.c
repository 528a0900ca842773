/* SPDX-License-Identifier: MIT */
/* Takes options and pictures into the settings, from the command line and from files of settings.
 */

#include "cli/options/table.h"

enum impasto_status cli_give(struct cli_settings *settings, const struct cli_option *option,
                             const char *value, struct impasto_error *error)
{
    if (option->type == CLI_LIST && settings->givers[option - cli_options] != settings->giver)
        cli_take_back(settings, option);
    /* Parameters come over those of the preset: cli_override. */
    const enum impasto_status status =
        cli_read(option, value, option->type == CLI_PARAM ? NULL : settings, error);
    if (status != IMPASTO_OK)
        return status;
    settings->values[option - cli_options] = value;
    settings->givers[option - cli_options] = settings->giver;
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
    void *target = (char *)settings + option->offset;
    if (option->type == CLI_LIST)
        ((struct cli_list *)target)->count = 0;
    else if (option->type == CLI_FLAG)
        *(bool *)target = false;
    settings->values[option - cli_options] = NULL;
    settings->givers[option - cli_options] = settings->giver;
}
