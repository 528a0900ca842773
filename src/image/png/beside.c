/* SPDX-License-Identifier: MIT */
/* What stands beside the pixels of a PNG: EXIF, XMP, IPTC, density, settings. */

#include "image/png/png.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define METRES_PER_INCH 0.0254
/* The text chunk that holds XMP. */
#define XMP_KEYWORD "XML:com.adobe.xmp"

/* PNG has pixels per metre. 300 per inch are 11811, which are 299.9994: the whole number
 * is meant. */
static png_uint_32 per_metre(double per_inch)
{
    return (png_uint_32)(per_inch / METRES_PER_INCH + 0.5);
}

static double per_inch(png_uint_32 per_metre_given)
{
    const double exact = per_metre_given * METRES_PER_INCH, whole = floor(exact + 0.5);
    return per_metre(whole) == per_metre_given ? whole : exact;
}

/* A raw profile: EXIF and XMP may have the mark that they have in JPEG files. */
static enum impasto_status take_profile(const struct impasto_block *profile,
                                        struct impasto_metadata *metadata,
                                        struct impasto_error *error)
{
    static const char exif_mark[] = IMP_EXIF_MARK, xmp_mark[] = IMP_XMP_MARK;
    const unsigned char *data = profile->data, *end = data + profile->size;
    const unsigned char *exif = imp_behind_mark(data, profile->size, exif_mark, sizeof(exif_mark));
    const unsigned char *xmp = imp_behind_mark(data, profile->size, xmp_mark, sizeof(xmp_mark));
    if (exif && metadata->exif.size == 0)
        return imp_block_copy(exif, (size_t)(end - exif), &metadata->exif, error);
    if (xmp && metadata->xmp.size == 0)
        return imp_block_copy(xmp, (size_t)(end - xmp), &metadata->xmp, error);
    if (metadata->iptc.size == 0)
        return imp_iptc_unwrap(data, profile->size, &metadata->iptc, error);
    return IMPASTO_OK;
}

static enum impasto_status take_text(const png_text *text, struct impasto_metadata *metadata,
                                     struct impasto_error *error)
{
    static const char raw[] = "Raw profile type ";
    if (strcmp(text->key, XMP_KEYWORD) == 0 && metadata->xmp.size == 0)
        return imp_block_copy(text->text, strlen(text->text), &metadata->xmp, error);
    if (strncmp(text->key, raw, sizeof(raw) - 1) != 0)
        return IMPASTO_OK;
    struct impasto_block profile = {0};
    enum impasto_status status = imp_raw_profile_read(text->text, &profile, error);
    if (status == IMPASTO_OK && profile.size > 0)
        status = take_profile(&profile, metadata, error);
    free(profile.data);
    return status;
}

enum impasto_status imp_png_take_metadata(struct imp_png_reading *r, struct impasto_error *error)
{
    struct impasto_metadata *metadata = &r->image->metadata;
    png_uint_32 size, across, down;
    png_bytep block;
    png_textp texts;
    int unit;
    if (png_get_eXIf_1(r->png, r->info, &size, &block) && size > 0)
        IMP_TRY(imp_block_copy(block, size, &metadata->exif, error));
    const int count = png_get_text(r->png, r->info, &texts, NULL);
    for (int i = 0; i < count; i++)
        IMP_TRY(take_text(&texts[i], metadata, error));
    imp_exif_density(&metadata->exif, metadata->density);
    if (png_get_pHYs(r->png, r->info, &across, &down, &unit) && unit == PNG_RESOLUTION_METER)
        imp_density_set(metadata->density, per_inch(across), per_inch(down), 1);
    return imp_exif_turn(&r->image, imp_exif_orientation(&metadata->exif, true), error);
}

enum impasto_status imp_png_take_settings(const struct imp_png_reading *r, char **settings,
                                          struct impasto_error *error)
{
    png_textp texts;
    const int count = png_get_text(r->png, r->info, &texts, NULL);
    for (int i = 0; i < count; i++) {
        const size_t size = strlen(texts[i].text);
        if (strcmp(texts[i].key, IMP_IMAGE_SETTINGS_KEYWORD) != 0 || size == 0 ||
            !imp_image_settings_fit(texts[i].text))
            continue;
        *settings = strdup(texts[i].text);
        if (!*settings)
            return imp_fail_memory(error, "the settings", size + 1);
        break;
    }
    return IMPASTO_OK;
}

static png_text international(const char *keyword, const unsigned char *text)
{
    static char nothing[] = "";
    return (png_text){.compression = PNG_ITXT_COMPRESSION_NONE,
                      .key = (char *)keyword,
                      .text = (char *)text,
                      .lang = nothing,
                      .lang_key = nothing};
}

/* Who wrote the file, the picture's settings, XMP and IPTC; before the pixels, where they are found
 * soonest. No times, so that equal pictures give equal bytes. May jump. */
static void set_texts(struct imp_png_writing *w, const struct impasto_image *image)
{
    static char software[] = "Software", writer[] = IMP_IMAGE_WRITER;
    static char iptc[] = "Raw profile type iptc";
    png_text texts[4] = {{PNG_TEXT_COMPRESSION_NONE, software, writer, 0, 0, NULL, NULL}};
    int count = 1;
    if (image->settings)
        texts[count++] =
            international(IMP_IMAGE_SETTINGS_KEYWORD, (const unsigned char *)image->settings);
    if (image->metadata.xmp.size)
        texts[count++] = international(XMP_KEYWORD, image->metadata.xmp.data);
    if (w->iptc)
        texts[count++] = (png_text){PNG_TEXT_COMPRESSION_zTXt, iptc, w->iptc, 0, 0, NULL, NULL};
    png_set_text(w->png, w->info, texts, count);
}

void imp_png_set_info(struct imp_png_writing *w, const struct impasto_image *image)
{
    const double *density = image->metadata.density;
    png_set_sRGB(w->png, w->info, PNG_sRGB_INTENT_PERCEPTUAL);
    if (density[0] > 0)
        png_set_pHYs(w->png, w->info, per_metre(density[0]), per_metre(density[1]),
                     PNG_RESOLUTION_METER);
    if (image->metadata.exif.size)
        png_set_eXIf_1(w->png, w->info, (png_uint_32)image->metadata.exif.size,
                       image->metadata.exif.data);
    set_texts(w, image);
}
