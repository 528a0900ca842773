/* SPDX-License-Identifier: MIT */
/* PNG files of every type, written here by libpng, against the values that went into them. */

#define _GNU_SOURCE /* sched_setaffinity */

#include "fixtures.h"
#include "image_files.h"

#include "base/os.h"

#include <math.h>
#include <sched.h>

static void png_types(void **state)
{
    (void)state;
    static const struct {
        int type, depths[6];
        bool transparent;
    } types[] = {
        {PNG_COLOR_TYPE_GRAY, {1, 2, 4, 8, 16}, true}, {PNG_COLOR_TYPE_PALETTE, {1, 2, 4, 8}, true},
        {PNG_COLOR_TYPE_RGB, {8, 16}, true},           {PNG_COLOR_TYPE_GRAY_ALPHA, {8, 16}, false},
        {PNG_COLOR_TYPE_RGB_ALPHA, {8, 16}, false},
    };
    for (size_t t = 0; t < IMP_COUNT(types); t++)
        for (int d = 0; types[t].depths[d]; d++)
            for (int variant = 0; variant < (types[t].transparent ? 4 : 2); variant++) {
                const struct png_case c = {.type = types[t].type,
                                           .depth = types[t].depths[d],
                                           .interlace = variant & 1,
                                           .transparent = variant > 1};
                write_png(in_folder("case.png"), &c);
                struct impasto_image *image = expect_image(in_folder("case.png"));
                assert_int_equal(image->width, WIDTH);
                assert_int_equal(image->height, HEIGHT);
                assert_int_equal(image->alpha != NULL,
                                 c.transparent || (c.type & PNG_COLOR_MASK_ALPHA) != 0);
                for (int i = 0; i < PIXELS; i++) {
                    double rgba[4];
                    png_pixel(&c, i % WIDTH, i / WIDTH, rgba);
                    for (int k = 0; k < 3; k++)
                        assert_near(image->rgb[3 * i + k], rgba[k], 1e-6);
                    if (image->alpha)
                        assert_near(image->alpha[i], rgba[3], 1e-6);
                }
                impasto_image_free(&image);
            }
}

/* ---- Odd and foreign ------------------------------------------------------------------------ */

/* All pixels are there, whatever became of the end. */
static void end_is_not_missed(void **state)
{
    (void)state;
    for (int interlace = 0; interlace < 2; interlace++) {
        const struct png_case c = {
            .type = PNG_COLOR_TYPE_RGB_ALPHA, .depth = 16, .interlace = interlace};
        size_t size;
        const char *path = in_folder("end.png");
        write_png(path, &c);
        struct impasto_image *whole = expect_image(path);
        unsigned char *bytes = read_bytes(path, &size);
        for (size_t missing = 1; missing <= 12; missing++) {
            write_bytes(path, bytes, size - missing);
            struct impasto_image *image = expect_image(path);
            expect_same_picture(whole, image);
            impasto_image_free(&image);
        }
        write_bytes(path, bytes, size - 13);
        expect_image_refused(path, 0, "cut-short");
        bytes[size - 14] ^= 1; /* in the pixels' checksum */
        write_bytes(path, bytes, size);
        expect_image_refused(path, 0, "CRC error");
        impasto_image_free(&whole);
        free(bytes);
    }
}

static void crushed_is_named(void **state)
{
    (void)state;
    static const unsigned char crushed[] = "\x89PNG\r\n\x1a\n\0\0\0\4CgBIP\0 \2";
    write_bytes(in_folder("crushed.png"), crushed, sizeof(crushed));
    expect_image_refused(in_folder("crushed.png"), 0, "pngcrush -revert-iphone-optimizations");
}

/* ---- Colour --------------------------------------------------------------------------------- */

/* Samples that are linear light come out encoded. */
static void expect_linear_read(const char *path)
{
    const struct png_case plain = {.type = PNG_COLOR_TYPE_RGB, .depth = 16};
    struct impasto_image *image = expect_image(path);
    for (int i = 0; i < PIXELS; i++) {
        double rgba[4];
        png_pixel(&plain, i % WIDTH, i / WIDTH, rgba);
        /* Little CMS tabulates curves. */
        for (int k = 0; k < 3; k++)
            assert_near(image->rgb[3 * i + k], srgb_encode(rgba[k]), 2e-3);
    }
    impasto_image_free(&image);
}

