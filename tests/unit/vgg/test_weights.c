/* SPDX-License-Identifier: MIT */
/* Where weights are looked for, which input goes with them, and saving. */

#include "vgg/weights.h"
#include "weights_files.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

#define TENSORS WEIGHT "," BIAS

/* A file of conv1_1 alone: zeros for weights, its bias such that it can be told from others. */
static void write_small(const char *path, const char *header, float bias)
{
    float data[64 * 3 * 3 * 3 + 64] = {0};
    assert_int_equal(sizeof(data), DATA_SIZE);
    for (size_t i = 0; i < 64; i++)
        data[64 * 3 * 3 * 3 + i] = bias;
    write_safetensors(path, strlen(header), header, data, sizeof(data));
}

static void make_path(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        assert_true(mkdir(path, 0777) == 0 || errno == EEXIST);
        *slash = '/';
    }
}

static void explicit_paths(void **state)
{
    (void)state;
    expect_refusal("", "empty");
    expect_refusal(in_folder("missing.safetensors"), "No such file");
    expect_refusal(folder, "a folder");
    expect_refusal("/dev/null", "not a regular file");
    const char *path = in_folder("fifo");
    assert_int_equal(mkfifo(path, 0666), 0);
    expect_refusal(path, "not a regular file");
    path = in_folder("empty.safetensors");
    write_bytes(path, "", 0);
    expect_refusal(path, "empty");
    if (geteuid() != 0) {
        assert_int_equal(chmod(path, 0), 0);
        expect_refusal(path, "cannot be read");
    }
}

static void mistaken_files(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        const char *reason;
    } cases[] = {
        {"PK\003\004archive/data.pkl", 20, "impasto weights convert"},
        {"\200\002\212\nl\374\234F\371 j\250P\031.", 15, "impasto weights convert"},
        {"version https://git-lfs.github.com/spec/v1\n", 43, "git lfs pull"},
        {"<!DOCTYPE html>", 15, "web page"},
        {"x", 1, "neither safetensors nor Keras HDF5"},
        {"12345678", 8, "neither safetensors nor Keras HDF5"},
        {"\211PNG\r\n\032\n        ", 16, "neither safetensors nor Keras HDF5"},
        {"\211HDF\r\n\032\n", 8, "Keras"},
    };
    for (size_t i = 0; i < IMP_COUNT(cases); i++) {
        write_bytes(in_folder("mistaken"), cases[i].bytes, cases[i].size);
        expect_refusal(in_folder("mistaken"), cases[i].reason);
    }
}

static void odd_arguments(void **state)
{
    (void)state;
    struct impasto_weights *weights = NULL;
    struct impasto_error error;
    assert_int_equal(impasto_weights_open("builtin", (enum impasto_convention)7, &weights, &error),
                     IMPASTO_ERROR_USAGE);
    assert_null(weights);
    impasto_weights_close(&weights);

    const char *path = in_folder("one.safetensors");
    struct imp_layer_weights layer = {0};
    write_small(path, "{" TENSORS "}", 1.0f);
    weights = expect_weights(path, 1);
    assert_int_equal(imp_weights_layer(weights, 1, &layer, &error), IMPASTO_ERROR_WEIGHTS);
    assert_non_null(strstr(error.message, "conv1_2"));
    assert_non_null(strstr(error.message, "ends with conv1_1"));
    assert_int_equal(imp_weights_layer(weights, -1, &layer, &error), IMPASTO_ERROR_WEIGHTS);
    assert_int_equal(imp_weights_layer(weights, 16, &layer, &error), IMPASTO_ERROR_WEIGHTS);
    assert_null(layer.weight);
    impasto_weights_close(&weights);
    assert_null(weights);
}

static void builtin(void **state)
{
    (void)state;
    struct impasto_weights *weights = expect_weights("builtin", IMPASTO_LAYERS);
    const struct impasto_weights_info *info = impasto_weights_info(weights);
    assert_string_equal(info->source, "built-in");
    assert_true(info->builtin);
    assert_int_equal(info->convention, IMPASTO_CONVENTION_CAFFE);
    struct imp_layer_weights layers[2] = {{0}};
    for (int i = 0; i < 2; i++)
        assert_int_equal(imp_weights_layer(weights, 0, &layers[i], NULL), IMPASTO_OK);
    assert_memory_equal(layers[0].weight, layers[1].weight, imp_layer_elements(0) * sizeof(float));
    impasto_weights_close(&weights);
    for (int i = 0; i < 2; i++)
        imp_layer_weights_free(&layers[i]);
}

