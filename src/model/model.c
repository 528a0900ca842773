/* SPDX-License-Identifier: MIT */
/* A network on the host: new ones, their styles, and mixtures of these. */

#include "model/model.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A stream of random numbers for each layer, so that a layer's do not depend on those before. */
#define STREAM 0x5354594cu
/* Of new networks, see model.h. */
#define BLOCK_GAMMA 0.1f
#define LAST_RANGE 0.3f
#define NAME_OF_ONE "style"

/* ---- New and random -------------------------------------------------------------------------- */

/* The y at which the output is mid-grey; 0 where there is none. */
static float mid_grey(const struct imp_model_shape *shape)
{
    const double wanted = (0.5 - (double)shape->out_offset) / (double)shape->out_scale;
    if (shape->output == IMP_OUTPUT_LINEAR)
        return (float)wanted;
    if (shape->output == IMP_OUTPUT_TANH)
        return fabs(wanted) < 1 ? (float)atanh(wanted) : 0;
    return wanted > 0 && wanted < 1 ? (float)log(wanted / (1 - wanted)) : 0;
}

static void fill(float *out, size_t count, float value)
{
    for (size_t i = 0; i < count; i++)
        out[i] = value;
}

/* Weights are within 1 / sqrt(fan-in) of 0. */
static void draw_row(struct imp_stylenet *net, int index, uint64_t seed)
{
    const struct imp_model_row *row = &net->rows.row[index];
    const struct imp_conv_shape *conv = &row->conv;
    const bool last = index == net->rows.count - 1;
    const double fan_in = (double)conv->in * conv->size * conv->size;
    double range = 1 / sqrt(fan_in);
    if (last && !imp_model_normed(row))
        range *= (double)LAST_RANGE / (double)fabsf(net->shape.out_scale);
    float *weights = net->parameters + row->weights;
    for (size_t i = 0; i < imp_model_row_weights(row); i++)
        weights[i] =
            (float)(range * (2 * (double)imp_rng_uniform(seed, STREAM + (uint32_t)index, i) - 1));
    if (!imp_model_normed(row)) {
        fill(net->parameters + row->bias, (size_t)conv->out, mid_grey(&net->shape));
        return;
    }
    const size_t numbers = (size_t)net->shape.styles * (size_t)conv->out;
    fill(net->parameters + row->gamma, numbers,
         row->adds == IMP_ADDS_BLOCK_INPUT ? BLOCK_GAMMA : 1);
    fill(net->parameters + row->beta, numbers, last ? mid_grey(&net->shape) : 0);
}

enum impasto_status imp_stylenet_make(const struct imp_model_shape *shape, struct imp_stylenet *net,
                                      struct impasto_error *error)
{
    *net = (struct imp_stylenet){.shape = *shape};
    imp_model_rows(shape, &net->rows);
    net->parameters = calloc(net->rows.parameters, sizeof(float));
    return net->parameters
               ? IMPASTO_OK
               : imp_fail_memory(error, "a style network", net->rows.parameters * sizeof(float));
}

enum impasto_status imp_stylenet_create(const struct imp_model_shape *shape, uint64_t seed,
                                        struct imp_stylenet *net, struct impasto_error *error)
{
    IMP_TRY(imp_model_shape_check(shape, IMPASTO_ERROR_USAGE, "a new network", error));
    IMP_TRY(imp_stylenet_make(shape, net, error));
    for (int i = 0; i < net->rows.count; i++)
        draw_row(net, i, seed);
    const enum impasto_status status = imp_stylenet_number(net, error);
    if (status != IMPASTO_OK)
        imp_stylenet_free(net);
    return status;
}

static enum impasto_status copy_picture(const struct imp_stylenet *net, int from,
                                        struct imp_stylenet *other, int to,
                                        struct impasto_error *error)
{
    const char *picture = net->pictures[from];
    other->pictures[to] = picture ? strdup(picture) : NULL;
    return !picture || other->pictures[to]
               ? IMPASTO_OK
               : imp_fail_memory(error, "a style picture", strlen(picture));
}

