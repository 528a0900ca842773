/* SPDX-License-Identifier: MIT */
/* Where a network's layers are, and what they read and leave: layers.h. */

#include "apply/layers.h"

/* ---- Layers ---------------------------------------------------------------------------------- */

int layers_deconv1(const struct imp_strips *s)
{
    return s->rows.count - 3;
}

int layers_deconv2(const struct imp_strips *s)
{
    return s->rows.count - 2;
}

int layers_deconv3(const struct imp_strips *s)
{
    return s->rows.count - 1;
}

bool layers_striped(const struct imp_strips *s, int layer)
{
    return layer <= CONV2 || layer >= layers_deconv2(s);
}

const struct imp_model_row *layers_row(const struct imp_strips *s, int layer)
{
    return &s->rows.row[layer];
}

int layers_input_reduction(const struct imp_strips *s, int layer)
{
    return layer == CONV1 ? 1 : layers_output_reduction(s, layer - 1);
}

int layers_output_reduction(const struct imp_strips *s, int layer)
{
    int reduction = 1;
    for (int i = 0; i <= layer; i++)
        reduction = reduction * s->rows.row[i].conv.stride / (s->rows.row[i].conv.upsample ? 2 : 1);
    return reduction;
}

int layers_first_margin(const struct imp_strips *s)
{
    return s->shape.end_size / 2 + 1;
}

int layers_last_margin(const struct imp_strips *s)
{
    return (s->shape.end_size / 2 + 1) / 2 * 2;
}

size_t layers_image_bytes(const struct imp_strips *s)
{
    const size_t rows = (size_t)s->strip + 2 * (size_t)layers_first_margin(s);
    return 3 * rows * (size_t)s->width * sizeof(float);
}

/* ---- Maps ------------------------------------------------------------------------------------ */

static struct imp_map map_in(const struct imp_strips *s, struct imp_buffer *buffer, int channels,
                             int height, int width, int margin)
{
    const int lanes = channels == 3 ? 1 : imp_device_caps(s->device)->vector_width;
    struct imp_map map = imp_map_of(channels, height, width, margin, lanes);
    map.tensor.buffer = buffer;
    return map;
}

struct imp_map layers_input(const struct imp_strips *s, int rows)
{
    return map_in(s, s->planar, 3, rows, s->padded_width, layers_first_margin(s));
}

struct imp_map layers_full(const struct imp_strips *s, int layer, int rows)
{
    const int margin = layer == CONV1 ? 1 : layers_last_margin(s);
    return map_in(s, s->full, layers_row(s, layer)->conv.out, rows, s->padded_width, margin);
}

struct imp_map layers_output(const struct imp_strips *s, int rows)
{
    return map_in(s, s->planar, 3, rows, s->padded_width, 1);
}

struct imp_map layers_half(const struct imp_strips *s, int layer)
{
    return map_in(s, s->half, layers_row(s, layer)->conv.out, s->padded_height / 2,
                  s->padded_width / 2, 1);
}

struct imp_map layers_quarter(const struct imp_strips *s, struct imp_buffer *buffer)
{
    return map_in(s, buffer, layers_row(s, CONV3)->conv.out, s->padded_height / 4,
                  s->padded_width / 4, 1);
}
