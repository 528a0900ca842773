/* SPDX-License-Identifier: MIT */
#ifndef TEST_DEVICE_FIXTURE_H
#define TEST_DEVICE_FIXTURE_H

/*
 * What the tests of the device room share: a real OpenCL device (that of $IMPASTO_DEVICE, or the
 * first that "auto" names), kernels of their own in the test's folder, and what the log said.
 */

#include "device/device.h"
#include "files.h"

/* ---- The kernels ----------------------------------------------------------------------------- */

/* Of tiny.cl in the folder; what each does is told in device_fixture.c. */
#define MACROS "-DSHIFT=0.5f"
extern const struct imp_kernel mark, scale, spin, sized;

/* ---- The device ------------------------------------------------------------------------------ */

/* What choose_and_set_up() found. */
extern struct imp_candidate chosen;

/* How often the log said what, since open_device(). */
extern struct heard {
    int lines, compiling, damaged, refused, unwritable;
} heard;

/* A group's set-up: the folder with the kernels, a kernel cache of its own, the device. Ends the
 * program, skipped, where there is no device. remove_folder() is the tear-down. */
int choose_and_set_up(void **state);

/* Whether the driver reports every error it returns, as a simulator that looks for faults does:
 * then errors are not provoked, so that its report stays empty. */
bool reports_errors(void);

/* Opens the chosen device, listening to its log. options: NULL for the defaults; their log is not
 * used. */
struct imp_device *open_device(const struct imp_device_options *options);

/* A buffer of zeros. */
struct imp_buffer *make_buffer(struct imp_device *device, size_t size);

/* ---- What is expected ------------------------------------------------------------------------ */

void expect_ok(struct imp_device *device, enum impasto_status status);

/* That `status`, of a call on the device, is what was expected, and that the device's error, which
 * has it too, says `words`. */
void expect_failure(struct imp_device *device, enum impasto_status status,
                    enum impasto_status expected, const char *words);

/* That `scale` computes what it should. */
void expect_scaled(struct imp_device *device);

#endif
