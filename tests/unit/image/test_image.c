/* SPDX-License-Identifier: MIT */
/* Picture files of either format: saving and what is carried over; what is no picture, claims to be
 * a larger one, or is damaged. */

#include "fixtures.h"
#include "image_files.h"

#include <math.h>

#define MUTATIONS 4000

/* ---- Saving --------------------------------------------------------------------------------- */

static void round_trips(void **state)
{
    (void)state;
    for (int bits = 8; bits <= 16; bits += 8)
        for (int alpha = 0; alpha < 2; alpha++) {
            struct impasto_image *image = noisy_picture(alpha != 0), *back;
            image->metadata.exif.data = malloc(64);
            image->metadata.exif.size = make_exif(image->metadata.exif.data, false, 1);
            const double half_step = 0.5 / ((1 << bits) - 1) + 1e-7;
            assert_int_equal(impasto_image_save(image, in_folder("out.PNG"), BITS(bits), NULL),
                             IMPASTO_OK);
            back = expect_image(in_folder("out.PNG"));
            for (int i = 0; i < 3 * PIXELS; i++)
                assert_near(back->rgb[i], (double)image->rgb[i], half_step);
            assert_int_equal(back->alpha != NULL, alpha);
            for (int i = 0; alpha && i < PIXELS; i++)
                assert_near(back->alpha[i], (double)image->alpha[i], half_step);
            /* And what was loaded saves to the same pixels, and says the same of itself. */
            assert_int_equal(impasto_image_save(back, in_folder("again.png"), BITS(bits), NULL),
                             IMPASTO_OK);
            size_t size, again_size;
            unsigned char *bytes = read_bytes(in_folder("out.PNG"), &size);
            unsigned char *again = read_bytes(in_folder("again.png"), &again_size);
            assert_int_equal(size, again_size);
            assert_memory_equal(bytes, again, size);
            free(bytes);
            free(again);
            impasto_image_free(&back);
            impasto_image_free(&image);
        }
}

static void strange_values(void **state)
{
    (void)state;
    static const float values[] = {NAN, INFINITY, -INFINITY, -0.1f, 1.1f};
    static const float expected[] = {0, 1, 0, 0, 1};
    struct impasto_image *image = noisy_picture(false);
    memcpy(image->rgb, values, sizeof(values));
    for (int bits = 8; bits <= 16; bits += 8) {
        assert_int_equal(impasto_image_save(image, in_folder("s.png"), BITS(bits), NULL),
                         IMPASTO_OK);
        struct impasto_image *back = expect_image(in_folder("s.png"));
        assert_memory_equal(back->rgb, expected, sizeof(expected));
        impasto_image_free(&back);
    }
    assert_int_equal(impasto_image_save(image, in_folder("s.jpg"), NULL, NULL), IMPASTO_OK);
    impasto_image_free(&image);
}

/* In memory: the very bytes of the file. */
static void encoding(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int bits;
    } cases[] = {{"mem.png", 8}, {"mem.png", 16}, {"mem.jpg", 8}};
    struct impasto_image *image = noisy_picture(true);
    image->metadata.exif.data = malloc(64);
    image->metadata.exif.size = make_exif(image->metadata.exif.data, false, 1);
    for (size_t i = 0; i < IMP_COUNT(cases); i++) {
        unsigned char *bytes = NULL;
        size_t size = 0, file_size;
        assert_int_equal(
            impasto_image_save(image, in_folder(cases[i].name), BITS(cases[i].bits), NULL),
            IMPASTO_OK);
        assert_int_equal(
            impasto_image_encode(image, cases[i].name, BITS(cases[i].bits), &bytes, &size, NULL),
            IMPASTO_OK);
        unsigned char *file = read_bytes(in_folder(cases[i].name), &file_size);
        assert_int_equal(size, file_size);
        assert_memory_equal(bytes, file, size);
        free(file);
        free(bytes);
        assert_int_equal(unlink(in_folder(cases[i].name)), 0);
    }
    unsigned char *untouched = NULL;
    size_t size = 7;
    struct impasto_error error;
    assert_int_equal(impasto_image_encode(image, "x.gif", NULL, &untouched, &size, &error),
                     IMPASTO_ERROR_USAGE);
    assert_int_equal(impasto_image_encode(image, "x.jpg", BITS(16), &untouched, &size, &error),
                     IMPASTO_ERROR_USAGE);
    assert_null(untouched);
    assert_int_equal(size, 7);
    impasto_image_free(&image);
}

