/* SPDX-License-Identifier: MIT */
/* TIFF by libtiff. Only this file knows it. It reads the first page, of 1 to 16 bits: grey,
 * palette, colour or CMYK. It writes colour of 8 or 16 bits. */

#include "base/os.h"
#include "image/formats.h"

#include <stdlib.h>
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

#ifdef IMP_HAVE_TIFF

#include <errno.h>

#include <tiffio.h>

/* What one allocation of libtiff's may take beside the samples. */
#define BESIDE_SAMPLES ((uint64_t)64 << 20)
/* Samples are kept as they are in the file while a band of them is unpacked. */
#define MOST_BYTES_OF_SAMPLES 12
#define PIXELS_FOR_BIG_TIFF (4000000000u / 8)

/* ---- libtiff's way to bytes ------------------------------------------------------------------ */

/* A file is read from its stream. It is written in memory: libtiff goes back to its beginning,
 * which streams of open_memstream() take for their end. */
struct session {
    FILE *stream;         /* NULL: it is written */
    unsigned char *bytes; /* written so far */
    size_t size, capacity, at;
    char message[200]; /* libtiff's first error */
    bool invented;     /* libtiff said that samples were missing, and went on */
};

static tmsize_t read_bytes(thandle_t user, void *bytes, tmsize_t size)
{
    const struct session *session = user;
    return session->stream ? (tmsize_t)fread(bytes, 1, (size_t)size, session->stream) : 0;
}

/* Room for the bytes up to `end`, those that were not there being 0. */
static bool grow(struct session *session, size_t end)
{
    if (end > session->capacity) {
        const size_t capacity = end < SIZE_MAX / 2 ? 2 * end : end;
        unsigned char *more = realloc(session->bytes, capacity);
        if (!more)
            return false;
        session->bytes = more;
        session->capacity = capacity;
    }
    if (end > session->size) {
        memset(session->bytes + session->size, 0, end - session->size);
        session->size = end;
    }
    return true;
}

static tmsize_t write_bytes(thandle_t user, void *bytes, tmsize_t size)
{
    struct session *session = user;
    if (size <= 0 || !grow(session, session->at + (size_t)size))
        return 0;
    memcpy(session->bytes + session->at, bytes, (size_t)size);
    session->at += (size_t)size;
    return size;
}

static toff_t seek(thandle_t user, toff_t offset, int whence)
{
    struct session *session = user;
    if (!session->stream) {
        session->at = (size_t)offset + (whence == SEEK_END   ? session->size
                                        : whence == SEEK_CUR ? session->at
                                                             : 0);
        return (toff_t)session->at;
    }
    if (fseeko(session->stream, (off_t)offset, whence) != 0)
        return (toff_t)-1;
    return (toff_t)ftello(session->stream);
}

/* The stream is its owner's. */
static int leave_open(thandle_t user)
{
    (void)user;
    return 0;
}

static toff_t size_of(thandle_t user)
{
    const struct session *session = user;
    if (!session->stream)
        return (toff_t)session->size;
    const off_t here = ftello(session->stream);
    if (here < 0 || fseeko(session->stream, 0, SEEK_END) != 0)
        return 0;
    const off_t end = ftello(session->stream);
    return end >= 0 && fseeko(session->stream, here, SEEK_SET) == 0 ? (toff_t)end : 0;
}

/* Whether a message is about samples that are missing or made up. After these a codec goes on:
 * libjpeg after warnings, those of fax after errors, too. */
static bool is_about_samples(const char *module, const char *text)
{
    return strncmp(text, "Premature end", 13) == 0 || strncmp(text, "Corrupt JPEG", 12) == 0 ||
           (module && strncmp(module, "Fax", 3) == 0);
}

static int on_error(TIFF *tiff, void *user, const char *module, const char *format, va_list args)
{
    struct session *session = user;
    char text[sizeof(session->message)];
    (void)tiff;
    vsnprintf(text, sizeof(text), format, args);
    session->invented |= is_about_samples(module, text);
    if (!session->message[0])
        memcpy(session->message, text, sizeof(text));
    return 1;
}

