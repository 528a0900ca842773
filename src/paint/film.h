/* SPDX-License-Identifier: MIT */
#ifndef IMP_PAINT_FILM_H
#define IMP_PAINT_FILM_H

/*
 * Jobs that paint films. A scene's first frame is painted as a picture is, at all sizes. Each next
 * one begins with the results before it, at the last size alone, and is held to them by the
 * temporal loss. The optimiser begins anew with each frame.
 */

#include "loss/temporal.h"

#include <impasto/job.h>

/* What a film asks of each scale's memory: the earlier frames that one may be held to, and the
 * weight of that loss. */
struct imp_film {
    int earlier; /* 1 to IMP_TEMPORAL_MOST; 0: a picture */
    float weight;
};

/* As impasto_job_open; the first frame is the pictures' content. */
enum impasto_status imp_film_open(struct impasto_device *device,
                                  const struct impasto_weights *weights,
                                  const struct impasto_pictures *pictures,
                                  const struct impasto_params *params, const struct imp_film *film,
                                  struct impasto_job **job, struct impasto_error *error);

/* A checksum of all that a film depends on but its frames. The job has had no frame yet. */
enum impasto_status imp_film_identity(const struct impasto_job *job, uint32_t *identity,
                                      struct impasto_error *error);

/* The next frame of a scene. Planes have the result's size: (3, height, width) RGB, and (height,
 * width) weights from 0 to 1. */
struct imp_film_frame {
    const struct impasto_image *content; /* of the result's size; opaque */
    const float *start;                  /* what the image begins with */
    const float *target[IMP_TEMPORAL_MOST], *reliability[IMP_TEMPORAL_MOST];
    int held;       /* of them */
    int iterations; /* at most */
};

/* Begins with that frame. A job at another size than its last one leaves that. */
enum impasto_status imp_film_next(struct impasto_job *job, const struct imp_film_frame *frame,
                                  struct impasto_error *error);
/* The next step is the last: it reports, and leaves the best image. */
void imp_film_settle(struct impasto_job *job);
/* The result before the content's colours are taken over, (3, height, width). */
enum impasto_status imp_film_planes(struct impasto_job *job, float *planes,
                                    struct impasto_error *error);
/* The temporal loss as last measured, unweighted. */
double imp_film_loss(const struct impasto_job *job);

#endif
