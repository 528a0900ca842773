/* SPDX-License-Identifier: MIT */
#ifndef BENCH_OPS_H
#define BENCH_OPS_H

#include "device/device.h"

/* Times the operations on VGG19's and style networks' shapes for a square picture of this side, and
 * prints milliseconds with GFLOP/s or GB/s. filter: as for imp_selftest_run. Returns what the
 * program exits with. */
int bench_ops(struct imp_device *device, const char *filter, int size);

#endif
