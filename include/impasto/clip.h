/* SPDX-License-Identifier: MIT */
#ifndef IMPASTO_CLIP_H
#define IMPASTO_CLIP_H

/* Films: a clip is opened once, and given frame after frame in the order in which they are shown.
 */

#include <impasto/apply.h>
#include <impasto/device.h>
#include <impasto/model.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a frame's values are. */
enum impasto_samples {
    IMPASTO_SAMPLES_BYTE,  /* unsigned char, 0 to 255 */
    IMPASTO_SAMPLES_FLOAT, /* float, 0 to 1; what is beyond counts as the end */
};

/* A frame in the caller's memory: sRGB-encoded RGB, row by row from the top. */
struct impasto_frame {
    size_t struct_size; /* sizeof(struct impasto_frame) */
    int width, height;  /* pixels */
    enum impasto_samples samples;
    void *pixels; /* a frame that is read is not written to */
    size_t
        stride; /* bytes from row to row: at least those of a row, and a multiple of a sample's */
};

struct impasto_clip; /* a film on its way through a painter */

/* What a clip is. Take it from impasto_clip_defaults() and change what you like. */
struct impasto_clip_params {
    size_t struct_size; /* sizeof(struct impasto_clip_params) */
    int width, height;  /* of its frames, pixels */
};

/* Fills all of `params`, for callers that are compiled with this header. */
IMPASTO_API struct impasto_clip_params impasto_clip_defaults(int width, int height);

/* What a clip says of itself. */
struct impasto_clip_info {
    int width, height;               /* of its frames, pixels */
    int result_width, result_height; /* of its results */
    uint64_t frames;                 /* painted so far */
};

/*
 * Opens a clip that is painted by a style network. The device must outlive the clip; the model need
 * not. Results have the frames' size or, where params->size says so, the size that it gives a
 * picture of theirs.
 *
 * Errors are those of impasto_applier_open(), and of impasto_applier_paint() for the size.
 */
IMPASTO_API enum impasto_status
impasto_clip_open_network(struct impasto_device *device, const struct impasto_model *model,
                          const struct impasto_apply_params *params,
                          const struct impasto_clip_params *film, struct impasto_clip **clip,
                          struct impasto_error *error) IMPASTO_MUST_CHECK;
IMPASTO_API void impasto_clip_close(struct impasto_clip **clip);

/* Valid until the next call on the clip. */
IMPASTO_API const struct impasto_clip_info *impasto_clip_info(struct impasto_clip *clip);

/*
 * Paints the next frame. `from` has the size that the clip was opened with, `to` that of its
 * results (impasto_clip_info). They may be the same memory if they have the same size, samples and
 * stride. After a failure, what `to` holds is of no use, and the same frame can be tried again.
 *
 * IMPASTO_ERROR_USAGE: a frame has another size, or a stride that is no row's.
 */
IMPASTO_API enum impasto_status impasto_clip_frame(struct impasto_clip *clip,
                                                   const struct impasto_frame *from,
                                                   const struct impasto_frame *to,
                                                   struct impasto_error *error) IMPASTO_MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
