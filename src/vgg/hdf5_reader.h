/* SPDX-License-Identifier: MIT */
#ifndef IMP_VGG_HDF5_READER_H
#define IMP_VGG_HDF5_READER_H

/*
 * What weights_keras.c needs of libhdf5, which brings some thirty libraries. hdf5_reader.c offers
 * it from a module of its own, which is loaded when a file is in this format. So it uses nothing of
 * the library.
 *
 * What is opened is a number, negative where that failed; `close` closes any.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMP_HDF5_MODULE "impasto_hdf5.so"

/* Dimensions of an array, at most. */
#define IMP_HDF5_RANK 32
/* Names in an attribute, and bytes of one name: far above any network's. */
#define IMP_HDF5_NAMES 4096
#define IMP_HDF5_NAME 256

struct imp_hdf5_names {
    size_t count;
    char (*name)[IMP_HDF5_NAME];
};

struct imp_hdf5 {
    const char *version; /* Impasto's, which must be the library's */
    /* For reading. Failures of libhdf5 are not printed from then on. */
    int64_t (*open_file)(const char *path);
    /* Neither follows a link into another file. */
    int64_t (*open_group)(int64_t at, const char *name);
    int64_t (*open_array)(int64_t group, const char *name);
    void (*close)(int64_t opened);
    bool (*has_attribute)(int64_t group, const char *name);
    bool (*has_member)(int64_t group, const char *name);
    /* Reads an attribute of texts; the caller frees names->name, also after a failure. */
    bool (*read_names)(int64_t group, const char *attribute, struct imp_hdf5_names *names);
    /* Returns the rank, and as many extents; negative: it has none. */
    int (*shape)(int64_t array, uint64_t extents[IMP_HDF5_RANK]);
    /* Whether it is of floating-point numbers and lies in this very file, in pieces that memory can
     * hold. */
    bool (*plain)(int64_t array);
    /* Reads all of an array that has `count` values. */
    bool (*read)(int64_t array, float *values, size_t count);
};

extern const struct imp_hdf5 imp_hdf5_reader;
#define IMP_HDF5_TABLE "imp_hdf5_reader"

#endif