/* Which file is opened, told by its bias; 0: the built-in weights; -1: an error. */
static int found(void)
{
    struct impasto_weights *weights = NULL;
    int which = -1;
    if (impasto_weights_open(NULL, IMPASTO_CONVENTION_AUTO, &weights, NULL) == IMPASTO_OK)
        which = weights->info.builtin ? 0 : (int)layer_of(weights, 0)->bias[0];
    impasto_weights_close(&weights);
    return which;
}

static void search_order(void **state)
{
    (void)state;
    /* Last place first: each file that is added must win over those before. */
    static const char *const places[] = {
        "dirs2/impasto/vgg19.safetensors",
        "dirs1/impasto/vgg19.safetensors",
        "home/.local/share/impasto/vgg19.safetensors",
        "data/impasto/vgg19.safetensors",
    };
    char list[3 * PATH_SIZE];
    snprintf(list, sizeof(list), "relative:%s::%s", in_folder("dirs1"), in_folder("dirs2"));
    setenv("HOME", in_folder("home"), 1);
    setenv("XDG_DATA_HOME", in_folder("data"), 1);
    setenv("XDG_DATA_DIRS", list, 1);
    assert_int_equal(found(), 0);
    for (size_t i = 0; i < IMP_COUNT(places); i++) {
        char path[PATH_SIZE];
        snprintf(path, sizeof(path), "%s/%s", folder, places[i]);
        make_path(path);
        write_small(path, "{" TENSORS "}", (float)(i + 1));
        assert_int_equal(found(), i + 1);
    }
    /* A relative XDG_DATA_HOME does not count; a home that is not set is none. */
    setenv("XDG_DATA_HOME", "data", 1);
    assert_int_equal(found(), 3);
    unsetenv("HOME");
    assert_int_equal(found(), 2);
    setenv("HOME", in_folder("home"), 1);

    const char *path = in_folder("named.safetensors");
    write_small(path, "{" TENSORS "}", 9.0f);
    setenv("IMPASTO_WEIGHTS", path, 1);
    assert_int_equal(found(), 9);
    setenv("IMPASTO_WEIGHTS", "builtin", 1);
    assert_int_equal(found(), 0);
    setenv("IMPASTO_WEIGHTS", "", 1);
    assert_int_equal(found(), 3);
    setenv("IMPASTO_WEIGHTS", in_folder("nowhere"), 1);
    expect_refusal(NULL, "nowhere: No such file");
    expect_refusal(NULL, "(named by $IMPASTO_WEIGHTS)");
    unsetenv("IMPASTO_WEIGHTS");

    /* What is found and unusable is an error and no reason to go on. */
    write_bytes(in_folder(places[2]), "rubbish", 7);
    expect_refusal(NULL, "neither safetensors");
    assert_int_equal(unlink(in_folder(places[2])), 0);
    assert_int_equal(symlink("/nowhere/at/all", in_folder(places[2])), 0);
    expect_refusal(NULL, "No such file");
    assert_int_equal(unlink(in_folder(places[2])), 0);
    assert_int_equal(found(), 2);
}

struct places {
    size_t count;
    size_t there; /* place in the list of the first one that is there */
    char path[8][PATH_SIZE];
};

static void note_place(void *user, const char *path, bool is_there)
{
    struct places *places = user;
    assert_true(places->count < 8);
    snprintf(places->path[places->count++], PATH_SIZE, "%s", path);
    if (is_there && places->there == 0)
        places->there = places->count;
}

/* All places, in the order of the search, and which has something. */
static void places_are_listed(void **state)
{
    (void)state;
    struct places places = {0};
    setenv("HOME", in_folder("lists"), 1);
    setenv("XDG_DATA_HOME", "", 1);
    setenv("XDG_DATA_DIRS", "/nowhere:relative", 1);
    impasto_weights_places(note_place, &places);
    assert_true(places.count >= 2 && places.there == 0);
    assert_string_equal(places.path[0], in_folder("lists/.local/share/impasto/vgg19.safetensors"));
    assert_string_equal(places.path[1], "/nowhere/impasto/vgg19.safetensors");
    make_path(places.path[0]);
    write_small(places.path[0], "{" TENSORS "}", 1.0f);
    places.count = 0;
    impasto_weights_places(note_place, &places);
    assert_int_equal(places.there, 1);
}

