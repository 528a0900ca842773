/* SPDX-License-Identifier: MIT */
/* What a result says of itself beside EXIF and XMP, which have tests of their own: IPTC, what
 * blocks lie in, and all of them through files. */

#include "metadata_blocks.h"

/* ---- IPTC ------------------------------------------------------------------------------------ */

#define CHARSET "\x1c\x01\x5a\0\x03\x1b%G"
#define VERSION "\x1c\x02\0\0\x02\0\x04"
#define CITY "\x1c\x02\x5a\0\x06Zurich"
#define PERSON "\x1c\x02\x76\0\x04Olga"
#define BYLINE                                                                                     \
    "\x1c\x02\x50\0\x03"                                                                           \
    "Ann"
#define DATE                                                                                       \
    "\x1c\x02\x37\0\x08"                                                                           \
    "20200102"
#define NOTICE "\x1c\x02\x74\0\x07(c) Ann"
#define PREVIEW "\x1c\x02\xca\0\x0cthe original"
#define OBJECT "\x1c\x08\x0a\0\x0cthe original"
#define LONG_ONE "\x1c\x02\x78\x80\x04\0\0\0\x01x"
#define BYTES(text)                                                                                \
    {                                                                                              \
        (unsigned char *)(text), sizeof(text) - 1                                                  \
    }

static void iptc_of_a_result(void **state)
{
    (void)state;
    static const struct {
        struct impasto_block source, keep, private;
    } cases[] = {
        {BYTES(CHARSET VERSION CITY DATE BYLINE NOTICE),
         BYTES(CHARSET VERSION CITY DATE BYLINE NOTICE), BYTES(CHARSET VERSION DATE BYLINE NOTICE)},
        {BYTES(VERSION PERSON), BYTES(VERSION PERSON), {0}},
        {BYTES(VERSION NOTICE PREVIEW CITY), BYTES(VERSION NOTICE CITY), BYTES(VERSION NOTICE)},
        {BYTES(NOTICE OBJECT), BYTES(NOTICE), BYTES(NOTICE)},
        {BYTES(NOTICE LONG_ONE CITY), BYTES(NOTICE), BYTES(NOTICE)},
        {BYTES(NOTICE "\x1c\x02\x5a\0\x07Zurich"), BYTES(NOTICE), BYTES(NOTICE)}, /* cut short */
        {BYTES("\0" NOTICE), {0}, {0}},
        {BYTES("\x1c\x02"), {0}, {0}},
    };
    for (size_t i = 0; i < IMP_COUNT(cases); i++) {
        const struct impasto_metadata source = {.iptc = cases[i].source};
        for (int keep = 0; keep < 2; keep++) {
            const struct impasto_block *expected = keep ? &cases[i].keep : &cases[i].private;
            struct impasto_metadata out =
                select_from(&source, keep ? IMPASTO_PRIVACY_KEEP : IMPASTO_PRIVACY_PRIVATE);
            assert_int_equal(out.iptc.size, expected->size);
            if (expected->size)
                assert_memory_equal(out.iptc.data, expected->data, expected->size);
            imp_metadata_free(&out);
        }
        struct impasto_metadata out = select_from(&source, IMPASTO_PRIVACY_NONE);
        assert_null(out.iptc.data);
    }
}

/* Photoshop's resources: around datasets, and with others around. */
static void resources(void **state)
{
    (void)state;
    static const struct {
        struct impasto_block bytes, iptc;
    } cases[] = {
        {BYTES("8BIM\x04\x04\0\0\0\0\0\x03"
               "abc"),
         BYTES("abc")},
        {BYTES("8BIM\x04\x04\0\0\0\0\0\x03"
               "abc\0"),
         BYTES("abc")},
        {BYTES("8BIM\x04\x0c\x01"
               "a\0\0\0\x01x\0"
               "8BIM\x04\x04\x02"
               "ab\0\0\0\0\x01y"),
         BYTES("y")},
        {BYTES("8BIM\x04\x04\0\0\0\0\0\x04"
               "abc"),
         {0}},
        {BYTES("8BIM\x04\x04\0\0\xff\xff\xff\xff"
               "abc"),
         {0}},
        {BYTES("8BIM\x04\x04\xff\0\0\0\0\x03"
               "abc"),
         {0}},
        {BYTES("8BIX\x04\x04\0\0\0\0\0\x03"
               "abc"),
         {0}},
        {BYTES("8BIM\x04\x04\0\0\0\0"), {0}},
    };
    for (size_t i = 0; i < IMP_COUNT(cases); i++) {
        struct impasto_block iptc = {0};
        /* An exact allocation, so that a sanitizer sees the first byte beyond. */
        unsigned char *bytes = malloc(cases[i].bytes.size);
        memcpy(bytes, cases[i].bytes.data, cases[i].bytes.size);
        assert_int_equal(imp_iptc_unwrap(bytes, cases[i].bytes.size, &iptc, NULL), IMPASTO_OK);
        assert_int_equal(iptc.size, cases[i].iptc.size);
        if (iptc.size)
            assert_memory_equal(iptc.data, cases[i].iptc.data, iptc.size);
        free(iptc.data);
        free(bytes);
    }
    struct impasto_block wrapped = {0};
    const struct impasto_block odd = BYTES("abc");
    assert_int_equal(imp_iptc_wrap(&odd, "mark", 4, &wrapped, NULL), IMPASTO_OK);
    assert_int_equal(wrapped.size, 20);
    assert_memory_equal(wrapped.data,
                        "mark8BIM\x04\x04\0\0\0\0\0\x03"
                        "abc\0",
                        20);
    free(wrapped.data);
}

