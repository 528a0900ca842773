/* SPDX-License-Identifier: MIT */
/* TIFF of every kind, as libtiff writes them. */

#include "fixtures.h"
#include "image_files.h"

#include <math.h>

#ifdef IMP_HAVE_TIFF
#include <tiffio.h>
#endif

#ifdef IMP_HAVE_TIFF

static const struct tiff_case {
    uint16_t photometric, bits, samples, planar, compression, extra, orientation;
    uint32_t rows; /* of a strip; 0: tiles of 16 x 16 */
} tiffs[] = {
    {PHOTOMETRIC_MINISBLACK, 1, 1, 1, COMPRESSION_NONE, 0, 1, 4},
    {PHOTOMETRIC_MINISWHITE, 1, 1, 1, COMPRESSION_CCITTFAX4, 0, 1, 9},
    {PHOTOMETRIC_MINISBLACK, 2, 1, 1, COMPRESSION_LZW, 0, 1, 4},
    {PHOTOMETRIC_MINISWHITE, 4, 1, 1, COMPRESSION_PACKBITS, 0, 1, 1},
    {PHOTOMETRIC_MINISBLACK, 8, 1, 1, COMPRESSION_NONE, 0, 6, 4},
    {PHOTOMETRIC_MINISBLACK, 12, 1, 1, COMPRESSION_NONE, 0, 1, 4},
    {PHOTOMETRIC_MINISBLACK, 16, 2, 1, COMPRESSION_ADOBE_DEFLATE, EXTRASAMPLE_UNASSALPHA, 1, 4},
    {PHOTOMETRIC_PALETTE, 4, 1, 1, COMPRESSION_NONE, 0, 1, 4},
    {PHOTOMETRIC_PALETTE, 8, 1, 1, COMPRESSION_LZW, 0, 1, 0},
    {PHOTOMETRIC_RGB, 8, 3, 1, COMPRESSION_LZW, 0, 3, 4},
    {PHOTOMETRIC_RGB, 8, 3, 2, COMPRESSION_NONE, 0, 1, 4},
    {PHOTOMETRIC_RGB, 16, 3, 1, COMPRESSION_ADOBE_DEFLATE, 0, 1, 0},
    {PHOTOMETRIC_RGB, 16, 4, 2, COMPRESSION_NONE, EXTRASAMPLE_UNASSALPHA, 8, 0},
    {PHOTOMETRIC_RGB, 8, 4, 1, COMPRESSION_NONE, EXTRASAMPLE_ASSOCALPHA, 1, 4},
    {PHOTOMETRIC_RGB, 16, 4, 1, COMPRESSION_NONE, EXTRASAMPLE_ASSOCALPHA, 1, 4},
    {PHOTOMETRIC_RGB, 8, 4, 1, COMPRESSION_NONE, EXTRASAMPLE_UNSPECIFIED, 1, 4}, /* no alpha */
    {PHOTOMETRIC_SEPARATED, 8, 4, 1, COMPRESSION_NONE, 0, 1, 4},
    {PHOTOMETRIC_SEPARATED, 16, 4, 2, COMPRESSION_LZW, 0, 1, 4},
};

static bool premultiplied(const struct tiff_case *c)
{
    return c->extra == EXTRASAMPLE_ASSOCALPHA;
}

/* Sample c of a pixel; where colours are premultiplied, they are at most the alpha. */
static unsigned tiff_sample(const struct tiff_case *c, int x, int y, int k)
{
    const unsigned v = png_sample(c->bits, x, y, k);
    const unsigned alpha = png_sample(c->bits, x, y, 3);
    return premultiplied(c) && k < 3 && v > alpha ? alpha : v;
}

static void put_bits(unsigned char *to, size_t at, unsigned bits, unsigned value)
{
    for (unsigned i = 0; i < bits; i++, at++)
        if (value >> (bits - 1 - i) & 1)
            to[at / 8] |= (unsigned char)(0x80 >> at % 8);
}

/* One block of samples, from (left, top) on, for plane `plane` or, -1, all of them. */
static void fill_block(const struct tiff_case *c, unsigned char *block, int left, int top,
                       int width, int height, int plane)
{
    const int samples = plane < 0 ? c->samples : 1;
    const size_t row = ((size_t)width * (size_t)samples * c->bits + 7) / 8;
    for (int y = 0; y < height && top + y < HEIGHT; y++)
        for (int x = 0; x < width && left + x < WIDTH; x++)
            for (int k = 0; k < samples; k++) {
                const unsigned v = tiff_sample(c, left + x, top + y, plane < 0 ? k : plane);
                const size_t at = (size_t)(x * samples + k);
                if (c->bits == 16)
                    memcpy(block + (size_t)y * row + 2 * at, &(uint16_t){(uint16_t)v}, 2);
                else
                    put_bits(block + (size_t)y * row, at * c->bits, c->bits, v);
            }
}

