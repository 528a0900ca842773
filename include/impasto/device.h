/* SPDX-License-Identifier: MIT */
#ifndef IMPASTO_DEVICE_H
#define IMPASTO_DEVICE_H

/* OpenCL devices: listing them, opening one, measuring it, testing it. */

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
    int index; /* "2" in impasto_device_open's spec is 2; -1 for a platform with no device */
    int platform_index; /* P of "P:D" */
    int device_index;   /* D of "P:D"; -1 for a platform with no device */
    enum impasto_device_type type;
    bool preferred; /* "auto" tries this one first */
    bool hidden;    /* "auto" never takes it; `note` says why */
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
    char note[160]; /* what is odd about the device, or why it cannot be used; may be empty */
};

typedef void (*impasto_device_fn)(void *user, const struct impasto_device_info *info);

/*
 * Calls `report` once for every OpenCL device, and once for every platform that has none, in the
 * order of their indices. The info is valid during the call only.
 *
 * No platform at all is not an error: then `report` is never called. A driver that fails a query
 * yields an entry with a note. A driver that ends its process ends the caller, too. The program
 * therefore tries drivers in a child process first. PoCL reports no device where it cannot store
 * compiled kernels; the environment variable POCL_CACHE_DIR names another folder.
 */
IMPASTO_API enum impasto_status impasto_device_list(impasto_device_fn report, void *user,
                                                    struct impasto_error *error) IMPASTO_MUST_CHECK;

struct impasto_device; /* an open OpenCL device: context, queue, compiled kernels */

/*
 * Opens one device.
 *
 * spec: which one.
 * - NULL or "auto": the best. Devices that impasto_device_tune has measured come first, if they are
 *   several, the fastest before the others. Then come discrete GPUs, integrated GPUs, accelerators
 *   and CPUs, and last what is known to be slow. Duplicates, and devices that fail a short
 *   self-check, are passed over.
 * - "2": the device with this index.
 * - "1:0": a platform and one of its devices.
 * - "gpu", "igpu", "cpu", "accel": the first device of this type. The log says which that is.
 * - "pci:…", "uuid:…": the device with this PCI address or UUID.
 * - Other text: the device that has it in "platform device", its PCI address or its UUID. Case does
 *   not matter. Digits that are no index, such as "3060", are looked for in names. One or two
 *   digits must be a whole number there.
 *
 * Only "auto" ever tries a second device. With another spec, IMPASTO_ERROR_DEVICE says that there
 * is no such device, that it does not work, or that several match. The message lists candidates.
 *
 * log, user: receive lines for as long as the device is open. log may be NULL.
 */
IMPASTO_API enum impasto_status impasto_device_open(const char *spec, impasto_log_fn log,
                                                    void *user, struct impasto_device **device,
                                                    struct impasto_error *error) IMPASTO_MUST_CHECK;
/*
 * Measures which ways to compute are the fastest on one device. It takes a minute or more.
 *
 * What was measured is stored in $XDG_DATA_HOME/impasto/tuning, or in
 * ~/.local/share/impasto/tuning. Devices that are opened later use it. Their results may differ by
 * rounding from those before.
 *
 * spec, log, user: as for impasto_device_open. Errors are the same, and IMPASTO_ERROR_OUTPUT when
 * the result cannot be stored.
 *
 * gemm: whether CLBlast's matrix products are measured beside the built-in ones. NULL or "auto":
 * on GPUs, unless CLBlast is known to be slow there. "clblast": on any device. "builtin": on none.
 * CLBlast must first pass its self-test. If it crashes, the process crashes. A program that must
 * not should try CLBlast in another process first.
 */
IMPASTO_API enum impasto_status impasto_device_tune(const char *spec, const char *gemm,
                                                    impasto_log_fn log, void *user,
                                                    struct impasto_error *error);

/*
 * Whether impasto_device_tune has found CLBlast to be the faster one on some device. Then jobs
 * whose setting `gemm` is "auto" may use CLBlast there. Calls no driver.
 */
IMPASTO_API bool impasto_tuning_names_clblast(void);

/* The most devices that paint one picture. */
#define IMPASTO_DEVICES 16

/*
 * Joins devices to another one. Jobs that are opened on `device` from then on paint their pictures
 * on all of them at once, in bands of rows. Devices that compute alike, as two of a kind with the
 * same driver do, give the same picture for any number of them, to the last bit, and however the
 * rows are shared. `impasto_job_info` tells the first device's part of the plan.
 *
 * others: `count` devices, up to IMPASTO_DEVICES - 1. They belong to `device` from then on, and are
 * closed with it. Nothing may be open on them, nor be opened.
 *
 * shares: NULL, or 1 + count numbers above 0: the parts of a picture's rows, those of `device`
 * first, in any unit. They are rounded to blocks of rows: 64, of pictures above 4096 rows 128,
 * above 16384 rows 256. NULL: by the devices' speed, first as impasto_device_tune has measured it,
 * and then as it turns out. A size with fewer blocks than devices is painted by the first alone.
 *
 * Each device must have the memory to keep what the network computes of its band: work in strips,
 * as on one device, needs less. Where it has too little, and `shares` is NULL, others get rows of
 * it. Any number of devices goes on from a checkpoint that another number
 * has saved. Refused with IMPASTO_ERROR_USAGE: clips, appliers, trainings, impasto_job_reuse.
 *
 * Errors: IMPASTO_ERROR_USAGE for wrong shares, a device that is named twice, or devices that are
 * joined already; nothing has changed then.
 */
IMPASTO_API enum impasto_status impasto_device_join(struct impasto_device *device,
                                                    struct impasto_device *const *others,
                                                    size_t count, const float *shares,
                                                    struct impasto_error *error) IMPASTO_MUST_CHECK;

/* Everything opened on the device must have been closed before. */
IMPASTO_API void impasto_device_close(struct impasto_device **device);

/*
 * How long, in seconds, a thread has been waiting for the device's driver by now. 0: no thread is.
 *
 * A driver that hangs never returns to the thread that called it. Another thread can notice it by
 * this function. Any thread may call it at any time while the device is open.
 *
 * device: NULL for the longest wait for any device of this process. That includes devices that are
 * being opened or closed.
 *
 * expected: the seconds that the driver's present work should take, by how long such work took the
 * last time. 0 where that is not known, as while kernels are compiled. May be NULL.
 */
IMPASTO_API double impasto_device_waiting(const struct impasto_device *device, double *expected);

/* What was opened. Valid until the device is closed. */
IMPASTO_API const struct impasto_device_info *
impasto_device_info(const struct impasto_device *device);

/* One line of a self-test. */
struct impasto_check {
    const char *name; /* "conv direct forward 64>128 @ 7x13"; valid during the call */
    double error;     /* against a double-precision reference, over the reference's rms */
    double bound;     /* the largest error that passes */
    bool passed;
};

typedef void (*impasto_check_fn)(void *user, const struct impasto_check *check);

/*
 * Compares every kernel on the device with reference code in double precision, and the gradient of
 * a whole small network. Calls `report`, which may be NULL, after each check.
 *
 * IMPASTO_ERROR_DEVICE: a check failed.
 */
IMPASTO_API enum impasto_status
impasto_device_self_test(struct impasto_device *device, impasto_check_fn report, void *user,
                         struct impasto_error *error) IMPASTO_MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
