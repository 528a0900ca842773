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
                        /* Adobe's are inverted, so that the sample is what light is left. */
                        v = cases[i].adobe ? v * black : (1 - v) * (1 - black);
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
    assert_int_equal(back->metadata.exif.size, image->metadata.exif.size);
    assert_memory_equal(back->metadata.exif.data, image->metadata.exif.data,
                        image->metadata.exif.size);
    impasto_image_free(&back);
    impasto_image_free(&image);
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
        cmocka_unit_test(too_many_scans),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
