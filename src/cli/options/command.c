/* SPDX-License-Identifier: MIT */
/* The words of a command: its options and operands, and its help page. */

#include "cli/options/table.h"

#include <stdlib.h>
#include <string.h>

#define NAMES_MOST 64
#define COLUMN 19 /* where summaries of commands begin */

const struct cli_command *cli_command_find(const struct cli_command *const *commands,
                                           const char *name)
{
    for (; *commands; commands++)
        if (strcmp((*commands)->name, name) == 0)
            return *commands;
    return NULL;
}

const char *cli_command_meant(const struct cli_command *const *commands, const char *word)
{
    const char *names[NAMES_MOST];
    size_t count = 0;
    for (; commands[count] && count < NAMES_MOST; count++)
        names[count] = commands[count]->name;
    return cli_nearest(word, strlen(word), names, count);
}

size_t cli_command_options(const struct cli_command *command,
                           const struct cli_option *options[CLI_OPTIONS_MOST], size_t *own)
{
    size_t count = 0;
    while (command->rows && command->rows[count]) {
        options[count] = command->rows[count];
        count++;
    }
    *own = count;
    for (size_t i = 0; command->words && i < cli_option_count; i++)
        options[count++] = &cli_options[i];
    for (const char *name = command->shared; name && *name;) {
        const size_t length = strcspn(name, " ");
        options[count++] = cli_find(name, length);
        name += length + strspn(name + length, " ");
    }
    return count;
}

/* ---- Help ------------------------------------------------------------------------------------ */

void cli_command_list(FILE *stream, const struct cli_command *const *commands)
{
    for (; *commands; commands++)
        cli_wrap(stream, (*commands)->summary, fprintf(stream, "  %s", (*commands)->name), COLUMN);
}

void cli_command_page(const struct cli_command *command, const char *name)
{
    const struct cli_option *options[CLI_OPTIONS_MOST];
    size_t own;
    const size_t count = cli_command_options(command, options, &own);
    printf("Usage: impasto %s%s%s%s%s\n", name, command->parts ? " COMMAND" : "",
           command->operands ? " " : "", command->operands ? command->operands : "",
           count ? " [options]" : "");
    cli_wrap(stdout, command->help, 0, 0);
    if (command->parts) {
        fputs("\nCommands:\n", stdout);
        cli_command_list(stdout, command->parts);
        printf("\nimpasto %s COMMAND --help says more of each.\n", name);
    }
    if (count)
        fputs("\nOptions:\n", stdout);
    for (size_t i = 0; i < count; i++)
        cli_print_option(stdout, options[i], NULL);
}

/* ---- Words ----------------------------------------------------------------------------------- */

/* The option of a long name or a letter; NULL: the command has none. own: it is one of its own. */
static const struct cli_option *find(const struct cli_call *call, const char *name, size_t length,
                                     char letter, bool *own)
{
    const struct cli_option *options[CLI_OPTIONS_MOST];
    size_t own_count;
    const size_t count = cli_command_options(call->command, options, &own_count);
    for (size_t i = 0; i < count; i++)
        if (letter ? options[i]->letter == letter
                   : strlen(options[i]->name) == length &&
                         strncmp(options[i]->name, name, length) == 0) {
            *own = i < own_count;
            return options[i];
        }
    return NULL;
}

static enum impasto_status unknown(const struct cli_call *call, const char *word, size_t length,
                                   struct impasto_error *error)
{
    const struct cli_option *options[CLI_OPTIONS_MOST];
    const char *names[CLI_OPTIONS_MOST], *meant = NULL;
    size_t own;
    const size_t count = cli_command_options(call->command, options, &own);
    for (size_t i = 0; i < count; i++)
        names[i] = options[i]->name;
    if (strncmp(word, "--", 2) == 0)
        meant = cli_nearest(word + 2, length - 2, names, count);
    return cli_fail(error, IMPASTO_ERROR_USAGE, "%.*s: not an option of impasto %s; %s%s%s",
                    (int)length, word, call->name, meant ? "did you mean --" : "see impasto ",
                    meant ? meant : call->name, meant ? "?" : " --help");
}

static enum impasto_status give(const struct cli_call *call, const struct cli_option *option,
                                bool own, const char *value, struct impasto_error *error)
{
    if (option->type != CLI_PARAM)
        return cli_read(option, value, own ? call->options : call->settings, error);
    memcpy((char *)call->options + option->offset, &value, sizeof(value));
    return cli_read(option, value, NULL, error);
}

