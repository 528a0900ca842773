/* SPDX-License-Identifier: MIT */
/* The settings that travel in a PNG file's text chunks: what goes in comes back, and what strangers
 * put there instead does no harm. */

#include "files.h"
#include "fixtures.h"
#include "image/image.h"

#include <zlib.h>

#define SIDE 8

/* ---- Files ----------------------------------------------------------------------------------- */

static struct impasto_image *create(const char *settings)
{
    struct impasto_image *image = blank_picture(SIDE, SIDE);
    for (int i = 0; i < 3 * SIDE * SIDE; i++)
        image->rgb[i] = (float)(i % 256) / 255;
    image->settings = settings ? strdup(settings) : NULL;
    return image;
}

static void save(const char *path, const char *settings)
{
    struct impasto_image *image = create(settings);
    assert_int_equal(impasto_image_save(image, path, NULL, NULL), IMPASTO_OK);
    impasto_image_free(&image);
}

/* Both ways to the settings must find `expected` (NULL: none), and the first the pixels, too. */
static void expect_settings(const char *path, const char *expected)
{
    struct impasto_image *image = NULL, *pixels = create(NULL);
    struct impasto_error error = {0};
    char *alone = NULL;
    if (impasto_image_load(path, 0, &image, &error) != IMPASTO_OK ||
        impasto_image_load_settings(path, &alone, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    if (expected) {
        assert_non_null(image->settings);
        assert_non_null(alone);
        assert_string_equal(image->settings, expected);
        assert_string_equal(alone, expected);
    } else {
        assert_null(image->settings);
        assert_null(alone);
    }
    assert_memory_equal(image->rgb, pixels->rgb, 3 * SIDE * SIDE * sizeof(float));
    free(alone);
    impasto_image_free(&image);
    impasto_image_free(&pixels);
}

struct chunk {
    const char *type, *data;
    size_t size;
    bool late; /* after the pixels */
};

static void put_chunk(FILE *file, const char *type, const void *data, size_t size)
{
    const unsigned long crc = crc32(crc32(0, (const unsigned char *)type, 4), data, (unsigned)size);
    const unsigned char head[4] = {(unsigned char)(size >> 24), (unsigned char)(size >> 16),
                                   (unsigned char)(size >> 8), (unsigned char)size};
    const unsigned char tail[4] = {(unsigned char)(crc >> 24), (unsigned char)(crc >> 16),
                                   (unsigned char)(crc >> 8), (unsigned char)crc};
    assert_int_equal(fwrite(head, 1, 4, file) + fwrite(type, 1, 4, file), 8);
    assert_int_equal(fwrite(data, 1, size, file) + fwrite(tail, 1, 4, file), size + 4);
}

/* The picture without settings, and these chunks after IHDR or before IEND. */
static void write_with(const char *path, const struct chunk *chunks, size_t count)
{
    enum { SIGNATURE_AND_IHDR = 8 + 25, IEND = 12 };
    size_t size;
    save(in_folder("plain.png"), NULL);
    unsigned char *plain = read_bytes(in_folder("plain.png"), &size);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(plain, 1, SIGNATURE_AND_IHDR, file), SIGNATURE_AND_IHDR);
    for (size_t i = 0; i < count; i++)
        if (!chunks[i].late)
            put_chunk(file, chunks[i].type, chunks[i].data, chunks[i].size);
    const size_t middle = size - SIGNATURE_AND_IHDR - IEND;
    assert_int_equal(fwrite(plain + SIGNATURE_AND_IHDR, 1, middle, file), middle);
    for (size_t i = 0; i < count; i++)
        if (chunks[i].late)
            put_chunk(file, chunks[i].type, chunks[i].data, chunks[i].size);
    assert_int_equal(fwrite(plain + size - IEND, 1, IEND, file), IEND);
    assert_int_equal(fclose(file), 0);
    free(plain);
}

#define CHUNK(type, data) type, data, sizeof(data) - 1

/* ---- Tests ----------------------------------------------------------------------------------- */

static void round_trips(void **state)
{
    (void)state;
    static const char *const settings[] = {
        NULL,
        "{\"size\":512}",
        "a\tb\r\nc \x7f",
        "Gr\xc3\xbc\xc3\x9f"
        "e \xe2\x80\xa6 \xf0\x9f\x8e\xa8",
    };
    for (size_t i = 0; i < IMP_COUNT(settings); i++) {
        save(in_folder("a.png"), settings[i]);
        expect_settings(in_folder("a.png"), settings[i]);
    }
    /* Nothing to say is the same as nothing said. */
    save(in_folder("a.png"), "");
    expect_settings(in_folder("a.png"), NULL);
}

static void largest(void **state)
{
    (void)state;
    struct impasto_error error = {0};
    char *text = malloc(IMPASTO_SETTINGS_MOST + 2);
    memset(text, 'x', IMPASTO_SETTINGS_MOST + 1);
    text[IMPASTO_SETTINGS_MOST + 1] = 0;
    struct impasto_image *image = create(text);
    assert_int_equal(impasto_image_save(image, in_folder("long.png"), NULL, &error),
                     IMPASTO_ERROR_USAGE);
    assert_non_null(strstr(error.message, "1048576"));
    assert_int_not_equal(access(in_folder("long.png"), F_OK), 0);
    impasto_image_free(&image);
    text[IMPASTO_SETTINGS_MOST] = 0;
    save(in_folder("long.png"), text);
    expect_settings(in_folder("long.png"), text);
    free(text);
}

static void what_is_not_utf8_is_not_saved(void **state)
{
    (void)state;
    static const char *const settings[] = {"\xff",     "cut \xc3", "\xed\xa0\x80",
                                           "\xc0\x80", "\x80",     "\xf5\x80\x80\x80"};
    for (size_t i = 0; i < IMP_COUNT(settings); i++) {
        struct impasto_image *image = create(settings[i]);
        struct impasto_error error = {0};
        assert_int_equal(impasto_image_save(image, in_folder("no.png"), NULL, &error),
                         IMPASTO_ERROR_USAGE);
        assert_non_null(strstr(error.message, "UTF-8"));
        assert_int_not_equal(access(in_folder("no.png"), F_OK), 0);
        impasto_image_free(&image);
    }
}

static void equal_bytes(void **state)
{
    (void)state;
    size_t sizes[2];
    save(in_folder("a.png"), "x");
    save(in_folder("b.png"), "x");
    unsigned char *a = read_bytes(in_folder("a.png"), &sizes[0]);
    unsigned char *b = read_bytes(in_folder("b.png"), &sizes[1]);
    assert_int_equal(sizes[0], sizes[1]);
    assert_memory_equal(a, b, sizes[0]);
    free(a);
    free(b);
}

static void any_kind_of_chunk(void **state)
{
    (void)state;
    const struct chunk cases[] = {
        {CHUNK("iTXt", "Impasto\0\0\0\0\0text"), false},
        {CHUNK("iTXt", "Impasto\0\0\0\0\0text"), true},
        {CHUNK("iTXt", "Impasto\0\0\0en\0Impasto\0text"), false},
        {CHUNK("tEXt", "Impasto\0text"), false},
        {CHUNK("tEXt", "Impasto\0text"), true},
        /* "text" by zlib, as zTXt and as iTXt. */
        {CHUNK("zTXt", "Impasto\0\0\x78\x9c\x2b\x49\xad\x28\x01\x00\x04\x67\x01\xc6"), false},
        {CHUNK("iTXt", "Impasto\0\1\0\0\0\x78\x9c\x2b\x49\xad\x28\x01\x00\x04\x67\x01\xc6"), true},
    };
    for (size_t i = 0; i < IMP_COUNT(cases); i++) {
        write_with(in_folder("t.png"), &cases[i], 1);
        expect_settings(in_folder("t.png"), "text");
    }
}

/* Chunks that are damaged, foreign or unfit: the picture is read, the settings are not. */
static void unfit_chunks(void **state)
{
    (void)state;
    const struct chunk cases[] = {
        {CHUNK("tEXt", "Impasto"), false},
        {CHUNK("tEXt", "Impasto\0"), false},
        {CHUNK("tEXt", "impasto\0text"), false},
        {CHUNK("tEXt", "Impasto2\0text"), false},
        {CHUNK("tEXt", "Impasto\0\xe9t\xe9"), false}, /* Latin-1 */
        {CHUNK("iTXt", "Impasto\0\0\0\0\0\xff"), false},
        {CHUNK("iTXt", "Impasto\0\0\0"), false},
        {CHUNK("iTXt", "Impasto\0\7\0\0\0text"), false},
        {CHUNK("iTXt", "Impasto\0\1\0\0\0not by zlib"), false},
        {CHUNK("zTXt", "Impasto\0\0\x78\x9c\x2b\x49"), false},
    };
    for (size_t i = 0; i < IMP_COUNT(cases); i++) {
        write_with(in_folder("t.png"), &cases[i], 1);
        expect_settings(in_folder("t.png"), NULL);
    }
}

static void the_first_fit_text_counts(void **state)
{
    (void)state;
    const struct chunk chunks[] = {
        {CHUNK("tEXt", "Comment\0other"), false},
        {CHUNK("iTXt", "Impasto\0\0\0\0\0\xff"), false},
        {CHUNK("iTXt", "Impasto\0\0\0\0\0first"), false},
        {CHUNK("tEXt", "Impasto\0second"), true},
    };
    write_with(in_folder("t.png"), chunks, IMP_COUNT(chunks));
    expect_settings(in_folder("t.png"), "first");
}

static void too_long_for_settings(void **state)
{
    (void)state;
    static const char head[] = "Impasto\0\0\0\0";
    const size_t size = sizeof(head) + IMPASTO_SETTINGS_MOST + 1;
    char *data = malloc(size);
    memset(data, 'x', size);
    memcpy(data, head, sizeof(head));
    const struct chunk chunk = {"iTXt", data, size, false};
    write_with(in_folder("t.png"), &chunk, 1);
    expect_settings(in_folder("t.png"), NULL);
    free(data);
}

/* 200 MB of one letter, which zlib makes into 200 KB. */
static void bombs(void **state)
{
    (void)state;
    static const char head[] = "Impasto\0\1\0\0";
    enum { LETTERS = 200000000, PIECE = 1 << 16 };
    static unsigned char piece[PIECE];
    const size_t room = 1 << 20;
    unsigned char *data = malloc(room);
    memset(piece, 'x', PIECE);
    memcpy(data, head, sizeof(head));
    z_stream stream = {.next_out = data + sizeof(head),
                       .avail_out = (unsigned)(room - sizeof(head))};
    assert_int_equal(deflateInit(&stream, 9), Z_OK);
    for (int left = LETTERS; left > 0; left -= PIECE) {
        stream.next_in = piece;
        stream.avail_in = PIECE;
        assert_int_equal(deflate(&stream, left > PIECE ? Z_NO_FLUSH : Z_FINISH),
                         left > PIECE ? Z_OK : Z_STREAM_END);
    }
    const struct chunk chunk = {"iTXt", (char *)data, sizeof(head) + stream.total_out, false};
    write_with(in_folder("t.png"), &chunk, 1);
    expect_settings(in_folder("t.png"), NULL);
    deflateEnd(&stream);
    free(data);
}

static void refused_files(void **state)
{
    (void)state;
    static const struct {
        const char *name, *bytes, *reason;
    } cases[] = {
        {"text.png", "This is a text.", "is text"},  {"empty.png", "", "empty"},
        {"cut.png", "\x89PNG\r\n\x1a\n", "damaged"}, {".", NULL, "folder"},
        {"none.png", NULL, "cannot be opened"},
    };
    for (size_t i = 0; i < IMP_COUNT(cases); i++) {
        struct impasto_error error = {0};
        char *settings = NULL;
        if (cases[i].bytes)
            write_bytes(in_folder(cases[i].name), cases[i].bytes, strlen(cases[i].bytes));
        assert_int_equal(impasto_image_load_settings(in_folder(cases[i].name), &settings, &error),
                         IMPASTO_ERROR_INPUT);
        assert_null(settings);
        if (!strstr(error.message, cases[i].reason))
            fail_msg("%s", error.message);
    }
}

static void others_keep_none(void **state)
{
    (void)state;
    struct impasto_image *image = create("{\"size\":8}"), *other = NULL;
    char *settings = NULL;
    assert_int_equal(impasto_image_save(image, in_folder("a.jpg"), NULL, NULL), IMPASTO_OK);
    assert_int_equal(impasto_image_load_settings(in_folder("a.jpg"), &settings, NULL), IMPASTO_OK);
    assert_null(settings);
    assert_int_equal(imp_image_resize(image, 4, 4, &other, NULL), IMPASTO_OK);
    assert_null(other->settings);
    impasto_image_free(&other);
    impasto_image_free(&image);
}

/* However a file is damaged: an error or settings that are text, never worse. */
static void damaged_files(void **state)
{
    (void)state;
    size_t size, read = 0, refused = 0;
    save(in_folder("whole.png"), "{\"size\":512,\"style\":[\"painting.jpg\"]}");
    unsigned char *bytes = read_bytes(in_folder("whole.png"), &size);
    unsigned char *changed = malloc(size);
    for (int i = 0; i < 500; i++) {
        char *settings = NULL;
        struct impasto_error error = {0};
        write_bytes(in_folder("d.png"), changed, damage(bytes, size, size - 8, 50, i, changed));
        if (impasto_image_load_settings(in_folder("d.png"), &settings, &error) == IMPASTO_OK)
            read++;
        else
            refused++, assert_true(error.message[0] != 0);
        assert_true(!settings || imp_is_utf8(settings));
        free(settings);
    }
    assert_true(read > 20 && refused > 50);
    free(bytes);
    free(changed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips),
        cmocka_unit_test(largest),
        cmocka_unit_test(what_is_not_utf8_is_not_saved),
        cmocka_unit_test(equal_bytes),
        cmocka_unit_test(any_kind_of_chunk),
        cmocka_unit_test(unfit_chunks),
        cmocka_unit_test(the_first_fit_text_counts),
        cmocka_unit_test(too_long_for_settings),
        cmocka_unit_test(bombs),
        cmocka_unit_test(refused_files),
        cmocka_unit_test(others_keep_none),
        cmocka_unit_test(damaged_files),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
