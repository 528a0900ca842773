/* SPDX-License-Identifier: MIT */
/* What of its metadata a picture is saved with. */

#include "image/formats.h"

enum impasto_status imp_metadata_select(const struct impasto_image *image,
                                        enum impasto_privacy privacy,
                                        struct impasto_metadata *selected,
                                        struct impasto_error *error)
{
    if (privacy != IMPASTO_PRIVACY_NONE)
        imp_density_set(selected->density, image->metadata.density[0], image->metadata.density[1],
                        1);
    IMP_TRY(imp_exif_select(image, privacy, &selected->exif, error));
    /* A block says something in any case, and the file is to say the same. */
    imp_exif_density(&selected->exif, selected->density);
    IMP_TRY(imp_xmp_select(&image->metadata.xmp, privacy, &selected->xmp, error));
    return imp_iptc_select(&image->metadata.iptc, privacy, &selected->iptc, error);
}
