/* SPDX-License-Identifier: MIT */
/* --help, made from the option table: two columns within 100. */

#include "cli/table.h"

#include <string.h>

#define COLUMN 30 /* where the explanations begin */
#define WIDTH 100

static const char intro[] =
    "Usage: impasto CONTENT STYLE [-o OUT] [options]\n"
    "Paints the content picture in the style of the style picture, on any OpenCL device.\n"
    "\n"
    "    impasto photo.jpg painting.jpg\n"
    "    impasto photo.jpg painting.jpg -o out.png --preset quick --device cpu\n";

static const char outro[] =
    "\n"
    "Exit codes: 0 done; 2 wrong usage; 3 a picture cannot be read or used; 4 device; 5 memory;\n"
    "6 weights; 7 a file cannot be written; 8 a loss became NaN or infinite; 130 Ctrl-C, 143 "
    "SIGTERM\n"
    "(the picture so far is written in the last two, and with 8); 1 a fault of the program.\n";

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
    fputs(outro, stream);
}
