/* SPDX-License-Identifier: MIT */
/*
 * Files of our own. The metadata begins with the kind and its format, so that both are found
 * without reading JSON. The last tensor is the CRC-32 of all bytes before it. Numbers go between
 * file and owner a piece at a time, as they may be larger than what the host has left.
 */

#include "base/os.h"
#include "store/store.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* The header is padded by spaces so that the data begins at a multiple of this, as the format
 * recommends. */
#define ALIGNMENT 8
/* Of the header's length, little-endian. */
#define LENGTH_BYTES 8
#define METADATA "__metadata__"
#define CHECKSUM "crc32"
/* Bytes moved at a time; a multiple of every element's size. */
#define PIECE ((size_t)1 << 20)

static size_t width_of(const struct imp_store_tensor *tensor)
{
    return tensor->doubles ? sizeof(double) : sizeof(float);
}

/* The same in the file. */
static size_t stored_width_of(const struct imp_store_tensor *tensor)
{
    return tensor->halves ? sizeof(uint16_t) : width_of(tensor);
}

static const char *dtype_of(bool doubles)
{
    return doubles ? "F64" : "F32";
}

/* Between the file's little-endian words and this machine's, in place. */
static void turn_words(unsigned char *words, size_t count, size_t width)
{
    const uint16_t one = 1;
    if (*(const unsigned char *)&one == 1)
        return;
    for (size_t i = 0; i < count; i++, words += width)
        for (size_t k = 0; k < width / 2; k++) {
            const unsigned char byte = words[k];
            words[k] = words[width - 1 - k];
            words[width - 1 - k] = byte;
        }
}

/* ---- Tensors in memory ----------------------------------------------------------------------- */

static enum impasto_status read_memory(void *user, size_t offset, void *piece, size_t size)
{
    memcpy(piece, (const char *)user + offset, size);
    return IMPASTO_OK;
}

static enum impasto_status write_memory(void *user, size_t offset, const void *piece, size_t size)
{
    memcpy((char *)user + offset, piece, size);
    return IMPASTO_OK;
}

struct imp_store_tensor imp_store_floats(const char *name, float *values, size_t count)
{
    return (struct imp_store_tensor){
        .name = name, .count = count, .read = read_memory, .write = write_memory, .user = values};
}

struct imp_store_tensor imp_store_doubles(const char *name, double *values, size_t count)
{
    return (struct imp_store_tensor){.name = name,
                                     .doubles = true,
                                     .count = count,
                                     .read = read_memory,
                                     .write = write_memory,
                                     .user = values};
}

/* ---- Writing --------------------------------------------------------------------------------- */

/* Adds a tensor's entry (which takes the shape over) and moves *offset past its data. 0, or -1
 * where there is no memory. */
static int describe(json_t *header, const char *name, const char *dtype, json_t *shape,
                    uint64_t *offset, uint64_t bytes)
{
    const uint64_t end = *offset + bytes;
    json_t *tensor = json_pack("{s:s, s:o, s:[I, I]}", "dtype", dtype, "shape", shape,
                               "data_offsets", (json_int_t)*offset, (json_int_t)end);
    *offset = end;
    return json_object_set_new(header, name, tensor);
}

static int describe_tensor(json_t *header, const struct imp_store_tensor *tensor, uint64_t *offset)
{
    json_t *shape = json_array();
    int failed = 0;
    for (int i = 0; i < tensor->rank; i++)
        failed |= json_array_append_new(shape, json_integer(tensor->shape[i]));
    if (tensor->rank == 0)
        failed |= json_array_append_new(shape, json_integer((json_int_t)tensor->count));
    failed |= describe(header, tensor->name, tensor->halves ? "F16" : dtype_of(tensor->doubles),
                       shape, offset, (uint64_t)tensor->count * stored_width_of(tensor));
    return failed;
}

/* What a file begins with: the header's length, and the header, padded. A new block of *size bytes;
 * NULL: no memory. */
static char *make_head(const json_t *header, size_t *size)
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

/* The same for these contents. */
static char *head_of(const struct imp_store_contents *contents, size_t *size)
{
    uint64_t offset = 0;
    json_t *header = json_object(), *metadata = json_object();
    int failed = json_object_set_new(header, METADATA, metadata);
    for (size_t i = 0; i < contents->text_count && failed == 0; i++)
        if (contents->texts[i].text != NULL)
            failed |= json_object_set_new(metadata, contents->texts[i].key,
                                          json_string(contents->texts[i].text));
    for (size_t i = 0; i < contents->tensor_count && failed == 0; i++)
        failed |= describe_tensor(header, &contents->tensors[i], &offset);
    if (contents->checksum && failed == 0)
        failed |= describe(header, CHECKSUM, "U32", json_pack("[i]", 1), &offset, sizeof(uint32_t));
    char *head = failed == 0 ? make_head(header, size) : NULL;
    json_decref(header);
    return head;
}

