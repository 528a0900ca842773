/* SPDX-License-Identifier: MIT */
/* Completions for zsh: a call of its _arguments for each command. */

#include "cli/docs/docs.h"

#include <string.h>

/* What is special in _arguments' explanations and messages. */
#define IN_EXPLANATION "[]\\"
#define IN_MESSAGE ":\\"

/* ":message:action'" */
static void write_value(FILE *stream, const struct cli_option *option)
{
    char words[512];
    docs_words(option, words, sizeof(words));
    const bool files = cli_has_placeholder(option, "FILE");
    fputc(':', stream);
    docs_quote(stream, option->operand, IN_MESSAGE);
    fputc(':', stream);
    if (cli_type_of(option) == CLI_LAYERS)
        fprintf(stream, "_sequence compadd - %s", words);
    else if (files && words[0])
        fprintf(stream, "{_alternative \"words\\:word\\:(%s)\" \"files\\:file\\:_files\"}", words);
    else if (files)
        fputs("_files", stream);
    else if (cli_has_placeholder(option, "DIR"))
        fputs("_files -/", stream);
    else if (words[0])
        fprintf(stream, "(%s)", words);
    else
        fputc(' ', stream); /* shows the message, offers nothing */
}

static void write_option(FILE *stream, const struct cli_option *option)
{
    char summary[512];
    const char *value = option->operand ? "=" : "";
    docs_summary(option, summary, sizeof(summary));
    fputs("  ", stream);
    if (option->letter)
        fprintf(stream, "'(-%c --%s)'{-%c%s,--%s%s}'", option->letter, option->name, option->letter,
                option->operand ? "+" : "", option->name, value);
    else
        fprintf(stream, "'%s--%s%s", docs_repeats(option) ? "*" : "", option->name, value);
    fputc('[', stream);
    docs_quote(stream, summary, IN_EXPLANATION);
    fputc(']', stream);
    if (option->operand)
        write_value(stream, option);
    fputs("' \\\n", stream);
}

static void write_options(FILE *stream, const struct cli_command *command)
{
    const struct cli_option *options[CLI_OPTIONS_MOST];
    size_t own;
    const size_t count = cli_command_options(command, options, &own);
    fputs("_arguments -s -S \\\n", stream);
    for (size_t i = 0; i < count; i++)
        write_option(stream, options[i]);
}

/* Where a command is on the line, its words are looked at as if they were all. */
static void write_command(FILE *stream, const struct docs_command *docs)
{
    const int words = strchr(docs->name, ' ') ? 2 : 1;
    fprintf(stream,
            "if (( CURRENT > %d )) && [[ \"$words[2,%d]\" == \"%s\" ]]; then\n"
            "  words=(\"$words[1]\" \"${(@)words[%d,-1]}\")\n"
            "  (( CURRENT -= %d ))\n  ",
            words + 1, words + 1, docs->name, words + 2, words);
    write_options(stream, docs->command);
    fputs("  '(-h --help)'{-h,--help}'[print this]'", stream);
    if (docs->command->operands)
        fputs(" \\\n  '*:file:_files'", stream);
    fputs("\n  return\nfi\n", stream);
}

void docs_zsh(FILE *stream)
{
    struct docs_command list[DOCS_COMMANDS_MOST];
    const size_t count = docs_commands(list);
    char names[256];
    fputs("#compdef impasto\n"
          "# SPDX-License-Identifier: MIT\n"
          "# zsh completion for impasto, made from its tables.\n"
          "\n",
          stream);
    for (size_t i = 0; i < count; i++)
        write_command(stream, &list[i]);
    for (const struct cli_command *const *c = cli_commands; *c; c++) {
        if (!(*c)->parts)
            continue;
        docs_command_names((*c)->parts, names, sizeof(names));
        fprintf(
            stream,
            "if (( CURRENT > 2 )) && [[ $words[2] == %s ]]; then\n  compadd - %s\n  return\nfi\n",
            (*c)->name, names);
    }
    docs_command_names(cli_commands, names, sizeof(names));
    write_options(stream, cli_commands[0]);
    fprintf(stream,
            "  '1:content picture:{ (( CURRENT == 2 )) && compadd - %s; _files }' \\\n"
            "  '*:style picture:_files'\n",
            names);
}
