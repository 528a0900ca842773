/* SPDX-License-Identifier: MIT */
/* JPEG files of every kind, written here by libjpeg, against the values that went into them;
 * saving; and more scans than a file should have. */

#include "fixtures.h"
#include "image_files.h"

static void jpeg_types(void **state)
{
    (void)state;
    static const struct jpeg_case cases[] = {
        {.space = JCS_GRAYSCALE},
        {.space = JCS_RGB},
        {.space = JCS_RGB, .progressive = true},
        {.space = JCS_CMYK},
        {.space = JCS_CMYK, .adobe = true},
        {.space = JCS_CMYK, .adobe = true, .ycck = true},
    };
    for (size_t i = 0; i < IMP_COUNT(cases); i++) {
        write_jpeg(in_folder("case.jpg"), &cases[i]);
        struct impasto_image *image = expect_image(in_folder("case.jpg"));
        assert_int_equal(image->width, JPEG_WIDTH);
        assert_int_equal(image->height, JPEG_HEIGHT);
        assert_null(image->alpha);
        for (int y = BLOCK / 2; y < JPEG_HEIGHT; y += BLOCK)
            for (int x = BLOCK / 2; x < JPEG_WIDTH; x += BLOCK)
                for (int k = 0; k < 3; k++) {
                    const bool gray = cases[i].space == JCS_GRAYSCALE;
                    double v = jpeg_sample(x / BLOCK, y / BLOCK, gray ? 0 : k) / 255.0;
                    double black = jpeg_sample(x / BLOCK, y / BLOCK, 3) / 255.0;
                    if (cases[i].space == JCS_CMYK)
                        /* Stored inverted, so that the sample is what light is left. */
                        v *= black;
                    assert_near(image->rgb[3 * (y * JPEG_WIDTH + x) + k], v, 0.02);
                }
        impasto_image_free(&image);
    }
}

#ifdef IMP_HAVE_LCMS2
static void jpeg_profile_in_pieces(void **state)
{
    (void)state;
    size_t size;
    unsigned char *profile = linear_profile(&size);
    for (int pieces = 1; pieces <= 3; pieces++) {
        const struct jpeg_case c = {
            .space = JCS_RGB, .profile = profile, .profile_size = size, .pieces = pieces};
        write_jpeg(in_folder("profile.jpg"), &c);
        struct impasto_image *image = expect_image(in_folder("profile.jpg"));
        const int at = 3 * (BLOCK / 2 * JPEG_WIDTH + BLOCK / 2);
        for (int k = 0; k < 3; k++)
            assert_near(image->rgb[at + k], srgb_encode(jpeg_sample(0, 0, k) / 255.0), 0.03);
        impasto_image_free(&image);
    }
    free(profile);
}
#endif

static void jpeg_saving(void **state)
{
    (void)state;
    struct impasto_image *image = blank_picture(32, 16), *back;
    assert_int_equal(imp_image_add_alpha(image, NULL), IMPASTO_OK);
    for (int i = 0; i < 32 * 16; i++) {
        const bool right = i % 32 >= 16;
        image->rgb[3 * i] = right ? 0.9f : 0.2f;
        image->rgb[3 * i + 1] = 0.4f;
        image->alpha[i] = right ? 0.25f : 1;
    }
    image->metadata.exif.data = malloc(64);
    image->metadata.exif.size = make_exif(image->metadata.exif.data, false, 1);
    assert_int_equal(impasto_image_save(image, in_folder("out.jpeg"), NULL, NULL), IMPASTO_OK);
    back = expect_image(in_folder("out.jpeg"));
    assert_null(back->alpha);
    /* Transparency over white. */
    assert_near(back->rgb[3 * (8 * 32 + 8)], 0.2, 0.02);
    assert_near(back->rgb[3 * (8 * 32 + 24)], 0.25 * 0.9 + 0.75, 0.02);
    assert_near(back->rgb[3 * (8 * 32 + 24) + 1], 0.25 * 0.4 + 0.75, 0.02);
    impasto_image_free(&back);
    impasto_image_free(&image);
}

