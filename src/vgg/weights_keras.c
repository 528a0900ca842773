/* SPDX-License-Identifier: MIT */
/*
 * Keras HDF5 weights, which hdf5_reader.h reads. There is a group per layer. The attribute
 * layer_names of the file names them, or that of its group model_weights in a file of a whole
 * model. A group's attribute weight_names lists its arrays. Their names differ between versions of
 * Keras. So a layer's kernel and bias are told apart by their rank: (3, 3, in, out) and (out).
 *
 * The file may be hostile. Nothing is followed out of it, such as external links, external storage
 * and virtual datasets. Sizes are checked before anything of that size is allocated. That is not
 * enough, since libhdf5 itself crashes on some damaged files: 1.10.8 does on a few in a thousand.
 * So it runs in a sandbox, which sends what it has read. Its crash is then one more error. libhdf5
 * also has global state, which the program may use itself and which is left alone.
 */

#include "vgg/weights.h"
#include "store/store.h"

#include <string.h>

static bool probe(const unsigned char *head, size_t size)
{
    static const char signature[] = "\211HDF\r\n\032\n";
    return size >= sizeof(signature) - 1 && memcmp(head, signature, sizeof(signature) - 1) == 0;
}

#ifdef IMP_HAVE_HDF5

#include "base/os.h"
#include "vgg/hdf5_reader.h"

#include <errno.h>
#include <stdlib.h>

/* Fits "block5_conv4". */
#define GROUP_SIZE 16

/* Seconds of processor time after which the child is taken to hang; a full network takes one. */
#define CHILD_SECONDS 60
/* Bytes that the child may take beyond what the program has. All layers are 77 MiB, and libhdf5
 * believes the sizes that a damaged file claims. */
#define CHILD_MEMORY ((uint64_t)512 << 20)

/* What the child sends first; then, where all is well, each layer's weight and bias. */
struct answer {
    enum impasto_status status;
    int layers;
    char message[sizeof(((struct impasto_error *)NULL)->message)];
};

struct reader {
    const struct imp_hdf5 *hdf5;
    const char *path;
    struct impasto_error *error;
    int64_t root; /* the group whose layer_names count */
    struct imp_hdf5_names layers;
};

/* A program that is linked with the reader, as tests are, needs no module. */
#pragma weak imp_hdf5_reader

static enum impasto_status load_reader(const char *path, const struct imp_hdf5 **hdf5,
                                       struct impasto_error *error)
{
    char problem[IMP_MODULE_PROBLEM] = "";
    *hdf5 = &imp_hdf5_reader;
    if (*hdf5 == NULL)
        *hdf5 = imp_module_load(IMP_HDF5_MODULE, IMP_HDF5_TABLE, problem);
    if (*hdf5 != NULL && strcmp((*hdf5)->version, IMP_VERSION) != 0)
        snprintf(problem, sizeof(problem), IMP_HDF5_MODULE " is of another version (%.100s)",
                 (*hdf5)->version);
    if (problem[0] == '\0')
        return IMPASTO_OK;
    return imp_fail(
        error, IMPASTO_ERROR_WEIGHTS,
        "%s: a Keras HDF5 file, which cannot be read: %s; install all of Impasto " IMP_VERSION
        ", and HDF5, or convert it with impasto weights convert",
        path, problem);
}

static enum impasto_status damaged(const struct reader *reader, const char *thing, const char *what)
{
    return imp_fail(reader->error, IMPASTO_ERROR_WEIGHTS,
                    "%s: not sound Keras weights: %s %s; get the file anew, or convert it with "
                    "impasto weights convert",
                    reader->path, thing, what);
}

/* (3, 3, in, out) to (out, in, 3, 3). */
static void transpose(const float *from, float *to, size_t in, size_t out)
{
    for (size_t tap = 0; tap < 9; tap++)
        for (size_t i = 0; i < in; i++)
            for (size_t o = 0; o < out; o++)
                to[(o * in + i) * 9 + tap] = from[(tap * in + i) * out + o];
}

/* Reads all of an array of the right shape. */
static enum impasto_status read_values(const struct reader *reader, int64_t array, const char *name,
                                       int layer, bool kernel, struct imp_layer_weights *out)
{
    const size_t in_channels = (size_t)imp_layer_shapes[layer].in_channels;
    const size_t out_channels = (size_t)imp_layer_shapes[layer].out_channels;
    const size_t count = kernel ? imp_layer_elements(layer) : out_channels;
    float *values = kernel ? malloc(count * sizeof(*values)) : out->bias;
    if (values == NULL)
        return imp_fail_memory(reader->error, "a layer's weights", count * sizeof(*values));
    enum impasto_status status = IMPASTO_OK;
    if (!reader->hdf5->read(array, values, count))
        status = damaged(reader, name, "cannot be read");
    else
        status = imp_floats_check(reader->path, name, values, count, reader->error);
    if (kernel && status == IMPASTO_OK)
        transpose(values, out->weight, in_channels, out_channels);
    if (kernel)
        free(values);
    return status;
}

