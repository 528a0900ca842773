/* SPDX-License-Identifier: MIT */
/* --help, made from the option table and manual.c. */

#include "base/os.h"
#include "cli/options/table.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define FACTS_COLUMN 19 /* where explanations begin below the options */

static const char intro[] =
    "Usage: impasto CONTENT STYLE [-o OUT] [options]\n"
    "Paints the content picture in the style of the style picture, on any OpenCL device.\n"
    "\n"
    "    impasto photo.jpg painting.jpg\n"
    "    impasto photo.jpg painting.jpg -o out.png --preset quick --device cpu\n";

static void print_facts(FILE *stream, const char *title, const struct cli_fact *facts)
{
    fprintf(stream, "\n%s:\n", title);
    for (; facts->name; facts++)
        cli_wrap(stream, facts->meaning, fprintf(stream, "  %s", facts->name), FACTS_COLUMN);
}

/* ---- All, or one group ----------------------------------------------------------------------- */

static void print_group(FILE *stream, const char *group)
{
    fprintf(stream, "\n%s:\n", group);
    for (size_t i = 0; i < cli_option_count; i++)
        if (strcmp(group, cli_options[i].group) == 0)
            cli_print_option(stream, &cli_options[i], NULL);
}

/* The groups, in the order of the table, and what is below them; returns how many. */
static size_t groups_of(const char *groups[CLI_OPTIONS_MOST + 2])
{
    size_t count = 0;
    for (size_t i = 0; i < cli_option_count; i++)
        if (i == 0 || strcmp(cli_options[i - 1].group, cli_options[i].group) != 0)
            groups[count++] = cli_options[i].group;
    groups[count++] = "Environment";
    groups[count++] = "Exit codes";
    return count;
}

static void print_part(FILE *stream, const char *part)
{
    if (strcmp(part, "Environment") == 0)
        print_facts(stream, part, cli_variables);
    else if (strcmp(part, "Exit codes") == 0)
        print_facts(stream, part, cli_exit_codes);
    else
        print_group(stream, part);
}

static void print_commands(FILE *stream, const struct cli_command *const *commands)
{
    fputs(
        "\nCommands, in place of CONTENT (COMMAND --help says more; a picture may be ./COMMAND):\n",
        stream);
    cli_command_list(stream, commands);
}

static void print_all(FILE *stream, const struct cli_command *const *commands)
{
    const char *groups[CLI_OPTIONS_MOST + 2];
    const size_t count = groups_of(groups);
    fputs(intro, stream);
    print_commands(stream, commands);
    for (size_t i = 0; i < count; i++)
        print_part(stream, groups[i]);
}

static enum impasto_status unknown_group(const char *word, const char *const *groups, size_t count,
                                         struct impasto_error *error)
{
    char list[256] = "", *lower[CLI_OPTIONS_MOST + 2] = {NULL};
    const char *names[CLI_OPTIONS_MOST + 2], *meant = NULL;
    size_t used = 0, made = 0;
    for (; made < count && (lower[made] = strdup(groups[made])); made++) {
        lower[made][0] = (char)tolower((unsigned char)lower[made][0]);
        names[made] = lower[made];
        if (used < sizeof(list))
            used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", made ? ", " : "",
                                     names[made]);
    }
    meant = cli_nearest(word, strlen(word), names, made);
    cli_fail(error, IMPASTO_ERROR_USAGE, "--help: '%s' is neither an option nor a group; %s%s%s",
             word, meant ? "did you mean " : "there are ", meant ? meant : list, meant ? "?" : "");
    while (made > 0)
        free(lower[--made]);
    return IMPASTO_ERROR_USAGE;
}

/* A group, a single option or a command. */
static enum impasto_status print_about(FILE *stream, const char *word,
                                       const struct cli_command *const *commands,
                                       struct impasto_error *error)
{
    const struct cli_command *command = cli_command_find(commands, word);
    const char *groups[CLI_OPTIONS_MOST + 2];
    const size_t count = groups_of(groups);
    const char *name = strncmp(word, "--", 2) == 0 ? word + 2 : word;
    const struct cli_option *option = cli_find(name, strlen(name));
    for (size_t i = 0; i < count; i++)
        if (imp_os_compare(groups[i], word) == 0) {
            print_part(stream, groups[i]);
            return IMPASTO_OK;
        }
    if (option) {
        cli_print_option(stream, option, NULL);
        if (command)
            fprintf(stream, "\nThere is also a command of that name: see impasto %s --help.\n",
                    word);
    } else if (command && command->words) {
        print_all(stream, commands);
    } else if (command) {
        cli_command_page(command, word);
    } else {
        return unknown_group(word, groups, count, error);
    }
    return IMPASTO_OK;
}

/* ---- One page -------------------------------------------------------------------------------- */

/* What an option is about: its help up to the first stop, and the default, which stands last. */
static void print_brief(FILE *stream, const struct cli_option *option)
{
    char words[256], help[CLI_HELP_SIZE];
    cli_help_of(option, help);
    const char *stop = strstr(help, "; "), *other = strstr(help, ". ");
    const char *fallback = strrchr(help, '(');
    stop = other && (!stop || other < stop) ? other : stop;
    const size_t length = stop ? (size_t)(stop - help) : strlen(help);
    const bool ends = fallback && strchr(fallback, ')') && strchr(fallback, ')')[1] == 0;
    snprintf(words, sizeof(words), "%.*s%s%s", (int)length, help, stop && ends ? " " : "",
             stop && ends ? fallback : "");
    cli_print_option(stream, option, words);
}

static void print_page(FILE *stream, const struct cli_command *const *commands)
{
    fputs(intro, stream);
    print_commands(stream, commands);
    fputs("\nWhat matters most:\n", stream);
    for (size_t i = 0; i < cli_option_count; i++)
        if (cli_options[i].chief)
            print_brief(stream, &cli_options[i]);
    fputs("\n--help lists all options; --help GROUP those of one:\n ", stream);
    const char *groups[CLI_OPTIONS_MOST + 2];
    const size_t count = groups_of(groups);
    for (size_t i = 0; i < count; i++)
        fprintf(stream, "%s %c%s",
                i == 0          ? ""
                : i + 1 < count ? ","
                                : " or",
                tolower((unsigned char)groups[i][0]), groups[i] + 1);
    fputs(".\n", stream);
}

enum impasto_status cli_help(FILE *stream, const struct cli_settings *settings,
                             const struct cli_command *const *commands, struct impasto_error *error)
{
    if (settings->help_about)
        return print_about(stream, settings->help_about, commands, error);
    if (settings->brief)
        print_page(stream, commands);
    else
        print_all(stream, commands);
    return IMPASTO_OK;
}
