/* SPDX-License-Identifier: MIT */
/* EXIF blocks: their structure, and which way up a picture is. */

#include "image/formats.h"

#include <string.h>

#define TAG_ORIENTATION 0x0112
#define TAG_EXIF 0x8769
#define TAG_COLOR_SPACE 0xa001
#define TAG_INTEROP 0xa005
#define TAG_INTEROP_INDEX 1
/* Colour spaces; the standard has 1 for sRGB and "uncalibrated", some cameras the other. */
#define ADOBE_RGB 2
#define UNCALIBRATED 0xffff
#define TAG_X_RESOLUTION 0x011a
#define TAG_Y_RESOLUTION 0x011b
#define TAG_RESOLUTION_UNIT 0x0128
#define ENTRY_SIZE 12 /* tag, type, count, value */

/* Bytes of one element of each type. */
static const unsigned char type_sizes[] = {
    [IMP_EXIF_BYTE] = 1,     [IMP_EXIF_ASCII] = 1, [IMP_EXIF_SHORT] = 2,     [IMP_EXIF_LONG] = 4,
    [IMP_EXIF_RATIONAL] = 8, [IMP_EXIF_SBYTE] = 1, [IMP_EXIF_UNDEFINED] = 1, [IMP_EXIF_SSHORT] = 2,
    [IMP_EXIF_SLONG] = 4,    [IMP_EXIF_FLOAT] = 4, [IMP_EXIF_SRATIONAL] = 8, [IMP_EXIF_DOUBLE] = 8,
    [IMP_EXIF_UTF8] = 1,
};

unsigned imp_exif_16(const struct imp_exif *exif, const unsigned char *at)
{
    return exif->big ? (unsigned)at[0] << 8 | at[1] : (unsigned)at[1] << 8 | at[0];
}

uint32_t imp_exif_32(const struct imp_exif *exif, const unsigned char *at)
{
    const uint32_t first = imp_exif_16(exif, at), second = imp_exif_16(exif, at + 2);
    return exif->big ? first << 16 | second : second << 16 | first;
}

bool imp_exif_open(const struct impasto_block *block, struct imp_exif *exif)
{
    if (!block->data || block->size < 8)
        return false;
    *exif = (struct imp_exif){.data = block->data, .size = block->size, .big = *block->data == 'M'};
    if (memcmp(block->data, exif->big ? "MM" : "II", 2) != 0 ||
        imp_exif_16(exif, block->data + 2) != 42)
        return false;
    exif->first = imp_exif_32(exif, block->data + 4);
    return true;
}

bool imp_exif_entry(const struct imp_exif *exif, size_t directory, unsigned index,
                    struct imp_exif_value *value)
{
    if (directory > exif->size - 2 || index >= imp_exif_16(exif, exif->data + directory))
        return false;
    const size_t at = directory + 2 + (size_t)index * ENTRY_SIZE;
    if (at + ENTRY_SIZE > exif->size)
        return false;
    const unsigned char *entry = exif->data + at;
    *value = (struct imp_exif_value){.tag = imp_exif_16(exif, entry),
                                     .type = imp_exif_16(exif, entry + 2),
                                     .count = imp_exif_32(exif, entry + 4)};
    const size_t size = value->type < sizeof(type_sizes) ? type_sizes[value->type] : 0;
    if (size == 0 || value->count == 0 || value->count > exif->size / size)
        return true;
    value->size = size * value->count;
    const size_t place = value->size <= 4 ? at + 8 : imp_exif_32(exif, entry + 8);
    if (place <= exif->size && value->size <= exif->size - place)
        value->bytes = exif->data + place;
    return true;
}

bool imp_exif_find(const struct imp_exif *exif, size_t directory, unsigned tag,
                   struct imp_exif_value *value)
{
    for (unsigned i = 0; imp_exif_entry(exif, directory, i, value); i++)
        if (value->tag == tag)
            return value->bytes != NULL;
    return false;
}

int imp_exif_orientation(struct impasto_block *block, bool reset)
{
    struct imp_exif exif;
    struct imp_exif_value value;
    if (!imp_exif_open(block, &exif) ||
        !imp_exif_find(&exif, exif.first, TAG_ORIENTATION, &value) || value.type != IMP_EXIF_SHORT)
        return 1;
    const unsigned orientation = imp_exif_16(&exif, value.bytes);
    if (orientation < 1 || orientation > 8)
        return 1;
    if (reset) {
        unsigned char *at = block->data + (value.bytes - exif.data);
        at[0] = exif.big ? 0 : 1;
        at[1] = exif.big ? 1 : 0;
    }
    return (int)orientation;
}

static double rational(const struct imp_exif *exif, const struct imp_exif_value *value)
{
    if (value->type != IMP_EXIF_RATIONAL)
        return 0;
    const uint32_t below = imp_exif_32(exif, value->bytes + 4);
    return below ? (double)imp_exif_32(exif, value->bytes) / below : 0;
}

void imp_exif_density(const struct impasto_block *block, double density[2])
{
    struct imp_exif exif;
    struct imp_exif_value x, y, unit;
    if (!imp_exif_open(block, &exif) || !imp_exif_find(&exif, exif.first, TAG_X_RESOLUTION, &x) ||
        !imp_exif_find(&exif, exif.first, TAG_Y_RESOLUTION, &y))
        return;
    const bool centimetres = imp_exif_find(&exif, exif.first, TAG_RESOLUTION_UNIT, &unit) &&
                             unit.type == IMP_EXIF_SHORT && imp_exif_16(&exif, unit.bytes) == 3;
    imp_density_set(density, rational(&exif, &x), rational(&exif, &y), centimetres ? 2.54 : 1);
}

/* The directory to which an entry of another one leads. */
static bool find_directory(const struct imp_exif *exif, size_t from, unsigned tag,
                           size_t *directory)
{
    struct imp_exif_value value;
    if (!imp_exif_find(exif, from, tag, &value) || value.size != 4)
        return false;
    *directory = imp_exif_32(exif, value.bytes);
    return true;
}

bool imp_exif_is_adobe_rgb(const struct impasto_block *block)
{
    struct imp_exif exif;
    struct imp_exif_value value;
    size_t photo, interop;
    if (!imp_exif_open(block, &exif) || !find_directory(&exif, exif.first, TAG_EXIF, &photo))
        return false;
    if (imp_exif_find(&exif, photo, TAG_COLOR_SPACE, &value) && value.size == 2 &&
        imp_exif_16(&exif, value.bytes) != UNCALIBRATED)
        return imp_exif_16(&exif, value.bytes) == ADOBE_RGB;
    return find_directory(&exif, photo, TAG_INTEROP, &interop) &&
           imp_exif_find(&exif, interop, TAG_INTEROP_INDEX, &value) && value.size >= 3 &&
           memcmp(value.bytes, "R03", 3) == 0;
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
    if (sideways) {
        turned->metadata.density[0] = old->metadata.density[1];
        turned->metadata.density[1] = old->metadata.density[0];
    }
    old->metadata = (struct impasto_metadata){0};
    impasto_image_free(&old);
    *image = turned;
    return IMPASTO_OK;
}
