/* SPDX-License-Identifier: MIT */
/*
 * Networks from files. Nothing of a file is believed: the header is checked whole, the shape must
 * be possible, and each tensor must have what follows from it.
 */

#include "base/os.h"
#include "model/file.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What it takes to tell kinds of files apart. */
#define HEAD_SIZE 16

/* ---- The metadata ---------------------------------------------------------------------------- */

/* A failure to blame on the file's metadata. */
static enum impasto_status unclear(const struct imp_safetensors *file, const char *key,
                                   struct impasto_error *error)
{
    return imp_fail(error, IMPASTO_ERROR_WEIGHTS,
                    "%s: its metadata has no sound %s; get the file anew", file->path, key);
}

/* A text of the metadata as JSON; *out NULL: there is none. */
static enum impasto_status parse(const struct imp_safetensors *file, const char *key, json_t **out,
                                 struct impasto_error *error)
{
    const char *text = imp_safetensors_text(file, key);
    *out = NULL;
    if (!text)
        return IMPASTO_OK;
    if (strlen(text) <= TEXT_MOST)
        *out = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    return *out ? IMPASTO_OK : unclear(file, key, error);
}

static bool take_integer(const json_t *value, int *out)
{
    const json_int_t found = json_integer_value(value);
    *out = (int)found;
    return json_is_integer(value) && found >= 0 && found <= INT32_MAX;
}

static bool take_float(const json_t *object, const char *key, float *out)
{
    const json_t *value = json_object_get(object, key);
    const double found = json_number_value(value);
    const bool sound = json_is_number(value) && fabs(found) <= 1e30;
    *out = sound ? (float)found : 0;
    return sound;
}

static bool take_output(const json_t *value, enum imp_output *out)
{
    static const char *const outputs[] = OUTPUT_WORDS;
    const char *word = json_string_value(value);
    for (size_t i = 0; word && i < IMP_COUNT(outputs); i++)
        if (strcmp(word, outputs[i]) == 0) {
            *out = (enum imp_output)i;
            return true;
        }
    return false;
}

static bool take_shape(const json_t *json, struct imp_model_shape *shape)
{
    const json_t *channels = json_object_get(json, "channels");
    bool sound = json_array_size(channels) == IMP_MODEL_CHANNELS;
    for (size_t i = 0; i < IMP_MODEL_CHANNELS && sound; i++)
        sound = take_integer(json_array_get(channels, i), &shape->channels[i]);
    shape->end_norm = json_is_true(json_object_get(json, "end_norm"));
    shape->noise = 0;
    if (json_object_get(json, "noise"))
        sound = sound && take_float(json, "noise", &shape->noise);
    return sound && take_integer(json_object_get(json, "blocks"), &shape->blocks) &&
           take_integer(json_object_get(json, "end_size"), &shape->end_size) &&
           take_integer(json_object_get(json, "styles"), &shape->styles) &&
           take_float(json, "epsilon", &shape->epsilon) &&
           take_float(json, "in_scale", &shape->in_scale) &&
           take_output(json_object_get(json, "output"), &shape->output) &&
           take_float(json, "out_scale", &shape->out_scale) &&
           take_float(json, "out_offset", &shape->out_offset);
}

static enum impasto_status check_format(const struct imp_safetensors *file, const char *format,
                                        struct impasto_error *error)
{
    char *end;
    const long number = strtol(format, &end, 10);
    if (end == format || *end != '\0' || number < 1)
        return unclear(file, FORMAT_KEY, error);
    if (number > MODEL_FORMAT)
        return imp_fail(error, IMPASTO_ERROR_WEIGHTS,
                        "%s: a style network of format %ld, which a newer Impasto wrote; this one, "
                        "%s, reads format %d",
                        file->path, number, impasto_version(), MODEL_FORMAT);
    return IMPASTO_OK;
}

static enum impasto_status told_shape(const struct imp_safetensors *file, const char *format,
                                      struct imp_model_shape *shape, struct impasto_error *error)
{
    json_t *json;
    IMP_TRY(check_format(file, format, error));
    IMP_TRY(parse(file, SHAPE_KEY, &json, error));
    const bool sound = take_shape(json, shape);
    json_decref(json);
    return sound ? IMPASTO_OK : unclear(file, SHAPE_KEY, error);
}

/* Names of all styles. */
static enum impasto_status take_names(const struct imp_safetensors *file, const json_t *names,
                                      struct imp_stylenet *net, struct impasto_error *error)
{
    if (!json_is_array(names) || json_array_size(names) != (size_t)net->shape.styles)
        return unclear(file, STYLES_KEY, error);
    for (int s = 0; s < net->shape.styles; s++) {
        const char *name = json_string_value(json_array_get(names, (size_t)s));
        if (!name || !imp_style_name_sound(name) || imp_stylenet_find(net, name) >= 0)
            return imp_fail(error, IMPASTO_ERROR_WEIGHTS,
                            "%s: the name of its style %d, \"%.80s\", is not sound or another's; "
                            "get the file anew",
                            file->path, s + 1, name ? name : "");
        IMP_TRY(imp_stylenet_rename(net, s, name, error));
    }
    return IMPASTO_OK;
}

