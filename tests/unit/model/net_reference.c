/* SPDX-License-Identifier: MIT */
#include "net_reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A stack of planes. */
struct planes {
    int channels, height, width;
    double *at;
};

/* A row on its way: what it reads, that padded (and enlarged before), what its convolution leaves,
 * normalised by these, and what it gives. */
struct layer {
    const struct imp_model_row *row;
    struct planes x, padded, raw, y;
    double mean[IMP_CHANNELS_MOST], deviation[IMP_CHANNELS_MOST];
    int height, width; /* at whose edges x is reflected */
};

struct net {
    const struct imp_model_shape *shape;
    const double *parameters;
    struct imp_model_rows rows;
    struct layer layer[IMP_MODEL_ROWS_MOST];
    int style;
    int failed;
};

static struct planes planes_of(struct net *net, int channels, int height, int width)
{
    struct planes planes = {channels, height, width, NULL};
    planes.at = calloc((size_t)channels * (size_t)height * (size_t)width, sizeof(double));
    if (!planes.at)
        net->failed = 1;
    return planes;
}

static double *pixel(const struct planes *planes, int c, int y, int x)
{
    return planes->at + ((size_t)c * (size_t)planes->height + (size_t)y) * (size_t)planes->width +
           x;
}

static int reflected(int i, int count)
{
    if (i < 0)
        i = -i;
    return i >= count ? 2 * count - 2 - i : i;
}

/* The pixel of x that pixel i of the padded picture is a copy of. */
static int origin(const struct layer *layer, int i, int count)
{
    const int margin = layer->row->conv.size / 2;
    if (!layer->row->conv.upsample)
        return reflected(i - margin, count);
    return reflected(i - margin, 2 * count) / 2;
}

/* ---- Forwards -------------------------------------------------------------------------------- */

static void pad(struct layer *layer)
{
    for (int c = 0; c < layer->padded.channels; c++)
        for (int y = 0; y < layer->padded.height; y++)
            for (int x = 0; x < layer->padded.width; x++)
                *pixel(&layer->padded, c, y, x) = *pixel(
                    &layer->x, c, origin(layer, y, layer->height), origin(layer, x, layer->width));
}

/* Of channel o and i, row v and column u of the taps: the place among a layer's weights. */
static size_t tap_at(const struct imp_model_row *row, int o, int i, int v, int u)
{
    const size_t size = (size_t)row->conv.size;
    const size_t plane = (size_t)(o * row->conv.in + i);
    return row->weights + (plane * size + (size_t)v) * size + (size_t)u;
}

/* raw += a tap's products. */
static void add_tap(struct layer *layer, double weight, int o, int i, int v, int u)
{
    const int stride = layer->row->conv.stride;
    for (int y = 0; y < layer->raw.height; y++)
        for (int x = 0; x < layer->raw.width; x++)
            *pixel(&layer->raw, o, y, x) +=
                weight * *pixel(&layer->padded, i, y * stride + v, x * stride + u);
}

/* The same backwards: padded_gradient += its part, and the weight's gradient. */
static double tap_back(const struct layer *layer, double weight, int o, int i, int v, int u,
                       const struct planes *g, const struct planes *padded_gradient)
{
    const int stride = layer->row->conv.stride;
    double sum = 0;
    for (int y = 0; y < g->height; y++)
        for (int x = 0; x < g->width; x++) {
            const double value = *pixel(g, o, y, x);
            sum += value * *pixel(&layer->padded, i, y * stride + v, x * stride + u);
            *pixel(padded_gradient, i, y * stride + v, x * stride + u) += value * weight;
        }
    return sum;
}

static void convolve(const struct net *net, struct layer *layer)
{
    const struct imp_conv_shape *conv = &layer->row->conv;
    for (int o = 0; o < conv->out; o++)
        for (int i = 0; i < conv->in; i++)
            for (int v = 0; v < conv->size; v++)
                for (int u = 0; u < conv->size; u++)
                    add_tap(layer, net->parameters[tap_at(layer->row, o, i, v, u)], o, i, v, u);
}

static void convolve_back(const struct net *net, const struct layer *layer, const struct planes *g,
                          const struct planes *padded_gradient, double *gradient)
{
    const struct imp_conv_shape *conv = &layer->row->conv;
    for (int o = 0; o < conv->out; o++)
        for (int i = 0; i < conv->in; i++)
            for (int v = 0; v < conv->size; v++)
                for (int u = 0; u < conv->size; u++) {
                    const size_t at = tap_at(layer->row, o, i, v, u);
                    gradient[at] +=
                        tap_back(layer, net->parameters[at], o, i, v, u, g, padded_gradient);
                }
}

