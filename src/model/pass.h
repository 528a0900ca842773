/* SPDX-License-Identifier: MIT */
#ifndef IMP_MODEL_PASS_H
#define IMP_MODEL_PASS_H

/*
 * Inside the model room: what the two ways through a network share.
 *
 * Between rows i - 1 and i is the boundary i: what row i reads. Boundary 0 is the image, the last
 * is what the last row leaves. With a way back all boundaries are kept, and so is what each
 * convolution left for its normalisation. Without one, a few buffers serve all by turns, and
 * normalisation works in place.
 */

#include "model/model.h"

#define BOUNDARIES_MOST (IMP_MODEL_ROWS_MOST + 1)
/* Of each boundary its map, and what was before normalisation; and those that take turns. */
#define SLOTS_MOST (2 * BOUNDARIES_MOST + 3)

/* A buffer, which maps have by turns. */
struct pass_slot {
    struct imp_buffer *buffer;
    size_t bytes; /* of the largest of them */
    const char *purpose;
};

struct pass_map {
    struct imp_map map; /* without a buffer */
    int slot;
};

struct pass_row {
    struct pass_map raw;  /* what the convolution leaves */
    struct pass_map kept; /* the gradient of a block's output, where the block has two ways */
    struct imp_buffer *statistics;
    struct imp_buffer *packed[2]; /* by enum imp_direction */
    size_t packed_bytes[2];
};

struct imp_pass_state {
    struct imp_device *device;
    struct pass_row row[IMP_MODEL_ROWS_MOST];
    struct pass_map x[BOUNDARIES_MOST];
    struct pass_map gradient[BOUNDARIES_MOST];
    struct pass_slot slot[SLOTS_MOST];
    int slots;
    struct imp_buffer *sums, *workspace;
    size_t sums_bytes, workspace_bytes;
};

/* The map with its buffer. */
struct imp_map pass_map(const struct imp_pass *pass, const struct pass_map *map);
/* Where gamma and beta of a row's style are. */
struct imp_norm_row pass_norm(const struct imp_pass *pass, int row, int style);
/* What a row's margin is filled with. */
enum imp_edge pass_edge(const struct imp_model_row *row);
/* Adds to the gradient of what a row reads that of being held to an earlier picture, where the pass
 * is and this is its middle: middle.c. */
enum impasto_status pass_hold_middle(const struct imp_pass *pass, int boundary);
enum impasto_status pass_check_style(const struct imp_pass *pass, int style);

#endif
