/* SPDX-License-Identifier: MIT */
#ifndef IMP_APPLY_H
#define IMP_APPLY_H

/* Inside the room: an applier. */

#include "apply/strips.h"
#include "image/image.h"
#include "session/session.h"

#include <impasto/apply.h>

struct impasto_applier {
    struct imp_device *device;
    struct imp_stylenet net; /* the model's numbers, copied; without names */
    int identity;            /* its style, or -1 */
    struct impasto_apply_params params;
    float mix[IMP_STYLES_MOST];    /* params.mix, copied */
    float *mixed;                  /* parameters of the network of one style */
    struct imp_strips strips;      /* for pictures of the last size; zeroed: there were none */
    float loaded[IMP_STYLES_MOST]; /* the mix that they have */
};

/* ---- compose.c ------------------------------------------------------------------------------- */

/* What is done with painted pixels: how much of each replaces the target's, and whether its colours
 * are the original's. */
struct imp_compose {
    enum impasto_colour colour;
    const float *keep; /* a plane: 1 where the original stays; NULL: nowhere */
    const float *over; /* a plane: 1 where the painting replaces what is there; NULL: everywhere */
};
/* One row of `width` pixels from pixel `at` of the planes on. target and original: RGB, and may be
 * the same. */
void imp_compose_row(const struct imp_compose *compose, size_t at, int width,
                     const float *const painted[3], const float *original, float *target);

#endif
