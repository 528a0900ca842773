/* SPDX-License-Identifier: MIT */
/*
 * Reading safetensors: 8 bytes of little-endian header length, a JSON header that gives each tensor
 * a type, a shape and a range of the data after it, the data. The header is checked whole, as the
 * format's own reader does; of the data, only the tensors that a VGG19 needs are read, so that a
 * file with the classifier's 500 MB costs no more than the convolutions.
 */

#include "net/weights.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The format's own limit on the header, bytes. */
#define HEADER_LIMIT 100000000
/* Bytes that a JSON value may take in memory for one in the file; measured 48 for empty arrays. */
#define JSON_GROWTH 64
/* Bytes read at a time; a multiple of every element's size. */
#define CHUNK 16384
/* Fits "features.34.weight" behind the longest prefix that is taken, and a shape written out. */
#define NAME_SIZE 256
#define SHAPE_SIZE 128
/* Element sizes in bits, for the check that a tensor fills its range. */
static const struct {
    const char *name;
    unsigned bits;
} dtypes[] = {
    {"F32", 32},    {"F16", 16},    {"BF16", 16}, {"F64", 64},    {"BOOL", 8},
    {"U8", 8},      {"I8", 8},      {"U16", 16},  {"I16", 16},    {"U32", 32},
    {"I32", 32},    {"U64", 64},    {"I64", 64},  {"C64", 64},    {"F8_E4M3", 8},
    {"F8_E5M2", 8}, {"F8_E8M0", 8}, {"F4", 4},    {"F6_E2M3", 6}, {"F6_E3M2", 6},
};

/* The ways in which a VGG19's tensors are called, and the input that goes with each. */
enum naming { NAMING_CONV, NAMING_BLOCK, NAMING_FEATURES, NAMINGS };

static const enum impasto_convention naming_conventions[NAMINGS] = {
    IMPASTO_CONVENTION_CAFFE,
    IMPASTO_CONVENTION_CAFFE,
    IMPASTO_CONVENTION_TORCHVISION,
};

/* Positions of the convolutions in torchvision's vgg19().features, between ReLUs and pools. */
static const int features[IMPASTO_LAYERS] = {0,  2,  5,  7,  10, 12, 14, 16,
                                             19, 21, 23, 25, 28, 30, 32, 34};

struct range {
    uint64_t begin, end; /* bytes of the data */
    const char *name;
};

/* The state of open weights: the file stays open, so that its layers can be read when wanted. */
struct reader {
    char *path;
    struct impasto_error *error; /* of the call at hand */
    int descriptor;
    uint64_t data_start, data_size; /* bytes */
    json_t *header;
    char prefix[NAME_SIZE];
    enum naming naming;
};

static enum impasto_status damaged(const struct reader *reader, const char *what)
{
    return imp_fail(reader->error, IMPASTO_ERROR_WEIGHTS,
                    "%s: not sound safetensors: %s; get the file anew", reader->path, what);
}

static bool probe(const unsigned char *head, size_t size)
{
    return size > 8 && head[8] == '{';
}

/* Reads `size` bytes at `offset` of the file. */
static enum impasto_status read_at(const struct reader *reader, void *out, size_t size,
                                   uint64_t offset)
{
    unsigned char *to = out;
    while (size > 0) {
        const ssize_t got = pread(reader->descriptor, to, size, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return imp_fail(reader->error, IMPASTO_ERROR_WEIGHTS, "%s: cannot be read: %s",
                            reader->path, strerror(errno));
        if (got == 0)
            return damaged(reader, "it ends early");
        to += got;
        size -= (size_t)got;
        offset += (uint64_t)got;
    }
    return IMPASTO_OK;
}

/* A JSON integer from 0 on. */
static bool read_count(const json_t *value, uint64_t *out)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *out = (uint64_t)json_integer_value(value);
    return true;
}

