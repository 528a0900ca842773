/* SPDX-License-Identifier: MIT */
/* TIFF pictures, read: the first page, of 1 to 16 bits: grey, palette, colour or CMYK. */

#include "image/tiff/tiff.h"

#include <stdlib.h>
#include <string.h>

static void finish(struct imp_tiff_reading *r)
{
    if (r->tiff)
        TIFFClose(r->tiff);
    imp_colour_close(&r->colour);
    free(r->band);
    free(r->row);
}

/* All blocks of the band that begins at row y, one behind the other. */
static bool read_band(struct imp_tiff_reading *r, uint32_t y)
{
    const struct imp_tiff_layout *l = &r->layout;
    unsigned char *to = r->band;
    const uint32_t rows = l->height - y < l->band_rows ? l->height - y : l->band_rows;
    for (uint32_t plane = 0; plane < l->planes; plane++)
        for (uint32_t block = 0; block < l->across; block++, to += l->block_bytes) {
            const tmsize_t size = (tmsize_t)l->block_bytes;
            const tmsize_t got =
                TIFFIsTiled(r->tiff)
                    ? TIFFReadEncodedTile(
                          r->tiff,
                          TIFFComputeTile(r->tiff, block * l->block_width, y, 0, (uint16_t)plane),
                          to, size)
                    : TIFFReadEncodedStrip(r->tiff, TIFFComputeStrip(r->tiff, y, (uint16_t)plane),
                                           to, size);
            if (got < 0 || (size_t)got < l->row_bytes * rows)
                return false;
        }
    return !r->session.invented;
}

/* Sample c of pixel x in the band's row y, out of 2^bits - 1. */
static unsigned sample(const struct imp_tiff_reading *r, uint32_t x, uint32_t y, uint32_t c)
{
    const struct imp_tiff_layout *l = &r->layout;
    const uint32_t plane = l->planes > 1 ? c : 0, block = x / l->block_width;
    const unsigned char *row =
        r->band + ((size_t)plane * l->across + block) * l->block_bytes + y * l->row_bytes;
    x %= l->block_width;
    const size_t index = l->planes > 1 ? x : (size_t)x * l->samples + c;
    if (l->bits == 8)
        return row[index];
    if (l->bits == 16) {
        uint16_t word; /* libtiff has put its bytes in the machine's order */
        memcpy(&word, row + 2 * index, sizeof(word));
        return word;
    }
    unsigned value = 0;
    for (size_t bit = index * l->bits; bit < (index + 1) * l->bits; bit++)
        value = value << 1 | ((unsigned)row[bit / 8] >> (7 - bit % 8) & 1u);
    return value;
}

static void unpack_row(struct imp_tiff_reading *r, uint32_t band_row, float *alpha)
{
    const struct imp_tiff_layout *l = &r->layout;
    const float top = (float)((1u << l->bits) - 1);
    const uint32_t colours = (uint32_t)l->model;
    for (uint32_t x = 0; x < l->width; x++) {
        const float a = l->alpha < 0 ? 1 : (float)sample(r, x, band_row, (uint32_t)l->alpha) / top;
        const unsigned entry = l->palette[0] ? sample(r, x, band_row, 0) : 0;
        for (uint32_t c = 0; c < colours; c++) {
            float v = l->palette[0]
                          ? (float)l->palette[c][entry] / (l->wide_palette ? 65535.0f : 255.0f)
                          : (float)sample(r, x, band_row, c) / top;
            if (l->premultiplied && a > 0)
                v = v < a ? v / a : 1;
            r->row[x * colours + c] = l->inverted ? 1 - v : v;
        }
        if (alpha)
            alpha[x] = a;
    }
}

static enum impasto_status read_samples(struct imp_tiff_reading *r, struct impasto_error *error)
{
    const struct imp_tiff_layout *l = &r->layout;
    IMP_TRY(imp_tiff_read_layout(r, error));
    IMP_TRY(impasto_image_create((int)l->width, (int)l->height, &r->image, error));
    if (l->alpha >= 0)
        IMP_TRY(imp_image_add_alpha(r->image, error));
    for (uint32_t y = 0; y < l->height; y++) {
        if (y % l->band_rows == 0 && !read_band(r, y))
            return imp_tiff_damaged(r, error);
        const size_t at = (size_t)y * l->width;
        unpack_row(r, y % l->band_rows, r->image->alpha ? r->image->alpha + at : NULL);
        imp_colour_convert(r->colour, l->model, r->row, r->image->rgb + 3 * at, l->width);
    }
    return IMPASTO_OK;
}