static void gamma_is_honoured(void **state)
{
    (void)state;
    const struct png_case c = {.type = PNG_COLOR_TYPE_RGB, .depth = 16, .gamma = 1};
    write_png(in_folder("linear.png"), &c);
    expect_linear_read(in_folder("linear.png"));
    /* 1/2.2 is what writers put for sRGB: nothing changes. */
    const struct png_case usual = {.type = PNG_COLOR_TYPE_GRAY, .depth = 8, .gamma = 0.45455};
    write_png(in_folder("usual.png"), &usual);
    struct impasto_image *image = expect_image(in_folder("usual.png"));
    for (int i = 0; i < PIXELS; i++)
        assert_near(image->rgb[3 * i], png_sample(8, i % WIDTH, i / WIDTH, 0) / 255.0, 1e-6);
    impasto_image_free(&image);
}

/* What imp_cicp_read makes of the numbers: the chunk is read, and comes before all others. */
static void cicp_is_honoured(void **state)
{
    (void)state;
    static const unsigned char linear[] = {1, 8, 0, 1}, srgb[] = {1, 13, 0, 1},
                               pq[] = {9, 16, 0, 1}, nothing[] = {2, 2, 0, 1},
                               narrow[] = {1, 13, 0, 0};
    for (int depth = 8; depth <= 16; depth += 8) {
        struct png_case c = {
            .type = PNG_COLOR_TYPE_RGB_ALPHA, .depth = depth, .cicp = srgb, .gamma = 1};
        write_png(in_folder("cicp.png"), &c);
        struct impasto_image *image = expect_image(in_folder("cicp.png"));
        double rgba[4];
        for (int i = 0; i < PIXELS; i++) {
            png_pixel(&c, i % WIDTH, i / WIDTH, rgba);
            for (int k = 0; k < 3; k++)
                assert_near(image->rgb[3 * i + k], rgba[k], 1e-6);
            assert_near(image->alpha[i], rgba[3], 1e-6);
        }
        impasto_image_free(&image);
        c.cicp = pq;
        write_png(in_folder("cicp.png"), &c);
        expect_image_refused(in_folder("cicp.png"), 0, "HDR picture (PQ)");
        c.cicp = narrow;
        write_png(in_folder("cicp.png"), &c);
        image = expect_image(in_folder("cicp.png"));
        for (int i = 0; i < PIXELS; i++) {
            png_pixel(&c, i % WIDTH, i / WIDTH, rgba);
            for (int k = 0; k < 3; k++)
                assert_near(image->rgb[3 * i + k], fmin(1, fmax(0, (rgba[k] * 255 - 16) / 219)),
                            1e-5);
        }
        impasto_image_free(&image);
    }
    struct png_case c = {.type = PNG_COLOR_TYPE_RGB, .depth = 16, .cicp = linear};
    write_png(in_folder("cicp.png"), &c);
    expect_linear_read(in_folder("cicp.png"));
    c = (struct png_case){.type = PNG_COLOR_TYPE_RGB, .depth = 16, .cicp = nothing, .gamma = 1};
    write_png(in_folder("cicp.png"), &c);
    expect_linear_read(in_folder("cicp.png"));
}

#ifdef IMP_HAVE_LCMS2
/* cHRM alone says nothing of the curve: grays stay, for both sides have the same white. */
static void primaries_alone(void **state)
{
    (void)state;
    for (int depth = 8; depth <= 16; depth += 8)
        for (int colour = 0; colour < 2; colour++) {
            const struct png_case c = {.type = colour ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY,
                                       .depth = depth,
                                       .p3 = true};
            write_png(in_folder("p3.png"), &c);
            struct impasto_image *image = expect_image(in_folder("p3.png"));
            double moved = 0;
            for (int i = 0; i < PIXELS; i++) {
                double rgba[4];
                png_pixel(&c, i % WIDTH, i / WIDTH, rgba);
                for (int k = 0; k < 3; k++)
                    moved = fmax(moved, fabs((double)image->rgb[3 * i + k] - rgba[k]));
            }
            assert_true(colour ? moved > 0.02 : moved < 1e-3);
            impasto_image_free(&image);
        }
}

