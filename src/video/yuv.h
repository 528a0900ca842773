/* SPDX-License-Identifier: MIT */
#ifndef IMP_VIDEO_YUV_H
#define IMP_VIDEO_YUV_H

/* Frames in planes of luma and colour difference, as films have them, to RGB and back. */

#include "video/kinds.h"

/* How a frame lies in memory: a plane of luma, then Cb, then Cr, then transparency. Rows follow one
 * another without gaps. Samples of more than 8 bits have two bytes, the lower one first. */
struct imp_yuv_layout {
    int bits;             /* of a sample, 8 to 16 */
    bool mono, alpha;     /* no colour; transparency, which is passed over */
    int shift_x, shift_y; /* a colour sample for 2^shift pixels, 0 to 2 */
    /* Where the first colour sample lies, in pixels from the first luma sample. */
    float offset_x, offset_y;
    bool full;    /* 0 to 255; else luma 16 to 235, colours 16 to 240 (ITU-R BT.601) */
    float kr, kb; /* the shares of red and blue in luma */
};

/* The shares of red and blue where a film does not tell: those of ITU-R BT.601 up to 576 lines, and
 * of BT.709 above, as players do it. */
void imp_yuv_usual_matrix(int height, float *kr, float *kb);

/* Bytes of a frame. */
uint64_t imp_yuv_bytes(const struct imp_yuv_layout *layout, int width, int height);

struct imp_yuv; /* tables for frames of one size */
/* NULL: out of memory. */
struct imp_yuv *imp_yuv_create(const struct imp_yuv_layout *layout, int width, int height);
void imp_yuv_free(struct imp_yuv *yuv);
/* Colours between samples are interpolated linearly. deep: rgb has those of a deep film. */
void imp_yuv_to_rgb(const struct imp_yuv *yuv, const unsigned char *planes, bool deep,
                    unsigned char *rgb, size_t stride);
/* A colour sample is the mean of the pixels that it stands for. Not mono. For samples of more than
 * 8 bits, rgb has those of a deep film. */
void imp_yuv_from_rgb(const struct imp_yuv *yuv, const unsigned char *rgb, size_t stride,
                      unsigned char *planes);

#endif
