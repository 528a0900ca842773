/* SPDX-License-Identifier: MIT */
/*
 * Writes small Keras files into a folder: h5_maker FOLDER. What stands before the dot of a name
 * says what must become of the file: sound ones are weights that end with conv1_1, of bad ones each
 * has one thing wrong that libhdf5 itself has nothing against.
 */

#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IN 3
#define OUT 64
#define TEXT 64

/* One thing that is wrong, or how a sound file is written. */
enum how {
    PLAIN,
    COMPRESSED,
    NEWEST,
    DOUBLES,
    WHOLE_MODEL,
    SOUND, /* all before are */
    NO_LAYERS,
    LAYERS_OF_NUMBERS,
    LAYERS_EMPTY,
    LAYERS_MANY,
    LAYERS_LONG,
    LAYERS_REFERENCES,
    LAYERS_VARIABLE_NULL,
    NO_WEIGHTS,
    WEIGHTS_EMPTY,
    WEIGHTS_TWICE,
    WEIGHTS_OTHER,
    GROUP_IS_ARRAY,
    ARRAY_IS_GROUP,
    KERNEL_MISSING,
    KERNEL_RANK_5,
    KERNEL_RANK_0,
    KERNEL_RANK_32,
    KERNEL_SWAPPED,
    KERNEL_HUGE,
    KERNEL_INTEGERS,
    KERNEL_TEXT,
    KERNEL_COMPOUND,
    KERNEL_CHUNK_HUGE,
    KERNEL_CHUNK_GROWS,
    KERNEL_EXTERNAL,
    KERNEL_VIRTUAL,
    KERNEL_LINK_OUT,
    KERNEL_LINK_LOOP,
    KERNEL_LINK_NOWHERE,
    KERNEL_NAN,
    KERNEL_UNWRITTEN_NAN,
    BIAS_RANK_2,
    BIAS_SHORT,
    BIAS_HUGE,
    BIAS_INFINITE,
    ROOT_LOOP,
    ROOT_LINK_OUT,
    HOWS
};

static void text_attribute(hid_t object, const char *name, const char *const *texts, hsize_t count)
{
    char(*fixed)[TEXT] = calloc(count, TEXT);
    const hid_t space = H5Screate_simple(1, &count, NULL), type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, TEXT);
    for (hsize_t i = 0; i < count; i++)
        snprintf(fixed[i], TEXT, "%s", texts[i % 2]);
    const hid_t id = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(id, type, fixed);
    H5Aclose(id);
    H5Tclose(type);
    H5Sclose(space);
    free(fixed);
}

/* An attribute of a type of its own, unwritten. */
static void odd_attribute(hid_t object, const char *name, hid_t type, hsize_t count)
{
    const hid_t space = H5Screate_simple(1, &count, NULL);
    const hid_t id = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    H5Aclose(id);
    H5Sclose(space);
}

static void layer_names(hid_t root, enum how how)
{
    static const char *const names[] = {"block1_conv1", "block1_conv1"};
    const hid_t text = H5Tcopy(H5T_C_S1);
    if (how == LAYERS_OF_NUMBERS) {
        odd_attribute(root, "layer_names", H5T_IEEE_F32LE, 4);
    } else if (how == LAYERS_EMPTY) {
        odd_attribute(root, "layer_names", H5T_C_S1, 0);
    } else if (how == LAYERS_MANY) {
        odd_attribute(root, "layer_names", H5T_C_S1, 60000);
    } else if (how == LAYERS_LONG) {
        H5Tset_size(text, 60000);
        odd_attribute(root, "layer_names", text, 1);
    } else if (how == LAYERS_REFERENCES) {
        odd_attribute(root, "layer_names", H5T_STD_REF_OBJ, 2);
    } else if (how == LAYERS_VARIABLE_NULL) {
        H5Tset_size(text, H5T_VARIABLE);
        odd_attribute(root, "layer_names", text, 3);
    } else if (how != NO_LAYERS) {
        text_attribute(root, "layer_names", names, 1);
    }
    H5Tclose(text);
}

