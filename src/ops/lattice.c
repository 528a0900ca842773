/* SPDX-License-Identifier: MIT */
/* How much an image repeats with a network's upsampling: cl/lattice.cl. */

#include "ops/element.h"
#include "ops/kernels.h"
#include "ops/sums.h"

#define PLACES (LATTICE * LATTICE)
#define QUANTITIES 4 /* of which a place has a mean */

int imp_lattice_windows(int height, int width)
{
    return height / LATTICE_WINDOW * (width / LATTICE_WINDOW);
}

size_t imp_lattice_floats(int height, int width)
{
    return (size_t)QUANTITIES * 3 * PLACES * (size_t)imp_lattice_windows(height, width);
}

static enum impasto_status means(struct imp_device *device, const struct imp_buffer *image,
                                 int height, int width, struct imp_buffer *pattern)
{
    const int windows = imp_lattice_windows(height, width);
    return imp_program_launch(
        device, IMP_PROGRAM_BOUNDS, "lattice_means",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(image), imp_buf(pattern), imp_int(height), imp_int(width),
                     imp_int(windows)),
            .global = {(size_t)windows * PLACES, 3, QUANTITIES},
            .bytes = imp_float_bytes(3.0 * QUANTITIES * windows *
                                     (LATTICE_WINDOW * LATTICE_WINDOW + PLACES)),
        });
}

enum impasto_status imp_lattice_sum(struct imp_device *device, const struct imp_buffer *image,
                                    int height, int width, struct imp_buffer *pattern,
                                    struct imp_buffer *sums, int sums_slot)
{
    const int planes = 3 * imp_lattice_windows(height, width);
    IMP_TRY(means(device, image, height, width, pattern));
    return imp_program_launch(device, IMP_PROGRAM_BOUNDS, "lattice_sum",
                              &(struct imp_launch){
                                  IMP_ARGS(imp_buf(pattern), imp_buf(sums),
                                           imp_int(sums_slot * IMP_PARTS), imp_int(planes)),
                                  .global = {IMP_PARTS},
                                  .bytes = imp_float_bytes(2.0 * QUANTITIES * planes * PLACES),
                              });
}

enum impasto_status imp_lattice_backward(struct imp_device *device, const struct imp_buffer *image,
                                         const struct imp_buffer *pattern, int height, int width,
                                         struct imp_buffer *gradient, float factor)
{
    const double looked_at =
        3.0 * imp_lattice_windows(height, width) * LATTICE_WINDOW * LATTICE_WINDOW;
    return imp_program_launch(
        device, IMP_PROGRAM_BOUNDS, "lattice_bwd",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(image), imp_buf(pattern), imp_buf(gradient), imp_int(height),
                     imp_int(width), imp_float((float)(2.0 * (double)factor / looked_at))),
            .global = {(size_t)width, (size_t)height, 3},
            .bytes = imp_float_bytes(3.0 * 3 * height * width),
        });
}
