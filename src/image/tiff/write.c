/* SPDX-License-Identifier: MIT */
/* TIFF pictures, written: colour of 8 or 16 bits. */

#include "base/os.h"
#include "image/tiff/tiff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of a strip, about: what libtiff and others advise. */
#define STRIP_BYTES ((size_t)256 << 10)
/* Of an EXIF block, and of a TIFF file that is no BigTIFF. */
#define EXIF_HEADER 8
/* A file that is no BigTIFF has 4 GiB at most; pixels have 8 bytes at most. */
#define PIXELS_FOR_BIG_TIFF (4000000000u / 8)

struct writing {
    struct imp_tiff_session session;
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

static bool set_texts(TIFF *tiff, const struct imp_exif *exif)
{
    static const uint16_t texts[] = {TIFFTAG_IMAGEDESCRIPTION, TIFFTAG_MAKE,   TIFFTAG_MODEL,
                                     TIFFTAG_DATETIME,         TIFFTAG_ARTIST, TIFFTAG_HOSTCOMPUTER,
                                     TIFFTAG_COPYRIGHT};
    bool set = true;
    for (size_t i = 0; i < IMP_COUNT(texts) && set; i++)
        set = set_text(tiff, exif, texts[i]);
    return set;
}

/* EXIF stands behind the file's header. Its own has as many bytes, so that the places in it are
 * those in the file. The file's directory links what its first directory links. In a BigTIFF,
 * places have 8 bytes, so EXIF's own directories cannot stand there as they are. */
static bool set_exif(struct writing *w, const struct imp_exif *exif)
{
    static const uint16_t links[] = {TIFFTAG_EXIFIFD, TIFFTAG_GPSIFD};
    const size_t size = exif->size - EXIF_HEADER;
    bool set =
        w->session.size == EXIF_HEADER && w->session.at == EXIF_HEADER &&
        imp_tiff_write_bytes(&w->session, (void *)(exif->data + EXIF_HEADER), (tmsize_t)size) > 0;
    for (size_t i = 0; i < IMP_COUNT(links) && set; i++) {
        struct imp_exif_value value;
        if (!imp_exif_find(exif, exif->first, links[i], &value))
            continue;
        const uint64_t place = imp_exif_32(exif, value.bytes);
        leave_out(exif, w->session.bytes + place);
        set = TIFFSetField(w->tiff, links[i], place) != 0;
    }
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

static bool is_big(const struct impasto_image *image, const char *path)
{
    return (uint64_t)image->width * (uint64_t)image->height > PIXELS_FOR_BIG_TIFF ||
           imp_image_ends_in(path, ".btf") || imp_image_ends_in(path, ".tf8");
}

static enum impasto_status encode(struct writing *w, const struct impasto_image *image,
                                  const char *path, int bits, struct impasto_error *error)
{
    const bool alpha = imp_image_is_transparent(image);
    const size_t stride = (size_t)image->width * (alpha ? 4 : 3) * (size_t)bits / 8;
    const bool big = is_big(image, path);
    struct imp_exif exif;
    const bool has_exif = imp_exif_open(&image->metadata.exif, &exif);
    w->tiff = imp_tiff_open(&w->session, path,
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
                   (big || !has_exif || set_exif(w, &exif)) &&
                   (!has_exif || set_texts(w->tiff, &exif)) &&
                   set_metadata(w->tiff, &image->metadata);
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

enum impasto_status imp_tiff_save(const struct impasto_image *image, FILE *stream, const char *path,
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
