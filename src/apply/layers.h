/* SPDX-License-Identifier: MIT */
#ifndef IMP_APPLY_LAYERS_H
#define IMP_APPLY_LAYERS_H

/* Inside the room: the layers of a network by their place among the rows, and the maps that they
 * have in strips. What plan.c reserves, strips.c uses. */

#include "apply/strips.h"

/* conv1, conv2, conv3, the residual blocks' pairs, deconv1, deconv2, deconv3. */
enum { CONV1, CONV2, CONV3, BLOCKS };
int layers_deconv1(const struct imp_strips *strips);
int layers_deconv2(const struct imp_strips *strips);
int layers_deconv3(const struct imp_strips *strips);
/* Whether it is made in strips: what reads or leaves full resolution. */
bool layers_striped(const struct imp_strips *strips, int layer);
const struct imp_model_row *layers_row(const struct imp_strips *strips, int layer);
/* What its input's height and width are the picture's divided by; its output's. */
int layers_input_reduction(const struct imp_strips *strips, int layer);
int layers_output_reduction(const struct imp_strips *strips, int layer);

/* Rows and columns beside a strip of what conv1 reads: its margin, and that of a row more, which
 * conv2 reads. */
int layers_first_margin(const struct imp_strips *strips);
/* The same of deconv2's output, which deconv3 reads: even, as deconv2 makes rows by twos. */
int layers_last_margin(const struct imp_strips *strips);

/* Bytes of a strip of the picture, (3, rows, width) floats, with the rows that conv1 reads beside
 * it. */
size_t layers_image_bytes(const struct imp_strips *strips);

/* Strips of so many rows: what conv1 reads; conv1's or deconv2's output; deconv3's. */
struct imp_map layers_input(const struct imp_strips *strips, int rows);
struct imp_map layers_full(const struct imp_strips *strips, int layer, int rows);
struct imp_map layers_output(const struct imp_strips *strips, int rows);
/* Whole: conv2's or deconv1's output; conv3's and the residual blocks', in such a buffer. */
struct imp_map layers_half(const struct imp_strips *strips, int layer);
struct imp_map layers_quarter(const struct imp_strips *strips, struct imp_buffer *buffer);

#endif
