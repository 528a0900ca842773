/* SPDX-License-Identifier: MIT */
/*
 * Networks to files: safetensors with the names of pytorch/examples, and metadata that says what
 * tensors cannot.
 */

#include "model/file.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The largest number of half precision. */
#define HALF_MOST 65504.0f
/* Of a row: weight and bias of the convolution, and of what follows. */
#define TENSORS 4
/* Of the metadata, besides the pictures of styles. */
#define OWN_TEXTS 6

/* The biases that normalisation undoes, which PyTorch's network has all the same. */
static enum impasto_status read_zeros(void *user, size_t offset, void *piece, size_t size)
{
    (void)user;
    (void)offset;
    memset(piece, 0, size);
    return IMPASTO_OK;
}

/* Tensors on their way to a file. */
struct listing {
    const struct imp_stylenet *net;
    bool half;
    size_t count;
    struct imp_store_tensor tensors[IMP_MODEL_ROWS_MOST * TENSORS];
    char names[IMP_MODEL_ROWS_MOST * TENSORS][NAME_SIZE];
};

/* at: where they are among the parameters; -1: zeros. */
static struct imp_store_tensor *list(struct listing *listing, const char *name, const char *kind,
                                     ptrdiff_t at, size_t count)
{
    char *full = listing->names[listing->count];
    struct imp_store_tensor *tensor = &listing->tensors[listing->count++];
    snprintf(full, NAME_SIZE, "%.24s.%s", name, kind);
    *tensor = imp_store_floats(full, at < 0 ? NULL : listing->net->parameters + at, count);
    if (at < 0)
        tensor->read = read_zeros;
    tensor->halves = listing->half;
    return tensor;
}

/* (styles, out), or (out) of one style. */
static void list_norm(struct listing *listing, const struct imp_model_row *row, const char *kind,
                      size_t at)
{
    const int styles = listing->net->shape.styles, out = row->conv.out;
    struct imp_store_tensor *tensor =
        list(listing, row->norm_name, kind, (ptrdiff_t)at, (size_t)styles * (size_t)out);
    if (styles > 1) {
        tensor->rank = 2;
        tensor->shape[0] = styles;
        tensor->shape[1] = out;
    }
}

static void list_row(struct listing *listing, const struct imp_model_row *row)
{
    const struct imp_conv_shape *conv = &row->conv;
    struct imp_store_tensor *weight =
        list(listing, row->name, "weight", (ptrdiff_t)row->weights, imp_model_row_weights(row));
    weight->rank = 4;
    weight->shape[0] = conv->out;
    weight->shape[1] = conv->in;
    weight->shape[2] = weight->shape[3] = conv->size;
    list(listing, row->name, "bias", imp_model_normed(row) ? -1 : (ptrdiff_t)row->bias,
         (size_t)conv->out);
    if (imp_model_normed(row)) {
        list_norm(listing, row, "weight", row->gamma);
        list_norm(listing, row, "bias", row->beta);
    }
}

static enum impasto_status check_numbers(const struct imp_stylenet *net, const char *path,
                                         bool half, struct impasto_error *error)
{
    for (size_t i = 0; i < net->rows.parameters; i++) {
        if (!isfinite(net->parameters[i]))
            return imp_fail(error, IMPASTO_ERROR_NUMERIC,
                            "%s: not written, as the network has a number that is not finite; "
                            "train it anew",
                            path);
        if (half && fabsf(net->parameters[i]) > HALF_MOST)
            return imp_fail(error, IMPASTO_ERROR_USAGE,
                            "%s: the network has a number beyond half precision (%g); save it in "
                            "single precision",
                            path, (double)net->parameters[i]);
    }
    return IMPASTO_OK;
}

static char *shape_text(const struct imp_model_shape *shape)
{
    const int *c = shape->channels;
    static const char *const outputs[] = OUTPUT_WORDS;
    json_t *json = json_pack("{s:[i,i,i,i,i], s:i, s:i, s:b, s:i, s:f, s:f, s:s, s:f, s:f}",
                             "channels", c[0], c[1], c[2], c[3], c[4], "blocks", shape->blocks,
                             "end_size", shape->end_size, "end_norm", shape->end_norm, "styles",
                             shape->styles, "epsilon", (double)shape->epsilon, "in_scale",
                             (double)shape->in_scale, "output", outputs[shape->output], "out_scale",
                             (double)shape->out_scale, "out_offset", (double)shape->out_offset);
    int failed = 0;
    if (json && shape->noise > 0)
        failed = json_object_set_new(json, "noise", json_real((double)shape->noise));
    char *text = json && failed == 0 ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    return text;
}

static char *styles_text(const struct imp_stylenet *net)
{
    json_t *names = json_array();
    int failed = 0;
    for (int s = 0; s < net->shape.styles; s++)
        failed |= json_array_append_new(names, json_string(net->names[s]));
    char *text = failed == 0 ? json_dumps(names, JSON_COMPACT) : NULL;
    json_decref(names);
    return text;
}

static enum impasto_status write_all(const struct listing *listing, const char *path,
                                     const char *shape, const char *styles, const char *training,
                                     struct impasto_error *error)
{
    char format[16], keys[IMP_STYLES_MOST][PICTURE_KEY_SIZE];
    snprintf(format, sizeof(format), "%d", MODEL_FORMAT);
    const char *licence = listing->net->licence;
    struct imp_store_text texts[OWN_TEXTS + IMP_STYLES_MOST] = {
        {FORMAT_KEY, format}, {"format", "pt"},         {SHAPE_KEY, shape},
        {STYLES_KEY, styles}, {TRAINING_KEY, training}, {LICENCE_KEY, licence},
    };
    for (int s = 0; s < listing->net->shape.styles; s++) {
        snprintf(keys[s], sizeof(keys[s]), PICTURE_KEY, s);
        texts[OWN_TEXTS + s] = (struct imp_store_text){keys[s], listing->net->pictures[s]};
    }
    if ((training && strlen(training) > TEXT_MOST) || (licence && strlen(licence) > TEXT_MOST))
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "%s: the network's licence or settings are longer than 64 KiB; shorten "
                        "them",
                        path);
    const size_t text_count = OWN_TEXTS + (size_t)listing->net->shape.styles;
    return imp_store_write(path,
                           &(struct imp_store_contents){.what = MODEL_FILE,
                                                        .texts = texts,
                                                        .text_count = text_count,
                                                        .tensors = listing->tensors,
                                                        .tensor_count = listing->count},
                           error);
}

enum impasto_status imp_stylenet_save(const struct imp_stylenet *net, const char *path, bool half,
                                      struct impasto_error *error)
{
    IMP_TRY(check_numbers(net, path, half, error));
    struct listing *listing = calloc(1, sizeof(*listing));
    char *shape = shape_text(&net->shape), *styles = styles_text(net);
    char *training = net->training ? json_dumps(net->training, JSON_COMPACT) : NULL;
    enum impasto_status status = IMPASTO_OK;
    if (!listing || !shape || !styles || (net->training && !training))
        status = imp_fail_memory(error, MODEL_FILE, 0);
    if (status == IMPASTO_OK) {
        listing->net = net;
        listing->half = half;
        for (int i = 0; i < net->rows.count; i++)
            list_row(listing, &net->rows.row[i]);
        status = write_all(listing, path, shape, styles, training, error);
    }
    free(training);
    free(styles);
    free(shape);
    free(listing);
    return status;
}
