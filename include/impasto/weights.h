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
 * Reads "conv4_2:0.5,5_2" and the like into `weights[layer]`. conv4_2, relu4_2, block4_conv2 and
 * 4_2 name the same activation, the one after the ReLU. A layer without ":weight" gets 1; a layer
 * not named gets 0, which means unused. Weights must be finite and above 0.
 */
IMPASTO_API enum impasto_status
impasto_layers_parse(const char *text, float weights[IMPASTO_LAYERS],
                     struct impasto_error *error) IMPASTO_MUST_CHECK;

/* Which input the network expects; it goes with the weights. */
enum impasto_convention {
    IMPASTO_CONVENTION_AUTO,        /* from the file's metadata or tensor names */
    IMPASTO_CONVENTION_CAFFE,       /* BGR, 0..255, minus (103.939, 116.779, 123.68) */
    IMPASTO_CONVENTION_TORCHVISION, /* RGB, 0..1, minus (.485, .456, .406), over (.229,
                                       .224, .225) */
};

struct impasto_weights; /* the convolutions of a VGG19, conv1_1 up to some layer */

struct impasto_weights_info {
    const char *source; /* the file's path, or "built-in" */
    bool builtin;       /* generated, not trained: see weights/README.md */
    int layers;         /* how many convolutions there are, from conv1_1 on: 1 to 16 */
    enum impasto_convention convention; /* CAFFE or TORCHVISION */
};

/*
 * Opens weights: the file at `path` (safetensors, or Keras HDF5 where that was compiled in and its
 * module lies where the library lies); or, when path is NULL, the first found of $IMPASTO_WEIGHTS,
 * vgg19.safetensors in our data folders
 * ($XDG_DATA_HOME/impasto, ~/.local/share/impasto, each of $XDG_DATA_DIRS/impasto), the Keras cache
 * (~/.keras/models), and the built-in weights; or, when path is "builtin", those.
 */
IMPASTO_API enum impasto_status
impasto_weights_open(const char *path, enum impasto_convention convention,
                     struct impasto_weights **weights,
                     struct impasto_error *error) IMPASTO_MUST_CHECK;
IMPASTO_API void impasto_weights_close(struct impasto_weights **weights);

/* The files among which impasto_weights_open looks where neither a path nor $IMPASTO_WEIGHTS names
 * weights, in its order. The first one that is there is used; without any, the built-in weights. */
typedef void (*impasto_weights_place_fn)(void *user, const char *path, bool is_there);
IMPASTO_API void impasto_weights_places(impasto_weights_place_fn place, void *user);

/* Valid until the weights are closed. */
IMPASTO_API const struct impasto_weights_info *
impasto_weights_info(const struct impasto_weights *weights);

/*
 * Reads every layer once, as a run does when it needs it. Opening may look at no more than names,
 * shapes and sizes. IMPASTO_ERROR_WEIGHTS where values are not finite or the file is damaged.
 */
IMPASTO_API enum impasto_status
impasto_weights_check(const struct impasto_weights *weights,
                      struct impasto_error *error) IMPASTO_MUST_CHECK;

/* Writes all layers as safetensors: conv1_1.weight (O, I, 3, 3) and conv1_1.bias (O) in F32, and so
 * on, with the input convention in the metadata. Whole or not at all, as impasto_image_save. */
IMPASTO_API enum impasto_status
impasto_weights_save(const struct impasto_weights *weights, const char *path,
                     struct impasto_error *error) IMPASTO_MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
