/* SPDX-License-Identifier: MIT */
#ifndef IMP_OPS_MAP_H
#define IMP_OPS_MAP_H

/*
 * Feature maps of style networks: pictures with a margin. Their margins are filled by reflection,
 * and are wider than a tensor's halo of one pixel. map.c has what fills, folds and converts them.
 */

#include "cl/shared.h"
#include "ops/tensor.h"

/*
 * A picture within a tensor. The outermost `inset` rows and columns of the tensor and its halo are
 * the picture's margin, so the margin is inset + 1 wide. The picture is tensor.height - 2 inset
 * high and tensor.width - 2 inset wide. lanes: the device's, or 1 for a planar map of 3 channels.
 */
struct imp_map {
    struct imp_tensor tensor;
    int inset;
};

/* A map of a picture of that size, without a buffer. channels are rounded up to the lanes; what is
 * beyond the picture's own is zero. margin: at least 1. */
struct imp_map imp_map_of(int channels, int height, int width, int margin, int lanes);
size_t imp_map_bytes(const struct imp_map *map);
int imp_map_height(const struct imp_map *map);
int imp_map_width(const struct imp_map *map);

/* What is beyond the picture's edge. */
enum imp_edge {
    IMP_EDGE_ZERO = EDGE_ZERO,
    IMP_EDGE_REFLECT = EDGE_REFLECT,     /* pixel -1 is pixel 1; the picture exceeds the margin */
    IMP_EDGE_REPLICATE = EDGE_REPLICATE, /* pixel -1 is pixel 0 */
};

/* Fills the margin, `margin` wide, at all four sides. top, bottom: of a strip, whether that side is
 * the picture's own edge; otherwise its rows hold the next strip's pixels, and only their columns
 * are filled. */
enum impasto_status imp_map_fill(struct imp_device *device, const struct imp_map *map, int margin,
                                 enum imp_edge edge, bool top, bool bottom);
/* The adjoint, for gradients: each pixel += what of the margin is a copy of it. Then the margin is
 * zero. */
enum impasto_status imp_map_fold(struct imp_device *device, const struct imp_map *map, int margin,
                                 enum imp_edge edge);

/*
 * Between an image (3, height, width) of floats and a planar map. The map may be larger at the
 * right and below, up to a multiple of the network's stride: there the image is reflected. Images
 * are RGB in [0, 1], maps what the network works in. The map, with its margin of `margin`, has the
 * image's rows from `at` on, reflected beyond the image: map_k = scale * image_k + offset. What of
 * the margin is beyond is reflected about the image's edge too, not about the larger map's.
 *
 * With noise, the map has that of its picture, too: map_k = scale * (image_k + noise) + offset. It
 * depends on the seed and on the pixel's place alone, is the same in all channels, and is made of
 * waves of 8 to 32 pixels: the formula is in cl/map.cl.
 */
struct imp_noise {
    float deviation; /* of it, as RGB; 0: there is none */
    uint32_t seed;
    int first, height; /* the image's rows are those from `first` on of a picture of `height` rows,
                          reflected beyond its edges. All of an image: 0 and its height */
};
/* noise: NULL: none. */
enum impasto_status imp_map_take(struct imp_device *device, const struct imp_buffer *image,
                                 int height, int width, int at, float scale, float offset,
                                 const struct imp_noise *noise, const struct imp_map *map,
                                 int margin);
/* What the last layer's numbers become: y, tanh(y), or 1 / (1 + exp(-y)). */
enum imp_output {
    IMP_OUTPUT_LINEAR = OUTPUT_LINEAR,
    IMP_OUTPUT_TANH = OUTPUT_TANH,
    IMP_OUTPUT_SIGMOID = OUTPUT_SIGMOID,
};
/* image_k = scale * output(map_k) + offset, for the map's rows from `first` on, which go to the
 * image's rows from `at` on; not clamped. What the map has more than the image is left out. */
enum impasto_status imp_map_give(struct imp_device *device, const struct imp_map *map, int first,
                                 int rows, enum imp_output output, float scale, float offset,
                                 struct imp_buffer *image, int height, int width, int at);
/* Its gradient, of the whole: gradient = scale * output'(map) * image gradient; zero in all of the
 * gradient's margin, which may be wider than the map's, and beyond the image. */
enum impasto_status imp_map_give_backward(struct imp_device *device, const struct imp_map *map,
                                          enum imp_output output, float scale,
                                          const struct imp_buffer *image_gradient, int height,
                                          int width, const struct imp_map *gradient);

#endif
