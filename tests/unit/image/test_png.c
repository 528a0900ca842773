/* SPDX-License-Identifier: MIT */
/* PNG files of every type, written here by libpng, against the values that went into them. */

#define _GNU_SOURCE /* sched_setaffinity, fmemopen */

#include "fixtures.h"
#include "image_files.h"

#include "base/os.h"
#include "image/png/png.h"

#include <limits.h>
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

static void cores_are_counted(void **state)
{
    (void)state;
    const int all = imp_os_cores();
    assert_in_range(all, 1, INT_MAX);
    assert_in_range(imp_host_cores(), 1, all);
    work_on(true);
    assert_int_equal(imp_host_cores(), 1);
    work_on(false);
    assert_int_equal(imp_os_cores(), all);
}

/* ---- Pieces --------------------------------------------------------------------------------- */

enum { ACROSS = 70, DOWN = 203 };

static struct impasto_image *varied_picture(bool alpha)
{
    struct impasto_image *image = blank_picture(ACROSS, DOWN);
    for (size_t i = 0; i < (size_t)3 * ACROSS * DOWN; i++)
        image->rgb[i] = (float)varied_sample(i / 3 % ACROSS, i / 3 / ACROSS, i % 3) / 65535;
    if (alpha)
        assert_non_null(image->alpha = calloc((size_t)ACROSS * DOWN, sizeof(float)));
    for (size_t i = 0; alpha && i < (size_t)ACROSS * DOWN; i++)
        image->alpha[i] = (float)varied_sample(i % ACROSS, i / ACROSS, 3) / 65535;
    return image;
}

/* The picture's file, in memory. */
static struct imp_os_memory save_cut(const struct impasto_image *image, int bits,
                                     const struct imp_png_cut *cut)
{
    const struct impasto_save_options options = {.struct_size = sizeof(options), .bits = bits};
    struct impasto_error error = {0};
    struct imp_os_memory file;
    assert_true(imp_os_memory_open(&file));
    if (imp_png_save_cut(image, file.stream, "x.png", &options, cut, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    assert_true(imp_os_memory_close(&file));
    return file;
}

/* Where the IDAT ends that is the number-th in the file, from 1 on; 0: there are fewer. */
static size_t end_of_chunk(const struct imp_os_memory *file, int number)
{
    size_t at = 8;
    while (at + 12 <= file->size) {
        const unsigned char *head = (const unsigned char *)file->bytes + at;
        const size_t size = (size_t)head[0] << 24 | (size_t)head[1] << 16 | head[2] << 8 | head[3];
        at += 12 + size;
        if (memcmp(head + 4, "IDAT", 4) == 0 && --number == 0)
            return at;
    }
    return 0;
}

/* Rows or a few of them in a piece, of which there are many more than may wait, and the last of
 * which is short: any number of threads writes the bytes of one, and they hold the picture. */
static void png_by_threads(void **state)
{
    static const int threads[] = {1, 2, 5};
    (void)state;
    for (int round = 0; round < 4; round++) {
        const int bits = round & 1 ? 16 : 8;
        struct impasto_image *image = varied_picture(round & 2), *back[2];
        struct imp_os_memory file[IMP_COUNT(threads)];
        for (size_t i = 0; i < IMP_COUNT(threads); i++) {
            const struct imp_png_cut cut = {
                .bytes = 2500, .threads = threads[i], .slots = (size_t)threads[i] + i};
            file[i] = save_cut(image, bits, &cut);
            assert_int_equal(file[i].size, file[0].size);
            assert_memory_equal(file[i].bytes, file[0].bytes, file[0].size);
        }
        assert_true(end_of_chunk(&file[0], 15) > 0);
        const struct imp_png_cut whole = {.bytes = (size_t)1 << 20, .threads = 1, .slots = 1};
        struct imp_os_memory one = save_cut(image, bits, &whole);
        assert_int_equal(end_of_chunk(&one, 2), 0);
        const struct imp_os_memory *files[] = {&file[0], &one};
        for (int i = 0; i < 2; i++)
            assert_int_equal(
                impasto_image_decode(files[i]->bytes, files[i]->size, "x.png", 0, &back[i], NULL),
                IMPASTO_OK);
        expect_same_picture(back[0], back[1]);
        for (size_t i = 0; i < (size_t)3 * ACROSS * DOWN; i++)
            assert_near(back[0]->rgb[i], image->rgb[i], bits == 16 ? 1e-6F : 0.5F / 255 + 1e-6F);
        assert_true(!back[0]->alpha == !image->alpha);
        for (size_t i = 0; image->alpha && i < (size_t)ACROSS * DOWN; i++)
            assert_near(back[0]->alpha[i], image->alpha[i],
                        bits == 16 ? 1e-6F : 0.5F / 255 + 1e-6F);
        for (size_t i = 0; i < IMP_COUNT(threads); i++)
            free(file[i].bytes);
        free(one.bytes);
        impasto_image_free(&back[0]);
        impasto_image_free(&back[1]);
        impasto_image_free(&image);
    }
}

/* The file takes two chunks and no more, while threads make others or wait to have theirs
 * taken. */
static void png_on_a_full_disk(void **state)
{
    const struct impasto_save_options options = {.struct_size = sizeof(options), .bits = 8};
    struct impasto_image *image = varied_picture(false);
    (void)state;
    for (int threads = 1; threads <= 5; threads += 2) {
        const struct imp_png_cut cut = {.bytes = 500, .threads = threads, .slots = 2};
        struct imp_os_memory file = save_cut(image, 8, &cut);
        const size_t room = end_of_chunk(&file, 2);
        struct impasto_error error = {0};
        assert_in_range(room, 1, file.size / 2);
        FILE *stream = fmemopen(file.bytes, room, "wb");
        assert_non_null(stream);
        setvbuf(stream, NULL, _IONBF, 0);
        assert_int_equal(imp_png_save_cut(image, stream, "x.png", &options, &cut, &error),
                         IMPASTO_ERROR_OUTPUT);
        assert_non_null(strstr(error.message, "x.png"));
        fclose(stream);
        free(file.bytes);
    }
    impasto_image_free(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(png_types),          cmocka_unit_test(end_is_not_missed),
        cmocka_unit_test(crushed_is_named),   cmocka_unit_test(gamma_is_honoured),
        cmocka_unit_test(cicp_is_honoured),
#ifdef IMP_HAVE_LCMS2
        cmocka_unit_test(primaries_alone),    cmocka_unit_test(profiles_are_honoured),
#endif
        cmocka_unit_test(cores_are_counted),  cmocka_unit_test(png_by_threads),
        cmocka_unit_test(png_on_a_full_disk),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
