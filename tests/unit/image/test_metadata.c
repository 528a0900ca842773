/* SPDX-License-Identifier: MIT */
/* What a result says of itself: nothing that is true of the photograph alone, no more than was
 * asked for, and nothing of what hostile blocks try. */

#include "fixtures.h"
#include "image_files.h"

#include "image/formats.h"

#define MUTATIONS 4000

static struct impasto_block text_block(const char *text)
{
    return (struct impasto_block){.data = (unsigned char *)text, .size = strlen(text)};
}

static bool contains(const struct impasto_block *block, const void *bytes, size_t size)
{
    for (size_t i = 0; i + size <= block->size; i++)
        if (memcmp(block->data + i, bytes, size) == 0)
            return true;
    return false;
}

static bool says(const struct impasto_block *block, const char *text)
{
    return contains(block, text, strlen(text));
}

/* ---- EXIF ------------------------------------------------------------------------------------ */

/* What nobody may find in a result: the data of a thumbnail or preview. */
#define PHOTO "\xff\xd8\xff\xe0 the unpainted photograph \xff\xd9"

enum { IMAGE, EXIF, GPS, INTEROP, THUMBNAIL, SUB, DIRECTORIES };

struct entry {
    int directory, to; /* to: the directory that the value is the place of, or 0 */
    unsigned tag, type;
    const void *bytes;
    unsigned size;
    uint32_t number; /* without bytes: a SHORT or LONG */
};

#define TEXT(directory, tag, text)                                                                 \
    {                                                                                              \
        directory, 0, tag, IMP_EXIF_ASCII, text, sizeof(text), 0                                   \
    }
#define BLOB(directory, tag, text)                                                                 \
    {                                                                                              \
        directory, 0, tag, IMP_EXIF_UNDEFINED, text, sizeof(text) - 1, 0                           \
    }
#define SHORT(directory, tag, number)                                                              \
    {                                                                                              \
        directory, 0, tag, IMP_EXIF_SHORT, NULL, 0, number                                         \
    }
#define LINK(directory, tag, to)                                                                   \
    {                                                                                              \
        directory, to, tag, IMP_EXIF_LONG, NULL, 0, 0                                              \
    }

/* A photograph of a camera that says much, with a thumbnail and previews wherever one was ever
 * seen. */
static const struct entry photograph[] = {
    SHORT(IMAGE, 0x0100, 9999),
    TEXT(IMAGE, 0x010e, "my children"),
    TEXT(IMAGE, 0x010f, "Maker"),
    TEXT(IMAGE, 0x0110, "Model 3"),
    SHORT(IMAGE, 0x0112, 6),
    TEXT(IMAGE, 0x0131, "Firmware 1.0"),
    TEXT(IMAGE, 0x0132, "2020:01:02 03:04:05"),
    TEXT(IMAGE, 0x013b, "Ann Artist"),
    LINK(IMAGE, 0x014a, SUB),
    SHORT(IMAGE, 0x0201, 8), /* a thumbnail in the first directory: the block from there on */
    SHORT(IMAGE, 0x0202, 2000),
    BLOB(IMAGE, 0x501b, PHOTO),
    TEXT(IMAGE, 0x8298, "(c) Ann"),
    BLOB(IMAGE, 0x8649, "8BIM\x04\x0c\0\0 " PHOTO),
    LINK(IMAGE, 0x8769, EXIF),
    LINK(IMAGE, 0x8825, GPS),
    TEXT(IMAGE, 0x9c9c, "not bytes"), /* of another type than it must have */
    TEXT(IMAGE, 0xfe00, "a private tag"),
    TEXT(EXIF, 0x9003, "2020:01:02 03:04:05"),
    BLOB(EXIF, 0x927c, "Maker\0 " PHOTO),
    BLOB(EXIF, 0x9286, "ASCII\0\0\0 " PHOTO),
    SHORT(EXIF, 0xa001, 0xffff),
    SHORT(EXIF, 0xa002, 9999),
    LINK(EXIF, 0xa005, INTEROP),
    SHORT(EXIF, 0xa401, 1),
    TEXT(EXIF, 0xa420, "0123456789abcdef0123456789abcdef"),
    TEXT(EXIF, 0xa430, "Olga Owner"),
    TEXT(EXIF, 0xa431, "serial 12345"),
    TEXT(EXIF, 0xa434, "50mm F1.8"),
    TEXT(GPS, 0x0001, "N"),
    {GPS, 0, 0x0002, IMP_EXIF_RATIONAL,
     "\0\0\0\x2f\0\0\0\x01\0\0\0\x1e\0\0\0\x01\0\0\0\0\0\0\0\x01", 24, 0},
    TEXT(INTEROP, 0x0001, "R03"),
    SHORT(THUMBNAIL, 0x0103, 6),
    BLOB(THUMBNAIL, 0x0201, PHOTO),
    BLOB(SUB, 0x0201, PHOTO),
};

