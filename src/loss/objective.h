/* SPDX-License-Identifier: MIT */
#ifndef IMP_LOSS_OBJECTIVE_H
#define IMP_LOSS_OBJECTIVE_H

/*
 * The objective: a network, the losses at its taps, and the smoothness of the image, at one size.
 * It captures its targets from pictures. Then it has losses and their gradient for any image, be
 * that a painting's or a network's output. Images and gradients are (3, height, width) floats, RGB
 * in [0, 1].
 */

#include "loss/losses.h"

/*
 * A trainer of networks has one objective for the size of its crops, with one region, and its model
 * reflects at edges.
 *
 *     imp_objective_init, the layouts;
 *     each style once: a pass as large as its picture, imp_objective_capture_style and
 *         imp_targets_read;
 *     some crops: imp_objective_capture_content, and the mean of losses.content_found per layer for
 *         imp_objective_expect_content;
 *     each picture of each step: imp_targets_write of its style, imp_objective_capture_content of
 *         the crop, imp_objective_evaluate of the painting; then objective->gradient goes into the
 *         network's backward pass.
 *
 * Capturing the content waits once for each of its layers, imp_losses_read once; nothing else
 * waits. The gradient is gone with the next capture or evaluation.
 */

/* ---- objective.c ----------------------------------------------------------------------------- */

struct imp_objective_options {
    const struct imp_model *model;
    const struct imp_loss_options *losses;
    int height, width;     /* of the image */
    struct imp_band *band; /* whose rows that image has; NULL: it is the whole picture's */
    int regions;           /* of the style loss */
    bool holds;            /* parts of the image must not move: see `free` below */
};

struct imp_objective {
    struct imp_device *device;
    struct imp_band *band;
    int height, width;
    struct imp_style_region *region; /* its own; the caller sets weights and guides after _init */
    int regions;
    struct imp_losses losses;
    struct imp_net net;
    struct imp_buffer *gradient; /* of the image that was last evaluated with one */
    size_t gradient_bytes; /* those of an image, or more; the network borrows them meanwhile */
    bool holds;
    struct imp_buffer
        *free; /* (height, width): the gradient's factor, 0 where the image must not move */
};

/* Copies the options; the model must outlive it. IMPASTO_ERROR_MEMORY, of the host's;
 * IMPASTO_ERROR_INTERNAL, where losses are asked for that do not go together. */
enum impasto_status imp_objective_init(struct imp_objective *objective, struct imp_device *device,
                                       const struct imp_objective_options *options);
/* Also of a zeroed one. What _layout has listed is the layout's to free. */
void imp_objective_release(struct imp_objective *objective);

/* Lists the targets, and what evaluating takes beside them, as the network is planned. */
void imp_objective_layout_targets(struct imp_objective *objective, struct imp_layout *layout);
void imp_objective_layout(struct imp_objective *objective, struct imp_layout *layout);

/* Measures the losses of an image and, with `gradient`, makes their gradient; imp_losses_read has
 * them. */
enum impasto_status imp_objective_evaluate(struct imp_objective *objective,
                                           const struct imp_buffer *image, bool gradient);

/* ---- capture.c ------------------------------------------------------------------------------- */

/* The network that looks at one style picture, in memory that is gone afterwards. */
struct imp_style_pass {
    int height, width;
    struct imp_net net;
    struct imp_guide guide;
    struct imp_buffer *image;
    struct imp_layout layout;
};
/* guided: positions of the picture do not all count alike; see imp_guide_fill. */
void imp_style_pass_init(struct imp_style_pass *pass, const struct imp_model *model,
                         const struct imp_caps *caps, int height, int width, bool guided);
/* Fills pass->layout, as its network is planned; what it had listed is freed. */
void imp_style_pass_list(struct imp_style_pass *pass, const struct imp_objective *objective);
/* Adds the picture in pass->image, with its share, to the targets of a region. begins, ends: it is
 * the region's first, its last. */
enum impasto_status imp_objective_capture_style(struct imp_objective *objective,
                                                struct imp_style_pass *pass, int region,
                                                double share, bool begins, bool ends);
/* The content's targets, and what it repeats of its own, where the weave has a weight. Not between
 * an evaluation's losses and its gradient. */
enum impasto_status imp_objective_capture_content(struct imp_objective *objective,
                                                  const struct imp_buffer *image);
/* What mean squares to expect of contents' features, by layer: relative losses are divided by a
 * tenth of them at least, or crops of nothing but sky would drown the others. */
void imp_objective_expect_content(struct imp_objective *objective,
                                  const double mean[IMPASTO_LAYERS]);
/* Whether to capture once more after such a status and so many retries. The log has a warning.
 * Features that are not finite may come from a fault of the device, which passes. */
bool imp_objective_retries(struct imp_objective *objective, enum impasto_status status,
                           int retries);

/* ---- targets.c ------------------------------------------------------------------------------- */

/* The targets of all styles, on the host. */
struct imp_targets {
    uint64_t key;     /* imp_targets_key; 0: nothing is known */
    float *values;    /* regions by layers: matrix, mean */
    double *energies; /* likewise: two */
    size_t value_count, energy_count;
};
/* Of all that targets depend on and that differs between pictures of one job: the sizes at which
 * the styles are looked at. */
uint64_t imp_targets_key(const struct imp_style_pass *pass, int passes);
/* Also when it is zeroed, as it begins. */
void imp_targets_free(struct imp_targets *targets);
/* Room for an objective's, in place of what was known. IMPASTO_ERROR_MEMORY. */
enum impasto_status imp_targets_allocate(struct imp_targets *targets,
                                         const struct imp_objective *objective);
/* From the objective's buffers, and back to them; the device has the error. */
enum impasto_status imp_targets_read(struct imp_targets *targets, struct imp_objective *objective,
                                     uint64_t key);
enum impasto_status imp_targets_write(const struct imp_targets *targets,
                                      struct imp_objective *objective);

#endif