static hid_t type_of(enum how how)
{
    if (how == KERNEL_INTEGERS)
        return H5Tcopy(H5T_STD_I32LE);
    if (how == KERNEL_TEXT)
        return H5Tcopy(H5T_C_S1);
    if (how == KERNEL_COMPOUND) {
        const hid_t type = H5Tcreate(H5T_COMPOUND, 8);
        H5Tinsert(type, "a", 0, H5T_IEEE_F32LE);
        H5Tinsert(type, "b", 4, H5T_IEEE_F32LE);
        return type;
    }
    return H5Tcopy(how == DOUBLES ? H5T_IEEE_F64LE : H5T_IEEE_F32LE);
}

static void write_kernel(hid_t group, enum how how, const float *values)
{
    static const float not_a_number = NAN;
    hsize_t extents[32] = {3, 3, IN, OUT}, chunk[32] = {3, 3, IN, OUT};
    int rank = 4;
    const hid_t creation = H5Pcreate(H5P_DATASET_CREATE), type = type_of(how);
    if (how == KERNEL_MISSING)
        return;
    if (how == ARRAY_IS_GROUP || how == KERNEL_LINK_LOOP || how == KERNEL_LINK_NOWHERE) {
        if (how == ARRAY_IS_GROUP)
            H5Gclose(H5Gcreate2(group, "kernel", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
        else
            H5Lcreate_soft(how == KERNEL_LINK_LOOP ? "kernel" : "/no/such", group, "kernel",
                           H5P_DEFAULT, H5P_DEFAULT);
        return;
    }
    if (how == KERNEL_LINK_OUT) {
        H5Lcreate_external("sound-0.h5", "/block1_conv1/kernel", group, "kernel", H5P_DEFAULT,
                           H5P_DEFAULT);
        return;
    }
    if (how == KERNEL_RANK_5 || how == KERNEL_RANK_0 || how == KERNEL_RANK_32) {
        rank = how == KERNEL_RANK_5 ? 5 : how == KERNEL_RANK_0 ? 0 : 32;
        for (int i = 4; i < rank; i++)
            extents[i] = 1;
    }
    if (how == KERNEL_SWAPPED)
        extents[0] = OUT, extents[1] = IN, extents[2] = extents[3] = 3;
    if (how == KERNEL_HUGE)
        extents[0] = extents[1] = extents[2] = (hsize_t)1 << 12, extents[3] = (hsize_t)1 << 20;
    if (how == KERNEL_CHUNK_HUGE || how == KERNEL_CHUNK_GROWS) {
        /* Larger than the array, which may then grow. */
        hsize_t most[4] = {H5S_UNLIMITED, H5S_UNLIMITED, H5S_UNLIMITED, H5S_UNLIMITED};
        chunk[0] = how == KERNEL_CHUNK_HUGE ? 60000 : 9000;
        H5Pset_chunk(creation, 4, chunk);
        if (how == KERNEL_CHUNK_GROWS)
            H5Pset_deflate(creation, 9);
        const hid_t space = H5Screate_simple(4, extents, most);
        const hid_t id =
            H5Dcreate2(group, "kernel", type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
        if (how == KERNEL_CHUNK_GROWS)
            H5Dwrite(id, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
        H5Dclose(id);
        return;
    }
    if (how == COMPRESSED) {
        H5Pset_chunk(creation, 4, chunk);
        H5Pset_deflate(creation, 9);
    }
    if (how == KERNEL_EXTERNAL)
        H5Pset_external(creation, "/etc/hostname", 0, H5F_UNLIMITED);
    if (how == KERNEL_UNWRITTEN_NAN)
        H5Pset_fill_value(creation, H5T_NATIVE_FLOAT, &not_a_number);
    const hid_t space = rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(rank, extents, NULL);
    if (how == KERNEL_VIRTUAL) {
        H5Pset_layout(creation, H5D_VIRTUAL);
        H5Pset_virtual(creation, space, "sound-0.h5", "/block1_conv1/kernel", space);
    }
    const hid_t id = H5Dcreate2(group, "kernel", type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    if (how <= SOUND || how == KERNEL_NAN || how > KERNEL_UNWRITTEN_NAN || how < KERNEL_MISSING)
        H5Dwrite(id, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    H5Dclose(id);
    H5Sclose(space);
    H5Tclose(type);
    H5Pclose(creation);
}

static void write_bias(hid_t group, enum how how, const float *values)
{
    hsize_t extents[2] = {OUT, 1};
    if (how == BIAS_SHORT)
        extents[0] = OUT - 1;
    if (how == BIAS_HUGE)
        extents[0] = (hsize_t)1 << 40;
    const hid_t space = H5Screate_simple(how == BIAS_RANK_2 ? 2 : 1, extents, NULL);
    const hid_t id =
        H5Dcreate2(group, "bias", H5T_IEEE_F32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (how != BIAS_HUGE)
        H5Dwrite(id, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    H5Dclose(id);
    H5Sclose(space);
}

static void write_layer(hid_t root, enum how how)
{
    static const char *const arrays[] = {"kernel", "bias"}, *const same[] = {"kernel", "kernel"},
                             *const others[] = {"x/y", "../.."};
    float kernel[9 * IN * OUT], bias[OUT] = {0};
    for (size_t i = 0; i < 9 * IN * OUT; i++)
        kernel[i] = (float)(i * 37 % 19) / 40 - 0.2f;
    if (how == KERNEL_NAN)
        kernel[100] = NAN;
    if (how == BIAS_INFINITE)
        bias[7] = INFINITY;
    if (how == GROUP_IS_ARRAY) {
        write_kernel(root, PLAIN, kernel);
        H5Lmove(root, "kernel", root, "block1_conv1", H5P_DEFAULT, H5P_DEFAULT);
        return;
    }
    const hid_t group = H5Gcreate2(root, "block1_conv1", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    write_kernel(group, how, kernel);
    write_bias(group, how, bias);
    if (how == WEIGHTS_EMPTY)
        odd_attribute(group, "weight_names", H5T_C_S1, 0);
    else if (how != NO_WEIGHTS)
        text_attribute(group, "weight_names",
                       how == WEIGHTS_TWICE   ? same
                       : how == WEIGHTS_OTHER ? others
                                              : arrays,
                       2);
    H5Gclose(group);
}

static void write_file(enum how how)
{
    char name[64];
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    if (how == NEWEST)
        H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
    snprintf(name, sizeof(name), "%s-%d.h5", how < SOUND ? "sound" : "bad", (int)how);
    const hid_t file = H5Fcreate(name, H5F_ACC_TRUNC, H5P_DEFAULT, access);
    hid_t root = H5Gopen2(file, "/", H5P_DEFAULT);
    if (how == WHOLE_MODEL) {
        H5Gclose(root);
        root = H5Gcreate2(file, "model_weights", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    }
    if (how == ROOT_LOOP)
        H5Lcreate_soft("model_weights", root, "model_weights", H5P_DEFAULT, H5P_DEFAULT);
    else if (how == ROOT_LINK_OUT)
        H5Lcreate_external("sound-0.h5", "/", root, "model_weights", H5P_DEFAULT, H5P_DEFAULT);
    else {
        layer_names(root, how);
        write_layer(root, how);
    }
    H5Gclose(root);
    H5Fclose(file);
    H5Pclose(access);
}

int main(int argc, char **argv)
{
    if (argc != 2 || chdir(argv[1]) != 0)
        return 2;
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    for (int how = 0; how < HOWS; how++)
        if (how != SOUND)
            write_file((enum how)how);
    return 0;
}
