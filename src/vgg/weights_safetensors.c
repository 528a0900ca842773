/* SPDX-License-Identifier: MIT */
/*
 * Weights from safetensors. Only the tensors that a VGG19 needs are read. So a file with the
 * classifier's 500 MB costs no more than the convolutions.
 */

#include "vgg/weights.h"
#include "store/store.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Fits "features.34.weight" behind the longest prefix that is taken; that. */
#define NAME_SIZE 256
#define PREFIX_SIZE (NAME_SIZE / 2)

/* The ways in which a VGG19's tensors are called, and the input that goes with each. */
enum naming { NAMING_CONV, NAMING_BLOCK, NAMING_FEATURES, NAMINGS };

static const enum impasto_convention naming_conventions[NAMINGS] = {
    IMPASTO_CONVENTION_CAFFE,
    IMPASTO_CONVENTION_CAFFE,
    IMPASTO_CONVENTION_TORCHVISION,
};

/* The position of a convolution in torchvision's vgg19().features: before it are the others, each
 * with a ReLU, and a pooling for each block. */
static int feature_of(int layer)
{
    return 2 * layer + imp_layer_shapes[layer].block - 1;
}

/* The state of open weights: the file stays open, so that its layers can be read when wanted. */
struct reader {
    struct imp_safetensors file;
    struct impasto_error *error; /* of the call at hand */
    char prefix[PREFIX_SIZE];
    enum naming naming;
};

static bool probe(const unsigned char *head, size_t size)
{
    return size > 8 && head[8] == '{';
}

/* What the metadata says. */
static enum impasto_status read_metadata(const struct reader *reader,
                                         struct impasto_weights_info *info)
{
    const char *convention = imp_safetensors_text(&reader->file, IMP_CONVENTION_KEY);
    if (convention != NULL && strcmp(convention, IMP_CONVENTION_CAFFE) == 0)
        info->convention = IMPASTO_CONVENTION_CAFFE;
    else if (convention != NULL && strcmp(convention, IMP_CONVENTION_TORCHVISION) == 0)
        info->convention = IMPASTO_CONVENTION_TORCHVISION;
    else if (convention != NULL)
        return imp_fail(reader->error, IMPASTO_ERROR_WEIGHTS,
                        "%s: its metadata says " IMP_CONVENTION_KEY
                        " \"%.40s\", which is unknown; it must be " IMP_CONVENTION_CAFFE
                        " or " IMP_CONVENTION_TORCHVISION,
                        reader->file.path, convention);
    const char *generated = imp_safetensors_text(&reader->file, IMP_GENERATED_KEY);
    info->builtin = generated != NULL && strcmp(generated, "true") == 0;
    return IMPASTO_OK;
}

/* kind: "weight" or "bias". */
static void tensor_name(char name[NAME_SIZE], const char *prefix, enum naming naming, int layer,
                        const char *kind)
{
    const struct imp_layer_shape *shape = &imp_layer_shapes[layer];
    if (naming == NAMING_CONV)
        snprintf(name, NAME_SIZE, "%s%s.%s", prefix, shape->name, kind);
    else if (naming == NAMING_BLOCK)
        snprintf(name, NAME_SIZE, "%sblock%d_conv%d.%s", prefix, shape->block, shape->number, kind);
    else
        snprintf(name, NAME_SIZE, "%sfeatures.%d.%s", prefix, feature_of(layer), kind);
}

/* Finds which naming the file follows, by conv1_1.weight, and what stands before every name, such
 * as "model." (a file of a larger model). Names without a prefix win. */
