/* SPDX-License-Identifier: MIT */
/* Results are known again by what they say of their writer; other files, whatever they say, are
 * not. */

#include "fixtures.h"
#include "image_files.h"

#include <stdio.h>

#define MUTATIONS 3000

static bool is_result(const char *path)
{
    struct impasto_error error = {0};
    bool result = false;
    if (impasto_image_is_result(path, &result, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    return result;
}

static void what_is_saved(void **state)
{
    (void)state;
    char name[32];
    const struct impasto_format_info *info;
    for (int privacy = IMPASTO_PRIVACY_PRIVATE; privacy <= IMPASTO_PRIVACY_NONE; privacy++)
        for (int settings = 0; settings < 2; settings++)
            for (size_t i = 0; (info = impasto_image_format(i)); i++)
                for (int bits = 8; info->writes && bits <= info->bits; bits += 8) {
                    snprintf(name, sizeof(name), "a%s", info->extensions[0]);
                    struct impasto_image *image = blank_picture(20, 10);
                    const struct impasto_save_options options = {.struct_size = sizeof(options),
                                                                 .privacy =
                                                                     (enum impasto_privacy)privacy,
                                                                 .bits = bits};
                    image->settings = settings ? strdup("{}") : NULL;
                    image->metadata.exif.data = malloc(64);
                    image->metadata.exif.size = make_exif(image->metadata.exif.data, false, 1);
                    assert_int_equal(impasto_image_save(image, in_folder(name), &options, NULL),
                                     IMPASTO_OK);
                    assert_true(is_result(in_folder(name)));
                    impasto_image_free(&image);
                }
}

static void other_pictures(void **state)
{
    (void)state;
    unsigned char exif[64];
    const struct png_case png = {.type = PNG_COLOR_TYPE_RGB,
                                 .depth = 8,
                                 .exif = exif,
                                 .exif_size = make_exif(exif, true, 1)};
    const struct jpeg_case jpeg = {.space = JCS_RGB, .exif = exif, .exif_size = png.exif_size};
    write_png(in_folder("b.png"), &png);
    assert_false(is_result(in_folder("b.png")));
    write_jpeg(in_folder("b.jpg"), &jpeg);
    assert_false(is_result(in_folder("b.jpg")));
}

/* ---- Files by hand --------------------------------------------------------------------------- */

#define PNG_HEAD "\x89PNG\r\n\x1a\n"
#define TIFF_OF(text) "II*\0\x08\0\0\0\x01\0\x31\x01\x02\0\x0e\0\0\0\x1a\0\0\0\0\0\0\0" text "\0"
#define BIG_TIFF_OF(text)                                                                          \
    "MM\0*\0\0\0\x08\0\x01\x01\x31\0\x02\0\0\0\x0e\0\0\0\x1a\0\0\0\0" text "\0"
#define BYTES(text) text, sizeof(text) - 1

static const struct {
    const char *bytes;
    size_t size;
    bool result;
} cases[] = {
    {BYTES(PNG_HEAD "\0\0\0\x16tEXtSoftware\0Impasto 0.1.0"), true},
    {BYTES(PNG_HEAD "\0\0\0\x03IDATxyz....\0\0\0\x16tEXtSoftware\0Impasto 0.1.0"), true},
    {BYTES(PNG_HEAD "\0\0\0\x0eiTXtImpasto\0\0\0\0\0{}...."), true},
    {BYTES(PNG_HEAD "\0\0\0\x0atEXtImpasto\0{}...."), true},
    {BYTES(PNG_HEAD "\0\0\0\x16tEXtSoftware\0GIMP 2.10.34."), false},
    {BYTES(PNG_HEAD "\0\0\0\x1ctEXtSoftware\0Impasto 3, oil on canvas"), false},
    {BYTES(PNG_HEAD "\0\0\0\x13tEXtTitle\0Impasto 0.1.0"), false},
    {BYTES(PNG_HEAD "\0\0\0\x16tEXtSoftware\0Impasto 0.1"), false}, /* cut short */
    {BYTES(PNG_HEAD "\xff\xff\xff\xfftEXtSoftware\0Impasto 0.1.0"), false},
    {BYTES(PNG_HEAD "\0\0\0\x0dtEXuSoftware\0Impa"), false},
    {BYTES("\xff\xd8\xff\xfe\0\x0fImpasto 0.1.0\xff\xd9"), true},
    {BYTES("\xff\xd8\xff\xff\xff\xfe\0\x0fImpasto 1.2.0\xff\xd9"), true},
    {BYTES("\xff\xd8\xff\xfe\0\x0bI paint.\0\xff\xfe\0\x13Impasto 10.20.3-rc1"), true},
    {BYTES("\xff\xd8\xff\xfe\0\x1aImpasto 3, oil on canvas"), false},
    {BYTES("\xff\xd8\xff\xfe\0\x09Impasto"), false},
    {BYTES("\xff\xd8\xff\xda\0\x02\xff\xfe\0\x0fImpasto 0.1.0\xff\xd9"), false}, /* in a scan */
    {BYTES("\xff\xd8\xff\xfe\0\x01Impasto 0.1.0\xff\xd9"), false},
    {BYTES("\xff\xd8\xff\xe1\0\x30"
           "Exif\0\0" TIFF_OF("Impasto 0.1.0")),
     true},
    {BYTES("\xff\xd8\xff\xe1\0\x20"
           "Exif\0\0" TIFF_OF("Impasto 0.1.0")),
     false}, /* not all in it */
    {BYTES(TIFF_OF("Impasto 0.1.0")), true},
    {BYTES(BIG_TIFF_OF("Impasto 0.1.0")), true},
    {BYTES(TIFF_OF("Darktable 4.2")), false},
    {BYTES("II*\0\xff\xff\xff\xff"), false},
    {BYTES("RIFF\0\0\0\0WEBPVP8 \x03\0\0\0abc.EXIF\x28\0\0\0" TIFF_OF("Impasto 0.1.0")), true},
    {BYTES("RIFF\0\0\0\0WEBPEXIF\x2e\0\0\0"
           "Exif\0\0" BIG_TIFF_OF("Impasto 0.1.0")),
     true},
    {BYTES("RIFF\0\0\0\0WEBPVP8 \xff\xff\xff\xff"), false},
    {BYTES("RIFF\0\0\0\0WAVEfmt \0\0\0\0"), false},
    {BYTES("Impasto 0.1.0"), false},
    {"", 0, false},
};

static void by_hand(void **state)
{
    (void)state;
    for (size_t i = 0; i < IMP_COUNT(cases); i++) {
        write_bytes(in_folder("c"), cases[i].bytes, cases[i].size);
        if (is_result(in_folder("c")) != cases[i].result)
            fail_msg("case %zu", i);
    }
}

/* Whatever is in a file: an answer, soon. */
static void damaged_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < IMP_COUNT(cases) - 1; i++)
        for (int k = 0; k < MUTATIONS / (int)IMP_COUNT(cases); k++) {
            unsigned char changed[128];
            assert_true(cases[i].size <= sizeof(changed));
            write_bytes(in_folder("d"), changed,
                        damage((const unsigned char *)cases[i].bytes, cases[i].size,
                               cases[i].size > 8 ? cases[i].size - 8 : 1, 70 + (uint32_t)i, k,
                               changed));
            (void)is_result(in_folder("d"));
        }
}

