/* SPDX-License-Identifier: MIT */
/* Finds the name that is nearest to a mistyped one, and reads the alternatives of an operand. */

#include "cli/options/table.h"

#include <stdint.h>
#include <string.h>

#define LONGEST_NAME 64

/* Those of impasto_apply_params, which have no table, where painting has none of their names. */
static const char *const apply_settings[] = {"stroke", "mix", "steady", "smooth", "pixels", "wait"};

/* Whether some command has an option of that name, as it has all of its work's settings. */
static bool is_option(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof(apply_settings) / sizeof(*apply_settings); i++)
        if (strlen(apply_settings[i]) == length && memcmp(apply_settings[i], name, length) == 0)
            return true;
    char copy[LONGEST_NAME];
    if (length >= sizeof(copy))
        return false;
    memcpy(copy, name, length);
    copy[length] = 0;
    return cli_find(name, length) || impasto_train_setting_find(copy);
}

void cli_name_options(char *line)
{
    for (char *at = strchr(line, '`'); at; at = strchr(at + 1, '`')) {
        const size_t length = strcspn(at + 1, "`");
        if (at[1 + length] && is_option(at + 1, length)) {
            memmove(at + 2, at + 1, length);
            at[0] = at[1] = '-';
        }
    }
}

/* Levenshtein distance; names are short. SIZE_MAX: the lengths alone differ by more than `most`. */
static size_t distance(const char *a, size_t a_length, const char *b, size_t most)
{
    size_t row[LONGEST_NAME];
    const size_t b_length = strlen(b);
    if (b_length >= sizeof(row) / sizeof(*row) || b_length > a_length + most ||
        a_length > b_length + most)
        return SIZE_MAX;
    for (size_t j = 0; j <= b_length; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            const size_t above = row[j];
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            best = above + 1 < best ? above + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            row[j] = best;
            diagonal = above;
        }
    }
    return row[b_length];
}

const char *cli_nearest(const char *word, size_t length, const char *const *names, size_t count)
{
    size_t best = SIZE_MAX, nearest = 0;
    /* A name with a third of its letters wrong is another name. */
    const size_t most = 1 + length / 3;
    /* What is much longer than any name is none, however long it would take to find that out. */
    if (length >= 2 * LONGEST_NAME)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        /* The beginning of a name is the nearest thing to it. */
        const bool begins = length > 1 && strncmp(word, names[i], length) == 0;
        const size_t d = begins ? 0 : distance(word, length, names[i], most);
        if (d < best) {
            best = d;
            nearest = i;
        }
    }
    return count > 0 && best <= most ? names[nearest] : NULL;
}

bool cli_next_alternative(const struct cli_option *option, struct cli_alternative *alternative)
{
    const char *at = alternative->text;
    if (!option->operand)
        return false;
    if (!at)
        at = option->operand;
    else if (at[alternative->length] == '|')
        at += alternative->length + 1;
    else
        return false;
    alternative->text = at;
    alternative->length = strcspn(at, "|");
    alternative->placeholder = at[0] >= 'A' && at[0] <= 'Z';
    return true;
}

static bool has(const struct cli_option *option, const char *word, bool placeholder)
{
    struct cli_alternative alternative = {0};
    while (cli_next_alternative(option, &alternative)) {
        /* What may follow a file's name is in brackets. */
        const size_t length = placeholder ? strcspn(alternative.text, "[|") : alternative.length;
        if (alternative.placeholder == placeholder && length == strlen(word) &&
            strncmp(alternative.text, word, length) == 0)
            return true;
    }
    return false;
}

bool cli_has_placeholder(const struct cli_option *option, const char *placeholder)
{
    return has(option, placeholder, true);
}

bool cli_is_file(const struct cli_option *option, const char *value)
{
    return has(option, "FILE", true) && !has(option, value, false);
}
