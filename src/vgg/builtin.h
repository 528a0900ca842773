/* SPDX-License-Identifier: MIT */
#ifndef IMP_VGG_BUILTIN_H
#define IMP_VGG_BUILTIN_H

/* The built-in weights before calibration, for builtin.c, which finishes them, and for the tool in
 * tests/tools that makes the calibration's table. */

#include "vgg/weights.h"

/* The filters of the learned layers, weights/learned.i8: conv1_2 and so on, one layer after the
 * other, (out / IMP_BUILTIN_CHANNELS, in, 3, 3) each. Made at build time. */
extern const signed char imp_builtin_learned[];
/* Channels that a learned filter makes. Of all channels, the first quarter has the filters and the
 * second their negatives, both with a high level; the others have the same with a low one. */
#define IMP_BUILTIN_CHANNELS 4

/* Layer `layer`'s kernels, (out, in, 3, 3), not yet scaled. */
void imp_builtin_raw(int layer, float *weights);

/*
 * The mean of a calibrated channel before its ReLU, its deviation being 1. Of a random kernel's
 * values, three quarters stay positive: fewer lose colour and content, more lose texture. Of a
 * learned filter's high level, nearly all strong answers pass; of its low one, only the strongest.
 */
float imp_builtin_level(int layer, int channel);

#endif
