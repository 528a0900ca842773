/* SPDX-License-Identifier: MIT */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

/* The rows of options and commands. Some rooms own rows. Parsers, help pages, the manual,
 * completions and settings in files are made of them. */

#include "cli/options/options.h"

/* The kinds of values: the library's, and then the program's own. */
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
    CLI_SETTINGS,   /* the name of a file with more options; may be repeated */
    CLI_PARAM,      /* a setting of the library's, which has its kind, limits and words */
};

struct cli_option {
    const char *name;
    char letter; /* 0: none */
    const char *group;
    const char *operand; /* alternatives between bars, see below; NULL for a flag */
    enum cli_type type;
    /* From here to `recorded`: not of a CLI_PARAM. */
    size_t offset; /* in struct cli_settings or a command's own struct */
    bool common;   /* the offset is in struct cli_common instead */
    double low, high;
    const struct impasto_setting_word *words; /* of a choice, or beside the numbers of an int */
    const char *help;                         /* with the default in parentheses */
    bool recorded; /* decides the result: the trace has it, and settings files may */
    bool stays;    /* is recorded, but not saved: it is of this machine, or other options tell it */
    bool remote;   /* the studio's page may set it: it decides the result, and names no file. Of a
                      CLI_PARAM, what is recorded */
    bool chief;    /* matters most, so -h shows it */
    const char *offers; /* words for completions that the operand leaves out, between spaces */
    const char *also;   /* another spelling of the name */
    /* Finds the setting of a CLI_PARAM. NULL: impasto_setting_find does. Of a command's own
     * setting, `offset` is where its text goes, as a const char *, once it has been checked. The
     * command can then write it over any defaults. */
    const struct impasto_setting *(*setting)(const char *name);
};

extern const struct cli_option cli_options[];
extern const size_t cli_option_count;

/* The option of this name. NULL: there is none. */
const struct cli_option *cli_find(const char *name, size_t length);
/* Whether a word is one of the option's names. */
bool cli_is_called(const struct cli_option *option, const char *word, size_t length);

struct cli_command;

/* Lists the options of a command, its own first. *own: how many these are. Returns how many there
 * are in all. */
size_t cli_command_options(const struct cli_command *command,
                           const struct cli_option *options[CLI_OPTIONS_MOST], size_t *own);
/* Lists the options of the command at hand, which may be painting. Returns how many there are. */
size_t cli_options_of(const struct cli_settings *settings,
                      const struct cli_option *options[CLI_OPTIONS_MOST]);

/* ---- values.c -------------------------------------------------------------------------------- */

/* What the library knows of a CLI_PARAM. For the program's own options, the same is made. */
struct impasto_setting cli_row(const struct cli_option *option);
/* The type of an option's value, which is never CLI_PARAM. */
enum cli_type cli_type_of(const struct cli_option *option);
/* Whether an option decides the result. If so, the trace has it, and settings files may. */
bool cli_is_recorded(const struct cli_option *option);
#define CLI_HELP_SIZE 640
/* Writes an option's help, with the default in parentheses. */
void cli_help_of(const struct cli_option *option, char text[CLI_HELP_SIZE]);
/* Calls `visit` for each of a command's rows that is a setting of the library's. rows: NULL ends
 * them. members: the library's struct. */
void cli_visit_params(const struct cli_option *const *rows, const void *members, cli_visit_fn visit,
                      void *user);
/* Reads a value into its member, at the option's offset in the struct `members`. For a CLI_PARAM,
 * that is struct impasto_params. NULL: only checks the value. */
enum impasto_status cli_read(const struct cli_option *option, const char *value, void *members,
                             struct impasto_error *error);

/* ---- parse.c --------------------------------------------------------------------------------- */

/* Takes --progress and its like from words that could not be read to their end. So other programs
 * are told why. */
void cli_find_progress(int argc, char **argv, struct cli_common *common);

/* ---- words.c --------------------------------------------------------------------------------- */

/* The name that `word` was probably meant to be. NULL: none of them. */
const char *cli_nearest(const char *word, size_t length, const char *const *names, size_t count);

