/* SPDX-License-Identifier: MIT */
/* Help pages in two columns. */

#include "cli/options/table.h"

#include <string.h>

#define COLUMN 30 /* where the options' explanations begin */
#define WIDTH 100

void cli_wrap(FILE *stream, const char *text, int used, int column)
{
    if (used >= column) {
        fputc('\n', stream);
        used = 0;
    }
    fprintf(stream, "%*s", column - used, "");
    int at = column;
    while (*text) {
        const int word = (int)strcspn(text, " ");
        if (at > column && at + 1 + word > WIDTH) {
            fprintf(stream, "\n%*s", column, "");
            at = column;
        } else if (at > column) {
            fputc(' ', stream);
            at++;
        }
        fprintf(stream, "%.*s", word, text);
        at += word;
        text += word;
        text += strspn(text, " ");
    }
    fputc('\n', stream);
}

void cli_print_option(FILE *stream, const struct cli_option *option, const char *words)
{
    char help[CLI_HELP_SIZE];
    int used = 0;
    cli_help_of(option, help);
    if (option->letter)
        used = fprintf(stream, "  -%c, --%s", option->letter, option->name);
    else
        used = fprintf(stream, "      --%s", option->name);
    if (option->operand)
        used += fprintf(stream, " %s", option->operand);
    cli_wrap(stream, words ? words : help, used + 1 > COLUMN ? COLUMN : used, COLUMN);
}
