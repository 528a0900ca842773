/* SPDX-License-Identifier: MIT */
#ifndef TEST_WEIGHTS_FILES_H
#define TEST_WEIGHTS_FILES_H

/* Files of weights, the smallest there are, and what the tests expect of a file. */

#include "files.h"
#include "vgg/weights.h"

/* An entry of a safetensors header, 32-bit; all but the name as JSON. */
#define TENSOR(name, shape, begin, end)                                                            \
    "\"" name "\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[" begin "," end "]}"

/* Those of conv1_1, the least that is a network: 64x3x3x3 and 64 floats, which are DATA_SIZE bytes.
 */
#define WEIGHT TENSOR("conv1_1.weight", "[64,3,3,3]", "0", "6912")
#define BIAS TENSOR("conv1_1.bias", "[64]", "6912", "7168")
#define DATA_SIZE 7168

/* Writes a safetensors file. length: what the file says that its header has; data: NULL for zeros.
 */
void write_safetensors(const char *path, uint64_t length, const char *header, const void *data,
                       size_t size);

/* Opens what must be refused, for a reason that the message names in one line. */
void expect_refusal(const char *path, const char *reason);

/* Opens what must open, and have so many layers. To be closed. */
struct impasto_weights *expect_weights(const char *path, int layers);

/* The numbers of a layer, which must be there. They are the weights' own. */
const struct imp_layer_weights *layer_of(const struct impasto_weights *weights, int layer);

/*
 * Opens a sound file damaged in `rounds` ways, see damage(). Whatever comes of it, opening must end
 * in weights or in a message. Returns how many were refused.
 */
int open_damaged(const char *sound, const char *path, size_t head, uint32_t stream, int rounds);

#endif
