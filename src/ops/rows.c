/* SPDX-License-Identifier: MIT */
/* The outermost rows of bands: cl/rows.cl. */

#include "ops/rows.h"

#include "ops/kernels.h"

enum { BOTH = 3 };

/* Between `rows` and the tensor's row at[0], at[1]; those that `which` has a bit for. */
static enum impasto_status move(struct imp_device *device, const struct imp_tensor *tensor,
                                const int at[2], struct imp_buffer *rows, bool back, int which)
{
    const int pitch = tensor->width + 2;
    return imp_program_launch(
        device, IMP_PROGRAM_ROWS, "rows_move",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(tensor->buffer), imp_buf(rows), imp_int(tensor->channels),
                     imp_int(tensor->lanes), imp_int(imp_tensor_plane(tensor)),
                     imp_int((at[0] + 1) * pitch), imp_int((at[1] + 1) * pitch), imp_int(pitch),
                     imp_int(back), imp_int(which)),
            .global = {(size_t)pitch, (size_t)tensor->channels, 2},
            .bytes = 4 * imp_tensor_rows_bytes(tensor, 1),
        });
}

enum impasto_status imp_rows_take(struct imp_device *device, const struct imp_tensor *tensor,
                                  struct imp_buffer *rows)
{
    const int at[] = {0, tensor->height - 1};
    return move(device, tensor, at, rows, false, BOTH);
}

enum impasto_status imp_rows_put(struct imp_device *device, const struct imp_tensor *tensor,
                                 struct imp_buffer *rows, bool above, bool below)
{
    const int at[] = {-1, tensor->height};
    return move(device, tensor, at, rows, true, above + 2 * below);
}

enum impasto_status imp_rows_take_image(struct imp_device *device, const struct imp_buffer *image,
                                        int height, int width, struct imp_buffer *rows)
{
    return imp_program_launch(
        device, IMP_PROGRAM_ROWS, "rows_move",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(image), imp_buf(rows), imp_int(3), imp_int(1), imp_int(height * width),
                     imp_int(0), imp_int((height - 1) * width), imp_int(width), imp_int(false),
                     imp_int(BOTH)),
            .global = {(size_t)width, 3, 2},
            .bytes = imp_float_bytes(2.0 * 3 * 2 * width),
        });
}
