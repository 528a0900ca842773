/* SPDX-License-Identifier: MIT */
/* A camera's JPEG, to planes: what each sampling becomes, odd sizes, and what is refused. */

#include "live/mjpeg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jpeglib.h>

#define WIDTH 37
#define HEIGHT 25
#define CB 100
#define CR 160
#define QUALITY 95
#define APART 4 /* codes, at that quality */

struct sampling {
    int h, v, components;
    enum impasto_pixel_format format;
};

static const struct sampling samplings[] = {{2, 2, 3, IMPASTO_PIXELS_I420},
                                            {2, 1, 3, IMPASTO_PIXELS_I422},
                                            {1, 1, 3, IMPASTO_PIXELS_I444},
                                            {1, 1, 1, IMPASTO_PIXELS_GRAY8}};

static unsigned char luma_at(size_t x, size_t y)
{
    return (unsigned char)(40 + 3 * x + 2 * y);
}

/* A slope of luma in one colour, as a JPEG. *bytes: to be freed. */
static unsigned long encode(const struct sampling *s, unsigned char **bytes)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    unsigned long size = 0;
    *bytes = NULL;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, bytes, &size);
    jpeg.image_width = WIDTH;
    jpeg.image_height = HEIGHT;
    jpeg.input_components = s->components;
    jpeg.in_color_space = s->components == 3 ? JCS_YCbCr : JCS_GRAYSCALE;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, QUALITY, TRUE);
    jpeg.comp_info[0].h_samp_factor = s->h;
    jpeg.comp_info[0].v_samp_factor = s->v;
    jpeg_start_compress(&jpeg, TRUE);
    for (size_t y = 0; y < HEIGHT; y++) {
        unsigned char row[3 * WIDTH], *rows[1] = {row};
        for (size_t x = 0; x < WIDTH; x++) {
            unsigned char *pixel = row + x * (size_t)s->components;
            pixel[0] = luma_at(x, y);
            if (s->components == 3) {
                pixel[1] = CB;
                pixel[2] = CR;
            }
        }
        jpeg_write_scanlines(&jpeg, rows, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    return size;
}

/* Without its Huffman tables, as most cameras send it. Returns the new size. */
static size_t strip_tables(unsigned char *bytes, size_t size)
{
    for (size_t at = 2; at + 4 < size && bytes[at] == 0xff && bytes[at + 1] != 0xda;) {
        const size_t length = 2 + ((size_t)bytes[at + 2] << 8) + bytes[at + 3];
        if (bytes[at + 1] == 0xc4) {
            memmove(bytes + at, bytes + at + length, size - at - length);
            size -= length;
        } else {
            at += length;
        }
    }
    return size;
}

static struct impasto_pixels frame_of(enum impasto_pixel_format format, unsigned char **memory)
{
    struct impasto_pixels frame = {
        .struct_size = sizeof(frame), .format = format, .width = WIDTH, .height = HEIGHT};
    const size_t bytes = impasto_pixels_lay(&frame, NULL);
    *memory = calloc(1, bytes);
    assert_non_null(*memory);
    (void)impasto_pixels_lay(&frame, *memory);
    return frame;
}

static void expect_plane(const struct impasto_pixels *frame, int plane, size_t rows, int value)
{
    for (size_t y = 0; frame->plane[plane] && y < rows; y++)
        for (size_t x = 0; x < frame->stride[plane]; x++) {
            const int found = frame->plane[plane][y * frame->stride[plane] + x];
            assert_in_range(found + APART - (value < 0 ? luma_at(x, y) : value), 0, 2 * APART);
        }
}

static void expect_decoded(struct imp_mjpeg *mjpeg, const struct sampling *s,
                           const unsigned char *bytes, size_t size)
{
    unsigned char *memory;
    enum impasto_pixel_format format;
    assert_true(imp_mjpeg_look(mjpeg, bytes, size, &format));
    assert_int_equal(format, s->format);
    const struct impasto_pixels frame = frame_of(format, &memory);
    const size_t rows = s->v == 2 ? (HEIGHT + 1) / 2 : HEIGHT;
    assert_true(imp_mjpeg_decode(mjpeg, bytes, size, &frame));
    expect_plane(&frame, 0, HEIGHT, -1);
    expect_plane(&frame, 1, rows, CB);
    expect_plane(&frame, 2, rows, CR);
    free(memory);
}

static void planes_are_those_of_the_frame(void **state)
{
    struct imp_mjpeg *mjpeg = imp_mjpeg_open();
    (void)state;
    for (size_t i = 0; i < sizeof(samplings) / sizeof(*samplings); i++) {
        unsigned char *bytes;
        const size_t size = encode(&samplings[i], &bytes);
        expect_decoded(mjpeg, &samplings[i], bytes, size);
        const size_t stripped = strip_tables(bytes, size);
        assert_true(stripped < size);
        expect_decoded(mjpeg, &samplings[i], bytes, stripped);
        free(bytes);
    }
    imp_mjpeg_close(mjpeg);
}

/* A frame that is not whole, or not as the others are, is none; the next one is. */
static void refuses_what_is_no_such_frame(void **state)
{
    struct imp_mjpeg *mjpeg = imp_mjpeg_open();
    unsigned char *bytes, *memory;
    enum impasto_pixel_format format;
    (void)state;
    const size_t size = encode(&samplings[0], &bytes);
    struct impasto_pixels frame = frame_of(samplings[0].format, &memory);
    assert_false(imp_mjpeg_look(mjpeg, (const unsigned char *)"no JPEG", 7, &format));
    assert_false(imp_mjpeg_decode(mjpeg, (const unsigned char *)"no JPEG", 7, &frame));
    assert_false(imp_mjpeg_decode(mjpeg, bytes, size / 2, &frame));
    frame.format = IMPASTO_PIXELS_I422;
    assert_false(imp_mjpeg_decode(mjpeg, bytes, size, &frame));
    frame.format = samplings[0].format;
    frame.width--;
    assert_false(imp_mjpeg_decode(mjpeg, bytes, size, &frame));
    frame.width++;
    assert_true(imp_mjpeg_decode(mjpeg, bytes, size, &frame));
    imp_mjpeg_close(mjpeg);
    free(bytes);
    free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(planes_are_those_of_the_frame),
        cmocka_unit_test(refuses_what_is_no_such_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
