/* SPDX-License-Identifier: MIT */
#ifndef IMP_APPLY_STAGING_H
#define IMP_APPLY_STAGING_H

/* Inside the room: a frame on the device, as bytes and as images, on its way in and out. */

#include "device/layout.h"
#include "ops/pixels.h"

#include <impasto/pixels.h>

/* Zeroed: there is none. */
struct imp_staging {
    struct imp_device *device;
    struct imp_pixels in, out; /* of one size */
    bool steady;               /* there is a state */
    bool begun;                /* which holds the frame before */
    struct imp_buffer *bytes_in, *bytes_out;
    /* (3, height, width) floats each: the frame; what is painted; the frames before, steadied. */
    struct imp_buffer *image, *painted, *state;
    struct imp_buffer *odd; /* see imp_pixels_give; 0 between frames */
    struct imp_layout layout;
    unsigned char *rows; /* of the host: a plane whose rows have gaps, without them */
};

/* Whether there are buffers for frames that lie so. */
bool imp_staging_fits(const struct imp_staging *staging, const struct imp_pixels *in,
                      const struct imp_pixels *out, bool steady);
/* Makes these. Where they are there already, nothing is done. On failure,
 * which is the device's error, there is nothing to release. */
enum impasto_status imp_staging_open(struct imp_staging *staging, struct imp_device *device,
                                     const struct imp_pixels *in, const struct imp_pixels *out,
                                     bool steady);
void imp_staging_release(struct imp_staging *staging);
/* Bytes of the device that it has. */
uint64_t imp_staging_bytes(const struct imp_staging *staging);
/* The caller's planes to bytes_in, and those of bytes_out to the caller's. They wait. */
enum impasto_status imp_staging_send(struct imp_staging *staging,
                                     const struct impasto_pixels *from);
enum impasto_status imp_staging_fetch(struct imp_staging *staging, const struct impasto_pixels *to);

#endif
