/* SPDX-License-Identifier: MIT */
/* EXIF blocks: a picture is turned as its block says, for all orientations and both byte orders;
 * what is carried over; blocks that make no sense. */

#include "image_files.h"

#include <math.h>

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
        case TOP:
            *y = at;
            break;
        case BOTTOM:
            *y = last - at;
            break;
        case LEFT:
            *x = at;
            break;
        case RIGHT:
            *x = last - at;
            break;
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

/* ---- Adobe RGB ------------------------------------------------------------------------------ */

/* A block with a colour space (0: none) and an index of interoperability (NULL: none). */
static size_t make_colour_exif(unsigned char *block, unsigned space, const char *index)
{
    static const unsigned char start[] = {
        'I',  'I',  42, 0, 8, 0, 0, 0, 1,   0,                   /* header, one entry */
        0x69, 0x87, 4,  0, 1, 0, 0, 0, 26,  0, 0, 0, 0, 0, 0, 0, /* Exif directory */
        2,    0,                                                 /* at 26, two entries */
        0x01, 0xa0, 3,  0, 1, 0, 0, 0, 0,   0, 0, 0,             /* ColorSpace, value at 36 */
        0x05, 0xa0, 4,  0, 1, 0, 0, 0, 56,  0, 0, 0, 0, 0, 0, 0, /* Interoperability directory */
        1,    0,                                                 /* at 56, one entry */
        1,    0,    2,  0, 4, 0, 0, 0, 'x', 0, 0, 0, 0, 0, 0, 0, /* InteropIndex, value at 66 */
    };
    memcpy(block, start, sizeof(start));
    if (space == 0)
        block[28] = 0x99; /* another tag */
    block[36] = (unsigned char)space;
    block[37] = (unsigned char)(space >> 8);
    if (index)
        memcpy(block + 66, index, 4);
    return sizeof(start);
}

static void adobe_rgb_is_known(void **state)
{
    (void)state;
    static const struct {
        unsigned space;
        const char *index;
        bool adobe;
    } cases[] = {
        {0xffff, "R03", true}, {0, "R03", true},       {2, "R98", true},      {2, NULL, true},
        {1, "R03", false},     {0xffff, "R98", false}, {0xffff, NULL, false},
    };
    for (size_t i = 0; i < IMP_COUNT(cases); i++) {
        unsigned char bytes[128];
        struct impasto_block block = {
            .data = bytes, .size = make_colour_exif(bytes, cases[i].space, cases[i].index)};
        assert_int_equal(imp_exif_is_adobe_rgb(&block), cases[i].adobe);
        for (size_t size = block.size; size > 0; size--) { /* cut anywhere */
            block.data = malloc(size);
            block.size = size;
            memcpy(block.data, bytes, size);
            (void)imp_exif_is_adobe_rgb(&block);
            free(block.data);
        }
    }
}

#ifdef IMP_HAVE_LCMS2
/* Pictures without a profile whose EXIF says so: pure green lies outside of sRGB. */
static void adobe_rgb_is_read(void **state)
{
    (void)state;
    unsigned char exif[128];
    const size_t size = make_colour_exif(exif, 0xffff, "R03");
    const struct png_case plain = {.type = PNG_COLOR_TYPE_RGB, .depth = 8};
    struct imp_colour_source adobe = {0};
    imp_colour_adobe_rgb(&adobe);
    struct imp_colour *colour = imp_colour_open(&adobe, IMP_COLOUR_RGB);
    struct png_case p = plain;
    p.exif = exif, p.exif_size = size;
    write_png(in_folder("plain.png"), &plain);
    write_png(in_folder("adobe.png"), &p);
    struct jpeg_case j = {.space = JCS_RGB};
    write_jpeg(in_folder("plain.jpg"), &j);
    j.exif = exif, j.exif_size = size;
    write_jpeg(in_folder("adobe.jpg"), &j);
    for (int k = 0; k < 2; k++) {
        struct impasto_image *from = expect_image(in_folder(k ? "plain.jpg" : "plain.png"));
        struct impasto_image *image = expect_image(in_folder(k ? "adobe.jpg" : "adobe.png"));
        const size_t pixels = (size_t)from->width * (size_t)from->height;
        double moved = 0;
        for (size_t i = 0; i < 3 * pixels; i++)
            moved = fmax(moved, fabs((double)from->rgb[i] - (double)image->rgb[i]));
        imp_colour_convert(colour, IMP_COLOUR_RGB, from->rgb, from->rgb, pixels);
        for (size_t i = 0; i < 3 * pixels; i++)
            assert_near(image->rgb[i], (double)from->rgb[i], 1e-3);
        assert_true(moved > 0.1);
        impasto_image_free(&from);
        impasto_image_free(&image);
    }
    /* What the file says itself comes first. */
    p.gamma = 0.45455;
    write_png(in_folder("gamma.png"), &p);
    struct impasto_image *from = expect_image(in_folder("plain.png"));
    struct impasto_image *image = expect_image(in_folder("gamma.png"));
    assert_memory_equal(from->rgb, image->rgb, 3 * PIXELS * sizeof(float));
    impasto_image_free(&from);
    impasto_image_free(&image);
    imp_colour_close(&colour);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orientations),
        cmocka_unit_test(damaged_exif),
        cmocka_unit_test(adobe_rgb_is_known),
#ifdef IMP_HAVE_LCMS2
        cmocka_unit_test(adobe_rgb_is_read),
#endif
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
