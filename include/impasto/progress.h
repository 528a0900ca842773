/* SPDX-License-Identifier: MIT */
#ifndef IMPASTO_PROGRESS_H
#define IMPASTO_PROGRESS_H

/* How far a work has come: the part that is the same for every kind of work. */

#include <stdbool.h>
#include <stdint.h>

/*
 * The first member, `head`, of what each work reports; what only that work knows follows it.
 * The library makes these structs. Programs may copy them.
 */
struct impasto_progress {
    int step, steps;      /* steps taken, and of the whole work */
    bool done;            /* the work is at its end */
    double total;         /* the loss that is minimised */
    double seconds;       /* since the first step began; of a resumed work, with those before */
    uint64_t reserved[4]; /* 0: room for what later versions report */
};

#endif
