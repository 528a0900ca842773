/* SPDX-License-Identifier: MIT */
/* The one thing we read in EXIF: which way up. The block itself passes through untouched but for it. */

#include "image/formats.h"

#include <stdlib.h>
#include <string.h>

#define TAG_ORIENTATION 0x0112
#define TYPE_SHORT 3
#define ENTRY_SIZE 12 /* tag, type, count, value */

struct reader {
    unsigned char *data;
    size_t size;
    bool big; /* "MM" byte order */
};

static unsigned read16(const struct reader *r, size_t at)
{
    return r->big ? (unsigned)r->data[at] << 8 | r->data[at + 1]
                  : (unsigned)r->data[at + 1] << 8 | r->data[at];
}

static uint32_t read32(const struct reader *r, size_t at)
{
    const uint32_t first = read16(r, at), second = read16(r, at + 2);
    return r->big ? first << 16 | second : second << 16 | first;
}

int imp_exif_orientation(struct impasto_block *exif, bool reset)
{
    unsigned char *block = exif->data;
    const size_t size = exif->size;
    if (!block || size < 8)
        return 1;
    struct reader r = {.data = block, .size = size, .big = block[0] == 'M'};
    const unsigned char mark = r.big ? 'M' : 'I';
    if (block[0] != mark || block[1] != mark || read16(&r, 2) != 42)
        return 1;
    const size_t directory = read32(&r, 4);
    if (directory > size - 2)
        return 1;
    const size_t entries = read16(&r, directory);
    for (size_t i = 0; i < entries; i++) {
        const size_t at = directory + 2 + i * ENTRY_SIZE;
        if (at + ENTRY_SIZE > size)
            return 1;
        if (read16(&r, at) != TAG_ORIENTATION)
            continue;
        const unsigned value = read16(&r, at + 8);
        if (read16(&r, at + 2) != TYPE_SHORT || value < 1 || value > 8)
            return 1;
        if (reset) {
            block[at + 8] = r.big ? 0 : 1;
            block[at + 9] = r.big ? 1 : 0;
        }
        return (int)value;
    }
    return 1;
}

/* Where pixel (x, y) of the upright picture (width x height) lies in the stored one. */
static void stored_position(int orientation, int width, int height, int x, int y, int *sx, int *sy)
{
    switch (orientation) {
    case 2: /* mirrored left to right */
        *sx = width - 1 - x, *sy = y;
        break;
    case 3: /* upside down */
        *sx = width - 1 - x, *sy = height - 1 - y;
        break;
    case 4: /* mirrored top to bottom */
        *sx = x, *sy = height - 1 - y;
        break;
    case 5: /* transposed */
        *sx = y, *sy = x;
        break;
    case 6: /* stored with the top on the right: turn clockwise */
        *sx = y, *sy = width - 1 - x;
        break;
    case 7: /* transposed about the other diagonal */
        *sx = height - 1 - y, *sy = width - 1 - x;
        break;
    case 8: /* stored with the top on the left: turn anticlockwise */
        *sx = height - 1 - y, *sy = x;
        break;
    default:
        *sx = x, *sy = y;
        break;
    }
}

enum impasto_status imp_exif_turn(struct impasto_image **image, int orientation,
                                  struct impasto_error *error)
{
    struct impasto_image *old = *image, *turned = NULL;
    if (orientation <= 1 || orientation > 8)
        return IMPASTO_OK;
    const bool sideways = orientation >= 5;
    const int width = sideways ? old->height : old->width;
    const int height = sideways ? old->width : old->height;
    IMP_TRY(impasto_image_create(width, height, &turned, error));
    if (old->alpha && imp_image_add_alpha(turned, error) != IMPASTO_OK) {
        impasto_image_free(&turned);
        return IMPASTO_ERROR_MEMORY;
    }
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            int sx, sy;
            stored_position(orientation, width, height, x, y, &sx, &sy);
            const size_t from = (size_t)sy * (size_t)old->width + (size_t)sx;
            const size_t to = (size_t)y * (size_t)width + (size_t)x;
            memcpy(turned->rgb + 3 * to, old->rgb + 3 * from, 3 * sizeof(float));
            if (old->alpha)
                turned->alpha[to] = old->alpha[from];
        }
    turned->metadata = old->metadata;
    old->metadata = (struct impasto_metadata){0};
    impasto_image_free(&old);
    *image = turned;
    return IMPASTO_OK;
}
