/* SPDX-License-Identifier: MIT */
/*
 * Coarse to fine. A small picture comes first: its strokes are large and cheap to find. Larger ones
 * follow and begin with the one before. Each has twice the pixels of the one before.
 */

#include "paint/paint.h"

#include <math.h>

/* Below this longer side the deeper layers see next to nothing. */
#define SMALLEST_SCALE 128

/* The longer side `steps` factors of sqrt(2) below `size`. */
static int below(int size, int steps)
{
    return (int)lround(size / pow(2, 0.5 * steps));
}

static bool workable(const struct impasto_params *params, int size, int width, int height)
{
    const struct imp_sizes sizes = imp_sizes_of(params, size, width, height);
    return imp_sizes_check("content", NULL, "`size`", sizes.width, sizes.height, NULL) ==
           IMPASTO_OK;
}

/* How many scales a ladder has that ends with `size`. */
static int ladder(const struct impasto_params *params, int size, int width, int height)
{
    const int most = params->scales > 0 ? params->scales : IMPASTO_SCALES;
    int count = 1;
    while (count < most && workable(params, below(size, count), width, height) &&
           (params->scales > 0 || below(size, count) >= SMALLEST_SCALE))
        count++;
    return count;
}

static enum impasto_status listed(const struct impasto_params *params, int size, int width,
                                  int height, struct imp_schedule *schedule,
                                  struct impasto_error *error)
{
    int count = 0;
    for (; count < IMPASTO_SCALES && params->scale_sizes[count] > 0; count++) {
        const int scale = params->scale_sizes[count];
        if (scale > size || (count > 0 && scale <= params->scale_sizes[count - 1]))
            return imp_fail(error, IMPASTO_ERROR_USAGE,
                            "scales: %d does not lie between %s%d and the result's longer side, %d",
                            scale, count > 0 ? "the one before, " : "",
                            count > 0 ? params->scale_sizes[count - 1] : 0, size);
        const struct imp_sizes sizes = imp_sizes_of(params, scale, width, height);
        IMP_TRY(imp_sizes_check("content", NULL, "first of `scales`", sizes.width, sizes.height,
                                error));
        schedule->scale[count].size = scale;
    }
    if (schedule->scale[count - 1].size != size) {
        if (count == IMPASTO_SCALES)
            return imp_fail(error, IMPASTO_ERROR_USAGE, "scales: more than %d", IMPASTO_SCALES);
        schedule->scale[count++].size = size;
    }
    schedule->count = count;
    return IMPASTO_OK;
}

enum impasto_status imp_schedule_make(const struct impasto_params *params, int width, int height,
                                      struct imp_schedule *schedule, struct impasto_error *error)
{
    const int longer = width > height ? width : height;
    const int size = params->size == IMPASTO_SIZE_SOURCE ? longer : params->size;
    *schedule = (struct imp_schedule){0};
    /* The photograph itself, which a smaller one does not lead to, nor any step. */
    if (imp_params_photograph(params)) {
        schedule->count = 1;
        schedule->scale[0].size = size;
        return IMPASTO_OK;
    }
    if (params->scale_sizes[0] > 0) {
        IMP_TRY(listed(params, size, width, height, schedule, error));
    } else {
        schedule->count = ladder(params, size, width, height);
        for (int i = 0; i < schedule->count; i++)
            schedule->scale[i].size = below(size, schedule->count - 1 - i);
    }
    for (int i = 0; i < schedule->count; i++) {
        const bool first = i == 0 && schedule->count > 1 && params->first_iterations >= 0;
        schedule->scale[i].iterations = first ? params->first_iterations : params->iterations;
        schedule->iterations += schedule->scale[i].iterations;
    }
    return IMPASTO_OK;
}
