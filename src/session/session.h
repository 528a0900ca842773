/* SPDX-License-Identifier: MIT */
#ifndef IMP_SESSION_SESSION_H
#define IMP_SESSION_SESSION_H

/* An open device: selected, tuned, and proved to compute rightly. */

#include "base/os.h"
#include "comm/comm.h"
#include "device/device.h"
#include "ops/conv.h"

#include <impasto/device.h>
#include <impasto/ranks.h>

struct impasto_device {
    struct imp_device *device;
    bool checked; /* has passed the brief self-check */
    /* What impasto_device_join has added; closed with this one. */
    struct impasto_device **others;
    int joined;
    float *shares; /* of a picture's rows, 1 + joined; NULL: by their speed */
    /* Of all that are joined, also of itself, the one that the others were joined to; NULL: it is
     * alone. Jobs log from a thread of each, and the first one's mutex lets one in at a time. */
    struct impasto_device *first;
    struct imp_os_mutex log_mutex;
    struct imp_log log; /* the caller's */
    /* Of a team of processes: its lines, and this one's part of the rows, 0: by its speed. */
    struct impasto_ranks *ranks;
    float share;
};

struct impasto_ranks {
    struct imp_comm *comm;
    bool at_work; /* on a job, which is open */
};

/* ---- device.c -------------------------------------------------------------------------------- */

/* Carries a failure of the rooms below, which is the device's error, to the caller. */
enum impasto_status imp_lift(const struct imp_device *device, enum impasto_status status,
                             struct impasto_error *error);
/* The brief self-check, once per device: IMPASTO_ERROR_DEVICE when it computes wrongly. */
enum impasto_status imp_device_check(struct impasto_device *device, struct impasto_error *error);

/* IMPASTO_ERROR_USAGE for several devices: `what` is not for them. */
enum impasto_status imp_refuse_several(bool several, const char *what, struct impasto_error *error);
/* The same for a device that is joined to others. */
enum impasto_status imp_device_alone(const struct impasto_device *device, const char *what,
                                     struct impasto_error *error);

/* ---- ranks.c --------------------------------------------------------------------------------- */

/* What the first rank tells the others before each call is an int: that it is the last one, or what
 * src/paint/serve.c knows, which has lower numbers than trainings. */
#define IMP_RANKS_END 0
#define IMP_RANKS_TRAIN 101 /* opens a training */
#define IMP_RANKS_STEP 102  /* takes its next step */
#define IMP_RANKS_LEAVE 103 /* closes it */
/* Fails for a call that this rank does not serve. trains: it takes part in trainings, else in
 * jobs. */
enum impasto_status imp_ranks_refuse(int call, bool trains, struct impasto_error *error);
/* Tells the others that there is nothing more to take part in. NULL, other ranks: nothing. */
void imp_ranks_end(struct impasto_ranks *ranks);

/* ---- tuning.c -------------------------------------------------------------------------------- */

/* What is stored for a device with this driver and these kernels; false: nothing. */
bool imp_tuning_load(const struct impasto_device_info *info, struct imp_tuning *tuning);
/* The seconds of a typical iteration as stored, of a square of so many pixels, through the layers
 * from the second to conv5_1, all of which are kept; 0: nothing is. */
#define IMP_TYPICAL_SIDE 512
#define IMP_TYPICAL_DEPTH 13
double imp_tuning_seconds(const struct impasto_device_info *info);
/* Whether it can be stored: to be asked before minutes of work. */
enum impasto_status imp_tuning_check(const struct impasto_device_info *info,
                                     struct impasto_error *error);
/* *stored: the file's path, which the caller frees. */
enum impasto_status imp_tuning_store(const struct impasto_device_info *info,
                                     const struct imp_tuning *tuning, char **stored,
                                     struct impasto_error *error);

/* ---- tune.c ---------------------------------------------------------------------------------- */

/* Median seconds of one forward convolution of a square of that side, by these products. Fails into
 * the device's error. */
enum impasto_status imp_tune_time(struct imp_device *device,
                                  const struct imp_conv_algorithm *algorithm, enum imp_gemm gemm,
                                  int in, int out, int side, double *median);
/* Measures for single products and for batches whether CLBlast is faster than the built-in product,
 * and notes that in `tuning`. CLBlast must first pass the self-test of the algorithms that use it.
 * Where it does not, or fails, the log says so, and the built-in product is noted. */
enum impasto_status imp_tune_products(struct imp_device *device, const struct imp_log *log,
                                      struct imp_tuning *tuning);

#endif
