/* SPDX-License-Identifier: MIT */
#ifndef IMP_LOSS_TEMPORAL_H
#define IMP_LOSS_TEMPORAL_H

/* The temporal loss: how far a film's frame is from its earlier ones, where these can be seen. */

#include "device/layout.h"
#include "ops/tensor.h"

/* Earlier frames that one frame may be held to. */
#define IMP_TEMPORAL_MOST 3

/*
 * sum over j of mean(c_j (x - w_j)^2) for the image x, the mean over its three planes (Ruder et al.
 * 2016, equation 8 and section 4.2): w_j is an earlier result, warped to where its parts are now,
 * and c_j is 1 where that can be relied on, down to 0 where it cannot.
 */
struct imp_temporal {
    struct imp_device *device;
    float weight;
    int room;      /* earlier frames there is room for; 0: there is no such loss */
    int held;      /* those that the image is held to, the first ones */
    int positions; /* of a plane */
    struct imp_buffer *target[IMP_TEMPORAL_MOST];      /* w_j, (3, positions) */
    struct imp_buffer *reliability[IMP_TEMPORAL_MOST]; /* c_j, (positions) */
    int slot;                                          /* of the first's sums; the others' follow */
};

/* slots: counted on. */
void imp_temporal_init(struct imp_temporal *temporal, struct imp_device *device, float weight,
                       int room, int positions, int *slots);
void imp_temporal_layout(struct imp_temporal *temporal, struct imp_layout *layout);
/* The sums of what the image is held to; and the gradient of the weighted loss, added. */
enum impasto_status imp_temporal_measure(const struct imp_temporal *temporal,
                                         const struct imp_buffer *image, struct imp_buffer *sums);
enum impasto_status imp_temporal_gradient(const struct imp_temporal *temporal,
                                          const struct imp_buffer *image,
                                          struct imp_buffer *gradient);
/* The loss, unweighted, from all sums. */
double imp_temporal_loss(const struct imp_temporal *temporal, const double *totals);

#endif
