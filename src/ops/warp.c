/* SPDX-License-Identifier: MIT */
/* Pictures carried along a flow: cl/warp.cl. */

#include "ops/warp.h"
#include "ops/kernels.h"

size_t imp_flow_bytes(int height, int width)
{
    return 2 * sizeof(float) * (size_t)height * (size_t)width;
}

enum impasto_status imp_warp(struct imp_device *device, const struct imp_buffer *picture,
                             int planes, int height, int width, const struct imp_buffer *flow,
                             struct imp_buffer *warped)
{
    return imp_program_launch(device, IMP_PROGRAM_WARP, "warp_fwd",
                              &(struct imp_launch){
                                  IMP_ARGS(imp_buf(picture), imp_buf(flow), imp_buf(warped),
                                           imp_int(planes), imp_int(height), imp_int(width)),
                                  .global = {imp_column_items(device, width), (size_t)height},
                                  .bytes = imp_float_bytes(2.0 * (planes + 1) * height * width),
                              });
}
