/* SPDX-License-Identifier: MIT */
#ifndef IMP_OPS_NORM_H
#define IMP_OPS_NORM_H

/*
 * Instance normalisation of feature maps, forwards and backwards: norm.c. Per picture and channel,
 * with mean and variance over the picture's M pixels, xh = (x - mean) / sqrt(variance + epsilon)
 * and y = gamma xh + beta (Ulyanov et al. 2016; with a row of gamma and beta for each style,
 * Dumoulin et al. 2017).
 *
 * Sums are taken in two levels: of a band of rows, then of the bands in order, by Chan's formula
 * for means and squares about them. So a picture worked on in strips that begin at bands has the
 * same bits.
 */

#include "ops/map.h"

#define IMP_NORM_BAND NORM_BAND /* rows */

/* Maps have the device's lanes; those of 3 channels are planar, as convolutions leave them. */

/* Where a layer's gamma and beta begin in the network's parameters, `channels` of each. A map may
 * have more, rounded up: these have neither, and y is zero there. */
struct imp_norm_row {
    const struct imp_buffer *parameters;
    size_t gamma, beta; /* floats */
    int channels;
};

/* Bytes of the bands' sums of a picture of that height; those of a layer's statistics. */
size_t imp_norm_sums_bytes(const struct imp_caps *caps, int channels, int height);
size_t imp_norm_statistics_bytes(int channels);

/* The sums of the bands that the window's rows make up. window.at, and of all but the last window
 * window.rows, are multiples of IMP_NORM_BAND. x: a map or a strip of it. */
enum impasto_status imp_norm_sums(struct imp_device *device, const struct imp_map *x,
                                  const struct imp_window *window, struct imp_buffer *sums);
/* statistics = from the sums of a whole picture, height x width: mean and 1 / sqrt(variance +
 * epsilon), and the factor and summand that gamma and beta make of them. */
enum impasto_status imp_norm_finish(struct imp_device *device, const struct imp_buffer *sums,
                                    int height, int width, float epsilon,
                                    const struct imp_norm_row *row, struct imp_buffer *statistics);
/*
 * Statistics that move slowly over the frames of a film. state: of IMP_NORM_STATE floats for each
 * layer, that of `layer` is used. begins: it becomes this frame's, and the statistics stay. Else
 * mean and variance + epsilon of both become stays times the state's and 1 - stays times the
 * frame's.
 */
#define IMP_NORM_STATE 512 /* mean and variance of up to 256 channels */
enum impasto_status imp_norm_smooth(struct imp_device *device, const struct imp_norm_row *row,
                                    int layer, float stays, bool begins, struct imp_buffer *state,
                                    struct imp_buffer *statistics);
/* The picture's rows `first` to first + rows of y = [max(0,] gamma xh + beta [)] [+ added]. y may
 * be x or added. Margins are left. */
enum impasto_status imp_norm_apply(struct imp_device *device, const struct imp_map *x,
                                   const struct imp_buffer *statistics, bool relu,
                                   const struct imp_map *added, const struct imp_map *y, int first,
                                   int rows);
/*
 * With x as the forward pass had it: x's gradient = from y's, which lies in g and is overwritten,
 * through the ReLU (where there was one) and the normalisation. The gradients of gamma and beta are
 * added to the row's places in `gradient`. Inset and margins of g are left. sums: scratch of
 * imp_norm_sums_bytes.
 */
enum impasto_status imp_norm_backward(struct imp_device *device, const struct imp_map *x,
                                      const struct imp_buffer *statistics,
                                      const struct imp_norm_row *row, bool relu,
                                      const struct imp_map *g, struct imp_buffer *sums,
                                      struct imp_buffer *gradient);

/* The picture of y += x, both maps of equal size. */
enum impasto_status imp_map_add(struct imp_device *device, const struct imp_map *x,
                                const struct imp_map *y);

#endif
