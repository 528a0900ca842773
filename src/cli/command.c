/* SPDX-License-Identifier: MIT */
/* The words of a command: its options and operands, and its help page. */

#include "cli/command.h"

#include <stdlib.h>
#include <string.h>

#define NAMES_MOST 64
#define COLUMN 19 /* where summaries of commands begin */

const struct cli_command *cli_command_find(const struct cli_command *commands, size_t count,
                                           const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* The option that the shared names have at `text`; NULL: their end. */
static const struct cli_option *shared_at(const char *text)
{
    text += strspn(text, " ");
    return *text ? cli_find(text, strcspn(text, " ")) : NULL;
}

const struct cli_option *cli_command_option(const struct cli_command *command, size_t *at,
                                            bool *own)
{
    const size_t place = (*at)++;
    *own = place < command->row_count;
    if (*own)
        return &command->rows[place];
    const char *text = command->shared ? command->shared : "";
    for (size_t i = command->row_count; i < place && *text; i++) {
        text += strcspn(text, " ");
        text += strspn(text, " ");
    }
    return shared_at(text);
}

/* ---- Help ------------------------------------------------------------------------------------ */

static void print_parts(const struct cli_command *commands, size_t count)
{
    fputs("\nCommands:\n", stdout);
    for (size_t i = 0; i < count; i++)
        cli_wrap(stdout, commands[i].summary, printf("  %s", commands[i].name), COLUMN);
}

static void print_page(const struct cli_call *call)
{
    const struct cli_command *command = call->command;
    const struct cli_option *option;
    size_t at = 0;
    bool own, any = false;
    printf("Usage: impasto %s%s%s%s%s\n", call->name, command->part_count ? " COMMAND" : "",
           command->operands ? " " : "", command->operands ? command->operands : "",
           command->row_count || command->shared ? " [options]" : "");
    cli_wrap(stdout, command->help, 0, 0);
    if (command->part_count) {
        print_parts(command->parts, command->part_count);
        printf("\nimpasto %s COMMAND --help says more of each.\n", call->name);
    }
    for (; (option = cli_command_option(command, &at, &own)); any = true) {
        if (!any)
            fputs("\nOptions:\n", stdout);
        cli_print_option(stdout, option, NULL);
    }
}

/* ---- Words ----------------------------------------------------------------------------------- */

static const struct cli_option *find(const struct cli_command *command, const char *name,
                                     size_t length, bool *own)
{
    const struct cli_option *option;
    for (size_t at = 0; (option = cli_command_option(command, &at, own));)
        if (strlen(option->name) == length && strncmp(option->name, name, length) == 0)
            return option;
    return NULL;
}

static const struct cli_option *find_letter(const struct cli_command *command, char letter,
                                            bool *own)
{
    const struct cli_option *option;
    for (size_t at = 0; (option = cli_command_option(command, &at, own));)
        if (option->letter && option->letter == letter)
            return option;
    return NULL;
}

static enum impasto_status unknown(const struct cli_call *call, const char *word, size_t length,
                                   struct impasto_error *error)
{
    const char *names[NAMES_MOST], *meant;
    const struct cli_option *option;
    size_t count = 0;
    bool own;
    for (size_t at = 0;
         count < NAMES_MOST && (option = cli_command_option(call->command, &at, &own));)
        names[count++] = option->name;
    meant = strncmp(word, "--", 2) == 0 ? cli_nearest(word + 2, length - 2, names, count) : NULL;
    return cli_fail(error, IMPASTO_ERROR_USAGE, "%.*s: not an option of impasto %s; %s%s%s%s",
                    (int)length, word, call->name, meant ? "did you mean --" : "see impasto ",
                    meant ? meant : call->name, meant ? "?" : " --help", "");
}

static enum impasto_status give(const struct cli_call *call, const struct cli_option *option,
                                bool own, const char *value, struct impasto_error *error)
{
    return own ? cli_read(option, value, call->options, error)
               : cli_give(call->settings, option, value, error);
}

/* Reads the option at argv[*at], and its value, which may be the next word. */
static enum impasto_status take_option(const struct cli_call *call, int argc, char **argv, int *at,
                                       struct impasto_error *error)
{
    const char *word = argv[*at], *value = NULL;
    const bool is_long = word[1] == '-';
    const size_t length = is_long ? strcspn(word, "=") : 2;
    bool own;
    const struct cli_option *option = is_long ? find(call->command, word + 2, length - 2, &own)
                                              : find_letter(call->command, word[1], &own);
    if (!option)
        return unknown(call, word, strcspn(word, "="), error);
    if (word[length])
        value = word + length + is_long;
    if (option->type == CLI_FLAG) {
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
        char *word = argv[i];
        if (border || word[0] != '-' || word[1] == 0)
            argv[call->operand_count++] = word;
        else if (strcmp(word, "--") == 0)
            border = true;
        else if (is_help(word))
            *help = true;
        else
            status = take_option(call, argc, argv, &i, error);
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
        return cli_fail(error, IMPASTO_ERROR_USAGE, "'%s': impasto %s takes %s; see its --help",
                        call->operands[command->most], call->name,
                        command->operands ? command->operands : "no such word");
    return IMPASTO_OK;
}

/* The command below that the first word names, called by both names; NULL: it names none. */
static enum impasto_status enter_part(struct cli_call *call, int argc, char **argv, bool *help,
                                      struct impasto_error *error)
{
    const char *names[NAMES_MOST], *meant;
    const struct cli_command *command = call->command;
    char list[200] = "";
    *help = argc > 0 && is_help(argv[0]);
    if (*help)
        return IMPASTO_OK;
    const struct cli_command *part =
        argc > 0 ? cli_command_find(command->parts, command->part_count, argv[0]) : NULL;
    if (part) {
        snprintf(call->name, sizeof(call->name), "%s %s", command->name, part->name);
        call->command = part;
        return IMPASTO_OK;
    }
    for (size_t i = 0; i < command->part_count && i < NAMES_MOST; i++) {
        names[i] = command->parts[i].name;
        strncat(list, i ? ", " : "", sizeof(list) - strlen(list) - 1);
        strncat(list, names[i], sizeof(list) - strlen(list) - 1);
    }
    meant = argc > 0 ? cli_nearest(argv[0], strlen(argv[0]), names, command->part_count) : NULL;
    if (argc == 0)
        return cli_fail(error, IMPASTO_ERROR_USAGE, "%s: say what to do: %s", call->name, list);
    return cli_fail(error, IMPASTO_ERROR_USAGE, "%s: '%s' is none of its commands; %s%s%s",
                    call->name, argv[0], meant ? "did you mean " : "there are ",
                    meant ? meant : list, meant ? "?" : "");
}

enum impasto_status cli_command_run(const struct cli_command *command, int argc, char **argv,
                                    struct cli_settings *settings, struct impasto_error *error)
{
    struct cli_call call = {.command = command, .settings = settings};
    enum impasto_status status = IMPASTO_OK;
    bool help = false;
    snprintf(call.name, sizeof(call.name), "%s", command->name);
    if (command->part_count) {
        status = enter_part(&call, argc, argv, &help, error);
        argc--;
        argv++;
    }
    call.options = calloc(1, call.command->size + 1);
    if (status == IMPASTO_OK && !call.options)
        status = cli_fail_memory(error, "the command line");
    if (status == IMPASTO_OK && !help)
        status = take_words(&call, argc, argv, &help, error);
    if (status == IMPASTO_OK && help)
        print_page(&call);
    else if (status == IMPASTO_OK && !(status = check_count(&call, error)))
        status = call.command->run(&call, error);
    free(call.options);
    return status;
}
