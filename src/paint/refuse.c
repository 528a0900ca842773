/* SPDX-License-Identifier: MIT */
/* Refusing a job that does not fit: what it needs, what there is, and what would fit instead. */

#include "paint/scale.h"

#include <math.h>

#define SMALLEST_SIZE 16

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
                                     &smaller, &scale->film, NULL, size) == IMPASTO_OK &&
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

/* Of a band. More devices make it smaller, and so does a smaller picture. */
static enum impasto_status refuse_band(const struct imp_scale *scale)
{
    static const char advice[] = "give it fewer rows, or use more devices or a smaller `size`";
    const struct imp_caps *caps = imp_device_caps(scale->device);
    const struct imp_sizes *sizes = &scale->sizes;
    const double mib = 1 << 20, least = ceil((double)imp_scale_peak(scale) / mib);
    const uint64_t largest = imp_scale_largest(scale), budget = imp_scale_budget(scale);
    char rows[80];
    snprintf(rows, sizeof(rows), "%d of the %d rows of %dx%d need", sizes->rows,
             sizes->canvas_height, sizes->width, sizes->height);
    if (largest > caps->max_allocation)
        return imp_device_fail(scale->device, IMPASTO_ERROR_MEMORY,
                               "%s a buffer of %.0f MiB, but %s allows %.0f MiB in one; %s", rows,
                               (double)largest / mib, caps->info.name,
                               (double)caps->max_allocation / mib, advice);
    if (scale->params->memory > 0 && budget == scale->params->memory)
        return imp_device_fail(scale->device, IMPASTO_ERROR_MEMORY,
                               "%s at least %.0f MiB, but `memory` allows %.0f MiB; allow more, %s",
                               rows, least, (double)budget / mib, advice);
    return imp_device_fail(scale->device, IMPASTO_ERROR_MEMORY,
                           "%s at least %.0f MiB, but %.0f MiB can be had on %s; %s", rows, least,
                           (double)budget / mib, caps->info.name, advice);
}

enum impasto_status imp_scale_refuse(const struct imp_scale *scale,
                                     const struct imp_sources *sources)
{
    const struct imp_caps *caps = imp_device_caps(scale->device);
    const struct imp_sizes *sizes = &scale->sizes;
    const double mib = 1 << 20;
    const int size = sizes->width > sizes->height ? sizes->width : sizes->height;
    if (scale->band)
        return refuse_band(scale);
    int fits = SMALLEST_SIZE - 1, not = size;
    while (not -fits > 1) {
        const int middle = fits + (not -fits) / 2;
        if (would_fit(scale, sources, scale->params, middle))
            fits = middle;
        else
            not = middle;
    }
    const uint64_t largest = imp_scale_largest(scale);
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
    const uint64_t budget = imp_scale_budget(scale);
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