/* Chunks without an end that claim nothing: 4 GB of zeros, which take no room on the disk. */
static void endless_chunks(void **state)
{
    (void)state;
    static const char *const heads[] = {PNG_HEAD, "RIFF\0\0\0\0WEBP"};
    for (size_t i = 0; i < IMP_COUNT(heads); i++) {
        write_bytes(in_folder("long"), heads[i], i == 0 ? 8 : 12);
        assert_int_equal(truncate(in_folder("long"), (off_t)1 << 32), 0);
        assert_false(is_result(in_folder("long")));
    }
    unlink(in_folder("long"));
}

static void no_file(void **state)
{
    (void)state;
    static const char *const names[] = {"missing.png", ".", "fifo"};
    assert_int_equal(mkfifo(in_folder("fifo"), 0600), 0);
    for (size_t i = 0; i < IMP_COUNT(names); i++) {
        struct impasto_error error = {0};
        bool result = true;
        assert_int_equal(impasto_image_is_result(in_folder(names[i]), &result, &error),
                         IMPASTO_ERROR_INPUT);
        assert_true(result);
        assert_non_null(strstr(error.message, in_folder(names[i])));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_saved),  cmocka_unit_test(other_pictures),
        cmocka_unit_test(by_hand),        cmocka_unit_test(damaged_files),
        cmocka_unit_test(endless_chunks), cmocka_unit_test(no_file),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