static void profiles_are_honoured(void **state)
{
    (void)state;
    size_t size;
    unsigned char *profile = linear_profile(&size);
    struct png_case c = {
        .type = PNG_COLOR_TYPE_RGB, .depth = 16, .profile = profile, .profile_size = size};
    write_png(in_folder("profile.png"), &c);
    expect_linear_read(in_folder("profile.png"));
    /* A broken one is ignored. Header and table of tags stay, or libpng would not take it. */
    const size_t tags_end = 132 + 12 * (size_t)profile[131];
    memset(profile + tags_end, 0xff, size - tags_end);
    write_png(in_folder("broken.png"), &c);
    struct impasto_image *image = expect_image(in_folder("broken.png"));
    assert_near(image->rgb[0], png_sample(16, 0, 0, 0) / 65535.0, 1e-6);
    impasto_image_free(&image);
    free(profile);
}
#endif

/* Bands of noise, of gradients, of what the rows before have, and of one colour. */
static unsigned varied_sample(size_t x, size_t y, size_t c)
{
    const size_t kind = y / 8 % 4, noise = (x * 7919 + y * 104729 + c * 31) * 2654435761u;
    return (unsigned)(kind == 0   ? noise >> 7
                      : kind == 1 ? x * 97 + y * 331 + c * 7 + (noise >> 20 & 3)
                      : kind == 2 ? (x / 5 * 2654435761u) >> 9
                                  : 300 * c) &
           65535u;
}

/* This process, and threads that it starts, on one of its cores; or again on all. */
static void work_on(bool one)
{
#ifdef CPU_COUNT
    static cpu_set_t all;
    cpu_set_t some;
    if (one)
        assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
    some = all;
    for (size_t core = 0; one && CPU_COUNT(&some) > 1; core++)
        CPU_CLR(core, &some);
    assert_int_equal(sched_setaffinity(0, sizeof(some), &some), 0);
    assert_int_equal(imp_os_cores(), CPU_COUNT(&some));
#else
    (void)one;
#endif
}

/* A picture of several pieces, which threads compress, and the last of which is short: the bytes
 * are those of one core, and hold the picture. */
static void png_by_all_cores(void **state)
{
    enum { ACROSS = 700, DOWN = 900 };
    const struct impasto_save_options options = {.struct_size = sizeof(options), .bits = 16};
    struct impasto_image *image = blank_picture(ACROSS, DOWN), *back = NULL;
    unsigned char *bytes[2] = {NULL};
    size_t size[2];
    (void)state;
    for (size_t i = 0; i < (size_t)3 * ACROSS * DOWN; i++)
        image->rgb[i] = (float)varied_sample(i / 3 % ACROSS, i / 3 / ACROSS, i % 3) / 65535;
    for (int i = 0; i < 2; i++) {
        if (i == 0)
            work_on(true);
        assert_int_equal(impasto_image_encode(image, "x.png", &options, &bytes[i], &size[i], NULL),
                         IMPASTO_OK);
        if (i == 0)
            work_on(false);
    }
    assert_int_equal(size[0], size[1]);
    assert_memory_equal(bytes[0], bytes[1], size[0]);
    assert_int_equal(impasto_image_decode(bytes[0], size[0], "x.png", 0, &back, NULL), IMPASTO_OK);
    assert_memory_equal(back->rgb, image->rgb, sizeof(float) * 3 * ACROSS * DOWN);
    free(bytes[0]);
    free(bytes[1]);
    impasto_image_free(&back);
    impasto_image_free(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(png_types),        cmocka_unit_test(end_is_not_missed),
        cmocka_unit_test(crushed_is_named), cmocka_unit_test(gamma_is_honoured),
        cmocka_unit_test(cicp_is_honoured),
#ifdef IMP_HAVE_LCMS2
        cmocka_unit_test(primaries_alone),  cmocka_unit_test(profiles_are_honoured),
#endif
        cmocka_unit_test(png_by_all_cores),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
