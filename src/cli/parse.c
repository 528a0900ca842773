/* SPDX-License-Identifier: MIT */
/* The command line's words: which are options, which are pictures, and who has the last word. */

#include "cli/cli.h"
#include "cli/table.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
    if (!style && settings->border && is_option(text) && access(text, F_OK) != 0)
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

enum impasto_status cli_give_style(struct cli_settings *settings, const char *word,
                                   struct impasto_error *error)
{
    if (settings->style_giver != settings->giver)
        settings->styles.count = 0;
    if (settings->styles.count == CLI_LIST_MOST)
        return cli_fail(error, IMPASTO_ERROR_USAGE, "'%s': more than %d style pictures", word,
                        CLI_LIST_MOST);
    settings->styles.item[settings->styles.count++] = word;
    settings->style_giver = settings->giver;
    return IMPASTO_OK;
}

enum impasto_status cli_give(struct cli_settings *settings, const struct cli_option *option,
                             const char *value, struct impasto_error *error)
{
    void *target = option->place == CLI_IN_SETTINGS ? cli_target(option, settings, NULL) : NULL;
    if (option->type == CLI_LIST && settings->givers[option - cli_options] != settings->giver)
        cli_take_back(settings, option);
    const enum impasto_status status = cli_read(option, value, target, error);
    if (status != IMPASTO_OK)
        return status;
    settings->values[option - cli_options] = value;
    settings->givers[option - cli_options] = settings->giver;
    return IMPASTO_OK;
}

void cli_take_back(struct cli_settings *settings, const struct cli_option *option)
{
    void *target = option->place == CLI_IN_SETTINGS ? cli_target(option, settings, NULL) : NULL;
    if (target && option->type == CLI_LIST)
        ((struct cli_list *)target)->count = 0;
    else if (target)
        *(bool *)target = false;
    settings->values[option - cli_options] = NULL;
    settings->givers[option - cli_options] = settings->giver;
}

/* Goes through argv and takes only the settings files, or only everything else. */
static enum impasto_status take_words(int argc, char **argv, bool files,
                                      struct cli_settings *settings, struct impasto_error *error)
{
    settings->border = false;
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        const struct cli_option *option = NULL;
        const char *value = NULL;
        /* "-" is standard input, and may have a weight: "-:0.5". */
        if (settings->border || word[0] != '-' || word[1] == 0 || word[1] == ':') {
            const enum impasto_status status =
                files ? IMPASTO_OK : keep(settings, word, false, error);
            if (status != IMPASTO_OK)
                return status;
            continue;
        }
        if (strcmp(word, "--") == 0) {
            settings->border = true;
            continue;
        }
        if (word[1] == '-') {
            const size_t length = strcspn(word + 2, "=");
            option = cli_find(word + 2, length);
            if (!option)
                return unknown(word + 2, length, error);
            if (word[2 + length] == '=')
                value = word + 2 + length + 1;
        } else {
            const size_t name = strcspn(word + 1, "=");
            option = find_short(word[1]);
            if (!option || (word[2] && (option->type == CLI_FLAG || cli_find(word + 1, name))))
                return unknown_short(word, error);
            if (word[2])
                value = word + 2;
        }
        if (strcmp(option->name, "help") == 0) {
            /* All of it, or what the next word names. */
            settings->brief = word[1] != '-';
            if (!value && !settings->brief && i + 1 < argc && argv[i + 1][0] &&
                argv[i + 1][0] != '-')
                value = argv[++i];
            settings->help_about = value;
            value = "";
        } else if (option->type == CLI_FLAG) {
            if (value)
                return cli_fail(error, IMPASTO_ERROR_USAGE, "--%s: takes no value", option->name);
            value = "";
        } else if (!value) {
            if (i + 1 == argc || strncmp(argv[i + 1], "--", 2) == 0)
                return cli_fail(error, IMPASTO_ERROR_USAGE, "--%s: needs a value (%s)",
                                option->name, option->operand);
            value = argv[++i];
        }
        if (files != (option->type == CLI_SETTINGS))
            continue;
        if (files && cli_is_standard(value) &&
            (settings->standard++ > 0 || strcmp(option->name, "settings") != 0))
            return cli_fail(error, IMPASTO_ERROR_USAGE, "--%s: %s", option->name,
                            settings->standard > 1
                                ? "standard input can be read only once"
                                : "a checkpoint does not come from standard input; name a file");
        enum impasto_status status = strcmp(option->name, "style") == 0
                                         ? keep(settings, value, true, error)
                                         : cli_give(settings, option, value, error);
        if (status == IMPASTO_OK && files)
            status = cli_settings_load(settings, value, strcmp(option->name, "resume") == 0, error);
        if (status != IMPASTO_OK)
            return status;
    }
    return IMPASTO_OK;
}

/* Where the words could not be read to their end, whoever asked for --progress is still to be told
 * why. No other option takes a value that begins with "--", so what looks like it is it. */
static void find_progress(int argc, char **argv, struct cli_settings *settings)
{
    struct impasto_error ignored = {0};
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strncmp(argv[i], "--progress", strlen("--progress")) != 0)
            continue;
        const char *name = argv[i] + 2;
        const size_t length = strcspn(name, "=");
        const struct cli_option *option = cli_find(name, length);
        const char *next = i + 1 < argc ? argv[i + 1] : "";
        const char *value = name[length] ? name + length + 1 : next;
        if (option && cli_give(settings, option, value, &ignored) != IMPASTO_OK) {
            settings->progress = 0; /* nobody knows where to */
            return;
        }
    }
}

static enum impasto_status parse(int argc, char **argv, struct cli_settings *settings,
                                 struct impasto_error *error)
{
    *settings = (struct cli_settings){.bits = 8, .preset = "default", .init = "content"};
    settings->words = calloc((size_t)argc + 1, sizeof(*settings->words));
    if (!settings->words)
        return cli_fail_memory(error, "the command line");
    const enum impasto_status status = take_words(argc, argv, true, settings, error);
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
    return settings->batch.count > 0 ? cli_batch_words(settings, error)
                                     : give_words(settings, error);
}

enum impasto_status cli_parse(int argc, char **argv, struct cli_settings *settings,
                              struct impasto_error *error)
{
    const enum impasto_status status = parse(argc, argv, settings, error);
    if (status != IMPASTO_OK)
        find_progress(argc, argv, settings);
    return status;
}

bool cli_init_is_file(const struct cli_settings *settings)
{
    return strcmp(settings->init, "content") != 0 && strcmp(settings->init, "noise") != 0 &&
           strcmp(settings->init, "gray") != 0;
}