/* The Keras cache comes last, and counts only where it could be read. */
static void keras_cache(void **state)
{
    (void)state;
    char path[PATH_SIZE];
    snprintf(path, sizeof(path),
             "%s/other/.keras/models/vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5", folder);
    make_path(path);
    write_bytes(path, "\211HDF\r\n\032\n rubbish", 16);
    setenv("HOME", in_folder("other"), 1);
    setenv("XDG_DATA_HOME", "", 1);
    setenv("XDG_DATA_DIRS", in_folder("nothing"), 1);
#ifdef IMP_HAVE_HDF5
    expect_refusal(NULL, "cut short or damaged");
#else
    assert_int_equal(found(), 0);
    expect_refusal(path, "lacks HDF5");
#endif
}

static void conventions(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        enum impasto_convention convention;
    } cases[] = {
        {"{" TENSORS "}", IMPASTO_CONVENTION_CAFFE},
        {"{\"__metadata__\":{\"impasto.convention\":\"torchvision\"}," TENSORS "}",
         IMPASTO_CONVENTION_TORCHVISION},
        {"{" TENSORS ",\"__metadata__\":{\"impasto.convention\":\"caffe\",\"format\":\"pt\"}}",
         IMPASTO_CONVENTION_CAFFE},
        {"{\"features.0.weight\":{\"dtype\":\"F32\",\"shape\":[64,3,3,3],"
         "\"data_offsets\":[0,6912]},"
         "\"features.0.bias\":{\"dtype\":\"F32\",\"shape\":[64],\"data_offsets\":[6912,7168]}}",
         IMPASTO_CONVENTION_TORCHVISION},
        {"{\"block1_conv1.weight\":{\"dtype\":\"F32\",\"shape\":[64,3,3,3],"
         "\"data_offsets\":[0,6912]},"
         "\"block1_conv1.bias\":{\"dtype\":\"F32\",\"shape\":[64],\"data_offsets\":[6912,7168]}}",
         IMPASTO_CONVENTION_CAFFE},
        {"{\"__metadata__\":{\"impasto.convention\":\"caffe\"},"
         "\"model.features.0.weight\":{\"dtype\":\"F32\",\"shape\":[64,3,3,3],"
         "\"data_offsets\":[0,6912]},\"model.features.0.bias\":{\"dtype\":\"F32\",\"shape\":[64],"
         "\"data_offsets\":[6912,7168]}}",
         IMPASTO_CONVENTION_CAFFE},
    };
    const char *path = in_folder("convention.safetensors");
    for (size_t i = 0; i < IMP_COUNT(cases); i++) {
        write_small(path, cases[i].header, 1.0f);
        struct impasto_weights *weights = expect_weights(path, 1);
        assert_int_equal(weights->info.convention, cases[i].convention);
        assert_string_equal(weights->info.source, path);
        assert_false(weights->info.builtin);
        impasto_weights_close(&weights);
        for (int forced = IMPASTO_CONVENTION_CAFFE; forced <= IMPASTO_CONVENTION_TORCHVISION;
             forced++) {
            assert_int_equal(
                impasto_weights_open(path, (enum impasto_convention)forced, &weights, NULL),
                IMPASTO_OK);
            assert_int_equal(weights->info.convention, forced);
            impasto_weights_close(&weights);
        }
    }
}

static void compare(const struct impasto_weights *a, const struct impasto_weights *b)
{
    assert_int_equal(a->info.layers, b->info.layers);
    assert_int_equal(a->info.convention, b->info.convention);
    assert_int_equal(a->info.builtin, b->info.builtin);
    for (int i = 0; i < a->info.layers; i++) {
        assert_memory_equal(layer_of(a, i)->weight, layer_of(b, i)->weight,
                            imp_layer_elements(i) * sizeof(float));
        assert_memory_equal(layer_of(a, i)->bias, layer_of(b, i)->bias,
                            (size_t)imp_layer_shapes[i].out_channels * sizeof(float));
    }
}