static int on_warning(TIFF *tiff, void *user, const char *module, const char *format, va_list args)
{
    char text[sizeof(((struct session *)user)->message)];
    va_list again;
    va_copy(again, args);
    vsnprintf(text, sizeof(text), format, again);
    va_end(again);
    return is_about_samples(module, text) ? on_error(tiff, user, module, format, args) : 1;
}

/* mode: of TIFFOpen. most: bytes of one allocation. */
static TIFF *open_tiff(struct session *session, const char *path, const char *mode, uint64_t most)
{
    const uint64_t top = sizeof(tmsize_t) < sizeof(int64_t) ? INT32_MAX : INT64_MAX;
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!options)
        return NULL;
    TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, session);
    TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, session);
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, (tmsize_t)(most < top ? most : top));
    TIFF *tiff = TIFFClientOpenExt(path, mode, session, read_bytes, write_bytes, seek, leave_open,
                                   size_of, NULL, NULL, options);
    TIFFOpenOptionsFree(options);
    return tiff;
}

/* ---- Reading --------------------------------------------------------------------------------- */

/* How the samples lie in the file. */
struct layout {
    uint32_t width, height;
    uint16_t bits, samples, photometric;
    enum imp_colour_model model; /* of the colours, those of a palette included */
    int alpha;                   /* which sample; -1: none */
    bool premultiplied, inverted;
    const uint16_t *palette[3]; /* NULL: none */
    bool wide_palette;          /* of 16 bits, not 8 */
    /* A band of rows is a row of tiles, or a strip; in each of its planes. */
    uint32_t planes, across, block_width, band_rows;
    size_t block_bytes, row_bytes;
};

struct reading {
    const struct imp_image_source *source;
    struct session session;
    TIFF *tiff;
    struct layout layout;
    unsigned char *band;
    float *row;
    struct imp_colour *colour;
    struct impasto_image *image;
};

static void finish(struct reading *r)
{
    if (r->tiff)
        TIFFClose(r->tiff);
    imp_colour_close(&r->colour);
    free(r->band);
    free(r->row);
}

static enum impasto_status damaged(const struct reading *r, struct impasto_error *error)
{
    return imp_fail(error, IMPASTO_ERROR_INPUT,
                    "%s: is a damaged or cut-short TIFF picture; get it anew (libtiff: %s)",
                    r->source->path,
                    r->session.message[0] ? r->session.message : "no more is known");
}

static enum impasto_status refuse(const struct reading *r, const char *what, int number,
                                  struct impasto_error *error)
{
    return imp_fail(error, IMPASTO_ERROR_INPUT,
                    "%s: is a TIFF picture with %s (%d); save it with 8 or 16 bits per channel, in "
                    "gray, RGB or CMYK",
                    r->source->path, what, number);
}

/* Cameras' raw pictures have this structure, too; what comes first in them is a preview. */
static enum impasto_status refuse_raw(const struct reading *r, struct impasto_error *error)
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

static uint16_t field(const struct reading *r, uint32_t tag)
{
    uint16_t value = 0;
    TIFFGetFieldDefaulted(r->tiff, tag, &value);
    return value;
}

/* Which sample is transparency: the first of those beside the colours that says so, or the only one
 * where nothing is said at all. */
static void find_alpha(const struct reading *r, struct layout *l, int colours)
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
static bool find_palette(const struct reading *r, struct layout *l)
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

/* What the samples mean. *general: they are left to libtiff's own conversion to 8 bits. */
static enum impasto_status read_meaning(struct reading *r, bool *general,
                                        struct impasto_error *error)
{
    struct layout *l = &r->layout;
    const uint16_t form = field(r, TIFFTAG_SAMPLEFORMAT),
                   compression = field(r, TIFFTAG_COMPRESSION);
    int colours = 0;
    l->bits = field(r, TIFFTAG_BITSPERSAMPLE);
    l->samples = field(r, TIFFTAG_SAMPLESPERPIXEL);
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
            return damaged(r, error);
        break;
    case PHOTOMETRIC_SEPARATED:
        if (field(r, TIFFTAG_INKSET) != INKSET_CMYK)
            return refuse(r, "inks other than CMYK", field(r, TIFFTAG_INKSET), error);
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
        return damaged(r, error);
    if ((l->samples * l->bits + 7) / 8 > MOST_BYTES_OF_SAMPLES)
        return refuse(r, "too many channels", l->samples, error);
    find_alpha(r, l, colours);
    return IMPASTO_OK;
}

