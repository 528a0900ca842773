/* SPDX-License-Identifier: MIT */
/* The blocked layout as the host sees it: sizes, and copies from and to plain arrays. */

#include "ops/ops.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Positions behind the last plane that kernels may read: tiles are at most 16 positions long. */
#define SLACK 16

int imp_tensor_plane(const struct imp_tensor *tensor)
{
    return (tensor->height + 2) * (tensor->width + 2);
}

int imp_tensor_blocks(const struct imp_tensor *tensor)
{
    return tensor->channels / tensor->lanes;
}

int imp_tensor_vectors(const struct imp_tensor *tensor)
{
    return imp_tensor_blocks(tensor) * imp_tensor_plane(tensor);
}

size_t imp_tensor_bytes(int channels, int height, int width, int lanes)
{
    /* Kernels count vectors in int, and add up to PARTS to that count. */
    const uint64_t vectors =
        ((uint64_t)height + 2) * ((uint64_t)width + 2) * (uint64_t)(channels / lanes) + SLACK;
    if (vectors > INT_MAX - IMP_PARTS || vectors > SIZE_MAX / sizeof(float) / (size_t)lanes)
        return SIZE_MAX;
    return (size_t)vectors * (size_t)lanes * sizeof(float);
}

enum impasto_status imp_tensor_clear_halo(struct imp_device *device, const struct imp_tensor *x)
{
    char macros[32];
    snprintf(macros, sizeof(macros), "-DVW=%d -DCOLUMNS=1", x->lanes);
    const int positions = 2 * (x->width + 2) + 2 * x->height;
    return imp_launch(device, &(struct imp_launch){
                                  .kernel = {"pointwise", "halo_zero", macros},
                                  IMP_ARGS(imp_buf(x->buffer), imp_int(imp_tensor_blocks(x)),
                                           imp_int(x->height), imp_int(x->width)),
                                  .global = {(size_t)positions, (size_t)imp_tensor_blocks(x)},
                              });
}

/* Index of element (c, y, x) in the blocked array. */
static size_t blocked_index(const struct imp_tensor *t, int c, int y, int x)
{
    const size_t position = ((size_t)y + 1) * ((size_t)t->width + 2) + (size_t)x + 1;
    return ((size_t)(c / t->lanes) * (size_t)imp_tensor_plane(t) + position) * (size_t)t->lanes +
           (size_t)(c % t->lanes);
}

static size_t plain_index(const struct imp_tensor *t, int c, int y, int x)
{
    return ((size_t)c * (size_t)t->height + (size_t)y) * (size_t)t->width + (size_t)x;
}

enum impasto_status imp_tensor_write(const struct imp_tensor *tensor, const float *data)
{
    const size_t bytes = (size_t)imp_tensor_vectors(tensor) * (size_t)tensor->lanes * sizeof(float);
    float *blocked = calloc(1, bytes);
    if (!blocked)
        return IMPASTO_ERROR_MEMORY;
    for (int c = 0; c < tensor->channels; c++)
        for (int y = 0; y < tensor->height; y++)
            for (int x = 0; x < tensor->width; x++)
                blocked[blocked_index(tensor, c, y, x)] = data[plain_index(tensor, c, y, x)];
    const enum impasto_status status = imp_buffer_write(tensor->buffer, 0, blocked, bytes);
    free(blocked);
    return status;
}

enum impasto_status imp_tensor_read(const struct imp_tensor *tensor, float *data)
{
    const size_t bytes = (size_t)imp_tensor_vectors(tensor) * (size_t)tensor->lanes * sizeof(float);
    float *blocked = malloc(bytes);
    if (!blocked)
        return IMPASTO_ERROR_MEMORY;
    const enum impasto_status status = imp_buffer_read(tensor->buffer, 0, blocked, bytes);
    if (status == IMPASTO_OK)
        for (int c = 0; c < tensor->channels; c++)
            for (int y = 0; y < tensor->height; y++)
                for (int x = 0; x < tensor->width; x++)
                    data[plain_index(tensor, c, y, x)] = blocked[blocked_index(tensor, c, y, x)];
    free(blocked);
    return status;
}
