/* SPDX-License-Identifier: MIT */
/* Opening safetensors: the header, checked, and ranges of the data when they are wanted. */

#include "base/os.h"
#include "store/store.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Bytes that a JSON value may take in memory for one in the file; measured 48 for empty arrays. */
#define JSON_GROWTH 64
/* Fits the longest text about a tensor's name. */
#define NAME_SIZE 256

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

struct range {
    uint64_t begin, end; /* bytes of the data */
    const char *name;
};

enum impasto_status imp_safetensors_damaged(const struct imp_safetensors *file,
                                            struct impasto_error *error, const char *what)
{
    return imp_fail(error, file->blame, "%s: not sound safetensors: %s; get the file anew",
                    file->path, what);
}

/* Reads `size` bytes at `offset` of the file. */
static enum impasto_status read_at(const struct imp_safetensors *file, void *out, size_t size,
                                   uint64_t offset, struct impasto_error *error)
{
    unsigned char *to = out;
    while (size > 0) {
        const ptrdiff_t got = imp_os_read_at(file->descriptor, to, size, offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return imp_fail_file(error, file->blame, file->path, "cannot be read", errno);
        if (got == 0)
            return imp_safetensors_damaged(file, error, "it ends early");
        to += got;
        size -= (size_t)got;
        offset += (uint64_t)got;
    }
    return IMPASTO_OK;
}

enum impasto_status imp_safetensors_read(const struct imp_safetensors *file, uint64_t offset,
                                         size_t size, void *out, struct impasto_error *error)
{
    return read_at(file, out, size, file->data_start + offset, error);
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
static enum impasto_status read_header(struct imp_safetensors *file, const char *what,
                                       struct impasto_error *error)
{
    unsigned char bytes[8];
    struct imp_os_about about;
    uint64_t length = 0;
    if (!imp_os_look_open(file->descriptor, &about))
        return imp_fail_file(error, file->blame, file->path, "cannot be read", errno);
    const uint64_t size = about.size;
    _Static_assert(IMP_STORE_HEADER_MOST == (8 << 20), "a message has another number");
    IMP_TRY(read_at(file, bytes, sizeof(bytes), 0, error));
    for (int i = 7; i >= 0; i--)
        length = length << 8 | bytes[i];
    if (length > IMP_STORE_HEADER_MOST)
        return imp_safetensors_damaged(file, error, "its header claims more than 8 MiB");
    if (size < sizeof(bytes) || length > size - sizeof(bytes))
        return imp_safetensors_damaged(file, error, "it ends within its header");
    if (imp_host_memory() / JSON_GROWTH < length)
        return imp_fail_memory(error, what, (size_t)length * JSON_GROWTH);
    file->data_start = sizeof(bytes) + length;
    file->data_size = size - file->data_start;
    char *text = malloc((size_t)length + 1);
    if (text == NULL)
        return imp_fail_memory(error, what, (size_t)length);
    text[length] = '\0'; /* for the look at its first character */
    const enum impasto_status status = read_at(file, text, (size_t)length, sizeof(bytes), error);
    json_error_t problem;
    if (status == IMPASTO_OK && text[0] == '{')
        file->header = json_loadb(text, (size_t)length, JSON_REJECT_DUPLICATES, &problem);
    free(text);
    if (status != IMPASTO_OK)
        return status;
    if (file->header == NULL)
        return imp_safetensors_damaged(file, error,
                                       "its header is not a JSON object without duplicate keys");
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
static enum impasto_status check_tensor(const struct imp_safetensors *file, const char *name,
                                        const json_t *tensor, struct range *range,
                                        struct impasto_error *error)
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
        return imp_safetensors_damaged(file, error, what);
    bool overflow = false;
    for (size_t i = 0; i < json_array_size(shape); i++) {
        uint64_t extent;
        if (!read_count(json_array_get(shape, i), &extent))
            return imp_safetensors_damaged(file, error, what);
        overflow = overflow || (extent != 0 && count > UINT64_MAX / extent);
        count *= extent;
    }
    snprintf(what, sizeof(what), "the data range of tensor %.200s does not fit its shape and type",
             name);
    if (range->begin > range->end || overflow)
        return imp_safetensors_damaged(file, error, what);
    if (bits != 0 && (count > UINT64_MAX / bits || count * bits % 8 != 0 ||
                      count * bits / 8 != range->end - range->begin))
        return imp_safetensors_damaged(file, error, what);
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
static enum impasto_status check_ranges(const struct imp_safetensors *file,
                                        const struct range *ranges, size_t count,
                                        struct impasto_error *error)
{
    uint64_t position = 0;
    char what[NAME_SIZE + 64];
    for (size_t i = 0; i < count; i++) {
        snprintf(what, sizeof(what), "the data of tensor %.200s %s", ranges[i].name,
                 ranges[i].begin < position ? "overlaps another's" : "comes after a hole");
        if (ranges[i].begin != position)
            return imp_safetensors_damaged(file, error, what);
        position = ranges[i].end;
    }
    if (position > file->data_size)
        return imp_safetensors_damaged(file, error, "it ends early");
    if (position < file->data_size)
        return imp_safetensors_damaged(file, error, "there is more data than its header describes");
    return IMPASTO_OK;
}

static enum impasto_status check_tensors(const struct imp_safetensors *file, const char *what,
                                         struct impasto_error *error)
{
    const char *name;
    json_t *tensor;
    size_t count = 0;
    enum impasto_status status = IMPASTO_OK;
    const size_t bytes = (json_object_size(file->header) + 1) * sizeof(struct range);
    struct range *ranges = malloc(bytes);
    if (ranges == NULL)
        return imp_fail_memory(error, what, bytes);
    json_object_foreach(file->header, name, tensor)
    {
        if (strcmp(name, "__metadata__") == 0)
            continue;
        status = check_tensor(file, name, tensor, &ranges[count], error);
        if (status != IMPASTO_OK)
            break;
        count++;
    }
    if (status == IMPASTO_OK) {
        qsort(ranges, count, sizeof(*ranges), compare_ranges);
        status = check_ranges(file, ranges, count, error);
    }
    free(ranges);
    return status;
}

/* The format allows texts only. */
static enum impasto_status check_metadata(const struct imp_safetensors *file,
                                          struct impasto_error *error)
{
    const char *key;
    json_t *value, *metadata = json_object_get(file->header, "__metadata__");
    if (metadata == NULL)
        return IMPASTO_OK;
    if (!json_is_object(metadata))
        return imp_safetensors_damaged(file, error, "its metadata is not a JSON object");
    json_object_foreach(metadata, key, value)
    {
        if (!json_is_string(value))
            return imp_safetensors_damaged(file, error,
                                           "its metadata holds something else than text");
    }
    return IMPASTO_OK;
}

enum impasto_status imp_safetensors_open(const char *path, const char *what,
                                         enum impasto_status blame, struct imp_safetensors *file,
                                         struct impasto_error *error)
{
    *file = (struct imp_safetensors){.path = strdup(path), .blame = blame, .descriptor = -1};
    if (file->path == NULL)
        return imp_fail_memory(error, what, strlen(path));
    enum impasto_status status = IMPASTO_OK;
    file->descriptor = imp_os_open(path, IMP_OS_READ);
    if (file->descriptor < 0)
        status = imp_fail_file(error, blame, path, "cannot be read", errno);
    if (status == IMPASTO_OK)
        status = read_header(file, what, error);
    if (status == IMPASTO_OK)
        status = check_tensors(file, what, error);
    if (status == IMPASTO_OK)
        status = check_metadata(file, error);
    if (status != IMPASTO_OK)
        imp_safetensors_close(file);
    return status;
}

void imp_safetensors_close(struct imp_safetensors *file)
{
    if (file->path == NULL)
        return;
    json_decref(file->header);
    if (file->descriptor >= 0)
        imp_os_close(file->descriptor);
    free(file->path);
    *file = (struct imp_safetensors){0};
}

const char *imp_safetensors_text(const struct imp_safetensors *file, const char *key)
{
    return json_string_value(json_object_get(json_object_get(file->header, "__metadata__"), key));
}

bool imp_safetensors_find(const struct imp_safetensors *file, const char *name, const char *dtype,
                          uint64_t *offset, uint64_t *size)
{
    const json_t *tensor = json_object_get(file->header, name);
    const json_t *offsets = json_object_get(tensor, "data_offsets");
    const char *found = json_string_value(json_object_get(tensor, "dtype"));
    uint64_t end;
    /* The header has been checked, so the ranges are sound. */
    if (found == NULL || strcmp(found, dtype) != 0 ||
        !read_count(json_array_get(offsets, 0), offset) ||
        !read_count(json_array_get(offsets, 1), &end))
        return false;
    *size = end - *offset;
    return true;
}
