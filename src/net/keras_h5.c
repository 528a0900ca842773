/* SPDX-License-Identifier: MIT */
/*
 * Keras HDF5 weights: the only file that knows libhdf5. A group per layer, named in the attribute
 * layer_names of the file (or of its group model_weights, in a file of a whole model); in it the
 * arrays that the group's attribute weight_names lists. The arrays' names differ between versions
 * of Keras, so a layer's kernel and bias are told apart by their rank: (3, 3, in, out) and (out).
 *
 * The file may be hostile: nothing is followed out of it (external links and storage, virtual
 * datasets), and sizes are checked before anything of that size is allocated. That is not enough,
 * because libhdf5 itself crashes on some damaged files (1.10.8 does, a few in a thousand). So it
 * runs in a sandbox, which sends what it has read; its crash is then one more error. This also
 * leaves the program's own use of libhdf5, which has global state, alone.
 */

#include "net/weights.h"

#include <string.h>

static bool probe(const unsigned char *head, size_t size)
{
    static const char signature[] = "\211HDF\r\n\032\n";
    return size >= sizeof(signature) - 1 && memcmp(head, signature, sizeof(signature) - 1) == 0;
}

#ifdef IMP_HAVE_HDF5

#include <errno.h>
#include <hdf5.h>
#include <stdlib.h>
#include <unistd.h>

/* Names in an attribute, and bytes of one name: far above any network's. */
#define NAMES_LIMIT 4096
#define NAME_LIMIT 256
/* Bytes of a chunk of a compressed array: the largest array that is read has 9 MiB. */
#define CHUNK_LIMIT (16u << 20)
/* Fits "block5_conv4". */
#define GROUP_SIZE 16

/* Seconds of processor time after which the child is taken to hang; a full network takes one. */
#define CHILD_SECONDS 60
/* Bytes that the child may take beyond what the program has: all layers are 77 MiB, and libhdf5
 * believes the sizes that a damaged file claims. */
#define CHILD_MEMORY ((uint64_t)512 << 20)

/* What the child sends first; then, where all is well, each layer's weight and bias. */
struct answer {
    enum impasto_status status;
    int layers;
    char message[sizeof(((struct impasto_error *)NULL)->message)];
};

struct names {
    size_t count;
    char (*name)[NAME_LIMIT];
};

struct reader {
    const char *path;
    struct impasto_error *error;
    hid_t root; /* the group whose layer_names count */
    struct names layers;
};

static enum impasto_status damaged(const struct reader *reader, const char *thing, const char *what)
{
    return imp_fail(reader->error, IMPASTO_ERROR_WEIGHTS,
                    "%s: not sound Keras weights: %s %s; get the file anew, or convert it with "
                    "weights/vgg19.py convert",
                    reader->path, thing, what);
}

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

static hid_t open_group(hid_t at, const char *name)
{
    const hid_t access = within_file(H5P_GROUP_ACCESS);
    const hid_t group = H5Gopen2(at, name, access);
    H5Pclose(access);
    return group;
}

/* Reads `count` texts of an open attribute whose texts are pointers. */
static bool read_pointers(hid_t attribute, hid_t type, hid_t space, const struct names *names)
{
    char **texts = calloc(names->count, sizeof(*texts));
    bool good = texts != NULL && H5Aread(attribute, type, texts) >= 0;
    for (size_t i = 0; good && i < names->count; i++) {
        good = texts[i] != NULL && strlen(texts[i]) < NAME_LIMIT;
        if (good)
            memcpy(names->name[i], texts[i], strlen(texts[i]) + 1);
    }
    if (texts != NULL)
        H5Dvlen_reclaim(type, space, H5P_DEFAULT, texts);
    free(texts);
    return good;
}

/* Reads an open attribute of texts, of fixed or variable length. */
static bool read_texts(hid_t attribute, struct names *names)
{
    const hid_t stored = H5Aget_type(attribute), space = H5Aget_space(attribute);
    const hid_t type = H5Tcopy(H5T_C_S1);
    const hssize_t count = H5Sget_simple_extent_npoints(space);
    const htri_t pointers = H5Tis_variable_str(stored);
    bool good = H5Tget_class(stored) == H5T_STRING && pointers >= 0 && count > 0 &&
                count <= NAMES_LIMIT && (pointers > 0 || H5Tget_size(stored) < NAME_LIMIT);
    /* Read as it is stored, but for the length: libhdf5 does not convert between character sets. */
    good = good && H5Tset_size(type, pointers > 0 ? H5T_VARIABLE : NAME_LIMIT) >= 0 &&
           H5Tset_cset(type, H5Tget_cset(stored)) >= 0;
    if (good) {
        names->count = (size_t)count;
        names->name = calloc(names->count, sizeof(*names->name));
        good = names->name != NULL && (pointers > 0 ? read_pointers(attribute, type, space, names)
                                                    : H5Aread(attribute, type, names->name) >= 0);
    }
    for (size_t i = 0; good && i < names->count; i++)
        good = memchr(names->name[i], '\0', NAME_LIMIT) != NULL;
    H5Tclose(type);
    H5Sclose(space);
    H5Tclose(stored);
    return good;
}

