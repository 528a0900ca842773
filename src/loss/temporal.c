/* SPDX-License-Identifier: MIT */
/* The temporal loss: loss/temporal.h. */

#include "loss/temporal.h"

#include "ops/element.h"

void imp_temporal_init(struct imp_temporal *temporal, struct imp_device *device, float weight,
                       int room, int positions, int *slots)
{
    *temporal = (struct imp_temporal){
        .device = device, .weight = weight, .room = room, .positions = positions, .slot = *slots};
    *slots += room;
}

void imp_temporal_layout(struct imp_temporal *temporal, struct imp_layout *layout)
{
    const size_t plane = (size_t)temporal->positions * sizeof(float);
    for (int j = 0; j < temporal->room; j++) {
        imp_layout_add(layout, &temporal->target[j], 3 * plane, "earlier frames");
        imp_layout_add(layout, &temporal->reliability[j], plane, "earlier frames");
    }
}

enum impasto_status imp_temporal_measure(const struct imp_temporal *temporal,
                                         const struct imp_buffer *image, struct imp_buffer *sums)
{
    for (int j = 0; j < temporal->held; j++)
        IMP_TRY(imp_temporal_sum(temporal->device, image, temporal->target[j],
                                 temporal->reliability[j], temporal->positions, sums,
                                 temporal->slot + j));
    return IMPASTO_OK;
}

enum impasto_status imp_temporal_gradient(const struct imp_temporal *temporal,
                                          const struct imp_buffer *image,
                                          struct imp_buffer *gradient)
{
    for (int j = 0; j < temporal->held; j++)
        IMP_TRY(imp_temporal_backward(temporal->device, image, temporal->target[j],
                                      temporal->reliability[j], temporal->positions, gradient,
                                      temporal->weight));
    return IMPASTO_OK;
}

double imp_temporal_loss(const struct imp_temporal *temporal, const double *totals)
{
    double sum = 0;
    for (int j = 0; j < temporal->held; j++)
        sum += totals[temporal->slot + j];
    return sum;
}