static void save_and_open(void **state)
{
    (void)state;
    struct impasto_error error;
    struct impasto_weights *weights = expect_weights("builtin", IMPASTO_LAYERS), *again, *third;
    const char *path = in_folder("saved.safetensors");
    assert_int_equal(impasto_weights_save(weights, path, &error), IMPASTO_OK);
    again = expect_weights(path, IMPASTO_LAYERS);
    compare(weights, again);
    assert_string_equal(again->info.source, path);
    impasto_weights_close(&weights);
    impasto_weights_close(&again);

    /* Forced conventions and short files are kept; the same weights give the same file. */
    write_small(path, "{" TENSORS "}", 3.0f);
    assert_int_equal(impasto_weights_open(path, IMPASTO_CONVENTION_TORCHVISION, &weights, NULL),
                     IMPASTO_OK);
    const char *copy = in_folder("copy.safetensors"), *next = in_folder("next.safetensors");
    assert_int_equal(impasto_weights_save(weights, copy, NULL), IMPASTO_OK);
    again = expect_weights(copy, 1);
    compare(weights, again);
    assert_int_equal(impasto_weights_save(again, next, NULL), IMPASTO_OK);
    third = expect_weights(next, 1);
    size_t size, other_size;
    unsigned char *bytes = read_bytes(copy, &size), *other = read_bytes(next, &other_size);
    assert_int_equal(size, other_size);
    assert_memory_equal(bytes, other, size);
    /* The data is aligned, and the header ends where the data begins. */
    const size_t length = bytes[0] | (size_t)bytes[1] << 8;
    assert_int_equal((8 + length) % 8, 0);
    assert_int_equal(size, 8 + length + DATA_SIZE);
    assert_non_null(strstr((char *)bytes + 8, "\"impasto.convention\":\"torchvision\""));
    assert_non_null(strstr((char *)bytes + 8, "\"format\":\"pt\""));
    free(bytes);
    free(other);
    impasto_weights_close(&third);
    impasto_weights_close(&again);

    /* Saving over the file that the weights came from. */
    assert_int_equal(impasto_weights_save(weights, path, NULL), IMPASTO_OK);
    again = expect_weights(path, 1);
    compare(weights, again);
    impasto_weights_close(&again);
    impasto_weights_close(&weights);
}

static void save_refused(void **state)
{
    (void)state;
    struct impasto_error error = {0};
    struct impasto_weights *weights;
    const char *path = in_folder("one.safetensors");
    write_small(path, "{" TENSORS "}", 1.0f);
    weights = expect_weights(path, 1);
    assert_int_equal(impasto_weights_save(weights, folder, &error), IMPASTO_ERROR_OUTPUT);
    assert_non_null(strstr(error.message, "a folder"));
    assert_int_equal(impasto_weights_save(weights, "/dev/full", &error), IMPASTO_ERROR_OUTPUT);
    assert_int_equal(impasto_weights_save(weights, in_folder("no/such/folder"), &error),
                     IMPASTO_ERROR_OUTPUT);

    /* A disk that fills up: what was there stays, and nothing is left behind. */
    const char *target = in_folder("kept/target.safetensors");
    assert_int_equal(mkdir(in_folder("kept"), 0777), 0);
    write_bytes(target, "kept", 4);
    struct rlimit limit, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    small = limit;
    small.rlim_cur = 5000;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    const enum impasto_status status = impasto_weights_save(weights, target, &error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(status, IMPASTO_ERROR_OUTPUT);
    assert_non_null(strstr(error.message, "writing failed"));
    size_t size;
    unsigned char *bytes = read_bytes(target, &size);
    assert_string_equal((char *)bytes, "kept");
    free(bytes);
    assert_int_equal(unlink(target), 0);
    assert_int_equal(rmdir(in_folder("kept")), 0);
    impasto_weights_close(&weights);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(explicit_paths), cmocka_unit_test(mistaken_files),
        cmocka_unit_test(odd_arguments),  cmocka_unit_test(builtin),
        cmocka_unit_test(search_order),   cmocka_unit_test(keras_cache),
        cmocka_unit_test(conventions),    cmocka_unit_test(save_and_open),
        cmocka_unit_test(save_refused),   cmocka_unit_test(places_are_listed),

    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
