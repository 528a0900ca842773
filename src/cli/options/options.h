/* SPDX-License-Identifier: MIT */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

/* The command line. One table (options.c) drives parsing (parse.c, values.c), --help, the manual
 * page and the completions. The settings in traces, pictures and files come from it, too. */

#include "cli/common/common.h"

#include <limits.h>

#define CLI_OPTIONS_MOST 96

/* How often something happens, by iterations or by seconds. The other one is 0. Both 0: not given.
 */
struct cli_every {
    int iterations;
    double seconds;
};

/* A word of the command line that names a picture. */
struct cli_word {
    const char *text;
    bool style; /* by --style */
    bool late;  /* behind "--" */
    bool batch; /* behind the first --batch */
};

/* What a worker keeps from job to job, and gives to the one at hand (worker/). */
struct cli_warm {
    struct json_t *settings;       /* of the job, as a file of settings has them; NULL: none */
    struct cli_events *events;     /* where its lines go */
    struct impasto_device *device; /* open, and at no work; NULL: none */
    char *device_name;             /* by which it was asked for */
    struct cli_console *console;   /* of the job, where the device's log goes; NULL: nowhere */
};

/* The options of all commands that compute. */
struct cli_common {
    struct cli_warm *warm;   /* of a worker's job; NULL in all other runs */
    struct cli_ranks *ranks; /* processes that paint one picture; NULL: this one is alone */
    const char *device;      /* NULL: not given */
    bool quiet, verbose;
    int progress;              /* one of its forms; 0: none */
    int progress_fd;           /* 0: not given */
    int progress_preview;      /* longer side, pixels; 0: none */
    struct cli_events *events; /* by cli_events_open; NULL: none */
};

struct cli_call;

/* What the command line says, apart from struct impasto_params. */
struct cli_settings {
    struct cli_common common; /* first: offsets in it are offsets in this */
    struct cli_call *call;    /* a command with options of its own; NULL: painting */
    const char *content;      /* NULL: not given */
    struct cli_list styles;   /* as given, with weights; of `impasto apply` the one model */
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
    bool list_devices, json, self_test, plan, tune;
    bool mpi;
    const char *bands; /* the devices' shares of one picture; NULL: by their speed */
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
    const char *checkpoint, *resume; /* the first: that of resume, unless given */
    struct cli_every every;
    bool version, help;
    bool brief;                                /* the help: one page */
    const char *help_about;                    /* a group or option; NULL: all */
    const char *settings_file, *save_settings; /* the first: the last one given */
    /* Each option's text as given, by its place in the table. Of a list, it is the last one. */
    const char *values[CLI_OPTIONS_MOST];
    int givers[CLI_OPTIONS_MOST]; /* who gave it */
    int content_giver, style_giver;
    int giver;              /* who is giving now */
    struct cli_file *files; /* the settings files, the last one first */
};

/* Who gives options, by number. 0 is nobody. Settings files count from 1 on, and the command line
 * is last. A higher number wins. */
#define CLI_COMMAND_LINE INT_MAX

/* Reads argv into settings, and checks every value by itself. Settings files are read first,
 * wherever they stand. Strings point into argv or the files. settings: only common.warm must be
 * set. To be released by cli_release, also after failures. */
enum impasto_status cli_parse(int argc, char **argv, struct cli_settings *settings,
                              struct impasto_error *error);

/* Whether --init names a picture. */
bool cli_init_is_file(const struct cli_settings *settings);

void cli_release(struct cli_settings *settings);

struct cli_option;
/* Takes an option and its text, as cli_parse does. The text of a flag is "". */
enum impasto_status cli_give(struct cli_settings *settings, const struct cli_option *option,
                             const char *value, struct impasto_error *error);
/* Takes the next style picture. */
enum impasto_status cli_give_style(struct cli_settings *settings, const char *word,
                                   struct impasto_error *error);
/* Takes a flag or a list back, as if it had not been given. */
void cli_take_back(struct cli_settings *settings, const struct cli_option *option);
/* Who gave an option, by number. */
int cli_giver_of(const struct cli_settings *settings, const struct cli_option *option);

/* Writes the parameters that were given over those of the preset. */
enum impasto_status cli_override(const struct cli_settings *settings, struct impasto_params *params,
                                 struct impasto_error *error);

/* The double with the fewest digits that rounds to this float: 0.02, not 0.0199999995. */
double cli_shortest(float number);

/* The kind of an option's value, as JSON has it. It says which member of struct cli_value counts.
 */
enum cli_value_kind {
    CLI_VALUE_TEXT,
    CLI_VALUE_NUMBER,
    CLI_VALUE_BOOL,
    CLI_VALUE_LAYERS,
    CLI_VALUE_SCALES, /* sizes, if there are any; else their number, or 0 for auto */
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
/* Calls `visit` for each option of the command at hand that decides the result. */
void cli_visit(const struct cli_settings *settings, const struct impasto_params *params,
               cli_visit_fn visit, void *user);

/* Makes options of the settings that the library names in backquotes: "`size`" becomes "--size". */
void cli_name_options(char *line);

/* ---- settings.c ------------------------------------------------------------------------------ */

/* Takes the options and pictures that a file names: for --settings a PNG or JSON file, for --resume
 * a checkpoint. option: which of these. */
enum impasto_status cli_settings_load(struct cli_settings *settings,
                                      const struct cli_option *option, const char *path,
                                      struct impasto_error *error);
/* Takes those that a worker's job was sent, as from the first of all files. Errors call it
 * "settings". */
enum impasto_status cli_settings_take_sent(struct cli_settings *settings,
                                           struct impasto_error *error);
/* The checkpoint that --resume has named. It belongs to the settings. NULL: none. */
struct impasto_checkpoint *cli_resumed(const struct cli_settings *settings);
/* Iterations from frame to frame of the run that is resumed. 0: there are no frames, or they are
 * not known. */
int cli_resumed_frames(const struct cli_settings *settings);
/* The settings file that leaves nothing for --preset on the command line to set. NULL: none. */
const char *cli_idle_preset(const struct cli_settings *settings);

/* ---- settings_file.c ------------------------------------------------------------------------- */

struct cli_name {
    char *text;
    struct cli_name *before;
};

/* A file that --settings or --resume has named. */
struct cli_file {
    const char *path;
    bool resumed;                          /* by --resume */
    struct impasto_checkpoint *checkpoint; /* what is in it, if `resumed` */
    int number;                            /* as in cli_settings.givers */
    struct json_t *root;    /* what is in it: a record (see record.c), or the settings alone */
    struct json_t *texts;   /* numbers and layers as options have them; settings point to them */
    struct cli_name *names; /* names that are not UTF-8; settings point to them */
    struct cli_file *before;
};

/* Reads `path` into `root`, and into `checkpoint` if `resumed`. Errors name the path. */
enum impasto_status cli_settings_read(struct cli_file *file, struct impasto_error *error);

#endif
