/* SPDX-License-Identifier: MIT */
/* A scale's memory against the device's limits. */

#include "stylize/scale.h"

#include <math.h>

#define SMALLEST_SIZE 16

void imp_scale_list(struct imp_scale *scale)
{
    const size_t plane = imp_canvas_count(&scale->sizes) * sizeof(float);
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

/* Bytes that a job may take: what the device can spare, or less where the user says so. */
static uint64_t budget_of(const struct imp_scale *scale)
{
    const uint64_t budget = imp_device_caps(scale->device)->memory_budget;
    const uint64_t others = imp_scale_others(scale);
    const uint64_t most = budget > others ? budget - others : 0;
    const uint64_t asked = scale->params->memory;
    return asked > 0 && asked < most ? asked : most;
}

static uint64_t largest_buffer(const struct imp_scale *scale)
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

bool imp_scale_fits(const struct imp_scale *scale)
{
    return largest_buffer(scale) <= imp_device_caps(scale->device)->max_allocation &&
           imp_scale_peak(scale) <= budget_of(scale);
}

/* Whether a run that ends with another size would fit; nothing is allocated on the device. */
static bool would_fit(const struct imp_scale *scale, const struct imp_sources *sources,
                      const struct impasto_params *params, int size)
{
    struct imp_sources smaller = *sources;
    imp_image_fit(sources->width, sources->height, size, &smaller.width, &smaller.height);
    /* Too small for other reasons: the search goes up from here. */
    if (imp_sizes_check("content", NULL, "`size`", smaller.width, smaller.height, NULL) !=
        IMPASTO_OK)
        return true;
    struct imp_scale other;
    const bool fits = imp_scale_init(&other, scale->device, params, scale->model, scale->weights,
                                     &smaller, size) == IMPASTO_OK &&
                      imp_scale_plan(&other);
    imp_scale_release(&other);
    return fits;
}

/* The longest history with which the job would fit at its size; 0: none, or the optimiser
 * has none. */
static int fitting_history(const struct imp_scale *scale, const struct imp_sources *sources,
                           int size)
{
    struct impasto_params with = *scale->params;
    int fits = 0, not = with.history;
    while (with.optimizer == IMPASTO_OPTIMIZER_LBFGS && not -fits > 1) {
        with.history = fits + (not -fits) / 2;
        if (would_fit(scale, sources, &with, size))
            fits = with.history;
        else
            not = with.history;
    }
    return fits;
}

enum impasto_status imp_scale_refuse(const struct imp_scale *scale,
                                     const struct imp_sources *sources)
{
    const struct imp_caps *caps = imp_device_caps(scale->device);
    const struct imp_sizes *sizes = &scale->sizes;
    const double mib = 1 << 20;
    const int size = sizes->width > sizes->height ? sizes->width : sizes->height;
    int fits = SMALLEST_SIZE - 1, not = size;
    while (not -fits > 1) {
        const int middle = fits + (not -fits) / 2;
        if (would_fit(scale, sources, scale->params, middle))
            fits = middle;
        else
            not = middle;
    }
    const uint64_t largest = largest_buffer(scale);
    char advice[96], less[48] = "";
    const int history = fitting_history(scale, sources, size);
    if (history > 0)
        snprintf(less, sizeof(less), ", and so would `history` %d", history);
    const struct imp_sizes smaller =
        imp_sizes_of(scale->params, fits < 16 ? 16 : fits, sources->width, sources->height);
    if (fits < SMALLEST_SIZE || imp_sizes_check("content", NULL, "`size`", smaller.width,
                                                smaller.height, NULL) != IMPASTO_OK)
        snprintf(advice, sizeof(advice), "use another `device` or a smaller `style-size`");
    else
        snprintf(advice, sizeof(advice), "`size` %d would fit%s", fits, less);
    if (largest > caps->max_allocation)
        return imp_device_fail(
            scale->device, IMPASTO_ERROR_MEMORY,
            "%dx%d needs a buffer of %.0f MiB, but %s allows %.0f MiB in one; %s", sizes->width,
            sizes->height, (double)largest / mib, caps->info.name,
            (double)caps->max_allocation / mib, advice);
    const uint64_t budget = budget_of(scale);
    if (scale->params->memory > 0 && budget == scale->params->memory)
        return imp_device_fail(
            scale->device, IMPASTO_ERROR_MEMORY,
            "%dx%d needs at least %.0f MiB, but `memory` allows %.0f MiB; allow more, "
            "or %s",
            sizes->width, sizes->height, ceil((double)imp_scale_peak(scale) / mib),
            (double)budget / mib, advice);
    return imp_device_fail(scale->device, IMPASTO_ERROR_MEMORY,
                           "%dx%d needs at least %.0f MiB, but %.0f MiB can be had on %s; %s",
                           sizes->width, sizes->height, ceil((double)imp_scale_peak(scale) / mib),
                           (double)budget / mib, caps->info.name, advice);
}
