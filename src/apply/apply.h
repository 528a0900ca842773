/* SPDX-License-Identifier: MIT */
#ifndef IMP_APPLY_H
#define IMP_APPLY_H

/* Inside the room: an applier. */

#include "apply/recall.h"
#include "apply/staging.h"
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
    struct imp_staging staging;    /* for frames of the last format */
    struct imp_recall recall;      /* of those before, where they count */
};

/* ---- pixels.c -------------------------------------------------------------------------------- */

/* Room for frames of that size. Fails into the device's error. */
enum impasto_status imp_applier_open_film(struct impasto_applier *applier, int width, int height);

/* ---- apply.c --------------------------------------------------------------------------------- */

/* Strips of that size, with a mix of the styles; NULL: the first. Fails into the device's error. */
enum impasto_status imp_applier_prepare(struct impasto_applier *applier, int height, int width,
                                        const float *mix);
/* IMPASTO_ERROR_INPUT: the network cannot work on so many pixels. name: the picture's, or "". */
enum impasto_status imp_applier_check_size(const char *name, int width, int height,
                                           struct impasto_error *error);
/* Paints a picture where it is, with colours that are matched to its own. */
enum impasto_status imp_applier_match(struct impasto_applier *applier, struct impasto_image *work,
                                      struct impasto_error *error);

#endif
