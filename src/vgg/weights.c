/* SPDX-License-Identifier: MIT */
/*
 * Opening weights: where they are looked for, and which format they are in. Once a file is chosen,
 * whatever is wrong with it is an error. A run must never use other weights than the user believes.
 */

#include "base/os.h"
#include "vgg/weights.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Enough of a file to tell its format. */
#define HEAD_SIZE 16
/* What the XDG Base Directory specification 0.8 says where XDG_DATA_DIRS is not set. */
#define DATA_DIRS_DEFAULT "/usr/local/share:/usr/share"

static const struct imp_weights_format *const formats[] = {
    &imp_weights_keras_h5,
    &imp_weights_safetensors,
};

/* Files that people mistake for weights, and what to do with them. */
static const struct {
    const char *head;
    size_t size;
    const char *advice;
} mistaken[] = {
    {"PK\003\004", 4,
     "a zip archive such as PyTorch and NumPy write; convert it with impasto weights convert"},
    {"\200", 1, "a Python pickle such as PyTorch writes; convert it with impasto weights convert"},
    {"version https:", 14, "a Git LFS pointer and not the file itself; get it with git lfs pull"},
    {"<", 1, "a web page that was saved in place of the weights; download the file itself"},
};

/* Reads the first bytes of what must be a regular file. size: how many there were. */
static enum impasto_status read_head(const char *path, unsigned char head[HEAD_SIZE], size_t *size,
                                     struct impasto_error *error)
{
    struct imp_os_about about;
    if (!imp_os_look(path, &about))
        return imp_fail(error, IMPASTO_ERROR_WEIGHTS, "%s: %s; name a file of VGG19 weights", path,
                        strerror(errno));
    if (about.kind == IMP_OS_FOLDER)
        return imp_fail(error, IMPASTO_ERROR_WEIGHTS, "%s: a folder; name the file in it", path);
    if (about.kind != IMP_OS_FILE)
        return imp_fail(error, IMPASTO_ERROR_WEIGHTS,
                        "%s: not a regular file (a device, pipe or socket); name a file", path);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return imp_fail_file(error, IMPASTO_ERROR_WEIGHTS, path, "cannot be read", errno);
    *size = fread(head, 1, HEAD_SIZE, file);
    const bool failed = ferror(file) != 0;
    const int problem = errno;
    fclose(file);
    if (failed)
        return imp_fail_file(error, IMPASTO_ERROR_WEIGHTS, path, "cannot be read", problem);
    if (*size == 0)
        return imp_fail(error, IMPASTO_ERROR_WEIGHTS, "%s: empty; get the file anew", path);
    return IMPASTO_OK;
}

static enum impasto_status load_file(struct impasto_weights *weights, const char *path,
                                     struct impasto_error *error)
{
    unsigned char head[HEAD_SIZE];
    size_t size = 0;
    IMP_TRY(read_head(path, head, &size, error));
    weights->source = strdup(path);
    if (weights->source == NULL)
        return imp_fail_memory(error, "a file name", strlen(path));
    weights->info.source = weights->source;
    for (size_t i = 0; i < IMP_COUNT(formats); i++)
        if (formats[i]->probe(head, size)) {
            weights->format = formats[i];
            return formats[i]->load(path, weights, error);
        }
    for (size_t i = 0; i < IMP_COUNT(mistaken); i++)
        if (size >= mistaken[i].size && memcmp(head, mistaken[i].head, mistaken[i].size) == 0)
            return imp_fail(error, IMPASTO_ERROR_WEIGHTS, "%s: %s", path, mistaken[i].advice);
    return imp_fail(error, IMPASTO_ERROR_WEIGHTS,
                    "%s: neither safetensors nor Keras HDF5; convert it with impasto weights "
                    "convert",
                    path);
}

/* Looks at one place; true: it will do. */
typedef bool (*look_fn)(void *user, const char *path);

/* Looks at "base/file" where base is an absolute path of `length` bytes: the XDG specification
 * wants others ignored. What is longer than any path is no place either. */
static bool look_in(const char *base, size_t length, const char *file, look_fn look, void *user)
{
    char path[PATH_MAX];
    if (base == NULL || length == 0 || !imp_os_is_absolute(base) ||
        length + strlen(file) + 2 > sizeof(path))
        return false;
    memcpy(path, base, length);
    snprintf(path + length, sizeof(path) - length, "/%s", file);
    return look(user, path);
}

/* Looks where weights are kept, in the order of the header, until a place will do. */
static bool look_everywhere(look_fn look, void *user)
{
    static const char name[] = "impasto/vgg19.safetensors";
    const char *home = imp_os_home();
    const char *data = getenv("XDG_DATA_HOME");
    const char *dirs = getenv("XDG_DATA_DIRS");
    const size_t home_length = home == NULL ? 0 : strlen(home);
    if (look_in(data, data == NULL ? 0 : strlen(data), name, look, user) ||
        look_in(home, home_length, ".local/share/impasto/vgg19.safetensors", look, user))
        return true;
    if (dirs == NULL || dirs[0] == '\0')
        dirs = DATA_DIRS_DEFAULT;
    while (dirs[0] != '\0') {
        const char *mark = strchr(dirs, IMP_OS_LIST_MARK);
        const size_t length = mark ? (size_t)(mark - dirs) : strlen(dirs);
        if (look_in(dirs, length, name, look, user))
            return true;
        dirs += length + (mark != NULL);
    }
#ifdef IMP_HAVE_HDF5
    return look_in(home, home_length,
                   ".keras/models/vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5", look, user);
#else
    return false;
#endif
}

