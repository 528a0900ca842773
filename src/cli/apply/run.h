/* SPDX-License-Identifier: MIT */
#ifndef CLI_APPLY_RUN_H
#define CLI_APPLY_RUN_H

/* Inside applying: from words to pictures on disk. */

#include "cli/apply/apply.h"
#include "cli/batch/batch.h"
#include "cli/files/files.h"
#include "cli/guard/guard.h"
#include "cli/record/record.h"

/* What --refine goes on with, from picture to picture. */
struct cli_refining {
    struct impasto_weights *weights;
    struct impasto_image *image[CLI_LIST_MOST]; /* of the styles; NULL once they are not needed */
    struct impasto_style style[CLI_LIST_MOST];
    size_t count;
    bool kept; /* they are the model's own, of the size at which they are to be looked at */
    struct impasto_job *job; /* of the picture at hand */
    int taken;               /* iterations that the picture at hand has behind it */
};

struct cli_applying {
    const struct cli_apply_options *options;
    struct cli_settings *settings; /* painting's options, with the model as style */
    struct impasto_error *error;
    struct cli_console console;
    struct cli_lock *lock; /* of a batch's picture; NULL: there is only one picture */
    struct cli_watchdog *watchdog;
    struct impasto_model *model;
    struct cli_mix mix;
    struct impasto_device *device;
    struct impasto_applier *applier;
    struct impasto_image *keep;
    struct cli_regions regions;
    struct cli_refining refining;
    bool builtin;          /* the weights of a refinement are */
    struct json_t *inputs; /* the files that go in, by cli_inputs_begin; NULL: not read yet */
};

enum impasto_status cli_apply_run(const struct cli_call *call, struct impasto_error *error);

/* ---- refine.c -------------------------------------------------------------------------------- */

/* Opens what --refine needs besides a picture, before any work. IMPASTO_ERROR_USAGE: the style
 * pictures are not those of the mix. */
enum impasto_status cli_refine_open(struct cli_applying *applying);
void cli_refine_close(struct cli_refining *refining);

/* Replaces *result, the network's painting of *content, by a refined one; by what there is of it
 * where it is interrupted. After other failures *result stays. The network's memory on the device
 * must be free. *content is freed as soon as it is not needed. */
enum impasto_status cli_refine(struct cli_applying *applying, struct impasto_image **content,
                               struct impasto_image **result);

/* ---- areas.c --------------------------------------------------------------------------------- */

/* What the optimiser is told of the network's regions. Its own may overlap, and then both count.
 * Without regions, there are none here either: the styles are those of the whole picture. */
struct cli_areas {
    struct impasto_image
        *mask[CLI_LIST_MOST + 1]; /* of what no region covers, and of each region */
    struct impasto_region region[CLI_LIST_MOST + 1];
    size_t count;
    struct impasto_style style[CLI_LIST_MOST];
    size_t style_count;
    float share; /* a factor of the style's weight, 0 to 1: how much of the mix is styles and not
                    the identity, on average of the areas */
};
/* Where no style pictures were named, those that the model keeps are taken, at the size of their
 * strokes. They weigh as much as their styles do in the mix of their area, which is noted as their
 * region. IMPASTO_ERROR_USAGE: they are not those of the mix and the regions, or the model keeps
 * none. */
enum impasto_status cli_areas_weigh(struct cli_applying *applying);
/* For a picture of that size. areas: zeroed; to be closed in any case. */
enum impasto_status cli_areas_open(const struct cli_applying *applying,
                                   const struct impasto_image *picture, struct cli_areas *areas);
void cli_areas_close(struct cli_areas *areas);

/* ---- record.c -------------------------------------------------------------------------------- */

/* What the settings' content, painted, says of how it was made, as JSON. The caller frees it. NULL:
 * out of memory. */
char *cli_apply_record(const struct cli_applying *applying);

#endif
