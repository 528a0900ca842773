/* SPDX-License-Identifier: MIT */
/* Pictures of the format whose row is FORMAT (meson.build), with what they carry beside their
 * pixels. */

#include "fuzz.h"
#include "image/formats.h"

#include <stdlib.h>

#define MOST_PIXELS 65536
#define MOST_SAVED 1024 /* of them: pixels are not what is tried */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct impasto_image *image = NULL;
    struct impasto_error error = {0};
    if (!FORMAT.probe(data, size))
        return -1;
    struct imp_image_source source = {.path = "fuzz",
                                      .stream = fmemopen((void *)data, size, "rb"),
                                      .max_pixels = MOST_PIXELS,
                                      .memory = UINT64_MAX};
    if (!source.stream)
        abort();
    fuzz_check(FORMAT.load(&source, &image, &error), &error);
    fclose(source.stream);
    if (image && image->width * image->height <= MOST_SAVED)
        fuzz_save(image);
    impasto_image_free(&image);
    return 0;
}
