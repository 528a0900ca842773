/* SPDX-License-Identifier: MIT */
/* What a picture says of itself beside its pixels: EXIF, XMP and IPTC blocks, and its density. */

#include "image/formats.h"

#include <stdlib.h>
#include <string.h>

/* Pixels per inch that make sense: from a wall to a film scanner. */
#define LEAST_DENSITY 1
#define MOST_DENSITY 65535

enum impasto_status imp_block_copy(const void *bytes, size_t size, struct impasto_block *block,
                                   struct impasto_error *error)
{
    unsigned char *data = NULL;
    if (size > 0 && !(data = malloc(size)))
        return imp_fail_memory(error, "what a picture says of itself", size);
    if (size > 0)
        memcpy(data, bytes, size);
    free(block->data);
    *block = (struct impasto_block){.data = data, .size = size};
    return IMPASTO_OK;
}

enum impasto_status imp_block_take(const void *bytes, size_t size, struct impasto_block *block,
                                   struct impasto_error *error)
{
    return size > IMP_LARGEST_BLOCK ? IMPASTO_OK : imp_block_copy(bytes, size, block, error);
}

enum impasto_status imp_metadata_copy(const struct impasto_metadata *from,
                                      struct impasto_metadata *to, struct impasto_error *error)
{
    memcpy(to->density, from->density, sizeof(to->density));
    IMP_TRY(imp_block_copy(from->exif.data, from->exif.size, &to->exif, error));
    IMP_TRY(imp_block_copy(from->xmp.data, from->xmp.size, &to->xmp, error));
    return imp_block_copy(from->iptc.data, from->iptc.size, &to->iptc, error);
}

void imp_metadata_free(struct impasto_metadata *metadata)
{
    free(metadata->exif.data);
    free(metadata->xmp.data);
    free(metadata->iptc.data);
    *metadata = (struct impasto_metadata){0};
}

void imp_density_set(double density[2], double x, double y, double units)
{
    const double across = x * units, down = y * units;
    if (across >= LEAST_DENSITY && down >= LEAST_DENSITY && across <= MOST_DENSITY &&
        down <= MOST_DENSITY) {
        density[0] = across;
        density[1] = down;
    }
}

const unsigned char *imp_behind_mark(const void *bytes, size_t size, const char *mark,
                                     size_t mark_size)
{
    return size > mark_size && memcmp(bytes, mark, mark_size) == 0
               ? (const unsigned char *)bytes + mark_size
               : NULL;
}
