/* SPDX-License-Identifier: MIT */
#ifndef IMP_LOSS_LOSSES_H
#define IMP_LOSS_LOSSES_H

/* The objective: content and style losses at their layers, total variation, range, lattice and
 * weave of the picture, and how far it is from a film's earlier frames. */

#include "loss/style.h"
#include "loss/temporal.h"
#include "ops/weave.h"

/* The weighted objective at one size of picture; see struct imp_loss_options. */
struct imp_losses {
    struct imp_device *device;
    bool relative;
    float content_weight, tv_weight, range_weight, lattice_weight, weave_weight;
    float content_layers[IMPASTO_LAYERS];
    int height, width;                     /* of the picture, or of the band of one */
    struct imp_band *band;                 /* NULL: all of the picture. Set after _init */
    double content_energy[IMPASTO_LAYERS]; /* divisors; 1 for Gatys */
    double content_found[IMPASTO_LAYERS];  /* mean squares of the captured content's features */
    double content_floor[IMPASTO_LAYERS];  /* of divisors that are not 1 */
    struct imp_tensor content_target[IMPASTO_LAYERS];
    struct imp_style style;
    struct imp_temporal temporal;
    struct imp_buffer *pattern; /* of the image's lattice; NULL where that has no weight */
    struct imp_weave weave; /* no buffers where it has no weight; the caller writes its limits */
    struct imp_buffer *sums;
    int content_slot[IMPASTO_LAYERS], tv_slot, range_slot, lattice_slot, weave_slot, slots;
    int spare_slot; /* the first of IMP_SPARE_SUMS */
};

/* Sums that others may make in `sums`, to be read with the losses. */
#define IMP_SPARE_SUMS 4

/* region: as imp_style_init's. */
void imp_losses_init(struct imp_losses *losses, struct imp_device *device,
                     const struct imp_loss_options *options, int height, int width,
                     struct imp_style_region *region, int regions);
void imp_losses_layout(struct imp_losses *losses, struct imp_layout *layout);
/* The taps for the content picture's pass, and the optimisation's. */
struct imp_taps imp_losses_content_taps(struct imp_losses *losses);
struct imp_taps imp_losses_taps(struct imp_losses *losses);
/* Total variation, range, lattice, weave and temporal loss of the image; and their gradients, of
 * the image that was measured last, added to gradient. Nothing where their weights are 0, except
 * that total variation is always measured, for the report. */
enum impasto_status imp_losses_measure_image(struct imp_losses *losses,
                                             const struct imp_buffer *image);
enum impasto_status imp_losses_image_gradient(struct imp_losses *losses,
                                              const struct imp_buffer *image,
                                              struct imp_buffer *gradient);
/* The losses of an image: all before their weights, and the weighted sum of them. range,
 * lattice, weave: 0 where they have no weight. temporal: likewise, where there is no earlier frame.
 */
struct imp_loss_values {
    double total, tv, range, lattice, weave, temporal;
    double content[IMPASTO_LAYERS], style[IMPASTO_LAYERS];
};
/* Waits for them, and for the first `count` of the spare sums. */
enum impasto_status imp_losses_read(struct imp_losses *losses, struct imp_loss_values *values,
                                    double *spare, int count);

#endif
