/* SPDX-License-Identifier: MIT */
/* What a picture says of itself beside its pixels: EXIF, XMP and IPTC blocks, and its density. */

#include "image/image.h"

#include <stdlib.h>
#include <string.h>

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
