/* SPDX-License-Identifier: MIT */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

/* The rows of options and commands, for those who own some, and for what is made of them: parsers,
 * help pages, the manual, completions, settings in files. */

#include "cli/options/options.h"

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
    size_t offset; /* in struct cli_settings, or in a command's, or, ... */
    bool common;   /* ... in struct cli_common */
    double low, high;
    const struct impasto_setting_word *words; /* of a choice; or beside the numbers of an int */
    const char *help;                         /* with the default in parentheses */
    bool recorded; /* decides the result, so the trace has it, and settings files may */
    bool stays;    /* but is not saved: of this machine, or said by the other options already */
    bool chief;    /* one of those that matter most, which -h shows */
    const char *offers; /* that the operand leaves out and completions offer, between spaces */
    const char *also;   /* another spelling of the name, which is taken as well */
    /* Of a CLI_PARAM, who knows its setting; NULL: impasto_setting_find. Of a command's own one,
     * `offset` is where its text goes, as a const char *, once it has been checked: then it can
     * come over any defaults. */
    const struct impasto_setting *(*setting)(const char *name);
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

/* ---- parse.c --------------------------------------------------------------------------------- */

/* Takes --progress and its like from words that could not be read to their end: whoever gave them
 * is still to be told why. */
void cli_find_progress(int argc, char **argv, struct cli_common *common);

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

/* ---- command.c ------------------------------------------------------------------------------- */

struct cli_command;

/* A command line that has been read. */
struct cli_call {
    const struct cli_command *command;
    char name[64]; /* as its user calls it: "weights fetch" */
    const char *const *operands;
    size_t operand_count;
    void *options;                 /* the command's own struct, zeroed but for what was given */
    struct cli_settings *settings; /* what painting's options have given that it shares */
    struct cli_common *common;     /* the settings' */
    bool refused;                  /* the words are wrong: all that is still to be said is why */
};

typedef enum impasto_status (*cli_command_fn)(const struct cli_call *call,
                                              struct impasto_error *error);
/* argv[0] is no word, as that of main(). commands: all of them, for the help. */
typedef enum impasto_status (*cli_words_fn)(int argc, char **argv,
                                            const struct cli_command *const *commands,
                                            struct cli_settings *settings,
                                            struct impasto_error *error);

struct cli_command {
    const char *name;
    const char *summary;  /* for lists of commands: no capital, no stop */
    const char *help;     /* what its page says below the usage; whole sentences */
    const char *operands; /* as in a usage: "FILE..."; NULL: it takes none */
    size_t least, most;   /* how many */
    /* Options of its own, whose offsets are in its struct of `size` bytes; NULL ends them, and
     * stands for none. */
    const struct cli_option *const *rows;
    size_t size;
    const char *shared; /* painting's options that it takes, none a CLI_PARAM, between spaces; NULL:
                           none */
    /* Commands below it, one of which must be named: it has nothing else then but texts. */
    const struct cli_command *const *parts; /* NULL ends them, and stands for none */
    /* Opens what tells other programs how it goes; also where the words are refused. NULL: nothing.
     */
    cli_command_fn open;
    cli_command_fn run;
    cli_words_fn words; /* in place of run: reads its words by itself, with painting's options */
};

/* The command of this name in a list; NULL: there is none. */
const struct cli_command *cli_command_find(const struct cli_command *const *commands,
                                           const char *name);

/* Lists the command's options, its own first, and says how many these are. Returns how many there
 * are in all. */
size_t cli_command_options(const struct cli_command *command,
                           const struct cli_option *options[CLI_OPTIONS_MOST], size_t *own);

/* The help page of a command that its user calls by this name. */
void cli_command_page(const struct cli_command *command, const char *name);
/* The commands one after the other on a help page. */
void cli_command_list(FILE *stream, const struct cli_command *const *commands);
/* The command whose name `word` was probably meant to be; NULL: none. names: of all of them. */
const char *cli_command_meant(const struct cli_command *const *commands, const char *word);

/* Reads the words behind argv[0] and does what they say. commands: all there are. settings: for
 * what the command shares with painting, and released by whoever gives them. */
enum impasto_status cli_command_run(const struct cli_command *command, int argc, char **argv,
                                    const struct cli_command *const *commands,
                                    struct cli_settings *settings, struct impasto_error *error);

/* ---- help.c ---------------------------------------------------------------------------------- */

/* Painting's help, as much of it as was asked for: one page, all, or one group or option. */
enum impasto_status cli_help(FILE *stream, const struct cli_settings *settings,
                             const struct cli_command *const *commands,
                             struct impasto_error *error);

#endif
