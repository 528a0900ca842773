/* SPDX-License-Identifier: MIT */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

/* The rows of the option table, for options.c, which owns it, and for what is made from it: the
 * help, the manual page, the shells' completions, the settings in files. */

#include "cli/options.h"

/* The library's kinds, and the program's own. */
enum cli_type {
    CLI_FLAG = IMPASTO_SETTING_FLAG,
    CLI_TEXT = IMPASTO_SETTING_TEXT,
    CLI_INT = IMPASTO_SETTING_INT,
    CLI_UINT64 = IMPASTO_SETTING_UINT64,
    CLI_BYTES = IMPASTO_SETTING_BYTES,
    CLI_FLOAT = IMPASTO_SETTING_FLOAT,
    CLI_CHOICE = IMPASTO_SETTING_CHOICE,
    CLI_LAYERS = IMPASTO_SETTING_LAYERS,
    CLI_SCALES = IMPASTO_SETTING_SCALES,
    CLI_LIST = 100, /* struct cli_list of texts; may be repeated */
    CLI_EVERY,      /* struct cli_every */
    CLI_SETTINGS,   /* the name of a file with more options; may be given repeatedly */
    CLI_PARAM,      /* the setting of this name: the library has its kind, limits and words */
};

struct cli_option {
    const char *name;
    char letter; /* 0: none */
    const char *group;
    const char *operand; /* alternatives between bars, see below; NULL for a flag */
    enum cli_type type;
    /* From here to `recorded`: not of a CLI_PARAM. */
    size_t offset; /* in struct cli_settings, or in a command's */
    double low, high;
    const struct impasto_setting_word *words; /* of a choice; or beside the numbers of an int */
    const char *help;                         /* with the default in parentheses */
    bool recorded; /* decides the result, so the trace has it, and settings files may */
    bool stays;    /* but is not saved: of this machine, or said by the other options already */
    bool chief;    /* one of those that matter most, which -h shows */
    const char *offers; /* that the operand leaves out and completions offer, between spaces */
    const char *also;   /* another spelling of the name, which is taken as well */
};

extern const struct cli_option cli_options[];
extern const size_t cli_option_count;

/* The option of this name, NULL: there is none. */
const struct cli_option *cli_find(const char *name, size_t length);

/* ---- values.c -------------------------------------------------------------------------------- */

/* What the library knows of a CLI_PARAM, and the same of an option of the program's own. */
struct impasto_setting cli_row(const struct cli_option *option);
/* Its type, which is never CLI_PARAM. */
enum cli_type cli_type_of(const struct cli_option *option);
/* Whether it decides the result: the trace has it, and settings files may. */
bool cli_is_recorded(const struct cli_option *option);
/* Its help, with the default in parentheses. */
#define CLI_HELP_SIZE 640
void cli_help_of(const struct cli_option *option, char text[CLI_HELP_SIZE]);
/* Writes a value to its member of the struct that its offset is in, of struct impasto_params for a
 * CLI_PARAM (NULL: only checks it), or says what is wrong with it. */
enum impasto_status cli_read(const struct cli_option *option, const char *value, void *members,
                             struct impasto_error *error);

/* ---- words.c --------------------------------------------------------------------------------- */

/* The name that `word` was probably meant to be; NULL: none of them. */
const char *cli_nearest(const char *word, size_t length, const char *const *names, size_t count);

/* A part of an operand. Placeholders such as FILE begin with a capital; others are taken as they
 * stand, as "content" in "content|noise|gray|FILE". */
struct cli_alternative {
    const char *text; /* NULL: before the first one */
    size_t length;
    bool placeholder;
};
/* Goes on to the next one; false: that was the last. */
bool cli_next_alternative(const struct cli_option *option, struct cli_alternative *alternative);
/* Whether a placeholder is among them. */
bool cli_has_placeholder(const struct cli_option *option, const char *placeholder);
/* Whether the option's value is a file's name: FILE is among them, and the value is no other. */
bool cli_is_file(const struct cli_option *option, const char *value);

/* ---- columns.c ------------------------------------------------------------------------------- */

/* Writes words with line breaks, each line beginning at `column`; `used` columns are taken. */
void cli_wrap(FILE *stream, const char *text, int used, int column);
/* One option, in so many words; NULL: all of its help. */
void cli_print_option(FILE *stream, const struct cli_option *option, const char *words);

/* ---- manual.c -------------------------------------------------------------------------------- */

/* What users look up besides the options: a name or number, and its meaning. */
struct cli_fact {
    const char *name; /* NULL ends a list */
    const char *meaning;
};
extern const struct cli_fact cli_exit_codes[];
extern const struct cli_fact cli_variables[]; /* of the environment */
extern const struct cli_fact cli_places[];    /* files and folders */

#endif