struct writer {
    FILE *stream;
    uint32_t checksum;
    bool failed; /* which marks the stream, too: the commit reports it */
};

static void put(struct writer *writer, const void *data, size_t size)
{
    writer->checksum = imp_checksum(writer->checksum, data, size);
    writer->failed = fwrite(data, 1, size, writer->stream) != size;
}

/* Floats of a piece as halves, in place. */
static void halve(unsigned char *piece, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        float value;
        memcpy(&value, piece + i * sizeof(value), sizeof(value));
        const uint16_t half = imp_half_of_float(value);
        memcpy(piece + i * sizeof(half), &half, sizeof(half));
    }
}

static enum impasto_status put_tensor(struct writer *writer, const struct imp_store_tensor *tensor,
                                      unsigned char *piece)
{
    const size_t width = width_of(tensor), bytes = tensor->count * width;
    const size_t stored = stored_width_of(tensor);
    for (size_t at = 0; at < bytes && !writer->failed; at += PIECE) {
        const size_t now = bytes - at < PIECE ? bytes - at : PIECE, count = now / width;
        IMP_TRY(tensor->read(tensor->user, at, piece, now));
        if (tensor->halves)
            halve(piece, count);
        turn_words(piece, count, stored);
        put(writer, piece, count * stored);
    }
    return IMPASTO_OK;
}

static enum impasto_status put_all(struct writer *writer, const struct imp_store_contents *contents,
                                   struct impasto_error *error)
{
    enum impasto_status status = IMPASTO_OK;
    unsigned char *piece = malloc(PIECE);
    if (piece == NULL)
        return imp_fail_memory(error, contents->what, PIECE);
    for (size_t i = 0; i < contents->tensor_count && status == IMPASTO_OK; i++)
        status = put_tensor(writer, &contents->tensors[i], piece);
    memcpy(piece, &writer->checksum, sizeof(writer->checksum));
    turn_words(piece, 1, sizeof(writer->checksum));
    if (contents->checksum && status == IMPASTO_OK && !writer->failed)
        put(writer, piece, sizeof(writer->checksum));
    free(piece);
    return status;
}

enum impasto_status imp_store_write(const char *path, const struct imp_store_contents *contents,
                                    struct impasto_error *error)
{
    struct imp_file file;
    size_t size = 0;
    char *head = head_of(contents, &size);
    if (head == NULL)
        return imp_fail_memory(error, contents->what, 0);
    enum impasto_status status = imp_file_create(&file, path, error);
    if (status == IMPASTO_OK) {
        struct writer writer = {.stream = file.stream};
        put(&writer, head, size);
        status = put_all(&writer, contents, error);
        if (status == IMPASTO_OK)
            status = imp_file_commit(&file, error);
        else
            imp_file_abandon(&file);
    }
    free(head);
    return status;
}

/* ---- Reading --------------------------------------------------------------------------------- */

static enum impasto_status damaged(const char *path, const struct imp_store_kind *kind,
                                   struct impasto_error *error)
{
    return imp_fail(error, IMPASTO_ERROR_INPUT, "%s: %s that is damaged or was cut short; %s", path,
                    kind->what, kind->advice);
}

enum impasto_status imp_store_damaged(const struct imp_store *store, struct impasto_error *error)
{
    return damaged(store->file.path, store->kind, error);
}

static enum impasto_status check_regular(const char *path, const struct imp_store_kind *kind,
                                         struct impasto_error *error)
{
    struct imp_os_about about;
    if (!imp_os_look(path, &about))
        return imp_fail_file(error, IMPASTO_ERROR_INPUT, path, "cannot be read", errno);
    if (about.kind == IMP_OS_FILE)
        return IMPASTO_OK;
    return imp_fail(error, IMPASTO_ERROR_INPUT, "%s: is %s, not %s", path,
                    about.kind == IMP_OS_FOLDER ? "a folder" : "a device, pipe or socket",
                    kind->what);
}

/* Whether it is of that kind, and of a format that is known. */
static enum impasto_status probe(const char *path, const struct imp_store_kind *kind,
                                 struct impasto_error *error)
{
    char head[128] = "", beginning[96];
    IMP_TRY(check_regular(path, kind, error));
    FILE *stream = fopen(path, "rb");
    if (stream == NULL)
        return imp_fail_file(error, IMPASTO_ERROR_INPUT, path, "cannot be read", errno);
    const size_t got = fread(head, 1, sizeof(head) - 1, stream);
    fclose(stream);
    snprintf(beginning, sizeof(beginning), "{\"" METADATA "\":{\"%s\":\"", kind->key);
    const size_t length = strlen(beginning);
    if (got < LENGTH_BYTES || strncmp(head + LENGTH_BYTES, beginning, length) != 0)
        return imp_fail(error, IMPASTO_ERROR_INPUT, "%s: is not %s of Impasto", path, kind->what);
    const long format = strtol(head + LENGTH_BYTES + length, NULL, 10);
    if (format > kind->format)
        return imp_fail(error, IMPASTO_ERROR_INPUT,
                        "%s: %s of format %ld, which a newer Impasto wrote; this one, "
                        "%s, reads format %d",
                        path, kind->what, format, impasto_version(), kind->format);
    if (format > 0 && format < kind->format)
        return imp_fail(error, IMPASTO_ERROR_INPUT,
                        "%s: %s of format %ld, which an older Impasto wrote; this one, %s, reads "
                        "format %d; begin anew, or go on with the older one",
                        path, kind->what, format, impasto_version(), kind->format);
    return format == kind->format ? IMPASTO_OK : damaged(path, kind, error);
}

