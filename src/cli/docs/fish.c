/* SPDX-License-Identifier: MIT */
/* Completions for fish: a line for each option of each command. fish completes files by itself. */

#include "cli/docs/docs.h"

/* Within single quotes, fish has escapes for these two. */
static void write_quoted(FILE *stream, const char *text)
{
    fputc('\'', stream);
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\')
            fputc('\\', stream);
        fputc(*text, stream);
    }
    fputc('\'', stream);
}

static const char head[] =
    "# SPDX-License-Identifier: MIT\n"
    "# fish completion for impasto, made from its tables.\n"
    "\n"
    "# Whether the words before the cursor are those of a command, and nothing else.\n"
    "function __impasto_at\n"
    "    set -l words (commandline -opc)\n"
    "    set -e words[1]\n"
    "    test \"$words\" = \"$argv\"\n"
    "end\n"
    "\n"
    "# Whether they begin with those of a command; without one: with none but those of painting.\n"
    "function __impasto_in\n"
    "    set -l words (commandline -opc) . .\n"
    "    if test (count $argv) -eq 0\n"
    "        not contains -- \"$words[2]\" $__impasto_commands\n"
    "    else if test (count $argv) -eq 1\n"
    "        test \"$words[2]\" = \"$argv\"\n"
    "    else\n"
    "        test \"$words[2] $words[3]\" = \"$argv\"\n"
    "    end\n"
    "end\n"
    "\n";

static void write_option(FILE *stream, const char *command, const struct cli_option *option)
{
    char words[512], summary[512];
    fprintf(stream, "complete -c impasto -n '__impasto_in%s%s' -l %s", command[0] ? " " : "",
            command, option->name);
    if (option->letter)
        fprintf(stream, " -s %c", option->letter);
    docs_words(option, words, sizeof(words));
    if (option->operand)
        fputs(cli_has_placeholder(option, "FILE") ? " -r -F" : " -x", stream);
    if (cli_has_placeholder(option, "DIR"))
        fputs(" -a '(__fish_complete_directories)'", stream);
    if (words[0])
        fprintf(stream, " -a '%s'", words);
    docs_summary(option, summary, sizeof(summary));
    fputs(" -d ", stream);
    write_quoted(stream, summary);
    fputc('\n', stream);
}

static void write_options(FILE *stream, const char *name, const struct cli_command *command)
{
    const struct cli_option *options[CLI_OPTIONS_MOST];
    size_t own;
    const size_t count = cli_command_options(command, options, &own);
    for (size_t i = 0; i < count; i++)
        write_option(stream, name, options[i]);
}

/* Commands that may come next. files: what is no command may be a file. */
static void write_names(FILE *stream, const char *behind, const struct cli_command *const *commands,
                        bool files)
{
    for (; *commands; commands++) {
        fprintf(stream, "complete -c impasto -n '__impasto_at%s%s'%s -a %s -d ",
                behind[0] ? " " : "", behind, files ? "" : " -f", (*commands)->name);
        write_quoted(stream, (*commands)->summary);
        fputc('\n', stream);
    }
}

void docs_fish(FILE *stream)
{
    struct docs_command list[DOCS_COMMANDS_MOST];
    const size_t count = docs_commands(list);
    char names[256];
    docs_command_names(cli_commands + 1, names, sizeof(names)); /* all but painting */
    fputs(head, stream);
    fprintf(stream, "set -g __impasto_commands %s\n", names);
    write_names(stream, "", cli_commands, true);
    for (const struct cli_command *const *c = cli_commands; *c; c++)
        if ((*c)->parts)
            write_names(stream, (*c)->name, (*c)->parts, false);
    for (size_t i = 0; i < count; i++) {
        write_options(stream, list[i].name, list[i].command);
        fprintf(stream,
                "complete -c impasto -n '__impasto_in %s' -l help -s h -d 'print its help'\n",
                list[i].name);
        if (!list[i].command->operands)
            fprintf(stream, "complete -c impasto -n '__impasto_in %s' -f\n", list[i].name);
    }
    write_options(stream, "", cli_commands[0]);
}
