/* SPDX-License-Identifier: MIT */
#ifndef IMP_VGG_BUILTIN_H
#define IMP_VGG_BUILTIN_H

/* The built-in weights before calibration, for builtin.c, which finishes them, and for the tool in
 * tests/tools that makes the calibration's table. */

#include "vgg/weights.h"

/* Layer `layer`'s random kernels, (out, in, 3, 3), not yet scaled. */
void imp_builtin_raw(int layer, float *weights);

/* The mean of a calibrated channel before its ReLU, its deviation being 1: three quarters of the
 * values stay positive. Less loses colour and content, more loses texture. */
#define IMP_BUILTIN_BIAS 0.7f

#endif
