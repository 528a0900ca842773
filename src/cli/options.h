/* SPDX-License-Identifier: MIT */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

/* The command line. One table (options.c) drives parsing (parse.c, values.c), --help, the manual
 * page, the shells' completions, and the settings in traces, pictures and files. */

#include <impasto/impasto.h>

#include <limits.h>
#include <stdio.h>

#define CLI_OPTIONS_MOST 96

/* An option or a kind of picture that can be given several times. */
#define CLI_LIST_MOST 64
struct cli_list {
    const char *item[CLI_LIST_MOST];
    int count;
};

/* How often: 0 where not by this; both 0: not given. */
struct cli_every {
    int iterations;
    double seconds;
};

/* A picture that the command line names. */
struct cli_word {
    const char *text;
    bool style; /* by --style */
    bool late;  /* behind "--" */
    bool batch; /* behind the first --batch */
};

/* What the command line says besides struct impasto_params. */
struct cli_settings {
    const char *content;    /* NULL: not given */
    struct cli_list styles; /* as given, with weights */
    struct cli_list content_masks, style_masks;
    struct cli_list batch;  /* pictures, folders and lists of contents; content is then unused */
    struct cli_word *words; /* beside --batch: more contents; from malloc */
    int word_count;
    bool recursive;
    int standard; /* settings files and lists that are standard input */
    bool border;  /* "--" was among the words */
    bool overwrite, no_clobber;
    const char *keep;
    int interpolate;    /* pictures from each style to the next; 0: one of all styles */
    const char *output; /* NULL: derived from the pictures' names */
    const char *device;
    bool list_devices, json, self_test, plan, tune;
    const char *preset;
    const char *weights, *export_weights;
    int convention; /* enum impasto_convention */
    const char *init;
    int bits, metadata; /* enum impasto_privacy */
    int format;         /* enum impasto_format */
    int quality;        /* 0: the usual one */
    uint64_t max_pixels;
    const char *trace, *gradient;
    int save_every;
    bool show;
    const char *timelapse; /* a folder */
    int timelapse_every;   /* 0: not given */
    const char *report;
    int progress;                    /* one of its forms; 0: none */
    int progress_fd;                 /* 0: not given */
    int progress_preview;            /* longer side, pixels; 0: none */
    struct cli_events *events;       /* by cli_events_open; NULL: none */
    const char *checkpoint, *resume; /* the first: that of resume, unless given */
    struct cli_every every;
    bool quiet, verbose, version, help;
    bool brief;                                /* the help: one page */
    const char *help_about;                    /* a group or option; NULL: all */
    const char *settings_file, *save_settings; /* the first: the last one given */
    /* Each option's text as given, by its place in the table (of a list, the last). */
    const char *values[CLI_OPTIONS_MOST];
    int givers[CLI_OPTIONS_MOST]; /* who gave it */
    int content_giver, style_giver;
    int giver;              /* who is giving now */
    struct cli_file *files; /* the settings files, the last one first */
};

/* Who gives options: nobody (0), settings files from 1 on, the command line. A higher one wins. */
#define CLI_COMMAND_LINE INT_MAX

/* Reads argv into settings, checking every value by itself; says in `error` what is wrong. Settings
 * files are read first, wherever they stand. The strings stay argv's or the files'. To be released
 * by cli_release, also after failures. */
enum impasto_status cli_parse(int argc, char **argv, struct cli_settings *settings,
                              struct impasto_error *error);

/* Whether --init names a picture. */
bool cli_init_is_file(const struct cli_settings *settings);

void cli_release(struct cli_settings *settings);

/* With --batch: tells which of the words are styles, gives them, and leaves the contents.
 * IMPASTO_ERROR_USAGE where they look as if a shell had made many words of one, and contents would
 * be styles. */
enum impasto_status cli_batch_words(struct cli_settings *settings, struct impasto_error *error);

struct cli_option;
/* What cli_parse does with an option and its text ("" for a flag). */
enum impasto_status cli_give(struct cli_settings *settings, const struct cli_option *option,
                             const char *value, struct impasto_error *error);
/* The same for the next style picture. */
enum impasto_status cli_give_style(struct cli_settings *settings, const char *word,
                                   struct impasto_error *error);
/* As if a flag or a list had not been given. */
void cli_take_back(struct cli_settings *settings, const struct cli_option *option);

/* Writes the options given that are parameters over those of the preset. */
enum impasto_status cli_override(const struct cli_settings *settings, struct impasto_params *params,
                                 struct impasto_error *error);

/* The double of fewest digits that is this float when rounded to one: 0.02, not 0.0199999995. */
double cli_shortest(float number);

/* Calls `visit` for each option that decides the result, with its value as JSON text would have it:
 * the member that the kind says. */
enum cli_value_kind {
    CLI_VALUE_TEXT,
    CLI_VALUE_NUMBER,
    CLI_VALUE_BOOL,
    CLI_VALUE_LAYERS,
    CLI_VALUE_SCALES, /* sizes, if there are any; or their number, 0 being auto */
    CLI_VALUE_LIST,
};
struct cli_value {
    enum cli_value_kind kind;
    const char *text;    /* NULL: not set */
    double number;       /* also of a bool */
    const float *layers; /* IMPASTO_LAYERS weights */
    const int *sizes;    /* IMPASTO_SCALES longer sides; 0 ends them */
    const struct cli_list *list;
};
typedef void (*cli_visit_fn)(void *user, const struct cli_option *option,
                             const struct cli_value *value);
void cli_visit(const struct cli_settings *settings, const struct impasto_params *params,
               cli_visit_fn visit, void *user);

/* Fills `error` and returns `status`: the program's own imp_fail. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
enum impasto_status
cli_fail(struct impasto_error *error, enum impasto_status status, const char *format, ...);
/* For memory that was not to be had: "out of memory for <what>", and what to do. */
enum impasto_status cli_fail_memory(struct impasto_error *error, const char *what);
/* For a file with which the system could not do what was asked of it, errno being `problem`:
 * "<path>: <what>: <why>", and what to do. */
enum impasto_status cli_fail_file(struct impasto_error *error, enum impasto_status status,
                                  const char *path, const char *what, int problem);
#ifdef __clang_analyzer__ /* as with imp_fail */
#define cli_fail(error, status, ...) ((void)(cli_fail)(error, status, __VA_ARGS__), (status))
#define cli_fail_memory(error, what) ((void)(cli_fail_memory)(error, what), IMPASTO_ERROR_MEMORY)
#define cli_fail_file(error, status, path, what, problem)                                          \
    ((void)(cli_fail_file)(error, status, path, what, problem), (status))
#endif

/* Bytes of the character that text begins with, 0 where it is not UTF-8. */
size_t cli_character(const char *text);
/* The same, but 0 also where a terminal might obey it (controls, also those of
 * U+0080 to U+009F) or it is not UTF-8, whose single bytes may be such controls to it. */
size_t cli_printable(const char *text);
/* The library names settings in backquotes, which are options here: "`size`" becomes "--size". */
void cli_name_options(char *line);

#endif
