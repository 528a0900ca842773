/* SPDX-License-Identifier: MIT */
#ifndef IMPASTO_DEVICE_H
#define IMPASTO_DEVICE_H

/* OpenCL devices: what there is, opening one, measuring it, testing it. */

#include <impasto/base.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum impasto_device_type {
    IMPASTO_DEVICE_NONE, /* a platform that offers no device */
    IMPASTO_DEVICE_GPU,  /* a GPU with memory of its own */
    IMPASTO_DEVICE_IGPU, /* a GPU that shares the host's memory */
    IMPASTO_DEVICE_CPU,
    IMPASTO_DEVICE_ACCELERATOR,
};

struct impasto_device_info {
    int index;          /* what `--device N` takes; -1 for a platform with no device */
    int platform_index; /* P of "P:D" */
    int device_index;   /* D of "P:D"; -1 for a platform with no device */
    enum impasto_device_type type;
    bool preferred; /* "auto" tries this one first */
    bool hidden;    /* "auto" never takes it (see note) */
    char name[128];
    char platform[128];
    char driver[96];         /* driver version */
    char opencl[16];         /* OpenCL version, e.g. "3.0" */
    char pci[16];            /* "0000:03:00.0", or empty when the driver does not say */
    char uuid[33];           /* 32 hexadecimal digits, or empty */
    uint64_t memory;         /* bytes of global memory */
    uint64_t max_allocation; /* bytes of the largest single buffer */
    uint64_t local_memory;   /* bytes */
    size_t max_work_group;   /* work-items */
    unsigned compute_units;
    char note[160]; /* quirks that apply, or why the device cannot be used */
};

typedef void (*impasto_device_fn)(void *user, const struct impasto_device_info *info);

/*
 * Calls `report` once for every OpenCL device, and once for every platform that has none, in the
 * order of their indices. Zero platforms is not an error: then `report` is never called. The info
 * is valid during the call only. A driver that fails a query yields an entry with a note. One that
 * ends the process ends the caller's: the program tries them in a child process first. And one is
 * known that has no device where it can keep no compiled kernels; see the environment's
 * POCL_CACHE_DIR.
 */
IMPASTO_API enum impasto_status impasto_device_list(impasto_device_fn report, void *user,
                                                    struct impasto_error *error) IMPASTO_MUST_CHECK;

struct impasto_device; /* an open OpenCL device: context, queue, compiled kernels */

/*
 * Opens one device.
 *
 * spec: NULL or "auto" (the fastest where impasto_device_tune has measured several; then discrete
 * GPU, integrated GPU, accelerator, CPU, and last what is known to be slow; passing over duplicates
 * and devices that fail a short self-check), an index, "P:D", "gpu", "igpu", "cpu", "accel",
 * "pci:…", "uuid:…", or text found, ignoring case, in "platform device", PCI address or UUID;
 * digits that are no index, such as "3060", are looked for in names, one or two of them as a whole
 * number. Only "auto" ever moves on to another device; for any other spec a device that does not
 * exist, does not work or is not the only match is IMPASTO_ERROR_DEVICE, whose message lists the
 * candidates. A type word takes the first device of its type and says which in the log.
 *
 * log, user: where lines go for as long as the device is open; log may be NULL.
 */
IMPASTO_API enum impasto_status impasto_device_open(const char *spec, impasto_log_fn log,
                                                    void *user, struct impasto_device **device,
                                                    struct impasto_error *error) IMPASTO_MUST_CHECK;
/*
 * Measures on one device, found as by impasto_device_open, which of the ways to compute are the
 * fastest, for a minute or more, and keeps that in $XDG_DATA_HOME/impasto/tuning (or in
 * ~/.local/share): devices opened later use it. Results may differ by rounding from those without
 * it. Errors: as impasto_device_open's; IMPASTO_ERROR_OUTPUT when it cannot be kept.
 */
IMPASTO_API enum impasto_status impasto_device_tune(const char *spec, impasto_log_fn log,
                                                    void *user, struct impasto_error *error);

IMPASTO_API void impasto_device_close(struct impasto_device **device);

/*
 * Seconds for which a thread has by now been waiting for the device's driver; 0: none is. A driver
 * that hangs keeps the thread that called it, and only another one can tell. NULL: the longest wait
 * for any of this process's devices, also for those that are being opened or closed. *expected
 * (NULL: not wanted): the seconds that the work in the driver's hands should take, by how long such
 * work took the last time; 0 where that is not known, as while kernels are compiled. Any thread may
 * ask at any time, of an open device.
 */
IMPASTO_API double impasto_device_waiting(const struct impasto_device *device, double *expected);

/* What was opened. Valid until the device is closed. */
IMPASTO_API const struct impasto_device_info *
impasto_device_info(const struct impasto_device *device);

/* One line of a self-test: `name` such as "conv direct forward 64>128 @ 7x13", the error measured
 * against a double-precision reference, normalised to the reference's rms, and its bound. */
struct impasto_check {
    const char *name;
    double error;
    double bound;
    bool passed;
};

typedef void (*impasto_check_fn)(void *user, const struct impasto_check *check);

/*
 * Runs every kernel and the gradient of a whole small network on the device against reference code
 * in double precision; `report` (may be NULL) hears of each check. Returns IMPASTO_OK when all
 * passed, IMPASTO_ERROR_DEVICE when one failed.
 */
IMPASTO_API enum impasto_status
impasto_device_self_test(struct impasto_device *device, impasto_check_fn report, void *user,
                         struct impasto_error *error) IMPASTO_MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
