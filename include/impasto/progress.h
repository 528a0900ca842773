/* SPDX-License-Identifier: MIT */
#ifndef IMPASTO_PROGRESS_H
#define IMPASTO_PROGRESS_H

/* How far a piece of work has come: the part that is the same for every kind of work. */

#include <stdbool.h>
#include <stdint.h>

/*
 * Every kind of work reports a struct of its own, such as struct impasto_job_progress. Its first
 * member, `head`, is this struct. What only that work knows follows the head.
 *
 * The library makes these structs. Programs may copy them.
 */
struct impasto_progress {
    int step, steps;      /* steps taken so far, and steps of the whole work */
    bool done;            /* the work is at its end */
    double total;         /* the loss that is minimised */
    double seconds;       /* since the first step began. Resumed work counts those before, too */
    uint64_t reserved[4]; /* 0: room for what later versions report */
};

#endif