static void raw_profiles(void **state)
{
    (void)state;
    static const struct {
        const char *text, *bytes; /* NULL: nothing */
    } cases[] = {
        {"\nexif\n       3\n616263\n", "abc"},
        {"\nexif\n3\n61 62\n6\n3", "abc"},
        {"exif\n       3\n6A6b6C", "jkl"},
        {"\nexif\n       2\n616263\n", "ab"},
        {"\nexif\n       4\n616263\n", NULL},
        {"\nexif\n       3\n6162g3\n", NULL},
        {"\nexif\n99999999999999999999\n61", NULL},
        {"\nexif\n-3\n616263", NULL},
        {"\nexif\n0\n616263", NULL},
        {"\nexif", NULL},
        {"", NULL},
        {"\n\n\n", NULL},
    };
    for (size_t i = 0; i < IMP_COUNT(cases); i++) {
        struct impasto_block block = {0};
        assert_int_equal(imp_raw_profile_read(cases[i].text, &block, NULL), IMPASTO_OK);
        if (!cases[i].bytes && block.data)
            fail_msg("case %zu", i);
        if (cases[i].bytes) {
            assert_int_equal(block.size, strlen(cases[i].bytes));
            assert_memory_equal(block.data, cases[i].bytes, block.size);
        }
        free(block.data);
    }
    unsigned char bytes[300];
    for (size_t size = 1; size <= sizeof(bytes); size++) {
        const struct impasto_block block = {.data = bytes, .size = size};
        struct impasto_block back = {0};
        char *text = NULL;
        bytes[size - 1] = (unsigned char)(size * 7);
        assert_int_equal(imp_raw_profile_write("iptc", &block, &text, NULL), IMPASTO_OK);
        assert_int_equal(imp_raw_profile_read(text, &back, NULL), IMPASTO_OK);
        assert_int_equal(back.size, size);
        assert_memory_equal(back.data, bytes, size);
        free(back.data);
        free(text);
    }
}

/* ---- In files -------------------------------------------------------------------------------- */

/* All of it may come along. */
static const char xmp[] =
    "<?xpacket begin='\xef\xbb\xbf' id='W5M0MpCehiHzreSzNTczkc9d'?>"
    "<x:xmpmeta xmlns:x='adobe:ns:meta/'>"
    "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
    "<rdf:Description rdf:about='' xmlns:dc='http://purl.org/dc/elements/1.1/' dc:title='A'/>"
    "</rdf:RDF></x:xmpmeta><?xpacket end='w'?>";

static void every_block_through_files(void **state)
{
    (void)state;
    static const char *const names[] = {"m.png", "m.jpg"};
    static const double densities[] = {300, 72, 118.11, 0, 5e6};
    for (size_t n = 0; n < IMP_COUNT(names); n++)
        for (size_t d = 0; d < IMP_COUNT(densities); d++) {
            struct impasto_image *image = blank_picture(20, 10), *back;
            image->metadata = (struct impasto_metadata){.exif = camera_exif(d % 2),
                                                        .density = {densities[d], densities[d]}};
            const struct impasto_block iptc = BYTES(VERSION CITY NOTICE);
            assert_int_equal(imp_block_copy(xmp, strlen(xmp), &image->metadata.xmp, NULL),
                             IMPASTO_OK);
            assert_int_equal(imp_block_copy(iptc.data, iptc.size, &image->metadata.iptc, NULL),
                             IMPASTO_OK);
            const struct impasto_save_options keep = {.struct_size = sizeof(keep),
                                                      .privacy = IMPASTO_PRIVACY_KEEP};
            assert_int_equal(impasto_image_save(image, in_folder(names[n]), &keep, NULL),
                             IMPASTO_OK);
            back = expect_image(in_folder(names[n]));
            assert_true(says(&back->metadata.exif, "Olga Owner"));
            assert_int_equal(number_of(&back->metadata.exif, 0x8769, 0xa002), 20);
            assert_int_equal(back->metadata.xmp.size, strlen(xmp));
            assert_memory_equal(back->metadata.xmp.data, xmp, back->metadata.xmp.size);
            assert_int_equal(back->metadata.iptc.size, iptc.size);
            assert_memory_equal(back->metadata.iptc.data, iptc.data, iptc.size);
            const double expected = densities[d] > 0 && densities[d] < 1e6 ? densities[d] : 72;
            assert_near((float)back->metadata.density[0], expected, n == 0 ? 0.02 : 0.5);
            impasto_image_free(&back);
            impasto_image_free(&image);
        }
}

