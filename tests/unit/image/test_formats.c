/* SPDX-License-Identifier: MIT */
/* Picture files beside PNG, JPEG and TIFF: WebP, HEIC and AVIF; pictures from bytes; and what this
 * build says that it can do. */

#include "fixtures.h"
#include "image_files.h"

#include <math.h>

static const struct impasto_format_info *info_of(enum impasto_format format)
{
    const struct impasto_format_info *info;
    for (size_t i = 0; (info = impasto_image_format(i)); i++)
        if (info->format == format)
            return info;
    abort(); /* all are in the table */
}

static bool reads(enum impasto_format format)
{
    return info_of(format)->reads;
}

/* ---- tests/pictures -------------------------------------------------------------------------- */

/* In which corner of the picture the stored one's top left is, and where that turns the others. */
enum turn { UPRIGHT, CLOCKWISE, ANTICLOCKWISE };

static const struct picture {
    const char *name;
    enum impasto_format format;
    enum turn turn;
    bool alpha, wide; /* wide: red, green and blue are those of Display P3 */
    size_t exif, xmp; /* bytes */
} pictures[] = {
    {"alpha.heic", IMPASTO_FORMAT_HEIC, UPRIGHT, true, false, 0, 0},
    {"turn.heic", IMPASTO_FORMAT_HEIC, CLOCKWISE, false, false, 26, 76},
    {"p3.heic", IMPASTO_FORMAT_HEIC, UPRIGHT, false, true, 0, 0},
    {"alpha.avif", IMPASTO_FORMAT_AVIF, UPRIGHT, true, false, 0, 0},
    {"turn.avif", IMPASTO_FORMAT_AVIF, ANTICLOCKWISE, false, false, 0, 0},
    {"p3.avif", IMPASTO_FORMAT_AVIF, UPRIGHT, false, true, 0, 0},
    {"lossy.webp", IMPASTO_FORMAT_WEBP, UPRIGHT, false, false, 0, 0},
    {"lossless.webp", IMPASTO_FORMAT_WEBP, UPRIGHT, true, false, 0, 0},
    {"moving.webp", IMPASTO_FORMAT_WEBP, UPRIGHT, false, false, 0, 0},
    {"alpha.webp", IMPASTO_FORMAT_WEBP, CLOCKWISE, true, false, 26, 37},
};

/* The middle of the quarter that was stored at (right, low), each 0 or 1. */
static size_t middle(const struct impasto_image *image, enum turn turn, int right, int low)
{
    const int column = turn == UPRIGHT ? right : turn == CLOCKWISE ? 1 - low : low;
    const int row = turn == UPRIGHT ? low : turn == CLOCKWISE ? right : 1 - right;
    return (size_t)((1 + 2 * row) * image->height / 4 * image->width +
                    (1 + 2 * column) * image->width / 4);
}

static void check_picture(const struct impasto_image *image, const struct picture *p)
{
    static const double plain[4][3] = {{220, 30, 40}, {30, 200, 60}, {40, 60, 220}, {230, 220, 50}};
    /* In sRGB, by hand: linear light times a matrix of the two sets of primaries, and cut. */
    static const double p3[4][3] = {{240, 0, 22}, {0, 204, 13}, {34, 61, 229}, {232, 220, 0}};
    const double(*const colours)[3] = p->wide ? p3 : plain;
    assert_int_equal(image->width, p->turn == UPRIGHT ? 24 : 16);
    assert_int_equal(image->height, p->turn == UPRIGHT ? 16 : 24);
    assert_int_equal(image->alpha != NULL, p->alpha);
    assert_int_equal(image->metadata.exif.size, p->exif);
    assert_int_equal(image->metadata.xmp.size, p->xmp);
    struct impasto_block exif = image->metadata.exif;
    assert_int_equal(imp_exif_orientation(&exif, false), 1);
    for (int k = 0; k < 4; k++) {
        const size_t at = middle(image, p->turn, k % 2, k / 2);
        for (int c = 0; c < 3; c++)
            assert_near(image->rgb[3 * at + (size_t)c], colours[k][c] / 255, 0.06);
        if (p->alpha)
            assert_near(image->alpha[at], k % 2 ? 64 / 255.0 : 1, 0.03);
    }
}

static const char *picture_path(const char *name, char path[1024])
{
    snprintf(path, 1024, "%s/tests/pictures/%s", IMP_SOURCE_ROOT, name);
    return path;
}

/* The same by name and from bytes, here and in a sandbox. */
static void made_by_others(void **state)
{
    char path[1024];
    int tried = 0;
    (void)state;
    for (size_t i = 0; i < IMP_COUNT(pictures); i++) {
        struct impasto_error error = {0};
        size_t size;
        if (!reads(pictures[i].format))
            continue;
        unsigned char *bytes = read_bytes(picture_path(pictures[i].name, path), &size);
        for (int way = 0; way < 4; way++) {
            struct impasto_image *image = NULL;
            const enum impasto_status status =
                way == 0   ? impasto_image_load(path, 0, &image, &error)
                : way == 1 ? impasto_image_load_apart(path, 0, &image, &error)
                : way == 2 ? impasto_image_decode(bytes, size, "bytes", 0, &image, &error)
                           : impasto_image_decode_apart(bytes, size, "bytes", 0, &image, &error);
            if (status != IMPASTO_OK)
                fail_msg("%s", error.message);
            check_picture(image, &pictures[i]);
            impasto_image_free(&image);
        }
        free(bytes);
        tried++;
    }
    if (tried == 0)
        skip();
}