/* The checksum is at the end, whatever the header says. */
static enum impasto_status check_sum(const struct imp_store *store, struct impasto_error *error)
{
    const struct imp_safetensors *file = &store->file;
    unsigned char *piece = malloc(PIECE), last[4];
    uint64_t offset, size;
    uint32_t checksum = 0, written = 0;
    if (piece == NULL)
        return imp_fail_memory(error, store->kind->what, PIECE);
    const uint64_t total = file->data_start + file->data_size;
    bool sound = imp_safetensors_find(file, CHECKSUM, "U32", &offset, &size) &&
                 size == sizeof(last) && offset + size == file->data_size &&
                 imp_os_read_at(file->descriptor, last, sizeof(last), total - sizeof(last)) ==
                     (ptrdiff_t)sizeof(last);
    for (uint64_t at = 0; sound && at < total - sizeof(last);) {
        const uint64_t left = total - sizeof(last) - at;
        const ptrdiff_t got =
            imp_os_read_at(file->descriptor, piece, left < PIECE ? (size_t)left : PIECE, at);
        sound = got > 0;
        if (sound)
            checksum = imp_checksum(checksum, piece, (size_t)got);
        at += sound ? (uint64_t)got : 0;
    }
    free(piece);
    for (size_t i = 0; sound && i < sizeof(last); i++)
        written |= (uint32_t)last[i] << 8 * i;
    return sound && checksum == written ? IMPASTO_OK : imp_store_damaged(store, error);
}

enum impasto_status imp_store_open(const char *path, const struct imp_store_kind *kind,
                                   struct imp_store *store, struct impasto_error *error)
{
    *store = (struct imp_store){.kind = kind};
    IMP_TRY(probe(path, kind, error));
    enum impasto_status status =
        imp_safetensors_open(path, kind->what, IMPASTO_ERROR_INPUT, &store->file, error);
    if (status != IMPASTO_OK)
        return status == IMPASTO_ERROR_INPUT ? damaged(path, kind, error) : status;
    status = check_sum(store, error);
    if (status != IMPASTO_OK)
        imp_store_close(store);
    return status;
}

void imp_store_close(struct imp_store *store)
{
    imp_safetensors_close(&store->file);
}

const char *imp_store_text(const struct imp_store *store, const char *key)
{
    return imp_safetensors_text(&store->file, key);
}

size_t imp_store_count(const struct imp_store *store, const char *name, bool doubles)
{
    uint64_t offset, size;
    if (!imp_safetensors_find(&store->file, name, dtype_of(doubles), &offset, &size))
        return 0;
    return (size_t)size / (doubles ? sizeof(double) : sizeof(float));
}

/* Moves `size` bytes at `offset` of the data to the tensor's owner. */
static enum impasto_status hand_over(const struct imp_store *store,
                                     const struct imp_store_tensor *tensor, uint64_t offset,
                                     uint64_t size, unsigned char *piece,
                                     struct impasto_error *error)
{
    const size_t width = width_of(tensor);
    for (uint64_t at = 0; at < size; at += PIECE) {
        const size_t now = size - at < PIECE ? (size_t)(size - at) : PIECE;
        IMP_TRY(imp_safetensors_read(&store->file, offset + at, now, piece, error));
        turn_words(piece, now / width, width);
        IMP_TRY(tensor->write(tensor->user, (size_t)at, piece, now));
    }
    return IMPASTO_OK;
}

enum impasto_status imp_store_read(const struct imp_store *store,
                                   const struct imp_store_tensor *tensor,
                                   struct impasto_error *error)
{
    uint64_t offset, size;
    if (!imp_safetensors_find(&store->file, tensor->name, dtype_of(tensor->doubles), &offset,
                              &size) ||
        size != (uint64_t)tensor->count * width_of(tensor))
        return imp_store_damaged(store, error);
    unsigned char *piece = malloc(PIECE);
    if (piece == NULL)
        return imp_fail_memory(error, store->kind->what, PIECE);
    const enum impasto_status status = hand_over(store, tensor, offset, size, piece, error);
    free(piece);
    return status;
}