/* A picture that is turned has its densities turned, too. */
static void density_of_turned_pictures(void **state)
{
    (void)state;
    for (int orientation = 1; orientation <= 8; orientation++) {
        struct impasto_image *image = blank_picture(20, 10);
        image->metadata.density[0] = 300;
        image->metadata.density[1] = 150;
        assert_int_equal(imp_exif_turn(&image, orientation, NULL), IMPASTO_OK);
        assert_near((float)image->metadata.density[0], orientation >= 5 ? 150 : 300, 0);
        impasto_image_free(&image);
    }
}

static int count_chunks(const unsigned char *png, size_t size, const char *type,
                        bool *before_pixels)
{
    int count = 0;
    bool pixels = false;
    for (size_t at = 8; at + 12 <= size;) {
        const size_t length = (size_t)png[at] << 24 | (size_t)png[at + 1] << 16 |
                              (size_t)png[at + 2] << 8 | png[at + 3];
        pixels = pixels || memcmp(png + at + 4, "IDAT", 4) == 0;
        if (memcmp(png + at + 4, type, 4) == 0) {
            count++;
            *before_pixels = !pixels;
        }
        at += 12 + length;
    }
    return count;
}

/* libpng before 1.6.40 writes it twice by itself, which makes the file invalid. */
static void one_exif_chunk(void **state)
{
    (void)state;
    struct impasto_image *image = blank_picture(20, 10);
    size_t size;
    bool before = false;
    image->metadata.exif = camera_exif(true);
    assert_int_equal(impasto_image_save(image, in_folder("one.png"), NULL, NULL), IMPASTO_OK);
    unsigned char *png = read_bytes(in_folder("one.png"), &size);
    assert_int_equal(count_chunks(png, size, "eXIf", &before), 1);
    assert_true(before);
    free(png);
    impasto_image_free(&image);
}

static void profile_of_srgb(void **state)
{
    (void)state;
    struct impasto_block a = {0}, b = {0};
    assert_int_equal(imp_srgb_profile(&a, NULL), IMPASTO_OK);
    assert_int_equal(imp_srgb_profile(&b, NULL), IMPASTO_OK);
    assert_true(a.size > 500 && a.size < 3000 && a.size == b.size);
    assert_memory_equal(a.data, b.data, a.size);
    const struct imp_colour_source source = {.profile = a.data, .profile_size = a.size};
    struct imp_colour *colour = imp_colour_open(&source, IMP_COLOUR_RGB);
    for (int i = 0; i <= 255; i++) {
        const float in[3] = {(float)i / 255, (float)(255 - i) / 255, 0.5f};
        float out[3];
        imp_colour_convert(colour, IMP_COLOUR_RGB, in, out, 1);
        for (int k = 0; k < 3; k++)
            assert_near(out[k], (double)in[k], 5e-4);
    }
    imp_colour_close(&colour);
    free(a.data);
    free(b.data);
}

static void signature(void **state)
{
    (void)state;
    struct impasto_block block = {0};
    assert_int_equal(imp_exif_signature(&block, NULL), IMPASTO_OK);
    assert_true(says(&block, IMP_IMAGE_WRITER) && block.size < 64);
    write_bytes(in_folder("s.tif"), block.data, block.size);
    bool result = false;
    assert_int_equal(impasto_image_is_result(in_folder("s.tif"), &result, NULL), IMPASTO_OK);
    assert_true(result);
    free(block.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(iptc_of_a_result),
        cmocka_unit_test(resources),
        cmocka_unit_test(raw_profiles),
        cmocka_unit_test(every_block_through_files),
        cmocka_unit_test(density_of_turned_pictures),
        cmocka_unit_test(one_exif_chunk),
        cmocka_unit_test(profile_of_srgb),
        cmocka_unit_test(signature),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