/* Where the samples are, and room for a band of them. */
static enum impasto_status read_layout(struct reading *r, struct impasto_error *error)
{
    struct layout *l = &r->layout;
    const bool tiled = TIFFIsTiled(r->tiff) != 0;
    l->planes = field(r, TIFFTAG_PLANARCONFIG) == PLANARCONFIG_SEPARATE ? l->samples : 1;
    l->block_width = l->width;
    TIFFGetFieldDefaulted(r->tiff, tiled ? TIFFTAG_TILELENGTH : TIFFTAG_ROWSPERSTRIP,
                          &l->band_rows);
    if (tiled)
        TIFFGetField(r->tiff, TIFFTAG_TILEWIDTH, &l->block_width);
    else if (l->band_rows > l->height)
        l->band_rows = l->height;
    if (l->block_width < 1 || l->band_rows < 1)
        return damaged(r, error);
    l->across = l->width / l->block_width + (l->width % l->block_width > 0);
    const tmsize_t bytes = tiled ? TIFFTileSize(r->tiff) : TIFFStripSize(r->tiff);
    const tmsize_t row = tiled ? TIFFTileRowSize(r->tiff) : TIFFScanlineSize(r->tiff);
    const uint64_t most = BESIDE_SAMPLES + (uint64_t)l->width * l->height * MOST_BYTES_OF_SAMPLES;
    const uint64_t needed = ((uint64_t)l->block_width * l->bits * (l->samples / l->planes) + 7) / 8;
    if (bytes < 1 || row < 1 || (uint64_t)row < needed ||
        (uint64_t)bytes < (uint64_t)row * l->band_rows ||
        (uint64_t)bytes > most / ((uint64_t)l->across * l->planes))
        return damaged(r, error);
    l->block_bytes = (size_t)bytes;
    l->row_bytes = (size_t)row;
    const size_t size = l->block_bytes * l->across * l->planes;
    const size_t row_size = (size_t)l->width * (size_t)IMP_COLOUR_CMYK * sizeof(float);
    r->band = malloc(size);
    r->row = malloc(row_size);
    return r->band && r->row ? IMPASTO_OK : imp_fail_memory(error, r->source->path, size);
}

/* Whether every strip or tile is somewhere: libtiff takes those that are nowhere from the beginning
 * of the file. Files of the old kind of JPEG need not say where they are. */
static bool has_all_blocks(struct reading *r)
{
    const uint32_t count =
        TIFFIsTiled(r->tiff) ? TIFFNumberOfTiles(r->tiff) : TIFFNumberOfStrips(r->tiff);
    if (field(r, TIFFTAG_COMPRESSION) == COMPRESSION_OJPEG)
        return true;
    for (uint32_t i = 0; i < count; i++)
        if (TIFFGetStrileOffset(r->tiff, i) == 0) {
            snprintf(r->session.message, sizeof(r->session.message), "block %u is missing", i);
            return false;
        }
    return true;
}