enum impasto_status imp_stylenet_copy(const struct imp_stylenet *net, struct imp_stylenet *copy,
                                      struct impasto_error *error)
{
    enum impasto_status status = IMPASTO_OK;
    IMP_TRY(imp_stylenet_make(&net->shape, copy, error));
    memcpy(copy->parameters, net->parameters, net->rows.parameters * sizeof(float));
    for (int s = 0; s < net->shape.styles && status == IMPASTO_OK; s++)
        status = imp_stylenet_rename(copy, s, net->names[s], error);
    copy->training = json_deep_copy(net->training);
    copy->licence = net->licence ? strdup(net->licence) : NULL;
    for (int s = 0; s < net->shape.styles && status == IMPASTO_OK; s++)
        status = copy_picture(net, s, copy, s, error);
    if (status == IMPASTO_OK &&
        (!copy->training != !net->training || !copy->licence != !net->licence))
        status = imp_fail_memory(error, "a style network", 0);
    if (status != IMPASTO_OK)
        imp_stylenet_free(copy);
    return status;
}

void imp_stylenet_free(struct imp_stylenet *net)
{
    free(net->parameters);
    for (int s = 0; s < IMP_STYLES_MOST; s++)
        free(net->names[s]);
    for (int s = 0; s < IMP_STYLES_MOST; s++)
        free(net->pictures[s]);
    json_decref(net->training);
    free(net->licence);
    *net = (struct imp_stylenet){0};
}

/* ---- Styles ---------------------------------------------------------------------------------- */

int imp_stylenet_find(const struct imp_stylenet *net, const char *style)
{
    for (int s = 0; s < net->shape.styles; s++)
        if (net->names[s] && strcmp(net->names[s], style) == 0)
            return s;
    return -1;
}

bool imp_style_name_sound(const char *name)
{
    const size_t length = strlen(name);
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)name[i] < ' ' || name[i] == 0x7f || name[i] == ':' || name[i] == ',')
            return false;
    return length >= 1 && length <= IMP_STYLE_NAME_MOST && imp_is_utf8(name);
}

enum impasto_status imp_stylenet_rename(struct imp_stylenet *net, int style, const char *name,
                                        struct impasto_error *error)
{
    const int found = imp_stylenet_find(net, name);
    if (!imp_style_name_sound(name))
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "a style cannot be called \"%.80s\"; names are UTF-8 of 1 to %d bytes "
                        "without control characters, \":\" or \",\"",
                        name, IMP_STYLE_NAME_MOST);
    if (found == style)
        return IMPASTO_OK;
    if (found >= 0)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "two styles of a network cannot both be called \"%s\"; choose another name",
                        name);
    char *copy = strdup(name);
    if (!copy)
        return imp_fail_memory(error, "a style's name", strlen(name));
    free(net->names[style]);
    net->names[style] = copy;
    return IMPASTO_OK;
}

enum impasto_status imp_stylenet_number(struct imp_stylenet *net, struct impasto_error *error)
{
    for (int s = 0; s < net->shape.styles; s++) {
        char name[IMP_STYLE_NAME_MOST + 1] = NAME_OF_ONE;
        if (net->shape.styles > 1)
            snprintf(name, sizeof(name), NAME_OF_ONE " %d", s + 1);
        IMP_TRY(imp_stylenet_rename(net, s, name, error));
    }
    return IMPASTO_OK;
}

/* (styles + 1, count) = (styles, count), and the mean of its rows. */
static void widen(const float *from, int styles, int count, float *to)
{
    memcpy(to, from, (size_t)styles * (size_t)count * sizeof(float));
    for (int c = 0; c < count; c++) {
        double sum = 0;
        for (int s = 0; s < styles; s++)
            sum += (double)from[s * count + c];
        to[styles * count + c] = (float)(sum / styles);
    }
}

enum impasto_status imp_stylenet_add_style(struct imp_stylenet *net, const char *name,
                                           struct impasto_error *error)
{
    struct imp_stylenet wider;
    struct imp_model_shape shape = net->shape;
    if (shape.styles == IMP_STYLES_MOST)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "a network has at most %d styles; begin another one", IMP_STYLES_MOST);
    shape.styles++;
    IMP_TRY(imp_stylenet_make(&shape, &wider, error));
    enum impasto_status status = IMPASTO_OK;
    memcpy(wider.parameters, net->parameters, net->rows.norms * sizeof(float));
    for (int i = 0; i < net->rows.count; i++) {
        const struct imp_model_row *from = &net->rows.row[i], *to = &wider.rows.row[i];
        if (!imp_model_normed(from))
            continue;
        widen(net->parameters + from->gamma, net->shape.styles, from->conv.out,
              wider.parameters + to->gamma);
        widen(net->parameters + from->beta, net->shape.styles, from->conv.out,
              wider.parameters + to->beta);
    }
    for (int s = 0; s < net->shape.styles && status == IMPASTO_OK; s++)
        status = imp_stylenet_rename(&wider, s, net->names[s], error);
    if (status == IMPASTO_OK)
        status = imp_stylenet_rename(&wider, shape.styles - 1, name, error);
    if (status != IMPASTO_OK) {
        imp_stylenet_free(&wider);
        return status;
    }
    wider.training = json_incref(net->training);
    wider.licence = net->licence;
    net->licence = NULL;
    memcpy(wider.pictures, net->pictures, sizeof(net->pictures));
    memset(net->pictures, 0, sizeof(net->pictures));
    imp_stylenet_free(net);
    *net = wider;
    return IMPASTO_OK;
}

