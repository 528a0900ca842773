/* SPDX-License-Identifier: MIT */
#ifndef IMPASTO_WEIGHTS_H
#define IMPASTO_WEIGHTS_H

/* The network's weights, and the names of its layers. */

#include <impasto/base.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

#define IMPASTO_LAYERS 16 /* the convolutions of VGG19: conv1_1 is 0, conv5_4 is 15 */

/* "conv1_1" … "conv5_4" for 0 … 15, NULL outside. Static. */
IMPASTO_API const char *impasto_layer_name(int layer);

/*
 * Reads a list of layers and their weights, such as "conv4_2:0.5,5_2".
 *
 * conv4_2, relu4_2, block4_conv2 and 4_2 name the same activation, the one after the ReLU. A layer
 * without ":weight" gets 1. Weights must be finite and above 0; otherwise IMPASTO_ERROR_USAGE.
 *
 * weights: is filled by layer. A layer that is not named gets 0, which means unused.
 */
IMPASTO_API enum impasto_status
impasto_layers_parse(const char *text, float weights[IMPASTO_LAYERS],
                     struct impasto_error *error) IMPASTO_MUST_CHECK;

/* Which input the network expects. It goes with the weights. */
enum impasto_convention {
    IMPASTO_CONVENTION_AUTO,        /* told from the file's metadata or tensor names */
    IMPASTO_CONVENTION_CAFFE,       /* BGR, 0..255, minus (103.939, 116.779, 123.68) */
    IMPASTO_CONVENTION_TORCHVISION, /* RGB, 0..1, minus (.485, .456, .406), divided by (.229,
                                       .224, .225) */
};

struct impasto_weights; /* the convolutions of a VGG19, conv1_1 up to some layer */

struct impasto_weights_info {
    const char *source; /* the file's path, or "built-in" */
    bool builtin;       /* the weights are Impasto's own: see weights/README.md */
    int layers;         /* how many convolutions there are, from conv1_1 on: 1 to 16 */
    enum impasto_convention convention; /* CAFFE or TORCHVISION */
    int version; /* of the built-in weights: rises whenever they change; 0: read from a file */
};

/*
 * Opens weights.
 *
 * path: which ones.
 * - The path of a file: safetensors or Keras HDF5. HDF5 needs a build with it, and its module
 *   beside the library.
 * - "builtin": the built-in weights.
 * - NULL: the first that is found. Looked for are, in this order: $IMPASTO_WEIGHTS;
 *   vgg19.safetensors in $XDG_DATA_HOME/impasto, ~/.local/share/impasto and each of
 *   $XDG_DATA_DIRS/impasto; the Keras cache, ~/.keras/models; the built-in weights.
 */
IMPASTO_API enum impasto_status
impasto_weights_open(const char *path, enum impasto_convention convention,
                     struct impasto_weights **weights,
                     struct impasto_error *error) IMPASTO_MUST_CHECK;
IMPASTO_API void impasto_weights_close(struct impasto_weights **weights);

/*
 * Calls `place` for each file that impasto_weights_open looks for, in its order, where neither a
 * path nor $IMPASTO_WEIGHTS names weights. The first one that is there is used. If none is, the
 * built-in weights are. path is valid during the call.
 */
typedef void (*impasto_weights_place_fn)(void *user, const char *path, bool is_there);
IMPASTO_API void impasto_weights_places(impasto_weights_place_fn place, void *user);

/* Valid until the weights are closed. */
IMPASTO_API const struct impasto_weights_info *
impasto_weights_info(const struct impasto_weights *weights);

/*
 * Writes all layers as safetensors: conv1_1.weight (O, I, 3, 3) and conv1_1.bias (O) in F32, and so
 * on. The metadata has the input convention. The file appears whole or not at all, as by
 * impasto_file_write.
 */
IMPASTO_API enum impasto_status
impasto_weights_save(const struct impasto_weights *weights, const char *path,
                     struct impasto_error *error) IMPASTO_MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
