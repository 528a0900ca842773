/* SPDX-License-Identifier: MIT */
#ifndef IMPASTO_PLAN_H
#define IMPASTO_PLAN_H

/* How a job uses device memory and which algorithms it runs. impasto_job_info() tells these. */

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A stage is a block of convolutions between two poolings. Its gradient needs its activations, or
 * only their masks: one bit for each activation, set where it is positive. This is what stays in
 * memory between the forward and the backward pass. Each one takes less memory and more time.
 */
enum impasto_keep {
    IMPASTO_KEEP_ALL,             /* all activations */
    IMPASTO_KEEP_MASKS,           /* the activations of layers with a loss; masks of the others */
    IMPASTO_KEEP_INPUT_AND_MASKS, /* the stage's input, and masks of the layers after the last one
                                     with a loss. Layers up to that one are computed twice */
    IMPASTO_KEEP_INPUT,           /* the stage's input. All layers are computed twice */
};
/* How one stage is computed. */
struct impasto_plan_stage {
    int first, last; /* its layers, 0 to IMPASTO_LAYERS - 1 */
    enum impasto_keep keep;
    int rows;   /* how many rows of the stage are computed at a time */
    int height; /* how many rows it has. Equal to `rows`: the stage is computed at once */
};

/* The algorithms of one layer's convolution, by the names that the setting `conv` takes. */
struct impasto_plan_layer {
    int layer;                      /* 0 to IMPASTO_LAYERS - 1 */
    const char *forward, *backward; /* static */
};

/* A size that the job works at. */
struct impasto_plan_scale {
    int width, height; /* of the picture, pixels */
    int iterations;
};

/* The rows of a picture that one of several devices works on; see impasto_device_join(). */
struct impasto_plan_band {
    int device;      /* its index */
    int begin, rows; /* with the margin */
    uint64_t bytes;  /* device memory at the fullest moment */
    /* Bytes that it hands to the others in an iteration of the last size: rows, once for each
     * neighbour, and its part of each sum, once. With L-BFGS: once its memory is full, where the
     * first trial is taken. */
    uint64_t sent;
    /* The seconds that this takes at the least, by what exchanges of the host's memory took when
     * the job was opened: between processes by their lines, within one process by a copy. What a
     * device reads and writes for them is not in it. */
    double exchange;
    /* Those of the convolutions of an iteration, by what tuning has measured of VGG19 up to
     * conv5_1, less or more of it as the job's layers and plan are; 0: the device is not tuned. */
    double computing;
};

/* Device memory for one purpose. */
struct impasto_plan_row {
    const char *purpose; /* e.g. "activations" */
    uint64_t bytes;
};

#ifdef __cplusplus
}
#endif

#endif