static void refusals(void **state)
{
    char path[1024];
    (void)state;
    if (reads(IMPASTO_FORMAT_AVIF))
        expect_image_refused(picture_path("pq.avif", path), 0, "is an HDR picture (PQ)");
    for (size_t i = 0; i < IMP_COUNT(pictures); i++) {
        size_t size;
        if (!reads(pictures[i].format)) {
            expect_image_refused(picture_path(pictures[i].name, path), 0, "was built without lib");
            continue;
        }
        expect_image_refused(picture_path(pictures[i].name, path), 383, "over the limit of 383");
        unsigned char *bytes = read_bytes(path, &size);
        for (size_t length = 12; length < size - 1; length += 7) {
            write_bytes(in_folder("cut"), bytes, length);
            expect_image_refused(in_folder("cut"), 0, "");
        }
        free(bytes);
    }
}

/* ---- Writing --------------------------------------------------------------------------------- */

static void set_block(struct impasto_block *block, const char *text)
{
    assert_int_equal(imp_block_copy(text, strlen(text), block, NULL), IMPASTO_OK);
}

/* In a file and in memory. */
static void round_trips(void **state)
{
    static const struct {
        const char *name;
        enum impasto_format format;
        int bits, quality;
        double tolerance;
    } cases[] = {
        {"out.tif", IMPASTO_FORMAT_TIFF, 8, 0, 0.5 / 255},
        {"out.TIFF", IMPASTO_FORMAT_TIFF, 16, 0, 0.5 / 65535},
        {"out.webp", IMPASTO_FORMAT_WEBP, 8, 100, 0.5 / 255},
    };
    (void)state;
    for (size_t i = 0; i < 2 * IMP_COUNT(cases); i++) {
        struct impasto_error error = {0};
        if (!info_of(cases[i / 2].format)->writes)
            continue;
        struct impasto_image *image = noisy_picture(i % 2), *back = NULL;
        const struct impasto_save_options options = {.struct_size = sizeof(options),
                                                     .bits = cases[i / 2].bits,
                                                     .quality = cases[i / 2].quality};
        unsigned char *bytes = NULL;
        size_t size = 0, file_size = 0;
        if (impasto_image_save(image, in_folder(cases[i / 2].name), &options, &error) !=
                IMPASTO_OK ||
            impasto_image_encode(image, cases[i / 2].name, &options, &bytes, &size, &error) !=
                IMPASTO_OK)
            fail_msg("%s", error.message);
        unsigned char *file = read_bytes(in_folder(cases[i / 2].name), &file_size);
        assert_int_equal(size, file_size);
        assert_memory_equal(bytes, file, size);
        assert_int_equal(impasto_image_decode(bytes, size, "it", 0, &back, &error), IMPASTO_OK);
        for (int k = 0; k < 3 * PIXELS; k++)
            assert_near(back->rgb[k], (double)image->rgb[k], cases[i / 2].tolerance + 1e-7);
        assert_int_equal(back->alpha != NULL, i % 2);
        for (int k = 0; back->alpha && k < PIXELS; k++)
            assert_near(back->alpha[k], (double)image->alpha[k], cases[i / 2].tolerance + 1e-7);
        free(bytes);
        free(file);
        impasto_image_free(&back);
        impasto_image_free(&image);
    }
}

/* A lossy one is near on plain areas, and smaller where it may be. */
static void webp_quality(void **state)
{
    (void)state;
    if (!info_of(IMPASTO_FORMAT_WEBP)->writes)
        skip();
    struct impasto_image *image = noisy_picture(false), *back = NULL;
    size_t sizes[3];
    for (int i = 0; i < 3; i++) {
        unsigned char *bytes;
        const struct impasto_save_options options = {.struct_size = sizeof(options),
                                                     .quality = i == 0   ? 20
                                                                : i == 1 ? 90
                                                                         : 100};
        assert_int_equal(impasto_image_encode(image, "x.webp", &options, &bytes, &sizes[i], NULL),
                         IMPASTO_OK);
        assert_int_equal(impasto_image_decode(bytes, sizes[i], "x", 0, &back, NULL), IMPASTO_OK);
        impasto_image_free(&back);
        free(bytes);
    }
    assert_true(sizes[0] < sizes[1]);
    impasto_image_free(&image);
}

