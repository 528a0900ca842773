/* SPDX-License-Identifier: MIT */
#ifndef IMP_APPLY_STRIPS_H
#define IMP_APPLY_STRIPS_H

/*
 * Inside the room: a style network at one size, for applying it in bounded memory.
 *
 * An instance norm looks at the whole picture, so a network cannot simply run tile by tile. But a
 * layer's raw output is cheap to make again. What has half of the picture's height and width or
 * less is kept whole. The two layers at full resolution are made in strips of rows, twice each:
 * first for their statistics, then for the next layer.
 *
 *   A  conv1: statistics alone
 *   B  conv1 again, normalised; conv2, whole
 *   C  conv3, the residual blocks, deconv1: whole
 *   D  deconv2: statistics alone
 *   E  deconv2 again, normalised; deconv3, whose rows go straight to the caller; once more where
 *      that is normalised, too, and where the painting's colours must be known first (tone.h)
 *
 * Sums are taken over bands of rows, whatever the strips are. So all strips give the same bytes,
 * and a picture that is a single strip skips B's and E's repetition.
 */

#include "apply/tone.h"
#include "model/model.h"

/* Where a picture's rows come from and go to; a row is three planes of `width` floats in [0, 1], of
 * which those that are written are not clamped. A row is read before it is written. In place of
 * functions, `from` and `to` can be images on the device, (3, height, width) floats, two buffers.
 * Then their user looks for numbers that are not finite. */
struct imp_rows {
    const struct imp_buffer *from; /* NULL: `read` gives the rows */
    struct imp_buffer *to;         /* NULL: `write` takes them */
    void (*read)(void *user, int row, float *const planes[3]);
    void (*write)(void *user, int row, const float *const planes[3]);
    void *user;
};

/* The network's picture has at least so many rows and columns, which reflection beside the first
 * layer needs. */
#define IMP_APPLY_SMALLEST 16

/* Strips are so many rows, or a multiple of that: a band of sums at half resolution. */
#define IMP_STRIP_ROWS (2 * IMP_NORM_BAND)

struct imp_strips {
    struct imp_device *device;
    struct imp_model_shape shape; /* of one style */
    struct imp_model_rows rows;
    int height, width;               /* of the picture, pixels */
    int padded_height, padded_width; /* rounded up to IMP_MODEL_STRIDE */
    int strip;                       /* rows at a time; padded_height: all at once */
    struct imp_buffer *parameters, *packed[IMP_MODEL_ROWS_MOST], *sums, *workspace;
    /* Of the layer at hand; of deconv3, which deconv2's are needed beside. */
    struct imp_buffer *statistics, *last_statistics;
    /* Rows of the picture, with those that conv1 reads beside a strip. */
    struct imp_buffer *image;
    /* Maps by their resolution, one after the other: a strip of what conv1 reads or deconv3 leaves;
     * a strip at full resolution; all at half resolution; the residual blocks' input and output. */
    struct imp_buffer *planar, *full, *half, *residual;
    /* What the two halves of a residual block leave: parts of `half`, which is not in use then. */
    struct imp_buffer *branch[2];
    size_t branch_bytes;
    struct imp_layout layout;
    /* Of a film's frames: where the layers' statistics are kept (imp_norm_smooth), the caller's;
     * NULL: they are each picture's own. How much of them stays, and whether there are some. */
    struct imp_buffer *kept;
    float stays;
    bool begins;
    struct imp_tone tone; /* its share and `kept` are the caller's */
};

/* ---- plan.c ---------------------------------------------------------------------------------- */

/* Decides all sizes for a picture, so that all buffers take at most `memory` bytes; 0: what the
 * device can spare. IMPASTO_ERROR_MEMORY says which size would fit. Allocates nothing on the
 * device. */
enum impasto_status imp_strips_init(struct imp_strips *strips, struct imp_device *device,
                                    const struct imp_model_shape *shape, int height, int width,
                                    uint64_t memory);
enum impasto_status imp_strips_allocate(struct imp_strips *strips);
/* Both. The driver may have no memory though the budget had. Then it is planned again, with less.
 * On failure there is nothing to release. */
enum impasto_status imp_strips_open(struct imp_strips *strips, struct imp_device *device,
                                    const struct imp_model_shape *shape, int height, int width,
                                    uint64_t memory);
void imp_strips_release(struct imp_strips *strips); /* also of a zeroed one */

/* ---- strips.c -------------------------------------------------------------------------------- */

/* parameters: those of a network of one style, imp_stylenet_mix's. */
enum impasto_status imp_strips_load(struct imp_strips *strips, const float *parameters);
enum impasto_status imp_strips_run(struct imp_strips *strips, const struct imp_rows *rows);
/* Fails, because what was painted has numbers that are not finite: damaged weights, or a fault of
 * the device. */
enum impasto_status imp_strips_odd(struct imp_device *device);

#endif
