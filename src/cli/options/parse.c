/* SPDX-License-Identifier: MIT */
/* Reads the command line: which words are options, which are pictures, and which of several values
 * counts. */

#include "base/os.h"
#include "cli/options/table.h"

#include <stdlib.h>
#include <string.h>

static enum impasto_status unknown(const char *word, size_t length, struct impasto_error *error)
{
    const char *names[CLI_OPTIONS_MOST];
    for (size_t i = 0; i < cli_option_count; i++)
        names[i] = cli_options[i].name;
    const char *meant = cli_nearest(word, length, names, cli_option_count);
    if (meant)
        return cli_fail(error, IMPASTO_ERROR_USAGE, "unknown option --%.*s; did you mean --%s?",
                        (int)length, word, meant);
    return cli_fail(error, IMPASTO_ERROR_USAGE, "unknown option --%.*s; see --help", (int)length,
                    word);
}

static const struct cli_option *find_short(char letter)
{
    for (size_t i = 0; i < cli_option_count; i++)
        if (letter && cli_options[i].letter == letter)
            return &cli_options[i];
    return NULL;
}

/* A long name behind a single dash would be the values of a short one. */
static enum impasto_status unknown_short(const char *word, struct impasto_error *error)
{
    const struct cli_option *meant = cli_find(word + 1, strcspn(word + 1, "="));
    if (meant)
        return cli_fail(error, IMPASTO_ERROR_USAGE, "unknown option %s; did you mean --%s?", word,
                        meant->name);
    return cli_fail(error, IMPASTO_ERROR_USAGE, "unknown option %s; see --help", word);
}

/* Whether a word would be one of the options before "--". */
static bool is_option(const char *word)
{
    return word[0] == '-' && (word[1] == '-' ? cli_find(word + 2, strcspn(word + 2, "=")) != NULL
                                             : word[1] && !word[2] && find_short(word[1]));
}

/* Keeps a picture's name until all words are known. */
static enum impasto_status keep(struct cli_settings *settings, const char *text, bool style,
                                struct impasto_error *error)
{
    if (text[0] == 0)
        return cli_fail(error, IMPASTO_ERROR_USAGE, "a picture's name is empty");
    if (!style && settings->border && is_option(text) && !imp_os_is_there(text))
        return cli_fail(
            error, IMPASTO_ERROR_USAGE,
            "%s: stands behind --, where every word is a picture; put options before it", text);
    settings->words[settings->word_count++] = (struct cli_word){
        .text = text, .style = style, .late = settings->border, .batch = settings->batch.count > 0};
    return IMPASTO_OK;
}

/* The first picture replaces the content that a settings file has named, the next its styles. */
static enum impasto_status give_words(struct cli_settings *settings, struct impasto_error *error)
{
    enum impasto_status status = IMPASTO_OK;
    for (int i = 0; i < settings->word_count && status == IMPASTO_OK; i++) {
        const struct cli_word *word = &settings->words[i];
        if (word->style || settings->content_giver == settings->giver) {
            status = cli_give_style(settings, word->text, error);
        } else {
            settings->content = word->text;
            settings->content_giver = settings->giver;
        }
    }
    return status;
}

/* Of a word that begins with a dash: the option, and the value in the same word, NULL: none. */
static enum impasto_status find_option(const char *word, const struct cli_option **option,
                                       const char **value, struct impasto_error *error)
{
    const bool is_long = word[1] == '-';
    const char *name = word + (is_long ? 2 : 1);
    const size_t length = strcspn(name, "=");
    *value = NULL;
    if (is_long) {
        *option = cli_find(name, length);
        if (!*option)
            return unknown(name, length, error);
        if (name[length] == '=')
            *value = name + length + 1;
        return IMPASTO_OK;
    }
    *option = find_short(name[0]);
    if (!*option || (name[1] && (!(*option)->operand || cli_find(name, length))))
        return unknown_short(word, error);
    if (name[1])
        *value = name + 1;
    return IMPASTO_OK;
}

/* Of a help option at argv[*at]: all of it, or what the next word names. */
static void take_help(int argc, char **argv, int *at, struct cli_settings *settings,
                      const char **value)
{
    settings->brief = argv[*at][1] != '-';
    if (!*value && !settings->brief && *at + 1 < argc && argv[*at + 1][0] &&
        argv[*at + 1][0] != '-')
        *value = argv[++*at];
    settings->help_about = *value;
    *value = "";
}

/* The value of an option at argv[*at], which may be the next word; of a flag "". */
static enum impasto_status find_value(int argc, char **argv, int *at,
                                      const struct cli_option *option,
                                      struct cli_settings *settings, const char **value,
                                      struct impasto_error *error)
{
    if (strcmp(option->name, "help") == 0) {
        take_help(argc, argv, at, settings, value);
    } else if (!option->operand) {
        if (*value)
            return cli_fail(error, IMPASTO_ERROR_USAGE, "--%s: takes no value", option->name);
        *value = "";
    } else if (!*value) {
        if (*at + 1 == argc || strncmp(argv[*at + 1], "--", 2) == 0)
            return cli_fail(error, IMPASTO_ERROR_USAGE, "--%s: needs a value (%s)", option->name,
                            option->operand);
        *value = argv[++*at];
    }
    return IMPASTO_OK;
}

