/* SPDX-License-Identifier: MIT */
#ifndef IMP_VGG_WEIGHTS_H
#define IMP_VGG_WEIGHTS_H

/*
 * The convolutions of VGG19 as host arrays, whatever they come from. layers.c has their names and
 * shapes, layer_weights.c what all formats need. The public impasto_weights_* functions are in
 * weights.c, with formats as rows of one table: weights_safetensors.c, weights_keras.c; builtin.c
 * generates. weights_save.c writes.
 */

#include "base/base.h"

#include <impasto/weights.h>

/* clang-format off */
/* VGG19, configuration E of Simonyan and Zisserman 2014. Each row is a 3x3 convolution and its ReLU:
 * block, number in the block, channels in and out. Between two blocks the picture is halved. All
 * else that is known of the network's shape follows from these rows. */
#define IMP_VGG19(ROW) \
    ROW(1, 1,   3,  64) ROW(1, 2,  64,  64) \
    ROW(2, 1,  64, 128) ROW(2, 2, 128, 128) \
    ROW(3, 1, 128, 256) ROW(3, 2, 256, 256) ROW(3, 3, 256, 256) ROW(3, 4, 256, 256) \
    ROW(4, 1, 256, 512) ROW(4, 2, 512, 512) ROW(4, 3, 512, 512) ROW(4, 4, 512, 512) \
    ROW(5, 1, 512, 512) ROW(5, 2, 512, 512) ROW(5, 3, 512, 512) ROW(5, 4, 512, 512)
/* clang-format on */
#define IMP_VGG19_IS_FIRST(block, number, in, out) +((number) == 1)
/* How many blocks there are. Passes go through the network in stages, of one block each. */
enum { IMP_STAGES = 0 IMP_VGG19(IMP_VGG19_IS_FIRST) };

/* A row. */
struct imp_layer_shape {
    const char *name;  /* "conv1_1" */
    int block, number; /* from 1 on */
    int in_channels, out_channels;
};
extern const struct imp_layer_shape imp_layer_shapes[IMPASTO_LAYERS];

struct imp_layer_weights {
    float *weight; /* (out, in, 3, 3) */
    float *bias;   /* (out) */
};

struct imp_weights_format;

struct impasto_weights {
    struct impasto_weights_info info;
    char *source; /* what info.source points to */
    const struct imp_weights_format *format;
    void *state; /* the format's */
    struct imp_layer_weights layers[IMPASTO_LAYERS];
};

/*
 * Layer `layer` (0 to info.layers - 1) of the weights, to be freed by imp_layer_weights_free; *out
 * must hold nothing. Built-in layers are generated when they are asked for, those of safetensors
 * are read. Nothing of the weights changes, so threads may share them.
 */
enum impasto_status imp_weights_layer(const struct impasto_weights *weights, int layer,
                                      struct imp_layer_weights *out, struct impasto_error *error);
/* Also of a zeroed one. */
void imp_layer_weights_free(struct imp_layer_weights *layer);
/* Whether they are the built-in ones, made here and now. */
bool imp_weights_generated(const struct impasto_weights *weights);

/*
 * A format.
 * - `probe` looks at the first bytes.
 * - `load` checks all of the file. It fills info.layers, info.convention and, where the file says
 *   it, info.builtin (generated, then exported). It fills either weights->layers or weights->state.
 * - `layer` gives a layer from the state whenever it is wanted. The caller frees its arrays.
 * - `close` frees the state.
 *
 * If load or layer fail, the caller frees what they have allocated. layer and close are NULL where
 * there is no state.
 */
struct imp_weights_format {
    const char *name;
    bool (*probe)(const unsigned char *head, size_t size);
    enum impasto_status (*load)(const char *path, struct impasto_weights *weights,
                                struct impasto_error *error);
    enum impasto_status (*layer)(const struct impasto_weights *weights, int layer,
                                 struct imp_layer_weights *out, struct impasto_error *error);
    void (*close)(void *state);
};
extern const struct imp_weights_format imp_weights_safetensors; /* weights_safetensors.c */
extern const struct imp_weights_format imp_weights_keras_h5; /* weights_keras.c; without HDF5 in the
                                                                build, its load says so */

/* For the formats, so that all files are judged alike. Counts the layers of a file in which these
 * weights and biases are found. It is an error where there are none, where one of a pair is
 * missing, or where the layers are not the first ones. `path` and `name` go into the message. */
enum impasto_status imp_weights_count(const char *path, const bool weight[IMPASTO_LAYERS],
                                      const bool bias[IMPASTO_LAYERS], int *layers,
                                      struct impasto_error *error);
/* Allocates both arrays of a layer. */
enum impasto_status imp_weights_allocate(struct imp_layer_weights *out, int layer,
                                         struct impasto_error *error);
/* Elements of a layer's weight. */
size_t imp_layer_elements(int layer);

/* Keys and values of the metadata by which our own files say more than tensors can. */
#define IMP_CONVENTION_KEY "impasto.convention"
#define IMP_CONVENTION_CAFFE "caffe"
#define IMP_CONVENTION_TORCHVISION "torchvision"
#define IMP_GENERATED_KEY "impasto.generated" /* "true": info.builtin */

/* Rises whenever the built-in weights change, so that what was begun with others is told apart. */
#define IMP_BUILTIN_VERSION 3

/* builtin.c: generates one layer, (out, in, 3, 3) and (out), allocated for the caller. */
enum impasto_status imp_builtin_generate(int layer, struct imp_layer_weights *out,
                                         struct impasto_error *error);

#endif
