/* SPDX-License-Identifier: MIT */
/* What the EXIF of a result says: nothing that is true of the photograph alone, no more than was
 * asked for, and nothing of what hostile blocks try. */

#include "metadata_blocks.h"

#define MUTATIONS 4000

static void exif_of_a_result(void **state)
{
    (void)state;
    static const char writer[] = IMP_IMAGE_WRITER;
    static const char *const always[] = {"Maker",   "Model 3",    "2020:01:02 03:04:05",
                                         "(c) Ann", "Ann Artist", "50mm F1.8",
                                         writer,    "R98"};
    static const char *const kept[] = {"my children", "Olga Owner", "serial 12345"};
    static const char *const never[] = {"unpainted",     "Firmware 1.0", "0123456789abcdef", "R03",
                                        "a private tag", "not bytes",    "\xff\xd8\xff"};
    for (int big = 0; big < 2; big++)
        for (int keep = 0; keep < 2; keep++) {
            struct impasto_metadata source = {.exif = camera_exif(big != 0)};
            assert_true(says(&source.exif, "unpainted"));
            const enum impasto_privacy privacy =
                keep ? IMPASTO_PRIVACY_KEEP : IMPASTO_PRIVACY_PRIVATE;
            struct impasto_metadata out = select_from(&source, privacy);
            assert_memory_equal(out.exif.data, big ? "MM" : "II", 2);
            for (size_t i = 0; i < IMP_COUNT(always); i++)
                assert_true(says(&out.exif, always[i]));
            for (size_t i = 0; i < IMP_COUNT(kept); i++)
                assert_int_equal(says(&out.exif, kept[i]), keep);
            for (size_t i = 0; i < IMP_COUNT(never); i++)
                assert_false(says(&out.exif, never[i]));
            assert_int_equal(number_of(&out.exif, 0, 0x0112), 1);
            assert_int_equal(number_of(&out.exif, 0, 0x0100), UINT32_MAX);
            assert_int_equal(number_of(&out.exif, 0, 0x0201), UINT32_MAX);
            assert_int_equal(number_of(&out.exif, 0, 0x8825) != UINT32_MAX, keep);
            assert_int_equal(number_of(&out.exif, 0x8769, 0xa001), 1);
            assert_int_equal(number_of(&out.exif, 0x8769, 0xa002), 40);
            assert_int_equal(number_of(&out.exif, 0x8769, 0xa003), 30);
            /* What a file says of an unknown density is what the standard says. */
            assert_near((float)out.density[0], 72, 0);
            /* Once more changes nothing. */
            struct impasto_metadata again = select_from(&out, privacy);
            assert_int_equal(again.exif.size, out.exif.size);
            assert_memory_equal(again.exif.data, out.exif.data, out.exif.size);
            imp_metadata_free(&again);
            imp_metadata_free(&out);
            out = select_from(&source, IMPASTO_PRIVACY_NONE);
            assert_null(out.exif.data);
            imp_metadata_free(&source);
        }
}

/* Whatever a block says: in the result are sorted directories, whose values are in the block, and
 * no part of a preview. */
static void check_block(const struct impasto_block *block)
{
    static const unsigned links[] = {0, 0x8769, 0x8825};
    struct imp_exif exif;
    struct imp_exif_value value;
    assert_true(imp_exif_open(block, &exif) && block->size <= 65500);
    for (size_t i = 0; i < IMP_COUNT(links); i++) {
        size_t directory = exif.first;
        if (links[i]) {
            if (!imp_exif_find(&exif, exif.first, links[i], &value))
                continue;
            directory = imp_exif_32(&exif, value.bytes);
        }
        long last = -1;
        for (unsigned k = 0; imp_exif_entry(&exif, directory, k, &value); k++) {
            assert_true((long)value.tag > last && value.bytes);
            last = (long)value.tag;
        }
        assert_true(last >= 0);
    }
    assert_false(contains(block, "\xff\xd8\xff", 3));
}

static void damaged_exif(void **state)
{
    (void)state;
    const struct impasto_block sound = camera_exif(true);
    unsigned char *changed = malloc(sound.size);
    int written = 0;
    for (int i = 0; i < MUTATIONS; i++) {
        const size_t size = damage(sound.data, sound.size, sound.size - 8, 80, i, changed);
        /* An exact allocation, so that a sanitizer sees the first byte beyond. */
        struct impasto_metadata source = {.exif = {.data = malloc(size ? size : 1), .size = size}};
        memcpy(source.exif.data, changed, size);
        struct impasto_metadata out = select_from(&source, IMPASTO_PRIVACY_KEEP);
        if (out.exif.data)
            check_block(&out.exif);
        written += out.exif.data != NULL;
        imp_metadata_free(&out);
        imp_metadata_free(&source);
    }
    assert_true(written > MUTATIONS / 2);
    free(changed);
    free(sound.data);
}

/* Its first directory follows at once. */
static const unsigned char tiff_header[] = {'M', 'M', 0, '*', 0, 0, 0, 8};

/* Values that share their bytes, so that a small block would become one of a gigabyte. */
static void exif_bombs(void **state)
{
    (void)state;
    enum { VALUES = 3000, SIZE = 8 + 2 + 12 * VALUES + 4 + 60000 };
    struct impasto_metadata source = {.exif = {.data = calloc(1, SIZE), .size = SIZE}};
    unsigned char *at = source.exif.data + 10;
    memcpy(source.exif.data, tiff_header, sizeof(tiff_header));
    put(true, VALUES, 2, source.exif.data + 8);
    for (int i = 0; i < VALUES; i++, at += 12) {
        put(true, i % 2 ? 0x9c9b : 0x010f, 2, at);
        put(true, i % 2 ? IMP_EXIF_BYTE : IMP_EXIF_ASCII, 2, at + 2);
        put(true, 40000, 4, at + 4);
        put(true, 12 * VALUES, 4, at + 8);
    }
    struct impasto_metadata out = select_from(&source, IMPASTO_PRIVACY_KEEP);
    check_block(&out.exif);
    assert_int_equal(number_of(&out.exif, 0x8769, 0xa001), 1);
    imp_metadata_free(&out);
    imp_metadata_free(&source);
}

/* One tag again and again, each time with much to look at: that takes no minutes. */
static void exif_that_repeats(void **state)
{
    (void)state;
    enum { VALUES = 65535, MUCH = 2000000, SIZE = 8 + 2 + 12 * VALUES + 4 + MUCH };
    struct impasto_metadata source = {.exif = {.data = calloc(1, SIZE), .size = SIZE}};
    unsigned char *at = source.exif.data + 10;
    memcpy(source.exif.data, tiff_header, sizeof(tiff_header));
    put(true, VALUES, 2, source.exif.data + 8);
    for (int i = 0; i < VALUES; i++, at += 12) {
        put(true, 0x010f, 2, at);
        put(true, IMP_EXIF_ASCII, 2, at + 2);
        put(true, i % 2 ? 60000 : MUCH, 4, at + 4);
        put(true, SIZE - MUCH, 4, at + 8);
    }
    struct impasto_metadata out = select_from(&source, IMPASTO_PRIVACY_KEEP);
    check_block(&out.exif);
    imp_metadata_free(&out);
    imp_metadata_free(&source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exif_of_a_result),
        cmocka_unit_test(damaged_exif),
        cmocka_unit_test(exif_bombs),
        cmocka_unit_test(exif_that_repeats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