/* By libtiff, to 8 bits; rows stay where they are, as all are turned later. */
static enum impasto_status read_generally(struct imp_tiff_reading *r, struct impasto_error *error)
{
    const size_t pixels = (size_t)r->layout.width * r->layout.height;
    char why[1024] = "";
    TIFFRGBAImage image;
    uint32_t *raster = malloc(pixels * sizeof(*raster));
    if (!raster)
        return imp_fail_memory(error, r->source->path, pixels * sizeof(*raster));
    r->band = (unsigned char *)raster;
    if (!TIFFRGBAImageBegin(&image, r->tiff, 1, why)) {
        snprintf(r->session.message, sizeof(r->session.message), "%s", why);
        return imp_tiff_damaged(r, error);
    }
    image.req_orientation = image.orientation;
    const bool whole = TIFFRGBAImageGet(&image, raster, image.width, image.height) != 0;
    const bool alpha = image.alpha != 0;
    TIFFRGBAImageEnd(&image);
    if (!whole || r->session.invented)
        return imp_tiff_damaged(r, error);
    for (size_t i = 0; i < pixels; i++) {
        const uint32_t v = raster[i];
        unsigned char *to = r->band + 4 * i;
        to[0] = TIFFGetR(v), to[1] = TIFFGetG(v), to[2] = TIFFGetB(v),
        to[3] = (unsigned char)TIFFGetA(v);
    }
    const struct imp_samples samples = {.data = r->band,
                                        .stride = 4 * (size_t)r->layout.width,
                                        .step = 4,
                                        .alpha = alpha,
                                        .premultiplied = true,
                                        .top = 255};
    IMP_TRY(impasto_image_create((int)r->layout.width, (int)r->layout.height, &r->image, error));
    return imp_samples_take(&samples, r->colour, r->image, error);
}

/* A tag's bytes. Some programs call IPTC's 32-bit words, which are then in the file's order. */
static enum impasto_status take_tag(struct imp_tiff_reading *r, uint32_t tag, bool words,
                                    struct impasto_block *block, struct impasto_error *error)
{
    uint32_t count = 0;
    void *bytes = NULL;
    if (!TIFFGetField(r->tiff, tag, &count, &bytes) || !bytes || count == 0)
        return IMPASTO_OK;
    const TIFFField *kind = TIFFFieldWithTag(r->tiff, tag);
    const bool wide = words && kind && TIFFFieldDataType(kind) == TIFF_LONG;
    if (wide && TIFFIsByteSwapped(r->tiff))
        TIFFSwabArrayOfLong(bytes, (tmsize_t)count);
    return imp_block_take(bytes, (wide ? 4 : 1) * (size_t)count, block, error);
}

static void read_density(const struct imp_tiff_reading *r, double density[2])
{
    float across = 0, down = 0;
    const uint16_t unit = imp_tiff_field(r, TIFFTAG_RESOLUTIONUNIT);
    if (unit == RESUNIT_NONE || !TIFFGetField(r->tiff, TIFFTAG_XRESOLUTION, &across) ||
        !TIFFGetField(r->tiff, TIFFTAG_YRESOLUTION, &down))
        return;
    imp_density_set(density, (double)across, (double)down, unit == RESUNIT_CENTIMETER ? 2.54 : 1);
}

static enum impasto_status decode(struct imp_tiff_reading *r, struct impasto_error *error)
{
    struct imp_tiff_layout *l = &r->layout;
    const uint64_t most_pixels = (uint64_t)IMP_IMAGE_LARGEST_SIDE * IMP_IMAGE_LARGEST_SIDE;
    const uint64_t pixels =
        r->source->max_pixels < most_pixels ? r->source->max_pixels : most_pixels;
    struct imp_colour_source colours = {0};
    uint32_t profile_size = 0;
    void *profile = NULL;
    bool general = false;
    r->session.stream = r->source->stream;
    r->tiff = imp_tiff_open(&r->session, r->source->path, "rm",
                            TIFF_BESIDE_SAMPLES + pixels * TIFF_BYTES_OF_SAMPLES);
    if (!r->tiff || !TIFFGetField(r->tiff, TIFFTAG_IMAGEWIDTH, &l->width) ||
        !TIFFGetField(r->tiff, TIFFTAG_IMAGELENGTH, &l->height))
        return imp_tiff_damaged(r, error);
    IMP_TRY(imp_tiff_refuse_raw(r, error));
    IMP_TRY(imp_image_check_size(r->source, l->width, l->height, error));
    IMP_TRY(imp_tiff_read_meaning(r, &general, error));
    if (!imp_tiff_has_all_blocks(r))
        return imp_tiff_damaged(r, error);
    if (TIFFGetField(r->tiff, TIFFTAG_ICCPROFILE, &profile_size, &profile)) {
        colours.profile = profile;
        colours.profile_size = profile_size;
    }
    colours.bytes = general || l->bits <= 8;
    if (!general || l->photometric == PHOTOMETRIC_YCBCR)
        r->colour = imp_colour_open(&colours, l->model);
    IMP_TRY(general ? read_generally(r, error) : read_samples(r, error));
    free(r->band);
    r->band = NULL; /* there is to be room to turn the picture in */
    struct impasto_metadata *metadata = &r->image->metadata;
    IMP_TRY(take_tag(r, TIFFTAG_XMLPACKET, false, &metadata->xmp, error));
    IMP_TRY(take_tag(r, TIFFTAG_RICHTIFFIPTC, true, &metadata->iptc, error));
    read_density(r, metadata->density);
    return imp_exif_turn(&r->image, imp_tiff_field(r, TIFFTAG_ORIENTATION), error);
}

enum impasto_status imp_tiff_load(const struct imp_image_source *source,
                                  struct impasto_image **image, struct impasto_error *error)
{
    struct imp_tiff_reading reading = {.source = source};
    const enum impasto_status status = decode(&reading, error);
    finish(&reading);
    if (status == IMPASTO_OK)
        *image = reading.image;
    else
        impasto_image_free(&reading.image);
    return status;
}
