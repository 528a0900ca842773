/* SPDX-License-Identifier: MIT */
/* Completions for fish: a line for each option; it completes files by itself. */

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

void docs_fish(FILE *stream)
{
    char words[512], summary[512];
    fputs("# SPDX-License-Identifier: MIT\n"
          "# fish completion for impasto, made from its option table.\n"
          "\n",
          stream);
    for (size_t i = 0; i < cli_option_count; i++) {
        const struct cli_option *option = &cli_options[i];
        fprintf(stream, "complete -c impasto -l %s", option->name);
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
}
