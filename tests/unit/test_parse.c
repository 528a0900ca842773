/* SPDX-License-Identifier: MIT */
/* Words of the command line that end where they may be read no further. */

#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include "cli/options.h"

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
            struct cli_settings settings;
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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(short_words_are_read_no_further)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
