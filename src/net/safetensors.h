/* SPDX-License-Identifier: MIT */
#ifndef IMP_SAFETENSORS_H
#define IMP_SAFETENSORS_H

/*
 * The container that weights and checkpoints are kept in: 8 bytes of little-endian header length, a
 * JSON header that gives each tensor a type, a shape and a range of the data after it, the data.
 */

#include "base/base.h"

struct json_t;

/* ---- safetensors_file.c ---------------------------------------------------------------------- */

/* An open file whose header has been checked whole, as the format's own reader does. */
struct imp_safetensors {
    char *path;
    enum impasto_status blame; /* the status of failures that are the file's */
    int descriptor;
    uint64_t data_start, data_size; /* bytes */
    struct json_t *header;
};

/* what: for messages of too little memory, e.g. "a weights file". On failure there is nothing to
 * close. */
enum impasto_status imp_safetensors_open(const char *path, const char *what,
                                         enum impasto_status blame, struct imp_safetensors *file,
                                         struct impasto_error *error);
/* Also of a zeroed one. */
void imp_safetensors_close(struct imp_safetensors *file);
/* A failure to blame on the file. what: e.g. "it ends early". */
enum impasto_status imp_safetensors_damaged(const struct imp_safetensors *file,
                                            struct impasto_error *error, const char *what);
/* Of the metadata; NULL: there is no such key. */
const char *imp_safetensors_text(const struct imp_safetensors *file, const char *key);
/* Where a tensor of this type lies: bytes, offset from the beginning of the data. false: there is
 * none. */
bool imp_safetensors_find(const struct imp_safetensors *file, const char *name, const char *dtype,
                          uint64_t *offset, uint64_t *size);
/* Reads `size` bytes at `offset` of the data. */
enum impasto_status imp_safetensors_read(const struct imp_safetensors *file, uint64_t offset,
                                         size_t size, void *out, struct impasto_error *error);

/* ---- safetensors_save.c ---------------------------------------------------------------------- */

/* Adds a tensor's entry (which takes the shape over) and moves *offset past its data. 0, or -1
 * where there is no memory. */
int imp_safetensors_describe(struct json_t *header, const char *name, const char *dtype,
                             struct json_t *shape, uint64_t *offset, uint64_t bytes);
/* What a file begins with: the header's length, and the header, padded so that the data is aligned.
 * A new block of *size bytes; NULL: no memory. Entries keep the order in which they were added. */
char *imp_safetensors_head(const struct json_t *header, size_t *size);

#endif
