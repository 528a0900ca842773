/* SPDX-License-Identifier: MIT */
#ifndef OPEN_DEVICE_H
#define OPEN_DEVICE_H

/* The device that tests and benchmarks inside of the library run on. */

#include "device/device.h"

/* What a program exits with that meson is to call skipped. */
#define EXIT_SKIPPED 77

/* The first device that `spec` names (NULL: "auto"). */
enum impasto_status choose_device(const char *spec, struct imp_candidate *chosen,
                                  struct impasto_error *error);

/*
 * Opens the device that $IMPASTO_TEST_DEVICE names ("auto"), with `options` or, where that is NULL,
 * the usual ones. Returns 0; else prints why and returns what the program is to exit with:
 * EXIT_SKIPPED where there is no such device, 1 where it does not open.
 */
int open_test_device(const struct imp_device_options *options, struct imp_device **device);

#endif