/* ---- What libjpeg warns of ------------------------------------------------------------------ */

/* Where a marker stands; `last`: for the last time. */
static size_t find_marker(const unsigned char *bytes, size_t size, unsigned char marker, bool last)
{
    size_t found = 0;
    for (size_t i = 0; i + 1 < size; i++)
        if (bytes[i] == 0xff && bytes[i + 1] == marker && (last || !found))
            found = i;
    assert_true(found > 0);
    return found;
}

/* Writes `bytes` with `count` others put in at `at` in place of `gone` of its own. */
static void write_changed(const char *path, const unsigned char *bytes, size_t size, size_t at,
                          size_t gone, const void *others, size_t count)
{
    unsigned char *changed = malloc(size + count);
    memcpy(changed, bytes, at);
    memcpy(changed + at, others, count);
    memcpy(changed + at + count, bytes + at + gone, size - at - gone);
    write_bytes(path, changed, size - gone + count);
    free(changed);
}

static void expect_same_as(const struct impasto_image *image, const char *path)
{
    struct impasto_image *read = expect_image(path);
    expect_same_picture(image, read);
    impasto_image_free(&read);
}

/* Odd files of cameras and scanners with all samples in them: the same picture. */
static void odd_but_whole(void **state)
{
    (void)state;
    static const unsigned char stray[] = {0x12, 0x34, 0x56}, zeros[5000];
    static const unsigned char jfif3[] = {0xff, 0xe0, 0, 16, 'J', 'F', 'I', 'F', 0,
                                          3,    1,    0, 0,  1,   0,   1,   0,   0};
    for (int progressive = 0; progressive < 2; progressive++) {
        const struct jpeg_case c = {.space = JCS_RGB, .progressive = progressive != 0};
        size_t size;
        const char *path = in_folder("odd.jpg");
        write_jpeg(path, &c);
        struct impasto_image *image = expect_image(path);
        unsigned char *bytes = read_bytes(path, &size);
        const size_t frame = find_marker(bytes, size, progressive ? 0xc2 : 0xc0, false);
        write_bytes(path, bytes, size - 1);
        expect_same_as(image, path);
        write_bytes(path, bytes, size - 2);
        expect_same_as(image, path);
        write_bytes(path, bytes, size - 3);
        expect_image_refused(path, 0, "cut-short");
        write_changed(path, bytes, size, size - 2, 0, stray, sizeof(stray));
        expect_same_as(image, path);
        write_changed(path, bytes, size, size - 2, 0, zeros, sizeof(zeros));
        expect_same_as(image, path);
        /* As where the rest of a file was lost and is zeros. */
        write_changed(path, bytes, size, size - 2, 2, zeros, sizeof(zeros));
        expect_image_refused(path, 0, "damaged");
        write_changed(path, bytes, size, size, 0, zeros, sizeof(zeros));
        expect_same_as(image, path);
        write_changed(path, bytes, size, frame, 0, stray, sizeof(stray));
        expect_same_as(image, path);
        write_changed(path, bytes, size, 2, 18, jfif3, sizeof(jfif3));
        expect_same_as(image, path);
        impasto_image_free(&image);
        free(bytes);
    }
}

/* Parameters of a scan that sequential decoding has no use for. */
static void odd_scan_parameters(void **state)
{
    (void)state;
    const struct jpeg_case c = {.space = JCS_RGB};
    size_t size;
    const char *path = in_folder("sos.jpg");
    write_jpeg(path, &c);
    struct impasto_image *image = expect_image(path);
    unsigned char *bytes = read_bytes(path, &size);
    const size_t scan = find_marker(bytes, size, 0xda, false);
    memset(bytes + scan + 11, 0, 3); /* behind the length and 3 components */
    write_bytes(path, bytes, size);
    expect_same_as(image, path);
    impasto_image_free(&image);
    free(bytes);
}

/* A progressive file that ends between two scans has all colours, but not all of their precision.
 */
