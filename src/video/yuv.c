/* SPDX-License-Identifier: MIT */
/*
 * Luma and colour differences, by ITU-R BT.601 section 2.5 and BT.709 section 3:
 *
 *     Y  = kr R + (1 - kr - kb) G + kb B
 *     Cb = (B - Y) / (2 (1 - kb))
 *     Cr = (R - Y) / (2 (1 - kr))
 *
 * with R, G, B, Y from 0 to 1 and Cb, Cr from -0.5 to 0.5.
 */

#include "video/yuv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Most pixels that a colour sample's mean looks at along an axis: 2^shift, and half of one on each
 * side. */
#define TAPS 5

/* Between which two samples a pixel lies. */
struct between {
    int near, far;
    float share; /* of the far one */
};

/* The pixels that a sample is the mean of. */
struct mean {
    int first, count;
    float weight[TAPS];
};

struct imp_yuv {
    struct imp_yuv_layout layout;
    int width, height, columns, rows; /* pixels, and colour samples */
    struct between *across, *down;    /* of each column, of each row */
    struct mean *mean_across, *mean_down;
    float *cb, *cr;       /* a row of colour samples, between two rows of the film's */
    float *pixels_chroma; /* a row of pixels' Cb, then of their Cr */
    float luma_scale, luma_zero, chroma_scale, chroma_zero;
};

void imp_yuv_usual_matrix(int height, float *kr, float *kb)
{
    *kr = height <= 576 ? 0.299f : 0.2126f;
    *kb = height <= 576 ? 0.114f : 0.0722f;
}

/* Colour samples along an axis. */
static int samples(int pixels, int shift)
{
    return (int)(((int64_t)pixels + (1 << shift) - 1) >> shift);
}

uint64_t imp_yuv_bytes(const struct imp_yuv_layout *layout, int width, int height)
{
    const uint64_t luma = (uint64_t)width * (uint64_t)height;
    const uint64_t chroma = layout->mono ? 0
                                         : (uint64_t)samples(width, layout->shift_x) *
                                               (uint64_t)samples(height, layout->shift_y);
    return (luma + 2 * chroma + (layout->alpha ? luma : 0)) * (layout->bits > 8 ? 2 : 1);
}

/* ---- Tables ---------------------------------------------------------------------------------- */

static struct between *find_between(int pixels, int shift, float offset)
{
    struct between *table = calloc((size_t)pixels, sizeof(*table));
    const int last = samples(pixels, shift) - 1;
    for (int i = 0; table && i < pixels; i++) {
        const float at = ((float)i - offset) / (float)(1 << shift);
        const int below = (int)floorf(at);
        table[i].share = at - (float)below;
        table[i].near = below < 0 ? 0 : below < last ? below : last;
        table[i].far = below + 1 < last ? below + 1 : last;
    }
    return table;
}

/* The part of pixel i, which reaches from i - 1/2 to i + 1/2, between two places. */
static float part_between(int i, float low, float high)
{
    const float from = fmaxf((float)i - 0.5f, low), to = fminf((float)i + 0.5f, high);
    return fmaxf(to - from, 0);
}

static struct mean *find_means(int pixels, int shift, float offset)
{
    const int count = samples(pixels, shift), step = 1 << shift;
    struct mean *table = calloc((size_t)count, sizeof(*table));
    for (int k = 0; table && k < count; k++) {
        struct mean *mean = &table[k];
        const float centre = (float)(k * step) + offset;
        const float low = centre - (float)step / 2, high = centre + (float)step / 2;
        float sum = 0;
        mean->first = low + 0.5f < 0 ? 0 : (int)floorf(low + 0.5f);
        for (int i = mean->first; i < pixels && (float)i - 0.5f < high; i++)
            sum += mean->weight[mean->count++] = part_between(i, low, high);
        for (int i = 0; i < mean->count; i++)
            mean->weight[i] /= sum;
    }
    return table;
}

static void set_range(struct imp_yuv *yuv)
{
    const struct imp_yuv_layout *layout = &yuv->layout;
    const float unit = (float)(1 << (layout->bits - 8));
    const float most = (float)((1 << layout->bits) - 1);
    yuv->luma_scale = layout->full ? most : 219 * unit;
    yuv->luma_zero = layout->full ? 0 : 16 * unit;
    yuv->chroma_scale = layout->full ? most : 224 * unit;
    yuv->chroma_zero = 128 * unit;
}