static enum impasto_status take_licence(const struct imp_safetensors *file,
                                        struct imp_stylenet *net, struct impasto_error *error)
{
    const char *licence = imp_safetensors_text(file, LICENCE_KEY);
    if (!licence)
        return IMPASTO_OK;
    if (strlen(licence) > TEXT_MOST)
        return unclear(file, LICENCE_KEY, error);
    net->licence = strdup(licence);
    return net->licence ? IMPASTO_OK : imp_fail_memory(error, MODEL_FILE, strlen(licence));
}

/* The pictures of styles, as far as there are any. */
static enum impasto_status take_pictures(const struct imp_safetensors *file,
                                         struct imp_stylenet *net, struct impasto_error *error)
{
    for (int s = 0; s < net->shape.styles; s++) {
        char key[PICTURE_KEY_SIZE];
        snprintf(key, sizeof(key), PICTURE_KEY, s);
        const char *text = imp_safetensors_text(file, key);
        if (text && !imp_style_picture_sound(text))
            return unclear(file, key, error);
        net->pictures[s] = text ? strdup(text) : NULL;
        if (text && !net->pictures[s])
            return imp_fail_memory(error, MODEL_FILE, strlen(text));
    }
    return IMPASTO_OK;
}

/* What is told of the styles, the training and the licence. */
static enum impasto_status take_texts(const struct imp_safetensors *file, struct imp_stylenet *net,
                                      struct impasto_error *error)
{
    json_t *names;
    IMP_TRY(parse(file, STYLES_KEY, &names, error));
    const enum impasto_status status = take_names(file, names, net, error);
    json_decref(names);
    IMP_TRY(status);
    IMP_TRY(parse(file, TRAINING_KEY, &net->training, error));
    if (net->training && !json_is_object(net->training))
        return unclear(file, TRAINING_KEY, error);
    IMP_TRY(take_pictures(file, net, error));
    return take_licence(file, net, error);
}

/* ---- Files without it ------------------------------------------------------------------------ */

/* Dimension `at` of a tensor that a network cannot lack, within what an int has; 0: there is none.
 */
static int extent(const struct imp_safetensors *file, const char *name, int rank, int at)
{
    int64_t shape[IMP_STORE_RANK];
    return imp_safetensors_shape(file, name, shape) == rank && shape[at] <= INT32_MAX
               ? (int)shape[at]
               : 0;
}

static int count_blocks(const struct imp_safetensors *file)
{
    char name[NAME_SIZE];
    int64_t shape[IMP_STORE_RANK];
    int count = 0;
    do
        snprintf(name, sizeof(name), "res%d.conv1.conv2d.weight", count + 1);
    while (imp_safetensors_shape(file, name, shape) >= 0 && ++count <= IMP_BLOCKS_MOST);
    return count;
}

/* What the tensors' shapes say. The rest is as usual. */
static enum impasto_status guessed_shape(const struct imp_safetensors *file,
                                         struct imp_model_shape *shape, struct impasto_error *error)
{
    static const char *const names[IMP_MODEL_CHANNELS] = {
        "conv1.conv2d.weight", "conv2.conv2d.weight", "conv3.conv2d.weight",
        "deconv1.conv2d.weight", "deconv2.conv2d.weight"};
    *shape = imp_model_shape_usual(0, 1);
    for (int i = 0; i < IMP_MODEL_CHANNELS; i++) {
        shape->channels[i] = extent(file, names[i], 4, 0);
        if (shape->channels[i] == 0)
            return imp_fail(error, IMPASTO_ERROR_WEIGHTS,
                            "%s: not a style network: it has no convolution %s; name a file that "
                            "Impasto has trained or converted",
                            file->path, names[i]);
    }
    shape->end_size = extent(file, names[0], 4, 3);
    shape->blocks = count_blocks(file);
    shape->end_norm = extent(file, "in6.weight", 1, 0) > 0 || extent(file, "in6.weight", 2, 0) > 0;
    if (extent(file, "in1.weight", 1, 0) == 0)
        shape->styles = extent(file, "in1.weight", 2, 0);
    return IMPASTO_OK;
}

/* The style of a file is called like it. */
static enum impasto_status name_by_file(const char *path, struct imp_stylenet *net,
                                        struct impasto_error *error)
{
    char name[IMP_STYLE_NAME_MOST + 1];
    const char *last = strrchr(path, '/');
    const int length = snprintf(name, sizeof(name), "%s", last ? last + 1 : path);
    char *dot = strrchr(name, '.');
    if (dot)
        *dot = '\0';
    if (net->shape.styles > 1 || length >= (int)sizeof(name) || !imp_style_name_sound(name))
        return imp_stylenet_number(net, error);
    return imp_stylenet_rename(net, 0, name, error);
}

/* ---- Loading --------------------------------------------------------------------------------- */

