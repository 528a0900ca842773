/* SPDX-License-Identifier: MIT */
#ifndef IMP_MODEL_FILE_H
#define IMP_MODEL_FILE_H

/* Inside the model room: what saving and loading a network agree on. doc/formats.md has the whole.
 */

#include "model/model.h"
#include "store/store.h"

/* Raised with every change that an older reader would misunderstand. */
#define MODEL_FORMAT 1
/* Keys of the metadata. */
#define FORMAT_KEY "impasto.model"
#define SHAPE_KEY "impasto.shape"
#define STYLES_KEY "impasto.styles"
#define TRAINING_KEY "impasto.training"
#define LICENCE_KEY "impasto.licence"
#define PICTURE_KEY "impasto.picture.%d" /* of a style, from 0 on */
#define PICTURE_KEY_SIZE 32
/* Bytes of a text of the metadata. */
#define TEXT_MOST (1 << 16)
#define MODEL_FILE "a style network's file"
/* Fits "res16.conv1.conv2d.weight". */
#define NAME_SIZE 40
/* The words for enum imp_output. */
#define OUTPUT_WORDS                                                                               \
    {                                                                                              \
        "linear", "tanh", "sigmoid"                                                                \
    }

#endif
