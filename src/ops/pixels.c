/* SPDX-License-Identifier: MIT */
/* Frames of cameras and films: cl/pixels.cl. */

#include "ops/pixels.h"
#include "ops/kernels.h"

#include <stdint.h>

#define PIXELS(frame) ((double)(frame)->width * (frame)->height)

/* ---- How bytes lie --------------------------------------------------------------------------- */

/* base: of the first pixel's components, in planes 0, 1 and 1 or 2 where there are more than one.
 */
static const struct kind {
    bool yuv, grey, halved_columns, halved_rows;
    int planes, step, chroma_step;
    int base[3];
} kinds[IMP_PIXELS_FORMATS] = {
    [IMP_PIXELS_RGB24] = {.planes = 1, .step = 3, .chroma_step = 3, .base = {0, 1, 2}},
    [IMP_PIXELS_BGR24] = {.planes = 1, .step = 3, .chroma_step = 3, .base = {2, 1, 0}},
    [IMP_PIXELS_GRAY8] = {true, true, false, false, 1, 1, 1, {0}},
    [IMP_PIXELS_I420] = {true, false, true, true, 3, 1, 1, {0}},
    [IMP_PIXELS_I422] = {true, false, true, false, 3, 1, 1, {0}},
    [IMP_PIXELS_I444] = {true, false, false, false, 3, 1, 1, {0}},
    [IMP_PIXELS_NV12] = {true, false, true, true, 2, 1, 2, {0, 0, 1}},
    [IMP_PIXELS_YUYV] = {true, false, true, false, 1, 2, 4, {0, 1, 3}},
    [IMP_PIXELS_UYVY] = {true, false, true, false, 1, 2, 4, {1, 0, 2}},
};

static int halves(int n, bool halved)
{
    return halved ? (n + 1) / 2 : n;
}

/* Bytes of a row of a plane. Pixels that share chroma in one plane come in pairs. */
static int64_t row_bytes(const struct kind *kind, int plane, int width)
{
    if (plane > 0)
        return (int64_t)halves(width, kind->halved_columns) * kind->chroma_step;
    return (int64_t)(kind->step == 2 ? (width + 1) / 2 * 2 : width) * kind->step;
}

/* Where each plane begins. false: there are too many bytes. */
static bool lay_planes(const struct kind *kind, struct imp_pixels *frame,
                       int begins[IMP_PIXELS_PLANES])
{
    int64_t at = 0;
    for (int p = 0; p < kind->planes; p++) {
        const int rows = p > 0 ? halves(frame->height, kind->halved_rows) : frame->height;
        const int64_t bytes = row_bytes(kind, p, frame->width);
        begins[p] = (int)at;
        at += bytes * rows;
        if (at > INT32_MAX)
            return false;
        frame->plane_rows[p] = rows;
        frame->plane_bytes[p] = (int)bytes;
    }
    frame->bytes = (size_t)at;
    return true;
}

struct imp_pixels imp_pixels_of(enum imp_pixel_format format, int width, int height)
{
    const struct kind *kind = &kinds[format];
    int begins[IMP_PIXELS_PLANES] = {0};
    struct imp_pixels frame = {
        .height = height,
        .width = width,
        .planes = kind->planes,
        .yuv = kind->yuv,
        .grey = kind->grey,
        .step = kind->step,
        .chroma_step = kind->chroma_step,
        .halved_columns = kind->halved_columns,
        .halved_rows = kind->halved_rows,
        .wide = kind->step == 2 ? (width + 1) / 2 * 2 : width,
    };
    if (!lay_planes(kind, &frame, begins))
        return frame;
    frame.stride = frame.plane_bytes[0];
    frame.chroma_stride = frame.plane_bytes[kind->planes > 1 ? 1 : 0];
    for (int k = 0; k < 3; k++)
        frame.base[k] = kind->base[k] + begins[k < kind->planes ? k : kind->planes - 1];
    return frame;
}

/* ---- What bytes mean ------------------------------------------------------------------------- */

/* Y' = offset + scale * luma, with luma in [0, 1]; U and V = 128 + chroma times the difference of
 * blue and red to luma, at most 1 - blue and 1 - red. ITU-R BT.601 and BT.709 have these. */
struct range {
    double offset, scale, chroma;
};

static struct range range_of(const struct imp_pixels *frame)
{
    return frame->full ? (struct range){0, 255, 255} : (struct range){16, 219, 224};
}

static double green_of(const struct imp_pixels *frame)
{
    return 1 - frame->red - frame->blue;
}

/* How much of the chroma sample before its own an even pixel has. A sample with its first pixel
 * stands for a quarter of the pixel before, too. */
static float taken_side(const struct imp_pixels *frame)
{
    return frame->left ? 0 : 0.25F;
}

static float given_side(const struct imp_pixels *frame)
{
    return frame->left ? 0.25F : 0;
}

/* ---- Launches -------------------------------------------------------------------------------- */

static enum impasto_status launch(struct imp_device *device, const struct imp_pixels *frame,
                                  const char *function, struct imp_launch call)
{
    char macros[IMP_MACROS];
    snprintf(macros, sizeof(macros), "-DSTEP=%d -DYUV=%d -DCSTEP=%d -DSX=%d -DSY=%d", frame->step,
             frame->yuv, frame->chroma_step, frame->halved_columns, frame->halved_rows);
    call.kernel.macros = macros;
    return imp_program_launch(device, IMP_PROGRAM_PIXELS, function, &call);
}

