/* SPDX-License-Identifier: MIT */
/* Writes the manual page or a shell's completions to standard output, from the tables of options
 * and commands. The build runs it; it is not installed. */

#include "cli/docs/docs.h"

#include <string.h>

void docs_summary(const struct cli_option *option, char *text, size_t size)
{
    static const char *const ends[] = {"; ", ". "};
    char help[CLI_HELP_SIZE];
    cli_help_of(option, help);
    snprintf(text, size, "%s", help);
    for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
        if (strstr(text, ends[i]))
            *strstr(text, ends[i]) = 0;
    /* The default stands last, in parentheses. */
    char *last = strrchr(text, '(');
    if (last && last > text && strchr(last, ')') && strchr(last, ')')[1] == 0)
        last[-1] = 0;
}

static void append(char *text, size_t size, const char *word, size_t length)
{
    const size_t used = strlen(text);
    snprintf(text + used, size - used, "%s%.*s", used ? " " : "", (int)length, word);
}

void docs_words(const struct cli_option *option, char *text, size_t size)
{
    struct cli_alternative alternative = {0};
    text[0] = 0;
    if (option->type == CLI_PARAM && option->operand)
        for (const struct impasto_setting_word *w = cli_row(option).words; w && w->text; w++)
            append(text, size, w->text, strlen(w->text));
    while (option->type != CLI_PARAM && cli_next_alternative(option, &alternative))
        if (!alternative.placeholder)
            append(text, size, alternative.text, alternative.length);
    if (option->offers)
        append(text, size, option->offers, strlen(option->offers));
    for (int l = 0; cli_type_of(option) == CLI_LAYERS && l < IMPASTO_LAYERS; l++)
        append(text, size, impasto_layer_name(l), strlen(impasto_layer_name(l)));
}

size_t docs_commands(struct docs_command list[DOCS_COMMANDS_MOST])
{
    size_t count = 0;
    for (const struct cli_command *const *c = cli_commands; *c; c++) {
        const struct cli_command *const itself[] = {*c, NULL};
        for (const struct cli_command *const *part = (*c)->parts ? (*c)->parts : itself;
             !(*c)->words && *part && count < DOCS_COMMANDS_MOST; part++) {
            snprintf(list[count].name, sizeof(list[count].name), "%s%s%s", (*c)->name,
                     (*c)->parts ? " " : "", (*c)->parts ? (*part)->name : "");
            list[count++].command = *part;
        }
    }
    return count;
}

void docs_command_names(const struct cli_command *const *commands, char *text, size_t size)
{
    text[0] = 0;
    for (; *commands; commands++)
        append(text, size, (*commands)->name, strlen((*commands)->name));
}

bool docs_repeats(const struct cli_option *option)
{
    return option->type == CLI_SETTINGS || option->type == CLI_LIST;
}

void docs_quote(FILE *stream, const char *text, const char *special)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\'", stream);
        else if (strchr(special, *text))
            fputc('\\', stream);
        fputc(*text, stream);
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*write)(FILE *stream);
    } readers[] = {{"bash", docs_bash}, {"zsh", docs_zsh}, {"fish", docs_fish}, {"man", docs_man}};
    for (size_t i = 0; argc == 2 && i < sizeof(readers) / sizeof(*readers); i++)
        if (strcmp(argv[1], readers[i].name) == 0) {
            readers[i].write(stdout);
            return fflush(stdout) != 0 || ferror(stdout);
        }
    fprintf(stderr, "usage: docs bash|zsh|fish|man\n");
    return 2;
}
