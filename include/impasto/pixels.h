/* SPDX-License-Identifier: MIT */
#ifndef IMPASTO_PIXELS_H
#define IMPASTO_PIXELS_H

/* Pixels as cameras, decoders and screens have them: bytes in planes. */

#include <impasto/base.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* 8 bits each. Of two pixels, or of 2x2, that share their chroma, there is half of it, rounded up.
 */
enum impasto_pixel_format {
    IMPASTO_PIXELS_RGB24, /* R G B, a plane */
    IMPASTO_PIXELS_BGR24, /* B G R, a plane */
    IMPASTO_PIXELS_GRAY8, /* luma, a plane */
    IMPASTO_PIXELS_I420,  /* planes of Y, U and V; U and V for 2x2 pixels */
    IMPASTO_PIXELS_I422,  /* likewise; U and V for two pixels of a row */
    IMPASTO_PIXELS_I444,  /* likewise; U and V for each pixel */
    IMPASTO_PIXELS_NV12,  /* planes of Y, and of U V for 2x2 pixels */
    IMPASTO_PIXELS_YUYV,  /* Y U Y V, for two pixels of a row, a plane */
    IMPASTO_PIXELS_UYVY,  /* U Y V Y, likewise */
};

/* Which luma: of ITU-R BT.601, BT.709 and BT.2020, by its shares of red, green and blue. */
enum impasto_pixel_matrix { IMPASTO_MATRIX_BT601, IMPASTO_MATRIX_BT709, IMPASTO_MATRIX_BT2020 };

#define IMPASTO_PIXELS_PLANES 3

/* A frame in the caller's memory. Matrix, range and siting are of Y, U and V alone. */
struct impasto_pixels {
    size_t struct_size; /* sizeof(struct impasto_pixels) */
    enum impasto_pixel_format format;
    int width, height;                           /* pixels */
    unsigned char *plane[IMPASTO_PIXELS_PLANES]; /* as many as the format has */
    size_t stride[IMPASTO_PIXELS_PLANES];        /* bytes from row to row of each */
    enum impasto_pixel_matrix matrix;
    int full;    /* 1: bytes from 0 to 255; 0: Y from 16 to 235, U and V from 16 to 240 */
    int centred; /* where pixels of a row share chroma, it is that of their middle, as JPEG has it;
                    0: of the first pixel, as MPEG-2 and later films have it */
};

/*
 * Lays the planes of pixels->format, width and height one after the other in `bytes`, rows without
 * gaps. NULL: sets the strides alone. Returns how many bytes it takes, or 0 if there is no such
 * format, or a frame has no pixels or 2 GiB. pixels->struct_size must be set.
 */
IMPASTO_API size_t impasto_pixels_lay(struct impasto_pixels *pixels, unsigned char *bytes);

#ifdef __cplusplus
}
#endif

#endif