static void add_bias(const struct net *net, const struct layer *layer)
{
    const size_t count = (size_t)layer->raw.height * (size_t)layer->raw.width;
    for (int c = 0; c < layer->raw.channels; c++)
        for (size_t i = 0; i < count; i++)
            layer->raw.at[(size_t)c * count + i] += net->parameters[layer->row->bias + (size_t)c];
}

static size_t number_of(const struct net *net, const struct layer *layer, int c)
{
    return (size_t)net->style * (size_t)layer->row->conv.out + (size_t)c;
}

/* y = [relu](gamma xh + beta) [+ added]. */
static void normalise(const struct net *net, struct layer *layer, const struct planes *added)
{
    const size_t count = (size_t)layer->raw.height * (size_t)layer->raw.width;
    for (int c = 0; c < layer->raw.channels; c++) {
        const double *raw = layer->raw.at + (size_t)c * count;
        double sum = 0, squares = 0;
        for (size_t i = 0; i < count; i++)
            sum += raw[i];
        const double mean = sum / (double)count;
        for (size_t i = 0; i < count; i++)
            squares += (raw[i] - mean) * (raw[i] - mean);
        layer->mean[c] = mean;
        layer->deviation[c] = sqrt(squares / (double)count + (double)net->shape->epsilon);
        const size_t number = number_of(net, layer, c);
        const double gamma = net->parameters[layer->row->gamma + number];
        const double beta = net->parameters[layer->row->beta + number];
        for (size_t i = 0; i < count; i++) {
            double y = gamma * (raw[i] - mean) / layer->deviation[c] + beta;
            if (layer->row->relu && y < 0)
                y = 0;
            layer->y.at[(size_t)c * count + i] = y + (added ? added->at[(size_t)c * count + i] : 0);
        }
    }
}

static double output_of(const struct imp_model_shape *shape, double y)
{
    if (shape->output == IMP_OUTPUT_TANH)
        return tanh(y);
    return shape->output == IMP_OUTPUT_SIGMOID ? 1 / (1 + exp(-y)) : y;
}

static double slope_of(const struct imp_model_shape *shape, double y)
{
    const double output = output_of(shape, y);
    if (shape->output == IMP_OUTPUT_TANH)
        return 1 - output * output;
    return shape->output == IMP_OUTPUT_SIGMOID ? output * (1 - output) : 1;
}

/* ---- Backwards ------------------------------------------------------------------------------- */

/* g: of y, becomes of raw. */
static void normalise_back(const struct net *net, const struct layer *layer, struct planes *g,
                           double *gradient)
{
    const size_t count = (size_t)g->height * (size_t)g->width;
    for (int c = 0; c < g->channels; c++) {
        const double *raw = layer->raw.at + (size_t)c * count;
        const size_t number = number_of(net, layer, c);
        const double gamma = net->parameters[layer->row->gamma + number];
        const double beta = net->parameters[layer->row->beta + number];
        double *to = g->at + (size_t)c * count, dgamma = 0, dbeta = 0;
        for (size_t i = 0; i < count; i++) {
            const double xh = (raw[i] - layer->mean[c]) / layer->deviation[c];
            if (layer->row->relu && gamma * xh + beta <= 0)
                to[i] = 0;
            dgamma += to[i] * xh;
            dbeta += to[i];
        }
        for (size_t i = 0; i < count; i++) {
            const double xh = (raw[i] - layer->mean[c]) / layer->deviation[c];
            to[i] = gamma / layer->deviation[c] *
                    (to[i] - dbeta / (double)count - xh * dgamma / (double)count);
        }
        gradient[layer->row->gamma + number] += dgamma;
        gradient[layer->row->beta + number] += dbeta;
    }
}

static void add_planes(const struct planes *from, const struct planes *to)
{
    const size_t count = (size_t)to->channels * (size_t)to->height * (size_t)to->width;
    for (size_t i = 0; i < count; i++)
        to->at[i] += from->at[i];
}

/* The gradient of what the layer reads. */
static struct planes layer_back(struct net *net, struct layer *layer, struct planes *g,
                                double *gradient)
{
    struct planes padded =
        planes_of(net, layer->padded.channels, layer->padded.height, layer->padded.width);
    struct planes x = planes_of(net, layer->x.channels, layer->x.height, layer->x.width);
    if (net->failed) {
        free(padded.at);
        return x;
    }
    if (layer->row->norm_name[0])
        normalise_back(net, layer, g, gradient);
    for (int c = 0; !layer->row->norm_name[0] && c < g->channels; c++)
        for (int i = 0; i < g->height * g->width; i++)
            gradient[layer->row->bias + (size_t)c] += pixel(g, c, 0, 0)[i];
    convolve_back(net, layer, g, &padded, gradient);
    for (int c = 0; c < padded.channels; c++)
        for (int py = 0; py < padded.height; py++)
            for (int px = 0; px < padded.width; px++)
                *pixel(&x, c, origin(layer, py, layer->height), origin(layer, px, layer->width)) +=
                    *pixel(&padded, c, py, px);
    free(padded.at);
    return x;
}