static void refused_saves(void **state)
{
    (void)state;
    struct impasto_image *image = noisy_picture(false);
    struct impasto_error error;
    static const struct {
        const char *name;
        int bits;
        enum impasto_status status;
        const char *reason;
    } cases[] = {
        {"x.gif", 8, IMPASTO_ERROR_USAGE, ".png"},
        {"png", 8, IMPASTO_ERROR_USAGE, ".png"},
        {"x.png", 12, IMPASTO_ERROR_USAGE, "8 or 16"},
        {"x.jpg", 16, IMPASTO_ERROR_USAGE, ".png"},
        {"nowhere/x.png", 8, IMPASTO_ERROR_OUTPUT, "nowhere"},
        {"folder.png", 8, IMPASTO_ERROR_OUTPUT, "folder.png"},
        {"pipe.png", 8, IMPASTO_ERROR_OUTPUT, "pipe.png"},
    };
    assert_int_equal(mkdir(in_folder("folder.png"), 0700), 0);
    assert_int_equal(mkfifo(in_folder("pipe.png"), 0600), 0);
    for (size_t i = 0; i < IMP_COUNT(cases); i++) {
        const char *path = in_folder(cases[i].name);
        assert_int_equal(impasto_image_save(image, path, BITS(cases[i].bits), &error),
                         cases[i].status);
        assert_non_null(strstr(error.message, cases[i].reason));
    }
    assert_int_not_equal(access(in_folder("x.png"), F_OK), 0);
    impasto_image_free(&image);
}

/* ---- What is not a picture ------------------------------------------------------------------ */

static void refused_files(void **state)
{
    (void)state;
    expect_image_refused(in_folder("missing.png"), 0, "No such file");
    expect_image_refused(folder, 0, "is a folder");
    assert_int_equal(mkfifo(in_folder("fifo.png"), 0600), 0);
    expect_image_refused(in_folder("fifo.png"), 0, "pipe");
    expect_image_refused("/dev/null", 0, "a device");
    write_bytes(in_folder("empty.png"), "", 0);
    expect_image_refused(in_folder("empty.png"), 0, "is empty");
    write_bytes(in_folder("text.png"), "hello, world, hello", 19);
    expect_image_refused(in_folder("text.png"), 0, "is text, not a picture");
    write_bytes(in_folder("noise.png"), "\1\2\3\4\5\6\7\1", 8);
    expect_image_refused(in_folder("noise.png"), 0, "is not a PNG");
    write_bytes(in_folder("short.png"), "\x89PNG\r\n\x1a\n", 8);
    expect_image_refused(in_folder("short.png"), 0, "cut-short");
    struct impasto_image *image = NULL;
    assert_int_equal(impasto_image_create(0, 5, &image, NULL), IMPASTO_ERROR_USAGE);
    assert_int_equal(impasto_image_create(5, 65501, &image, NULL), IMPASTO_ERROR_USAGE);
    assert_null(image);
}

