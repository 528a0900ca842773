/* SPDX-License-Identifier: MIT */
/* Wall clock and processor time of rounds. */

#define _POSIX_C_SOURCE 200809L /* clock_gettime */

#include "timing.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double begun, spent, wall[TIMING_MOST], processor[TIMING_MOST];

static double milliseconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return 1e3 * (double)now.tv_sec + 1e-6 * (double)now.tv_nsec;
}

void timing_begin(void)
{
    begun = milliseconds(CLOCK_MONOTONIC);
    spent = milliseconds(CLOCK_PROCESS_CPUTIME_ID);
}

void timing_end(int round)
{
    wall[round] = milliseconds(CLOCK_MONOTONIC) - begun;
    processor[round] = milliseconds(CLOCK_PROCESS_CPUTIME_ID) - spent;
}

double timing_processor(int round)
{
    return processor[round];
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void timing_print(int count)
{
    qsort(wall, (size_t)count, sizeof(*wall), by_value);
    qsort(processor, (size_t)count, sizeof(*processor), by_value);
    printf("\"ms\": %.2f, \"min_ms\": %.2f, \"cpu_ms\": %.2f, \"min_cpu_ms\": %.2f",
           wall[count / 2], wall[0], processor[count / 2], processor[0]);
}
