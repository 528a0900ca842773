/* SPDX-License-Identifier: MIT */
/*
 * The sum of gradients that were computed apart: those of ranks or, where the result is to be the
 * same for any number of ranks, those of single crops. They are added up as integers, which have no
 * order: as multiples of a power of two that follows from the largest value of all, of which some
 * 54 bits count. Of a float, which has 24, nothing is lost unless it is 2^30 times smaller.
 */

#include "train/train.h"

#include <math.h>
#include <stdlib.h>

/* Bits of the largest value. Those of 256 ranks or crops are added up below 2^63. */
#define BITS 54
_Static_assert(IMPASTO_RANKS <= 256 && IMP_LARGEST_BATCH <= 256, "sums of so many do not fit");

bool imp_gradients_apart(const struct impasto_train *train)
{
    return train->comm || train->params.reproducible;
}

/* Gradients that this rank keeps apart in a step, at the most. */
static size_t most_parts(const struct impasto_train *train)
{
    const struct impasto_train_params *p = &train->params;
    const size_t batch = (size_t)(p->batch > p->late_batch ? p->batch : p->late_batch);
    const size_t ranks = (size_t)imp_train_ranks(train);
    return p->reproducible ? (batch + ranks - 1) / ranks : 1;
}

size_t imp_gradients_bytes(const struct impasto_train *train)
{
    return imp_gradients_apart(train)
               ? train->learner.parameters * (most_parts(train) * sizeof(float) + sizeof(int64_t))
               : 0;
}

enum impasto_status imp_gradients_open(struct impasto_train *train)
{
    const size_t count = train->learner.parameters;
    struct imp_gradients *gradients = &train->gradients;
    if (!imp_gradients_apart(train))
        return IMPASTO_OK;
    gradients->parts = malloc(most_parts(train) * count * sizeof(*gradients->parts));
    gradients->sums = malloc(count * sizeof(*gradients->sums));
    return gradients->parts && gradients->sums
               ? IMPASTO_OK
               : imp_device_fail_memory(train->device, "gradients", imp_gradients_bytes(train));
}

void imp_gradients_close(struct imp_gradients *gradients)
{
    free(gradients->parts);
    free(gradients->sums);
    *gradients = (struct imp_gradients){0};
}

static enum impasto_status take(struct impasto_train *train)
{
    struct imp_gradients *gradients = &train->gradients;
    float *part = gradients->parts + gradients->count * train->learner.parameters;
    gradients->count++;
    return imp_learner_read(&train->learner, train->learner.gradient, part);
}

enum impasto_status imp_gradients_take(struct impasto_train *train)
{
    if (!train->params.reproducible)
        return IMPASTO_OK;
    IMP_TRY(take(train));
    return imp_learner_clear_gradient(&train->learner);
}

/* The largest magnitude; NAN: something is not finite. */
static double largest_of(const float *values, size_t count)
{
    float largest = 0;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i]))
            return (double)NAN;
        largest = fmaxf(largest, fabsf(values[i]));
    }
    return (double)largest;
}

static enum impasto_status find_largest(const struct impasto_train *train, double *largest)
{
    const struct imp_gradients *gradients = &train->gradients;
    const size_t ranks = (size_t)imp_train_ranks(train);
    double all[IMPASTO_RANKS];
    all[imp_train_part(train, ranks).begin] =
        largest_of(gradients->parts, gradients->count * train->learner.parameters);
    IMP_TRY(imp_train_gather(train, all, ranks, 1));
    *largest = 0;
    for (size_t rank = 0; rank < ranks; rank++)
        *largest = isnan(all[rank]) || all[rank] > *largest ? all[rank] : *largest;
    return IMPASTO_OK;
}

/* Whatever is not finite makes the sum's norm so. */
static enum impasto_status spoil(const struct impasto_train *train)
{
    const float nan = NAN;
    return imp_buffer_write(train->learner.gradient, 0, &nan, sizeof(nan));
}

static enum impasto_status add(struct impasto_train *train, double scale)
{
    const struct imp_gradients *gradients = &train->gradients;
    const size_t count = train->learner.parameters;
    for (size_t i = 0; i < count; i++)
        gradients->sums[i] = 0;
    for (size_t part = 0; part < gradients->count; part++)
        for (size_t i = 0; i < count; i++)
            gradients->sums[i] += llrint((double)gradients->parts[part * count + i] * scale);
    return imp_train_sum(train, gradients->sums, count);
}

/* The sums take the first part's place, and go to the device. */
static enum impasto_status put(const struct impasto_train *train, double scale)
{
    const struct imp_gradients *gradients = &train->gradients;
    const size_t count = train->learner.parameters;
    for (size_t i = 0; i < count; i++)
        gradients->parts[i] = (float)((double)gradients->sums[i] / scale);
    return imp_buffer_write(train->learner.gradient, 0, gradients->parts, count * sizeof(float));
}

enum impasto_status imp_gradients_sum(struct impasto_train *train)
{
    double largest;
    int exponent;
    if (!imp_gradients_apart(train))
        return IMPASTO_OK;
    if (!train->params.reproducible)
        IMP_TRY(take(train));
    const enum impasto_status status = find_largest(train, &largest);
    if (status != IMPASTO_OK || isnan(largest))
        return status == IMPASTO_OK ? spoil(train) : status;
    (void)frexp(largest, &exponent);
    const double scale = ldexp(1, BITS - exponent);
    IMP_TRY(add(train, scale));
    return put(train, scale);
}
