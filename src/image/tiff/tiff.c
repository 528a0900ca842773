/* SPDX-License-Identifier: MIT */
/* TIFF by libtiff, as a row of the formats. */

#ifdef IMP_HAVE_TIFF
#include "image/tiff/tiff.h"
#else
#include "image/formats.h"
#endif

#include <string.h>

static bool probe(const unsigned char *head, size_t size)
{
    if (size >= 11 && memcmp(head + 8, "CR\2", 3) == 0)
        return false; /* a camera's raw picture, whose first page is a preview */
    static const unsigned char marks[][4] = {
        {'I', 'I', 42, 0}, {'M', 'M', 0, 42}, {'I', 'I', 43, 0}, {'M', 'M', 0, 43}};
    for (size_t i = 0; size >= 8 && i < IMP_COUNT(marks); i++)
        if (memcmp(head, marks[i], sizeof(marks[i])) == 0)
            return true;
    return false;
}

static const char *const extensions[] = {".tif", ".tiff", ".btf", ".tf8", NULL};

const struct imp_image_format imp_image_tiff = {
    .info =
        {
            .format = IMPASTO_FORMAT_TIFF,
            .name = "TIFF",
            .extensions = extensions,
            .library = "libtiff",
#ifdef IMP_HAVE_TIFF
            .reads = true,
            .writes = true,
            .largest_side = IMP_IMAGE_LARGEST_SIDE,
            .bits = 16,
#endif
        },
    .probe = probe,
#ifdef IMP_HAVE_TIFF
    .load = imp_tiff_load,
    .save = imp_tiff_save,
#endif
};
