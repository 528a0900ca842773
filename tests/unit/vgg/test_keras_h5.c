/* SPDX-License-Identifier: MIT */
/* The Keras reader: the variants that exist, the faults that a file can have. */

#include "vgg/weights.h"
#include "weights_files.h"

#include <math.h>

#ifndef IMP_HAVE_HDF5

static void without_hdf5(void **state)
{
    (void)state;
    write_bytes(in_folder("keras.h5"), "\211HDF\r\n\032\n        ", 16);
    expect_refusal(in_folder("keras.h5"), "lacks HDF5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(without_hdf5)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

#else

#include <fcntl.h>
#include <hdf5.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* A process each, which under a sanitizer takes a while. */
#define MUTATIONS 600

#define FILE_NAME "keras.h5"
#define OTHER_NAME "other.h5"

/* How a file is written. */
struct variant {
    int layers;
    const char *root;   /* the group of a whole model's file, or NULL */
    const char *kernel; /* name of a kernel, %s for the layer's */
    const char *bias;
    bool pointers;     /* texts of variable length */
    bool compressed;   /* in chunks, by deflate */
    hid_t type;        /* of the file's numbers; 0: 32-bit */
    const char *fault; /* what to do wrong; NULL: nothing */
};

static bool has_fault(const struct variant *variant, const char *fault)
{
    return variant->fault != NULL && strcmp(variant->fault, fault) == 0;
}

/* names: of NAME bytes each. */
#define NAME 64
static void write_names(hid_t object, const char *attribute, char names[][NAME], int count,
                        bool pointers)
{
    const hsize_t extent = (hsize_t)count;
    const hid_t space = H5Screate_simple(1, &extent, NULL), type = H5Tcopy(H5T_C_S1);
    const char *texts[32];
    H5Tset_size(type, pointers ? H5T_VARIABLE : NAME);
    if (pointers)
        H5Tset_cset(type, H5T_CSET_UTF8);
    else
        H5Tset_strpad(type, H5T_STR_NULLPAD);
    const hid_t id = H5Acreate2(object, attribute, type, space, H5P_DEFAULT, H5P_DEFAULT);
    for (int i = 0; i < count; i++)
        texts[i] = names[i];
    assert_true(H5Awrite(id, type, pointers ? (const void *)texts : names) >= 0);
    H5Aclose(id);
    H5Tclose(type);
    H5Sclose(space);
}

/* A value that says where it belongs. */
static float value_at(int layer, size_t out, size_t in, size_t tap)
{
    return (float)((layer * 31 + (int)(out * 7 + in * 3 + tap)) % 97) / 64.0f;
}

static void write_array(hid_t group, const char *name, const float *values, int rank,
                        const hsize_t *extents, const struct variant *variant)
{
    const hid_t space = H5Screate_simple(rank, extents, NULL);
    const hid_t links = H5Pcreate(H5P_LINK_CREATE), creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    if (variant->compressed && rank == 4) {
        H5Pset_chunk(creation, rank, extents);
        H5Pset_deflate(creation, 6);
    }
    if (has_fault(variant, "external") && rank == 4)
        H5Pset_external(creation, "/etc/hostname", 0, H5F_UNLIMITED);
    const hid_t id = H5Dcreate2(group, name, variant->type == 0 ? H5T_IEEE_F32LE : variant->type,
                                space, links, creation, H5P_DEFAULT);
    assert_true(id >= 0);
    if (!has_fault(variant, "external"))
        assert_true(H5Dwrite(id, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    H5Dclose(id);
    H5Pclose(creation);
    H5Pclose(links);
    H5Sclose(space);
}

static void write_layer(hid_t root, int layer, const char *name, const struct variant *variant)
{
    const size_t in = (size_t)imp_layer_shapes[layer].in_channels;
    const size_t out = (size_t)imp_layer_shapes[layer].out_channels;
    hsize_t extents[4] = {3, 3, in, out}, swapped[4] = {out, in, 3, 3}, channels = out;
    float *kernel = malloc(imp_layer_elements(layer) * sizeof(float));
    float bias[512];
    char names[3][NAME];
    assert_non_null(kernel);
    for (size_t o = 0; o < out; o++) {
        bias[o] = (float)o + (float)layer;
        for (size_t i = 0; i < in; i++)
            for (size_t tap = 0; tap < 9; tap++)
                kernel[(tap * in + i) * out + o] = value_at(layer, o, i, tap);
    }
    if (has_fault(variant, "nan"))
        kernel[5] = NAN;
    const hid_t group = H5Gcreate2(root, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    snprintf(names[0], NAME, variant->kernel, name);
    snprintf(names[1], NAME, variant->bias, name);
    if (has_fault(variant, "link out"))
        H5Lcreate_external(in_folder(OTHER_NAME), "/block1_conv1/block1_conv1_W_1:0", group,
                           names[0], H5P_DEFAULT, H5P_DEFAULT);
    else
        write_array(group, names[0], kernel, 4,
                    has_fault(variant, "theano order") ? swapped : extents, variant);
    if (!has_fault(variant, "array missing"))
        write_array(group, names[1], bias, 1, &channels, variant);
    int count = has_fault(variant, "bias unlisted") ? 1 : 2;
    if (has_fault(variant, "listed twice"))
        strcpy(names[count++], names[0]);
    if (has_fault(variant, "bad name"))
        strcpy(names[0], "no/such/array");
    if (!has_fault(variant, "no weight_names"))
        write_names(group, "weight_names", names, count, variant->pointers);
    H5Gclose(group);
    free(kernel);
}

static void write_file(const char *path, const struct variant *variant)
{
    /* Layers without arrays are listed, too. */
    char names[2 + IMPASTO_LAYERS][NAME] = {"input_1"};
    int count = 1;
    const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(file >= 0);
    const hid_t root = variant->root == NULL
                           ? H5Gopen2(file, "/", H5P_DEFAULT)
                           : H5Gcreate2(file, variant->root, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    for (int i = 0; i < variant->layers; i++, count++) {
        snprintf(names[count], NAME, "block%d_conv%c", imp_layer_shapes[i].block,
                 imp_layer_shapes[i].name[6]);
        write_layer(root, i, names[count], variant);
    }
    if (has_fault(variant, "group missing"))
        strcpy(names[count++], "block1_conv2");
    strcpy(names[count++], "block1_pool");
    if (has_fault(variant, "numbers for names")) {
        const hid_t space = H5Screate(H5S_SCALAR);
        H5Aclose(H5Acreate2(root, "layer_names", H5T_NATIVE_INT, space, H5P_DEFAULT, H5P_DEFAULT));
        H5Sclose(space);
    } else if (!has_fault(variant, "no layer_names")) {
        write_names(root, "layer_names", names, count, variant->pointers);
    }
    H5Gclose(root);
    H5Fclose(file);
}

#define OLD_NAMES .kernel = "%s_W_1:0", .bias = "%s_b_1:0"
#define NEW_NAMES .kernel = "%s/kernel:0", .bias = "%s/bias:0"

static void variants(void **state)
{
    (void)state;
    const struct variant cases[] = {
        {.layers = 1, OLD_NAMES},
        {.layers = 3, NEW_NAMES},
        {.layers = 2, OLD_NAMES, .pointers = true},
        {.layers = 2, NEW_NAMES, .pointers = true, .root = "model_weights"},
        {.layers = 1, NEW_NAMES, .compressed = true},
        {.layers = 2, NEW_NAMES, .type = H5T_IEEE_F64BE},
        {.layers = 1, .kernel = "kernel", .bias = "bias"},
        {.layers = IMPASTO_LAYERS, OLD_NAMES},
    };
    for (size_t i = 0; i < IMP_COUNT(cases); i++) {
        const char *path = in_folder(FILE_NAME);
        write_file(path, &cases[i]);
        struct impasto_weights *weights = expect_weights(path, cases[i].layers);
        assert_int_equal(weights->info.convention, IMPASTO_CONVENTION_CAFFE);
        assert_string_equal(weights->info.source, path);
        for (int layer = 0; layer < cases[i].layers; layer++) {
            const size_t in = (size_t)imp_layer_shapes[layer].in_channels;
            const struct imp_layer_weights *found = layer_of(weights, layer);
            size_t wrong = 0;
            for (size_t j = 0; j < imp_layer_elements(layer); j++) {
                const float wanted = value_at(layer, j / 9 / in, j / 9 % in, j % 9);
                /* NOLINTNEXTLINE(*-memory-comparison,cert-exp42-c,cert-flp37-c): the very bits */
                wrong += memcmp(&found->weight[j], &wanted, sizeof(wanted)) != 0;
            }
            for (int o = 0; o < imp_layer_shapes[layer].out_channels; o++)
                wrong += (int)found->bias[o] != o + layer;
            assert_int_equal(wrong, 0);
        }
        impasto_weights_close(&weights);
    }
}

static void faults(void **state)
{
    (void)state;
    static const struct {
        const char *fault, *reason;
    } cases[] = {
        {"no layer_names", "attribute layer_names"},
        {"numbers for names", "attribute layer_names"},
        {"group missing", "block1_conv2 is listed but not there"},
        {"no weight_names", "block1_conv1 has no list of its arrays"},
        {"array missing", "block1_conv1_b_1:0 is listed but not there"},
        {"bad name", "no/such/array is listed but not there"},
        {"bias unlisted", "conv1_1 has a weight but no bias"},
        {"listed twice", "second array of its kind"},
        {"theano order", "block1_conv1_W_1:0 has the shape [64,3,3,3] but VGG19's conv1_1 is "
                         "[3,3,3,64]"},
        {"nan", "block1_conv1_W_1:0 has a value that is not finite"},
        {"external", "not a plain array"},
        {"link out", "block1_conv1_W_1:0 is listed but not there"},
    };
    const struct variant other = {.layers = 1, OLD_NAMES};
    write_file(in_folder(OTHER_NAME), &other);
    for (size_t i = 0; i < IMP_COUNT(cases); i++) {
        const struct variant variant = {.layers = 1, OLD_NAMES, .fault = cases[i].fault};
        write_file(in_folder(FILE_NAME), &variant);
        expect_refusal(in_folder(FILE_NAME), cases[i].reason);
    }
    const struct variant integers = {.layers = 1, OLD_NAMES, .type = H5T_STD_I32LE};
    write_file(in_folder(FILE_NAME), &integers);
    expect_refusal(in_folder(FILE_NAME), "not a plain array of floating-point numbers");
    const struct variant huge = {.layers = 1, OLD_NAMES, .type = H5T_IEEE_F64LE, .fault = "nan"};
    write_file(in_folder(FILE_NAME), &huge);
    expect_refusal(in_folder(FILE_NAME), "not finite");
    const struct variant empty = {.layers = 0, OLD_NAMES};
    write_file(in_folder(FILE_NAME), &empty);
    expect_refusal(in_folder(FILE_NAME), "no layer conv1_1");
}

static herr_t count_errors(hid_t stack, void *user)
{
    (void)stack;
    ++*(int *)user;
    return 0;
}

/* The program's own way of reporting libhdf5's errors hears nothing and stays as it was. */
static void error_printing(void **state)
{
    (void)state;
    int count = 0;
    H5E_auto2_t print;
    void *user;
    H5Eset_auto2(H5E_DEFAULT, count_errors, &count);
    write_bytes(in_folder(FILE_NAME), "\211HDF\r\n\032\n rubbish rubbish", 24);
    expect_refusal(in_folder(FILE_NAME), "cut short or damaged");
    assert_int_equal(count, 0);
    H5Eget_auto2(H5E_DEFAULT, &print, &user);
    assert_ptr_equal(user, &count);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

/* Where children are not waited for, and where they cannot be made. */
static void children(void **state)
{
    (void)state;
    const struct variant variant = {.layers = 1, OLD_NAMES};
    struct rlimit limit, none;
    write_file(in_folder(FILE_NAME), &variant);
    signal(SIGCHLD, SIG_IGN);
    struct impasto_weights *weights = expect_weights(in_folder(FILE_NAME), 1);
    impasto_weights_close(&weights);
    signal(SIGCHLD, SIG_DFL);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* none is left over */

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit;
    const int descriptor = open("/dev/null", O_RDONLY); /* the lowest that is free */
    close(descriptor);
    none.rlim_cur = (rlim_t)descriptor + 1; /* one for the file's head, none for a pipe */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    struct impasto_error error = {0};
    const enum impasto_status status =
        impasto_weights_open(in_folder(FILE_NAME), IMPASTO_CONVENTION_AUTO, &weights, &error);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(status, IMPASTO_ERROR_MEMORY);
    assert_non_null(strstr(error.message, "no process"));
    assert_non_null(strstr(error.message, "ulimit -n"));
}

static void random_damage(void **state)
{
    (void)state;
    const struct variant cases[] = {
        {.layers = 1, OLD_NAMES},
        {.layers = 1, NEW_NAMES, .pointers = true, .compressed = true, .root = "model_weights"},
    };
    for (uint32_t i = 0; i < IMP_COUNT(cases); i++) {
        struct stat info;
        const char *sound = in_folder("sound.h5");
        write_file(sound, &cases[i]);
        assert_int_equal(stat(sound, &info), 0);
        const int refused = open_damaged(sound, in_folder(FILE_NAME), (size_t)info.st_size, 100 + i,
                                         MUTATIONS / (int)IMP_COUNT(cases));
        assert_true(refused > MUTATIONS / (int)IMP_COUNT(cases) / 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variants),       cmocka_unit_test(faults),
        cmocka_unit_test(error_printing), cmocka_unit_test(children),
        cmocka_unit_test(random_damage),
    };
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

#endif