static void put(bool big, uint32_t value, int count, unsigned char *to)
{
    for (int i = 0; i < count; i++)
        to[i] = (unsigned char)(value >> 8 * (big ? count - 1 - i : i));
}

/* Directories in their order, each with its values behind it; IMAGE is followed by THUMBNAIL. */
static struct impasto_block make_block(bool big)
{
    size_t starts[DIRECTORIES + 1] = {8};
    unsigned counts[DIRECTORIES] = {0};
    for (int d = 0; d < DIRECTORIES; d++) {
        starts[d + 1] = starts[d] + 6;
        for (size_t i = 0; i < IMP_COUNT(photograph); i++)
            if (photograph[i].directory == d) {
                starts[d + 1] += 12 + (photograph[i].size + 1) / 2 * 2;
                counts[d]++;
            }
    }
    struct impasto_block block = {.data = calloc(1, starts[DIRECTORIES]),
                                  .size = starts[DIRECTORIES]};
    block.data[0] = block.data[1] = big ? 'M' : 'I';
    put(big, 42, 2, block.data + 2);
    put(big, 8, 4, block.data + 4);
    for (int d = 0; d < DIRECTORIES; d++) {
        unsigned char *at = block.data + starts[d] + 2;
        size_t room = starts[d] + 6 + 12 * counts[d];
        put(big, counts[d], 2, at - 2);
        for (size_t i = 0; i < IMP_COUNT(photograph); i++) {
            const struct entry *e = &photograph[i];
            if (e->directory != d)
                continue;
            put(big, e->tag, 2, at);
            put(big, e->type, 2, at + 2);
            put(big,
                e->type == IMP_EXIF_RATIONAL ? e->size / 8
                : e->bytes                   ? e->size
                                             : 1,
                4, at + 4);
            if (e->size > 4) {
                put(big, (uint32_t)room, 4, at + 8);
                memcpy(block.data + room, e->bytes, e->size);
            } else if (e->bytes) {
                memcpy(at + 8, e->bytes, e->size);
            } else {
                put(big, e->to ? (uint32_t)starts[e->to] : e->number,
                    e->type == IMP_EXIF_LONG ? 4 : 2, at + 8);
            }
            room += (e->size + 1) / 2 * 2;
            at += 12;
        }
        put(big, d == IMAGE ? (uint32_t)starts[THUMBNAIL] : 0, 4, at);
    }
    return block;
}