static void write_tiff(const char *path, const struct tiff_case *c, const char *mode)
{
    uint16_t palette[3][256];
    TIFF *tiff = TIFFOpen(path, mode);
    assert_non_null(tiff);
    for (int i = 0; i < 256; i++)
        for (int k = 0; k < 3; k++)
            palette[k][i] = (uint16_t)(i * (1000 * k + 257) % 65536);
    TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, WIDTH);
    TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, HEIGHT);
    TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, c->bits);
    TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, c->samples);
    TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, c->photometric);
    TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, c->planar);
    TIFFSetField(tiff, TIFFTAG_COMPRESSION, c->compression);
    TIFFSetField(tiff, TIFFTAG_ORIENTATION, c->orientation);
    if (c->samples == 2 || (c->samples == 4 && c->photometric == PHOTOMETRIC_RGB))
        TIFFSetField(tiff, TIFFTAG_EXTRASAMPLES, 1, &c->extra);
    if (c->photometric == PHOTOMETRIC_PALETTE)
        TIFFSetField(tiff, TIFFTAG_COLORMAP, palette[0], palette[1], palette[2]);
    const int rows = c->rows ? (int)c->rows : 16, across = c->rows ? WIDTH : 16;
    if (c->rows)
        TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, c->rows);
    else {
        TIFFSetField(tiff, TIFFTAG_TILEWIDTH, 16);
        TIFFSetField(tiff, TIFFTAG_TILELENGTH, 16);
    }
    for (int plane = 0; plane < (c->planar == 2 ? c->samples : 1); plane++)
        for (int top = 0; top < HEIGHT; top += rows) {
            unsigned char block[16 * 16 * 8] = {0};
            const int high = c->rows && HEIGHT - top < rows ? HEIGHT - top : rows;
            fill_block(c, block, 0, top, across, rows, c->planar == 2 ? plane : -1);
            if (c->rows)
                assert_true(TIFFWriteEncodedStrip(
                                tiff, TIFFComputeStrip(tiff, (uint32_t)top, (uint16_t)plane), block,
                                TIFFVStripSize(tiff, (uint32_t)high)) > 0);
            else
                assert_true(TIFFWriteEncodedTile(
                                tiff, TIFFComputeTile(tiff, 0, (uint32_t)top, 0, (uint16_t)plane),
                                block, TIFFTileSize(tiff)) > 0);
        }
    TIFFClose(tiff);
}

/* What a reader should make of pixel (x, y). */
static void tiff_pixel(const struct tiff_case *c, int x, int y, double rgba[4])
{
    const double top = (1 << c->bits) - 1;
    double s[4];
    for (int k = 0; k < 4; k++)
        s[k] = tiff_sample(c, x, y, k) / top;
    const bool gray = c->photometric <= PHOTOMETRIC_MINISBLACK;
    rgba[3] = c->extra ? s[c->samples - 1] : 1;
    for (int k = 0; k < 3; k++) {
        const double v = gray ? s[0] : s[k];
        rgba[k] = c->photometric == PHOTOMETRIC_MINISWHITE ? 1 - v
                  : c->photometric == PHOTOMETRIC_PALETTE
                      ? (int)(s[0] * top + 0.5) * (1000 * k + 257) % 65536 / 65535.0
                  : c->photometric == PHOTOMETRIC_SEPARATED ? (1 - s[k]) * (1 - s[3])
                  : premultiplied(c)                        ? (s[3] > 0 ? s[k] / s[3] : 0)
                                                            : v;
    }
}

