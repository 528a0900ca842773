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

#endif