static struct impasto_metadata select_from(const struct impasto_metadata *metadata,
                                           enum impasto_privacy privacy)
{
    const struct impasto_image image = {.width = 40, .height = 30, .metadata = *metadata};
    struct impasto_metadata selected = {0};
    struct impasto_error error = {0};
    if (imp_metadata_select(&image, privacy, &selected, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    return selected;
}

/* The number or text of a tag in directory IMAGE, or in the one that a tag of it points to. */
static uint32_t number_of(const struct impasto_block *block, unsigned link, unsigned tag)
{
    struct imp_exif exif;
    struct imp_exif_value value;
    assert_true(imp_exif_open(block, &exif));
    size_t directory = exif.first;
    if (link) {
        assert_true(imp_exif_find(&exif, directory, link, &value));
        directory = imp_exif_32(&exif, value.bytes);
    }
    if (!imp_exif_find(&exif, directory, tag, &value))
        return UINT32_MAX;
    return value.type == IMP_EXIF_SHORT ? imp_exif_16(&exif, value.bytes)
                                        : imp_exif_32(&exif, value.bytes);
}

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
            struct impasto_metadata source = {.exif = make_block(big != 0)};
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
    const struct impasto_block sound = make_block(true);
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

/* ---- XMP ------------------------------------------------------------------------------------- */

#define HEAD                                                                                       \
    "<?xpacket begin='\xef\xbb\xbf' id='W5M0MpCehiHzreSzNTczkc9d'?>"                               \
    "<x:xmpmeta xmlns:x='adobe:ns:meta/'>"                                                         \
    "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
#define TAIL "</rdf:RDF></x:xmpmeta><?xpacket end='w'?>"
#define DC " xmlns:dc='http://purl.org/dc/elements/1.1/'"
#define XAP " xmlns:xmp='http://ns.adobe.com/xap/1.0/'"
#define TIFF " xmlns:tiff='http://ns.adobe.com/tiff/1.0/'"
#define OF "<rdf:Description rdf:about=''"
#define RIGHTS                                                                                     \
    "<dc:rights><rdf:Alt><rdf:li xml:lang='x-default'>(c) Ann</rdf:li></rdf:Alt></dc:rights>"
#define WORD "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/&#xA;"
#define WORDS WORD WORD WORD WORD WORD WORD WORD WORD WORD WORD WORD WORD WORD WORD WORD WORD WORD

#define LINE "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/\n   "
#define LINES LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE
#define KEYS "paint\nbrush\ncanvas\nvarnish\neasel\npalette\nlinseed oil\nprimer\nframe\nlight\n"
#define KEYWORDS KEYS KEYS KEYS KEYS KEYS KEYS KEYS KEYS KEYS KEYS KEYS KEYS KEYS KEYS KEYS KEYS

static const struct {
    const char *source, *keep, *private; /* NULL: nothing is left */
} packets[] = {
    /* All may come along: the same bytes. */
    {HEAD OF DC " dc:title='A &amp; B'>" RIGHTS "</rdf:Description>" TAIL,
     HEAD OF DC " dc:title='A &amp; B'>" RIGHTS "</rdf:Description>" TAIL,
     HEAD OF DC ">" RIGHTS "</rdf:Description>" TAIL},
    {HEAD "<rdf:Description rdf:about='uuid:1'" DC " >\n " RIGHTS "\n</rdf:Description >\n" TAIL,
     HEAD "<rdf:Description rdf:about='uuid:1'" DC " >\n " RIGHTS "\n</rdf:Description >\n" TAIL,
     HEAD "<rdf:Description rdf:about=''" DC " >\n " RIGHTS "\n</rdf:Description >\n" TAIL},
    /* Which way up, as attribute and as element, under any prefix. */
    {HEAD OF DC TIFF " tiff:Orientation='6'>" RIGHTS "</rdf:Description>" TAIL,
     HEAD OF DC TIFF ">" RIGHTS "</rdf:Description>" TAIL,
     HEAD OF DC TIFF ">" RIGHTS "</rdf:Description>" TAIL},
    {HEAD OF DC " xmlns:t='http://ns.adobe.com/tiff/1.0/'><t:Orientation>6</t:Orientation>" RIGHTS
                "</rdf:Description>" TAIL,
     HEAD OF DC " xmlns:t='http://ns.adobe.com/tiff/1.0/'>" RIGHTS "</rdf:Description>" TAIL,
     HEAD OF DC " xmlns:t='http://ns.adobe.com/tiff/1.0/'>" RIGHTS "</rdf:Description>" TAIL},
    /* A prefix may be bound by the very tag, and anew within another. */
    {HEAD OF DC "><a:Orientation xmlns:a='http://ns.adobe.com/tiff/1.0/' />" RIGHTS
                "</rdf:Description>" TAIL,
     HEAD OF DC ">" RIGHTS "</rdf:Description>" TAIL,
     HEAD OF DC ">" RIGHTS "</rdf:Description>" TAIL},
    /* Thumbnails, whole. */
    {HEAD OF DC XAP "><xmp:Thumbnails><rdf:Alt><rdf:li rdf:parseType='Resource'"
                    " xmlns:g='http://ns.adobe.com/xap/1.0/g/img/'><g:image>/9j/" WORDS
                    "</g:image></rdf:li></rdf:Alt></xmp:Thumbnails>" RIGHTS
                    "</rdf:Description>" TAIL,
     HEAD OF DC XAP ">" RIGHTS "</rdf:Description>" TAIL,
     HEAD OF DC XAP ">" RIGHTS "</rdf:Description>" TAIL},
    {HEAD OF XAP " xmp:Rating='5' xmp:CreatorTool='x'/>" TAIL, HEAD OF XAP " xmp:Rating='5'/>" TAIL,
     NULL},
    /* What may be a picture in a tag that nobody knows. */
    {HEAD OF " xmlns:n='urn:new' n:preview='/9j/" WORDS "'/>" TAIL, NULL, NULL},
    {HEAD OF " xmlns:n='urn:new'><n:preview>/9j/" WORDS "</n:preview></rdf:Description>" TAIL, NULL,
     NULL},
    {HEAD OF " xmlns:n='urn:new'><n:preview>" LINES "</n:preview></rdf:Description>" TAIL, NULL,
     NULL},
    {HEAD OF " xmlns:n='urn:new' n:preview='" LINES "'/>" TAIL, NULL, NULL},
    /* What is said of parts of the photograph's file. */
    {HEAD OF DC " xmlns:d='http://ns.google.com/photos/dd/1.0/image/' d:Item='1'>" RIGHTS
                "</rdf:Description>" TAIL,
     HEAD OF DC " xmlns:d='http://ns.google.com/photos/dd/1.0/image/'>" RIGHTS
                "</rdf:Description>" TAIL,
     HEAD OF DC " xmlns:d='http://ns.google.com/photos/dd/1.0/image/'>" RIGHTS
                "</rdf:Description>" TAIL},
    /* Many short words are none. */
    {HEAD OF " xmlns:n='urn:new'><n:words>" KEYWORDS "</n:words></rdf:Description>" TAIL,
     HEAD OF " xmlns:n='urn:new'><n:words>" KEYWORDS "</n:words></rdf:Description>" TAIL, NULL},
    {HEAD OF " xmlns:n='urn:new' n:small='1'/>" TAIL,
     HEAD OF " xmlns:n='urn:new' n:small='1'/>" TAIL, NULL},
    /* Comments, stray text, what else is said of persons. */
    {HEAD "<!-- Olga -->" OF DC ">Olga" RIGHTS "</rdf:Description>" TAIL,
     HEAD OF DC ">Olga" RIGHTS "</rdf:Description>" TAIL,
     HEAD OF DC ">" RIGHTS "</rdf:Description>" TAIL},
    {HEAD OF DC
     "><dc:subject><rdf:Bag><rdf:li>Olga</rdf:li></rdf:Bag></dc:subject></rdf:Description>" TAIL,
     HEAD OF DC
     "><dc:subject><rdf:Bag><rdf:li>Olga</rdf:li></rdf:Bag></dc:subject></rdf:Description>" TAIL,
     NULL},
    {HEAD OF DC
     "><dc:creator><rdf:Seq><rdf:li rdf:nodeID='Olga'>Ann</rdf:li></rdf:Seq></dc:creator>"
     "</rdf:Description>" TAIL,
     HEAD OF DC
     "><dc:creator><rdf:Seq><rdf:li rdf:nodeID='Olga'>Ann</rdf:li></rdf:Seq></dc:creator>"
     "</rdf:Description>" TAIL,
     HEAD OF DC
     "><dc:creator><rdf:Seq><rdf:li>Ann</rdf:li></rdf:Seq></dc:creator></rdf:Description>" TAIL},
    /* Another binding of a prefix counts. */
    {HEAD "<rdf:Description xmlns:dc='urn:other' dc:rights='Olga'/>" TAIL,
     HEAD "<rdf:Description xmlns:dc='urn:other' dc:rights='Olga'/>" TAIL, NULL},
    /* Nothing but scaffolding, and no XML of this kind. */
    {HEAD TAIL, NULL, NULL},
    {HEAD OF DC ">" RIGHTS, NULL, NULL},
    {HEAD OF DC ">" RIGHTS "</rdf:Description></rdf:RDF>", NULL, NULL},
    {HEAD OF DC ">" RIGHTS "</rdf:RDF></rdf:Description>", NULL, NULL},
    {"<!DOCTYPE x [<!ENTITY a 'b'>]>" HEAD OF DC ">" RIGHTS "</rdf:Description>" TAIL, NULL, NULL},
    {HEAD OF DC "><![CDATA[x]]>" RIGHTS "</rdf:Description>" TAIL, NULL, NULL},
    {HEAD OF DC " dc:title=A>" RIGHTS "</rdf:Description>" TAIL, NULL, NULL},
    {HEAD OF DC " dc:title='<'>" RIGHTS "</rdf:Description>" TAIL, NULL, NULL},
    {HEAD OF DC "dc:title='A'", NULL, NULL},
    {HEAD "</a>" TAIL, NULL, NULL},
    {"\xff\xfe<\0x\0", NULL, NULL},
    {"no XML", NULL, NULL},
    {"<", NULL, NULL},
    {"<?xpacket", NULL, NULL},
    {"<!--", NULL, NULL},
};

static void xmp_of_a_result(void **state)
{
    (void)state;
    for (size_t i = 0; i < IMP_COUNT(packets); i++) {
        const struct impasto_metadata source = {.xmp = text_block(packets[i].source)};
        const char *const expected[] = {
            [IMPASTO_PRIVACY_PRIVATE] = packets[i].private,
            [IMPASTO_PRIVACY_KEEP] = packets[i].keep,
            [IMPASTO_PRIVACY_NONE] = NULL,
        };
        for (int privacy = 0; privacy < 3; privacy++) {
            struct impasto_metadata out = select_from(&source, (enum impasto_privacy)privacy);
            if (!expected[privacy] && out.xmp.data)
                fail_msg("packet %zu, privacy %d: \"%s\" is left", i, privacy, out.xmp.data);
            if (expected[privacy]) {
                if (!out.xmp.data)
                    fail_msg("packet %zu, privacy %d: nothing is left", i, privacy);
                assert_string_equal(out.xmp.data, expected[privacy]);
                assert_int_equal(out.xmp.size, strlen(expected[privacy]));
            }
            imp_metadata_free(&out);
        }
    }
}

static void damaged_xmp(void **state)
{
    (void)state;
    int left = 0;
    for (size_t i = 0; i < 8; i++) {
        const size_t whole = strlen(packets[i].source);
        unsigned char *changed = malloc(whole);
        for (int k = 0; k < MUTATIONS / 8; k++) {
            const size_t size = damage((const unsigned char *)packets[i].source, whole, whole - 8,
                                       90 + (uint32_t)i, k, changed);
            struct impasto_metadata source = {.xmp = {.data = malloc(size + 1), .size = size}};
            memcpy(source.xmp.data, changed, size);
            struct impasto_metadata out = select_from(&source, IMPASTO_PRIVACY_KEEP);
            assert_true(out.xmp.size <= size);
            left += out.xmp.data != NULL;
            imp_metadata_free(&out);
            imp_metadata_free(&source);
        }
        free(changed);
    }
    assert_true(left > MUTATIONS / 8);
}

static void deep_xmp(void **state)
{
    (void)state;
    enum { DEPTH = 100000 };
    char *text = calloc(3, DEPTH + 1);
    for (int i = 0; i < 3 * DEPTH; i++)
        text[i] = "<a>"[i % 3];
    struct impasto_metadata source = {.xmp = text_block(text)};
    struct impasto_metadata out = select_from(&source, IMPASTO_PRIVACY_KEEP);
    assert_null(out.xmp.data);
    free(text);
}

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

static void every_block_through_files(void **state)
{
    (void)state;
    static const char *const names[] = {"m.png", "m.jpg"};
    static const double densities[] = {300, 72, 118.11, 0, 5e6};
    for (size_t n = 0; n < IMP_COUNT(names); n++)
        for (size_t d = 0; d < IMP_COUNT(densities); d++) {
            struct impasto_image *image = blank_picture(20, 10), *back;
            image->metadata = (struct impasto_metadata){.exif = make_block(d % 2),
                                                        .density = {densities[d], densities[d]}};
            const struct impasto_block iptc = BYTES(VERSION CITY NOTICE);
            assert_int_equal(imp_block_copy(packets[0].source, strlen(packets[0].source),
                                            &image->metadata.xmp, NULL),
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
            assert_int_equal(back->metadata.xmp.size, strlen(packets[0].keep));
            assert_memory_equal(back->metadata.xmp.data, packets[0].keep, back->metadata.xmp.size);
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
    image->metadata.exif = make_block(true);
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
        cmocka_unit_test(exif_of_a_result),
        cmocka_unit_test(damaged_exif),
        cmocka_unit_test(exif_bombs),
        cmocka_unit_test(exif_that_repeats),
        cmocka_unit_test(xmp_of_a_result),
        cmocka_unit_test(damaged_xmp),
        cmocka_unit_test(deep_xmp),
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