static void tiff_kinds(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * IMP_COUNT(tiffs); i++) {
        const struct tiff_case *c = &tiffs[i / 2];
        write_tiff(in_folder("kind.tif"), c, i % 2 ? "wb" : "wl");
        struct impasto_image *image = expect_image(in_folder("kind.tif"));
        const bool sideways = c->orientation >= 5;
        assert_int_equal(image->width, sideways ? HEIGHT : WIDTH);
        assert_int_equal(image->alpha != NULL, c->extra != 0);
        for (int y = 0; y < HEIGHT; y++)
            for (int x = 0; x < WIDTH; x++) {
                double expected[4];
                /* upside down; sideways, turned clockwise or anticlockwise */
                const int at = c->orientation == 3   ? PIXELS - 1 - (y * WIDTH + x)
                               : c->orientation == 6 ? x * HEIGHT + HEIGHT - 1 - y
                               : c->orientation == 8 ? (WIDTH - 1 - x) * HEIGHT + y
                                                     : y * WIDTH + x;
                tiff_pixel(c, x, y, expected);
                for (int k = 0; k < 3; k++)
                    assert_near(image->rgb[3 * at + k], expected[k], 1e-5);
                if (image->alpha)
                    assert_near(image->alpha[at], expected[3], 1e-5);
            }
        impasto_image_free(&image);
    }
}

/* One number of a whole file made another, where the file has it once. */
static void tiff_refusals(void **state)
{
    static const struct {
        uint32_t tag, value;
        const char *reason;
    } cases[] = {
        {TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_IEEEFP, "floating-point samples"},
        {TIFFTAG_BITSPERSAMPLE, 32, "number of bits per channel (32)"},
        {TIFFTAG_SUBFILETYPE, FILETYPE_REDUCEDIMAGE, "only a preview"},
    };
    (void)state;
    for (size_t i = 0; i < IMP_COUNT(cases); i++) {
        TIFF *tiff = TIFFOpen(in_folder("bad.tif"), "w");
        const unsigned char row[WIDTH * 4] = {0};
        TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, WIDTH);
        TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, 1);
        TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 32);
        TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
        TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
        TIFFSetField(tiff, cases[i].tag, (int)cases[i].value);
        assert_true(TIFFWriteEncodedStrip(tiff, 0, (void *)row, sizeof(row)) > 0);
        TIFFClose(tiff);
        expect_image_refused(in_folder("bad.tif"), 0, cases[i].reason);
    }
}

/* Of fax pages a codec makes up what is missing, and says so in passing. */
static void tiff_cut_short(void **state)
{
    static const int codecs[] = {COMPRESSION_CCITTFAX4, COMPRESSION_CCITTFAX3, COMPRESSION_PACKBITS,
                                 COMPRESSION_LZW};
    (void)state;
    for (size_t i = 0; i < 2 * IMP_COUNT(codecs); i++) {
        const struct tiff_case whole = {PHOTOMETRIC_MINISBLACK,  1, 1, 1,
                                        (uint16_t)codecs[i / 2], 0, 1, HEIGHT};
        unsigned char strip[512];
        write_tiff(in_folder("whole.tif"), &whole, "w");
        TIFF *from = TIFFOpen(in_folder("whole.tif"), "r");
        const tmsize_t size = TIFFReadRawStrip(from, 0, strip, sizeof(strip));
        TIFFClose(from);
        assert_true(size > 4);
        TIFF *to = TIFFOpen(in_folder("cut.tif"), "w");
        TIFFSetField(to, TIFFTAG_IMAGEWIDTH, WIDTH);
        TIFFSetField(to, TIFFTAG_IMAGELENGTH, HEIGHT);
        TIFFSetField(to, TIFFTAG_BITSPERSAMPLE, 1);
        TIFFSetField(to, TIFFTAG_SAMPLESPERPIXEL, 1);
        TIFFSetField(to, TIFFTAG_ROWSPERSTRIP, HEIGHT);
        TIFFSetField(to, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
        TIFFSetField(to, TIFFTAG_COMPRESSION, codecs[i / 2]);
        assert_true(TIFFWriteRawStrip(to, 0, strip, i % 2 ? size : size / 2) > 0);
        TIFFClose(to);
        if (i % 2) {
            struct impasto_image *image = expect_image(in_folder("cut.tif"));
            impasto_image_free(&image);
        } else {
            expect_image_refused(in_folder("cut.tif"), 0, "cut-short TIFF");
        }
    }
}

/* Two strips are needed, one is there: the other is not made up of what the file begins with. */
static void tiff_with_a_strip_missing(void **state)
{
    static const unsigned short entries[][3] = {
        {256, 16, 1},  {257, 16, 1}, {258, 8, 1}, {259, 1, 1},  {262, 1, 1},
        {273, 200, 1}, {277, 1, 1},  {278, 8, 1}, {279, 128, 1}}; /* tag, value, count */
    unsigned char file[512] = "II*\0\x08";
    (void)state;
    file[8] = IMP_COUNT(entries);
    for (size_t i = 0; i < IMP_COUNT(entries); i++) {
        unsigned char *to = file + 10 + 12 * i;
        to[0] = (unsigned char)(entries[i][0] & 255);
        to[1] = (unsigned char)(entries[i][0] >> 8);
        to[2] = 3; /* SHORT */
        to[4] = (unsigned char)entries[i][2];
        to[8] = (unsigned char)entries[i][1];
    }
    write_bytes(in_folder("strip.tif"), file, sizeof(file));
    expect_image_refused(in_folder("strip.tif"), 0, "block 1 is missing");
    file[10 + 12 * 7 + 8] = 16; /* rows of a strip */
    write_bytes(in_folder("strip.tif"), file, sizeof(file));
    struct impasto_image *image = expect_image(in_folder("strip.tif"));
    impasto_image_free(&image);
}

/* Programs swell XMP to many megabytes: the picture is whole, here and in a sandbox. */
static void tiff_with_much_xmp(void **state)
{
    enum { MUCH = 9 << 20 };
    const unsigned char row[WIDTH] = {0};
    char *xmp = calloc(1, MUCH);
    (void)state;
    TIFF *tiff = TIFFOpen(in_folder("much.tif"), "w");
    TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, WIDTH);
    TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, 1);
    TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 8);
    TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
    TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
    TIFFSetField(tiff, TIFFTAG_XMLPACKET, MUCH, xmp);
    assert_true(TIFFWriteEncodedStrip(tiff, 0, (void *)row, sizeof(row)) > 0);
    TIFFClose(tiff);
    free(xmp);
    struct impasto_image *image = expect_image(in_folder("much.tif"));
    assert_int_equal(image->metadata.xmp.size, 0);
    impasto_image_free(&image);
    assert_int_equal(impasto_image_load_apart(in_folder("much.tif"), 0, &image, NULL), IMPASTO_OK);
    impasto_image_free(&image);
}