/* All blocks of the band that begins at row y, one behind the other. */
static bool read_band(struct reading *r, uint32_t y)
{
    const struct layout *l = &r->layout;
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
static unsigned sample(const struct reading *r, uint32_t x, uint32_t y, uint32_t c)
{
    const struct layout *l = &r->layout;
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

static void unpack_row(struct reading *r, uint32_t band_row, float *alpha)
{
    const struct layout *l = &r->layout;
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

static enum impasto_status read_samples(struct reading *r, struct impasto_error *error)
{
    const struct layout *l = &r->layout;
    IMP_TRY(read_layout(r, error));
    IMP_TRY(impasto_image_create((int)l->width, (int)l->height, &r->image, error));
    if (l->alpha >= 0)
        IMP_TRY(imp_image_add_alpha(r->image, error));
    for (uint32_t y = 0; y < l->height; y++) {
        if (y % l->band_rows == 0 && !read_band(r, y))
            return damaged(r, error);
        const size_t at = (size_t)y * l->width;
        unpack_row(r, y % l->band_rows, r->image->alpha ? r->image->alpha + at : NULL);
        imp_colour_convert(r->colour, l->model, r->row, r->image->rgb + 3 * at, l->width);
    }
    return IMPASTO_OK;
}

/* By libtiff, to 8 bits; rows stay where they are, as all are turned later. */
static enum impasto_status read_generally(struct reading *r, struct impasto_error *error)
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
        return damaged(r, error);
    }
    image.req_orientation = image.orientation;
    const bool whole = TIFFRGBAImageGet(&image, raster, image.width, image.height) != 0;
    const bool alpha = image.alpha != 0;
    TIFFRGBAImageEnd(&image);
    if (!whole || r->session.invented)
        return damaged(r, error);
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
static enum impasto_status take_tag(struct reading *r, uint32_t tag, bool words,
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

static void read_density(const struct reading *r, double density[2])
{
    float across = 0, down = 0;
    const uint16_t unit = field(r, TIFFTAG_RESOLUTIONUNIT);
    if (unit == RESUNIT_NONE || !TIFFGetField(r->tiff, TIFFTAG_XRESOLUTION, &across) ||
        !TIFFGetField(r->tiff, TIFFTAG_YRESOLUTION, &down))
        return;
    imp_density_set(density, (double)across, (double)down, unit == RESUNIT_CENTIMETER ? 2.54 : 1);
}

static enum impasto_status decode(struct reading *r, struct impasto_error *error)
{
    struct layout *l = &r->layout;
    const uint64_t most_pixels = (uint64_t)IMP_IMAGE_LARGEST_SIDE * IMP_IMAGE_LARGEST_SIDE;
    const uint64_t pixels =
        r->source->max_pixels < most_pixels ? r->source->max_pixels : most_pixels;
    struct imp_colour_source colours = {0};
    uint32_t profile_size = 0;
    void *profile = NULL;
    bool general = false;
    r->session.stream = r->source->stream;
    r->tiff = open_tiff(&r->session, r->source->path, "rm",
                        BESIDE_SAMPLES + pixels * MOST_BYTES_OF_SAMPLES);
    if (!r->tiff || !TIFFGetField(r->tiff, TIFFTAG_IMAGEWIDTH, &l->width) ||
        !TIFFGetField(r->tiff, TIFFTAG_IMAGELENGTH, &l->height))
        return damaged(r, error);
    IMP_TRY(refuse_raw(r, error));
    IMP_TRY(imp_image_check_size(r->source, l->width, l->height, error));
    IMP_TRY(read_meaning(r, &general, error));
    if (!has_all_blocks(r))
        return damaged(r, error);
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
    return imp_exif_turn(&r->image, field(r, TIFFTAG_ORIENTATION), error);
}

static enum impasto_status load(const struct imp_image_source *source, struct impasto_image **image,
                                struct impasto_error *error)
{
    struct reading reading = {.source = source};
    const enum impasto_status status = decode(&reading, error);
    finish(&reading);
    if (status == IMPASTO_OK)
        *image = reading.image;
    else
        impasto_image_free(&reading.image);
    return status;
}

/* ---- Writing --------------------------------------------------------------------------------- */

/* Bytes of a strip, about: what libtiff and others advise. */
#define STRIP_BYTES ((size_t)256 << 10)
/* Of an EXIF block, and of a TIFF file that is no BigTIFF. */
#define EXIF_HEADER 8

struct writing {
    struct session session;
    TIFF *tiff;
    unsigned char *row;
    struct impasto_block profile; /* other programs take colours without one for anything */
};

static void pack_row(const struct impasto_image *image, int y, bool alpha, int bits,
                     unsigned char *row)
{
    const size_t width = (size_t)image->width, base = (size_t)y * width;
    const size_t channels = alpha ? 4 : 3;
    for (size_t x = 0; x < width; x++)
        for (size_t c = 0; c < channels; c++) {
            const unsigned v = imp_sample_quantize(c == 3 ? image->alpha[base + x]
                                                          : image->rgb[3 * (base + x) + c],
                                                   bits == 16 ? 65535 : 255);
            if (bits == 16)
                memcpy(row + 2 * (channels * x + c), &(uint16_t){(uint16_t)v}, 2);
            else
                row[channels * x + c] = (unsigned char)v;
        }
}

static bool set_block(TIFF *tiff, uint32_t tag, const struct impasto_block *block)
{
    return block->size == 0 || block->size > UINT32_MAX ||
           TIFFSetField(tiff, tag, (uint32_t)block->size, block->data);
}

/* IPTC's bytes are told in words, which libtiff writes in the file's order. */
static bool set_iptc(TIFF *tiff, const struct impasto_block *iptc)
{
    const TIFFField *kind = TIFFFieldWithTag(tiff, TIFFTAG_RICHTIFFIPTC);
    if (iptc->size == 0 || iptc->size > UINT32_MAX - 3 || !kind)
        return true;
    if (TIFFFieldDataType(kind) != TIFF_LONG)
        return set_block(tiff, TIFFTAG_RICHTIFFIPTC, iptc);
    const size_t words = (iptc->size + 3) / 4;
    unsigned char *padded = calloc(words, 4);
    if (!padded)
        return false;
    memcpy(padded, iptc->data, iptc->size);
    if (TIFFIsByteSwapped(tiff))
        TIFFSwabArrayOfLong((uint32_t *)(void *)padded, (tmsize_t)words);
    const bool set = TIFFSetField(tiff, TIFFTAG_RICHTIFFIPTC, (uint32_t)words, padded) != 0;
    free(padded);
    return set;
}

/* A text of EXIF's first directory, which the file's own has, too. */
static bool set_text(TIFF *tiff, const struct imp_exif *exif, uint16_t tag)
{
    struct imp_exif_value value;
    if (!imp_exif_find(exif, exif->first, tag, &value))
        return true;
    char *text = imp_os_copy_start((const char *)value.bytes, value.size);
    const bool set = text && TIFFSetField(tiff, tag, text);
    free(text);
    return set;
}

/* The standard has these for JPEG alone: components, width, height, interoperability. */
static bool is_of_jpeg(unsigned tag)
{
    return tag == 0x9101 || tag == 0xa002 || tag == 0xa003 || tag == 0xa005;
}

/* Takes them out of the directory, one of fewer than 256 entries, with none behind it. */
static void leave_out(const struct imp_exif *exif, unsigned char *directory)
{
    enum { ENTRY = 12 };
    const unsigned count = imp_exif_16(exif, directory);
    unsigned char *from = directory + 2, *to = from;
    for (unsigned i = 0; i < count; i++, from += ENTRY)
        if (!is_of_jpeg(imp_exif_16(exif, from))) {
            memmove(to, from, ENTRY);
            to += ENTRY;
        }
    memset(to, 0, (size_t)(from - to));
    directory[exif->big] = (unsigned char)((to - directory) / ENTRY);
}

/* EXIF stands behind the file's header. Its own has as many bytes, so that the places in it are
 * those in the file. The file's directory links what its first directory links. */
static bool set_exif(struct writing *w, const struct imp_exif *exif)
{
    static const uint16_t links[] = {TIFFTAG_EXIFIFD, TIFFTAG_GPSIFD},
                          texts[] = {TIFFTAG_IMAGEDESCRIPTION, TIFFTAG_MAKE,   TIFFTAG_MODEL,
                                     TIFFTAG_DATETIME,         TIFFTAG_ARTIST, TIFFTAG_HOSTCOMPUTER,
                                     TIFFTAG_COPYRIGHT};
    const size_t size = exif->size - EXIF_HEADER;
    bool set = w->session.size == EXIF_HEADER && w->session.at == EXIF_HEADER &&
               write_bytes(&w->session, (void *)(exif->data + EXIF_HEADER), (tmsize_t)size) > 0;
    for (size_t i = 0; i < IMP_COUNT(links) && set; i++) {
        struct imp_exif_value value;
        if (!imp_exif_find(exif, exif->first, links[i], &value))
            continue;
        const uint64_t place = imp_exif_32(exif, value.bytes);
        leave_out(exif, w->session.bytes + place);
        set = TIFFSetField(w->tiff, links[i], place) != 0;
    }
    for (size_t i = 0; i < IMP_COUNT(texts) && set; i++)
        set = set_text(w->tiff, exif, texts[i]);
    return set;
}

static bool set_metadata(TIFF *tiff, const struct impasto_metadata *metadata)
{
    /* Every TIFF has them; without a unit they say that pixels are square. */
    const double square[2] = {1, 1};
    const bool known = metadata->density[0] > 0 && metadata->density[1] > 0;
    const double *density = known ? metadata->density : square;
    return TIFFSetField(tiff, TIFFTAG_SOFTWARE, IMP_IMAGE_WRITER) &&
           set_block(tiff, TIFFTAG_XMLPACKET, &metadata->xmp) && set_iptc(tiff, &metadata->iptc) &&
           TIFFSetField(tiff, TIFFTAG_RESOLUTIONUNIT, known ? RESUNIT_INCH : RESUNIT_NONE) &&
           TIFFSetField(tiff, TIFFTAG_XRESOLUTION, density[0]) &&
           TIFFSetField(tiff, TIFFTAG_YRESOLUTION, density[1]);
}

/* Without a gain from Deflate, samples are larger than before by a few bytes a strip. */
static bool set_layout(TIFF *tiff, const struct impasto_image *image, bool alpha, int bits,
                       size_t stride)
{
    const uint16_t kind = EXTRASAMPLE_UNASSALPHA;
    const uint32_t rows = stride < STRIP_BYTES ? (uint32_t)(STRIP_BYTES / stride) : 1;
    return TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, (uint32_t)image->width) &&
           TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, (uint32_t)image->height) &&
           TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, bits) &&
           TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, alpha ? 4 : 3) &&
           TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_RGB) &&
           TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) &&
           TIFFSetField(tiff, TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT) &&
           TIFFSetField(tiff, TIFFTAG_COMPRESSION, COMPRESSION_ADOBE_DEFLATE) &&
           TIFFSetField(tiff, TIFFTAG_PREDICTOR, PREDICTOR_HORIZONTAL) &&
           TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, rows) &&
           (!alpha || TIFFSetField(tiff, TIFFTAG_EXTRASAMPLES, 1, &kind));
}

