/* SPDX-License-Identifier: MIT */
/* Words of the command line that end where they may be read no further; and the option table beside
 * the library's of settings. */

#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include "cli/commands.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define WORDS_MOST 4

/* The word at the end of memory that may be read: a byte beyond it ends the test. */
static char *at_the_end(const char *word)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), size = strlen(word) + 1;
    char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(pages, MAP_FAILED);
    assert_int_equal(mprotect(pages + page, page, PROT_NONE), 0);
    return memcpy(pages + page - size, word, size);
}

static void let_go(char *word)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *first = word - (uintptr_t)word % page;
    assert_int_equal(munmap(first, 2 * page), 0);
}

/* Every short word at every place among the others, before "--" and behind it. */
static void short_words_are_read_no_further(void **state)
{
    static const char *const words[] = {"",    "-",   "--", "-:", "-o", "-q",  "-x", "-=", "--=",
                                        "-o=", "-:1", "a",  "~",  "-h", "--s", "=",  ":",  "-1"};
    static const char *const before[][WORDS_MOST - 1] = {
        {NULL},           {"--", NULL},      {"a", "--", NULL}, {"a", NULL},
        {"-o", NULL},     {"--style", NULL}, {"--batch", NULL}, {"--batch", "--"},
        {"--size", NULL}, {"-q", "--"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        for (size_t k = 0; k < sizeof(before) / sizeof(*before); k++) {
            char program[] = "impasto", copies[WORDS_MOST - 1][16], *word = at_the_end(words[i]);
            char *argv[WORDS_MOST + 2] = {program};
            struct cli_settings settings = {0};
            struct impasto_error error = {0};
            int argc = 1;
            for (int n = 0; n < WORDS_MOST - 1 && before[k][n]; n++)
                argv[argc++] = strcpy(copies[n], before[k][n]);
            argv[argc++] = word;
            if (cli_parse(argc, argv, &settings, &error) != IMPASTO_OK)
                assert_int_not_equal(strlen(error.message), 0);
            cli_release(&settings);
            let_go(word);
        }
}

/* Whether the words of the operand are the setting's, in any order. */
static bool has_the_words(const struct cli_option *option, const struct impasto_setting *setting)
{
    struct cli_alternative alternative = {0};
    size_t words = 0, found = 0;
    for (const struct impasto_setting_word *w = setting->words; w && w->text; w++)
        words++;
    while (cli_next_alternative(option, &alternative))
        for (const struct impasto_setting_word *w = setting->words; w && w->text; w++)
            found += strlen(w->text) == alternative.length &&
                     strncmp(w->text, alternative.text, alternative.length) == 0;
    return found == words;
}

static void options_are_settings(void **state)
{
    (void)state;
    for (size_t i = 0; i < cli_option_count; i++) {
        const struct cli_option *option = &cli_options[i];
        if (option->type != CLI_PARAM)
            continue;
        const struct impasto_setting *setting = impasto_setting_find(option->name);
        assert_non_null(setting);
        assert_true(!option->operand == (setting->kind == IMPASTO_SETTING_FLAG));
        /* Of a text, NAME stands for most of them. */
        if (option->operand && setting->kind != IMPASTO_SETTING_TEXT &&
            !has_the_words(option, setting))
            fail_msg("--%s %s has other words than the library", option->name, option->operand);
    }
}

static void settings_are_options(void **state)
{
    (void)state;
    const struct impasto_setting *setting;
    for (size_t i = 0; (setting = impasto_setting_at(i)); i++) {
        const struct cli_option *option = cli_find(setting->name, strlen(setting->name));
        char help[CLI_HELP_SIZE];
        if (!option && setting->decides != IMPASTO_DECIDES_NOTHING)
            fail_msg("%s has no option", setting->name);
        if (!option)
            continue;
        cli_help_of(option, help);
        assert_null(strchr(help, '`'));
        assert_true(strlen(help) + 1 < sizeof(help));
    }
}

/* What commands share with painting is in its struct. The library's settings are none of that. */
static void check_command(const struct cli_command *command)
{
    const struct cli_option *options[CLI_OPTIONS_MOST];
    size_t own;
    const size_t count = cli_command_options(command, options, &own);
    for (size_t i = own; i < count && !command->words; i++) {
        assert_non_null(options[i]);
        assert_int_not_equal(options[i]->type, CLI_PARAM);
    }
    for (size_t i = 0; i < own; i++)
        assert_true(options[i]->offset < command->size && !options[i]->common);
    assert_int_equal((command->run != NULL) + (command->parts != NULL) + (command->words != NULL),
                     1);
}

/* A training's settings are options of its command, and the other way round. */
static void settings_of_training_are_options(void **state)
{
    (void)state;
    const struct cli_option *options[CLI_OPTIONS_MOST];
    size_t own, params = 0;
    (void)cli_command_options(cli_command_find(cli_commands, "train"), options, &own);
    for (size_t i = 0; i < own; i++) {
        char help[CLI_HELP_SIZE];
        if (options[i]->type != CLI_PARAM)
            continue;
        assert_non_null(impasto_train_setting_find(options[i]->name));
        cli_help_of(options[i], help);
        assert_null(strchr(help, '`'));
        params++;
    }
    size_t settings = 0;
    while (impasto_train_setting_at(settings))
        settings++;
    assert_int_equal(params, settings);
}

static void commands_are_sound(void **state)
{
    (void)state;
    for (const struct cli_command *const *command = cli_commands; *command; command++) {
        check_command(*command);
        for (size_t i = 0; (*command)->parts && (*command)->parts[i]; i++)
            check_command((*command)->parts[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_words_are_read_no_further),
        cmocka_unit_test(options_are_settings),
        cmocka_unit_test(settings_are_options),
        cmocka_unit_test(settings_of_training_are_options),
        cmocka_unit_test(commands_are_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
