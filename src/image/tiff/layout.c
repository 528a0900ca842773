/* SPDX-License-Identifier: MIT */
/* What a TIFF picture says of its samples, and which pictures are refused for it. */

#include "image/tiff/tiff.h"

#include <stdlib.h>
#include <string.h>

enum impasto_status imp_tiff_damaged(const struct imp_tiff_reading *r, struct impasto_error *error)
{
    return imp_fail(error, IMPASTO_ERROR_INPUT,
                    "%s: is a damaged or cut-short TIFF picture; get it anew (libtiff: %s)",
                    r->source->path,
                    r->session.message[0] ? r->session.message : "no more is known");
}

static enum impasto_status refuse(const struct imp_tiff_reading *r, const char *what, int number,
                                  struct impasto_error *error)
{
    return imp_fail(error, IMPASTO_ERROR_INPUT,
                    "%s: is a TIFF picture with %s (%d); save it with 8 or 16 bits per channel, in "
                    "gray, RGB or CMYK",
                    r->source->path, what, number);
}

enum impasto_status imp_tiff_refuse_raw(const struct imp_tiff_reading *r,
                                        struct impasto_error *error)
{
    uint32_t kind = 0;
    const void *version = NULL;
    TIFFGetFieldDefaulted(r->tiff, TIFFTAG_SUBFILETYPE, &kind);
    if (!(kind & FILETYPE_REDUCEDIMAGE) && !TIFFGetField(r->tiff, TIFFTAG_DNGVERSION, &version))
        return IMPASTO_OK;
    return imp_fail(
        error, IMPASTO_ERROR_INPUT,
        "%s: is a camera's raw picture (DNG, NEF, ARW), of which only a preview could be "
        "read; develop it: darktable-cli FILE FILE.png",
        r->source->path);
}

uint16_t imp_tiff_field(const struct imp_tiff_reading *r, uint32_t tag)
{
    uint16_t value = 0;
    TIFFGetFieldDefaulted(r->tiff, tag, &value);
    return value;
}

/* Which sample is transparency: the first of those beside the colours that says so, or the only one
 * where nothing is said at all. */
static void find_alpha(const struct imp_tiff_reading *r, struct imp_tiff_layout *l, int colours)
{
    uint16_t count = 0, *kinds = NULL;
    TIFFGetFieldDefaulted(r->tiff, TIFFTAG_EXTRASAMPLES, &count, &kinds);
    l->alpha = -1;
    for (int i = 0; kinds && i < count && colours + i < l->samples && l->alpha < 0; i++)
        if (kinds[i] == EXTRASAMPLE_ASSOCALPHA || kinds[i] == EXTRASAMPLE_UNASSALPHA) {
            l->alpha = colours + i;
            l->premultiplied = kinds[i] == EXTRASAMPLE_ASSOCALPHA;
        }
    if (count == 0 && l->samples == colours + 1 && l->model != IMP_COLOUR_CMYK)
        l->alpha = colours;
}

/* Palettes are of 16 bits, but some programs have written 8. */
static bool find_palette(const struct imp_tiff_reading *r, struct imp_tiff_layout *l)
{
    uint16_t *red, *green, *blue;
    if (l->bits > 8 || !TIFFGetField(r->tiff, TIFFTAG_COLORMAP, &red, &green, &blue))
        return false;
    for (size_t i = 0; i < (size_t)1 << l->bits; i++)
        if (red[i] > 255 || green[i] > 255 || blue[i] > 255)
            l->wide_palette = true;
    l->palette[0] = red, l->palette[1] = green, l->palette[2] = blue;
    return true;
}

