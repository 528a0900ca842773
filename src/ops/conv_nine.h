/* SPDX-License-Identifier: MIT */
#ifndef IMP_OPS_CONV_NINE_H
#define IMP_OPS_CONV_NINE_H

/* Inside the ops room: convolutions with 9x9 taps from or to a planar picture of three channels, on
 * CPUs, with 15 products for 27: conv_nine.c and cl/conv_nine.cl. */

#include "ops/conv_any.h"

bool imp_conv_nine_suits(const struct imp_caps *caps, const struct imp_conv_shape *shape);
/* As imp_conv_any_packed, imp_conv_any_pack, and imp_conv_any_workspace. */
size_t imp_conv_nine_packed(const struct imp_caps *caps, const struct imp_conv_shape *shape);
enum impasto_status imp_conv_nine_pack(struct imp_device *device,
                                       const struct imp_conv_shape *shape,
                                       const struct imp_buffer *parameters, size_t at,
                                       struct imp_buffer *packed);
size_t imp_conv_nine_workspace(const struct imp_caps *caps, const struct imp_conv_shape *shape,
                               int height, int width);

/* What is read or written. Positions count pixels. from: that of the first row's first pixel; of
 * what is read it is the one of the margin, 4 rows above and 4 columns before the picture. */
struct imp_nine_side {
    const struct imp_buffer *buffer;
    int pitch, plane, from;
};

struct imp_conv_nine {
    const struct imp_conv_shape *shape;
    struct imp_nine_side x, y;
    int rows, cols; /* that are computed */
    int height;     /* of the picture for which the workspace is */
    const struct imp_buffer *packed, *bias;
    size_t bias_at;
    const struct imp_buffer *statistics; /* as imp_conv_any's */
    bool relu;
    struct imp_buffer *workspace;
    const char *label;
};
enum impasto_status imp_conv_nine(struct imp_device *device, const struct imp_conv_nine *conv);

#endif