static enum impasto_status find_naming(const struct reader *reader, char prefix[PREFIX_SIZE],
                                       enum naming *naming)
{
    char wanted[NAME_SIZE];
    bool found = false;
    *naming = NAMING_CONV;
    prefix[0] = '\0';
    for (int i = 0; i < NAMINGS; i++) {
        tensor_name(wanted, "", (enum naming)i, 0, "weight");
        if (json_object_get(reader->file.header, wanted) != NULL) {
            *naming = (enum naming)i;
            return IMPASTO_OK;
        }
    }
    for (int i = 0; i < NAMINGS; i++) {
        const char *name;
        json_t *tensor;
        tensor_name(wanted, "", (enum naming)i, 0, "weight");
        json_object_foreach(reader->file.header, name, tensor)
        {
            const size_t length = strlen(name), tail = strlen(wanted);
            if (length <= tail || length - tail >= PREFIX_SIZE ||
                strcmp(name + length - tail, wanted) != 0 || name[length - tail - 1] != '.')
                continue;
            if (found)
                return imp_fail(reader->error, IMPASTO_ERROR_WEIGHTS,
                                "%s: holds several networks (%s and %s%s); extract one of them",
                                reader->file.path, name, prefix, wanted);
            memcpy(prefix, name, length - tail);
            prefix[length - tail] = '\0';
            *naming = (enum naming)i;
            found = true;
        }
    }
    return IMPASTO_OK;
}

static enum impasto_status read_layer(const struct reader *reader, int i,
                                      struct imp_layer_weights *layer)
{
    char name[NAME_SIZE];
    const int in = imp_layer_shapes[i].in_channels, out = imp_layer_shapes[i].out_channels;
    IMP_TRY(imp_weights_allocate(layer, i, reader->error));
    tensor_name(name, reader->prefix, reader->naming, i, "weight");
    IMP_TRY(imp_safetensors_read_floats(
        &reader->file, &(struct imp_safetensors_floats){name, 4, {out, in, 3, 3}, "VGG19's"},
        layer->weight, reader->error));
    tensor_name(name, reader->prefix, reader->naming, i, "bias");
    return imp_safetensors_read_floats(&reader->file,
                                       &(struct imp_safetensors_floats){name, 1, {out}, "VGG19's"},
                                       layer->bias, reader->error);
}

/* Reads every layer once, for the checks. */
static enum impasto_status check_layers(struct reader *reader, struct impasto_weights_info *info)
{
    char name[NAME_SIZE];
    bool weight[IMPASTO_LAYERS], bias[IMPASTO_LAYERS];
    IMP_TRY(find_naming(reader, reader->prefix, &reader->naming));
    for (int i = 0; i < IMPASTO_LAYERS; i++) {
        tensor_name(name, reader->prefix, reader->naming, i, "weight");
        weight[i] = json_object_get(reader->file.header, name) != NULL;
        tensor_name(name, reader->prefix, reader->naming, i, "bias");
        bias[i] = json_object_get(reader->file.header, name) != NULL;
    }
    IMP_TRY(imp_weights_count(reader->file.path, weight, bias, &info->layers, reader->error));
    if (info->convention == IMPASTO_CONVENTION_AUTO)
        info->convention = naming_conventions[reader->naming];
    enum impasto_status status = IMPASTO_OK;
    for (int i = 0; i < info->layers && status == IMPASTO_OK; i++) {
        struct imp_layer_weights layer = {0};
        status = read_layer(reader, i, &layer);
        imp_layer_weights_free(&layer);
    }
    return status;
}

static void close_reader(void *state)
{
    struct reader *reader = state;
    imp_safetensors_close(&reader->file);
    free(reader);
}

static enum impasto_status load(const char *path, struct impasto_weights *weights,
                                struct impasto_error *error)
{
    struct reader *reader = calloc(1, sizeof(*reader));
    if (reader == NULL)
        return imp_fail_memory(error, "a weights file", sizeof(*reader));
    weights->state = reader;
    reader->error = error;
    IMP_TRY(imp_safetensors_open(path, "the header of a weights file", IMPASTO_ERROR_WEIGHTS,
                                 &reader->file, error));
    IMP_TRY(read_metadata(reader, &weights->info));
    return check_layers(reader, &weights->info);
}

static enum impasto_status layer_of(const struct impasto_weights *weights, int layer,
                                    struct imp_layer_weights *out, struct impasto_error *error)
{
    /* A view of its own: other threads may be reading, too. */
    struct reader reader = *(const struct reader *)weights->state;
    reader.error = error;
    return read_layer(&reader, layer, out);
}

const struct imp_weights_format imp_weights_safetensors = {
    .name = "safetensors",
    .probe = probe,
    .load = load,
    .layer = layer_of,
    .close = close_reader,
};