/* Reads one array of a layer, which says by its rank what it is. */
static enum impasto_status read_array(const struct reader *reader, int64_t array, const char *name,
                                      int layer, bool *has_kernel, bool *has_bias,
                                      struct imp_layer_weights *out)
{
    uint64_t shape[IMP_HDF5_RANK] = {0};
    const int rank = reader->hdf5->shape(array, shape);
    const uint64_t in = (uint64_t)imp_layer_shapes[layer].in_channels;
    const uint64_t channels = (uint64_t)imp_layer_shapes[layer].out_channels;
    const bool kernel = rank == 4;
    bool *seen = kernel ? has_kernel : has_bias;
    if (kernel && (shape[0] != 3 || shape[1] != 3 || shape[2] != in || shape[3] != channels))
        return imp_fail(reader->error, IMPASTO_ERROR_WEIGHTS,
                        "%s: %s has the shape [%llu,%llu,%llu,%llu] but VGG19's %s is "
                        "[3,3,%llu,%llu]; other weights are needed (with TensorFlow's order)",
                        reader->path, name, (unsigned long long)shape[0],
                        (unsigned long long)shape[1], (unsigned long long)shape[2],
                        (unsigned long long)shape[3], imp_layer_shapes[layer].name,
                        (unsigned long long)in, (unsigned long long)channels);
    if (!kernel && (rank != 1 || shape[0] != channels))
        return imp_fail(reader->error, IMPASTO_ERROR_WEIGHTS,
                        "%s: %s has %d dimensions, the first of %llu, but VGG19's %s has a bias of "
                        "[%llu]; other weights are needed",
                        reader->path, name, rank, (unsigned long long)shape[0],
                        imp_layer_shapes[layer].name, (unsigned long long)channels);
    if (!reader->hdf5->plain(array))
        return damaged(reader, name, "is not a plain array of floating-point numbers");
    if (*seen)
        return damaged(reader, name, "is a second array of its kind in its layer");
    *seen = true;
    return read_values(reader, array, name, layer, kernel, out);
}

/* Reads every array that a layer's group lists. */
static enum impasto_status read_arrays(const struct reader *reader, int64_t group,
                                       const struct imp_hdf5_names *names, int layer,
                                       bool *has_kernel, bool *has_bias,
                                       struct imp_layer_weights *out)
{
    enum impasto_status status = IMPASTO_OK;
    for (size_t i = 0; i < names->count && status == IMPASTO_OK; i++) {
        const int64_t array = reader->hdf5->open_array(group, names->name[i]);
        if (array < 0)
            return damaged(reader, names->name[i], "is listed but not there");
        status = read_array(reader, array, names->name[i], layer, has_kernel, has_bias, out);
        reader->hdf5->close(array);
    }
    return status;
}

static enum impasto_status read_layer(const struct reader *reader, const char *name, int layer,
                                      bool *has_kernel, bool *has_bias,
                                      struct imp_layer_weights *out)
{
    struct imp_hdf5_names names;
    const int64_t group = reader->hdf5->open_group(reader->root, name);
    if (group < 0)
        return damaged(reader, name, "is listed but not there");
    enum impasto_status status = IMPASTO_OK;
    if (!reader->hdf5->read_names(group, "weight_names", &names))
        status = damaged(reader, name, "has no list of its arrays (attribute weight_names)");
    if (status == IMPASTO_OK)
        status = imp_weights_allocate(out, layer, reader->error);
    if (status == IMPASTO_OK)
        status = read_arrays(reader, group, &names, layer, has_kernel, has_bias, out);
    free(names.name);
    reader->hdf5->close(group);
    return status;
}

static enum impasto_status read_layers(const struct reader *reader, struct impasto_weights *weights)
{
    bool kernel[IMPASTO_LAYERS] = {false}, bias[IMPASTO_LAYERS] = {false};
    for (int i = 0; i < IMPASTO_LAYERS; i++) {
        char name[GROUP_SIZE];
        bool listed = false;
        snprintf(name, sizeof(name), "block%d_conv%d", imp_layer_shapes[i].block,
                 imp_layer_shapes[i].number);
        for (size_t j = 0; j < reader->layers.count && !listed; j++)
            listed = strcmp(reader->layers.name[j], name) == 0;
        if (listed)
            IMP_TRY(read_layer(reader, name, i, &kernel[i], &bias[i], &weights->layers[i]));
    }
    return imp_weights_count(reader->path, kernel, bias, &weights->info.layers, reader->error);
}

/* Finds the group that lists layers, and reads from there. */
static enum impasto_status read_file(struct reader *reader, int64_t file,
                                     struct impasto_weights *weights)
{
    const struct imp_hdf5 *hdf5 = reader->hdf5;
    enum impasto_status status;
    reader->root = hdf5->open_group(file, "/");
    if (reader->root >= 0 && !hdf5->has_attribute(reader->root, "layer_names") &&
        hdf5->has_member(reader->root, "model_weights")) {
        hdf5->close(reader->root);
        reader->root = hdf5->open_group(file, "model_weights");
    }
    if (reader->root < 0)
        status = damaged(reader, "its first group", "cannot be opened");
    else if (!hdf5->read_names(reader->root, "layer_names", &reader->layers))
        status = damaged(reader, "the list of layers (attribute layer_names)",
                         "is missing or cannot be read");
    else
        status = read_layers(reader, weights);
    free(reader->layers.name);
    if (reader->root >= 0)
        hdf5->close(reader->root);
    return status;
}