/* The file that --checkpoint names among the words, which may not have been read yet. NULL: none.
 */
static const char *checkpoint_among(int argc, char **argv)
{
    static const char name[] = "--checkpoint";
    const char *found = NULL;
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strncmp(argv[i], name, strlen(name)) != 0)
            continue;
        else if (argv[i][strlen(name)] == '=')
            found = argv[i] + strlen(name) + 1;
        else if (argv[i][strlen(name)] == 0 && i + 1 < argc)
            found = argv[++i];
    return found;
}

/* --resume auto is the file of --checkpoint, or nothing where that is not there: the same words
 * begin a run and go on with it. */
static enum impasto_status load(int argc, char **argv, struct cli_settings *settings,
                                const struct cli_option *option, const char *value,
                                struct impasto_error *error)
{
    if (strcmp(option->name, "resume") != 0 || strcmp(value, "auto") != 0)
        return cli_settings_load(settings, option, value, error);
    const char *path = checkpoint_among(argc, argv);
    if (!path)
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "--resume auto goes with --checkpoint, which names the file");
    return imp_os_is_there(path) ? cli_settings_load(settings, option, path, error) : IMPASTO_OK;
}

static enum impasto_status give(struct cli_settings *settings, const struct cli_option *option,
                                const char *value, struct impasto_error *error)
{
    return strcmp(option->name, "style") == 0 ? keep(settings, value, true, error)
                                              : cli_give(settings, option, value, error);
}

/* Goes through argv and takes only the settings files, or only everything else. */
static enum impasto_status take_words(int argc, char **argv, bool files,
                                      struct cli_settings *settings, struct impasto_error *error)
{
    enum impasto_status status = IMPASTO_OK;
    settings->border = false;
    for (int i = 1; i < argc && status == IMPASTO_OK; i++) {
        const char *word = argv[i], *value;
        const struct cli_option *option;
        /* "-" is standard input, and may have a weight: "-:0.5". */
        if (settings->border || word[0] != '-' || word[1] == 0 || word[1] == ':') {
            status = files ? IMPASTO_OK : keep(settings, word, false, error);
        } else if (strcmp(word, "--") == 0) {
            settings->border = true;
        } else {
            status = find_option(word, &option, &value, error);
            if (status == IMPASTO_OK)
                status = find_value(argc, argv, &i, option, settings, &value, error);
            if (status == IMPASTO_OK && files == (option->type == CLI_SETTINGS))
                status = files ? load(argc, argv, settings, option, value, error)
                               : give(settings, option, value, error);
        }
    }
    return status;
}

/* No other option takes a value that begins with "--", so what looks like it is it. */
void cli_find_progress(int argc, char **argv, struct cli_common *common)
{
    struct impasto_error ignored = {0};
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strncmp(argv[i], "--progress", strlen("--progress")) != 0)
            continue;
        const char *name = argv[i] + 2;
        const size_t length = strcspn(name, "=");
        const struct cli_option *option = cli_find(name, length);
        const char *next = i + 1 < argc ? argv[i + 1] : "";
        const char *value = name[length] ? name + length + 1 : next;
        if (option && cli_read(option, value, common, &ignored) != IMPASTO_OK) {
            common->progress = 0; /* nobody knows where to */
            return;
        }
    }
}

static enum impasto_status parse(int argc, char **argv, struct cli_settings *settings,
                                 struct impasto_error *error)
{
    *settings = (struct cli_settings){
        .bits = 8,
        .preset = "default",
        .init = "content",
        .common = {.warm = settings->common.warm, .ranks = settings->common.ranks}};
    settings->words = calloc((size_t)argc + 1, sizeof(*settings->words));
    if (!settings->words)
        return cli_fail_memory(error, "the command line");
    enum impasto_status status = cli_settings_take_sent(settings, error);
    if (status == IMPASTO_OK)
        status = take_words(argc, argv, true, settings, error);
    settings->giver = CLI_COMMAND_LINE;
    if (status != IMPASTO_OK)
        return status;
    const enum impasto_status taken = take_words(argc, argv, false, settings, error);
    if (taken != IMPASTO_OK)
        return taken;
    for (int i = 0; i < settings->batch.count; i++)
        settings->standard += cli_is_standard(settings->batch.item[i]);
    if (settings->standard > 1)
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "--batch: standard input can be read only once; name files for the others");
    if (strcmp(settings->init, "grey") == 0)
        settings->init = "gray";
    return settings->batch.count > 0 ? IMPASTO_OK : give_words(settings, error);
}

enum impasto_status cli_parse(int argc, char **argv, struct cli_settings *settings,
                              struct impasto_error *error)
{
    const enum impasto_status status = parse(argc, argv, settings, error);
    if (status != IMPASTO_OK)
        cli_find_progress(argc - 1, argv + 1, &settings->common);
    return status;
}

bool cli_init_is_file(const struct cli_settings *settings)
{
    return strcmp(settings->init, "content") != 0 && strcmp(settings->init, "noise") != 0 &&
           strcmp(settings->init, "gray") != 0;
}
