/* SPDX-License-Identifier: MIT */
#ifndef IMPASTO_PLAN_H
#define IMPASTO_PLAN_H

/* How a job uses device memory and which algorithms it runs, as impasto_job_info tells it. */

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How a block of convolutions, between two poolings, comes by its activations for the gradient. */
enum impasto_keep {
    IMPASTO_KEEP_ALL,             /* they are kept */
    IMPASTO_KEEP_MASKS,           /* kept where a loss looks at them; of the others, where they
                                     are positive */
    IMPASTO_KEEP_INPUT_AND_MASKS, /* computed again as far as a loss looks at them; of those beyond,
                                     it is kept where they are positive */
    IMPASTO_KEEP_INPUT,           /* they are computed again */
};
struct impasto_plan_stage {
    int first, last; /* layers */
    enum impasto_keep keep;
    int rows;   /* how many rows are worked on at a time */
    int height; /* of how many */
};

/* The algorithms of one layer's convolution, as --conv names them. */
struct impasto_plan_layer {
    int layer;
    const char *forward, *backward; /* static */
};

/* A size that the job works at. */
struct impasto_plan_scale {
    int width, height, iterations;
};

struct impasto_plan_row {
    const char *purpose; /* e.g. "activations" */
    uint64_t bytes;
};

#ifdef __cplusplus
}
#endif

#endif