static void backward(struct net *net, struct planes g, double *gradient)
{
    struct planes kept = {0};
    for (int i = net->rows.count - 1; i >= 0 && !net->failed; i--) {
        struct layer *layer = &net->layer[i];
        if (layer->row->adds == IMP_ADDS_BLOCK_INPUT) {
            kept = planes_of(net, g.channels, g.height, g.width);
            if (kept.at)
                add_planes(&g, &kept);
        }
        struct planes x = layer_back(net, layer, &g, gradient);
        free(g.at);
        g = x;
        if (layer->row->adds != IMP_ADDS_BLOCK_INPUT && kept.at && g.at) {
            add_planes(&kept, &g);
            free(kept.at);
            kept.at = NULL;
        }
    }
    free(kept.at);
    free(g.at);
}

/* ---- The whole ------------------------------------------------------------------------------- */

static void forward_layer(struct net *net, int i, int height, int width)
{
    struct layer *layer = &net->layer[i];
    const struct imp_conv_shape *conv = &net->rows.row[i].conv;
    const int up = conv->upsample ? 2 : 1, margin = conv->size / 2;
    layer->row = &net->rows.row[i];
    layer->height = height;
    layer->width = width;
    /* The image may be smaller than what the first layer works on. */
    const int high = i == 0 ? (height + 3) / 4 * 4 : height;
    const int wide = i == 0 ? (width + 3) / 4 * 4 : width;
    layer->padded = planes_of(net, conv->in, high * up + 2 * margin, wide * up + 2 * margin);
    layer->raw = planes_of(net, conv->out, high * up / conv->stride, wide * up / conv->stride);
    layer->y = planes_of(net, conv->out, layer->raw.height, layer->raw.width);
    if (net->failed)
        return;
    pad(layer);
    convolve(net, layer);
    if (layer->row->norm_name[0]) {
        normalise(net, layer,
                  layer->row->adds == IMP_ADDS_BLOCK_INPUT ? &net->layer[i - 1].x : NULL);
    } else {
        add_bias(net, layer);
        add_planes(&layer->raw, &layer->y);
    }
}

/* The image's part of what the last layer gives. */
static void give(const struct net *net, int height, int width, double *painting)
{
    const struct imp_model_shape *shape = net->shape;
    const struct planes *y = &net->layer[net->rows.count - 1].y;
    for (int c = 0; c < 3; c++)
        for (int row = 0; row < height; row++)
            for (int x = 0; x < width; x++)
                painting[(c * height + row) * width + x] =
                    (double)shape->out_scale * output_of(shape, *pixel(y, c, row, x)) +
                    (double)shape->out_offset;
}

/* The gradient of that. */
static struct planes give_back(struct net *net, int height, int width, const double *weights)
{
    const struct imp_model_shape *shape = net->shape;
    const struct planes *y = &net->layer[net->rows.count - 1].y;
    struct planes g = planes_of(net, 3, y->height, y->width);
    for (int c = 0; c < 3 && g.at; c++)
        for (int row = 0; row < height; row++)
            for (int x = 0; x < width; x++)
                *pixel(&g, c, row, x) = weights[(c * height + row) * width + x] *
                                        (double)shape->out_scale *
                                        slope_of(shape, *pixel(y, c, row, x));
    return g;
}

int net_reference(const struct imp_model_shape *shape, const double *parameters, int style,
                  int height, int width, const double *image, double *painting,
                  const double *weights, double *gradient)
{
    struct net *net = calloc(1, sizeof(*net));
    if (!net)
        return -1;
    net->shape = shape;
    net->parameters = parameters;
    net->style = style;
    imp_model_rows(shape, &net->rows);
    net->layer[0].x = planes_of(net, 3, height, width);
    for (int i = 0; !net->failed && i < 3 * height * width; i++)
        net->layer[0].x.at[i] = (double)shape->in_scale * image[i];
    for (int i = 0; i < net->rows.count && !net->failed; i++) {
        if (i > 0)
            net->layer[i].x = net->layer[i - 1].y;
        forward_layer(net, i, i > 0 ? net->layer[i].x.height : height,
                      i > 0 ? net->layer[i].x.width : width);
    }
    if (!net->failed)
        give(net, height, width, painting);
    if (!net->failed && gradient)
        backward(net, give_back(net, height, width, weights), gradient);
    free(net->layer[0].x.at);
    for (int i = 0; i < net->rows.count; i++) {
        free(net->layer[i].padded.at);
        free(net->layer[i].raw.at);
        free(net->layer[i].y.at);
    }
    const int failed = net->failed;
    free(net);
    return failed ? -1 : 0;
}