/* Reads the attribute `name` of an object; the caller frees names->name, also after a failure. */
static bool read_names(hid_t object, const char *name, struct names *names)
{
    *names = (struct names){0};
    const hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
    if (attribute < 0)
        return false;
    const bool good = read_texts(attribute, names);
    H5Aclose(attribute);
    return good;
}

/* Whether the data lies in this very file, in pieces that can be held in memory. */
static bool sound_storage(hid_t dataset)
{
    const hid_t creation = H5Dget_create_plist(dataset), type = H5Dget_type(dataset);
    const H5D_layout_t layout = H5Pget_layout(creation);
    hsize_t extents[H5S_MAX_RANK];
    bool good = H5Tget_class(type) == H5T_FLOAT && H5Pget_external_count(creation) == 0 &&
                (layout == H5D_COMPACT || layout == H5D_CONTIGUOUS || layout == H5D_CHUNKED);
    if (good && layout == H5D_CHUNKED) {
        const int rank = H5Pget_chunk(creation, H5S_MAX_RANK, extents);
        uint64_t bytes = H5Tget_size(type);
        good = rank > 0 && rank <= H5S_MAX_RANK;
        for (int i = 0; good && i < rank; i++) {
            good = extents[i] > 0 && extents[i] <= CHUNK_LIMIT && bytes <= CHUNK_LIMIT;
            bytes *= extents[i];
        }
        good = good && bytes <= CHUNK_LIMIT;
    }
    H5Tclose(type);
    H5Pclose(creation);
    return good;
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
static enum impasto_status read_values(const struct reader *reader, hid_t dataset, const char *name,
                                       int layer, bool kernel, struct imp_layer_weights *out)
{
    const size_t in_channels = (size_t)imp_layer_shapes[layer].in_channels;
    const size_t out_channels = (size_t)imp_layer_shapes[layer].out_channels;
    const size_t count = kernel ? imp_layer_elements(layer) : out_channels;
    float *values = kernel ? malloc(count * sizeof(*values)) : out->bias;
    if (values == NULL)
        return imp_fail_memory(reader->error, "a layer's weights", count * sizeof(*values));
    enum impasto_status status = IMPASTO_OK;
    if (H5Dread(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0)
        status = damaged(reader, name, "cannot be read");
    else
        status = imp_weights_check_finite(reader->path, name, values, count, reader->error);
    if (kernel && status == IMPASTO_OK)
        transpose(values, out->weight, in_channels, out_channels);
    if (kernel)
        free(values);
    return status;
}

/* Reads one array of a layer, which says by its rank what it is. */
static enum impasto_status read_array(const struct reader *reader, hid_t dataset, const char *name,
                                      int layer, bool *has_kernel, bool *has_bias,
                                      struct imp_layer_weights *out)
{
    hsize_t shape[H5S_MAX_RANK] = {0};
    const hid_t space = H5Dget_space(dataset);
    const int rank = H5Sget_simple_extent_dims(space, shape, NULL);
    H5Sclose(space);
    const hsize_t in = (hsize_t)imp_layer_shapes[layer].in_channels;
    const hsize_t channels = (hsize_t)imp_layer_shapes[layer].out_channels;
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
    if (!sound_storage(dataset))
        return damaged(reader, name, "is not a plain array of floating-point numbers");
    if (*seen)
        return damaged(reader, name, "is a second array of its kind in its layer");
    *seen = true;
    return read_values(reader, dataset, name, layer, kernel, out);
}

/* Reads every array that a layer's group lists. */
static enum impasto_status read_arrays(const struct reader *reader, hid_t group,
                                       const struct names *names, int layer, bool *has_kernel,
                                       bool *has_bias, struct imp_layer_weights *out)
{
    enum impasto_status status = IMPASTO_OK;
    for (size_t i = 0; i < names->count && status == IMPASTO_OK; i++) {
        const hid_t access = within_file(H5P_DATASET_ACCESS);
        const hid_t dataset = H5Dopen2(group, names->name[i], access);
        H5Pclose(access);
        if (dataset < 0)
            return damaged(reader, names->name[i], "is listed but not there");
        status = read_array(reader, dataset, names->name[i], layer, has_kernel, has_bias, out);
        H5Dclose(dataset);
    }
    return status;
}

static enum impasto_status read_layer(const struct reader *reader, const char *name, int layer,
                                      bool *has_kernel, bool *has_bias,
                                      struct imp_layer_weights *out)
{
    struct names names;
    const hid_t group = open_group(reader->root, name);
    if (group < 0)
        return damaged(reader, name, "is listed but not there");
    enum impasto_status status = IMPASTO_OK;
    if (!read_names(group, "weight_names", &names))
        status = damaged(reader, name, "has no list of its arrays (attribute weight_names)");
    if (status == IMPASTO_OK)
        status = imp_weights_allocate(out, layer, reader->error);
    if (status == IMPASTO_OK)
        status = read_arrays(reader, group, &names, layer, has_kernel, has_bias, out);
    free(names.name);
    H5Gclose(group);
    return status;
}

static enum impasto_status read_layers(const struct reader *reader, struct impasto_weights *weights)
{
    bool kernel[IMPASTO_LAYERS] = {false}, bias[IMPASTO_LAYERS] = {false};
    for (int i = 0; i < IMPASTO_LAYERS; i++) {
        char name[GROUP_SIZE];
        bool listed = false;
        snprintf(name, sizeof(name), "block%d_conv%s", imp_layer_shapes[i].block,
                 strchr(imp_layer_shapes[i].name, '_') + 1);
        for (size_t j = 0; j < reader->layers.count && !listed; j++)
            listed = strcmp(reader->layers.name[j], name) == 0;
        if (listed)
            IMP_TRY(read_layer(reader, name, i, &kernel[i], &bias[i], &weights->layers[i]));
    }
    return imp_weights_count(reader->path, kernel, bias, &weights->info.layers, reader->error);
}

/* Finds the group that lists layers, and reads from there. */
static enum impasto_status read_file(struct reader *reader, hid_t file,
                                     struct impasto_weights *weights)
{
    enum impasto_status status;
    reader->root = open_group(file, "/");
    if (reader->root >= 0 && H5Aexists(reader->root, "layer_names") <= 0 &&
        H5Lexists(reader->root, "model_weights", H5P_DEFAULT) > 0) {
        H5Gclose(reader->root);
        reader->root = open_group(file, "model_weights");
    }
    if (reader->root < 0)
        status = damaged(reader, "its first group", "cannot be opened");
    else if (!read_names(reader->root, "layer_names", &reader->layers))
        status = damaged(reader, "the list of layers (attribute layer_names)",
                         "is missing or cannot be read");
    else
        status = read_layers(reader, weights);
    free(reader->layers.name);
    if (reader->root >= 0)
        H5Gclose(reader->root);
    return status;
}

/* Files are only read, so a file system without locks is as good as any. */
static hid_t open_file(const char *path)
{
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
#if H5_VERSION_GE(1, 10, 7)
    H5Pset_file_locking(access, false, true);
#endif
    const hid_t file = H5Fopen(path, H5F_ACC_RDONLY, access);
    H5Pclose(access);
    return file;
}

/* All of the child's work. */
static enum impasto_status read_weights(const char *path, struct impasto_weights *weights,
                                        struct impasto_error *error)
{
    struct reader reader = {.path = path, .error = error};
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL); /* libhdf5 prints its failures unless told not to */
    const hid_t file = open_file(path);
    imp_sandbox_seal();
    if (file < 0)
        return damaged(&reader, "the file", "is cut short or damaged");
    const enum impasto_status status = read_file(&reader, file, weights);
    H5Fclose(file);
    return status;
}

/* In the child. user: the path. */
static void serve(void *user, int descriptor)
{
    const char *const *path = user;
    struct impasto_weights weights = {0};
    struct impasto_error error = {0};
    struct answer answer = {0};
    /* Sandboxes leave it to sanitizers, which would report what libhdf5 is in here for. */
    (void)dup2(STDIN_FILENO, STDERR_FILENO);
    answer.status = read_weights(*path, &weights, &error);
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
        IMP_TRY(imp_weights_check_finite(reader->path, imp_layer_shapes[i].name, layer->weight,
                                         imp_layer_elements(i), reader->error));
        IMP_TRY(imp_weights_check_finite(reader->path, imp_layer_shapes[i].name, layer->bias,
                                         biases, reader->error));
    }
    return IMPASTO_OK;
}

static enum impasto_status load(const char *path, struct impasto_weights *weights,
                                struct impasto_error *error)
{
    const struct reader reader = {.path = path, .error = error};
    struct imp_sandbox_child child;
    const struct imp_sandbox sandbox = {.memory = CHILD_MEMORY,
                                        .seconds = CHILD_SECONDS,
                                        .descriptor = -1,
                                        .opens = true, /* libhdf5 takes no open files */
                                        .work = serve,
                                        .user = &path};
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
                    "convert it with weights/vgg19.py convert",
                    path);
}

#endif

const struct imp_weights_format imp_weights_keras_h5 = {
    .name = "Keras HDF5",
    .probe = probe,
    .load = load,
};