/* The header's length, text and JSON. */
static enum impasto_status read_header(struct reader *reader)
{
    unsigned char bytes[8];
    struct stat info;
    uint64_t length = 0;
    if (fstat(reader->descriptor, &info) != 0)
        return imp_fail(reader->error, IMPASTO_ERROR_WEIGHTS, "%s: %s", reader->path,
                        strerror(errno));
    const uint64_t size = (uint64_t)info.st_size;
    IMP_TRY(read_at(reader, bytes, sizeof(bytes), 0));
    for (int i = 7; i >= 0; i--)
        length = length << 8 | bytes[i];
    if (length > HEADER_LIMIT)
        return damaged(reader, "its header claims more than 100,000,000 bytes");
    if (size < sizeof(bytes) || length > size - sizeof(bytes))
        return damaged(reader, "it ends within its header");
    if (imp_host_memory() / JSON_GROWTH < length)
        return imp_fail_memory(reader->error, "the header of a weights file",
                               (size_t)length * JSON_GROWTH);
    reader->data_start = sizeof(bytes) + length;
    reader->data_size = size - reader->data_start;
    char *text = malloc((size_t)length + 1);
    if (text == NULL)
        return imp_fail_memory(reader->error, "the header of a weights file", (size_t)length);
    text[length] = '\0'; /* for the look at its first character */
    const enum impasto_status status = read_at(reader, text, (size_t)length, sizeof(bytes));
    json_error_t problem;
    if (status == IMPASTO_OK && text[0] == '{')
        reader->header = json_loadb(text, (size_t)length, JSON_REJECT_DUPLICATES, &problem);
    free(text);
    if (status != IMPASTO_OK)
        return status;
    if (reader->header == NULL)
        return damaged(reader, "its header is not a JSON object without duplicate keys");
    return IMPASTO_OK;
}

/* Bits of one element of a dtype; 0: unknown. */
static unsigned dtype_bits(const char *name)
{
    for (size_t i = 0; i < IMP_COUNT(dtypes); i++)
        if (strcmp(name, dtypes[i].name) == 0)
            return dtypes[i].bits;
    return 0;
}

/* One tensor's entry by itself: its form, and that type and shape fill its range. */
static enum impasto_status check_tensor(const struct reader *reader, const char *name,
                                        const json_t *tensor, struct range *range)
{
    const json_t *offsets = json_object_get(tensor, "data_offsets");
    const json_t *shape = json_object_get(tensor, "shape");
    const char *dtype = json_string_value(json_object_get(tensor, "dtype"));
    const unsigned bits = dtype == NULL ? 0 : dtype_bits(dtype);
    uint64_t count = 1;
    char what[NAME_SIZE + 64];
    range->name = name;
    snprintf(what, sizeof(what), "the header's entry of tensor %.200s is malformed", name);
    if (dtype == NULL || !json_is_array(shape) || json_array_size(offsets) != 2 ||
        !read_count(json_array_get(offsets, 0), &range->begin) ||
        !read_count(json_array_get(offsets, 1), &range->end))
        return damaged(reader, what);
    bool overflow = false;
    for (size_t i = 0; i < json_array_size(shape); i++) {
        uint64_t extent;
        if (!read_count(json_array_get(shape, i), &extent))
            return damaged(reader, what);
        overflow = overflow || (extent != 0 && count > UINT64_MAX / extent);
        count *= extent;
    }
    snprintf(what, sizeof(what), "the data range of tensor %.200s does not fit its shape and type",
             name);
    if (range->begin > range->end || overflow)
        return damaged(reader, what);
    if (bits != 0 && (count > UINT64_MAX / bits || count * bits % 8 != 0 ||
                      count * bits / 8 != range->end - range->begin))
        return damaged(reader, what);
    return IMPASTO_OK;
}

