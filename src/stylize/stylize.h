/* SPDX-License-Identifier: MIT */
#ifndef IMP_STYLIZE_H
#define IMP_STYLIZE_H

/* Under the public API: from pictures to picture. */

#include "image/image.h"
#include "net/net.h"
#include "selftest/selftest.h"

struct impasto_device {
    struct imp_device *device;
    bool checked; /* has passed the brief self-check */
};

/* ---- device.c -------------------------------------------------------------------------------- */

/* The brief self-check, once per device: IMPASTO_ERROR_DEVICE when it computes wrongly. */
enum impasto_status imp_device_check(struct impasto_device *device, struct impasto_error *error);

/* ---- tune.c ---------------------------------------------------------------------------------- */

/* Median seconds of one forward convolution of a square of that side. Fails into the device's error. */
enum impasto_status imp_tune_time(struct imp_device *device,
                                  const struct imp_conv_algorithm *algorithm, int in, int out,
                                  int side, double *median);

/* ---- params.c -------------------------------------------------------------------------------- */

/* IMPASTO_ERROR_USAGE for a value out of range, IMPASTO_ERROR_WEIGHTS for a layer that the weights do
 * not have. */
enum impasto_status imp_params_check(const struct impasto_params *params,
                                     const struct impasto_weights_info *weights,
                                     struct impasto_error *error);
/* How many layers, from conv1_1 on, the parameters need: 1 to IMPASTO_LAYERS. */
int imp_params_depth(const struct impasto_params *params);
/* Bits of the layers with a content or style weight. */
uint32_t imp_params_taps(const struct impasto_params *params);

/* ---- canvas.c -------------------------------------------------------------------------------- */

/* The sizes that a job works with, pixels. */
struct imp_sizes {
    int width, height;               /* of the result */
    int canvas_width, canvas_height; /* with the margin on all sides */
    int style_width, style_height;
};

/* From the pictures' sizes and the parameters; `size` overrides params->size. */
struct imp_sizes imp_sizes_of(const struct impasto_params *params, int size,
                              const struct impasto_image *content,
                              const struct impasto_image *style);
/* IMPASTO_ERROR_INPUT when a picture is too small to work on. */
enum impasto_status imp_sizes_check(const struct imp_sizes *sizes, struct impasto_error *error);

/* RGB planes (3, height + 2 margin, width + 2 margin) of a picture resized to width x height, its
 * margin mirrored; the caller frees *planes. */
enum impasto_status imp_canvas_planes(const struct impasto_image *image, int width, int height,
                                      int margin, float **planes, struct impasto_error *error);
/* The start image on the canvas. content: the content's planes as imp_canvas_planes made them. */
enum impasto_status imp_canvas_start(const struct impasto_params *params,
                                     const struct imp_sizes *sizes, const float *content,
                                     float **planes, struct impasto_error *error);
/* Copies the result's part of planes on the canvas into (3, height, width). */
void imp_canvas_cut(const struct imp_sizes *sizes, const float *planes, float *result);

#endif