static enum impasto_status read_tensor(const struct imp_safetensors *file, const char *name,
                                       const char *kind, const struct imp_safetensors_floats *shape,
                                       float *out, struct impasto_error *error)
{
    char full[NAME_SIZE];
    struct imp_safetensors_floats wanted = *shape;
    snprintf(full, sizeof(full), "%.24s.%s", name, kind);
    wanted.name = full;
    wanted.whose = "the network's";
    return imp_safetensors_read_floats(file, &wanted, out, error);
}

/* A bias that normalisation undoes. It may be missing, but must be sound. */
static enum impasto_status read_undone(const struct imp_safetensors *file,
                                       const struct imp_model_row *row, struct impasto_error *error)
{
    char full[NAME_SIZE];
    float bias[IMP_CHANNELS_MOST];
    int64_t shape[IMP_STORE_RANK];
    snprintf(full, sizeof(full), "%.24s.bias", row->name);
    if (imp_safetensors_shape(file, full, shape) < 0)
        return IMPASTO_OK;
    return read_tensor(file, row->name, "bias",
                       &(struct imp_safetensors_floats){.rank = 1, .shape = {row->conv.out}}, bias,
                       error);
}

static enum impasto_status read_row(const struct imp_safetensors *file,
                                    const struct imp_model_row *row, const struct imp_stylenet *net,
                                    struct impasto_error *error)
{
    const struct imp_conv_shape *conv = &row->conv;
    const int styles = net->shape.styles, out = conv->out;
    const struct imp_safetensors_floats weight = {.rank = 4,
                                                  .shape = {out, conv->in, conv->size, conv->size}};
    const struct imp_safetensors_floats bias = {.rank = 1, .shape = {out}};
    const struct imp_safetensors_floats several = {.rank = 2, .shape = {styles, out}};
    const struct imp_safetensors_floats *norm = styles > 1 ? &several : &bias;
    float *parameters = net->parameters;
    IMP_TRY(read_tensor(file, row->name, "weight", &weight, parameters + row->weights, error));
    if (!imp_model_normed(row))
        return read_tensor(file, row->name, "bias", &bias, parameters + row->bias, error);
    IMP_TRY(read_undone(file, row, error));
    IMP_TRY(read_tensor(file, row->norm_name, "weight", norm, parameters + row->gamma, error));
    return read_tensor(file, row->norm_name, "bias", norm, parameters + row->beta, error);
}

static enum impasto_status read_rows(const struct imp_safetensors *file,
                                     const struct imp_stylenet *net, struct impasto_error *error)
{
    for (int i = 0; i < net->rows.count; i++)
        IMP_TRY(read_row(file, &net->rows.row[i], net, error));
    return IMPASTO_OK;
}

static enum impasto_status read_all(const struct imp_safetensors *file, struct imp_stylenet *net,
                                    struct impasto_error *error)
{
    struct imp_model_shape shape;
    const char *format = imp_safetensors_text(file, FORMAT_KEY);
    if (format)
        IMP_TRY(told_shape(file, format, &shape, error));
    else
        IMP_TRY(guessed_shape(file, &shape, error));
    IMP_TRY(imp_model_shape_check(&shape, IMPASTO_ERROR_WEIGHTS, file->path, error));
    IMP_TRY(imp_stylenet_make(&shape, net, error));
    IMP_TRY(read_rows(file, net, error));
    return format ? take_texts(file, net, error) : name_by_file(file->path, net, error);
}

/* A regular file that looks like safetensors. */
static enum impasto_status check_kind(const char *path, struct impasto_error *error)
{
    struct imp_os_about about;
    unsigned char head[HEAD_SIZE];
    if (!imp_os_look(path, &about))
        return imp_fail_file(error, IMPASTO_ERROR_WEIGHTS, path, "cannot be read", errno);
    if (about.kind != IMP_OS_FILE)
        return imp_fail(error, IMPASTO_ERROR_WEIGHTS, "%s: is %s, not a style network", path,
                        about.kind == IMP_OS_FOLDER ? "a folder" : "a device, pipe or socket");
    FILE *stream = fopen(path, "rb");
    if (!stream)
        return imp_fail_file(error, IMPASTO_ERROR_WEIGHTS, path, "cannot be read", errno);
    const size_t got = fread(head, 1, sizeof(head), stream);
    fclose(stream);
    if (got > 8 && head[8] == '{')
        return IMPASTO_OK;
    return imp_fail(error, IMPASTO_ERROR_WEIGHTS,
                    "%s: not a style network in safetensors; those of PyTorch (.pth, .model) and "
                    "ONNX are converted by impasto model convert",
                    path);
}

enum impasto_status imp_stylenet_load(const char *path, struct imp_stylenet *net,
                                      struct impasto_error *error)
{
    struct imp_safetensors file;
    *net = (struct imp_stylenet){0};
    IMP_TRY(check_kind(path, error));
    IMP_TRY(imp_safetensors_open(path, MODEL_FILE, IMPASTO_ERROR_WEIGHTS, &file, error));
    const enum impasto_status status = read_all(&file, net, error);
    imp_safetensors_close(&file);
    if (status != IMPASTO_OK)
        imp_stylenet_free(net);
    return status;
}