static enum impasto_status encode(struct writing *w, const struct impasto_image *image,
                                  const char *path, int bits, struct impasto_error *error)
{
    const bool alpha = imp_image_is_transparent(image);
    const size_t stride = (size_t)image->width * (alpha ? 4 : 3) * (size_t)bits / 8;
    const bool big = (uint64_t)image->width * (uint64_t)image->height > PIXELS_FOR_BIG_TIFF;
    struct imp_exif exif;
    const bool has_exif = !big && imp_exif_open(&image->metadata.exif, &exif);
    w->tiff = open_tiff(&w->session, path,
                        big         ? "w8"
                        : !has_exif ? "w"
                        : exif.big  ? "wb"
                                    : "wl",
                        UINT64_MAX);
    w->row = malloc(stride);
    if (!w->tiff || !w->row)
        return imp_fail_memory(error, "a TIFF writer", stride);
    IMP_TRY(imp_srgb_profile(&w->profile, error));
    bool written = set_layout(w->tiff, image, alpha, bits, stride) &&
                   set_block(w->tiff, TIFFTAG_ICCPROFILE, &w->profile) &&
                   (!has_exif || set_exif(w, &exif)) && set_metadata(w->tiff, &image->metadata);
    for (int y = 0; y < image->height && written; y++) {
        pack_row(image, y, alpha, bits, w->row);
        written = TIFFWriteScanline(w->tiff, w->row, (uint32_t)y, 0) == 1;
    }
    if (written && TIFFFlush(w->tiff))
        return IMPASTO_OK;
    if (!w->session.message[0])
        return imp_fail_memory(error, path, w->session.size);
    return imp_fail(error, IMPASTO_ERROR_OUTPUT,
                    "%s: cannot be written; name another file (libtiff: %s)", path,
                    w->session.message);
}

static enum impasto_status save(const struct impasto_image *image, FILE *stream, const char *path,
                                const struct impasto_save_options *options,
                                struct impasto_error *error)
{
    struct writing writing = {0};
    enum impasto_status status = encode(&writing, image, path, options->bits, error);
    if (writing.tiff)
        TIFFClose(writing.tiff);
    if (status == IMPASTO_OK &&
        fwrite(writing.session.bytes, 1, writing.session.size, stream) != writing.session.size)
        status = imp_fail_file(error, IMPASTO_ERROR_OUTPUT, path, "cannot be written", errno);
    free(writing.session.bytes);
    free(writing.profile.data);
    free(writing.row);
    return status;
}

#endif

static const char *const extensions[] = {".tif", ".tiff", NULL};

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
    .load = load,
    .save = save,
#endif
};
