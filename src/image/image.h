/* SPDX-License-Identifier: MIT */
#ifndef IMP_IMAGE_H
#define IMP_IMAGE_H

/*
 * Pictures between files and memory. This room implements struct impasto_image and the public load,
 * save, create and free. Formats are rows of the table in formats.c. Each has its own file.
 */

#include "base/base.h"

#include <impasto/image.h>

/* ---- resize.c -------------------------------------------------------------------------------- */

/*
 * A new picture of width x height by separable Lanczos-3, the kernel widened by the factor when
 * shrinking. Shrinking is done in linear light, enlarging on encoded values; transparency is
 * weighted by (premultiplied); results are clamped to [0, 1]. Metadata is copied.
 */
enum impasto_status imp_image_resize(const struct impasto_image *image, int width, int height,
                                     struct impasto_image **resized, struct impasto_error *error);

/* Resizes `planes` planes of plain values from from_height x from_width to to_height x to_width.
 * The filter is Lanczos, or a tent, which stays within the values it is given. It is widened by the
 * factor when shrinking. */
enum imp_filter { IMP_FILTER_LANCZOS, IMP_FILTER_TENT };
enum impasto_status imp_planes_resize(const float *from, int planes, int from_height,
                                      int from_width, enum imp_filter filter, float *to,
                                      int to_height, int to_width, struct impasto_error *error);

/* The size with the longer side `longer` and the aspect kept, each side at least 1 pixel. */
void imp_image_fit(int width, int height, int longer, int *out_width, int *out_height);

/* ---- metadata.c ------------------------------------------------------------------------------ */

/* Copies into `block` or `to`, whose old bytes are freed; `to` is freed by the caller, also after a
 * failure. */
enum impasto_status imp_block_copy(const void *bytes, size_t size, struct impasto_block *block,
                                   struct impasto_error *error);
enum impasto_status imp_metadata_copy(const struct impasto_metadata *from,
                                      struct impasto_metadata *to, struct impasto_error *error);
void imp_metadata_free(struct impasto_metadata *metadata);

/* ---- mask.c ---------------------------------------------------------------------------------- */

/* Gives pixels that hardly show the colours of what shows around them. */
enum impasto_status imp_image_fill_hidden(struct impasto_image *image, struct impasto_error *error);
/* Lightness times alpha of a mask, resized to height x width; the caller frees *plane. */
enum impasto_status imp_image_mask(const struct impasto_image *mask, int height, int width,
                                   float **plane, struct impasto_error *error);

/* Refuses a mask or picture that would have to be squashed to lie on the picture `of`. The aspects
 * may differ by 2 %: small sizes are rounded. what: what it is, for the message. other: NULL: there
 * is none. IMPASTO_ERROR_INPUT. */
enum impasto_status imp_image_check_aspect(const char *what, const struct impasto_image *other,
                                           const struct impasto_image *of,
                                           struct impasto_error *error);

/* ---- compose.c ------------------------------------------------------------------------------- */

/* How painted pixels become those that a person gets: whether they have the original's colours, and
 * how much of each replaces the target's. Planes have the target's pixels, row by row. */
struct imp_compose {
    bool luma;         /* the original's colours: only the lightness is painted */
    const float *keep; /* a plane: 1 where the original stays; NULL: nowhere */
    const float *over; /* a plane: 1 where the painting replaces what is there; NULL: everywhere */
};
/* One row of `width` pixels, which are those from pixel `at` of the planes on. painted: a row of
 * each channel, clamped to [0, 1] here. original: RGB; NULL: `luma` and `keep` do not ask for it.
 * target: RGB, and may be the original. */
void imp_compose_row(const struct imp_compose *compose, size_t at, int width,
                     const float *const painted[3], const float *original, float *target);

/* ---- statistics.c ---------------------------------------------------------------------------- */

/* Mean and covariance of a picture's colours, pixels counting by weights (NULL: alike). */
struct imp_colours {
    double mean[3], covariance[3][3];
};
void imp_colours_measure(const struct impasto_image *image, const float *weights,
                         struct imp_colours *colours);
/* Maps the picture's colours so that those of `from` become those of `to`. The map is affine, with
 * the matrix S_to^1/2 S_from^-1/2 of symmetric roots (Gatys et al. 2016, "Preserving color").
 * Values may leave [0, 1]. */
void imp_colours_match(struct impasto_image *image, const struct imp_colours *from,
                       const struct imp_colours *to);
/* An affine map of colours that takes those of `from` a share, 0 to 1, of the way to those of `to`:
 * the mean, and the matrix from that of no change to the symmetric one that gives the covariance,
 * which of all that do so moves colours least (Pitie and Kokaram 2007). It multiplies no
 * difference from the mean by more than 4: of a painting almost without colours, no noise becomes
 * colours. y = matrix x + added. */
void imp_colours_approach(const struct imp_colours *from, const struct imp_colours *to,
                          double share, float matrix[3][3], float added[3]);
/* Luminance of encoded values (Rec. 601, as the YIQ of that paper). */
float imp_luminance(const float rgb[3]);

#endif
