/* SPDX-License-Identifier: MIT */
#ifndef IMP_SELFTEST_H
#define IMP_SELFTEST_H

/*
 * Compares every operation on the device with reference code in double precision. `impasto
 * --self-test`, the short check of a device that is opened, and the test suites run the same
 * checks, at different lengths.
 */

enum imp_selftest_level {
    IMP_SELFTEST_BRIEF, /* a moment: the kernels every run needs, one shape each */
    IMP_SELFTEST_TINY,  /* every kernel on the smallest shapes: for simulators */
    IMP_SELFTEST_USER,  /* some seconds: every kernel, and the gradient of a whole small network */
    IMP_SELFTEST_FULL,  /* minutes: every kernel over awkward shapes; for the test suites */
};

/*
 * Runs the checks whose name contains `filter` (NULL: all). Buffers are surrounded by guard zones
 * and outputs start as NaN, so that a kernel that writes too much or too little is caught. report:
 * NULL ok. Returns the number of failed checks, or -1 when the device failed (see
 * imp_device_error).
 */
int imp_selftest_run(struct imp_device *device, enum imp_selftest_level level, const char *filter,
                     impasto_check_fn report, void *user);

#endif
