/* SPDX-License-Identifier: MIT */
#ifndef IMP_DEVICE_TUNING_H
#define IMP_DEVICE_TUNING_H

/* What was measured on a device; the session's room measures, keeps and loads it. */

#include <stdint.h>

/* How long a convolution of one shape takes by one algorithm. */
struct imp_timing {
    char algorithm[16];
    int in, out, pixels; /* channels; pixels of a square */
    double seconds;
};
#define IMP_TIMINGS 200
/* Of the two sides of a register block. */
#define IMP_BLOCK_LIMIT 16

/* Which matrix product was the faster one, the built-in one or that of a library. */
enum imp_faster { IMP_FASTER_UNKNOWN, IMP_FASTER_BUILTIN, IMP_FASTER_LIBRARY };

/* What was found best on a device by measuring; vector_width 0: nothing was. */
struct imp_tuning {
    int vector_width;                   /* caps->vector_width */
    int block_vectors, block_positions; /* see imp_conv_block */
    uint64_t chunk;                     /* bytes, of conv_winograd.c */
    double seconds;                     /* of a typical iteration, for comparing devices */
    enum imp_faster single, batched;    /* of products one at a time, and of batches */
    struct imp_timing timing[IMP_TIMINGS];
    int timings;
};

#endif