/* Style `from` of one network becomes style `to` of another of that form. */
static void copy_style(const struct imp_stylenet *net, int from, struct imp_stylenet *other, int to)
{
    for (int i = 0; i < net->rows.count; i++) {
        const struct imp_model_row *a = &net->rows.row[i], *b = &other->rows.row[i];
        const size_t out = (size_t)a->conv.out, bytes = out * sizeof(float);
        if (!imp_model_normed(a))
            continue;
        memcpy(other->parameters + b->gamma + (size_t)to * out,
               net->parameters + a->gamma + (size_t)from * out, bytes);
        memcpy(other->parameters + b->beta + (size_t)to * out,
               net->parameters + a->beta + (size_t)from * out, bytes);
    }
}

/* The same without the pictures of styles that are not there any more. */
static json_t *training_of_picked(const json_t *training, const struct imp_stylenet *picked)
{
    json_t *copy = json_deep_copy(training);
    json_t *styles = json_object_get(json_object_get(copy, "inputs"), "styles");
    for (size_t i = json_array_size(styles); i-- > 0;) {
        const json_t *name = json_object_get(json_array_get(styles, i), "style");
        if (json_is_string(name) && imp_stylenet_find(picked, json_string_value(name)) < 0)
            json_array_remove(styles, i);
    }
    return copy;
}

enum impasto_status imp_stylenet_pick(const struct imp_stylenet *net, const int *styles, int count,
                                      struct imp_stylenet *picked, struct impasto_error *error)
{
    struct imp_model_shape shape = net->shape;
    enum impasto_status status = IMPASTO_OK;
    shape.styles = count;
    IMP_TRY(imp_stylenet_make(&shape, picked, error));
    memcpy(picked->parameters, net->parameters, net->rows.norms * sizeof(float));
    for (int s = 0; s < count && status == IMPASTO_OK; s++) {
        copy_style(net, styles[s], picked, s);
        status = imp_stylenet_rename(picked, s, net->names[styles[s]], error);
        if (status == IMPASTO_OK)
            status = copy_picture(net, styles[s], picked, s, error);
    }
    if (status == IMPASTO_OK && net->training) {
        picked->training = training_of_picked(net->training, picked);
        if (!picked->training)
            status = imp_fail_memory(error, "what is known of a training", 0);
    }
    picked->licence = net->licence ? strdup(net->licence) : NULL;
    if (status == IMPASTO_OK && net->licence && !picked->licence)
        status = imp_fail_memory(error, "a licence", strlen(net->licence));
    if (status != IMPASTO_OK)
        imp_stylenet_free(picked);
    return status;
}

/* ---- Mixtures -------------------------------------------------------------------------------- */

/* The rows of the same network with one style. */
static void rows_of_one(const struct imp_stylenet *net, struct imp_model_rows *rows)
{
    struct imp_model_shape shape = net->shape;
    shape.styles = 1;
    imp_model_rows(&shape, rows);
}

size_t imp_stylenet_mixed_count(const struct imp_stylenet *net)
{
    struct imp_model_rows rows;
    rows_of_one(net, &rows);
    return rows.parameters;
}

static void mix_rows(const float *from, int styles, int count, const float *mix, float *to)
{
    for (int c = 0; c < count; c++) {
        double sum = 0;
        for (int s = 0; s < styles; s++)
            sum += (double)mix[s] * (double)from[s * count + c];
        to[c] = (float)sum;
    }
}

void imp_stylenet_mix(const struct imp_stylenet *net, const float *mix, float *out)
{
    struct imp_model_rows rows;
    rows_of_one(net, &rows);
    memcpy(out, net->parameters, net->rows.norms * sizeof(float));
    for (int i = 0; i < rows.count; i++) {
        const struct imp_model_row *from = &net->rows.row[i], *to = &rows.row[i];
        if (!imp_model_normed(from))
            continue;
        mix_rows(net->parameters + from->gamma, net->shape.styles, from->conv.out, mix,
                 out + to->gamma);
        mix_rows(net->parameters + from->beta, net->shape.styles, from->conv.out, mix,
                 out + to->beta);
    }
}
