/* SPDX-License-Identifier: MIT */
/* A scale's memory against the device's limits. */

#include "paint/scale.h"

#include <math.h>

void imp_scale_list(struct imp_scale *scale)
{
    const size_t plane = imp_canvas_own(&scale->sizes) * sizeof(float);
    imp_scale_unlist(scale);
    imp_objective_layout_targets(&scale->objective, &scale->targets);

    for (int i = 0; i < scale->passes; i++)
        imp_style_pass_list(&scale->pass[i], &scale->objective);

    imp_objective_layout(&scale->objective, &scale->main);
    imp_layout_add(&scale->main, &scale->image, 3 * plane, "image");
    if (scale->params->average > 0)
        imp_layout_add(&scale->main, &scale->average, 3 * plane, "image");
    if (scale->params->average > 0 && scale->state.undoes)
        imp_layout_add(&scale->main, &scale->average_before, 3 * plane, "image");
    scale->optimizer->layout(&scale->state, &scale->main);
}

void imp_scale_unlist(struct imp_scale *scale)
{
    imp_layout_release(&scale->main);
    for (int i = 0; scale->pass && i < scale->passes; i++)
        imp_layout_release(&scale->pass[i].layout);
    imp_layout_release(&scale->targets);
}

/* Bytes of the largest style pass. */
static uint64_t style_bytes(const struct imp_scale *scale)
{
    uint64_t most = 0;
    for (int i = 0; i < scale->passes; i++) {
        const uint64_t bytes = imp_layout_bytes(&scale->pass[i].layout);
        most = bytes > most ? bytes : most;
    }
    return most;
}

static uint64_t excess_of_style(const struct imp_scale *scale)
{
    const uint64_t main = imp_layout_bytes(&scale->main);
    const uint64_t style = style_bytes(scale);
    return style > main ? style - main : 0;
}

uint64_t imp_scale_peak(const struct imp_scale *scale)
{
    const uint64_t parts[] = {imp_layout_bytes(scale->weights), imp_layout_bytes(&scale->targets),
                              imp_layout_bytes(&scale->main), excess_of_style(scale)};
    uint64_t sum = 0;
    for (size_t i = 0; i < IMP_COUNT(parts); i++)
        sum = sum > UINT64_MAX - parts[i] ? UINT64_MAX : sum + parts[i];
    return sum;
}

size_t imp_scale_rows(const struct imp_scale *scale, struct impasto_plan_row *rows, size_t limit)
{
    size_t count = imp_layout_rows(scale->weights, rows, limit);
    count += imp_layout_rows(&scale->targets, rows + count, limit - count);
    count += imp_layout_rows(&scale->main, rows + count, limit - count);
    if (excess_of_style(scale) && count < limit)
        rows[count++] = (struct impasto_plan_row){"style pass", excess_of_style(scale)};
    return count;
}

uint64_t imp_scale_others(const struct imp_scale *scale)
{
    uint64_t own = imp_layout_held(scale->weights) + imp_layout_held(&scale->targets) +
                   imp_layout_held(&scale->main);
    for (int i = 0; i < scale->passes; i++)
        own += imp_layout_held(&scale->pass[i].layout);
    return imp_device_allocated(scale->device) - own;
}

uint64_t imp_scale_budget(const struct imp_scale *scale)
{
    const uint64_t budget = imp_device_caps(scale->device)->memory_budget;
    const uint64_t others = imp_scale_others(scale);
    const uint64_t most = budget > others ? budget - others : 0;
    const uint64_t asked = scale->params->memory;
    return asked > 0 && asked < most ? asked : most;
}

uint64_t imp_scale_largest(const struct imp_scale *scale)
{
    const struct imp_layout *parts[] = {scale->weights, &scale->targets, &scale->main};
    uint64_t largest = 0;
    for (size_t i = 0; i < IMP_COUNT(parts) + (size_t)scale->passes; i++) {
        const uint64_t bytes = imp_layout_largest(
            i < IMP_COUNT(parts) ? parts[i] : &scale->pass[i - IMP_COUNT(parts)].layout);
        largest = bytes > largest ? bytes : largest;
    }
    return largest;
}

double imp_scale_room(const struct imp_scale *scale)
{
    const double peak = (double)imp_scale_peak(scale), largest = (double)imp_scale_largest(scale);
    const double budget = (double)imp_scale_budget(scale);
    const double most = (double)imp_device_caps(scale->device)->max_allocation;
    return scale->sizes.rows * fmin(budget / peak, most / largest);
}

bool imp_scale_fits(const struct imp_scale *scale)
{
    return imp_scale_largest(scale) <= imp_device_caps(scale->device)->max_allocation &&
           imp_scale_peak(scale) <= imp_scale_budget(scale);
}
