/* SPDX-License-Identifier: MIT */
#ifndef IMP_OPS_TENSOR_H
#define IMP_OPS_TENSOR_H

/*
 * Tensors, and windows into them. This holds for all headers of this room. Each operation launches
 * kernels of its own file in cl/ and returns before they have run; imp_device_finish waits. It
 * fails into the device's error. Outputs are overwritten ("=") unless a comment says "+=". Inputs
 * and outputs may not share memory unless a comment allows it.
 */

#include "device/device.h"

/*
 * A view of a buffer as channels x height x width, blocked by channels, with a halo of one zero
 * pixel. cl/common.cl has the layout and the reason. lanes: the device's vector width, or 1 for
 * planar pictures. channels is a multiple of lanes.
 */
struct imp_tensor {
    int channels, height, width;
    int lanes;
    struct imp_buffer *buffer;
};

/* Positions of one plane, halo included; bytes of all, slack included (SIZE_MAX when a kernel could
 * not index them). */
int imp_tensor_plane(const struct imp_tensor *tensor);
size_t imp_tensor_bytes(int channels, int height, int width, int lanes);
/* Vectors of all planes, halo included. */
int imp_tensor_vectors(const struct imp_tensor *tensor);

/* Zeroes the halo: for a buffer that held a tensor of another shape. Planar tensors have none to
 * clear: imp_input_forward writes it, and their gradients' is never read. */
enum impasto_status imp_tensor_clear_halo(struct imp_device *device, const struct imp_tensor *x);

/*
 * A picture too tall for memory is worked on in strips of rows, in tensors of their own. A window
 * says which rows of a strip count and where they lie in the whole.
 */
struct imp_window {
    int first, rows; /* rows of the strip */
    int at;          /* the row of the whole that `first` is */
    bool begins;     /* the first window of the whole: sums start here, otherwise they go on */
};

/* Zeroes a row of all channels; -1 and height are the halo's. */
enum impasto_status imp_tensor_zero_row(struct imp_device *device, const struct imp_tensor *x,
                                        int row);
/* Rows of `to` from to_row on = rows of `from` from from_row on, for all channels, left and right
 * halo included. Rows -1 and height are the halo's. Both are of equal width and channels, or the
 * same tensor and other rows. */
enum impasto_status imp_tensor_copy_rows(struct imp_device *device, const struct imp_tensor *from,
                                         int from_row, const struct imp_tensor *to, int to_row,
                                         int rows);

/*
 * Weights of a layer's positions, 0 or more, where these do not all count alike. The buffer is one
 * plane as the whole activation has them, halo and slack included. NULL: all count 1.
 */
size_t imp_positions_bytes(int height, int width);

#endif