/* Links that lead nowhere count as something: who made them wants to know. */
static bool is_there(const char *path)
{
    struct imp_os_about about;
    return imp_os_look_at_link(path, &about);
}

static bool take(void *user, const char *path)
{
    if (!is_there(path))
        return false;
    snprintf(user, PATH_MAX, "%s", path);
    return true;
}

struct visit {
    impasto_weights_place_fn place;
    void *user;
};

static bool tell(void *user, const char *path)
{
    const struct visit *visit = user;
    visit->place(visit->user, path, is_there(path));
    return false;
}

void impasto_weights_places(impasto_weights_place_fn place, void *user)
{
    (void)look_everywhere(tell, &(struct visit){place, user});
}

static enum impasto_status generate(const struct impasto_weights *weights, int layer,
                                    struct imp_layer_weights *out, struct impasto_error *error)
{
    (void)weights;
    return imp_builtin_generate(layer, out, error);
}

/* The built-in weights, which no file is probed for. */
static const struct imp_weights_format generator = {.name = "built-in", .layer = generate};

/* Looks where the header says. */
static enum impasto_status load_found(struct impasto_weights *weights, bool *builtin,
                                      struct impasto_error *error)
{
    const char *variable = getenv("IMPASTO_WEIGHTS");
    if (variable != NULL && variable[0] != '\0') {
        *builtin = strcmp(variable, "builtin") == 0;
        const enum impasto_status status =
            *builtin ? IMPASTO_OK : load_file(weights, variable, error);
        if (status != IMPASTO_OK && error != NULL)
            return imp_fail(error, status, "%s (named by $IMPASTO_WEIGHTS)", error->message);
        return status;
    }
    char path[PATH_MAX];
    *builtin = !look_everywhere(take, path);
    return *builtin ? IMPASTO_OK : load_file(weights, path, error);
}

enum impasto_status impasto_weights_open(const char *path, enum impasto_convention convention,
                                         struct impasto_weights **weights,
                                         struct impasto_error *error)
{
    bool builtin = false;
    *weights = NULL;
    if (convention != IMPASTO_CONVENTION_AUTO && convention != IMPASTO_CONVENTION_CAFFE &&
        convention != IMPASTO_CONVENTION_TORCHVISION)
        return imp_fail(error, IMPASTO_ERROR_USAGE, "%d is not an input convention of weights",
                        (int)convention);
    if (path != NULL && path[0] == '\0')
        return imp_fail(error, IMPASTO_ERROR_WEIGHTS,
                        "the name of the weights file is empty; name a file, or builtin");
    struct impasto_weights *opened = calloc(1, sizeof(*opened));
    if (opened == NULL)
        return imp_fail_memory(error, "the weights", sizeof(*opened));
    enum impasto_status status = IMPASTO_OK;
    if (path == NULL)
        status = load_found(opened, &builtin, error);
    else if (strcmp(path, "builtin") == 0)
        builtin = true;
    else
        status = load_file(opened, path, error);
    if (status != IMPASTO_OK) {
        impasto_weights_close(&opened);
        return status;
    }
    if (builtin)
        opened->format = &generator;
    if (builtin)
        opened->info = (struct impasto_weights_info){
            .source = "built-in",
            .builtin = true,
            .layers = IMPASTO_LAYERS,
            .convention = IMPASTO_CONVENTION_CAFFE,
            .version = IMP_BUILTIN_VERSION,
        };
    if (convention != IMPASTO_CONVENTION_AUTO)
        opened->info.convention = convention;
    *weights = opened;
    return IMPASTO_OK;
}

void impasto_weights_close(struct impasto_weights **weights)
{
    if (*weights == NULL)
        return;
    for (int i = 0; i < IMPASTO_LAYERS; i++)
        imp_layer_weights_free(&(*weights)->layers[i]);
    if ((*weights)->state != NULL)
        (*weights)->format->close((*weights)->state);
    free((*weights)->source);
    free(*weights);
    *weights = NULL;
}

const struct impasto_weights_info *impasto_weights_info(const struct impasto_weights *weights)
{
    return &weights->info;
}

static enum impasto_status copy_layer(const struct impasto_weights *weights, int layer,
                                      struct imp_layer_weights *out, struct impasto_error *error)
{
    const struct imp_layer_weights *from = &weights->layers[layer];
    IMP_TRY(imp_weights_allocate(out, layer, error));
    memcpy(out->weight, from->weight, imp_layer_elements(layer) * sizeof(float));
    memcpy(out->bias, from->bias, (size_t)imp_layer_shapes[layer].out_channels * sizeof(float));
    return IMPASTO_OK;
}

enum impasto_status imp_weights_layer(const struct impasto_weights *weights, int layer,
                                      struct imp_layer_weights *out, struct impasto_error *error)
{
    if (layer < 0 || layer >= weights->info.layers)
        return imp_fail(error, IMPASTO_ERROR_WEIGHTS,
                        "%s: has no layer %s; it ends with %s, so choose layers up to there",
                        weights->info.source,
                        layer < 0 || layer >= IMPASTO_LAYERS ? "of that number"
                                                             : imp_layer_shapes[layer].name,
                        imp_layer_shapes[weights->info.layers - 1].name);
    const enum impasto_status status = weights->layers[layer].weight != NULL
                                           ? copy_layer(weights, layer, out, error)
                                           : weights->format->layer(weights, layer, out, error);
    if (status != IMPASTO_OK)
        imp_layer_weights_free(out);
    return status;
}

bool imp_weights_generated(const struct impasto_weights *weights)
{
    return weights->format == &generator;
}