/* Camera and date, in either byte order, as libtiff reads them, with samples and IPTC as ever. */
static void tiff_exif(void **state)
{
    static const unsigned char iptc[] = "\x1c\2\x74\0\5(c) A";
    (void)state;
    for (int i = 0; i < 4; i++) {
        const struct impasto_save_options options = {.struct_size = sizeof(options),
                                                     .bits = i / 2 ? 16 : 8};
        struct impasto_image *image = noisy_picture(false), *back;
        struct impasto_metadata *metadata = &image->metadata;
        unsigned char block[64];
        metadata->exif.size = make_exif(block, i % 2, 6);
        metadata->exif.data = memcpy(malloc(64), block, 64);
        assert_int_equal(imp_block_copy(iptc, sizeof(iptc) - 1, &metadata->iptc, NULL), IMPASTO_OK);
        assert_int_equal(impasto_image_save(image, in_folder("exif.tif"), &options, NULL),
                         IMPASTO_OK);
        TIFF *tiff = TIFFOpen(in_folder("exif.tif"), "r");
        assert_non_null(tiff);
        char *make = NULL;
        uint64_t place = 0;
        uint32_t width = 0;
        uint16_t space = 0, orientation = 0;
        assert_true(TIFFGetField(tiff, TIFFTAG_MAKE, &make) && make[0]);
        assert_true(TIFFGetField(tiff, TIFFTAG_ORIENTATION, &orientation) && orientation == 1);
        assert_true(TIFFGetField(tiff, TIFFTAG_EXIFIFD, &place));
        assert_true(TIFFReadEXIFDirectory(tiff, place));
        assert_true(TIFFGetField(tiff, EXIFTAG_COLORSPACE, &space) && space == 1);
        assert_false(TIFFGetField(tiff, EXIFTAG_PIXELXDIMENSION, &width)); /* of JPEG */
        TIFFClose(tiff);
        back = expect_image(in_folder("exif.tif"));
        for (int k = 0; k < 3 * PIXELS; k++)
            assert_near(back->rgb[k], (double)image->rgb[k], 0.6 / 255);
        assert_true(back->metadata.iptc.size >= sizeof(iptc) - 1);
        assert_memory_equal(back->metadata.iptc.data, iptc, sizeof(iptc) - 1);
        bool ours = false;
        assert_int_equal(impasto_image_is_result(in_folder("exif.tif"), &ours, NULL), IMPASTO_OK);
        assert_true(ours);
        impasto_image_free(&back);
        impasto_image_free(&image);
    }
}

