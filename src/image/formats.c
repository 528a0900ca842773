/* SPDX-License-Identifier: MIT */
/* The table of formats: which one a file is of, or is to be of, and what this build can do with it.
 */

#include "base/os.h"
#include "image/formats.h"

#include <string.h>

static const struct imp_image_format *const formats[] = {&imp_image_png,  &imp_image_jpeg,
                                                         &imp_image_tiff, &imp_image_webp,
                                                         &imp_image_heic, &imp_image_avif};

const struct impasto_format_info *impasto_image_format(size_t index)
{
    return index < IMP_COUNT(formats) ? &formats[index]->info : NULL;
}

const struct imp_image_format *imp_format_of_bytes(const unsigned char *head, size_t size)
{
    for (size_t i = 0; i < IMP_COUNT(formats); i++)
        if (formats[i]->probe(head, size))
            return formats[i];
    return NULL;
}

const struct imp_image_format *imp_format_find(enum impasto_format which, const char *path)
{
    for (size_t i = 0; i < IMP_COUNT(formats); i++) {
        const struct impasto_format_info *info = &formats[i]->info;
        if (which != IMPASTO_FORMAT_AUTO && info->format == which)
            return formats[i];
        for (size_t k = 0; which == IMPASTO_FORMAT_AUTO && info->extensions[k]; k++)
            if (imp_image_ends_in(path, info->extensions[k]))
                return formats[i];
    }
    return NULL;
}

/* Endings of one format that are told. */
#define ENDINGS_MOST 4

/* "PNG, JPEG and TIFF", or their endings, of the formats that this build reads or writes. */
static const char *list(bool written, bool endings, char *text, size_t size)
{
    const char *words[ENDINGS_MOST * IMP_COUNT(formats)];
    size_t count = 0, used = 0;
    for (size_t i = 0; i < IMP_COUNT(formats); i++) {
        const struct impasto_format_info *info = &formats[i]->info;
        if (written ? !info->writes : !info->reads)
            continue;
        if (!endings)
            words[count++] = info->name;
        for (size_t k = 0; endings && k < ENDINGS_MOST && info->extensions[k]; k++)
            words[count++] = info->extensions[k];
    }
    for (size_t i = 0; i < count && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s",
                                 i == 0           ? ""
                                 : i + 1 == count ? " or "
                                                  : ", ",
                                 words[i]);
    return text;
}

const char *imp_format_names(char *text, size_t size)
{
    return list(false, false, text, size);
}

const char *imp_format_endings(char *text, size_t size)
{
    return list(true, true, text, size);
}
