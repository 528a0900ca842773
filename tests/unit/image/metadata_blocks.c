/* SPDX-License-Identifier: MIT */
#include "metadata_blocks.h"

struct impasto_block text_block(const char *text)
{
    return (struct impasto_block){.data = (unsigned char *)text, .size = strlen(text)};
}

bool contains(const struct impasto_block *block, const void *bytes, size_t size)
{
    for (size_t i = 0; i + size <= block->size; i++)
        if (memcmp(block->data + i, bytes, size) == 0)
            return true;
    return false;
}

bool says(const struct impasto_block *block, const char *text)
{
    return contains(block, text, strlen(text));
}

struct impasto_metadata select_from(const struct impasto_metadata *metadata,
                                    enum impasto_privacy privacy)
{
    const struct impasto_image image = {.width = 40, .height = 30, .metadata = *metadata};
    struct impasto_metadata selected = {0};
    struct impasto_error error = {0};
    if (imp_metadata_select(&image, privacy, &selected, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    return selected;
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

void put(bool big, uint32_t value, int count, unsigned char *to)
{
    for (int i = 0; i < count; i++)
        to[i] = (unsigned char)(value >> 8 * (big ? count - 1 - i : i));
}

/* Directories in their order, each with its values behind it; IMAGE is followed by THUMBNAIL. */
struct impasto_block camera_exif(bool big)
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

uint32_t number_of(const struct impasto_block *block, unsigned link, unsigned tag)
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