static void metadata(void **state)
{
    static const char xmp[] =
        "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF "
        "xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description "
        "xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmp:Rating='5'/></rdf:RDF></x:xmpmeta>";
    static const enum impasto_format formats[] = {IMPASTO_FORMAT_TIFF, IMPASTO_FORMAT_WEBP};
    const struct impasto_save_options keep = {.struct_size = sizeof(keep),
                                              .privacy = IMPASTO_PRIVACY_KEEP};
    (void)state;
    for (size_t i = 0; i < IMP_COUNT(formats); i++) {
        const bool tiff = formats[i] == IMPASTO_FORMAT_TIFF;
        const char *path = in_folder(tiff ? "meta.tif" : "meta.webp");
        struct impasto_image *image = noisy_picture(false), *back;
        bool ours = false;
        if (!info_of(formats[i])->writes) {
            impasto_image_free(&image);
            continue;
        }
        set_block(&image->metadata.xmp, xmp);
        set_block(&image->metadata.iptc, "\x1c\x02\x05");
        image->metadata.density[0] = 300;
        image->metadata.density[1] = 150;
        assert_int_equal(impasto_image_save(image, path, &keep, NULL), IMPASTO_OK);
        back = expect_image(path);
        assert_non_null(back->metadata.xmp.data);
        if (tiff) {
            assert_near((float)back->metadata.density[0], 300, 0.01);
            assert_near((float)back->metadata.density[1], 150, 0.01);
        }
        assert_int_equal(impasto_image_is_result(path, &ours, NULL), IMPASTO_OK);
        assert_true(ours);
        impasto_image_free(&back);
        impasto_image_free(&image);
    }
}

/* ---- Questions ------------------------------------------------------------------------------- */

static void bytes(void **state)
{
    struct impasto_image *image = NULL;
    struct impasto_error error = {0};
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        const char *reason;
    } cases[] = {
        {NULL, 0, "standard input: is empty"},
        {"", 0, "standard input: is empty"},
        {"x", 1, "standard input: is "},
        {"\x89PNG\r\n\x1a\n", 8, "standard input: is a damaged or cut-short PNG"},
        {"II*\0\0\0\0\0", 8, "standard input: is a"},
        {"RIFF\4\0\0\0WEBP", 12, "standard input: is a"},
    };
    for (size_t i = 0; i < 2 * IMP_COUNT(cases); i++) {
        const enum impasto_status status =
            (i % 2 ? impasto_image_decode : impasto_image_decode_apart)(
                cases[i / 2].bytes, cases[i / 2].size, "standard input", 0, &image, &error);
        assert_int_equal(status, IMPASTO_ERROR_INPUT);
        assert_null(image);
        if (!strstr(error.message, cases[i / 2].reason))
            fail_msg("%s", error.message);
    }
}

static void save_checks(void **state)
{
    struct impasto_error error = {0};
    (void)state;
    static const struct {
        const char *name;
        int side;
        struct impasto_save_options options;
        const char *reason; /* NULL: it can be */
    } cases[] = {
        {"x.png", 0, {.bits = 16}, NULL},
        {"x.JPG", 65500, {.bits = 8, .quality = 1}, NULL},
        {"-", 0, {.format = IMPASTO_FORMAT_JPEG}, NULL},
        {"x.jpeg", 0, {.bits = 16}, "8 bits per channel"},
        {"x.gif", 0, {0}, "end the name in .png, .jpg"},
        {"x", 0, {0}, "end the name in .png"},
#ifdef IMP_HAVE_TIFF
        {"x", 0, {0}, ".tif, .tiff, .btf, .tf8"},
#endif
        {"x.png", 0, {.bits = 12}, "choose 8 or 16"},
        {"x.png", 0, {.quality = 101}, "choose 1 to 100"},
        {"x.heic", 0, {0}, "does not write HEIC"},
        {"x.avif", 0, {0}, "does not write AVIF"},
        {"x.webp", 16384, {0}, "WebP"},
        {"x.webp", 0, {.bits = 16}, "WebP"},
    };
    for (size_t i = 0; i < IMP_COUNT(cases); i++) {
        struct impasto_save_options options = cases[i].options;
        options.struct_size = sizeof(options);
        const enum impasto_status status =
            impasto_image_save_check(cases[i].name, cases[i].side, cases[i].side, &options, &error);
        assert_int_equal(status, cases[i].reason ? IMPASTO_ERROR_USAGE : IMPASTO_OK);
        if (cases[i].reason && !strstr(error.message, cases[i].reason))
            fail_msg("%s", error.message);
    }
}

static void table(void **state)
{
    size_t count = 0;
    (void)state;
    for (const struct impasto_format_info *info; (info = impasto_image_format(count)); count++) {
        assert_non_null(info->extensions[0]);
        assert_true(info->extensions[0][0] == '.');
        assert_true(!info->writes || (info->reads && info->bits >= 8 && info->largest_side > 0));
        assert_true(info->reads || info->library);
        assert_ptr_equal(info, info_of(info->format));
    }
    assert_true(count >= 6);
    assert_true(reads(IMPASTO_FORMAT_PNG) && reads(IMPASTO_FORMAT_JPEG));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(made_by_others), cmocka_unit_test(refusals), cmocka_unit_test(round_trips),
        cmocka_unit_test(webp_quality),   cmocka_unit_test(metadata), cmocka_unit_test(bytes),
        cmocka_unit_test(save_checks),    cmocka_unit_test(table),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