/* Large files' own kind, which a name asks for: the samples, and of EXIF the texts. */
static void tiff_big(void **state)
{
    static const char *const names[] = {"big.btf", "BIG.TF8"};
    (void)state;
    for (size_t i = 0; i < 2 * IMP_COUNT(names); i++) {
        const char *path = in_folder(names[i / 2]);
        const bool deep = i % 2;
        const struct impasto_save_options options = {.struct_size = sizeof(options),
                                                     .bits = deep ? 16 : 8};
        struct impasto_image *image = noisy_picture(deep), *back;
        unsigned char head[4], block[64];
        image->metadata.exif.size = make_exif(block, true, 6);
        image->metadata.exif.data = memcpy(malloc(64), block, 64);
        assert_int_equal(impasto_image_save(image, path, &options, NULL), IMPASTO_OK);
        FILE *file = fopen(path, "rb");
        assert_int_equal(fread(head, 1, sizeof(head), file), sizeof(head));
        fclose(file);
        const uint16_t mark = 43;
        assert_memory_equal(head + 2, &mark, sizeof(mark));
        TIFF *tiff = TIFFOpen(path, "r");
        assert_non_null(tiff);
        char *make = NULL;
        uint64_t place = 0;
        assert_true(TIFFGetField(tiff, TIFFTAG_MAKE, &make) && make[0]);
        assert_false(TIFFGetField(tiff, TIFFTAG_EXIFIFD, &place));
        TIFFClose(tiff);
        back = expect_image(path);
        assert_int_equal(back->alpha != NULL, deep);
        for (int k = 0; k < 3 * PIXELS; k++)
            assert_near(back->rgb[k], (double)image->rgb[k], deep ? 0.6 / 65535 : 0.6 / 255);
        impasto_image_free(&back);
        impasto_image_free(&image);
    }
}

/* The longest sides that pictures have, wide or tall, as libtiff and we read them. */
static void tiff_of_the_longest_sides(void **state)
{
    enum { LONG = 65500, SHORT = 2 };
    static unsigned char row[3 * LONG];
    struct impasto_error error = {0};
    struct impasto_image *image = NULL, *back;
    (void)state;
    for (int tall = 0; tall < 2; tall++) {
        const char *path = in_folder("long.tif");
        const int width = tall ? SHORT : LONG, height = tall ? LONG : SHORT;
        uint32_t found[2] = {0};
        assert_int_equal(impasto_image_create(width, height, &image, &error), IMPASTO_OK);
        for (size_t i = 0; i < (size_t)3 * LONG * SHORT; i++)
            image->rgb[i] = (float)(i * 7 % 251) / 255;
        assert_int_equal(impasto_image_save(image, path, NULL, &error), IMPASTO_OK);
        TIFF *tiff = TIFFOpen(path, "r");
        assert_non_null(tiff);
        assert_true(TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &found[0]));
        assert_true(TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &found[1]));
        assert_true((int)found[0] == width && (int)found[1] == height);
        for (int y = 0; y < height; y++) {
            assert_true(TIFFReadScanline(tiff, row, (uint32_t)y, 0) == 1);
            for (size_t x = 0; x < (size_t)3 * (size_t)width; x++)
                if (row[x] != ((size_t)y * 3 * (size_t)width + x) * 7 % 251)
                    fail_msg("row %d, sample %zu: %d", y, x, row[x]);
        }
        TIFFClose(tiff);
        back = expect_image(path);
        assert_true(back->width == width && back->height == height);
        impasto_image_free(&back);
        impasto_image_free(&image);
        assert_int_equal(impasto_image_create(width + 1, height + 1, &image, &error),
                         IMPASTO_ERROR_USAGE);
    }
}

#else

static void tiff_big(void **state)
{
    (void)state;
    skip();
}

static void tiff_of_the_longest_sides(void **state)
{
    (void)state;
    skip();
}

static void tiff_kinds(void **state)
{
    (void)state;
    skip();
}

static void tiff_refusals(void **state)
{
    (void)state;
    skip();
}

static void tiff_cut_short(void **state)
{
    (void)state;
    skip();
}

static void tiff_with_a_strip_missing(void **state)
{
    (void)state;
    skip();
}

static void tiff_with_much_xmp(void **state)
{
    (void)state;
    skip();
}

static void tiff_exif(void **state)
{
    (void)state;
    skip();
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tiff_kinds),         cmocka_unit_test(tiff_refusals),
        cmocka_unit_test(tiff_cut_short),     cmocka_unit_test(tiff_with_a_strip_missing),
        cmocka_unit_test(tiff_with_much_xmp), cmocka_unit_test(tiff_exif),
        cmocka_unit_test(tiff_big),           cmocka_unit_test(tiff_of_the_longest_sides),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
