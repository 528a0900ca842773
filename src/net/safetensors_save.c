/* SPDX-License-Identifier: MIT */
/*
 * Writing safetensors; and weights as such, F32. Sizes follow from the architecture, so the header
 * is written before any layer is asked for, and generated layers are made one at a time.
 */

#include "net/safetensors.h"
#include "net/weights.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* The header is padded by spaces so that the data begins at a multiple of this, as the format
 * recommends. */
#define ALIGNMENT 8
/* Of the header's length, little-endian. */
#define LENGTH_BYTES 8
/* Floats packed and written at a time. */
#define CHUNK 4096
/* Fits "conv1_1.weight". */
#define NAME_SIZE 32

int imp_safetensors_describe(json_t *header, const char *name, const char *dtype, json_t *shape,
                             uint64_t *offset, uint64_t bytes)
{
    const uint64_t end = *offset + bytes;
    json_t *tensor = json_pack("{s:s, s:o, s:[I, I]}", "dtype", dtype, "shape", shape,
                               "data_offsets", (json_int_t)*offset, (json_int_t)end);
    *offset = end;
    return json_object_set_new(header, name, tensor);
}

char *imp_safetensors_head(const json_t *header, size_t *size)
{
    char *text = json_dumps(header, JSON_COMPACT);
    if (text == NULL)
        return NULL;
    const size_t used = strlen(text), length = (used + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    char *head = malloc(LENGTH_BYTES + length);
    if (head != NULL) {
        for (size_t i = 0; i < LENGTH_BYTES; i++)
            head[i] = (char)(unsigned char)((uint64_t)length >> 8 * i);
        /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): a header has a length, no end */
        memcpy(head + LENGTH_BYTES, text, used);
        memset(head + LENGTH_BYTES + used, ' ', length - used);
        *size = LENGTH_BYTES + length;
    }
    free(text);
    return head;
}

static int describe(json_t *header, const char *layer, const char *kind, json_t *shape,
                    uint64_t *offset, size_t elements)
{
    char name[NAME_SIZE];
    snprintf(name, sizeof(name), "%s.%s", layer, kind);
    return imp_safetensors_describe(header, name, "F32", shape, offset, elements * sizeof(float));
}

/* The length and the header, a new block; NULL: out of memory. */
static char *make_head(const struct impasto_weights_info *info, size_t *size)
{
    uint64_t offset = 0;
    int failed = 0;
    json_t *header =
        json_pack("{s:{s:s, s:s}}", "__metadata__", "format", "pt", IMP_CONVENTION_KEY,
                  info->convention == IMPASTO_CONVENTION_TORCHVISION ? IMP_CONVENTION_TORCHVISION
                                                                     : IMP_CONVENTION_CAFFE);
    if (info->builtin)
        failed |= json_object_set_new(json_object_get(header, "__metadata__"), IMP_GENERATED_KEY,
                                      json_string("true"));
    for (int i = 0; i < info->layers; i++) {
        const struct imp_layer_shape *shape = &imp_layer_shapes[i];
        failed |= describe(header, shape->name, "weight",
                           json_pack("[i, i, i, i]", shape->out_channels, shape->in_channels, 3, 3),
                           &offset, imp_layer_elements(i));
        failed |= describe(header, shape->name, "bias", json_pack("[i]", shape->out_channels),
                           &offset, (size_t)shape->out_channels);
    }
    char *head = failed != 0 ? NULL : imp_safetensors_head(header, size);
    json_decref(header);
    return head;
}

/* Little-endian on any machine. */
static bool write_floats(FILE *stream, const float *values, size_t count)
{
    unsigned char chunk[CHUNK * 4];
    while (count > 0) {
        const size_t step = count < CHUNK ? count : CHUNK;
        for (size_t i = 0; i < step; i++) {
            uint32_t bits;
            memcpy(&bits, &values[i], sizeof(bits));
            for (size_t j = 0; j < 4; j++)
                chunk[4 * i + j] = (unsigned char)(bits >> 8 * j);
        }
        if (fwrite(chunk, 4, step, stream) != step)
            return false;
        values += step;
        count -= step;
    }
    return true;
}

enum impasto_status impasto_weights_save(const struct impasto_weights *weights, const char *path,
                                         struct impasto_error *error)
{
    struct imp_file file;
    IMP_TRY(imp_file_create(&file, path, error));
    enum impasto_status status = IMPASTO_OK;
    size_t size = 0;
    char *head = make_head(&weights->info, &size);
    if (head == NULL)
        status = imp_fail_memory(error, "the header of a weights file", 0);
    /* A write that fails marks the stream, which the commit then reports. */
    bool written = head != NULL && fwrite(head, 1, size, file.stream) == size;
    for (int i = 0; i < weights->info.layers && written && status == IMPASTO_OK; i++) {
        struct imp_layer_weights layer = {0};
        status = imp_weights_layer(weights, i, &layer, error);
        written = status == IMPASTO_OK &&
                  write_floats(file.stream, layer.weight, imp_layer_elements(i)) &&
                  write_floats(file.stream, layer.bias, (size_t)imp_layer_shapes[i].out_channels);
        imp_layer_weights_free(&layer);
    }
    free(head);
    if (status == IMPASTO_OK)
        return imp_file_commit(&file, error);
    imp_file_abandon(&file);
    return status;
}
