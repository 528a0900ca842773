/* SPDX-License-Identifier: MIT */
#ifndef CLI_FILES_H
#define CLI_FILES_H

/* Pictures that are read, and files that are written: their names, and checks before the work. */

#include "cli/options/options.h"

/* FILE[#RRGGBB][:w]. A file whose name is the whole word is that, colons and all. */
struct cli_spec {
    char *path;
    bool keyed;
    uint32_t colour; /* where keyed */
    float weight;    /* 1 where none is given */
};
/* IMPASTO_ERROR_MEMORY; the caller frees spec->path. weighted: ":w" is looked for. */
enum impasto_status cli_spec_read(const char *word, bool weighted, struct cli_spec *spec,
                                  struct impasto_error *error);

/* ---- standard.c: "-" is standard input or output --------------------------------------------- */

/* impasto_image_load_apart and impasto_image_save, also from and to there. */
enum impasto_status cli_picture_load(const char *path, uint64_t max_pixels,
                                     struct impasto_image **image, struct impasto_error *error);
enum impasto_status cli_picture_save(const struct impasto_image *image, const char *path,
                                     const struct impasto_save_options *options,
                                     struct impasto_error *error);
/* Before any work: IMPASTO_ERROR_USAGE where something does not go with them. */
enum impasto_status cli_standard_check(const struct cli_settings *settings,
                                       struct impasto_error *error);

/* ---- pictures.c ------------------------------------------------------------------------------ */

/* Everything that --init, --keep, the masks and the positional words name. */
struct cli_pictures {
    struct impasto_image *content, *init, *keep;
    struct impasto_image *style[CLI_LIST_MOST];
    struct impasto_image *style_mask[CLI_LIST_MOST], *content_mask[CLI_LIST_MOST];
    struct impasto_style styles[CLI_LIST_MOST];
    struct impasto_region regions[CLI_LIST_MOST];
    struct impasto_pictures task; /* points to the above */
};
/* Of the counts of styles and masks, before anything is read: IMPASTO_ERROR_USAGE. */
enum impasto_status cli_pictures_check(const struct cli_settings *settings,
                                       struct impasto_error *error);
enum impasto_status cli_pictures_load(const struct cli_settings *settings,
                                      struct cli_pictures *pictures, struct impasto_error *error);
void cli_pictures_free(struct cli_pictures *pictures);
/* The share of each style in picture `index` of `count` on the way from the first to the last. */
void cli_pictures_interpolate(struct cli_pictures *pictures, int index, int count);

/* ---- outputs.c ------------------------------------------------------------------------------- */

/* The ending of a result's name that nobody has given: ".png", or as --format says. */
const char *cli_usual_ending(const struct cli_settings *settings);
/* <content>-<style>.png beside the content picture; the caller frees it; NULL: out of memory. */
char *cli_default_output(const struct cli_settings *settings, const char *style);
/* What -o gives, where it is a folder with the usual name in it; likewise. */
char *cli_output_pattern(const struct cli_settings *settings, const char *given);
/* path with "-0001" before its extension, for number 1; likewise. */
char *cli_numbered(const char *path, int number);
/* The files that a run may write, the picture first; NULL where one is not asked for. */
#define CLI_OUTPUTS 7
void cli_list_outputs(const struct cli_settings *settings, const char *output,
                      const char *outputs[CLI_OUTPUTS]);
/* Refuses, before any work, what could not be written at the end: a path that is no regular file,
 * in a folder that is not there or not writable, the same file as an input or as another output. */
enum impasto_status cli_check_outputs(const struct cli_settings *settings, const char *output,
                                      struct impasto_error *error);
/* How the results are saved. */
struct impasto_save_options cli_save_options(const struct cli_settings *settings);

/* ---- pattern.c ------------------------------------------------------------------------------- */

/*
 * Placeholders in the name of a result: {content} and {style} are those pictures' names without
 * extension, {ext} is the content's extension, {folder} its folder; in a batch, {path} is that
 * folder below the one that the batch names, and {number} counts. Other braces are a part of the
 * name, and "{{" is a brace.
 */
struct cli_naming {
    const char *content, *style; /* their paths */
    size_t root;                 /* bytes of the content's path that {path} leaves out */
    size_t number;
    bool whole; /* {content} keeps its extension, to tell x.jpg from x.png */
};

/* IMPASTO_ERROR_USAGE where a word in braces was meant for a placeholder and is none. */
enum impasto_status cli_pattern_check(const char *pattern, bool batch, struct impasto_error *error);
/* Whether the placeholder of that name is in it. */
bool cli_pattern_has(const char *pattern, const char *name);
/* A new string; NULL: out of memory. */
char *cli_pattern_expand(const char *pattern, const struct cli_naming *naming);

/* ---- meant.c --------------------------------------------------------------------------------- */

/* The kind of device that a spec which fits none was probably meant to be; NULL: none. Static. */
const char *cli_meant_device(const char *spec);
/* Refuses words that were meant for something else than they became: "style.jpg:0,5",
 * --init nois. */
enum impasto_status cli_meant_check(const struct cli_settings *settings,
                                    struct impasto_error *error);

/* ---- lock.c ---------------------------------------------------------------------------------- */

/* A file beside an output that says who is at work on it. */
struct cli_lock {
    char *path;
    int descriptor;
    double refreshed; /* monotonic seconds */
};
enum cli_lock_state { CLI_LOCK_TAKEN, CLI_LOCK_BUSY, CLI_LOCK_FAILED };
/* FAILED: error says why. */
enum cli_lock_state cli_lock_take(struct cli_lock *lock, const char *output,
                                  struct impasto_error *error);
bool cli_lock_is_there(const char *output);
/* Now and then while at work, so that others see that somebody is. */
void cli_lock_refresh(struct cli_lock *lock);
void cli_lock_release(struct cli_lock *lock);

#endif
