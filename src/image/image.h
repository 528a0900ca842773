/* SPDX-License-Identifier: MIT */
#ifndef IMP_IMAGE_H
#define IMP_IMAGE_H

/*
 * Pictures between files and memory. struct impasto_image and the public load, save, create and
 * free are implemented here; formats are rows of one table in image.c, each with its own file.
 */

#include "base/base.h"

/* ---- resize.c -------------------------------------------------------------------------------- */

/*
 * A new picture of width x height by separable Lanczos-3, the kernel widened by the factor when
 * shrinking. Shrinking is done in linear light, enlarging on encoded values; transparency is
 * weighted by (premultiplied); results are clamped to [0, 1]. Metadata is copied.
 */
enum impasto_status imp_image_resize(const struct impasto_image *image, int width, int height,
                                     struct impasto_image **resized, struct impasto_error *error);

/* The size with the longer side `longer` and the aspect kept, each side at least 1 pixel. */
void imp_image_fit(int width, int height, int longer, int *out_width, int *out_height);

#endif
