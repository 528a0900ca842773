/* SPDX-License-Identifier: MIT */
#ifndef IMP_LOSS_STYLE_H
#define IMP_LOSS_STYLE_H

/* The style loss. */

#include "loss/guide.h"

/* The style loss in one region of the picture. All of its matrices are per layer. */
struct imp_style_region {
    double weight; /* its share of the style loss */
    struct imp_guide guide;
    struct imp_buffer *target[IMPASTO_LAYERS], *mean_target[IMPASTO_LAYERS];
    /* The sums of the Gram matrix as they grow, strip by strip; then its difference to the target,
     * as weights. */
    struct imp_buffer *difference[IMPASTO_LAYERS];
    struct imp_buffer *bias[IMPASTO_LAYERS]; /* the same for the mean: see moments.c */
    double energy[IMPASTO_LAYERS], mean_energy[IMPASTO_LAYERS]; /* divisors; 1 for Gatys */
    int slot[IMPASTO_LAYERS], mean_slot[IMPASTO_LAYERS];
    int energy_slot[IMPASTO_LAYERS]; /* of the matrix's own, for the bounded loss */
};

/*
 * What is measured, and how much of it counts. The formulas are at struct impasto_params. Four
 * more are for networks in training, whose first pictures are far from any painting:
 * - bounded, with Gram matrices only: a layer's style loss is 2 |G - A|^2 / (|A|^2 + |G|^2), for
 *   the target A. Near it that is the relative loss, which far from it grows with the image's
 *   fourth power, so that one pale crop drowns a step.
 * - range = mean(max(0, |y - 0.5| - 0.5)^2) of the image y draws it into the colours.
 * - lattice keeps it from repeating with the network's upsampling; see imp_lattice_sum.
 * - weave keeps it from repeating some steps of that further on; see ops/weave.h.
 * An image that is less than 32 pixels high or wide has neither of the last two.
 */
struct imp_loss_options {
    bool relative;   /* each loss over its target's energy */
    bool covariance; /* instead of Gram matrices */
    bool bounded;
    double content_weight, style_weight;
    float tv_weight, range_weight, lattice_weight, weave_weight;
    float temporal_weight;
    int earlier; /* frames that the image may be held to; see struct imp_temporal */
    float content_layers[IMPASTO_LAYERS], style_layers[IMPASTO_LAYERS]; /* 0: not looked at */
};

struct imp_style {
    struct imp_device *device;
    bool relative, covariance, bounded;
    double weight;
    float layers[IMPASTO_LAYERS];
    struct imp_style_region *region; /* the caller's */
    int regions;
    struct imp_buffer *gram, *mean, *factors; /* scratch, of the layer at hand */
    struct imp_buffer *const *sums;           /* the losses' */
};

/* region: `regions` of them, weight and guide initialised; the weights sum to 1. slots: counted on.
 */
void imp_style_init(struct imp_style *style, struct imp_device *device,
                    const struct imp_loss_options *options, struct imp_style_region *region,
                    int regions, int *slots);
void imp_style_layout(struct imp_style *style, struct imp_layout *layout);
/* own[slot]: true for the slots of its sums, which are over matrices, not over positions. */
void imp_style_slots(const struct imp_style *style, bool *own);
/* Bits of the stages that are looked at. */
uint32_t imp_style_stages(const struct imp_style *style);
/* What measuring on this net needs, as it is planned. */
size_t imp_style_workspace(const struct imp_style *style, const struct imp_net *net);

/* A style picture, as the pass over it captures it: added with its share to the region's targets.
 */
struct imp_style_source {
    struct imp_style *style;
    struct imp_style_region *region;
    const struct imp_guide *guide; /* of the style picture */
    double share;                  /* in its region; they sum to 1 */
    bool begins, ends;             /* the region's first and last */
};
struct imp_taps imp_style_source_taps(struct imp_style_source *source);

/* As struct imp_taps' functions, for layers that a style looks at. */
enum impasto_status imp_style_measure(struct imp_style *style, int layer,
                                      const struct imp_tensor *f, const struct imp_window *window,
                                      bool ends, struct imp_buffer *workspace);
/* After the last layer of a band: waits for the other bands' sums, without which there are no
 * losses. */
enum impasto_status imp_style_meet(struct imp_style *style, struct imp_band *band);
/* Whether anything was written. */
enum impasto_status imp_style_gradient(struct imp_style *style, int layer,
                                       const struct imp_tensor *f, const struct imp_window *window,
                                       const struct imp_tensor *g, bool *written);
/* A layer's loss from the totals of all slots. */
double imp_style_loss(const struct imp_style *style, int layer, const double *totals);

#endif
