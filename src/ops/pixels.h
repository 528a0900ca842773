/* SPDX-License-Identifier: MIT */
#ifndef IMP_OPS_PIXELS_H
#define IMP_OPS_PIXELS_H

/*
 * Frames of cameras and films, to and from images: cl/pixels.cl. A frame is bytes in a buffer, an
 * image (3, height, width) floats, RGB in [0, 1]. None of these waits.
 */

#include "device/device.h"

/* Formats. Those of one plane, and I420, I422 and I444 with a plane for each of Y, U and V, whose
 * columns and rows are halved for both, columns, or neither; NV12 has U and V side by side. */
enum imp_pixel_format {
    IMP_PIXELS_RGB24,
    IMP_PIXELS_BGR24,
    IMP_PIXELS_GRAY8,
    IMP_PIXELS_I420,
    IMP_PIXELS_I422,
    IMP_PIXELS_I444,
    IMP_PIXELS_NV12,
    IMP_PIXELS_YUYV, /* Y U Y V, two pixels */
    IMP_PIXELS_UYVY,
    IMP_PIXELS_FORMATS /* how many there are */
};

#define IMP_PIXELS_PLANES 3

/* How a frame's bytes lie and what they say. Component k of a pixel is at base[k] + row * stride +
 * column * step, where 1 and 2 of YUV have a stride and a step of their own. All of it is below
 * 2^31 bytes. */
struct imp_pixels {
    int height, width; /* pixels */
    int planes;        /* which lie one after the other, without gaps */
    int plane_rows[IMP_PIXELS_PLANES], plane_bytes[IMP_PIXELS_PLANES]; /* rows, and bytes of each */
    size_t bytes;
    bool yuv;  /* luma, U, V; otherwise R, G, B */
    bool grey; /* yuv with luma alone: nothing is said of chroma */
    int base[3], step, stride;
    int chroma_step, chroma_stride;
    bool halved_columns, halved_rows; /* of chroma, rounded up */
    int wide; /* columns of luma that are written, width or one more, where pixels come in pairs */
    /* Y' = red R + green G + blue B, where these sum to 1; see BT.601 and BT.709. */
    double red, blue;
    bool full; /* bytes 0 to 255; otherwise Y 16 to 235, U and V 16 to 240 */
    bool left; /* halved columns lie with the first pixel of two; otherwise between the two */
};

/* Lays out a frame of that format: all of the struct but `red`, `blue`, `full` and `left`. bytes is
 * 0 where they would be 2^31 or more. */
struct imp_pixels imp_pixels_of(enum imp_pixel_format format, int width, int height);

/* image = the frame, not clamped. Chroma is interpolated linearly. */
enum impasto_status imp_pixels_take(struct imp_device *device, const struct imp_pixels *frame,
                                    const struct imp_buffer *bytes, struct imp_buffer *image);
/* The frame = the image, clamped and rounded. odd: an int32, which becomes 1 if the image has
 * numbers that are not finite, and otherwise stays. */
enum impasto_status imp_pixels_give(struct imp_device *device, const struct imp_pixels *frame,
                                    const struct imp_buffer *image, struct imp_buffer *bytes,
                                    struct imp_buffer *odd);
/* painted = the original's colours with the luma of what was painted, clamped: original + luma of
 * the difference. Weights as in struct imp_pixels. pixels: of each image. */
enum impasto_status imp_pixels_luma(struct imp_device *device, const struct imp_buffer *original,
                                    struct imp_buffer *painted, int pixels, double red,
                                    double blue);
/* The least share of a new frame that imp_pixels_steady takes. */
#define IMP_PIXELS_STEADY_LEAST 0.2
/* Steadies noise of this standard deviation, in units of the image: state += k (image - state),
 * image = state, with k = clamp(largest difference of the pixel's components / (4 sigma), 0.2, 1).
 * state: the image before, steadied. Must not be the image. sigma: above 0. */
enum impasto_status imp_pixels_steady(struct imp_device *device, struct imp_buffer *state,
                                      struct imp_buffer *image, int pixels, double sigma);
/* small (3, height / by, width / by) = means of by x by pixels of an image (3, height, width). */
enum impasto_status imp_pixels_reduce(struct imp_device *device, const struct imp_buffer *image,
                                      int height, int width, int by, struct imp_buffer *small);

#endif