struct imp_yuv *imp_yuv_create(const struct imp_yuv_layout *layout, int width, int height)
{
    struct imp_yuv *yuv = calloc(1, sizeof(*yuv));
    if (!yuv)
        return NULL;
    yuv->layout = *layout;
    yuv->width = width;
    yuv->height = height;
    yuv->columns = samples(width, layout->shift_x);
    yuv->rows = samples(height, layout->shift_y);
    set_range(yuv);
    yuv->across = find_between(width, layout->shift_x, layout->offset_x);
    yuv->down = find_between(height, layout->shift_y, layout->offset_y);
    yuv->mean_across = find_means(width, layout->shift_x, layout->offset_x);
    yuv->mean_down = find_means(height, layout->shift_y, layout->offset_y);
    yuv->cb = calloc((size_t)yuv->columns, sizeof(float));
    yuv->cr = calloc((size_t)yuv->columns, sizeof(float));
    yuv->pixels_chroma = calloc(2 * (size_t)yuv->width, sizeof(float));
    if (yuv->across && yuv->down && yuv->mean_across && yuv->mean_down && yuv->cb && yuv->cr &&
        yuv->pixels_chroma)
        return yuv;
    imp_yuv_free(yuv);
    return NULL;
}

void imp_yuv_free(struct imp_yuv *yuv)
{
    if (!yuv)
        return;
    free(yuv->across);
    free(yuv->down);
    free(yuv->mean_across);
    free(yuv->mean_down);
    free(yuv->cb);
    free(yuv->cr);
    free(yuv->pixels_chroma);
    free(yuv);
}

/* ---- To RGB ---------------------------------------------------------------------------------- */

static float sample_at(const unsigned char *plane, size_t i, bool wide)
{
    return wide ? (float)(plane[2 * i] | plane[2 * i + 1] << 8) : (float)plane[i];
}

/* A row between two rows of colour samples, from -0.5 to 0.5. */
static void mix_rows(const struct imp_yuv *yuv, const unsigned char *plane, struct between down,
                     float *row)
{
    const bool wide = yuv->layout.bits > 8;
    const size_t columns = (size_t)yuv->columns;
    const size_t near = (size_t)down.near * columns, far = (size_t)down.far * columns;
    const float scale = 1 / yuv->chroma_scale;
    for (size_t i = 0; i < columns; i++) {
        const float a = sample_at(plane, near + i, wide), b = sample_at(plane, far + i, wide);
        row[i] = (a + down.share * (b - a) - yuv->chroma_zero) * scale;
    }
}

/* Writes value i of a row. */
static void put_value(unsigned char *row, size_t i, bool deep, float value)
{
    const float white = deep ? 65535.0f : 255.0f;
    const float number = value <= 0 ? 0 : value >= 1 ? white : value * white + 0.5f;
    if (deep)
        ((uint16_t *)(void *)row)[i] = (uint16_t)number;
    else
        row[i] = (unsigned char)number;
}

static void row_to_rgb(const struct imp_yuv *yuv, const unsigned char *luma, size_t first,
                       bool deep, unsigned char *rgb)
{
    const struct imp_yuv_layout *l = &yuv->layout;
    const bool wide = l->bits > 8;
    const float kg = 1 - l->kr - l->kb, scale = 1 / yuv->luma_scale;
    const float red = 2 * (1 - l->kr), blue = 2 * (1 - l->kb);
    for (size_t x = 0; x < (size_t)yuv->width; x++) {
        const struct between *at = &yuv->across[x];
        const float y = (sample_at(luma, first + x, wide) - yuv->luma_zero) * scale;
        const float cb = yuv->cb[at->near] + at->share * (yuv->cb[at->far] - yuv->cb[at->near]);
        const float cr = yuv->cr[at->near] + at->share * (yuv->cr[at->far] - yuv->cr[at->near]);
        put_value(rgb, 3 * x, deep, y + red * cr);
        put_value(rgb, 3 * x + 1, deep, y - (l->kr * red * cr + l->kb * blue * cb) / kg);
        put_value(rgb, 3 * x + 2, deep, y + blue * cb);
    }
}

void imp_yuv_to_rgb(const struct imp_yuv *yuv, const unsigned char *planes, bool deep,
                    unsigned char *rgb, size_t stride)
{
    const size_t bytes = yuv->layout.bits > 8 ? 2 : 1, width = (size_t)yuv->width;
    const unsigned char *cb = planes + width * (size_t)yuv->height * bytes;
    const unsigned char *cr = cb + (size_t)yuv->columns * (size_t)yuv->rows * bytes;
    for (int y = 0; y < yuv->height; y++) {
        if (!yuv->layout.mono) { /* else the rows stay 0 */
            mix_rows(yuv, cb, yuv->down[y], yuv->cb);
            mix_rows(yuv, cr, yuv->down[y], yuv->cr);
        }
        row_to_rgb(yuv, planes, width * (size_t)y, deep, rgb + stride * (size_t)y);
    }
}