/* Files of other kinds, whatever their names: what each is called, and a way out. */
static void foreign_files(void **state)
{
    (void)state;
#define BYTES(text) text, sizeof(text) - 1
    static const struct {
        const char *bytes;
        size_t size;
        const char *what, *advice;
    } cases[] = {
        {BYTES("GIF89a\1\0\1\0"), "is a GIF picture", "magick"},
        {BYTES("\0\0\0\x14"
               "ftypqt  \0\0\0\0qt  "),
         "is a video", "ffmpeg -i"},
        {BYTES("\0\0\0\x18"
               "ftypcrx \0\0\0\1crx isom"),
         "raw picture (CR3)", "darktable-cli"},
        {BYTES("II*\0\x10\0\0\0CR\2\0\0\0\0\0"), "raw picture (CR2)", "darktable-cli"},
        {BYTES("FUJIFILMCCD-RAW 0201"), "raw picture (RAF)", "darktable-cli"},
        {BYTES("BM\x36\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0"), "is a BMP picture", "magick"},
        {BYTES("8BPS\0\1\0\0"), "is a Photoshop document", "magick 'FILE[0]'"},
        {BYTES("%PDF-1.7\n"), "is a PDF document", "pdftoppm"},
        {BYTES("\xff\x0a\xfa\x1f"), "is a JPEG XL picture", "djxl"},
        {BYTES("\0\0\0\x0cJXL \r\n\x87\n"), "is a JPEG XL picture", "djxl"},
        {BYTES("\0\0\0\x0cjP  \r\n\x87\n"), "is a JPEG 2000 picture", "opj_decompress"},
        {BYTES("\x8aMNG\r\n\x1a\n"), "is an MNG animation", "magick"},
        {BYTES("\x89PNG\n\x1a\n\0\0\0\r"), "sent as text", "binary"},
        {BYTES("\n <!DOCTYPE html>\n<html>"), "is a web page", "save it"},
        {BYTES("\xef\xbb\xbf<HTML><body>"), "is a web page", "save it"},
        {BYTES("<?xml version=\"1.0\"?>\n<svg width=\"1\">"), "is an SVG drawing", "rsvg-convert"},
        {BYTES("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"),
         "is a pointer of Git LFS", "git lfs pull"},
        {BYTES("PK\3\4\x14\0"), "is a ZIP archive", "unpack it"},
        {BYTES("\x1f\x8b\x08\0"), "is packed (gzip)", "gunzip"},
        {BYTES("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), "nothing but zeros", "copy it anew"},
        {BYTES("iVBORw0KGgoAAAANSUhEUg=="), "is a PNG picture as text", "base64 -d"},
        {BYTES("just words"), "is text, not a picture", "save it"},
    };
#undef BYTES
    for (size_t i = 0; i < IMP_COUNT(cases); i++) {
        write_bytes(in_folder("photo.jpg"), cases[i].bytes, cases[i].size);
        expect_image_refused(in_folder("photo.jpg"), 0, cases[i].what);
        expect_image_refused(in_folder("photo.jpg"), 0, cases[i].advice);
    }
}

static void put32(unsigned char *at, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(v >> (24 - 8 * i));
}

static uint32_t crc32_of(const unsigned char *bytes, size_t size)
{
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int k = 0; k < 8; k++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

/* A sound PNG whose header claims another size: a few hundred bytes that ask for gigabytes. */
static void write_bomb(const char *path, uint32_t width, uint32_t height)
{
    const struct png_case c = {.type = PNG_COLOR_TYPE_GRAY, .depth = 1};
    size_t size;
    write_png(path, &c);
    unsigned char *bytes = read_bytes(path, &size);
    put32(bytes + 16, width);
    put32(bytes + 20, height);
    put32(bytes + 29, crc32_of(bytes + 12, 17));
    write_bytes(path, bytes, size);
    free(bytes);
}

static void bombs(void **state)
{
    (void)state;
    const char *path = in_folder("bomb.png");
    write_bomb(path, 60000, 60000);
    expect_image_refused(path, 0, "over the limit of 100000000");
    /* Where words have 32 bits, libpng itself refuses rows of 2^29 pixels, in words of its own. */
    write_bomb(path, 500000000, 2000000000);
    expect_image_refused(path, 0, "sides of 1 to 65500");
    write_bomb(path, 0, 10);
    expect_image_refused(path, 0, "damaged");
    /* Within the cap, but there is not so much in it. */
    write_bomb(path, 2000, 2000);
    expect_image_refused(path, 0, "cut-short");
    expect_image_refused(path, 1000, "over the limit of 1000;");
    /* The cap is the caller's; a cap beyond the machine's memory leaves it to that. */
    write_bomb(path, 65500, 65500);
    struct impasto_image *image = NULL;
    struct impasto_error error = {0};
    const enum impasto_status status = impasto_image_load(path, UINT64_MAX, &image, &error);
    if (imp_host_memory() < UINT64_C(65500) * 65500 * 12) {
        assert_int_equal(status, IMPASTO_ERROR_MEMORY);
        assert_non_null(strstr(error.message, "MiB"));
    }
    assert_null(image);

    unsigned char *bytes;
    size_t size;
    const struct jpeg_case c = {.space = JCS_RGB};
    write_jpeg(in_folder("bomb.jpg"), &c);
    bytes = read_bytes(in_folder("bomb.jpg"), &size);
    for (size_t i = 0; i + 9 < size; i++)
        if (bytes[i] == 0xff && bytes[i + 1] == 0xc0) /* the frame: height, then width */
            memset(bytes + i + 5, 0xfd, 4);
    write_bytes(in_folder("bomb.jpg"), bytes, size);
    free(bytes);
    expect_image_refused(in_folder("bomb.jpg"), 0, "over the limit");
}

/* A file cut anywhere is refused: a picture with made-up pixels is worse than none. The end alone
 * is not missed: 12 bytes of a PNG, 2 of a JPEG. */
static void cut_short(void **state)
{
    (void)state;
    static const char *const names[] = {"whole.png", "whole.jpg"};
    static const size_t end_mark[] = {12, 2};
    const struct png_case p = {.type = PNG_COLOR_TYPE_RGB, .depth = 8, .interlace = 1};
    const struct jpeg_case j = {.space = JCS_RGB, .progressive = true};
    write_png(in_folder(names[0]), &p);
    write_jpeg(in_folder(names[1]), &j);
    for (int k = 0; k < 2; k++) {
        size_t size;
        unsigned char *bytes = read_bytes(in_folder(names[k]), &size);
        const char *path = in_folder("cut");
        for (size_t length = 1; length + end_mark[k] < size; length++) {
            write_bytes(path, bytes, length);
            expect_image_refused(path, 0, "");
        }
        free(bytes);
    }
}

/* Whatever is done to a file, the end is a picture or one line. */
static void damaged_files(void **state)
{
    (void)state;
    const struct png_case p[] = {
        {.type = PNG_COLOR_TYPE_RGB_ALPHA, .depth = 16},
        {.type = PNG_COLOR_TYPE_PALETTE, .depth = 4, .interlace = 1, .transparent = true},
    };
    unsigned char exif[64];
    const size_t exif_size = make_exif(exif, true, 6);
    const struct jpeg_case j[] = {
        {.space = JCS_RGB, .progressive = true, .exif = exif, .exif_size = exif_size},
        {.space = JCS_CMYK, .adobe = true},
    };
    for (uint32_t k = 0; k < 4; k++) {
        const char *path = in_folder(k < 2 ? "sound.png" : "sound.jpg");
        size_t size;
        if (k < 2)
            write_png(path, &p[k]);
        else
            write_jpeg(path, &j[k - 2]);
        unsigned char *bytes = read_bytes(path, &size), *changed = malloc(size);
        int refused = 0;
        path = in_folder("damaged");
        for (int i = 0; i < MUTATIONS / 4; i++) {
            struct impasto_image *image = NULL;
            struct impasto_error error = {0};
            write_bytes(path, changed, damage(bytes, size, size - 8, 30 + k, i, changed));
            const enum impasto_status status = impasto_image_load(path, 1000000, &image, &error);
            assert_int_equal(status == IMPASTO_OK, image != NULL);
            if (status != IMPASTO_OK) {
                refused++;
                assert_true(error.message[0] && !strchr(error.message, '\n'));
            }
            impasto_image_free(&image);
        }
        assert_true(refused > MUTATIONS / 16);
        free(bytes);
        free(changed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips),   cmocka_unit_test(strange_values),
        cmocka_unit_test(encoding),      cmocka_unit_test(refused_saves),
        cmocka_unit_test(refused_files), cmocka_unit_test(foreign_files),
        cmocka_unit_test(bombs),         cmocka_unit_test(cut_short),
        cmocka_unit_test(damaged_files),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