static int compare_ranges(const void *a, const void *b)
{
    const struct range *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

/* All ranges in a row must be the data: no hole, no overlap, nothing left over. */
static enum impasto_status check_ranges(const struct reader *reader, const struct range *ranges,
                                        size_t count)
{
    uint64_t position = 0;
    char what[NAME_SIZE + 64];
    for (size_t i = 0; i < count; i++) {
        snprintf(what, sizeof(what), "the data of tensor %.200s %s", ranges[i].name,
                 ranges[i].begin < position ? "overlaps another's" : "comes after a hole");
        if (ranges[i].begin != position)
            return damaged(reader, what);
        position = ranges[i].end;
    }
    if (position > reader->data_size)
        return damaged(reader, "it ends early");
    if (position < reader->data_size)
        return damaged(reader, "there is more data than its header describes");
    return IMPASTO_OK;
}

static enum impasto_status check_tensors(const struct reader *reader)
{
    const char *name;
    json_t *tensor;
    size_t count = 0;
    enum impasto_status status = IMPASTO_OK;
    const size_t bytes = (json_object_size(reader->header) + 1) * sizeof(struct range);
    struct range *ranges = malloc(bytes);
    if (ranges == NULL)
        return imp_fail_memory(reader->error, "the header of a weights file", bytes);
    json_object_foreach(reader->header, name, tensor)
    {
        if (strcmp(name, "__metadata__") == 0)
            continue;
        status = check_tensor(reader, name, tensor, &ranges[count]);
        if (status != IMPASTO_OK)
            break;
        count++;
    }
    if (status == IMPASTO_OK) {
        qsort(ranges, count, sizeof(*ranges), compare_ranges);
        status = check_ranges(reader, ranges, count);
    }
    free(ranges);
    return status;
}

/* What the metadata says: texts only, by the format. */
static enum impasto_status read_metadata(const struct reader *reader,
                                         struct impasto_weights_info *info)
{
    const char *key;
    json_t *value, *metadata = json_object_get(reader->header, "__metadata__");
    if (metadata == NULL)
        return IMPASTO_OK;
    if (!json_is_object(metadata))
        return damaged(reader, "its metadata is not a JSON object");
    json_object_foreach(metadata, key, value)
    {
        if (!json_is_string(value))
            return damaged(reader, "its metadata holds something else than text");
    }
    const char *convention = json_string_value(json_object_get(metadata, IMP_CONVENTION_KEY));
    if (convention != NULL && strcmp(convention, IMP_CONVENTION_CAFFE) == 0)
        info->convention = IMPASTO_CONVENTION_CAFFE;
    else if (convention != NULL && strcmp(convention, IMP_CONVENTION_TORCHVISION) == 0)
        info->convention = IMPASTO_CONVENTION_TORCHVISION;
    else if (convention != NULL)
        return imp_fail(reader->error, IMPASTO_ERROR_WEIGHTS,
                        "%s: its metadata says " IMP_CONVENTION_KEY
                        " \"%.40s\", which is unknown; it must be " IMP_CONVENTION_CAFFE
                        " or " IMP_CONVENTION_TORCHVISION,
                        reader->path, convention);
    const char *generated = json_string_value(json_object_get(metadata, IMP_GENERATED_KEY));
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
        snprintf(name, NAME_SIZE, "%sblock%d_conv%s.%s", prefix, shape->block,
                 strchr(shape->name, '_') + 1, kind);
    else
        snprintf(name, NAME_SIZE, "%sfeatures.%d.%s", prefix, features[layer], kind);
}

/* Finds which naming the file follows, by conv1_1.weight, and what stands before every name, such
 * as "model." (a file of a larger model). Names without a prefix win. */
static enum impasto_status find_naming(const struct reader *reader, char prefix[NAME_SIZE],
                                       enum naming *naming)
{
    char wanted[NAME_SIZE];
    bool found = false;
    *naming = NAMING_CONV;
    prefix[0] = '\0';
    for (int i = 0; i < NAMINGS; i++) {
        tensor_name(wanted, "", (enum naming)i, 0, "weight");
        if (json_object_get(reader->header, wanted) != NULL) {
            *naming = (enum naming)i;
            return IMPASTO_OK;
        }
    }
    for (int i = 0; i < NAMINGS; i++) {
        const char *name;
        json_t *tensor;
        tensor_name(wanted, "", (enum naming)i, 0, "weight");
        json_object_foreach(reader->header, name, tensor)
        {
            const size_t length = strlen(name), tail = strlen(wanted);
            /* Half of a name's space for the prefix leaves enough for the rest of any name. */
            if (length <= tail || length - tail >= NAME_SIZE / 2 ||
                strcmp(name + length - tail, wanted) != 0 || name[length - tail - 1] != '.')
                continue;
            if (found)
                return imp_fail(reader->error, IMPASTO_ERROR_WEIGHTS,
                                "%s: holds several networks (%s and %s%s); extract one of them",
                                reader->path, name, prefix, wanted);
            memcpy(prefix, name, length - tail);
            prefix[length - tail] = '\0';
            *naming = (enum naming)i;
            found = true;
        }
    }
    return IMPASTO_OK;
}

/* "[64,3,3,3]"; what does not fit is cut. */
static void describe_shape(char text[SHAPE_SIZE], const json_t *shape)
{
    size_t used = (size_t)snprintf(text, SHAPE_SIZE, "[");
    for (size_t i = 0; i < json_array_size(shape) && used < SHAPE_SIZE - 32; i++)
        used += (size_t)snprintf(text + used, SHAPE_SIZE - used, "%s%lld", i == 0 ? "" : ",",
                                 (long long)json_integer_value(json_array_get(shape, i)));
    snprintf(text + used, SHAPE_SIZE - used, "]");
}

static float from_half(unsigned half)
{
    const unsigned exponent = half >> 10 & 31, fraction = half & 1023;
    uint32_t bits = (uint32_t)(half & 0x8000) << 16;
    float value;
    if (exponent == 31) {
        bits |= 0x7f800000u | fraction << 13; /* infinity or NaN */
    } else if (exponent != 0) {
        bits |= (exponent + 112) << 23 | fraction << 13; /* 112: the biases' difference, 127 - 15 */
    } else {
        value = (float)fraction * 0x1p-24f; /* zero or subnormal */
        return half & 0x8000 ? -value : value;
    }
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static float from_single(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

/* Reads count elements at `offset` of the data, F16 or F32. */
static enum impasto_status read_values(const struct reader *reader, uint64_t offset, bool half,
                                       size_t count, float *out)
{
    unsigned char chunk[CHUNK];
    const size_t size = half ? 2 : 4;
    while (count > 0) {
        const size_t step = count < CHUNK / size ? count : CHUNK / size;
        IMP_TRY(read_at(reader, chunk, step * size, reader->data_start + offset));
        for (size_t i = 0; i < step; i++) {
            const unsigned char *b = chunk + i * size;
            out[i] = half ? from_half((unsigned)b[0] | (unsigned)b[1] << 8)
                          : from_single((uint32_t)b[0] | (uint32_t)b[1] << 8 |
                                        (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24);
        }
        out += step;
        count -= step;
        offset += step * size;
    }
    return IMPASTO_OK;
}

/* Reads a tensor that must have this shape. */
static enum impasto_status read_tensor(const struct reader *reader, const char *name,
                                       const json_int_t *shape, size_t rank, float *out)
{
    const json_t *tensor = json_object_get(reader->header, name);
    const json_t *found = json_object_get(tensor, "shape");
    const char *dtype = json_string_value(json_object_get(tensor, "dtype"));
    char found_text[SHAPE_SIZE], wanted_text[SHAPE_SIZE];
    size_t count = 1, used = 0;
    bool same = json_array_size(found) == rank;
    uint64_t offset;
    for (size_t i = 0; i < rank; i++) {
        same = same && json_integer_value(json_array_get(found, i)) == shape[i];
        count *= (size_t)shape[i];
        used += (size_t)snprintf(wanted_text + used, SHAPE_SIZE - used, "%s%lld",
                                 i == 0 ? "[" : ",", (long long)shape[i]);
    }
    describe_shape(found_text, found);
    if (!same)
        return imp_fail(reader->error, IMPASTO_ERROR_WEIGHTS,
                        "%s: tensor %s has the shape %s but VGG19's is %s]; other weights are "
                        "needed",
                        reader->path, name, found_text, wanted_text);
    const bool half = strcmp(dtype, "F16") == 0;
    if (!half && strcmp(dtype, "F32") != 0)
        return imp_fail(reader->error, IMPASTO_ERROR_WEIGHTS,
                        "%s: tensor %s is of type %.20s, but only F32 and F16 are read; save it as "
                        "one of them",
                        reader->path, name, dtype);
    if (!read_count(json_array_get(json_object_get(tensor, "data_offsets"), 0), &offset))
        return damaged(reader, "a data range is malformed");
    IMP_TRY(read_values(reader, offset, half, count, out));
    return imp_weights_check_finite(reader->path, name, out, count, reader->error);
}

static enum impasto_status read_layer(const struct reader *reader, int i,
                                      struct imp_layer_weights *layer)
{
    char name[NAME_SIZE];
    const json_int_t in = imp_layer_shapes[i].in_channels;
    const json_int_t out = imp_layer_shapes[i].out_channels;
    IMP_TRY(imp_weights_allocate(layer, i, reader->error));
    tensor_name(name, reader->prefix, reader->naming, i, "weight");
    IMP_TRY(read_tensor(reader, name, (const json_int_t[]){out, in, 3, 3}, 4, layer->weight));
    tensor_name(name, reader->prefix, reader->naming, i, "bias");
    return read_tensor(reader, name, (const json_int_t[]){out}, 1, layer->bias);
}

/* Reads every layer once, for the checks. */
static enum impasto_status check_layers(struct reader *reader, struct impasto_weights_info *info)
{
    char name[NAME_SIZE];
    bool weight[IMPASTO_LAYERS], bias[IMPASTO_LAYERS];
    IMP_TRY(find_naming(reader, reader->prefix, &reader->naming));
    for (int i = 0; i < IMPASTO_LAYERS; i++) {
        tensor_name(name, reader->prefix, reader->naming, i, "weight");
        weight[i] = json_object_get(reader->header, name) != NULL;
        tensor_name(name, reader->prefix, reader->naming, i, "bias");
        bias[i] = json_object_get(reader->header, name) != NULL;
    }
    IMP_TRY(imp_weights_count(reader->path, weight, bias, &info->layers, reader->error));
    if (info->convention == IMPASTO_CONVENTION_AUTO)
        info->convention = naming_conventions[reader->naming];
    enum impasto_status status = IMPASTO_OK;
    for (int i = 0; i < info->layers && status == IMPASTO_OK; i++) {
        struct imp_layer_weights layer = {0};
        status = read_layer(reader, i, &layer);
        free(layer.weight);
        free(layer.bias);
    }
    return status;
}

static void close_reader(void *state)
{
    struct reader *reader = state;
    json_decref(reader->header);
    if (reader->descriptor >= 0)
        close(reader->descriptor);
    free(reader->path);
    free(reader);
}

static enum impasto_status load(const char *path, struct impasto_weights *weights,
                                struct impasto_error *error)
{
    struct reader *reader = calloc(1, sizeof(*reader));
    if (reader == NULL || (reader->path = strdup(path)) == NULL) {
        free(reader);
        return imp_fail_memory(error, "a weights file", sizeof(*reader));
    }
    weights->state = reader;
    reader->error = error;
    reader->descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (reader->descriptor < 0)
        return imp_fail(error, IMPASTO_ERROR_WEIGHTS, "%s: %s", path, strerror(errno));
    IMP_TRY(read_header(reader));
    IMP_TRY(check_tensors(reader));
    IMP_TRY(read_metadata(reader, &weights->info));
    return check_layers(reader, &weights->info);
}

static enum impasto_status layer_of(const struct impasto_weights *weights, int layer,
                                    struct imp_layer_weights *out, struct impasto_error *error)
{
    struct reader *reader = weights->state;
    reader->error = error;
    return read_layer(reader, layer, out);
}

const struct imp_weights_format imp_weights_safetensors = {
    .name = "safetensors",
    .probe = probe,
    .load = load,
    .layer = layer_of,
    .close = close_reader,
};