static void scans_missing(void **state)
{
    (void)state;
    const struct jpeg_case c = {.space = JCS_RGB, .progressive = true};
    size_t size;
    const char *path = in_folder("scans.jpg");
    write_jpeg(path, &c);
    unsigned char *bytes = read_bytes(path, &size);
    size_t scan = find_marker(bytes, size, 0xda, true), tables = scan;
    /* A scan's tables come before it. */
    while (bytes[tables] != 0xff || bytes[tables + 1] != 0xc4)
        tables--;
    write_bytes(path, bytes, tables);
    expect_image_refused(path, 0, "scans are missing");
    /* Likewise wherever it ends, with an end marker put behind. */
    for (size_t end = 3; end <= tables; end++) {
        struct impasto_image *image = NULL;
        struct impasto_error error = {0};
        const unsigned char kept[] = {bytes[end], bytes[end + 1]}, marker[] = {0xff, 0xd9};
        memcpy(bytes + end, marker, sizeof(marker));
        if (impasto_image_decode(bytes, end + 2, path, 0, &image, &error) != IMPASTO_ERROR_INPUT)
            fail_msg("cut at %zu of %zu: taken", end, size);
        memcpy(bytes + end, kept, 2);
    }
    free(bytes);
}

/* Kinds of JPEG that libjpeg may not read are named, with a way out. */
static void foreign_kinds(void **state)
{
    (void)state;
    static const struct {
        unsigned char marker, precision;
        const char *reason;
    } cases[] = {
        {0xc1, 12, "12 bits per channel"}, {0xc3, 8, "lossless JPEG"},
        {0xc5, 8, "hierarchical"},         {0xf7, 8, "JPEG-LS"},
        {0xc0, 9, "is a damaged or"},
    };
    const struct jpeg_case c = {.space = JCS_RGB};
    size_t size;
    const char *path = in_folder("kind.jpg");
    write_jpeg(path, &c);
    unsigned char *bytes = read_bytes(path, &size);
    const size_t frame = find_marker(bytes, size, 0xc0, false);
    for (size_t i = 0; i < IMP_COUNT(cases); i++) {
        bytes[frame + 1] = cases[i].marker;
        bytes[frame + 4] = cases[i].precision;
        write_bytes(path, bytes, size);
        expect_image_refused(path, 0, cases[i].reason);
    }
    free(bytes);
}

/* Progressive JPEG with more scans than any camera writes: each costs a pass over the picture. */
static void too_many_scans(void **state)
{
    (void)state;
    const struct jpeg_case c = {.space = JCS_GRAYSCALE, .progressive = true};
    size_t size, scan = 0, end = 0;
    write_jpeg(in_folder("scans.jpg"), &c);
    unsigned char *bytes = read_bytes(in_folder("scans.jpg"), &size);
    /* The last scan, from its own tables on, repeated. */
    for (size_t i = 0; i + 1 < size; i++) {
        if (bytes[i] == 0xff && bytes[i + 1] == 0xda)
            scan = i;
        if (bytes[i] == 0xff && bytes[i + 1] == 0xd9)
            end = i;
    }
    assert_true(scan > 0 && end > scan);
    FILE *file = fopen(in_folder("scans.jpg"), "wb");
    fwrite(bytes, 1, end, file);
    for (int i = 0; i < 200; i++)
        fwrite(bytes + scan, 1, end - scan, file);
    fwrite(bytes + end, 1, size - end, file);
    assert_int_equal(fclose(file), 0);
    free(bytes);
    expect_image_refused(in_folder("scans.jpg"), 0, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jpeg_types),
#ifdef IMP_HAVE_LCMS2
        cmocka_unit_test(jpeg_profile_in_pieces),
#endif
        cmocka_unit_test(jpeg_saving),
        cmocka_unit_test(odd_but_whole),
        cmocka_unit_test(odd_scan_parameters),
        cmocka_unit_test(scans_missing),
        cmocka_unit_test(foreign_kinds),
        cmocka_unit_test(too_many_scans),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
