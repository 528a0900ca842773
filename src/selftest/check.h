/* SPDX-License-Identifier: MIT */
#ifndef IMP_CHECK_H
#define IMP_CHECK_H

/* Inside the selftest room: what the checks share (check.c), and the checks. */

#include "ops/blocks.h"
#include "selftest/reference.h"
#include "selftest/selftest.h"

struct imp_check_run {
    struct imp_device *device;
    enum imp_selftest_level level;
    const char *filter;
    impasto_check_fn report;
    void *user;
    char name[128]; /* of the check at hand */
    int failed;
    bool broken;       /* the device or the host gave up; the remaining checks are left out */
    uint32_t checksum; /* of all that was read back, so that two runs can be compared */
};

/* Names the check at hand; false where the filter leaves it out or the run is broken. */
bool imp_check_begin(struct imp_check_run *run, const char *format, ...) IMP_PRINTF(2, 3);
/* Passes where error <= bound. */
void imp_check_end(struct imp_check_run *run, double error, double bound);
/* Marks the run broken unless status is IMPASTO_OK; returns whether it is. */
bool imp_check_ok(struct imp_check_run *run, enum impasto_status status);

/* n numbers, uniform in [-1, 1) or, `positive`, about half of them 0 as after a ReLU; the caller
 * frees them. NULL breaks the run. */
float *imp_check_data(struct imp_check_run *run, uint32_t stream, size_t n, bool positive);
double *imp_check_widen(struct imp_check_run *run, const float *data, size_t n);
double *imp_check_doubles(struct imp_check_run *run, size_t n); /* zeroes */

/*
 * A tensor in a buffer with a guard zone behind it. data: (channels, height, width), or NULL for
 * NaN. The halo is zero; the slack and the guard zone hold NaN, which may be read but must not
 * matter.
 */
bool imp_check_tensor(struct imp_check_run *run, struct imp_tensor *tensor, int channels,
                      int height, int width, int lanes, const float *data);
/* Reads a tensor; INFINITY, as an error, where halo, slack or guard zone have been written to. */
double imp_check_read(struct imp_check_run *run, const struct imp_tensor *tensor, float *data);
/* A plain buffer of n floats with a guard zone. data NULL: NaN. */
bool imp_check_buffer(struct imp_check_run *run, struct imp_buffer **buffer, size_t n,
                      const float *data);
double imp_check_read_buffer(struct imp_check_run *run, const struct imp_buffer *buffer, size_t n,
                             float *data);

/* Largest difference over the reference's root mean square (over 1 where that is 0); INFINITY where
 * something is not finite. */
double imp_check_error(const float *found, const double *expected, size_t n);
/* |found - expected| / scale, INFINITY where that is not finite: fmax() would pass over a NaN. */
double imp_check_over(double found, double expected, double scale);
/* The same over 1. */
double imp_check_apart(double found, double expected);
/* The same over |expected|, or over 1 where that is 0. */
double imp_check_relative(double found, double expected);
/* A sum of the IMP_PARTS shares that a kernel leaves. */
double imp_check_total(const float *shares);
/* The larger error of a loss and its gradient, which are still on the device: a buffer of the
 * loss's shares, and n numbers. INFINITY also where a guard zone has been written to. */
double imp_check_loss(struct imp_check_run *run, const struct imp_buffer *sums, double loss,
                      const struct imp_buffer *gradient, const double *expected, size_t n);

/* Blocks of so many rows, the last with the rest. */
struct imp_blocks imp_check_blocks(int height, int rows);

/* How many of a table's first rows a level takes: as listed, for IMP_SELFTEST_FULL all. */
size_t imp_check_rows(const struct imp_check_run *run, size_t brief, size_t tiny, size_t user,
                      size_t all);

/* A shape's channels; of a simulator, which takes minutes for many, half of them where these still
 * are several blocks of a convolution and several tiles of a Gram matrix. */
int imp_check_channels(const struct imp_check_run *run, int channels);

/* The rooms' checks. */
void imp_check_conv(struct imp_check_run *run);
void imp_check_conv_any(struct imp_check_run *run);
void imp_check_gemm(struct imp_check_run *run);
void imp_check_pool(struct imp_check_run *run);
void imp_check_gram(struct imp_check_run *run);
void imp_check_moments(struct imp_check_run *run);
void imp_check_pointwise(struct imp_check_run *run);
void imp_check_lbfgs(struct imp_check_run *run);
void imp_check_map_ops(struct imp_check_run *run);
void imp_check_bounds(struct imp_check_run *run);
void imp_check_clip(struct imp_check_run *run);
void imp_check_temporal(struct imp_check_run *run);
void imp_check_pixels(struct imp_check_run *run);
void imp_check_tone(struct imp_check_run *run);
void imp_check_conv_any_weights(struct imp_check_run *run);
void imp_check_norm(struct imp_check_run *run);
void imp_check_features(struct imp_check_run *run);
void imp_check_rows_ops(struct imp_check_run *run);
void imp_check_warp(struct imp_check_run *run);
void imp_check_flow_ops(struct imp_check_run *run);
void imp_check_conv_edge(struct imp_check_run *run);
void imp_check_objective(struct imp_check_run *run);

#endif
