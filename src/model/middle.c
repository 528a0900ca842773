/* SPDX-License-Identifier: MIT */
/*
 * The middle of a network, which the residual blocks leave, held to what it was for an earlier
 * picture: the feature temporal loss of Gao et al. 2018, equation 4. Where a network sees the same
 * in both pictures, it then paints the same. Whatever the features' scale, which the next
 * normalisation undoes, the loss is over their mean square.
 */

#include "model/pass.h"
#include "ops/features.h"
#include "ops/sums.h"

#define PURPOSE "earlier frames"

/* The boundary that the first layer on the way up reads. */
static int boundary_of(const struct imp_pass *pass)
{
    return 3 + 2 * pass->shape.blocks;
}

static struct imp_map map_of(const struct imp_pass *pass)
{
    return pass_map(pass, &pass->state->x[boundary_of(pass)]);
}

static struct imp_map target_of(const struct imp_pass *pass, const struct imp_middle *middle)
{
    struct imp_map target = map_of(pass);
    target.tensor.buffer = middle->target;
    return target;
}

void imp_middle_layout(const struct imp_pass *pass, struct imp_middle *middle,
                       struct imp_layout *layout)
{
    const struct imp_map map = map_of(pass);
    middle->height = imp_map_height(&map);
    middle->width = imp_map_width(&map);
    const size_t plane = (size_t)middle->height * (size_t)middle->width * sizeof(float);
    imp_layout_add(layout, &middle->flow, 2 * plane, PURPOSE);
    imp_layout_add(layout, &middle->reliability, plane, PURPOSE);
    imp_layout_add(layout, &middle->target, imp_map_bytes(&map), PURPOSE);
    imp_layout_add(layout, &middle->sums, 2 * IMP_PARTS * sizeof(float), "sums");
}

enum impasto_status imp_middle_take(const struct imp_pass *pass, struct imp_middle *middle)
{
    const struct imp_map map = map_of(pass), target = target_of(pass, middle);
    return imp_features_warp(pass->state->device, &map, middle->flow, &target);
}

enum impasto_status imp_middle_measure(const struct imp_pass *pass, struct imp_middle *middle,
                                       double *loss)
{
    struct imp_device *device = pass->state->device;
    const struct imp_map map = map_of(pass), target = target_of(pass, middle);
    double totals[2];
    IMP_TRY(imp_features_sum(device, &map, &target, middle->reliability, middle->sums, 0));
    IMP_TRY(imp_sums_read(device, middle->sums, 2, totals));
    middle->energy = totals[1];
    *loss = totals[1] != 0 ? totals[0] / totals[1] : 0;
    return IMPASTO_OK;
}

enum impasto_status pass_hold_middle(const struct imp_pass *pass, int boundary)
{
    const struct imp_middle *middle = pass->middle;
    if (!middle || boundary != boundary_of(pass) || middle->energy == 0)
        return IMPASTO_OK;
    const struct imp_map map = map_of(pass), target = target_of(pass, middle);
    const struct imp_map g = pass_map(pass, &pass->state->gradient[boundary]);
    return imp_features_backward(pass->state->device, &map, &target, middle->reliability,
                                 (float)(2 * (double)middle->weight / middle->energy), &g);
}
