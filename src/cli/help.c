/* SPDX-License-Identifier: MIT */
/* --help, made from the option table and manual.c: two columns within 100. */

#include "cli/table.h"

#include <string.h>

#define COLUMN 30       /* where the options' explanations begin */
#define FACTS_COLUMN 19 /* likewise below them */
#define WIDTH 100

static const char intro[] =
    "Usage: impasto CONTENT STYLE [-o OUT] [options]\n"
    "Paints the content picture in the style of the style picture, on any OpenCL device.\n"
    "\n"
    "    impasto photo.jpg painting.jpg\n"
    "    impasto photo.jpg painting.jpg -o out.png --preset quick --device cpu\n";

/* Writes words with line breaks, each line beginning at `column`; `used` columns are taken. */
static void wrap(FILE *stream, const char *text, int used, int column)
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

static void print_facts(FILE *stream, const char *title, const struct cli_fact *facts)
{
    fprintf(stream, "\n%s:\n", title);
    for (; facts->name; facts++)
        wrap(stream, facts->meaning, fprintf(stream, "  %s", facts->name), FACTS_COLUMN);
}

void cli_help(FILE *stream)
{
    fputs(intro, stream);
    const char *group = "";
    for (size_t i = 0; i < cli_option_count; i++) {
        const struct cli_option *option = &cli_options[i];
        if (strcmp(group, option->group) != 0) {
            group = option->group;
            fprintf(stream, "\n%s:\n", group);
        }
        int used = 0;
        if (option->letter)
            used = fprintf(stream, "  -%c, --%s", option->letter, option->name);
        else
            used = fprintf(stream, "      --%s", option->name);
        if (option->operand)
            used += fprintf(stream, " %s", option->operand);
        wrap(stream, option->help, used + 1 > COLUMN ? COLUMN : used, COLUMN);
    }
    print_facts(stream, "Environment", cli_variables);
    print_facts(stream, "Exit codes", cli_exit_codes);
}
