/* SPDX-License-Identifier: MIT */
#ifndef IMPASTO_APPLY_H
#define IMPASTO_APPLY_H

/* Painting with a style network: an applier is opened once, and given picture after picture.
 * examples/apply.c is a program that does so. */

#include <impasto/device.h>
#include <impasto/image.h>
#include <impasto/model.h>
#include <impasto/params.h>
#include <impasto/pixels.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How a model is applied. Take the parameters from impasto_apply_defaults() and change what you
 * like. */
struct impasto_apply_params {
    size_t struct_size; /* sizeof(struct impasto_apply_params) */

    /* How much of each of the model's styles, 0 or more, relative to the others. The rows of the
     * normalisation are mixed, not the pictures. NULL, the default: the first style alone. */
    const float *mix;
    size_t mix_count; /* elements of mix: the model's style_count, or 0 */

    /* 1, the default: the style as it was trained. Towards 0 the model's identity is mixed in, up
     * to the photograph as that repeats it. Above 1 it is mixed out. 0 to 2. A model without an
     * identity takes only 1.
     *
     * With the identity's share a of the mix, by `strength` or `mix`, 0 to 1, the mean of what the
     * network paints moves to (1 - a) of its own plus a of the photograph's. Differences from it
     * are multiplied by (1 - a) I + a M: M is the symmetric 3x3 matrix that makes the covariance of
     * its colours the photograph's, stretching none by more than 4. Both are of the whole picture,
     * in each region by the region's own mix. IMPASTO_COLOUR_MATCH leaves this out. */
    float strength;

    /* Longer side of the result, 16 to 65500 pixels, or IMPASTO_SIZE_SOURCE. Default: _SOURCE. */
    int size;
    /* Size of the strokes: the network works on the picture reduced by this factor, and what it
     * paints is enlarged again. 0.25 to 4; default 1. */
    float stroke;
    /* IMPASTO_COLOUR_STYLE, the default; _LUMA: the photograph's colours; _MATCH: what is painted
     * gets the mean and covariance of the photograph's colours, each region those of its part. That
     * takes the memory of another picture of floats. */
    enum impasto_colour colour;

    /* Bytes of device memory that may be taken. With less memory, a picture goes through in more
     * strips, to the same bytes. 0, the default: what the device can spare. For speed alone, no
     * more of it is taken than 256 MiB or, of a graphics card's own memory, half, whichever is
     * more. */
    uint64_t memory;

    /* Frames of impasto_applier_pixels() and impasto_applier_frame() alone: the standard deviation
     * of their noise, 0 to 1, which is averaged out of what does not move, as networks paint
     * noise too. The first frame of a size or format is taken as it is. 0, the default: nothing is
     * averaged, and a frame does not depend on the one before. A camera's is 0.01 to 0.05. */
    float steady;

    /* Of frames, too: how much of each layer's mean and variance, by which the network normalises,
     * and of the colours' of which `strength` tells, stays from the frames before, 0 to below 1.
     * Then what comes into sight somewhere does not change the painting everywhere at once. 0, the
     * default: nothing. At 30 frames a second, 0.9 is a third of a second.
     *
     * With `steady` or `smooth`, frames are compared. What is remembered goes when another scene
     * begins: when frames differ, and no motion explains it. */
    float smooth;
};

/* Fills all of `params`, for callers that are compiled with this header. */
IMPASTO_API struct impasto_apply_params impasto_apply_defaults(void);

/* A part of the picture with styles of its own, which replace params.mix there. */
struct impasto_apply_region {
    size_t struct_size;               /* sizeof(struct impasto_apply_region) */
    const struct impasto_image *mask; /* where: lightness times alpha. Of the picture's aspect */
    const float *mix;                 /* as in struct impasto_apply_params */
    size_t mix_count;                 /* likewise */
};

/* What an applier works on. Where regions overlap, the later one is on top. */
struct impasto_apply_pictures {
    size_t struct_size;                  /* sizeof(struct impasto_apply_pictures) */
    const struct impasto_image *content; /* its transparent parts stay transparent */
    const struct impasto_image *keep;    /* parts that stay as they are, or NULL */
    const struct impasto_apply_region *regions;
    size_t region_count;
};

struct impasto_applier; /* a model on a device */

/*
 * Puts a model on a device. The device must outlive the applier; the model need not.
 *
 * IMPASTO_ERROR_USAGE: a parameter is out of range, or the model has no identity for this strength.
 */
IMPASTO_API enum impasto_status
impasto_applier_open(struct impasto_device *device, const struct impasto_model *model,
                     const struct impasto_apply_params *params, struct impasto_applier **applier,
                     struct impasto_error *error) IMPASTO_MUST_CHECK;
IMPASTO_API void impasto_applier_close(struct impasto_applier **applier);

/* Bytes of device memory that it takes by now, without the driver's own. They are taken with the
 * first picture of a size, or frame of a format, and those of the size before are given back. */
IMPASTO_API uint64_t impasto_applier_memory(const struct impasto_applier *applier);

/* Other parameters for the pictures that follow. Buffers that fit stay. So a new `memory` is in
 * force from the first picture or frame on that needs others, such as one of another size or
 * format, or the first with `steady`. */
IMPASTO_API enum impasto_status
impasto_applier_change(struct impasto_applier *applier, const struct impasto_apply_params *params,
                       struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * Paints a picture. *result is the caller's, to be freed with impasto_image_free(). It has the
 * content's metadata. The bytes do not depend on the memory given.
 *
 * IMPASTO_ERROR_INPUT: a picture is too small or too large, or a mask has another aspect.
 * IMPASTO_ERROR_MEMORY: the message says which size would fit.
 */
IMPASTO_API enum impasto_status
impasto_applier_paint(struct impasto_applier *applier,
                      const struct impasto_apply_pictures *pictures, struct impasto_image **result,
                      struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * Paints a picture where it is, which saves the memory of another: `picture` is both the content
 * and the result. pictures->content is not looked at. After a failure its pixels may be half
 * painted. Errors are those of impasto_applier_paint().
 *
 * IMPASTO_ERROR_USAGE: the parameters' size is not IMPASTO_SIZE_SOURCE.
 */
IMPASTO_API enum impasto_status impasto_applier_paint_over(
    struct impasto_applier *applier, const struct impasto_apply_pictures *pictures,
    struct impasto_image *picture, struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * Paints a frame of bytes. The device converts it from its format and to that of `to`, which has
 * the same size and may be the same memory. What `to` has beside its rows stays. Mix, strength,
 * colour, steady and smooth are those of the parameters; size and stroke are not looked at. Frames
 * of one size and format are the fastest way to paint.
 *
 * IMPASTO_ERROR_USAGE: the sizes differ, or a plane is missing. IMPASTO_ERROR_INPUT: they are too
 * small or too large.
 */
IMPASTO_API enum impasto_status
impasto_applier_pixels(struct impasto_applier *applier, const struct impasto_pixels *from,
                       const struct impasto_pixels *to,
                       struct impasto_error *error) IMPASTO_MUST_CHECK;

/* The same of 8-bit RGB, row by row from the top. The strides are bytes from row to row, at least
 * 3 * width. */
IMPASTO_API enum impasto_status
impasto_applier_frame(struct impasto_applier *applier, int width, int height,
                      const unsigned char *from, size_t from_stride, unsigned char *to,
                      size_t to_stride, struct impasto_error *error) IMPASTO_MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