/* Reads the option at argv[*at], and its value, which may be the next word. */
static enum impasto_status take_option(const struct cli_call *call, int argc, char **argv, int *at,
                                       struct impasto_error *error)
{
    const char *word = argv[*at], *value = NULL;
    const bool is_long = word[1] == '-';
    const size_t length = is_long ? strcspn(word, "=") : 2;
    bool own;
    const struct cli_option *option =
        is_long ? find(call, word + 2, length - 2, 0, &own) : find(call, NULL, 0, word[1], &own);
    if (!option)
        return unknown(call, word, strcspn(word, "="), error);
    if (word[length])
        value = word + length + is_long;
    if (!option->operand) {
        if (value)
            return cli_fail(error, IMPASTO_ERROR_USAGE, "--%s: takes no value", option->name);
        value = "";
    } else if (!value) {
        if (*at + 1 == argc || strncmp(argv[*at + 1], "--", 2) == 0)
            return cli_fail(error, IMPASTO_ERROR_USAGE, "--%s: needs a value (%s)", option->name,
                            option->operand);
        value = argv[++*at];
    }
    return give(call, option, own, value, error);
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* Operands are moved to the front of argv. */
static enum impasto_status take_words(struct cli_call *call, int argc, char **argv, bool *help,
                                      struct impasto_error *error)
{
    enum impasto_status status = IMPASTO_OK;
    bool border = false;
    call->operands = (const char *const *)argv;
    for (int i = 0; i < argc && status == IMPASTO_OK && !*help; i++) {
        const int begin = i;
        char *word = argv[i];
        if (border || word[0] != '-' || word[1] == 0)
            argv[call->operand_count++] = word;
        else if (strcmp(word, "--") == 0)
            border = true;
        else if (is_help(word))
            *help = true;
        else
            status = take_option(call, argc, argv, &i, error);
        if (status != IMPASTO_OK && call->command->open)
            cli_find_progress(argc - begin, argv + begin, call->common);
    }
    return status;
}

static enum impasto_status check_count(const struct cli_call *call, struct impasto_error *error)
{
    const struct cli_command *command = call->command;
    if (call->operand_count < command->least)
        return cli_fail(error, IMPASTO_ERROR_USAGE, "%s: needs %s; see impasto %s --help",
                        call->name, command->operands, call->name);
    if (call->operand_count > command->most)
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "'%s': impasto %s takes %s; see impasto %s --help",
                        call->operands[command->most], call->name,
                        command->operands ? command->operands : "no such word", call->name);
    return IMPASTO_OK;
}

/* Goes on with the command below that the first word names, called by both names. */
static enum impasto_status enter_part(struct cli_call *call, int argc, char **argv, bool *help,
                                      struct impasto_error *error)
{
    const struct cli_command *command = call->command;
    char list[200] = "";
    *help = argc > 0 && is_help(argv[0]);
    if (*help)
        return IMPASTO_OK;
    const struct cli_command *part = argc > 0 ? cli_command_find(command->parts, argv[0]) : NULL;
    if (part) {
        snprintf(call->name, sizeof(call->name), "%s %s", command->name, part->name);
        call->command = part;
        return IMPASTO_OK;
    }
    for (size_t i = 0; command->parts[i]; i++) {
        strncat(list, i ? ", " : "", sizeof(list) - strlen(list) - 1);
        strncat(list, command->parts[i]->name, sizeof(list) - strlen(list) - 1);
    }
    if (argc == 0)
        return cli_fail(error, IMPASTO_ERROR_USAGE, "%s: say what to do: %s", call->name, list);
    const char *meant = cli_command_meant(command->parts, argv[0]);
    return cli_fail(error, IMPASTO_ERROR_USAGE, "%s: '%s' is none of its commands; %s%s%s",
                    call->name, argv[0], meant ? "did you mean " : "there are ",
                    meant ? meant : list, meant ? "?" : "");
}

/* Does what the words said; where they are refused, only opens what tells of it. */
static enum impasto_status carry_out(struct cli_call *call, enum impasto_status status,
                                     struct impasto_error *error)
{
    const struct cli_command *command = call->command;
    struct impasto_error unheard = {0};
    call->refused = status != IMPASTO_OK;
    if (command->open) {
        const enum impasto_status opened = command->open(call, call->refused ? &unheard : error);
        status = call->refused ? status : opened;
    }
    return status == IMPASTO_OK ? command->run(call, error) : status;
}

enum impasto_status cli_command_run(const struct cli_command *command, int argc, char **argv,
                                    const struct cli_command *const *commands,
                                    struct cli_settings *settings, struct impasto_error *error)
{
    struct cli_call call = {.command = command, .settings = settings, .common = &settings->common};
    enum impasto_status status = IMPASTO_OK;
    bool help = false;
    if (command->words)
        return command->words(argc, argv, commands, settings, error);
    argc--;
    argv++;
    snprintf(call.name, sizeof(call.name), "%s", command->name);
    if (command->parts) {
        status = enter_part(&call, argc, argv, &help, error);
        argc--;
        argv++;
    }
    call.options = calloc(1, call.command->size + 1);
    if (status == IMPASTO_OK && !call.options)
        status = cli_fail_memory(error, "the command line");
    if (status == IMPASTO_OK && call.command->defaults)
        memcpy(call.options, call.command->defaults, call.command->size);
    if (status == IMPASTO_OK && !help)
        status = take_words(&call, argc, argv, &help, error);
    if (status == IMPASTO_OK && !help)
        status = check_count(&call, error);
    if (help)
        cli_command_page(call.command, call.name);
    else
        status = carry_out(&call, status, error);
    free(call.options);
    return status;
}
