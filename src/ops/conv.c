/* SPDX-License-Identifier: MIT */
/* The table of convolution algorithms, and the choice among them. */

#include "ops/kernels.h"

#include <math.h>
#include <string.h>

/* The rows; of those that can, the first fixes the packing for "auto". imp_conv_NAME is defined in
 * conv_NAME.c. */
#define ALGORITHMS(ROW)                                                                            \
    ROW(first)                                                                                     \
    ROW(direct)                                                                                    \
    ROW(winograd4)                                                                                 \
    ROW(winograd4x8)                                                                               \
    ROW(winograd2)                                                                                 \
    ROW(implicit)                                                                                  \
    ROW(im2col)

#define DECLARE(name) extern const struct imp_conv_algorithm imp_conv_##name;
#define ADDRESS(name) &imp_conv_##name,
ALGORITHMS(DECLARE)
const struct imp_conv_algorithm *const imp_conv_algorithms[] = {ALGORITHMS(ADDRESS) NULL};

/* VGG19's deeper layers all have at least this many channels on both sides. */
#define BLOCKED_CHANNELS 64

static const struct imp_conv_algorithm *find(const char *name)
{
    for (size_t i = 0; imp_conv_algorithms[i]; i++)
        if (strcmp(imp_conv_algorithms[i]->name, name) == 0)
            return imp_conv_algorithms[i];
    return NULL;
}

static enum impasto_status unknown(struct imp_device *device, const char *name)
{
    char names[256] = "auto";
    for (size_t i = 0; imp_conv_algorithms[i]; i++) {
        const size_t used = strlen(names);
        snprintf(names + used, sizeof(names) - used, ", %s", imp_conv_algorithms[i]->name);
    }
    return imp_device_fail(device, IMPASTO_ERROR_USAGE,
                           "convolution algorithm '%s' does not exist; choose one of %s", name,
                           names);
}

enum impasto_status imp_conv_choose(struct imp_device *device, const char *name, int in, int out,
                                    const struct imp_conv_algorithm **algorithm)
{
    const struct imp_caps *caps = imp_device_caps(device);
    if (name && strcmp(name, "auto") != 0) {
        const struct imp_conv_algorithm *named = find(name);
        if (!named)
            return unknown(device, name);
        const bool picture = in == 3 || out == 3;
        if (picture && !named->supports(caps, in, out) &&
            named->supports(caps, BLOCKED_CHANNELS, BLOCKED_CHANNELS))
            named = &imp_conv_first;
        if (!named->supports(caps, in, out))
            return imp_device_fail(device, IMPASTO_ERROR_USAGE,
                                   "convolution algorithm '%s' cannot do %d to %d channels on this "
                                   "device; use `conv` auto",
                                   name, in, out);
        *algorithm = named;
        return IMPASTO_OK;
    }
    for (size_t i = 0; imp_conv_algorithms[i]; i++) {
        if (imp_conv_algorithms[i]->supports(caps, in, out)) {
            *algorithm = imp_conv_algorithms[i];
            return IMPASTO_OK;
        }
    }
    return imp_device_fail(device, IMPASTO_ERROR_INTERNAL,
                           "no convolution algorithm can do %d to %d channels", in, out);
}

/*
 * Measured seconds for so many pixels: between two measurements by a power law, beyond the largest
 * in proportion, below the smallest as that. 0: this shape was not measured.
 */
static double measured_seconds(const struct imp_tuning *tuning, const char *name, int in, int out,
                               double pixels)
{
    const struct imp_timing *below = NULL, *above = NULL;
    for (int i = 0; i < tuning->timings; i++) {
        const struct imp_timing *t = &tuning->timing[i];
        if (t->in != in || t->out != out || strcmp(t->algorithm, name) != 0)
            continue;
        if (t->pixels <= pixels && (!below || t->pixels > below->pixels))
            below = t;
        if (t->pixels > pixels && (!above || t->pixels < above->pixels))
            above = t;
    }
    if (!below)
        return above ? above->seconds : 0;
    if (!above)
        return below->seconds * pixels / below->pixels;
    const double part = log(pixels / below->pixels) / log((double)above->pixels / below->pixels);
    return below->seconds * pow(above->seconds / below->seconds, part);
}

double imp_conv_unit(const struct imp_caps *caps)
{
    /* On the layer that imp_conv_common is about. */
    const int channels = 256, side = 64;
    return measured_seconds(&caps->tuning, imp_conv_direct.name, channels, channels, side * side) /
           (9.0 * channels * channels * side * side);
}

/* 0: it was not measured. */
static double measured_cost(const struct imp_caps *caps, const struct imp_conv_algorithm *algorithm,
                            int in, int out, int height, int width)
{
    const double unit = imp_conv_unit(caps);
    return unit > 0
               ? measured_seconds(&caps->tuning, algorithm->name, in, out, (double)height * width) /
                     unit
               : 0;
}

double imp_conv_cost(const struct imp_caps *caps, const struct imp_conv_algorithm *algorithm,
                     int in, int out, int height, int width)
{
    const double measured = measured_cost(caps, algorithm, in, out, height, width);
    return measured > 0 ? measured : algorithm->cost(caps, in, out, height, width);
}

/* The same where transformed weights are kept, as they mostly are: reading them takes a third of
 * the time. What was measured is with weights that are not, and is as it is. */
static double cost_with_kept(const struct imp_caps *caps,
                             const struct imp_conv_algorithm *algorithm, int in, int out,
                             int height, int width)
{
    const double measured = measured_cost(caps, algorithm, in, out, height, width);
    const double share =
        algorithm->transforming ? algorithm->transforming(caps, in, out, height, width) : 0;
    return measured > 0 ? measured
                        : algorithm->cost(caps, in, out, height, width) * (1 - share * 2 / 3);
}

const struct imp_conv_algorithm *imp_conv_cheapest(const struct imp_caps *caps,
                                                   const struct imp_conv_packing *packing, int in,
                                                   int out, int height, int width)
{
    const struct imp_conv_algorithm *best = NULL;
    double least = 0;
    for (size_t i = 0; imp_conv_algorithms[i]; i++) {
        const struct imp_conv_algorithm *algorithm = imp_conv_algorithms[i];
        if (algorithm->packing != packing || !algorithm->supports(caps, in, out))
            continue;
        const double cost = cost_with_kept(caps, algorithm, in, out, height, width);
        if (!best || cost < least) {
            best = algorithm;
            least = cost;
        }
    }
    return best;
}

/* conv3_2 to conv3_4 of a 512 pixel picture. */
const struct imp_conv_algorithm *imp_conv_common(const struct imp_caps *caps)
{
    return imp_conv_cheapest(caps, &imp_conv_blocked, 256, 256, 128, 128);
}

enum impasto_status imp_conv_pointwise(struct imp_device *device, const struct imp_pointwise *call)
{
    return imp_conv_implicit.supports(imp_device_caps(device), call->x.channels, call->y.channels)
               ? imp_conv_implicit_pointwise(device, call)
               : imp_conv_direct_pointwise(device, call);
}
