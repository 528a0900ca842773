/* SPDX-License-Identifier: MIT */
#ifndef CLI_APPLY_RUN_H
#define CLI_APPLY_RUN_H

/* Inside applying: from words to pictures on disk. */

#include "cli/apply/apply.h"
#include "cli/batch/batch.h"
#include "cli/files/files.h"
#include "cli/guard/guard.h"
#include "cli/record/record.h"

struct cli_applying {
    const struct cli_apply_options *options;
    struct cli_settings *settings; /* painting's options, with the model as style */
    struct impasto_error *error;
    struct cli_console console;
    struct cli_lock *lock; /* of a batch's picture; NULL: there is only one picture */
    struct cli_watchdog *watchdog;
    struct impasto_model *model;
    float *mix; /* NULL: the first style */
    struct impasto_device *device;
    struct impasto_applier *applier;
    struct impasto_image *keep;
    struct cli_regions regions;
    struct json_t *inputs; /* the files that go in, by cli_inputs_begin; NULL: not read yet */
};

enum impasto_status cli_apply_run(const struct cli_call *call, struct impasto_error *error);

/* ---- refine.c -------------------------------------------------------------------------------- */

/* Replaces *result, the network's painting of the content, by a refined one; by what there is of it
 * where it is interrupted. After other failures *result stays. */
enum impasto_status cli_apply_refine(struct cli_applying *applying,
                                     const struct impasto_image *content,
                                     struct impasto_image **result);

/* ---- record.c -------------------------------------------------------------------------------- */

/* What the settings' content, painted, says of how it was made, as JSON. The caller frees it. NULL:
 * out of memory. */
char *cli_apply_record(const struct cli_applying *applying);

#endif
