/* SPDX-License-Identifier: MIT */
#ifndef SOAKING_H
#define SOAKING_H

/* What programs share that work on and on in one process: what is watched meanwhile, and dice. */

#include "opencl_layer.h"

#include <impasto/image.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SKIPPED 77 /* meson's word for it */

struct sample {
    long resident; /* KiB */
    long descriptors, threads;
};

/* Seconds of a clock that only goes on. */
double now(void);
/* KiB of memory; 0 where nobody says. */
long resident(void);
/* After each piece of work. */
void take_sample(void);
const struct sample *last_sample(void);
/* Complains where the last quarter of the samples is above the first after the warm-up, of `least`
 * samples or more. */
void compare_quarters(size_t least);

extern long failures; /* how often was complained */
void complain(long job, const char *what);

/* How many OpenCL objects of a kind there are; NULL: of all kinds. 0 where nobody counts them,
 * which is where `layer` was not found. */
extern struct opencl_layer layer;
long objects(const char *kind);

/* Dice. state: the seed. below: from 0 to below `end`. */
extern uint64_t state;
int below(int end);
bool chance(int percent);

/* A pattern by the dice, new. Ends the program where there is no memory. */
struct impasto_image *picture(int width, int height);

#endif
