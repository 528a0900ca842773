/* SPDX-License-Identifier: MIT */
/* How much each position of a picture counts, at the sizes of the network's stages. */

#include "loss/guide.h"

#include <stdlib.h>
#include <string.h>

void imp_guide_init(struct imp_guide *guide, int height, int width, bool used,
                    struct imp_band *band)
{
    *guide = (struct imp_guide){.used = used, .band = band, .height = height, .width = width};
    for (int s = 0; s < IMP_STAGES; s++)
        guide->mass[s] = (double)(height >> s) * (width >> s);
}

/* A stage's rows that are here, from which one on. */
static int rows_of(const struct imp_guide *guide, int s, int *begin)
{
    const struct imp_band *band = guide->band;
    *begin = band ? band->begin >> s : 0;
    return imp_band_below(band) ? band->rows >> s : (guide->height >> s) - *begin;
}

void imp_guide_layout(struct imp_guide *guide, uint32_t stages, struct imp_layout *layout)
{
    int begin;
    for (int s = 0; s < IMP_STAGES && guide->used; s++)
        if (stages >> s & 1u)
            imp_layout_add(layout, &guide->positions[s],
                           imp_positions_bytes(rows_of(guide, s, &begin), guide->width >> s),
                           "masks");
}

/* In place: the means of 2 x 2; an odd last row or column is dropped, as pooling does. */
static void halve(float *plane, int height, int width)
{
    for (int y = 0; y < height / 2; y++)
        for (int x = 0; x < width / 2; x++) {
            const float *from = plane + (size_t)(2 * y) * (size_t)width + 2 * x;
            plane[(size_t)y * (size_t)(width / 2) + (size_t)x] =
                (from[0] + from[1] + from[width] + from[width + 1]) / 4;
        }
}

/* One stage's plane, with its halo of zeros, to the device. */
static enum impasto_status upload(struct imp_guide *guide, int s, const float *plane, float *padded)
{
    const size_t w = (size_t)(guide->width >> s), all = (size_t)(guide->height >> s);
    int begin;
    const size_t h = (size_t)rows_of(guide, s, &begin);
    guide->mass[s] = 0;
    for (size_t i = 0; i < all * w; i++)
        guide->mass[s] += (double)plane[i];
    memset(padded, 0, (h + 2) * (w + 2) * sizeof(float));
    for (size_t y = 0; y < h; y++)
        memcpy(&padded[(y + 1) * (w + 2) + 1], &plane[((size_t)begin + y) * w], w * sizeof(float));
    return guide->positions[s]
               ? imp_buffer_write(guide->positions[s], 0, padded, (h + 2) * (w + 2) * sizeof(float))
               : IMPASTO_OK;
}

enum impasto_status imp_guide_fill(struct imp_guide *guide, struct imp_device *device,
                                   const float *plane)
{
    if (!guide->used)
        return IMPASTO_OK;
    const size_t h = (size_t)guide->height, w = (size_t)guide->width;
    float *shrunk = malloc(h * w * sizeof(float));
    float *padded = malloc((h + 2) * (w + 2) * sizeof(float));
    enum impasto_status status = IMPASTO_OK;
    if (!shrunk || !padded)
        status = imp_device_fail_memory(device, "a mask", h * w * sizeof(float));
    else
        memcpy(shrunk, plane, h * w * sizeof(float));
    for (int s = 0; s < IMP_STAGES && status == IMPASTO_OK; s++) {
        if (s > 0)
            halve(shrunk, guide->height >> (s - 1), guide->width >> (s - 1));
        status = upload(guide, s, shrunk, padded);
    }
    free(shrunk);
    free(padded);
    return status;
}