enum impasto_status imp_pixels_take(struct imp_device *device, const struct imp_pixels *frame,
                                    const struct imp_buffer *bytes, struct imp_buffer *image)
{
    const struct range range = range_of(frame);
    const double green = green_of(frame), seen = frame->grey ? 0 : 1 / range.chroma;
    /* Of the red's and of the blue's difference to luma, for a step of V and U. */
    const double red_step = 2 * (1 - frame->red) * seen, blue_step = 2 * (1 - frame->blue) * seen;
    return launch(
        device, frame, "pixels_take",
        (struct imp_launch){
            IMP_ARGS(imp_buf(bytes), imp_buf(image), imp_int(frame->height), imp_int(frame->width),
                     imp_int(frame->base[0]), imp_int(frame->base[1]), imp_int(frame->base[2]),
                     imp_int(frame->stride), imp_int(frame->chroma_stride),
                     imp_float((float)range.offset), imp_float((float)(1 / range.scale)),
                     imp_float((float)red_step),
                     imp_float((float)(-blue_step * frame->blue / green)),
                     imp_float((float)(-red_step * frame->red / green)),
                     imp_float((float)blue_step), imp_float(taken_side(frame))),
            .global = {imp_column_items(device, frame->width), (size_t)frame->height},
            .bytes = imp_float_bytes(4 * PIXELS(frame)),
        });
}

static enum impasto_status give_chroma(struct imp_device *device, const struct imp_pixels *frame,
                                       const struct imp_buffer *image, struct imp_buffer *bytes)
{
    const double green = green_of(frame), chroma = range_of(frame).chroma;
    const double u = chroma / (2 * (1 - frame->blue)), v = chroma / (2 * (1 - frame->red));
    return launch(
        device, frame, "pixels_give_chroma",
        (struct imp_launch){
            IMP_ARGS(imp_buf(image), imp_buf(bytes), imp_int(frame->height), imp_int(frame->width),
                     imp_int(frame->base[1]), imp_int(frame->base[2]),
                     imp_int(frame->chroma_stride), imp_float((float)(-u * frame->red)),
                     imp_float((float)(-u * green)), imp_float((float)(chroma / 2)),
                     imp_float((float)(chroma / 2)), imp_float((float)(-v * green)),
                     imp_float((float)(-v * frame->blue)), imp_float(given_side(frame))),
            .global = {imp_column_items(device, halves(frame->width, frame->halved_columns)),
                       (size_t)halves(frame->height, frame->halved_rows)},
            .bytes = imp_float_bytes(4 * PIXELS(frame)),
        });
}

enum impasto_status imp_pixels_give(struct imp_device *device, const struct imp_pixels *frame,
                                    const struct imp_buffer *image, struct imp_buffer *bytes,
                                    struct imp_buffer *odd)
{
    const struct range range = range_of(frame);
    IMP_TRY(
        launch(device, frame, "pixels_give",
               (struct imp_launch){
                   IMP_ARGS(imp_buf(image), imp_buf(bytes), imp_buf(odd), imp_int(frame->height),
                            imp_int(frame->width), imp_int(frame->wide), imp_int(frame->base[0]),
                            imp_int(frame->base[1]), imp_int(frame->base[2]),
                            imp_int(frame->stride), imp_float((float)range.offset),
                            imp_float((float)range.scale), imp_float((float)frame->red),
                            imp_float((float)green_of(frame)), imp_float((float)frame->blue)),
                   .global = {imp_column_items(device, frame->wide), (size_t)frame->height},
                   .bytes = imp_float_bytes(4 * PIXELS(frame)),
               }));
    return frame->yuv && !frame->grey ? give_chroma(device, frame, image, bytes) : IMPASTO_OK;
}

enum impasto_status imp_pixels_luma(struct imp_device *device, const struct imp_buffer *original,
                                    struct imp_buffer *painted, int pixels, double red, double blue)
{
    return imp_program_launch(
        device, IMP_PROGRAM_PIXELS, "pixels_luma",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(original), imp_buf(painted), imp_int(pixels), imp_float((float)red),
                     imp_float((float)(1 - red - blue)), imp_float((float)blue)),
            .global = {imp_column_items(device, pixels)},
            .bytes = imp_float_bytes(9.0 * pixels),
        });
}

enum impasto_status imp_pixels_steady(struct imp_device *device, struct imp_buffer *state,
                                      struct imp_buffer *image, int pixels, double sigma)
{
    return imp_program_launch(
        device, IMP_PROGRAM_PIXELS, "pixels_steady",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(state), imp_buf(image), imp_int(pixels),
                     imp_float((float)(0.25 / sigma)), imp_float((float)IMP_PIXELS_STEADY_LEAST)),
            .global = {imp_column_items(device, pixels)},
            .bytes = imp_float_bytes(12.0 * pixels),
        });
}

enum impasto_status imp_pixels_reduce(struct imp_device *device, const struct imp_buffer *image,
                                      int height, int width, int by, struct imp_buffer *small)
{
    const int small_height = height / by, small_width = width / by;
    return imp_program_launch(
        device, IMP_PROGRAM_PIXELS, "pixels_reduce",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(image), imp_buf(small), imp_int(height), imp_int(width),
                     imp_int(small_height), imp_int(small_width), imp_int(by)),
            .global = {imp_column_items(device, small_width), (size_t)small_height, 3},
            .bytes = imp_float_bytes(3.0 * height * width),
        });
}
