/* SPDX-License-Identifier: MIT */
#ifndef CLI_PICTURES_H
#define CLI_PICTURES_H

/* From the words that name pictures to struct impasto_pictures. */

#include "cli/options.h"

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

/* ---- standard.c: "-" is standard input or output ----------------------------------------------
 */

/* "standard input" for "-", any other path as it is; likewise. */
const char *cli_name_of_input(const char *path);
const char *cli_name_of_output(const char *path);
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

#endif
