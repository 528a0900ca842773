/* SPDX-License-Identifier: MIT */
#ifndef CALIBRATION_H
#define CALIBRATION_H

/* The measurement behind src/vgg/builtin_table.h: how each channel of the built-in weights responds
 * to pictures that the library draws. */

#include <stddef.h>

struct calibration {
    float scale, bias; /* of one channel: what its raw kernels are multiplied with, what is added */
};

/* What a layer's activations look like after calibration, over all channels. */
struct calibration_statistics {
    double mean, deviation, zeros; /* zeros: the share of values that the ReLU cut off */
};

/* Calibrates conv1_1 to the layer `layers` - 1. table: one row for each output channel, layer after
 * layer; statistics: one for each layer, may be NULL. Returns 0, or -1 when out of memory. */
int calibrate(int layers, struct calibration *table, struct calibration_statistics *statistics);

/* Output channels of conv1_1 to layer `layers` - 1. */
size_t calibration_channels(int layers);

#endif
