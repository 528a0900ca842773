/* SPDX-License-Identifier: MIT */
/* Rows of a PNG as they are compressed: filtered, each by what makes it smallest. */

#include "image/png/png.h"

#include <stdlib.h>
#include <string.h>

static void pack_row(const struct imp_png_pixels *p, int y, unsigned char *row)
{
    const struct impasto_image *image = p->image;
    const size_t width = (size_t)image->width, base = (size_t)y * width;
    const unsigned top = p->bits == 16 ? 65535 : 255;
    for (size_t x = 0; x < width; x++)
        for (size_t c = 0; c < (p->alpha ? 4u : 3u); c++) {
            const unsigned v = imp_sample_quantize(
                c == 3 ? image->alpha[base + x] : image->rgb[3 * (base + x) + c], top);
            if (p->bits == 16)
                *row++ = (unsigned char)(v >> 8);
            *row++ = (unsigned char)(v & 0xff);
        }
}

static size_t pixel_bytes(const struct imp_png_pixels *p)
{
    return (p->alpha ? 4u : 3u) * (size_t)p->bits / 8;
}

size_t imp_png_row_bytes(const struct imp_png_pixels *p)
{
    return (size_t)p->image->width * pixel_bytes(p);
}

/* PNG's filters, by their numbers there. */
enum { NONE, SUB, UP, AVERAGE, PAETH, FILTERS };

/* Of the bytes to the left, above, and above to the left, the one that is nearest to left + above -
 * above left. */
static unsigned char paeth(int left, int above, int corner)
{
    const int to_left = abs(above - corner), to_above = abs(left - corner);
    const int to_corner = abs(above + left - 2 * corner);
    return (unsigned char)(to_left <= to_above && to_left <= to_corner ? left
                           : to_above <= to_corner                     ? above
                                                                       : corner);
}

/* Filters a row, `above` being the one before. Both have a pixel of zeros on their left. */
static void filter(int kind, const unsigned char *row, const unsigned char *above, size_t bytes,
                   size_t pixel, unsigned char *out)
{
    const unsigned char *left = row - pixel, *corner = above - pixel;
    switch (kind) {
    case SUB:
        for (size_t i = 0; i < bytes; i++)
            out[i] = (unsigned char)(row[i] - left[i]);
        break;
    case UP:
        for (size_t i = 0; i < bytes; i++)
            out[i] = (unsigned char)(row[i] - above[i]);
        break;
    case AVERAGE:
        for (size_t i = 0; i < bytes; i++)
            out[i] = (unsigned char)(row[i] - (left[i] + above[i]) / 2);
        break;
    case PAETH:
        for (size_t i = 0; i < bytes; i++)
            out[i] = (unsigned char)(row[i] - paeth(left[i], above[i], corner[i]));
        break;
    default:
        memcpy(out, row, bytes);
    }
}

/* Of bytes as numbers from -128 to 127: small ones come often, and are soon compressed. */
static size_t magnitude(const unsigned char *bytes, size_t count)
{
    size_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += bytes[i] < 128 ? bytes[i] : 256u - bytes[i];
    return sum;
}

/* out: the filter's number, then the row by the filter that gives the least sum. spare: room for a
 * row. */
static void filter_best(const unsigned char *row, const unsigned char *above, size_t bytes,
                        size_t pixel, unsigned char *spare, unsigned char *out)
{
    size_t least = magnitude(row, bytes);
    out[0] = NONE;
    memcpy(out + 1, row, bytes);
    for (int kind = SUB; kind < FILTERS; kind++) {
        filter(kind, row, above, bytes, pixel, spare);
        const size_t sum = magnitude(spare, bytes);
        if (sum >= least)
            continue;
        least = sum;
        out[0] = (unsigned char)kind;
        memcpy(out + 1, spare, bytes);
    }
}

bool imp_png_filter_rows(const struct imp_png_pixels *p, int begin, int end, unsigned char *out)
{
    const size_t bytes = imp_png_row_bytes(p), pixel = pixel_bytes(p);
    unsigned char *room = calloc(3, pixel + bytes);
    if (!room)
        return false;
    unsigned char *rows[2] = {room + pixel, room + 2 * pixel + bytes};
    unsigned char *spare = room + 2 * (pixel + bytes);
    if (begin > 0)
        pack_row(p, begin - 1, rows[(begin - 1) % 2]);
    for (int y = begin; y < end; y++, out += 1 + bytes) {
        pack_row(p, y, rows[y % 2]);
        filter_best(rows[y % 2], rows[(y + 1) % 2], bytes, pixel, spare, out);
    }
    free(room);
    return true;
}
