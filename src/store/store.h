/* SPDX-License-Identifier: MIT */
#ifndef IMP_STORE_H
#define IMP_STORE_H

/*
 * Named tensors and texts in one file, in the format safetensors: the header's length in 8
 * little-endian bytes, the header, the data. The header is JSON. It gives each tensor a type, a
 * shape and a range of the data. store.c writes and reads files of our own, which end with a
 * checksum. safetensors.c opens files of any origin.
 */

#include "base/base.h"

struct json_t;

/* Bytes of the longest header that is read; the format itself has 100 MB. Two kinds of files come
 * near, and are asserted to fit: a checkpoint with the longest note, and a style network with the
 * pictures of as many styles as it can have. A hostile header takes up to 64 times as much memory
 * while it is parsed. */
#define IMP_STORE_HEADER_MOST (8 << 20)
/* Bytes of the header that a byte of a text may take, as JSON escapes it. */
#define IMP_STORE_ESCAPED 6
/* Bytes of a checkpoint's header beside its note: the job or training as JSON, with numbers of each
 * layer and sums of each picture, and the tensors' entries. */
#define IMP_STORE_BESIDE_NOTE (1 << 20)

/* ---- safetensors.c --------------------------------------------------------------------------- */

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

/* The largest number of dimensions of a tensor that is written, or read as floats. */
#define IMP_STORE_RANK 4

/* ---- floats.c -------------------------------------------------------------------------------- */

float imp_float_of_half(uint16_t half);
/* Rounded to the nearest; infinite beyond 65504. */
uint16_t imp_half_of_float(float value);

/* A tensor that must be there in this shape, of type F32 or F16. */
struct imp_safetensors_floats {
    const char *name;
    int rank;
    int shape[IMP_STORE_RANK];
    const char *whose; /* for the message that it has another: "VGG19's" */
};
enum impasto_status imp_safetensors_read_floats(const struct imp_safetensors *file,
                                                const struct imp_safetensors_floats *wanted,
                                                float *out, struct impasto_error *error);
/* A tensor's rank and the first IMP_STORE_RANK of its dimensions; -1: there is none. */
int imp_safetensors_shape(const struct imp_safetensors *file, const char *name,
                          int64_t shape[IMP_STORE_RANK]);
/* Whether all values are finite; otherwise IMPASTO_ERROR_WEIGHTS. */
enum impasto_status imp_floats_check(const char *path, const char *name, const float *values,
                                     size_t count, struct impasto_error *error);

/* ---- store.c --------------------------------------------------------------------------------- */

/* A text of the metadata; NULL: it is left out. */
struct imp_store_text {
    const char *key, *text;
};

/*
 * A tensor and the way to its numbers, which lie with their owner and are moved in pieces, in
 * order. `read` fills a piece from them, for a file that is written. `write` puts a piece there,
 * from a file that is read. Offset and size are in bytes, and multiples of an element's. A callback
 * that fails says why in the place that the whole call was given as `error`.
 */
struct imp_store_tensor {
    const char *name;
    bool doubles; /* F64; else F32 */
    bool halves;  /* F16 in a file that is written; the owner's are floats */
    size_t count; /* elements */
    int rank;     /* of the shape; 0: one dimension of `count` */
    int shape[IMP_STORE_RANK];
    enum impasto_status (*read)(void *user, size_t offset, void *piece, size_t size);
    enum impasto_status (*write)(void *user, size_t offset, const void *piece, size_t size);
    void *user;
};

/* One in the host's memory: `count` floats or doubles. */
struct imp_store_tensor imp_store_floats(const char *name, float *values, size_t count);
struct imp_store_tensor imp_store_doubles(const char *name, double *values, size_t count);

/* What goes into a file. Texts and tensors keep their order. */
struct imp_store_contents {
    const char *what; /* for messages of too little memory, e.g. "a checkpoint" */
    const struct imp_store_text *texts;
    size_t text_count;
    const struct imp_store_tensor *tensors;
    size_t tensor_count;
    bool checksum; /* ends with one, which imp_store_open asks for */
};
/* The file appears whole or not at all. */
enum impasto_status imp_store_write(const char *path, const struct imp_store_contents *contents,
                                    struct impasto_error *error);

/* A kind of files, told by its first text: that key and the number of the format. */
struct imp_store_kind {
    const char *key;    /* "impasto.checkpoint" */
    int format;         /* raised with every change that an older reader would misunderstand */
    const char *what;   /* "a checkpoint" */
    const char *advice; /* where the file is damaged: "begin anew" */
};

struct imp_store {
    struct imp_safetensors file;
    const struct imp_store_kind *kind;
};

/* Opens a file of that kind, with its header and checksum checked. On failure there is nothing to
 * close. */
enum impasto_status imp_store_open(const char *path, const struct imp_store_kind *kind,
                                   struct imp_store *store, struct impasto_error *error);
/* Also of a zeroed one. */
void imp_store_close(struct imp_store *store);
/* NULL: there is no such text. It lives as long as the file is open. */
const char *imp_store_text(const struct imp_store *store, const char *key);
/* Elements of the tensor of that name and type; 0: there is none. */
size_t imp_store_count(const struct imp_store *store, const char *name, bool doubles);
/* Hands the tensor's numbers to its `write`. Where the file has no such tensor, or one of another
 * size, the file is damaged. */
enum impasto_status imp_store_read(const struct imp_store *store,
                                   const struct imp_store_tensor *tensor,
                                   struct impasto_error *error);
/* A failure to blame on the file. */
enum impasto_status imp_store_damaged(const struct imp_store *store, struct impasto_error *error);

/* ---- ledger.c -------------------------------------------------------------------------------- */

/*
 * Numbers of the host on their way to a file or back. One walk through them does both. When saving,
 * they are written to the array as far as it has room. Without an array they are only counted. When
 * loading, they are read from it. `wrong` is set where it is too short or has an impossible value.
 */
struct imp_ledger {
    double *numbers;
    size_t size, at;
    bool loading, wrong;
};
void imp_ledger_number(struct imp_ledger *ledger, double *number);
/* From low to high. */
void imp_ledger_integer(struct imp_ledger *ledger, int *number, int low, int high);
void imp_ledger_flag(struct imp_ledger *ledger, bool *flag);

#endif
