/* SPDX-License-Identifier: MIT */
#ifndef IMP_OPS_ELEMENT_H
#define IMP_OPS_ELEMENT_H

/* Operations element by element (pointwise.c), the image's total variation (tv.c), how far it is
 * beyond the colours (range.c) and from an earlier frame (temporal.c). */

#include "ops/tensor.h"

/* From RGB in [0, 1] to what the network expects: input_k = scale_k * rgb_order(k) + offset_k. */
struct imp_input_map {
    bool reverse; /* BGR */
    float scale[3], offset[3];
};
/* image: (3, height, width) floats. input: planar, a strip of the image from row `at` on, with its
 * halo. The halo has the image's rows next to the strip. Beyond the image it is zero or, with
 * `replicate`, the image's edge. */
enum impasto_status imp_input_forward(struct imp_device *device, const struct imp_buffer *image,
                                      int height, int at, const struct imp_tensor *input,
                                      const struct imp_input_map *map, bool replicate);
/* The window's rows of the image's gradient (3, height, width) from a strip's. */
enum impasto_status imp_input_backward(struct imp_device *device,
                                       const struct imp_tensor *input_gradient,
                                       const struct imp_window *window, int height,
                                       struct imp_buffer *gradient,
                                       const struct imp_input_map *map);
/* mask, of imp_mask_bytes of the whole, `height` rows: which elements of x are positive, a bit
 * each, in a window's rows. */
size_t imp_mask_bytes(const struct imp_tensor *x);
enum impasto_status imp_mask_pack(struct imp_device *device, const struct imp_tensor *x,
                                  const struct imp_window *window, int height,
                                  struct imp_buffer *mask);
/* A window's rows of the whole's mask, as the mask of a strip: shaped as the strip, the buffer the
 * mask's.
 */
enum impasto_status imp_mask_take(struct imp_device *device, const struct imp_buffer *mask,
                                  int height, const struct imp_window *window,
                                  const struct imp_tensor *strip);
/* g = x > 0 ? g : 0 in a window's rows. */
enum impasto_status imp_relu_mask(struct imp_device *device, const struct imp_tensor *x,
                                  const struct imp_window *window, const struct imp_tensor *g);
/* A window's rows of g = or (accumulate) += factor * (f - target), where f and g are strips and
 * target the whole. */
enum impasto_status imp_content_backward(struct imp_device *device, const struct imp_tensor *f,
                                         const struct imp_window *window,
                                         const struct imp_tensor *target,
                                         const struct imp_tensor *g, float factor, bool accumulate);

/* y = (accumulate ? y : 0) + factor * x, over n floats. */
enum impasto_status imp_blend(struct imp_device *device, struct imp_buffer *y,
                              const struct imp_buffer *x, int n, float factor, bool accumulate);
/* y += factor * (x - y), over n floats. */
enum impasto_status imp_approach(struct imp_device *device, struct imp_buffer *y,
                                 const struct imp_buffer *x, int n, float factor);
/* Each of `planes` planes of n floats is multiplied by `weight`, one such plane. */
enum impasto_status imp_weigh_planes(struct imp_device *device, struct imp_buffer *g,
                                     const struct imp_buffer *weight, int planes, int n);

/* Where an image is a band of rows of a taller one. */
struct imp_beside {
    int height;                    /* of the taller one */
    int begin;                     /* its row that is the band's first */
    const struct imp_buffer *rows; /* (2, 3, width): the row above the band, and the one below it;
                                      what is beyond the taller one is not read */
};
/* tv = mean(dx^2) + mean(dy^2) of an image (3, height, width), or of the taller one of which it is
 * a band (beside NULL: it is the whole): shares of it, of the band's rows, and gradient += factor
 * times its gradient. */
enum impasto_status imp_tv_sum(struct imp_device *device, const struct imp_buffer *image,
                               int height, int width, const struct imp_beside *beside,
                               struct imp_buffer *sums, int sums_slot);
enum impasto_status imp_tv_backward(struct imp_device *device, const struct imp_buffer *image,
                                    int height, int width, const struct imp_beside *beside,
                                    struct imp_buffer *gradient, float factor);
/* range = mean(max(0, |x - 0.5| - 0.5)^2) of n floats: shares of it, and gradient += factor times
 * its gradient. */
enum impasto_status imp_range_sum(struct imp_device *device, const struct imp_buffer *x, int n,
                                  struct imp_buffer *sums, int sums_slot);
enum impasto_status imp_range_backward(struct imp_device *device, const struct imp_buffer *x, int n,
                                       struct imp_buffer *gradient, float factor);
/* lattice = how much an image (3, height, width) repeats every 4 pixels, as a style network's
 * upsampling does, in windows of 32 x 32 pixels: the formula is in cl/lattice.cl. */
int imp_lattice_windows(int height, int width);
/* Floats of `pattern` below. */
size_t imp_lattice_floats(int height, int width);
/* Shares of the lattice, of an image with a window at least, and what repeats into `pattern`. */
enum impasto_status imp_lattice_sum(struct imp_device *device, const struct imp_buffer *image,
                                    int height, int width, struct imp_buffer *pattern,
                                    struct imp_buffer *sums, int sums_slot);
/* gradient += factor times that of the lattice of the image that `pattern` was made of. */
enum impasto_status imp_lattice_backward(struct imp_device *device, const struct imp_buffer *image,
                                         const struct imp_buffer *pattern, int height, int width,
                                         struct imp_buffer *gradient, float factor);
/* mean(weight * (x - target)^2) of x and target (3, n) with the weights (n) of all planes: shares
 * of it, and gradient += factor times its gradient. */
enum impasto_status imp_temporal_sum(struct imp_device *device, const struct imp_buffer *x,
                                     const struct imp_buffer *target,
                                     const struct imp_buffer *weight, int n,
                                     struct imp_buffer *sums, int sums_slot);
enum impasto_status imp_temporal_backward(struct imp_device *device, const struct imp_buffer *x,
                                          const struct imp_buffer *target,
                                          const struct imp_buffer *weight, int n,
                                          struct imp_buffer *gradient, float factor);

#endif
