/* SPDX-License-Identifier: MIT */
#ifndef TIMING_H
#define TIMING_H

/* What programs share that time one piece of work again and again. */

#define TIMING_MOST 999 /* rounds */

/* Between the two is the work of a round, from 0 to below TIMING_MOST, each once. */
void timing_begin(void);
void timing_end(int round);

/* Milliseconds of the processor that a round took. */
double timing_processor(int round);

/* "ms": 1.00, "min_ms": ..., "cpu_ms": ..., "min_cpu_ms": ...: the median and the least of rounds 0
 * to count - 1, milliseconds by the wall clock and of the processor. For once, as it sorts them. */
void timing_print(int count);

#endif
