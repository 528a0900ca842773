/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* memfd_create */

#include "fuzz.h"
#include "image/formats.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

const char *fuzz_file(const uint8_t *data, size_t size)
{
    static int descriptor = -1;
    static char path[64];
    if (descriptor < 0) {
        descriptor = memfd_create("fuzz", MFD_CLOEXEC);
        snprintf(path, sizeof(path), "/proc/self/fd/%d", descriptor);
    }
    if (descriptor < 0 || ftruncate(descriptor, 0) != 0 ||
        pwrite(descriptor, data, size, 0) != (ssize_t)size)
        abort();
    return path;
}

void fuzz_check(enum impasto_status status, const struct impasto_error *error)
{
    const char *text = error->message;
    if (status > 0 || status < -8 || status == IMPASTO_ERROR_INTERNAL)
        abort();
    if ((status == IMPASTO_OK) != (text[0] == 0) || strchr(text, '\n') || !imp_is_utf8(text))
        abort();
}

static void select_metadata(const struct impasto_image *image, enum impasto_privacy privacy)
{
    struct impasto_metadata selected = {0};
    struct impasto_error error = {0};
    fuzz_check(imp_metadata_select(image, privacy, &selected, &error), &error);
    imp_metadata_free(&selected);
}

static void save(const struct impasto_image *image, const char *name, enum impasto_privacy privacy)
{
    const struct impasto_save_options options = {.struct_size = sizeof(options),
                                                 .privacy = privacy};
    struct impasto_error error = {0};
    unsigned char *bytes = NULL;
    size_t size = 0;
    fuzz_check(impasto_image_encode(image, name, &options, &bytes, &size, &error), &error);
    free(bytes);
}

void fuzz_save(const struct impasto_image *image)
{
    const struct impasto_metadata *m = &image->metadata;
    select_metadata(image, IMPASTO_PRIVACY_KEEP);
    select_metadata(image, IMPASTO_PRIVACY_PRIVATE);
    if ((m->exif.size + m->xmp.size + m->iptc.size) % 16 == 1) {
        save(image, "x.png", IMPASTO_PRIVACY_KEEP);
        save(image, "x.jpg", IMPASTO_PRIVACY_PRIVATE);
    }
}

/* The memory there is costs a few files in /proc to find out, a hundred times what the rest does:
 * linked with --wrap. */
uint64_t __wrap_imp_host_memory(void);
uint64_t __wrap_imp_host_memory(void)
{
    return (uint64_t)1 << 32;
}
