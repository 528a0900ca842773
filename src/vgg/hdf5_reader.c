/* SPDX-License-Identifier: MIT */
/* The only file that knows libhdf5, and the whole of a module. What a file should hold is
 * weights_keras.c's to judge; here sizes are checked before anything of that size is allocated. */

#include "vgg/hdf5_reader.h"

#include <hdf5.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of a chunk of a compressed array: the largest array that is read has 9 MiB. */
#define CHUNK_LIMIT (16u << 20)

_Static_assert(IMP_HDF5_RANK >= H5S_MAX_RANK, "an array's extents need room");

/* Refuses to follow a link into another file. */
static herr_t refuse_link(const char *parent_file, const char *parent_group, const char *child_file,
                          const char *child_object, unsigned *flags, hid_t access, void *user)
{
    (void)parent_file, (void)parent_group, (void)child_file, (void)child_object;
    (void)flags, (void)access, (void)user;
    return -1;
}

/* A group or dataset access list that stays within the file; the caller closes it. */
static hid_t within_file(hid_t list_class)
{
    const hid_t list = H5Pcreate(list_class);
    if (list >= 0)
        H5Pset_elink_cb(list, refuse_link, NULL);
    return list;
}

/* Files are only read, so a file system without locks is as good as any. */
static int64_t open_file(const char *path)
{
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL); /* libhdf5 prints its failures unless told not to */
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
#if H5_VERSION_GE(1, 10, 7)
    H5Pset_file_locking(access, false, true);
#endif
    const hid_t file = H5Fopen(path, H5F_ACC_RDONLY, access);
    H5Pclose(access);
    return file;
}

static int64_t open_group(int64_t at, const char *name)
{
    const hid_t access = within_file(H5P_GROUP_ACCESS);
    const hid_t group = H5Gopen2((hid_t)at, name, access);
    H5Pclose(access);
    return group;
}

static int64_t open_array(int64_t group, const char *name)
{
    const hid_t access = within_file(H5P_DATASET_ACCESS);
    const hid_t array = H5Dopen2((hid_t)group, name, access);
    H5Pclose(access);
    return array;
}

static void close_opened(int64_t opened)
{
    H5Idec_ref((hid_t)opened);
}

static bool has_attribute(int64_t group, const char *name)
{
    return H5Aexists((hid_t)group, name) > 0;
}

static bool has_member(int64_t group, const char *name)
{
    return H5Lexists((hid_t)group, name, H5P_DEFAULT) > 0;
}

/* Reads `count` texts of an open attribute whose texts are pointers. */
static bool read_pointers(hid_t attribute, hid_t type, hid_t space,
                          const struct imp_hdf5_names *names)
{
    char **texts = calloc(names->count, sizeof(*texts));
    bool good = texts != NULL && H5Aread(attribute, type, texts) >= 0;
    for (size_t i = 0; good && i < names->count; i++) {
        good = texts[i] != NULL && strlen(texts[i]) < IMP_HDF5_NAME;
        if (good)
            memcpy(names->name[i], texts[i], strlen(texts[i]) + 1);
    }
    if (texts != NULL)
        H5Dvlen_reclaim(type, space, H5P_DEFAULT, texts);
    free(texts);
    return good;
}

/* Reads an open attribute of texts, of fixed or variable length. */
static bool read_texts(hid_t attribute, struct imp_hdf5_names *names)
{
    const hid_t stored = H5Aget_type(attribute), space = H5Aget_space(attribute);
    const hid_t type = H5Tcopy(H5T_C_S1);
    const hssize_t count = H5Sget_simple_extent_npoints(space);
    const htri_t pointers = H5Tis_variable_str(stored);
    bool good = H5Tget_class(stored) == H5T_STRING && pointers >= 0 && count > 0 &&
                count <= IMP_HDF5_NAMES && (pointers > 0 || H5Tget_size(stored) < IMP_HDF5_NAME);
    /* Read as it is stored, but for the length: libhdf5 does not convert between character sets. */
    good = good && H5Tset_size(type, pointers > 0 ? H5T_VARIABLE : IMP_HDF5_NAME) >= 0 &&
           H5Tset_cset(type, H5Tget_cset(stored)) >= 0;
    if (good) {
        names->count = (size_t)count;
        names->name = calloc(names->count, sizeof(*names->name));
        good = names->name != NULL && (pointers > 0 ? read_pointers(attribute, type, space, names)
                                                    : H5Aread(attribute, type, names->name) >= 0);
    }
    for (size_t i = 0; good && i < names->count; i++)
        good = memchr(names->name[i], '\0', IMP_HDF5_NAME) != NULL;
    H5Tclose(type);
    H5Sclose(space);
    H5Tclose(stored);
    return good;
}

static bool read_names(int64_t group, const char *attribute, struct imp_hdf5_names *names)
{
    *names = (struct imp_hdf5_names){0};
    const hid_t opened = H5Aopen((hid_t)group, attribute, H5P_DEFAULT);
    if (opened < 0)
        return false;
    const bool good = read_texts(opened, names);
    H5Aclose(opened);
    return good;
}

static int shape(int64_t array, uint64_t extents[IMP_HDF5_RANK])
{
    hsize_t found[H5S_MAX_RANK] = {0};
    const hid_t space = H5Dget_space((hid_t)array);
    const int rank = H5Sget_simple_extent_dims(space, found, NULL);
    H5Sclose(space);
    for (int i = 0; i < rank; i++)
        extents[i] = found[i];
    return rank;
}

/* Whether a chunk can be held in memory. */
static bool sound_chunks(hid_t creation, uint64_t bytes)
{
    hsize_t extents[H5S_MAX_RANK];
    const int rank = H5Pget_chunk(creation, H5S_MAX_RANK, extents);
    bool good = rank > 0 && rank <= H5S_MAX_RANK;
    for (int i = 0; good && i < rank; i++) {
        good = extents[i] > 0 && extents[i] <= CHUNK_LIMIT && bytes <= CHUNK_LIMIT;
        bytes *= extents[i];
    }
    return good && bytes <= CHUNK_LIMIT;
}

static bool plain(int64_t array)
{
    const hid_t creation = H5Dget_create_plist((hid_t)array), type = H5Dget_type((hid_t)array);
    const H5D_layout_t layout = H5Pget_layout(creation);
    const bool good =
        H5Tget_class(type) == H5T_FLOAT && H5Pget_external_count(creation) == 0 &&
        (layout == H5D_COMPACT || layout == H5D_CONTIGUOUS ||
         (layout == H5D_CHUNKED && sound_chunks(creation, (uint64_t)H5Tget_size(type))));
    H5Tclose(type);
    H5Pclose(creation);
    return good;
}

static bool read_array(int64_t array, float *values, size_t count)
{
    const hid_t space = H5Dget_space((hid_t)array);
    const hssize_t points = H5Sget_simple_extent_npoints(space);
    H5Sclose(space);
    return points >= 0 && (uint64_t)points == count &&
           H5Dread((hid_t)array, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
}

__attribute__((visibility("default"))) const struct imp_hdf5 imp_hdf5_reader = {
    .version = IMP_VERSION,
    .open_file = open_file,
    .open_group = open_group,
    .open_array = open_array,
    .close = close_opened,
    .has_attribute = has_attribute,
    .has_member = has_member,
    .read_names = read_names,
    .shape = shape,
    .plain = plain,
    .read = read_array,
};
