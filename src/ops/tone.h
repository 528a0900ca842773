/* SPDX-License-Identifier: MIT */
#ifndef IMP_OPS_TONE_H
#define IMP_OPS_TONE_H

/*
 * The colours of images, (3, height, width) floats on the device: their mean and covariance, and
 * moving them: cl/tone.cl.
 *
 * Sums are taken in two levels, of bands of rows, then of the bands in order. So an image that
 * comes in strips that begin at bands has the same bits.
 */

#include "cl/shared.h"
#include "device/device.h"

#define IMP_TONE_BAND NORM_BAND /* rows */

/* Rows of a picture, in an image that has them, or all of it. */
struct imp_tone_rows {
    int height, width; /* of the image */
    int at, rows;      /* those that are meant */
};

/* Bytes of the bands' sums of a picture of that height. */
size_t imp_tone_sums_bytes(const struct imp_caps *caps, int height);
/* The sums of the bands that the rows make up, of which the first is the picture's row `first`, a
 * multiple of IMP_TONE_BAND. All but the last rows of a picture are a multiple of that, too. */
enum impasto_status imp_tone_sums(struct imp_device *device, const struct imp_buffer *image,
                                  const struct imp_tone_rows *rows, int first,
                                  struct imp_buffer *sums);
/* Mean and covariance of the colours of a picture whose sums are complete. Waits. */
enum impasto_status imp_tone_measure(struct imp_device *device, const struct imp_buffer *sums,
                                     int height, int width, double mean[3],
                                     double covariance[3][3]);
/* Colours become matrix times them, plus `added`. */
struct imp_tone_map {
    float matrix[3][3], added[3];
};
enum impasto_status imp_tone_move(struct imp_device *device, struct imp_buffer *image,
                                  const struct imp_tone_rows *rows, const struct imp_tone_map *map);

#endif
