/* SPDX-License-Identifier: MIT */
/* PNG pictures and their settings, saved again. Checksums of chunks are made right first: else
 * nothing but them would be tried. A chunk that claims more than there is claims 4 KiB at most:
 * libpng allocates and clears what it claims, which would take most of the time. The hostile files
 * have longer ones. */

#include "fuzz.h"
#include "image/formats.h"

#include <stdlib.h>
#include <string.h>

#define MOST_PIXELS 65536
#define MOST_SAVED 1024 /* of them: pixels are not what is tried */
/* Signature, and a chunk without data: length, kind, checksum. */
#define SIGNATURE 8
#define CHUNK 12

static void seal_chunks(uint8_t *data, size_t size)
{
    for (size_t at = SIGNATURE; at + CHUNK <= size;) {
        size_t length = (size_t)data[at] << 24 | (size_t)data[at + 1] << 16 |
                        (size_t)data[at + 2] << 8 | data[at + 3];
        if (length > size - at - CHUNK) {
            data[at] = data[at + 1] = 0;
            data[at + 2] &= 0xf;
            length &= 0xfff;
        }
        if (length > size - at - CHUNK)
            return;
        uint8_t *sum = data + at + 8 + length;
        const uint32_t right = imp_checksum(0, data + at + 4, 4 + length);
        for (int i = 0; i < 4; i++)
            sum[i] = (uint8_t)(right >> (24 - 8 * i));
        at += CHUNK + length;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!imp_image_png.probe(data, size))
        return -1;
    uint8_t *copy = malloc(size);
    if (!copy)
        return -1;
    memcpy(copy, data, size);
    seal_chunks(copy, size);
    for (int settings = 0; settings < 2; settings++) {
        struct impasto_image *image = NULL;
        struct impasto_error error = {0};
        char *text = NULL;
        struct imp_image_source source = {.path = "fuzz",
                                          .stream = fmemopen(copy, size, "rb"),
                                          .max_pixels = MOST_PIXELS,
                                          .memory = UINT64_MAX};
        if (!source.stream)
            abort();
        const enum impasto_status status = settings
                                               ? imp_image_png.load_settings(&source, &text, &error)
                                               : imp_image_png.load(&source, &image, &error);
        fuzz_check(status, &error);
        fclose(source.stream);
        if (image && image->width * image->height <= MOST_SAVED)
            fuzz_save(image);
        impasto_image_free(&image);
        free(text);
    }
    free(copy);
    return 0;
}
