/* SPDX-License-Identifier: MIT */
#ifndef CLI_FILES_H
#define CLI_FILES_H

/* Names of the pictures that are read and of the files that are written. They are checked before
 * the work. */

#include "cli/options/options.h"

/* What a word like FILE[#RRGGBB][:w] says. If a file has the whole word for its name, the word
 * names that file. */
struct cli_spec {
    char *path;
    bool keyed;
    uint32_t colour; /* 0xRRGGBB, if `keyed` */
    float weight;    /* 1 if none is given */
};
/* Reads such a word. weighted: it may end in ":w". The caller frees spec->path.
 * IMPASTO_ERROR_MEMORY. */
enum impasto_status cli_spec_read(const char *word, bool weighted, struct cli_spec *spec,
                                  struct impasto_error *error);

/* The length of a word's beginning that names a file, with its colour: all of it but what FILE=MIX
 * has behind the last '='. operand: the option's, as in the table. */
size_t cli_spec_length(const char *word, const char *operand);
/* The file that a word names, where other things may follow the name as the operand says. The
 * caller frees it. NULL: out of memory. */
char *cli_spec_path(const char *word, const char *operand);

/* What may follow the name of a style picture. With a command of its own, that is a model. */
const char *cli_style_operand(const struct cli_settings *settings);

/* ---- standard.c: "-" is standard input or output --------------------------------------------- */

/* impasto_image_load_apart and impasto_image_save, for which "-" is a path, too. */
enum impasto_status cli_picture_load(const char *path, uint64_t max_pixels,
                                     struct impasto_image **image, struct impasto_error *error);
enum impasto_status cli_picture_save(const struct impasto_image *image, const char *path,
                                     const struct impasto_save_options *options,
                                     struct impasto_error *error);
/* To be called before any work. IMPASTO_ERROR_USAGE: "-" is given twice, or something does not go
 * with it. */
enum impasto_status cli_standard_check(const struct cli_settings *settings,
                                       struct impasto_error *error);

/* ---- pictures.c ------------------------------------------------------------------------------ */

/* All pictures that the command line names. */
struct cli_pictures {
    struct impasto_image *content, *init, *keep;
    struct impasto_image *style[CLI_LIST_MOST];
    struct impasto_image *style_mask[CLI_LIST_MOST], *content_mask[CLI_LIST_MOST];
    struct impasto_style styles[CLI_LIST_MOST];
    struct impasto_region regions[CLI_LIST_MOST];
    struct impasto_pictures task; /* points to the above */
};
/* Compares the counts of styles and masks, before anything is read. IMPASTO_ERROR_USAGE: they do
 * not fit. */
enum impasto_status cli_pictures_check(const struct cli_settings *settings,
                                       struct impasto_error *error);
enum impasto_status cli_pictures_load(const struct cli_settings *settings,
                                      struct cli_pictures *pictures, struct impasto_error *error);
void cli_pictures_free(struct cli_pictures *pictures);
/* A mask by itself: FILE[#RRGGBB]. */
enum impasto_status cli_mask_load(const char *word, uint64_t max_pixels,
                                  struct impasto_image **mask, struct impasto_error *error);
/* Sets the weights of the styles for picture `index` of `count`, on the way from the first style to
 * the last. */
void cli_pictures_interpolate(struct cli_pictures *pictures, int index, int count);

/* ---- outputs.c ------------------------------------------------------------------------------- */

/* The extension of a result that nobody has named: ".png", or as --format says. */
const char *cli_usual_ending(const struct cli_settings *settings);
/* The result's usual path, <content>-<style>.png beside the content picture. The caller frees it.
 * NULL: out of memory. */
char *cli_default_output(const struct cli_settings *settings, const char *style);
/* The path or pattern that -o gives. A folder is followed by the usual name. The caller frees it.
 * NULL: out of memory. */
char *cli_output_pattern(const struct cli_settings *settings, const char *given);
/* The result's path, as -o and the pictures' names give it. The caller frees it.
 * IMPASTO_ERROR_USAGE: a placeholder that is none. */
enum impasto_status cli_name_output(const struct cli_settings *settings, char **output,
                                    struct impasto_error *error);
/* Puts a number before a path's extension, such as "-0001". The caller frees it. NULL: out of
 * memory. */
char *cli_numbered(const char *path, int number);
/* Lists the files that a run may write, the picture first. NULL: that one is not asked for. */
#define CLI_OUTPUTS 7
void cli_list_outputs(const struct cli_settings *settings, const char *output,
                      const char *outputs[CLI_OUTPUTS]);
/* Refuses, before any work, outputs that could not be written at the end. They must be regular
 * files or new, in folders that can be written to. None may be an input or another output. */
enum impasto_status cli_check_outputs(const struct cli_settings *settings, const char *output,
                                      struct impasto_error *error);
/* Refuses a path that a file of data cannot be written to. Without `force`, refuses a file that is
 * there. what: what is to be written, in the plural, for the message. */
enum impasto_status cli_check_file(const char *path, const char *what, bool force,
                                   struct impasto_error *error);
/* How the results are saved. */
struct impasto_save_options cli_save_options(const struct cli_settings *settings);

/* ---- pattern.c ------------------------------------------------------------------------------- */

/*
 * What placeholders in the name of a result stand for.
 *
 * {content} and {style} are those pictures' names without extension. {ext} is the content's
 * extension, and {folder} its folder. In a batch, {number} counts, and {path} is the content's
 * folder below the one that was named. Other braces are a part of the name, and "{{" is a brace.
 */
struct cli_naming {
    const char *content, *style; /* their paths */
    size_t root;                 /* bytes of the content's path that {path} leaves out */
    size_t number;
    bool whole; /* {content} keeps its extension, to tell x.jpg from x.png */
};

/* IMPASTO_ERROR_USAGE: a word in braces is no placeholder, but was meant for one. */
enum impasto_status cli_pattern_check(const char *pattern, bool batch, struct impasto_error *error);
/* Whether a pattern has the placeholder of that name. */
bool cli_pattern_has(const char *pattern, const char *name);
/* Returns a new string: the pattern with names for its placeholders. NULL: out of memory. */
char *cli_pattern_expand(const char *pattern, const struct cli_naming *naming);

/* ---- meant.c --------------------------------------------------------------------------------- */

/* For a spec that fits no device: the kind of device that was probably meant. NULL: none. */
const char *cli_meant_device(const char *spec);
/* Refuses words that were meant for something else than a file's name, such as "style.jpg:0,5" or
 * `--init nois`. */
enum impasto_status cli_meant_check(const struct cli_settings *settings,
                                    struct impasto_error *error);

/* ---- lock.c ---------------------------------------------------------------------------------- */

/* A file beside an output. It says which process works on that. */
struct cli_lock {
    char *path;
    int descriptor;
    double refreshed; /* monotonic seconds */
};
enum cli_lock_state { CLI_LOCK_TAKEN, CLI_LOCK_BUSY, CLI_LOCK_FAILED };
/* Makes the file. CLI_LOCK_BUSY: another process has made it. CLI_LOCK_FAILED: `error` says why. */
enum cli_lock_state cli_lock_take(struct cli_lock *lock, const char *output,
                                  struct impasto_error *error);
bool cli_lock_is_there(const char *output);
/* To be called now and then, so that others see that the work goes on. */
void cli_lock_refresh(struct cli_lock *lock);
void cli_lock_release(struct cli_lock *lock);

#endif
