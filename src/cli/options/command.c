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

/* The option of a long name or a letter; NULL: the command has none. */
static const struct cli_option *find(const struct cli_call *call, const char *name, size_t length,
                                     char letter)
{
    const struct cli_option *options[CLI_OPTIONS_MOST];
    const size_t count = cli_options_of(call->settings, options);
    for (size_t i = 0; i < count; i++)
        if (letter ? options[i]->letter == letter : cli_is_called(options[i], name, length))
            return options[i];
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

/* Reads the option at argv[*at], and its value, which may be the next word. */
static enum impasto_status read_option(const struct cli_call *call, int argc, char **argv, int *at,
                                       const struct cli_option **option, const char **value,
                                       struct impasto_error *error)
{
    const char *word = argv[*at];
    const bool is_long = word[1] == '-';
    const size_t length = is_long ? strcspn(word, "=") : 2;
    *value = word[length] ? word + length + is_long : NULL;
    *option = is_long ? find(call, word + 2, length - 2, 0) : find(call, NULL, 0, word[1]);
    if (!*option)
        return unknown(call, word, strcspn(word, "="), error);
    if (!(*option)->operand) {
        if (*value)
            return cli_fail(error, IMPASTO_ERROR_USAGE, "--%s: takes no value", (*option)->name);
        *value = "";
    } else if (!*value) {
        if (*at + 1 == argc || strncmp(argv[*at + 1], "--", 2) == 0)
            return cli_fail(error, IMPASTO_ERROR_USAGE, "--%s: needs a value (%s)", (*option)->name,
                            (*option)->operand);
        *value = argv[++*at];
    }
    return IMPASTO_OK;
}

/* files: only files of settings are taken, else all but them. */
static enum impasto_status take_option(const struct cli_call *call, int argc, char **argv, int *at,
                                       bool files, struct impasto_error *error)
{
    const struct cli_option *option;
    const char *value;
    const enum impasto_status status = read_option(call, argc, argv, at, &option, &value, error);
    if (status != IMPASTO_OK || files != (option->type == CLI_SETTINGS))
        return status;
    return files ? cli_settings_load(call->settings, option, value, error)
                 : cli_give(call->settings, option, value, error);
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* Goes through argv and takes only the files of settings, or all else. Operands are moved to the
 * front of argv. */
static enum impasto_status go_through(struct cli_call *call, int argc, char **argv, bool files,
                                      bool *help, struct impasto_error *error)
{
    enum impasto_status status = IMPASTO_OK;
    bool border = false;
    for (int i = 0; i < argc && status == IMPASTO_OK && !*help; i++) {
        const int begin = files ? 0 : i; /* words before it have been taken */
        char *word = argv[i];
        if (border || word[0] != '-' || word[1] == 0) {
            if (!files)
                argv[call->operand_count++] = word;
        } else if (strcmp(word, "--") == 0) {
            border = true;
        } else if (is_help(word)) {
            *help = true;
        } else {
            status = take_option(call, argc, argv, &i, files, error);
        }
        if (status != IMPASTO_OK && call->command->open)
            cli_find_progress(argc - begin, argv + begin, call->common);
    }
    return status;
}

/* The command line wins over all files, wherever these stand. */
static enum impasto_status take_words(struct cli_call *call, int argc, char **argv, bool *help,
                                      struct impasto_error *error)
{
    call->operands = (const char *const *)argv;
    enum impasto_status status = cli_settings_take_sent(call->settings, error);
    if (status == IMPASTO_OK)
        status = go_through(call, argc, argv, true, help, error);
    call->settings->giver = CLI_COMMAND_LINE;
    return status == IMPASTO_OK && !*help ? go_through(call, argc, argv, false, help, error)
                                          : status;
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
    settings->call = &call;
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
    if (status == IMPASTO_OK && !help && call.command->single && !call.common->warm)
        status = cli_refuse_launched(call.name, error);
    if (help)
        cli_command_page(call.command, call.name);
    else
        status = carry_out(&call, status, error);
    settings->call = NULL;
    free(call.options);
    return status;
}
