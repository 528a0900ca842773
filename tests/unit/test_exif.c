/* SPDX-License-Identifier: MIT */
/* EXIF blocks: a picture is turned as its block says, for all orientations and both byte orders;
 * what is carried over; blocks that make no sense. */

#include "image_files.h"

#define MUTATIONS 4000

enum side { TOP, BOTTOM, LEFT, RIGHT };

/* The standard's own words for 1 to 8: where row 0 and column 0 of the stored picture are seen. */
static const enum side seen[8][2] = {
    {TOP, LEFT}, {TOP, RIGHT}, {BOTTOM, RIGHT}, {BOTTOM, LEFT},
    {LEFT, TOP}, {RIGHT, TOP}, {RIGHT, BOTTOM}, {LEFT, BOTTOM},
};

/* Where stored (row, column) of rows x columns is seen. */
static void seen_at(int orientation, int rows, int columns, int row, int column, int *x, int *y)
{
    const enum side *side = seen[orientation - 1];
    for (int k = 0; k < 2; k++) {
        const int at = k == 0 ? row : column, last = (k == 0 ? rows : columns) - 1;
        switch (side[k]) {
        case TOP: *y = at; break;
        case BOTTOM: *y = last - at; break;
        case LEFT: *x = at; break;
        case RIGHT: *x = last - at; break;
        }
    }
}

static void orientations(void **state)
{
    (void)state;
    for (int orientation = 1; orientation <= 8; orientation++)
        for (int big = 0; big < 2; big++) {
            unsigned char exif[64];
            const size_t size = make_exif(exif, big != 0, orientation);
            const bool sideways = orientation >= 5;
            int x = 0, y = 0;

            const struct png_case p = {
                .type = PNG_COLOR_TYPE_RGB_ALPHA, .depth = 8, .exif = exif, .exif_size = size};
            write_png(in_folder("turned.png"), &p);
            struct impasto_image *image = expect_image(in_folder("turned.png"));
            assert_int_equal(image->width, sideways ? HEIGHT : WIDTH);
            assert_int_equal(image->height, sideways ? WIDTH : HEIGHT);
            for (int i = 0; i < PIXELS; i++) {
                double rgba[4];
                png_pixel(&p, i % WIDTH, i / WIDTH, rgba);
                seen_at(orientation, HEIGHT, WIDTH, i / WIDTH, i % WIDTH, &x, &y);
                assert_near(image->rgb[3 * (y * image->width + x)], rgba[0], 1e-6);
                assert_near(image->alpha[y * image->width + x], rgba[3], 1e-6);
            }
            /* The block came along, saying that the picture is upright now. */
            assert_int_equal(image->metadata.exif.size, size);
            assert_int_equal(imp_exif_orientation(&image->metadata.exif, false), 1);
            exif[EXIF_ORIENTATION(big)] = 1;
            assert_memory_equal(image->metadata.exif.data, exif, size);
            impasto_image_free(&image);

            make_exif(exif, big != 0, orientation);
            const struct jpeg_case j = {.space = JCS_RGB, .exif = exif, .exif_size = size};
            write_jpeg(in_folder("turned.jpg"), &j);
            image = expect_image(in_folder("turned.jpg"));
            assert_int_equal(image->width, sideways ? JPEG_HEIGHT : JPEG_WIDTH);
            for (int by = 0; by < 2; by++)
                for (int bx = 0; bx < 3; bx++) {
                    seen_at(orientation, JPEG_HEIGHT, JPEG_WIDTH, by * BLOCK + BLOCK / 2,
                            bx * BLOCK + BLOCK / 2, &x, &y);
                    for (int k = 0; k < 3; k++)
                        assert_near(image->rgb[3 * (y * image->width + x) + k],
                                    jpeg_sample(bx, by, k) / 255.0, 0.02);
                }
            assert_int_equal(imp_exif_orientation(&image->metadata.exif, false), 1);
            impasto_image_free(&image);
        }
}

/* Blocks that make no sense leave the picture as it is, whatever they claim. */
static void damaged_exif(void **state)
{
    (void)state;
    unsigned char sound[64], changed[64];
    const size_t size = make_exif(sound, true, 6);
    for (int i = 0; i < MUTATIONS; i++) {
        const size_t length = damage(sound, size, size - 8, 5, i, changed);
        /* An exact allocation, so that a sanitizer sees the first byte beyond. */
        unsigned char *block = malloc(length ? length : 1);
        memcpy(block, changed, length);
        const int orientation =
            imp_exif_orientation(&(struct impasto_block){.data = block, .size = length}, true);
        assert_in_range(orientation, 1, 8);
        free(block);
    }
    assert_int_equal(imp_exif_orientation(&(struct impasto_block){0}, true), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orientations),
        cmocka_unit_test(damaged_exif),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