/* A part of an operand such as "content|noise|gray|FILE". Placeholders begin with a capital, as
 * FILE does. The others are words. */
struct cli_alternative {
    const char *text; /* NULL: before the first one */
    size_t length;
    bool placeholder;
};
/* Goes on to the next one. false: that was the last. */
bool cli_next_alternative(const struct cli_option *option, struct cli_alternative *alternative);
/* Whether an option's operand has this placeholder. */
bool cli_has_placeholder(const struct cli_option *option, const char *placeholder);
/* Whether a value is the name of a file: the operand has FILE, and none of its words is the value.
 */
bool cli_is_file(const struct cli_option *option, const char *value);

/* ---- columns.c ------------------------------------------------------------------------------- */

/* Writes words with line breaks. Each line begins at `column`. Of the first line, `used` columns
 * are taken. */
void cli_wrap(FILE *stream, const char *text, int used, int column);
/* Prints an option with these words. NULL: with all of its help. */
void cli_print_option(FILE *stream, const struct cli_option *option, const char *words);

/* ---- manual.c -------------------------------------------------------------------------------- */

/* Something that users look up besides the options: a name or number, and its meaning. */
struct cli_fact {
    const char *name; /* NULL ends a list */
    const char *meaning;
};
extern const struct cli_fact cli_exit_codes[];
extern const struct cli_fact cli_variables[]; /* of the environment */
extern const struct cli_fact cli_places[];    /* files and folders */

/* ---- command.c ------------------------------------------------------------------------------- */

/* A command line that has been read. */
struct cli_call {
    const struct cli_command *command;
    char name[64]; /* as its user calls it: "weights fetch" */
    const char *const *operands;
    size_t operand_count;
    void *options; /* the command's own struct, as `defaults` but for what was given */
    int givers[CLI_OPTIONS_MOST];  /* of the command's own options, as in struct cli_settings */
    struct cli_settings *settings; /* what painting's options have given that it shares */
    struct cli_common *common;     /* the settings' */
    bool refused; /* the words are wrong, and only the reason is still to be told */
};

typedef enum impasto_status (*cli_command_fn)(const struct cli_call *call,
                                              struct impasto_error *error);
/* As in main(), argv[0] is no word. commands: all of them, for the help. */
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
    /* Options of its own. Their offsets are in its struct, of `size` bytes. NULL ends them, and
     * stands for none. */
    const struct cli_option *const *rows;
    size_t size;
    const void *defaults; /* what that struct begins as; NULL: zeros */
    const char
        *shared; /* painting's options that it takes, between spaces; no CLI_PARAM; NULL: none */
    /* Commands below it, one of which must be named. Apart from them, it has only texts. */
    const struct cli_command *const *parts; /* NULL ends them, and stands for none */
    /* Opens what tells other programs how it goes, also if the words are refused. NULL: nothing. */
    cli_command_fn open;
    cli_command_fn run;
    cli_words_fn words; /* in place of `run`: reads the words itself, with painting's options */
    bool single;        /* refused where a launcher has started several processes */
};

/* The command of this name in a list. NULL: there is none. */
const struct cli_command *cli_command_find(const struct cli_command *const *commands,
                                           const char *name);

/* Prints the help page of a command. name: as its user calls it. */
void cli_command_page(const struct cli_command *command, const char *name);
/* Prints the commands, one after the other. */
void cli_command_list(FILE *stream, const struct cli_command *const *commands);
/* The name of the command that `word` was probably meant to be. NULL: none of them. */
const char *cli_command_meant(const struct cli_command *const *commands, const char *word);

/* Reads the words behind argv[0] and does what they say. commands: all of them. settings: what the
 * command shares with painting. Whoever gives them releases them. */
enum impasto_status cli_command_run(const struct cli_command *command, int argc, char **argv,
                                    const struct cli_command *const *commands,
                                    struct cli_settings *settings, struct impasto_error *error);

/* ---- help.c ---------------------------------------------------------------------------------- */

/* Prints painting's help: one page, all of it, a group or an option, as was asked for. */
enum impasto_status cli_help(FILE *stream, const struct cli_settings *settings,
                             const struct cli_command *const *commands,
                             struct impasto_error *error);

#endif
