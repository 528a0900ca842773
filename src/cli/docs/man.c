/* SPDX-License-Identifier: MIT */
/* The manual page impasto(1), in the man macros. Options and commands come from their tables, the
 * rest from manual.c and from here. */

#include "cli/docs/docs.h"

#include <ctype.h>
#include <string.h>

#define LINE 72 /* columns of the source, before escapes other than options' */

static const char description[] =
    "impasto paints a photograph, the content picture, in the style of a painting, the style "
    "picture. It is neural style transfer (Gatys, Ecker and Bethge 2016): the result is optimised "
    "until a VGG19 network sees in it the photograph's content and the painting's textures. It "
    "computes with OpenCL, on GPUs of any make and on CPUs.";

static const char description_styles[] =
    "Several style pictures are blended, by weights after a colon, as in a.jpg:0.3 b.jpg:0.7; or, "
    "with --content-mask, each has a region of its own; or, with --interpolate, there is a picture "
    "for each step of the way from one to the next.";

static const char description_files[] =
    "Pictures are PNG or JPEG. Results are written beside their target and renamed, so that a "
    "result is there whole or not at all. Without --output it is called CONTENT-STYLE.png and put "
    "beside the content picture. Ctrl-C stops after the iteration at hand and writes the picture "
    "so "
    "far; a second one leaves at once.";

static const char description_settings[] =
    "A PNG result carries the settings in force, the names and SHA-256 hashes of the files that "
    "went into it, and the device's name, as JSON in a text chunk called Impasto. With the same "
    "files, --settings makes the same picture again, on the same device to the byte, or another "
    "one "
    "in the same manner where other options or pictures are named as well. A JSON file for "
    "--settings has options by their names, for example {\"size\": 1024, \"style-weight\": 3, "
    "\"style\": [\"painting.jpg\"], \"style-layers\": {\"conv1_1\": 1}}.";

static const struct cli_fact examples[] = {
    {"impasto photo.jpg painting.jpg", "Paint photo.jpg as photo-painting.png."},
    {"impasto photo.jpg painting.jpg -o out.png --preset quick --device gpu",
     "A quick look, on the first GPU."},
    {"impasto photo.jpg painting.jpg --size 2048 --memory 2G", "A large picture in little memory."},
    {"impasto --settings out.png -o again.png", "Make an earlier result again."},
    {"impasto --settings out.png other.jpg -o other.png --size 1024",
     "Paint another photograph like it, and larger."},
    {"impasto --style-weight 3 --tv-weight 1 --save-settings mine.json",
     "Keep settings for later runs with --settings mine.json."},
    {"impasto devices", "Show what there is to compute with."},
    {"impasto weights fetch", "Download trained weights, with which the pictures are better."},
    {0},
};

/* ---- Text as roff ---------------------------------------------------------------------------- */

/* Whether the dash at `i` is a hyphen, between two letters of a plain word, and not a minus, which
 * is copied as it stands. */
static bool is_hyphen(const char *word, size_t length, size_t i)
{
    for (size_t k = 0; k < length; k++)
        if (strchr("\"{}/<>=", word[k]))
            return false;
    return word[0] != '-' && i > 0 && i + 1 < length && isalpha((unsigned char)word[i - 1]) &&
           isalpha((unsigned char)word[i + 1]);
}

static void put_word(FILE *stream, const char *word, size_t length)
{
    static const struct {
        char character;
        const char *escape;
    } special[] = {{'\\', "\\e"}, {'~', "\\(ti"}, {'^', "\\(ha"}, {'`', "\\(ga"}};
    for (size_t i = 0; i < length; i++) {
        const char *escape = word[i] == '-' && !is_hyphen(word, length, i) ? "\\-" : NULL;
        for (size_t k = 0; k < sizeof(special) / sizeof(*special); k++)
            if (word[i] == special[k].character)
                escape = special[k].escape;
        if (escape)
            fputs(escape, stream);
        else
            fputc(word[i], stream);
    }
}

/* Columns that a word takes; options are full of escapes. */
static size_t width_of(const char *word, size_t length)
{
    size_t width = length;
    for (size_t i = 0; i < length && word[0] == '-'; i++)
        width += word[i] == '-';
    return width;
}

/* A paragraph's text: lines of some length, a new one after each sentence. */
static void put_text(FILE *stream, const char *text)
{
    size_t used = 0;
    while (*text) {
        const size_t length = strcspn(text, " ");
        const bool ends = text[length - 1] == '.';
        const size_t width = width_of(text, length);
        if (used > 0 && used + 1 + width > LINE) {
            fputc('\n', stream);
            used = 0;
        }
        if (used > 0)
            fputc(' ', stream);
        else if (text[0] == '.' || text[0] == '\'')
            fputs("\\&", stream);
        put_word(stream, text, length);
        used = ends ? LINE : used + 1 + width;
        text += length;
        text += strspn(text, " ");
    }
    fputc('\n', stream);
}

static void put_strong(FILE *stream, const char *text)
{
    fputs("\\fB", stream);
    for (; *text; text++)
        fputs(*text == '-' ? "\\-" : (char[]){*text, 0}, stream);
    fputs("\\fR", stream);
}

/* ---- Sections -------------------------------------------------------------------------------- */

