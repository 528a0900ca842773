/* SPDX-License-Identifier: MIT */
/* The rows of a network's layers, from the few numbers that decide its form. */

#include "model/model.h"

#include <math.h>

/* Of what multiplies and what is added to RGB; a network of numbers beyond it makes no pictures. */
#define SCALE_MOST 1e6f
#define END_SIZE_LEAST 3
#define END_SIZE_MOST 9
/* Channels are a multiple of it: the narrowest vectors of a device. */
#define CHANNEL_UNIT 4

enum { CONV1, CONV2, CONV3, DECONV1, DECONV2 };

struct imp_model_shape imp_model_shape_usual(int width, int styles)
{
    return (struct imp_model_shape){
        .channels = {width, 2 * width, 4 * width, 2 * width, width},
        .blocks = 5,
        .end_size = 9,
        .styles = styles,
        .epsilon = 1e-5f,
        .in_scale = 255.0f,
        .output = IMP_OUTPUT_LINEAR,
        .out_scale = 1.0f / 255.0f,
    };
}

/* ---- Rows ------------------------------------------------------------------------------------ */

size_t imp_model_row_weights(const struct imp_model_row *row)
{
    const struct imp_conv_shape *conv = &row->conv;
    return (size_t)conv->out * (size_t)conv->in * (size_t)conv->size * (size_t)conv->size;
}

/* The next row, normalised and with a ReLU. name: before ".conv2d". */
static struct imp_model_row *add(struct imp_model_rows *rows, const char *name, const char *norm,
                                 const struct imp_conv_shape *conv)
{
    struct imp_model_row *row = &rows->row[rows->count++];
    *row = (struct imp_model_row){.conv = *conv, .relu = true};
    snprintf(row->name, sizeof(row->name), "%.16s.conv2d", name);
    snprintf(row->norm_name, sizeof(row->norm_name), "%s", norm);
    return row;
}

static void add_block(struct imp_model_rows *rows, int number, int channels)
{
    const struct imp_conv_shape conv = {channels, channels, 3, 1, false};
    for (int half = 1; half <= 2; half++) {
        char name[24], norm[24];
        snprintf(name, sizeof(name), "res%d.conv%d", number, half);
        snprintf(norm, sizeof(norm), "res%d.in%d", number, half);
        struct imp_model_row *row = add(rows, name, norm, &conv);
        row->relu = half == 1;
        row->adds = half == 1 ? IMP_ADDS_NOTHING : IMP_ADDS_BLOCK_INPUT;
    }
}

/* Convolutions first, then what normalisation has. */
static void place(struct imp_model_rows *rows, int styles)
{
    size_t at = 0;
    for (int i = 0; i < rows->count; i++) {
        struct imp_model_row *row = &rows->row[i];
        row->weights = at;
        at += imp_model_row_weights(row);
        row->bias = at;
        if (!imp_model_normed(row))
            at += (size_t)row->conv.out;
    }
    rows->norms = at;
    for (int i = 0; i < rows->count; i++) {
        struct imp_model_row *row = &rows->row[i];
        const size_t numbers = imp_model_normed(row) ? (size_t)styles * (size_t)row->conv.out : 0;
        row->gamma = at;
        row->beta = at + numbers;
        at += 2 * numbers;
    }
    rows->parameters = at;
}

void imp_model_rows(const struct imp_model_shape *shape, struct imp_model_rows *rows)
{
    const int *c = shape->channels, end = shape->end_size;
    *rows = (struct imp_model_rows){0};
    add(rows, "conv1", "in1", &(struct imp_conv_shape){3, c[CONV1], end, 1, false});
    add(rows, "conv2", "in2", &(struct imp_conv_shape){c[CONV1], c[CONV2], 3, 2, false});
    add(rows, "conv3", "in3", &(struct imp_conv_shape){c[CONV2], c[CONV3], 3, 2, false});
    for (int i = 1; i <= shape->blocks; i++)
        add_block(rows, i, c[CONV3]);
    add(rows, "deconv1", "in4", &(struct imp_conv_shape){c[CONV3], c[DECONV1], 3, 1, true});
    add(rows, "deconv2", "in5", &(struct imp_conv_shape){c[DECONV1], c[DECONV2], 3, 1, true});
    struct imp_model_row *last = add(rows, "deconv3", shape->end_norm ? "in6" : "",
                                     &(struct imp_conv_shape){c[DECONV2], 3, end, 1, false});
    last->relu = false;
    place(rows, shape->styles);
}

/* ---- What is possible ------------------------------------------------------------------------ */

static enum impasto_status check_integer(const char *what, int value, int low, int high,
                                         enum impasto_status blame, const char *whose,
                                         struct impasto_error *error)
{
    if (value >= low && value <= high)
        return IMPASTO_OK;
    return imp_fail(error, blame, "%s: a style network of %d %s is not possible; they are %d to %d",
                    whose, value, what, low, high);
}

/* Written so that NaN is wrong. */
static enum impasto_status check_scale(const char *what, float value, float low,
                                       enum impasto_status blame, const char *whose,
                                       struct impasto_error *error)
{
    if (fabsf(value) >= low && fabsf(value) <= SCALE_MOST)
        return IMPASTO_OK;
    return imp_fail(error, blame, "%s: a style network's %s cannot be %g", whose, what,
                    (double)value);
}

enum impasto_status imp_model_shape_check(const struct imp_model_shape *shape,
                                          enum impasto_status blame, const char *whose,
                                          struct impasto_error *error)
{
    for (int i = 0; i < IMP_MODEL_CHANNELS; i++) {
        IMP_TRY(check_integer("channels", shape->channels[i], CHANNEL_UNIT, IMP_CHANNELS_MOST,
                              blame, whose, error));
        if (shape->channels[i] % CHANNEL_UNIT != 0)
            return imp_fail(error, blame,
                            "%s: a style network of %d channels is not possible; they are "
                            "multiples of %d",
                            whose, shape->channels[i], CHANNEL_UNIT);
    }
    IMP_TRY(
        check_integer("residual blocks", shape->blocks, 0, IMP_BLOCKS_MOST, blame, whose, error));
    IMP_TRY(check_integer("taps a side at its ends", shape->end_size, END_SIZE_LEAST, END_SIZE_MOST,
                          blame, whose, error));
    if (shape->end_size % 2 == 0)
        return imp_fail(error, blame,
                        "%s: convolutions of %d taps a side are not possible; their "
                        "number is odd",
                        whose, shape->end_size);
    IMP_TRY(check_integer("styles", shape->styles, 1, IMP_STYLES_MOST, blame, whose, error));
    if (shape->output < IMP_OUTPUT_LINEAR || shape->output > IMP_OUTPUT_SIGMOID)
        return imp_fail(error, blame, "%s: its output is of an unknown kind", whose);
    if (!(shape->epsilon > 0 && shape->epsilon <= 1))
        return imp_fail(error, blame, "%s: its epsilon, %g, is not above 0 and at most 1", whose,
                        (double)shape->epsilon);
    if (!(shape->noise >= 0 && shape->noise <= IMP_NOISE_MOST))
        return imp_fail(error, blame, "%s: its noise, %g, is not from 0 to %g", whose,
                        (double)shape->noise, (double)IMP_NOISE_MOST);
    IMP_TRY(check_scale("in_scale", shape->in_scale, 1 / SCALE_MOST, blame, whose, error));
    IMP_TRY(check_scale("out_scale", shape->out_scale, 1 / SCALE_MOST, blame, whose, error));
    return check_scale("out_offset", shape->out_offset, 0, blame, whose, error);
}
