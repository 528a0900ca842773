/* SPDX-License-Identifier: MIT */
#ifndef IMP_OPS_ROWS_H
#define IMP_OPS_ROWS_H

/* The outermost rows of bands, on their way to the bands beside them (rows.c). */

#include "ops/tensor.h"

/* rows (2, channels, width + 2) = the first row of a tensor and its last, with the halo's columns.
 * Plain floats, which a device of other lanes may have as well. */
enum impasto_status imp_rows_take(struct imp_device *device, const struct imp_tensor *tensor,
                                  struct imp_buffer *rows);
/* The rows beside those, in the tensor's halo = rows. above, below: which of the two. */
enum impasto_status imp_rows_put(struct imp_device *device, const struct imp_tensor *tensor,
                                 struct imp_buffer *rows, bool above, bool below);
/* rows (2, 3, width) = the first row of an image (3, height, width) and its last. */
enum impasto_status imp_rows_take_image(struct imp_device *device, const struct imp_buffer *image,
                                        int height, int width, struct imp_buffer *rows);

#endif