/* ---- From RGB -------------------------------------------------------------------------------- */

static void put_sample(const struct imp_yuv *yuv, float value, float scale, float zero,
                       unsigned char *plane, size_t at)
{
    const int bits = yuv->layout.bits;
    const float sample = value * scale + zero + 0.5f, most = (float)((1 << bits) - 1);
    const unsigned whole = (unsigned)(sample <= 0 ? 0 : sample >= most ? most : sample);
    if (bits > 8) {
        plane[2 * at] = (unsigned char)(whole & 0xff);
        plane[2 * at + 1] = (unsigned char)(whole >> 8);
    } else {
        plane[at] = (unsigned char)whole;
    }
}

/* A pixel's values, and what white is. */
static float take_pixel(const struct imp_yuv *yuv, const unsigned char *row, int x, float rgb[3])
{
    uint16_t wide[3];
    const bool deep = yuv->layout.bits > 8;
    if (deep)
        memcpy(wide, row + sizeof(wide) * (size_t)x, sizeof(wide));
    for (int c = 0; c < 3; c++)
        rgb[c] = deep ? (float)wide[c] : (float)row[3 * x + c];
    return deep ? 65535.0f : 255.0f;
}

static void luma_from_rgb(const struct imp_yuv *yuv, const unsigned char *row, unsigned char *luma)
{
    const struct imp_yuv_layout *l = &yuv->layout;
    const float kg = 1 - l->kr - l->kb;
    for (int x = 0; x < yuv->width; x++) {
        float rgb[3];
        const float white = take_pixel(yuv, row, x, rgb);
        const float y = (l->kr * rgb[0] + kg * rgb[1] + l->kb * rgb[2]) / white;
        put_sample(yuv, y, yuv->luma_scale, yuv->luma_zero, luma, (size_t)x);
    }
}

/* Adds a row of pixels' Cb and Cr, times the row's weight. */
static void add_differences(const struct imp_yuv *yuv, const unsigned char *row, float weight)
{
    const struct imp_yuv_layout *l = &yuv->layout;
    const float kg = 1 - l->kr - l->kb;
    float *cb = yuv->pixels_chroma, *cr = cb + yuv->width;
    for (int x = 0; x < yuv->width; x++) {
        float rgb[3];
        const float white = take_pixel(yuv, row, x, rgb);
        const float y = (l->kr * rgb[0] + kg * rgb[1] + l->kb * rgb[2]) / white;
        cb[x] += weight * (rgb[2] / white - y) / (2 * (1 - l->kb));
        cr[x] += weight * (rgb[0] / white - y) / (2 * (1 - l->kr));
    }
}

static void store_means(const struct imp_yuv *yuv, const float *row, unsigned char *samples_out)
{
    for (int k = 0; k < yuv->columns; k++) {
        const struct mean *mean = &yuv->mean_across[k];
        float sum = 0;
        for (int i = 0; i < mean->count; i++)
            sum += mean->weight[i] * row[mean->first + i];
        put_sample(yuv, sum, yuv->chroma_scale, yuv->chroma_zero, samples_out, (size_t)k);
    }
}

void imp_yuv_from_rgb(const struct imp_yuv *yuv, const unsigned char *rgb, size_t stride,
                      unsigned char *planes)
{
    const size_t bytes = yuv->layout.bits > 8 ? 2 : 1;
    const size_t width = (size_t)yuv->width, columns = (size_t)yuv->columns * bytes;
    unsigned char *cb = planes + width * bytes * (size_t)yuv->height;
    unsigned char *cr = cb + columns * (size_t)yuv->rows;
    for (int y = 0; y < yuv->height; y++)
        luma_from_rgb(yuv, rgb + stride * (size_t)y, planes + width * bytes * (size_t)y);
    for (int k = 0; k < yuv->rows; k++) {
        const struct mean *mean = &yuv->mean_down[k];
        for (size_t i = 0; i < 2 * width; i++)
            yuv->pixels_chroma[i] = 0;
        for (int i = 0; i < mean->count; i++)
            add_differences(yuv, rgb + stride * (size_t)(mean->first + i), mean->weight[i]);
        store_means(yuv, yuv->pixels_chroma, cb + columns * (size_t)k);
        store_means(yuv, yuv->pixels_chroma + width, cr + columns * (size_t)k);
    }
}
