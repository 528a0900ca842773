/* SPDX-License-Identifier: MIT */
/* PNG by libpng, as a row of the formats. */

#include "image/png/png.h"

#include <string.h>

static bool probe(const unsigned char *head, size_t size)
{
    static const unsigned char signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    return size >= sizeof(signature) && memcmp(head, signature, sizeof(signature)) == 0;
}

static const char *const extensions[] = {".png", NULL};

const struct imp_image_format imp_image_png = {
    .info =
        {
            .format = IMPASTO_FORMAT_PNG,
            .name = "PNG",
            .extensions = extensions,
            .reads = true,
            .writes = true,
            .largest_side = IMP_IMAGE_LARGEST_SIDE,
            .bits = 16,
        },
    .probe = probe,
    .load = imp_png_load,
    .load_settings = imp_png_load_settings,
    .save = imp_png_save,
};
