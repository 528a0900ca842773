/* SPDX-License-Identifier: MIT */
#ifndef IMP_PAINT_PAINT_H
#define IMP_PAINT_PAINT_H

/* What a painting is asked for: its settings, and the sizes that follow from them. */

#include "loss/losses.h"
#include "optim/optim.h"

#include <impasto/job.h>

/* ---- settings.c ------------------------------------------------------------------------------ */

/* Four halvings must leave a pixel for block 5. */
#define IMP_SMALLEST_SIDE 16
/* Kernels count the values of a picture, three to a pixel, in int. */
#define IMP_LARGEST_SIDE 16384
#define IMP_MOST_ITERATIONS 1000000

/* The table. */
const struct impasto_setting *imp_settings(size_t *count);
/* What the presets have in common, and what members are that an older program does not know. */
struct impasto_params imp_params_usual(void);
/* IMPASTO_ERROR_USAGE for a value out of range, IMPASTO_ERROR_WEIGHTS for a layer that the weights
 * do not have. */
enum impasto_status imp_params_check(const struct impasto_params *params,
                                     const struct impasto_weights_info *weights,
                                     struct impasto_error *error);
/* The first setting that differs of those that a resumed job must have kept; NULL: none does. */
const char *imp_params_difference(const struct impasto_params *a, const struct impasto_params *b);

/* ---- params.c -------------------------------------------------------------------------------- */

/* How many layers, from conv1_1 on, the parameters need: 1 to IMPASTO_LAYERS. */
int imp_params_depth(const struct impasto_params *params);
/* Whether the result is the photograph: nothing of the painting is asked for. */
bool imp_params_photograph(const struct impasto_params *params);
/* The parameters that the losses and the optimiser are told. */
struct imp_loss_options imp_params_losses(const struct impasto_params *params);
struct imp_step_options imp_params_steps(const struct impasto_params *params);

/* ---- take.c ---------------------------------------------------------------------------------- */

/* A caller's parameters in the struct of this version. IMPASTO_ERROR_USAGE for unknown sizes. */
enum impasto_status imp_params_take(const struct impasto_params *theirs,
                                    struct impasto_params *ours, struct impasto_error *error);
/* Likewise a caller's pictures, with arrays of our own; to be dropped in any case, if `ours` was
 * zeroed. */
enum impasto_status imp_pictures_take(const struct impasto_pictures *theirs,
                                      struct impasto_pictures *ours, struct impasto_error *error);
void imp_pictures_drop(struct impasto_pictures *pictures);

/* ---- canvas.c -------------------------------------------------------------------------------- */

/* The sizes of the picture at one scale, pixels. */
struct imp_sizes {
    int width, height;
    int margin;                      /* on all sides of the canvas, mirrored */
    int canvas_width, canvas_height; /* with the margin */
    int begin, rows;                 /* of the canvas: those on this device */
};

/* For a content picture of that width and height and a longer side `size`, or IMPASTO_SIZE_SOURCE.
 * All rows are on one device. */
struct imp_sizes imp_sizes_of(const struct impasto_params *params, int size, int width, int height);
/* IMPASTO_ERROR_INPUT when the picture is too small or too large to work on. `what` says which it
 * is, `name` where it is from (NULL: not known), `setting` what changes its size, in backquotes. */
enum impasto_status imp_sizes_check(const char *what, const char *name, const char *setting,
                                    int width, int height, struct impasto_error *error);
/* The size at which a scale looks at a style picture of own_width x own_height. `size` is the
 * longer side of the scale's picture, and `last` that of the last scale's. */
void imp_style_fit(const struct impasto_params *params, int size, int last, int own_width,
                   int own_height, int *width, int *height);

/* planes (count, canvas_height, canvas_width) from (count, height, width): the margin is mirrored.
 */
void imp_canvas_spread(const struct imp_sizes *sizes, const float *planes, int count, float *out);
/* The other way round. */
void imp_canvas_cut(const struct imp_sizes *sizes, const float *planes, int count, float *out);
/* Pixels; and those on this device. */
size_t imp_canvas_count(const struct imp_sizes *sizes);
size_t imp_canvas_own(const struct imp_sizes *sizes);

/* ---- schedule.c ------------------------------------------------------------------------------ */

/* The sizes that a run works through. */
struct imp_schedule {
    int count;
    struct {
        int size; /* longer side */
        int iterations;
    } scale[IMPASTO_SCALES];
    int iterations; /* of all */
};

/* For a content picture of that width and height. */
enum impasto_status imp_schedule_make(const struct impasto_params *params, int width, int height,
                                      struct imp_schedule *schedule, struct impasto_error *error);

#endif
