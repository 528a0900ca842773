/* SPDX-License-Identifier: MIT */
#ifndef CLI_APPLY_H
#define CLI_APPLY_H

/* impasto apply: pictures through a style network. */

#include "cli/options/table.h"

extern const struct cli_command cli_apply_command;

/* What it is told besides painting's options. */
struct cli_apply_options {
    const char *mix;         /* NULL: the first style */
    struct cli_list regions; /* FILE[#RRGGBB]=MIX */
    struct cli_list batch;   /* pictures besides the words, folders and lists of them */
    float strength, stroke;
    int size;   /* 0: not given */
    int colour; /* enum impasto_colour */
    uint64_t memory;
    int refine;             /* iterations; 0: none */
    struct cli_list styles; /* for those */
};

/* ---- mix.c ----------------------------------------------------------------------------------- */

/* How much of each of a model's styles. */
struct cli_mix {
    float *weight; /* style_count of them; NULL: the first style alone */
    size_t *named; /* the styles, in the order in which they were named, each once */
    size_t count;  /* of these */
};

/* Reads "starry", or "starry:0.3,scream:0.7". IMPASTO_ERROR_USAGE lists the model's styles where
 * one is unknown. mix: to be freed in any case. */
enum impasto_status cli_mix_read(const char *text, const struct impasto_model *model,
                                 struct cli_mix *mix, struct impasto_error *error);
/* One style, by its index. Likewise. */
enum impasto_status cli_mix_of_one(size_t style, const struct impasto_model *model,
                                   struct cli_mix *mix, struct impasto_error *error);
void cli_mix_free(struct cli_mix *mix);

/* ---- regions.c ------------------------------------------------------------------------------- */

/* The masks that --region names, and their mixes. */
struct cli_regions {
    size_t count;
    struct impasto_apply_region region[CLI_LIST_MOST];
    struct impasto_image *mask[CLI_LIST_MOST];
    struct cli_mix mix[CLI_LIST_MOST];
};
/* To be freed in any case. */
enum impasto_status cli_regions_load(const struct cli_list *list, uint64_t max_pixels,
                                     const struct impasto_model *model, struct cli_regions *regions,
                                     struct impasto_error *error);
void cli_regions_free(struct cli_regions *regions);

#endif