static void put_operand(FILE *stream, const struct cli_option *option)
{
    struct cli_alternative alternative = {0};
    const char *between = " ";
    while (cli_next_alternative(option, &alternative)) {
        fputs(between, stream);
        fputs(alternative.placeholder ? "\\fI" : "\\fB", stream);
        put_word(stream, alternative.text, alternative.length);
        fputs("\\fR", stream);
        between = "|";
    }
}

static void put_option(FILE *stream, const struct cli_option *option)
{
    char name[80], help[CLI_HELP_SIZE];
    fputs(".TP\n", stream);
    if (option->letter) {
        snprintf(name, sizeof(name), "-%c", option->letter);
        put_strong(stream, name);
        fputs(", ", stream);
    }
    snprintf(name, sizeof(name), "--%s", option->name);
    put_strong(stream, name);
    put_operand(stream, option);
    fputc('\n', stream);
    cli_help_of(option, help);
    put_text(stream, help);
}

/* A command as its users call it, with what is its own. */
static void put_command(FILE *stream, const struct docs_command *docs)
{
    const struct cli_command *command = docs->command;
    const struct cli_option *options[CLI_OPTIONS_MOST];
    size_t own;
    const size_t count = cli_command_options(command, options, &own);
    fprintf(stream, ".SS impasto %s", docs->name);
    fprintf(stream, "%s%s\n", command->operands ? " " : "",
            command->operands ? command->operands : "");
    put_text(stream, command->help);
    if (own < count) {
        char line[512] = "It takes these options of painting as well:";
        for (size_t i = own; i < count; i++)
            snprintf(line + strlen(line), sizeof(line) - strlen(line), " --%s%s", options[i]->name,
                     i + 1 < count ? "," : ".");
        put_text(stream, line);
    }
    for (size_t i = 0; i < own; i++)
        put_option(stream, options[i]);
}

static void put_commands(FILE *stream)
{
    struct docs_command list[DOCS_COMMANDS_MOST];
    const size_t count = docs_commands(list);
    fputs(".SH COMMANDS\n", stream);
    put_text(stream, "The first word is a command if it is exactly one of these, or paint, which "
                     "stands for no command. A picture of such a name is written ./NAME.");
    for (size_t i = 0; i < count; i++)
        put_command(stream, &list[i]);
}

static void put_facts(FILE *stream, const char *title, const struct cli_fact *facts)
{
    fprintf(stream, ".SH %s\n", title);
    for (; facts->name; facts++) {
        fputs(".TP\n.B ", stream);
        put_word(stream, facts->name, strlen(facts->name));
        fputc('\n', stream);
        put_text(stream, facts->meaning);
    }
}

static void put_examples(FILE *stream)
{
    fputs(".SH EXAMPLES\n", stream);
    for (const struct cli_fact *example = examples; example->name; example++) {
        if (example != examples)
            fputs(".PP\n", stream);
        put_text(stream, example->meaning);
        fputs(".PP\n.RS\n.nf\n", stream);
        for (const char *c = example->name; *c; c++)
            fputs(*c == '-' ? "\\-" : (char[]){*c, 0}, stream);
        fputs("\n.fi\n.RE\n", stream);
    }
}

void docs_man(FILE *stream)
{
    const char *group = "";
    fprintf(stream,
            ".\\\" SPDX-License-Identifier: MIT\n"
            ".\\\" Made from the program's tables.\n"
            ".TH IMPASTO 1 \"\" \"Impasto %s\" \"User Commands\"\n"
            ".SH NAME\n"
            "impasto \\- paint a photograph in the style of a painting\n"
            ".SH SYNOPSIS\n"
            ".B impasto\n"
            ".IR CONTENT \" \" STYLE \"[:w] ...\\&\"\n"
            ".RB [ \\-o\n"
            ".IR OUT ]\n"
            ".RI [ options ]\n"
            ".br\n"
            ".B impasto \\-\\-settings\n"
            ".I FILE\n"
            ".RI [ CONTENT\n"
            ".RI [ STYLE \"[:w] ...]]\"\n"
            ".RI [ options ]\n"
            ".br\n"
            ".B impasto devices\n"
            ".RB [ \\-\\-json ]\n"
            ".br\n"
            ".B impasto weights fetch\n"
            ".SH DESCRIPTION\n",
            impasto_version());
    put_text(stream, description);
    fputs(".PP\n", stream);
    put_text(stream, description_styles);
    fputs(".PP\n", stream);
    put_text(stream, description_files);
    fputs(".PP\n", stream);
    put_text(stream, description_settings);
    fputs(".SH OPTIONS\n", stream);
    put_text(stream, "Values follow their option as the next word or after an equals sign. The "
                     "later one of two wins. Defaults are in parentheses.");
    for (size_t i = 0; i < cli_option_count; i++) {
        if (strcmp(group, cli_options[i].group) != 0) {
            group = cli_options[i].group;
            fprintf(stream, ".SS %s\n", group);
        }
        put_option(stream, &cli_options[i]);
    }
    put_commands(stream);
    put_facts(stream, "ENVIRONMENT", cli_variables);
    put_facts(stream, "FILES", cli_places);
    put_facts(stream, "EXIT STATUS", cli_exit_codes);
    put_examples(stream);
}
