/* SPDX-License-Identifier: MIT */
#ifndef IMP_OPS_WEAVE_H
#define IMP_OPS_WEAVE_H

/* How much an image repeats, a few steps of a style network's upsampling further on, beyond what a
 * style's own picture does, and what the photograph does there. In windows of 32 x 32 pixels; the
 * formula is in cl/weave.cl. */

#include "cl/shared.h"
#include "device/layout.h"

/* Windows of an image; 0: it is too small to have a weave. */
int imp_weave_windows(int height, int width);

/* Of images of one size. */
struct imp_weave {
    int height, width;
    struct imp_buffer *differences, *products, *slopes; /* what the image at hand has */
    struct imp_buffer *content;                         /* products of the photograph */
    struct imp_buffer *limits; /* WEAVE_SHIFTS floats; the caller writes them */
};
/* Decides and lists. The image must have a window. */
void imp_weave_layout(struct imp_weave *weave, int height, int width, struct imp_layout *layout);
/* The photograph, an image (3, height, width), that the next ones are paintings of. Takes the place
 * of the differences: not between imp_weave_sum and imp_weave_backward. */
enum impasto_status imp_weave_take_content(struct imp_device *device, const struct imp_weave *weave,
                                           const struct imp_buffer *image);
/* Shares of the weave of a painting, likewise an image. */
enum impasto_status imp_weave_sum(struct imp_device *device, const struct imp_weave *weave,
                                  const struct imp_buffer *image, struct imp_buffer *sums,
                                  int sums_slot);
/* gradient += factor times that of the weave of the image that was summed last. */
enum impasto_status imp_weave_backward(struct imp_device *device, const struct imp_weave *weave,
                                       struct imp_buffer *gradient, float factor);
/* Lists what imp_weave_limits takes of an image of that size; nothing where it has no window. */
void imp_weave_list_limits(struct imp_weave *weave, int height, int width,
                           struct imp_layout *layout);
/* The limits that a style's picture, an image of that size, sets: for each shift the root of the
 * mean of r^2 over its windows, or 1, which nothing exceeds, where it has none. Waits. */
enum impasto_status imp_weave_limits(struct imp_device *device, const struct imp_buffer *image,
                                     int height, int width, float limits[WEAVE_SHIFTS]);

#endif