/* All of the child's work. */
static enum impasto_status read_weights(struct reader *reader, struct impasto_weights *weights)
{
    const int64_t file = reader->hdf5->open_file(reader->path);
    imp_sandbox_seal();
    if (file < 0)
        return damaged(reader, "the file", "is cut short or damaged");
    const enum impasto_status status = read_file(reader, file, weights);
    reader->hdf5->close(file);
    return status;
}

/* In the child. user: the program's reader. */
static void serve(void *user, int descriptor)
{
    struct reader reader = *(const struct reader *)user;
    struct impasto_weights weights = {0};
    struct impasto_error error = {0};
    struct answer answer = {0};
    /* Sandboxes leave it to sanitizers, which would report what libhdf5 is in here for. */
    imp_os_redirect(IMP_OS_STDIN, IMP_OS_STDERR);
    reader.error = &error;
    answer.status = read_weights(&reader, &weights);
    answer.layers = weights.info.layers;
    /* Not the bytes after the message, which nobody has written. */
    snprintf(answer.message, sizeof(answer.message), "%s", error.message);
    bool sent = imp_sandbox_send(descriptor, &answer, sizeof(answer));
    for (int i = 0; i < answer.layers && answer.status == IMPASTO_OK && sent; i++)
        sent = imp_sandbox_send(descriptor, weights.layers[i].weight,
                                imp_layer_elements(i) * sizeof(float)) &&
               imp_sandbox_send(descriptor, weights.layers[i].bias,
                                (size_t)imp_layer_shapes[i].out_channels * sizeof(float));
}

/* In the program. Nothing that the child says is believed. */
static enum impasto_status receive(const struct imp_sandbox_child *child,
                                   const struct reader *reader, struct impasto_weights *weights)
{
    struct answer answer;
    if (!imp_sandbox_receive(child, &answer, sizeof(answer)))
        return damaged(reader, "the file", "is damaged, in a way that stops libhdf5");
    answer.message[sizeof(answer.message) - 1] = '\0';
    if (answer.status == IMPASTO_ERROR_WEIGHTS || answer.status == IMPASTO_ERROR_MEMORY)
        return imp_fail(reader->error, answer.status, "%s", answer.message);
    if (answer.status != IMPASTO_OK || answer.layers < 1 || answer.layers > IMPASTO_LAYERS)
        return damaged(reader, "the file", "is damaged, in a way that misleads libhdf5");
    weights->info.layers = answer.layers;
    weights->info.convention = IMPASTO_CONVENTION_CAFFE;
    for (int i = 0; i < answer.layers; i++) {
        struct imp_layer_weights *layer = &weights->layers[i];
        const size_t biases = (size_t)imp_layer_shapes[i].out_channels;
        IMP_TRY(imp_weights_allocate(layer, i, reader->error));
        if (!imp_sandbox_receive(child, layer->weight, imp_layer_elements(i) * sizeof(float)) ||
            !imp_sandbox_receive(child, layer->bias, biases * sizeof(float)))
            return damaged(reader, imp_layer_shapes[i].name, "cannot be read");
        IMP_TRY(imp_floats_check(reader->path, imp_layer_shapes[i].name, layer->weight,
                                 imp_layer_elements(i), reader->error));
        IMP_TRY(imp_floats_check(reader->path, imp_layer_shapes[i].name, layer->bias, biases,
                                 reader->error));
    }
    return IMPASTO_OK;
}

static enum impasto_status load(const char *path, struct impasto_weights *weights,
                                struct impasto_error *error)
{
    struct reader reader = {.path = path, .error = error};
    struct imp_sandbox_child child;
    const struct imp_sandbox sandbox = {.memory = CHILD_MEMORY,
                                        .seconds = CHILD_SECONDS,
                                        .descriptor = -1,
                                        .opens = true, /* libhdf5 takes no open files */
                                        .work = serve,
                                        .user = &reader};
    IMP_TRY(load_reader(path, &reader.hdf5, error));
    if (!imp_sandbox_start(&sandbox, &child))
        return imp_sandbox_fail(error, path, "read", errno);
    const enum impasto_status status = receive(&child, &reader, weights);
    (void)imp_sandbox_end(&child);
    return status;
}

#else

static enum impasto_status load(const char *path, struct impasto_weights *weights,
                                struct impasto_error *error)
{
    (void)weights;
    return imp_fail(error, IMPASTO_ERROR_WEIGHTS,
                    "%s: a Keras HDF5 file, which this build cannot read because it lacks HDF5; "
                    "convert it with impasto weights convert",
                    path);
}

#endif

const struct imp_weights_format imp_weights_keras_h5 = {
    .name = "Keras HDF5",
    .probe = probe,
    .load = load,
};
