/* SPDX-License-Identifier: MIT */
#ifndef IMP_OPS_GRAM_H
#define IMP_OPS_GRAM_H

/* Gram matrices (gram.c) and means (moments.c) of activations, and what their losses' gradients
 * need. */

#include "ops/blocks.h"

/* Bytes of workspace for imp_gram of a window. */
size_t imp_gram_workspace(const struct imp_caps *caps, int channels, int rows, int width,
                          const struct imp_blocks *blocks);
/* Bytes of the sums that grow window by window. First come their words: planes of 32 bits, for each
 * sum the lower and the upper half of its lower word, then those of its upper word. Words of sums
 * over other parts of the whole may be added to them. */
#define IMP_GRAM_WORDS 4
size_t imp_gram_sums_count(const struct imp_caps *caps, int channels);
/* How the sums lie in a plane differs between devices by this number. And where entry (i, j) lies,
 * with j <= i; with j > i only those that have places, else SIZE_MAX. */
int imp_gram_sums_layout(const struct imp_caps *caps);
size_t imp_gram_sums_place(const struct imp_caps *caps, int i, int j);
size_t imp_gram_sums_bytes(const struct imp_caps *caps, int channels);
/*
 * sums = or (unless the window begins the whole) += F diag(positions) F^T over a window of F.
 * Windows follow each other from the top. However they cut the whole, the sums come out alike, to
 * the last bit. blocks: of the whole.
 */
enum impasto_status imp_gram(struct imp_device *device, const struct imp_tensor *f,
                             const struct imp_window *window, const struct imp_blocks *blocks,
                             const struct imp_buffer *positions, struct imp_buffer *workspace,
                             struct imp_buffer *sums, const char *label);
/* gram (channels, channels) = the sums of the whole / elements. elements: channels times the sum of
 * all positions' weights. */
enum impasto_status imp_gram_finish(struct imp_device *device, const struct imp_buffer *sums,
                                    int channels, double elements, struct imp_buffer *gram);
/* difference = factor * (gram - target), as weights for imp_conv_pointwise. Let factor be w * 4 /
 * (C^2 * C * M). Then their product with f is the gradient of w * mean((gram - target)^2). sums:
 * shares of the sum of (gram - target)^2. */
enum impasto_status imp_gram_difference(struct imp_device *device, const struct imp_buffer *gram,
                                        const struct imp_buffer *target, int channels, float factor,
                                        struct imp_buffer *difference, struct imp_buffer *sums,
                                        int sums_slot);
/*
 * The same for the bounded loss, 2 |gram - target|^2 / (energy + |gram|^2), where energy is
 * |target|^2 and above 0. Let factor be w * 8 / (C * M). Then the product of difference and f is
 * the gradient of w times the loss. sums: shares of |gram - target|^2, and in the second slot of
 * |gram|^2. factors: room for IMP_BOUNDED_FACTORS floats.
 */
#define IMP_BOUNDED_FACTORS 2
enum impasto_status imp_gram_bounded(struct imp_device *device, const struct imp_buffer *gram,
                                     const struct imp_buffer *target, int channels, double energy,
                                     float factor, struct imp_buffer *difference,
                                     struct imp_buffer *sums, const int sums_slots[2],
                                     struct imp_buffer *factors);

/* The same of means: sums of positions * f. workspace: imp_gram's is large enough. mean (channels)
 * = the sums / mass. */
size_t imp_mean_sums_bytes(int channels);
enum impasto_status imp_mean(struct imp_device *device, const struct imp_tensor *f,
                             const struct imp_window *window, const struct imp_blocks *blocks,
                             const struct imp_buffer *positions, struct imp_buffer *workspace,
                             struct imp_buffer *sums, const char *label);
enum impasto_status imp_mean_finish(struct imp_device *device, const struct imp_buffer *sums,
                                    int channels, double mass, struct imp_buffer *mean);
/* gram -= mean mean^T / channels: with the matrix of the same f, the covariance / channels. */
enum impasto_status imp_centre(struct imp_device *device, struct imp_buffer *gram,
                               const struct imp_buffer *mean, int channels);
/* bias = factor * (mean - target) - difference * mean. difference is imp_gram_difference's, of
 * centred matrices. Let factor be w * 2 / (C * M). Then imp_conv_pointwise(f, difference, bias) is
 * the gradient of both losses. sums: shares of the sum of (mean - target)^2. */
enum impasto_status imp_mean_difference(struct imp_device *device, const struct imp_buffer *mean,
                                        const struct imp_buffer *target,
                                        const struct imp_buffer *difference, int channels,
                                        float factor, struct imp_buffer *bias,
                                        struct imp_buffer *sums, int sums_slot);

#endif