enum impasto_status imp_tiff_read_meaning(struct imp_tiff_reading *r, bool *general,
                                          struct impasto_error *error)
{
    struct imp_tiff_layout *l = &r->layout;
    const uint16_t form = imp_tiff_field(r, TIFFTAG_SAMPLEFORMAT),
                   compression = imp_tiff_field(r, TIFFTAG_COMPRESSION);
    int colours = 0;
    l->bits = imp_tiff_field(r, TIFFTAG_BITSPERSAMPLE);
    l->samples = imp_tiff_field(r, TIFFTAG_SAMPLESPERPIXEL);
    if (!TIFFGetField(r->tiff, TIFFTAG_PHOTOMETRIC, &l->photometric))
        l->photometric = l->samples >= 3 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK;
    if (!TIFFIsCODECConfigured(compression))
        return refuse(r, "a compression that libtiff cannot read here", compression, error);
    if (form != SAMPLEFORMAT_UINT && form != SAMPLEFORMAT_VOID)
        return refuse(r,
                      form == SAMPLEFORMAT_IEEEFP
                          ? "floating-point samples, whose range is not known"
                          : "samples of a kind that cannot be read",
                      form, error);
    *general = false;
    switch (l->photometric) {
    case PHOTOMETRIC_MINISWHITE:
    case PHOTOMETRIC_MINISBLACK:
        l->model = IMP_COLOUR_GRAY;
        l->inverted = l->photometric == PHOTOMETRIC_MINISWHITE;
        colours = 1;
        break;
    case PHOTOMETRIC_PALETTE:
        l->model = IMP_COLOUR_RGB;
        colours = 1;
        if (!find_palette(r, l))
            return imp_tiff_damaged(r, error);
        break;
    case PHOTOMETRIC_SEPARATED:
        if (imp_tiff_field(r, TIFFTAG_INKSET) != INKSET_CMYK)
            return refuse(r, "inks other than CMYK", imp_tiff_field(r, TIFFTAG_INKSET), error);
        l->model = IMP_COLOUR_CMYK;
        colours = 4;
        break;
    case PHOTOMETRIC_YCBCR:
        *general = compression != COMPRESSION_JPEG ||
                   !TIFFSetField(r->tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
        l->model = IMP_COLOUR_RGB;
        colours = 3;
        break;
    case PHOTOMETRIC_RGB:
        l->model = IMP_COLOUR_RGB;
        colours = 3;
        break;
    default: /* CIE Lab, LogLuv: libtiff converts them, or says that it cannot */
        *general = true;
        return IMPASTO_OK;
    }
    if (l->bits < 1 || l->bits > 16)
        return refuse(r, "another number of bits per channel", l->bits, error);
    if (l->samples < colours)
        return imp_tiff_damaged(r, error);
    if ((l->samples * l->bits + 7) / 8 > TIFF_BYTES_OF_SAMPLES)
        return refuse(r, "too many channels", l->samples, error);
    find_alpha(r, l, colours);
    return IMPASTO_OK;
}

enum impasto_status imp_tiff_read_layout(struct imp_tiff_reading *r, struct impasto_error *error)
{
    struct imp_tiff_layout *l = &r->layout;
    const bool tiled = TIFFIsTiled(r->tiff) != 0;
    l->planes = imp_tiff_field(r, TIFFTAG_PLANARCONFIG) == PLANARCONFIG_SEPARATE ? l->samples : 1;
    l->block_width = l->width;
    TIFFGetFieldDefaulted(r->tiff, tiled ? TIFFTAG_TILELENGTH : TIFFTAG_ROWSPERSTRIP,
                          &l->band_rows);
    if (tiled)
        TIFFGetField(r->tiff, TIFFTAG_TILEWIDTH, &l->block_width);
    else if (l->band_rows > l->height)
        l->band_rows = l->height;
    if (l->block_width < 1 || l->band_rows < 1)
        return imp_tiff_damaged(r, error);
    l->across = l->width / l->block_width + (l->width % l->block_width > 0);
    const tmsize_t bytes = tiled ? TIFFTileSize(r->tiff) : TIFFStripSize(r->tiff);
    const tmsize_t row = tiled ? TIFFTileRowSize(r->tiff) : TIFFScanlineSize(r->tiff);
    const uint64_t most =
        TIFF_BESIDE_SAMPLES + (uint64_t)l->width * l->height * TIFF_BYTES_OF_SAMPLES;
    const uint64_t needed = ((uint64_t)l->block_width * l->bits * (l->samples / l->planes) + 7) / 8;
    if (bytes < 1 || row < 1 || (uint64_t)row < needed ||
        (uint64_t)bytes < (uint64_t)row * l->band_rows ||
        (uint64_t)bytes > most / ((uint64_t)l->across * l->planes))
        return imp_tiff_damaged(r, error);
    l->block_bytes = (size_t)bytes;
    l->row_bytes = (size_t)row;
    const size_t size = l->block_bytes * l->across * l->planes;
    const size_t row_size = (size_t)l->width * (size_t)IMP_COLOUR_CMYK * sizeof(float);
    r->band = malloc(size);
    r->row = malloc(row_size);
    return r->band && r->row ? IMPASTO_OK : imp_fail_memory(error, r->source->path, size);
}

bool imp_tiff_has_all_blocks(struct imp_tiff_reading *r)
{
    const uint32_t count =
        TIFFIsTiled(r->tiff) ? TIFFNumberOfTiles(r->tiff) : TIFFNumberOfStrips(r->tiff);
    if (imp_tiff_field(r, TIFFTAG_COMPRESSION) == COMPRESSION_OJPEG)
        return true;
    for (uint32_t i = 0; i < count; i++)
        if (TIFFGetStrileOffset(r->tiff, i) == 0) {
            snprintf(r->session.message, sizeof(r->session.message), "block %u is missing", i);
            return false;
        }
    return true;
}
