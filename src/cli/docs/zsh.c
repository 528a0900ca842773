/* SPDX-License-Identifier: MIT */
/* Completions for zsh: one call of its _arguments. */

#include "cli/docs/docs.h"

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

void docs_zsh(FILE *stream)
{
    fputs("#compdef impasto\n"
          "# SPDX-License-Identifier: MIT\n"
          "# zsh completion for impasto, made from its option table.\n"
          "\n"
          "_arguments -s -S \\\n",
          stream);
    for (size_t i = 0; i < cli_option_count; i++)
        write_option(stream, &cli_options[i]);
    fputs("  '1:content picture:_files' \\\n"
          "  '*:style picture:_files'\n",
          stream);
}
